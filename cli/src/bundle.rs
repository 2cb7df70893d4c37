//! `nullvmc bundle`: a module with its code for several platforms inside.

use crate::compile::{CodeArgs, default_name, size};
use crate::input::Input;
use crate::output::{self, Output};
use crate::{CliError, Console, progress};
use clap::Args;
use nullvm_artifact::{Bundle, BundleError, bundle};
use nullvm_compiler::codegen::Target;
use nullvm_compiler::{CompileError, Options, emit};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Put native code for several platforms and CPU levels into a plugin's .wasm file, or take it out
///
/// The module itself stays as it is, byte for byte: every other runtime runs it. Hosts that allow precompiled code find theirs in a
/// custom section per platform. Code for other platforms and CPU levels stays. A signature does not survive; sign the bundle
/// afterwards. The output may be the input.
#[derive(Args)]
pub struct BundleArgs {
    /// The plugin, a bundle of it, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// Where to write [default: NAME.bundle.wasm in the working directory; with --strip NAME.wasm]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Name of the plugin, part of backtraces [default: the file's name]
    #[arg(long, conflicts_with_all = ["strip", "list"])]
    name: Option<String>,

    /// Show what is in the bundle and write nothing
    #[arg(long, conflicts_with_all = ["strip", "replace", "output"])]
    list: bool,

    /// Take out the code for --target, or all of it, and nothing else
    #[arg(long, conflicts_with = "replace")]
    strip: bool,

    /// Replace all code that is there for the platforms given; without it, levels are added
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    code: CodeArgs,

    /// Write nothing to standard error but errors
    #[arg(short, long)]
    quiet: bool,
}

/// Platforms that have a runtime which loads code.
const HOSTS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// Runs the command.
pub fn run(args: &BundleArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let input = Input::read(&args.file)?;
    let failed = |source: BundleError| CliError::Bundle { file: input.name.clone(), source };
    let found = Bundle::parse(&input.bytes).map_err(failed)?;
    if args.list {
        console.out.write_all(list(&input, &found).as_bytes())?;
        return Ok(());
    }
    if args.strip {
        return strip(args, &input, &found, console);
    }
    let stem = input.stem();
    let name = args.name.clone().unwrap_or_else(|| default_name(stem.as_deref()));
    let plan = plan(args, &name, &input)?;
    let path = match &args.output {
        Some(path) if path.is_dir() => path.join(format!("{name}.bundle.wasm")),
        Some(path) => path.clone(),
        None => format!("{name}.bundle.wasm").into(),
    };
    // A bundle may be renewed in place: it is read already, and the module in it stays.
    output::check(std::slice::from_ref(&path), None)?;
    let mut summary = String::new();
    let mut platforms = kept(args, &input, &found, &plan, &mut summary)?;
    for (options, _) in &plan {
        let progress = options.progress.clone().unwrap_or_default();
        let work = || -> Result<Vec<u8>, CompileError> {
            emit::image(&nullvm_compiler::compile(&input.bytes, options)?)
        };
        let image = progress::run(&input.name, &progress, !args.quiet, console, work)?
            .map_err(|source| CliError::Compile { file: input.name.clone(), source })?;
        let target = options.target.clone().unwrap_or_default();
        let level = options.cpu.as_deref().unwrap_or("baseline");
        let _ = writeln!(summary, "  {target}, {level}: {}", size(image.len()));
        platforms.entry(target).or_default().push(image);
    }
    let bytes = bundle::attach(&input.bytes, &platforms).map_err(failed)?;
    let total = bytes.len();
    output::write_all(&[Output { path: path.clone(), bytes }])?;
    if !args.quiet {
        let mut text = format!("{} -> {} (bundle, {})\n{summary}", input.name, path.display(), size(total));
        note_signature(&mut text, &found);
        // The output is written; nobody to tell is no failure.
        let _ = console.err.write_all(text.as_bytes());
    }
    Ok(())
}

/// The code that stays, of platforms that get more.
fn kept(
    args: &BundleArgs,
    input: &Input,
    found: &Bundle<'_>,
    plan: &[(Options, Vec<String>)],
    summary: &mut String,
) -> Result<BTreeMap<String, Vec<Vec<u8>>>, CliError> {
    let mut platforms: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let module = found.module_sha256();
    for platform in &found.platforms {
        let target = platform.target;
        let mut planned = plan.iter().filter(|(o, _)| o.target.as_deref() == Some(target)).peekable();
        if planned.peek().is_none() {
            continue;
        }
        if args.replace {
            // Code of whoever made the input: what is not made again here does not stay beside what is.
            for features in platform.images().flatten().map(|view| level(view.cpu_features())) {
                let _ = writeln!(summary, "  {target}, {features}: what was there is left out");
            }
            continue;
        }
        if platform.verify(&module).is_err() {
            return Err(CliError::Usage(format!(
                "the code for {target} in {} is damaged or of another version; --replace leaves it out",
                input.name
            )));
        }
        for view in platform.images().flatten() {
            if let Some((options, _)) = planned.clone().find(|(_, f)| view.cpu_features().eq(f.iter())) {
                return Err(CliError::Usage(format!(
                    "{} has code for {target}, {}; --replace replaces all that it has for this platform, --list shows it",
                    input.name,
                    options.cpu.as_deref().unwrap_or("baseline"),
                )));
            }
            let _ =
                writeln!(summary, "  {target}, {}: kept, by {}", level(view.cpu_features()), view.compiler());
            platforms.entry(target.to_owned()).or_default().push(view.bytes().to_vec());
        }
    }
    Ok(platforms)
}

/// CPU features for people.
fn level<'a>(features: impl Iterator<Item = &'a str>) -> String {
    let features: Vec<&str> = features.collect();
    if features.is_empty() { "baseline".to_owned() } else { features.join(", ") }
}

fn note_signature(text: &mut String, found: &Bundle<'_>) {
    if found.is_signed() {
        text.push_str(
            "  the signature of the input did not hold any more and was left out: sign the output\n",
        );
    }
}

fn strip(
    args: &BundleArgs,
    input: &Input,
    found: &Bundle<'_>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    if args.code.cpu.is_some() {
        return Err(CliError::Usage(
            "--strip takes out whole platforms (--target); it does not know CPU levels".to_owned(),
        ));
    }
    if found.platforms.is_empty() {
        return Err(CliError::Usage(format!("{} has no code of nullvm's to take out", input.name)));
    }
    if let Some(missing) = args.code.target.iter().find(|t| found.platform(t).is_none()) {
        return Err(CliError::Usage(format!("{} has no code for {missing}; --list shows it", input.name)));
    }
    let bytes = bundle::strip(&input.bytes, &args.code.target)
        .map_err(|source| CliError::Bundle { file: input.name.clone(), source })?;
    let stem = input.stem();
    let file = format!("{}.wasm", stem.as_deref().unwrap_or("plugin"));
    let path = match &args.output {
        Some(path) if path.is_dir() => path.join(file),
        Some(path) => path.clone(),
        None => file.into(),
    };
    let total = bytes.len();
    output::check(std::slice::from_ref(&path), None)?;
    output::write_all(&[Output { path: path.clone(), bytes }])?;
    if !args.quiet {
        let mut text = format!("{} -> {} ({})\n", input.name, path.display(), size(total));
        note_signature(&mut text, found);
        let _ = console.err.write_all(text.as_bytes());
    }
    Ok(())
}

/// What to compile: one set of options per target and CPU level. A level of another architecture than the target's is passed
/// over; a target for which none is left gets its baseline.
fn plan(args: &BundleArgs, name: &str, input: &Input) -> Result<Vec<(Options, Vec<String>)>, CliError> {
    let failed = |source: CompileError| CliError::Compile { file: input.name.clone(), source };
    let base = args.code.options(name.to_owned());
    let targets: Vec<Option<String>> = match args.code.target.as_slice() {
        [] => vec![None],
        targets => targets.iter().cloned().map(Some).collect(),
    };
    let levels: Vec<&str> =
        args.code.cpu.as_deref().unwrap_or_default().split(',').filter(|l| !l.is_empty()).collect();
    let mut used = vec![false; levels.len()];
    let mut refused = None;
    let mut plan: Vec<(Options, Vec<String>)> = Vec::new();
    for target in targets {
        let mut any = false;
        let of = |cpu: Option<&str>| Options {
            target: target.clone(),
            cpu: cpu.map(str::to_owned),
            ..base.clone()
        };
        for (level, used) in levels.iter().zip(&mut used) {
            let options = of(Some(level));
            match Target::select(&options) {
                Ok(found) => {
                    (*used, any) = (true, true);
                    push(&mut plan, options, &found)?;
                }
                Err(error) => refused = Some(error),
            }
        }
        if !any {
            let options = of(None);
            let found = Target::select(&options).map_err(failed)?;
            push(&mut plan, options, &found)?;
        }
    }
    match refused {
        Some(error) if used.contains(&false) => Err(failed(error)),
        _ => Ok(plan),
    }
}

fn push(
    plan: &mut Vec<(Options, Vec<String>)>,
    mut options: Options,
    target: &Target,
) -> Result<(), CliError> {
    let triple = target.triple.to_string();
    if !HOSTS.contains(&triple.as_str()) {
        return Err(CliError::Usage(format!(
            "no host looks for code for {triple} in a bundle: bundles are for {}, other targets get objects (docs/targets.md)",
            HOSTS.join(" and ")
        )));
    }
    options.target = Some(triple.clone());
    if plan.iter().any(|(o, features)| o.target == options.target && *features == target.features) {
        return Err(CliError::Usage(format!(
            "{} for {triple} is given twice: another level before it has the same CPU features",
            options.cpu.as_deref().unwrap_or("the baseline"),
        )));
    }
    plan.push((options, target.features.clone()));
    Ok(())
}

/// The contents for people.
fn list(input: &Input, found: &Bundle<'_>) -> String {
    let mut text = format!("{}: {}\n", input.name, size(input.bytes.len()));
    if found.platforms.is_empty() {
        text.push_str("  no code of nullvm's\n");
    }
    for platform in &found.platforms {
        let _ = writeln!(text, "  {}", platform.target);
        for image in platform.images() {
            let _ = match image {
                Ok(view) => {
                    let features = level(view.cpu_features());
                    writeln!(text, "    {:>10}  {features}; {}", size(view.bytes().len()), view.compiler())
                }
                Err(error) => writeln!(text, "    damaged or of another version: {error:?}"),
            };
        }
    }
    for section in found.sections().iter().filter(|s| is_foreign(s.name)) {
        let _ = writeln!(
            text,
            "  {} ({}), code of another engine",
            section.name.unwrap_or_default(),
            size(section.data.len())
        );
    }
    let signed = if found.is_signed() { "signed; `nullvmc verify --key` checks it" } else { "not signed" };
    let _ = writeln!(text, "  {signed}");
    text
}

/// Sections in which other engines keep native code.
pub fn is_foreign(name: Option<&str>) -> bool {
    name.is_some_and(|n| {
        ["precompiled_wee8_", "precompiled_wasmtime_"].iter().any(|prefix| n.starts_with(prefix))
            || n == "wamr-aot"
            || n.starts_with("wamr-aot-")
            || n == "wasmedge"
    })
}
