//! wasmi: an interpreter that shares no code with the compiler.

use crate::engine::{Bits, Engine, Instantiate, Outcome, Recorder, Run, Trap, hash, result_bits};
use crate::generate::Function;
use wasmi::{Caller, Extern, Instance, Linker, Module, Nullable, Store, Val, ValType};

pub struct Wasmi;

fn trap(error: &wasmi::Error) -> Trap {
    use wasmi::TrapCode as T;
    match error.as_trap_code() {
        Some(T::UnreachableCodeReached) => Trap::Unreachable,
        Some(T::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(T::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(T::IndirectCallToNull) => Trap::IndirectCallToNull,
        Some(T::BadSignature) => Trap::BadSignature,
        Some(T::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(T::IntegerOverflow) => Trap::IntegerOverflow,
        Some(T::BadConversionToInteger) => Trap::BadConversion,
        Some(T::StackOverflow) => Trap::StackOverflow,
        // Segments that do not fit are errors of their own.
        None if error.to_string().starts_with("out of bounds table access") => Trap::TableOutOfBounds,
        None if error.to_string().starts_with("out of bounds memory access") => Trap::MemoryOutOfBounds,
        other => panic!("the trap {other:?} has no place here: {error}"),
    }
}

fn bits(value: &Val) -> Bits {
    match value {
        Val::I32(n) => Bits::from(*n as u32),
        Val::I64(n) => Bits::from(*n as u64),
        Val::F32(n) => Bits::from(n.to_bits()),
        Val::F64(n) => Bits::from(n.to_bits()),
        Val::V128(n) => n.as_u128(),
        Val::FuncRef(r) => Bits::from(!r.is_null()),
        Val::ExternRef(r) => Bits::from(!r.is_null()),
    }
}

fn value(ty: ValType, bits: Bits) -> Val {
    match ty {
        ValType::I32 => Val::I32(bits as u32 as i32),
        ValType::I64 => Val::I64(bits as u64 as i64),
        ValType::F32 => Val::F32(wasmi::F32::from_bits(bits as u32)),
        ValType::F64 => Val::F64(wasmi::F64::from_bits(bits as u64)),
        ValType::V128 => Val::V128(bits.into()),
        ValType::FuncRef => Val::FuncRef(Nullable::Null),
        ValType::ExternRef => Val::ExternRef(Nullable::Null),
    }
}

fn abi(ty: ValType) -> plugin_abi::ValType {
    match ty {
        ValType::I32 => plugin_abi::ValType::I32,
        ValType::I64 => plugin_abi::ValType::I64,
        ValType::F32 => plugin_abi::ValType::F32,
        ValType::F64 => plugin_abi::ValType::F64,
        ValType::V128 => plugin_abi::ValType::V128,
        ValType::FuncRef => plugin_abi::ValType::FuncRef,
        ValType::ExternRef => plugin_abi::ValType::ExternRef,
    }
}

struct Running {
    store: Store<Recorder>,
    instance: Instance,
    globals: Vec<String>,
}

impl Engine for Wasmi {
    fn instantiate(&mut self, wasm: &[u8]) -> Result<Box<dyn Run>, Instantiate> {
        let mut config = wasmi::Config::default();
        config.wasm_tail_call(true).wasm_extended_const(true);
        let engine = wasmi::Engine::new(&config);
        let module = Module::new(&engine, wasm).map_err(|e| Instantiate::Refused(e.to_string()))?;
        let mut store = Store::new(&engine, Recorder::default());
        let mut linker = Linker::new(&engine);
        linker.allow_shadowing(true);
        let mut named = std::collections::HashMap::new();
        for (number, import) in (0..).zip(module.imports()) {
            let import_number = *named.entry(import.name().to_owned()).or_insert(number);
            let ty = import.ty().func().expect("functions only").clone();
            let results: Vec<ValType> = ty.results().to_vec();
            linker
                .func_new(
                    import.module(),
                    import.name(),
                    ty,
                    move |caller: Caller<'_, Recorder>, args, out| {
                        let answer = caller.data().call(import_number, args.iter().map(bits).collect());
                        for (i, (slot, ty)) in out.iter_mut().zip(&results).enumerate() {
                            *slot = value(*ty, Bits::from(result_bits(answer, i, abi(*ty))));
                        }
                        Ok(())
                    },
                )
                .expect("the import is defined once");
        }
        let instance =
            linker.instantiate_and_start(&mut store, &module).map_err(|e| Instantiate::Trap(trap(&e)))?;
        let mut globals: Vec<String> =
            module.exports().filter(|e| e.ty().global().is_some()).map(|e| e.name().to_owned()).collect();
        globals.sort();
        Ok(Box::new(Running { store, instance, globals }))
    }
}

impl Run for Running {
    fn call(&mut self, function: &Function, args: &[Bits]) -> Outcome {
        let func = self.instance.get_func(&self.store, &function.name).expect("the function is exported");
        let ty = func.ty(&self.store);
        let args: Vec<Val> = ty.params().iter().zip(args).map(|(ty, b)| value(*ty, *b)).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let result = match func.call(&mut self.store, &args, &mut results) {
            Ok(()) => Ok(results.iter().map(bits).collect()),
            Err(e) => Err(trap(&e)),
        };
        let memory = self.instance.exports(&self.store).find_map(wasmi::Export::into_memory);
        let memory = memory.map_or((0, 0), |m| hash(m.data(&self.store)));
        let mut globals = Vec::new();
        for name in &self.globals {
            let Some(Extern::Global(global)) = self.instance.get_export(&self.store, name) else { continue };
            globals.push(bits(&global.get(&self.store)));
        }
        Outcome { result, host_calls: self.store.data().take(), memory, globals }
    }
}
