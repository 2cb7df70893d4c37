//! Shared by the tests.

pub mod envoy;

/// What the header `x-trap` of the filter `trap` may say.
pub const TRAPS: [&str; 10] = [
    "unreachable",
    "oob",
    "oob-write",
    "div",
    "stack",
    "shadow-stack",
    "panic",
    "table",
    "null",
    "signature",
];
