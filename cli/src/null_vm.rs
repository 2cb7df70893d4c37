//! `nullvmc compile --emit null-vm`: a package for a custom Envoy build, written into a directory.

use crate::input::Input;
use crate::output::{self, Output};
use crate::{CliError, compile, shim};
use nullvm_compiler::{CompileError, Options, codegen, emit};
use nullvm_envoy_null_vm::{PackageFile, Plugin, PluginObject, Runtime, knows_target, package};
use plugin_abi::ABI_VERSION;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The package of one plugin.
pub struct NullVmPackage {
    files: Vec<PackageFile>,
    registered: String,
    targets: Vec<String>,
    object_bytes: usize,
}

/// Compiles a plugin for each target; no target is this machine.
pub fn make(
    input: &Input,
    options: &Options,
    targets: &[String],
    sysroot: Option<&Path>,
) -> Result<NullVmPackage, CliError> {
    let failed = |source: CompileError| CliError::Compile { file: input.name.clone(), source };
    let (mut objects, mut runtimes) = (Vec::<PluginObject>::new(), Vec::new());
    let each = if targets.is_empty() { vec![None] } else { targets.iter().cloned().map(Some).collect() };
    for target in each {
        if let Some(target) = &target
            && !knows_target(target)
        {
            return Err(CliError::Usage(
                nullvm_envoy_null_vm::PackageError::Target(target.clone()).to_string(),
            ));
        }
        let options = Options { target, ..options.clone() };
        let module = nullvm_compiler::compile(&input.bytes, &options).map_err(failed)?;
        let target = module.target.triple.to_string();
        if objects.iter().any(|o| o.target == target) {
            continue;
        }
        let archive = shim::archive(&target, sysroot)?.into_owned();
        runtimes.push(Runtime { target: target.clone(), archive });
        objects.push(PluginObject { target, object: emit::object(&module).map_err(failed)? });
    }
    let targets = objects.iter().map(|o| o.target.clone()).collect();
    let object_bytes = objects.iter().map(|o| o.object.len()).sum();
    let plugin = Plugin { name: options.name.clone(), hash: hash(&input.bytes, options), objects };
    let files = package(std::slice::from_ref(&plugin), &runtimes, shim::HEADER)
        .map_err(|e| CliError::Usage(e.to_string()))?;
    Ok(NullVmPackage { files, registered: plugin.registered_name(), targets, object_bytes })
}

/// The name that a plugin compiled so is registered under.
#[cfg(feature = "serve")]
pub fn registered_name(module: &[u8], options: &Options) -> String {
    Plugin { name: options.name.clone(), hash: hash(module, options), objects: Vec::new() }.registered_name()
}

/// What decides the code, on whatever machine it is compiled: the module, the options, the compiler. Not the target, so that
/// one configuration serves a fleet of several architectures.
fn hash(module: &[u8], options: &Options) -> [u8; 32] {
    let Options {
        cpu, cpu_features, opt, bounds, traps, interruptible, checks, stub_unknown_imports, ..
    } = options;
    let code = format!(
        "{} {ABI_VERSION} {cpu:?} {cpu_features:?} {opt:?} {bounds:?} {traps:?} {interruptible} {checks} \
         {stub_unknown_imports}",
        codegen::COMPILER
    );
    let mut sha = Sha256::new();
    sha.update(Sha256::digest(module));
    sha.update(code.as_bytes());
    sha.finalize().into()
}

impl NullVmPackage {
    /// Writes the files into `directory`, which is made if it does not exist; what else is in it stays. All or none.
    pub fn write(self, directory: &Path, input: Option<&Path>) -> Result<(), CliError> {
        let outputs: Vec<Output> = self
            .files
            .into_iter()
            .map(|file| Output { path: directory.join(&file.path), bytes: file.bytes })
            .collect();
        let mut made = Directories(Vec::new());
        for output in &outputs {
            if let Some(parent) = output.path.parent() {
                made.make(parent)?;
            }
        }
        output::check(&outputs.iter().map(|o| o.path.clone()).collect::<Vec<_>>(), input)?;
        output::write_all(&outputs)?;
        made.0.clear();
        Ok(())
    }

    /// What to tell about it.
    pub fn summary(&self, input: &Input, directory: &Path) -> String {
        let mut text = format!(
            "{} -> {} (null-vm, {} of code for {})\n",
            input.name,
            directory.display(),
            compile::size(self.object_bytes),
            self.targets.join(" and ")
        );
        let _ = writeln!(
            text,
            "registered as {}; {} says how to build it in",
            self.registered,
            directory.join("README.md").display()
        );
        text
    }
}

/// Directories that were made on the way; those that are still listed when it is dropped go again.
struct Directories(Vec<PathBuf>);

impl Directories {
    fn make(&mut self, directory: &Path) -> Result<(), CliError> {
        if directory.as_os_str().is_empty() || directory.is_dir() {
            return Ok(());
        }
        if let Some(parent) = directory.parent() {
            self.make(parent)?;
        }
        match fs::create_dir(directory) {
            Ok(()) => self.0.push(directory.to_owned()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {}
            Err(source) => return Err(CliError::Write { path: directory.to_owned(), source }),
        }
        Ok(())
    }
}

impl Drop for Directories {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_the_code() {
        let base = Options::default();
        let of = |o: &Options| hash(b"module", o);
        assert_eq!(
            of(&base),
            of(&Options { target: Some("aarch64-unknown-linux-gnu".into()), jobs: 3, ..base.clone() })
        );
        assert_ne!(of(&base), hash(b"other", &base));
        assert_ne!(of(&base), of(&Options { interruptible: true, ..base.clone() }));
        assert_ne!(of(&base), of(&Options { cpu: Some("x86-64-v3".into()), ..base.clone() }));
    }
}
