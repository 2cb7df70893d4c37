//! Native code, by the compiler and the shim.

use crate::engine::{Bits, Engine, Instantiate, Outcome, Recorder, Run, Trap, hash};
use crate::generate::Function;
use nullvm_compiler::{Bounds, OptLevel, Options, Traps, compile, emit};
use nullvm_shim::host::HostTable;
use nullvm_shim::{CallError, Image, Instance, InstanceError, Limits, Plugin, Value};
use plugin_abi::{TrapCode, ValType};
use std::ffi::c_void;

/// The native engine in one of its modes.
pub struct Native {
    options: Options,
}

impl Native {
    /// Every mode has its turn.
    pub fn mode(seed: u64) -> Self {
        let pick = |bit: u32| seed >> bit & 1 == 1;
        let opt = match seed % 5 {
            0 => OptLevel::None,
            1 => OptLevel::SpeedAndSize,
            _ => OptLevel::Speed,
        };
        let options = Options {
            checks: false,
            bounds: if pick(0) { Bounds::Explicit } else { Bounds::Guard },
            traps: if pick(1) { Traps::Call } else { Traps::Signal },
            interruptible: pick(2),
            opt,
            jobs: 1,
            ..Options::default()
        };
        Self { options }
    }
}

fn trap(code: TrapCode) -> Trap {
    match code {
        TrapCode::Unreachable => Trap::Unreachable,
        TrapCode::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => Trap::TableOutOfBounds,
        TrapCode::IndirectCallToNull => Trap::IndirectCallToNull,
        TrapCode::BadSignature => Trap::BadSignature,
        TrapCode::IntegerDivisionByZero => Trap::DivisionByZero,
        TrapCode::IntegerOverflow => Trap::IntegerOverflow,
        TrapCode::BadConversionToInteger => Trap::BadConversion,
        TrapCode::StackOverflow => Trap::StackOverflow,
        other => panic!("the trap {other:?} has no place here"),
    }
}

/// The host of an instance: its imports' types and the record.
struct Host {
    imports: Vec<(Vec<u8>, Vec<u8>)>,
    recorder: Recorder,
}

/// The bytes of a type that mean something.
fn mask(ty: u8, bits: Bits) -> Bits {
    match ValType::from_u8(ty).expect("a type") {
        ValType::I32 | ValType::F32 => bits & 0xffff_ffff,
        ValType::I64 | ValType::F64 => bits & 0xffff_ffff_ffff_ffff,
        ValType::V128 => bits,
        ValType::FuncRef | ValType::ExternRef => Bits::from(bits & 0xffff_ffff_ffff_ffff != 0),
    }
}

unsafe extern "C" fn call_import(host: *mut c_void, import: u32, values: *mut u8) -> u32 {
    // SAFETY: the pointer that `instantiate` gave, which lives as long as the instance.
    let host = unsafe { &*host.cast::<Host>() };
    let (params, results) = &host.imports[import as usize];
    let n = params.len().max(results.len());
    // SAFETY: the shim gives room for the larger of parameters and results, 16 bytes each, aligned.
    let values = unsafe { std::slice::from_raw_parts_mut(values.cast::<Value>(), n) };
    let args = params.iter().zip(&*values).map(|(ty, v)| mask(*ty, Bits::from_le_bytes(v.0))).collect();
    let answer = host.recorder.call(import, args);
    for (i, slot) in values.iter_mut().take(results.len()).enumerate() {
        *slot = Value(
            Bits::from(crate::engine::result_bits(answer, i, ValType::from_u8(results[i]).expect("a type")))
                .to_le_bytes(),
        );
    }
    0
}

struct Running {
    // Before the host: dropped first.
    instance: Box<Instance>,
    host: Box<Host>,
}

impl Engine for Native {
    fn instantiate(&mut self, wasm: &[u8]) -> Result<Box<dyn Run>, Instantiate> {
        let compiled = compile(wasm, &self.options).map_err(|e| Instantiate::Refused(e.to_string()))?;
        let image = emit::image(&compiled).expect("an image");
        let plugin = Plugin::from_image(Image::map(&image).expect("it maps")).expect("it loads");
        let meta = plugin.meta();
        let imports = meta
            .imports
            .iter()
            .map(|i| {
                let (params, results) = meta.signature(i.type_index);
                (params.to_vec(), results.to_vec())
            })
            .collect();
        let host = Box::new(Host { imports, recorder: Recorder::default() });
        let table = HostTable { call_import: Some(call_import), ..HostTable::EMPTY };
        let pointer = (&raw const *host).cast_mut().cast();
        let instance = Instance::new(&plugin, &table, pointer, &Limits::default()).map_err(|e| match e {
            InstanceError::Trap { code, .. } => Instantiate::Trap(trap(code)),
            other => Instantiate::Refused(other.to_string()),
        })?;
        Ok(Box::new(Running { instance, host }))
    }
}

impl Run for Running {
    fn call(&mut self, function: &Function, args: &[Bits]) -> Outcome {
        let results = function.ty.results().len();
        let mut values = vec![Value([0; 16]); args.len().max(results)];
        for (slot, arg) in values.iter_mut().zip(args) {
            *slot = Value(arg.to_le_bytes());
        }
        let meta = self.instance.plugin().meta();
        let result = match self.instance.invoke(&function.name, &mut values) {
            Ok(()) => {
                let export = meta.export(&function.name, 0).expect("the function is exported");
                let (_, types) = meta.signature(meta.functions[export.index as usize].type_index);
                Ok(types.iter().zip(&values).map(|(ty, v)| mask(*ty, Bits::from_le_bytes(v.0))).collect())
            }
            Err(CallError::Trap(code)) => Err(trap(code)),
            Err(other) => panic!("{}: {other}", function.name),
        };
        let memory = self.instance.memory();
        let bytes = memory.bytes(0, u32::try_from(memory.size()).expect("a small memory")).expect("in range");
        // SAFETY: the guest does not run while the slice lives.
        let memory = hash(unsafe { bytes.as_slice() });
        let globals = meta
            .exports
            .iter()
            .filter(|e| e.kind == 3)
            .map(|e| {
                let name = meta.str(e.name_offset, e.name_len);
                let (ty, value) = self.instance.global_get(name).expect("an exported global");
                mask(ty as u8, Bits::from_le_bytes(value.0))
            })
            .collect();
        Outcome { result, host_calls: self.host.recorder.take(), memory, globals }
    }
}
