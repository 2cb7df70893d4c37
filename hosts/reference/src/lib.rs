//! A complete Proxy-Wasm host, generic over the engine that runs the plugin.
//!
//! Bytes become a [`engine::Module`]; each worker turns it into a [`vm::Vm`] with root and stream contexts. What the
//! plugin asks of its host arrives in [`host_table`], one table for all engines, and ends in the state of the effective
//! context. Nothing below [`server`] does input or output: streams, calls, timers and queues are state machines whose
//! wishes a driver carries out, which is [`server`] with real sockets and [`harness`] without any.
//!
//! Behaviour is that of proxy-wasm-cpp-host inside Envoy. TLS, retries and load balancing are not this crate's business.
#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod buffers;
pub mod config;
pub mod context;
pub mod engine;
pub mod foreign;
pub mod grpc;
pub mod harness;
pub mod host_table;
pub mod http_call;
pub mod log;
pub mod maps;
pub mod metrics;
pub mod properties;
pub mod server;
pub mod timer;
pub mod vm;

pub use config::{EngineKind, GuestLimits, HostConfig, PluginConfig, ServerConfig};
pub use harness::Harness;
pub use server::{RunningServer, Server, run_until_ctrl_c};
