//! Writing `ar` archives as GNU tools read them: a symbol index, long names, members. Deterministic: no times, no owners.

use crate::ArchiveError;
use object::{Object, ObjectSymbol};

fn member(out: &mut Vec<u8>, name: &str, data: &[u8]) {
    let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, data.len());
    debug_assert_eq!(header.len(), 60);
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    if !data.len().is_multiple_of(2) {
        out.push(b'\n');
    }
}

/// An archive of objects, by name and content, with an index of the global symbols that they define.
///
/// # Errors
/// [`ArchiveError::Object`] when a member is no object file, or all of it exceeds 4 GiB.
pub fn write_archive(members: &[(&str, &[u8])]) -> Result<Vec<u8>, ArchiveError> {
    let mut symbols: Vec<(usize, String)> = Vec::new();
    let mut long_names = String::new();
    let mut names = Vec::new();
    for (i, (name, data)) in members.iter().enumerate() {
        let file = object::File::parse(*data).map_err(|e| ArchiveError::Object(format!("{name}: {e}")))?;
        for symbol in file.symbols().filter(|s| s.is_global() && s.is_definition()) {
            symbols.push((
                i,
                symbol.name().map_err(|e| ArchiveError::Object(format!("{name}: {e}")))?.to_string(),
            ));
        }
        names.push(if name.len() < 16 {
            format!("{name}/")
        } else {
            let at = long_names.len();
            long_names.push_str(name);
            long_names.push_str("/\n");
            format!("/{at}")
        });
    }
    let even = |n: usize| n.next_multiple_of(2);
    let index_len = 4 + 4 * symbols.len() + symbols.iter().map(|(_, s)| s.len() + 1).sum::<usize>();
    let mut at = 8 + 60 + even(index_len);
    if !long_names.is_empty() {
        at += 60 + even(long_names.len());
    }
    let mut offsets = Vec::new();
    for (_, data) in members {
        offsets.push(u32::try_from(at).map_err(|_| ArchiveError::Object("larger than 4 GiB".into()))?);
        at += 60 + even(data.len());
    }
    let mut index = (symbols.len() as u32).to_be_bytes().to_vec();
    for (i, _) in &symbols {
        index.extend_from_slice(&offsets[*i].to_be_bytes());
    }
    for (_, name) in &symbols {
        index.extend_from_slice(name.as_bytes());
        index.push(0);
    }
    let mut out = b"!<arch>\n".to_vec();
    member(&mut out, "/", &index);
    if !long_names.is_empty() {
        member(&mut out, "//", long_names.as_bytes());
    }
    for ((name, (_, data)), offset) in names.iter().zip(members).zip(&offsets) {
        debug_assert_eq!(out.len(), *offset as usize);
        member(&mut out, name, data);
    }
    Ok(out)
}
