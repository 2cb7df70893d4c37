//! The interpreter engine.
//!
//! A deadline is kept by fuel: a call that runs out of it looks at the clock and goes on, or ends.

use super::{
    EngineError, HostTrap, Instance, LoadOptions, Module, Setup, Signature, Trap, abi_of, answer,
    bind_imports, check_callback, start_order,
};
use core::ffi::c_void;
use nullvm_shim::guest::{Guest, GuestMemory, GuestState, Phase};
use nullvm_shim::host::HostTable;
use plugin_abi::{AbiVersion, CALLBACKS, CallbackId, HostFunctionId, TrapCode, ValType};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmi::{
    AsContextMut, Caller, Config, Engine, Extern, ExternType, Func, FuncType, Linker, Memory, Store, Val,
};
use wasmi::{ResumableCall, StoreLimits, StoreLimitsBuilder};

/// Fuel between two looks at the clock: about a millisecond.
const FUEL_SLICE: u64 = 200_000;

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
    /// When the current entry must end; only looked at by modules with fuel.
    deadline: Option<Instant>,
}

impl wasmi::errors::HostError for HostTrap {}

fn trap_of(error: &wasmi::Error) -> Trap {
    use wasmi::TrapCode as W;
    if let Some(HostTrap(code)) = error.downcast_ref() {
        return Trap::new(*code);
    }
    let code = match error.as_trap_code() {
        Some(W::UnreachableCodeReached) => TrapCode::Unreachable,
        Some(W::MemoryOutOfBounds) => TrapCode::MemoryOutOfBounds,
        Some(W::TableOutOfBounds) => TrapCode::TableOutOfBounds,
        Some(W::IndirectCallToNull) => TrapCode::IndirectCallToNull,
        Some(W::IntegerDivisionByZero) => TrapCode::IntegerDivisionByZero,
        Some(W::IntegerOverflow) => TrapCode::IntegerOverflow,
        Some(W::BadConversionToInteger) => TrapCode::BadConversionToInteger,
        Some(W::StackOverflow) => TrapCode::StackOverflow,
        Some(W::BadSignature) => TrapCode::BadSignature,
        Some(W::OutOfFuel) => TrapCode::Interrupt,
        _ => return Trap { code: None, message: error.to_string(), backtrace: Vec::new() },
    };
    Trap::new(code)
}

/// The guest during one of its host calls.
struct WasmiGuest<'a, 'b>(&'a mut Caller<'b, Data>);

impl WasmiGuest<'_, '_> {
    fn linear_memory(&self) -> Option<Memory> {
        // Exports are not yet looked up while the start section runs.
        self.0.data().memory.or_else(|| self.0.get_export("memory").and_then(Extern::into_memory))
    }
}

impl Guest for WasmiGuest<'_, '_> {
    fn memory(&mut self) -> GuestMemory {
        let Some(memory) = self.linear_memory() else {
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

/// Calls a function, looking at the clock whenever its fuel runs out.
fn run(
    mut store: impl AsContextMut<Data = Data>,
    func: Func,
    args: &[u32],
    result: bool,
) -> Result<u32, Trap> {
    let args: [Val; 5] = std::array::from_fn(|i| Val::I32(args.get(i).copied().unwrap_or(0) as i32));
    let count = func.ty(&store).params().len().min(args.len());
    let (args, mut out) = (&args[..count], [Val::I32(0)]);
    let out_len = usize::from(result);
    let Some(deadline) = store.as_context().data().deadline else {
        func.call(&mut store, args, &mut out[..out_len]).map_err(|e| trap_of(&e))?;
        return Ok(out[0].i32().unwrap_or(0) as u32);
    };
    let refuel = |store: &mut dyn FnMut(u64), required: u64| store(FUEL_SLICE.max(required));
    refuel(&mut |n| store.as_context_mut().set_fuel(n).expect("modules with a deadline have fuel"), 0);
    let mut call = func.call_resumable(&mut store, args, &mut out[..out_len]).map_err(|e| trap_of(&e))?;
    loop {
        match call {
            ResumableCall::Finished => return Ok(out[0].i32().unwrap_or(0) as u32),
            ResumableCall::HostTrap(trap) => return Err(trap_of(trap.host_error())),
            ResumableCall::OutOfFuel(paused) => {
                if Instant::now() >= deadline {
                    return Err(Trap::new(TrapCode::Interrupt));
                }
                let required = paused.required_fuel();
                refuel(
                    &mut |n| store.as_context_mut().set_fuel(n).expect("modules with a deadline have fuel"),
                    required,
                );
                call = paused.resume(&mut store, &mut out[..out_len]).map_err(|e| trap_of(&e))?;
            }
        }
    }
}

fn value_type(ty: wasmi::ValType) -> Option<ValType> {
    Some(match ty {
        wasmi::ValType::I32 => ValType::I32,
        wasmi::ValType::I64 => ValType::I64,
        wasmi::ValType::F32 => ValType::F32,
        wasmi::ValType::F64 => ValType::F64,
        _ => return None,
    })
}

fn signature(ty: &FuncType) -> Signature {
    Signature {
        params: ty.params().iter().map(|t| value_type(*t)).collect(),
        results: ty.results().iter().map(|t| value_type(*t)).collect(),
    }
}

struct WasmiModule {
    module: wasmi::Module,
    linker: Linker<Data>,
    abi: AbiVersion,
    fuel: bool,
}

pub(super) fn load(wasm: &[u8], options: LoadOptions) -> Result<Arc<dyn Module>, EngineError> {
    let mut config = Config::default();
    config.consume_fuel(options.interruptible);
    let engine = Engine::new(&config);
    let module =
        wasmi::Module::new(&engine, wasm).map_err(|e| EngineError::Module(format!("invalid module: {e}")))?;
    let abi = abi_of(&|name| module.get_export(name).is_some())?;
    let imports = module.imports().map(|import| {
        let signature = match import.ty() {
            ExternType::Func(ty) => Some(signature(ty)),
            _ => None,
        };
        (import.module().to_owned(), import.name().to_owned(), signature)
    });
    let mut linker = Linker::new(&engine);
    let types: Vec<Option<FuncType>> = module.imports().map(|i| i.ty().func().cloned()).collect();
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
                Err(wasmi::Error::host(HostTrap(TrapCode::UnresolvedImport)))
            }),
        };
        defined.map_err(|e| EngineError::Module(e.to_string()))?;
    }
    for callback in CALLBACKS {
        if let Some(ExternType::Func(ty)) = module.get_export(callback.name) {
            check_callback(callback.id, abi, &signature(&ty))?;
        }
    }
    Ok(Arc::new(WasmiModule { module, linker, abi, fuel: options.interruptible }))
}

fn host_call(
    mut caller: Caller<'_, Data>,
    id: HostFunctionId,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), wasmi::Error> {
    let args = params.iter().map(|value| match value {
        Val::I32(v) => u64::from(*v as u32),
        Val::I64(v) => *v as u64,
        _ => 0,
    });
    let status = answer(&mut WasmiGuest(&mut caller), id, args).map_err(wasmi::Error::host)?;
    if let Some(result) = results.first_mut() {
        *result = Val::I32(status);
    }
    Ok(())
}

impl Module for WasmiModule {
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
            deadline: None,
        };
        let mut store = Store::new(self.linker.engine(), data);
        store.limiter(|data| &mut data.limits);
        if self.fuel {
            store.set_fuel(u64::MAX / 2).map_err(|e| EngineError::Instance(e.to_string()))?;
        }
        let instance = self.linker.instantiate_and_start(&mut store, &self.module).map_err(|e| {
            match e.as_trap_code() {
                Some(_) => EngineError::Start(trap_of(&e)),
                None => EngineError::Instance(e.to_string()),
            }
        })?;
        store.data_mut().state.enter(Phase::Callback);
        let callbacks: Vec<Option<Func>> =
            CALLBACKS.iter().map(|c| instance.get_func(&store, c.name)).collect();
        let allocator =
            callbacks[CallbackId::Malloc as usize].or(callbacks[CallbackId::OnMemoryAllocate as usize]);
        store.data_mut().allocator = allocator;
        store.data_mut().memory = instance.get_memory(&store, "memory");
        let deadline = setup.limits.deadline_ms.filter(|_| self.fuel).map(Duration::from_millis);
        Ok(Box::new(WasmiInstance { store, callbacks, deadline }))
    }
}

struct WasmiInstance {
    store: Store<Data>,
    callbacks: Vec<Option<Func>>,
    deadline: Option<Duration>,
}

impl WasmiInstance {
    fn enter(&mut self, id: CallbackId, args: &[u32]) -> Result<u32, Trap> {
        let func = self.callbacks[id as usize].expect("only exported callbacks are called");
        self.store.data_mut().deadline = self.deadline.map(|d| Instant::now() + d);
        let result = run(&mut self.store, func, args, CALLBACKS[id as usize].result);
        match self.store.data_mut().failed.take() {
            Some(trap) => Err(trap),
            None => result,
        }
    }
}

impl Instance for WasmiInstance {
    fn exports(&self, id: CallbackId) -> bool {
        self.callbacks[id as usize].is_some()
    }

    fn start(&mut self) -> Result<(), Trap> {
        let before = self.store.data_mut().state.enter(Phase::Init);
        for (id, args) in start_order(|id| self.exports(id)) {
            self.enter(id, args)?;
        }
        self.store.data_mut().state.enter(before);
        Ok(())
    }

    fn call(&mut self, id: CallbackId, args: &[u32]) -> Result<u32, Trap> {
        self.enter(id, args)
    }

    fn memory(&mut self) -> Vec<u8> {
        match self.store.data().memory {
            Some(memory) => memory.data(&self.store).to_vec(),
            None => Vec::new(),
        }
    }
}
