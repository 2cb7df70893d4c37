//! Compiling in process, and keeping what came out.

use crate::load::Origin;
use crate::{LoadError, Policy};
use nullvm_cache::{Entry, Key, Store};
use nullvm_compiler::codegen::COMPILER;
use nullvm_compiler::identity::Recorded;
use nullvm_compiler::{Options, emit};
use nullvm_shim::{HashCheck, Image, ImageError};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// How to compile.
#[derive(Clone, Debug)]
pub struct Compile {
    /// The options of the compiler. The code runs here: [`Options::target`] is left out, [`Options::cpu`] best `native`.
    pub options: Options,
    /// How long to wait for another process that compiles the same.
    pub lock_timeout: Duration,
}

impl Default for Compile {
    fn default() -> Self {
        let options = Options { cpu: Some("native".to_owned()), ..Options::default() };
        Self { options, lock_timeout: Duration::from_secs(120) }
    }
}

/// What an image of this module, compiled so, is kept under.
///
/// # Errors
/// Options that select no target.
pub fn cache_key(module_sha256: &[u8; 32], options: &Options) -> Result<Key, nullvm_compiler::CompileError> {
    let recorded = Recorded::of(options)?;
    let versions = [
        ("compiler", COMPILER.to_owned()),
        ("image", format!("{}.{}", plugin_abi::IMAGE_VERSION, plugin_abi::ABI_VERSION)),
    ];
    Ok(Key::new(module_sha256, versions.into_iter().chain(recorded.fields())))
}

/// The image of a module: from the cache, or compiled and put there.
pub(crate) fn image(
    name: &str,
    wasm: &[u8],
    module_sha256: &[u8; 32],
    compile: &Compile,
    policy: &Policy,
    notes: &mut Vec<String>,
) -> Result<(Image, Origin), LoadError> {
    let refused =
        |e: &dyn std::fmt::Display| LoadError::Compile { name: name.to_owned(), message: e.to_string() };
    if let Some(entry) = policy.deny.compiler(COMPILER) {
        return Err(LoadError::Denied {
            name: name.to_owned(),
            what: format!("this compiler, {COMPILER},"),
            entry,
            remedy: "use a newer one",
        });
    }
    let key = cache_key(module_sha256, &compile.options).map_err(|e| refused(&e))?;
    let mut lock = None;
    if let Some(cache) = &policy.cache {
        if let Some(image) = cached(cache.as_ref(), &key, notes) {
            return allowed(name, policy, image, Origin::Cache);
        }
        // One compiles, the others wait and find it. Who may not write to the cache compiles for itself.
        match cache.lock(&key, compile.lock_timeout) {
            Ok(taken) => {
                lock = Some(taken);
                if let Some(image) = cached(cache.as_ref(), &key, notes) {
                    return allowed(name, policy, image, Origin::Cache);
                }
                if let Ok(Some(differences)) = cache.nearest(&key) {
                    let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
                    notes.push(format!("{name}: the cache has it otherwise compiled: {}", all.join("; ")));
                }
            }
            Err(e) => notes.push(format!("{name}: {e}")),
        }
    }
    let module = nullvm_compiler::compile(wasm, &compile.options).map_err(|e| refused(&e))?;
    let bytes = emit::image(&module).map_err(|e| refused(&e))?;
    drop(module);
    if let (Some(cache), Some(_)) = (&policy.cache, &lock) {
        match cache.put(&key, &bytes) {
            // From there its pages are shared with other processes.
            Ok(()) => {
                if let Some(image) = cached(cache.as_ref(), &key, notes) {
                    return allowed(name, policy, image, Origin::Compiled);
                }
            }
            Err(e) => notes.push(format!("{name}: not kept: {e}")),
        }
    }
    // Made a moment ago, in this process.
    let image = Image::map_with(&bytes, HashCheck::Skip).map_err(|e| refused(&e))?;
    allowed(name, policy, image, Origin::Compiled)
}

/// Unless the deny list names the image: the same module compiled in the same way is the same code, wherever that was done.
fn allowed(name: &str, policy: &Policy, image: Image, origin: Origin) -> Result<(Image, Origin), LoadError> {
    match policy.deny.hash(&image.header().sha256) {
        None => Ok((image, origin)),
        Some(entry) => Err(LoadError::Denied {
            name: name.to_owned(),
            what: "its code".to_owned(),
            entry,
            remedy: "compile it otherwise, or with another version",
        }),
    }
}

fn denied(errno: i32) -> bool {
    std::io::Error::from_raw_os_error(errno).kind() == std::io::ErrorKind::PermissionDenied
}

/// What a cache has; whatever is wrong with it is no reason not to run.
fn cached(cache: &dyn Store, key: &Key, notes: &mut Vec<String>) -> Option<Image> {
    let Entry { mut file, len } = match cache.get(key) {
        Ok(found) => found?,
        Err(e) => {
            notes.push(e.to_string());
            return None;
        }
    };
    // A disk can forget; the hash is 1 to 2 ms per MB.
    match Image::map_file(file.as_raw_fd(), usize::try_from(len).ok()?, HashCheck::Check) {
        Ok(image) => Some(image),
        // A file system that is mounted noexec: the code is copied out of it.
        Err(ImageError::System(errno)) if denied(errno) => {
            let mut bytes = Vec::new();
            file.by_ref().take(len).read_to_end(&mut bytes).ok()?;
            Image::map(&bytes).map_err(|e| notes.push(format!("the cache entry {}: {e}", key.name()))).ok()
        }
        Err(e) => {
            notes.push(format!(
                "the cache entry {} is not used: {e}; `nullvmc cache verify --remove-damaged` removes it",
                key.name()
            ));
            None
        }
    }
}
