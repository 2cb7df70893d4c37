// A proxy for the tests, on proxy-wasm-cpp-host or on the stand-in: header maps, buffers, properties and metrics in memory,
// and a transcript of what plugins did with them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "include/proxy-wasm/context.h"
#include "include/proxy-wasm/exports.h"
#include "include/proxy-wasm/null.h"
#include "include/proxy-wasm/wasm.h"

namespace test {

using proxy_wasm::BufferInterface;
using proxy_wasm::ContextBase;
using proxy_wasm::FailState;
using proxy_wasm::Pairs;
using proxy_wasm::PluginBase;
using proxy_wasm::PluginHandleBase;
using proxy_wasm::WasmBase;
using proxy_wasm::WasmBufferType;
using proxy_wasm::WasmHandleBase;
using proxy_wasm::WasmHeaderMapType;
using proxy_wasm::WasmResult;
using proxy_wasm::WasmStreamType;
using proxy_wasm::WasmVm;

[[noreturn]] inline void Abort(const std::string &message) {
  std::fprintf(stderr, "FAILED: %s\n", message.c_str());
  std::fflush(stderr);
  std::exit(1);
}

#define CHECK(_condition, _what)                                                                    \
  do {                                                                                              \
    if (!(_condition)) {                                                                            \
      ::test::Abort(std::string(__FILE__) + ":" + std::to_string(__LINE__) + ": " #_condition ": " + (_what)); \
    }                                                                                               \
  } while (false)

// What happened, in order.
class Transcript {
 public:
  void Add(const std::string &line) {
    const std::lock_guard<std::mutex> guard(mutex_);
    lines_.push_back(line);
  }
  std::vector<std::string> Take() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return std::exchange(lines_, {});
  }
  size_t Count(std::string_view part) {
    const std::lock_guard<std::mutex> guard(mutex_);
    size_t count = 0;
    for (const std::string &line : lines_) {
      count += line.find(part) != std::string::npos ? 1 : 0;
    }
    return count;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// One proxy: what its contexts share.
struct Proxy {
  Transcript log;
  proxy_wasm::LogLevel level = proxy_wasm::LogLevel::info;
  std::map<std::string, std::string> properties;
  std::mutex metrics_mutex;
  std::map<std::string, uint32_t> metric_ids;
  std::map<uint32_t, uint64_t> metrics;
  // Work for the main thread, as callOnThreadFunction leaves it.
  std::mutex posted_mutex;
  std::deque<std::function<void()>> posted;
  std::string resolved;

  void RunPosted() {
    for (;;) {
      std::function<void()> next;
      {
        const std::lock_guard<std::mutex> guard(posted_mutex);
        if (posted.empty()) {
          return;
        }
        next = std::move(posted.front());
        posted.pop_front();
      }
      next();
    }
  }
};

using Headers = std::vector<std::pair<std::string, std::string>>;

class Integration : public proxy_wasm::WasmVmIntegration {
 public:
  explicit Integration(Proxy &proxy) : proxy_(proxy) {}
  proxy_wasm::WasmVmIntegration *clone() override { return new Integration(proxy_); }
  proxy_wasm::LogLevel getLogLevel() override { return proxy_.level; }
  void error(std::string_view message) override { proxy_.log.Add("error: " + std::string(message)); }
  void trace(std::string_view message) override { proxy_.log.Add("trace: " + std::string(message)); }
  bool getNullVmFunction(std::string_view name, bool, int, proxy_wasm::NullPlugin *, void *) override {
    Abort("the adapter asks the integration for " + std::string(name));
  }

 private:
  Proxy &proxy_;
};

class Buffer : public proxy_wasm::BufferBase {
 public:
  void Hold(std::string *text) {
    text_ = text;
    set(std::string_view(*text));
  }
  WasmResult copyFrom(size_t start, size_t length, std::string_view data) override {
    const std::string copy(data);
    const size_t at = std::min(start, text_->size());
    text_->replace(at, std::min(length, text_->size() - at), copy);
    set(std::string_view(*text_));
    return WasmResult::Ok;
  }

 private:
  std::string *text_ = nullptr;
};

class Wasm : public WasmBase {
 public:
  Wasm(Proxy &proxy, std::unique_ptr<WasmVm> vm, std::string_view vm_id, std::string_view vm_configuration,
       std::string_view key, std::unordered_map<std::string, std::string> envs,
       proxy_wasm::AllowedCapabilitiesMap capabilities)
      : WasmBase(std::move(vm), vm_id, vm_configuration, key, std::move(envs), std::move(capabilities)), proxy_(proxy) {}
  Wasm(Proxy &proxy, const std::shared_ptr<WasmHandleBase> &base, const proxy_wasm::WasmVmFactory &factory)
      : WasmBase(base, factory), proxy_(proxy) {}

  ContextBase *createVmContext() override;
  ContextBase *createRootContext(const std::shared_ptr<PluginBase> &plugin) override;
  void error(std::string_view message) override { proxy_.log.Add("wasm error: " + std::string(message)); }
  void registerCallbacks() override;
  proxy_wasm::CallOnThreadFunction callOnThreadFunction() override {
    Proxy *proxy = &proxy_;
    return [proxy](std::function<void()> work) {
      const std::lock_guard<std::mutex> guard(proxy->posted_mutex);
      proxy->posted.push_back(std::move(work));
    };
  }
  void setTimerPeriod(uint32_t, std::chrono::milliseconds period) override {
    proxy_.log.Add("tick period " + std::to_string(period.count()) + " ms");
  }
  Proxy &proxy() { return proxy_; }

 private:
  Proxy &proxy_;
};

class Context : public ContextBase {
 public:
  explicit Context(Wasm *wasm) : ContextBase(wasm), proxy_(wasm->proxy()) {}
  Context(Wasm *wasm, const std::shared_ptr<PluginBase> &plugin) : ContextBase(wasm, plugin), proxy_(wasm->proxy()) {}
  Context(Wasm *wasm, uint32_t parent, const std::shared_ptr<PluginHandleBase> &plugin)
      : ContextBase(wasm, parent, plugin), proxy_(wasm->proxy()) {}

  // What the stream has.
  Headers maps[8];
  std::string buffers[9];
  std::vector<std::string> closed;
  bool resumed = false;
  uint32_t calls = 0;

  const std::string *Find(WasmHeaderMapType type, std::string_view key) {
    for (const auto &pair : Map(type)) {
      if (pair.first == key) {
        return &pair.second;
      }
    }
    return nullptr;
  }
  std::string Request(std::string_view key) { return Or(Find(WasmHeaderMapType::RequestHeaders, key)); }
  std::string Response(std::string_view key) { return Or(Find(WasmHeaderMapType::ResponseHeaders, key)); }

  void error(std::string_view message) override { proxy_.log.Add("context error: " + std::string(message)); }
  WasmResult unimplemented() override { return WasmResult::Unimplemented; }

  WasmResult log(uint32_t level, std::string_view message) override {
    proxy_.log.Add("log " + std::to_string(level) + ": " + std::string(message));
    return WasmResult::Ok;
  }
  uint32_t getLogLevel() override { return static_cast<uint32_t>(proxy_.level); }
  uint64_t getCurrentTimeNanoseconds() override { return now_ += 1000; }
  uint64_t getMonotonicTimeNanoseconds() override { return now_ += 1000; }
  std::string_view getConfiguration() override {
    return temp_plugin_ ? std::string_view(temp_plugin_->plugin_configuration_) : std::string_view();
  }
  std::pair<uint32_t, std::string_view> getStatus() override { return {9, "status of the last call"}; }

  BufferInterface *getBuffer(WasmBufferType type) override {
    const auto number = static_cast<size_t>(type);
    if (type == WasmBufferType::VmConfiguration) {
      buffers[number] = wasm()->vm_configuration();
    } else if (type == WasmBufferType::PluginConfiguration) {
      if (!temp_plugin_) {
        return nullptr;
      }
      buffers[number] = temp_plugin_->plugin_configuration_;
    }
    // What belongs to a call is the root context's, whichever stream has asked.
    const bool of_call = type == WasmBufferType::HttpCallResponseBody || type == WasmBufferType::GrpcReceiveBuffer;
    buffer_.Hold(&(of_call ? Root() : *this).buffers[number]);
    return &buffer_;
  }

  WasmResult getHeaderMapValue(WasmHeaderMapType type, std::string_view key, std::string_view *result) override {
    const std::string *value = Find(type, key);
    if (value == nullptr) {
      // As Envoy does for plugins of this version, where it knows the version.
      if (wasm()->abiVersion() == proxy_wasm::AbiVersion::ProxyWasm_0_1_0) {
        *result = "";
        return WasmResult::Ok;
      }
      return WasmResult::NotFound;
    }
    *result = *value;
    return WasmResult::Ok;
  }
  WasmResult addHeaderMapValue(WasmHeaderMapType type, std::string_view key, std::string_view value) override {
    Map(type).emplace_back(key, value);
    return WasmResult::Ok;
  }
  WasmResult replaceHeaderMapValue(WasmHeaderMapType type, std::string_view key, std::string_view value) override {
    removeHeaderMapValue(type, key);
    return addHeaderMapValue(type, key, value);
  }
  WasmResult removeHeaderMapValue(WasmHeaderMapType type, std::string_view key) override {
    Headers &map = Map(type);
    for (size_t i = map.size(); i-- > 0;) {
      if (map[i].first == key) {
        map.erase(map.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    return WasmResult::Ok;
  }
  WasmResult getHeaderMapPairs(WasmHeaderMapType type, Pairs *result) override {
    for (const auto &pair : Map(type)) {
      result->emplace_back(pair.first, pair.second);
    }
    return WasmResult::Ok;
  }
  WasmResult setHeaderMapPairs(WasmHeaderMapType type, const Pairs &pairs) override {
    Headers map;
    for (const auto &pair : pairs) {
      map.emplace_back(pair.first, pair.second);
    }
    Map(type) = map;
    return WasmResult::Ok;
  }
  WasmResult getHeaderMapSize(WasmHeaderMapType type, uint32_t *result) override {
    size_t size = 0;
    for (const auto &pair : Map(type)) {
      size += pair.first.size() + pair.second.size();
    }
    *result = static_cast<uint32_t>(size);
    return WasmResult::Ok;
  }

  WasmResult getProperty(std::string_view path, std::string *result) override {
    const auto found = proxy_.properties.find(std::string(path));
    if (found == proxy_.properties.end()) {
      return WasmResult::NotFound;
    }
    *result = found->second;
    return WasmResult::Ok;
  }
  WasmResult setProperty(std::string_view key, std::string_view value) override {
    proxy_.properties[std::string(key)] = std::string(value);
    return WasmResult::Ok;
  }

  WasmResult defineMetric(uint32_t type, std::string_view name, uint32_t *id) override {
    if (type > 2) {
      return WasmResult::BadArgument;
    }
    const std::lock_guard<std::mutex> guard(proxy_.metrics_mutex);
    auto &slot = proxy_.metric_ids[std::string(name)];
    if (slot == 0) {
      slot = static_cast<uint32_t>(proxy_.metric_ids.size()) * 4 + type;
      proxy_.metrics[slot] = 0;
    }
    *id = slot;
    return WasmResult::Ok;
  }
  WasmResult incrementMetric(uint32_t id, int64_t offset) override {
    return Metric(id, [&](uint64_t &value) { value += static_cast<uint64_t>(offset); });
  }
  WasmResult recordMetric(uint32_t id, uint64_t given) override {
    return Metric(id, [&](uint64_t &value) { value = given; });
  }
  WasmResult getMetric(uint32_t id, uint64_t *out) override {
    return Metric(id, [&](uint64_t &value) { *out = value; });
  }

  WasmResult continueStream(WasmStreamType type) override {
    proxy_.log.Add("continue stream " + std::to_string(static_cast<int>(type)));
    resumed = true;
    return WasmResult::Ok;
  }
  WasmResult closeStream(WasmStreamType type) override {
    closed.push_back("close " + std::to_string(static_cast<int>(type)));
    return WasmResult::Ok;
  }
  void failStream(WasmStreamType type) override { closed.push_back("fail " + std::to_string(static_cast<int>(type))); }
  void clearRouteCache() override { proxy_.log.Add("clear route cache"); }
  WasmResult sendLocalResponse(uint32_t code, std::string_view body, Pairs headers, uint32_t grpc_status,
                               std::string_view details) override {
    std::string line = "local response " + std::to_string(code) + " grpc " + std::to_string(static_cast<int32_t>(grpc_status)) +
                       " body '" + std::string(body) + "' details '" + std::string(details) + "'";
    for (const auto &pair : headers) {
      line += " " + std::string(pair.first) + "=" + std::string(pair.second);
    }
    proxy_.log.Add(line);
    return WasmResult::Ok;
  }

  WasmResult httpCall(std::string_view upstream, const Pairs &headers, std::string_view body, const Pairs &trailers,
                      int timeout, uint32_t *token) override {
    if (upstream != "upstream") {
      return WasmResult::BadArgument;
    }
    std::string line = "http call to " + std::string(upstream) + " timeout " + std::to_string(timeout) + " body '" +
                       std::string(body) + "' trailers " + std::to_string(trailers.size());
    for (const auto &pair : headers) {
      line += " " + std::string(pair.first) + "=" + std::string(pair.second);
    }
    proxy_.log.Add(line);
    *token = ++calls;
    return WasmResult::Ok;
  }
  WasmResult grpcCall(std::string_view upstream, std::string_view service, std::string_view method, const Pairs &metadata,
                      std::string_view request, std::chrono::milliseconds timeout, uint32_t *token) override {
    proxy_.log.Add("grpc call to " + std::string(upstream) + " " + std::string(service) + "/" + std::string(method) + " '" +
                   std::string(request) + "' metadata " + std::to_string(metadata.size()) + " timeout " +
                   std::to_string(timeout.count()));
    *token = ++calls;
    return WasmResult::Ok;
  }
  WasmResult grpcStream(std::string_view upstream, std::string_view service, std::string_view method, const Pairs &metadata,
                        uint32_t *token) override {
    proxy_.log.Add("grpc stream to " + std::string(upstream) + " " + std::string(service) + "/" + std::string(method) +
                   " metadata " + std::to_string(metadata.size()));
    *token = ++calls;
    return WasmResult::Ok;
  }
  WasmResult grpcSend(uint32_t token, std::string_view message, bool end) override {
    proxy_.log.Add("grpc send " + std::to_string(token) + " '" + std::string(message) + "'" + (end ? " end" : ""));
    return WasmResult::Ok;
  }
  WasmResult grpcClose(uint32_t token) override {
    proxy_.log.Add("grpc close " + std::to_string(token));
    return WasmResult::Ok;
  }
  WasmResult grpcCancel(uint32_t token) override {
    proxy_.log.Add("grpc cancel " + std::to_string(token));
    return WasmResult::Ok;
  }

 private:
  static std::string Or(const std::string *value) { return value == nullptr ? "absent" : *value; }
  Context &Root() { return *static_cast<Context *>(root_context()); }
  Headers &Map(WasmHeaderMapType type) {
    const bool of_call = type > WasmHeaderMapType::ResponseTrailers;
    return (of_call ? Root() : *this).maps[static_cast<size_t>(type)];
  }
  template <class F>
  WasmResult Metric(uint32_t id, F use) {
    const std::lock_guard<std::mutex> guard(proxy_.metrics_mutex);
    const auto found = proxy_.metrics.find(id);
    if (found == proxy_.metrics.end()) {
      return WasmResult::NotFound;
    }
    use(found->second);
    return WasmResult::Ok;
  }

  Proxy &proxy_;
  Buffer buffer_;
  uint64_t now_ = 1'000'000'000'000'000'000;
};

inline ContextBase *Wasm::createVmContext() { return new Context(this); }
inline ContextBase *Wasm::createRootContext(const std::shared_ptr<PluginBase> &plugin) {
  return new Context(this, plugin);
}

// What Envoy adds to the bindings.
inline proxy_wasm::Word ResolveDns(proxy_wasm::Word name, proxy_wasm::Word size, proxy_wasm::Word token) {
  auto *context = static_cast<Context *>(proxy_wasm::contextOrEffectiveContext());
  const auto text = context->wasmVm()->getMemory(name, size);
  if (!text) {
    return proxy_wasm::Word(WasmResult::InvalidMemoryAccess);
  }
  static_cast<Wasm *>(context->wasm())->proxy().resolved = std::string(*text);
  const uint32_t value = 77;
  return proxy_wasm::Word(context->wasmVm()->setMemory(token, sizeof value, &value) ? WasmResult::Ok
                                                                                  : WasmResult::InvalidMemoryAccess);
}
inline uint32_t ResolveDns32(uint32_t name, uint32_t size, uint32_t token) {
  return ResolveDns(proxy_wasm::Word(uint64_t{name}), proxy_wasm::Word(uint64_t{size}), proxy_wasm::Word(uint64_t{token})).u32();
}
inline void Wasm::registerCallbacks() {
  WasmBase::registerCallbacks();
  wasm_vm()->registerCallback("env", "envoy_resolve_dns", ResolveDns, ResolveDns32);
}

// How a plugin is run.
struct Face {
  std::string name;
  proxy_wasm::WasmVmFactory make_vm;
  // The code of a plugin: a registered name, or a module.
  std::function<std::string(const std::string &plugin)> code;
};

struct Settings {
  std::string plugin_configuration;
  std::string vm_configuration;
  std::string vm_id = "vm";
  std::string key_suffix;
  bool fail_open = false;
  std::unordered_map<std::string, std::string> envs;
  proxy_wasm::AllowedCapabilitiesMap capabilities;
  bool allow_precompiled = true;
};

// A plugin that was configured in a proxy: the base VM and what makes more of them.
class Configured {
 public:
  Configured(Proxy &proxy, const Face &face, const std::string &plugin, Settings settings = {})
      : proxy_(proxy), face_(face), settings_(std::move(settings)) {
    plugin_ = std::make_shared<PluginBase>(plugin, "", settings_.vm_id, face.name, settings_.plugin_configuration,
                                           settings_.fail_open, "");
    const std::string code = face.code(plugin);
    const std::string key =
        proxy_wasm::makeVmKey(settings_.vm_id, settings_.vm_configuration, code) + settings_.key_suffix;
    base_ = proxy_wasm::createWasm(
        key, code, plugin_,
        [this](std::string_view vm_key) {
          auto vm = face_.make_vm();
          vm->integration().reset(new Integration(proxy_));
          return std::make_shared<WasmHandleBase>(std::make_shared<Wasm>(proxy_, std::move(vm), settings_.vm_id,
                                                                         settings_.vm_configuration, vm_key,
                                                                         settings_.envs, settings_.capabilities));
        },
        CloneFactory(), settings_.allow_precompiled);
  }

  bool ok() const { return base_ != nullptr; }
  const std::shared_ptr<WasmHandleBase> &base() const { return base_; }

  // This thread's plugin; a new VM when there is none that lives.
  std::shared_ptr<PluginHandleBase> Local() {
    return proxy_wasm::getOrCreateThreadLocalPlugin(
        base_, plugin_, CloneFactory(),
        [](std::shared_ptr<WasmHandleBase> wasm, std::shared_ptr<PluginBase> plugin) {
          return std::make_shared<PluginHandleBase>(std::move(wasm), std::move(plugin));
        });
  }
  ContextBase *Root(const std::shared_ptr<PluginHandleBase> &handle) {
    return handle->wasm()->getRootContext(plugin_, false);
  }

 private:
  proxy_wasm::WasmHandleCloneFactory CloneFactory() {
    return [this](std::shared_ptr<WasmHandleBase> base) -> std::shared_ptr<WasmHandleBase> {
      return std::make_shared<WasmHandleBase>(std::make_shared<Wasm>(proxy_, base, face_.make_vm));
    };
  }

  Proxy &proxy_;
  const Face &face_;
  Settings settings_;
  std::shared_ptr<PluginBase> plugin_;
  std::shared_ptr<WasmHandleBase> base_;
};

// A request through a plugin.
class Stream {
 public:
  Stream(Configured &configured, const std::shared_ptr<PluginHandleBase> &handle)
      : context_(new Context(static_cast<Wasm *>(handle->wasm().get()), configured.Root(handle)->id(), handle)) {
    context_->maps[0] = {{":path", "/path"}, {":method", "GET"}, {"user-agent", "test"}};
    context_->maps[2] = {{":status", "200"}, {"server", "test"}};
    context_->onCreate();
  }
  ~Stream() { End(); }
  void End() {
    if (context_ != nullptr) {
      context_->onDone();
      context_->onLog();
      context_->onDelete();
      context_.reset();
    }
  }
  Context &operator*() { return *context_; }
  Context *operator->() { return context_.get(); }
  Stream &With(const std::string &key, const std::string &value) {
    context_->maps[0].emplace_back(key, value);
    return *this;
  }
  int RequestHeaders(bool end = true) {
    return static_cast<int>(context_->onRequestHeaders(static_cast<uint32_t>(context_->maps[0].size()), end));
  }
  int RequestBody(const std::string &body, bool end) {
    context_->buffers[0] = body;
    return static_cast<int>(context_->onRequestBody(static_cast<uint32_t>(body.size()), end));
  }
  int ResponseHeaders(bool end = true) {
    return static_cast<int>(context_->onResponseHeaders(static_cast<uint32_t>(context_->maps[2].size()), end));
  }
  int ResponseBody(const std::string &body, bool end) {
    context_->buffers[1] = body;
    return static_cast<int>(context_->onResponseBody(static_cast<uint32_t>(body.size()), end));
  }

 private:
  std::unique_ptr<Context> context_;
};

}  // namespace test
