//! A static archive of one plugin's object and the shim: one file to link.

use crate::CompileError;

/// Joins the plugin's object with the members of the shim's archive, in the common (GNU) archive format.
///
/// # Errors
/// When `shim` is no archive.
pub fn archive(name: &str, object: Vec<u8>, shim: &[u8]) -> Result<Vec<u8>, CompileError> {
    let failed = |e: &dyn std::fmt::Display| CompileError::Emit { form: "archive", message: e.to_string() };
    let mut members = vec![(format!("{name}.o"), object)];
    let archive = object::read::archive::ArchiveFile::parse(shim).map_err(|e| failed(&e))?;
    for member in archive.members() {
        let member = member.map_err(|e| failed(&e))?;
        let data = member.data(shim).map_err(|e| failed(&e))?;
        members.push((String::from_utf8_lossy(member.name()).into_owned(), data.to_vec()));
    }
    let members: Vec<ar_archive_writer::NewArchiveMember<'_>> = members
        .into_iter()
        .map(|(name, bytes)| {
            ar_archive_writer::NewArchiveMember::new(bytes, &ar_archive_writer::DEFAULT_OBJECT_READER, name)
        })
        .collect();
    let mut out = std::io::Cursor::new(Vec::new());
    ar_archive_writer::write_archive_to_stream(
        &mut out,
        &members,
        ar_archive_writer::ArchiveKind::Gnu,
        false,
        None,
    )
    .map_err(|e| failed(&e))?;
    Ok(out.into_inner())
}
