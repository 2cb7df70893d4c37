//! The Null-VM package: what a person with the source of a proxy adds to it as one directory, so that compiled plugins are
//! part of the binary.
//!
//! ```text
//! DIR/README.md, BUILD.bazel, CMakeLists.txt      the same whatever the plugins
//! DIR/nullvm/*.h, *.cc                            the adapter, compiled by the proxy's own toolchain
//! DIR/nullvm/TARGET/libnullvm_shim.a              the runtime, one per target
//! DIR/plugins/NAME/plugin.cc, envoy.yaml          registration, configuration
//! DIR/plugins/NAME/TARGET/NAME.o                  the plugin
//! ```
//!
//! Everything outside of `plugins/` is the same for each plugin, and the build files find the plugins by looking: a second
//! package written into the same directory adds a plugin to it. This crate makes texts and names; it compiles nothing and
//! writes no file.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod tables;

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFile {
    /// Where, from the package's directory on, with `/` between its parts.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A plugin as an object of one target.
#[derive(Clone, Debug)]
pub struct PluginObject {
    /// Target triple.
    pub target: String,
    /// The relocatable object, with the descriptor `nullvm_plugin_NAME`.
    pub object: Vec<u8>,
}

/// A compiled plugin.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Its name, a C identifier, as in its symbols.
    pub name: String,
    /// SHA-256 over what decides its code: the module and the options it was compiled with.
    pub hash: [u8; 32],
    /// One for each target.
    pub objects: Vec<PluginObject>,
}

/// The runtime for a target.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Target triple.
    pub target: String,
    /// `libnullvm_shim.a`
    pub archive: Vec<u8>,
}

/// Why there is no package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// No plugin, or one without an object.
    #[error("a package needs a plugin and a target")]
    Empty,
    /// Two plugins would stand in one place.
    #[error("two plugins are called {0}; give one of them another name with --name")]
    SameName(String),
    /// The build files know the targets by name.
    #[error("a Null-VM package cannot be made for {0}: its build files know {list}", list = targets())]
    Target(String),
    /// A plugin would have no runtime to link with.
    #[error("the package has no runtime for {0}")]
    NoRuntime(String),
}

/// Targets, with Bazel's name of the processor.
const TARGETS: &[(&str, &str)] = &[
    ("x86_64-unknown-linux-gnu", "@platforms//cpu:x86_64"),
    ("aarch64-unknown-linux-gnu", "@platforms//cpu:aarch64"),
];

fn targets() -> String {
    TARGETS.iter().map(|(triple, _)| *triple).collect::<Vec<_>>().join(" and ")
}

/// Whether packages can be made for a target.
pub fn knows_target(target: &str) -> bool {
    TARGETS.iter().any(|(triple, _)| *triple == target)
}

macro_rules! adapter {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../adapter/", $name)))),*] };
}

/// The adapter's sources. `nullvm_envoy.cc` is for Envoy's build only.
const ADAPTER: &[(&str, &str)] = adapter![
    "nullvm_guest.h" "nullvm_guest.cc" "nullvm_host_table.h" "nullvm_host_table.cc" "nullvm_plugin.h" "nullvm_plugin.cc"
    "nullvm_engine.h" "nullvm_engine.cc" "nullvm_envoy.cc"
];

const README: &str = include_str!("../templates/README.md");
const BAZEL: &str = include_str!("../templates/BUILD.bazel");
const CMAKE: &str = include_str!("../templates/CMakeLists.txt");
const REGISTRATION: &str = include_str!("../templates/plugin.cc");
const CONFIGURATION: &str = include_str!("../templates/envoy.yaml");

/// Hexadecimal digits of the hash in a registered name.
const HASH_DIGITS: usize = 12;

impl Plugin {
    /// The name that the plugin is registered under and that a configuration gives as its code: `NAME@HASH`.
    ///
    /// A host takes two Null VMs for the same one when id, configuration and this name agree, and has nothing else to tell
    /// builds apart by. 12 digits, 48 bits: two builds that meet in one process are a handful.
    pub fn registered_name(&self) -> String {
        let mut name = format!("{}@", self.name);
        for byte in &self.hash[..HASH_DIGITS / 2] {
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

/// The adapter's files alone, as they lie in `nullvm/`; `header` is `nullvm.h`. For tests, and for hosts with build files
/// of their own.
pub fn adapter(header: &[u8]) -> Vec<PackageFile> {
    let file =
        |name: &str, bytes: &[u8]| PackageFile { path: format!("nullvm/{name}"), bytes: bytes.to_vec() };
    let mut files: Vec<_> = ADAPTER.iter().map(|(name, text)| file(name, text.as_bytes())).collect();
    files.push(file("nullvm_tables.h", tables::header().as_bytes()));
    files.push(file("nullvm.h", header));
    files
}

/// All files of a package, in the order of their paths.
///
/// # Errors
/// [`PackageError`]: names that collide, targets that the build files do not know or that have no runtime.
pub fn package(
    plugins: &[Plugin],
    runtimes: &[Runtime],
    header: &[u8],
) -> Result<Vec<PackageFile>, PackageError> {
    let mut names = BTreeSet::new();
    if plugins.is_empty() {
        return Err(PackageError::Empty);
    }
    let mut files = adapter(header);
    for (path, text) in [("README.md", README), ("BUILD.bazel", BAZEL), ("CMakeLists.txt", CMAKE)] {
        files.push(PackageFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() });
    }
    for runtime in runtimes {
        files.push(PackageFile {
            path: format!("nullvm/{}/libnullvm_shim.a", runtime.target),
            bytes: runtime.archive.clone(),
        });
    }
    for plugin in plugins {
        if plugin.objects.is_empty() {
            return Err(PackageError::Empty);
        }
        if !names.insert(&plugin.name) {
            return Err(PackageError::SameName(plugin.name.clone()));
        }
        let filled = |template: &str| {
            template
                .replace("@NAME@", &plugin.name)
                .replace("@REGISTERED@", &plugin.registered_name())
                .into_bytes()
        };
        for (name, template) in [("plugin.cc", REGISTRATION), ("envoy.yaml", CONFIGURATION)] {
            files.push(PackageFile {
                path: format!("plugins/{}/{name}", plugin.name),
                bytes: filled(template),
            });
        }
        for object in &plugin.objects {
            if !knows_target(&object.target) {
                return Err(PackageError::Target(object.target.clone()));
            }
            if !runtimes.iter().any(|r| r.target == object.target) {
                return Err(PackageError::NoRuntime(object.target.clone()));
            }
            files.push(PackageFile {
                path: format!("plugins/{0}/{1}/{0}.o", plugin.name, object.target),
                bytes: object.object.clone(),
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(name: &str, targets: &[&str]) -> Plugin {
        let objects = targets
            .iter()
            .map(|t| PluginObject { target: (*t).to_owned(), object: b"object".to_vec() })
            .collect();
        Plugin { name: name.to_owned(), hash: [0xa5; 32], objects }
    }

    fn runtime(target: &str) -> Runtime {
        Runtime { target: target.to_owned(), archive: b"archive".to_vec() }
    }

    #[test]
    fn plugins_stand_beside_each_other() {
        let (x86, arm) = (TARGETS[0].0, TARGETS[1].0);
        let one = package(&[plugin("a", &[x86, arm])], &[runtime(x86), runtime(arm)], b"header").unwrap();
        let two = package(&[plugin("b", &[x86])], &[runtime(x86)], b"header").unwrap();
        for file in &two {
            match one.iter().find(|f| f.path == file.path) {
                Some(same) => assert_eq!(same.bytes, file.bytes, "{}", file.path),
                None => assert!(file.path.starts_with("plugins/b/"), "{}", file.path),
            }
        }
        let paths: Vec<_> = one.iter().map(|f| f.path.as_str()).collect();
        assert!(paths.contains(&"plugins/a/aarch64-unknown-linux-gnu/a.o"), "{paths:?}");
        assert!(paths.is_sorted());
    }

    #[test]
    fn names_tell_builds_apart() {
        let mut plugin = plugin("a", &[TARGETS[0].0]);
        assert_eq!(plugin.registered_name(), "a@a5a5a5a5a5a5");
        plugin.hash[5] = 0;
        assert_eq!(plugin.registered_name(), "a@a5a5a5a5a500");
    }

    #[test]
    fn refusals() {
        let x86 = TARGETS[0].0;
        let made = |plugins: &[Plugin]| package(plugins, &[runtime(x86)], b"").unwrap_err();
        assert_eq!(made(&[]), PackageError::Empty);
        assert_eq!(made(&[plugin("a", &[])]), PackageError::Empty);
        let twice = [plugin("a", &[x86]), plugin("a", &[x86])];
        assert_eq!(made(&twice), PackageError::SameName("a".to_owned()));
        assert_eq!(made(&[plugin("a", &["riscv64gc"])]), PackageError::Target("riscv64gc".to_owned()));
        assert_eq!(made(&[plugin("a", &[TARGETS[1].0])]), PackageError::NoRuntime(TARGETS[1].0.to_owned()));
    }

    /// The build files are constant: they name every target that a package may have.
    #[test]
    fn build_files_know_the_targets() {
        for (triple, cpu) in TARGETS {
            assert!(BAZEL.contains(&format!("\"{triple}\": \"{cpu}\"")), "BUILD.bazel: {triple}");
            assert!(CMAKE.contains(triple), "CMakeLists.txt: {triple}");
        }
        for (name, _) in ADAPTER {
            assert!(BAZEL.contains(name), "BUILD.bazel: {name}");
        }
    }
}
