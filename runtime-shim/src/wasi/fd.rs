//! File descriptors: 1 and 2 are the log, at level info and error, and there are no others.

use super::{Errno, answer, constant, trace};
use crate::guest::{Guest, GuestMemory};
use crate::host::{Bytes, Status};
use crate::hostcalls::{Answer, call};
use alloc::vec::Vec;

const STDOUT: u32 = 1;
const STDERR: u32 = 2;

/// Level of a log line from stdout, info.
const STDOUT_LEVEL: u32 = 2;

/// Level of a log line from stderr, error.
const STDERR_LEVEL: u32 = 4;

/// One call writes no more bytes than this, a short write: what is gathered lies in the shim's memory.
const MAX_WRITE: u32 = 1024 * 1024;

/// Nor from more pieces, as `IOV_MAX` of the system, so that a guest cannot keep the shim busy without end.
const MAX_IOVS: u32 = 1024;

/// Logs what the guest writes to stdout or stderr, without one newline at its end; nothing is logged for nothing.
pub fn fd_write<G: Guest>(guest: &mut G, fd: u32, iovs: u32, iovs_count: u32, return_written: u32) -> Answer {
    answer(write(guest, fd, iovs, iovs_count, return_written))
}

/// As [`fd_write`]: the log has no offsets.
pub fn fd_pwrite<G: Guest>(
    guest: &mut G,
    fd: u32,
    iovs: u32,
    iovs_count: u32,
    _offset: u64,
    return_written: u32,
) -> Answer {
    answer(write(guest, fd, iovs, iovs_count, return_written))
}

fn write<G: Guest>(
    guest: &mut G,
    fd: u32,
    iovs: u32,
    iovs_count: u32,
    return_written: u32,
) -> Result<(), Errno> {
    let level = match fd {
        STDOUT => STDOUT_LEVEL,
        STDERR => STDERR_LEVEL,
        _ => return Err(Errno::BadF),
    };
    let pieces = Pieces { memory: guest.memory(), iovs, count: iovs_count.min(MAX_IOVS) };
    let (first, written) = pieces.measure()?;
    if written > 0 {
        // One piece is logged from where it is; several are put together.
        let gathered = if first.len == written { Vec::new() } else { pieces.gather(written)? };
        let mut line = if gathered.is_empty() { first } else { Bytes::new(&gathered) };
        // SAFETY: readable memory of the guest, which does not run, or of `gathered`.
        if unsafe { line.as_slice() }.ends_with(b"\n") {
            line.len -= 1;
        }
        call!(guest, log, level, line).map_err(|_| Errno::BadF)?;
    }
    Ok(guest.memory().write_u32(return_written, written as u32)?)
}

/// The pieces (`ciovec`) of a write: 8 bytes each, pointer and size.
struct Pieces {
    memory: GuestMemory,
    iovs: u32,
    count: u32,
}

impl Pieces {
    /// Hands each piece to `each` in order, empty ones left out, the last one cut where [`MAX_WRITE`] is reached.
    fn for_each(&self, mut each: impl FnMut(Bytes)) -> Result<(), Status> {
        let mut left = MAX_WRITE;
        for i in 0..self.count {
            if left == 0 {
                break;
            }
            let iov = self.iovs.checked_add(8 * i).ok_or(Status::InvalidMemoryAccess)?;
            // Both words or none.
            self.memory.bytes(iov, 8)?;
            let (data, size) = (self.memory.read_u32(iov)?, self.memory.read_u32(iov + 4)?);
            if size == 0 {
                continue;
            }
            let mut piece = self.memory.bytes(data, size)?;
            piece.len = piece.len.min(left as usize);
            left -= piece.len as u32;
            each(piece);
        }
        Ok(())
    }

    /// The first piece and the length of all.
    fn measure(&self) -> Result<(Bytes, usize), Status> {
        let (mut first, mut total) = (Bytes::EMPTY, 0);
        self.for_each(|piece| {
            if total == 0 {
                first = piece;
            }
            total += piece.len;
        })?;
        Ok((first, total))
    }

    /// The pieces put together; `total` is their length.
    fn gather(&self, total: usize) -> Result<Vec<u8>, Errno> {
        let mut all = Vec::new();
        all.try_reserve_exact(total).map_err(|_| Errno::NoMem)?;
        // SAFETY: in range, and the guest does not run meanwhile.
        self.for_each(|piece| all.extend_from_slice(unsafe { piece.as_slice() }))?;
        Ok(all)
    }
}

/// Stores what stdout and stderr are: 24 bytes, all 0 but the right to write.
pub fn fd_fdstat_get<G: Guest>(guest: &mut G, fd: u32, return_stat: u32) -> Answer {
    /// `RIGHTS_FD_WRITE`, as the low byte of the rights at offset 8.
    const RIGHT_TO_WRITE: u8 = 64;
    let mut stat = [0; 24];
    stat[8] = RIGHT_TO_WRITE;
    answer(open(fd).and_then(|()| Ok(guest.memory().write(return_stat, &stat)?)))
}

/// Stores the position, 0.
pub fn fd_tell<G: Guest>(guest: &mut G, fd: u32, return_offset: u32) -> Answer {
    answer(open(fd).and_then(|()| Ok(guest.memory().write_u64(return_offset, 0)?)))
}

/// Lists no directory, and stores that 0 bytes were used.
pub fn fd_readdir<G: Guest>(
    guest: &mut G,
    _fd: u32,
    _buffer: u32,
    _size: u32,
    _cookie: u64,
    return_used: u32,
) -> Answer {
    answer(guest.memory().write_u32(return_used, 0).map_err(Errno::from).and(Err(Errno::NotDir)))
}

/// Tells the host and does nothing; the new offset is not stored either.
pub fn fd_seek<G: Guest>(guest: &mut G, _fd: u32, _offset: u64, _whence: u32, _return_offset: u32) -> Answer {
    trace(guest, "the plugin called fd_seek");
    Ok(Errno::Success as u32)
}

/// Tells the host and does nothing.
pub fn fd_close<G: Guest>(guest: &mut G, _fd: u32) -> Answer {
    trace(guest, "the plugin called fd_close");
    Ok(Errno::Success as u32)
}

/// Renumbers nothing.
pub fn fd_renumber<G: Guest>(_: &mut G, from: u32, to: u32) -> Answer {
    answer(open(from).and(open(to)).and(Err(Errno::NotSup)))
}

/// Whether the descriptor is stdout or stderr.
fn open(fd: u32) -> Result<(), Errno> {
    match fd {
        STDOUT | STDERR => Ok(()),
        _ => Err(Errno::BadF),
    }
}

/// Functions that do nothing with stdout and stderr, and succeed.
macro_rules! nothing {
    ($($(#[$doc:meta])* fn $name:ident(fd: u32 $(, $param:ident: $ty:ty)*);)*) => {$(
        $(#[$doc])*
        pub fn $name<G: Guest>(_: &mut G, fd: u32 $(, $param: $ty)*) -> Answer {
            $(let _ = $param;)*
            answer(open(fd))
        }
    )*};
}

nothing! {
    /// Allocates nothing.
    fn fd_allocate(fd: u32, _offset: u64, _length: u64);
    /// Has nothing to write back.
    fn fd_datasync(fd: u32);
    /// Has nothing to write back.
    fn fd_sync(fd: u32);
    /// Leaves the rights as they are.
    fn fd_fdstat_set_rights(fd: u32, _base: u64, _inheriting: u64);
    /// Leaves the size as it is.
    fn fd_filestat_set_size(fd: u32, _size: u64);
    /// Leaves the times as they are.
    fn fd_filestat_set_times(fd: u32, _atime: u64, _mtime: u64, _flags: u32);
}

constant! {
    /// Takes no advice, of any descriptor.
    fn fd_advise(_fd: u32, _offset: u64, _length: u64, _advice: u32) = Success;
    /// Reads nothing.
    fn fd_read(_fd: u32, _iovs: u32, _iovs_count: u32, _return_read: u32) = NoSys;
    /// Reads nothing.
    fn fd_pread(_fd: u32, _iovs: u32, _iovs_count: u32, _offset: u64, _return_read: u32) = NoSys;
    /// Sets no flags.
    fn fd_fdstat_set_flags(_fd: u32, _flags: u32) = NoSys;
    /// Knows of no file.
    fn fd_filestat_get(_fd: u32, _return_stat: u32) = BadF;
    /// Has no directory open.
    fn fd_prestat_get(_fd: u32, _return_stat: u32) = BadF;
    /// Has no directory open.
    fn fd_prestat_dir_name(_fd: u32, _path: u32, _path_size: u32) = NoSys;
}
