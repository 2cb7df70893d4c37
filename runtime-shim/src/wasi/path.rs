//! Paths, which lead nowhere.

use super::{Errno, answer, constant};
use crate::guest::Guest;
use crate::hostcalls::Answer;

constant! {
    /// Finds no file.
    fn path_open(
        _fd: u32, _dir_flags: u32, _path: u32, _path_size: u32, _open_flags: u32, _rights: u64, _inheriting: u64,
        _fd_flags: u32, _return_fd: u32
    ) = NoEnt;
    /// Creates no directory.
    fn path_create_directory(_fd: u32, _path: u32, _path_size: u32) = NotSup;
    /// Knows of no file.
    fn path_filestat_get(_fd: u32, _flags: u32, _path: u32, _path_size: u32, _return_stat: u32) = NotSup;
    /// Sets no times.
    fn path_filestat_set_times(
        _fd: u32, _flags: u32, _path: u32, _path_size: u32, _atime: u64, _mtime: u64, _time_flags: u32
    ) = NotSup;
    /// Links nothing.
    fn path_link(
        _old_fd: u32, _old_flags: u32, _old_path: u32, _old_path_size: u32, _new_fd: u32, _new_path: u32,
        _new_path_size: u32
    ) = NotSup;
    /// Removes no directory.
    fn path_remove_directory(_fd: u32, _path: u32, _path_size: u32) = NotSup;
    /// Renames nothing.
    fn path_rename(
        _old_fd: u32, _old_path: u32, _old_path_size: u32, _new_fd: u32, _new_path: u32, _new_path_size: u32
    ) = NotSup;
    /// Links nothing.
    fn path_symlink(_old_path: u32, _old_path_size: u32, _fd: u32, _new_path: u32, _new_path_size: u32) = NotSup;
    /// Unlinks nothing.
    fn path_unlink_file(_fd: u32, _path: u32, _path_size: u32) = NotSup;
}

/// Reads no link, and stores that it has 0 bytes.
pub fn path_readlink<G: Guest>(
    guest: &mut G,
    _fd: u32,
    _path: u32,
    _path_size: u32,
    _buffer: u32,
    _size: u32,
    return_used: u32,
) -> Answer {
    answer(guest.memory().write_u32(return_used, 0).map_err(Errno::from).and(Err(Errno::NotSup)))
}
