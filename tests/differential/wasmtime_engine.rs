//! wasmtime: the same code generator behind another translator and another runtime.

use crate::engine::{Bits, Engine, Instantiate, Outcome, Recorder, Run, Trap, hash, result_bits};
use crate::generate::Function;
use std::sync::OnceLock;
use wasmtime::{Caller, Config, Extern, Instance, Linker, Module, Ref, Store, Val, ValType};

pub struct Wasmtime;

fn engine() -> &'static wasmtime::Engine {
    static ENGINE: OnceLock<wasmtime::Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config.wasm_tail_call(true).wasm_simd(true).wasm_reference_types(true).wasm_extended_const(true);
        wasmtime::Engine::new(&config).expect("the engine's configuration is valid")
    })
}

fn trap(error: &wasmtime::Error) -> Trap {
    use wasmtime::Trap as T;
    match error.downcast_ref::<T>() {
        Some(T::UnreachableCodeReached) => Trap::Unreachable,
        Some(T::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(T::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(T::IndirectCallToNull) => Trap::IndirectCallToNull,
        Some(T::BadSignature) => Trap::BadSignature,
        Some(T::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(T::IntegerOverflow) => Trap::IntegerOverflow,
        Some(T::BadConversionToInteger) => Trap::BadConversion,
        Some(T::StackOverflow) => Trap::StackOverflow,
        other => panic!("the trap {other:?} has no place here: {error:?}"),
    }
}

fn bits(value: &Val) -> Bits {
    match value {
        Val::I32(n) => Bits::from(*n as u32),
        Val::I64(n) => Bits::from(*n as u64),
        Val::F32(n) => Bits::from(*n),
        Val::F64(n) => Bits::from(*n),
        Val::V128(n) => n.as_u128(),
        other => Bits::from(other.ref_().is_some_and(|r| !r.is_null())),
    }
}

fn value(ty: &ValType, bits: Bits) -> Val {
    match ty {
        ValType::I32 => Val::I32(bits as u32 as i32),
        ValType::I64 => Val::I64(bits as u64 as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits as u64),
        ValType::V128 => Val::V128(bits.into()),
        ValType::Ref(r) => Val::from(Ref::null(r.heap_type())),
    }
}

fn abi(ty: &ValType) -> plugin_abi::ValType {
    match ty {
        ValType::I32 => plugin_abi::ValType::I32,
        ValType::I64 => plugin_abi::ValType::I64,
        ValType::F32 => plugin_abi::ValType::F32,
        ValType::F64 => plugin_abi::ValType::F64,
        ValType::V128 => plugin_abi::ValType::V128,
        ValType::Ref(_) => plugin_abi::ValType::FuncRef,
    }
}

struct Running {
    store: Store<Recorder>,
    instance: Instance,
    globals: Vec<String>,
}

impl Engine for Wasmtime {
    fn instantiate(&mut self, wasm: &[u8]) -> Result<Box<dyn Run>, Instantiate> {
        let module = Module::new(engine(), wasm).map_err(|e| Instantiate::Refused(e.to_string()))?;
        let mut store = Store::new(engine(), Recorder::default());
        let mut linker = Linker::new(engine());
        linker.allow_shadowing(true);
        let mut named = std::collections::HashMap::new();
        for (number, import) in (0..).zip(module.imports()) {
            // The same function may be imported twice; the first number of a name stands for all.
            let import_number = *named.entry(import.name().to_owned()).or_insert(number);
            let ty = import.ty().unwrap_func().clone();
            let results: Vec<ValType> = ty.results().collect();
            linker
                .func_new(
                    import.module(),
                    import.name(),
                    ty,
                    move |caller: Caller<'_, Recorder>, args, out| {
                        let answer = caller.data().call(import_number, args.iter().map(bits).collect());
                        for (i, (slot, ty)) in out.iter_mut().zip(&results).enumerate() {
                            *slot = value(ty, Bits::from(result_bits(answer, i, abi(ty))));
                        }
                        Ok(())
                    },
                )
                .expect("the import is defined once");
        }
        let instance = linker.instantiate(&mut store, &module).map_err(|e| Instantiate::Trap(trap(&e)))?;
        let mut globals: Vec<String> = module
            .exports()
            .filter(|e| matches!(e.ty(), wasmtime::ExternType::Global(_)))
            .map(|e| e.name().to_owned())
            .collect();
        globals.sort();
        Ok(Box::new(Running { store, instance, globals }))
    }
}

impl Run for Running {
    fn call(&mut self, function: &Function, args: &[Bits]) -> Outcome {
        let func = self.instance.get_func(&mut self.store, &function.name).expect("the function is exported");
        let ty = func.ty(&self.store);
        let args: Vec<Val> = ty.params().zip(args).map(|(ty, b)| value(&ty, *b)).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let result = match func.call(&mut self.store, &args, &mut results) {
            Ok(()) => Ok(results.iter().map(bits).collect()),
            Err(e) => Err(trap(&e)),
        };
        let memory = self.instance.exports(&mut self.store).find_map(wasmtime::Export::into_memory);
        let memory = memory.map_or((0, 0), |m| hash(m.data(&self.store)));
        let mut globals = Vec::new();
        for name in &self.globals {
            let Some(Extern::Global(global)) = self.instance.get_export(&mut self.store, name) else {
                continue;
            };
            globals.push(bits(&global.get(&mut self.store)));
        }
        Outcome { result, host_calls: self.store.data().take(), memory, globals }
    }
}
