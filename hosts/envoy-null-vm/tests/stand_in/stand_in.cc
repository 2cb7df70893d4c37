#include "stand_in.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace proxy_wasm {

thread_local ContextBase *current_context_ = nullptr;
thread_local uint32_t effective_context_id_ = 0;

ContextBase *contextOrEffectiveContext() {
  ContextBase *other = effective_context_id_ == 0 ? nullptr : current_context_->wasm()->getContext(effective_context_id_);
  return other == nullptr ? current_context_ : other;
}

void WasmVm::fail(FailState state, std::string_view message) {
  integration()->error(state, message);
  failed_ = state;
  for (const auto &callback : fail_callbacks_) {
    callback(state);
  }
}

// --- The Null VM ---------------------------------------------------------------------------------------------------

namespace {

std::map<std::string, NullVmPluginFactory> &Factories() {
  static auto *factories = new std::map<std::string, NullVmPluginFactory>;
  return *factories;
}

// Native pointers, believed.
class NullVm : public WasmVm {
 public:
  std::string_view getEngineName() override { return "null"; }
  Cloneable cloneable() override { return Cloneable::InstantiatedModule; }
  std::unique_ptr<WasmVm> clone() override {
    auto copy = std::make_unique<NullVm>();
    copy->integration().reset(integration()->clone());
    copy->load(name_, {}, {});
    return copy;
  }
  bool load(std::string_view name, std::string_view, const std::unordered_map<uint32_t, std::string> &) override {
    const auto found = Factories().find(std::string(name));
    if (found == Factories().end()) {
      return false;
    }
    name_ = found->first;
    plugin_ = found->second();
    plugin_->wasm_vm_ = this;
    return true;
  }
  std::optional<std::string> serialize(std::string_view) override { return std::nullopt; }
  bool link(std::string_view) override { return true; }
  uint64_t getMemorySize() override { return UINT64_MAX; }
  std::optional<std::string_view> getMemory(uint64_t pointer, uint64_t size) override {
    return std::string_view(reinterpret_cast<const char *>(pointer), size);
  }
  bool setMemory(uint64_t pointer, uint64_t size, const void *data) override {
    std::memcpy(reinterpret_cast<void *>(pointer), data, size);
    return true;
  }
  bool getWord(uint64_t pointer, Word *data) override {
    std::memcpy(&data->u64_, reinterpret_cast<const void *>(pointer), sizeof data->u64_);
    return true;
  }
  bool setWord(uint64_t pointer, Word data) override { return setMemory(pointer, sizeof data.u64_, &data.u64_); }
  size_t getWordSize() override { return sizeof(uint64_t); }
  std::string_view getPrecompiledSectionName() override { return {}; }
#define STAND_IN_GET(_type) \
  void getFunction(std::string_view name, _type *function) override { plugin_->getFunction(name, function); }
  FOR_ALL_WASM_VM_EXPORTS(STAND_IN_GET)
#undef STAND_IN_GET
#define STAND_IN_REGISTER(_type)                                          \
  void registerCallback(std::string_view, std::string_view, _type,        \
                        typename ConvertFunctionTypeWordToUint32<_type>::type) override {}
  FOR_ALL_WASM_VM_IMPORTS(STAND_IN_REGISTER)
#undef STAND_IN_REGISTER
  void terminate() override {}
  bool usesWasmByteOrder() override { return false; }

 private:
  std::string name_;
  std::unique_ptr<NullVmPlugin> plugin_;
};

}  // namespace

RegisterNullVmPluginFactory::RegisterNullVmPluginFactory(std::string_view name, NullVmPluginFactory factory) {
  Factories()[std::string(name)] = std::move(factory);
}

std::unique_ptr<WasmVm> createNullVm() { return std::make_unique<NullVm>(); }

// --- Reading a module ----------------------------------------------------------------------------------------------

namespace {

// As much of a module as a host asks for before it loads one.
struct ModuleReader {
  std::string_view bytes;
  bool good = true;

  std::string_view Take(size_t count) {
    good = good && count <= bytes.size();
    const std::string_view taken = bytes.substr(0, good ? count : 0);
    bytes.remove_prefix(taken.size());
    return taken;
  }
  size_t Number() {
    size_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::string_view byte = Take(1);
      if (byte.empty()) {
        break;
      }
      value |= static_cast<size_t>(byte[0] & 0x7f) << shift;
      if ((byte[0] & 0x80) == 0) {
        return value;
      }
    }
    good = false;
    return 0;
  }
  std::string_view Name() { return Take(Number()); }
};

bool ReadModule(std::string_view code, std::string_view section, AbiVersion *abi, std::string_view *content) {
  ModuleReader module{code};
  module.Take(8);
  while (module.good && !module.bytes.empty()) {
    const char id = module.Take(1)[0];
    ModuleReader body{module.Name()};
    if (id == 0) {
      if (body.Name() == section && !section.empty()) {
        *content = body.bytes;
      }
    } else if (id == 7) {
      for (size_t left = body.Number(); left > 0 && body.good; left--) {
        const std::string_view name = body.Name();
        body.Take(1);
        body.Number();
        *abi = name == "proxy_abi_version_0_1_0"   ? AbiVersion::ProxyWasm_0_1_0
               : name == "proxy_abi_version_0_2_0" ? AbiVersion::ProxyWasm_0_2_0
               : name == "proxy_abi_version_0_2_1" ? AbiVersion::ProxyWasm_0_2_1
                                                   : *abi;
      }
    }
  }
  return module.good;
}

}  // namespace

// --- Buffers, shared data, queues, foreign functions ---------------------------------------------------------------

WasmResult BufferBase::copyTo(WasmBase *wasm, size_t start, size_t length, uint64_t pointer_at, uint64_t size_at) const {
  const std::string_view part = data_.substr(start, length);
  uint64_t address = 0;
  if (!part.empty()) {
    void *to = wasm->allocMemory(part.size(), &address);
    if (to == nullptr) {
      return WasmResult::InvalidMemoryAccess;
    }
    std::memcpy(to, part.data(), part.size());
  }
  const bool stored = wasm->wasm_vm()->setWord(pointer_at, Word(address)) && wasm->wasm_vm()->setWord(size_at, Word(uint64_t{part.size()}));
  return stored ? WasmResult::Ok : WasmResult::InvalidMemoryAccess;
}

namespace {

struct QueueState {
  std::string vm_id, name;
  uint32_t root = 0;
  std::string vm_key;
  CallOnThreadFunction post;
  std::deque<std::string> items;
};

// What the VMs of a process share.
struct Shared {
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, uint32_t>> data;
  uint32_t next_cas = 1;
  std::vector<QueueState> queues;
};
Shared &shared() {
  static auto *state = new Shared;
  return *state;
}

std::map<std::string, WasmForeignFunction> &ForeignFunctions() {
  static auto *functions = new std::map<std::string, WasmForeignFunction>;
  return *functions;
}

}  // namespace

WasmResult ContextBase::getSharedData(std::string_view key, std::pair<std::string, uint32_t> *data) {
  const std::lock_guard<std::mutex> guard(shared().mutex);
  const auto found = shared().data.find({std::string(wasm_->vm_id()), std::string(key)});
  if (found == shared().data.end()) {
    return WasmResult::NotFound;
  }
  *data = found->second;
  return WasmResult::Ok;
}

WasmResult ContextBase::setSharedData(std::string_view key, std::string_view value, uint32_t cas) {
  const std::lock_guard<std::mutex> guard(shared().mutex);
  const std::pair<std::string, std::string> slot{std::string(wasm_->vm_id()), std::string(key)};
  const auto found = shared().data.find(slot);
  if (cas != 0 && found != shared().data.end() && found->second.second != cas) {
    return WasmResult::CasMismatch;
  }
  shared().data[slot] = {std::string(value), shared().next_cas++};
  return WasmResult::Ok;
}

WasmResult ContextBase::registerSharedQueue(std::string_view name, uint32_t *token) {
  if (lookupSharedQueue(wasm_->vm_id(), name, token) == WasmResult::Ok) {
    return WasmResult::Ok;
  }
  const std::lock_guard<std::mutex> guard(shared().mutex);
  shared().queues.push_back({std::string(wasm_->vm_id()), std::string(name), root_context()->id(),
                             std::string(wasm_->vm_key()), wasm_->callOnThreadFunction(), {}});
  *token = static_cast<uint32_t>(shared().queues.size());
  return WasmResult::Ok;
}

WasmResult ContextBase::lookupSharedQueue(std::string_view vm_id, std::string_view name, uint32_t *token) {
  const std::lock_guard<std::mutex> guard(shared().mutex);
  const auto &queues = shared().queues;
  const std::string_view owner = vm_id.empty() ? wasm_->vm_id() : vm_id;
  for (size_t i = 0; i < queues.size(); i++) {
    if (queues[i].vm_id == owner && queues[i].name == name) {
      *token = static_cast<uint32_t>(i + 1);
      return WasmResult::Ok;
    }
  }
  return WasmResult::NotFound;
}

WasmResult ContextBase::dequeueSharedQueue(uint32_t token, std::string *data) {
  const std::lock_guard<std::mutex> guard(shared().mutex);
  if (token == 0 || token > shared().queues.size()) {
    return WasmResult::NotFound;
  }
  auto &items = shared().queues[token - 1].items;
  if (items.empty()) {
    return WasmResult::Empty;
  }
  *data = std::move(items.front());
  items.pop_front();
  return WasmResult::Ok;
}

namespace {
thread_local std::unordered_map<std::string, std::weak_ptr<WasmHandleBase>> local_wasms;
thread_local std::unordered_map<std::string, std::weak_ptr<PluginHandleBase>> local_plugins;
}  // namespace

WasmResult ContextBase::enqueueSharedQueue(uint32_t token, std::string_view data) {
  const std::lock_guard<std::mutex> guard(shared().mutex);
  if (token == 0 || token > shared().queues.size()) {
    return WasmResult::NotFound;
  }
  QueueState &queue = shared().queues[token - 1];
  queue.items.emplace_back(data);
  queue.post([key = queue.vm_key, root = queue.root, token] {
    const auto found = local_wasms.find(key);
    if (auto handle = found == local_wasms.end() ? nullptr : found->second.lock()) {
      handle->wasm()->queueReady(root, token);
    }
  });
  return WasmResult::Ok;
}

WasmResult ContextBase::setTimerPeriod(std::chrono::milliseconds period, uint32_t *token) {
  wasm_->setTimerPeriod(root_context()->id(), period);
  *token = 0;
  return WasmResult::Ok;
}

WasmForeignFunction getForeignFunction(std::string_view name) {
  const auto found = ForeignFunctions().find(std::string(name));
  return found == ForeignFunctions().end() ? nullptr : found->second;
}

RegisterForeignFunction::RegisterForeignFunction(const std::string &name, WasmForeignFunction function) {
  ForeignFunctions()[name] = std::move(function);
}

namespace exports {
Word set_tick_period_milliseconds(Word period) {
  uint32_t token = 0;
  return contextOrEffectiveContext()->setTimerPeriod(std::chrono::milliseconds(period.u64_), &token);
}
Word set_effective_context(Word id) {
  if (current_context_->wasm()->getContext(id.u32()) == nullptr) {
    return WasmResult::BadArgument;
  }
  effective_context_id_ = id.u32();
  return WasmResult::Ok;
}
Word done() {
  ContextBase *context = contextOrEffectiveContext();
  return context->wasm()->done(context);
}
}  // namespace exports

// --- Callbacks -----------------------------------------------------------------------------------------------------

struct WasmBase::Functions {
  WasmCallVoid<0> initialize, start;
  WasmCallWord<2> main;
#ifndef STAND_IN_OLD_LIST
  WasmCallWord<0> main_void;
#endif
  WasmCallWord<1> malloc, new_connection, done;
  WasmCallWord<2> vm_start, configure, request_headers_0_1_0, response_headers_0_1_0, request_trailers, response_trailers;
  WasmCallWord<3> request_headers, response_headers, request_body, response_body, downstream_data, upstream_data;
  WasmCallVoid<1> tick, log, del;
  WasmCallVoid<2> context_create, downstream_close, upstream_close, queue_ready;
  WasmCallVoid<3> grpc_receive, grpc_close, grpc_initial, grpc_trailing;
  WasmCallVoid<5> http_call_response;
};

bool ContextBase::FailedNow() {
  if (wasm_->isFailed() && !plugin_->fail_open_ && !stream_failed_) {
    stream_failed_ = true;
    failStream(WasmStreamType::Request);
    failStream(WasmStreamType::Response);
  }
  return wasm_->isFailed();
}

template <class Status, class Function, class... Args>
Status ContextBase::Callback(Status open, Status closed, const Function &function, uint64_t largest, Args... args) {
  const auto failed = [&] { return plugin_->fail_open_ ? open : closed; };
  if (FailedNow()) {
    return failed();
  }
  if (!function) {
    return open;
  }
  const uint64_t answer = function(this, Word(uint64_t{id_}), Word(static_cast<uint64_t>(args))...).u64_;
  const bool stopped = wasm_->stopped_;
  wasm_->AfterCall();
  if (FailedNow()) {
    return failed();
  }
  // What is no number of the type, and everything after a local response, stops as firmly as the type can.
  return stopped || answer > largest ? static_cast<Status>(largest) : static_cast<Status>(answer);
}

template <class Function, class... Args>
void ContextBase::Notify(const Function &function, Args... args) {
  if (!wasm_->isFailed() && function) {
    function(this, Word(uint64_t{id_}), Word(static_cast<uint64_t>(args))...);
    wasm_->AfterCall();
  }
}

FilterHeadersStatus ContextBase::onRequestHeaders(uint32_t headers, bool end) {
  const auto open = FilterHeadersStatus::Continue, closed = FilterHeadersStatus::StopAllIterationAndWatermark;
  const auto status = wasm_->f_->request_headers_0_1_0
                          ? Callback(open, closed, wasm_->f_->request_headers_0_1_0, 4, headers)
                          : Callback(open, closed, wasm_->f_->request_headers, 4, headers, end);
  return status == FilterHeadersStatus::StopIteration ? closed : status;
}
FilterHeadersStatus ContextBase::onResponseHeaders(uint32_t headers, bool end) {
  const auto open = FilterHeadersStatus::Continue, closed = FilterHeadersStatus::StopAllIterationAndWatermark;
  const auto status = wasm_->f_->response_headers_0_1_0
                          ? Callback(open, closed, wasm_->f_->response_headers_0_1_0, 4, headers)
                          : Callback(open, closed, wasm_->f_->response_headers, 4, headers, end);
  return status == FilterHeadersStatus::StopIteration ? closed : status;
}
FilterDataStatus ContextBase::onRequestBody(uint32_t length, bool end) {
  return Callback(FilterDataStatus::Continue, FilterDataStatus::StopIterationNoBuffer, wasm_->f_->request_body, 3, length, end);
}
FilterDataStatus ContextBase::onResponseBody(uint32_t length, bool end) {
  return Callback(FilterDataStatus::Continue, FilterDataStatus::StopIterationNoBuffer, wasm_->f_->response_body, 3, length, end);
}
FilterTrailersStatus ContextBase::onRequestTrailers(uint32_t trailers) {
  return Callback(FilterTrailersStatus::Continue, FilterTrailersStatus::StopIteration, wasm_->f_->request_trailers, 1, trailers);
}
FilterTrailersStatus ContextBase::onResponseTrailers(uint32_t trailers) {
  return Callback(FilterTrailersStatus::Continue, FilterTrailersStatus::StopIteration, wasm_->f_->response_trailers, 1, trailers);
}
FilterStatus ContextBase::onNetworkNewConnection() {
  return Callback(FilterStatus::Continue, FilterStatus::StopIteration, wasm_->f_->new_connection, 1);
}
FilterStatus ContextBase::onDownstreamData(uint32_t length, bool end) {
  return Callback(FilterStatus::Continue, FilterStatus::StopIteration, wasm_->f_->downstream_data, 1, length, end);
}
FilterStatus ContextBase::onUpstreamData(uint32_t length, bool end) {
  return Callback(FilterStatus::Continue, FilterStatus::StopIteration, wasm_->f_->upstream_data, 1, length, end);
}
void ContextBase::onDownstreamConnectionClose(CloseType type) { Notify(wasm_->f_->downstream_close, type); }
void ContextBase::onUpstreamConnectionClose(CloseType type) { Notify(wasm_->f_->upstream_close, type); }
void ContextBase::onTick(uint32_t) { Notify(wasm_->f_->tick); }
void ContextBase::onQueueReady(uint32_t token) { Notify(wasm_->f_->queue_ready, token); }
void ContextBase::onHttpCallResponse(uint32_t token, uint32_t headers, uint32_t body, uint32_t trailers) {
  Notify(wasm_->f_->http_call_response, token, headers, body, trailers);
}
void ContextBase::onGrpcReceiveInitialMetadata(uint32_t token, uint32_t elements) { Notify(wasm_->f_->grpc_initial, token, elements); }
void ContextBase::onGrpcReceive(uint32_t token, uint32_t size) { Notify(wasm_->f_->grpc_receive, token, size); }
void ContextBase::onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers) { Notify(wasm_->f_->grpc_trailing, token, trailers); }
void ContextBase::onGrpcClose(uint32_t token, uint32_t status) { Notify(wasm_->f_->grpc_close, token, status); }
void ContextBase::onLog() { Notify(wasm_->f_->log); }

void ContextBase::onCreate() {
  if (!created_) {
    Notify(wasm_->f_->context_create, parent_ == nullptr ? 0 : parent_->id());
  }
  created_ = true;
}
bool ContextBase::onStart(std::shared_ptr<PluginBase> plugin) {
  temp_plugin_ = plugin;
  if (wasm_->f_->context_create) {
    wasm_->f_->context_create(this, Word(uint64_t{id_}), Word(uint64_t{0}));
    created_ = true;
  }
  temp_plugin_.reset();
  const bool started = !wasm_->f_->vm_start ||
                       wasm_->f_->vm_start(this, Word(uint64_t{id_}), Word(uint64_t{wasm_->vm_configuration().size()})).u64_ != 0;
  wasm_->AfterCall();
  return started;
}
bool ContextBase::onConfigure(std::shared_ptr<PluginBase> plugin) {
  if (wasm_->isFailed()) {
    return true;
  }
  onCreate();
  if (!wasm_->f_->configure) {
    return true;
  }
  temp_plugin_ = plugin;
  const bool good =
      wasm_->f_->configure(this, Word(uint64_t{id_}), Word(uint64_t{plugin->plugin_configuration_.size()})).u64_ != 0;
  temp_plugin_.reset();
  wasm_->AfterCall();
  return good;
}
bool ContextBase::onDone() {
  if (wasm_->isFailed() || !wasm_->f_->done) {
    return true;
  }
  const bool now = wasm_->f_->done(this, Word(uint64_t{id_})).u64_ != 0;
  wasm_->AfterCall();
  return now;
}
void ContextBase::onDelete() {
  if (created_) {
    Notify(wasm_->f_->del);
  }
}

ContextBase::ContextBase(WasmBase *wasm) : wasm_(wasm) { wasm_->contexts_[id_] = this; }
ContextBase::ContextBase(WasmBase *wasm, const std::shared_ptr<PluginBase> &plugin)
    : plugin_(plugin), wasm_(wasm), id_(wasm->next_id_++) {
  wasm_->contexts_[id_] = this;
}
ContextBase::ContextBase(WasmBase *wasm, uint32_t parent, const std::shared_ptr<PluginHandleBase> &handle)
    : plugin_(handle->plugin()), wasm_(wasm), id_(wasm->next_id_++), parent_(wasm->getContext(parent)), handle_(handle) {
  wasm_->contexts_[id_] = this;
}
ContextBase::~ContextBase() {
  if (id_ != 0) {
    wasm_->contexts_.erase(id_);
  }
}
WasmVm *ContextBase::wasmVm() const { return wasm_->wasm_vm(); }

// --- WasmBase ------------------------------------------------------------------------------------------------------

WasmBase::WasmBase(std::unique_ptr<WasmVm> vm, std::string_view vm_id, std::string_view vm_configuration,
                   std::string_view vm_key, std::unordered_map<std::string, std::string> envs,
                   AllowedCapabilitiesMap capabilities)
    : vm_(std::move(vm)), vm_id_(vm_id), vm_key_(vm_key), vm_configuration_(vm_configuration), envs_(std::move(envs)),
      capabilities_(std::move(capabilities)), f_(std::make_unique<Functions>()) {
  vm_->addFailCallback([this](FailState state) { failed_ = state; });
}
WasmBase::WasmBase(const std::shared_ptr<WasmHandleBase> &base, const WasmVmFactory &)
    : vm_(base->wasm()->vm_->clone()), vm_id_(base->wasm()->vm_id_), vm_key_(base->wasm()->vm_key_),
      vm_configuration_(base->wasm()->vm_configuration_), envs_(base->wasm()->envs_),
      capabilities_(base->wasm()->capabilities_), abi_(base->wasm()->abi_), base_(false), f_(std::make_unique<Functions>()) {
  vm_->addFailCallback([this](FailState state) { failed_ = state; });
}
WasmBase::~WasmBase() {
  roots_.clear();
  pending_done_.clear();
  pending_delete_.clear();
}

bool WasmBase::load(const std::string &code, bool allow_precompiled) {
  bool loaded = false;
  if (vm_->getEngineName() == "null") {
    loaded = vm_->load(code, {}, {});
    abi_ = AbiVersion::ProxyWasm_0_2_1;
    if (!loaded) {
      fail(FailState::UnableToInitializeCode, "Failed to load NullVM plugin");
    }
    return loaded;
  }
  std::string_view precompiled;
  const std::string_view section = allow_precompiled ? vm_->getPrecompiledSectionName() : std::string_view();
  loaded = ReadModule(code, section, &abi_, &precompiled) && vm_->load(code, precompiled, {});
  if (!loaded) {
    fail(FailState::UnableToInitializeCode, "Failed to load Wasm bytecode");
  }
  return loaded;
}

void WasmBase::GetFunctions() {
  vm_->getFunction("_initialize", &f_->initialize);
  if (f_->initialize) {
    vm_->getFunction("main", &f_->main);
#ifndef STAND_IN_OLD_LIST
    vm_->getFunction("__main_void", &f_->main_void);
#endif
  } else {
    vm_->getFunction("_start", &f_->start);
  }
  vm_->getFunction("malloc", &f_->malloc);
  if (!f_->malloc) {
    vm_->getFunction("proxy_on_memory_allocate", &f_->malloc);
  }
  if (!f_->malloc) {
    fail(FailState::MissingFunction, "Wasm module is missing malloc function.");
  }
  const auto get = [this](const char *name, auto *function) {
    if (capabilityAllowed(name)) {
      vm_->getFunction(name, function);
    }
  };
  get("proxy_on_vm_start", &f_->vm_start);
  get("proxy_on_configure", &f_->configure);
  get("proxy_on_tick", &f_->tick);
  get("proxy_on_context_create", &f_->context_create);
  get("proxy_on_new_connection", &f_->new_connection);
  get("proxy_on_downstream_data", &f_->downstream_data);
  get("proxy_on_upstream_data", &f_->upstream_data);
  get("proxy_on_downstream_connection_close", &f_->downstream_close);
  get("proxy_on_upstream_connection_close", &f_->upstream_close);
  get("proxy_on_request_body", &f_->request_body);
  get("proxy_on_request_trailers", &f_->request_trailers);
  get("proxy_on_response_body", &f_->response_body);
  get("proxy_on_response_trailers", &f_->response_trailers);
  get("proxy_on_http_call_response", &f_->http_call_response);
  get("proxy_on_grpc_receive", &f_->grpc_receive);
  get("proxy_on_grpc_close", &f_->grpc_close);
  get("proxy_on_grpc_receive_initial_metadata", &f_->grpc_initial);
  get("proxy_on_grpc_receive_trailing_metadata", &f_->grpc_trailing);
  get("proxy_on_queue_ready", &f_->queue_ready);
  get("proxy_on_done", &f_->done);
  get("proxy_on_log", &f_->log);
  get("proxy_on_delete", &f_->del);
  if (abi_ == AbiVersion::ProxyWasm_0_1_0) {
    get("proxy_on_request_headers", &f_->request_headers_0_1_0);
    get("proxy_on_response_headers", &f_->response_headers_0_1_0);
  } else {
    get("proxy_on_request_headers", &f_->request_headers);
    get("proxy_on_response_headers", &f_->response_headers);
  }
}

bool WasmBase::initialize() {
  const bool start = base_ || vm_->cloneable() != Cloneable::InstantiatedModule;
  if (start) {
    registerCallbacks();
    if (!vm_->link(vm_id_)) {
      return false;
    }
  }
  vm_context_.reset(createVmContext());
  GetFunctions();
  if (start && f_->initialize) {
    f_->initialize(vm_context());
    if (f_->main) {
      f_->main(vm_context(), Word(uint64_t{0}), Word(uint64_t{0}));
    }
#ifndef STAND_IN_OLD_LIST
    if (!f_->main && f_->main_void) {
      f_->main_void(vm_context());
    }
#endif
  } else if (start && f_->start) {
    f_->start(vm_context());
  }
  return !isFailed();
}

void *WasmBase::allocMemory(uint64_t size, uint64_t *address) {
  const uint64_t at = f_->malloc ? f_->malloc(vm_context(), Word(size)).u64_ : 0;
  const auto memory = at == 0 ? std::nullopt : vm_->getMemory(at, size);
  if (!memory) {
    return nullptr;
  }
  *address = at;
  return const_cast<char *>(memory->data());
}

ContextBase *WasmBase::start(const std::shared_ptr<PluginBase> &plugin) {
  auto &slot = roots_[plugin->key()];
  if (slot != nullptr) {
    slot->onStart(plugin);
    return slot.get();
  }
  slot.reset(createRootContext(plugin));
  return slot->onStart(plugin) ? slot.get() : nullptr;
}

ContextBase *WasmBase::getRootContext(const std::shared_ptr<PluginBase> &plugin, bool) {
  const auto found = roots_.find(plugin->key());
  return found == roots_.end() ? nullptr : found->second.get();
}
ContextBase *WasmBase::getContext(uint32_t id) {
  const auto found = contexts_.find(id);
  return found == contexts_.end() ? nullptr : found->second;
}
void WasmBase::queueReady(uint32_t root, uint32_t token) {
  if (ContextBase *context = getContext(root)) {
    context->onQueueReady(token);
  }
}

void WasmBase::startShutdown(std::string_view key) {
  const auto found = roots_.find(std::string(key));
  if (found == roots_.end()) {
    return;
  }
  std::unique_ptr<ContextBase> root = std::move(found->second);
  roots_.erase(found);
  if (root->onDone()) {
    root->onDelete();
  } else {
    pending_done_[std::string(key)] = std::move(root);
  }
}
void WasmBase::startShutdown() {
  while (!roots_.empty()) {
    startShutdown(std::string(roots_.begin()->first));
  }
}
WasmResult WasmBase::done(ContextBase *root) {
  const auto found = pending_done_.find(root->plugin_->key());
  if (found == pending_done_.end()) {
    return WasmResult::NotFound;
  }
  pending_delete_.push_back(std::move(found->second));
  pending_done_.erase(found);
  return WasmResult::Ok;
}

// What waits for the end of a call into the VM.
void WasmBase::AfterCall() {
  stopped_ = false;
  while (!pending_delete_.empty()) {
    const std::unique_ptr<ContextBase> context = std::move(pending_delete_.back());
    pending_delete_.pop_back();
    context->onDelete();
  }
}

// --- Making VMs ----------------------------------------------------------------------------------------------------

namespace {
std::mutex bases_mutex;
std::map<std::string, std::weak_ptr<WasmHandleBase>> &Bases() {
  static auto *bases = new std::map<std::string, std::weak_ptr<WasmHandleBase>>;
  return *bases;
}

// Tries a plugin's configuration in a VM that is thrown away without a word.
bool Canary(const std::shared_ptr<WasmHandleBase> &base, const std::shared_ptr<PluginBase> &plugin,
            const WasmHandleCloneFactory &clone) {
  auto canary = clone(base);
  const auto refused = [&](FailState state, const char *message) {
    canary->wasm()->fail(state, message);
    return false;
  };
  if (!canary->wasm()->initialize()) {
    return refused(FailState::UnableToInitializeCode, "Failed to initialize Wasm code");
  }
  ContextBase *root = canary->wasm()->start(plugin);
  if (root == nullptr) {
    return refused(FailState::StartFailed, "Failed to start base Wasm");
  }
  if (!canary->wasm()->configure(root, plugin)) {
    return refused(FailState::ConfigureFailed, "Failed to configure base Wasm plugin");
  }
  canary->kill();
  return true;
}
}  // namespace

std::string makeVmKey(std::string_view vm_id, std::string_view configuration, std::string_view code) {
  return std::string(vm_id) + "|" + std::string(configuration) + "|" + std::string(code);
}

std::shared_ptr<WasmHandleBase> createWasm(const std::string &vm_key, const std::string &code,
                                           const std::shared_ptr<PluginBase> &plugin, const WasmHandleFactory &factory,
                                           const WasmHandleCloneFactory &clone, bool allow_precompiled) {
  std::shared_ptr<WasmHandleBase> base;
  {
    const std::lock_guard<std::mutex> guard(bases_mutex);
    base = Bases()[vm_key].lock();
    if (base == nullptr) {
      base = factory(vm_key);
      if (!base->wasm()->load(code, allow_precompiled)) {
        base->wasm()->fail(FailState::UnableToInitializeCode, "Failed to load Wasm code");
        return nullptr;
      }
      if (!base->wasm()->initialize()) {
        base->wasm()->fail(FailState::UnableToInitializeCode, "Failed to initialize Wasm code");
        return nullptr;
      }
      Bases()[vm_key] = base;
    }
  }
  return Canary(base, plugin, clone) ? base : nullptr;
}

std::shared_ptr<PluginHandleBase> getOrCreateThreadLocalPlugin(const std::shared_ptr<WasmHandleBase> &base,
                                                               const std::shared_ptr<PluginBase> &plugin,
                                                               const WasmHandleCloneFactory &clone,
                                                               const PluginHandleFactory &make) {
  const std::string vm_key(base->wasm()->vm_key()), plugin_key = vm_key + "||" + plugin->key();
  if (auto there = local_plugins[plugin_key].lock()) {
    return there;
  }
  auto wasm = local_wasms[vm_key].lock();
  if (wasm == nullptr) {
    wasm = clone(base);
    if (!wasm->wasm()->initialize()) {
      return nullptr;
    }
    local_wasms[vm_key] = wasm;
    wasm->wasm()->wasm_vm()->addFailCallback([vm_key](FailState state) {
      if (state == FailState::RuntimeError) {
        local_wasms.erase(vm_key);
      }
    });
  }
  ContextBase *root = wasm->wasm()->start(plugin);
  if (root == nullptr || !wasm->wasm()->configure(root, plugin)) {
    return nullptr;
  }
  auto handle = make(wasm, plugin);
  local_plugins[plugin_key] = handle;
  wasm->wasm()->wasm_vm()->addFailCallback([plugin_key](FailState state) {
    if (state == FailState::RuntimeError) {
      local_plugins.erase(plugin_key);
    }
  });
  return handle;
}

void clearWasmCachesForTesting() {
  local_plugins.clear();
  local_wasms.clear();
  const std::lock_guard<std::mutex> guard(bases_mutex);
  Bases().clear();
  // The real host drops what a VM id shares with the last VM of that id; here it waits for the end of a test.
  const std::lock_guard<std::mutex> other_guard(shared().mutex);
  shared().data.clear();
  shared().queues.clear();
}

}  // namespace proxy_wasm
