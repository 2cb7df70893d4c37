//! What the comparison asks of an engine.

use crate::generate::Function;
use std::cell::RefCell;
use std::rc::Rc;

/// Traps as all engines tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trap {
    Unreachable,
    MemoryOutOfBounds,
    TableOutOfBounds,
    IndirectCallToNull,
    BadSignature,
    DivisionByZero,
    IntegerOverflow,
    BadConversion,
    StackOverflow,
}

/// Why there is no instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instantiate {
    Trap(Trap),
    Refused(String),
}

/// A value of any type, by its bits; references by whether they are null.
pub type Bits = u128;

/// Everything that can be seen of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub result: Result<Vec<Bits>, Trap>,
    pub host_calls: Vec<HostCall>,
    pub memory: (u64, u64),
    pub globals: Vec<Bits>,
}

/// An engine.
pub trait Engine {
    fn instantiate(&mut self, wasm: &[u8]) -> Result<Box<dyn Run>, Instantiate>;
}

/// An instance.
pub trait Run {
    fn call(&mut self, function: &Function, args: &[Bits]) -> Outcome;
}

/// A call of the host: import index and arguments.
pub type HostCall = (u32, Vec<Bits>);

/// The calls of the host since they were last asked for.
#[derive(Clone, Default)]
pub struct Recorder(Rc<RefCell<Vec<HostCall>>>);

// SAFETY: engines want their host state to be sendable; the comparison runs on one thread.
unsafe impl Send for Recorder {}
// SAFETY: as above.
unsafe impl Sync for Recorder {}

impl Recorder {
    /// Notes a call and gives the results that the host answers with: a function of what was asked.
    pub fn call(&self, import: u32, args: Vec<Bits>) -> u64 {
        let mixed = args.iter().fold(u64::from(import) + 1, |h, a| {
            (h ^ (*a as u64) ^ ((*a >> 64) as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
        });
        self.0.borrow_mut().push((import, args));
        mixed
    }

    pub fn take(&self) -> Vec<HostCall> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

/// Size and a hash of a memory.
pub fn hash(memory: &[u8]) -> (u64, u64) {
    let mut h = 0xcbf2_9ce4_8422_2325u64;
    for chunk in memory.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        h = (h ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
    }
    (memory.len() as u64, h)
}

/// The i-th result of a host call that was answered with `answer`; references are null.
pub fn result_bits(answer: u64, i: usize, ty: plugin_abi::ValType) -> u64 {
    use plugin_abi::ValType as V;
    let n = answer.rotate_left(i as u32 * 7);
    match ty {
        V::I32 => n & 0xffff_ffff,
        // Numbers, no NaNs: their bits may differ.
        V::F32 => u64::from((n as i32 as f32).to_bits()),
        V::F64 => (n as i64 as f64).to_bits(),
        V::I64 | V::V128 => n,
        V::FuncRef | V::ExternRef => 0,
    }
}
