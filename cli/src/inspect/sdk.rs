//! Guesses what a module was made with: by its `producers` section, and by what toolchains leave behind.

use nullvm_compiler::Module;
use serde::Serialize;
use wasmparser::{BinaryReader, ProducersSectionReader};

/// What is known of a module's origin.
#[derive(Serialize, Default)]
pub struct Sdk {
    /// `Rust`, `Go`, `TinyGo`, `AssemblyScript`, `C++`, `Zig`.
    pub language: Option<&'static str>,
    /// The Proxy-Wasm SDK, by the name of its repository.
    pub sdk: Option<&'static str>,
    /// What the module says that it was processed by, `name version`.
    pub processed_by: Vec<String>,
    /// What the guess rests on.
    pub evidence: Vec<String>,
}

/// A sign of a toolchain.
enum Sign {
    /// A `producers` entry whose name or version contains this.
    Producer(&'static str),
    /// A custom section.
    Section(&'static str),
    /// `module.name`
    Import(&'static str),
    Export(&'static str),
    /// A function's name contains this.
    Function(&'static str),
}

/// Surest first; the first that fits decides.
const LANGUAGES: &[(&str, Sign)] = &[
    ("TinyGo", Sign::Producer("TinyGo")),
    ("TinyGo", Sign::Function("tinygo_")),
    ("TinyGo", Sign::Function("runtime.scheduler")),
    ("Go", Sign::Section("go:buildid")),
    ("Go", Sign::Producer("Go cmd/compile")),
    ("Go", Sign::Import("gojs.runtime.wasmExit")),
    ("Zig", Sign::Producer("zig")),
    ("Rust", Sign::Producer("rustc")),
    ("Rust", Sign::Function("core::panicking::")),
    ("AssemblyScript", Sign::Producer("AssemblyScript")),
    ("AssemblyScript", Sign::Export("__rtti_base")),
    ("AssemblyScript", Sign::Function("~lib/rt/")),
    ("AssemblyScript", Sign::Import("env.abort")),
    ("C++", Sign::Import("env.emscripten_notify_memory_growth")),
    ("C++", Sign::Export("emscripten_stack_init")),
    ("C++", Sign::Export("stackAlloc")),
    ("C++", Sign::Producer("C_plus_plus")),
    ("C++", Sign::Function("std::__2::")),
    ("C++", Sign::Function("operator new(unsigned long)")),
    ("Zig", Sign::Function("builtin.default_panic")),
];

const SDKS: &[(&str, Sign)] = &[
    ("proxy-wasm/proxy-wasm-rust-sdk", Sign::Function("proxy_wasm::")),
    ("higress-group/wasm-go", Sign::Function("github.com/higress-group/wasm-go")),
    ("proxy-wasm/proxy-wasm-go-sdk", Sign::Function("github.com/proxy-wasm/proxy-wasm-go-sdk")),
    ("tetratelabs/proxy-wasm-go-sdk", Sign::Function("github.com/tetratelabs/proxy-wasm-go-sdk")),
    ("solo-io/proxy-runtime", Sign::Function("proxy-runtime/")),
    ("proxy-wasm/proxy-wasm-cpp-sdk", Sign::Function("getContextBase(")),
];

/// Looks for signs.
pub fn recognise(module: &Module<'_>) -> Sdk {
    let producers = producers(module);
    let mut found = Sdk::default();
    let mut pick = |table: &[(&'static str, Sign)]| {
        table.iter().find_map(|(name, sign)| {
            let evidence = evidence(module, &producers, sign)?;
            if !found.evidence.contains(&evidence) {
                found.evidence.push(evidence);
            }
            Some(*name)
        })
    };
    let language = pick(LANGUAGES);
    let sdk = pick(SDKS);
    found.language = language;
    found.sdk = sdk;
    found.processed_by =
        producers.into_iter().filter(|(field, _)| field != "language").map(|(_, value)| value).collect();
    found
}

fn evidence(module: &Module<'_>, producers: &[(String, String)], sign: &Sign) -> Option<String> {
    match *sign {
        Sign::Producer(what) => producers
            .iter()
            .find(|(_, value)| value.contains(what))
            .map(|(field, value)| format!("producers: {field} {value}")),
        Sign::Section(name) => {
            module.custom.iter().any(|c| c.name == name).then(|| format!("custom section {name}"))
        }
        Sign::Import(what) => module
            .imports
            .iter()
            .any(|i| what.split_once('.') == Some((&i.module, &i.name)))
            .then(|| format!("import {what}")),
        Sign::Export(name) => module.export(name).map(|_| format!("export {name}")),
        Sign::Function(part) => {
            module.names.iter().flatten().find(|n| n.contains(part)).map(|n| format!("function {}", n.trim()))
        }
    }
}

/// Field and `name version` of each entry; a broken section ends where it breaks.
fn producers(module: &Module<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for section in module.custom.iter().filter(|c| c.name == "producers") {
        let Ok(fields) = ProducersSectionReader::new(BinaryReader::new(section.data, section.offset)) else {
            continue;
        };
        for field in fields.into_iter().flatten() {
            for value in field.values.into_iter().flatten() {
                let text = format!("{} {}", value.name, value.version);
                let text: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
                all.push((field.name.to_owned(), text));
            }
        }
    }
    all
}
