// For Envoy's build only: needs Envoy's headers. Makes the engine available as `runtime: envoy.wasm.runtime.nullvm`, and
// gives plugins Envoy's `envoy_resolve_dns`.
#include <string>

#include "envoy/registry/registry.h"
#include "nullvm_engine.h"
#include "nullvm_guest.h"
#include "source/extensions/common/wasm/wasm_runtime_factory.h"

namespace Envoy {
namespace Extensions {
namespace Common {
namespace Wasm {

// Of Envoy's Wasm library; no header declares it. The engine gets it by registerCallback, the Null VM does not.
proxy_wasm::Word resolve_dns(proxy_wasm::Word address, proxy_wasm::Word address_size, proxy_wasm::Word token);

class NullvmRuntimeFactory : public WasmRuntimeFactory {
 public:
  WasmVmPtr createWasmVm() override { return nullvm::CreateEngine(); }
  std::string name() const override { return "envoy.wasm.runtime.nullvm"; }
};

REGISTER_FACTORY(NullvmRuntimeFactory, WasmRuntimeFactory);

namespace {
const bool resolve_dns_given = [] {
  nullvm::Guest::default_resolve_dns = resolve_dns;
  return true;
}();
}  // namespace

}  // namespace Wasm
}  // namespace Common
}  // namespace Extensions
}  // namespace Envoy
