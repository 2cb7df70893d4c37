//! The functions that a plugin imports from `wasi_snapshot_preview1` or `wasi_unstable`, as proxy-wasm-cpp-host gives
//! them: output on stdout and stderr becomes log lines, there are clocks, random bytes and an environment, and neither
//! files nor sockets.
//!
//! Every function is reachable as `wasi::NAME` and answers an errno as `Ok`; only the checks before it can trap.

mod clock;
mod environment;
mod fd;
mod path;
mod process;
mod random;
mod socket;

pub use clock::{clock_res_get, clock_time_get, poll_oneoff};
pub use environment::{args_get, args_sizes_get, environ_get, environ_sizes_get};
pub use fd::{
    fd_advise, fd_allocate, fd_close, fd_datasync, fd_fdstat_get, fd_fdstat_set_flags, fd_fdstat_set_rights,
    fd_filestat_get, fd_filestat_set_size, fd_filestat_set_times, fd_pread, fd_prestat_dir_name,
    fd_prestat_get, fd_pwrite, fd_read, fd_readdir, fd_renumber, fd_seek, fd_sync, fd_tell, fd_write,
};
pub use path::{
    path_create_directory, path_filestat_get, path_filestat_set_times, path_link, path_open, path_readlink,
    path_remove_directory, path_rename, path_symlink, path_unlink_file,
};
pub use process::{proc_exit, proc_raise, sched_yield};
pub use random::random_get;
pub use socket::{sock_accept, sock_recv, sock_send, sock_shutdown};

use crate::guest::Guest;
use crate::host::{Bytes, Status};
use crate::hostcalls::{Answer, call};

/// The errnos of WASI preview 1 that a proxy answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Errno {
    /// Success.
    Success = 0,
    /// No such file descriptor.
    BadF = 8,
    /// A guest pointer outside of the linear memory.
    Fault = 21,
    /// Invalid argument.
    Inval = 28,
    /// The system failed.
    Io = 29,
    /// No such file.
    NoEnt = 44,
    /// Out of memory.
    NoMem = 48,
    /// Not implemented.
    NoSys = 52,
    /// Not a directory.
    NotDir = 20,
    /// Not supported.
    NotSup = 58,
    /// The capability is restricted.
    NotCapable = 76,
}

impl From<Status> for Errno {
    fn from(status: Status) -> Self {
        match status {
            Status::InvalidMemoryAccess => Self::Fault,
            _ => Self::Io,
        }
    }
}

/// What a function answers from how it went.
fn answer(result: Result<(), Errno>) -> Answer {
    Ok(match result {
        Ok(()) => Errno::Success,
        Err(errno) => errno,
    } as u32)
}

/// Tells the host, at level trace, of a call that does nothing.
fn trace<G: Guest>(guest: &mut G, message: &'static str) {
    const TRACE: u32 = 0;
    // Nobody waits for whether it was logged.
    let _ = call!(guest, log, TRACE, Bytes::new(message.as_bytes()));
}

/// Functions that answer the same whatever their arguments.
macro_rules! constant {
    ($($(#[$doc:meta])* fn $name:ident($($param:ident: $ty:ty),*) = $errno:ident;)*) => {$(
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        pub fn $name<G: $crate::guest::Guest>(_: &mut G $(, $param: $ty)*) -> $crate::hostcalls::Answer {
            $(let _ = $param;)*
            Ok($crate::wasi::Errno::$errno as u32)
        }
    )*};
}

use constant;
