//! The one table of everything a plugin can import.
//!
//! The compiler checks a module's imports against it, the shim generates its symbols from it
//! ([`for_each_host_function!`]), engines bind their imports by it and the documentation lists it.
//! Adding a host function is one row here and one body in the shim.

/// A WebAssembly value type, as far as it crosses the plugin's boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ValType {
    /// 32-bit integer
    I32 = 0,
    /// 64-bit integer
    I64 = 1,
    /// 32-bit float
    F32 = 2,
    /// 64-bit float
    F64 = 3,
    /// 128-bit vector
    V128 = 4,
    /// Function reference: the function's index plus 1, 0 for null
    FuncRef = 5,
    /// External reference: an opaque scalar, 0 for null
    ExternRef = 6,
}

impl ValType {
    /// The type with this number.
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::I32,
            1 => Self::I64,
            2 => Self::F32,
            3 => Self::F64,
            4 => Self::V128,
            5 => Self::FuncRef,
            6 => Self::ExternRef,
            _ => return None,
        })
    }

    /// Its name in the text format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        }
    }
}

/// Where a host function is imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportModule {
    /// `env`: the Proxy-Wasm functions and what toolchains add.
    Env,
    /// `wasi_snapshot_preview1`, and `wasi_unstable`, which hosts serve with the same functions.
    Wasi,
}

impl ImportModule {
    /// The module names that a plugin may import it under.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Env => &["env"],
            Self::Wasi => &["wasi_snapshot_preview1", "wasi_unstable"],
        }
    }
}

/// A set of ABI versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbiSet(pub u8);

impl AbiSet {
    /// Every version.
    pub const ALL: Self = Self(0b1111);
    /// 0.1.0 only.
    pub const ONLY_0_1_0: Self = Self(0b0001);
    /// 0.2.0, 0.2.1 and 0.2.100.
    pub const SINCE_0_2_0: Self = Self(0b1110);
    /// 0.2.1 and 0.2.100.
    pub const SINCE_0_2_1: Self = Self(0b1100);
    /// Higress's 0.2.100 only.
    pub const HIGRESS: Self = Self(0b1000);

    /// Whether the set holds a version. A module without one ([`crate::AbiVersion::None`]) is in no set.
    pub const fn contains(self, abi: crate::AbiVersion) -> bool {
        match abi {
            crate::AbiVersion::None => false,
            _ => self.0 & (1 << (abi as u32 - 1)) != 0,
        }
    }
}

/// The phases in which a host function may be called although the plugin is restricted; see
/// proxy-wasm-cpp-host `src/wasm.cc`, `startVm` and `allocMemory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseSet(pub u8);

impl PhaseSet {
    /// In callbacks only.
    pub const CALLBACKS: Self = Self(0);
    /// Also during `_initialize`, `_start` and `main`.
    pub const INIT: Self = Self(1);
    /// Also during initialisation and inside the allocator.
    pub const INIT_AND_ALLOCATOR: Self = Self(3);

    /// Whether it may be called during initialisation.
    pub const fn in_init(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether it may be called inside the allocator.
    pub const fn in_allocator(self) -> bool {
        self.0 & 2 != 0
    }
}

/// A function that a plugin may import.
#[derive(Clone, Copy, Debug)]
pub struct HostFunction {
    /// Which it is; also its index in [`HOST_FUNCTIONS`].
    pub id: HostFunctionId,
    /// Where it is imported from.
    pub module: ImportModule,
    /// Its name in the import, and the name of its capability in `allowed_capabilities`.
    pub name: &'static str,
    /// The shim's symbol.
    pub symbol: &'static str,
    /// Parameter types.
    pub params: &'static [ValType],
    /// Parameter names, as many.
    pub param_names: &'static [&'static str],
    /// The `i32` status or errno, or nothing.
    pub result: Option<ValType>,
    /// The ABI versions that have it.
    pub abis: AbiSet,
    /// Where it may be called besides callbacks.
    pub phases: PhaseSet,
}

/// Calls the macro `$m` with every host function, one row each:
/// `Module name symbol (param: type, ...) -> result abis phases;` where `result` is `i32` or `()`.
#[macro_export]
macro_rules! for_each_host_function {
    ($m:ident) => {
        $m! {
            Env proxy_log nullvm_proxy_log (level: i32, message: i32, message_size: i32) -> i32 ALL INIT_AND_ALLOCATOR;
            Env proxy_get_log_level nullvm_proxy_get_log_level (return_level: i32) -> i32 SINCE_0_2_1 CALLBACKS;
            Env proxy_get_status nullvm_proxy_get_status (return_code: i32, return_message: i32, return_message_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_current_time_nanoseconds nullvm_proxy_get_current_time_nanoseconds (return_time: i32) -> i32 ALL CALLBACKS;
            Env proxy_set_tick_period_milliseconds nullvm_proxy_set_tick_period_milliseconds (period: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_configuration nullvm_proxy_get_configuration (return_data: i32, return_size: i32) -> i32 ONLY_0_1_0 CALLBACKS;
            Env proxy_continue_request nullvm_proxy_continue_request () -> i32 ONLY_0_1_0 CALLBACKS;
            Env proxy_continue_response nullvm_proxy_continue_response () -> i32 ONLY_0_1_0 CALLBACKS;
            Env proxy_clear_route_cache nullvm_proxy_clear_route_cache () -> i32 ONLY_0_1_0 CALLBACKS;
            Env proxy_continue_stream nullvm_proxy_continue_stream (stream_type: i32) -> i32 SINCE_0_2_0 CALLBACKS;
            Env proxy_close_stream nullvm_proxy_close_stream (stream_type: i32) -> i32 SINCE_0_2_0 CALLBACKS;
            Env proxy_send_local_response nullvm_proxy_send_local_response (code: i32, details: i32, details_size: i32, body: i32, body_size: i32, headers: i32, headers_size: i32, grpc_status: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_property nullvm_proxy_get_property (path: i32, path_size: i32, return_value: i32, return_value_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_set_property nullvm_proxy_set_property (path: i32, path_size: i32, value: i32, value_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_header_map_value nullvm_proxy_get_header_map_value (map: i32, key: i32, key_size: i32, return_value: i32, return_value_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_add_header_map_value nullvm_proxy_add_header_map_value (map: i32, key: i32, key_size: i32, value: i32, value_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_replace_header_map_value nullvm_proxy_replace_header_map_value (map: i32, key: i32, key_size: i32, value: i32, value_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_remove_header_map_value nullvm_proxy_remove_header_map_value (map: i32, key: i32, key_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_header_map_pairs nullvm_proxy_get_header_map_pairs (map: i32, return_data: i32, return_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_set_header_map_pairs nullvm_proxy_set_header_map_pairs (map: i32, data: i32, size: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_header_map_size nullvm_proxy_get_header_map_size (map: i32, return_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_buffer_bytes nullvm_proxy_get_buffer_bytes (buffer: i32, start: i32, length: i32, return_data: i32, return_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_buffer_status nullvm_proxy_get_buffer_status (buffer: i32, return_length: i32, return_flags: i32) -> i32 ALL CALLBACKS;
            Env proxy_set_buffer_bytes nullvm_proxy_set_buffer_bytes (buffer: i32, start: i32, length: i32, data: i32, size: i32) -> i32 ALL CALLBACKS;
            Env proxy_http_call nullvm_proxy_http_call (upstream: i32, upstream_size: i32, headers: i32, headers_size: i32, body: i32, body_size: i32, trailers: i32, trailers_size: i32, timeout: i32, return_token: i32) -> i32 ALL CALLBACKS;
            Env proxy_grpc_call nullvm_proxy_grpc_call (upstream: i32, upstream_size: i32, service: i32, service_size: i32, method: i32, method_size: i32, metadata: i32, metadata_size: i32, message: i32, message_size: i32, timeout: i32, return_token: i32) -> i32 ALL CALLBACKS;
            Env proxy_grpc_stream nullvm_proxy_grpc_stream (upstream: i32, upstream_size: i32, service: i32, service_size: i32, method: i32, method_size: i32, metadata: i32, metadata_size: i32, return_token: i32) -> i32 ALL CALLBACKS;
            Env proxy_grpc_send nullvm_proxy_grpc_send (token: i32, message: i32, message_size: i32, end_stream: i32) -> i32 ALL CALLBACKS;
            Env proxy_grpc_close nullvm_proxy_grpc_close (token: i32) -> i32 ALL CALLBACKS;
            Env proxy_grpc_cancel nullvm_proxy_grpc_cancel (token: i32) -> i32 ALL CALLBACKS;
            Env proxy_get_shared_data nullvm_proxy_get_shared_data (key: i32, key_size: i32, return_value: i32, return_value_size: i32, return_cas: i32) -> i32 ALL CALLBACKS;
            Env proxy_set_shared_data nullvm_proxy_set_shared_data (key: i32, key_size: i32, value: i32, value_size: i32, cas: i32) -> i32 ALL CALLBACKS;
            Env proxy_register_shared_queue nullvm_proxy_register_shared_queue (name: i32, name_size: i32, return_token: i32) -> i32 ALL CALLBACKS;
            Env proxy_resolve_shared_queue nullvm_proxy_resolve_shared_queue (vm_id: i32, vm_id_size: i32, name: i32, name_size: i32, return_token: i32) -> i32 ALL CALLBACKS;
            Env proxy_enqueue_shared_queue nullvm_proxy_enqueue_shared_queue (token: i32, data: i32, size: i32) -> i32 ALL CALLBACKS;
            Env proxy_dequeue_shared_queue nullvm_proxy_dequeue_shared_queue (token: i32, return_data: i32, return_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_define_metric nullvm_proxy_define_metric (metric_type: i32, name: i32, name_size: i32, return_metric_id: i32) -> i32 ALL CALLBACKS;
            Env proxy_increment_metric nullvm_proxy_increment_metric (metric_id: i32, offset: i64) -> i32 ALL CALLBACKS;
            Env proxy_record_metric nullvm_proxy_record_metric (metric_id: i32, value: i64) -> i32 ALL CALLBACKS;
            Env proxy_get_metric nullvm_proxy_get_metric (metric_id: i32, return_value: i32) -> i32 ALL CALLBACKS;
            Env proxy_set_effective_context nullvm_proxy_set_effective_context (context_id: i32) -> i32 ALL CALLBACKS;
            Env proxy_done nullvm_proxy_done () -> i32 ALL CALLBACKS;
            Env proxy_call_foreign_function nullvm_proxy_call_foreign_function (name: i32, name_size: i32, arguments: i32, arguments_size: i32, return_results: i32, return_results_size: i32) -> i32 ALL CALLBACKS;
            Env proxy_redis_init nullvm_proxy_redis_init (upstream: i32, upstream_size: i32, username: i32, username_size: i32, password: i32, password_size: i32, timeout: i32) -> i32 HIGRESS CALLBACKS;
            Env proxy_redis_call nullvm_proxy_redis_call (upstream: i32, upstream_size: i32, query: i32, query_size: i32, return_token: i32) -> i32 HIGRESS CALLBACKS;
            Env envoy_resolve_dns nullvm_envoy_resolve_dns (name: i32, name_size: i32, return_token: i32) -> i32 ALL CALLBACKS;
            Env emscripten_notify_memory_growth nullvm_emscripten_notify_memory_growth (memory: i32) -> () ALL INIT_AND_ALLOCATOR;
            Env pthread_equal nullvm_pthread_equal (left: i32, right: i32) -> i32 ALL INIT_AND_ALLOCATOR;
            Wasi args_get nullvm_wasi_args_get (argv: i32, argv_buffer: i32) -> i32 ALL INIT;
            Wasi args_sizes_get nullvm_wasi_args_sizes_get (return_argc: i32, return_argv_size: i32) -> i32 ALL INIT;
            Wasi environ_get nullvm_wasi_environ_get (environ: i32, environ_buffer: i32) -> i32 ALL INIT;
            Wasi environ_sizes_get nullvm_wasi_environ_sizes_get (return_count: i32, return_size: i32) -> i32 ALL INIT;
            Wasi clock_res_get nullvm_wasi_clock_res_get (clock: i32, return_resolution: i32) -> i32 ALL INIT;
            Wasi clock_time_get nullvm_wasi_clock_time_get (clock: i32, precision: i64, return_time: i32) -> i32 ALL INIT_AND_ALLOCATOR;
            Wasi random_get nullvm_wasi_random_get (buffer: i32, size: i32) -> i32 ALL INIT;
            Wasi poll_oneoff nullvm_wasi_poll_oneoff (subscriptions: i32, events: i32, count: i32, return_count: i32) -> i32 ALL INIT_AND_ALLOCATOR;
            Wasi proc_exit nullvm_wasi_proc_exit (code: i32) -> () ALL CALLBACKS;
            Wasi proc_raise nullvm_wasi_proc_raise (signal: i32) -> i32 ALL CALLBACKS;
            Wasi sched_yield nullvm_wasi_sched_yield () -> i32 ALL CALLBACKS;
            Wasi fd_write nullvm_wasi_fd_write (fd: i32, iovs: i32, iovs_count: i32, return_written: i32) -> i32 ALL INIT_AND_ALLOCATOR;
            Wasi fd_pwrite nullvm_wasi_fd_pwrite (fd: i32, iovs: i32, iovs_count: i32, offset: i64, return_written: i32) -> i32 ALL CALLBACKS;
            Wasi fd_read nullvm_wasi_fd_read (fd: i32, iovs: i32, iovs_count: i32, return_read: i32) -> i32 ALL CALLBACKS;
            Wasi fd_pread nullvm_wasi_fd_pread (fd: i32, iovs: i32, iovs_count: i32, offset: i64, return_read: i32) -> i32 ALL CALLBACKS;
            Wasi fd_seek nullvm_wasi_fd_seek (fd: i32, offset: i64, whence: i32, return_offset: i32) -> i32 ALL CALLBACKS;
            Wasi fd_tell nullvm_wasi_fd_tell (fd: i32, return_offset: i32) -> i32 ALL CALLBACKS;
            Wasi fd_close nullvm_wasi_fd_close (fd: i32) -> i32 ALL CALLBACKS;
            Wasi fd_fdstat_get nullvm_wasi_fd_fdstat_get (fd: i32, return_stat: i32) -> i32 ALL INIT;
            Wasi fd_fdstat_set_flags nullvm_wasi_fd_fdstat_set_flags (fd: i32, flags: i32) -> i32 ALL INIT;
            Wasi fd_fdstat_set_rights nullvm_wasi_fd_fdstat_set_rights (fd: i32, base: i64, inheriting: i64) -> i32 ALL CALLBACKS;
            Wasi fd_advise nullvm_wasi_fd_advise (fd: i32, offset: i64, length: i64, advice: i32) -> i32 ALL CALLBACKS;
            Wasi fd_allocate nullvm_wasi_fd_allocate (fd: i32, offset: i64, length: i64) -> i32 ALL CALLBACKS;
            Wasi fd_datasync nullvm_wasi_fd_datasync (fd: i32) -> i32 ALL CALLBACKS;
            Wasi fd_sync nullvm_wasi_fd_sync (fd: i32) -> i32 ALL CALLBACKS;
            Wasi fd_filestat_get nullvm_wasi_fd_filestat_get (fd: i32, return_stat: i32) -> i32 ALL CALLBACKS;
            Wasi fd_filestat_set_size nullvm_wasi_fd_filestat_set_size (fd: i32, size: i64) -> i32 ALL CALLBACKS;
            Wasi fd_filestat_set_times nullvm_wasi_fd_filestat_set_times (fd: i32, atime: i64, mtime: i64, flags: i32) -> i32 ALL CALLBACKS;
            Wasi fd_prestat_get nullvm_wasi_fd_prestat_get (fd: i32, return_stat: i32) -> i32 ALL INIT;
            Wasi fd_prestat_dir_name nullvm_wasi_fd_prestat_dir_name (fd: i32, path: i32, path_size: i32) -> i32 ALL INIT;
            Wasi fd_readdir nullvm_wasi_fd_readdir (fd: i32, buffer: i32, size: i32, cookie: i64, return_used: i32) -> i32 ALL CALLBACKS;
            Wasi fd_renumber nullvm_wasi_fd_renumber (from: i32, to: i32) -> i32 ALL CALLBACKS;
            Wasi path_open nullvm_wasi_path_open (fd: i32, dir_flags: i32, path: i32, path_size: i32, open_flags: i32, rights: i64, inheriting: i64, fd_flags: i32, return_fd: i32) -> i32 ALL CALLBACKS;
            Wasi path_create_directory nullvm_wasi_path_create_directory (fd: i32, path: i32, path_size: i32) -> i32 ALL CALLBACKS;
            Wasi path_filestat_get nullvm_wasi_path_filestat_get (fd: i32, flags: i32, path: i32, path_size: i32, return_stat: i32) -> i32 ALL CALLBACKS;
            Wasi path_filestat_set_times nullvm_wasi_path_filestat_set_times (fd: i32, flags: i32, path: i32, path_size: i32, atime: i64, mtime: i64, time_flags: i32) -> i32 ALL CALLBACKS;
            Wasi path_link nullvm_wasi_path_link (old_fd: i32, old_flags: i32, old_path: i32, old_path_size: i32, new_fd: i32, new_path: i32, new_path_size: i32) -> i32 ALL CALLBACKS;
            Wasi path_readlink nullvm_wasi_path_readlink (fd: i32, path: i32, path_size: i32, buffer: i32, size: i32, return_used: i32) -> i32 ALL CALLBACKS;
            Wasi path_remove_directory nullvm_wasi_path_remove_directory (fd: i32, path: i32, path_size: i32) -> i32 ALL CALLBACKS;
            Wasi path_rename nullvm_wasi_path_rename (old_fd: i32, old_path: i32, old_path_size: i32, new_fd: i32, new_path: i32, new_path_size: i32) -> i32 ALL CALLBACKS;
            Wasi path_symlink nullvm_wasi_path_symlink (old_path: i32, old_path_size: i32, fd: i32, new_path: i32, new_path_size: i32) -> i32 ALL CALLBACKS;
            Wasi path_unlink_file nullvm_wasi_path_unlink_file (fd: i32, path: i32, path_size: i32) -> i32 ALL CALLBACKS;
            Wasi sock_accept nullvm_wasi_sock_accept (fd: i32, flags: i32, return_fd: i32) -> i32 ALL CALLBACKS;
            Wasi sock_recv nullvm_wasi_sock_recv (fd: i32, iovs: i32, iovs_count: i32, flags: i32, return_received: i32, return_flags: i32) -> i32 ALL CALLBACKS;
            Wasi sock_send nullvm_wasi_sock_send (fd: i32, iovs: i32, iovs_count: i32, flags: i32, return_sent: i32) -> i32 ALL CALLBACKS;
            Wasi sock_shutdown nullvm_wasi_sock_shutdown (fd: i32, how: i32) -> i32 ALL CALLBACKS;
        }
    };
}

macro_rules! table {
    ($($module:ident $name:ident $symbol:ident ($($param:ident : $ty:ident),*) -> $result:tt $abis:ident $phases:ident;)*) => {
        /// Which host function; the variants carry the import's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[allow(non_camel_case_types, missing_docs)]
        pub enum HostFunctionId { $($name),* }

        /// Every host function, indexed by [`HostFunctionId`].
        pub const HOST_FUNCTIONS: &[HostFunction] = &[$(HostFunction {
            id: HostFunctionId::$name,
            module: ImportModule::$module,
            name: stringify!($name),
            symbol: stringify!($symbol),
            params: &[$(table!(@ty $ty)),*],
            param_names: &[$(stringify!($param)),*],
            result: table!(@result $result),
            abis: AbiSet::$abis,
            phases: PhaseSet::$phases,
        }),*];
    };
    (@ty i32) => { ValType::I32 };
    (@ty i64) => { ValType::I64 };
    (@result i32) => { Some(ValType::I32) };
    (@result ()) => { None };
}

for_each_host_function!(table);

const _: () = assert!(HOST_FUNCTIONS.len() <= 128, "capability and phase masks are u128");

/// The host function that this import names, whatever the ABI version.
pub fn host_function_by_import(module: &str, name: &str) -> Option<&'static HostFunction> {
    HOST_FUNCTIONS.iter().find(|f| f.name == name && f.module.names().contains(&module))
}
