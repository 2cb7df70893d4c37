//! The life of a plugin: start and configuration that fail on demand, and an end that comes late.
//!
//! VM configuration: the text `fail` or `trap`. Plugin configuration: `fail`, `trap`, or `late` (the root context is
//! done only at the next tick).

use log::info;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| {
        info!("root context created");
        Box::<LifecycleRoot>::default()
    });
}}

#[derive(Default)]
struct LifecycleRoot {
    late: bool,
    ending: bool,
}

/// What a callback with this configuration returns.
fn answer(what: &str, configuration: &[u8]) -> bool {
    let accepted = match configuration {
        b"fail" => false,
        b"trap" => core::arch::wasm32::unreachable(),
        _ => true,
    };
    info!("{what}: {} bytes, {accepted}", configuration.len());
    accepted
}

impl Context for LifecycleRoot {
    fn on_done(&mut self) -> bool {
        info!("root on_done: {}", if self.late { "late" } else { "now" });
        self.ending = true;
        !self.late
    }
}

impl Drop for LifecycleRoot {
    fn drop(&mut self) {
        info!("root context deleted");
    }
}

impl RootContext for LifecycleRoot {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        answer("on_vm_start", &self.get_vm_configuration().unwrap_or_default())
    }

    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        self.late = configuration == b"late";
        if self.late {
            self.set_tick_period(Duration::from_millis(20));
        }
        answer("on_configure", &configuration)
    }

    fn on_tick(&mut self) {
        if self.ending {
            self.ending = false;
            info!("done");
            self.done();
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        info!("http context created");
        Some(Box::new(Lifecycle))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

struct Lifecycle;

impl Context for Lifecycle {
    fn on_done(&mut self) -> bool {
        info!("http on_done");
        true
    }
}

impl HttpContext for Lifecycle {
    fn on_log(&mut self) {
        info!("http on_log");
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        info!("http context deleted");
    }
}
