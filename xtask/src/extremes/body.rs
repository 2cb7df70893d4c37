//! Function bodies that look like a compiler's: loads, stores, arithmetic, calls and branches on values that no optimiser
//! can foresee.

use super::plugin::{IMPORTS, PLAIN};
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

/// SplitMix64.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u32) -> u32 {
        (self.next() % u64::from(n.max(1))) as u32
    }
}

/// What a body may call.
pub struct Scope {
    /// Index of the first function of the type [`PLAIN`].
    pub first: u32,
    /// How many there are.
    pub count: u32,
}

/// Locals of every body: two parameters, then these.
const LOCALS: &[(u32, ValType)] =
    &[(6, ValType::I32), (4, ValType::I64), (2, ValType::F64), (4, ValType::I32)];
const I32S: u32 = 8;
const I64S: u32 = 8;
const F64S: u32 = 12;
const COUNTERS: u32 = 14;
const END: u32 = 18;

/// An address within the memory, aligned to `1 << align`.
pub fn memarg(align: u32, offset: u64) -> MemArg {
    MemArg { offset, align, memory_index: 0 }
}

/// A body of the type `(i32, i32) -> i32` that grows.
pub struct Body<'a> {
    function: Function,
    rng: Rng,
    scope: &'a Scope,
    loops: u32,
}

impl<'a> Body<'a> {
    pub fn new(seed: u64, scope: &'a Scope) -> Self {
        Self::with_locals(seed, scope, &[])
    }

    /// With further locals behind the usual ones, from [`Body::locals_before`] on.
    pub fn with_locals(seed: u64, scope: &'a Scope, locals: &[(u32, ValType)]) -> Self {
        let function = Function::new([LOCALS, locals].concat());
        Self { function, rng: Rng::new(seed), scope, loops: 0 }
    }

    pub fn locals_before(&self) -> u32 {
        END
    }

    pub fn code(&mut self) -> InstructionSink<'_> {
        self.function.instructions()
    }

    pub fn below(&mut self, n: u32) -> u32 {
        self.rng.below(n)
    }

    /// Fills the body up to about this many bytes.
    pub fn of_size(mut self, bytes: usize) -> Function {
        while self.function.byte_len() + 16 < bytes {
            self.statement(3);
        }
        self.finish()
    }

    /// Returns a local's value.
    pub fn finish(mut self) -> Function {
        self.i32(0);
        self.code().end();
        self.function
    }

    /// A statement, with others inside up to this depth.
    pub fn statement(&mut self, depth: u32) {
        match self.below(if depth == 0 { 10 } else { 16 }) {
            0..3 => {
                self.i32(3);
                let local = self.below(I32S);
                self.code().local_set(local);
            }
            3..5 => {
                self.i64(2);
                let local = I64S + self.below(4);
                self.code().local_set(local);
            }
            5..7 => {
                self.i32(1);
                self.i32(2);
                let m = memarg(self.below(3), u64::from(self.below(200)));
                let narrow = self.below(3) == 0;
                let code = &mut self.code();
                if narrow {
                    code.i32_store8(MemArg { align: 0, ..m })
                } else {
                    code.i32_store(m)
                };
            }
            7 => {
                self.i32(1);
                self.i64(2);
                let m = memarg(3, u64::from(self.below(40) * 8));
                self.code().i64_store(m);
            }
            8 => self.float(),
            9..12 => self.call(),
            12 | 13 => {
                self.i32(2);
                self.code().if_(BlockType::Empty);
                self.statements(depth);
                if self.below(2) == 0 {
                    self.code().else_();
                    self.statements(depth);
                }
                self.code().end();
            }
            14 => {
                self.code().block(BlockType::Empty);
                self.statements(depth);
                self.i32(2);
                self.code().br_if(0);
                self.statements(depth);
                self.code().end();
            }
            _ => self.counted_loop(depth),
        }
    }

    fn statements(&mut self, depth: u32) {
        for _ in 0..1 + self.below(3) {
            self.statement(depth - 1);
        }
    }

    fn counted_loop(&mut self, depth: u32) {
        let counter = COUNTERS + self.loops % 4;
        self.loops += 1;
        self.i32(1);
        self.code().i32_const(255).i32_and().local_set(counter);
        self.code().loop_(BlockType::Empty);
        self.statements(depth);
        self.code().local_get(counter).i32_const(-1).i32_add().local_tee(counter).br_if(0).end();
    }

    fn call(&mut self) {
        if self.below(8) == 0 {
            return self.indirect_call();
        }
        self.i32(2);
        self.i32(1);
        let callee = self.scope.first + self.rng.below(self.scope.count);
        let local = self.below(I32S);
        if self.below(12) == 0 {
            self.i32(0);
            self.code().call(IMPORTS - 2).local_set(local);
        } else {
            self.code().call(callee).local_set(local);
        }
    }

    /// Calls whatever the table has there.
    pub fn indirect_call(&mut self) {
        self.i32(1);
        self.i32(1);
        self.i32(1);
        let local = self.below(I32S);
        self.code().call_indirect(0, PLAIN).local_set(local);
    }

    fn float(&mut self) {
        let (a, b) = (F64S + self.below(2), F64S + self.below(2));
        self.i32(1);
        let which = self.below(3);
        let code = &mut self.code();
        code.f64_load(memarg(3, 16)).local_get(b);
        match which {
            0 => code.f64_add(),
            1 => code.f64_mul(),
            _ => code.f64_div(),
        };
        code.local_set(a);
    }

    /// A condition that depends on the memory, so that no branch on it is known beforehand.
    pub fn condition(&mut self) {
        self.i32(0);
        self.i32(0);
        let m = memarg(0, u64::from(self.below(256)));
        self.code().i32_load8_u(m).i32_lt_u();
    }

    /// An `i32`, from an expression up to this deep.
    pub fn i32(&mut self, depth: u32) {
        if depth == 0 {
            let local = self.below(I32S);
            self.code().local_get(local);
            return;
        }
        match self.below(12) {
            0 => {
                let n = self.rng.next() as i32 >> self.below(31);
                self.code().i32_const(n);
            }
            1 | 2 => {
                let local = self.below(I32S);
                self.code().local_get(local);
            }
            3..6 => {
                self.i32(depth - 1);
                let m = memarg(0, u64::from(self.below(256)));
                match self.below(4) {
                    0 => self.code().i32_load8_u(m),
                    1 => self.code().i32_load16_s(m),
                    _ => self.code().i32_load(MemArg { align: 2, ..m }),
                };
            }
            6 => {
                self.i64(depth - 1);
                self.code().i32_wrap_i64();
            }
            7 => {
                self.i32(depth - 1);
                self.i32(depth - 1);
                let which = self.below(4);
                let code = &mut self.code();
                match which {
                    0 => code.i32_lt_u(),
                    1 => code.i32_ge_s(),
                    2 => code.i32_eq(),
                    _ => code.i32_ne(),
                };
            }
            8 => {
                self.i32(depth - 1);
                self.i32(depth - 1);
                self.i32(depth - 1);
                self.code().select();
            }
            9 => {
                let global = self.below(2);
                self.code().global_get(global);
            }
            _ => {
                self.i32(depth - 1);
                self.i32(depth - 1);
                let which = self.below(9);
                let code = &mut self.code();
                match which {
                    0 | 1 => code.i32_add(),
                    2 => code.i32_sub(),
                    3 => code.i32_mul(),
                    4 => code.i32_and(),
                    5 => code.i32_xor(),
                    6 => code.i32_shl(),
                    7 => code.i32_shr_u(),
                    _ => code.i32_or(),
                };
            }
        }
    }

    /// An `i64`, from an expression up to this deep.
    pub fn i64(&mut self, depth: u32) {
        if depth == 0 {
            let local = I64S + self.below(4);
            self.code().local_get(local);
            return;
        }
        match self.below(6) {
            0 => {
                self.i32(depth - 1);
                self.code().i64_extend_i32_u();
            }
            1 => {
                self.i32(depth - 1);
                let m = memarg(3, u64::from(self.below(64) * 8));
                self.code().i64_load(m);
            }
            2 => self.i64(0),
            _ => {
                self.i64(depth - 1);
                self.i64(depth - 1);
                let which = self.below(5);
                let code = &mut self.code();
                match which {
                    0 => code.i64_add(),
                    1 => code.i64_xor(),
                    2 => code.i64_mul(),
                    3 => code.i64_shr_u(),
                    _ => code.i64_sub(),
                };
            }
        }
    }
}
