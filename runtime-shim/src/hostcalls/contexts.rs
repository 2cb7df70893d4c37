//! Contexts.

use super::{Answer, OK, call};
use crate::guest::Guest;

/// Has later calls act on another context, until the callback returns.
pub fn proxy_set_effective_context<G: Guest>(guest: &mut G, context_id: u32) -> Answer {
    call!(guest, set_effective_context, context_id)?;
    OK
}

/// Tells that a context which put its end off in `proxy_on_done` is done.
pub fn proxy_done<G: Guest>(guest: &mut G) -> Answer {
    call!(guest, done)?;
    OK
}
