//! Reports on what `nullvmc compile` writes: images, objects, archives, and programs that they were linked into.

use super::{Content, MemoryPlan, envoy, hex};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectKind, ObjectSection, ObjectSymbol, SymbolKind};
use plugin_abi::{
    AbiVersion, FLAG_BOUNDS_GUARD, FLAG_INTERRUPTIBLE, FLAG_PROXY_WASM, FLAG_TRAPS_SIGNAL, IMAGE_MAGIC,
    IMAGE_VERSION, ImageHeader, Meta, MetaError, NONE, PLUGIN_SYMBOL_PREFIX, PluginDescriptor,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
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

fn run(bytes: &[u8], offset: u32, len: u32) -> Option<&[u8]> {
    bytes.get(offset as usize..(offset as usize).checked_add(len as usize)?)
}

fn image(bytes: &[u8]) -> Result<ImageReport, String> {
    let short = || "damaged image: it ends within its header".to_owned();
    let field = |offset| u32_at(bytes, offset).ok_or_else(short);
    let version = field(offset_of!(ImageHeader, version))?;
    if version != IMAGE_VERSION {
        return Err(format!("an image of version {version}, this nullvmc knows version {IMAGE_VERSION}"));
    }
    if bytes.len() < size_of::<ImageHeader>() {
        return Err(short());
    }
    let size = u64_at(bytes, offset_of!(ImageHeader, size)).ok_or_else(short)?;
    if size != bytes.len() as u64 {
        return Err(format!("damaged image: it has {} bytes and should have {size}", bytes.len()));
    }
    let span = |at: usize, what: &str| {
        let (offset, len) = (field(at)?, field(at + 4)?);
        run(bytes, offset, len).ok_or_else(|| format!("damaged image: {what} lies outside of it"))
    };
    let text = |at, what| span(at, what).map(|b| String::from_utf8_lossy(b).into_owned());
    let meta_offset = field(offset_of!(ImageHeader, meta_offset))?;
    let meta = run(bytes, meta_offset, field(offset_of!(ImageHeader, meta_len))?)
        .ok_or("damaged image: the metadata lies outside of it")?;
    let text_len = u64::from(field(offset_of!(ImageHeader, text_len))?);
    let name = text(offset_of!(ImageHeader, name), "the name")?;
    let symbols = text(offset_of!(ImageHeader, symbols), "the symbols")?;
    let features = text(offset_of!(ImageHeader, cpu_features), "the list of CPU features")?;
    Ok(ImageReport {
        image_version: version,
        machine: field(offset_of!(ImageHeader, machine))?,
        origin: Origin {
            compiler: Some(text(offset_of!(ImageHeader, compiler), "the compiler's name")?),
            target: Some(text(offset_of!(ImageHeader, target), "the target")?),
            cpu_features: Some(list(&features)),
        },
        hash: content_hash(bytes),
        plugin: plugin(name, field(offset_of!(ImageHeader, abi_version))?, meta, text_len)?,
        eh_frame_bytes: field(offset_of!(ImageHeader, eh_frame_len))?,
        symbols_needed: symbols.split('\0').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
    })
}

/// `bytes` has a whole header.
fn content_hash(bytes: &[u8]) -> ContentHash {
    let at = offset_of!(ImageHeader, sha256);
    let recorded = &bytes[at..at + 32];
    let mut hasher = Sha256::new();
    hasher.update(&bytes[..at]);
    hasher.update([0; 32]);
    hasher.update(&bytes[at + 32..]);
    let computed = hasher.finalize();
    let status = if computed.as_slice() == recorded { HashStatus::Ok } else { HashStatus::Mismatch };
    ContentHash { recorded: hex(recorded), computed: hex(&computed), status }
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
