//! `cargo xtask bench`: runs the criterion benches and writes their results to `docs/benchmarks.md`.

use crate::page;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// Runs the benches and writes the page; or writes it from what the last run left.
pub fn run(root: &Path, last: bool) -> Result<(), String> {
    let criterion = root.join("target/criterion");
    if last {
        return page::write(root, "bench", &render(&criterion)?);
    }
    let _ = std::fs::remove_dir_all(&criterion);
    let status = Command::new("cargo")
        .args([
            "bench",
            "--workspace",
            "--exclude",
            "nullvm-shim-staticlib",
            "--bench",
            "engines",
            "--bench",
            "boundary",
            "--bench",
            "filters",
        ])
        .current_dir(root)
        .status()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !status.success() {
        return Err(format!("the benches failed: {status}"));
    }
    page::write(root, "bench", &render(&criterion)?)
}

/// A time with its unit.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n:.1} ns"),
        n if n < 1e6 => format!("{:.2} us", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.2} s", n / 1e9),
    }
}

fn read(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// The directories of a group's last run: one per bench, or one per bench and parameter.
fn runs(group: &Path) -> Vec<std::path::PathBuf> {
    let children = |path: &Path| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(path).into_iter().flatten().flatten().map(|e| e.path()).collect()
    };
    let mut all = Vec::new();
    for bench in children(group) {
        all.push(bench.join("new"));
        all.extend(children(&bench).into_iter().map(|parameter| parameter.join("new")));
    }
    all.retain(|path| path.join("benchmark.json").is_file());
    all
}

/// Group, then bench, then median and bounds of its confidence interval.
pub type Results = BTreeMap<String, Vec<(String, f64, f64, f64)>>;

pub fn results(criterion: &Path) -> Result<Results, String> {
    let mut all = Results::new();
    let groups = std::fs::read_dir(criterion).map_err(|e| format!("{}: {e}", criterion.display()))?;
    for group in groups.flatten() {
        for new in runs(&group.path()) {
            let (Some(about), Some(estimates)) =
                (read(&new.join("benchmark.json")), read(&new.join("estimates.json")))
            else {
                continue;
            };
            let text = |key: &str| about[key].as_str().unwrap_or_default().to_owned();
            let median = &estimates["median"];
            let number = |value: &serde_json::Value| value.as_f64().unwrap_or(f64::NAN);
            let name = match about["value_str"].as_str() {
                Some(value) => format!("{}, {value}", text("function_id")),
                None => text("function_id"),
            };
            all.entry(text("group_id")).or_default().push((
                name,
                number(&median["point_estimate"]),
                number(&median["confidence_interval"]["lower_bound"]),
                number(&median["confidence_interval"]["upper_bound"]),
            ));
        }
    }
    if all.is_empty() { Err("criterion left no results".to_owned()) } else { Ok(all) }
}

fn render(criterion: &Path) -> Result<String, String> {
    let mut page = String::from(
        "Written by `cargo xtask bench` from the criterion benches in `benches/`; do not edit. Times are medians with their 95 %\n\
         confidence interval and vary from machine to machine: what counts is the ratio within one run. Every comparison checks\n\
         that all engines did the same before it times them. Each engine answers the plugin's imports with the same host\n\
         functions, which do next to nothing. Versions: wasmtime 48.0.8, wasmi 2.0.0, Cranelift 0.135.8, default settings.\n\n",
    );
    let _ = writeln!(page, "Machine: {}\n", page::machine());
    for (group, mut benches) in results(criterion)? {
        benches.sort_by(|a, b| a.1.total_cmp(&b.1));
        let base =
            benches.iter().find(|b| b.0.starts_with("native") || b.0 == "without").unwrap_or(&benches[0]).1;
        let _ = writeln!(page, "## {group}\n\n| | median | 95 % interval | ratio |\n|---|---|---|---|");
        for (name, median, low, high) in &benches {
            let _ = writeln!(
                page,
                "| {name} | {} | {} to {} | {:.2} |",
                time(*median),
                time(*low),
                time(*high),
                median / base
            );
        }
        page.push('\n');
    }
    Ok(page)
}
