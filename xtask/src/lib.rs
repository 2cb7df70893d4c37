//! What development tasks and tests share.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod extremes;
