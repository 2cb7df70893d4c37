//! Foreign functions: what a host offers beyond the specification.

use super::results::copy_in;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::{Bytes, Status};

/// Calls a function of the host by name. A guest that does not want the results, or their size, passes 0 for where.
#[allow(clippy::too_many_arguments)]
pub fn proxy_call_foreign_function<G: Guest>(
    guest: &mut G,
    name: u32,
    name_size: u32,
    arguments: u32,
    arguments_size: u32,
    return_results: u32,
    return_results_size: u32,
) -> Answer {
    let memory = guest.memory();
    let (name, arguments) = (memory.bytes(name, name_size)?, memory.bytes(arguments, arguments_size)?);
    let mut results = Bytes::EMPTY;
    let called = call!(guest, call_foreign_function, name, arguments, &mut results);
    if let Err(Status::NotFound | Status::Unimplemented) = called {
        called?;
    }
    // A function that failed has no results, which is stored as such.
    let (mut data, mut size) = (0, 0);
    if called.is_ok() && return_results != 0 {
        (data, size) = copy_in(guest, results)?;
    } else if called.is_ok() {
        size = u32::try_from(results.len).map_err(|_| Status::InvalidMemoryAccess)?;
    }
    let memory = guest.memory();
    if return_results != 0 {
        memory.write_u32(return_results, data)?;
    }
    if return_results_size != 0 {
        memory.write_u32(return_results_size, size)?;
    }
    called?;
    OK
}
