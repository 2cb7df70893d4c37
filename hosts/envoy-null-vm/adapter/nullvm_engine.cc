#include "nullvm_engine.h"

#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "nullvm_guest.h"

namespace nullvm {
namespace {

using proxy_wasm::Cloneable;
using proxy_wasm::ConvertFunctionTypeWordToUint32;
using proxy_wasm::FailState;
using proxy_wasm::WasmVm;
using proxy_wasm::Word;

class Engine : public WasmVm {
 public:
  Engine() = default;
  explicit Engine(std::shared_ptr<const nullvm_plugin_t> plugin) : plugin_(std::move(plugin)) {}
  ~Engine() override { nullvm_interrupt_handle_free(interrupt_); }

  std::string_view getEngineName() override { return "nullvm"; }

  // Clones share the code. The host links and starts each of them.
  Cloneable cloneable() override { return Cloneable::CompiledBytecode; }

  std::unique_ptr<WasmVm> clone() override {
    auto copy = std::make_unique<Engine>(plugin_);
    if (integration()) {
      auto *integration_copy = integration()->clone();
      if (integration_copy == nullptr) {
        return nullptr;
      }
      copy->integration().reset(integration_copy);
    }
    return copy;
  }

  std::string_view getPrecompiledSectionName() override {
    // Hosts ask for it only if precompiled code is allowed.
    precompiled_allowed_ = true;
    return PrecompiledSectionName();
  }

  bool load(std::string_view, std::string_view precompiled, const std::unordered_map<uint32_t, std::string> &) override {
    if (!precompiled_allowed_) {
      return Refuse(
          "this engine runs native code that comes with the module and compiles none; set allow_precompiled to true, or "
          "use another runtime");
    }
    if (PrecompiledSectionName().empty()) {
      return Refuse("there is no runtime for this platform");
    }
    if (precompiled.empty()) {
      return Refuse("the module has no section " + std::string(PrecompiledSectionName()) +
                    ": add the code for this platform with nullvmc, or use another runtime");
    }
    const nullvm_plugin_t *plugin = nullptr;
    char message[512] = "";
    if (nullvm_plugin_load_section(reinterpret_cast<const uint8_t *>(precompiled.data()), precompiled.size(), &plugin,
                                   message, sizeof message) != NULLVM_RESULT_OK) {
      return Refuse("the code in section " + std::string(PrecompiledSectionName()) + " does not fit: " + message);
    }
    plugin_ = std::shared_ptr<const nullvm_plugin_t>(plugin, nullvm_plugin_free);
    return true;
  }

  // There is nothing that could be compiled and kept.
  std::optional<std::string> serialize(std::string_view) override { return std::nullopt; }

  bool link(std::string_view) override {
    if (plugin_ == nullptr) {
      return Refuse("nothing was loaded");
    }
    guest_.set_vm(this);
    std::string error;
    if (!guest_.Create(plugin_.get(), &error)) {
      return Refuse("cannot make an instance: " + error);
    }
    guest_.MakeInterruptHandle(&interrupt_);
    return true;
  }

  uint64_t getMemorySize() override { return guest_.MemorySize(); }

  std::optional<std::string_view> getMemory(uint64_t pointer, uint64_t size) override {
    const uint8_t *data = guest_.Span(pointer, size);
    if (data == nullptr) {
      return std::nullopt;
    }
    return std::string_view(reinterpret_cast<const char *>(data), size);
  }

  bool setMemory(uint64_t pointer, uint64_t size, const void *data) override {
    uint8_t *to = guest_.Span(pointer, size);
    if (to == nullptr) {
      return false;
    }
    if (size > 0) {
      std::memcpy(to, data, size);
    }
    return true;
  }

  // Words are 32 bits, little-endian, as the processors are that there is a runtime for.
  bool getWord(uint64_t pointer, Word *data) override {
    uint32_t value = 0;
    const uint8_t *from = guest_.Span(pointer, sizeof value);
    if (from == nullptr) {
      return false;
    }
    std::memcpy(&value, from, sizeof value);
    data->u64_ = value;
    return true;
  }

  bool setWord(uint64_t pointer, Word data) override {
    const uint32_t value = data.u32();
    return setMemory(pointer, sizeof value, &value);
  }

  size_t getWordSize() override { return sizeof(uint32_t); }
  bool usesWasmByteOrder() override { return true; }

  void terminate() override {
    if (interrupt_ != nullptr) {
      nullvm_instance_interrupt(interrupt_);
    }
  }

#define NULLVM_GET_FUNCTION(_type) \
  void getFunction(std::string_view name, _type *function) override { guest_.Bind(name, function); }
  FOR_ALL_WASM_VM_EXPORTS(NULLVM_GET_FUNCTION)
#undef NULLVM_GET_FUNCTION

  // Imports are bound when the plugin is compiled, and served by the shim on the context's own functions, capabilities
  // included. Only what an embedder adds to them is taken from here.
#define NULLVM_REGISTER_CALLBACK(_type)                                                   \
  void registerCallback(std::string_view module, std::string_view name, _type function,   \
                        typename ConvertFunctionTypeWordToUint32<_type>::type) override { \
    Register(module, name, function);                                                     \
  }
  FOR_ALL_WASM_VM_IMPORTS(NULLVM_REGISTER_CALLBACK)
#undef NULLVM_REGISTER_CALLBACK

 private:
  template <class Function>
  void Register(std::string_view module, std::string_view name, Function function) {
    if constexpr (std::is_same<Function, Guest::ResolveDns>::value) {
      if (module == "env" && name == "envoy_resolve_dns") {
        guest_.set_resolve_dns(function);
      }
    } else {
      static_cast<void>(module);
      static_cast<void>(name);
      static_cast<void>(function);
    }
  }

  bool Refuse(const std::string &reason) {
    fail(FailState::UnableToInitializeCode, "Failed to load the module into nullvm: " + reason);
    return false;
  }

  std::shared_ptr<const nullvm_plugin_t> plugin_;
  // After the plugin: ends before it.
  Guest guest_{Addresses::kLinear};
  nullvm_interrupt_handle_t *interrupt_ = nullptr;
  bool precompiled_allowed_ = false;
};

}  // namespace

std::unique_ptr<WasmVm> CreateEngine() { return std::make_unique<Engine>(); }

std::string_view PrecompiledSectionName() {
#if defined(__linux__) && defined(__GLIBC__) && defined(__x86_64__)
  return NULLVM_SECTION_PREFIX "x86_64-unknown-linux-gnu";
#elif defined(__linux__) && defined(__GLIBC__) && defined(__aarch64__)
  return NULLVM_SECTION_PREFIX "aarch64-unknown-linux-gnu";
#else
  return {};
#endif
}

}  // namespace nullvm
