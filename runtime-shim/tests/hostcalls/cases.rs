//! One call of every host function: what it takes, what it answers, what the host is asked.

use crate::guest::TestGuest;
use crate::host::{LONG, NUMBER};
use plugin_abi::HostFunctionId as Id;

/// One or two arguments, and what becomes of the memory they point at.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    /// A number.
    N(u64),
    /// A number that the function ignores.
    Ignored,
    /// Address and size of bytes.
    In(&'static str),
    /// Address and size of a serialized map.
    Map(&'static [(&'static str, &'static str)]),
    /// Address and number of the pieces of a write.
    Pieces(&'static [&'static str]),
    /// Address of 32 bits that are stored.
    Out32(u32),
    /// Address of 64 bits that are stored.
    Out64(u64),
    /// Address of other bytes that are stored.
    OutBytes(&'static [u8]),
    /// Addresses where address and size of allocated bytes are stored.
    Data(&'static [u8]),
    /// Address of random bytes, and their number.
    Random(u32),
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub id: Id,
    pub args: &'static [Arg],
    /// The status or errno.
    pub answer: u32,
    /// What the host is asked; functions separated by `; `.
    pub asked: &'static str,
}

/// A call in some guest's memory.
pub struct Laid {
    pub args: Vec<u64>,
    /// For every argument of the case, where it begins in `args`.
    pub places: Vec<usize>,
}

/// Where bytes lie that are stored, with this in them.
pub const OUT: u32 = 16 * 1024;
pub const UNTOUCHED: u8 = 0xee;

/// Puts what a case needs into the guest.
pub fn lay(guest: &mut TestGuest, case: &Case) -> Laid {
    let mut laid = Laid { args: Vec::new(), places: Vec::new() };
    let (mut input, mut out) = (1001, OUT);
    let mut put = |guest: &mut TestGuest, bytes: &[u8]| {
        let at = input;
        guest.put(at, bytes);
        input += bytes.len() as u32 + 3;
        [u64::from(at), bytes.len() as u64]
    };
    guest.bytes()[OUT as usize..][..4096].fill(UNTOUCHED);
    for arg in case.args {
        laid.places.push(laid.args.len());
        let mut slot = || {
            out += 33;
            u64::from(out)
        };
        match arg {
            Arg::N(n) => laid.args.push(*n),
            Arg::Ignored => laid.args.push(0xffff_fff0),
            Arg::In(text) => laid.args.extend(put(guest, text.as_bytes())),
            Arg::Map(pairs) => laid.args.extend(put(guest, &map(pairs))),
            Arg::Pieces(texts) => {
                let mut iovs = Vec::new();
                for text in *texts {
                    for word in put(guest, text.as_bytes()) {
                        iovs.extend((word as u32).to_le_bytes());
                    }
                }
                let [at, _] = put(guest, &iovs);
                laid.args.extend([at, texts.len() as u64]);
            }
            Arg::Out32(_) | Arg::Out64(_) | Arg::OutBytes(_) => laid.args.push(slot()),
            Arg::Data(_) => laid.args.extend([slot(), slot()]),
            Arg::Random(size) => laid.args.extend([slot(), u64::from(*size)]),
        }
    }
    laid
}

/// A map as the guest writes it.
pub fn map(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::from((pairs.len() as u32).to_le_bytes());
    for (key, value) in pairs {
        bytes.extend((key.len() as u32).to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend(text.as_bytes());
        bytes.push(0);
    }
    bytes
}

/// The host's map, serialized: `a: bc` and an empty key with an empty value.
const PAIRS: &[u8] = b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0a\0bc\0\0\0";

const STAT: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

const VALUE: Arg = Arg::Data(b"value");
const X: Arg = Arg::Ignored;
const TOKEN: Arg = Arg::Out32(NUMBER);

const fn case(id: Id, args: &'static [Arg], answer: u32, asked: &'static str) -> Case {
    Case { id, args, answer, asked }
}

use Arg::*;

/// Every function.
#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case(Id::proxy_log, &[N(2), In("hello")], 0, "log(2, hello)"),
    case(Id::proxy_log, &[N(0), In("")], 0, "log(0, )"),
    case(Id::proxy_get_log_level, &[Out32(NUMBER)], 0, "get_log_level()"),
    case(Id::proxy_get_status, &[Out32(NUMBER), VALUE], 0, "get_status()"),
    case(Id::proxy_get_current_time_nanoseconds, &[Out64(LONG)], 0, "time()"),
    case(Id::proxy_set_tick_period_milliseconds, &[N(0xffff_ffff)], 0, "set_tick_period(4294967295)"),
    case(Id::proxy_get_configuration, &[VALUE], 0, "get_configuration()"),
    case(Id::proxy_continue_request, &[], 0, "continue_stream(0)"),
    case(Id::proxy_continue_response, &[], 0, "continue_stream(1)"),
    case(Id::proxy_clear_route_cache, &[], 0, "clear_route_cache()"),
    case(Id::proxy_continue_stream, &[N(3)], 0, "continue_stream(3)"),
    case(Id::proxy_close_stream, &[N(2)], 0, "close_stream(2)"),
    case(Id::proxy_send_local_response, &[N(503), In("why"), In("body"), Map(&[("k", "v")]), N(0xffff_ffff)], 0,
        "send_local_response(503, -1, why, body, [k=v])"),
    case(Id::proxy_get_property, &[In("request\0path"), VALUE], 0, "get_property(request\\x00path)"),
    case(Id::proxy_set_property, &[In("a\0b"), In("c")], 0, "set_property(a\\x00b, c)"),
    case(Id::proxy_get_header_map_value, &[N(7), In("key"), VALUE], 0, "get_header(7, key)"),
    case(Id::proxy_add_header_map_value, &[N(0), In("k"), In("v")], 0, "add_header(0, k, v)"),
    case(Id::proxy_replace_header_map_value, &[N(1), In("k"), In("")], 0, "replace_header(1, k, )"),
    case(Id::proxy_remove_header_map_value, &[N(2), In("k")], 0, "remove_header(2, k)"),
    case(Id::proxy_get_header_map_pairs, &[N(3), Data(PAIRS)], 0, "get_headers(3)"),
    case(Id::proxy_set_header_map_pairs, &[N(4), Map(&[("a", "b"), ("", "c"), ("d", "")])], 0,
        "set_headers(4, [a=b =c d=])"),
    case(Id::proxy_get_header_map_size, &[N(5), Out32(NUMBER)], 0, "get_headers_size(5)"),
    case(Id::proxy_get_buffer_bytes, &[N(8), N(1), N(3), Data(b"alu")], 0,
        "get_buffer_status(8); read_buffer(8, 1, 3)"),
    case(Id::proxy_get_buffer_bytes, &[N(0), N(2), N(0xffff_ffff), Data(b"lue")], 0,
        "get_buffer_status(0); read_buffer(0, 2, 3)"),
    case(Id::proxy_get_buffer_status, &[N(1), Out32(5), Out32(NUMBER)], 0, "get_buffer_status(1)"),
    case(Id::proxy_set_buffer_bytes, &[N(0), N(5), N(6), In("data")], 0, "set_buffer(0, 5, 6, data)"),
    case(Id::proxy_http_call, &[In("up"), Map(&[(":path", "/")]), In("body"), Map(&[]), N(5000), TOKEN], 0,
        "http_call(up, [:path=/], body, [], 5000)"),
    case(Id::proxy_grpc_call, &[In("up"), In("svc"), In("m"), Map(&[("k", "v")]), In("msg"), N(1), TOKEN], 0,
        "grpc_call(up, svc, m, [k=v], msg, 1)"),
    case(Id::proxy_grpc_stream, &[In("up"), In("svc"), In("m"), Map(&[("k", "v")]), TOKEN], 0,
        "grpc_stream(up, svc, m, [k=v], , 0)"),
    case(Id::proxy_grpc_send, &[N(9), In("msg"), N(2)], 0, "grpc_send(9, msg, 1)"),
    case(Id::proxy_grpc_close, &[N(9)], 0, "grpc_close(9)"),
    case(Id::proxy_grpc_cancel, &[N(9)], 0, "grpc_cancel(9)"),
    case(Id::proxy_get_shared_data, &[In("k"), VALUE, Out32(NUMBER)], 0, "get_shared_data(k)"),
    case(Id::proxy_set_shared_data, &[In("k"), In("v"), N(3)], 0, "set_shared_data(k, v, 3)"),
    case(Id::proxy_register_shared_queue, &[In("q"), TOKEN], 0, "register_shared_queue(q)"),
    case(Id::proxy_resolve_shared_queue, &[In("vm"), In("q"), TOKEN], 0, "resolve_shared_queue(vm, q)"),
    case(Id::proxy_enqueue_shared_queue, &[N(1), In("d")], 0, "enqueue_shared_queue(1, d)"),
    case(Id::proxy_dequeue_shared_queue, &[N(1), VALUE], 0, "dequeue_shared_queue(1)"),
    case(Id::proxy_define_metric, &[N(2), In("name"), Out32(NUMBER)], 0, "define_metric(2, name)"),
    case(Id::proxy_increment_metric, &[N(1), N(u64::MAX)], 0, "increment_metric(1, -1)"),
    case(Id::proxy_record_metric, &[N(1), N(u64::MAX)], 0, "record_metric(1, 18446744073709551615)"),
    case(Id::proxy_get_metric, &[N(1), Out64(LONG)], 0, "get_metric(1)"),
    case(Id::proxy_set_effective_context, &[N(4)], 0, "set_effective_context(4)"),
    case(Id::proxy_done, &[], 0, "done()"),
    case(Id::proxy_call_foreign_function, &[In("f"), In("args"), VALUE], 0, "call_foreign_function(f, args)"),
    case(Id::proxy_redis_init, &[In("up"), In("me"), In("secret"), N(10)], 0, "redis_init(up, me, secret, 10)"),
    case(Id::proxy_redis_call, &[In("up"), In("PING"), TOKEN], 0, "redis_call(up, PING)"),
    case(Id::envoy_resolve_dns, &[In("example.com"), TOKEN], 0, "resolve_dns(example.com)"),
    case(Id::emscripten_notify_memory_growth, &[N(0)], 0, ""),
    case(Id::pthread_equal, &[N(3), N(3)], 1, ""),
    case(Id::pthread_equal, &[N(3), N(4)], 0, ""),

    case(Id::args_get, &[X, X], 0, ""),
    case(Id::args_sizes_get, &[Out32(0), Out32(0)], 0, ""),
    case(Id::environ_get, &[X, X], 0, ""),
    case(Id::environ_sizes_get, &[Out32(0), Out32(0)], 0, ""),
    case(Id::clock_res_get, &[N(0), Out64(1)], 0, ""),
    case(Id::clock_res_get, &[N(1), Out64(1)], 0, ""),
    case(Id::clock_res_get, &[N(2), X], 58, ""),
    case(Id::clock_time_get, &[N(0), N(1), Out64(LONG)], 0, "time()"),
    case(Id::clock_time_get, &[N(1), N(u64::MAX), Out64(LONG + 1)], 0, "monotonic_time()"),
    case(Id::clock_time_get, &[N(2), N(0), X], 58, ""),
    case(Id::random_get, &[Random(32)], 0, ""),
    case(Id::poll_oneoff, &[X, X, X, Out32(0)], 0, ""),
    case(Id::proc_exit, &[N(1)], 0, "log(0, the plugin called proc_exit)"),
    case(Id::proc_raise, &[N(6)], 58, ""),
    case(Id::sched_yield, &[], 0, ""),
    case(Id::fd_write, &[N(1), Pieces(&["out\n"]), Out32(4)], 0, "log(2, out)"),
    case(Id::fd_write, &[N(2), Pieces(&["e", "", "rr", "\n\n"]), Out32(5)], 0, "log(4, err\\n)"),
    case(Id::fd_write, &[N(1), Pieces(&["\n"]), Out32(1)], 0, "log(2, )"),
    case(Id::fd_write, &[N(1), Pieces(&["", ""]), Out32(0)], 0, ""),
    case(Id::fd_write, &[N(1), Pieces(&[]), Out32(0)], 0, ""),
    case(Id::fd_write, &[N(0), X, X, X], 8, ""),
    case(Id::fd_write, &[N(3), X, X, X], 8, ""),
    case(Id::fd_pwrite, &[N(2), Pieces(&["a", "b"]), N(7), Out32(2)], 0, "log(4, ab)"),
    case(Id::fd_pwrite, &[N(4), X, X, N(7), X], 8, ""),
    case(Id::fd_read, &[X, X, X, X], 52, ""),
    case(Id::fd_pread, &[X, X, X, X, X], 52, ""),
    case(Id::fd_seek, &[X, X, X, X], 0, "log(0, the plugin called fd_seek)"),
    case(Id::fd_tell, &[N(1), Out64(0)], 0, ""),
    case(Id::fd_tell, &[N(0), X], 8, ""),
    case(Id::fd_close, &[X], 0, "log(0, the plugin called fd_close)"),
    case(Id::fd_fdstat_get, &[N(1), OutBytes(STAT)], 0, ""),
    case(Id::fd_fdstat_get, &[N(2), OutBytes(STAT)], 0, ""),
    case(Id::fd_fdstat_get, &[N(0), X], 8, ""),
    case(Id::fd_fdstat_set_flags, &[X, X], 52, ""),
    case(Id::fd_fdstat_set_rights, &[N(1), X, X], 0, ""),
    case(Id::fd_fdstat_set_rights, &[N(0), X, X], 8, ""),
    case(Id::fd_advise, &[X, X, X, X], 0, ""),
    case(Id::fd_allocate, &[N(2), X, X], 0, ""),
    case(Id::fd_allocate, &[N(3), X, X], 8, ""),
    case(Id::fd_datasync, &[N(1)], 0, ""),
    case(Id::fd_datasync, &[N(3)], 8, ""),
    case(Id::fd_sync, &[N(1)], 0, ""),
    case(Id::fd_sync, &[N(3)], 8, ""),
    case(Id::fd_filestat_get, &[X, X], 8, ""),
    case(Id::fd_filestat_set_size, &[N(1), X], 0, ""),
    case(Id::fd_filestat_set_size, &[N(3), X], 8, ""),
    case(Id::fd_filestat_set_times, &[N(1), X, X, X], 0, ""),
    case(Id::fd_filestat_set_times, &[N(3), X, X, X], 8, ""),
    case(Id::fd_prestat_get, &[X, X], 8, ""),
    case(Id::fd_prestat_dir_name, &[X, X, X], 52, ""),
    case(Id::fd_readdir, &[X, X, X, X, Out32(0)], 20, ""),
    case(Id::fd_renumber, &[N(1), N(2)], 58, ""),
    case(Id::fd_renumber, &[N(1), N(3)], 8, ""),
    case(Id::fd_renumber, &[N(0), N(1)], 8, ""),
    case(Id::path_open, &[X, X, X, X, X, X, X, X, X], 44, ""),
    case(Id::path_create_directory, &[X, X, X], 58, ""),
    case(Id::path_filestat_get, &[X, X, X, X, X], 58, ""),
    case(Id::path_filestat_set_times, &[X, X, X, X, X, X, X], 58, ""),
    case(Id::path_link, &[X, X, X, X, X, X, X], 58, ""),
    case(Id::path_readlink, &[X, X, X, X, X, Out32(0)], 58, ""),
    case(Id::path_remove_directory, &[X, X, X], 58, ""),
    case(Id::path_rename, &[X, X, X, X, X, X], 58, ""),
    case(Id::path_symlink, &[X, X, X, X, X], 58, ""),
    case(Id::path_unlink_file, &[X, X, X], 58, ""),
    case(Id::sock_accept, &[X, X, Out32(0)], 58, ""),
    case(Id::sock_recv, &[X, X, X, X, Out32(0), OutBytes(&[0, 0])], 58, ""),
    case(Id::sock_send, &[X, X, X, X, Out32(0)], 58, ""),
    case(Id::sock_shutdown, &[X, X], 58, ""),
];
