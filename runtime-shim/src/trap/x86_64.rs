//! Entering and leaving guest code on x86-64: the trampoline, the landing pad and the thread's variables.
//!
//! The trampoline pushes an [`Activation`] on the native stack and links it into the thread's chain. It is the landing pad,
//! too: a trap puts the stack pointer back to the innermost activation and leaves through the trampoline's own exit, so that
//! callee-saved registers come from where the trampoline saved them. Frames of the host are never crossed: a host function
//! that enters the guest again has its own activation, and a trap ends there.
//!
//! The chain hangs on one thread-local variable, reached by one load from the GOT (initial-exec), or by a call into the dynamic
//! linker (general-dynamic, feature `dynamic-tls`); see `docs/decisions/0001-thread-local-landing-pads.md`. Only [`tls`] knows
//! which: its address comes with every entry, and lies in the activation for the way out.

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
    callee_saved: [usize; 6],
    return_address: usize,
}

const _: () = assert!(size_of::<Activation>() == 80);
const _: () = assert!(core::mem::offset_of!(Activation, thread) == 16);
const _: () = assert!(core::mem::offset_of!(Activation, callee_saved) == 24);
const _: () = assert!(core::mem::offset_of!(Tls, activation) == 0);

/// The beginning of both trampolines: everything that their callers want to have again.
macro_rules! saved {
    () => {
        "push rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov rbp, rsp
        .cfi_def_cfa_register rbp
        push rbx
        push r12
        push r13
        push r14
        push r15
        .cfi_offset rbx, -24
        .cfi_offset r12, -32
        .cfi_offset r13, -40
        .cfi_offset r14, -48
        .cfi_offset r15, -56"
    };
}

global_asm!(
    ".pushsection .tbss.shim_thread,\"awT\",@nobits",
    ".balign 16",
    ".globl shim_thread",
    ".hidden shim_thread",
    ".type shim_thread,@object",
    ".size shim_thread,{size}",
    "shim_thread:",
    ".zero {size}",
    ".popsection",
    "",
    ".pushsection .text.shim_enter,\"ax\",@progbits",
    ".balign 16",
    ".globl shim_enter",
    ".hidden shim_enter",
    ".type shim_enter,@function",
    // extern "C" fn(context: rdi, code: rsi, values: rdx, adapter: rcx, thread: r8) -> (rax, rdx)
    "shim_enter:",
    ".cfi_startproc",
    saved!(),
    "push r8",
    "push rdi",
    "push qword ptr [r8]",
    "mov qword ptr [r8], rsp",
    "call rcx",
    "xor edx, edx",
    "jmp 2f",
    ".cfi_endproc",
    ".size shim_enter, . - shim_enter",
    "",
    ".balign 16",
    ".globl shim_call",
    ".hidden shim_call",
    ".type shim_call,@function",
    // extern "C" fn(context: rdi, arguments: rsi, rdx, rcx, r8, r9, code: [rsp + 8], thread: [rsp + 16]) -> (rax, rdx)
    "shim_call:",
    ".cfi_startproc",
    saved!(),
    "mov rax, qword ptr [rbp + 24]",
    "push rax",
    "push rdi",
    "push qword ptr [rax]",
    "mov qword ptr [rax], rsp",
    "call qword ptr [rbp + 16]",
    "xor edx, edx",
    // The way out of both.
    "2:",
    "mov rcx, qword ptr [rsp + 16]",
    "pop qword ptr [rcx]",
    "add rsp, 16",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_endproc",
    ".size shim_call, . - shim_call",
    "",
    ".globl shim_resume",
    ".hidden shim_resume",
    ".type shim_resume,@function",
    // extern "C" fn(thread: rdi) -> !
    "shim_resume:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "mov rsp, qword ptr [rdi]",
    "mov edx, 1",
    "cld",
    "jmp 2b",
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

    /// As [`enter`], without an adapter: a function that takes as many integers or fewer. Those come where the guest's code has
    /// them ([`plugin_abi::FunctionRecord`]): in the registers of the C convention.
    #[link_name = "shim_call"]
    pub(crate) fn call(
        context: *mut u8,
        a: u64,
        b: u64,
        c: u64,
        d: u64,
        e: u64,
        code: *const u8,
        thread: *mut Tls,
    ) -> Outcome;

    /// Leaves the guest through the innermost landing pad of `thread`, which is [`tls`] of this thread.
    #[link_name = "shim_resume"]
    pub(crate) fn resume(thread: *mut Tls) -> !;
}

/// The thread's variables.
#[cfg(not(feature = "dynamic-tls"))]
#[inline(always)]
pub(crate) fn tls() -> *mut Tls {
    let address: *mut Tls;
    // SAFETY: computes an address: the thread pointer, which the ABI keeps at fs:0, plus the variable's offset.
    unsafe {
        asm!(
            "mov {0}, qword ptr fs:0",
            "add {0}, qword ptr [rip + shim_thread@GOTTPOFF]",
            out(reg) address,
            options(nostack, pure, readonly),
        );
    }
    address
}

/// The thread's variables. Not for a signal handler in a thread that may never have entered a guest: the first call of a thread
/// allocates.
#[cfg(feature = "dynamic-tls")]
#[inline]
pub(crate) fn tls() -> *mut Tls {
    let address: *mut Tls;
    // SAFETY: the sequence of the ABI, as linkers know it (in an executable they make it two instructions without a call);
    // the stack is aligned, as always where an asm block may push.
    unsafe {
        asm!(
            ".byte 0x66",
            "lea rdi, [rip + shim_thread@TLSGD]",
            ".byte 0x66, 0x66, 0x48",
            "call __tls_get_addr@PLT",
            out("rax") address,
            clobber_abi("C"),
        );
    }
    address
}

/// The stack pointer, roughly: that of the caller.
#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let sp: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

macro_rules! weak {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: reads an entry of the GOT, null for a weak symbol that nobody defines.
        unsafe {
            asm!(
                concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
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
    let g = &context.uc_mcontext.gregs;
    (
        g[libc::REG_RIP as usize] as usize,
        g[libc::REG_RSP as usize] as usize,
        g[libc::REG_RBP as usize] as usize,
    )
}

/// Makes an interrupted thread go on at [`resume`]; its variables are `thread`.
pub(crate) fn redirect(context: &mut libc::ucontext_t, thread: *mut Tls) {
    let registers = &mut context.uc_mcontext.gregs;
    registers[libc::REG_RIP as usize] = resume as *const () as i64;
    registers[libc::REG_RDI as usize] = thread as i64;
}

/// Makes code that was just written visible to instruction fetches: this processor does so by itself.
pub(crate) fn flush_code(_start: *const u8, _len: usize) {}

/// A number that two faults share only if the thread made no progress between them.
pub(crate) fn fingerprint(context: &libc::ucontext_t) -> u64 {
    let general = &context.uc_mcontext.gregs[..=libc::REG_RIP as usize];
    general.iter().fold(0xcbf2_9ce4_8422_2325, |h, r| (h ^ *r as u64).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Whether this processor has a feature, by the names of Cranelift (`has_avx2`) or of LLVM (`avx2`, `sse4.1`). `false` for
/// a name that it does not know.
pub(crate) fn cpu_has(name: &str) -> bool {
    use core::arch::x86_64::{__cpuid, __cpuid_count, __get_cpuid_max};
    let (max, _) = __get_cpuid_max(0);
    let (extended, _) = __get_cpuid_max(0x8000_0000);
    let one = __cpuid(1);
    let seven = if max >= 7 { Some(__cpuid_count(7, 0)) } else { None };
    let ebx = seven.map_or(0, |l| l.ebx);
    let ecx7 = seven.map_or(0, |l| l.ecx);
    let ext = if extended >= 0x8000_0001 { __cpuid(0x8000_0001).ecx } else { 0 };
    let bit = |word: u32, n: u32| word & (1 << n) != 0;
    // SAFETY: only executed where the processor says that XGETBV exists.
    let xcr0 = if bit(one.ecx, 27) { unsafe { xcr0() } } else { 0 };
    let avx = bit(one.ecx, 28) && xcr0 & 6 == 6;
    let avx512 = avx && xcr0 & 0xe6 == 0xe6;
    let name = name.strip_prefix("has_").unwrap_or(name);
    match name {
        "sse" => bit(one.edx, 25),
        "sse2" => bit(one.edx, 26),
        "sse3" => bit(one.ecx, 0),
        "pclmulqdq" => bit(one.ecx, 1),
        "ssse3" => bit(one.ecx, 9),
        "fma" => avx && bit(one.ecx, 12),
        "cmpxchg16b" | "cx16" => bit(one.ecx, 13),
        "sse41" | "sse4.1" => bit(one.ecx, 19),
        "sse42" | "sse4.2" => bit(one.ecx, 20),
        "movbe" => bit(one.ecx, 22),
        "popcnt" => bit(one.ecx, 23),
        "avx" => avx,
        "f16c" => avx && bit(one.ecx, 29),
        "lahf" => bit(ext, 0),
        "lzcnt" => bit(ext, 5),
        "bmi1" | "bmi" => bit(ebx, 3),
        "avx2" => avx && bit(ebx, 5),
        "bmi2" => bit(ebx, 8),
        "avx512f" => avx512 && bit(ebx, 16),
        "avx512dq" => avx512 && bit(ebx, 17),
        "avx512bw" => avx512 && bit(ebx, 30),
        "avx512vl" => avx512 && bit(ebx, 31),
        "avx512vbmi" => avx512 && bit(ecx7, 1),
        "avx512bitalg" => avx512 && bit(ecx7, 12),
        _ => false,
    }
}

/// # Safety
/// The processor has XGETBV.
unsafe fn xcr0() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: the caller's promise.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack, preserves_flags));
    }
    u64::from(high) << 32 | u64::from(low)
}
