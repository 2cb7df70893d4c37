//! Maps by numbers that a host gives out itself: contexts, tokens of calls.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The numbers count up: they are their own hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0 << 8 | u64::from(*b);
        }
    }

    fn write_u32(&mut self, n: u32) {
        // Spread over the high bits, which the table looks at as well.
        self.0 = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A map by context id or token.
pub type ById<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;
