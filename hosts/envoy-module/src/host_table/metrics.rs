//! Metrics.

use super::{host_functions, slice};
use crate::abi::Filter;
use crate::context::PluginRef;
use crate::vm::Hook;
use crate::vm::state::State;
use nullvm_shim::host::{Bytes, Status};

/// The configuration that a change is reported through.
fn plugin(state: &mut State) -> Result<PluginRef, Status> {
    state.context().map(|c| c.plugin).ok_or(Status::InternalFailure)
}

/// The filter of the hook that runs, where it is of the same configuration: the guest has not turned to another context.
fn hook(state: &State) -> Filter {
    match state.hook {
        Hook::Http(filter) if state.effective == 0 => filter,
        _ => core::ptr::null_mut(),
    }
}

host_functions! {
    /// `proxy_define_metric`
    fn define_metric(state, metric_type: u32, name: Bytes) -> (out: u32) {
        let plugin = plugin(state)?;
        state.info.metrics.define(&plugin.metrics, metric_type, &String::from_utf8_lossy(slice(name)))
    }

    /// `proxy_increment_metric`
    fn increment_metric(state, id: u32, offset: i64) {
        let plugin = plugin(state)?;
        state.info.metrics.increment(&plugin.metrics, hook(state), id, offset)
    }

    /// `proxy_record_metric`
    fn record_metric(state, id: u32, value: u64) {
        let plugin = plugin(state)?;
        state.info.metrics.record(&plugin.metrics, hook(state), id, value)
    }

    /// `proxy_get_metric`
    fn get_metric(state, id: u32) -> (out: u64) {
        state.info.metrics.get(id)
    }
}
