//! The archive shows `nullvm_*` only, and links.

use nullvm_shim_archive::{Built, SHIM, Toolchain, build, write_archive};
use object::{Object, ObjectSymbol};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap()
}

fn directory() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shim-archive");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn shim() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let toolchain = Toolchain::of(Path::new(env!("CARGO")));
        let shim = build(&SHIM, &toolchain, workspace(), &directory().join("target"), None);
        let shim = shim.unwrap_or_else(|e| panic!("{e}"));
        std::fs::write(directory().join("libnullvm_shim.a"), &shim.archive).unwrap();
        shim
    })
}

#[test]
fn only_nullvm_symbols_are_global() {
    let object = object::File::parse(&*shim().objects[0]).unwrap();
    let mut names = Vec::new();
    for symbol in object.symbols().filter(|s| s.is_global() && s.is_definition()) {
        let name = symbol.name().unwrap();
        assert!(name.starts_with("nullvm_"), "{name}");
        names.push(name);
    }
    for name in [
        "nullvm_abi_2",
        "nullvm_instance_new",
        "nullvm_proxy_log",
        "nullvm_wasi_fd_write",
        "nullvm_libcall_trap",
    ] {
        assert!(names.contains(&name), "{name}");
    }
}

/// Links with the C compiler, if the machine has it. `false` if not.
fn link(args: &[&str]) -> bool {
    match Command::new("cc").current_dir(directory()).args(args).output() {
        Ok(output) => {
            assert!(output.status.success(), "{args:?}:\n{}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(_) => false,
    }
}

const MAIN: &str = r#"
#include <stdio.h>
#include <string.h>
#include "nullvm.h"
/* Names that a Rust library beside the shim would define. */
void rust_eh_personality(void) {}
void *__rust_alloc(void) { return 0; }
void shim_enter(void) {}
int main(void) {
  const nullvm_plugin_t *plugin = 0;
  char message[100] = "";
  nullvm_result_t result = nullvm_plugin_load_image((const uint8_t *)"nothing", 7, &plugin, message, sizeof message);
  if (result != NULLVM_RESULT_BAD_PLUGIN || strcmp(message, "not a nullvm image") || plugin) return 1;
  if (nullvm_plugin_load(0, &plugin, 0, 0) != NULLVM_RESULT_NULL_ARGUMENT) return 2;
  nullvm_plugin_free(0);
  printf("%s\n", nullvm_version());
  return nullvm_abi_version() != NULLVM_ABI_VERSION;
}
"#;

#[test]
fn it_links_into_programs_and_shared_objects() {
    shim();
    std::fs::write(directory().join("main.c"), MAIN).unwrap();
    let include = workspace().join("runtime-shim/include");
    let include = include.to_str().unwrap();
    for (name, flags) in [("plain", &[][..]), ("static", &["-static"][..]), ("lld", &["-fuse-ld=lld"][..])] {
        if name == "lld" && Command::new("ld.lld").arg("--version").output().is_err() {
            continue;
        }
        let base = ["-Wall", "-Werror", "-I", include, "main.c", "libnullvm_shim.a", "-pthread", "-o", name];
        if !link(&[&base, flags].concat()) {
            return;
        }
        let output = Command::new(directory().join(name)).output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        assert!(output.stdout.starts_with(b"nullvm "), "{name}: {output:?}");
        // All of it, as a shared object without text relocations.
        let shared = format!("{name}.so");
        let whole = [
            "-shared",
            "-Wl,-z,text",
            "-Wl,--whole-archive",
            "libnullvm_shim.a",
            "-Wl,--no-whole-archive",
            "-o",
        ];
        if name != "static" {
            link(&[&whole, &[shared.as_str()][..], flags].concat());
        }
    }
}

#[test]
fn archives_with_long_names_can_be_read() {
    let shim = shim();
    let name = "a-name-that-is-longer-than-sixteen-bytes.o";
    let bytes = write_archive(&[("short.o", &shim.objects[0]), (name, &shim.objects[0])]).unwrap();
    let file = object::read::archive::ArchiveFile::parse(&*bytes).unwrap();
    let members: Vec<_> = file.members().map(|m| m.unwrap()).collect();
    assert_eq!(members.iter().map(|m| m.name()).collect::<Vec<_>>(), [b"short.o", name.as_bytes()]);
    assert!(members.iter().all(|m| m.data(&*bytes).unwrap() == shim.objects[0]));
    let symbols: Vec<_> = file.symbols().unwrap().unwrap().map(|s| s.unwrap()).collect();
    let last = symbols.last().unwrap();
    assert_eq!(file.member(last.offset()).unwrap().name(), name.as_bytes());
}
