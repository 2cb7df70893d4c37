//! `nullvm_tables.h`: the callbacks and capabilities of `plugin-abi` for the adapter.

use plugin_abi::bundle::SECTION_PREFIX;
use plugin_abi::{AbiVersion, CALLBACKS, CallbackId, HOST_FUNCTIONS};
use std::fmt::Write as _;

/// The header's text.
pub fn header() -> String {
    let mut text = format!(
        r#"// What a host may call and what a plugin may be allowed to call. Written by nullvmc from the tables that its compiler and its
// runtime use.
#pragma once

#include <cstdint>
#include <string_view>

// The section of a .wasm file with native code; the target's name follows.
#define NULLVM_SECTION_PREFIX "{SECTION_PREFIX}"

namespace nullvm {{

struct Callback {{
  std::string_view name;
  // nullvm_callback_t
  uint32_t id;
  uint32_t params;
  bool result;
  // Takes one parameter less in ABI 0.1.0.
  bool shorter_in_0_1_0;
  // Not looked up in plugins of ABI 0.1.0.
  bool since_0_2_0;
  // Run once, together, before anything else.
  bool part_of_start;
  // The guest's allocator.
  bool allocates;
}};

inline constexpr Callback kCallbacks[] = {{
"#
    );
    for callback in CALLBACKS {
        let shorter = callback.params_for(AbiVersion::V0_1_0).len() < callback.params as usize;
        let start = matches!(
            callback.id,
            CallbackId::Initialize | CallbackId::Start | CallbackId::Main | CallbackId::MainVoid
        );
        let allocates = matches!(callback.id, CallbackId::Malloc | CallbackId::OnMemoryAllocate);
        let _ = writeln!(
            text,
            "    {{\"{}\", {}, {}, {}, {shorter}, {}, {start}, {allocates}}},",
            callback.name,
            callback.id as u32,
            callback.params,
            callback.result,
            !callback.abis.contains(AbiVersion::V0_1_0),
        );
    }
    text.push_str(
        "};\n\ninline const Callback *FindCallback(std::string_view name) {\n  for (const Callback &callback : kCallbacks) {\n    \
         if (callback.name == name) {\n      return &callback;\n    }\n  }\n  return nullptr;\n}\n\n\
         inline constexpr std::string_view kCapabilities[] = {\n",
    );
    for function in HOST_FUNCTIONS {
        let _ = writeln!(text, "    \"{}\",", function.name);
    }
    text.push_str("};\n\n}  // namespace nullvm\n");
    text
}
