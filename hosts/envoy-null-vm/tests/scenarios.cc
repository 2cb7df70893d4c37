// What plugins do in a proxy, written down line by line: the same lines whatever runs them. scenarios.txt holds them.
#include "scenarios.h"

#include <algorithm>

namespace test {
namespace {

class Scenario {
 public:
  Scenario(const Face &face, std::string title) : face_(face), title_(std::move(title)) {}

  Configured Configure(const std::string &plugin, Settings settings = {}) {
    return Configured(proxy, face_, plugin, std::move(settings));
  }

  // Takes the lines so far: a trap's text without its backtrace, which differs from engine to engine.
  std::vector<std::string> Finish() {
    std::vector<std::string> lines{"== " + title_};
    for (std::string line : proxy.log.Take()) {
      const size_t failed = line.find(" failed: ");
      if (line.rfind("error: Function: ", 0) == 0 && failed != std::string::npos) {
        line = "trap in " + line.substr(17, failed - 17);
      }
      std::replace(line.begin(), line.end(), '\n', '|');
      lines.push_back(line);
    }
    return lines;
  }
  void Say(const std::string &line) { proxy.log.Add("-- " + line); }
  void ShowMap(Context &context, WasmHeaderMapType type, const std::string &prefix) {
    for (const auto &pair : context.maps[static_cast<size_t>(type)]) {
      if (pair.first.rfind(prefix, 0) == 0) {
        Say(pair.first + ": " + pair.second);
      }
    }
  }
  void Metrics() {
    for (const auto &metric : proxy.metric_ids) {
      Say("metric " + metric.first + " = " + std::to_string(proxy.metrics[metric.second]));
    }
  }

  Proxy proxy;

 private:
  const Face &face_;
  std::string title_;
};

using Run = std::function<void(Scenario &)>;

// A request and a response without bodies.
void Exchange(Scenario &s, Configured &configured, const Headers &headers = {}, const std::string &show = "x-") {
  auto handle = configured.Local();
  CHECK(handle != nullptr, "a plugin");
  Stream stream(configured, handle);
  for (const auto &pair : headers) {
    stream.With(pair.first, pair.second);
  }
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
  s.ShowMap(*stream, WasmHeaderMapType::RequestHeaders, show);
  s.ShowMap(*stream, WasmHeaderMapType::ResponseHeaders, show);
  for (const std::string &line : stream->closed) {
    s.Say(line);
  }
}

void AddHeader(Scenario &s, const std::string &plugin) {
  Settings settings;
  settings.plugin_configuration = "header_1=somevalue\nheader_2=secondvalue\n";
  settings.vm_configuration = "vm";
  Configured configured = s.Configure(plugin, settings);
  CHECK(configured.ok(), plugin);
  Exchange(s, configured, {{"hello", "world"}}, "");
  Exchange(s, configured, {}, "header_");
  s.Metrics();
}

void HeadersAndTrailers(Scenario &s) {
  Configured configured = s.Configure("headers");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream.With("x-remove", "r").With("x-multi", "zero").With("x-set-all", "1").With("x-drop-1", "d");
  s.Say("request headers: " + std::to_string(stream.RequestHeaders(false)));
  stream->maps[1] = {{"t", "1"}};
  s.Say("request trailers: " + std::to_string(static_cast<int>(stream->onRequestTrailers(1))));
  stream->maps[2].emplace_back("x-resp-remove", "1");
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders(false)));
  stream->maps[3] = {{"x-trailer", "none"}};
  s.Say("response trailers: " + std::to_string(static_cast<int>(stream->onResponseTrailers(1))));
  for (int map = 0; map < 4; map++) {
    s.ShowMap(*stream, static_cast<WasmHeaderMapType>(map), "");
  }
}

void Bodies(Scenario &s) {
  for (const char *mode : {"replace", "append", "prepend"}) {
    Settings settings;
    settings.plugin_configuration = std::string("mode=") + mode + "\ntext=[new]";
    settings.key_suffix = mode;
    Configured configured = s.Configure("body", settings);
    auto handle = configured.Local();
    Stream stream(configured, handle);
    stream.With("x-rewrite-request", "1").With("content-length", "5");
    s.Say("request headers: " + std::to_string(stream.RequestHeaders(false)));
    s.Say("request body: " + std::to_string(stream.RequestBody("he", false)));
    const int request = stream.RequestBody("hello", true);
    s.Say("request body: " + std::to_string(request) + " " + stream->buffers[0]);
    s.Say("response headers: " + std::to_string(stream.ResponseHeaders(false)));
    const int response = stream.ResponseBody(std::string(100'000, 'b'), true);
    s.Say("response body: " + std::to_string(response) + " " + std::to_string(stream->buffers[1].size()) + " bytes");
    s.ShowMap(*stream, WasmHeaderMapType::ResponseHeaders, "x-");
  }
}

void LocalResponse(Scenario &s, const std::string &plugin) {
  Configured configured = s.Configure(plugin);
  CHECK(configured.ok(), plugin);
  for (const char *how : {"headers", "body", "grpc"}) {
    Exchange(s, configured, {{"x-deny", how}});
  }
  // The stop lasts for one callback.
  Exchange(s, configured);
}

void HttpCall(Scenario &s) {
  Settings settings;
  settings.plugin_configuration = "cluster=upstream\npath=/auth\ntimeout_ms=250";
  Configured configured = s.Configure("http_call", settings);
  auto handle = configured.Local();
  Stream stream(configured, handle);
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
  auto *root = static_cast<Context *>(configured.Root(handle));
  root->maps[6] = {{":status", "204"}, {"x", "y"}};
  root->buffers[4] = "response body";
  root->onHttpCallResponse(1, 2, static_cast<uint32_t>(root->buffers[4].size()), 0);
  s.Say(stream->resumed ? "resumed" : "not resumed");
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
  s.ShowMap(*stream, WasmHeaderMapType::RequestHeaders, "x-");
  s.ShowMap(*stream, WasmHeaderMapType::ResponseHeaders, "x-");
  stream.End();
  // A call that is refused.
  settings.plugin_configuration = "cluster=elsewhere";
  Configured refused = s.Configure("http_call", settings);
  Exchange(s, refused);
}

void GrpcCall(Scenario &s) {
  for (const char *mode : {"call", "stream"}) {
    Settings settings;
    settings.plugin_configuration = std::string("cluster=upstream\nmode=") + mode;
    Configured configured = s.Configure("grpc_call", settings);
    auto handle = configured.Local();
    Stream stream(configured, handle);
    s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
    auto *root = static_cast<Context *>(configured.Root(handle));
    const uint32_t token = root->calls;
    root->maps[4] = {{"initial", "1"}};
    root->onGrpcReceiveInitialMetadata(token, 1);
    root->buffers[5] = "grpc reply";
    root->onGrpcReceive(token, static_cast<uint32_t>(root->buffers[5].size()));
    if (std::string(mode) == "stream") {
      root->onGrpcReceiveTrailingMetadata(token, 0);
      root->onGrpcClose(token, 0);
    }
    s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
    s.ShowMap(*stream, WasmHeaderMapType::ResponseHeaders, "x-");
  }
}

void Properties(Scenario &s) {
  const auto path = [](std::initializer_list<const char *> parts) {
    std::string joined;
    for (const char *part : parts) {
      joined += joined.empty() ? part : std::string(1, '\0') + part;
    }
    return joined;
  };
  s.proxy.properties[path({"request", "path"})] = "/path";
  s.proxy.properties[path({"source", "address"})] = "1.2.3.4:5";
  s.proxy.properties[path({"request", "headers", "user-agent"})] = std::string(200'000, 'u');
  s.proxy.properties["plugin_name"] = "properties";
  s.proxy.properties["node"] = "";
  Configured configured = s.Configure("properties");
  Exchange(s, configured, {}, "x-prop-");
}

void SharedData(Scenario &s) {
  Settings settings;
  settings.vm_id = "shared";
  Configured configured = s.Configure("shared_data", settings);
  Exchange(s, configured, {{"x-cas-stale", "1"}});
  Exchange(s, configured);
}

void Queue(Scenario &s) {
  Settings settings;
  settings.vm_id = "queues";
  settings.plugin_configuration = "vm_id=queues";
  Configured configured = s.Configure("queue", settings);
  auto handle = configured.Local();
  Exchange(s, configured);
  s.proxy.RunPosted();
  Exchange(s, configured);
  s.proxy.RunPosted();
}

void MetricsScenario(Scenario &s) {
  Configured configured = s.Configure("metrics");
  Exchange(s, configured);
  s.Metrics();
}

void Foreign(Scenario &s) {
  Configured configured = s.Configure("foreign");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  s.Say("request headers: " + std::to_string(stream.RequestHeaders(false)));
  s.Say("request body: " + std::to_string(stream.RequestBody("body for the foreign function", true)));
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
  s.ShowMap(*stream, WasmHeaderMapType::ResponseHeaders, "x-");
  Settings settings;
  settings.plugin_configuration = "function=no_such_function";
  Configured unknown = s.Configure("foreign", settings);
  Exchange(s, unknown);
}

void Ticks(Scenario &s) {
  Configured configured = s.Configure("tick");
  auto handle = configured.Local();
  for (int i = 0; i < 4; i++) {
    configured.Root(handle)->onTick(0);
  }
  Exchange(s, configured);
}

void EffectiveContext(Scenario &s) {
  Configured configured = s.Configure("effective_context");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
  configured.Root(handle)->onTick(0);
  s.Say(stream->resumed ? "resumed" : "not resumed");
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
  s.ShowMap(*stream, WasmHeaderMapType::RequestHeaders, "x-");
}

void Tcp(Scenario &s) {
  Configured configured = s.Configure("tcp");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  s.Say("new connection: " + std::to_string(static_cast<int>(stream->onNetworkNewConnection())));
  stream->buffers[2] = "downstream";
  const auto downstream = static_cast<int>(stream->onDownstreamData(10, false));
  s.Say("downstream data: " + std::to_string(downstream) + " " + stream->buffers[2]);
  stream->buffers[3] = "upstream";
  const auto upstream = static_cast<int>(stream->onUpstreamData(8, true));
  s.Say("upstream data: " + std::to_string(upstream) + " " + stream->buffers[3]);
  stream->onDownstreamConnectionClose(proxy_wasm::CloseType::Remote);
  stream->onUpstreamConnectionClose(proxy_wasm::CloseType::Local);
}

void Wasi(Scenario &s) {
  Settings settings;
  settings.envs = {{"NULLVM_TEST", "from the host"}};
  Configured configured = s.Configure("env_cpp", settings);
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream.With("x-print", "printed");
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
  for (const auto &pair : stream->maps[2]) {
    // Random and times are what they are.
    if (pair.first.rfind("x-", 0) == 0 && pair.first != "x-random" && pair.first != "x-time-ns") {
      s.Say(pair.first + ": " + pair.second);
    }
  }
}

void Abi010(Scenario &s) {
  Settings settings;
  settings.plugin_configuration = "configuration of 0.1.0";
  Configured configured = s.Configure("abi_0_1_0_cpp", settings);
  CHECK(configured.ok(), "ABI 0.1.0");
  Exchange(s, configured);
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream.With("x-pause", "1");
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
  configured.Root(handle)->onTick(0);
  s.Say(stream->resumed ? "resumed" : "not resumed");
}

void Lifecycle(Scenario &s) {
  {
    Configured configured = s.Configure("lifecycle");
    Exchange(s, configured);
  }
  s.Say("configuration");
  for (const char *bad : {"fail", "trap"}) {
    for (const bool vm : {false, true}) {
      Settings settings;
      (vm ? settings.vm_configuration : settings.plugin_configuration) = bad;
      s.Say(std::string(bad) + (vm ? " at VM start" : " at configuration"));
      Configured configured = s.Configure("lifecycle", settings);
      s.Say(configured.ok() ? "configured" : "refused");
    }
  }
  s.Say("late");
  Settings settings;
  settings.plugin_configuration = "late";
  Configured configured = s.Configure("lifecycle", settings);
  auto handle = configured.Local();
  auto wasm = handle->wasm();
  ContextBase *root = configured.Root(handle);
  wasm->startShutdown();
  s.Say("shutdown started");
  root->onTick(0);
}

void Traps(Scenario &s) {
  for (const bool fail_open : {false, true}) {
    s.Say(fail_open ? "fail open" : "fail closed");
    Settings settings;
    settings.fail_open = fail_open;
    Configured configured = s.Configure("trap", settings);
    for (const char *kind : {"unreachable", "oob", "oob-write", "div", "stack", "shadow-stack", "panic", "table", "null",
                             "signature", "none"}) {
      s.Say(kind);
      auto handle = configured.Local();
      CHECK(handle != nullptr, "a new VM after a trap");
      auto wasm = handle->wasm();
      Stream stream(configured, handle);
      stream.With("x-trap", kind);
      s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
      const int response = stream.ResponseHeaders();
      s.Say("response headers: " + std::to_string(response) + " alive: " + stream->Response("x-alive"));
      for (const std::string &line : stream->closed) {
        s.Say(line);
      }
      s.Say(wasm->isFailed() ? "failed, state " + std::to_string(static_cast<int>(wasm->fail_state())) : "lives");
      CHECK(!configured.base()->wasm()->isFailed(), "the base VM lives");
    }
  }
}

void Capabilities(Scenario &s) {
  Settings settings;
  settings.envs = {{"NULLVM_TEST", "hidden"}};
  for (const char *allowed : {"proxy_on_vm_start", "proxy_on_configure", "proxy_on_context_create", "proxy_on_response_headers",
                              "proxy_log", "proxy_get_header_map_value", "environ_get", "environ_sizes_get", "clock_time_get"}) {
    settings.capabilities[allowed] = {};
  }
  Configured configured = s.Configure("env_cpp", settings);
  CHECK(configured.ok(), "restricted");
  // No proxy_on_request_headers, no fd_write, no proxy_add_header_map_value.
  Exchange(s, configured);
}

void Phases(Scenario &s) {
  Settings settings;
  s.proxy.properties["value"] = "v";
  Configured configured = s.Configure("phases", settings);
  CHECK(configured.ok(), "phases");
  s.Say("worker");
  auto handle = configured.Local();
  CHECK(handle != nullptr, "phases");
  Stream stream(configured, handle);
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
}

void Edges(Scenario &s) {
  Configured configured = s.Configure("edges");
  CHECK(configured.ok(), "edges");
  auto handle = configured.Local();
  Stream stream(configured, handle);
  stream->buffers[0] = "0123456789";
  s.Say("request headers: " + std::to_string(stream.RequestHeaders()));
  s.Say("response headers: " + std::to_string(stream.ResponseHeaders()));
  s.ShowMap(*stream, WasmHeaderMapType::RequestHeaders, "x-a");
  s.Say("resolved: " + s.proxy.resolved);
}

void Memory(Scenario &s) {
  Configured configured = s.Configure("memory_grow");
  for (const char *size : {"1", "300", "5000"}) {
    Exchange(s, configured, {{"x-alloc-mb", size}}, "x-alloc");
  }
}

void TwoRootsInOneVm(Scenario &s) {
  Settings first, second;
  first.plugin_configuration = "header_1=first\n";
  second.plugin_configuration = "header_1=second\n";
  Configured one = s.Configure("add_header", first);
  Configured two = s.Configure("add_header", second);
  auto handle_one = one.Local();
  auto handle_two = two.Local();
  s.Say(handle_one->wasm() == handle_two->wasm() ? "one VM" : "two VMs");
  Exchange(s, one, {}, "header_");
  Exchange(s, two, {}, "header_");
}

}  // namespace

std::vector<std::string> RunScenarios(const Face &face, const std::string &only) {
  const std::vector<std::pair<std::string, Run>> all = {
      {"add_header", [](Scenario &s) { AddHeader(s, "add_header"); }},
      {"add_header_cpp", [](Scenario &s) { AddHeader(s, "add_header_cpp"); }},
      {"headers", HeadersAndTrailers},
      {"body", Bodies},
      {"local_response", [](Scenario &s) { LocalResponse(s, "local_response"); }},
      {"http_call", HttpCall},
      {"grpc_call", GrpcCall},
      {"properties", Properties},
      {"shared_data", SharedData},
      {"queue", Queue},
      {"metrics", MetricsScenario},
      {"foreign", Foreign},
      {"tick", Ticks},
      {"effective_context", EffectiveContext},
      {"tcp", Tcp},
      {"wasi", Wasi},
      {"abi_0_1_0", Abi010},
      {"lifecycle", Lifecycle},
      {"traps", Traps},
      {"capabilities", Capabilities},
      {"phases", Phases},
      {"edges", Edges},
      {"memory_grow", Memory},
      {"two_roots", TwoRootsInOneVm},
  };
  std::vector<std::string> lines;
  for (const auto &entry : all) {
    if (!only.empty() && entry.first != only) {
      continue;
    }
    Scenario scenario(face, entry.first);
    entry.second(scenario);
    for (std::string &line : scenario.Finish()) {
      lines.push_back(std::move(line));
    }
    proxy_wasm::clearWasmCachesForTesting();
  }
  return lines;
}

}  // namespace test
