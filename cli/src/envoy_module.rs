//! `--emit envoy-module`: a shared object that a stock Envoy loads as a dynamic module.
//!
//! The plugin's object, whose note says what the module is, and the Envoy adapter (with the runtime shim inside), linked by
//! the machine's own linker. Nothing else: no library of the C compiler, none of its start files, so that the module asks for
//! no file and no symbol version. What it needs of the C library is in the Envoy process already.

use crate::{CliError, shim};
use nullvm_compiler::CompiledModule;
use nullvm_compiler::emit::{self, note};
use plugin_abi::PLUGIN_SYMBOL_PREFIX;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only target that there is an adapter for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Linkers that are looked for, in this order.
const LINKERS: &[&str] = &["cc", "clang", "gcc", "ld.lld", "ld"];

/// The variable that names a linker.
const LINKER_VARIABLE: &str = "NULLVM_LINKER";

/// What Envoy sees of a module.
const EXPORTS: &str = "{ global: envoy_dynamic_module_on_*; local: *; };\n";

/// A linked module.
pub struct Linked {
    /// The shared object.
    pub bytes: Vec<u8>,
    /// What was done, for people.
    pub report: String,
}

/// Finds out before the work whether there can be a module.
pub fn check(target: Option<&str>, linker: Option<&Path>) -> Result<(), CliError> {
    supported(target.unwrap_or(shim::EMBEDDED_TARGET))?;
    Linker::find(linker).map(drop)
}

fn supported(target: &str) -> Result<(), CliError> {
    if target == TARGET {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "--emit envoy-module is for {TARGET} only; {target} has no Envoy adapter yet"
    )))
}

/// Links the module.
pub fn link(
    module: &CompiledModule,
    sysroot: Option<&Path>,
    linker: Option<&Path>,
) -> Result<Linked, CliError> {
    let target = module.target.triple.to_string();
    supported(&target)?;
    let linker = Linker::find(linker)?;
    let adapter = shim::envoy_adapter(&target, sysroot)?;
    let failed = |source| CliError::Compile { file: module.name.clone(), source };
    let object = emit::object(module).map_err(failed)?;
    let room = Room::new()?;
    for (name, bytes) in
        [("plugin.o", object.as_slice()), (shim::ADAPTER_NAME, &adapter), ("exports.map", EXPORTS.as_bytes())]
    {
        room.write(name, bytes)?;
    }
    let args = linker.args(&module.name);
    let command = command_line(&linker.path, &args);
    let output = Command::new(&linker.path)
        .args(&args)
        .current_dir(&room.0)
        .env("LC_ALL", "C")
        // Would leave its mark in the module.
        .env_remove("LD_RUN_PATH")
        .output()
        .map_err(|source| CliError::Linker { linker: linker.path.clone(), source })?;
    if !output.status.success() {
        let message =
            [output.stderr, output.stdout].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
        return Err(CliError::Link { command, status: output.status, message });
    }
    let path = room.0.join("module.so");
    let mut bytes = fs::read(&path)
        .map_err(|source| CliError::Read { file: format!("what {} wrote", linker.path.display()), source })?;
    if !bytes.starts_with(b"\x7fELF") {
        return Err(CliError::Link {
            command,
            status: output.status,
            message: "what it wrote is no ELF file".to_owned(),
        });
    }
    // The hash that came with the object was the object's.
    if !note::seal(&mut bytes) {
        return Err(CliError::Link {
            command,
            status: output.status,
            message: "the note of the plugin is not in what it wrote".to_owned(),
        });
    }
    let report = format!(
        "linker: {} ({})\n\
         link command, in a temporary directory: {command}\n\
         \x20 plugin.o: the compiled plugin, what --emit object writes ({} bytes)\n\
         \x20 {}: the Envoy adapter and the runtime shim, from {} ({} bytes)\n\
         \x20 exports.map: {}\
         \x20 No library is linked: the C library is the one that the Envoy process has loaded.\n",
        linker.path.display(),
        linker.why,
        object.len(),
        shim::ADAPTER_NAME,
        if sysroot.is_some() { "the --sysroot" } else { "nullvmc itself or lib/nullvm beside it" },
        adapter.len(),
        EXPORTS
    );
    Ok(Linked { bytes, report })
}

/// A linker, or a C compiler that calls one.
struct Linker {
    path: PathBuf,
    /// How it came to be this one.
    why: String,
}

impl Linker {
    fn find(named: Option<&Path>) -> Result<Self, CliError> {
        let variable = std::env::var_os(LINKER_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
        let (path, why) = match (named, &variable) {
            (Some(path), _) => (path, "as --linker says".to_owned()),
            (None, Some(path)) => (path.as_path(), format!("as the variable {LINKER_VARIABLE} says")),
            (None, None) => {
                let found = LINKERS.iter().find_map(|name| on_path(OsStr::new(name)));
                let path = found.ok_or_else(|| CliError::NoLinker { tried: LINKERS.to_vec() })?;
                return Ok(Self { path, why: format!("the first of {} on the PATH", LINKERS.join(", ")) });
            }
        };
        let failed = |source| CliError::Linker { linker: path.to_owned(), source };
        // It runs in another directory.
        let path = match path.components().count() {
            1 if !path.is_absolute() => {
                on_path(path.as_os_str()).ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?
            }
            _ => std::path::absolute(path).map_err(failed)?,
        };
        if path.is_dir() {
            return Err(CliError::Linker { linker: path, source: io::ErrorKind::IsADirectory.into() });
        }
        fs::metadata(&path).map_err(|source| CliError::Linker { linker: path.clone(), source })?;
        Ok(Self { path, why })
    }

    /// Whether options of the linker can be given as they are; a C compiler wants each one announced.
    fn is_plain(&self) -> bool {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // With a version (ld.lld-14), or with a target in front (x86_64-linux-gnu-ld).
        let base = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
        ["ld", "ld.lld", "ld.bfd", "ld.gold", "ld.mold", "mold", "wild", "lld", "rust-lld"].contains(&base)
            || [".lld", "-ld", "-ld.bfd", "-ld.gold"].iter().any(|end| base.ends_with(end))
    }

    fn args(&self, name: &str) -> Vec<OsString> {
        let plain = self.is_plain();
        let mut args: Vec<OsString> = Vec::new();
        if plain {
            // The driver of all of LLVM's linkers goes by its name.
            let generic = ["lld", "rust-lld"].iter().any(|n| self.path.file_name() == Some(OsStr::new(n)));
            args.extend(if generic { &["-flavor", "gnu"][..] } else { &[] }.iter().map(OsString::from));
            args.extend(["-m", "elf_x86_64", "-shared"].map(OsString::from));
        } else {
            args.extend(["-shared", "-nostdlib", "-nostartfiles"].map(OsString::from));
        }
        args.extend(["-o", "module.so", "plugin.o"].map(OsString::from));
        let plugin = format!("--defsym=nullvm_envoy_plugin={PLUGIN_SYMBOL_PREFIX}{name}");
        for option in [
            "--whole-archive",
            shim::ADAPTER_NAME,
            "--no-whole-archive",
            &plugin,
            "--version-script=exports.map",
            "--gc-sections",
            "--build-id=sha1",
            "--hash-style=gnu",
            "--eh-frame-hdr",
            "-z",
            "text",
            "-z",
            "nodelete",
            "-z",
            "relro",
            "-z",
            "now",
            "-z",
            "noexecstack",
        ] {
            if !plain && option.starts_with('-') {
                args.push(format!("-Wl,{option}").into());
            } else if !plain && option != shim::ADAPTER_NAME {
                // The word after -z.
                let z = args.pop().unwrap_or_default();
                args.push(format!("{},{option}", z.to_string_lossy()).into());
            } else {
                args.push(option.into());
            }
        }
        args
    }
}

/// A program that can be run, by name.
fn on_path(name: &OsStr) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0))
}

/// The command as a shell takes it.
pub fn command_line(program: &Path, args: &[OsString]) -> String {
    let quote = |word: &OsStr| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,+:@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let words = std::iter::once(program.as_os_str()).chain(args.iter().map(OsString::as_os_str));
    words.map(quote).collect::<Vec<_>>().join(" ")
}

/// A directory to link in; goes with everything in it. Names in it are fixed, so that none gets into the module.
struct Room(PathBuf);

impl Room {
    fn new() -> Result<Self, CliError> {
        use std::os::unix::fs::DirBuilderExt;
        let base = std::env::temp_dir();
        for attempt in 0..1000 {
            let path = base.join(format!("nullvmc-link-{}-{attempt}", std::process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(CliError::Write { path, source }),
            }
        }
        Err(CliError::Write { path: base, source: io::ErrorKind::AlreadyExists.into() })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.0.join(name);
        fs::write(&path, bytes).map_err(|source| CliError::Write { path, source })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linker(path: &str) -> Linker {
        Linker { path: path.into(), why: String::new() }
    }

    #[test]
    fn linkers_and_compilers() {
        for plain in
            ["/usr/bin/ld", "ld.lld-14", "ld.bfd", "x86_64-linux-gnu-ld", "/opt/mold", "rust-lld", "lld-19"]
        {
            assert!(linker(plain).is_plain(), "{plain}");
        }
        for compiler in ["cc", "gcc-12", "clang-19", "x86_64-linux-gnu-gcc", "/opt/my wrapper", "build"] {
            assert!(!linker(compiler).is_plain(), "{compiler}");
        }
    }

    #[test]
    fn one_command_for_both() {
        let plain = command_line(Path::new("/usr/bin/ld"), &linker("/usr/bin/ld").args("p"));
        let compiler = command_line(Path::new("/a b/cc"), &linker("/a b/cc").args("p"));
        assert!(plain.starts_with("/usr/bin/ld -m elf_x86_64 -shared -o module.so plugin.o"), "{plain}");
        assert!(compiler.starts_with("'/a b/cc' -shared -nostdlib -nostartfiles -o module.so"), "{compiler}");
        assert!(plain.contains(" -z text -z nodelete "), "{plain}");
        assert!(compiler.contains(" -Wl,-z,text -Wl,-z,nodelete "), "{compiler}");
        assert!(compiler.contains("-Wl,--whole-archive libnullvm_envoy_module.a -Wl,--no-"), "{compiler}");
    }
}
