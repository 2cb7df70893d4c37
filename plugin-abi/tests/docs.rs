//! `docs/host-functions.md` is made from the tables; `BLESS=1` writes it anew.

use plugin_abi::{AbiVersion, CALLBACKS, HOST_FUNCTIONS, ImportModule, LIBCALLS, TrapCode};
use std::fmt::Write;

fn versions(contains: impl Fn(AbiVersion) -> bool) -> String {
    let names: Vec<_> =
        AbiVersion::ALL.into_iter().filter(|v| contains(*v)).map(AbiVersion::as_str).collect();
    if names.len() == AbiVersion::ALL.len() { "all".to_owned() } else { names.join(", ") }
}

fn page() -> String {
    let mut out = String::from(
        "# What a plugin can import and export\n\nMade from the tables in `plugin-abi/`; do not edit \
         (`BLESS=1 cargo test -p nullvm-plugin-abi`).\n",
    );
    for (module, title) in [(ImportModule::Env, "Imports from `env`"), (ImportModule::Wasi, "WASI preview 1")]
    {
        let names: Vec<_> = module.names().iter().map(|n| format!("`{n}`")).collect();
        let _ = writeln!(
            out,
            "\n## {title}\n\nImported from {}. \"Init\" and \"allocator\" say where a function may be called besides callbacks.\n\n\
             | function | parameters | result | ABI versions | also in |\n|---|---|---|---|---|",
            names.join(" or ")
        );
        for f in HOST_FUNCTIONS.iter().filter(|f| f.module == module) {
            let params: Vec<_> =
                f.param_names.iter().zip(f.params).map(|(n, t)| format!("{n}: {}", t.as_str())).collect();
            let mut phases = Vec::new();
            if f.phases.in_init() {
                phases.push("init");
            }
            if f.phases.in_allocator() {
                phases.push("allocator");
            }
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} |",
                f.name,
                params.join(", "),
                f.result.map_or("-", |t| t.as_str()),
                versions(|v| f.abis.contains(v)),
                phases.join(", ")
            );
        }
    }
    out.push_str("\n## Exports that hosts call\n\n| export | parameters | result | ABI versions |\n|---|---|---|---|\n");
    for c in CALLBACKS {
        let result = if c.result { "i32" } else { "-" };
        let shorter = c.params_for(AbiVersion::V0_1_0).len() != c.params as usize;
        let note = if shorter { " (one less in 0.1.0)" } else { "" };
        let _ = writeln!(
            out,
            "| `{}` | {} x i32{note} | {result} | {} |",
            c.name,
            c.params,
            versions(|v| c.abis.contains(v))
        );
    }
    out.push_str("\n## Traps\n\n| code | name | message |\n|---|---|---|\n");
    for t in TrapCode::ALL {
        let _ = writeln!(out, "| {} | {t:?} | {} |", t as u8, t.message());
    }
    out.push_str("\n## Functions that compiled code calls for itself\n\n| symbol | parameters after the context | result |\n|---|---|---|\n");
    for (_, symbol, params, result) in LIBCALLS {
        let params: Vec<_> = params.iter().map(|t| t.as_str()).collect();
        let _ =
            writeln!(out, "| `{symbol}` | {} | {} |", params.join(", "), result.map_or("-", |t| t.as_str()));
    }
    out
}

#[test]
fn the_page_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/host-functions.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, page()).expect("docs is writable");
    }
    let found = std::fs::read_to_string(&path).expect("docs/host-functions.md");
    assert!(
        found == page(),
        "docs/host-functions.md is out of date: BLESS=1 cargo test -p nullvm-plugin-abi"
    );
}

/// Names and symbols are unique, and every symbol follows the rule.
#[test]
fn the_tables_are_consistent() {
    let mut symbols: Vec<_> =
        HOST_FUNCTIONS.iter().map(|f| f.symbol).chain(LIBCALLS.iter().map(|l| l.1)).collect();
    assert!(symbols.iter().all(|s| s.starts_with("nullvm_")));
    let total = symbols.len();
    symbols.sort_unstable();
    symbols.dedup();
    assert_eq!(symbols.len(), total, "a symbol stands for two functions");
    for f in HOST_FUNCTIONS {
        assert_eq!(f.params.len(), f.param_names.len());
        let prefix = if f.module == ImportModule::Wasi { "nullvm_wasi_" } else { "nullvm_" };
        assert_eq!(f.symbol, format!("{prefix}{}", f.name));
        for module in f.module.names() {
            assert_eq!(plugin_abi::host_function_by_import(module, f.name).map(|h| h.id), Some(f.id));
        }
    }
}
