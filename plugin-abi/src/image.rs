//! The image form: a plugin that is mapped and run without any linker.
//!
//! ```text
//!   +-----------------------------+ 0
//!   | ImageHeader                 |
//!   | name, symbol names          |
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
pub const IMAGE_VERSION: u32 = 1;

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
}
