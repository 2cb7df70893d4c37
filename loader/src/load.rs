//! Loading.

use crate::policy::{Code, Policy};
use crate::{LoadError, TARGET, hex};
use nullvm_artifact::Bundle;
use nullvm_shim::{BundleError, Image, Plugin, bundle};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// More than the largest plugin by far, with code for many platforms.
const LARGEST: u64 = 1 << 30;

/// Where the code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It came with the module.
    Bundle,
    /// From the cache.
    Cache,
    /// It was compiled.
    Compiled,
}

/// How long each part took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Reading the file.
    pub read: Duration,
    /// Hashes of the whole file, and the signature.
    pub verify: Duration,
    /// Finding the code, or compiling it, and mapping it; its own hash is in it.
    pub code: Duration,
    /// Reading the metadata.
    pub plugin: Duration,
}

/// A plugin that can run.
#[derive(Debug)]
pub struct Loaded {
    /// It.
    pub plugin: Arc<Plugin>,
    /// Where its code came from.
    pub origin: Origin,
    /// SHA-256 of the module that it was made of.
    pub module_sha256: [u8; 32],
    /// Id of the key that signed it, where that was asked for.
    pub signer: Option<String>,
    /// What an operator may want to know; each a line for the log.
    pub notes: Vec<String>,
    /// How long it took.
    pub timings: Timings,
}

/// Loads plugins under a policy.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    policy: Policy,
}

impl Loader {
    /// One with this policy.
    pub fn new(policy: Policy) -> Self {
        Self { policy }
    }

    /// Loads a plugin. Blocks as long as reading, verifying and compiling take.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(&self, code: &Code, sha256: Option<&[u8; 32]>) -> Result<Loaded, LoadError> {
        let mut timings = Timings::default();
        let name = code.name();
        let wasm: Cow<'_, [u8]> = timed(&mut timings.read, || match code {
            Code::File(path) => read(path).map(Cow::Owned),
            Code::Bytes(_, bytes) => Ok(Cow::Borrowed(&**bytes)),
        })?;
        let signer = timed(&mut timings.verify, || self.verify(&name, &wasm, sha256))?;
        let mut notes = Vec::new();
        let covered = sha256.is_some() || signer.is_some();
        let (image, origin, module_sha256) =
            timed(&mut timings.code, || self.image(&name, &wasm, covered, &mut notes))?;
        let plugin = timed(&mut timings.plugin, || {
            Plugin::from_image(image).map_err(|source| LoadError::Plugin { name: name.clone(), source })
        })?;
        if plugin.meta().header.wasm_sha256 != module_sha256 {
            let source = nullvm_artifact::BundleError::Foreign { target: TARGET.to_owned(), index: 0 };
            return Err(LoadError::Bundle { name, source });
        }
        Ok(Loaded { plugin, origin, module_sha256, signer, notes, timings })
    }

    /// The whole file: its hash, its signature, the deny list. The id of the key that signed it.
    fn verify(
        &self,
        name: &str,
        wasm: &[u8],
        sha256: Option<&[u8; 32]>,
    ) -> Result<Option<String>, LoadError> {
        if sha256.is_some() || !self.policy.deny.is_empty() {
            let found: [u8; 32] = Sha256::digest(wasm).into();
            if let Some(wanted) = sha256
                && *wanted != found
            {
                let (found, wanted) = (hex(&found), hex(wanted));
                return Err(LoadError::Sha256 { name: name.to_owned(), found, wanted });
            }
            self.denied_hash(name, "the file", &found)?;
        }
        // Signatures can be added to a file by anybody, and make another file of it.
        if !self.policy.deny.is_empty()
            && let Some(content) = nullvm_trust::signed_content(wasm)
        {
            self.denied_hash(name, "what is signed in it", &Sha256::digest(content).into())?;
        }
        if self.policy.keys.is_empty() {
            return Ok(None);
        }
        nullvm_trust::verify(wasm, &self.policy.keys)
            .map(|key| Some(key.id()))
            .map_err(|source| LoadError::Signature { name: name.to_owned(), source })
    }

    fn denied_hash(&self, name: &str, what: &str, hash: &[u8; 32]) -> Result<(), LoadError> {
        match self.policy.deny.hash(hash) {
            None => Ok(()),
            Some(entry) => Err(LoadError::Denied {
                name: name.to_owned(),
                what: what.to_owned(),
                entry,
                remedy: "deploy another version",
            }),
        }
    }

    /// The code, from the module or compiled. `covered` says that the whole file has been verified.
    fn image(
        &self,
        name: &str,
        wasm: &[u8],
        covered: bool,
        notes: &mut Vec<String>,
    ) -> Result<(Image, Origin, [u8; 32]), LoadError> {
        let failed = |source| LoadError::Bundle { name: name.to_owned(), source };
        let found = Bundle::parse(wasm).map_err(failed)?;
        let platform = found.platform(TARGET);
        let claimed = platform
            .filter(|_| covered && self.policy.allow_precompiled && self.policy.deny.is_empty())
            .map(|platform| platform.section.header.module_sha256);
        // Whoever vouches for the file vouches for the code in it, and for what that was made of. What is compiled here, kept
        // in a cache for others, or looked for in a deny list goes by what the module really is.
        let module_sha256 = claimed.unwrap_or_else(|| found.module_sha256());
        self.denied_hash(name, "its module", &module_sha256)?;
        let mut why = match (platform, self.policy.allow_precompiled) {
            (None, true) => format!("it has no code for {TARGET}"),
            (None, false) => "it has no native code".to_owned(),
            (Some(_), false) => "native code that comes with a module is not allowed here".to_owned(),
            (Some(_), true) => String::new(),
        };
        if let Some(platform) = platform.filter(|_| self.policy.allow_precompiled) {
            if platform.section.header.module_sha256 != module_sha256 {
                return Err(failed(nullvm_artifact::BundleError::Foreign {
                    target: TARGET.to_owned(),
                    index: 0,
                }));
            }
            let section = section_bytes(&found).unwrap_or_default();
            match self.precompiled(name, section, &module_sha256) {
                Ok(image) => return Ok((image, Origin::Bundle, module_sha256)),
                // Nothing wrong with the code, it is just not for here.
                Err(
                    error @ (LoadError::Code { source: BundleError::NothingFits(_), .. }
                    | LoadError::NotInterruptible { .. }
                    | LoadError::Denied { .. }),
                ) if self.can_compile() => {
                    notes.push(format!("{error}; compiling it here"));
                    why = error.to_string();
                }
                Err(error) => return Err(error),
            }
        }
        let module_sha256 = if claimed.is_some() { found.module_sha256() } else { module_sha256 };
        self.compiled(name, wasm, &module_sha256, why, notes)
            .map(|(image, origin)| (image, origin, module_sha256))
    }

    fn can_compile(&self) -> bool {
        #[cfg(feature = "compile")]
        return self.policy.compile.is_some();
        #[cfg(not(feature = "compile"))]
        false
    }

    /// The best image of a section, mapped.
    fn precompiled(&self, name: &str, section: &[u8], module_sha256: &[u8; 32]) -> Result<Image, LoadError> {
        let code = |source: BundleError| {
            let remedy = match &source {
                BundleError::NothingFits(_) => {
                    format!(
                        "`nullvmc bundle --target {TARGET} --cpu LEVEL` with the nullvmc of this runtime adds it"
                    )
                }
                _ => "make the bundle again".to_owned(),
            };
            LoadError::Code { name: name.to_owned(), source, remedy }
        };
        let chosen = bundle::choose(section).map_err(code)?;
        if let Some(entry) = self.policy.deny.compiler(chosen.compiler()) {
            return Err(LoadError::Denied {
                name: name.to_owned(),
                what: format!("the compiler of its code, {},", chosen.compiler()),
                entry,
                remedy: "make the bundle again with a newer nullvmc",
            });
        }
        self.denied_hash(name, "its code", &chosen.header.sha256)?;
        let target_fits = chosen.target() == TARGET;
        if !target_fits || nullvm_artifact::bundle::wasm_sha256(&chosen) != Some(*module_sha256) {
            let source = nullvm_artifact::BundleError::Foreign { target: TARGET.to_owned(), index: 0 };
            return Err(LoadError::Bundle { name: name.to_owned(), source });
        }
        if self.policy.interruptible && !nullvm_artifact::bundle::is_interruptible(&chosen) {
            return Err(LoadError::NotInterruptible { name: name.to_owned() });
        }
        Image::map(chosen.bytes()).map_err(|e| code(BundleError::Image(e)))
    }

    #[cfg(feature = "compile")]
    fn compiled(
        &self,
        name: &str,
        wasm: &[u8],
        module_sha256: &[u8; 32],
        why: String,
        notes: &mut Vec<String>,
    ) -> Result<(Image, Origin), LoadError> {
        match &self.policy.compile {
            Some(compile) => crate::compile::image(name, wasm, module_sha256, compile, &self.policy, notes),
            None => Err(no_code(name, why)),
        }
    }

    #[cfg(not(feature = "compile"))]
    fn compiled(
        &self,
        name: &str,
        _wasm: &[u8],
        _module_sha256: &[u8; 32],
        why: String,
        _notes: &mut Vec<String>,
    ) -> Result<(Image, Origin), LoadError> {
        Err(no_code(name, why))
    }
}

fn no_code(name: &str, reason: String) -> LoadError {
    let remedy = if reason.contains("not allowed") {
        "set allow_precompiled to true, or allow compiling".to_owned()
    } else {
        format!("add it with `nullvmc bundle --target {TARGET}`, or allow compiling")
    };
    LoadError::NoCode { name: name.to_owned(), reason, remedy }
}

/// What the section for this platform holds.
fn section_bytes<'a>(bundle: &Bundle<'a>) -> Option<&'a [u8]> {
    bundle.sections().iter().find(|s| s.target() == Some(TARGET)).map(|s| s.data)
}

fn timed<T>(time: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *time = start.elapsed();
    result
}

/// Reads a file whole, if it is one and no larger than any plugin.
///
/// # Errors
/// [`LoadError::Read`], [`LoadError::TooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let failed = |source| LoadError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(LARGEST)).unwrap_or_default());
    file.by_ref().take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(LoadError::TooLarge { path: path.to_owned(), limit: LARGEST });
    }
    Ok(bytes)
}
