//! Entering and leaving guest code on aarch64: the trampoline, the landing pad and the thread's variables.
//!
//! As on x86-64 (`x86_64.rs` tells why): an [`Activation`] on the native stack is the landing pad, linked into the thread's chain.
//! A trap puts the stack pointer back to the innermost activation and leaves through the trampoline's own exit.

use super::{Outcome, Tls};
use core::arch::{asm, global_asm};

/// What the trampoline leaves on the native stack.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Activation {
    /// The one that this entry interrupted, or null.
    pub(crate) prev: *mut Activation,
    /// The context that was entered.
    pub(crate) context: *mut u8,
    /// The variables of the thread that entered.
    pub(crate) thread: *mut Tls,
    /// Keeps the stack aligned to 16 bytes.
    padding: usize,
    /// The frame record: x29 and x30.
    frame: [usize; 2],
    /// x19 to x28.
    general: [usize; 10],
    /// d8 to d15.
    float: [u64; 8],
}

const _: () = assert!(size_of::<Activation>() == 192);
const _: () = assert!(core::mem::offset_of!(Activation, thread) == 16);
const _: () = assert!(core::mem::offset_of!(Activation, frame) == 32);
const _: () = assert!(core::mem::offset_of!(Activation, general) == 48);
const _: () = assert!(core::mem::offset_of!(Activation, float) == 128);
const _: () = assert!(core::mem::offset_of!(Tls, activation) == 0);

/// The beginning of both trampolines: everything that their callers want to have again.
macro_rules! saved {
    () => {
        "sub sp, sp, #192
        .cfi_def_cfa_offset 192
        stp x29, x30, [sp, #32]
        .cfi_offset x29, -160
        .cfi_offset x30, -152
        add x29, sp, #32
        .cfi_def_cfa x29, 160
        stp x19, x20, [sp, #48]
        stp x21, x22, [sp, #64]
        stp x23, x24, [sp, #80]
        stp x25, x26, [sp, #96]
        stp x27, x28, [sp, #112]
        stp d8, d9, [sp, #128]
        stp d10, d11, [sp, #144]
        stp d12, d13, [sp, #160]
        stp d14, d15, [sp, #176]
        .cfi_offset x19, -144
        .cfi_offset x20, -136
        .cfi_offset x21, -128
        .cfi_offset x22, -120
        .cfi_offset x23, -112
        .cfi_offset x24, -104
        .cfi_offset x25, -96
        .cfi_offset x26, -88
        .cfi_offset x27, -80
        .cfi_offset x28, -72
        .cfi_offset d8, -64
        .cfi_offset d9, -56
        .cfi_offset d10, -48
        .cfi_offset d11, -40
        .cfi_offset d12, -32
        .cfi_offset d13, -24
        .cfi_offset d14, -16
        .cfi_offset d15, -8"
    };
}

global_asm!(
    ".pushsection .tbss.shim_thread,\"awT\",%nobits",
    ".balign 16",
    ".globl shim_thread",
    ".hidden shim_thread",
    ".type shim_thread,%object",
    ".size shim_thread,{size}",
    "shim_thread:",
    ".zero {size}",
    ".popsection",
    "",
    ".pushsection .text.shim_enter,\"ax\",%progbits",
    ".balign 16",
    ".globl shim_enter",
    ".hidden shim_enter",
    ".type shim_enter,%function",
    // extern "C" fn(context: x0, code: x1, values: x2, adapter: x3, thread: x4) -> (x0, x1)
    "shim_enter:",
    ".cfi_startproc",
    saved!(),
    "ldr x9, [x4]",
    "stp x9, x0, [sp]",
    "str x4, [sp, #16]",
    "mov x9, sp",
    "str x9, [x4]",
    "blr x3",
    "mov x1, #0",
    "b 2f",
    ".cfi_endproc",
    ".size shim_enter, . - shim_enter",
    "",
    ".balign 16",
    ".globl shim_call",
    ".hidden shim_call",
    ".type shim_call,%function",
    // extern "C" fn(code: x0, thread: x1, context: x2, arguments: x3 to x7) -> (x0, x1)
    "shim_call:",
    ".cfi_startproc",
    saved!(),
    "ldr x9, [x1]",
    "stp x9, x2, [sp]",
    "str x1, [sp, #16]",
    "mov x9, sp",
    "str x9, [x1]",
    "blr x0",
    "mov x0, x2",
    "mov x1, #0",
    // The way out of both.
    "2:",
    "ldr x9, [sp, #16]",
    "ldr x10, [sp]",
    "str x10, [x9]",
    "ldp x19, x20, [sp, #48]",
    "ldp x21, x22, [sp, #64]",
    "ldp x23, x24, [sp, #80]",
    "ldp x25, x26, [sp, #96]",
    "ldp x27, x28, [sp, #112]",
    "ldp d8, d9, [sp, #128]",
    "ldp d10, d11, [sp, #144]",
    "ldp d12, d13, [sp, #160]",
    "ldp d14, d15, [sp, #176]",
    "ldp x29, x30, [sp, #32]",
    "add sp, sp, #192",
    ".cfi_def_cfa sp, 0",
    "ret",
    ".cfi_endproc",
    ".size shim_call, . - shim_call",
    "",
    ".globl shim_resume",
    ".hidden shim_resume",
    ".type shim_resume,%function",
    // extern "C" fn(thread: x0) -> !
    "shim_resume:",
    ".cfi_startproc",
    ".cfi_undefined x30",
    "ldr x9, [x0]",
    "mov sp, x9",
    "mov x1, #1",
    "b 2b",
    ".cfi_endproc",
    ".size shim_resume, . - shim_resume",
    ".popsection",
    "",
    // Unwinders are optional: null where the process has none.
    ".weak __register_frame",
    ".weak __deregister_frame",
    ".weak __unw_add_dynamic_fde",
    size = const size_of::<Tls>(),
);

unsafe extern "C" {
    /// Calls `adapter(context, code, values)` with a landing pad. `thread` is [`tls`] of this thread.
    #[link_name = "shim_enter"]
    pub(crate) fn enter(
        context: *mut u8,
        code: *const u8,
        values: *mut u8,
        adapter: *const u8,
        thread: *mut Tls,
    ) -> Outcome;

    /// As [`call`], with everything where the trampoline wants it.
    fn shim_call(
        code: *const u8,
        thread: *mut Tls,
        context: *mut u8,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
    ) -> Outcome;

    /// Leaves the guest through the innermost landing pad of `thread`, which is [`tls`] of this thread.
    #[link_name = "shim_resume"]
    pub(crate) fn resume(thread: *mut Tls) -> !;
}

/// As [`enter`], without an adapter: a function that takes as many integers or fewer. Those come where the guest's code has them
/// ([`plugin_abi::FunctionRecord`]): from x2 on, where the result is as well.
///
/// # Safety
/// As for [`enter`].
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "five are the guest's")]
pub(crate) unsafe fn call(
    context: *mut u8,
    a: u64,
    b: u64,
    c: u64,
    d: u64,
    e: u64,
    code: *const u8,
    thread: *mut Tls,
) -> Outcome {
    // SAFETY: the caller's promise.
    unsafe { shim_call(code, thread, context, a, b, c, d, e) }
}

/// The thread's variables.
#[cfg(not(feature = "dynamic-tls"))]
#[inline(always)]
pub(crate) fn tls() -> *mut Tls {
    let address: *mut Tls;
    // SAFETY: computes an address: the thread pointer plus the variable's offset, which the linker or loader put into the GOT.
    unsafe {
        asm!(
            "mrs {0}, tpidr_el0",
            "adrp {1}, :gottprel:shim_thread",
            "ldr {1}, [{1}, :gottprel_lo12:shim_thread]",
            "add {0}, {0}, {1}",
            out(reg) address,
            out(reg) _,
            options(nostack, pure, readonly, preserves_flags),
        );
    }
    address
}

/// The thread's variables. Not for a signal handler in a thread that may never have entered a guest: the first call of a thread
/// may allocate.
#[cfg(feature = "dynamic-tls")]
#[inline]
pub(crate) fn tls() -> *mut Tls {
    let address: *mut Tls;
    // SAFETY: the sequence of the ABI (TLS descriptors), as linkers know it; the resolver keeps all registers but these.
    unsafe {
        asm!(
            "adrp x0, :tlsdesc:shim_thread",
            "ldr x1, [x0, :tlsdesc_lo12:shim_thread]",
            "add x0, x0, :tlsdesc_lo12:shim_thread",
            ".tlsdesccall shim_thread",
            "blr x1",
            "mrs x1, tpidr_el0",
            "add x0, x0, x1",
            out("x0") address,
            out("x1") _,
            out("x30") _,
        );
    }
    address
}

/// The stack pointer, roughly: that of the caller.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

macro_rules! weak {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: reads an entry of the GOT, null for a weak symbol that nobody defines.
        unsafe {
            asm!(
                concat!("adrp {0}, :got:", $name),
                concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                out(reg) address,
                options(nostack, pure, readonly, preserves_flags),
            );
        }
        address
    }};
}

/// Hands an `.eh_frame` section to the process's unwinder. `false` where there is none, or one of another kind: that of
/// LLVM takes single entries under the same name.
///
/// # Safety
/// `table` is well-formed, ends with a zero word and stays until [`deregister_frames`].
pub(crate) unsafe fn register_frames(table: *const u8) -> bool {
    let register = weak!("__register_frame");
    if register == 0 || weak!("__deregister_frame") == 0 || weak!("__unw_add_dynamic_fde") != 0 {
        return false;
    }
    // SAFETY: libgcc's signature; the caller's promise.
    unsafe { core::mem::transmute::<usize, unsafe extern "C" fn(*const u8)>(register)(table) };
    true
}

/// Takes back what [`register_frames`] gave.
///
/// # Safety
/// `table` was registered.
pub(crate) unsafe fn deregister_frames(table: *const u8) {
    let deregister = weak!("__deregister_frame");
    if deregister != 0 {
        // SAFETY: libgcc's signature; the caller's promise.
        unsafe { core::mem::transmute::<usize, unsafe extern "C" fn(*const u8)>(deregister)(table) };
    }
}

/// The registers of an interrupted thread that traps need: pc, sp and frame pointer.
pub(crate) fn registers(context: &libc::ucontext_t) -> (usize, usize, usize) {
    let machine = &context.uc_mcontext;
    (machine.pc as usize, machine.sp as usize, machine.regs[29] as usize)
}

/// Makes an interrupted thread go on at [`resume`]; its variables are `thread`.
pub(crate) fn redirect(context: &mut libc::ucontext_t, thread: *mut Tls) {
    let machine = &mut context.uc_mcontext;
    machine.pc = resume as *const () as u64;
    machine.regs[0] = thread as u64;
}

/// Makes code that was just written visible to instruction fetches, which have a cache of their own.
pub(crate) fn flush_code(start: *const u8, len: usize) {
    let control: usize;
    // SAFETY: readable in user mode on Linux.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) control, options(nomem, nostack, preserves_flags)) };
    // Lines, in words of 4 bytes, as powers of two.
    let (data, code) = (4 << (control >> 16 & 15), 4 << (control & 15));
    let (first, end) = (start as usize, start as usize + len);
    // SAFETY: the caller's own bytes; maintenance of caches changes none of them.
    unsafe {
        for line in (first & !(data - 1)..end).step_by(data) {
            asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags));
        }
        asm!("dsb ish", options(nostack, preserves_flags));
        for line in (first & !(code - 1)..end).step_by(code) {
            asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags));
        }
        asm!("dsb ish", "isb", options(nostack, preserves_flags));
    }
}

/// A number that two faults share only if the thread made no progress between them.
pub(crate) fn fingerprint(context: &libc::ucontext_t) -> u64 {
    let machine = &context.uc_mcontext;
    let all = machine.regs.iter().chain([&machine.sp, &machine.pc]);
    all.fold(0xcbf2_9ce4_8422_2325, |h, r| (h ^ *r).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Of `asm/hwcap.h`; the crate libc has it not.
const HWCAP2_I8MM: u64 = 1 << 13;

/// Whether this processor has a feature, by the names of Cranelift (`has_lse` or `lse`). `false` for a name that it does not
/// know.
pub(crate) fn cpu_has(name: &str) -> bool {
    // SAFETY: no preconditions.
    let has = unsafe { libc::getauxval(libc::AT_HWCAP) };
    let bit = |bit: u64| has & bit != 0;
    match name.strip_prefix("has_").unwrap_or(name) {
        "lse" => bit(libc::HWCAP_ATOMICS),
        "fp16" => bit(libc::HWCAP_FPHP) && bit(libc::HWCAP_ASIMDHP),
        "pauth" => bit(libc::HWCAP_PACA),
        "dotprod" => bit(libc::HWCAP_ASIMDDP),
        // SAFETY: no preconditions.
        "i8mm" => unsafe { libc::getauxval(libc::AT_HWCAP2) & HWCAP2_I8MM != 0 },
        _ => false,
    }
}
