//! Sockets, of which there are none. Counts are stored as 0 all the same.

use super::{Errno, answer, constant};
use crate::guest::Guest;
use crate::hostcalls::Answer;

/// Accepts no connection.
pub fn sock_accept<G: Guest>(guest: &mut G, _fd: u32, _flags: u32, return_fd: u32) -> Answer {
    answer(guest.memory().write_u32(return_fd, 0).map_err(Errno::from).and(Err(Errno::NotSup)))
}

/// Receives nothing.
pub fn sock_recv<G: Guest>(
    guest: &mut G,
    _fd: u32,
    _iovs: u32,
    _iovs_count: u32,
    _flags: u32,
    return_received: u32,
    return_flags: u32,
) -> Answer {
    let memory = guest.memory();
    let no_flags = 0u16.to_le_bytes();
    let stored = memory.write_u32(return_received, 0).and_then(|()| memory.write(return_flags, &no_flags));
    answer(stored.map_err(Errno::from).and(Err(Errno::NotSup)))
}

/// Sends nothing.
pub fn sock_send<G: Guest>(
    guest: &mut G,
    _fd: u32,
    _iovs: u32,
    _iovs_count: u32,
    _flags: u32,
    return_sent: u32,
) -> Answer {
    answer(guest.memory().write_u32(return_sent, 0).map_err(Errno::from).and(Err(Errno::NotSup)))
}

constant! {
    /// Shuts nothing down.
    fn sock_shutdown(_fd: u32, _how: u32) = NotSup;
}
