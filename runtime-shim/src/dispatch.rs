//! A host function by its number, behind the check of capabilities and phases.
//!
//! Interpreting engines call [`dispatch`]; the entries of compiled code call [`check`] and the typed function themselves.

use crate::guest::{FunctionSet, Guest, HostError};
use crate::host::{Bytes, Status};
use crate::hostcalls::{self, entry};
use crate::wasi::{self, Errno};
use plugin_abi::{HOST_FUNCTIONS, HostFunctionId, ImportModule, TrapCode};

/// Why a guest may not call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The operator does not allow it: the guest gets [`Status::InternalFailure`].
    ProxyCapability,
    /// The operator does not allow it: the guest gets [`Errno::NotCapable`].
    WasiCapability,
    /// This phase of the plugin's life does not allow it: the guest traps.
    Phase,
}

impl Refusal {
    /// What the refused call answers.
    pub const fn answer(self) -> Result<u32, HostError> {
        match self {
            Self::ProxyCapability => Err(HostError::Status(Status::InternalFailure)),
            Self::WasiCapability => Ok(Errno::NotCapable as u32),
            Self::Phase => Err(HostError::Trap(TrapCode::RestrictedCallback)),
        }
    }
}

/// Whether the guest may call a function now. A missing capability is reported to the host.
#[inline]
pub fn check<G: Guest>(guest: &mut G, id: HostFunctionId) -> Result<(), Refusal> {
    if guest.state().may_call(id) {
        return Ok(());
    }
    refuse(guest, id)
}

/// The phase speaks first, as in V8's callbacks, which trap before a capability's stub is reached.
#[cold]
fn refuse<G: Guest>(guest: &mut G, id: HostFunctionId) -> Result<(), Refusal> {
    if !FunctionSet::allowed_in(guest.state().phase).contains(id) {
        return Err(Refusal::Phase);
    }
    // Parts of the C library rather than capabilities: hosts give them whatever is allowed.
    if matches!(id, HostFunctionId::emscripten_notify_memory_growth | HostFunctionId::pthread_equal) {
        return Ok(());
    }
    let (table, host) = guest.host();
    if let Some(report) = entry!(table, capability_error) {
        // SAFETY: the function belongs to this host pointer; the message is constant.
        unsafe { report(host, Bytes::new(restricted(id).as_bytes())) };
    }
    Err(match HOST_FUNCTIONS[id as usize].module {
        ImportModule::Env => Refusal::ProxyCapability,
        ImportModule::Wasi => Refusal::WasiCapability,
    })
}

macro_rules! functions {
    ($($module:ident $name:ident $symbol:ident ($($param:ident: $ty:ident),*) -> $result:tt $abis:ident $phases:ident;)*) => {
        /// Calls a function if [`check`] allows it. Arguments are the bits of the WebAssembly values; missing ones
        /// count as 0. What a function without a result answers means nothing.
        ///
        /// # Errors
        /// The status other than [`Status::Ok`] that a Proxy-Wasm function answers, or a trap. WASI functions answer
        /// errnos, as `Ok`.
        pub fn dispatch<G: Guest>(guest: &mut G, id: HostFunctionId, args: &[u64]) -> Result<u32, HostError> {
            if let Err(refusal) = check(guest, id) {
                return refusal.answer();
            }
            let mut args = args.iter().copied();
            match id {$(
                HostFunctionId::$name => {
                    $(let $param = functions!(@value $ty args.next().unwrap_or(0));)*
                    functions!(@function $module $name)(guest $(, $param)*)
                }
            )*}
        }

        /// What the host's log says of a missing capability.
        const fn restricted(id: HostFunctionId) -> &'static str {
            match id {$(HostFunctionId::$name => functions!(@restricted $module $name),)*}
        }
    };
    (@value i32 $bits:expr) => { $bits as u32 };
    (@value i64 $bits:expr) => { $bits };
    (@function Env $name:ident) => { hostcalls::$name };
    (@function Wasi $name:ident) => { wasi::$name };
    (@restricted Env $name:ident) => {
        concat!("Attempted call to restricted proxy-wasm capability: ", stringify!($name))
    };
    (@restricted Wasi $name:ident) => { concat!("Attempted call to restricted WASI capability: ", stringify!($name)) };
}

plugin_abi::for_each_host_function!(functions);
