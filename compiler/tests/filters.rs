//! Every prebuilt filter compiles in every mode, with Cranelift's own verifier and register allocation checker on.

use nullvm_compiler::{Bounds, Options, Traps, compile, emit};

fn filters() -> Vec<(String, Vec<u8>)> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../filters/prebuilt");
    let mut filters: Vec<_> = std::fs::read_dir(dir)
        .expect("filters/prebuilt")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "wasm"))
        .map(|p| (p.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap()))
        .collect();
    filters.sort();
    assert!(filters.len() >= 12, "the prebuilt filters are missing");
    filters
}

#[test]
fn every_filter_compiles_in_every_mode() {
    for (name, wasm) in filters() {
        for bounds in [Bounds::Guard, Bounds::Explicit] {
            for traps in [Traps::Signal, Traps::Call] {
                let options = Options {
                    name: name.clone(),
                    bounds,
                    traps,
                    interruptible: traps == Traps::Call,
                    verify: wasm.len() < 1_000_000,
                    ..Options::default()
                };
                let module = compile(&wasm, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
                let meta = &module.meta;
                // The blob is read back by the reader that the shim uses.
                let aligned: Vec<u128> = meta
                    .chunks(16)
                    .map(|c| u128::from_le_bytes(c.try_into().expect("a multiple of 16")))
                    .collect();
                let view = aligned_bytes(&aligned);
                let parsed = plugin_abi::Meta::parse(view, module.text.len() as u64)
                    .unwrap_or_else(|e| panic!("{name}: {e:?}"));
                assert_eq!(parsed.functions.len() - parsed.imports.len(), module.summary.functions);
                emit::image(&module).unwrap_or_else(|e| panic!("{name}: {e}"));
                emit::object(&module).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
        }
    }
}

fn aligned_bytes(words: &[u128]) -> &[u8] {
    let len = size_of_val(words);
    // SAFETY: any initialised memory is bytes, and the slice lives as long as the words.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), len) }
}

/// Same input and options, same bytes, whatever the number of jobs.
#[test]
fn output_is_deterministic() {
    let (name, wasm) = filters().into_iter().find(|(n, _)| n == "add_header").expect("add_header");
    let build = |jobs| {
        let options = Options { name: name.clone(), jobs, ..Options::default() };
        let module = compile(&wasm, &options).expect("compiles");
        (emit::image(&module).expect("image"), emit::object(&module).expect("object"))
    };
    let one = build(1);
    for jobs in [0, 2, 3, 8] {
        assert!(one == build(jobs), "{jobs} jobs give other bytes than one");
    }
}

/// Objects for aarch64 are what they say, as far as can be told without running them.
#[test]
fn objects_for_aarch64_parse() {
    use object::{Object, ObjectSymbol};
    let (name, wasm) = filters().into_iter().find(|(n, _)| n == "add_header").expect("add_header");
    let target = Some("aarch64-unknown-linux-gnu".to_owned());
    let module = compile(&wasm, &Options { name, target, ..Options::default() }).expect("compiles");
    let bytes = emit::object(&module).expect("an object");
    let file = object::File::parse(&*bytes).expect("it parses");
    assert_eq!(file.architecture(), object::Architecture::Aarch64);
    assert!(file.section_by_name(".eh_frame").is_some());
    let global: Vec<_> = file
        .symbols()
        .filter(|s| s.is_global() && s.is_definition())
        .map(|s| s.name().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(global, ["nullvm_plugin_add_header"]);
    let undefined = file.symbols().filter(|s| s.is_undefined() && !s.name().unwrap_or_default().is_empty());
    assert!(undefined.into_iter().all(|s| s.name().unwrap_or_default().starts_with("nullvm_")));
}
