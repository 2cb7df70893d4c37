//! The symbols that compiled code calls: one thunk per host function and libcall, made from the tables of `plugin-abi`.
//!
//! A thunk notes in the context where the guest left off (for backtraces) and jumps to its body, so that arguments on the
//! stack stay where they are. The bodies check that the function may be called now, with one test of a bit, and turn its
//! answer into the guest's. They raise traps only after the function has returned, so that nothing is left behind.

use crate::dispatch::check;
use crate::guest::HostError;
use crate::instance::Instance;
use crate::libcalls;
use crate::trap::{instance, raise};
use plugin_abi::context::{EXIT_FP, EXIT_PC};
use plugin_abi::{HOST_FUNCTIONS, HostFunctionId, NONE, for_each_host_function};

/// The code of a thunk. `rdi` is the context; only `rax` is free to use beside it.
#[cfg(target_arch = "x86_64")]
macro_rules! thunk {
    ($symbol:ident, $body:path) => {
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $symbol() {
            core::arch::naked_asm!(
                "mov rax, qword ptr [rsp]",
                "mov qword ptr [rdi + {exit_pc}], rax",
                "mov qword ptr [rdi + {exit_fp}], rbp",
                "jmp {body}",
                exit_pc = const EXIT_PC,
                exit_fp = const EXIT_FP,
                body = sym $body,
            )
        }
    };
}

/// The code of a thunk. `x0` is the context; only `x16` and `x17` are free to use.
#[cfg(target_arch = "aarch64")]
macro_rules! thunk {
    ($symbol:ident, $body:path) => {
        #[unsafe(no_mangle)]
        #[unsafe(naked)]
        unsafe extern "C" fn $symbol() {
            core::arch::naked_asm!(
                "stur x30, [x0, #{exit_pc}]",
                "stur x29, [x0, #{exit_fp}]",
                "b {body}",
                exit_pc = const EXIT_PC,
                exit_fp = const EXIT_FP,
                body = sym $body,
            )
        }
    };
}

macro_rules! host_functions {
    ($($module:ident $name:ident $symbol:ident ($($param:ident : $ty:ident),*) -> $result:tt $abis:ident $phases:ident;)*) => {
        /// The bodies behind the thunks, named like the imports.
        #[allow(non_snake_case)]
        mod bodies {
            use super::*;
            use crate::hostcalls as Env;
            use crate::wasi as Wasi;
            $(
                /// # Safety
                /// Called by its thunk, on behalf of the running guest of `context`.
                #[allow(clippy::too_many_arguments)]
                pub(super) unsafe extern "C" fn $name(context: *mut u8 $(, $param: host_functions!(@type $ty))*) -> u32 {
                    // SAFETY: the guest of this context runs, so its instance lives.
                    let mut guest: &Instance = unsafe { instance(context) };
                    let answer = match check(&mut guest, HostFunctionId::$name) {
                        Ok(()) => $module::$name(&mut guest $(, $param)*),
                        Err(refusal) => refusal.answer(),
                    };
                    match answer {
                        Ok(n) => n,
                        Err(HostError::Status(status)) => status as u32,
                        // SAFETY: called by the thunk of this context, and nothing here needs dropping.
                        Err(HostError::Trap(code)) => unsafe { raise(context, code, NONE) },
                    }
                }
            )*
        }

        $(thunk!($symbol, bodies::$name);)*

        fn host_function(symbol: &str) -> Option<*const u8> {
            let id = HOST_FUNCTIONS.iter().position(|f| f.symbol == symbol)?;
            const ADDRESSES: &[unsafe extern "C" fn()] = &[$($symbol),*];
            Some(ADDRESSES[id] as *const u8)
        }
    };
    (@type i32) => { u32 };
    (@type i64) => { u64 };
}

macro_rules! libcall_thunks {
    ($($symbol:ident => $body:ident,)*) => {
        $(thunk!($symbol, libcalls::$body);)*

        fn libcall(symbol: &str) -> Option<*const u8> {
            match symbol {
                $(stringify!($symbol) => Some($symbol as *const u8),)*
                _ => None,
            }
        }

        // A libcall without a body, or with one that nobody calls, fails the build.
        const _: () = {
            let bodies: &[&str] = &[$(stringify!($symbol)),*];
            assert!(bodies.len() == plugin_abi::LIBCALLS.len());
        };
    };
}

libcall_thunks! {
    nullvm_libcall_memory_grow => memory_grow,
    nullvm_libcall_memory_copy => memory_copy,
    nullvm_libcall_memory_fill => memory_fill,
    nullvm_libcall_memory_init => memory_init,
    nullvm_libcall_data_drop => data_drop,
    nullvm_libcall_table_set => table_set,
    nullvm_libcall_table_grow => table_grow,
    nullvm_libcall_table_fill => table_fill,
    nullvm_libcall_table_copy => table_copy,
    nullvm_libcall_table_init => table_init,
    nullvm_libcall_elem_drop => elem_drop,
    nullvm_libcall_trap => trap,
    nullvm_libcall_stub_import => stub_import,
    nullvm_libcall_call_import => call_import,
}

for_each_host_function!(host_functions);

/// The address of a symbol that compiled code may refer to.
pub fn symbol(name: &str) -> Option<*const u8> {
    if name == plugin_abi::ABI_SYMBOL {
        return Some((&raw const crate::nullvm_abi_2).cast());
    }
    libcall(name).or_else(|| host_function(name))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_symbol_has_an_address() {
        for (_, symbol, _, _) in plugin_abi::LIBCALLS {
            assert!(super::symbol(symbol).is_some(), "{symbol}");
        }
        for function in plugin_abi::HOST_FUNCTIONS {
            assert!(super::symbol(function.symbol).is_some(), "{}", function.symbol);
        }
        assert!(super::symbol(plugin_abi::ABI_SYMBOL).is_some());
        assert!(super::symbol("malloc").is_none());
    }
}
