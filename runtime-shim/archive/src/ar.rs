//! Archives as GNU tools read them, with a symbol index. Deterministic: no times, no owners.

use crate::ArchiveError;
use ar_archive_writer::{ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream};

/// An archive of objects, by name and content, with an index of the global symbols that they define.
///
/// # Errors
/// [`ArchiveError::Object`] when a member is no object file.
pub fn write_archive(members: &[(&str, &[u8])]) -> Result<Vec<u8>, ArchiveError> {
    // The writer takes what is no object for a member without symbols.
    for (name, data) in members {
        object::File::parse(*data).map_err(|e| ArchiveError::Object(format!("{name}: {e}")))?;
    }
    let members: Vec<NewArchiveMember<'_>> = members
        .iter()
        .map(|(name, data)| NewArchiveMember::new(data, &DEFAULT_OBJECT_READER, (*name).to_owned()))
        .collect();
    let mut out = std::io::Cursor::new(Vec::new());
    write_archive_to_stream(&mut out, &members, ArchiveKind::Gnu, false, None)
        .map_err(|e| ArchiveError::Object(e.to_string()))?;
    Ok(out.into_inner())
}
