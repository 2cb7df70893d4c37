// One instance of a compiled plugin, as a proxy-wasm-cpp-host sees it. What the Null-VM plugin (nullvm_plugin.h) and the
// engine (nullvm_engine.h) have in common: entering the guest, its first entry, its traps, its memory.
//
// Must never: call the host outside of an entry, hand the guest's addresses to the host's bindings as if they were native,
// or let anything unwind across the guest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "include/proxy-wasm/exports.h"
#include "include/proxy-wasm/wasm.h"
#include "include/proxy-wasm/wasm_vm.h"
#include "nullvm.h"
#include "nullvm_tables.h"

namespace nullvm {

// How the host writes addresses of the guest's memory down.
enum class Addresses {
  // Pointers of this process: the Null VM.
  kNative,
  // Offsets into the linear memory; from 4 GiB on, host memory lent for the time of a call (Guest::Span).
  kLinear,
};

// Where Addresses::kLinear has memory of the host, above everything that a 32-bit memory can have.
inline constexpr uint64_t kLentWords = uint64_t{1} << 32;
inline constexpr uint64_t kLentRoom = uint64_t{1} << 33;

class Guest {
 public:
  explicit Guest(Addresses addresses) : addresses_(addresses) {}
  ~Guest();
  Guest(const Guest &) = delete;
  Guest &operator=(const Guest &) = delete;

  // Makes the instance and runs the module's start section, which finds no context: its host calls answer
  // InternalFailure. `plugin` outlives the guest. False: `error` says why.
  bool Create(const nullvm_plugin_t *plugin, std::string *error);
  bool created() const { return instance_ != nullptr; }

  // The VM that traps are reported to. Set before the first entry.
  void set_vm(proxy_wasm::WasmVm *vm) { vm_ = vm; }
  proxy_wasm::WasmVm *vm() const { return vm_; }

  // The export `name` as a function of the host's type, null when the plugin does not export it or the type does not fit.
  template <class R, class... Args>
  void Bind(std::string_view name, std::function<R(proxy_wasm::ContextBase *, Args...)> *function);

  // Bytes of the linear memory.
  uint64_t MemorySize() const;

  // `size` bytes at an address of the host; null when that is out of bounds. For Addresses::kLinear.
  uint8_t *Span(uint64_t address, uint64_t size);

  // A handle that stops the guest from any thread; stays null when there is none to have.
  void MakeInterruptHandle(nullvm_interrupt_handle_t **handle) const {
    nullvm_interrupt_handle_new(instance_, handle);
  }

  // The function that `envoy_resolve_dns` is; set by Envoy's file for the Null VM, by registerCallback for the engine.
  using ResolveDns = proxy_wasm::Word (*)(proxy_wasm::Word, proxy_wasm::Word, proxy_wasm::Word);
  static ResolveDns default_resolve_dns;
  void set_resolve_dns(ResolveDns function) { resolve_dns_ = function; }

 private:
  friend struct HostTable;

  uint32_t Enter(proxy_wasm::ContextBase *context, const Callback &callback, const uint32_t *args, size_t count);
  uint32_t Call(proxy_wasm::ContextBase *context, const Callback &callback, const uint32_t *args, size_t count);
  uint32_t CallTraced(proxy_wasm::ContextBase *context, const Callback &callback, const uint32_t *args, size_t count);
  uint64_t Allocate(proxy_wasm::ContextBase *context, const Callback &callback, uint32_t size);
  void FirstEntry(proxy_wasm::ContextBase *context);
  void Restrict(proxy_wasm::WasmBase *wasm);
  void ReportTrap(const Callback &callback);
  bool Exports(uint32_t callback) const;

  // Host memory under addresses that the host's own code may write results to, as long as it lives.
  class Loan;

  const Addresses addresses_;
  const nullvm_plugin_t *plugin_ = nullptr;
  nullvm_instance_t *instance_ = nullptr;
  uint8_t *base_ = nullptr;
  proxy_wasm::WasmVm *vm_ = nullptr;
  ResolveDns resolve_dns_ = nullptr;
  uint32_t abi_ = 0;
  bool entered_ = false;

  // The guest's own room that the host's next allocation gets instead of new memory; see HostTable::ReadBuffer.
  uint8_t *room_ = nullptr;
  uint64_t room_size_ = 0;
  // Results in host memory: two words of the host's width.
  uint64_t words_[2] = {0, 0};

  // What was handed out last, until the next call into the table.
  std::string value_;
  proxy_wasm::Pairs pairs_;
  std::vector<nullvm_pair_t> table_;
};

namespace internal {

template <class T>
inline constexpr bool kIsWord = std::is_same<T, proxy_wasm::Word>::value;

}  // namespace internal

template <class R, class... Args>
void Guest::Bind(std::string_view name, std::function<R(proxy_wasm::ContextBase *, Args...)> *function) {
  *function = nullptr;
  // Types beyond these are for the host's own tests; no callback of Proxy-Wasm has one.
  if constexpr ((std::is_void<R>::value || internal::kIsWord<R>)&&(internal::kIsWord<Args> && ... && true)) {
    const Callback *callback = FindCallback(name);
    if (callback == nullptr || !created() || !Exports(callback->id)) {
      return;
    }
    constexpr size_t kCount = sizeof...(Args);
    // Hosts ask a plugin of ABI 0.1.0 for header callbacks without the end of the stream; the Null VM asks every plugin
    // for those with it, and the shim drops what the plugin does not take.
    const bool fits = kCount == callback->params || (kCount + 1 == callback->params && callback->shorter_in_0_1_0 && abi_ == 1);
    if (!fits || callback->result == std::is_void<R>::value) {
      return;
    }
    if (callback->part_of_start) {
      // `main` and `__main_void` run with `_initialize`; see FirstEntry.
      if constexpr (std::is_void<R>::value && kCount == 0) {
        *function = [this](proxy_wasm::ContextBase *context) {
          if (!entered_) {
            FirstEntry(context);
          }
        };
      }
      return;
    }
    if (callback->since_0_2_0 && abi_ == 1) {
      return;
    }
    if constexpr (internal::kIsWord<R> && kCount == 1) {
      if (callback->allocates) {
        *function = [this, callback](proxy_wasm::ContextBase *context, proxy_wasm::Word size) {
          return proxy_wasm::Word(Allocate(context, *callback, size.u32()));
        };
        return;
      }
    }
    *function = [this, callback](proxy_wasm::ContextBase *context, Args... args) -> R {
      const uint32_t values[kCount + 1] = {args.u32()...};
      const uint32_t result = Enter(context, *callback, values, kCount);
      if constexpr (!std::is_void<R>::value) {
        return R(static_cast<uint64_t>(result));
      } else {
        static_cast<void>(result);
      }
    };
  }
}

}  // namespace nullvm
