//! Loops without end, for interrupts and deadlines: the request header `x-spin` names the loop.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use std::ptr;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::new(Endless));
}}

static mut WORD: u32 = 0;

/// A loop of nothing but a branch: no call, no memory access.
#[inline(never)]
fn spin_empty() -> ! {
    loop {}
}

/// A call-free loop that reads and writes memory.
#[inline(never)]
fn spin_memory() -> ! {
    let word = &raw mut WORD;
    loop {
        // SAFETY: `word` points to a static of this type and nothing else runs on this thread meanwhile.
        unsafe { ptr::write_volatile(word, ptr::read_volatile(word).wrapping_add(1)) };
    }
}

/// A loop that spends its time inside `memory.fill`.
#[inline(never)]
fn spin_bulk() -> ! {
    let mut room = vec![0u8; 4 << 20];
    let mut value = 0u8;
    loop {
        value = value.wrapping_add(1);
        room.fill(value);
        // SAFETY: the vector is not empty. The volatile read keeps the fill.
        unsafe { ptr::read_volatile(room.as_ptr()) };
    }
}

struct Endless;

impl Context for Endless {}

impl HttpContext for Endless {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        match self.get_http_request_header("x-spin").as_deref() {
            None => Action::Continue,
            Some("memory") => spin_memory(),
            Some("bulk") => spin_bulk(),
            Some(_) => spin_empty(),
        }
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("x-alive", "1");
        Action::Continue
    }
}
