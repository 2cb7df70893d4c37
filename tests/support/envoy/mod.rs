//! A real Envoy for tests: the process, its configuration, upstreams behind it and clients in front of it.
//!
//! Everything listens on loopback, at ports that the kernel picks, and ends with the test, also when it panics. Nothing here
//! knows what a test expects: [`process`] runs Envoy, [`config`] writes its configuration for either engine, [`upstream`] serves,
//! [`client`] asks, [`module`] compiles filters to modules.

pub mod binary;
pub mod client;
pub mod config;
pub mod module;
pub mod process;
pub mod upstream;

/// Headers or trailers as they came, in order.
pub type Fields = Vec<(String, String)>;

/// The value of the first field of a name.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The repository.
pub fn repository() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
}
