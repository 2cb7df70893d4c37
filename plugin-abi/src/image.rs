//! The image form: a plugin that is mapped and run without any linker.
//!
//! ```text
//!   +-----------------------------+ 0
//!   | ImageHeader                 |
//!   | name, symbol names, texts   |
//!   +-----------------------------+ meta_offset   (page aligned)
//!   | metadata (MetaHeader ...)   | read-only
//!   | .eh_frame                   | read-only
//!   +-----------------------------+ text_offset   (page aligned)
//!   | machine code, import stubs  | read, execute
//!   +-----------------------------+ slots_offset  (page aligned)
//!   | one address per symbol      | written by the loader, then read-only
//!   +-----------------------------+ size
//! ```
//!
//! Pages here are [`IMAGE_PAGE`] bytes, so that an image maps on hosts with pages of up to 64 KiB.

use crate::Span;

/// First bytes of an image.
pub const IMAGE_MAGIC: [u8; 8] = *b"NULLVM\0i";

/// Version of the container; [`crate::ABI_VERSION`] is that of what it holds.
pub const IMAGE_VERSION: u32 = 2;

/// Alignment of the parts of an image.
pub const IMAGE_PAGE: u32 = 64 * 1024;

/// The start of an image.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ImageHeader {
    /// [`IMAGE_MAGIC`]
    pub magic: [u8; 8],
    /// [`IMAGE_VERSION`]
    pub version: u32,
    /// [`crate::ABI_VERSION`]
    pub abi_version: u32,
    /// Bytes of the whole image.
    pub size: u64,
    /// SHA-256 over the image with this field zeroed.
    pub sha256: [u8; 32],
    /// `e_machine` of ELF: 62 x86-64, 183 aarch64.
    pub machine: u32,
    /// Bytes of [`crate::MetaHeader`] and what follows it.
    pub meta_len: u32,
    /// Offset of the metadata.
    pub meta_offset: u32,
    /// Offset of the machine code.
    pub text_offset: u32,
    /// Bytes of machine code that the metadata speaks of.
    pub text_len: u32,
    /// Bytes of machine code and stubs.
    pub text_total: u32,
    /// Offset of the slots, 8 bytes each.
    pub slots_offset: u32,
    /// Offset of `.eh_frame`, 0 when there is none.
    pub eh_frame_offset: u32,
    /// Bytes of `.eh_frame`.
    pub eh_frame_len: u32,
    /// Zero.
    pub reserved: u32,
    /// UTF-8 name of the plugin.
    pub name: Span,
    /// NUL-terminated symbol names, one per slot; `len` is the number of bytes.
    pub symbols: Span,
    /// Number of slots.
    pub slots: u32,
    /// Zero.
    pub reserved2: u32,
    /// Names of the CPU features that the code uses, separated by commas; `len` is the number of bytes.
    pub cpu_features: Span,
    /// Target triple.
    pub target: Span,
    /// The compiler's name and version.
    pub compiler: Span,
    /// What was asked of the compiler, as JSON; enough to compile the same bytes again.
    pub options: Span,
}

/// Offset of [`ImageHeader::sha256`], 32 bytes that count as zeros in the hash.
pub const IMAGE_SHA256_OFFSET: usize = core::mem::offset_of!(ImageHeader, sha256);

const _: () = assert!(core::mem::size_of::<ImageHeader>() == 152);

/// Why bytes are no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    /// Too short or without the magic.
    NotThis,
    /// Another version: that of the container, then [`crate::ABI_VERSION`].
    Version(u32, u32),
    /// An offset or a length that makes no sense; the field.
    OutOfRange(&'static str),
}

/// A checked view of an image: every span and offset of its header lies where it may.
///
/// What the metadata says is not checked here ([`crate::Meta::parse`]), nor the hash.
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    /// The header.
    pub header: ImageHeader,
    bytes: &'a [u8],
}

impl<'a> ImageView<'a> {
    /// Checks the header. The bytes need no alignment.
    ///
    /// # Errors
    /// The first thing found wrong. Never panics, whatever the bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        if bytes.len() < core::mem::size_of::<ImageHeader>() {
            return Err(FormatError::NotThis);
        }
        // SAFETY: long enough; the header holds integers only, for which every bit pattern is valid.
        let header = unsafe { bytes.as_ptr().cast::<ImageHeader>().read_unaligned() };
        if header.magic != IMAGE_MAGIC {
            return Err(FormatError::NotThis);
        }
        if header.version != IMAGE_VERSION || header.abi_version != crate::ABI_VERSION {
            return Err(FormatError::Version(header.version, header.abi_version));
        }
        check_layout(&header, bytes.len() as u64)?;
        let view = Self { header, bytes };
        for (span, field) in header.texts() {
            if core::str::from_utf8(view.part(span.offset, span.len)).is_err() {
                return Err(FormatError::OutOfRange(field));
            }
        }
        Ok(view)
    }

    fn part(&self, offset: u32, len: u32) -> &'a [u8] {
        self.bytes.get(offset as usize..).and_then(|b| b.get(..len as usize)).unwrap_or_default()
    }

    fn text_of(&self, span: Span) -> &'a str {
        core::str::from_utf8(self.part(span.offset, span.len)).unwrap_or_default()
    }

    /// The whole image.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The plugin's name.
    pub fn name(&self) -> &'a str {
        self.text_of(self.header.name)
    }

    /// Names of the CPU features that the code uses.
    pub fn cpu_features(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.text_of(self.header.cpu_features).split(',').filter(|f| !f.is_empty())
    }

    /// Target triple.
    pub fn target(&self) -> &'a str {
        self.text_of(self.header.target)
    }

    /// The compiler's name and version.
    pub fn compiler(&self) -> &'a str {
        self.text_of(self.header.compiler)
    }

    /// What was asked of the compiler, as JSON.
    pub fn options(&self) -> &'a str {
        self.text_of(self.header.options)
    }

    /// Names of the symbols that the code calls, one per slot; `None` for one that is missing.
    pub fn symbols(&self) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let mut names = self.text_of(self.header.symbols).split('\0');
        (0..self.header.slots).map(move |_| names.next().filter(|n| !n.is_empty()))
    }

    /// The metadata, at any alignment.
    pub fn meta(&self) -> &'a [u8] {
        self.part(self.header.meta_offset, self.header.meta_len)
    }

    /// The parts that hold something, each with its offset; between them, and in the slots, are zeros.
    pub fn parts(&self) -> [(usize, &'a [u8]); 3] {
        let h = &self.header;
        let texts = h.texts().iter().map(|(s, _)| s.offset + s.len).max().unwrap_or(0);
        let meta_end = match h.eh_frame_len {
            0 => h.meta_offset + h.meta_len,
            len => h.eh_frame_offset + len,
        };
        let part = |from: u32, to: u32| (from as usize, self.part(from, to.saturating_sub(from)));
        [
            part(0, texts.max(core::mem::size_of::<ImageHeader>() as u32)),
            part(h.meta_offset, meta_end),
            part(h.text_offset, h.text_offset + h.text_total),
        ]
    }

    /// The machine code that the metadata speaks of.
    pub fn text(&self) -> &'a [u8] {
        self.part(self.header.text_offset, self.header.text_len)
    }
}

impl ImageHeader {
    /// The spans of text and the names of their fields.
    fn texts(&self) -> [(Span, &'static str); 6] {
        [
            (self.name, "name"),
            (self.symbols, "symbols"),
            (self.cpu_features, "cpu_features"),
            (self.target, "target"),
            (self.compiler, "compiler"),
            (self.options, "options"),
        ]
    }
}

fn check_layout(h: &ImageHeader, len: u64) -> Result<(), FormatError> {
    let check = |ok: bool, field| if ok { Ok(()) } else { Err(FormatError::OutOfRange(field)) };
    let page = |offset: u32| offset.is_multiple_of(IMAGE_PAGE);
    let end = |offset: u32, len: u32| u64::from(offset) + u64::from(len);
    check(h.size == len, "size")?;
    check(h.reserved == 0 && h.reserved2 == 0, "reserved")?;
    check(page(h.meta_offset) && h.meta_offset > 0, "meta_offset")?;
    for (span, field) in h.texts() {
        check(end(span.offset, span.len) <= u64::from(h.meta_offset), field)?;
    }
    check(page(h.text_offset) && end(h.meta_offset, h.meta_len) <= u64::from(h.text_offset), "text_offset")?;
    check(h.text_len <= h.text_total, "text_len")?;
    check(
        page(h.slots_offset) && end(h.text_offset, h.text_total) <= u64::from(h.slots_offset),
        "slots_offset",
    )?;
    check(u64::from(h.slots_offset) + 8 * u64::from(h.slots) <= len, "slots")?;
    if h.eh_frame_len > 0 {
        let after_meta = u64::from(h.eh_frame_offset) >= end(h.meta_offset, h.meta_len);
        check(
            after_meta && end(h.eh_frame_offset, h.eh_frame_len) <= u64::from(h.text_offset),
            "eh_frame_offset",
        )?;
    }
    Ok(())
}
