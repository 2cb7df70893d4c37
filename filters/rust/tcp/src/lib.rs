//! A network filter: turns what the client sends into upper case and logs the rest.

use log::info;
use proxy_wasm::traits::{Context, StreamContext};
use proxy_wasm::types::{Action, LogLevel, PeerType};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_stream_context(|_, _| Box::<Tcp>::default());
}}

#[derive(Default)]
struct Tcp {
    downstream: usize,
    upstream: usize,
}

fn name(peer: PeerType) -> &'static str {
    match peer {
        PeerType::Local => "local",
        PeerType::Remote => "remote",
        _ => "unknown",
    }
}

impl Context for Tcp {
    fn on_done(&mut self) -> bool {
        info!(
            "on_done: {} bytes downstream, {} bytes upstream",
            self.downstream, self.upstream
        );
        true
    }
}

impl StreamContext for Tcp {
    fn on_new_connection(&mut self) -> Action {
        info!("on_new_connection");
        Action::Continue
    }

    fn on_downstream_data(&mut self, size: usize, end_of_stream: bool) -> Action {
        info!("on_downstream_data: {size} bytes, end: {end_of_stream}");
        if size > 0 {
            let mut data = self.get_downstream_data(0, size).unwrap_or_default();
            self.downstream += data.len();
            data.make_ascii_uppercase();
            self.set_downstream_data(0, size, &data);
        }
        Action::Continue
    }

    fn on_upstream_data(&mut self, size: usize, end_of_stream: bool) -> Action {
        info!("on_upstream_data: {size} bytes, end: {end_of_stream}");
        let data = self.get_upstream_data(0, size).unwrap_or_default();
        self.upstream += data.len();
        Action::Continue
    }

    fn on_downstream_close(&mut self, peer: PeerType) {
        info!("on_downstream_close: {}", name(peer));
    }

    fn on_upstream_close(&mut self, peer: PeerType) {
        info!("on_upstream_close: {}", name(peer));
    }

    fn on_log(&mut self) {
        info!("on_log");
    }
}
