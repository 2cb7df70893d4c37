//! Traps: how a guest's call ends early, and what is told about it.
//!
//! A trap ends one entry into the guest: control goes back to the innermost landing pad (`x86_64.rs`, `aarch64.rs`), which the entry that
//! is ending made. It comes as a hardware signal (`signal.rs`) or as a call (libcalls and host functions). Nothing on that
//! way allocates or locks, and no frame with a destructor is left behind.

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
mod isa;
#[cfg(feature = "dynamic-tls")]
mod process;
mod signal;
mod text;

pub(crate) use isa::{
    call, cpu_has, deregister_frames, enter, flush_code, register_frames, stack_pointer, tls,
};
pub(crate) use signal::ensure_handlers;
pub(crate) use text::KnownText;

use crate::instance::Instance;
use crate::os;
use crate::plugin::Plugin;
use alloc::string::String;
use core::fmt;
use isa::Activation;
use plugin_abi::context::{ContextHeader, HEADER_SIZE};
use plugin_abi::{CALLBACKS, CallbackId, Meta, NONE, TrapCode};

/// Frames of a backtrace at most.
pub const MAX_FRAMES: usize = 20;

/// Stack that the guest leaves to the host functions it calls, at the end of a thread's stack.
pub(crate) const HOST_HEADROOM: usize = plugin_abi::context::HOST_HEADROOM as usize;

/// The variables of a thread; zero in a thread that never entered a guest.
#[repr(C)]
pub(crate) struct Tls {
    /// The innermost entry.
    activation: *mut Activation,
    /// Lowest stack address for guests of this thread; 0 when not yet asked for, 1 when unknown.
    stack_low: usize,
    /// End of the thread's stack.
    stack_high: usize,
}

/// How an entry ended, in two registers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The result of a function, in its low half where that is an `i32`; anything at all without one, and after a trap.
    pub(crate) value: u64,
    /// 1 when it trapped, else 0.
    pub(crate) trapped: u64,
}

/// Lowest and highest address of the stack that guests of this thread may use, as far as known; everything otherwise.
///
/// # Safety
/// `thread` is [`tls`] of this thread.
#[inline]
pub(crate) unsafe fn stack_bounds(thread: *mut Tls) -> (usize, usize) {
    // SAFETY: the thread's own variables.
    unsafe {
        if (*thread).stack_low == 0 {
            let (low, high) =
                os::thread_stack().map_or((1, usize::MAX), |(low, high)| (low + HOST_HEADROOM, high));
            (*thread).stack_low = low;
            (*thread).stack_high = high;
        }
        ((*thread).stack_low, (*thread).stack_high)
    }
}

/// The first of [`stack_bounds`]; 0 in a thread that never asked for them.
///
/// # Safety
/// `thread` is [`tls`] of this thread.
#[inline(always)]
pub(crate) unsafe fn known_stack_low(thread: *mut Tls) -> usize {
    // SAFETY: the thread's own variables.
    unsafe { (*thread).stack_low }
}

/// The hot fields of a context.
///
/// # Safety
/// `context` is the context pointer of a living instance.
#[inline(always)]
pub(crate) unsafe fn header(context: *mut u8) -> *mut ContextHeader {
    // SAFETY: the header lies directly below the context pointer.
    unsafe { context.sub(HEADER_SIZE as usize).cast() }
}

/// What was called when a guest trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A callback of the host.
    Callback(CallbackId),
    /// A function, by its index.
    Function(u32),
}

/// A trap that happened.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    /// Why.
    pub code: TrapCode,
    /// What the host had called.
    pub entry: Entry,
    /// The import, among the imported functions, of [`TrapCode::UnresolvedImport`]; [`NONE`] otherwise.
    pub import: u32,
    frames: [u32; MAX_FRAMES],
    len: u8,
}

/// A frame of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Function index in the module; `None` for code between functions (adapters).
    pub function: Option<u32>,
    /// Where in the code, relative to the start of the plugin's text.
    pub text_offset: u32,
}

impl Trap {
    pub(crate) const fn new(code: TrapCode) -> Self {
        Self { code, entry: Entry::Function(NONE), import: NONE, frames: [0; MAX_FRAMES], len: 0 }
    }

    /// The guest's frames, innermost first.
    pub fn frames<'a>(&'a self, meta: &'a Meta<'a>) -> impl Iterator<Item = Frame> + 'a {
        self.frames[..self.len as usize].iter().enumerate().map(|(i, offset)| {
            // All but the first are return addresses, which may lie behind the end of the calling function.
            let inside = if i == 0 { *offset } else { offset.saturating_sub(1) };
            Frame { function: meta.function_at(inside), text_offset: *offset }
        })
    }

    /// The text that hosts log: `Function: ... failed: ...` and the backtrace with the plugin's function names.
    pub fn describe(&self, plugin: &Plugin) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = self.write(plugin.meta(), &mut text);
        text
    }

    fn write(&self, meta: &Meta<'_>, to: &mut String) -> fmt::Result {
        use fmt::Write;
        let name = match self.entry {
            Entry::Callback(id) => CALLBACKS[id as usize].name,
            Entry::Function(index) => meta.function_name(index),
        };
        write!(to, "Function: {name} failed: Uncaught RuntimeError: {}", self.code.message())?;
        if let Some(import) = meta.imports.get(self.import as usize) {
            write!(
                to,
                ": {}.{}",
                meta.str(import.module_offset, import.module_len),
                meta.str(import.name_offset, import.name_len)
            )?;
        }
        let mut frames = self.frames(meta).filter(|f| f.function.is_some()).enumerate().peekable();
        if frames.peek().is_some() {
            write!(to, "\nProxy-Wasm plugin in-VM backtrace:")?;
        }
        for (i, frame) in frames {
            write!(to, "\n{i:>3}:  {:#x} - ", frame.text_offset)?;
            let index = frame.function.unwrap_or(NONE);
            match meta.function_name(index) {
                "" => write!(to, "unknown(function index:{index})")?,
                name => to.write_str(name)?,
            }
        }
        Ok(())
    }

    /// Walks the guest's frame pointers. Reads only between `fp` and the activation, all of which is stack.
    ///
    /// # Safety
    /// `pc` and `fp` are those of a guest that was entered by `activation` on this thread and has not returned.
    unsafe fn walk(&mut self, plugin: &Plugin, pc: usize, fp: usize, activation: *const Activation) {
        let (mut pc, mut fp) = (pc, fp);
        while let Some(offset) = plugin.text_offset(pc) {
            self.frames[self.len as usize] = offset;
            self.len += 1;
            let end = activation as usize;
            if self.len as usize == MAX_FRAMES || !fp.is_multiple_of(8) || fp < 4096 || fp + 16 > end {
                return;
            }
            // SAFETY: below the activation, where the trampoline's callees have their frames, and above the guest's
            // stack pointer: frame pointers only grow from the innermost frame on (checked below).
            let (caller_fp, return_address) =
                unsafe { (*(fp as *const usize), *(fp as *const usize).add(1)) };
            if caller_fp != 0 && caller_fp <= fp {
                return;
            }
            (pc, fp) = (return_address, caller_fp);
        }
    }
}

/// The instance of a context.
///
/// # Safety
/// `context` is the context pointer of a living instance, which stays alive for `'a`.
#[inline(always)]
pub(crate) unsafe fn instance<'a>(context: *mut u8) -> &'a Instance {
    // SAFETY: the header of a living instance points at it; all its fields that change are cells.
    unsafe { &*(*header(context)).instance.cast::<Instance>() }
}

/// What a trap with this code is reported as: reaching the stack limit is how an interrupt arrives at function entries.
fn reported(code: TrapCode, header: *mut ContextHeader) -> TrapCode {
    if code != TrapCode::StackOverflow {
        return code;
    }
    // SAFETY: the header of a living instance; both fields are changed by other threads.
    let (interrupt, limit) = unsafe {
        ((&raw const (*header).interrupt).read_volatile(), (&raw const (*header).stack_limit).read_volatile())
    };
    if interrupt != 0 || limit == plugin_abi::context::STOP { TrapCode::Interrupt } else { code }
}

/// Ends the guest's innermost entry with a trap, from a host function or libcall that the guest called.
///
/// # Safety
/// Runs in a frame that the thunk of `context` called, and no frame above it holds a value with a destructor.
pub(crate) unsafe fn raise(context: *mut u8, code: TrapCode, import: u32) -> ! {
    // SAFETY: the guest of `context` runs, so its instance lives and the innermost activation is its own; the thunk
    // recorded where the guest left off.
    unsafe {
        let header = header(context);
        let thread = tls();
        let activation = (*thread).activation;
        let instance = instance(context);
        let mut trap = Trap::new(reported(code, header));
        trap.import = import;
        trap.walk(instance.plugin(), (*header).exit_pc, (*header).exit_fp, activation);
        instance.record(trap);
        isa::resume(thread)
    }
}
