// A compiled plugin under the Null VM: `runtime: envoy.wasm.runtime.null` with the registered name as the code.
#pragma once

#include <string_view>

#include "nullvm.h"

namespace nullvm {

// Registers a plugin that is linked in. One static object per plugin; linked with `alwayslink` (`--whole-archive`), since
// nothing refers to it.
struct RegisterPlugin {
  // `name` carries a part of the module's hash: the host tells VMs apart by it (docs/null-vm.md).
  RegisterPlugin(std::string_view name, const nullvm_plugin_descriptor_t *descriptor);
};

}  // namespace nullvm
