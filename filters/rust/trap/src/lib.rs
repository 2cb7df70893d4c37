//! Traps on demand: the request header `x-trap` names the trap, and `x-trap-at: response` puts it off to the response
//! headers. Everything else passes and gets `x-alive: 1`.
//!
//! Each trap reads what provokes it from [`DOOM`] by a volatile load, so that the optimiser cannot know the value
//! and has to leave the trapping instruction in place.

use log::info;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};
use std::num::NonZeroU32;
use std::ptr;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::<Trap>::default());
}}

static mut DOOM: u32 = 0;

/// `value`, in a way that the optimiser cannot see through.
fn opaque(value: u32) -> u32 {
    let doom = &raw mut DOOM;
    // SAFETY: `doom` points to a static of this type and nothing else runs on this thread meanwhile.
    unsafe {
        ptr::write_volatile(doom, value);
        ptr::read_volatile(doom)
    }
}

/// Recursion that uses the native stack only: no address of a local is taken, so the shadow stack in linear memory
/// stays as it is, and what the call returns goes through arithmetic that cannot become a loop.
#[inline(never)]
fn recurse(depth: u32) -> u32 {
    if opaque(depth) == u32::MAX {
        return depth;
    }
    let below = recurse(depth + 1);
    below.rotate_left(depth & 7) ^ (below >> 3).wrapping_mul(opaque(depth))
}

/// Recursion that fills the shadow stack in linear memory until it runs out at address 0.
#[inline(never)]
fn recurse_shadow(depth: u32) -> u32 {
    let mut room = [depth; 4096];
    let room_ptr = room.as_mut_ptr();
    // SAFETY: the index is below 4096, and `room` lives to the end of the function.
    unsafe {
        ptr::write_volatile(room_ptr.add((depth & 4095) as usize), depth);
        if ptr::read_volatile(room_ptr) == u32::MAX {
            return depth;
        }
        recurse_shadow(depth + 1).rotate_left(3) ^ ptr::read_volatile(room_ptr.add(17))
    }
}

#[inline(never)]
fn call_table(index: u32) -> u32 {
    // SAFETY: none: there is no such function at `index`, and finding out is the point.
    let function: extern "C" fn(u64, u64) -> u32 = unsafe { std::mem::transmute(index as usize) };
    function(1, 2)
}

fn trap(kind: &str) {
    match kind {
        "unreachable" => core::arch::wasm32::unreachable(),
        "oob" => {
            let address = opaque(0xffff_fff0) as usize as *const u32;
            // SAFETY: none: the address is beyond the memory, and trapping is the point.
            let value = unsafe { ptr::read_volatile(address) };
            info!("read {value} beyond the memory");
        }
        "oob-write" => {
            let address = opaque(0xffff_fff0) as usize as *mut u32;
            // SAFETY: none: the address is beyond the memory, and trapping is the point.
            unsafe { ptr::write_volatile(address, 1) };
        }
        "div" => {
            // SAFETY: none: the divisor is zero. It spares us the check that Rust puts before a division.
            let divisor = unsafe { NonZeroU32::new_unchecked(opaque(0)) };
            let quotient = 7 / divisor;
            info!("divided by zero: {quotient}");
        }
        "stack" => info!("came back: {}", recurse(0)),
        "shadow-stack" => info!("came back: {}", recurse_shadow(0)),
        "panic" => panic!("asked to panic"),
        // Beyond the end of the table; the empty first element; an element of another type.
        "table" => info!("came back: {}", call_table(opaque(0x00ff_ffff))),
        "null" => info!("came back: {}", call_table(opaque(0))),
        "signature" => {
            let other: fn(&str) = trap;
            info!("came back: {}", call_table(opaque(other as usize as u32)));
        }
        other => info!("no such trap: {other}"),
    }
}

#[derive(Default)]
struct Trap {
    at_response: Option<String>,
}

impl Context for Trap {}

impl HttpContext for Trap {
    fn on_http_request_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(kind) = self.get_http_request_header("x-trap") {
            if self.get_http_request_header("x-trap-at").as_deref() == Some("response") {
                self.at_response = Some(kind);
            } else {
                trap(&kind);
            }
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _num_headers: usize, _end_of_stream: bool) -> Action {
        if let Some(kind) = self.at_response.take() {
            trap(&kind);
        }
        self.add_http_response_header("x-alive", "1");
        Action::Continue
    }
}
