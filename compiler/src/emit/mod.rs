//! The forms of output. Every emitter reads a [`crate::CompiledModule`] and none of them compiles.

mod archive;
mod image;
pub mod note;
mod object;
mod text;

pub use archive::archive;
pub use image::image;
pub use object::object;
pub use text::{asm, clif};
