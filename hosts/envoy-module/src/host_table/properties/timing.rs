//! When things happened.

use super::View;
use crate::abi::envoy;
use core::ffi::c_void;
use nullvm_host_common::value::AttributeValue as Value;

/// `envoy_dynamic_module_type_timing_info_v2`: nanoseconds since the stream's start, the first since the Unix epoch, and
/// whether each is known.
#[repr(C)]
pub(super) struct Timing {
    at: [i64; 19],
    known: [u8; 19],
}

const _: () = assert!(size_of::<Timing>() == 176);

const START: usize = 0;
const FIRST_UPSTREAM_SENT: usize = 9;
const LAST_UPSTREAM_RECEIVED: usize = 13;
const COMPLETE: usize = 17;

impl Timing {
    /// `None` on an Envoy before 1.40, and for TCP.
    fn of(view: &View<'_>) -> Option<Self> {
        view.http?;
        let get = envoy().http_get_timing_info?;
        // SAFETY: a filter of this worker, and room for the structure that Envoy fills.
        Some(Self::filled(|out| unsafe { get(view.filter, out) }))
    }

    /// What `fill` makes of it.
    pub(super) fn filled(fill: impl FnOnce(*mut c_void)) -> Self {
        let mut timing = Self { at: [0; 19], known: [0; 19] };
        fill((&raw mut timing).cast());
        timing
    }

    fn get(&self, index: usize) -> Option<i64> {
        (self.known[index] != 0).then_some(self.at[index])
    }
}

pub(super) fn started(timing: &Timing) -> Option<Value> {
    timing.get(START).map(Value::Timestamp)
}

/// Known once the stream is over.
pub(super) fn lasted(timing: &Timing) -> Option<Value> {
    timing.get(COMPLETE).map(Value::Duration)
}

pub(super) fn upstream_took(timing: &Timing) -> Option<Value> {
    let (sent, received) = (timing.get(FIRST_UPSTREAM_SENT)?, timing.get(LAST_UPSTREAM_RECEIVED)?);
    Some(Value::Duration(received - sent))
}

pub(super) fn request_time(view: &View<'_>) -> Option<Value> {
    started(&Timing::of(view)?)
}

pub(super) fn request_duration(view: &View<'_>) -> Option<Value> {
    lasted(&Timing::of(view)?)
}

pub(super) fn backend_latency(view: &View<'_>) -> Option<Value> {
    upstream_took(&Timing::of(view)?)
}
