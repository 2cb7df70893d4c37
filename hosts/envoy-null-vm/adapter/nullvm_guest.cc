#include "nullvm_guest.h"

#include <cstring>

#include "nullvm_host_table.h"

namespace nullvm {

using proxy_wasm::ContextBase;
using proxy_wasm::FailState;
using proxy_wasm::SaveRestoreContext;
using proxy_wasm::WasmBase;

Guest::ResolveDns Guest::default_resolve_dns = nullptr;

Guest::~Guest() { nullvm_instance_free(instance_); }

bool Guest::Create(const nullvm_plugin_t *plugin, std::string *error) {
  char message[512] = "";
  plugin_ = plugin;
  // Workers make instances while another VM of theirs may be entered: its context is not this guest's.
  const SaveRestoreContext nobody(nullptr);
  if (nullvm_plugin_abi(plugin, &abi_) != NULLVM_RESULT_OK ||
      nullvm_instance_new(plugin, &host_table(), this, nullptr, &instance_, message, sizeof message) != NULLVM_RESULT_OK) {
    instance_ = nullptr;
    *error = message;
    return false;
  }
  // Never moves, however the memory grows.
  nullvm_instance_memory(instance_, 0, 0, &base_);
  return true;
}

bool Guest::Exports(uint32_t callback) const {
  bool exported = false;
  return nullvm_plugin_exports(plugin_, callback, &exported) == NULLVM_RESULT_OK && exported;
}

// Every callback comes through here; what is rare is elsewhere.
uint32_t Guest::Enter(ContextBase *context, const Callback &callback, const uint32_t *args, size_t count) {
  if (!entered_) {
    FirstEntry(context);
  }
  if (vm_->isFailed()) {
    return 0;
  }
  if (vm_->cmpLogLevel(proxy_wasm::LogLevel::trace)) {
    return CallTraced(context, callback, args, count);
  }
  return Call(context, callback, args, count);
}

uint32_t Guest::Call(ContextBase *context, const Callback &callback, const uint32_t *args, size_t count) {
  uint32_t result = 0;
  nullvm_result_t outcome;
  {
    // Gone before the trap is reported: what waits for the end of the call must not find it pending.
    const SaveRestoreContext saved(context);
    outcome = nullvm_instance_call(instance_, callback.id, args, count, &result);
  }
  if (outcome != NULLVM_RESULT_OK) {
    ReportTrap(callback);
    return 0;
  }
  return result;
}

uint32_t Guest::CallTraced(ContextBase *context, const Callback &callback, const uint32_t *args, size_t count) {
  std::string line = "[host->vm] " + std::string(callback.name) + "(";
  for (size_t i = 0; i < count; i++) {
    line += (i == 0 ? "" : ", ") + std::to_string(args[i]);
  }
  vm_->integration()->trace(line + ")");
  const uint32_t result = Call(context, callback, args, count);
  if (!vm_->isFailed()) {
    vm_->integration()->trace("[host<-vm] " + std::string(callback.name) + " return: " +
                              (callback.result ? std::to_string(result) : "void"));
  }
  return result;
}

uint64_t Guest::Allocate(ContextBase *context, const Callback &callback, uint32_t size) {
  if (room_ != nullptr) {
    // The host copies a buffer; the shim has allocated for it.
    uint8_t *room = room_;
    if (size != room_size_) {
      return 0;
    }
    return addresses_ == Addresses::kNative ? reinterpret_cast<uintptr_t>(room) : kLentRoom;
  }
  if (!entered_) {
    FirstEntry(context);
  }
  if (vm_->isFailed()) {
    return 0;
  }
  uint32_t offset = 0;
  nullvm_result_t outcome;
  {
    const SaveRestoreContext saved(context);
    outcome = nullvm_instance_allocate(instance_, size, &offset);
  }
  if (outcome == NULLVM_RESULT_OK) {
    // The host writes `size` bytes there without asking: the guest's word for it is not enough.
    uint8_t *data = nullptr;
    if (nullvm_instance_memory(instance_, offset, size, &data) != NULLVM_RESULT_OK) {
      return 0;
    }
    return addresses_ == Addresses::kNative ? reinterpret_cast<uintptr_t>(data) : offset;
  }
  if (outcome != NULLVM_RESULT_OUT_OF_BOUNDS) {
    ReportTrap(callback);
  }
  return 0;
}

// What the host does not do for the Null VM, or not in clones: capabilities, environment, `_initialize` and `main`.
void Guest::FirstEntry(ContextBase *context) {
  entered_ = true;
  WasmBase *wasm = context->wasm();
  Restrict(wasm);
  std::vector<nullvm_pair_t> environment;
  for (const auto &variable : wasm->envs()) {
    environment.push_back(
        {{reinterpret_cast<const uint8_t *>(variable.first.data()), variable.first.size()},
         {reinterpret_cast<const uint8_t *>(variable.second.data()), variable.second.size()}});
  }
  nullvm_instance_set_environment(instance_, {environment.data(), environment.size()});
  nullvm_result_t outcome;
  {
    const SaveRestoreContext saved(wasm->vm_context());
    outcome = nullvm_instance_start(instance_);
  }
  if (outcome != NULLVM_RESULT_OK) {
    ReportTrap(kCallbacks[NULLVM_CALLBACK_INITIALIZE]);
  }
}

// Asked once per instance: each question makes strings and costs some 50 ns.
void Guest::Restrict(WasmBase *wasm) {
  // Everything is allowed when nothing is named; no function has this name.
  if (wasm->capabilityAllowed("nullvm.unrestricted")) {
    return;
  }
  std::vector<nullvm_bytes_t> allowed;
  for (const std::string_view name : kCapabilities) {
    if (wasm->capabilityAllowed(std::string(name))) {
      allowed.push_back({reinterpret_cast<const uint8_t *>(name.data()), name.size()});
    }
  }
  nullvm_instance_allow_capabilities(instance_, allowed.data(), allowed.size());
}

// Once per VM: a trap in the allocator has been reported when the call that needed it returns. RuntimeError is what makes
// the host drop the worker's VM, and what Envoy reloads after.
void Guest::ReportTrap(const Callback &callback) {
  if (vm_->isFailed()) {
    return;
  }
  size_t size = 0;
  std::string text;
  if (nullvm_instance_trap_message(instance_, nullptr, 0, &size) == NULLVM_RESULT_OK && size > 0) {
    text.resize(size + 1);
    nullvm_instance_trap_message(instance_, &text[0], text.size(), &size);
    text.resize(size);
  } else {
    text = "Function: " + std::string(callback.name) + " failed: the plugin cannot be entered";
  }
  vm_->fail(FailState::RuntimeError, text);
}

uint64_t Guest::MemorySize() const {
  uint64_t size = 0;
  if (instance_ != nullptr) {
    nullvm_instance_memory_size(instance_, &size);
  }
  return size;
}

uint8_t *Guest::Span(uint64_t address, uint64_t size) {
  const auto within = [&](uint64_t start, uint64_t length) {
    return address >= start && size <= length && address - start <= length - size;
  };
  if (within(0, MemorySize())) {
    return base_ + address;
  }
  if (room_ != nullptr && within(kLentRoom, room_size_)) {
    return room_ + (address - kLentRoom);
  }
  if (within(kLentWords, sizeof words_)) {
    return reinterpret_cast<uint8_t *>(words_) + (address - kLentWords);
  }
  return nullptr;
}

}  // namespace nullvm
