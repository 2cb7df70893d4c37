//! What a module imports and exports, checked against the one table of the Proxy-Wasm ABI (`plugin_abi::HOST_FUNCTIONS`,
//! `plugin_abi::CALLBACKS`).
//!
//! Hosts check the same at load; here it happens at build, and all unusable imports are named at once.

use crate::module::{ExportKind, FuncType, Import, Module};
use crate::{CompileError, ImportProblem, Options};
use plugin_abi::{
    AbiVersion, CALLBACKS, Callback, CallbackId, HOST_FUNCTIONS, HostFunction, HostFunctionId, NONE,
};

/// How calls of an imported function are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportBinding {
    /// A direct call of the shim's symbol.
    Host(HostFunctionId),
    /// A trap that names the import.
    Stub,
    /// A call of whatever the embedder gave; without Proxy-Wasm checks only.
    Embedder,
}

/// What [`bind`] found out.
#[derive(Clone, Debug)]
pub struct Bindings {
    /// The ABI version that the module declares.
    pub abi: AbiVersion,
    /// One per imported function.
    pub imports: Vec<ImportBinding>,
    /// Function index of each callback, [`NONE`] where the module has none; empty without Proxy-Wasm checks.
    pub callbacks: Vec<u32>,
}

/// The ABI version that a module declares, and all of the exports that look like one.
pub fn declared_abi(module: &Module<'_>) -> (Option<AbiVersion>, Vec<String>) {
    let declared: Vec<String> = module
        .exports
        .iter()
        .filter(|e| matches!(e.kind, ExportKind::Function(_)) && e.name.starts_with("proxy_abi_"))
        .map(|e| e.name.clone())
        .collect();
    let known = AbiVersion::ALL.into_iter().rev().find(|v| declared.iter().any(|d| d == v.export_name()));
    (known, declared)
}

/// Checks the module and binds its imports.
///
/// # Errors
/// What makes it unusable as a plugin.
pub fn bind(module: &Module<'_>, options: &Options) -> Result<Bindings, CompileError> {
    if !options.checks {
        let imports = vec![ImportBinding::Embedder; module.imports.len()];
        return Ok(Bindings { abi: AbiVersion::None, imports, callbacks: Vec::new() });
    }
    let abi = abi_version(module)?;
    let imports = bind_imports(module, abi, options.stub_unknown_imports)?;
    let callbacks = bind_callbacks(module, abi)?;
    check_memory(module)?;
    Ok(Bindings { abi, imports, callbacks })
}

fn abi_version(module: &Module<'_>) -> Result<AbiVersion, CompileError> {
    let (known, declared) = declared_abi(module);
    if let Some(abi) = known {
        return Ok(abi);
    }
    let supported = AbiVersion::ALL.map(AbiVersion::export_name).join(", ");
    Err(CompileError::NotProxyWasm(if !declared.is_empty() {
        format!("it declares {}, supported are {supported}", declared.join(", "))
    } else if module
        .exports
        .iter()
        .any(|e| e.name.starts_with("proxy_on") && !e.name.starts_with("proxy_on_"))
    {
        format!(
            "it was built for an ABI before 0.1.0 (camel-case callbacks); rebuild it with a current SDK: {supported}"
        )
    } else if module.exports.iter().any(|e| e.name == "_start") {
        format!("it exports no ABI version ({supported}); it looks like a WASI command")
    } else {
        format!("it exports no ABI version ({supported})")
    }))
}

fn bind_imports(
    module: &Module<'_>,
    abi: AbiVersion,
    stub: bool,
) -> Result<Vec<ImportBinding>, CompileError> {
    let mut problems = Vec::new();
    let mut bindings = Vec::new();
    for import in &module.imports {
        match bind_import(module, import, abi) {
            Ok(host) => bindings.push(ImportBinding::Host(host)),
            Err(problem) => {
                problems.push(problem);
                bindings.push(ImportBinding::Stub);
            }
        }
    }
    if stub {
        problems.retain(|p| !p.stubbable);
    }
    if problems.is_empty() { Ok(bindings) } else { Err(CompileError::Imports(problems)) }
}

/// The host function that an import names, if hosts of this ABI version have it with this type.
///
/// # Errors
/// Why it cannot be bound.
pub fn bind_import(
    module: &Module<'_>,
    import: &Import,
    abi: AbiVersion,
) -> Result<HostFunctionId, ImportProblem> {
    let found = &module.types[import.ty as usize];
    let (problem, stubbable) = match plugin_abi::host_function_by_import(&import.module, &import.name) {
        Some(host) if !host.abis.contains(abi) => {
            (format!("not part of ABI {} (it is in {})", abi.as_str(), versions(host)), true)
        }
        Some(host) => {
            let expected = host_type(host);
            if expected == *found {
                return Ok(host.id);
            }
            (format!("expected {expected}, found {found}"), false)
        }
        None => (format!("unknown function {found}{}", hint(&import.module, &import.name)), true),
    };
    Err(ImportProblem { module: import.module.clone(), name: import.name.clone(), problem, stubbable })
}

/// The signature of a host function.
pub fn host_type(host: &HostFunction) -> FuncType {
    FuncType { params: host.params.into(), results: host.result.into_iter().collect() }
}

fn versions(host: &HostFunction) -> String {
    let list: Vec<_> =
        AbiVersion::ALL.into_iter().filter(|v| host.abis.contains(*v)).map(AbiVersion::as_str).collect();
    list.join(", ")
}

/// A known function of the same name elsewhere is the likeliest mistake.
fn hint(module: &str, name: &str) -> String {
    match HOST_FUNCTIONS.iter().find(|f| f.name == name) {
        Some(f) => format!(" (there is one in {})", f.module.names().join(" and ")),
        None if module.starts_with("wasi:") || module == "wasi_snapshot_preview2" => {
            " (WASI preview 2; hosts offer preview 1)".to_owned()
        }
        None => String::new(),
    }
}

/// The signature of a callback.
pub fn callback_type(callback: &Callback, abi: AbiVersion) -> FuncType {
    FuncType { params: callback.params_for(abi).into(), results: callback.results().into() }
}

fn bind_callbacks(module: &Module<'_>, abi: AbiVersion) -> Result<Vec<u32>, CompileError> {
    let mut functions = vec![NONE; CALLBACKS.len()];
    for callback in CALLBACKS {
        // Hosts of other versions do not look it up, so a plugin may do with the name what it likes.
        if !callback.abis.contains(abi) {
            continue;
        }
        let Some(kind) = module.export(callback.name) else { continue };
        let ExportKind::Function(f) = kind else {
            return Err(CompileError::ExportSignature {
                name: callback.name.to_owned(),
                expected: callback_type(callback, abi).to_string(),
                found: "something that is no function".to_owned(),
            });
        };
        let expected = callback_type(callback, abi);
        let found = module.function_type(f);
        if *found != expected {
            // `main` is asked for by name and type; one of another type is simply not called.
            if matches!(callback.id, CallbackId::Main | CallbackId::MainVoid) {
                continue;
            }
            return Err(CompileError::ExportSignature {
                name: callback.name.to_owned(),
                expected: expected.to_string(),
                found: found.to_string(),
            });
        }
        functions[callback.id as usize] = f;
    }
    let allocators = [CallbackId::Malloc, CallbackId::OnMemoryAllocate];
    if allocators.iter().all(|id| functions[*id as usize] == NONE) {
        return Err(CompileError::NotProxyWasm(
            "it exports neither malloc nor proxy_on_memory_allocate, so the host cannot pass it any data"
                .to_owned(),
        ));
    }
    Ok(functions)
}

/// The largest memory that a Proxy-Wasm host grants, in pages: 1 GiB, as V8 in Envoy.
const MOST_PAGES: u32 = 16384;

fn check_memory(module: &Module<'_>) -> Result<(), CompileError> {
    let Some(memory) = module.memory else {
        return Err(CompileError::NotProxyWasm("it has no linear memory".to_owned()));
    };
    if !module.exports.iter().any(|e| e.kind == ExportKind::Memory) {
        return Err(CompileError::NotProxyWasm("it does not export its linear memory".to_owned()));
    }
    if memory.min > MOST_PAGES {
        return Err(CompileError::NotProxyWasm(format!(
            "its memory starts with {} pages of 64 KiB, hosts grant {MOST_PAGES} (1 GiB)",
            memory.min
        )));
    }
    let size = u64::from(memory.min) * 65536;
    for (i, data) in module.data.iter().enumerate() {
        if let Some(offset) = data.offset
            && u64::from(offset) + data.bytes.len() as u64 > size
        {
            return Err(CompileError::NotProxyWasm(format!(
                "data segment {i} ({} bytes at {offset:#x}) does not fit its initial memory of {size:#x} bytes",
                data.bytes.len()
            )));
        }
    }
    Ok(())
}
