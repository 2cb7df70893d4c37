//! The runtime of code compiled by `nullvmc`: instances, traps, interrupts and the Proxy-Wasm host functions.
//!
//! `no_std`, with `alloc` and libc. It trusts nothing that comes from the guest, holds no policy of a proxy
//! (that is the host's, see [`host::HostTable`]) and knows nothing of the compiler beyond `plugin-abi`.
#![no_std]
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]
extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!(
    "the nullvm runtime shim runs on Linux, x86-64 and aarch64: see src/trap/aarch64.rs for what another processor needs"
);

pub mod bundle;
pub mod c_api;
pub mod dispatch;
pub mod guest;
pub mod host;
pub mod hostcalls;
pub mod image;
mod imports;
pub mod instance;
pub mod interrupt;
mod libcalls;
pub mod memory;
mod os;
pub mod plugin;
pub mod table;
pub mod trap;
pub mod wasi;

pub use bundle::BundleError;
pub use image::{HashCheck, Image, ImageError};
pub use imports::symbol;
pub use instance::{CallError, Instance, InstanceError, Limits, Value};
pub use interrupt::InterruptHandle;
pub use plugin::{LoadError, Plugin};
pub use trap::Trap;

/// What a plugin's object refers to so that only a shim of the same [`plugin_abi::ABI_VERSION`] links with it.
#[unsafe(no_mangle)]
pub static nullvm_abi_2: u32 = plugin_abi::ABI_VERSION;
