//! The guest as the host functions see it: a checked view of its memory, its allocator, its host.
//!
//! [`crate::hostcalls`] and [`crate::wasi`] are written against the [`Guest`] trait and know nothing of how the guest's code
//! runs. `Instance` implements it for compiled code; the reference host implements it for wasmtime and wasmi, so that every
//! engine answers a plugin with the same code.

use crate::host::{Bytes, HostTable, Status};
use core::ffi::c_void;
use plugin_abi::{AbiVersion, HOST_FUNCTIONS, HostFunctionId, TrapCode};

/// Errors of host functions are statuses; a trap ends the guest's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// Returned to the guest.
    Status(Status),
    /// Ends the guest's call.
    Trap(TrapCode),
}

impl From<Status> for HostError {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// The linear memory during one host function. The only way to the guest's bytes: every access is checked in 64-bit
/// arithmetic against the size at this moment.
#[derive(Clone, Copy, Debug)]
pub struct GuestMemory {
    base: *mut u8,
    len: u64,
}

impl GuestMemory {
    /// # Safety
    /// `base` points at `len` readable and writable bytes, which stay where they are until the guest runs again.
    pub unsafe fn new(base: *mut u8, len: u64) -> Self {
        Self { base, len }
    }

    /// Current size in bytes.
    pub fn size(&self) -> u64 {
        self.len
    }

    fn at(&self, ptr: u32, len: u64) -> Result<*mut u8, Status> {
        if u64::from(ptr) + len > self.len {
            return Err(Status::InvalidMemoryAccess);
        }
        // SAFETY: in range, as just checked (`ptr` + `len` cannot overflow: both below 2^33).
        Ok(unsafe { self.base.add(ptr as usize) })
    }

    /// The bytes at `ptr`. As a raw slice, since the guest may write to them when it runs again.
    pub fn bytes(&self, ptr: u32, len: u32) -> Result<Bytes, Status> {
        Ok(Bytes { data: self.at(ptr, u64::from(len))?, len: len as usize })
    }

    /// Where `len` bytes may be written.
    pub fn room(&self, ptr: u32, len: u32) -> Result<*mut u8, Status> {
        self.at(ptr, u64::from(len))
    }

    /// Copies into the guest.
    pub fn write(&self, ptr: u32, bytes: &[u8]) -> Result<(), Status> {
        let to = self.at(ptr, bytes.len() as u64)?;
        // SAFETY: `to` has room for them, as checked; a source inside the guest's memory may overlap.
        unsafe { core::ptr::copy(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    /// Stores a 32-bit value, little-endian, at any alignment.
    pub fn write_u32(&self, ptr: u32, value: u32) -> Result<(), Status> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Stores a 64-bit value, little-endian, at any alignment.
    pub fn write_u64(&self, ptr: u32, value: u64) -> Result<(), Status> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Loads a 32-bit value, little-endian, at any alignment.
    pub fn read_u32(&self, ptr: u32) -> Result<u32, Status> {
        let from = self.at(ptr, 4)?;
        // SAFETY: four readable bytes, as checked.
        Ok(u32::from_le_bytes(unsafe { core::ptr::read_unaligned(from.cast()) }))
    }
}

/// Where a plugin is in its life; what it may call depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// `_initialize`, `_start`, `main`.
    Init,
    /// A callback of the host.
    Callback,
    /// The guest's allocator, called by the shim.
    Allocator,
}

/// A set of host functions, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionSet(pub u128);

impl FunctionSet {
    /// Every function.
    pub const ALL: Self = Self(u128::MAX);

    /// Whether the set holds a function.
    #[inline]
    pub const fn contains(self, id: HostFunctionId) -> bool {
        self.0 & (1 << id as u32) != 0
    }

    /// What a phase allows.
    pub const fn allowed_in(phase: Phase) -> Self {
        let mut set = 0u128;
        let mut i = 0;
        while i < HOST_FUNCTIONS.len() {
            let phases = HOST_FUNCTIONS[i].phases;
            let allowed = match phase {
                Phase::Callback => true,
                Phase::Init => phases.in_init(),
                Phase::Allocator => phases.in_allocator(),
            };
            if allowed {
                set |= 1 << i;
            }
            i += 1;
        }
        Self(set)
    }

    /// Only the functions whose names `allowed` gives; an unknown name adds nothing.
    pub fn of_capabilities<'a>(allowed: impl Iterator<Item = &'a str>) -> Self {
        let mut set = 0u128;
        for name in allowed {
            if let Some(i) = HOST_FUNCTIONS.iter().position(|f| f.name == name) {
                set |= 1 << i;
            }
        }
        Self(set)
    }
}

/// What the host functions need to know of their guest besides memory and host; one per instance.
#[derive(Debug)]
pub struct GuestState {
    /// The plugin's ABI version.
    pub abi: AbiVersion,
    /// Where it is in its life.
    pub phase: Phase,
    /// Functions that the operator allows (`allowed_capabilities`).
    pub capabilities: FunctionSet,
    /// `capabilities` and what a phase allows, for each phase, so that a call costs one test of a bit.
    callable: [FunctionSet; 3],
    /// WASI environment, `KEY=VALUE` each.
    pub environment: alloc::vec::Vec<alloc::vec::Vec<u8>>,
}

impl GuestState {
    /// A guest before its initialisation, with every capability.
    pub fn new(abi: AbiVersion) -> Self {
        Self {
            abi,
            phase: Phase::Callback,
            capabilities: FunctionSet::ALL,
            callable: Self::callable(FunctionSet::ALL),
            environment: alloc::vec::Vec::new(),
        }
    }

    /// Enters a phase and gives the one before, to be entered again afterwards.
    #[inline]
    pub fn enter(&mut self, phase: Phase) -> Phase {
        core::mem::replace(&mut self.phase, phase)
    }

    /// Restricts the capabilities.
    pub fn restrict(&mut self, capabilities: FunctionSet) {
        self.capabilities = capabilities;
        self.callable = Self::callable(capabilities);
    }

    fn callable(capabilities: FunctionSet) -> [FunctionSet; 3] {
        // In the order of their numbers.
        [Phase::Init, Phase::Callback, Phase::Allocator]
            .map(|phase| FunctionSet(capabilities.0 & FunctionSet::allowed_in(phase).0))
    }

    /// Whether a function may be called now.
    #[inline]
    pub fn may_call(&self, id: HostFunctionId) -> bool {
        self.callable[self.phase as usize].contains(id)
    }
}

/// A running guest, as its imports see it.
pub trait Guest {
    /// The linear memory as it is now. Ask again after anything that runs the guest.
    fn memory(&mut self) -> GuestMemory;

    /// Calls the guest's `malloc` (or `proxy_on_memory_allocate`) in [`Phase::Allocator`]. 0 when the guest has no memory,
    /// and also when it trapped: the instance is then failed, which its host learns at the end of the outer call, as with V8
    /// in proxy-wasm-cpp-host.
    fn allocate(&mut self, size: u32) -> u32;

    /// The host and the pointer that its functions take.
    fn host(&self) -> (&HostTable, *mut c_void);

    /// What is known of the guest.
    fn state(&mut self) -> &mut GuestState;
}
