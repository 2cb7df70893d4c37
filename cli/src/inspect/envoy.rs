//! Reports on Envoy modules: shared objects of `--emit envoy-module`, stripped or not.

use super::artifact::{Origin, Plugin, plugin, u32_at};
use nullvm_compiler::emit::note::{self, Note};
use object::{Object, ObjectSection, ObjectSymbol};
use plugin_abi::{META_MAGIC, MetaHeader};
use serde::Serialize;
use std::mem::offset_of;

/// The section in which the adapter says which version of Envoy's ABI it is for.
const ADAPTER_SECTION: &str = ".note.nullvm.envoy";

/// What the names of hooks start with.
const HOOK_PREFIX: &str = "envoy_dynamic_module_on_";

/// A module.
#[derive(Serialize)]
pub struct EnvoyModuleReport {
    pub build_id: Option<String>,
    /// Version of Envoy's dynamic-module ABI that the adapter is written for.
    pub envoy_abi: Option<String>,
    #[serde(flatten)]
    pub origin: Origin,
    pub plugins: Vec<Plugin>,
    /// What Envoy calls, without `envoy_dynamic_module_on_`.
    pub hooks: Vec<String>,
    /// DT_NEEDED
    pub libraries_needed: Vec<String>,
    pub symbols_needed: Vec<String>,
}

/// Reports on a module; `None` for other files.
pub fn report(file: &object::File<'_>) -> Option<Result<EnvoyModuleReport, String>> {
    note(file, ADAPTER_SECTION)?;
    let text = note(file, note::SECTION)?;
    Some(match serde_json::from_slice::<Note>(text) {
        Ok(note) => module(file, note),
        Err(e) => Err(format!("damaged note of an Envoy module: {e}")),
    })
}

fn module(file: &object::File<'_>, note: Note) -> Result<EnvoyModuleReport, String> {
    let found = metadata(file, &note)
        .ok_or_else(|| format!("an Envoy module without the metadata of its plugin {}", note.plugin))?;
    let (mut hooks, mut needed) = (Vec::new(), Vec::new());
    for symbol in file.dynamic_symbols() {
        let name = symbol.name().map_err(|e| format!("damaged ELF file: {e}"))?;
        match name.strip_prefix(HOOK_PREFIX) {
            Some(hook) if symbol.is_definition() => hooks.push(hook.to_owned()),
            _ if symbol.is_undefined() && !name.is_empty() => needed.push(name.to_owned()),
            _ => {}
        }
    }
    hooks.sort();
    needed.sort();
    let adapter = note_text(file, ADAPTER_SECTION);
    Ok(EnvoyModuleReport {
        build_id: file.build_id().ok().flatten().map(super::hex),
        envoy_abi: adapter.map(|text| text.trim_end_matches('\0').to_owned()),
        origin: Origin {
            compiler: Some(note.compiler),
            target: Some(note.target),
            cpu_features: Some(note.cpu_features),
        },
        plugins: vec![found],
        hooks,
        libraries_needed: libraries(file),
        symbols_needed: needed,
    })
}

/// The plugin's metadata, found by its first bytes: a stripped module has no symbol for it.
fn metadata(file: &object::File<'_>, note: &Note) -> Option<Plugin> {
    let sections = file.sections().filter_map(|s| s.data().ok());
    // One is ours, and another a constant of the adapter's: more is an attack on our time.
    sections.flat_map(candidates).take(16).find_map(|bytes| {
        let size = u32_at(bytes, offset_of!(MetaHeader, size))? as usize;
        let text_len = u32_at(bytes, offset_of!(MetaHeader, text_len))?;
        let found =
            plugin(note.plugin.clone(), note.abi_version, bytes.get(..size)?, text_len.into()).ok()?;
        (found.wasm_sha256 == note.wasm_sha256).then_some(found)
    })
}

fn candidates(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let at = data.windows(META_MAGIC.len()).enumerate().filter(|(_, w)| *w == META_MAGIC);
    at.map(|(at, _)| &data[at..])
}

/// What the file says of its plugin.
pub fn plugin_note(file: &object::File<'_>) -> Option<Result<Note, String>> {
    let text = note(file, note::SECTION)?;
    Some(serde_json::from_slice(text).map_err(|e| e.to_string()))
}

/// The text of a note in a section of its own.
fn note<'a>(file: &object::File<'a>, section: &str) -> Option<&'a [u8]> {
    let data = file.section_by_name(section)?.data().ok()?;
    let owner_size = u32_at(data, 0)? as usize;
    let text_size = u32_at(data, 4)? as usize;
    let owner = data.get(12..12usize.checked_add(owner_size)?)?;
    let start = 12 + owner_size.next_multiple_of(4);
    let text = data.get(start..start.checked_add(text_size)?)?;
    (owner == note::OWNER).then_some(text)
}

fn note_text<'a>(file: &object::File<'a>, section: &str) -> Option<&'a str> {
    std::str::from_utf8(note(file, section)?).ok()
}

/// Libraries that the module asks for.
fn libraries(file: &object::File<'_>) -> Vec<String> {
    let section = |name| file.section_by_name(name).and_then(|s| s.data().ok()).unwrap_or_default();
    let names: &[u8] = section(".dynstr");
    let word = |b: &[u8]| b.try_into().map_or(0, u64::from_le_bytes);
    let entries = section(".dynamic").chunks_exact(16).map(|e| (word(&e[..8]), word(&e[8..])));
    entries
        .filter(|(tag, _)| *tag == u64::from(object::elf::DT_NEEDED as u32))
        .filter_map(|(_, at)| names.get(at as usize..)?.split(|b| *b == 0).next())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}
