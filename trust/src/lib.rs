//! Whether an artifact may run: who signed it, and whether its compiler is one to be avoided.
//!
//! Judges bytes, runs nothing, and never prints a secret. Where keys are configured everything else is refused; that decision
//! is the caller's (`nullvm-loader`).
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod deny;
mod keys;
mod signature;

pub use deny::{DenyError, DenyList};
pub use keys::{KeyError, KeyPair, PublicKey, unhex};
pub use signature::{SignatureError, sign, signed_content, verify};
