//! The native engine: code compiled by `nullvm-compiler`, run by the shim as an image in memory.

use super::{EngineError, Instance, LoadOptions, Module, Setup, Trap};
use nullvm_compiler::{Bounds, Options, Traps, compile, emit};
use nullvm_shim::{CallError, Image, Limits, Plugin};
use plugin_abi::{AbiVersion, CallbackId};
use std::sync::Arc;

struct NativeModule(Arc<Plugin>);

pub(super) fn load(name: &str, wasm: &[u8], options: LoadOptions) -> Result<Arc<dyn Module>, EngineError> {
    let module_error = |e: &dyn std::fmt::Display| EngineError::Module(e.to_string());
    let options = Options {
        name: symbol_name(name),
        // The code runs where it is compiled and is not kept.
        cpu: Some("native".to_owned()),
        interruptible: options.interruptible,
        stub_unknown_imports: options.stub_unknown_imports,
        bounds: if options.explicit_bounds { Bounds::Explicit } else { Bounds::Guard },
        traps: if options.call_traps { Traps::Call } else { Traps::Signal },
        ..Options::default()
    };
    let compiled = compile(wasm, &options).map_err(|e| module_error(&e))?;
    let image = emit::image(&compiled).map_err(|e| module_error(&e))?;
    let image = Image::map(&image).map_err(|e| module_error(&e))?;
    Ok(loaded(Plugin::from_image(image).map_err(|e| module_error(&e))?))
}

/// A module whose code is loaded already, from a bundle or a cache.
pub fn loaded(plugin: Arc<Plugin>) -> Arc<dyn Module> {
    Arc::new(NativeModule(plugin))
}

/// A name that the compiler takes, letters, digits and underscores, and that is none of the runtime's own.
fn symbol_name(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    "served_".chars().chain(letters).collect()
}

impl Module for NativeModule {
    fn abi(&self) -> AbiVersion {
        self.0.abi()
    }

    fn instantiate(&self, setup: &Setup<'_>) -> Result<Box<dyn Instance>, EngineError> {
        let limits = Limits {
            max_memory_bytes: setup.limits.memory,
            stack_size: usize::try_from(setup.limits.stack).unwrap_or(usize::MAX),
            deadline_ms: setup.limits.deadline_ms.map_or(0, |ms| u32::try_from(ms).unwrap_or(u32::MAX)),
            ..Limits::default()
        };
        let mut instance = nullvm_shim::Instance::new(&self.0, setup.table, setup.host, &limits)
            .map_err(|e| EngineError::Instance(e.to_string()))?;
        instance.state().restrict(setup.capabilities);
        instance.state().environment = setup.environment.to_vec();
        Ok(Box::new(NativeInstance(instance)))
    }
}

struct NativeInstance(Box<nullvm_shim::Instance>);

impl NativeInstance {
    /// What a call came to. A trap inside the guest's allocator lets the call go on, and counts at its end.
    fn outcome(&self, result: Result<u32, CallError>) -> Result<u32, Trap> {
        match result {
            Ok(value) if !self.0.failed() => Ok(value),
            Ok(_) | Err(CallError::Trap(_)) => Err(self.trap()),
            Err(error) => Err(Trap { code: None, message: error.to_string(), backtrace: Vec::new() }),
        }
    }

    fn trap(&self) -> Trap {
        let Some(trap) = self.0.last_trap() else {
            return Trap { code: None, message: "unknown trap".to_owned(), backtrace: Vec::new() };
        };
        let meta = self.0.plugin().meta();
        let name = |function: Option<u32>| match function {
            Some(index) => match meta.function_name(index) {
                "" => format!("func[{index}]"),
                name => name.to_owned(),
            },
            None => "adapter".to_owned(),
        };
        Trap { backtrace: trap.frames(meta).map(|f| name(f.function)).collect(), ..Trap::new(trap.code) }
    }
}

impl Instance for NativeInstance {
    fn exports(&self, id: CallbackId) -> bool {
        self.0.exports(id)
    }

    fn start(&mut self) -> Result<(), Trap> {
        let result = self.0.start();
        self.outcome(result.map(|()| 0)).map(|_| ())
    }

    #[inline]
    fn call(&mut self, id: CallbackId, args: &[u32]) -> Result<u32, Trap> {
        let result = self.0.call(id, args);
        self.outcome(result)
    }

    fn memory(&mut self) -> Vec<u8> {
        let memory = self.0.memory();
        let size = memory.size() as usize;
        let mut copy = Vec::with_capacity(size);
        if let Ok(at) = memory.room(0, 0) {
            // SAFETY: the whole memory is readable; the guest does not run meanwhile.
            copy.extend_from_slice(unsafe { std::slice::from_raw_parts(at, size) });
        }
        copy
    }
}
