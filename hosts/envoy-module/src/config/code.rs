//! Which code a plugin runs: `vm_config.code`, `vm_config.allow_precompiled` and `loading`.
//!
//! Only what is written; what it comes to is the affair of whoever loads it.

use super::{boolean, duration, number, object, string, unknown};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;

/// Where the code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeSource {
    /// `local.filename`
    File(PathBuf),
    /// `local.inline_bytes`, decoded.
    Inline(Vec<u8>),
    /// `remote`
    Remote(RemoteSource),
}

/// `remote`: Envoy's `RemoteDataSource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSource {
    /// `http_uri.uri`: `http://`, `https://` or `oci://`.
    pub uri: String,
    /// `sha256`: of the file; of the manifest for `oci://`, where it may be left out.
    pub sha256: Option<[u8; 32]>,
    /// `http_uri.timeout`: of one attempt.
    pub timeout: Option<Duration>,
    /// `retry_policy.num_retries`
    pub retries: u32,
}

/// How to compile in process: `loading.compile`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompileConfig {
    /// `guard` or `explicit`.
    pub bounds: Option<String>,
    /// `signal` or `call`.
    pub traps: Option<String>,
    /// A CPU level; this processor with all that it has by default.
    pub cpu: Option<String>,
    /// Whether the code can be stopped; by default where there is a deadline.
    pub interruptible: Option<bool>,
    /// Turns imports that no host offers into traps.
    pub stub_unknown_imports: bool,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeConfig {
    /// `vm_config.code`: read, or what is wrong with it. A module with its plugin linked in never looks.
    source: Option<Result<CodeSource, String>>,
    /// `vm_config.allow_precompiled`
    pub allow_precompiled: bool,
    /// Whether there is a `loading`.
    pub configured: bool,
    /// `loading.sha256`: of the whole file.
    pub sha256: Option<[u8; 32]>,
    /// `loading.public_keys`: files, or 64 hexadecimal digits each. One of them must have signed the file.
    pub public_keys: Vec<String>,
    /// `loading.deny_list`: a file.
    pub deny_list: Option<PathBuf>,
    /// `loading.cache.directory`: `None` for the default, empty for no cache.
    pub cache: Option<PathBuf>,
    /// `loading.cache.max_bytes`
    pub cache_max_bytes: Option<u64>,
    /// `loading.compile`: `None` when compiling is not allowed.
    pub compile: Option<CompileConfig>,
    /// `loading.timeout`: how long a configuration waits for its code.
    pub timeout: Duration,
}

impl Default for CodeConfig {
    fn default() -> Self {
        Self {
            source: None,
            allow_precompiled: false,
            configured: false,
            sha256: None,
            public_keys: Vec::new(),
            deny_list: None,
            cache: None,
            cache_max_bytes: None,
            compile: Some(CompileConfig::default()),
            timeout: Duration::from_secs(60),
        }
    }
}

impl CodeConfig {
    /// Where the code is.
    ///
    /// # Errors
    /// A line that says what is missing or wrong.
    pub fn source(&self) -> Result<&CodeSource, String> {
        match &self.source {
            Some(Ok(source)) => Ok(source),
            Some(Err(error)) => Err(error.clone()),
            None => Err("nullvm.vm_config.code: is missing: this module has no plugin of its own".to_owned()),
        }
    }

    /// Everything but where the code is, as text: what decides, together with the code's hash, what is loaded.
    pub fn how(&self) -> String {
        let Self {
            source: _,
            allow_precompiled,
            configured: _,
            sha256,
            public_keys,
            deny_list,
            cache,
            cache_max_bytes,
            compile,
            timeout: _,
        } = self;
        format!(
            "{allow_precompiled} {sha256:?} {public_keys:?} {deny_list:?} {cache:?} {cache_max_bytes:?} {compile:?}"
        )
    }

    pub(super) fn read_source(&mut self, at: &str, value: &Value) {
        self.source = Some(source(at, value));
    }

    pub(super) fn read_loading(&mut self, at: &str, fields: &Map<String, Value>) -> Result<(), String> {
        self.configured = true;
        for (key, value) in fields {
            let at = format!("{at}.{key}");
            match key.as_str() {
                "sha256" => {
                    let digits = string(&at, value)?;
                    self.sha256 =
                        Some(unhex(&digits).ok_or_else(|| format!("{at}: must be 64 hexadecimal digits"))?);
                }
                "public_keys" | "publicKeys" => {
                    let all = value.as_array().ok_or_else(|| format!("{at}: must be a list"))?;
                    // An empty list would demand nothing, which is hardly what was meant.
                    if all.is_empty() {
                        return Err(format!("{at}: is empty; leave it out where no signature is wanted"));
                    }
                    self.public_keys = all.iter().map(|key| string(&at, key)).collect::<Result<_, _>>()?;
                }
                "deny_list" | "denyList" => self.deny_list = Some(string(&at, value)?.into()),
                "cache" => self.read_cache(&at, value)?,
                "compile" => self.compile = compile(&at, value)?,
                "timeout" => self.timeout = duration(&at, value)?,
                _ => return Err(unknown(&at)),
            }
        }
        Ok(())
    }

    fn read_cache(&mut self, at: &str, value: &Value) -> Result<(), String> {
        for (key, value) in object(at, value)? {
            let at = format!("{at}.{key}");
            match key.as_str() {
                "directory" => self.cache = Some(string(&at, value)?.into()),
                "max_bytes" | "maxBytes" => self.cache_max_bytes = Some(number(&at, value)?),
                _ => return Err(unknown(&at)),
            }
        }
        Ok(())
    }
}

fn source(at: &str, value: &Value) -> Result<CodeSource, String> {
    let fields = object(at, value)?;
    if let Some(remote) = fields.get("remote") {
        return remote_source(&format!("{at}.remote"), remote).map(CodeSource::Remote);
    }
    let local = fields.get("local").ok_or_else(|| format!("{at}.local: is missing"))?;
    let at = format!("{at}.local");
    let mut found = None;
    for (key, value) in object(&at, local)? {
        let at = format!("{at}.{key}");
        found = Some(match key.as_str() {
            "filename" => CodeSource::File(string(&at, value)?.into()),
            "inline_bytes" | "inlineBytes" => {
                use base64::Engine as _;
                let bytes = base64::engine::general_purpose::STANDARD.decode(string(&at, value)?);
                CodeSource::Inline(bytes.map_err(|e| format!("{at}: not base64: {e}"))?)
            }
            _ => return Err(unknown(&at)),
        });
    }
    found.ok_or_else(|| format!("{at}: neither filename nor inline_bytes"))
}

fn remote_source(at: &str, value: &Value) -> Result<RemoteSource, String> {
    let (mut uri, mut sha256, mut timeout, mut retries) = (None, None, None, 1);
    for (key, value) in object(at, value)? {
        let at = format!("{at}.{key}");
        match key.as_str() {
            "http_uri" | "httpUri" => {
                for (key, value) in object(&at, value)? {
                    let at = format!("{at}.{key}");
                    match key.as_str() {
                        "uri" => uri = Some(string(&at, value)?),
                        "timeout" => timeout = Some(duration(&at, value)?),
                        // Envoy's own client goes through a cluster; this one connects by itself.
                        "cluster" => drop(string(&at, value)?),
                        _ => return Err(unknown(&at)),
                    }
                }
            }
            "sha256" => {
                let digits = string(&at, value)?;
                let hash = unhex(&digits).ok_or_else(|| format!("{at}: must be 64 hexadecimal digits"))?;
                sha256 = Some(hash);
            }
            "retry_policy" | "retryPolicy" => {
                let fields = object(&at, value)?;
                if let Some(n) = fields.get("num_retries").or(fields.get("numRetries")) {
                    retries = number(&format!("{at}.num_retries"), n)?.min(100) as u32;
                }
            }
            _ => return Err(unknown(&at)),
        }
    }
    let uri = uri.ok_or_else(|| format!("{at}.http_uri.uri: is missing"))?;
    Ok(RemoteSource { uri, sha256, timeout, retries })
}

/// `false`, `true`, or how.
fn compile(at: &str, value: &Value) -> Result<Option<CompileConfig>, String> {
    if let Some(allowed) = value.as_bool() {
        return Ok(allowed.then(CompileConfig::default));
    }
    let mut config = CompileConfig::default();
    for (key, value) in object(at, value)? {
        let at = format!("{at}.{key}");
        let one_of = |words: [&str; 2]| {
            let word = string(&at, value)?;
            if words.contains(&word.as_str()) {
                return Ok(Some(word));
            }
            Err(format!("{at}: {word:?} is neither {} nor {}", words[0], words[1]))
        };
        match key.as_str() {
            "bounds" => config.bounds = one_of(["guard", "explicit"])?,
            "traps" => config.traps = one_of(["signal", "call"])?,
            "cpu" => config.cpu = Some(string(&at, value)?),
            "interruptible" => config.interruptible = Some(boolean(&at, value)?),
            "stub_unknown_imports" | "stubUnknownImports" => {
                config.stub_unknown_imports = boolean(&at, value)?;
            }
            _ => return Err(unknown(&at)),
        }
    }
    Ok(Some(config))
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..64).step_by(2).map(|i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::PluginConfig;
    use super::*;

    fn parse(text: &str) -> Result<CodeConfig, String> {
        PluginConfig::parse("filter", format!(r#"{{"nullvm": {text}}}"#).as_bytes()).map(|c| c.code)
    }

    #[test]
    fn everything_there_is() {
        let code = parse(
            r#"{"vm_config": {"runtime": "x", "code": {"local": {"filename": "/f.wasm"}}, "allow_precompiled": true},
            "loading": {"sha256": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "public_keys": ["/k.pub"], "deny_list": "/d", "cache": {"directory": "/c", "max_bytes": 5.0}, "timeout": "2s",
            "compile": {"bounds": "explicit", "traps": "call", "cpu": "x86-64-v2", "interruptible": true,
            "stub_unknown_imports": true}}}"#,
        )
        .unwrap();
        assert_eq!(code.source(), Ok(&CodeSource::File("/f.wasm".into())));
        assert!(code.allow_precompiled && code.configured);
        assert_eq!(
            (code.sha256.unwrap()[1], code.cache_max_bytes, code.timeout.as_secs()),
            (0x11, Some(5), 2)
        );
        let compile = code.compile.unwrap();
        assert_eq!((compile.bounds.as_deref(), compile.interruptible), (Some("explicit"), Some(true)));
        let remote = parse(
            r#"{"vm_config": {"code": {"remote": {"http_uri": {"uri": "https://h/f", "timeout": "3s", "cluster": "c"},
            "sha256": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "retry_policy": {"num_retries": 3}}}}}"#,
        )
        .unwrap();
        let Ok(CodeSource::Remote(remote)) = remote.source() else { panic!("{remote:?}") };
        assert_eq!(
            (remote.uri.as_str(), remote.retries, remote.timeout),
            ("https://h/f", 3, Some(Duration::from_secs(3)))
        );
        let inline = parse(r#"{"vm_config": {"code": {"local": {"inlineBytes": "AGFzbQ=="}}}}"#).unwrap();
        assert_eq!(inline.source(), Ok(&CodeSource::Inline(b"\0asm".to_vec())));
        assert_eq!(parse(r#"{"loading": {"compile": false}}"#).unwrap().compile, None);
        assert!(parse("{}").unwrap().compile.is_some());
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (text, part) in [
            (r#"{"loading": {"sha265": ""}}"#, "nullvm.loading.sha265"),
            (r#"{"loading": {"sha256": "12"}}"#, "64 hexadecimal digits"),
            (r#"{"loading": {"public_keys": []}}"#, "nullvm.loading.public_keys: is empty"),
            (r#"{"loading": {"cache": "/c"}}"#, "nullvm.loading.cache"),
            (r#"{"loading": {"compile": {"bounds": "none"}}}"#, "neither guard nor explicit"),
            (r#"{"loading": {"timeout": 5}}"#, "nullvm.loading.timeout"),
            (r#"{"vm_config": {"allow_precompiled": "yes"}}"#, "allow_precompiled"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        // Looked at only by those who need it.
        for (text, part) in [
            ("{}", "nullvm.vm_config.code: is missing"),
            (r#"{"vm_config": {"code": {"remote": {}}}}"#, "remote.http_uri.uri: is missing"),
            (r#"{"vm_config": {"code": {"remote": {"http_uri": {"url": "x"}}}}}"#, "http_uri.url"),
            (r#"{"vm_config": {"code": {"local": {"filname": "x"}}}}"#, "filname"),
            (r#"{"vm_config": {"code": {"local": {}}}}"#, "neither filename"),
        ] {
            let error = parse(text).unwrap().source().unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
