//! Objects for targets that nothing here runs: parsed back, and every reference in them looked at.

use nullvm_compiler::{CompileError, Options, compile, emit};
use object::{Architecture, BinaryFormat, Object, ObjectSection, ObjectSymbol, RelocationTarget};

fn filter(name: &str) -> Vec<u8> {
    let path = format!("{}/../filters/prebuilt/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn object_for(name: &str, target: &str) -> Result<Vec<u8>, CompileError> {
    let options = Options { name: name.to_owned(), target: Some(target.to_owned()), ..Options::default() };
    emit::object(&compile(&filter(name), &options)?)
}

#[test]
fn objects_parse_back() {
    for (target, format, architecture, prefix) in [
        ("x86_64-unknown-linux-gnu", BinaryFormat::Elf, Architecture::X86_64, ""),
        ("aarch64-unknown-linux-gnu", BinaryFormat::Elf, Architecture::Aarch64, ""),
        ("riscv64gc-unknown-linux-gnu", BinaryFormat::Elf, Architecture::Riscv64, ""),
        ("x86_64-apple-darwin", BinaryFormat::MachO, Architecture::X86_64, "_"),
        ("aarch64-apple-darwin", BinaryFormat::MachO, Architecture::Aarch64, "_"),
    ] {
        for name in ["add_header", "trap", "add_header_cpp"] {
            let bytes = object_for(name, target).unwrap_or_else(|e| panic!("{target} {name}: {e}"));
            let file = object::File::parse(&*bytes).unwrap();
            assert_eq!((file.format(), file.architecture()), (format, architecture), "{target}");
            let global: Vec<&str> = file
                .symbols()
                .filter(|s| s.is_global() && s.is_definition())
                .map(|s| s.name().unwrap())
                .collect();
            assert_eq!(global, [format!("{prefix}nullvm_plugin_{name}")], "{target}");
            let undefined: Vec<&str> = file
                .symbols()
                .filter(ObjectSymbol::is_undefined)
                .map(|s| s.name().unwrap())
                .filter(|n| !n.is_empty())
                .collect();
            assert!(undefined.len() > 5, "{target}");
            let ours = format!("{prefix}nullvm_");
            assert!(undefined.iter().all(|n| n.starts_with(&ours)), "{target}: {undefined:?}");
            // Every reference lies in its section and names a symbol or section that is there.
            let mut references = 0;
            for section in file.sections() {
                for (offset, relocation) in section.relocations() {
                    assert!(offset + 4 <= section.size(), "{target}");
                    match relocation.target() {
                        RelocationTarget::Symbol(index) => drop(file.symbol_by_index(index).unwrap()),
                        RelocationTarget::Section(index) => drop(file.section_by_index(index).unwrap()),
                        other => panic!("{target}: {other:?}"),
                    }
                    references += 1;
                }
            }
            assert!(references > 20, "{target}: {references}");
            // One text, under its functions' names.
            let text =
                file.sections().filter(|s| s.kind() == object::SectionKind::Text && s.size() > 0).count();
            assert_eq!(text, 1, "{target}");
            let functions =
                file.symbols().filter(|s| s.name().unwrap().starts_with(&format!("{prefix}{name}.")));
            assert!(functions.count() > 50, "{target}");
        }
    }
}

/// What the shim's trampoline relies on: where a callback has its parameters and its result.
#[test]
fn callbacks_have_their_parameters_in_registers() {
    let registers = [
        ("x86_64", ["rsi", "rdx", "rcx", "r8", "r9"].map(|r| format!("movq %{r}, %rax"))),
        ("aarch64", ["x3", "x4", "x5", "x6", "x7"].map(|r| format!("mov x2, {r}"))),
    ];
    for (architecture, moves) in registers {
        for (i, expected) in moves.into_iter().enumerate() {
            let text = format!("(module (func (param i32 i32 i32 i32 i32) (result i32) (local.get {i})))");
            let options = Options {
                target: Some(format!("{architecture}-unknown-linux-gnu")),
                checks: false,
                keep_asm: true,
                ..Options::default()
            };
            let module = compile(&wat::parse_str(text).unwrap(), &options).unwrap();
            let asm = module.functions[0].asm.as_deref().unwrap();
            let tidy: Vec<&str> = asm.split_whitespace().collect();
            assert!(tidy.join(" ").contains(&expected), "{architecture}: no {expected} in\n{asm}");
        }
    }
}

/// More results than any convention has registers for, and as many as one has.
#[test]
fn any_number_of_results() {
    for architecture in ["x86_64", "aarch64", "riscv64gc"] {
        for n in 1..=12 {
            let (types, values) = ("i64 ".repeat(n), "(i64.const 1) ".repeat(n));
            let text =
                format!("(module (func $f (result {types}) {values}) (func (result {types}) (call $f)))");
            let target = Some(format!("{architecture}-unknown-linux-gnu"));
            let options = Options { target, checks: false, ..Options::default() };
            if let Err(e) = compile(&wat::parse_str(text).unwrap(), &options) {
                panic!("{architecture}, {n} results: {e}");
            }
        }
    }
}

#[test]
fn targets_that_cannot_be_right_are_refused() {
    for (target, part) in [
        ("s390x-unknown-linux-gnu", "not a little-endian target"),
        ("wasm32-unknown-unknown", "supported are x86_64, aarch64 and riscv64"),
        ("i686-unknown-linux-gnu", "supported are x86_64, aarch64 and riscv64"),
        ("vax", "unknown target"),
    ] {
        let error = object_for("add_header", target).unwrap_err().to_string();
        assert!(error.contains(part), "{target}: {error}");
    }
    // No image without a loader for it.
    let options = Options { target: Some("riscv64gc-unknown-linux-gnu".into()), ..Options::default() };
    let module = compile(&filter("add_header"), &options).unwrap();
    let error = emit::image(&module).unwrap_err().to_string();
    assert!(error.contains("images for riscv64"), "{error}");
}
