// A STAND-IN for proxy-wasm-cpp-host, written for these tests: the part of its interface that the adapter and the tests use,
// with the behaviour that FACTS.md lists. It is no host: it binds no imports, enforces nothing, and has one way where the real
// one has several. With NULLVM_CPP_HOST the same tests run on the real one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace proxy_wasm {

// --- Numbers of the ABI --------------------------------------------------------------------------------------------

enum class WasmResult : uint32_t {
  Ok, NotFound, BadArgument, SerializationFailure, ParseFailure, BadExpression, InvalidMemoryAccess, Empty, CasMismatch,
  ResultMismatch, InternalFailure, BrokenConnection, Unimplemented,
};
enum class WasmHeaderMapType : int32_t {
  RequestHeaders, RequestTrailers, ResponseHeaders, ResponseTrailers, GrpcReceiveInitialMetadata,
  GrpcReceiveTrailingMetadata, HttpCallResponseHeaders, HttpCallResponseTrailers,
};
enum class WasmBufferType : int32_t {
  HttpRequestBody, HttpResponseBody, NetworkDownstreamData, NetworkUpstreamData, HttpCallResponseBody, GrpcReceiveBuffer,
  VmConfiguration, PluginConfiguration, CallData,
};
enum class WasmStreamType : int32_t { Request, Response, Downstream, Upstream };
enum class LogLevel : int32_t { trace, debug, info, warn, error, critical };
enum class CloseType : int32_t { Unknown, Local, Remote };
enum class FilterStatus : int32_t { Continue, StopIteration };
enum class FilterHeadersStatus : int32_t {
  Continue, StopIteration, ContinueAndEndStream, StopAllIterationAndBuffer, StopAllIterationAndWatermark,
};
enum class FilterTrailersStatus : int32_t { Continue, StopIteration };
enum class FilterDataStatus : int32_t { Continue, StopIterationAndBuffer, StopIterationAndWatermark, StopIterationNoBuffer };
enum class AbiVersion { ProxyWasm_0_1_0, ProxyWasm_0_2_0, ProxyWasm_0_2_1, Unknown };
enum class Cloneable { NotCloneable, CompiledBytecode, InstantiatedModule };
enum class FailState : int {
  Ok, UnableToCreateVm, UnableToCloneVm, MissingFunction, UnableToInitializeCode, StartFailed, ConfigureFailed, RuntimeError,
};

// --- Functions between host and VM ---------------------------------------------------------------------------------

class ContextBase;
class WasmBase;
class WasmHandleBase;

struct Word {
  Word() = default;
  Word(uint64_t bits) : u64_(bits) {}
  Word(WasmResult result) : u64_(static_cast<uint32_t>(result)) {}
  uint32_t u32() const { return static_cast<uint32_t>(u64_); }
  operator uint64_t() const { return u64_; }
  uint64_t u64_ = 0;
};

namespace stand_in {
template <size_t, class T>
using Repeat = T;
template <class R, class First, class Indexes>
struct CallOf;
template <class R, size_t... I>
struct CallOf<R, ContextBase *, std::index_sequence<I...>> {
  using type = R(ContextBase *, Repeat<I, Word>...);
};
template <class R, size_t... I>
struct CallOf<R, void, std::index_sequence<I...>> {
  using type = R(Repeat<I, Word>...);
};
template <class T>
struct Narrow {
  using type = T;
};
template <>
struct Narrow<Word> {
  using type = uint32_t;
};
}  // namespace stand_in

template <size_t N>
using WasmCallVoid = std::function<typename stand_in::CallOf<void, ContextBase *, std::make_index_sequence<N>>::type>;
template <size_t N>
using WasmCallWord = std::function<typename stand_in::CallOf<Word, ContextBase *, std::make_index_sequence<N>>::type>;
// Of a kind that no plugin has, as the real list has some.
using WasmCallFloats = std::function<float(ContextBase *, float, Word)>;

template <size_t N>
using WasmCallbackVoid = typename stand_in::CallOf<void, void, std::make_index_sequence<N>>::type *;
template <size_t N>
using WasmCallbackWord = typename stand_in::CallOf<Word, void, std::make_index_sequence<N>>::type *;
using WasmCallbackLong = Word (*)(Word, int64_t);

template <class F>
struct ConvertFunctionTypeWordToUint32;
template <class R, class... Args>
struct ConvertFunctionTypeWordToUint32<R (*)(Args...)> {
  using type = typename stand_in::Narrow<R>::type (*)(typename stand_in::Narrow<Args>::type...);
};

#ifdef STAND_IN_OLD_LIST
// As of 2022.
#define FOR_ALL_WASM_VM_EXPORTS(_f)                                                                            \
  _f(proxy_wasm::WasmCallVoid<0>) _f(proxy_wasm::WasmCallVoid<1>) _f(proxy_wasm::WasmCallVoid<2>)              \
  _f(proxy_wasm::WasmCallVoid<3>) _f(proxy_wasm::WasmCallVoid<5>) _f(proxy_wasm::WasmCallWord<1>)              \
  _f(proxy_wasm::WasmCallWord<2>) _f(proxy_wasm::WasmCallWord<3>)
#else
#define FOR_ALL_WASM_VM_EXPORTS(_f)                                                                            \
  _f(proxy_wasm::WasmCallVoid<0>) _f(proxy_wasm::WasmCallVoid<1>) _f(proxy_wasm::WasmCallVoid<2>)              \
  _f(proxy_wasm::WasmCallVoid<3>) _f(proxy_wasm::WasmCallVoid<5>) _f(proxy_wasm::WasmCallWord<0>)              \
  _f(proxy_wasm::WasmCallWord<1>) _f(proxy_wasm::WasmCallWord<2>) _f(proxy_wasm::WasmCallWord<3>)              \
  _f(proxy_wasm::WasmCallFloats)
#endif
#define FOR_ALL_WASM_VM_IMPORTS(_f)                                                                            \
  _f(proxy_wasm::WasmCallbackVoid<0>) _f(proxy_wasm::WasmCallbackVoid<1>) _f(proxy_wasm::WasmCallbackWord<0>)  \
  _f(proxy_wasm::WasmCallbackWord<1>) _f(proxy_wasm::WasmCallbackWord<2>) _f(proxy_wasm::WasmCallbackWord<3>)  \
  _f(proxy_wasm::WasmCallbackWord<12>) _f(proxy_wasm::WasmCallbackLong)

// --- VMs -----------------------------------------------------------------------------------------------------------

class NullPlugin;

struct WasmVmIntegration {
  virtual ~WasmVmIntegration() = default;
  virtual WasmVmIntegration *clone() = 0;
  virtual LogLevel getLogLevel() = 0;
  virtual void error(std::string_view message) = 0;
  virtual void error(FailState, std::string_view message) { error(message); }
  virtual void trace(std::string_view message) = 0;
  virtual bool getNullVmFunction(std::string_view name, bool returns_word, int arguments, NullPlugin *plugin, void *out) = 0;
};

class WasmVm {
 public:
  virtual ~WasmVm() = default;
  virtual std::string_view getEngineName() = 0;
  virtual Cloneable cloneable() = 0;
  virtual std::unique_ptr<WasmVm> clone() = 0;
  virtual bool load(std::string_view code, std::string_view precompiled,
                    const std::unordered_map<uint32_t, std::string> &function_names) = 0;
  virtual std::optional<std::string> serialize(std::string_view code) = 0;
  virtual bool link(std::string_view debug_name) = 0;
  virtual uint64_t getMemorySize() = 0;
  virtual std::optional<std::string_view> getMemory(uint64_t pointer, uint64_t size) = 0;
  virtual bool setMemory(uint64_t pointer, uint64_t size, const void *data) = 0;
  virtual bool getWord(uint64_t pointer, Word *data) = 0;
  virtual bool setWord(uint64_t pointer, Word data) = 0;
  virtual size_t getWordSize() = 0;
  virtual std::string_view getPrecompiledSectionName() = 0;
#define STAND_IN_GET(_type) virtual void getFunction(std::string_view name, _type *function) = 0;
  FOR_ALL_WASM_VM_EXPORTS(STAND_IN_GET)
#undef STAND_IN_GET
#define STAND_IN_REGISTER(_type)                                                              \
  virtual void registerCallback(std::string_view module, std::string_view name, _type function, \
                                typename ConvertFunctionTypeWordToUint32<_type>::type narrow) = 0;
  FOR_ALL_WASM_VM_IMPORTS(STAND_IN_REGISTER)
#undef STAND_IN_REGISTER
  virtual void terminate() = 0;
  virtual bool usesWasmByteOrder() = 0;

  bool isFailed() { return failed_ != FailState::Ok; }
  void fail(FailState state, std::string_view message);
  void addFailCallback(std::function<void(FailState)> callback) { fail_callbacks_.push_back(std::move(callback)); }
  std::unique_ptr<WasmVmIntegration> &integration() { return integration_; }
  bool cmpLogLevel(LogLevel level) { return integration_->getLogLevel() <= level; }

 private:
  std::unique_ptr<WasmVmIntegration> integration_;
  FailState failed_ = FailState::Ok;
  std::vector<std::function<void(FailState)>> fail_callbacks_;
};

class NullVmPlugin {
 public:
  virtual ~NullVmPlugin() = default;
#define STAND_IN_GET(_type) \
  virtual void getFunction(std::string_view, _type *function) { *function = nullptr; }
  FOR_ALL_WASM_VM_EXPORTS(STAND_IN_GET)
#undef STAND_IN_GET
  WasmVm *wasm_vm_ = nullptr;
};
using NullVmPluginFactory = std::function<std::unique_ptr<NullVmPlugin>()>;
struct RegisterNullVmPluginFactory {
  RegisterNullVmPluginFactory(std::string_view name, NullVmPluginFactory factory);
};
std::unique_ptr<WasmVm> createNullVm();

extern thread_local ContextBase *current_context_;
extern thread_local uint32_t effective_context_id_;
ContextBase *contextOrEffectiveContext();

struct SaveRestoreContext {
  explicit SaveRestoreContext(ContextBase *context)
      : context_(std::exchange(current_context_, context)), effective_(std::exchange(effective_context_id_, 0)) {}
  ~SaveRestoreContext() {
    current_context_ = context_;
    effective_context_id_ = effective_;
  }

 private:
  ContextBase *context_;
  uint32_t effective_;
};

// --- Contexts ------------------------------------------------------------------------------------------------------

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
using GrpcStatusCode = uint32_t;

struct PluginBase {
  PluginBase(std::string_view name, std::string_view root_id, std::string_view vm_id, std::string_view engine,
             std::string_view configuration, bool fail_open, std::string_view key)
      : name_(name), root_id_(root_id), vm_id_(vm_id), engine_(engine), plugin_configuration_(configuration),
        fail_open_(fail_open), key_(root_id_ + "|" + plugin_configuration_ + "|" + std::string(key)) {}
  const std::string &key() const { return key_; }
  const std::string name_, root_id_, vm_id_, engine_, plugin_configuration_;
  const bool fail_open_;

 private:
  const std::string key_;
};

struct BufferInterface {
  virtual ~BufferInterface() = default;
  virtual size_t size() const = 0;
  virtual WasmResult copyTo(WasmBase *wasm, size_t start, size_t length, uint64_t pointer_at, uint64_t size_at) const = 0;
  virtual WasmResult copyFrom(size_t start, size_t length, std::string_view data) = 0;
};
struct BufferBase : BufferInterface {
  size_t size() const override { return data_.size(); }
  WasmResult copyTo(WasmBase *wasm, size_t start, size_t length, uint64_t pointer_at, uint64_t size_at) const override;
  WasmResult copyFrom(size_t, size_t, std::string_view) override { return WasmResult::BadArgument; }
  BufferBase *set(std::string_view data) {
    data_ = data;
    return this;
  }

 protected:
  std::string_view data_;
};

class PluginHandleBase;

class ContextBase {
 public:
  explicit ContextBase(WasmBase *wasm);
  ContextBase(WasmBase *wasm, const std::shared_ptr<PluginBase> &plugin);
  ContextBase(WasmBase *wasm, uint32_t parent, const std::shared_ptr<PluginHandleBase> &handle);
  virtual ~ContextBase();

  WasmBase *wasm() const { return wasm_; }
  WasmVm *wasmVm() const;
  uint32_t id() const { return id_; }
  bool isRootContext() const { return parent_ == nullptr; }
  ContextBase *root_context() { return parent_ == nullptr ? this : parent_; }

  void onCreate();
  bool onStart(std::shared_ptr<PluginBase> plugin);
  bool onConfigure(std::shared_ptr<PluginBase> plugin);
  void onTick(uint32_t token);
  void onQueueReady(uint32_t token);
  FilterHeadersStatus onRequestHeaders(uint32_t headers, bool end_of_stream);
  FilterDataStatus onRequestBody(uint32_t length, bool end_of_stream);
  FilterTrailersStatus onRequestTrailers(uint32_t trailers);
  FilterHeadersStatus onResponseHeaders(uint32_t headers, bool end_of_stream);
  FilterDataStatus onResponseBody(uint32_t length, bool end_of_stream);
  FilterTrailersStatus onResponseTrailers(uint32_t trailers);
  FilterStatus onNetworkNewConnection();
  FilterStatus onDownstreamData(uint32_t length, bool end_of_stream);
  FilterStatus onUpstreamData(uint32_t length, bool end_of_stream);
  void onDownstreamConnectionClose(CloseType type);
  void onUpstreamConnectionClose(CloseType type);
  void onHttpCallResponse(uint32_t token, uint32_t headers, uint32_t body, uint32_t trailers);
  void onGrpcReceiveInitialMetadata(uint32_t token, uint32_t elements);
  void onGrpcReceive(uint32_t token, uint32_t size);
  void onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers);
  void onGrpcClose(uint32_t token, uint32_t status);
  bool onDone();
  void onLog();
  void onDelete();

  // For the embedder.
  virtual void error(std::string_view message) = 0;
  virtual WasmResult unimplemented() { return WasmResult::Unimplemented; }
  virtual WasmResult log(uint32_t, std::string_view) { return unimplemented(); }
  virtual uint32_t getLogLevel() { return 0; }
  virtual uint64_t getCurrentTimeNanoseconds() { return 0; }
  virtual uint64_t getMonotonicTimeNanoseconds() { return 0; }
  virtual std::string_view getConfiguration() { return {}; }
  virtual std::pair<uint32_t, std::string_view> getStatus() { return {0, {}}; }
  virtual WasmResult setTimerPeriod(std::chrono::milliseconds period, uint32_t *token);
  virtual BufferInterface *getBuffer(WasmBufferType) { return nullptr; }
  virtual WasmResult httpCall(std::string_view, const Pairs &, std::string_view, const Pairs &, int, uint32_t *) {
    return unimplemented();
  }
  virtual WasmResult grpcCall(std::string_view, std::string_view, std::string_view, const Pairs &, std::string_view,
                              std::chrono::milliseconds, uint32_t *) {
    return unimplemented();
  }
  virtual WasmResult grpcStream(std::string_view, std::string_view, std::string_view, const Pairs &, uint32_t *) {
    return unimplemented();
  }
  virtual WasmResult grpcClose(uint32_t) { return unimplemented(); }
  virtual WasmResult grpcCancel(uint32_t) { return unimplemented(); }
  virtual WasmResult grpcSend(uint32_t, std::string_view, bool) { return unimplemented(); }
  virtual WasmResult defineMetric(uint32_t, std::string_view, uint32_t *) { return unimplemented(); }
  virtual WasmResult incrementMetric(uint32_t, int64_t) { return unimplemented(); }
  virtual WasmResult recordMetric(uint32_t, uint64_t) { return unimplemented(); }
  virtual WasmResult getMetric(uint32_t, uint64_t *) { return unimplemented(); }
  virtual WasmResult getProperty(std::string_view, std::string *) { return unimplemented(); }
  virtual WasmResult setProperty(std::string_view, std::string_view) { return unimplemented(); }
  virtual WasmResult continueStream(WasmStreamType) { return unimplemented(); }
  virtual WasmResult closeStream(WasmStreamType) { return unimplemented(); }
  virtual WasmResult sendLocalResponse(uint32_t, std::string_view, Pairs, GrpcStatusCode, std::string_view) {
    return unimplemented();
  }
  virtual void clearRouteCache() {}
  virtual void failStream(WasmStreamType type) { closeStream(type); }
  virtual WasmResult addHeaderMapValue(WasmHeaderMapType, std::string_view, std::string_view) { return unimplemented(); }
  virtual WasmResult getHeaderMapValue(WasmHeaderMapType, std::string_view, std::string_view *) { return unimplemented(); }
  virtual WasmResult getHeaderMapPairs(WasmHeaderMapType, Pairs *) { return unimplemented(); }
  virtual WasmResult setHeaderMapPairs(WasmHeaderMapType, const Pairs &) { return unimplemented(); }
  virtual WasmResult removeHeaderMapValue(WasmHeaderMapType, std::string_view) { return unimplemented(); }
  virtual WasmResult replaceHeaderMapValue(WasmHeaderMapType, std::string_view, std::string_view) { return unimplemented(); }
  virtual WasmResult getHeaderMapSize(WasmHeaderMapType, uint32_t *) { return unimplemented(); }
  virtual WasmResult getSharedData(std::string_view key, std::pair<std::string, uint32_t> *data);
  virtual WasmResult setSharedData(std::string_view key, std::string_view value, uint32_t cas);
  virtual WasmResult registerSharedQueue(std::string_view name, uint32_t *token);
  virtual WasmResult lookupSharedQueue(std::string_view vm_id, std::string_view name, uint32_t *token);
  virtual WasmResult dequeueSharedQueue(uint32_t token, std::string *data);
  virtual WasmResult enqueueSharedQueue(uint32_t token, std::string_view data);

 protected:
  std::shared_ptr<PluginBase> plugin_, temp_plugin_;

 private:
  friend class WasmBase;
  template <class Status, class Function, class... Args>
  Status Callback(Status open, Status closed, const Function &function, uint64_t largest, Args... args);
  template <class Function, class... Args>
  void Notify(const Function &function, Args... args);
  bool FailedNow();

  WasmBase *wasm_;
  uint32_t id_ = 0;
  ContextBase *parent_ = nullptr;
  std::shared_ptr<PluginHandleBase> handle_;
  bool created_ = false;
  bool stream_failed_ = false;
};

// --- Wasm ----------------------------------------------------------------------------------------------------------

struct SanitizationConfig {
  std::vector<std::string> argument_list;
  bool is_allowlist = false;
};
using AllowedCapabilitiesMap = std::unordered_map<std::string, SanitizationConfig>;
using WasmVmFactory = std::function<std::unique_ptr<WasmVm>()>;
using CallOnThreadFunction = std::function<void(std::function<void()>)>;
using WasmForeignFunction =
    std::function<WasmResult(WasmBase &, std::string_view, std::function<void *(size_t size)>)>;

class WasmBase : public std::enable_shared_from_this<WasmBase> {
 public:
  WasmBase(std::unique_ptr<WasmVm> vm, std::string_view vm_id, std::string_view vm_configuration, std::string_view vm_key,
           std::unordered_map<std::string, std::string> envs, AllowedCapabilitiesMap capabilities);
  WasmBase(const std::shared_ptr<WasmHandleBase> &base, const WasmVmFactory &factory);
  virtual ~WasmBase();

  bool load(const std::string &code, bool allow_precompiled);
  bool initialize();
  ContextBase *start(const std::shared_ptr<PluginBase> &plugin);
  bool configure(ContextBase *root, std::shared_ptr<PluginBase> plugin) { return root->onConfigure(std::move(plugin)); }

  std::string_view vm_id() const { return vm_id_; }
  std::string_view vm_key() const { return vm_key_; }
  WasmVm *wasm_vm() const { return vm_.get(); }
  ContextBase *vm_context() const { return vm_context_.get(); }
  ContextBase *getRootContext(const std::shared_ptr<PluginBase> &plugin, bool allow_closed);
  ContextBase *getContext(uint32_t id);
  const std::string &vm_configuration() const { return vm_configuration_; }
  const std::unordered_map<std::string, std::string> &envs() { return envs_; }
  AbiVersion abiVersion() const { return abi_; }
  bool capabilityAllowed(std::string name) { return capabilities_.empty() || capabilities_.count(name) > 0; }

  bool isFailed() { return failed_ != FailState::Ok; }
  FailState fail_state() { return failed_; }
  void fail(FailState state, std::string_view message) {
    error(message);
    failed_ = state;
  }

  void queueReady(uint32_t root, uint32_t token);
  void startShutdown(std::string_view plugin_key);
  void startShutdown();
  WasmResult done(ContextBase *root);
  void stopNextIteration(bool stop) { stopped_ = stop; }

  void *allocMemory(uint64_t size, uint64_t *address);

  // For the embedder.
  virtual void registerCallbacks() {}
  virtual void error(std::string_view message) = 0;
  virtual CallOnThreadFunction callOnThreadFunction() = 0;
  virtual ContextBase *createVmContext() = 0;
  virtual ContextBase *createRootContext(const std::shared_ptr<PluginBase> &plugin) = 0;
  virtual void setTimerPeriod(uint32_t root, std::chrono::milliseconds period) = 0;

 private:
  friend class ContextBase;
  struct Functions;
  void GetFunctions();
  void AfterCall();

  std::unique_ptr<WasmVm> vm_;
  std::string vm_id_, vm_key_, vm_configuration_;
  std::unordered_map<std::string, std::string> envs_;
  AllowedCapabilitiesMap capabilities_;
  AbiVersion abi_ = AbiVersion::Unknown;
  FailState failed_ = FailState::Ok;
  bool base_ = true;
  bool stopped_ = false;
  uint32_t next_id_ = 1;
  std::unique_ptr<Functions> f_;
  std::unordered_map<uint32_t, ContextBase *> contexts_;
  std::unique_ptr<ContextBase> vm_context_;
  std::map<std::string, std::unique_ptr<ContextBase>> roots_, pending_done_;
  std::vector<std::unique_ptr<ContextBase>> pending_delete_;
};

class WasmHandleBase : public std::enable_shared_from_this<WasmHandleBase> {
 public:
  explicit WasmHandleBase(std::shared_ptr<WasmBase> wasm) : wasm_(std::move(wasm)) {}
  virtual ~WasmHandleBase() {
    if (wasm_ != nullptr) {
      wasm_->startShutdown();
    }
  }
  std::shared_ptr<WasmBase> &wasm() { return wasm_; }
  void kill() { wasm_ = nullptr; }

 private:
  std::shared_ptr<WasmBase> wasm_;
};

class PluginHandleBase : public std::enable_shared_from_this<PluginHandleBase> {
 public:
  PluginHandleBase(std::shared_ptr<WasmHandleBase> wasm, std::shared_ptr<PluginBase> plugin)
      : plugin_(std::move(plugin)), wasm_(std::move(wasm)) {}
  virtual ~PluginHandleBase() { wasm_->wasm()->startShutdown(plugin_->key()); }
  std::shared_ptr<PluginBase> &plugin() { return plugin_; }
  std::shared_ptr<WasmBase> &wasm() { return wasm_->wasm(); }

 private:
  std::shared_ptr<PluginBase> plugin_;
  std::shared_ptr<WasmHandleBase> wasm_;
};

using WasmHandleFactory = std::function<std::shared_ptr<WasmHandleBase>(std::string_view vm_key)>;
using WasmHandleCloneFactory = std::function<std::shared_ptr<WasmHandleBase>(std::shared_ptr<WasmHandleBase> base)>;
using PluginHandleFactory =
    std::function<std::shared_ptr<PluginHandleBase>(std::shared_ptr<WasmHandleBase>, std::shared_ptr<PluginBase>)>;

std::string makeVmKey(std::string_view vm_id, std::string_view configuration, std::string_view code);
std::shared_ptr<WasmHandleBase> createWasm(const std::string &vm_key, const std::string &code,
                                           const std::shared_ptr<PluginBase> &plugin, const WasmHandleFactory &factory,
                                           const WasmHandleCloneFactory &clone, bool allow_precompiled);
std::shared_ptr<PluginHandleBase> getOrCreateThreadLocalPlugin(const std::shared_ptr<WasmHandleBase> &base,
                                                               const std::shared_ptr<PluginBase> &plugin,
                                                               const WasmHandleCloneFactory &clone,
                                                               const PluginHandleFactory &make);
void clearWasmCachesForTesting();

WasmForeignFunction getForeignFunction(std::string_view name);
struct RegisterForeignFunction {
  RegisterForeignFunction(const std::string &name, WasmForeignFunction function);
};

namespace exports {
Word set_tick_period_milliseconds(Word period);
Word set_effective_context(Word id);
Word done();
}  // namespace exports

}  // namespace proxy_wasm
