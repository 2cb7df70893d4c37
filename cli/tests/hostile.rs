//! Hostile input to the commands: one clear error, exit code 1, no output file, no panic.
//!
//! Commands run in this process: a panic shows as exit code 101, a stack overflow kills the test.

mod common;

use common::{Dir, Random, nullvmc, plugin, wat};
use wasm_encoder as enc;

/// Compiles to every form and says what happened; an error leaves nothing behind.
#[track_caller]
fn compile(dir: &Dir, file: &str, more: &[&str]) -> common::Outcome {
    let before = dir.names();
    let out = dir.path("out");
    let mut args = vec!["compile", file, "--emit", "object,image,clif", "-o", &out, "--name", "p"];
    args.extend(more);
    let outcome = nullvmc(args);
    if outcome.code == 0 {
        std::fs::remove_dir_all(out).unwrap();
    }
    assert_eq!(dir.names(), before, "{}", outcome.err);
    outcome
}

#[track_caller]
fn refused(name: &str, bytes: &[u8], why: &str) {
    let dir = Dir::new(&format!("refused-{name}"));
    let file = dir.write("bad.wasm", bytes);
    let outcome = compile(&dir, &file, &[]).error(why);
    assert!(outcome.err.starts_with(&format!("error: cannot compile {file}: ")), "{}", outcome.err);
    // What is wrong with a plugin is reported, what is wrong with a module is an error.
    let inspected = nullvmc(["inspect", &file]);
    match inspected.code {
        0 => assert!(
            inspected.out.contains("compiles       no: ") || !outcome.err.contains("plugin"),
            "{}",
            inspected.out
        ),
        _ => drop(inspected.error("error: cannot inspect ")),
    }
}

#[track_caller]
fn accepted(name: &str, bytes: &[u8]) {
    let dir = Dir::new(&format!("accepted-{name}"));
    let file = dir.write("good.wasm", bytes);
    compile(&dir, &file, &[]).ok();
    nullvmc(["inspect", &file, "--format", "json"]).ok();
}

#[test]
fn truncated_at_each_byte() {
    let whole = plugin(
        r#"(type (func (param i32))) (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))"#,
        r#"(table 1 funcref) (global (mut i32) i32.const 5) (elem (i32.const 0) 0)
           (func (export "proxy_on_log") (param i32) (local i64 f32) block loop br 0 end end)"#,
    );
    let dir = Dir::new("truncated");
    let file = dir.write("whole.wasm", &whole);
    compile(&dir, &file, &[]).ok();
    for length in 0..whole.len() {
        let file = dir.write("part.wasm", &whole[..length]);
        let outcome = compile(&dir, &file, &[]).error("cannot compile");
        assert_eq!(outcome.err.lines().count(), 1, "{length} bytes: {}", outcome.err);
        // The start of a module that ends between two sections can be a module.
        let inspected = nullvmc(["inspect", &file]);
        assert!(inspected.code <= 1, "{length} bytes: {}", inspected.err);
    }
}

#[test]
fn garbage() {
    let dir = Dir::new("garbage");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let whole = plugin(
        "",
        r#"(func (export "proxy_on_log") (param i32) block loop br 0 end end) (data (i32.const 8) "abc")"#,
    );
    for round in 0..600 {
        let bytes = match round % 3 {
            // Anything.
            0 => (0..random.below(300)).map(|_| random.next() as u8).collect(),
            // Anything that calls itself a module.
            1 => [b"\0asm\x01\0\0\0".to_vec(), (0..random.below(300)).map(|_| random.next() as u8).collect()]
                .concat(),
            // A module with some bytes changed.
            _ => {
                let mut bytes = whole.clone();
                for _ in 0..1 + random.below(4) {
                    let at = random.below(bytes.len());
                    bytes[at] = random.next() as u8;
                }
                bytes
            }
        };
        let file = dir.write("garbage.wasm", &bytes);
        let outcome = compile(&dir, &file, &["--stub-unknown-imports"]);
        assert!(outcome.code == 0 || outcome.code == 1, "round {round}: {} {}", outcome.code, outcome.err);
        let inspected = nullvmc(["inspect", &file, "--format", "json"]);
        assert!(inspected.code <= 1, "round {round}: {}", inspected.err);
    }
}

#[test]
fn no_module() {
    refused("empty", b"", "the file is empty");
    refused("text", b"(module (func))", "WebAssembly text");
    refused("noise", b"hello", "does not start with \\0asm");
    refused("elf", b"\x7fELF\x02\x01\x01", "ELF");
    refused("component", b"\0asm\x0d\0\x01\0", "component");
    refused("version", b"\0asm\x02\0\0\0", "unknown binary version");
    refused("sections", b"\0asm\x01\0\0\0\xff\xff\xff\xff\xff", "byte 0x");
}

#[test]
fn no_plugin() {
    refused("no-abi", &wat(r#"(module (memory (export "memory") 1))"#), "exports no ABI version");
    refused(
        "command",
        &wat(r#"(module (memory (export "memory") 1) (func (export "_start")))"#),
        "WASI command",
    );
    refused(
        "other-abi",
        &wat(r#"(module (memory (export "memory") 1) (func (export "proxy_abi_version_9_9_9")))"#),
        "proxy_abi_version_9_9_9",
    );
    refused(
        "no-allocator",
        &wat(r#"(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1")))"#),
        "neither malloc nor proxy_on_memory_allocate",
    );
    refused(
        "no-memory",
        &wat(
            r#"(module (func (export "proxy_abi_version_0_2_1")) (func (export "malloc") (param i32) (result i32) unreachable))"#,
        ),
        "no linear memory",
    );
    refused("wasm64", &wat(r#"(module (memory (export "memory") i64 1))"#), "wasm64");
    refused("signature", &plugin("", r#"(func (export "proxy_on_log") (param i64))"#), "proxy_on_log");
    refused(
        "no-function",
        &plugin("", r#"(global (export "proxy_on_log") i32 i32.const 0)"#),
        "proxy_on_log",
    );
    refused(
        "import-type",
        &plugin(r#"(import "env" "proxy_log" (func (param i64)))"#, ""),
        "expected (i32, i32, i32) -> (i32)",
    );
    refused("memory-import", &wat(r#"(module (import "env" "mem" (memory 1)))"#), "env.mem: a memory");
    refused("table-import", &wat(r#"(module (import "env" "tab" (table 1 funcref)))"#), "env.tab: a table");
    refused("global-import", &wat(r#"(module (import "env" "glob" (global i32)))"#), "env.glob: a global");
    refused("duplicate", DUPLICATE_EXPORT, "duplicate export name");
}

/// `(module (func) (export "a" (func 0)) (export "a" (func 0)))`, which no tool writes.
const DUPLICATE_EXPORT: &[u8] =
    b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x09\x02\x01a\0\0\x01a\0\0\x0a\x04\x01\x02\0\x0b";

#[test]
fn all_unknown_imports_at_once() {
    let bytes = plugin(
        r#"(import "env" "one" (func)) (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
           (import "other" "two" (func (param f32))) (import "env" "fd_write" (func))"#,
        "",
    );
    let dir = Dir::new("imports");
    let file = dir.write("bad.wasm", &bytes);
    let outcome = compile(&dir, &file, &[]).error("3 imports cannot be bound");
    for import in ["env.one", "other.two", "env.fd_write", "--stub-unknown-imports"] {
        assert!(outcome.err.contains(import), "{import}: {}", outcome.err);
    }
    compile(&dir, &file, &["--stub-unknown-imports"]).ok();
    let report = nullvmc(["inspect", &file, "--format", "json"]).ok().out;
    assert_eq!(report.matches("\"status\": \"unknown\"").count(), 3, "{report}");
    assert_eq!(report.matches("\"status\": \"bound\"").count(), 1, "{report}");
}

#[test]
fn giant_sizes() {
    let memory = |limits: &str| {
        wat(&format!(
            r#"(module (memory (export "memory") {limits}) (func (export "proxy_abi_version_0_2_1"))
               (func (export "malloc") (param i32) (result i32) unreachable))"#
        ))
    };
    refused("memory", &memory("65536"), "65536 pages");
    refused("memory-65537", &giant_memory(65537), "memory");
    accepted("memory-1g", &memory("16384 65536"));
    refused("data", &plugin("", r#"(data (i32.const 65535) "xy")"#), "data segment 0");
    refused("data-negative", &plugin("", r#"(data (i32.const -1) "x")"#), "data segment 0");
    accepted("data-end", &plugin("", r#"(data (i32.const 65534) "xy")"#));
    // Tables are made when the plugin is loaded, so that their size is a matter of limits there; the compiler must not
    // take the memory.
    let table = plugin("", "(table 4000000000 funcref)");
    let dir = Dir::new("table");
    let file = dir.write("table.wasm", table);
    let outcome = compile(&dir, &file, &[]);
    assert!(outcome.code <= 1, "{}", outcome.err);
    nullvmc(["inspect", &file]);
    // Counts that the file cannot hold.
    for section in [1u8, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12] {
        let bytes = [b"\0asm\x01\0\0\0", &[section, 5][..], b"\xff\xff\xff\xff\x0f"].concat();
        refused(&format!("count-{section}"), &bytes, "byte 0x");
    }
}

fn giant_memory(pages: u64) -> Vec<u8> {
    let mut memories = enc::MemorySection::new();
    memories.memory(enc::MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut module = enc::Module::new();
    module.section(&memories);
    module.finish()
}

/// A plugin with one more function.
fn with_function(function: &enc::Function) -> Vec<u8> {
    use enc::ValType::I32;
    let mut types = enc::TypeSection::new();
    types.ty().function([], []);
    types.ty().function([I32], [I32]);
    let mut functions = enc::FunctionSection::new();
    functions.function(0).function(1).function(0);
    let mut memories = enc::MemorySection::new();
    memories.memory(enc::MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut exports = enc::ExportSection::new();
    exports
        .export("memory", enc::ExportKind::Memory, 0)
        .export("proxy_abi_version_0_2_1", enc::ExportKind::Func, 0)
        .export("malloc", enc::ExportKind::Func, 1);
    let mut empty = enc::Function::new([]);
    empty.instruction(&enc::Instruction::End);
    let mut malloc = enc::Function::new([]);
    malloc.instruction(&enc::Instruction::I32Const(1024)).instruction(&enc::Instruction::End);
    let mut code = enc::CodeSection::new();
    code.function(&empty).function(&malloc).function(function);
    let mut module = enc::Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code);
    module.finish()
}

#[test]
fn many_locals() {
    let locals = |n| {
        let mut function = enc::Function::new([(n, enc::ValType::I64)]);
        function.instruction(&enc::Instruction::End);
        with_function(&function)
    };
    accepted("locals", &locals(50_000));
    refused("locals", &locals(50_001), "too many locals");
    refused("locals-4g", &locals(u32::MAX), "too many locals");
}

#[test]
fn deep_nesting() {
    for (name, depth) in [("nesting-700", 700), ("nesting-20000", 20_000)] {
        let mut function = enc::Function::new([]);
        for i in 0..depth {
            match i % 3 {
                0 => function.instruction(&enc::Instruction::Block(enc::BlockType::Empty)),
                1 => function.instruction(&enc::Instruction::Loop(enc::BlockType::Empty)),
                _ => function
                    .instruction(&enc::Instruction::I32Const(1))
                    .instruction(&enc::Instruction::If(enc::BlockType::Empty)),
            };
        }
        function.instruction(&enc::Instruction::Br(depth / 2));
        for _ in 0..=depth {
            function.instruction(&enc::Instruction::End);
        }
        accepted(name, &with_function(&function));
    }
    // One expression: as deep as the operand stack.
    let mut function = enc::Function::new([(1, enc::ValType::I32)]);
    for _ in 0..20_000 {
        function.instruction(&enc::Instruction::LocalGet(0));
    }
    for _ in 0..19_999 {
        function.instruction(&enc::Instruction::I32Sub);
    }
    function.instruction(&enc::Instruction::Drop).instruction(&enc::Instruction::End);
    accepted("expression", &with_function(&function));
    let mut open = enc::Function::new([]);
    open.instruction(&enc::Instruction::Block(enc::BlockType::Empty));
    refused("unclosed", &with_function(&open), "byte 0x");
}

#[test]
fn a_short_name_that_stands_for_a_long_one() {
    let mut ty = String::from("1a");
    for level in 0..40 {
        let back = match level {
            0 => "S_".to_owned(),
            n => format!("S{}_", std::char::from_digit(n - 1, 36).unwrap_or('Z').to_ascii_uppercase()),
        };
        ty = format!("1pI{ty}{back}E");
    }
    let text = common::plugin_text("", &format!("(func $_Z1f{ty})"));
    accepted("name", &wat(&text));
}

#[test]
fn files_that_are_none() {
    let dir = Dir::new("files");
    let missing = dir.path("missing.wasm");
    nullvmc(["compile", &missing]).error("no such file");
    nullvmc(["inspect", &missing]).error("no such file");
    let directory = dir.path("");
    nullvmc(["compile", &directory]).error("it is a directory");
    nullvmc(["inspect", &directory]).error("it is a directory");
    assert_eq!(dir.names(), [""; 0]);
}

#[test]
fn outputs_that_cannot_be() {
    let dir = Dir::new("outputs");
    let file = dir.write("good.wasm", plugin("", ""));
    let before = dir.names();
    nullvmc(["compile", &file, "-o", &dir.path("no/such/place.o")]).error("no such file");
    nullvmc(["compile", &file, "-o", &dir.path("good.wasm/x.o")]).error("ot a directory");
    nullvmc(["compile", &file, "-o", "/dev/full"]).error("the disk is full");
    nullvmc(["compile", &file, "-o", "/proc/nullvmc.o"]).error("cannot write /proc/nullvmc.o");
    nullvmc(["compile", &file, "--emit", "object,image", "-o", &dir.path("no/such")]).error("no such file");
    let onto_itself = nullvmc(["compile", &file, "-o", &file]);
    assert_eq!((onto_itself.code, onto_itself.out.as_str()), (2, ""));
    assert!(onto_itself.err.contains("is the input"), "{}", onto_itself.err);
    let binary = nullvmc(["compile", &file, "-o", "-"]);
    assert_eq!(binary.code, 2);
    assert_eq!(dir.names(), before);
    assert_eq!(dir.read("good.wasm"), plugin("", ""));
}

#[test]
fn options_that_make_no_sense() {
    let dir = Dir::new("options");
    let file = dir.write("good.wasm", plugin("", ""));
    for (options, why) in [
        (["--target", "vax-dec-vms"].as_slice(), "vax"),
        (&["--target", "riscv64gc-unknown-linux-gnu"], "riscv64"),
        (&["--cpu", "i486"], "unknown CPU"),
        (&["--cpu-features", "turbo"], "turbo"),
        (&["--cpu-features", "-sse42"], "baseline"),
    ] {
        compile(&dir, &file, options).error(why);
    }
    for options in
        [["--opt", "9"], ["--emit", "exe"], ["--jobs", "0"], ["--bounds", "none"], ["--name", "a b"]]
    {
        let outcome = nullvmc(["compile", &file, options[0], options[1], "-o", &dir.path("x")]);
        assert!(
            outcome.code == 2 || options[0] == "--name" && outcome.code == 1,
            "{options:?}: {}",
            outcome.err
        );
        assert!(outcome.err.starts_with("error: "), "{}", outcome.err);
    }
    assert_eq!(dir.names(), ["good.wasm"]);
}

/// A plugin's symbol must not be one of the runtime's functions.
#[test]
fn names_of_the_runtime() {
    let dir = Dir::new("names");
    let file = dir.write("good.wasm", plugin("", ""));
    let header =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime-shim/include/nullvm.h"))
            .unwrap();
    let mut tried = 0;
    for part in header.split("nullvm_plugin_").skip(1) {
        let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if part[name.len()..].starts_with('(') {
            nullvmc(["compile", &file, "--name", &name, "-o", &dir.path("x.o")]).error("runtime");
            tried += 1;
        }
    }
    assert!(tried >= 3);
    assert_eq!(dir.names(), ["good.wasm"]);
}

#[test]
fn damaged_artifacts() {
    let dir = Dir::new("damaged");
    let file = dir.write(
        "good.wasm",
        plugin("", r#"(func (export "proxy_on_log") (param i32)) (data (i32.const 8) "abc")"#),
    );
    nullvmc(["compile", &file, "--emit", "object,image,archive", "-o", &dir.path(""), "-q"]).ok();
    let mut random = Random(42);
    for name in ["good.o", "good.nvm", "libgood.a"] {
        let whole = dir.read(name);
        nullvmc(["inspect", &dir.path(name)]).ok();
        let step = 1 + whole.len() / 600;
        for length in (0..whole.len()).step_by(step) {
            let file = dir.write("part", &whole[..length]);
            let outcome = nullvmc(["inspect", &file]);
            // An archive without its last padding byte or without the shim is still one.
            assert!(
                outcome.code == 1 || name == "libgood.a" && outcome.code == 0,
                "{name}, {length} bytes: {}",
                outcome.out
            );
        }
        for round in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random.below(3) {
                // Headers are at the start, symbols at the end.
                let area = [200, whole.len(), whole.len()][random.below(3)].min(whole.len());
                let at = random.below(area);
                bytes[at] = random.next() as u8;
            }
            let file = dir.write("flipped", &bytes);
            let outcome = nullvmc(["inspect", &file, "--format", "json"]);
            assert!(outcome.code <= 1, "{name}, round {round}: {}", outcome.err);
            assert!(
                name != "good.nvm" || outcome.code == 1 || bytes == whole,
                "a changed image passes in round {round}"
            );
        }
    }
    nullvmc(["inspect", &dir.write("empty.a", "!<arch>\n")]).error("archive without");
    nullvmc(["inspect", "/proc/self/exe"]).error("an ELF file without a plugin");
}
