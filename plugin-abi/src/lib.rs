//! What compiled code and the runtime shim agree on.
//!
//! `compiler` writes what these types describe, `runtime-shim` reads it, and neither knows the other. The crate
//! holds data and constants only: no logic beyond bounds-checked reading, no allocation, no `std`.
//!
//! Everything here is little-endian and has the same layout on every 64-bit target; a 32-bit or big-endian
//! target would need a new [`ABI_VERSION`].
#![no_std]
#![deny(missing_docs)]

pub mod bundle;
mod callbacks;
pub mod context;
mod host_functions;
mod image;
mod libcalls;
mod meta;
mod trap;

pub use callbacks::{CALLBACKS, Callback, CallbackId, callback_by_name};
pub use host_functions::{
    AbiSet, HOST_FUNCTIONS, HostFunction, HostFunctionId, ImportModule, PhaseSet, ValType,
    host_function_by_import,
};
pub use image::{
    FormatError, IMAGE_MAGIC, IMAGE_PAGE, IMAGE_SHA256_OFFSET, IMAGE_VERSION, ImageHeader, ImageView,
};
pub use libcalls::{LIBCALLS, Libcall, libcall_symbol};
pub use meta::*;
pub use trap::TrapCode;

/// Version of everything in this crate. A plugin's object refers to the symbol [`ABI_SYMBOL`], which only a shim of the
/// same version defines, so that a mismatch fails at link.
pub const ABI_VERSION: u32 = 2;

/// The symbol that ties an object to the shim's [`ABI_VERSION`].
pub const ABI_SYMBOL: &str = "nullvm_abi_2";

/// Prefix of the one global symbol of a plugin, a [`PluginDescriptor`].
pub const PLUGIN_SYMBOL_PREFIX: &str = "nullvm_plugin_";

/// The versions of the Proxy-Wasm ABI that a module can declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum AbiVersion {
    /// No Proxy-Wasm module: compiled without the Proxy-Wasm checks.
    None = 0,
    /// `proxy_abi_version_0_1_0`
    V0_1_0 = 1,
    /// `proxy_abi_version_0_2_0`
    V0_2_0 = 2,
    /// `proxy_abi_version_0_2_1`
    V0_2_1 = 3,
    /// `proxy_abi_version_0_2_100`: Higress's 0.2.1 with Redis calls.
    V0_2_100 = 4,
}

impl AbiVersion {
    /// All versions that a module can declare by an export.
    pub const ALL: [AbiVersion; 4] = [Self::V0_1_0, Self::V0_2_0, Self::V0_2_1, Self::V0_2_100];

    /// The name of the export that declares the version; empty for [`AbiVersion::None`].
    pub const fn export_name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::V0_1_0 => "proxy_abi_version_0_1_0",
            Self::V0_2_0 => "proxy_abi_version_0_2_0",
            Self::V0_2_1 => "proxy_abi_version_0_2_1",
            Self::V0_2_100 => "proxy_abi_version_0_2_100",
        }
    }

    /// The version as people write it, `0.2.1`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::V0_1_0 => "0.1.0",
            Self::V0_2_0 => "0.2.0",
            Self::V0_2_1 => "0.2.1",
            Self::V0_2_100 => "0.2.100",
        }
    }

    /// The version with this number in [`MetaHeader::abi`].
    pub const fn from_u32(n: u32) -> Option<Self> {
        Some(match n {
            0 => Self::None,
            1 => Self::V0_1_0,
            2 => Self::V0_2_0,
            3 => Self::V0_2_1,
            4 => Self::V0_2_100,
            _ => return None,
        })
    }
}

/// What the symbol `nullvm_plugin_<name>` of an object points at. Read-only after relocation.
#[repr(C)]
#[derive(Debug)]
pub struct PluginDescriptor {
    /// Address of [`ABI_SYMBOL`]; only there so that the linker asks for it.
    pub abi: *const u8,
    /// [`ABI_VERSION`] of the compiler.
    pub version: u32,
    /// Size of this structure in bytes.
    pub size: u32,
    /// NUL-terminated name of the plugin, UTF-8.
    pub name: *const core::ffi::c_char,
    /// First byte of the plugin's machine code.
    pub text: *const u8,
    /// Bytes of machine code.
    pub text_len: u64,
    /// First byte of the metadata, a [`MetaHeader`], 16-byte aligned.
    pub meta: *const u8,
    /// Bytes of metadata.
    pub meta_len: u64,
}

// SAFETY: the descriptor is constant data.
unsafe impl Sync for PluginDescriptor {}
// SAFETY: as above.
unsafe impl Send for PluginDescriptor {}
