//! The image form: a plugin that is mapped and run without any linker.
//!
//! Nothing in an image is believed: every offset is checked before it is used, on the private copy that will run. Whether
//! the image is *trusted* (hash, signature, cache ownership) is the caller's question; [`Image::map_verified`] asks it at
//! the one moment when nobody can change the bytes any more. A page is never writable and executable at once.

use crate::{imports, os};
use alloc::string::{String, ToString};
use core::fmt;
use core::ptr;
use plugin_abi::{ABI_VERSION, IMAGE_MAGIC, IMAGE_PAGE, IMAGE_VERSION, ImageHeader, Span};

/// `e_machine` of the processor that this shim runs on.
pub const MACHINE: u32 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };

/// Why an image cannot be mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// Too short or without the magic.
    NotAnImage,
    /// Another version of the container, or code for another version of the shim.
    Version {
        /// What the image says: container version, then [`ABI_VERSION`].
        image: (u32, u32),
    },
    /// For another processor; its `e_machine`.
    Machine(u32),
    /// An offset or a length that makes no sense; the field.
    OutOfRange(&'static str),
    /// The code uses an instruction set extension that this processor lacks, or that this shim does not know.
    CpuFeature(String),
    /// The code refers to a symbol that this shim does not have.
    UnknownSymbol(String),
    /// The caller's check of the bytes failed.
    NotVerified,
    /// The system refused the mapping; its `errno`.
    System(i32),
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => write!(f, "not a nullvm image"),
            Self::Version { image: (container, abi) } => write!(
                f,
                "the image has version {container}.{abi}, this runtime is {IMAGE_VERSION}.{ABI_VERSION}: compile the plugin \
                 with the nullvmc of this runtime"
            ),
            Self::Machine(m) => write!(f, "the image is for machine {m}, this one is {MACHINE}"),
            Self::OutOfRange(field) => write!(f, "the image is damaged: {field} is out of range"),
            Self::CpuFeature(name) => write!(
                f,
                "the code needs the CPU feature {name}, which this processor lacks: compile for a lower CPU level"
            ),
            Self::UnknownSymbol(name) => write!(f, "the code needs {name}, which this runtime lacks"),
            Self::NotVerified => write!(f, "the image failed verification"),
            Self::System(errno) => write!(f, "cannot map the image (errno {errno})"),
        }
    }
}

impl core::error::Error for ImageError {}

/// An image in memory, ready to run. Unmapped when dropped; a [`crate::Plugin`] keeps its own.
#[derive(Debug)]
pub struct Image {
    base: *mut u8,
    len: usize,
    header: ImageHeader,
    /// Whether unwinders know of its frames.
    frames_registered: bool,
}

// SAFETY: immutable once mapped.
unsafe impl Send for Image {}
// SAFETY: as above.
unsafe impl Sync for Image {}

impl Image {
    /// Copies an image and makes it ready to run. The caller has checked its hash or signature.
    ///
    /// # Errors
    /// The first thing found wrong; nothing stays mapped.
    pub fn map(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::map_verified(bytes, |_| true)
    }

    /// As [`Image::map`], with a check (`verify`) of the private copy before anything of it is used.
    ///
    /// # Errors
    /// The first thing found wrong; nothing stays mapped.
    pub fn map_verified(bytes: &[u8], verify: impl FnOnce(&[u8]) -> bool) -> Result<Self, ImageError> {
        let mut image = Self::reserve(bytes.len(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        // SAFETY: the mapping is ours, writable and has room for the bytes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), image.base, bytes.len()) };
        image.prepare(bytes.len(), verify)?;
        Ok(image)
    }

    /// Maps the first `len` bytes of an open file in place, copy-on-write: for files that nobody else can write to or
    /// truncate, as those of a cache of one's own. The descriptor may be closed afterwards.
    ///
    /// # Errors
    /// As for [`Image::map`].
    pub fn map_file(fd: i32, len: usize, verify: impl FnOnce(&[u8]) -> bool) -> Result<Self, ImageError> {
        let mut image = Self::reserve(len, libc::MAP_PRIVATE, fd)?;
        image.prepare(len, verify)?;
        Ok(image)
    }

    fn reserve(len: usize, flags: i32, fd: i32) -> Result<Self, ImageError> {
        if len < size_of::<ImageHeader>() {
            return Err(ImageError::NotAnImage);
        }
        let mapped = len.checked_next_multiple_of(os::page_size()).ok_or(ImageError::OutOfRange("size"))?;
        // SAFETY: a new mapping, wherever the kernel likes.
        let base =
            unsafe { libc::mmap(ptr::null_mut(), mapped, libc::PROT_READ | libc::PROT_WRITE, flags, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(ImageError::System(os::errno()));
        }
        // SAFETY: `ImageHeader` holds integers only, for which zeros are valid.
        let header = unsafe { core::mem::zeroed() };
        Ok(Self { base: base.cast(), len: mapped, header, frames_registered: false })
    }

    /// Checks everything, fills the slots in and sets the protections. `len` bytes of the mapping are the image.
    fn prepare(&mut self, len: usize, verify: impl FnOnce(&[u8]) -> bool) -> Result<(), ImageError> {
        // SAFETY: the mapping has `len` initialised bytes and nobody writes to them during the calls.
        let bytes = unsafe { core::slice::from_raw_parts(self.base, len) };
        // SAFETY: long enough (`reserve`), page-aligned, integers only.
        let header = unsafe { ptr::read(self.base.cast::<ImageHeader>()) };
        if header.magic != IMAGE_MAGIC {
            return Err(ImageError::NotAnImage);
        }
        if header.version != IMAGE_VERSION || header.abi_version != ABI_VERSION {
            return Err(ImageError::Version { image: (header.version, header.abi_version) });
        }
        if header.machine != MACHINE {
            return Err(ImageError::Machine(header.machine));
        }
        if !verify(bytes) {
            return Err(ImageError::NotVerified);
        }
        check_layout(&header, len as u64)?;
        self.header = header;
        for feature in self.text_of(header.cpu_features).split(',').filter(|f| !f.is_empty()) {
            if !crate::trap::cpu_has(feature) {
                return Err(ImageError::CpuFeature(feature.to_string()));
            }
        }
        let mut names =
            bytes[header.symbols.offset as usize..][..header.symbols.len as usize].split(|b| *b == 0);
        for slot in 0..header.slots as usize {
            let name = names
                .next()
                .and_then(|n| core::str::from_utf8(n).ok())
                .ok_or(ImageError::OutOfRange("symbols"))?;
            let address = imports::symbol(name).ok_or_else(|| ImageError::UnknownSymbol(name.to_string()))?;
            // SAFETY: `check_layout` saw that the slots lie within the image, aligned and apart from the symbol names.
            unsafe {
                self.base.add(header.slots_offset as usize).cast::<*const u8>().add(slot).write(address)
            };
        }
        self.protect()
    }

    fn protect(&self) -> Result<(), ImageError> {
        let (text, slots) = (self.header.text_offset as usize, self.header.slots_offset as usize);
        for (from, to, protection) in [
            (0, text, libc::PROT_READ),
            (text, slots, libc::PROT_READ | libc::PROT_EXEC),
            (slots, self.len, libc::PROT_READ),
        ] {
            // SAFETY: within our own mapping; the offsets are multiples of the page size (`check_layout`).
            if to > from && unsafe { libc::mprotect(self.base.add(from).cast(), to - from, protection) } != 0
            {
                return Err(ImageError::System(os::errno()));
            }
        }
        Ok(())
    }

    fn text_of(&self, span: Span) -> &str {
        // SAFETY: `check_layout` saw that the span lies within the image, which is immutable while `self` is borrowed.
        let bytes =
            unsafe { core::slice::from_raw_parts(self.base.add(span.offset as usize), span.len as usize) };
        core::str::from_utf8(bytes).unwrap_or("")
    }

    /// The plugin's name.
    pub fn name(&self) -> &str {
        self.text_of(self.header.name)
    }

    /// Names of the CPU features that the code uses, separated by commas.
    pub fn cpu_features(&self) -> &str {
        self.text_of(self.header.cpu_features)
    }

    /// Target triple.
    pub fn target(&self) -> &str {
        self.text_of(self.header.target)
    }

    /// The compiler's name and version.
    pub fn compiler(&self) -> &str {
        self.text_of(self.header.compiler)
    }

    /// The header, every span and offset of it checked.
    pub fn header(&self) -> &ImageHeader {
        &self.header
    }

    /// The machine code that the metadata speaks of.
    pub(crate) fn code(&self) -> (*const u8, usize) {
        // SAFETY: within the mapping (`check_layout`).
        (unsafe { self.base.add(self.header.text_offset as usize) }, self.header.text_len as usize)
    }

    /// The metadata. Lives as long as the mapping, whatever the lifetime says: [`crate::Plugin`] keeps both together.
    pub(crate) fn meta(&self) -> &'static [u8] {
        // SAFETY: within the mapping (`check_layout`) and immutable.
        unsafe {
            core::slice::from_raw_parts(
                self.base.add(self.header.meta_offset as usize),
                self.header.meta_len as usize,
            )
        }
    }

    /// Tells the process's unwinder, where there is one, about the code's frames.
    pub(crate) fn register_frames(&mut self) {
        let h = &self.header;
        if self.frames_registered || h.eh_frame_len < 8 {
            return;
        }
        // SAFETY: within the mapping (`check_layout`). The unwinder wants a table that ends with a zero word.
        unsafe {
            let table = self.base.add(h.eh_frame_offset as usize);
            let end = table.add(h.eh_frame_len as usize - 4).cast::<u32>();
            if end.read_unaligned() == 0 {
                self.frames_registered = crate::trap::register_frames(table);
            }
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: our own mapping, unmapped once, its frames taken back before.
        unsafe {
            if self.frames_registered {
                crate::trap::deregister_frames(self.base.add(self.header.eh_frame_offset as usize));
            }
            libc::munmap(self.base.cast(), self.len);
        }
    }
}

fn check_layout(h: &ImageHeader, len: u64) -> Result<(), ImageError> {
    let check = |ok: bool, field| if ok { Ok(()) } else { Err(ImageError::OutOfRange(field)) };
    let page = |offset: u32| offset.is_multiple_of(IMAGE_PAGE);
    let end = |offset: u32, len: u32| u64::from(offset) + u64::from(len);
    check(h.size == len, "size")?;
    check(page(h.meta_offset) && h.meta_offset > 0, "meta_offset")?;
    for (span, field) in [
        (h.name, "name"),
        (h.symbols, "symbols"),
        (h.cpu_features, "cpu_features"),
        (h.target, "target"),
        (h.compiler, "compiler"),
    ] {
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
