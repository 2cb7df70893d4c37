//! `include/nullvm.h` is what the sources say. `BLESS=1` writes it.

use plugin_abi::{ABI_VERSION, CALLBACKS, TrapCode};
use std::fmt::Write;
use std::path::Path;

/// `OnRequestHeaders` as `ON_REQUEST_HEADERS`.
fn screaming(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// What comes from the tables of `plugin-abi`, which cbindgen does not see, and the types that C cannot look into.
fn tables() -> String {
    let mut text = format!(
        "/* Version of the interface between plugins and the runtime. */\n#define NULLVM_ABI_VERSION {ABI_VERSION}\n\n"
    );
    for opaque in ["plugin_descriptor", "plugin", "instance", "interrupt_handle"] {
        writeln!(text, "typedef struct nullvm_{opaque}_t nullvm_{opaque}_t;").unwrap();
    }
    text.push_str(
        "\n/* What an object of nullvmc defines for a plugin. */\n\
         #define NULLVM_DECLARE_PLUGIN(name) extern const nullvm_plugin_descriptor_t nullvm_plugin_##name\n\n\
         /* A value of the guest: 16 bytes, little-endian, of which a type uses the first ones. */\n\
         typedef struct {\n#ifdef __cplusplus\n  alignas(16)\n#else\n  _Alignas(16)\n#endif\n  uint8_t bytes[16];\n} nullvm_value_t;\n\n\
         /* Why a guest stopped. */\ntypedef enum {\n",
    );
    for code in TrapCode::ALL {
        let name = screaming(&format!("{code:?}"));
        writeln!(text, "  /* {} */\n  NULLVM_TRAP_{name} = {},", code.message(), code as u32).unwrap();
    }
    text.push_str("} nullvm_trap_t;\n\n/* What a host may call. */\ntypedef enum {\n");
    for callback in CALLBACKS {
        let name = screaming(&format!("{:?}", callback.id));
        let result = if callback.result { "uint32_t" } else { "void" };
        let params = vec!["uint32_t"; callback.params as usize].join(", ");
        writeln!(
            text,
            "  /* {result} {}({params}) */\n  NULLVM_CALLBACK_{name} = {},",
            callback.name, callback.id as u32
        )
        .unwrap();
    }
    text.push_str("} nullvm_callback_t;");
    text
}

#[test]
fn header_is_current() {
    let shim = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = shim.parent().unwrap();
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    config.after_includes = Some(tables());
    let mut builder = cbindgen::Builder::new().with_config(config);
    // The modules below `c_api` are found from there.
    for source in ["host.rs", "c_api/mod.rs"] {
        builder = builder.with_src(shim.join("src").join(source));
    }
    let bindings = builder.generate().unwrap();
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text)
        .unwrap()
        .replace("NULLVM_RESULT_T_", "NULLVM_RESULT_")
        .replace("NULLVM_STATUS_T_", "NULLVM_STATUS_")
        .replace(" # Safety\n", " Requirements:\n")
        .replace("[`Status::Ok`]", "NULLVM_STATUS_OK")
        .replace("[`Status::NotFound`]", "NULLVM_STATUS_NOT_FOUND")
        .replace("[`Status::InternalFailure`]", "NULLVM_STATUS_INTERNAL_FAILURE")
        .replace("[`plugin_abi::TrapCode::Host`]", "NULLVM_TRAP_HOST");
    for (n, line) in text.lines().enumerate() {
        assert!(!line.contains("[`") && !line.contains("::"), "line {}: Rust shows through: {line}", n + 1);
    }
    let declarations =
        |name: &str| text.lines().filter(|l| l.contains(name) && !l.starts_with([' ', '/'])).count();
    for function in ["nullvm_plugin_load(", "nullvm_instance_new(", "nullvm_instance_interrupt("] {
        assert_eq!(declarations(function), 1, "{function}) is declared another number of times than once");
    }
    let path = shim.join("include/nullvm.h");
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == checked_in,
        "nullvm.h is not what the sources say: run BLESS=1 cargo test -p nullvm-shim --test header"
    );
}

#[test]
fn header_compiles_as_c_and_cpp() {
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    for (compiler, language) in [("cc", "c"), ("c++", "c++")] {
        let result = std::process::Command::new(compiler)
            .args([
                "-x",
                language,
                "-Wall",
                "-Wextra",
                "-Werror",
                "-fsyntax-only",
                "-include",
                "nullvm.h",
                "/dev/null",
                "-I",
            ])
            .arg(&include)
            .status();
        // A machine without a compiler for it cannot say anything about the header.
        if let Ok(status) = result {
            assert!(status.success(), "{compiler}");
        }
    }
}
