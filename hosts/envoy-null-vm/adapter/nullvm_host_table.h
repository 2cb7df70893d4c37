// The functions through which the shim asks proxy-wasm-cpp-host: nullvm_host_t over ContextBase.
//
// Header maps, properties, shared data, queues, metrics and calls go to the context's virtual functions. The host's own
// bindings (proxy_wasm::exports) would allocate in the guest through WasmBase::allocMemory, which costs ten times what the
// call itself does; the shim allocates by itself and copies once. What has no memory in it goes through the bindings.
#pragma once

#include "nullvm.h"
#include "nullvm_guest.h"

namespace nullvm {

// The table; the host pointer of its functions is a Guest. Nothing thrown may cross the guest's frames: the functions are
// noexcept, so that an exception of the host ends the process where it was thrown.
const nullvm_host_t &host_table();

}  // namespace nullvm
