//! Shared by the tests.

pub mod envoy;
