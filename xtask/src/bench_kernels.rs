//! `cargo xtask bench-kernels`: code quality over the kernels of `benches/kernels`, written to `docs/benchmarks.md`.

use crate::bench::{Results, results, time};
use crate::page;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// What the others are compared with.
const BASE: &str = "clang";

/// Engines in the order of their columns.
const ENGINES: &[&str] = &[
    "nullvm",
    "nullvm native",
    "nullvm explicit",
    "nullvm explicit, no signals",
    "nullvm interruptible",
    "wasmtime",
    "V8",
    "wasm2c clang",
    "wasm2c gcc",
    "gcc",
    "wasmi",
];

/// A column compared with another one: who, with whom, at most, in words.
const TARGETS: &[(&str, &str, f64, &str)] = &[
    ("nullvm native", "wasmtime", 1.0, "ahead of wasmtime"),
    ("nullvm native", "V8", 1.0, "ahead of V8"),
    ("nullvm", "wasmtime", 1.0, "ahead of wasmtime, without the features of this processor"),
    ("nullvm", BASE, 1.10, "stretch: native"),
    ("nullvm", "wasm2c clang", 1.0, "stretch: level with wasm2c and clang"),
    ("nullvm interruptible", "nullvm", 1.03, "interruptible code"),
    ("nullvm explicit", "nullvm", 1.2, "explicit bounds"),
    ("nullvm explicit, no signals", "nullvm", 1.2, "explicit bounds, no signals at all"),
];

/// Runs the bench and writes its part.
pub fn run(root: &Path) -> Result<(), String> {
    let criterion = root.join("target/criterion-kernels");
    let _ = std::fs::remove_dir_all(&criterion);
    let status = Command::new("cargo")
        .args(["bench", "--workspace", "--exclude", "nullvm-shim-staticlib", "--bench", "kernels"])
        .env("CRITERION_HOME", &criterion)
        .current_dir(root)
        .status()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    if !status.success() {
        return Err(format!("the bench failed: {status}"));
    }
    page::write(root, "bench-kernels", &render(&results(&criterion)?))
}

/// Medians in nanoseconds: kernel, then engine.
type Medians = BTreeMap<String, BTreeMap<String, f64>>;

fn medians(results: &Results) -> Medians {
    let kernel = |group: &str| group.strip_prefix("kernel ").map(str::to_owned);
    results
        .iter()
        .filter_map(|(group, benches)| {
            Some((kernel(group)?, benches.iter().map(|b| (b.0.clone(), b.1)).collect()))
        })
        .collect()
}

/// Geometric mean of one engine's times over another's.
fn mean_ratio(medians: &Medians, engine: &str, base: &str) -> Option<f64> {
    let logs: Option<Vec<f64>> =
        medians.values().map(|row| Some((row.get(engine)? / row.get(base)?).ln())).collect();
    let logs = logs.filter(|l| !l.is_empty())?;
    Some((logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

fn render(results: &Results) -> String {
    let medians = medians(results);
    let there: Vec<&str> =
        ENGINES.iter().copied().filter(|e| mean_ratio(&medians, e, BASE).is_some()).collect();
    let mut page = format!(
        "## Code quality: kernels\n\n\
         Written by `cargo xtask bench-kernels`; do not edit. One C source per kernel (`benches/kernels`), built once to Wasm and once to\n\
         machine code by the same clang at -O3. Medians of one run; all engines gave the same checksums before they were timed.\n\
         Ratios to clang's machine code, lower is better. `nullvm` is what `nullvmc compile` makes without options (guard pages,\n\
         x86-64-v2), `nullvm native` the same with `--cpu native`, as hosts compile in process; wasmtime, V8 (optimised from the start) and wasmi run with their defaults for this processor, clang and gcc with\n\
         -O3 for the baseline of their target.{}\n\n\
         Machine: {}\n\n| kernel | clang |",
        if there.len() == ENGINES.len() { "" } else { " Engines that this machine lacks are left out." },
        page::machine()
    );
    for engine in &there {
        let _ = write!(page, " {engine} |");
    }
    let _ = write!(page, "\n|{}\n", "---|".repeat(there.len() + 2));
    for (kernel, row) in &medians {
        let base = row.get(BASE).copied().unwrap_or(f64::NAN);
        let _ = write!(page, "| {kernel} | {} |", time(base));
        for engine in &there {
            let _ = write!(page, " {:.2} |", row[*engine] / base);
        }
        page.push('\n');
    }
    let _ = write!(page, "| **geometric mean** | |");
    for engine in &there {
        let _ = write!(page, " **{:.2}** |", mean_ratio(&medians, engine, BASE).unwrap_or(f64::NAN));
    }
    page.push_str("\n\n| geometric mean | ratio | target | |\n|---|---|---|---|\n");
    for (engine, base, most, what) in TARGETS {
        let Some(ratio) = mean_ratio(&medians, engine, base) else { continue };
        let met = if ratio <= *most { "met" } else { "not met" };
        let _ = writeln!(page, "| {engine} over {base}: {what} | {ratio:.3} | at most {most} | {met} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_targets() {
        let row = |base: f64, ours: f64| {
            vec![("clang".to_owned(), base, 0.0, 0.0), ("nullvm".to_owned(), ours, 0.0, 0.0)]
        };
        let results: Results =
            [("kernel a".to_owned(), row(100.0, 200.0)), ("kernel b".to_owned(), row(100.0, 50.0))].into();
        let page = render(&results);
        assert!(page.contains("| a | 100.0 ns | 2.00 |"), "{page}");
        assert!(page.contains("| **geometric mean** | | **1.00** |"), "{page}");
        assert!(
            page.contains("| nullvm over clang: stretch: native | 1.000 | at most 1.1 | met |"),
            "{page}"
        );
        assert!(!page.contains("wasmi |"), "what is not there has no column: {page}");
    }
}
