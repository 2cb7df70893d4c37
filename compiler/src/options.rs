//! What a user can choose about the code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How accesses outside of the linear memory are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Bounds {
    /// By guard pages: no checks in the code, 8 GiB of address space per instance, needs SIGSEGV.
    #[default]
    Guard,
    /// By comparing with the size of the memory.
    Explicit,
}

/// How traps other than out-of-bounds accesses under [`Bounds::Guard`] are raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Traps {
    /// By hardware traps, found by address in the trap table.
    #[default]
    Signal,
    /// By comparing and calling the shim: no signal at all.
    Call,
}

/// How much time to spend on better code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum OptLevel {
    /// None: the fastest compilation.
    None,
    /// The fastest code.
    #[default]
    Speed,
    /// Fast code, smaller where both can be had.
    SpeedAndSize,
}

/// How far a compilation is, for another thread to look at.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicU64,
    done: AtomicU64,
}

impl Progress {
    /// Bytes of function bodies compiled, and of all; both 0 until code generation starts.
    pub fn get(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    pub(crate) fn start(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Everything that decides what code comes out.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the plugin: part of its symbols. Letters, digits and underscores.
    pub name: String,
    /// Target triple; `None` for the machine that compiles.
    pub target: Option<String>,
    /// CPU level (`x86-64-v2`, `x86-64-v3`, `native`, or a preset of Cranelift's); `None` for the baseline.
    pub cpu: Option<String>,
    /// Features added (`avx2` or `+avx2`) or taken away (`-avx2`), by Cranelift's names without `has_`.
    pub cpu_features: Vec<String>,
    /// See [`OptLevel`].
    pub opt: OptLevel,
    /// See [`Bounds`].
    pub bounds: Bounds,
    /// See [`Traps`].
    pub traps: Traps,
    /// Whether another thread can stop the code: loop heads and function entries look at the interrupt fields.
    pub interruptible: bool,
    /// Threads; 0 for one per processor.
    pub jobs: usize,
    /// Whether the module must be a Proxy-Wasm plugin. Off for the WebAssembly test suite and for embedders that bind
    /// imports by themselves.
    pub checks: bool,
    /// Turns imports that no host offers into traps that name themselves.
    pub stub_unknown_imports: bool,
    /// Keeps each function's CLIF for [`crate::emit::clif`].
    pub keep_clif: bool,
    /// Keeps each function's assembly for [`crate::emit::asm`].
    pub keep_asm: bool,
    /// Checks Cranelift's own IR and register allocation; slow, for tests.
    pub verify: bool,
    /// Told how far the compilation is. Changes nothing in the result.
    pub progress: Option<Arc<Progress>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "plugin".to_owned(),
            target: None,
            cpu: None,
            cpu_features: Vec::new(),
            opt: OptLevel::default(),
            bounds: Bounds::default(),
            traps: Traps::default(),
            interruptible: false,
            jobs: 0,
            checks: true,
            stub_unknown_imports: false,
            keep_clif: false,
            keep_asm: false,
            verify: false,
            progress: None,
        }
    }
}
