//! `--emit envoy-module`: what comes out, with which linkers, and what is said when there is none. Nothing here needs Envoy.

mod common;

use common::{Dir, Outcome, Random, filter, nullvmc, plugin};
use nullvm_shim_archive::{ENVOY_GLIBC, GLIBC_SYMBOLS, WEAK_SYMBOLS};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What Envoy 1.38 to 1.40 look for; they refuse a module without one of these.
const REQUIRED: &[&str] = &[
    "program_init",
    "http_filter_config_new",
    "http_filter_config_destroy",
    "http_filter_new",
    "http_filter_destroy",
    "http_filter_request_headers",
    "http_filter_request_body",
    "http_filter_request_trailers",
    "http_filter_response_headers",
    "http_filter_response_body",
    "http_filter_response_trailers",
    "http_filter_stream_complete",
    "http_filter_scheduled",
    "http_filter_http_callout_done",
    "http_filter_http_stream_headers",
    "http_filter_http_stream_data",
    "http_filter_http_stream_trailers",
    "http_filter_http_stream_complete",
    "http_filter_http_stream_reset",
    "http_filter_downstream_above_write_buffer_high_watermark",
    "http_filter_downstream_below_write_buffer_low_watermark",
];

const HOOK: &str = "envoy_dynamic_module_on_";

fn linker(name: &str) -> PathBuf {
    let found =
        std::env::split_paths(&std::env::var_os("PATH").unwrap()).map(|d| d.join(name)).find(|p| p.exists());
    found.unwrap_or_else(|| panic!("the test needs {name}: `cargo xtask test` installs it"))
}

fn module(dir: &Dir, wasm: &str, name: &str, options: &[&str]) -> Vec<u8> {
    let path = dir.path(name);
    nullvmc([&["compile", wasm, "--emit", "envoy-module", "-q", "-o", &path], options].concat()).ok();
    dir.read(name)
}

/// Tags of the dynamic section with their values.
fn dynamic(bytes: &[u8]) -> Vec<(u64, u64)> {
    let file = object::File::parse(bytes).unwrap();
    let data = file.section_by_name(".dynamic").unwrap().data().unwrap();
    let word = |b: &[u8]| u64::from_le_bytes(b.try_into().unwrap());
    data.chunks_exact(16).map(|e| (word(&e[..8]), word(&e[8..]))).take_while(|(tag, _)| *tag != 0).collect()
}

/// What Envoy and the dynamic linker see of a module is what it should be.
fn check(bytes: &[u8], what: &str) {
    let file = object::File::parse(bytes).unwrap();
    let mut hooks = BTreeSet::new();
    for symbol in file.dynamic_symbols() {
        let name = symbol.name().unwrap();
        if symbol.is_definition() {
            let hook = name.strip_prefix(HOOK).unwrap_or_else(|| panic!("{what} exports {name}"));
            hooks.insert(hook.to_owned());
        } else if !(name.is_empty() || symbol.is_weak() && WEAK_SYMBOLS.contains(&name)) {
            let listed = GLIBC_SYMBOLS.iter().find(|(listed, _)| *listed == name);
            let (_, minor) = listed.unwrap_or_else(|| panic!("{what} needs {name}"));
            assert!(*minor <= ENVOY_GLIBC, "{what} needs {name} of glibc 2.{minor}");
        }
    }
    for hook in REQUIRED {
        assert!(hooks.contains(*hook), "{what} lacks {hook}");
    }
    const DT_NEEDED: u64 = 1;
    const DT_TEXTREL: u64 = 22;
    const DT_FLAGS: u64 = 30;
    const DT_FLAGS_1: u64 = 0x6fff_fffb;
    const DT_VERNEED: u64 = 0x6fff_fffe;
    let dynamic = dynamic(bytes);
    for (tag, what_for) in [
        (DT_NEEDED, "needs a library"),
        (DT_TEXTREL, "has text relocations"),
        (DT_VERNEED, "needs versions of symbols"),
    ] {
        assert!(dynamic.iter().all(|(t, _)| *t != tag), "{what} {what_for}");
    }
    let flags = |tag| dynamic.iter().find(|(t, _)| *t == tag).map_or(0, |(_, value)| *value);
    const NODELETE: u64 = 8;
    assert!(flags(DT_FLAGS_1) & NODELETE != 0, "{what} could be unloaded");
    const BIND_NOW: u64 = 8;
    const NOW: u64 = 1;
    assert!(flags(DT_FLAGS) & BIND_NOW != 0 || flags(DT_FLAGS_1) & NOW != 0, "{what} is bound lazily");
    const STATIC_TLS: u64 = 16;
    assert!(
        flags(DT_FLAGS) & STATIC_TLS == 0,
        "{what} uses the static TLS block, which has room for some 20 modules"
    );
    assert!(file.section_by_name(".note.gnu.build-id").is_some(), "{what} has no build id");
    assert!(file.section_by_name(".eh_frame_hdr").is_some(), "{what} cannot be unwound");
}

#[test]
fn every_filter_links() {
    let dir = Dir::new("envoy-filters");
    let prebuilt = Path::new(env!("CARGO_MANIFEST_DIR")).join("../filters/prebuilt");
    let mut filters: Vec<PathBuf> = std::fs::read_dir(prebuilt).unwrap().map(|e| e.unwrap().path()).collect();
    filters.retain(|p| p.extension().is_some_and(|e| e == "wasm"));
    filters.sort();
    assert!(filters.len() >= 27, "{}", filters.len());
    for wasm in filters {
        let name = wasm.file_stem().unwrap().to_str().unwrap().to_owned();
        let bytes = module(&dir, wasm.to_str().unwrap(), "filter.so", &["--opt", "none", "--interruptible"]);
        check(&bytes, &name);
    }
}

#[test]
fn every_linker() {
    let dir = Dir::new("envoy-linkers");
    let mut sizes = Vec::new();
    for name in ["cc", "ld", "ld.lld"] {
        let path = linker(name);
        let path = path.to_str().unwrap();
        let once = module(&dir, &filter("add_header"), "once.so", &["--linker", path]);
        check(&once, name);
        assert!(
            once == module(&dir, &filter("add_header"), "twice.so", &["--linker", path]),
            "{name}: other bytes"
        );
        // By name, found on the PATH.
        assert!(
            once == module(&dir, &filter("add_header"), "named.so", &["--linker", name]),
            "{name}: other bytes"
        );
        sizes.push((name, once.len()));
    }
    println!("{sizes:?}");
    assert_eq!(dir.names(), ["named.so", "once.so", "twice.so"]);
}

/// A module in a process that is no Envoy.
const MAIN: &str = r#"
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
  void *module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!module) return fprintf(stderr, "%s\n", dlerror()), 1;
  const char *(*init)(void) = (const char *(*)(void))dlsym(module, "envoy_dynamic_module_on_program_init");
  if (!init) return fprintf(stderr, "%s\n", dlerror()), 2;
  if (dlsym(module, "nullvm_instance_new") || dlsym(module, "nullvm_envoy_plugin")) return 3;
  const char *version = init();
  puts(version ? version : "refused");
  /* It stays. */
  dlclose(module);
  return init() != 0;
}
"#;

fn run(dir: &Dir, program: &str, args: &[&str]) -> Output {
    let output = Command::new(program).args(args).current_dir(dir.path("")).output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_process_that_is_no_envoy() {
    let dir = Dir::new("envoy-dlopen");
    dir.write("main.c", MAIN);
    run(&dir, "cc", &["-Wall", "main.c", "-o", "main", "-ldl", "-lpthread"]);
    for name in ["cc", "ld.lld"] {
        module(&dir, &filter("add_header"), "filter.so", &["--linker", name]);
        let output = run(&dir, "./main", &["./filter.so"]);
        assert_eq!(output.stdout, b"refused\n");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("this Envoy does not offer log, log_enabled, "), "{message}");
        assert!(message.contains("Envoy 1.38 or newer"), "{message}");
    }
}

/// The list of symbols says when each came to glibc: as this machine's glibc has it.
#[test]
fn the_list_of_symbols_is_true() {
    // Since 2.34, everything is in one library.
    let candidates = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"];
    let Some(libc) = candidates.iter().find_map(|path| std::fs::read(path).ok()) else { return };
    let loader = ["/lib64/ld-linux-x86-64.so.2"].iter().find_map(|path| std::fs::read(path).ok()).unwrap();
    let mut first = std::collections::BTreeMap::<String, u32>::new();
    for library in [&libc, &loader] {
        for (name, minor) in versions(library) {
            let entry = first.entry(name).or_insert(minor);
            *entry = minor.min(*entry);
        }
    }
    if !first.contains_key("pthread_create") {
        println!("an old glibc of several libraries: not checked");
        return;
    }
    for (name, minor) in GLIBC_SYMBOLS {
        assert_eq!(first.get(*name), Some(minor), "{name}");
    }
}

/// Every defined symbol of a library and the minor number of its version GLIBC_2.x.
fn versions(bytes: &[u8]) -> Vec<(String, u32)> {
    use object::read::elf::{ElfFile64, FileHeader};
    let file = ElfFile64::<object::Endianness>::parse(bytes).unwrap();
    let endian = file.endian();
    let sections = file.elf_header().sections(endian, bytes).unwrap();
    let symbols = sections.symbols(endian, bytes, object::elf::SHT_DYNSYM).unwrap();
    let versions = sections.versions(endian, bytes).unwrap().unwrap();
    let mut found = Vec::new();
    for (index, symbol) in symbols.enumerate() {
        use object::read::elf::Sym;
        let version = versions.version(versions.version_index(endian, index)).ok().flatten();
        let Some(version) = version.map(|v| String::from_utf8_lossy(v.name()).into_owned()) else { continue };
        let Some(minor) = version.strip_prefix("GLIBC_2.") else { continue };
        let minor = minor.split('.').next().unwrap().parse().unwrap();
        if !symbol.is_undefined(endian) {
            let name = String::from_utf8_lossy(symbol.name(endian, symbols.strings()).unwrap()).into_owned();
            found.push((name, minor));
        }
    }
    found
}

#[test]
fn inspect_tells() {
    let dir = Dir::new("envoy-inspect");
    module(&dir, &filter("add_header"), "libadd_header.so", &["--interruptible"]);
    run(&dir, "cp", &["libadd_header.so", "stripped.so"]);
    run(&dir, "strip", &["-s", "stripped.so"]);
    assert!(dir.read("stripped.so").len() < dir.read("libadd_header.so").len());
    for name in ["libadd_header.so", "stripped.so"] {
        let text = nullvmc(["inspect", &dir.path(name)]).ok().out;
        for part in ["Envoy module", "plugin         add_header", "v0.2.0", "interruptible"] {
            assert!(text.contains(part), "{name}: {part:?} is not in\n{text}");
        }
        let report = nullvmc(["inspect", &dir.path(name), "--format", "json"]).ok().out;
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["kind"], "envoy_module");
        assert_eq!(report["envoy_abi"], "v0.2.0");
        assert_eq!(report["plugins"][0]["name"], "add_header");
        let wasm = std::fs::read(filter("add_header")).unwrap();
        let hash: String = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(wasm))
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(report["plugins"][0]["wasm_sha256"], hash.as_str());
        assert_eq!(report["target"], "x86_64-unknown-linux-gnu");
        assert_eq!(report["libraries_needed"].as_array().unwrap().len(), 0);
        assert!(report["hooks"].as_array().unwrap().len() >= REQUIRED.len());
    }
}

#[test]
fn what_is_done_can_be_seen() {
    let dir = Dir::new("envoy-verbose");
    let outcome =
        nullvmc(["compile", &filter("empty"), "--emit", "envoy-module", "-v", "-o", &dir.path("e.so")]).ok();
    for part in [
        "(envoy-module, ",
        "linker: /",
        "the first of cc, clang, gcc, ld.lld, ld on the PATH",
        "cc -shared -nostdlib -nostartfiles -o module.so plugin.o",
        "--defsym=nullvm_envoy_plugin=nullvm_plugin_empty",
        "-Wl,-z,nodelete",
        "exports.map: { global: envoy_dynamic_module_on_*; local: *; };",
    ] {
        assert!(outcome.err.contains(part), "{part:?} is not in\n{}", outcome.err);
    }
    // The default name, and beside other forms.
    let forms = ["compile", &filter("empty"), "--emit", "object,envoy-module", "-q", "-o", &dir.path("both")];
    nullvmc(forms).ok();
    check(&dir.read("both/libempty.so"), "beside an object");
    assert!(dir.read("both/empty.o").starts_with(b"\x7fELF"));
}

/// Runs the binary, with other variables than this process.
fn nullvmc_with(variables: &[(&str, &str)], args: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nullvmc"));
    let output = command.args(args).envs(variables.iter().copied()).output().unwrap();
    Outcome {
        code: output.status.code().unwrap_or(255) as u8,
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn linkers_that_are_none() {
    let dir = Dir::new("envoy-no-linker");
    let wasm = dir.write("good.wasm", plugin("", ""));
    let out = dir.path("good.so");
    let compile = ["compile", wasm.as_str(), "--emit", "envoy-module", "-o", out.as_str()];
    let with = |linker: &str| nullvmc([&compile[..], &["--linker", linker]].concat());

    let none = nullvmc_with(&[("PATH", &dir.path("nothing"))], &compile).error("no linker on the PATH");
    for part in ["looked for cc, clang, gcc, ld.lld, ld", "install", "gcc", "--linker", "NULLVM_LINKER"] {
        assert!(none.err.contains(part), "{part:?} is not in {}", none.err);
    }
    with("no-such-linker").error("cannot run the linker no-such-linker: no such file or directory");
    with(&dir.path("missing")).error("missing: no such file or directory");
    with(&dir.path("")).error("it is a directory");
    // A file that cannot be run; and programs that fail, that write nothing, that write something else.
    let failing = [
        ("notes", "", "permission denied", 0o644),
        ("fails", "#!/bin/sh\necho 'cannot find crt1.o' >&2\nexit 3\n", "cannot find crt1.o", 0o755),
        ("lazy", "#!/bin/sh\nexit 0\n", "no such file", 0o755),
        ("other", "#!/bin/sh\necho hello > module.so\n", "no ELF file", 0o755),
        ("killed", "#!/bin/sh\nkill -9 $$\n", "signal", 0o755),
    ];
    for (name, script, message, mode) in failing {
        use std::os::unix::fs::PermissionsExt;
        let path = dir.write(name, script);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        with(&path).error(message);
    }
    // What failed is shown, with the command.
    let failed = with(&dir.path("fails"));
    assert!(failed.err.contains("exit status: 3") && failed.err.contains("-nostdlib"), "{}", failed.err);
    nullvmc_with(&[("NULLVM_LINKER", &dir.path("fails"))], &compile).error("cannot find crt1.o");
    assert!(!dir.names().contains(&"good.so".to_owned()), "{:?}", dir.names());

    // A linker in a place with a difficult name, named by the variable; an option is stronger.
    let place = dir.path("a 'linker', \"here\"");
    std::os::unix::fs::symlink(linker("ld"), &place).unwrap();
    nullvmc_with(&[("NULLVM_LINKER", &dir.path("fails"))], &[&compile[..], &["--linker", "ld"]].concat())
        .ok();
    check(&dir.read("good.so"), "with --linker");
    let verbose = [&compile[..], &["-v", "--linker", "ld"]].concat();
    assert!(nullvmc(verbose).ok().err.contains("ld -m elf_x86_64 -shared -o module.so"));
}

#[test]
fn outputs_that_cannot_be() {
    let dir = Dir::new("envoy-outputs");
    let wasm = dir.write("a 'strange' \"name\".wasm", plugin("", ""));
    let compile =
        |args: &[&str]| nullvmc([&["compile", wasm.as_str(), "--emit", "envoy-module"], args].concat());
    compile(&["-o", &dir.path("no/such/place.so")]).error("no such file");
    assert_eq!(compile(&["-o", &wasm]).code, 2);
    assert_eq!(compile(&["-o", "-"]).code, 2);
    compile(&["-o", "/dev/full"]).error("the disk is full");
    for target in ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-musl"] {
        let outcome = compile(&["--target", target, "-o", &dir.path("x.so")]);
        assert_eq!(outcome.code, 2);
        assert!(outcome.err.contains("x86_64-unknown-linux-gnu only"), "{}", outcome.err);
    }
    compile(&["--sysroot", &dir.path("none"), "-o", &dir.path("x.so")])
        .error("none/lib/nullvm/x86_64-unknown-linux-gnu/libnullvm_envoy_module.a");
    compile(&["--name", "a b", "-o", &dir.path("x.so")]).error("a b");
    assert_eq!(dir.names(), ["a 'strange' \"name\".wasm"]);
    // The file's name is that of a symbol, whatever it was.
    compile(&["-q", "-o", &dir.path("")]).ok();
    assert_eq!(dir.names(), ["a 'strange' \"name\".wasm", "liba__strange___name_.so"]);
    // A directory for temporary files that is none.
    let out = dir.path("y.so");
    let missing = nullvmc_with(
        &[("TMPDIR", &dir.path("missing"))],
        &["compile", &wasm, "--emit", "envoy-module", "-o", &out],
    );
    missing.error("no such file");
}

#[test]
fn damaged_modules() {
    let dir = Dir::new("envoy-damaged");
    let whole = module(&dir, &filter("empty"), "whole.so", &[]);
    let mut random = Random(7);
    let file = dir.path("damaged.so");
    for round in 0..120 {
        let mut bytes = whole.clone();
        if round % 3 == 0 {
            bytes.truncate(random.below(whole.len()));
        }
        for _ in 0..1 + random.below(4) {
            // Headers are at both ends.
            let area = [200, bytes.len(), 4000][random.below(3)].min(bytes.len());
            let at = if round % 2 == 0 {
                random.below(area.max(1))
            } else {
                bytes.len() - 1 - random.below(area.max(1))
            };
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.next() as u8;
            }
        }
        dir.write("damaged.so", bytes);
        let outcome = nullvmc(["inspect", &file, "--format", "json"]);
        assert!(outcome.code <= 1, "round {round}: {}", outcome.err);
    }
    // The note without the plugin's metadata.
    let mut bytes = whole.clone();
    while let Some(at) = bytes.windows(8).position(|w| w == b"NULLVM\0m") {
        bytes[at] = b'n';
    }
    dir.write("damaged.so", bytes);
    nullvmc(["inspect", &file]).error("without the metadata of its plugin empty");
}
