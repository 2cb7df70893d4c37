// The tutorial filter in AssemblyScript: same configuration, headers, metric and log lines as ../../rust/add_header.
// One difference: the SDK cannot tell an empty header from none, so an empty `hello` does not count.

export * from "@solo-io/proxy-runtime/proxy";
import {
  Context,
  Counter,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  log,
  registerRootContext,
  stream_context,
} from "@solo-io/proxy-runtime";
import { BufferTypeValues, get_buffer_bytes } from "@solo-io/proxy-runtime/runtime";

class Header {
  constructor(public key: string, public value: string) {}
}

class AddHeaderRoot extends RootContext {
  headers: Array<Header> = [];
  counter: Counter | null = null;

  onStart(size: usize): bool {
    log(LogLevelValues.info, "on_vm_start: " + size.toString() + " bytes of configuration");
    return true;
  }

  onConfigure(size: u32): bool {
    this.headers = [];
    // Not RootContext.onConfigure: it passes the size where the host expects the address of one.
    const bytes = size > 0 ? get_buffer_bytes(BufferTypeValues.PluginConfiguration, 0, size) : new ArrayBuffer(0);
    const lines = String.UTF8.decode(bytes).split("\n");
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i].trim();
      if (line.length == 0 || line.startsWith("#")) continue;
      const equals = line.indexOf("=");
      if (equals < 0) {
        log(LogLevelValues.warn, "line " + (i + 1).toString() + " ignored: no '=' in it");
        continue;
      }
      this.headers.push(new Header(line.substring(0, equals).trim(), line.substring(equals + 1).trim()));
    }
    log(LogLevelValues.info, "on_configure: " + this.headers.length.toString() + " headers to add");
    if (this.counter === null) this.counter = new Counter("hello_header_counter");
    return true;
  }

  createContext(id: u32): Context {
    return new AddHeader(id, this);
  }
}

class AddHeader extends Context {
  root: AddHeaderRoot;
  requestHeaders: u32 = 0;
  responseHeaders: u32 = 0;

  constructor(id: u32, root: AddHeaderRoot) {
    super(id, root);
    this.root = root;
  }

  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    log(LogLevelValues.info, "on_http_request_headers: " + count.toString() + " headers");
    this.requestHeaders = count;
    const counter = this.root.counter;
    if (counter !== null && stream_context.headers.request.get("hello").length > 0) counter.increment(1);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    log(LogLevelValues.info, "on_http_response_headers: " + count.toString() + " headers");
    this.responseHeaders = count;
    const headers = this.root.headers;
    for (let i = 0; i < headers.length; i++) {
      stream_context.headers.response.add(headers[i].key, headers[i].value);
    }
    stream_context.headers.response.add("x-wasm-filter", "nullvm");
    return FilterHeadersStatusValues.Continue;
  }

  onLog(): void {
    log(
      LogLevelValues.info,
      "on_log: " + this.requestHeaders.toString() + " request headers, " + this.responseHeaders.toString() + " response headers"
    );
  }
}

// The SDK finds a root context by the plugin's root id: the empty one, and the filter's name.
registerRootContext((id: u32) => new AddHeaderRoot(id), "");
registerRootContext((id: u32) => new AddHeaderRoot(id), "add_header");
