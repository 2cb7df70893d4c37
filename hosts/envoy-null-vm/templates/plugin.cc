// Registers the compiled plugin @NAME@ with the Null VM. Written by nullvmc.
#include "nullvm_plugin.h"

extern "C" {
NULLVM_DECLARE_PLUGIN(@NAME@);
}

namespace {
// The part after the @ tells this build from others: the host takes two Null VMs of one name for the same.
const nullvm::RegisterPlugin registered("@REGISTERED@", &nullvm_plugin_@NAME@);
}  // namespace
