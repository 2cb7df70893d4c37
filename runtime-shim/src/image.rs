//! The image form: a plugin that is mapped and run without any linker.
//!
//! Nothing in an image is believed: every offset is checked before it is used, on the copy that will run. Bytes are copied into
//! a sealed memory file, and the copy is hashed: what was hashed is what runs, whoever owns the source. Only files that nobody
//! else can write to are mapped in place. Whether an image is *trusted* (signature, cache ownership) is the caller's question. A
//! page is never writable and executable at once, and text is shared by all who map the same file.

use crate::imports;
use crate::os::{self, File};
use alloc::string::{String, ToString};
use core::fmt;
use core::ptr;
use plugin_abi::{
    ABI_VERSION, FormatError, IMAGE_SHA256_OFFSET, IMAGE_VERSION, ImageHeader, ImageView, Span,
};
use sha2::{Digest, Sha256};

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
    /// The hash in the header is not that of the image.
    Hash,
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
            Self::Hash => write!(f, "the image is damaged: it has another hash than it should"),
            Self::System(errno) => write!(f, "cannot map the image (errno {errno})"),
        }
    }
}

impl core::error::Error for ImageError {}

impl From<FormatError> for ImageError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::NotThis => Self::NotAnImage,
            FormatError::Version(container, abi) => Self::Version { image: (container, abi) },
            FormatError::OutOfRange(field) => Self::OutOfRange(field),
        }
    }
}

/// Whether the hash in an image's header is compared with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashCheck {
    /// It is: 1 to 2 ms per MB.
    Check,
    /// It is not: the caller made the bytes itself, or has hashed them a moment ago.
    Skip,
}

/// A file that an image is mapped from, for mapping parts of it once more.
#[derive(Debug)]
pub(crate) struct ImageFile {
    pub(crate) file: File,
    /// Where the metadata begins in it.
    pub(crate) meta_offset: u64,
}

/// An image in memory, ready to run. Unmapped when dropped; a [`crate::Plugin`] keeps its own.
#[derive(Debug)]
pub struct Image {
    base: *mut u8,
    len: usize,
    header: ImageHeader,
    /// What is mapped, until [`Image::take_file`].
    file: Option<File>,
    /// Whether unwinders know of its frames.
    frames_registered: bool,
}

// SAFETY: immutable once mapped.
unsafe impl Send for Image {}
// SAFETY: as above.
unsafe impl Sync for Image {}

impl Image {
    /// Copies an image, checks the copy's hash, and makes it ready to run.
    ///
    /// # Errors
    /// The first thing found wrong; nothing stays mapped.
    pub fn map(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::map_with(bytes, HashCheck::Check)
    }

    /// As [`Image::map`], with or without its hash.
    ///
    /// # Errors
    /// The first thing found wrong; nothing stays mapped.
    pub fn map_with(bytes: &[u8], hash: HashCheck) -> Result<Self, ImageError> {
        // Before anything is allocated for it.
        let view = ImageView::parse(bytes)?;
        let Some(file) = File::memory(c"nullvm-image") else {
            return Self::map_copy(bytes, hash);
        };
        copy(&view, &file)?;
        file.seal().map_err(ImageError::System)?;
        // What is hashed is what runs: the sealed copy, whoever changes the source meanwhile.
        let mut image = Self::map_fd(file.fd(), bytes.len(), hash)?;
        image.file = Some(file);
        Ok(image)
    }

    /// Where the kernel has no memory files.
    fn map_copy(bytes: &[u8], hash: HashCheck) -> Result<Self, ImageError> {
        let mut image =
            Self::reserve(bytes.len(), libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        // SAFETY: the mapping is ours, writable and has room for the bytes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), image.base, bytes.len()) };
        let hash = (hash == HashCheck::Check).then(|| content_sha256(image.bytes(bytes.len())));
        image.prepare(bytes.len(), hash)?;
        // The kernel does so for pages of files.
        crate::trap::flush_code(image.base, image.len);
        Ok(image)
    }

    /// Maps the first `len` bytes of an open file in place: for files that nobody else can write to or truncate, as those of a
    /// cache of one's own. The descriptor may be closed afterwards.
    ///
    /// # Errors
    /// As for [`Image::map`].
    pub fn map_file(fd: i32, len: usize, hash: HashCheck) -> Result<Self, ImageError> {
        let mut image = Self::map_fd(fd, len, hash)?;
        image.file = File::duplicate(fd);
        Ok(image)
    }

    fn map_fd(fd: i32, len: usize, hash: HashCheck) -> Result<Self, ImageError> {
        let mut image = Self::reserve(len, 0, libc::MAP_PRIVATE, fd)?;
        let hash = (hash == HashCheck::Check).then(|| content_sha256(image.bytes(len)));
        image.prepare(len, hash)?;
        Ok(image)
    }

    fn reserve(len: usize, write: i32, flags: i32, fd: i32) -> Result<Self, ImageError> {
        if len < size_of::<ImageHeader>() {
            return Err(ImageError::NotAnImage);
        }
        let mapped = len.checked_next_multiple_of(os::page_size()).ok_or(ImageError::OutOfRange("size"))?;
        // SAFETY: a new mapping, wherever the kernel likes.
        let base = unsafe { libc::mmap(ptr::null_mut(), mapped, libc::PROT_READ | write, flags, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(ImageError::System(os::errno()));
        }
        // SAFETY: `ImageHeader` holds integers only, for which zeros are valid.
        let header = unsafe { core::mem::zeroed() };
        Ok(Self { base: base.cast(), len: mapped, header, file: None, frames_registered: false })
    }

    /// The first `len` bytes, of the mapping's own.
    fn bytes(&self, len: usize) -> &[u8] {
        // SAFETY: mapped readable; nobody writes to them while they are borrowed.
        unsafe { core::slice::from_raw_parts(self.base, len.min(self.len)) }
    }

    /// Checks everything, fills the slots in and sets the protections. `len` bytes of the mapping are the image, with the
    /// given hash.
    fn prepare(&mut self, len: usize, hash: Option<[u8; 32]>) -> Result<(), ImageError> {
        let view = ImageView::parse(self.bytes(len))?;
        let header = view.header;
        if header.machine != MACHINE {
            return Err(ImageError::Machine(header.machine));
        }
        if hash.is_some_and(|h| h != header.sha256) {
            return Err(ImageError::Hash);
        }
        if let Some(feature) = view.cpu_features().find(|f| !crate::trap::cpu_has(f)) {
            return Err(ImageError::CpuFeature(feature.to_string()));
        }
        let slots = header.slots_offset as usize;
        self.set_protection(slots, self.len, libc::PROT_READ | libc::PROT_WRITE)?;
        for (slot, name) in view.symbols().enumerate() {
            let name = name.ok_or(ImageError::OutOfRange("symbols"))?;
            let address = imports::symbol(name).ok_or_else(|| ImageError::UnknownSymbol(name.to_string()))?;
            // SAFETY: the view saw that the slots lie within the image, aligned and behind everything that it reads.
            unsafe { self.base.add(slots).cast::<*const u8>().add(slot).write(address) };
        }
        let text = header.text_offset as usize;
        self.set_protection(0, text, libc::PROT_READ)?;
        self.set_protection(text, slots, libc::PROT_READ | libc::PROT_EXEC)?;
        self.set_protection(slots, self.len, libc::PROT_READ)?;
        self.header = header;
        Ok(())
    }

    /// `from` and `to` are multiples of [`plugin_abi::IMAGE_PAGE`], as the view has checked, or the mapping's end.
    fn set_protection(&self, from: usize, to: usize, protection: i32) -> Result<(), ImageError> {
        // SAFETY: within our own mapping.
        if to > from && unsafe { libc::mprotect(self.base.add(from).cast(), to - from, protection) } != 0 {
            return Err(ImageError::System(os::errno()));
        }
        Ok(())
    }

    fn text_of(&self, span: Span) -> &str {
        // SAFETY: the view saw that the span lies within the image, which is immutable while `self` is borrowed.
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

    /// The file that it is mapped from, once; `None` for a copy in anonymous memory.
    pub(crate) fn take_file(&mut self) -> Option<ImageFile> {
        let file = self.file.take()?;
        Some(ImageFile { file, meta_offset: u64::from(self.header.meta_offset) })
    }

    /// The machine code that the metadata speaks of.
    pub(crate) fn code(&self) -> (*const u8, usize) {
        // SAFETY: within the mapping (the view saw it).
        (unsafe { self.base.add(self.header.text_offset as usize) }, self.header.text_len as usize)
    }

    /// The metadata. Lives as long as the mapping, whatever the lifetime says: [`crate::Plugin`] keeps both together.
    pub(crate) fn meta(&self) -> &'static [u8] {
        // SAFETY: within the mapping (the view saw it) and immutable.
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
        // SAFETY: within the mapping (the view saw it). The unwinder wants a table that ends with a zero word.
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

/// Copies an image into an empty file. Pages of padding cost as much as others to write, and nothing as a hole.
fn copy(view: &ImageView<'_>, file: &File) -> Result<(), ImageError> {
    let bytes = view.bytes();
    file.resize(bytes.len() as u64).map_err(ImageError::System)?;
    let mut end = 0;
    for (offset, part) in view.parts() {
        // Of other padding, the copy would have the hash and the source would not.
        padding(bytes, end, offset)?;
        file.write_at(part, offset as u64).map_err(ImageError::System)?;
        end = offset + part.len();
    }
    padding(bytes, end, bytes.len())
}

fn padding(bytes: &[u8], from: usize, to: usize) -> Result<(), ImageError> {
    let zeros = bytes.get(from..to).is_some_and(|p| p.iter().fold(0, |all, b| all | b) == 0);
    if zeros { Ok(()) } else { Err(ImageError::OutOfRange("padding")) }
}

/// SHA-256 over an image with the header's own field zeroed.
fn content_sha256(image: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let (before, rest) = image.split_at(IMAGE_SHA256_OFFSET.min(image.len()));
    let (own, after) = rest.split_at(32.min(rest.len()));
    hasher.update(before);
    hasher.update(&[0; 32][..own.len()]);
    hasher.update(after);
    hasher.finalize().into()
}
