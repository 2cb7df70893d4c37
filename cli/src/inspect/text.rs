//! Reports for people.

use super::artifact::{ArchiveReport, ElfReport, HashStatus, ImageReport, Origin, Plugin};
use super::bundle::BundleReport;
use super::envoy::EnvoyModuleReport;
use super::wasm::{ImportStatus, Role, Section, WasmReport};
use super::{Content, MemoryPlan, Report};
use crate::compile::size;
use std::fmt::Write;

/// Lines of a name and a value.
struct Page(String);

impl Page {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = value.to_string();
        let mut lines = value.lines();
        let _ = writeln!(self.0, "  {name:<14} {}", lines.next().unwrap_or_default());
        for line in lines {
            let _ = writeln!(self.0, "  {:<14} {line}", "");
        }
    }

    fn heading(&mut self, text: impl std::fmt::Display) {
        let _ = writeln!(self.0, "\n{text}");
    }
}

/// The whole report.
pub fn render(report: &Report) -> String {
    let what = match &report.content {
        Content::Wasm(_) => "WebAssembly module",
        Content::Image(_) => "nullvm image",
        Content::Object(_) => "object of a compiled plugin",
        Content::Linked(_) => "linked program or library with compiled plugins",
        Content::Archive(a) if a.object.is_some() => "archive of a compiled plugin and the runtime shim",
        Content::Archive(_) => "archive of the runtime shim",
        Content::EnvoyModule(_) => "Envoy module of a compiled plugin",
    };
    let mut page = Page(format!("{}: {what}, {}\n", report.file, size(report.size)));
    page.line("sha256", &report.sha256);
    match &report.content {
        Content::Wasm(wasm) => module(&mut page, wasm),
        Content::Image(i) => image(&mut page, i),
        Content::Object(o) | Content::Linked(o) => elf(&mut page, o),
        Content::Archive(a) => archive(&mut page, a),
        Content::EnvoyModule(m) => envoy_module(&mut page, m),
    }
    page.0
}

fn memory(plan: &MemoryPlan) -> String {
    let pages = |n: u32| format!("{n} pages ({})", size(n as usize * 65536));
    match plan.max_pages {
        Some(max) => format!("{}, at most {}", pages(plan.min_pages), pages(max)),
        None => format!("{}, no maximum", pages(plan.min_pages)),
    }
}

fn module(page: &mut Page, m: &WasmReport) {
    page.line(
        "ABI",
        match (m.abi.version, m.abi.declared.as_slice()) {
            (Some(version), _) => format!("Proxy-Wasm {version}"),
            (None, []) => "none declared".to_owned(),
            (None, declared) => format!("unknown: {}", declared.join(", ")),
        },
    );
    page.line(
        "compiles",
        match &m.problem {
            None => "yes".to_owned(),
            Some(problem) => format!("no: {problem}"),
        },
    );
    page.line(
        "made with",
        match (m.sdk.language, m.sdk.sdk) {
            (None, None) => "not recognised".to_owned(),
            (language, sdk) => [language, sdk].into_iter().flatten().collect::<Vec<_>>().join(", "),
        },
    );
    if !m.sdk.processed_by.is_empty() {
        page.line("processed by", m.sdk.processed_by.join(", "));
    }
    page.line("memory", m.memory.as_ref().map_or("none".to_owned(), memory));
    page.line(
        "data",
        format!("{} segments ({} passive), {}", m.data.segments, m.data.passive, size(m.data.bytes)),
    );
    for table in &m.tables {
        let max = table.max.map_or("no maximum".to_owned(), |n| format!("at most {n}"));
        page.line("table", format!("{} elements of {}, {max}", table.min, table.element));
    }
    page.line("globals", format!("{}, {} of them mutable", m.globals.count, m.globals.mutable));
    let f = &m.functions;
    page.line(
        "functions",
        format!("{} defined ({}), {} imported", f.defined, size(f.body_bytes), f.imported),
    );
    if let Some(largest) = &f.largest {
        let name = largest.name.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
        page.line(
            "largest",
            format!(
                "function {}{name}, {}; most locals {}",
                largest.index,
                size(largest.bytes),
                f.most_locals
            ),
        );
    }
    if let Some(start) = m.start {
        page.line("start", format!("function {start}"));
    }
    page.line(
        "features",
        if m.features.is_empty() { "none beyond WebAssembly 1.0".to_owned() } else { m.features.join(", ") },
    );

    let bound = m.imports.iter().filter(|i| i.status == ImportStatus::Bound).count();
    page.heading(format_args!("imports ({}, {bound} bound)", m.imports.len()));
    let width = m.imports.iter().map(|i| i.module.len() + i.name.len() + 1).max().unwrap_or(0).min(60);
    for import in &m.imports {
        let name = format!("{}.{}", import.module, import.name);
        let _ = write!(page.0, "  {:<10} {name:<width$}  {}", import.status.as_str(), import.ty);
        match (&import.problem, import.status) {
            (Some(problem), ImportStatus::Mismatched | ImportStatus::OtherAbi) => {
                let _ = writeln!(page.0, "  ({problem})");
            }
            _ => page.0.push('\n'),
        }
    }
    page.heading(format_args!("exports ({})", m.exports.len()));
    let width = m.exports.iter().map(|e| e.name.len()).max().unwrap_or(0).min(60);
    for export in &m.exports {
        let role = if export.role == Role::Other { "-" } else { export.role.as_str() };
        let _ = write!(page.0, "  {role:<11} {:<width$}  {} {}", export.name, export.kind, export.ty);
        let problem = export.problem.as_ref().map(|p| format!("  ({p})")).unwrap_or_default();
        page.0.truncate(page.0.trim_end().len());
        let _ = writeln!(page.0, "{problem}");
    }
    sections(page, "sections", &m.sections);
    sections(page, "custom sections", &m.custom_sections);
    bundle(page, &m.bundle);
}

fn bundle(page: &mut Page, b: &BundleReport) {
    if !b.other_engines.is_empty() {
        page.heading("code of other engines");
        for name in &b.other_engines {
            let _ = writeln!(page.0, "  {name}");
        }
    }
    if let Some(problem) = &b.problem {
        page.heading(format_args!("BUNDLE DAMAGED: {problem}"));
    }
    for platform in &b.platforms {
        page.heading(format_args!("native code for {}", platform.target));
        for i in &platform.images {
            page.line("image", size(i.size));
            page.line("content hash", content_hash(i));
            origin(page, &i.origin);
            plugin(page, &i.plugin);
        }
    }
    if !b.platforms.is_empty() || b.signed {
        page.heading("bundle");
        page.line("of wasm sha256", &b.module_sha256);
        page.line("signature", if b.signed { "there; `nullvmc verify --key` checks it" } else { "none" });
        if let Some(hash) = &b.signed_content_sha256 {
            page.line("signed content", hash);
        }
    }
}

fn sections(page: &mut Page, what: &str, sections: &[Section]) {
    page.heading(format_args!("{what} ({})", sections.len()));
    for section in sections {
        let _ =
            writeln!(page.0, "  {:>10} bytes at {:#010x}  {}", section.size, section.offset, section.name);
    }
}

fn origin(page: &mut Page, origin: &Origin) {
    let unknown = "not recorded".to_owned();
    page.line("target", origin.target.as_ref().unwrap_or(&unknown));
    page.line(
        "CPU features",
        match &origin.cpu_features {
            None => unknown.clone(),
            Some(list) if list.is_empty() => "none beyond the architecture's baseline".to_owned(),
            Some(list) => list.join(", "),
        },
    );
    page.line("compiler", origin.compiler.as_ref().unwrap_or(&unknown));
}

fn plugin(page: &mut Page, p: &Plugin) {
    page.line("plugin", &p.name);
    page.line("of wasm sha256", &p.wasm_sha256);
    page.line(
        "ABI",
        match p.proxy_wasm_checks {
            true => format!("Proxy-Wasm {}, runtime version {}", p.proxy_abi, p.abi_version),
            false => format!("without Proxy-Wasm checks, runtime version {}", p.abi_version),
        },
    );
    page.line(
        "mode",
        format!(
            "bounds {}, traps {}{}",
            p.bounds,
            p.traps,
            if p.interruptible { ", interruptible" } else { "" }
        ),
    );
    page.line("functions", format!("{} defined, {} imported, {} exports", p.functions, p.imports, p.exports));
    page.line(
        "sizes",
        format!(
            "{} of code, {} of metadata with {} of data, {} traps",
            size(p.code_bytes as usize),
            size(p.metadata_bytes),
            size(p.data_bytes),
            p.traps_in_table
        ),
    );
    page.line("memory", p.memory.as_ref().map_or("none".to_owned(), memory));
}

fn needed(page: &mut Page, symbols: &[String]) {
    page.heading(format_args!("symbols needed ({})", symbols.len()));
    for symbol in symbols {
        let _ = writeln!(page.0, "  {symbol}");
    }
}

fn content_hash(i: &ImageReport) -> String {
    match i.hash.status {
        HashStatus::Ok => format!("{} (ok)", i.hash.recorded),
        HashStatus::Mismatch => {
            format!("MISMATCH: {} recorded, {} computed", i.hash.recorded, i.hash.computed)
        }
    }
}

fn image(page: &mut Page, i: &ImageReport) {
    page.line("content hash", content_hash(i));
    origin(page, &i.origin);
    plugin(page, &i.plugin);
    needed(page, &i.symbols_needed);
}

fn elf(page: &mut Page, o: &ElfReport) {
    page.line("format", &o.format);
    origin(page, &o.origin);
    for p in &o.plugins {
        plugin(page, p);
    }
    for name in &o.stripped_plugins {
        page.line("plugin", format!("{name} (stripped, nothing more is known)"));
    }
    needed(page, &o.symbols_needed);
}

fn archive(page: &mut Page, a: &ArchiveReport) {
    page.line("shim", a.shim_abi_version.map_or("none".to_owned(), |v| format!("runtime version {v}")));
    page.line(
        "members",
        a.members.iter().map(|m| format!("{} ({})", m.name, size(m.size))).collect::<Vec<_>>().join("\n"),
    );
    if let Some(object) = &a.object {
        elf(page, object);
    }
}

fn envoy_module(page: &mut Page, m: &EnvoyModuleReport) {
    page.line("build id", m.build_id.as_deref().unwrap_or("none"));
    page.line("Envoy's ABI", m.envoy_abi.as_deref().unwrap_or("not recorded"));
    origin(page, &m.origin);
    for p in &m.plugins {
        plugin(page, p);
    }
    page.line(
        "libraries",
        if m.libraries_needed.is_empty() { "none".to_owned() } else { m.libraries_needed.join(", ") },
    );
    page.heading(format_args!("hooks ({})", m.hooks.len()));
    for hook in &m.hooks {
        let _ = writeln!(page.0, "  {hook}");
    }
    needed(page, &m.symbols_needed);
}
