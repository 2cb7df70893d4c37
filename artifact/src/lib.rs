//! The files that nullvm makes: modules with sections of ours (bundles), and images.
//!
//! Everything here is read as hostile input and nothing of it is run or mapped. What a loader does with it is the shim's
//! affair (`nullvm_shim::bundle`, `nullvm_shim::image`), whether it may is the loader's.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod bundle;
pub mod container;
pub mod image;

pub use bundle::{Bundle, BundleError};
pub use container::{ContainerError, module_sha256};
