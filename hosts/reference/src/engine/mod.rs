//! Engines: what runs a plugin's code, behind one trait.
//!
//! An engine knows nothing of streams or contexts. It binds every row of [`plugin_abi::HOST_FUNCTIONS`] to the shim's own
//! implementation (through [`nullvm_shim::guest::Guest`] where it is not compiled code), which asks the host through the
//! one table of [`crate::host_table`].

#[cfg(feature = "native")]
mod native;
mod wasmi;
#[cfg(feature = "wasmtime")]
mod wasmtime;

#[cfg(feature = "native")]
pub use native::loaded;

use crate::config::{EngineKind, GuestLimits};
use core::ffi::c_void;
use nullvm_shim::dispatch::dispatch;
use nullvm_shim::guest::{FunctionSet, Guest, GuestState, HostError, Phase};
use nullvm_shim::host::HostTable;
use plugin_abi::{
    AbiVersion, CALLBACKS, CallbackId, HostFunction, HostFunctionId, TrapCode, ValType,
    host_function_by_import,
};
use std::fmt;
use std::sync::Arc;

/// Why a guest stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// The kind, where the engine tells it.
    pub code: Option<TrapCode>,
    /// In words.
    pub message: String,
    /// Function names, innermost first; empty where the engine has none.
    pub backtrace: Vec<String>,
}

impl Trap {
    /// A trap of a kind, without a backtrace.
    pub fn new(code: TrapCode) -> Self {
        Self { code: Some(code), message: code.message().to_owned(), backtrace: Vec::new() }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.backtrace.is_empty() {
            write!(f, "\nProxy-Wasm plugin in-VM backtrace:")?;
            for (i, frame) in self.backtrace.iter().enumerate() {
                write!(f, "\n  {i}: {frame}")?;
            }
        }
        Ok(())
    }
}

/// Why a module cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// This build does not hold the engine.
    #[error("engine {0} is not part of this build")]
    NotBuilt(EngineKind),
    /// The module is refused; why, in one line or one per import.
    #[error("{0}")]
    Module(String),
    /// An instance could not be made.
    #[error("cannot create an instance: {0}")]
    Instance(String),
    /// The guest trapped while it initialised itself.
    #[error("initialisation failed: {0}")]
    Start(Trap),
}

/// What can be chosen when a module is loaded.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadOptions {
    /// Whether instances will have a deadline: native code must look for it.
    pub interruptible: bool,
    /// Turns imports that no host offers into traps.
    pub stub_unknown_imports: bool,
    /// Native code compares addresses with the memory's size instead of relying on guard pages.
    pub explicit_bounds: bool,
    /// Native code compares and calls instead of trapping in hardware.
    pub call_traps: bool,
}

/// A loaded plugin, shared by all workers.
pub trait Module: Send + Sync {
    /// The ABI version that it declares.
    fn abi(&self) -> AbiVersion;

    /// Makes an instance, without running `_initialize` or `_start`.
    fn instantiate(&self, setup: &Setup<'_>) -> Result<Box<dyn Instance>, EngineError>;
}

/// What an instance is made with.
pub struct Setup<'a> {
    /// The host's functions.
    pub table: &'static HostTable,
    /// Their first argument; outlives the instance.
    pub host: *mut c_void,
    /// See [`GuestLimits`].
    pub limits: &'a GuestLimits,
    /// Host functions that the guest may call.
    pub capabilities: FunctionSet,
    /// `KEY=VALUE` each.
    pub environment: &'a [Vec<u8>],
}

impl Setup<'_> {
    /// The state of a guest that is about to be instantiated, for engines that keep it themselves.
    fn guest_state(&self, abi: AbiVersion) -> GuestState {
        let mut state = GuestState::new(abi);
        state.restrict(self.capabilities);
        state.environment = self.environment.to_vec();
        state.enter(Phase::Init);
        state
    }
}

/// What a host function makes the guest trap with, as an error of the engine's.
#[derive(Debug)]
struct HostTrap(TrapCode);

impl fmt::Display for HostTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl std::error::Error for HostTrap {}

/// Parameters of a host function at most, and more.
const MOST_PARAMS: usize = 16;

/// Answers a host call: the status for the guest, or its trap. `args` are integers, zero-extended.
fn answer<G: Guest>(
    guest: &mut G,
    id: HostFunctionId,
    args: impl Iterator<Item = u64>,
) -> Result<i32, HostTrap> {
    let (mut values, mut count) = ([0; MOST_PARAMS], 0);
    for (value, arg) in values.iter_mut().zip(args) {
        *value = arg;
        count += 1;
    }
    match dispatch(guest, id, &values[..count]) {
        Ok(status) => Ok(status as i32),
        Err(HostError::Status(status)) => Ok(status as i32),
        Err(HostError::Trap(code)) => Err(HostTrap(code)),
    }
}

/// A running plugin. After a trap it is of no more use.
pub trait Instance {
    /// Whether the plugin exports a callback.
    fn exports(&self, id: CallbackId) -> bool;

    /// Runs `_initialize` (then `main`) or `_start`, as the module has them.
    fn start(&mut self) -> Result<(), Trap>;

    /// Calls a callback that is exported with as many arguments as it takes. 0 where it returns nothing.
    fn call(&mut self, id: CallbackId, args: &[u32]) -> Result<u32, Trap>;

    /// A copy of the linear memory.
    fn memory(&mut self) -> Vec<u8>;
}

/// Loads a module: compiles it, or has the engine do so.
pub fn load(
    kind: EngineKind,
    name: &str,
    wasm: &[u8],
    options: LoadOptions,
) -> Result<Arc<dyn Module>, EngineError> {
    match kind {
        #[cfg(feature = "native")]
        EngineKind::Native => native::load(name, wasm, options),
        #[cfg(not(feature = "native"))]
        EngineKind::Native => {
            let _ = name;
            Err(EngineError::NotBuilt(kind))
        }
        #[cfg(feature = "wasmtime")]
        EngineKind::Wasmtime => wasmtime::load(wasm, options),
        #[cfg(not(feature = "wasmtime"))]
        EngineKind::Wasmtime => Err(EngineError::NotBuilt(kind)),
        EngineKind::Wasmi => wasmi::load(wasm, options),
    }
}

/// Runs what a module has for its initialisation, in the order of hosts: `_initialize`, then `main` or `__main_void`;
/// without `_initialize`, `_start`.
fn start_order(exports: impl Fn(CallbackId) -> bool) -> Vec<(CallbackId, &'static [u32])> {
    let mut order: Vec<(CallbackId, &'static [u32])> = Vec::new();
    if exports(CallbackId::Initialize) {
        order.push((CallbackId::Initialize, &[]));
        if exports(CallbackId::Main) {
            order.push((CallbackId::Main, &[0, 0]));
        } else if exports(CallbackId::MainVoid) {
            order.push((CallbackId::MainVoid, &[]));
        }
    } else if exports(CallbackId::Start) {
        order.push((CallbackId::Start, &[]));
    }
    order
}

/// An import or export of a function as an engine shows it.
struct Signature {
    params: Vec<Option<ValType>>,
    results: Vec<Option<ValType>>,
}

impl Signature {
    fn is(&self, params: &[ValType], results: &[ValType]) -> bool {
        let same = |mine: &[Option<ValType>], theirs: &[ValType]| {
            mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(m, t)| *m == Some(*t))
        };
        same(&self.params, params) && same(&self.results, results)
    }
}

/// The ABI version that a module declares by its exports.
fn abi_of(exports: &dyn Fn(&str) -> bool) -> Result<AbiVersion, EngineError> {
    let mut declared = AbiVersion::ALL.into_iter().filter(|abi| exports(abi.export_name()));
    let abi = declared.next().ok_or_else(|| {
        EngineError::Module(
            "not a Proxy-Wasm plugin: no export proxy_abi_version_0_1_0, _0_2_0, _0_2_1 or _0_2_100"
                .to_owned(),
        )
    })?;
    if !exports("malloc") && !exports("proxy_on_memory_allocate") {
        return Err(EngineError::Module(
            "no allocator: neither malloc nor proxy_on_memory_allocate is exported".to_owned(),
        ));
    }
    Ok(abi)
}

/// Module and name of an import, and what it is bound to.
type Binding = (String, String, Option<&'static HostFunction>);

/// What an import is bound to: a row of the table, or nothing (a trap) where that was asked for. Problems are listed all
/// at once.
fn bind_imports(
    abi: AbiVersion,
    imports: impl Iterator<Item = (String, String, Option<Signature>)>,
    options: LoadOptions,
) -> Result<Vec<Binding>, EngineError> {
    let (mut bound, mut problems) = (Vec::new(), Vec::new());
    for (module, name, signature) in imports {
        let Some(signature) = signature else {
            problems.push(format!("{module}.{name}: only functions can be imported"));
            continue;
        };
        let row = host_function_by_import(&module, &name);
        match row {
            Some(row) if signature.is(row.params, row.result.as_slice()) => {
                if row.abis.contains(abi) || options.stub_unknown_imports {
                    let row = row.abis.contains(abi).then_some(row);
                    bound.push((module, name, row));
                } else {
                    problems.push(format!("{module}.{name}: not part of ABI {}", abi.as_str()));
                }
            }
            Some(_) => problems.push(format!("{module}.{name}: another signature than the ABI's")),
            None if options.stub_unknown_imports => bound.push((module, name, None)),
            None => problems.push(format!("{module}.{name}: no host offers it")),
        }
    }
    if problems.is_empty() {
        return Ok(bound);
    }
    Err(EngineError::Module(format!("imports that cannot be bound:\n  {}", problems.join("\n  "))))
}

/// Checks that an exported callback has the signature that hosts call.
fn check_callback(id: CallbackId, abi: AbiVersion, signature: &Signature) -> Result<(), EngineError> {
    let callback = &CALLBACKS[id as usize];
    if signature.is(callback.params_for(abi), callback.results()) {
        return Ok(());
    }
    Err(EngineError::Module(format!("bad signature of export \"{}\"", callback.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOCATOR: &str = "(func (export \"malloc\") (param i32) (result i32) i32.const 0)";

    fn load_wat(text: &str, stub_unknown_imports: bool) -> Result<(), String> {
        let wasm = wat::parse_str(text).unwrap();
        let options = LoadOptions { stub_unknown_imports, ..LoadOptions::default() };
        load(EngineKind::Wasmi, "test", &wasm, options).map(|_| ()).map_err(|e| e.to_string())
    }

    #[test]
    fn refusals_say_why() {
        let version = "(func (export \"proxy_abi_version_0_2_1\"))";
        assert!(load_wat("(module)", false).unwrap_err().contains("not a Proxy-Wasm plugin"));
        assert!(load_wat(&format!("(module {version})"), false).unwrap_err().contains("no allocator"));
        let imports = "(import \"env\" \"proxy_log\" (func (param i32)))\
                       (import \"env\" \"proxy_get_configuration\" (func (param i32 i32) (result i32)))\
                       (import \"env\" \"nonsense\" (func))";
        let error = load_wat(&format!("(module {imports} {version} {ALLOCATOR})"), false).unwrap_err();
        assert!(error.contains("proxy_log: another signature"), "{error}");
        assert!(error.contains("proxy_get_configuration: not part of ABI 0.2.1"), "{error}");
        assert!(error.contains("nonsense: no host offers it"), "{error}");
        let unknown = format!("(module (import \"env\" \"nonsense\" (func)) {version} {ALLOCATOR})");
        assert!(load_wat(&unknown, true).is_ok());
        let signature = format!("(module {version} {ALLOCATOR} (func (export \"proxy_on_tick\")))");
        assert!(
            load_wat(&signature, false).unwrap_err().contains("bad signature of export \"proxy_on_tick\"")
        );
        assert!(
            load_wat(&format!("(module {version} {ALLOCATOR} (memory (export \"memory\") 1))"), false)
                .is_ok()
        );
    }
}
