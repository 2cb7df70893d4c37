//! Golden files: `goldens/*.wat` in, CLIF and machine code out, so that a reviewer sees what a change does to code.
//!
//! A file starts with one or more lines of options, each of which adds a section to what is expected:
//!
//! ```text
//! ;;! bounds=guard traps=signal emit=clif,asm
//! ```
//!
//! | key | values | default |
//! |---|---|---|
//! | `emit` | `clif` (before optimisation), `asm` (register-allocated), `calls` (what is called of the shim) | `clif,asm` |
//! | `bounds` | `guard`, `explicit` | `guard` |
//! | `traps` | `signal`, `call` | `signal` |
//! | `interruptible`, `checks`, `stub` | `true`, `false` | `false` |
//! | `opt` | `none`, `speed`, `size` | `speed` |
//! | `target` | a triple | `x86_64-unknown-linux-gnu` |
//! | `cpu` | as `--cpu` | the baseline |
//! | `entries` | `true`: adapters by which the host enters too | `false` |
//!
//! What is expected stands at the end of the file in lines that start with `;; `. `BLESS=1 cargo test` writes it anew.

use nullvm_compiler::{Bounds, CompiledModule, OptLevel, Options, Traps, compile};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Lines that are the same in every function.
const NOISE: &[&str] = &["  unwind ", "    region0 = ", "    region1 = ", "    region2 = ", "    region3 = "];

/// A line of options.
struct Section<'a> {
    line: &'a str,
    options: Options,
    entries: bool,
    clif: bool,
    asm: bool,
    calls: bool,
}

impl<'a> Section<'a> {
    fn parse(line: &'a str) -> Result<Self, String> {
        let mut section = Self {
            line,
            options: Options {
                name: "p".to_owned(),
                target: Some("x86_64-unknown-linux-gnu".to_owned()),
                checks: false,
                verify: true,
                ..Options::default()
            },
            entries: false,
            clif: true,
            asm: true,
            calls: false,
        };
        let options = &mut section.options;
        for word in line.split_whitespace() {
            let flag = || word.ends_with("=true");
            match word.split_once('=').ok_or_else(|| format!("{word:?} is no key=value"))? {
                ("emit", forms) => {
                    let forms: Vec<_> = forms.split(',').collect();
                    if let Some(unknown) = forms.iter().find(|f| !["clif", "asm", "calls"].contains(f)) {
                        return Err(format!("nothing to emit is called {unknown:?}"));
                    }
                    section.clif = forms.contains(&"clif");
                    section.asm = forms.contains(&"asm");
                    section.calls = forms.contains(&"calls");
                }
                ("bounds", "guard") => options.bounds = Bounds::Guard,
                ("bounds", "explicit") => options.bounds = Bounds::Explicit,
                ("traps", "signal") => options.traps = Traps::Signal,
                ("traps", "call") => options.traps = Traps::Call,
                ("opt", "none") => options.opt = OptLevel::None,
                ("opt", "speed") => options.opt = OptLevel::Speed,
                ("opt", "size") => options.opt = OptLevel::SpeedAndSize,
                ("interruptible", "true" | "false") => options.interruptible = flag(),
                ("checks", "true" | "false") => options.checks = flag(),
                ("stub", "true" | "false") => options.stub_unknown_imports = flag(),
                ("entries", "true" | "false") => section.entries = flag(),
                ("target", triple) => options.target = Some(triple.to_owned()),
                ("cpu", cpu) => options.cpu = Some(cpu.to_owned()),
                _ => return Err(format!("unknown option {word:?}")),
            }
        }
        options.keep_clif = section.clif;
        options.keep_asm = section.asm;
        Ok(section)
    }

    /// What comes out, as it stands in the file.
    fn render(&self, wasm: &[u8]) -> Result<String, String> {
        let module = compile(wasm, &self.options).map_err(|e| e.to_string())?;
        let mut text = format!("== {}\n", self.line);
        for (i, function) in module.functions.iter().enumerate() {
            if function.name.starts_with("p.entry.") && !self.entries {
                continue;
            }
            let _ = writeln!(text, "\n{}:", function.name);
            for line in [&function.clif, &function.asm].into_iter().flatten().flat_map(|t| t.lines()) {
                if !NOISE.iter().any(|n| line.starts_with(n)) {
                    let _ = writeln!(text, "{line}");
                }
            }
            if self.calls {
                let _ = writeln!(text, "calls {}", calls(&module, i).join(", "));
            }
        }
        let comment = |line: &str| {
            if line.trim().is_empty() { ";;\n".to_owned() } else { format!(";; {}\n", line.trim_end()) }
        };
        Ok(text.lines().map(comment).collect())
    }
}

/// The symbols of the shim that a function refers to, in the order of the code.
fn calls(module: &CompiledModule, function: usize) -> Vec<&'static str> {
    let f = &module.functions[function];
    let mut inside: Vec<_> =
        module.relocations.iter().filter(|r| (f.offset..f.offset + f.size).contains(&r.offset)).collect();
    inside.sort_by_key(|r| r.offset);
    inside.into_iter().map(|r| module.symbols[r.symbol as usize]).collect()
}

/// The module as it was written, without what is expected.
fn source(text: &str) -> &str {
    let end = text.find("\n;; == ").map_or(text.len(), |i| i + 1);
    text[..end].trim_end()
}

/// The whole file as it should be.
fn expected(text: &str) -> Result<String, String> {
    let source = source(text);
    let options: Vec<&str> = source.lines().map_while(|l| l.strip_prefix(";;! ")).collect();
    if options.is_empty() {
        return Err("the first line must give options: ;;! emit=clif".to_owned());
    }
    let wasm = wat::parse_str(source).map_err(|e| e.to_string())?;
    let mut out = format!("{source}\n");
    for line in options {
        out.push('\n');
        out.push_str(&Section::parse(line)?.render(&wasm).map_err(|e| format!("{line}: {e}"))?);
    }
    Ok(out)
}

/// Lines that differ, with three lines around them.
fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // Length of the longest common subsequence of what follows each pair of lines.
    let width = new.len() + 1;
    let mut common = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    let mut out = String::new();
    let mut gap = false;
    for (n, (mark, line)) in lines.iter().enumerate() {
        let around = &lines[n.saturating_sub(3)..(n + 4).min(lines.len())];
        if around.iter().all(|(mark, _)| *mark == ' ') {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push_str("  ...\n");
        }
        let _ = writeln!(out, "{mark} {line}");
    }
    out
}

fn files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .expect("tests/goldens")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "wat"))
        .collect();
    files.sort();
    files
}

#[test]
fn goldens() {
    let bless = std::env::var_os("BLESS").is_some_and(|v| v == "1");
    let files = files();
    assert!(files.len() >= 30, "golden files are missing");
    let mut failures = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = std::fs::read_to_string(&file).expect("a golden file");
        match expected(&found) {
            Err(e) => failures.push(format!("{name}: {e}")),
            Ok(expected) if expected == found => {}
            Ok(expected) if bless => std::fs::write(&file, expected).expect("the golden file is written"),
            Ok(expected) => failures.push(format!("{name} differs:\n{}", diff(&found, &expected))),
        }
    }
    assert!(
        failures.is_empty(),
        "{}\n{} golden files differ; if the new code is right, BLESS=1 cargo test -p nullvm-compiler --test goldens writes it",
        failures.join("\n"),
        failures.len()
    );
}

/// The driver itself: a difference is found and shown.
#[test]
fn a_difference_is_shown() {
    let file = files().into_iter().find(|f| f.ends_with("stack_check.wat")).expect("stack_check.wat");
    let text = std::fs::read_to_string(file).expect("a golden file");
    let planted = text.replacen("jnbe ", "jbe ", 1);
    assert_ne!(planted, text, "stack_check.wat holds no jnbe");
    let shown = diff(&planted, &expected(&planted).expect("compiles"));
    let marked = |mark: &str| shown.lines().filter(|l| l.starts_with(mark)).count();
    assert_eq!((marked("- "), marked("+ ")), (1, 1), "{shown}");
    assert!(shown.lines().count() <= 9, "{shown}");
}
