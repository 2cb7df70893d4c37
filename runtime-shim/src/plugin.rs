//! A loaded plugin: its code, its checked metadata and everything about it that all instances share.
//!
//! Immutable once made, except for the pool of memories; used from any number of threads. Holds no state of a guest.

use crate::image::Image;
use crate::instance::Value;
use crate::memory::{MemoryError, MemoryPlan, Pool, Slot};
use crate::trap::KnownText;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use plugin_abi::context::{TableElement, table_offset};
use plugin_abi::{
    ABI_VERSION, AbiVersion, CALLBACKS, CallbackId, Meta, MetaError, NONE, PluginDescriptor, TrapCode,
    ValType,
};

/// Memories of a plugin that are kept for its next instances.
const POOLED_SLOTS: usize = 64;

/// Elements that are prepared when a plugin is loaded, of all its tables together: 64 MiB. No instance can start with more.
pub(crate) const PREPARED_ELEMENTS: u32 = 4 << 20;

/// Why a plugin cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Compiled for a shim of another version; that version.
    Version(u32),
    /// The metadata is damaged.
    Meta(MetaError),
    /// A callback whose signature is not the one that hosts call.
    CallbackSignature(CallbackId),
    /// A function that needs code (a callback, an element of a table, the start function, an export) but has none.
    NoCode(u32),
    /// The code could not be registered.
    System(i32),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(v) | Self::Meta(MetaError::Version(v)) => write!(
                f,
                "the plugin was compiled for runtime version {v}, this one is {ABI_VERSION}: compile it with the nullvmc of \
                 this runtime"
            ),
            Self::Meta(MetaError::NotMetadata) => write!(f, "the plugin is damaged: no metadata"),
            Self::Meta(MetaError::OutOfRange(field)) => {
                write!(f, "the plugin is damaged: {field} is out of range")
            }
            Self::CallbackSignature(id) => {
                write!(f, "the plugin is damaged: {} has another signature", CALLBACKS[*id as usize].name)
            }
            Self::NoCode(index) => write!(f, "the plugin is damaged: function {index} has no code"),
            Self::System(errno) => write!(f, "the system refused (errno {errno})"),
        }
    }
}

impl core::error::Error for LoadError {}

/// A function, ready to be called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Its code.
    pub(crate) code: *const u8,
    /// The adapter of its type: `extern "C" fn(context, code, values)`.
    pub(crate) adapter: *const u8,
    pub(crate) params: u16,
    pub(crate) results: u16,
}

/// A loaded plugin.
#[derive(Debug)]
pub struct Plugin {
    text: *const u8,
    text_len: usize,
    meta: Meta<'static>,
    callbacks: [Option<Target>; CALLBACKS.len()],
    /// What each table holds at first; instances share it until they write to it.
    pub(crate) tables: Vec<Box<[TableElement]>>,
    /// What the globals hold at first, as they lie in memory: the last one lowest.
    globals: Vec<Value>,
    pub(crate) plan: MemoryPlan,
    /// The trap that every instantiation ends with.
    pub(crate) instantiation_trap: Option<TrapCode>,
    pool: Pool,
    name: String,
    // Before the image goes, whose text it tells of.
    _known: KnownText,
    // Last: everything above may point into it.
    image: Option<Image>,
}

// SAFETY: the pointers are to code and read-only data, and the pool has its own lock.
unsafe impl Send for Plugin {}
// SAFETY: as above.
unsafe impl Sync for Plugin {}

impl Plugin {
    /// Loads a mapped image.
    ///
    /// # Errors
    /// When its metadata does not describe what it claims to.
    pub fn from_image(mut image: Image) -> Result<Arc<Self>, LoadError> {
        let (text, text_len) = image.code();
        let name = String::from(image.name());
        image.register_frames();
        // SAFETY: code and metadata stay mapped as long as the plugin owns the image.
        unsafe { Self::load(text, text_len, image.meta(), name, Some(image)) }
    }

    /// Loads a plugin that was linked in.
    ///
    /// # Safety
    /// The descriptor is one that `nullvmc` wrote, and what it points at stays as long as the plugin.
    ///
    /// # Errors
    /// When it was made for another version of the shim, or is damaged.
    pub unsafe fn from_descriptor(descriptor: &'static PluginDescriptor) -> Result<Arc<Self>, LoadError> {
        if descriptor.version != ABI_VERSION || (descriptor.size as usize) < size_of::<PluginDescriptor>() {
            return Err(LoadError::Version(descriptor.version));
        }
        if descriptor.meta.is_null() || descriptor.text.is_null() || descriptor.name.is_null() {
            return Err(LoadError::Meta(MetaError::NotMetadata));
        }
        // SAFETY: the caller's promise: these are what the compiler wrote.
        unsafe {
            let meta = core::slice::from_raw_parts(descriptor.meta, descriptor.meta_len as usize);
            let name = core::ffi::CStr::from_ptr(descriptor.name).to_string_lossy().into_owned();
            Self::load(descriptor.text, descriptor.text_len as usize, meta, name, None)
        }
    }

    /// # Safety
    /// `text` is code that belongs to `meta`; both outlive the plugin.
    unsafe fn load(
        text: *const u8,
        text_len: usize,
        meta: &'static [u8],
        name: String,
        mut image: Option<Image>,
    ) -> Result<Arc<Self>, LoadError> {
        let meta = Meta::parse(meta, text_len as u64).map_err(LoadError::Meta)?;
        let mut plugin = Self {
            text,
            text_len,
            meta,
            callbacks: [None; CALLBACKS.len()],
            tables: Vec::new(),
            globals: Vec::new(),
            plan: MemoryPlan::new(&meta, image.as_mut().and_then(Image::take_file)),
            instantiation_trap: None,
            pool: Pool::new(POOLED_SLOTS),
            name,
            _known: KnownText::new(text as usize, text_len),
            image,
        };
        plugin.bind_callbacks()?;
        plugin.fill_tables()?;
        plugin.globals = meta.globals.iter().rev().map(|g| Value::from_words(g.value)).collect();
        plugin.instantiation_trap = plugin.instantiation_trap.or(plugin.plan.trap);
        if meta.header.start_function != NONE && plugin.target(meta.header.start_function).is_none() {
            return Err(LoadError::NoCode(meta.header.start_function));
        }
        Ok(Arc::new(plugin))
    }

    fn bind_callbacks(&mut self) -> Result<(), LoadError> {
        for callback in CALLBACKS {
            let Some(function) = self.meta.callback(callback.id) else { continue };
            let (params, results) = self.meta.signature(self.meta.functions[function as usize].type_index);
            let all_i32 = params.iter().chain(results).all(|t| *t == ValType::I32 as u8);
            // One parameter less is ABI 0.1.0; a result that the host does not ask for is dropped (as for `_start` of
            // some toolchains), one that it asks for must be there.
            let fits = params.len() <= callback.params as usize && results.len() <= 1;
            if !all_i32 || !fits || (callback.result && results.is_empty()) {
                return Err(LoadError::CallbackSignature(callback.id));
            }
            let target = self.target(function).ok_or(LoadError::NoCode(function))?;
            self.callbacks[callback.id as usize] = Some(target);
        }
        Ok(())
    }

    fn fill_tables(&mut self) -> Result<(), LoadError> {
        let mut left = PREPARED_ELEMENTS;
        for t in self.meta.tables {
            let init = self.element(u64::from(t.init)).ok_or(LoadError::NoCode(t.init.wrapping_sub(1)))?;
            let mut elements = Vec::new();
            // A table that the process cannot hold fails at instantiation, where there is a limit to name.
            if t.min <= left && elements.try_reserve_exact(t.min as usize).is_ok() {
                elements.resize(t.min as usize, init);
                left -= t.min;
            }
            self.tables.push(elements.into_boxed_slice());
        }
        for e in self.meta.elements {
            let items = &self.meta.element_items[e.first as usize..][..e.len as usize];
            for item in items {
                if self.element(u64::from(*item)).is_none() {
                    return Err(LoadError::NoCode(*item - 1));
                }
            }
            if e.kind != 1 || self.instantiation_trap.is_some() {
                continue;
            }
            let (from, to) = (e.table_offset as usize, e.table_offset as usize + e.len as usize);
            let elements: Vec<TableElement> =
                items.iter().filter_map(|i| self.element(u64::from(*i))).collect();
            match self.tables[e.table as usize].get_mut(from..to) {
                Some(room) => room.copy_from_slice(&elements),
                None => self.instantiation_trap = Some(TrapCode::TableOutOfBounds),
            }
        }
        Ok(())
    }

    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ABI version that the plugin declares.
    pub fn abi(&self) -> AbiVersion {
        self.meta.abi()
    }

    /// The checked metadata.
    pub fn meta(&self) -> &Meta<'_> {
        &self.meta
    }

    /// The image that it was loaded from, if it was.
    pub fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// Whether the plugin exports a callback.
    pub fn exports(&self, callback: CallbackId) -> bool {
        self.callbacks[callback as usize].is_some()
    }

    /// First byte of the code.
    pub(crate) fn text(&self) -> *const u8 {
        self.text
    }

    /// The text offset of an address.
    pub(crate) fn text_offset(&self, pc: usize) -> Option<u32> {
        let offset = pc.wrapping_sub(self.text as usize);
        (offset < self.text_len).then_some(offset as u32)
    }

    #[inline]
    pub(crate) fn callback(&self, id: CallbackId) -> Option<&Target> {
        self.callbacks[id as usize].as_ref()
    }

    /// How to call a function; `None` when the index is out of range, or an import without an adapter.
    pub(crate) fn target(&self, function: u32) -> Option<Target> {
        let f = self.meta.functions.get(function as usize)?;
        let ty = &self.meta.types[f.type_index as usize];
        if f.offset == NONE || ty.entry == NONE {
            return None;
        }
        // SAFETY: `Meta::parse` saw that both offsets lie within the text.
        let (code, adapter) = unsafe { (self.text.add(f.offset as usize), self.text.add(ty.entry as usize)) };
        Some(Target { code, adapter, params: ty.params, results: ty.results })
    }

    /// The table element that a funcref scalar (function index plus 1, or 0) stands for; `None` for a scalar that is none.
    pub(crate) fn element(&self, scalar: u64) -> Option<TableElement> {
        if scalar == 0 {
            return Some(TableElement::default());
        }
        let f = self.meta.functions.get(usize::try_from(scalar - 1).ok()?)?;
        if f.offset == NONE {
            return None;
        }
        Some(TableElement {
            // SAFETY: `Meta::parse` saw that the offset lies within the text.
            value: unsafe { self.text.add(f.offset as usize) } as u64,
            type_id: f.type_index + 1,
            func: scalar as u32,
        })
    }

    /// Writes the initial globals below a context.
    ///
    /// # Safety
    /// `context` is the base of a slot of this plugin's plan.
    pub(crate) unsafe fn write_globals(&self, context: *mut u8) {
        let lowest = table_offset(self.tables.len() as u32) as isize + 16 - 16 * self.globals.len() as isize;
        // SAFETY: the plan has room for all tables and globals below the base.
        unsafe {
            core::ptr::copy_nonoverlapping(
                self.globals.as_ptr(),
                context.offset(lowest).cast::<Value>(),
                self.globals.len(),
            );
        }
    }

    pub(crate) fn acquire(&self, capacity: u64) -> Result<Slot, MemoryError> {
        let mut slot = self.pool.acquire(&self.plan, capacity)?;
        self.plan.fill(&mut slot, &self.meta);
        Ok(slot)
    }

    pub(crate) fn release(&self, slot: Slot) {
        self.pool.release(slot, &self.plan);
    }

    /// Appends the plugin's functions to `/tmp/perf-<pid>.map`, where `perf` looks for code that no file has. Only of
    /// use for the image form; the others have symbols.
    ///
    /// # Errors
    /// [`LoadError::System`] when the file cannot be written.
    pub fn write_perf_map(&self) -> Result<(), LoadError> {
        // SAFETY: no preconditions.
        let path = alloc::format!("/tmp/perf-{}.map\0", unsafe { libc::getpid() });
        let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC | libc::O_NOFOLLOW;
        // SAFETY: the path is NUL-terminated.
        let fd = unsafe { libc::open(path.as_ptr().cast(), flags, 0o600) };
        if fd < 0 {
            return Err(LoadError::System(crate::os::errno()));
        }
        let mut text = String::new();
        for (i, f) in self.meta.functions.iter().enumerate().filter(|(_, f)| f.offset != NONE) {
            use fmt::Write;
            let name = self.meta.function_name(i as u32);
            let start = self.text as usize + f.offset as usize;
            // Writing to a String does not fail.
            let _ = match name {
                "" => writeln!(text, "{start:x} {:x} {}.function[{i}]", f.size, self.name),
                name => writeln!(text, "{start:x} {:x} {}.{}", f.size, self.name, name.replace('\n', " ")),
            };
        }
        let mut rest = text.as_bytes();
        let mut result = Ok(());
        while !rest.is_empty() {
            // SAFETY: `rest` is readable for its length.
            let n = unsafe { libc::write(fd, rest.as_ptr().cast(), rest.len()) };
            if n <= 0 {
                result = Err(LoadError::System(crate::os::errno()));
                break;
            }
            rest = &rest[n as usize..];
        }
        // SAFETY: a descriptor of our own, closed once.
        unsafe { libc::close(fd) };
        result
    }
}
