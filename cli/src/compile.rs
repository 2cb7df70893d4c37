//! `nullvmc compile`

use crate::input::Input;
use crate::output::{self, Output};
use crate::{CliError, Console, envoy_module, null_vm, progress, shim};
use clap::{Args, ValueEnum};
use nullvm_compiler::{
    Bounds, CompileError, CompiledModule, OptLevel, Options, Progress, Traps, codegen, emit,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Compile a Proxy-Wasm plugin to native code
///
/// Writes a relocatable object unless --emit says otherwise. The defaults are those for production on Linux: guard pages,
/// hardware traps, full optimisation, baseline x86-64-v2 (SSE4.2, POPCNT) or ARMv8.0-A.
#[derive(Args)]
pub struct CompileArgs {
    /// The plugin, or - for standard input
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// Where to write [default: NAME.o, libNAME.a, libNAME.so, NAME.nvm, NAME.clif or NAME.s in the working directory]
    ///
    /// A directory puts the default names into it. With several forms it names a directory, which is made if it does not
    /// exist. With - a text form goes to standard output.
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// What to write; several forms are separated by commas, all or none are written
    #[arg(long, value_name = "FORM", value_enum, value_delimiter = ',', default_value = "object")]
    emit: Vec<Form>,

    /// Name of the plugin, part of its symbols [default: the file's name]
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    code: CodeArgs,

    /// Do without the checks of the Proxy-Wasm ABI, for modules whose imports an embedder binds by itself
    #[arg(long)]
    no_proxy_wasm_checks: bool,

    /// Directory with lib/nullvm/TARGET/libnullvm_shim.a, for archives of other targets
    #[arg(long, value_name = "DIR")]
    sysroot: Option<PathBuf>,

    /// Linker, or C compiler that calls one, for --emit envoy-module [default: NULLVM_LINKER, or the first of cc, clang, gcc,
    /// ld.lld and ld on the PATH]
    #[arg(long, value_name = "PATH")]
    linker: Option<PathBuf>,

    /// Write nothing to standard error but errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Say more: target, CPU features, every import, the largest functions, the linker's command
    #[arg(short, long)]
    verbose: bool,
}

/// Options that decide what code comes out.
#[derive(Args)]
pub struct CodeArgs {
    /// Target triple, such as aarch64-unknown-linux-gnu; bundles and --emit null-vm take several [default: this machine]
    #[arg(long, value_name = "TRIPLE", value_delimiter = ',')]
    pub target: Vec<String>,

    /// CPU level: baseline, native, x86-64-v2, -v3, -v4, armv8.1-a, neoverse-n1, -v1, -n2; a bundle takes several, separated by
    /// commas [default: baseline]
    #[arg(long)]
    pub cpu: Option<String>,

    /// CPU features to add, or with - to take away, separated by commas: avx2,fma,-bmi1
    #[arg(long, value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true)]
    cpu_features: Vec<String>,

    /// How much to optimise
    #[arg(long, value_enum, default_value = "speed")]
    opt: Opt,

    /// How accesses outside of the linear memory are found: by guard pages or by comparing
    #[arg(long, value_enum, default_value = "guard")]
    bounds: BoundsArg,

    /// How other traps are raised: by the hardware or by comparing and calling
    #[arg(long, value_enum, default_value = "signal")]
    traps: TrapsArg,

    /// Let other threads stop the code, for deadlines
    #[arg(long)]
    interruptible: bool,

    /// Threads [default: one per processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,

    /// Turn imports that no host offers into traps that name themselves
    #[arg(long)]
    stub_unknown_imports: bool,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Form {
    /// Relocatable object
    Object,
    /// Static archive of the object and the runtime shim
    Archive,
    /// Position-independent image, loaded without a linker
    Image,
    /// Shared object that a stock Envoy loads as a dynamic module
    EnvoyModule,
    /// Directory with what a custom Envoy build needs to link the plugin in
    NullVm,
    /// Cranelift's intermediate representation, as text
    Clif,
    /// Assembly, as text
    Asm,
}

impl Form {
    fn file_name(self, name: &str) -> String {
        match self {
            Self::Object => format!("{name}.o"),
            Self::Archive => format!("lib{name}.a"),
            Self::Image => format!("{name}.nvm"),
            Self::EnvoyModule => format!("lib{name}.so"),
            Self::NullVm => format!("{name}-null-vm"),
            Self::Clif => format!("{name}.clif"),
            Self::Asm => format!("{name}.s"),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Archive => "archive",
            Self::Image => "image",
            Self::EnvoyModule => "envoy-module",
            Self::NullVm => "null-vm",
            Self::Clif => "clif",
            Self::Asm => "asm",
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Clif | Self::Asm)
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Opt {
    None,
    Speed,
    SpeedAndSize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BoundsArg {
    Guard,
    Explicit,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrapsArg {
    Signal,
    Call,
}

impl From<BoundsArg> for Bounds {
    fn from(arg: BoundsArg) -> Self {
        match arg {
            BoundsArg::Guard => Self::Guard,
            BoundsArg::Explicit => Self::Explicit,
        }
    }
}

impl From<TrapsArg> for Traps {
    fn from(arg: TrapsArg) -> Self {
        match arg {
            TrapsArg::Signal => Self::Signal,
            TrapsArg::Call => Self::Call,
        }
    }
}

/// Where the outputs go.
enum Destination {
    StandardOutput,
    Files {
        /// A directory that has to be made first.
        make: Option<PathBuf>,
        files: Vec<(Form, PathBuf)>,
    },
}

/// Runs the command.
pub fn run(args: &CompileArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let start = Instant::now();
    let input = Input::read(&args.file)?;
    let name = args.name.clone().unwrap_or_else(|| default_name(input.stem().as_deref()));
    let forms: BTreeSet<Form> = args.emit.iter().copied().collect();
    if forms.contains(&Form::NullVm) {
        return run_null_vm(args, &input, options(args, name, &forms), &forms, console);
    }
    if args.code.target.len() > 1 {
        return Err(CliError::Usage("several targets are for --emit null-vm only".to_owned()));
    }
    if forms.contains(&Form::EnvoyModule) {
        envoy_module::check(args.code.target.first().map(String::as_str), args.linker.as_deref())?;
    }
    let destination = destination(args, &name, &forms)?;
    if let Destination::Files { make: None, files } = &destination {
        let paths: Vec<PathBuf> = files.iter().map(|(_, path)| path.clone()).collect();
        output::check(&paths, input.path.as_deref())?;
    }
    let options = options(args, name, &forms);
    let progress = options.progress.clone().unwrap_or_default();

    let work = || compile(args, &input, &options, &forms);
    let (module, artifacts, linking) = progress::run(&input.name, &progress, !args.quiet, console, work)??;
    let sizes: Vec<usize> = artifacts.iter().map(Vec::len).collect();
    match &destination {
        Destination::StandardOutput => {
            for bytes in artifacts {
                console.out.write_all(&bytes)?;
            }
            console.out.flush()?;
        }
        Destination::Files { make, files } => write(make.as_deref(), files, artifacts)?,
    }
    if !args.quiet {
        let mut text = summary(args, &input, &module, &destination, &sizes, start.elapsed());
        if args.verbose {
            text.push_str(&linking);
        }
        // The outputs are written; nobody to tell is no failure.
        let _ = console.err.write_all(text.as_bytes());
    }
    Ok(())
}

/// A package is a directory, so it is made by itself.
fn run_null_vm(
    args: &CompileArgs,
    input: &Input,
    options: Options,
    forms: &BTreeSet<Form>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let directory = args.output.clone().unwrap_or_else(|| Form::NullVm.file_name(&options.name).into());
    if forms.len() > 1 || directory.as_os_str() == "-" || directory.is_file() {
        return Err(CliError::Usage(
            "--emit null-vm writes a directory and goes with no other form".to_owned(),
        ));
    }
    let progress = options.progress.clone().unwrap_or_default();
    let work = || null_vm::make(input, &options, &args.code.target, args.sysroot.as_deref());
    let package = progress::run(&input.name, &progress, !args.quiet, console, work)??;
    let summary = package.summary(input, &directory);
    package.write(&directory, input.path.as_deref())?;
    if !args.quiet {
        let _ = console.err.write_all(summary.as_bytes());
    }
    Ok(())
}

fn options(args: &CompileArgs, name: String, forms: &BTreeSet<Form>) -> Options {
    Options {
        checks: !args.no_proxy_wasm_checks,
        keep_clif: forms.contains(&Form::Clif),
        keep_asm: forms.contains(&Form::Asm),
        ..args.code.options(name)
    }
}

impl CodeArgs {
    /// For the compiler: the first target, and progress that somebody may look at.
    pub fn options(&self, name: String) -> Options {
        Options {
            name,
            target: self.target.first().cloned(),
            cpu: self.cpu.clone(),
            cpu_features: self.cpu_features.iter().filter(|f| !f.is_empty()).cloned().collect(),
            opt: match self.opt {
                Opt::None => OptLevel::None,
                Opt::Speed => OptLevel::Speed,
                Opt::SpeedAndSize => OptLevel::SpeedAndSize,
            },
            bounds: self.bounds.into(),
            traps: self.traps.into(),
            interruptible: self.interruptible,
            jobs: self.jobs.map_or(0, usize::from),
            stub_unknown_imports: self.stub_unknown_imports,
            progress: Some(Arc::new(Progress::default())),
            ..Options::default()
        }
    }
}

/// The file's name with everything that cannot stand in a symbol replaced.
pub fn default_name(stem: Option<&str>) -> String {
    let mut name: String = stem
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(127)
        .collect();
    if name.is_empty() {
        return "plugin".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

fn destination(args: &CompileArgs, name: &str, forms: &BTreeSet<Form>) -> Result<Destination, CliError> {
    let within =
        |directory: &Path| forms.iter().map(|f| (*f, directory.join(f.file_name(name)))).collect::<Vec<_>>();
    let Some(path) = &args.output else {
        return Ok(Destination::Files { make: None, files: within(Path::new("")) });
    };
    let single = forms.first().copied().filter(|_| forms.len() == 1);
    if path.as_os_str() == "-" {
        return match single {
            Some(form) if form.is_text() => Ok(Destination::StandardOutput),
            _ => Err(CliError::Usage(
                "-o - writes one text form (--emit clif or --emit asm) to standard output; name a file for others".to_owned(),
            )),
        };
    }
    if path.is_dir() {
        return Ok(Destination::Files { make: None, files: within(path) });
    }
    match single {
        Some(form) => Ok(Destination::Files { make: None, files: vec![(form, path.clone())] }),
        None if path.exists() => Err(CliError::Usage(format!(
            "{} is a file; with several forms -o names a directory",
            path.display()
        ))),
        None => Ok(Destination::Files { make: Some(path.clone()), files: within(path) }),
    }
}

fn write(make: Option<&Path>, files: &[(Form, PathBuf)], artifacts: Vec<Vec<u8>>) -> Result<(), CliError> {
    if let Some(directory) = make {
        std::fs::create_dir(directory)
            .map_err(|source| CliError::Write { path: directory.to_owned(), source })?;
    }
    let outputs: Vec<Output> =
        files.iter().zip(artifacts).map(|((_, path), bytes)| Output { path: path.clone(), bytes }).collect();
    output::write_all(&outputs).inspect_err(|_| {
        if let Some(directory) = make {
            let _ = std::fs::remove_dir(directory);
        }
    })
}

/// The module, its artifacts in the order of the forms, and what a linker did.
fn compile(
    args: &CompileArgs,
    input: &Input,
    options: &Options,
    forms: &BTreeSet<Form>,
) -> Result<(CompiledModule, Vec<Vec<u8>>, String), CliError> {
    let failed = |source: CompileError| CliError::Compile { file: input.name.clone(), source };
    let module = nullvm_compiler::compile(&input.bytes, options).map_err(failed)?;
    let mut artifacts = Vec::new();
    let mut linking = String::new();
    for form in forms {
        artifacts.push(match form {
            Form::Object => emit::object(&module).map_err(failed)?,
            Form::Archive => {
                let shim = shim::archive(&module.target.triple.to_string(), args.sysroot.as_deref())?;
                let object = emit::object(&module).map_err(failed)?;
                emit::archive(&module.name, object, &shim).map_err(failed)?
            }
            Form::Image => emit::image(&module).map_err(failed)?,
            Form::EnvoyModule => {
                let (sysroot, linker) = (args.sysroot.as_deref(), args.linker.as_deref());
                let linked = envoy_module::link(&module, sysroot, linker)?;
                linking = linked.report;
                linked.bytes
            }
            Form::NullVm => unreachable!("made by run_null_vm"),
            Form::Clif => emit::clif(&module).into_bytes(),
            Form::Asm => emit::asm(&module).into_bytes(),
        });
    }
    Ok((module, artifacts, linking))
}

/// Bytes as people read them.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

fn summary(
    args: &CompileArgs,
    input: &Input,
    module: &CompiledModule,
    destination: &Destination,
    sizes: &[usize],
    time: Duration,
) -> String {
    let mut text = String::new();
    if let Destination::Files { files, .. } = destination {
        for ((form, path), bytes) in files.iter().zip(sizes) {
            let _ =
                writeln!(text, "{} -> {} ({}, {})", input.name, path.display(), form.as_str(), size(*bytes));
        }
    }
    let s = &module.summary;
    let _ = write!(
        text,
        "{} functions, {} of code, {} of data, {} imports bound",
        s.functions,
        size(s.code_bytes),
        size(s.data_bytes),
        s.imports_bound
    );
    if s.imports_stubbed > 0 {
        let _ = write!(text, ", {} stubbed", s.imports_stubbed);
    }
    let _ = writeln!(text, ", {:.2} s", time.as_secs_f64());
    // For another target nobody knows what the C compiler is called.
    if let Destination::Files { files, .. } = destination
        && shim::is_own_target(&module.target.triple.to_string())
    {
        for (form, path) in files {
            let line = match form {
                Form::Object => shim::link_line(&path.display().to_string(), true),
                Form::Archive => shim::link_line(&path.display().to_string(), false),
                _ => continue,
            };
            let _ = writeln!(text, "link with: {line}");
        }
    }
    if args.verbose {
        details(&mut text, args, input, module);
    }
    text
}

fn details(text: &mut String, args: &CompileArgs, input: &Input, module: &CompiledModule) {
    let _ = writeln!(text, "compiler: {}", codegen::COMPILER);
    let _ = writeln!(
        text,
        "target: {}; CPU features: {}",
        module.target.triple,
        module.target.features.join(",")
    );
    let _ = writeln!(
        text,
        "{} bytes of metadata, {} entries in the trap table, {} symbols of the shim",
        module.summary.meta_bytes,
        module.summary.traps,
        module.symbols.len()
    );
    if let Ok(parsed) = nullvm_compiler::Module::parse(&input.bytes) {
        let abi = nullvm_compiler::proxy_abi::declared_abi(&parsed).0;
        for import in &parsed.imports {
            let binding = match abi.map(|abi| nullvm_compiler::proxy_abi::bind_import(&parsed, import, abi)) {
                _ if args.no_proxy_wasm_checks => "left to the embedder".to_owned(),
                Some(Ok(_)) => "bound".to_owned(),
                Some(Err(problem)) => format!("stubbed: {}", problem.problem),
                None => continue,
            };
            let _ = writeln!(text, "import {}.{}: {binding}", import.module, import.name);
        }
    }
    let mut largest: Vec<_> = module.functions.iter().collect();
    largest.sort_by_key(|f| std::cmp::Reverse(f.size));
    for function in largest.iter().take(5) {
        let _ = writeln!(text, "{:>9} bytes: {}", function.size, function.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (stem, name) in [
            (None, "plugin"),
            (Some(""), "plugin"),
            (Some("add_header"), "add_header"),
            (Some("my-filter.v2"), "my_filter_v2"),
            (Some("7layers"), "_7layers"),
            (Some("Größe"), "Gr__e"),
        ] {
            assert_eq!(default_name(stem), name);
        }
        assert_eq!(default_name(Some(&"9".repeat(500))).len(), 128);
    }
}
