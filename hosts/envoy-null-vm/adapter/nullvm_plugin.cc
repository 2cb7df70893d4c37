#include "nullvm_plugin.h"

#include <memory>
#include <mutex>
#include <string>

#include "include/proxy-wasm/null_vm_plugin.h"
#include "nullvm_guest.h"

namespace nullvm {
namespace {

// A plugin of the program, loaded when the first VM wants it. Workers make VMs at the same time. Lives as long as the
// process, like its code.
class Linked {
 public:
  explicit Linked(const nullvm_plugin_descriptor_t *descriptor) : descriptor_(descriptor) {}

  // Null when it cannot be loaded: `error` says why.
  const nullvm_plugin_t *Load(std::string *error) {
    std::call_once(once_, [this] {
      char message[512] = "";
      if (nullvm_plugin_load(descriptor_, &plugin_, message, sizeof message) != NULLVM_RESULT_OK) {
        plugin_ = nullptr;
        error_ = message;
      }
    });
    *error = error_;
    return plugin_;
  }

 private:
  const nullvm_plugin_descriptor_t *const descriptor_;
  std::once_flag once_;
  const nullvm_plugin_t *plugin_ = nullptr;
  std::string error_;
};

class CompiledPlugin : public proxy_wasm::NullVmPlugin {
 public:
  explicit CompiledPlugin(Linked *linked) : guest_(Addresses::kNative) {
    if (const nullvm_plugin_t *plugin = linked->Load(&error_)) {
      guest_.Create(plugin, &error_);
    }
  }

  // The list of types is the host's, whatever its version.
#define NULLVM_GET_FUNCTION(_type) \
  void getFunction(std::string_view name, _type *function) override { Bind(name, function); }
  FOR_ALL_WASM_VM_EXPORTS(NULLVM_GET_FUNCTION)
#undef NULLVM_GET_FUNCTION

 private:
  template <class Function>
  void Bind(std::string_view name, Function *function) {
    guest_.set_vm(wasm_vm_);
    guest_.Bind(name, function);
    if (!guest_.created() && !wasm_vm_->isFailed()) {
      // A factory has no way to say so.
      wasm_vm_->fail(proxy_wasm::FailState::UnableToInitializeCode, "Failed to load the compiled plugin: " + error_);
    }
  }

  Guest guest_;
  std::string error_;
};

}  // namespace

RegisterPlugin::RegisterPlugin(std::string_view name, const nullvm_plugin_descriptor_t *descriptor) {
  auto *linked = new Linked(descriptor);
  const proxy_wasm::RegisterNullVmPluginFactory registered(
      name, [linked]() -> std::unique_ptr<proxy_wasm::NullVmPlugin> { return std::make_unique<CompiledPlugin>(linked); });
  static_cast<void>(registered);
}

}  // namespace nullvm
