//! `libnullvm_shim.a` before its symbols are made local: the shim, an allocator over libc and an abort on panic.
//!
//! Nothing else lives here. Built with the profile `shim` by `nullvm-shim-archive`, which turns the result into one object.
//! Under a profile that unwinds (a check of the whole workspace) it is an ordinary std crate without contents.
#![cfg_attr(panic = "abort", no_std)]

pub use nullvm_shim::*;

#[cfg(panic = "abort")]
mod runtime {
    use core::alloc::{GlobalAlloc, Layout};
    use core::fmt::{self, Write};

    /// The C library's allocator.
    struct LibcAllocator;

    #[global_allocator]
    static ALLOCATOR: LibcAllocator = LibcAllocator;

    /// What `malloc` aligns to on 64-bit systems.
    const MALLOC_ALIGN: usize = 16;

    // SAFETY: each function does what the trait asks with the C library's counterpart; over-aligned blocks come from
    // `aligned_alloc`, which `free` takes as well.
    unsafe impl GlobalAlloc for LibcAllocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: no preconditions; the alignment is a power of two.
            unsafe {
                if layout.align() <= MALLOC_ALIGN {
                    libc::malloc(layout.size()).cast()
                } else {
                    libc::aligned_alloc(layout.align(), layout.size().next_multiple_of(layout.align())).cast()
                }
            }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as above; the block is as large as the layout says.
            unsafe {
                if layout.align() <= MALLOC_ALIGN {
                    return libc::calloc(1, layout.size()).cast();
                }
                let block = self.alloc(layout);
                if !block.is_null() {
                    block.write_bytes(0, layout.size());
                }
                block
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
            // SAFETY: the block came from one of the functions above.
            unsafe { libc::free(block.cast()) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the block came from one of the functions above.
            unsafe {
                if layout.align() <= MALLOC_ALIGN {
                    return libc::realloc(block.cast(), size).cast();
                }
                let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !new.is_null() {
                    core::ptr::copy_nonoverlapping(block, new, size.min(layout.size()));
                    self.dealloc(block, layout);
                }
                new
            }
        }
    }

    struct Stderr;

    impl Write for Stderr {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            // SAFETY: `s` is readable for its length.
            unsafe { libc::write(2, s.as_ptr().cast(), s.len()) };
            Ok(())
        }
    }

    // The precompiled `alloc` refers to an unwinder. Nothing unwinds here, and the program need not have one.

    /// Never called: there are no exceptions.
    #[unsafe(no_mangle)]
    extern "C" fn rust_eh_personality() {}

    /// Never called: there are no exceptions.
    #[unsafe(no_mangle)]
    #[allow(non_snake_case)]
    extern "C" fn _Unwind_Resume() -> ! {
        // SAFETY: no preconditions.
        unsafe { libc::abort() }
    }

    #[panic_handler]
    fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
        // A panic here is a bug of the shim; there is nobody to tell but the operator.
        let _ = writeln!(Stderr, "nullvm: {info}");
        // SAFETY: no preconditions.
        unsafe { libc::abort() }
    }
}
