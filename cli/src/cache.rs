//! `nullvmc cache`: what is kept of compiled code.

use crate::compile::{CodeArgs, default_name, size};
use crate::input::Input;
use crate::inspect::hex;
use crate::{CliError, Console, progress};
use clap::{Args, Subcommand, ValueEnum};
use nullvm_cache::{CacheError, FileStore, Info, Pruned, Store, default_directory};
use nullvm_compiler::{CompileError, emit};
use nullvm_loader::{TARGET, cache_key};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Look after the cache of compiled code that hosts compile into
#[derive(Args)]
pub struct CacheArgs {
    /// The cache [default: NULLVM_CACHE_DIR, or nullvm in XDG_CACHE_HOME or ~/.cache, or /var/cache/nullvm]
    #[arg(long, value_name = "DIR", global = true)]
    cache_dir: Option<PathBuf>,

    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show the entries, the most recently used first
    List {
        /// For people or for programs
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Read every entry and check its hash; exit code 1 when one is damaged
    Verify {
        /// Remove what is damaged
        #[arg(long)]
        remove_damaged: bool,
    },
    /// Remove what killed processes left, damaged entries, and what the options say
    Prune {
        /// Keep no more than this: bytes, or with K, M, G
        #[arg(long, value_name = "SIZE", value_parser = parse_size)]
        max_size: Option<u64>,
        /// Remove entries that were not used for so many days
        #[arg(long, value_name = "DAYS")]
        unused: Option<u32>,
    },
    /// Remove everything
    Clear,
    /// Compile plugins for this machine, so that hosts find them
    ///
    /// With the options that hosts use, since other code is not found: without options those of the generic Envoy module, which are
    /// --cpu native for this machine, and --interruptible where calls have a deadline.
    Warm(Box<WarmArgs>),
}

#[derive(Args)]
struct WarmArgs {
    /// The plugins
    #[arg(value_name = "FILTER.wasm", required = true)]
    files: Vec<PathBuf>,

    /// Name of the plugins, part of the code's identity [default: the generic Envoy module's]
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    code: CodeArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn parse_size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.trim_end_matches(['B', 'b', 'i']) {
        t if t.ends_with(['K', 'k']) => (&t[..t.len() - 1], 1 << 10),
        t if t.ends_with(['M', 'm']) => (&t[..t.len() - 1], 1 << 20),
        t if t.ends_with(['G', 'g']) => (&t[..t.len() - 1], 1 << 30),
        t => (t, 1),
    };
    let number: u64 = digits.parse().map_err(|_| format!("{text:?} is no size such as 500M"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{text:?} is too large"))
}

/// Runs the command.
pub fn run(args: &CacheArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let directory = args.cache_dir.clone().unwrap_or_else(default_directory);
    // Looking makes nothing: a cache that nobody has used yet is an empty one.
    let existing = || match FileStore::open_existing(&directory, None) {
        Err(CacheError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    };
    match &args.task {
        Task::List { format } => list(existing()?.as_ref(), &directory, *format, console),
        Task::Verify { remove_damaged } => match existing()? {
            Some(store) => verify(&store, *remove_damaged, console),
            None => Ok(writeln!(console.out, "{}: no entries", directory.display())?),
        },
        Task::Prune { max_size, unused } => {
            let unused = unused.map(|days| Duration::from_secs(u64::from(days) * 86_400));
            let pruned = existing()?.map(|store| store.prune(*max_size, unused)).transpose()?;
            removed(pruned.unwrap_or_default(), console)
        }
        Task::Clear => {
            let pruned = existing()?.map(|store| store.clear()).transpose()?;
            removed(pruned.unwrap_or_default(), console)
        }
        Task::Warm(warm) => warm_all(&FileStore::open(&directory, None)?, warm, console),
    }
}

fn removed(pruned: Pruned, console: &mut Console<'_>) -> Result<(), CliError> {
    let Pruned { entries, bytes, leftovers } = pruned;
    writeln!(
        console.out,
        "removed {entries} entries and {leftovers} files left behind, {}",
        size(usize::try_from(bytes).unwrap_or(usize::MAX))
    )?;
    Ok(())
}

/// An entry for programs.
#[derive(Serialize)]
struct Row<'a> {
    entry: &'a str,
    size: u64,
    /// Seconds since 1970.
    used: u64,
    made_of: Option<std::collections::BTreeMap<&'a str, &'a str>>,
    problem: Option<&'a str>,
}

fn row(info: &Info) -> Row<'_> {
    let used = info.used.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let key = info.key.as_ref();
    Row {
        entry: &info.name,
        size: info.size,
        used,
        made_of: key.ok().map(|k| k.fields().iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()),
        problem: key.err().map(String::as_str),
    }
}

fn list(
    store: Option<&FileStore>,
    directory: &Path,
    format: Format,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let mut all = store.map(FileStore::list).transpose()?.unwrap_or_default();
    all.reverse();
    match format {
        Format::Json => {
            let rows: Vec<Row<'_>> = all.iter().map(row).collect();
            serde_json::to_writer_pretty(&mut *console.out, &rows).map_err(std::io::Error::from)?;
            writeln!(console.out)?;
        }
        Format::Text => {
            let total: u64 = all.iter().map(|i| i.size).sum();
            let bytes = |n: u64| size(usize::try_from(n).unwrap_or(usize::MAX));
            writeln!(
                console.out,
                "{}: {} entries, {}",
                store.map_or(directory, FileStore::directory).display(),
                all.len(),
                bytes(total)
            )?;
            for info in &all {
                let age = SystemTime::now().duration_since(info.used).unwrap_or_default();
                write!(console.out, "  {:.12}  {:>10}  {:>6} ago  ", info.name, bytes(info.size), ago(age))?;
                match &info.key {
                    Err(problem) => writeln!(console.out, "DAMAGED: {problem}")?,
                    Ok(key) => {
                        let field = |name| key.field(name).unwrap_or("?");
                        let module = field("module");
                        writeln!(
                            console.out,
                            "{} of module {module:.12}, {} ({}), {}",
                            field("name"),
                            field("target"),
                            field("cpu_features"),
                            field("compiler")
                        )?;
                    }
                }
            }
        }
    }
    console.out.flush()?;
    Ok(())
}

fn ago(age: Duration) -> String {
    match age.as_secs() {
        s @ 0..120 => format!("{s} s"),
        s @ 120..7200 => format!("{} min", s / 60),
        s @ 7200..172_800 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}

fn verify(store: &FileStore, remove: bool, console: &mut Console<'_>) -> Result<(), CliError> {
    let all = store.verify()?;
    let of = all.len();
    let mut failed = 0;
    for (info, problem) in all {
        let Some(problem) = problem else { continue };
        failed += 1;
        let what = if remove {
            store.remove(&info.name)?;
            "removed"
        } else {
            "damaged"
        };
        writeln!(console.out, "{}: {what}: {problem}", info.name)?;
    }
    writeln!(console.out, "{} of {of} entries are as they were written", of - failed)?;
    if failed > 0 && !remove {
        return Err(CliError::Verify { failed, of });
    }
    Ok(())
}

fn warm_all(store: &FileStore, args: &WarmArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    if args.code.target.len() > 1 {
        return Err(CliError::Usage("a cache is for this machine: give one --target at most".to_owned()));
    }
    for file in &args.files {
        let input = Input::read(file)?;
        let failed = |source: CompileError| CliError::Compile { file: input.name.clone(), source };
        let name = args.name.clone().unwrap_or_else(|| nullvm_compiler::Options::default().name);
        let mut options = args.code.options(default_name(Some(&name)));
        if options.target.as_deref().is_none_or(|target| target == TARGET) {
            options.cpu.get_or_insert_with(|| "native".to_owned());
        }
        let module = nullvm_artifact::module_sha256(&input.bytes)
            .map_err(|e| CliError::Bundle { file: input.name.clone(), source: e.into() })?;
        let key = cache_key(&module, &options).map_err(failed)?;
        let _lock = store.lock(&key, Duration::from_secs(600))?;
        if store.get(&key)?.is_some() {
            writeln!(console.out, "{}: there already, module {:.12}", input.name, hex(&module))?;
            continue;
        }
        let near = store.nearest(&key)?;
        let work = || emit::image(&nullvm_compiler::compile(&input.bytes, &options)?);
        let progress = options.progress.clone().unwrap_or_default();
        let image =
            progress::run(&input.name, &progress, console.progress, console, work)?.map_err(failed)?;
        store.put(&key, &image)?;
        writeln!(
            console.out,
            "{}: compiled, {}, module {:.12}",
            input.name,
            size(image.len()),
            hex(&module)
        )?;
        for difference in near.into_iter().flatten() {
            writeln!(console.out, "  another entry of this module differs: {difference}")?;
        }
    }
    Ok(())
}
