//! The JIT engine, as the product to compare with.
//!
//! A deadline is kept by epochs: a thread counts milliseconds while an engine with deadlines lives.

use super::{
    EngineError, HostTrap, Instance, LoadOptions, Module, Setup, Signature, Trap, abi_of, answer,
    bind_imports, check_callback, start_order,
};
use core::ffi::c_void;
use nullvm_shim::guest::{Guest, GuestMemory, GuestState, Phase};
use nullvm_shim::host::HostTable;
use plugin_abi::{AbiVersion, CALLBACKS, CallbackId, HostFunctionId, TrapCode, ValType};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{
    AsContextMut, Caller, Config, Engine, ExternType, Func, FuncType, Linker, Memory, Store, Val,
};
use wasmtime::{StoreLimits, StoreLimitsBuilder, WasmBacktrace};

/// What a store carries.
struct Data {
    state: GuestState,
    table: &'static HostTable,
    host: *mut c_void,
    memory: Option<Memory>,
    allocator: Option<Func>,
    /// A trap inside the allocator, which ends the outer call once it comes back.
    failed: Option<Trap>,
    limits: StoreLimits,
}

// SAFETY: a store is used on one thread at a time; the host pointer is passed on and never followed here.
unsafe impl Send for Data {}
// SAFETY: as above; no method of a shared `Data` touches the pointer.
unsafe impl Sync for Data {}

fn trap_of(error: &wasmtime::Error) -> Trap {
    use wasmtime::Trap as W;
    let code = match (error.downcast_ref::<HostTrap>(), error.downcast_ref::<W>()) {
        (Some(HostTrap(code)), _) => Some(*code),
        (None, Some(trap)) => match trap {
            W::UnreachableCodeReached => Some(TrapCode::Unreachable),
            W::MemoryOutOfBounds | W::HeapMisaligned => Some(TrapCode::MemoryOutOfBounds),
            W::TableOutOfBounds => Some(TrapCode::TableOutOfBounds),
            W::IndirectCallToNull => Some(TrapCode::IndirectCallToNull),
            W::IntegerDivisionByZero => Some(TrapCode::IntegerDivisionByZero),
            W::IntegerOverflow => Some(TrapCode::IntegerOverflow),
            W::BadConversionToInteger => Some(TrapCode::BadConversionToInteger),
            W::StackOverflow => Some(TrapCode::StackOverflow),
            W::BadSignature => Some(TrapCode::BadSignature),
            W::Interrupt => Some(TrapCode::Interrupt),
            W::NullReference => Some(TrapCode::NullReference),
            _ => None,
        },
        (None, None) => None,
    };
    let name = |f: &wasmtime::FrameInfo| {
        f.func_name().map_or_else(|| format!("func[{}]", f.func_index()), str::to_owned)
    };
    let backtrace: Vec<String> = error
        .downcast_ref::<WasmBacktrace>()
        .map(|b| b.frames().iter().take(20).map(name).collect())
        .unwrap_or_default();
    match code {
        Some(code) => Trap { backtrace, ..Trap::new(code) },
        None => Trap { code, message: error.root_cause().to_string(), backtrace },
    }
}

/// The guest during one of its host calls.
struct WasmtimeGuest<'a, 'b>(&'a mut Caller<'b, Data>);

impl Guest for WasmtimeGuest<'_, '_> {
    fn memory(&mut self) -> GuestMemory {
        // Exports are not yet looked up while the start section runs.
        let memory =
            self.0.data().memory.or_else(|| self.0.get_export("memory").and_then(|e| e.into_memory()));
        let Some(memory) = memory else {
            // SAFETY: no bytes at all.
            return unsafe { GuestMemory::new(core::ptr::NonNull::dangling().as_ptr(), 0) };
        };
        let bytes = memory.data_mut(&mut *self.0);
        // SAFETY: the memory moves only when it grows, which takes the guest to run.
        unsafe { GuestMemory::new(bytes.as_mut_ptr(), bytes.len() as u64) }
    }

    fn allocate(&mut self, size: u32) -> u32 {
        let Some(allocator) = self.0.data().allocator else { return 0 };
        if self.0.data().failed.is_some() {
            return 0;
        }
        let before = self.0.data_mut().state.enter(Phase::Allocator);
        let result = run(&mut *self.0, allocator, &[size], true);
        self.0.data_mut().state.enter(before);
        match result {
            Ok(ptr) => ptr,
            Err(trap) => {
                self.0.data_mut().failed = Some(trap);
                0
            }
        }
    }

    fn host(&self) -> (&HostTable, *mut c_void) {
        let data = self.0.data();
        (data.table, data.host)
    }

    fn state(&mut self) -> &mut GuestState {
        &mut self.0.data_mut().state
    }
}

/// Calls a function without looking at its type again: callbacks were checked when the module was loaded.
fn run(
    mut store: impl AsContextMut<Data = Data>,
    func: Func,
    args: &[u32],
    result: bool,
) -> Result<u32, Trap> {
    let mut values = [wasmtime::ValRaw::i32(0); 8];
    for (value, arg) in values.iter_mut().zip(args) {
        *value = wasmtime::ValRaw::i32(*arg as i32);
    }
    // SAFETY: the function takes as many i32 as `args` has and gives at most one, as `check_callback` saw.
    unsafe { func.call_unchecked(&mut store, &mut values) }.map_err(|e| trap_of(&e))?;
    Ok(if result { values[0].get_u32() } else { 0 })
}

fn value_type(ty: wasmtime::ValType) -> Option<ValType> {
    Some(match ty {
        wasmtime::ValType::I32 => ValType::I32,
        wasmtime::ValType::I64 => ValType::I64,
        wasmtime::ValType::F32 => ValType::F32,
        wasmtime::ValType::F64 => ValType::F64,
        _ => return None,
    })
}

fn signature(ty: &FuncType) -> Signature {
    Signature {
        params: ty.params().map(value_type).collect(),
        results: ty.results().map(value_type).collect(),
    }
}

struct WasmtimeModule {
    module: wasmtime::Module,
    linker: Linker<Data>,
    abi: AbiVersion,
    epochs: bool,
}

pub(super) fn load(wasm: &[u8], options: LoadOptions) -> Result<Arc<dyn Module>, EngineError> {
    let module_error = |e: wasmtime::Error| EngineError::Module(format!("invalid module: {e:#}"));
    let mut config = Config::new();
    config.epoch_interruption(options.interruptible);
    let engine = Engine::new(&config).map_err(module_error)?;
    if options.interruptible {
        let weak = engine.weak();
        std::thread::Builder::new()
            .name("wasmtime-epochs".to_owned())
            .spawn(move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
            .map_err(|e| EngineError::Module(e.to_string()))?;
    }
    let module = wasmtime::Module::new(&engine, wasm).map_err(module_error)?;
    let abi = abi_of(&|name| module.get_export(name).is_some())?;
    let imports = module.imports().map(|import| {
        let signature = import.ty().func().map(signature);
        (import.module().to_owned(), import.name().to_owned(), signature)
    });
    let types: Vec<Option<FuncType>> = module.imports().map(|i| i.ty().func().cloned()).collect();
    let mut linker = Linker::new(&engine);
    linker.allow_shadowing(true);
    for ((module_name, name, row), ty) in bind_imports(abi, imports, options)?.into_iter().zip(types) {
        let ty = ty.expect("bind_imports lets only functions through");
        let defined = match row {
            Some(row) => {
                let id = row.id;
                linker.func_new(&module_name, &name, ty, move |caller, params, results| {
                    host_call(caller, id, params, results)
                })
            }
            None => linker.func_new(&module_name, &name, ty, |_, _, _| {
                Err(wasmtime::Error::new(HostTrap(TrapCode::UnresolvedImport)))
            }),
        };
        defined.map_err(module_error)?;
    }
    for callback in CALLBACKS {
        if let Some(ExternType::Func(ty)) = module.get_export(callback.name) {
            check_callback(callback.id, abi, &signature(&ty))?;
        }
    }
    Ok(Arc::new(WasmtimeModule { module, linker, abi, epochs: options.interruptible }))
}

fn host_call(
    mut caller: Caller<'_, Data>,
    id: HostFunctionId,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), wasmtime::Error> {
    let args = params.iter().map(|value| match value {
        Val::I32(v) => u64::from(*v as u32),
        Val::I64(v) => *v as u64,
        _ => 0,
    });
    let status = answer(&mut WasmtimeGuest(&mut caller), id, args).map_err(wasmtime::Error::new)?;
    if let Some(result) = results.first_mut() {
        *result = Val::I32(status);
    }
    Ok(())
}

impl Module for WasmtimeModule {
    fn abi(&self) -> AbiVersion {
        self.abi
    }

    fn instantiate(&self, setup: &Setup<'_>) -> Result<Box<dyn Instance>, EngineError> {
        let limit = usize::try_from(setup.limits.memory).unwrap_or(usize::MAX);
        let data = Data {
            state: setup.guest_state(self.abi),
            table: setup.table,
            host: setup.host,
            memory: None,
            allocator: None,
            failed: None,
            limits: StoreLimitsBuilder::new().memory_size(limit).build(),
        };
        let mut store = Store::new(self.module.engine(), data);
        store.limiter(|data| &mut data.limits);
        let deadline = setup.limits.deadline_ms.filter(|_| self.epochs);
        if self.epochs {
            store.set_epoch_deadline(deadline.unwrap_or(u64::MAX / 2));
        }
        let instance = self.linker.instantiate(&mut store, &self.module).map_err(|e| match e
            .downcast_ref::<wasmtime::Trap>()
        {
            Some(_) => EngineError::Start(trap_of(&e)),
            None => EngineError::Instance(format!("{e:#}")),
        })?;
        store.data_mut().state.enter(Phase::Callback);
        let callbacks: Vec<Option<Func>> =
            CALLBACKS.iter().map(|c| instance.get_func(&mut store, c.name)).collect();
        let allocator =
            callbacks[CallbackId::Malloc as usize].or(callbacks[CallbackId::OnMemoryAllocate as usize]);
        store.data_mut().allocator = allocator;
        let memory = instance.get_memory(&mut store, "memory");
        store.data_mut().memory = memory;
        Ok(Box::new(WasmtimeInstance { store, callbacks, deadline }))
    }
}

struct WasmtimeInstance {
    store: Store<Data>,
    callbacks: Vec<Option<Func>>,
    deadline: Option<u64>,
}

impl Instance for WasmtimeInstance {
    fn exports(&self, id: CallbackId) -> bool {
        self.callbacks[id as usize].is_some()
    }

    fn start(&mut self) -> Result<(), Trap> {
        let before = self.store.data_mut().state.enter(Phase::Init);
        for (id, args) in start_order(|id| self.exports(id)) {
            self.call(id, args)?;
        }
        self.store.data_mut().state.enter(before);
        Ok(())
    }

    fn call(&mut self, id: CallbackId, args: &[u32]) -> Result<u32, Trap> {
        let func = self.callbacks[id as usize].expect("only exported callbacks are called");
        if let Some(deadline) = self.deadline {
            // One more: the current millisecond is already under way.
            self.store.set_epoch_deadline(deadline + 1);
        }
        let result = run(&mut self.store, func, args, CALLBACKS[id as usize].result);
        match self.store.data_mut().failed.take() {
            Some(trap) => Err(trap),
            None => result,
        }
    }

    fn memory(&mut self) -> Vec<u8> {
        match self.store.data().memory {
            Some(memory) => memory.data(&self.store).to_vec(),
            None => Vec::new(),
        }
    }
}
