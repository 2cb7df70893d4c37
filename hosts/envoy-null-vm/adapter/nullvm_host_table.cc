#include "nullvm_host_table.h"

#include <chrono>
#include <cstring>
#include <memory>

namespace nullvm {

using proxy_wasm::ContextBase;
using proxy_wasm::Pairs;
using proxy_wasm::WasmBufferType;
using proxy_wasm::WasmHeaderMapType;
using proxy_wasm::WasmResult;
using proxy_wasm::WasmStreamType;
using proxy_wasm::Word;

static_assert(static_cast<uint32_t>(WasmResult::Ok) == NULLVM_STATUS_OK, "statuses are numbered alike");
static_assert(static_cast<uint32_t>(WasmResult::InvalidMemoryAccess) == NULLVM_STATUS_INVALID_MEMORY_ACCESS,
              "statuses are numbered alike");
static_assert(static_cast<uint32_t>(WasmResult::Unimplemented) == NULLVM_STATUS_UNIMPLEMENTED,
              "statuses are numbered alike");

namespace {

// Handed-out strings above this size are not kept for the next one.
constexpr size_t kKeptCapacity = 64 * 1024;

uint32_t Status(WasmResult result) { return static_cast<uint32_t>(result); }

std::string_view View(nullvm_bytes_t bytes) {
  return {reinterpret_cast<const char *>(bytes.data), bytes.len};
}

nullvm_bytes_t Bytes(std::string_view view) {
  return {reinterpret_cast<const uint8_t *>(view.data()), view.size()};
}

Pairs ToPairs(const nullvm_pairs_t &pairs) {
  Pairs result;
  result.reserve(pairs.len);
  for (size_t i = 0; i < pairs.len; i++) {
    result.emplace_back(View(pairs.data[i].key), View(pairs.data[i].value));
  }
  return result;
}

}  // namespace

// Host memory under addresses that the host may store words at and, once, allocate at.
class Guest::Loan {
 public:
  // `room`: what the host's next allocation of `size` bytes gets.
  Loan(Guest &guest, uint8_t *room, uint64_t size) : guest_(guest) {
    guest.room_ = room;
    guest.room_size_ = size;
  }
  ~Loan() {
    guest_.room_ = nullptr;
    guest_.room_size_ = 0;
  }
  Loan(const Loan &) = delete;
  Loan &operator=(const Loan &) = delete;

  // Where the host stores a pointer and a size.
  uint64_t first() const { return Address(0); }
  uint64_t second() const { return Address(1); }
  uint32_t first_value() const { return Value(0); }

 private:
  uint64_t Address(size_t word) const {
    return guest_.addresses_ == Addresses::kNative ? reinterpret_cast<uintptr_t>(&guest_.words_[word])
                                                   : kLentWords + word * sizeof(uint64_t);
  }
  uint32_t Value(size_t word) const {
    uint32_t value;
    std::memcpy(&value, &guest_.words_[word], sizeof value);
    return value;
  }

  Guest &guest_;
};

struct HostTable {
  static Guest &Self(void *host) { return *static_cast<Guest *>(host); }

  // The context that calls act on, asked anew each time: the guest may set another one. Null outside of entries.
  static ContextBase *Context() {
    ContextBase *current = proxy_wasm::current_context_;
    // Nearly no plugin sets one; then there is nothing to look up.
    return proxy_wasm::effective_context_id_ == 0 || current == nullptr ? current : proxy_wasm::contextOrEffectiveContext();
  }

  // Runs `call` on the context. Only the module's start section comes here without one.
  template <class F>
  static uint32_t With(F call) {
    ContextBase *context = Context();
    return context == nullptr ? static_cast<uint32_t>(NULLVM_STATUS_INTERNAL_FAILURE) : call(*context);
  }

  template <class F>
  static uint32_t WithRoot(F call) {
    return With([&](ContextBase &context) { return call(*context.root_context()); });
  }

  // Room for a string of the host that is handed out.
  static std::string &Value(Guest &guest) {
    if (guest.value_.capacity() > kKeptCapacity) {
      std::string().swap(guest.value_);
    }
    guest.value_.clear();
    return guest.value_;
  }

  // --- General ---------------------------------------------------------------------------------------------------

  static uint32_t Log(void *, uint32_t level, nullvm_bytes_t message) noexcept {
    return With([&](ContextBase &context) { return Status(context.log(level, View(message))); });
  }

  static uint32_t GetLogLevel(void *, uint32_t *out) noexcept {
    return With([&](ContextBase &context) {
      *out = context.getLogLevel();
      return Status(WasmResult::Ok);
    });
  }

  static uint32_t Time(void *, uint64_t *out) noexcept {
    return With([&](ContextBase &context) {
      *out = context.getCurrentTimeNanoseconds();
      return Status(WasmResult::Ok);
    });
  }

  static uint32_t MonotonicTime(void *, uint64_t *out) noexcept {
    return With([&](ContextBase &context) {
      *out = context.getMonotonicTimeNanoseconds();
      return Status(WasmResult::Ok);
    });
  }

  static void CapabilityError(void *host, nullvm_bytes_t message) noexcept {
    Self(host).vm()->integration()->error(View(message));
  }

  static uint32_t GetStatus(void *, uint32_t *code, nullvm_bytes_t *message) noexcept {
    return WithRoot([&](ContextBase &context) {
      const auto status = context.getStatus();
      *code = status.first;
      *message = Bytes(status.second);
      return Status(WasmResult::Ok);
    });
  }

  static uint32_t SetTickPeriod(void *, uint32_t period) noexcept {
    return With([&](ContextBase &) {
      return proxy_wasm::exports::set_tick_period_milliseconds(Word(uint64_t{period})).u32();
    });
  }

  static uint32_t GetConfiguration(void *, nullvm_bytes_t *out) noexcept {
    return With([&](ContextBase &context) {
      *out = Bytes(context.getConfiguration());
      return Status(WasmResult::Ok);
    });
  }

  static uint32_t SetEffectiveContext(void *, uint32_t id) noexcept {
    return With([&](ContextBase &) { return proxy_wasm::exports::set_effective_context(Word(uint64_t{id})).u32(); });
  }

  static uint32_t Done(void *) noexcept {
    return With([&](ContextBase &) { return proxy_wasm::exports::done().u32(); });
  }

  // --- Streams ---------------------------------------------------------------------------------------------------

  static uint32_t ContinueStream(void *, uint32_t type) noexcept {
    return With([&](ContextBase &context) { return Status(context.continueStream(static_cast<WasmStreamType>(type))); });
  }

  static uint32_t CloseStream(void *, uint32_t type) noexcept {
    return With([&](ContextBase &context) { return Status(context.closeStream(static_cast<WasmStreamType>(type))); });
  }

  static uint32_t ClearRouteCache(void *) noexcept {
    return With([&](ContextBase &context) {
      context.clearRouteCache();
      return Status(WasmResult::Ok);
    });
  }

  static uint32_t SendLocalResponse(void *, const nullvm_local_response_t *response) noexcept {
    return With([&](ContextBase &context) {
      // What the host says of it is not told to the plugin, as in the host's own binding.
      context.sendLocalResponse(response->code, View(response->body), ToPairs(response->headers),
                                static_cast<proxy_wasm::GrpcStatusCode>(response->grpc_status), View(response->details));
      context.wasm()->stopNextIteration(true);
      return Status(WasmResult::Ok);
    });
  }

  // --- Properties ------------------------------------------------------------------------------------------------

  static uint32_t GetProperty(void *host, nullvm_bytes_t path, nullvm_bytes_t *out) noexcept {
    return With([&](ContextBase &context) {
      std::string &value = Value(Self(host));
      const WasmResult result = context.getProperty(View(path), &value);
      *out = Bytes(value);
      return Status(result);
    });
  }

  static uint32_t SetProperty(void *, nullvm_bytes_t path, nullvm_bytes_t value) noexcept {
    return With([&](ContextBase &context) { return Status(context.setProperty(View(path), View(value))); });
  }

  // --- Header maps -----------------------------------------------------------------------------------------------

  static uint32_t GetHeader(void *, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t *out) noexcept {
    return With([&](ContextBase &context) {
      std::string_view value;
      const WasmResult result = context.getHeaderMapValue(static_cast<WasmHeaderMapType>(map), View(key), &value);
      *out = Bytes(value);
      return Status(result);
    });
  }

  static uint32_t AddHeader(void *, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t value) noexcept {
    return With([&](ContextBase &context) {
      return Status(context.addHeaderMapValue(static_cast<WasmHeaderMapType>(map), View(key), View(value)));
    });
  }

  static uint32_t ReplaceHeader(void *, uint32_t map, nullvm_bytes_t key, nullvm_bytes_t value) noexcept {
    return With([&](ContextBase &context) {
      return Status(context.replaceHeaderMapValue(static_cast<WasmHeaderMapType>(map), View(key), View(value)));
    });
  }

  static uint32_t RemoveHeader(void *, uint32_t map, nullvm_bytes_t key) noexcept {
    return With([&](ContextBase &context) {
      return Status(context.removeHeaderMapValue(static_cast<WasmHeaderMapType>(map), View(key)));
    });
  }

  static uint32_t GetHeaders(void *host, uint32_t map, nullvm_pairs_t *out) noexcept {
    return With([&](ContextBase &context) {
      Guest &guest = Self(host);
      guest.pairs_.clear();
      guest.table_.clear();
      const WasmResult result = context.getHeaderMapPairs(static_cast<WasmHeaderMapType>(map), &guest.pairs_);
      guest.table_.reserve(guest.pairs_.size());
      for (const auto &pair : guest.pairs_) {
        guest.table_.push_back({Bytes(pair.first), Bytes(pair.second)});
      }
      out->data = guest.table_.data();
      out->len = guest.table_.size();
      return Status(result);
    });
  }

  static uint32_t SetHeaders(void *, uint32_t map, nullvm_pairs_t pairs) noexcept {
    return With([&](ContextBase &context) {
      return Status(context.setHeaderMapPairs(static_cast<WasmHeaderMapType>(map), ToPairs(pairs)));
    });
  }

  static uint32_t GetHeadersSize(void *, uint32_t map, uint32_t *out) noexcept {
    return With([&](ContextBase &context) {
      uint32_t size = 0;
      const WasmResult result = context.getHeaderMapSize(static_cast<WasmHeaderMapType>(map), &size);
      *out = size;
      return Status(result);
    });
  }

  // --- Buffers ---------------------------------------------------------------------------------------------------

  static uint32_t GetBufferStatus(void *, uint32_t type, uint32_t *length, uint32_t *flags) noexcept {
    return With([&](ContextBase &context) {
      const auto *buffer = context.getBuffer(static_cast<WasmBufferType>(type));
      if (buffer == nullptr) {
        return Status(WasmResult::NotFound);
      }
      *length = static_cast<uint32_t>(buffer->size());
      *flags = 0;
      return Status(WasmResult::Ok);
    });
  }

  // A buffer copies itself into memory that it gets from WasmBase::allocMemory, and into nothing else. The shim has
  // allocated already, so the host's allocation gets that room (Guest::Allocate) without another call of the guest, and
  // where it lies and how long it is are stored in host memory.
  static uint32_t ReadBuffer(void *host, uint32_t type, uint32_t start, uint32_t size, uint8_t *out) noexcept {
    return With([&](ContextBase &context) {
      const auto *buffer = context.getBuffer(static_cast<WasmBufferType>(type));
      if (buffer == nullptr) {
        return Status(WasmResult::NotFound);
      }
      const Guest::Loan loan(Self(host), out, size);
      return Status(buffer->copyTo(context.wasm(), start, size, loan.first(), loan.second()));
    });
  }

  static uint32_t SetBuffer(void *, uint32_t type, uint32_t start, uint32_t length, nullvm_bytes_t data) noexcept {
    return With([&](ContextBase &context) {
      auto *buffer = context.getBuffer(static_cast<WasmBufferType>(type));
      return Status(buffer == nullptr ? WasmResult::NotFound : buffer->copyFrom(start, length, View(data)));
    });
  }

  // --- Calls to other upstreams ----------------------------------------------------------------------------------

  static uint32_t HttpCall(void *, const nullvm_http_call_t *call, uint32_t *token) noexcept {
    return WithRoot([&](ContextBase &context) {
      return Status(context.httpCall(View(call->upstream), ToPairs(call->headers), View(call->body),
                                     ToPairs(call->trailers), static_cast<int>(call->timeout), token));
    });
  }

  static uint32_t GrpcCall(void *, const nullvm_grpc_call_t *call, uint32_t *token) noexcept {
    return WithRoot([&](ContextBase &context) {
      return Status(context.grpcCall(View(call->upstream), View(call->service), View(call->method),
                                     ToPairs(call->metadata), View(call->message),
                                     std::chrono::milliseconds(call->timeout), token));
    });
  }

  static uint32_t GrpcStream(void *, const nullvm_grpc_call_t *call, uint32_t *token) noexcept {
    return WithRoot([&](ContextBase &context) {
      return Status(context.grpcStream(View(call->upstream), View(call->service), View(call->method),
                                       ToPairs(call->metadata), token));
    });
  }

  static uint32_t GrpcSend(void *, uint32_t token, nullvm_bytes_t message, uint32_t end_stream) noexcept {
    return WithRoot([&](ContextBase &context) { return Status(context.grpcSend(token, View(message), end_stream != 0)); });
  }

  static uint32_t GrpcClose(void *, uint32_t token) noexcept {
    return WithRoot([&](ContextBase &context) { return Status(context.grpcClose(token)); });
  }

  static uint32_t GrpcCancel(void *, uint32_t token) noexcept {
    return WithRoot([&](ContextBase &context) { return Status(context.grpcCancel(token)); });
  }

  // --- Shared data and queues ------------------------------------------------------------------------------------

  static uint32_t GetSharedData(void *host, nullvm_bytes_t key, nullvm_bytes_t *out, uint32_t *cas) noexcept {
    return With([&](ContextBase &context) {
      std::pair<std::string, uint32_t> data;
      const WasmResult result = context.getSharedData(View(key), &data);
      std::string &value = Value(Self(host));
      value.swap(data.first);
      *out = Bytes(value);
      *cas = data.second;
      return Status(result);
    });
  }

  static uint32_t SetSharedData(void *, nullvm_bytes_t key, nullvm_bytes_t value, uint32_t cas) noexcept {
    return With([&](ContextBase &context) { return Status(context.setSharedData(View(key), View(value), cas)); });
  }

  static uint32_t RegisterSharedQueue(void *, nullvm_bytes_t name, uint32_t *token) noexcept {
    return With([&](ContextBase &context) { return Status(context.registerSharedQueue(View(name), token)); });
  }

  static uint32_t ResolveSharedQueue(void *, nullvm_bytes_t vm_id, nullvm_bytes_t name, uint32_t *token) noexcept {
    return With([&](ContextBase &context) { return Status(context.lookupSharedQueue(View(vm_id), View(name), token)); });
  }

  static uint32_t EnqueueSharedQueue(void *, uint32_t token, nullvm_bytes_t data) noexcept {
    return With([&](ContextBase &context) { return Status(context.enqueueSharedQueue(token, View(data))); });
  }

  static uint32_t DequeueSharedQueue(void *host, uint32_t token, nullvm_bytes_t *out) noexcept {
    return With([&](ContextBase &context) {
      std::string &data = Value(Self(host));
      const WasmResult result = context.dequeueSharedQueue(token, &data);
      *out = Bytes(data);
      return Status(result);
    });
  }

  // --- Metrics ---------------------------------------------------------------------------------------------------

  static uint32_t DefineMetric(void *, uint32_t type, nullvm_bytes_t name, uint32_t *id) noexcept {
    return With([&](ContextBase &context) { return Status(context.defineMetric(type, View(name), id)); });
  }

  static uint32_t IncrementMetric(void *, uint32_t id, int64_t offset) noexcept {
    return With([&](ContextBase &context) { return Status(context.incrementMetric(id, offset)); });
  }

  static uint32_t RecordMetric(void *, uint32_t id, uint64_t value) noexcept {
    return With([&](ContextBase &context) { return Status(context.recordMetric(id, value)); });
  }

  static uint32_t GetMetric(void *, uint32_t id, uint64_t *out) noexcept {
    return With([&](ContextBase &context) { return Status(context.getMetric(id, out)); });
  }

  // --- Extensions ------------------------------------------------------------------------------------------------

  // The function gets host memory for its results, which the shim then copies: the binding would have it write into the
  // guest, through allocMemory.
  static uint32_t CallForeignFunction(void *host, nullvm_bytes_t name, nullvm_bytes_t arguments,
                                      nullvm_bytes_t *out) noexcept {
    return With([&](ContextBase &context) {
      const auto function = proxy_wasm::getForeignFunction(View(name));
      if (!function) {
        return Status(WasmResult::NotFound);
      }
      // Of this call alone: the function may enter the guest, whose calls use the room for strings.
      std::string results;
      const WasmResult result = function(*context.wasm(), View(arguments), [&results](size_t size) -> void * {
        results.resize(size);
        return results.data();
      });
      std::string &value = Value(Self(host));
      value.swap(results);
      *out = Bytes(value);
      return Status(result);
    });
  }

  static uint32_t ResolveDns(void *host, nullvm_bytes_t name, uint32_t *token) noexcept {
    return With([&](ContextBase &) {
      Guest &guest = Self(host);
      const Guest::ResolveDns resolve =
          guest.resolve_dns_ != nullptr ? guest.resolve_dns_ : Guest::default_resolve_dns;
      if (resolve == nullptr) {
        return Status(WasmResult::Unimplemented);
      }
      const uint64_t address =
          guest.addresses_ == Addresses::kNative
              ? reinterpret_cast<uintptr_t>(name.data)
              : static_cast<uint64_t>(name.data - guest.base_);
      const Guest::Loan loan(guest, nullptr, 0);
      guest.words_[0] = 0;
      const Word result = resolve(Word(address), Word(uint64_t{name.len}), Word(loan.first()));
      *token = loan.first_value();
      return result.u32();
    });
  }

  static nullvm_host_t Make() {
    nullvm_host_t table;
    std::memset(&table, 0, sizeof table);
    table.size = sizeof table;
    table.log = Log;
    table.get_log_level = GetLogLevel;
    table.time = Time;
    table.monotonic_time = MonotonicTime;
    table.capability_error = CapabilityError;
    table.get_status = GetStatus;
    table.set_tick_period = SetTickPeriod;
    table.get_configuration = GetConfiguration;
    table.continue_stream = ContinueStream;
    table.close_stream = CloseStream;
    table.clear_route_cache = ClearRouteCache;
    table.send_local_response = SendLocalResponse;
    table.get_property = GetProperty;
    table.set_property = SetProperty;
    table.get_header = GetHeader;
    table.add_header = AddHeader;
    table.replace_header = ReplaceHeader;
    table.remove_header = RemoveHeader;
    table.get_headers = GetHeaders;
    table.set_headers = SetHeaders;
    table.get_headers_size = GetHeadersSize;
    table.get_buffer_status = GetBufferStatus;
    table.read_buffer = ReadBuffer;
    table.set_buffer = SetBuffer;
    table.http_call = HttpCall;
    table.grpc_call = GrpcCall;
    table.grpc_stream = GrpcStream;
    table.grpc_send = GrpcSend;
    table.grpc_close = GrpcClose;
    table.grpc_cancel = GrpcCancel;
    table.get_shared_data = GetSharedData;
    table.set_shared_data = SetSharedData;
    table.register_shared_queue = RegisterSharedQueue;
    table.resolve_shared_queue = ResolveSharedQueue;
    table.enqueue_shared_queue = EnqueueSharedQueue;
    table.dequeue_shared_queue = DequeueSharedQueue;
    table.define_metric = DefineMetric;
    table.increment_metric = IncrementMetric;
    table.record_metric = RecordMetric;
    table.get_metric = GetMetric;
    table.set_effective_context = SetEffectiveContext;
    table.done = Done;
    table.call_foreign_function = CallForeignFunction;
    table.resolve_dns = ResolveDns;
    // Redis calls are Higress's; its contexts have functions for them that others lack.
    return table;
  }
};

const nullvm_host_t &host_table() {
  static const nullvm_host_t table = HostTable::Make();
  return table;
}

}  // namespace nullvm
