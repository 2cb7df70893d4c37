//! Arguments, of which there are none, and the environment.

use super::{Errno, answer, constant};
use crate::guest::Guest;
use crate::hostcalls::Answer;

constant! {
    /// Stores the arguments: none.
    fn args_get(_argv: u32, _argv_buffer: u32) = Success;
}

/// Stores number and bytes of the arguments: none.
pub fn args_sizes_get<G: Guest>(guest: &mut G, return_argc: u32, return_argv_size: u32) -> Answer {
    store_sizes(guest, (0, 0), return_argc, return_argv_size)
}

/// Stores pointers to the variables of the environment at `environ`, and `KEY=VALUE` with a NUL each at `environ_buffer`.
pub fn environ_get<G: Guest>(guest: &mut G, environ: u32, environ_buffer: u32) -> Answer {
    let memory = guest.memory();
    let (mut pointer, mut buffer) = (Some(environ), Some(environ_buffer));
    answer(guest.state().environment.iter().try_for_each(|variable| {
        let (at, text) = pointer.zip(buffer).ok_or(Errno::Fault)?;
        memory.write_u32(at, text)?;
        memory.write(text, variable)?;
        // What was written ends within the memory, that is at 2^32 at the most.
        let nul = u32::try_from(u64::from(text) + variable.len() as u64).map_err(|_| Errno::Fault)?;
        memory.write(nul, &[0])?;
        (pointer, buffer) = (at.checked_add(4), nul.checked_add(1));
        Ok(())
    }))
}

/// Stores number and bytes, NULs included, of the environment's variables.
pub fn environ_sizes_get<G: Guest>(guest: &mut G, return_count: u32, return_size: u32) -> Answer {
    let environment = &guest.state().environment;
    let size: usize = environment.iter().map(|variable| variable.len() + 1).sum();
    let sizes = (environment.len() as u32, size as u32);
    store_sizes(guest, sizes, return_count, return_size)
}

fn store_sizes<G: Guest>(
    guest: &mut G,
    (count, size): (u32, u32),
    return_count: u32,
    return_size: u32,
) -> Answer {
    let memory = guest.memory();
    let stored = memory.write_u32(return_count, count).and_then(|()| memory.write_u32(return_size, size));
    answer(stored.map_err(Errno::from))
}
