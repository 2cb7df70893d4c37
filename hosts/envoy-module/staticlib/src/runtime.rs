//! What the standard library takes from libgcc, from the C compiler's start files and from newer C libraries than Envoy's.
//!
//! The module is linked against nothing (`-nostdlib`), since every library in its DT_NEEDED would have to be on the machine
//! that Envoy runs on. The archive makes all of this local.
#![allow(non_snake_case, non_upper_case_globals)]

use core::ffi::{c_int, c_void};

// The unwinder. A panic aborts, so that nothing unwinds. An exception of C++ that comes through a frame of ours finds nothing
// to clean up and goes on to its handler.

/// `_URC_END_OF_STACK`
const END_OF_STACK: c_int = 5;

/// Calls nobody: backtraces of panics are empty. The message says where it happened.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_visit: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

macro_rules! nothing {
    ($($name:ident)*) => {$(
        /// Nothing: there is no frame to ask about.
        #[unsafe(no_mangle)]
        extern "C" fn $name(_context: *mut c_void) -> usize {
            0
        }
    )*};
}

nothing! {
    _Unwind_GetDataRelBase _Unwind_GetIP _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase
    _Unwind_GetCFA _Unwind_FindEnclosingFunction
}

/// Nothing: there is no frame to ask about.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetIPInfo(_context: *mut c_void, before: *mut c_int) -> usize {
    if !before.is_null() {
        // SAFETY: the caller's variable.
        unsafe { before.write(0) };
    }
    0
}

/// Nothing: there is no frame to change.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_SetGR(_context: *mut c_void, _index: c_int, _value: usize) {}

/// Nothing: there is no frame to change.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_SetIP(_context: *mut c_void, _value: usize) {}

/// Never called: what it would go on with does not begin.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume(_exception: *mut c_void) -> ! {
    // SAFETY: no preconditions.
    unsafe { libc::abort() }
}

/// An address within this module: that is how the C library knows whose thread-local destructors it calls.
#[unsafe(no_mangle)]
static __dso_handle: u8 = 0;

// glibc has these as functions since 2.33 only.

/// `fstat64`
#[unsafe(no_mangle)]
unsafe extern "C" fn fstat64(fd: c_int, out: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; the kernel's structure is the C library's on 64-bit Linux.
    unsafe { libc::syscall(libc::SYS_fstat, fd, out) as c_int }
}

/// `stat64`
#[unsafe(no_mangle)]
unsafe extern "C" fn stat64(path: *const c_void, out: *mut c_void) -> c_int {
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path, out, 0) as c_int }
}

/// The first `realpath` of glibc, which is what a reference without a version gets, takes no null for `out`. The standard
/// library asks for nothing else, and only to find the debug information of a panic's backtrace.
#[unsafe(no_mangle)]
extern "C" fn realpath(_path: *const c_void, _out: *mut c_void) -> *mut c_void {
    core::ptr::null_mut()
}

/// What `nullvmc inspect` finds in a module: the version of Envoy's ABI that the adapter is written for.
#[repr(C, align(4))]
struct Note {
    owner_size: u32,
    text_size: u32,
    kind: u32,
    owner: [u8; 8],
    text: [u8; 16],
}

#[used]
#[unsafe(link_section = ".note.nullvm.envoy")]
static NOTE: Note = {
    let version = nullvm_envoy_module::ABI_VERSION.to_bytes();
    let mut text = [0; 16];
    let mut i = 0;
    while i < version.len() {
        text[i] = version[i];
        i += 1;
    }
    Note { owner_size: 7, text_size: 16, kind: 2, owner: *b"nullvm\0\0", text }
};
