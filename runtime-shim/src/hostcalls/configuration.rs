//! The plugin's configuration as ABI 0.1.0 asks for it; later ones read a buffer.

use super::results::give;
use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Bytes;

/// Gives the configuration; ABI 0.1.0.
pub fn proxy_get_configuration<G: Guest>(guest: &mut G, return_data: u32, return_size: u32) -> Answer {
    let mut configuration = Bytes::EMPTY;
    call!(guest, get_configuration, &mut configuration)?;
    give(guest, configuration, return_data, return_size)?;
    OK
}
