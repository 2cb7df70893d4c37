// Nanoseconds per callback, side by side in one process on one host: the adapter's two faces, a plugin written in C++ against the
// SDK and linked natively (no sandbox), and the host's wasmtime engine where it is built in. Needs the real host.
//
//   bench DIR NAME=REGISTERED...
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "include/proxy-wasm/null_plugin.h"
#include "nullvm_engine.h"
#include "test_host.h"
#ifdef NULLVM_TEST_WASMTIME
#include "include/proxy-wasm/wasmtime.h"
#endif

// The plugins `empty` and `get_add`, by hand.
namespace proxy_wasm {
namespace null_plugin {
namespace hand {

class Root : public RootContext {
 public:
  using RootContext::RootContext;
};

class EmptyStream : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override { return FilterHeadersStatus::Continue; }
};

class GetAddStream : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    addRequestHeader("x-ua", getRequestHeader("user-agent")->view());
    return FilterHeadersStatus::Continue;
  }
};

}  // namespace hand
namespace hand_empty {
PROXY_WASM_NULL_PLUGIN_REGISTRY
NullPluginRegistry *context_registry_;
static RegisterContextFactory contexts(CONTEXT_FACTORY(hand::EmptyStream), ROOT_FACTORY(hand::Root), "");
}  // namespace hand_empty
namespace hand_get_add {
PROXY_WASM_NULL_PLUGIN_REGISTRY
NullPluginRegistry *context_registry_;
static RegisterContextFactory contexts(CONTEXT_FACTORY(hand::GetAddStream), ROOT_FACTORY(hand::Root), "");
}  // namespace hand_get_add
}  // namespace null_plugin
static const RegisterNullVmPluginFactory hand_empty("hand_empty", [] {
  return std::make_unique<NullPlugin>(null_plugin::hand_empty::context_registry_);
});
static const RegisterNullVmPluginFactory hand_get_add("hand_get_add", [] {
  return std::make_unique<NullPlugin>(null_plugin::hand_get_add::context_registry_);
});
}  // namespace proxy_wasm

namespace test {
namespace {

// Header maps that cost nothing: what is measured is the way to them and back.
class BenchContext : public Context {
 public:
  using Context::Context;
  WasmResult getHeaderMapValue(WasmHeaderMapType, std::string_view, std::string_view *result) override {
    *result = "curl/8.5.0 test agent";
    return WasmResult::Ok;
  }
  WasmResult addHeaderMapValue(WasmHeaderMapType, std::string_view, std::string_view value) override {
    bytes += value.size();
    return WasmResult::Ok;
  }
  uint64_t bytes = 0;
};

std::string ReadFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good(), "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class F>
double Nanoseconds(size_t count, F run) {
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < count; i++) {
    run();
  }
  const auto time = std::chrono::steady_clock::now() - start;
  return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(count);
}

constexpr size_t kCalls = 200'000;
constexpr int kRuns = 11;

double Callback(const Face &face, const std::string &plugin, bool counts) {
  Proxy proxy;
  proxy.properties[std::string("plugin_root_id")] = "";
  proxy.properties[std::string("plugin_root_id\0", 15)] = "";
  Configured configured(proxy, face, plugin);
  CHECK(configured.ok(), face.name + " " + plugin);
  auto handle = configured.Local();
  BenchContext context(static_cast<Wasm *>(handle->wasm().get()), configured.Root(handle)->id(), handle);
  context.onCreate();
  std::vector<double> runs;
  for (int run = 0; run < kRuns; run++) {
    runs.push_back(Nanoseconds(kCalls, [&] {
      if (static_cast<int>(context.onRequestHeaders(3, true)) != 0) {
        Abort("stopped");
      }
    }));
  }
  CHECK(!counts || context.bytes == 21 * kCalls * kRuns, "the header was added each time");
  context.onDone();
  context.onDelete();
  proxy_wasm::clearWasmCachesForTesting();
  return Median(runs);
}

double Create(const Face &face, const std::string &plugin) {
  std::vector<double> runs;
  for (int run = 0; run < kRuns; run++) {
    Proxy proxy;
    proxy.properties[std::string("plugin_root_id")] = "";
    proxy.properties[std::string("plugin_root_id\0", 15)] = "";
    std::unique_ptr<Configured> configured;
    runs.push_back(Nanoseconds(1, [&] {
      configured = std::make_unique<Configured>(proxy, face, plugin);
      CHECK(configured->ok() && configured->Local() != nullptr, plugin);
    }));
    configured.reset();
    proxy_wasm::clearWasmCachesForTesting();
  }
  return Median(runs) / 1000;
}

}  // namespace
}  // namespace test

int main(int argc, char **argv) {
  using namespace test;
  CHECK(argc > 2, "bench DIR NAME=REGISTERED...");
  const std::string directory = argv[1];
  std::map<std::string, std::string> registered;
  for (int i = 2; i < argc; i++) {
    const std::string argument = argv[i];
    registered[argument.substr(0, argument.find('='))] = argument.substr(argument.find('=') + 1);
  }
  const auto module = [&](const std::string &plugin) { return ReadFile(directory + "/" + plugin + ".wasm"); };
  const auto with_image = [&](const std::string &plugin) { return ReadFile(directory + "/" + plugin + ".bundle.wasm"); };
  std::vector<Face> faces{
      {"null: compiled by nullvmc", [] { return proxy_wasm::createNullVm(); },
       [&](const std::string &plugin) { return registered.at(plugin); }},
      {"null: C++ SDK, not sandboxed", [] { return proxy_wasm::createNullVm(); },
       [](const std::string &plugin) { return plugin == "phases" ? "hand_empty" : "hand_" + plugin; }},
      {"nullvm engine", [] { return nullvm::CreateEngine(); }, with_image},
  };
#ifdef NULLVM_TEST_WASMTIME
  faces.push_back({"wasmtime engine", [] { return proxy_wasm::createWasmtimeVm({}); }, module});
#endif
  // `phases` answers at once; `empty` is the same by the Rust SDK, which looks contexts up; the SDK's own is by hand.
  std::printf("%-30s %14s %14s %18s %24s\n", "", "bare callback", "empty, by SDK", "1 get and 1 add", "createWasm and 1 clone");
  for (const Face &face : faces) {
    const double bare = Callback(face, "phases", false), empty = Callback(face, "empty", false);
    const double get_add = Callback(face, "get_add", true);
    std::printf("%-30s %11.1f ns %11.1f ns %15.1f ns %21.0f us\n", face.name.c_str(), bare, empty, get_add,
                Create(face, "get_add"));
    std::fflush(stdout);
  }
  return 0;
}
