// The second face: a WasmVm of proxy-wasm-cpp-host that takes an unmodified .wasm file and runs the native image in its
// section. It carries no compiler: without an image that fits, loading fails and says why.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "include/proxy-wasm/wasm_vm.h"

namespace nullvm {

// The engine, for hosts that make VMs by a factory. Its name is "nullvm".
std::unique_ptr<proxy_wasm::WasmVm> CreateEngine();

// The section that this build of the engine runs: precompiled_nullvm_v1_x86_64-unknown-linux-gnu. Empty where there is no
// runtime.
std::string_view PrecompiledSectionName();

}  // namespace nullvm
