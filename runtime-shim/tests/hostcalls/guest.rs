//! A guest without code: memory between canaries, and an allocator that hands out one piece behind another.

use crate::host::Recorder;
use nullvm_shim::guest::{Guest, GuestMemory, GuestState, HostError};
use nullvm_shim::host::HostTable;
use plugin_abi::{AbiVersion, HostFunctionId};
use std::ffi::c_void;

/// Bytes of the guest's memory.
pub const SIZE: u32 = 64 * 1024;

/// Where the allocator begins.
pub const HEAP: u32 = 32 * 1024;

const CANARY_SIZE: usize = 4096;
const CANARY: u8 = 0xca;
const GONE: u8 = 0xdd;

/// How `Guest::allocate` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// The next bytes.
    Works,
    /// The next bytes, of a memory that lies elsewhere afterwards.
    MovesMemory,
    /// 0.
    Fails,
    /// Memory of which only a part exists.
    Lies,
}

pub struct TestGuest {
    pub allocator: Allocator,
    pub allocations: usize,
    pub state: GuestState,
    pub table: HostTable,
    recorder: *mut Recorder,
    memory: Vec<u8>,
    gone: Vec<Vec<u8>>,
    next: u32,
}

impl Drop for TestGuest {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` in `new`.
        drop(unsafe { Box::from_raw(self.recorder) });
    }
}

impl TestGuest {
    pub fn new() -> Self {
        let mut memory = vec![CANARY; CANARY_SIZE * 2 + SIZE as usize];
        memory[CANARY_SIZE..][..SIZE as usize].fill(0);
        Self {
            allocator: Allocator::Works,
            allocations: 0,
            state: GuestState::new(AbiVersion::V0_2_1),
            table: crate::host::table(),
            recorder: Box::into_raw(Box::new(Recorder::new())),
            memory,
            gone: Vec::new(),
            next: HEAP,
        }
    }

    pub fn call(&mut self, id: HostFunctionId, args: &[u64]) -> Result<u32, HostError> {
        let result = nullvm_shim::dispatch::dispatch(self, id, args);
        self.check_canaries();
        result
    }

    pub fn recorder(&mut self) -> &mut Recorder {
        // SAFETY: alive until `drop`, and no host function runs.
        unsafe { &mut *self.recorder }
    }

    /// What the host was asked since the last time.
    pub fn asked(&mut self) -> Vec<String> {
        std::mem::take(&mut self.recorder().calls)
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.memory[CANARY_SIZE..][..SIZE as usize]
    }

    pub fn put(&mut self, at: u32, bytes: &[u8]) {
        self.bytes()[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    pub fn get(&mut self, at: u32, len: u32) -> &[u8] {
        &self.bytes()[at as usize..][..len as usize]
    }

    pub fn get_u32(&mut self, at: u32) -> u32 {
        u32::from_le_bytes(self.get(at, 4).try_into().unwrap())
    }

    pub fn forget_allocations(&mut self) {
        self.next = HEAP;
        self.allocations = 0;
    }

    pub fn check_canaries(&self) {
        let (front, rest) = self.memory.split_at(CANARY_SIZE);
        let back = &rest[SIZE as usize..];
        assert!(
            front == [CANARY; CANARY_SIZE] && back == [CANARY; CANARY_SIZE],
            "written outside of the memory"
        );
        for gone in &self.gone {
            assert!(gone.iter().all(|&byte| byte == GONE), "written to where the memory was");
        }
    }
}

impl Guest for TestGuest {
    fn memory(&mut self) -> GuestMemory {
        // SAFETY: the vector stays where it is until `allocate`, as the trait allows.
        unsafe { GuestMemory::new(self.bytes().as_mut_ptr(), u64::from(SIZE)) }
    }

    fn allocate(&mut self, size: u32) -> u32 {
        assert_ne!(size, 0, "nothing is never allocated");
        self.allocations += 1;
        match self.allocator {
            Allocator::Works => {}
            Allocator::MovesMemory => {
                let elsewhere = self.memory.clone();
                let mut gone = std::mem::replace(&mut self.memory, elsewhere);
                gone.fill(GONE);
                self.gone.push(gone);
            }
            Allocator::Fails => return 0,
            Allocator::Lies => return SIZE - size.min(SIZE) + 1,
        }
        let at = self.next;
        match at.checked_add(size) {
            Some(end) if end <= SIZE => {
                self.next = end;
                at
            }
            _ => 0,
        }
    }

    fn host(&self) -> (&HostTable, *mut c_void) {
        (&self.table, self.recorder.cast())
    }

    fn state(&mut self) -> &mut GuestState {
        &mut self.state
    }
}
