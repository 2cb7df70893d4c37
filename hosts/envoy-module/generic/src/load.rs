//! From a configuration to a plugin.

use crate::shared;
use nullvm_cache::{FileStore, Store, default_directory};
use nullvm_compiler::{Bounds, Options, Traps};
use nullvm_envoy_module::config::{CodeConfig, CodeSource, CompileConfig, PluginConfig, RemoteSource};
use nullvm_envoy_module::note;
use nullvm_fetch::{Fetcher, Source};
use nullvm_loader::{Code, Compile, Loader, Origin, Policy};
use nullvm_shim::Plugin;
use nullvm_trust::{DenyList, PublicKey};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Instant;

/// Nobody who serves requests should wait for a compiler.
const NICENESS: i32 = 10;

/// The plugin of a configuration. Waits until it is loaded, at most as long as the configuration says.
///
/// # Errors
/// One line for the log.
pub fn plugin(config: &PluginConfig) -> Result<Arc<Plugin>, String> {
    let code = &config.code;
    // Too far away to be told as a time is as good as never.
    let deadline = Instant::now().checked_add(code.timeout).ok_or("nullvm.loading.timeout: is too long")?;
    let remaining = || deadline.saturating_duration_since(Instant::now());
    let policy = policy(config)?;
    let how = format!("{} {policy:?} {:?}", code.how(), config.limits.deadline_ms);
    let key = |name: &str, hash: [u8; 32]| (hash, format!("{name} {how}"));
    // A source that names its hash need not be asked again for what is in use already.
    let pinned = match code.source()? {
        CodeSource::Remote(remote) => remote.sha256.map(|hash| key(&remote.uri, hash)),
        _ => None,
    };
    if let Some(plugin) = pinned.as_ref().and_then(shared::find) {
        return Ok(plugin);
    }
    let (name, bytes) = read(code, deadline)?;
    let key = pinned.unwrap_or_else(|| key("", Sha256::digest(&bytes).into()));
    if let Some(plugin) = shared::find(&key) {
        return Ok(plugin);
    }
    let sha256 = code.sha256;
    let prefix = config.log_prefix();
    let (done, result) = sync_channel(1);
    let work = move || {
        // SAFETY: changes the priority of this thread only; where that is not allowed it stays as it is.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
        let loaded = Loader::new(policy).load(&Code::Bytes(name.clone(), bytes), sha256.as_ref());
        // Nobody waits any more: what was compiled is in the cache, for the next attempt.
        let _ = done.send(loaded.map_err(|e| e.to_string()).map(|loaded| {
            for line in &loaded.notes {
                note(&format!("nullvm{prefix}: {line}"));
            }
            let what = match loaded.origin {
                Origin::Bundle => "native code that came with it",
                Origin::Cache => "native code of the cache",
                Origin::Compiled => "compiled here",
            };
            let signer = loaded.signer.as_ref().map(|id| format!(", signed by key {id}")).unwrap_or_default();
            let total = loaded.timings.verify + loaded.timings.code + loaded.timings.plugin;
            note(&format!("nullvm{prefix}: {name}: {what}{signer}, in {:.1} ms", total.as_secs_f64() * 1e3));
            loaded.plugin
        }));
    };
    let thread = std::thread::Builder::new().name("nullvm-load".to_owned());
    thread.spawn(work).map_err(|e| format!("cannot start a thread to load the plugin: {e}"))?;
    match result.recv_timeout(remaining()) {
        Ok(loaded) => loaded.map(|plugin| shared::keep(key, plugin)),
        Err(RecvTimeoutError::Timeout) => Err(format!(
            "loading takes longer than {:?}; it goes on and what is compiled is kept in the cache; nullvm.loading.timeout is the limit",
            code.timeout
        )),
        // Its message has been printed.
        Err(RecvTimeoutError::Disconnected) => {
            Err("internal error while loading; please report it with the plugin".to_owned())
        }
    }
}

fn read(code: &CodeConfig, deadline: Instant) -> Result<(String, Arc<[u8]>), String> {
    match code.source()? {
        CodeSource::Inline(bytes) => Ok(("the inline code".to_owned(), bytes.as_slice().into())),
        CodeSource::Remote(remote) => fetch(remote, deadline),
        CodeSource::File(path) => {
            let bytes = nullvm_loader::read(path).map_err(|e| e.to_string())?;
            Ok((path.display().to_string(), bytes.into()))
        }
    }
}

/// The file, checked against its hash. Waits for it, within the time that a configuration waits for its code.
fn fetch(remote: &RemoteSource, deadline: Instant) -> Result<(String, Arc<[u8]>), String> {
    let options = nullvm_fetch::Options {
        attempt_timeout: remote.timeout,
        retries: remote.retries,
        ..nullvm_fetch::Options::default()
    };
    let source = Source::parse(&remote.uri, remote.sha256.map(nullvm_fetch::Sha256))
        .map_err(|e| format!("nullvm.vm_config.code.remote: {e}"))?;
    let fetcher = Fetcher::new(options).map_err(|e| e.to_string())?;
    let fetched = fetcher.fetch(&source, deadline).map_err(|e| e.to_string())?;
    Ok((fetched.origin.to_string(), fetched.bytes.into()))
}

fn policy(config: &PluginConfig) -> Result<Policy, String> {
    let code = &config.code;
    let keys = code.public_keys.iter().map(|key| match key.len() {
        64 if key.bytes().all(|b| b.is_ascii_hexdigit()) => {
            PublicKey::parse("nullvm.loading.public_keys", key.as_bytes())
        }
        _ => PublicKey::from_file(Path::new(key)),
    });
    let keys = keys.collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    let deny = match &code.deny_list {
        None => DenyList::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| format!("cannot read the deny list {}: {e}", path.display()))?;
            DenyList::parse(&text).map_err(|e| format!("{}: {e}", path.display()))?
        }
    };
    let interruptible = config.limits.deadline_ms > 0;
    let compile = code.compile.as_ref().map(|how| Compile {
        options: options(how, interruptible),
        // Whoever compiles the same may have been stopped: then there has to be time left to do it here.
        lock_timeout: code.timeout / 2,
    });
    let cache = if compile.is_some() { cache(code)? } else { None };
    Ok(Policy { allow_precompiled: code.allow_precompiled, keys, deny, interruptible, compile, cache })
}

fn options(how: &CompileConfig, deadline: bool) -> Options {
    Options {
        cpu: Some(how.cpu.clone().unwrap_or_else(|| "native".to_owned())),
        bounds: if how.bounds.as_deref() == Some("explicit") { Bounds::Explicit } else { Bounds::Guard },
        traps: if how.traps.as_deref() == Some("call") { Traps::Call } else { Traps::Signal },
        interruptible: how.interruptible.unwrap_or(deadline),
        stub_unknown_imports: how.stub_unknown_imports,
        ..Options::default()
    }
}

/// The cache that is configured must be usable; the default one may not be, in a container without a home.
fn cache(code: &CodeConfig) -> Result<Option<Arc<dyn Store>>, String> {
    let open = |path: &Path| FileStore::open(path, code.cache_max_bytes);
    match &code.cache {
        Some(path) if path.as_os_str().is_empty() => Ok(None),
        Some(path) => Ok(Some(Arc::new(open(path).map_err(|e| e.to_string())?))),
        None => match open(&default_directory()) {
            Ok(store) => Ok(Some(Arc::new(store))),
            Err(e) => {
                note(&format!("nullvm: what is compiled is not kept: {e}"));
                Ok(None)
            }
        },
    }
}
