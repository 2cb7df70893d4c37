//! Random bytes.

use super::{Errno, answer};
use crate::guest::Guest;
use crate::hostcalls::Answer;

/// No guest gets more at once (`PROXY_WASM_HOST_WASI_RANDOM_GET_MAX_SIZE_BYTES`).
const MAX_BYTES: u32 = 64 * 1024;

/// Fills a buffer with random bytes of the system, 64 KiB at the most.
pub fn random_get<G: Guest>(guest: &mut G, buffer: u32, size: u32) -> Answer {
    answer((|| match size {
        0 => Ok(()),
        1..=MAX_BYTES => fill(guest.memory().room(buffer, size)?, size as usize),
        _ => Err(Errno::Inval),
    })())
}

/// `out` has room for `size` bytes.
fn fill(out: *mut u8, size: usize) -> Result<(), Errno> {
    let mut done = 0;
    while done < size {
        // SAFETY: the part of the room that is left.
        let got = unsafe { libc::getrandom(out.add(done).cast(), size - done, 0) };
        match usize::try_from(got) {
            Ok(got) => done += got,
            // SAFETY: the thread's errno.
            Err(_) if unsafe { *libc::__errno_location() } == libc::EINTR => {}
            Err(_) => return Err(Errno::Io),
        }
    }
    Ok(())
}
