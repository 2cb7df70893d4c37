//! A Wasm module as a row of sections: where custom ones lie, and what the module is without ours.

use plugin_abi::bundle::SECTION_PREFIX;
use sha2::{Digest, Sha256};
use std::ops::Range;
use wasmparser::{Chunk, Encoding, Parser, Payload};

/// The section that signatures stand in (tool-conventions, `Signatures.md`). It is the first one of a signed module.
pub const SIGNATURE_SECTION: &str = "signature";

/// Sections of a module at most: each takes memory here, and as little as three bytes of the file. Toolchains write some tens.
const MOST_SECTIONS: usize = 10_000;

/// Bytes of a module before its first section.
pub const PREAMBLE: usize = 8;

/// Why a file is no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// Not WebAssembly, or cut off.
    #[error("not a WebAssembly module: {message} (at byte {offset})")]
    Malformed {
        /// What is wrong.
        message: String,
        /// Where.
        offset: usize,
    },
    /// A component.
    #[error("a WebAssembly component, not a module")]
    Component,
}

/// A section of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// All of it, number and length included.
    pub range: Range<usize>,
    /// The name of a custom section; `None` for the others.
    pub name: Option<&'a str>,
    /// The contents of a custom section, without its name; empty for the others.
    pub data: &'a [u8],
}

impl<'a> Section<'a> {
    /// The target triple of a section of ours.
    pub fn target(&self) -> Option<&'a str> {
        self.name?.strip_prefix(SECTION_PREFIX)
    }

    /// Whether it is a signature that a verifier looks at: only the first section of a module is.
    pub fn is_signature(&self) -> bool {
        self.range.start == PREAMBLE && self.name == Some(SIGNATURE_SECTION)
    }

    /// Whether it is no part of the module that was compiled.
    fn is_added(&self) -> bool {
        self.target().is_some() || self.is_signature()
    }
}

/// The sections of a module, in order and without gaps from [`PREAMBLE`] to the end. What is in them is not looked at,
/// but for the names of custom ones.
///
/// # Errors
/// [`ContainerError`]; never panics, whatever the bytes.
pub fn sections(wasm: &[u8]) -> Result<Vec<Section<'_>>, ContainerError> {
    let failed = |e: wasmparser::BinaryReaderError| ContainerError::Malformed {
        message: e.message().to_owned(),
        offset: e.offset(),
    };
    if !wasm.starts_with(b"\0asm") {
        let message = "it does not start with \\0asm".to_owned();
        return Err(ContainerError::Malformed { message, offset: 0 });
    }
    let mut found = Vec::new();
    let mut parser = Parser::new(0);
    let mut at = 0;
    loop {
        let rest = wasm.get(at..).unwrap_or_default();
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(failed)? else {
            return Err(ContainerError::Malformed {
                message: "it ends too early".to_owned(),
                offset: wasm.len(),
            });
        };
        let start = at;
        at += consumed;
        let (name, data) = match payload {
            Payload::Version { encoding: Encoding::Component, .. } => return Err(ContainerError::Component),
            Payload::Version { .. } => continue,
            Payload::End(_) => return Ok(found),
            Payload::CustomSection(custom) => (Some(custom.name()), custom.data()),
            Payload::CodeSectionStart { size, .. } => {
                // The bodies are the compiler's affair.
                parser.skip_section();
                at += size as usize;
                (None, &[][..])
            }
            _ => (None, &[][..]),
        };
        if at > wasm.len() {
            return Err(ContainerError::Malformed {
                message: "it ends too early".to_owned(),
                offset: wasm.len(),
            });
        }
        if found.len() == MOST_SECTIONS {
            let message = format!("it has more than {MOST_SECTIONS} sections");
            return Err(ContainerError::Malformed { message, offset: start });
        }
        found.push(Section { range: start..at, name, data });
    }
}

/// The module without what was added to it: sections of ours, and the signature at its beginning.
pub fn module<'a>(wasm: &'a [u8], sections: &[Section<'_>]) -> impl Iterator<Item = &'a [u8]> {
    let kept: Vec<Range<usize>> = std::iter::once(0..PREAMBLE)
        .chain(sections.iter().filter(|s| !s.is_added()).map(|s| s.range.clone()))
        .collect();
    kept.into_iter().map(|range| wasm.get(range).unwrap_or_default())
}

/// SHA-256 of [`module`], by which everything made of a module names it: the same for a plain module, its bundle and the signed
/// bundle. For a plain module without a signature it is that of the file.
///
/// # Errors
/// As [`sections`].
pub fn module_sha256(wasm: &[u8]) -> Result<[u8; 32], ContainerError> {
    Ok(hash(wasm, &sections(wasm)?))
}

pub(crate) fn hash(wasm: &[u8], sections: &[Section<'_>]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    module(wasm, sections).for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// Writes a custom section.
pub fn push_custom(out: &mut Vec<u8>, name: &str, data: &[u8]) -> Result<(), ContainerError> {
    let too_large = || ContainerError::Malformed {
        message: "a section of more than 4 GiB".to_owned(),
        offset: out.len(),
    };
    let name_len = u32::try_from(name.len()).map_err(|_| too_large())?;
    let mut head = Vec::new();
    leb(&mut head, name_len);
    head.extend_from_slice(name.as_bytes());
    let len = u32::try_from(head.len() + data.len()).map_err(|_| too_large())?;
    out.push(0);
    leb(out, len);
    out.extend_from_slice(&head);
    out.extend_from_slice(data);
    Ok(())
}

fn leb(out: &mut Vec<u8>, mut n: u32) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut out = b"\0asm\x01\0\0\0".to_vec();
        push_custom(&mut out, "first", &[7; 300]).unwrap();
        // A type section without types.
        out.extend_from_slice(&[1, 1, 0]);
        push_custom(&mut out, "name", b"").unwrap();
        out
    }

    #[test]
    fn rows_have_no_gaps() {
        let wasm = sample();
        let found = sections(&wasm).unwrap();
        assert_eq!(found.iter().map(|s| s.name).collect::<Vec<_>>(), [Some("first"), None, Some("name")]);
        assert_eq!(found[0].data, [7; 300]);
        let mut end = PREAMBLE;
        for section in &found {
            assert_eq!(section.range.start, end);
            end = section.range.end;
        }
        assert_eq!(end, wasm.len());
        assert_eq!(module_sha256(&wasm).unwrap(), <[u8; 32]>::from(Sha256::digest(&wasm)));
    }

    #[test]
    fn cut_anywhere_is_an_error_or_a_shorter_row() {
        let wasm = sample();
        let ends: Vec<usize> = sections(&wasm).unwrap().iter().map(|s| s.range.end).collect();
        for len in 0..wasm.len() {
            let whole = len == PREAMBLE || ends.contains(&len);
            assert_eq!(sections(&wasm[..len]).is_ok(), whole, "{len} bytes");
        }
    }

    #[test]
    fn countless_sections_are_refused() {
        let with = |n: usize| [&b"\0asm\x01\0\0\0"[..], &[0, 1, 0].repeat(n)].concat();
        assert_eq!(sections(&with(MOST_SECTIONS)).unwrap().len(), MOST_SECTIONS);
        let error = sections(&with(MOST_SECTIONS + 1)).unwrap_err().to_string();
        assert!(error.contains("more than 10000 sections"), "{error}");
    }

    #[test]
    fn code_is_skipped() {
        let mut wasm = sample();
        // A function, and a body that is no code at all.
        wasm.extend_from_slice(&[3, 2, 1, 0]);
        wasm.extend_from_slice(&[10, 4, 1, 2, 0xff, 0xff]);
        push_custom(&mut wasm, "last", b"x").unwrap();
        let found = sections(&wasm).unwrap();
        assert_eq!(found.last().unwrap().name, Some("last"));
        assert_eq!(found.len(), 6);
    }

    #[test]
    fn what_is_added_does_not_count() {
        let wasm = sample();
        let mut signed = wasm[..PREAMBLE].to_vec();
        push_custom(&mut signed, SIGNATURE_SECTION, b"anything").unwrap();
        signed.extend_from_slice(&wasm[PREAMBLE..]);
        push_custom(&mut signed, &format!("{SECTION_PREFIX}x"), b"code").unwrap();
        assert_eq!(module_sha256(&signed).unwrap(), module_sha256(&wasm).unwrap());
        // A signature elsewhere is a section like any other.
        let mut odd = wasm.clone();
        push_custom(&mut odd, SIGNATURE_SECTION, b"anything").unwrap();
        assert_ne!(module_sha256(&odd).unwrap(), module_sha256(&wasm).unwrap());
    }
}
