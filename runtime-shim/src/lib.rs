//! The runtime of code compiled by `nullvmc`.
#![no_std]
extern crate alloc;
pub mod guest;
pub mod host;
