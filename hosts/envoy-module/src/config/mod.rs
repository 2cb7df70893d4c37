//! What Envoy's configuration says about the plugin.
//!
//! `filter_config` is the plugin's configuration, verbatim, as in Envoy's Wasm filter; unless it is a JSON object with the
//! one key `nullvm`. Then it holds the fields of Envoy's `PluginConfig` (`extensions/wasm/v3/wasm.proto`) plus `limits`, `node` and
//! `loading`. Of a module with its plugin linked in, `vm_config.code` and what concerns it have no meaning; `vm_config.runtime`
//! never has.

mod code;

pub use code::{CodeConfig, CodeSource, CompileConfig, RemoteSource};

use base64::Engine as _;
use nullvm_shim::Limits;
use nullvm_shim::guest::FunctionSet;
use serde_json::{Map, Value};
use std::time::Duration;

/// `failure_policy` of Envoy's `PluginConfig`: what happens when the plugin's VM is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Requests are answered with 503.
    #[default]
    Closed,
    /// Requests pass without the plugin.
    Open,
    /// The next request gets a fresh VM, unless the last one is younger than the backoff: then 503.
    Reload,
}

/// `reload_config.backoff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Time that a VM must have lived before it is replaced.
    pub base: Duration,
    /// What that time grows to when VMs fail again and again.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), max: Duration::from_secs(10) }
    }
}

/// A configured plugin.
#[derive(Clone, Debug)]
pub struct PluginConfig {
    /// Envoy's name for it.
    pub name: String,
    /// Root id.
    pub root_id: String,
    /// VM id.
    pub vm_id: String,
    /// VM configuration.
    pub vm_config: Vec<u8>,
    /// Plugin configuration.
    pub configuration: Vec<u8>,
    /// WASI environment, `KEY=VALUE`.
    pub environment: Vec<Vec<u8>>,
    /// What happens when the VM is gone.
    pub failure_policy: FailurePolicy,
    /// The older field `fail_open`: also streams that the VM takes along when it goes pass. `FAIL_OPEN` lets those pass that come
    /// later, and fails the ones that are there.
    pub fail_open: bool,
    /// For [`FailurePolicy::Reload`].
    pub backoff: Backoff,
    /// The only functions that may be called, by name; `None` for all.
    pub allowed_capabilities: Option<Vec<String>>,
    /// Whether "stop" at headers lets the body through to the plugin.
    pub allow_on_headers_stop_iteration: bool,
    /// Limits of each VM.
    pub limits: Limits,
    /// What the properties `node` and `xds.node` are read from; the ABI does not give the node.
    pub node: Value,
    /// Where the code is and what it must be, for modules without a plugin of their own.
    pub code: CodeConfig,
}

impl PluginConfig {
    /// Of the filter's name and configuration.
    ///
    /// # Errors
    /// A line that says which field is wrong, and how.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let mut config = Self {
            name: name.to_owned(),
            root_id: String::new(),
            vm_id: String::new(),
            vm_config: Vec::new(),
            configuration: Vec::new(),
            environment: Vec::new(),
            failure_policy: FailurePolicy::Closed,
            fail_open: false,
            backoff: Backoff::default(),
            allowed_capabilities: None,
            allow_on_headers_stop_iteration: false,
            limits: Limits::default(),
            node: Value::Null,
            code: CodeConfig::default(),
        };
        match envelope(bytes) {
            Some(fields) => config.read(&fields)?,
            None => config.configuration = bytes.to_vec(),
        }
        Ok(config)
    }

    fn read(&mut self, fields: &Map<String, Value>) -> Result<(), String> {
        let mut policy = None;
        for (key, value) in fields {
            let at = format!("nullvm.{key}");
            match key.as_str() {
                "name" => self.name = string(&at, value)?,
                "root_id" | "rootId" => self.root_id = string(&at, value)?,
                "vm_config" | "vmConfig" => self.read_vm(&at, object(&at, value)?)?,
                "configuration" => self.configuration = any(&at, value)?,
                "fail_open" | "failOpen" => {
                    self.fail_open = boolean(&at, value)?;
                    if self.fail_open {
                        policy.get_or_insert(FailurePolicy::Open);
                    }
                }
                "failure_policy" | "failurePolicy" => {
                    policy = Some(match string(&at, value)?.as_str() {
                        "FAIL_OPEN" => FailurePolicy::Open,
                        "FAIL_CLOSED" | "UNSPECIFIED" => FailurePolicy::Closed,
                        "FAIL_RELOAD" => FailurePolicy::Reload,
                        other => {
                            return Err(format!(
                                "{at}: {other:?} is none of FAIL_CLOSED, FAIL_OPEN, FAIL_RELOAD"
                            ));
                        }
                    });
                }
                "reload_config" | "reloadConfig" => self.backoff = backoff(&at, object(&at, value)?)?,
                "capability_restriction_config" | "capabilityRestrictionConfig" => {
                    self.allowed_capabilities = capabilities(&at, object(&at, value)?)?;
                }
                "allow_on_headers_stop_iteration" | "allowOnHeadersStopIteration" => {
                    self.allow_on_headers_stop_iteration = boolean(&at, value)?;
                }
                "limits" => self.read_limits(&at, object(&at, value)?)?,
                "node" => self.node = value.clone(),
                "loading" => self.code.read_loading(&at, object(&at, value)?)?,
                _ => return Err(unknown(&at)),
            }
        }
        self.failure_policy = policy.unwrap_or_default();
        Ok(())
    }

    fn read_vm(&mut self, at: &str, fields: &Map<String, Value>) -> Result<(), String> {
        for (key, value) in fields {
            let at = format!("{at}.{key}");
            match key.as_str() {
                "vm_id" | "vmId" => self.vm_id = string(&at, value)?,
                "configuration" => self.vm_config = any(&at, value)?,
                "environment_variables" | "environmentVariables" => {
                    self.environment = environment(&at, object(&at, value)?)?;
                }
                "code" => self.code.read_source(&at, value),
                "allow_precompiled" | "allowPrecompiled" => {
                    self.code.allow_precompiled = boolean(&at, value)?;
                }
                // There is no engine to choose: the rest of a Wasm filter's block may stay as it is.
                "runtime" | "nack_on_code_cache_miss" => {}
                _ => return Err(unknown(&at)),
            }
        }
        Ok(())
    }

    fn read_limits(&mut self, at: &str, fields: &Map<String, Value>) -> Result<(), String> {
        for (key, value) in fields {
            let at = format!("{at}.{key}");
            match key.as_str() {
                "deadline" => {
                    let millis = duration(&at, value)?.as_millis();
                    self.limits.deadline_ms = u32::try_from(millis)
                        .ok()
                        .filter(|ms| *ms > 0)
                        .ok_or_else(|| format!("{at}: not between 0.001s and 49 days"))?;
                }
                "memory" => self.limits.max_memory_bytes = number(&at, value)?,
                "stack" => self.limits.stack_size = number(&at, value)? as usize,
                "table_elements" | "tableElements" => {
                    self.limits.max_table_elements = number(&at, value)?.min(u64::from(u32::MAX)) as u32;
                }
                _ => return Err(unknown(&at)),
            }
        }
        Ok(())
    }

    /// The functions that the plugin may call.
    pub fn capabilities(&self) -> FunctionSet {
        self.allowed_capabilities
            .as_ref()
            .map_or(FunctionSet::ALL, |names| FunctionSet::of_capabilities(names.iter().map(String::as_str)))
    }

    /// What decides which plugins share a VM, besides the code: VM id, VM configuration, and whatever else a VM has.
    pub fn vm_key(&self) -> Vec<u8> {
        let mut key = Vec::new();
        let mut part = |bytes: &[u8]| {
            key.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            key.extend_from_slice(bytes);
        };
        part(self.vm_id.as_bytes());
        part(&self.vm_config);
        self.environment.iter().for_each(|e| part(e));
        part(&[u8::from(self.allowed_capabilities.is_some())]);
        self.allowed_capabilities.iter().flatten().for_each(|c| part(c.as_bytes()));
        part(format!("{:?}", self.limits).as_bytes());
        key
    }

    /// What precedes the message in the plugin's log lines.
    pub fn log_prefix(&self) -> String {
        [&self.name, &self.root_id, &self.vm_id]
            .into_iter()
            .filter(|part| !part.is_empty())
            .fold(String::new(), |text, part| text + " " + part)
    }
}

fn envelope(bytes: &[u8]) -> Option<Map<String, Value>> {
    // Plugins' own configurations are text of any kind, and may be large: look before parsing.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let Ok(Value::Object(mut top)) = serde_json::from_slice(bytes) else { return None };
    if top.len() != 1 {
        return None;
    }
    match top.remove("nullvm") {
        Some(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

fn unknown(at: &str) -> String {
    format!("{at}: there is no such field")
}

fn string(at: &str, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{at}: must be a string"))
}

fn boolean(at: &str, value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{at}: must be true or false"))
}

fn object<'a>(at: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{at}: must be an object"))
}

/// A whole number. Structs of protobuf hold doubles.
fn number(at: &str, value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .or_else(|| value.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0 && *n < 9.0e15).map(|n| n as u64))
        .ok_or_else(|| format!("{at}: must be a whole number"))
}

/// A duration in protobuf's JSON form, `1.5s`.
fn duration(at: &str, value: &Value) -> Result<Duration, String> {
    value
        .as_str()
        .and_then(|text| text.strip_suffix('s')?.parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("{at}: must be a duration such as \"0.05s\""))
}

fn backoff(at: &str, fields: &Map<String, Value>) -> Result<Backoff, String> {
    let Some(fields) = fields.get("backoff") else { return Ok(Backoff::default()) };
    let at = format!("{at}.backoff");
    let fields = object(&at, fields)?;
    let get = |a: &str, b: &str| {
        fields.get(a).or(fields.get(b)).map(|v| duration(&format!("{at}.{a}"), v)).transpose()
    };
    let base = get("base_interval", "baseInterval")?.unwrap_or(Backoff::default().base);
    let max = get("max_interval", "maxInterval")?.unwrap_or(base.saturating_mul(10));
    if max < base {
        return Err(format!("{at}: max_interval is shorter than base_interval"));
    }
    Ok(Backoff { base, max })
}

fn capabilities(at: &str, fields: &Map<String, Value>) -> Result<Option<Vec<String>>, String> {
    let allowed = fields.get("allowed_capabilities").or(fields.get("allowedCapabilities"));
    let Some(allowed) = allowed else { return Ok(None) };
    let mut names: Vec<String> =
        object(&format!("{at}.allowed_capabilities"), allowed)?.keys().cloned().collect();
    names.sort();
    // As in Envoy, an empty list restricts nothing.
    Ok((!names.is_empty()).then_some(names))
}

fn environment(at: &str, fields: &Map<String, Value>) -> Result<Vec<Vec<u8>>, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (key, value) in fields {
        let at = format!("{at}.{key}");
        match key.as_str() {
            "host_env_keys" | "hostEnvKeys" => {
                for name in value.as_array().ok_or_else(|| format!("{at}: must be a list"))? {
                    let name = string(&at, name)?;
                    if let Ok(value) = std::env::var(&name) {
                        pairs.push((name, value));
                    }
                }
            }
            "key_values" | "keyValues" => {
                for (name, value) in object(&at, value)? {
                    pairs.push((name.clone(), string(&format!("{at}.{name}"), value)?));
                }
            }
            _ => return Err(unknown(&at)),
        }
    }
    pairs.sort();
    if let Some(twice) = pairs.windows(2).find(|w| w[0].0 == w[1].0) {
        return Err(format!("{at}: {} is given twice", twice[0].0));
    }
    Ok(pairs.into_iter().map(|(k, v)| format!("{k}={v}").into_bytes()).collect())
}

/// A configuration field: a string as it is, a `google.protobuf.Any` in JSON form by the rules of Envoy's Wasm filter, other
/// JSON as text.
fn any(at: &str, value: &Value) -> Result<Vec<u8>, String> {
    let json = |value: &Value| serde_json::to_vec(value).map_err(|e| format!("{at}: {e}"));
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(text.clone().into_bytes()),
        Value::Object(fields) => match fields.get("@type").and_then(Value::as_str) {
            None => json(value),
            Some(url) => {
                let inner = fields.get("value").unwrap_or(&Value::Null);
                match url.rsplit('/').next().unwrap_or(url) {
                    "google.protobuf.StringValue" => Ok(string(at, inner)?.into_bytes()),
                    "google.protobuf.BytesValue" => base64::engine::general_purpose::STANDARD
                        .decode(string(at, inner)?)
                        .map_err(|e| format!("{at}: not base64: {e}")),
                    "google.protobuf.Struct" => json(inner),
                    other => Err(format!(
                        "{at}: {other} is none of google.protobuf.StringValue, BytesValue, Struct"
                    )),
                }
            }
        },
        _ => json(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PluginConfig, String> {
        PluginConfig::parse("filter", text.as_bytes())
    }

    #[test]
    fn anything_without_the_envelope_is_the_plugins() {
        for text in
            ["", "a=1", "{", "{}", r#"{"nullvm": 1}"#, r#"{"nullvm": {}, "other": 1}"#, "[1]", r#"{"a":1}"#]
        {
            let config = parse(text).unwrap();
            assert_eq!(config.configuration, text.as_bytes(), "{text}");
            assert_eq!(config.name, "filter");
        }
    }

    #[test]
    fn the_fields_of_envoys_plugin_config() {
        let config = parse(
            r#"{"nullvm": {"name": "n", "root_id": "r", "vm_config": {"vm_id": "v", "runtime": "x", "configuration": {"a": 1},
            "environment_variables": {"key_values": {"B": "2", "A": "1"}}},
            "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": "text"},
            "failure_policy": "FAIL_RELOAD", "reload_config": {"backoff": {"base_interval": "0.05s"}},
            "capability_restriction_config": {"allowed_capabilities": {"proxy_log": {}, "proxy_on_log": {}}},
            "limits": {"deadline": "0.02s", "memory": 1048576.0, "stack": 65536}}}"#,
        )
        .unwrap();
        assert_eq!((config.name.as_str(), config.log_prefix().as_str()), ("n", " n r v"));
        assert_eq!(config.vm_config, br#"{"a":1}"#);
        assert_eq!(config.environment, [b"A=1".to_vec(), b"B=2".to_vec()]);
        assert_eq!(config.configuration, b"text");
        assert_eq!(config.failure_policy, FailurePolicy::Reload);
        assert_eq!(config.backoff.max, Duration::from_millis(500));
        assert_eq!(config.allowed_capabilities.unwrap(), ["proxy_log", "proxy_on_log"]);
        assert_eq!((config.limits.deadline_ms, config.limits.max_memory_bytes), (20, 1 << 20));
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (text, name) in [
            (r#"{"nullvm": {"nme": "n"}}"#, "nullvm.nme"),
            (r#"{"nullvm": {"failure_policy": "X"}}"#, "FAIL_CLOSED"),
            (r#"{"nullvm": {"limits": {"deadline": "1"}}}"#, "nullvm.limits.deadline"),
            (r#"{"nullvm": {"limits": {"memory": 1.5}}}"#, "nullvm.limits.memory"),
            (r#"{"nullvm": {"vm_config": {"x": 1}}}"#, "nullvm.vm_config.x"),
            (
                r#"{"nullvm": {"reload_config": {"backoff": {"base_interval": "2s", "max_interval": "1s"}}}}"#,
                "shorter",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn what_makes_a_vm_is_in_its_key() {
        let base = parse(r#"{"nullvm": {}}"#).unwrap().vm_key();
        for other in [
            r#"{"nullvm": {"vm_config": {"vm_id": "a"}}}"#,
            r#"{"nullvm": {"vm_config": {"configuration": "a"}}}"#,
            r#"{"nullvm": {"limits": {"memory": 65536}}}"#,
            r#"{"nullvm": {"capability_restriction_config": {"allowed_capabilities": {"proxy_log": {}}}}}"#,
        ] {
            assert_ne!(parse(other).unwrap().vm_key(), base, "{other}");
        }
        assert_eq!(parse(r#"{"nullvm": {"root_id": "r", "configuration": "c"}}"#).unwrap().vm_key(), base);
    }
}
