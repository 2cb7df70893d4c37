// Local responses in AssemblyScript: as ../../rust/local_response, without `x-deny: grpc`.

export * from "@solo-io/proxy-runtime/proxy";
import {
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  HeaderPair,
  LogLevelValues,
  RootContext,
  log,
  registerRootContext,
  send_local_response,
  stream_context,
} from "@solo-io/proxy-runtime";

function deny(): void {
  const denied = new HeaderPair(String.UTF8.encode("x-denied"), String.UTF8.encode("yes"));
  const body = String.UTF8.encode("denied by nullvm\n");
  send_local_response(403, "denied", body, [denied], GrpcStatusValues.InvalidCode);
}

class LocalResponseRoot extends RootContext {
  onConfigure(size: u32): bool {
    return true;
  }

  createContext(id: u32): Context {
    return new LocalResponse(id, this);
  }
}

class LocalResponse extends Context {
  denyResponse: bool = false;

  onRequestHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    const value = stream_context.headers.request.get("x-deny");
    if (value.length == 0) return FilterHeadersStatusValues.Continue;
    if (value == "body") {
      this.denyResponse = true;
      return FilterHeadersStatusValues.Continue;
    }
    log(LogLevelValues.info, "denied at the request headers");
    deny();
    return FilterHeadersStatusValues.StopIteration;
  }

  onResponseHeaders(count: u32, end: bool): FilterHeadersStatusValues {
    if (!this.denyResponse) return FilterHeadersStatusValues.Continue;
    // Hosts may run the response callbacks for the local response too: deny once.
    this.denyResponse = false;
    log(LogLevelValues.info, "denied at the response headers");
    deny();
    return FilterHeadersStatusValues.StopIteration;
  }
}

registerRootContext((id: u32) => new LocalResponseRoot(id), "");
registerRootContext((id: u32) => new LocalResponseRoot(id), "local_response");
