//! Random arguments: whatever a guest passes, nothing panics and nothing outside of its memory changes.

use crate::guest::{Allocator, SIZE, TestGuest};
use plugin_abi::{AbiVersion, HOST_FUNCTIONS};

/// xorshift64*
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 16) % n
    }

    /// Numbers near the edges of what the functions distinguish.
    fn argument(&mut self) -> u64 {
        let size = u64::from(SIZE);
        match self.below(12) {
            0 => 0,
            1..=3 => self.below(12),
            4..=6 => self.below(size),
            7 => size - self.below(40),
            8 => size + self.below(40),
            9 => u64::from(u32::MAX) - self.below(40),
            10 => (1 << 31) + self.below(4),
            _ => self.next(),
        }
    }
}

#[test]
fn no_arguments_panic_or_reach_beyond_the_memory() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut guest = TestGuest::new();
    guest.state.environment = vec![b"KEY=value".to_vec(), Vec::new()];
    for i in 0..200_000 {
        if i % 16 == 0 {
            guest.forget_allocations();
            guest.asked();
            // Lengths and addresses that make sense now and then.
            let at = random.below(u64::from(SIZE) - 64) as u32;
            let words: Vec<u8> = (0..16).flat_map(|_| (random.argument() as u32).to_le_bytes()).collect();
            guest.put(at, &words);
            guest.allocator = match random.below(4) {
                0 => Allocator::Fails,
                1 => Allocator::Lies,
                _ => Allocator::Works,
            };
            guest.recorder().status = if random.below(4) == 0 { random.below(14) as u32 } else { 0 };
            guest.state.abi = AbiVersion::ALL[random.below(4) as usize];
        }
        let function = &HOST_FUNCTIONS[random.below(HOST_FUNCTIONS.len() as u64) as usize];
        let args: Vec<u64> = function.params.iter().map(|_| random.argument()).collect();
        let _ = guest.call(function.id, &args);
    }
}
