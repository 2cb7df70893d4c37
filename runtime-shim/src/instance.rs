//! Instances: one running copy of a plugin, with its memory, tables, globals and its place in life.
//!
//! An instance belongs to one thread at a time. Everything that changes is in cells, because entries nest: the guest calls
//! the host, the host calls the guest's allocator or another callback of the same instance. No reference into a cell is held
//! across an entry.

use crate::guest::{Guest, GuestMemory, GuestState, Phase};
use crate::host::HostTable;
use crate::interrupt::{self, InterruptHandle, Link, StackWindow};
use crate::memory::{MemoryError, Slot, WASM_PAGE};
use crate::plugin::{Plugin, Target};
use crate::table::Table;
use crate::trap::{self, Entry, Outcome, Trap};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::fmt;
use core::mem::ManuallyDrop;
use plugin_abi::context::{ContextHeader, global_offset};
use plugin_abi::{CALLBACKS, CallbackId, FLAG_INTERRUPTIBLE, FLAG_PROXY_WASM, NONE, TrapCode, ValType};

/// What an instance may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory; `memory.grow` beyond it gives -1. Rounded down to pages of 64 KiB.
    pub max_memory_bytes: u64,
    /// Bytes of native stack for the guest, within an eighth; less where the thread's own stack ends earlier.
    pub stack_size: usize,
    /// Milliseconds that one call may take, calls nested in it included; 0 for no deadline. The initialisation that runs
    /// before a first callback is a call of its own. Needs code compiled with
    /// `--interruptible`.
    pub deadline_ms: u32,
    /// Elements of all tables together, 16 bytes each; `table.grow` beyond it gives -1.
    pub max_table_elements: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_memory_bytes: 1 << 30,
            stack_size: 512 * 1024,
            deadline_ms: 0,
            max_table_elements: 1_000_000,
        }
    }
}

/// Smallest stack that a guest gets, whatever is asked for.
const MIN_STACK: usize = 16 * 1024;

/// A value of the guest: 16 bytes, little-endian, of which a type uses the first ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Value(pub [u8; 16]);

impl Value {
    /// An `i32`, or the bits of an `f32`.
    pub const fn from_u32(n: u32) -> Self {
        Self::from_u64(n as u64)
    }

    /// An `i64`, the bits of an `f64`, or a reference.
    pub const fn from_u64(n: u64) -> Self {
        Self::from_u128(n as u128)
    }

    /// A `v128`.
    pub const fn from_u128(n: u128) -> Self {
        Self(n.to_le_bytes())
    }

    /// The 32-bit value.
    pub const fn u32(self) -> u32 {
        self.u128() as u32
    }

    /// The 64-bit value.
    pub const fn u64(self) -> u64 {
        self.u128() as u64
    }

    /// The 128-bit value.
    pub const fn u128(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    pub(crate) fn from_words(words: [u32; 4]) -> Self {
        Self::from_u128(words.iter().rev().fold(0, |n, w| n << 32 | u128::from(*w)))
    }
}

/// Why there is no instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceError {
    /// No memory.
    Memory(MemoryError),
    /// A table starts with more elements than the limit, or than the system has memory for.
    TableLimit {
        /// The table.
        table: u32,
        /// Its initial elements.
        minimum: u32,
        /// The limit.
        limit: u32,
    },
    /// A deadline for code that cannot be stopped.
    NotInterruptible,
    /// A segment does not fit, or the module's start function trapped.
    Trap {
        /// The trap.
        code: TrapCode,
        /// What to log.
        message: String,
    },
    /// The system refused the signal handler or the watchdog; its `errno`.
    System(i32),
}

impl fmt::Display for InstanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(e) => e.fmt(f),
            Self::TableLimit { table, minimum, limit } => {
                write!(
                    f,
                    "table {table} starts with {minimum} elements, the limit for all tables together is {limit}: raise the table limit"
                )
            }
            Self::NotInterruptible => {
                write!(
                    f,
                    "a deadline needs code that can be stopped: compile the plugin with `--interruptible`"
                )
            }
            Self::Trap { message, .. } => f.write_str(message),
            Self::System(errno) => {
                write!(f, "the system refused a signal handler or a thread (errno {errno})")
            }
        }
    }
}

impl core::error::Error for InstanceError {}

/// Why a call gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The guest trapped; [`Instance::last_trap`] knows more. After a trap in a callback, `start` or the guest's allocator
    /// the instance is failed.
    Trap(TrapCode),
    /// An earlier call failed the instance, with this trap.
    Failed(TrapCode),
    /// The plugin does not export it, or it cannot be called from outside.
    NotExported,
    /// Too few arguments, or too little room for the results.
    Arguments,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trap(code) => f.write_str(code.message()),
            Self::Failed(code) => write!(f, "the instance has failed before: {}", code.message()),
            Self::NotExported => f.write_str("the plugin exports no such function"),
            Self::Arguments => f.write_str("the number of arguments does not match"),
        }
    }
}

impl core::error::Error for CallError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// `start` has not run.
    Fresh,
    Ready,
    Failed(TrapCode),
}

/// One running copy of a plugin.
pub struct Instance {
    context: *mut u8,
    plugin: Arc<Plugin>,
    host_ptr: *mut c_void,
    status: Cell<Status>,
    depth: Cell<u32>,
    /// The variables of the thread that runs it; of use while `depth` is not 0.
    thread: Cell<*mut trap::Tls>,
    /// Where the context's stack limit will do for the next entry.
    window: Cell<StackWindow>,
    limits: Limits,
    /// Most bytes that the memory may grow to.
    capacity: u64,
    link: Arc<Link>,
    state: UnsafeCell<GuestState>,
    host: HostTable,
    tables: UnsafeCell<Vec<Table>>,
    /// Dropped data segments, then dropped element segments; empty until the first one is dropped.
    dropped: UnsafeCell<Vec<bool>>,
    trap: Cell<Option<Trap>>,
    slot: UnsafeCell<ManuallyDrop<Slot>>,
}

// SAFETY: nothing of an instance belongs to the thread that made it. It is not Sync, by its cells.
unsafe impl Send for Instance {}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("plugin", &self.plugin.name())
            .field("status", &self.status.get())
            .field("memory_size", &self.memory().size())
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Makes an instance, and runs the module's start section. `host_ptr` is what the functions of `host` get.
    ///
    /// # Errors
    /// When a limit or the system denies what it needs, or instantiation traps.
    pub fn new(
        plugin: &Arc<Plugin>,
        host: &HostTable,
        host_ptr: *mut c_void,
        limits: &Limits,
    ) -> Result<Box<Self>, InstanceError> {
        let header = plugin.meta().header;
        let capacity = plugin.plan.capacity(limits.max_memory_bytes).map_err(InstanceError::Memory)?;
        if limits.deadline_ms > 0 && header.flags & FLAG_INTERRUPTIBLE == 0 {
            return Err(InstanceError::NotInterruptible);
        }
        let limit = limits.max_table_elements.min(crate::plugin::PREPARED_ELEMENTS);
        let mut elements = 0u64;
        for (n, table) in plugin.meta().tables.iter().enumerate() {
            elements += u64::from(table.min);
            if elements > u64::from(limit) || plugin.tables[n].len() != table.min as usize {
                return Err(InstanceError::TableLimit { table: n as u32, minimum: table.min, limit });
            }
        }
        if let Some(code) = plugin.instantiation_trap {
            return Err(InstanceError::Trap { code, message: String::from(code.message()) });
        }
        trap::ensure_handlers(header.flags).map_err(InstanceError::System)?;
        let slot = plugin.acquire(capacity).map_err(InstanceError::Memory)?;
        let context = slot.base();
        // SAFETY: the link is closed in `drop`, before the slot goes.
        let link = unsafe { Link::new(trap::header(context)) };
        let mut tables = Vec::new();
        tables.resize_with(plugin.tables.len(), Table::default);
        let instance = Box::new(Self {
            context,
            plugin: plugin.clone(),
            host_ptr,
            status: Cell::new(if header.flags & FLAG_PROXY_WASM != 0 {
                Status::Fresh
            } else {
                Status::Ready
            }),
            depth: Cell::new(0),
            thread: Cell::new(core::ptr::null_mut()),
            window: Cell::new(StackWindow::NOWHERE),
            limits: Limits { stack_size: limits.stack_size.max(MIN_STACK), ..*limits },
            capacity,
            link,
            state: UnsafeCell::new(GuestState::new(plugin.abi())),
            host: *host,
            tables: UnsafeCell::new(tables),
            dropped: UnsafeCell::new(Vec::new()),
            trap: Cell::new(None),
            slot: UnsafeCell::new(ManuallyDrop::new(slot)),
        });
        // SAFETY: the slot is fresh: its state is zero and nobody else knows of it.
        unsafe {
            let header = trap::header(context);
            (*header).instance = (&raw const *instance).cast_mut().cast();
            (*header).text = plugin.text();
            (*header).memory_size = plugin.plan.min;
            plugin.write_globals(context);
        }
        instance.init_tables();
        if limits.deadline_ms > 0 {
            interrupt::watch(&instance.link).map_err(InstanceError::System)?;
        }
        if header.start_function != NONE {
            instance.run_start_section(header.start_function)?;
        }
        Ok(instance)
    }

    fn run_start_section(&self, function: u32) -> Result<(), InstanceError> {
        let before = self.enter_phase(Phase::Init);
        let result = self.call_function(function, &mut []);
        self.enter_phase(before);
        result.map_err(|_| {
            let trap = self.last_trap().unwrap_or(Trap::new(TrapCode::Host));
            InstanceError::Trap { code: trap.code, message: trap.describe(&self.plugin) }
        })
    }

    /// The plugin that it is an instance of.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// ABI version, phase, capabilities and environment. For setting up: host functions see changes at once.
    pub fn state(&mut self) -> &mut GuestState {
        self.state.get_mut()
    }

    /// What it may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The host's pointer, as given at [`Instance::new`].
    pub fn host_ptr(&self) -> *mut c_void {
        self.host_ptr
    }

    #[inline(always)]
    pub(crate) fn context(&self) -> *mut u8 {
        self.context
    }

    #[inline(always)]
    fn header(&self) -> *mut ContextHeader {
        // SAFETY: our own context.
        unsafe { trap::header(self.context) }
    }

    /// The linear memory as it is now; its size changes when the guest runs.
    pub fn memory(&self) -> GuestMemory {
        // SAFETY: `memory_size` bytes from the base are accessible, and stay so.
        unsafe { GuestMemory::new(self.context, (*self.header()).memory_size) }
    }

    /// Whether a trap has made it unusable.
    pub fn failed(&self) -> bool {
        matches!(self.status.get(), Status::Failed(_))
    }

    /// Whether the plugin exports a callback.
    pub fn exports(&self, callback: CallbackId) -> bool {
        self.plugin.exports(callback)
    }

    /// The last trap of the instance.
    pub fn last_trap(&self) -> Option<Trap> {
        self.trap.get()
    }

    /// What to log about the last trap: the function, the reason and the backtrace.
    pub fn trap_message(&self) -> Option<String> {
        self.last_trap().map(|t| t.describe(&self.plugin))
    }

    pub(crate) fn record(&self, trap: Trap) {
        self.trap.set(Some(trap));
    }

    /// A handle that stops what the instance runs, from any thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle(self.link.clone())
    }

    /// Whether an interrupt is pending; for what takes long in the shim.
    pub(crate) fn interrupted(&self) -> bool {
        // SAFETY: our own header.
        unsafe { interrupt::is_pending(self.header()) }
    }

    /// # Safety
    /// No reference from an earlier call is in use.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn tables_mut(&self) -> &mut [Table] {
        // SAFETY: the caller's promise; one thread uses the instance.
        unsafe { &mut *self.tables.get() }
    }

    fn enter_phase(&self, phase: Phase) -> Phase {
        // SAFETY: no reference to the state is held across an entry or a phase change.
        unsafe { (*self.state.get()).enter(phase) }
    }

    /// Runs `_initialize` and `main` or `__main_void`, or else `_start`, in [`Phase::Init`], once: further calls do nothing.
    /// [`Instance::call`] does it by itself when nobody did before.
    ///
    /// # Errors
    /// [`CallError::Trap`]: the instance is failed.
    pub fn start(&self) -> Result<(), CallError> {
        match self.status.get() {
            Status::Ready => return Ok(()),
            Status::Failed(code) => return Err(CallError::Failed(code)),
            Status::Fresh => self.status.set(Status::Ready),
        }
        let before = self.enter_phase(Phase::Init);
        let run = |id, args: &[u32]| match self.exports(id) {
            true => self.call(id, args).map(|_| true),
            false => Ok(false),
        };
        let result = (|| {
            if run(CallbackId::Initialize, &[])? {
                return Ok(run(CallbackId::Main, &[0, 0])? || run(CallbackId::MainVoid, &[])?);
            }
            run(CallbackId::Start, &[])
        })();
        self.enter_phase(before);
        result.map(|_| ())
    }

    /// Calls a callback. Surplus arguments are dropped: `proxy_on_request_headers` of ABI 0.1.0 takes one less. 0 for a
    /// callback without a result. Runs [`Instance::start`] first if nobody did.
    ///
    /// # Errors
    /// [`CallError`]. After a trap the instance is failed.
    #[inline(always)]
    pub fn call(&self, callback: CallbackId, args: &[u32]) -> Result<u32, CallError> {
        match self.plugin.callback(callback) {
            Some(target)
                if self.status.get() == Status::Ready
                    && self.depth.get() == 0
                    && self.limits.deadline_ms == 0
                    && args.len() >= target.params as usize =>
            {
                let thread = trap::tls();
                self.depth.set(1);
                self.thread.set(thread);
                // SAFETY: this thread's variables; the target is that of the callback, and there are arguments for it.
                let outcome = unsafe {
                    self.prepare(thread);
                    self.call_target(target, args, thread)
                };
                self.depth.set(0);
                self.result(callback, target, outcome)
            }
            _ => self.call_unusual(callback, args),
        }
    }

    /// A call that cannot be made, or not yet, or within another one, or that is timed.
    #[inline(never)]
    fn call_unusual(&self, callback: CallbackId, args: &[u32]) -> Result<u32, CallError> {
        self.call_any(callback, args)
    }

    /// A call in whatever state.
    #[inline(always)]
    fn call_any(&self, callback: CallbackId, args: &[u32]) -> Result<u32, CallError> {
        match self.status.get() {
            Status::Ready => {}
            Status::Failed(code) => return Err(CallError::Failed(code)),
            Status::Fresh => self.start()?,
        }
        let target = self.plugin.callback(callback).ok_or(CallError::NotExported)?;
        if args.len() < target.params as usize {
            return Err(CallError::Arguments);
        }
        // SAFETY: as in `call`.
        let outcome = unsafe { self.enter(|thread| self.call_target(target, args, thread)) };
        self.result(callback, target, outcome)
    }

    /// # Safety
    /// `target` is a callback of this plugin with as many arguments as it takes at least, `thread` has the variables of this
    /// thread, and the instance is ready for an entry.
    #[inline(always)]
    unsafe fn call_target(&self, target: &Target, args: &[u32], thread: *mut trap::Tls) -> Outcome {
        // `Plugin` checked that a callback has as many parameters as its row says, five at most, all of them `i32`, and one
        // result at most, an `i32`. What it does not take it does not look at.
        let at = |i: usize| args.get(i).map_or(0, |arg| u64::from(*arg));
        let (a, b, c) = (at(0), at(1), at(2));
        let (d, e) = if args.len() > 3 { (at(3), at(4)) } else { (0, 0) };
        // SAFETY: our own context; the rest is the caller's promise.
        unsafe { trap::call(self.context, a, b, c, d, e, target.code, thread) }
    }

    #[inline(always)]
    fn result(&self, callback: CallbackId, target: &Target, outcome: Outcome) -> Result<u32, CallError> {
        let trapped = outcome.trapped != 0;
        if trapped || self.status.get() != Status::Ready {
            return Err(self.fail(trapped.then_some(Entry::Callback(callback))));
        }
        Ok(if target.results == 0 { 0 } else { outcome.value as u32 })
    }

    /// A call of the host ended with a trap, its own (`entry`) or one inside the allocator.
    #[cold]
    fn fail(&self, entry: Option<Entry>) -> CallError {
        let code = self.name_trap(entry);
        self.status.set(Status::Failed(code));
        CallError::Trap(code)
    }

    fn name_trap(&self, entry: Option<Entry>) -> TrapCode {
        let mut trap = self.trap.get().unwrap_or(Trap::new(TrapCode::Host));
        if let Some(entry) = entry {
            trap.entry = entry;
            self.trap.set(Some(trap));
        }
        trap.code
    }

    /// Calls an exported function of any signature: parameters in `values`, results in their place. A trap does not fail
    /// the instance: this is for test suites and tools, which know what they do.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn invoke(&self, export: &str, values: &mut [Value]) -> Result<(), CallError> {
        let export = self.plugin.meta().export(export, 0).ok_or(CallError::NotExported)?;
        self.call_function(export.index, values)
    }

    /// As [`Instance::invoke`], by function index. An index that is out of range is [`CallError::NotExported`].
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_function(&self, function: u32, values: &mut [Value]) -> Result<(), CallError> {
        if let Status::Failed(code) = self.status.get() {
            return Err(CallError::Failed(code));
        }
        let target = self.plugin.target(function).ok_or(CallError::NotExported)?;
        if values.len() < target.params.max(target.results) as usize {
            return Err(CallError::Arguments);
        }
        let values = values.as_mut_ptr().cast();
        // SAFETY: our own context; the target's code and adapter belong together, and there is room for parameters and results.
        let outcome = unsafe {
            self.enter(|thread| trap::enter(self.context, target.code, values, target.adapter, thread))
        };
        if outcome.trapped != 0 {
            return Err(CallError::Trap(self.name_trap(Some(Entry::Function(function)))));
        }
        match self.status.get() {
            Status::Failed(code) => Err(CallError::Trap(code)),
            _ => Ok(()),
        }
    }

    /// Enters the guest by one of the trampolines, which is given this thread's variables.
    ///
    /// # Safety
    /// What `trampoline` calls is a function of this plugin.
    #[inline(always)]
    unsafe fn enter(&self, trampoline: impl FnOnce(*mut trap::Tls) -> Outcome) -> Outcome {
        let depth = self.depth.get();
        self.depth.set(depth + 1);
        let outcome = if depth == 0 {
            let (thread, deadline) = (trap::tls(), self.limits.deadline_ms);
            self.thread.set(thread);
            // SAFETY: this thread's.
            unsafe { self.prepare(thread) };
            if deadline != 0 {
                self.link.arm(u64::from(deadline));
            }
            let outcome = trampoline(thread);
            if deadline != 0 {
                self.link.disarm();
            }
            outcome
        } else {
            let header = self.header();
            // SAFETY: our own. The guest below is inside a host call; where it left off is needed again if that call traps.
            unsafe {
                let exit = ((*header).exit_pc, (*header).exit_fp);
                let outcome = trampoline(self.thread.get());
                ((*header).exit_pc, (*header).exit_fp) = exit;
                outcome
            }
        };
        self.depth.set(depth);
        outcome
    }

    /// Makes an outermost entry ready.
    ///
    /// # Safety
    /// `thread` holds the variables of this thread.
    #[inline(always)]
    unsafe fn prepare(&self, thread: *mut trap::Tls) {
        // SAFETY: our own context; the caller's promise.
        unsafe {
            let holds = self.window.get().holds(trap::stack_pointer(), thread);
            if !holds || interrupt::is_pending(self.header()) {
                self.window.set(self.link.prepare(self.header(), self.limits.stack_size, thread));
            }
        }
    }

    /// `memory.grow`: previous size in pages, or -1 as `u32`.
    pub fn grow_memory(&self, pages: u32) -> u32 {
        // SAFETY: our own header, and a slot that nobody else uses meanwhile.
        unsafe {
            let header = self.header();
            let before = (*header).memory_size;
            let size = before + u64::from(pages) * WASM_PAGE;
            if size > self.capacity || !(*self.slot.get()).grow(size) {
                return u32::MAX;
            }
            (*header).memory_size = size;
            (before / WASM_PAGE) as u32
        }
    }

    fn global_slot(&self, name: &str) -> Option<(ValType, bool, *mut Value)> {
        let meta = self.plugin.meta();
        let index = meta.export(name, 3)?.index;
        let record = meta.globals.get(index as usize)?;
        let offset = global_offset(meta.tables.len() as u32, index) as isize;
        // SAFETY: the state has room for all globals.
        let at = unsafe { self.context.offset(offset).cast() };
        Some((ValType::from_u8(record.ty as u8)?, record.mutable != 0, at))
    }

    /// Type and value of an exported global.
    pub fn global_get(&self, name: &str) -> Option<(ValType, Value)> {
        let (ty, _, at) = self.global_slot(name)?;
        // SAFETY: a global of our own, 16-byte aligned.
        Some((ty, unsafe { *at }))
    }

    /// Sets an exported global that can change. `false` when there is none, or a funcref is none.
    pub fn global_set(&self, name: &str, value: Value) -> bool {
        match self.global_slot(name) {
            Some((ty, true, at)) => {
                if ty == ValType::FuncRef && self.plugin.element(value.u64()).is_none() {
                    return false;
                }
                // SAFETY: a global of our own, 16-byte aligned.
                unsafe { *at = value };
                true
            }
            _ => false,
        }
    }

    fn dropped(&self, n: usize) -> bool {
        // SAFETY: a short read; nobody holds a reference.
        unsafe { (&*self.dropped.get()).get(n).copied().unwrap_or(false) }
    }

    fn set_dropped(&self, n: usize) {
        let meta = self.plugin.meta();
        let len = meta.data.len() + meta.elements.len();
        // SAFETY: a short write; nobody holds a reference.
        let dropped = unsafe { &mut *self.dropped.get() };
        dropped.resize(len, false);
        if let Some(flag) = dropped.get_mut(n) {
            *flag = true;
        }
    }

    pub(crate) fn data_dropped(&self, segment: u32) -> bool {
        self.dropped(segment as usize)
    }

    pub(crate) fn drop_data(&self, segment: u32) {
        if (segment as usize) < self.plugin.meta().data.len() {
            self.set_dropped(segment as usize);
        }
    }

    pub(crate) fn elements_dropped(&self, segment: u32) -> bool {
        self.dropped(self.plugin.meta().data.len() + segment as usize)
    }

    pub(crate) fn drop_elements(&self, segment: u32) {
        self.set_dropped(self.plugin.meta().data.len() + segment as usize);
    }

    /// See [`Guest::allocate`].
    #[inline(never)]
    fn allocate_in_guest(&self, size: u32) -> u32 {
        if self.failed() {
            return 0;
        }
        let malloc =
            if self.exports(CallbackId::Malloc) { CallbackId::Malloc } else { CallbackId::OnMemoryAllocate };
        let before = self.enter_phase(Phase::Allocator);
        let result = self.call_any(malloc, &[size]);
        self.enter_phase(before);
        result.unwrap_or(0)
    }
}

// As many as `Instance::call` passes.
const _: () = {
    let mut i = 0;
    while i < CALLBACKS.len() {
        assert!(CALLBACKS[i].params <= 5);
        i += 1;
    }
};

impl Guest for &Instance {
    fn memory(&mut self) -> GuestMemory {
        Instance::memory(self)
    }

    fn allocate(&mut self, size: u32) -> u32 {
        self.allocate_in_guest(size)
    }

    fn host(&self) -> (&HostTable, *mut c_void) {
        (&self.host, self.host_ptr)
    }

    fn state(&mut self) -> &mut GuestState {
        // SAFETY: host functions hold the reference neither across an entry into the guest nor across another call of this.
        unsafe { &mut *self.state.get() }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        assert!(self.depth.get() == 0, "an instance must not be dropped while it runs");
        self.link.close();
        if self.limits.deadline_ms > 0 {
            interrupt::unwatch(&self.link);
        }
        // SAFETY: taken once, here.
        let slot = unsafe { ManuallyDrop::take(self.slot.get_mut()) };
        self.plugin.release(slot);
    }
}
