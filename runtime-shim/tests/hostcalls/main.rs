//! The host functions against a guest of bytes and a host that writes everything down.
//!
//! [`cases`] says of every function what it takes, what the host is asked and what the guest gets; [`every`] derives from
//! that what must hold of each one: bad pointers, a failing allocator, a failing host, a host without the function.
//! [`proxy`] and [`wasi`] hold what is particular to one function.

mod cases;
mod every;
mod guest;
mod host;
mod proxy;
mod random;
mod restrictions;
mod wasi;
