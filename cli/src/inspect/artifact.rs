//! Reports on what `nullvmc compile` writes: images, objects, archives, and programs that they were linked into.

use super::{Content, MemoryPlan, envoy, hex};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectKind, ObjectSection, ObjectSymbol, SymbolKind};
use plugin_abi::{
    ABI_VERSION, AbiVersion, FLAG_BOUNDS_GUARD, FLAG_INTERRUPTIBLE, FLAG_PROXY_WASM, FLAG_TRAPS_SIGNAL,
    FormatError, IMAGE_MAGIC, IMAGE_VERSION, ImageView, Meta, MetaError, NONE, PLUGIN_SYMBOL_PREFIX,
    PluginDescriptor,
};
use serde::Serialize;
use std::mem::offset_of;

/// A compiled plugin within an artifact.
#[derive(Serialize)]
pub struct Plugin {
    pub name: String,
    /// Version of what plugin and shim agree on.
    pub abi_version: u32,
    /// Version of the Proxy-Wasm ABI.
    pub proxy_abi: &'static str,
    pub wasm_sha256: String,
    /// `guard` or `explicit`
    pub bounds: &'static str,
    /// `signal` or `call`
    pub traps: &'static str,
    pub interruptible: bool,
    /// Whether the module passed the Proxy-Wasm checks.
    pub proxy_wasm_checks: bool,
    pub functions: usize,
    pub imports: usize,
    pub exports: usize,
    pub code_bytes: u64,
    pub metadata_bytes: usize,
    pub data_bytes: usize,
    pub traps_in_table: usize,
    pub memory: Option<MemoryPlan>,
}

/// How code was made, where the artifact says so.
#[derive(Serialize, Default)]
pub struct Origin {
    pub compiler: Option<String>,
    pub target: Option<String>,
    pub cpu_features: Option<Vec<String>>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum HashStatus {
    Ok,
    Mismatch,
}

/// The hash in an image over the image.
#[derive(Serialize)]
pub struct ContentHash {
    pub recorded: String,
    pub computed: String,
    pub status: HashStatus,
}

/// An image.
#[derive(Serialize)]
pub struct ImageReport {
    pub image_version: u32,
    pub machine: u32,
    pub size: usize,
    #[serde(flatten)]
    pub origin: Origin,
    pub hash: ContentHash,
    pub plugin: Plugin,
    pub eh_frame_bytes: u32,
    pub symbols_needed: Vec<String>,
}

/// An object, or what a linker made of some.
#[derive(Serialize)]
pub struct ElfReport {
    pub format: String,
    #[serde(flatten)]
    pub origin: Origin,
    pub plugins: Vec<Plugin>,
    /// Plugins whose metadata cannot be found: their symbols were stripped.
    pub stripped_plugins: Vec<String>,
    pub symbols_needed: Vec<String>,
}

/// An archive.
#[derive(Serialize)]
pub struct ArchiveReport {
    /// The plugin's object, but for an archive of the shim alone.
    pub object: Option<ElfReport>,
    pub members: Vec<Member>,
    /// Version of what plugin and shim agree on, of the shim within.
    pub shim_abi_version: Option<u32>,
}

/// A member of an archive.
#[derive(Serialize)]
pub struct Member {
    pub name: String,
    pub size: usize,
}

/// Reports on an artifact; `None` for a file that is none of ours by its first bytes.
pub fn report(bytes: &[u8]) -> Option<Result<Content, String>> {
    if bytes.starts_with(&IMAGE_MAGIC) {
        return Some(image(bytes).map(Content::Image));
    }
    if bytes.starts_with(b"\x7fELF") {
        let parsed = object::File::parse(bytes).map_err(|e| format!("damaged ELF file: {e}"));
        return Some(parsed.and_then(|file| {
            if let Some(module) = envoy::report(&file) {
                return module.map(Content::EnvoyModule);
            }
            let report = elf(&file)?;
            if report.plugins.is_empty() && report.stripped_plugins.is_empty() {
                return Err(format!(
                    "an ELF file without a plugin: it has no symbol {PLUGIN_SYMBOL_PREFIX}<name>"
                ));
            }
            Ok(if file.kind() == ObjectKind::Relocatable {
                Content::Object(report)
            } else {
                Content::Linked(report)
            })
        }));
    }
    if bytes.starts_with(b"!<arch>\n") {
        return Some(archive(bytes).map(Content::Archive));
    }
    None
}

pub fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?))
}

fn image(bytes: &[u8]) -> Result<ImageReport, String> {
    let view = ImageView::parse(bytes).map_err(|e| match e {
        FormatError::NotThis => "damaged image: it ends within its header".to_owned(),
        FormatError::Version(format, abi) => format!(
            "an image of version {format}.{abi}, this nullvmc knows version {IMAGE_VERSION}.{ABI_VERSION}"
        ),
        FormatError::OutOfRange("size") => {
            format!("damaged image: it has {} bytes, not as many as it should", bytes.len())
        }
        FormatError::OutOfRange(field) => format!("damaged image: {field} is out of range"),
    })?;
    image_report(&view)
}

/// What an image is, in a file of its own or in a bundle.
pub fn image_report(view: &ImageView<'_>) -> Result<ImageReport, String> {
    let header = &view.header;
    Ok(ImageReport {
        image_version: header.version,
        machine: header.machine,
        size: view.bytes().len(),
        origin: Origin {
            compiler: Some(view.compiler().to_owned()),
            target: Some(view.target().to_owned()),
            cpu_features: Some(view.cpu_features().map(str::to_owned).collect()),
        },
        hash: content_hash(view),
        plugin: plugin(view.name().to_owned(), header.abi_version, view.meta(), u64::from(header.text_len))?,
        eh_frame_bytes: header.eh_frame_len,
        symbols_needed: view.symbols().flatten().map(str::to_owned).collect(),
    })
}

fn content_hash(view: &ImageView<'_>) -> ContentHash {
    let recorded = view.header.sha256;
    let computed = nullvm_artifact::image::content_sha256(view.bytes()).unwrap_or_default();
    let status = if computed == recorded { HashStatus::Ok } else { HashStatus::Mismatch };
    ContentHash { recorded: hex(&recorded), computed: hex(&computed), status }
}

fn list(features: &str) -> Vec<String> {
    features.split(',').filter(|f| !f.is_empty()).map(str::to_owned).collect()
}

pub fn plugin(name: String, abi_version: u32, meta: &[u8], text_len: u64) -> Result<Plugin, String> {
    // The reader wants the alignment that a loader gives.
    let mut room = vec![0u8; meta.len() + 16];
    let shift = room.as_ptr().align_offset(16);
    room[shift..shift + meta.len()].copy_from_slice(meta);
    let meta = Meta::parse(&room[shift..shift + meta.len()], text_len).map_err(|e| match e {
        MetaError::NotMetadata => format!("damaged metadata of {name}"),
        MetaError::Version(v) => format!(
            "{name} was compiled for runtime version {v}, this nullvmc knows {}",
            plugin_abi::ABI_VERSION
        ),
        MetaError::OutOfRange(field) => format!("damaged metadata of {name}: {field} is out of range"),
    })?;
    let header = meta.header;
    let has = |flag| header.flags & flag != 0;
    Ok(Plugin {
        name,
        abi_version,
        proxy_abi: AbiVersion::from_u32(header.abi).unwrap_or(AbiVersion::None).as_str(),
        wasm_sha256: hex(&header.wasm_sha256),
        bounds: if has(FLAG_BOUNDS_GUARD) { "guard" } else { "explicit" },
        traps: if has(FLAG_TRAPS_SIGNAL) { "signal" } else { "call" },
        interruptible: has(FLAG_INTERRUPTIBLE),
        proxy_wasm_checks: has(FLAG_PROXY_WASM),
        functions: meta.functions.len().saturating_sub(meta.imports.len()),
        imports: meta.imports.len(),
        exports: meta.exports.len(),
        code_bytes: text_len,
        metadata_bytes: header.size as usize,
        data_bytes: meta.data_bytes.len(),
        traps_in_table: meta.trap_offsets.len(),
        memory: has(plugin_abi::FLAG_MEMORY).then(|| MemoryPlan {
            min_pages: header.memory_min,
            max_pages: Some(header.memory_max).filter(|m| *m != NONE),
        }),
    })
}

fn elf(file: &object::File<'_>) -> Result<ElfReport, String> {
    let damaged = |e: object::Error| format!("damaged ELF file: {e}");
    let mut plugins = Vec::new();
    let mut stripped = Vec::new();
    let mut needed = Vec::new();
    for symbol in file.symbols().chain(file.dynamic_symbols()) {
        let name = symbol.name().map_err(damaged)?;
        if symbol.is_undefined() {
            if !name.is_empty() {
                needed.push(name.to_owned());
            }
            continue;
        }
        let Some(plugin_name) = name.strip_prefix(PLUGIN_SYMBOL_PREFIX) else { continue };
        // The runtime's functions on plugins have the same prefix.
        if symbol.kind() != SymbolKind::Data {
            continue;
        }
        if plugins.iter().any(|p: &Plugin| p.name == plugin_name) || stripped.iter().any(|p| p == plugin_name)
        {
            continue;
        }
        let descriptor = contents(file, &symbol, size_of::<PluginDescriptor>() as u64)
            .ok_or_else(|| format!("damaged descriptor of {plugin_name}"))?;
        let version = u32_at(descriptor, offset_of!(PluginDescriptor, version)).unwrap_or(0);
        let text_len = u64_at(descriptor, offset_of!(PluginDescriptor, text_len)).unwrap_or(0);
        let meta_len = u64_at(descriptor, offset_of!(PluginDescriptor, meta_len)).unwrap_or(0);
        let meta_name = format!("{plugin_name}.meta");
        let meta = file
            .symbols()
            .find(|s| s.name() == Ok(&meta_name) && s.is_definition())
            .and_then(|s| contents(file, &s, meta_len));
        match meta {
            Some(meta) => plugins.push(plugin(plugin_name.to_owned(), version, meta, text_len)?),
            None => stripped.push(plugin_name.to_owned()),
        }
    }
    needed.sort();
    needed.dedup();
    Ok(ElfReport {
        format: format!("{:?} {:?}", file.format(), file.architecture()).to_lowercase(),
        origin: origin(file),
        plugins,
        stripped_plugins: stripped,
        symbols_needed: needed,
    })
}

/// The bytes that a symbol names.
fn contents<'a>(file: &object::File<'a>, symbol: &impl ObjectSymbol<'a>, len: u64) -> Option<&'a [u8]> {
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    section.data_range(symbol.address(), len).ok()?
}

/// What the object's `.comment` says. A linker joins those of all objects; ours is told by its first word.
fn origin(file: &object::File<'_>) -> Origin {
    let data = file.section_by_name(".comment").and_then(|s| s.data().ok()).unwrap_or_default();
    let ours = data
        .split(|b| *b == 0)
        .filter_map(|s| std::str::from_utf8(s).ok())
        .find(|s| s.starts_with("nullvmc "));
    let mut parts = ours.unwrap_or_default().split("; ");
    let mut part = || parts.next().filter(|p| !p.is_empty()).map(str::to_owned);
    Origin { compiler: part(), target: part(), cpu_features: part().map(|p| list(&p)) }
}

fn archive(bytes: &[u8]) -> Result<ArchiveReport, String> {
    let damaged = |e: object::Error| format!("damaged archive: {e}");
    let mut report = ArchiveReport { object: None, members: Vec::new(), shim_abi_version: None };
    for member in ArchiveFile::parse(bytes).map_err(damaged)?.members() {
        let member = member.map_err(damaged)?;
        let data = member.data(bytes).map_err(damaged)?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        if let Ok(file) = object::File::parse(data) {
            let found = elf(&file)?;
            if !found.plugins.is_empty() || !found.stripped_plugins.is_empty() {
                report.object = Some(found);
            }
            let version = file
                .symbols()
                .filter(ObjectSymbol::is_definition)
                .find_map(|s| s.name().ok()?.strip_prefix("nullvm_abi_")?.parse().ok());
            report.shim_abi_version = report.shim_abi_version.or(version);
        }
        report.members.push(Member { name, size: data.len() });
    }
    if report.object.is_none() && report.shim_abi_version.is_none() {
        return Err("an archive without a plugin and without the runtime shim".to_owned());
    }
    Ok(report)
}
