//! What the archives may leave undefined: functions of the C library that every program has.

/// The functions of the C library that the shim may need, sorted. Every one is in glibc 2.31 and in musl, other than those
/// that the shim looks for at run time (weak).
#[rustfmt::skip]
pub const LIBC_SYMBOLS: &[&str] = &[
    "__errno_location", "abort", "aligned_alloc", "bcmp", "calloc", "clock_getres", "clock_gettime", "clock_nanosleep", "close",
    "fcntl", "free", "ftruncate", "getauxval", "getpid", "getrandom", "madvise", "malloc", "memcmp", "memcpy", "memfd_create", "memmove",
    "memset", "mmap", "mprotect", "munmap", "nanosleep", "open", "pthread_attr_destroy", "pthread_attr_getstack",
    "pthread_create", "pthread_detach", "pthread_getattr_np", "pthread_self", "pthread_sigmask", "pwrite", "raise", "realloc",
    "sigaction", "sigaddset", "sigemptyset", "sigfillset", "strlen", "syscall", "sysconf", "write",
];

/// Symbols that may stay undefined because they are weak and the shim copes without: those of the program's unwinder.
pub const WEAK_SYMBOLS: &[&str] = &["__deregister_frame", "__register_frame", "__unw_add_dynamic_fde"];

/// The functions of glibc that the Envoy adapter may need, sorted, with the minor number of the glibc 2.x that has them first
/// on x86-64.
///
/// A module is linked against no library, so that its references carry no version and the dynamic linker takes that of
/// GLIBC_2.2.5 (the first that there was on x86-64) where the library has it, else the newest. Nothing belongs here whose first
/// version behaves differently (`posix_spawn`, `pthread_cond_*`, `realpath`, `timer_*`), and nothing newer than what
/// Envoy needs itself ([`ENVOY_GLIBC`]). Every one is in the libraries that Envoy links with.
#[rustfmt::skip]
pub const GLIBC_SYMBOLS: &[(&str, u32)] = &[
    ("__cxa_thread_atexit_impl", 18), ("__errno_location", 2), ("__tls_get_addr", 3), ("__xpg_strerror_r", 3), ("abort", 2),
    ("aligned_alloc", 16), ("bcmp", 2), ("calloc", 2), ("clock_getres", 2), ("clock_gettime", 2), ("clock_nanosleep", 2),
    ("close", 2), ("dl_iterate_phdr", 2), ("dladdr", 2), ("dlopen", 2), ("dlsym", 2), ("fcntl", 2), ("free", 2),
    ("ftruncate", 2), ("getcwd", 2), ("getenv", 2), ("getpid", 2), ("getrandom", 25), ("gettid", 30), ("lseek64", 2),
    ("madvise", 2), ("malloc", 2), ("memchr", 2), ("memcmp", 2), ("memcpy", 2), ("memfd_create", 27), ("memmove", 2),
    ("memrchr", 2), ("memset", 2), ("mmap", 2), ("mmap64", 2), ("mprotect", 2), ("munmap", 2), ("nanosleep", 2), ("open", 2),
    ("open64", 2), ("pause", 2), ("posix_memalign", 2), ("prctl", 2), ("pthread_attr_destroy", 2), ("pthread_attr_getstack", 2),
    ("pthread_attr_init", 2), ("pthread_attr_setstacksize", 2), ("pthread_create", 2), ("pthread_detach", 2),
    ("pthread_getattr_np", 2), ("pthread_join", 2), ("pthread_key_create", 2), ("pthread_key_delete", 2), ("pthread_self", 2),
    ("pthread_setname_np", 12), ("pthread_setspecific", 2), ("pthread_sigmask", 2), ("pwrite", 2), ("raise", 2), ("read", 2),
    ("readlink", 2), ("realloc", 2), ("sched_getaffinity", 3), ("sched_yield", 2), ("sigaction", 2), ("sigaddset", 2), ("sigemptyset", 2),
    ("sigfillset", 2), ("statx", 28), ("strlen", 2), ("syscall", 2), ("sysconf", 2), ("write", 2), ("writev", 2),
];

/// Minor number of the oldest glibc 2.x that Envoy's own releases run on.
pub const ENVOY_GLIBC: u32 = 30;

#[test]
fn lists_are_sorted() {
    assert!(LIBC_SYMBOLS.is_sorted() && WEAK_SYMBOLS.is_sorted());
    assert!(GLIBC_SYMBOLS.is_sorted_by_key(|(name, _)| *name));
    assert!(GLIBC_SYMBOLS.iter().all(|(_, minor)| *minor <= ENVOY_GLIBC));
}
