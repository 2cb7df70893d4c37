//! Metrics.

use super::{Answer, OK, call};
use crate::guest::Guest;
use crate::host::Status;

/// The last type (`proxy_metric_type_t`), histogram.
const MAX_TYPE: u32 = 2;

/// Finds or creates a metric: type 0 counter, 1 gauge, 2 histogram.
pub fn proxy_define_metric<G: Guest>(
    guest: &mut G,
    metric_type: u32,
    name: u32,
    name_size: u32,
    return_metric_id: u32,
) -> Answer {
    let name = guest.memory().bytes(name, name_size)?;
    if metric_type > MAX_TYPE {
        return Err(Status::BadArgument.into());
    }
    let mut id = 0;
    call!(guest, define_metric, metric_type, name, &mut id)?;
    guest.memory().write_u32(return_metric_id, id)?;
    OK
}

/// Adds to a counter or gauge; `offset` is signed.
pub fn proxy_increment_metric<G: Guest>(guest: &mut G, metric_id: u32, offset: u64) -> Answer {
    call!(guest, increment_metric, metric_id, offset as i64)?;
    OK
}

/// Sets a gauge or adds a sample to a histogram.
pub fn proxy_record_metric<G: Guest>(guest: &mut G, metric_id: u32, value: u64) -> Answer {
    call!(guest, record_metric, metric_id, value)?;
    OK
}

/// Stores the value of a counter or gauge.
pub fn proxy_get_metric<G: Guest>(guest: &mut G, metric_id: u32, return_value: u32) -> Answer {
    let mut value = 0;
    call!(guest, get_metric, metric_id, &mut value)?;
    guest.memory().write_u64(return_value, value)?;
    OK
}
