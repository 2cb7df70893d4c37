//! Calls of the host's table.

use crate::host::Status;

/// A function of the table, `None` when the host has none or was compiled against a header that did not know it.
macro_rules! entry {
    ($table:expr, $name:ident) => {{
        let table: &$crate::host::HostTable = $table;
        let end = core::mem::offset_of!($crate::host::HostTable, $name) + size_of::<usize>();
        if end <= table.size { table.$name } else { None }
    }};
}

/// Calls a function of the host: `Result<(), Status>`, [`Status::Unimplemented`] for one that the host does not have.
macro_rules! call {
    ($guest:expr, $name:ident $(, $arg:expr)* $(,)?) => {{
        let (table, host) = $guest.host();
        match $crate::hostcalls::entry!(table, $name) {
            // SAFETY: the function belongs to this host pointer; slices and out-parameters live as long as the call.
            Some(function) => $crate::hostcalls::table::result(unsafe { function(host $(, $arg)*) }),
            None => Err($crate::host::Status::Unimplemented),
        }
    }};
}

pub(crate) use {call, entry};

/// The host's number as a result.
pub(crate) fn result(status: u32) -> Result<(), Status> {
    match Status::from_u32(status) {
        Status::Ok => Ok(()),
        status => Err(status),
    }
}
