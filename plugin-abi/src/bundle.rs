//! The section of a bundle: the images of one module for one platform, one per CPU level.
//!
//! A bundle is a Wasm module with one custom section per platform, named [`SECTION_PREFIX`] and the target triple. Every other
//! runtime skips the section; hosts that look for precompiled code ask for one exact name. The section holds
//!
//! ```text
//!   +-----------------------------+ 0
//!   | SectionHeader               |
//!   +-----------------------------+ 96
//!   | one SectionEntry per image  |
//!   +-----------------------------+
//!   | images, each as it is       |
//!   +-----------------------------+ size
//! ```
//!
//! Nothing in it is aligned: a module's sections begin anywhere. An image is copied out before it is used.

use crate::image::FormatError;

/// How the name of the section starts; the target triple follows. The number is that of [`BUNDLE_VERSION`].
pub const SECTION_PREFIX: &str = "precompiled_nullvm_v1_";

/// First bytes of the section.
pub const BUNDLE_MAGIC: [u8; 8] = *b"NULLVM\0b";

/// Version of the section. The images in it have their own.
pub const BUNDLE_VERSION: u32 = 1;

/// Images in a section, at most.
pub const MAX_IMAGES: u32 = 64;

/// The start of the section.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SectionHeader {
    /// [`BUNDLE_MAGIC`]
    pub magic: [u8; 8],
    /// [`BUNDLE_VERSION`]
    pub version: u32,
    /// Number of images, 1 to [`MAX_IMAGES`].
    pub count: u32,
    /// Bytes of the section.
    pub size: u64,
    /// Zero.
    pub reserved: u64,
    /// SHA-256 of the module that was compiled: what remains without sections of ours and without a signature.
    pub module_sha256: [u8; 32],
    /// SHA-256 of header and entries, with this field zeroed. The images carry hashes of their own.
    pub index_sha256: [u8; 32],
}

/// Where an image lies.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionEntry {
    /// Its first byte, from the start of the section.
    pub offset: u64,
    /// Its bytes.
    pub len: u64,
}

/// Offset of [`SectionHeader::index_sha256`].
pub const INDEX_SHA256_OFFSET: usize = core::mem::offset_of!(SectionHeader, index_sha256);

const HEADER: usize = core::mem::size_of::<SectionHeader>();
const ENTRY: usize = core::mem::size_of::<SectionEntry>();
const _: () = assert!(HEADER == 96 && ENTRY == 16);

/// Bytes of header and entries, which [`SectionHeader::index_sha256`] is over.
pub const fn index_len(count: u32) -> usize {
    HEADER + ENTRY * count as usize
}

/// A checked view of a section: images lie in it one behind the other, without gaps.
///
/// What is in the images is not checked here ([`crate::ImageView::parse`]), nor any hash.
#[derive(Clone, Copy, Debug)]
pub struct SectionView<'a> {
    /// The header.
    pub header: SectionHeader,
    bytes: &'a [u8],
}

impl<'a> SectionView<'a> {
    /// Checks header and entries. The bytes need no alignment.
    ///
    /// # Errors
    /// The first thing found wrong. Never panics, whatever the bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if bytes.len() < HEADER {
            return Err(FormatError::NotThis);
        }
        // SAFETY: long enough; the header holds integers only, for which every bit pattern is valid.
        let header = unsafe { bytes.as_ptr().cast::<SectionHeader>().read_unaligned() };
        if header.magic != BUNDLE_MAGIC {
            return Err(FormatError::NotThis);
        }
        if header.version != BUNDLE_VERSION {
            return Err(FormatError::Version(header.version, 0));
        }
        if header.size != bytes.len() as u64 {
            return Err(FormatError::OutOfRange("size"));
        }
        if header.reserved != 0 {
            return Err(FormatError::OutOfRange("reserved"));
        }
        if !(1..=MAX_IMAGES).contains(&header.count) || index_len(header.count) > bytes.len() {
            return Err(FormatError::OutOfRange("count"));
        }
        let view = Self { header, bytes };
        let mut end = index_len(header.count) as u64;
        for i in 0..header.count {
            let entry = view.entry(i);
            if entry.offset != end {
                return Err(FormatError::OutOfRange("offset"));
            }
            end = end.checked_add(entry.len).ok_or(FormatError::OutOfRange("len"))?;
            if end > header.size {
                return Err(FormatError::OutOfRange("len"));
            }
        }
        if end != header.size {
            return Err(FormatError::OutOfRange("size"));
        }
        Ok(view)
    }

    /// `i` is less than the count, and the entries were seen to lie within the bytes.
    fn entry(&self, i: u32) -> SectionEntry {
        let word = |at: usize| {
            let bytes = self.bytes.get(at..at + 8).and_then(|b| b.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let at = index_len(i);
        SectionEntry { offset: word(at), len: word(at + 8) }
    }

    /// The images, in the order in which they were put in.
    pub fn images(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let view = *self;
        (0..self.header.count).map(move |i| {
            let entry = view.entry(i);
            let rest = view.bytes.get(entry.offset as usize..).unwrap_or_default();
            rest.get(..entry.len as usize).unwrap_or_default()
        })
    }

    /// Header and entries.
    pub fn index(&self) -> &'a [u8] {
        self.bytes.get(..index_len(self.header.count)).unwrap_or_default()
    }
}
