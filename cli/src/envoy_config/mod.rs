//! `nullvmc envoy-config`: configuration for Envoy and Istio that runs a plugin, from the flags of `serve`.

mod bootstrap;
mod istio;
mod plugin;
mod tree;

use crate::compile::{BoundsArg, TrapsArg, default_name};
use crate::flags::{CodeArgs, LimitArgs, NodeArgs, PluginArgs, TrafficArgs};
use crate::input::Input;
use crate::{CliError, Console, envoy_module, null_vm};
use clap::{Args, ValueEnum};
use nullvm_compiler::Options;
use plugin::Plugin;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tree::Tree;

/// Print configuration that runs a plugin in Envoy or Istio
///
/// Takes the flags of `nullvmc serve` and prints YAML: a complete configuration for Envoy (listener, filter, route, clusters), or a
/// resource for Istio. Nothing is compiled or started; the comment at the top says what else there is to do.
#[derive(Args)]
pub struct EnvoyConfigArgs {
    /// The plugin
    #[arg(value_name = "FILTER.wasm")]
    file: PathBuf,

    /// What runs the plugin, and where
    #[arg(long = "for", value_name = "FORM", value_enum, default_value = "module")]
    form: Form,

    /// The module's file, as Envoy finds it [default: libNAME.so in the working directory]
    #[arg(long, value_name = "PATH")]
    module: Option<PathBuf>,

    /// Where Istio's WasmPlugin gets the plugin from: oci://, https:// or file:// [default: the file]
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// Name that a Null-VM plugin is registered under [default: that of --emit null-vm with these options]
    #[arg(long, value_name = "NAME@HASH")]
    registered: Option<String>,

    #[command(flatten)]
    traffic: TrafficArgs,

    #[command(flatten)]
    plugin: PluginArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    code: CodeArgs,

    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A stock Envoy with the module of --emit envoy-module
    Module,
    /// An Envoy that was built with the package of --emit null-vm
    NullVm,
    /// A stock Envoy that compiles the plugin by itself
    V8,
    /// Istio: the module, by an EnvoyFilter
    IstioEnvoyFilter,
    /// Istio: the plugin in V8, by a WasmPlugin
    IstioWasmPlugin,
}

/// Runs the command.
pub fn run(args: &EnvoyConfigArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let input = Input::read(&args.file)?;
    let stem = input.stem();
    let symbol = default_name(stem.as_deref());
    let name = args.plugin.name.clone().or(stem).unwrap_or_else(|| "plugin".to_owned());
    let plugin = Plugin::new(name, &args.plugin, &args.limits, &args.node)?;
    let module = || -> Result<String, CliError> {
        let path = match &args.module {
            Some(path) => path.clone(),
            None => absolute(Path::new(&format!("lib{symbol}.so")))?,
        };
        utf8(&path)
    };
    let file = || -> Result<String, CliError> {
        match &input.path {
            Some(path) => utf8(&absolute(path)?),
            None => Err(CliError::Usage("name the plugin's file: this form refers to it".to_owned())),
        }
    };

    let mut notes = Vec::new();
    let tcp = args.traffic.tcp;
    let (tree, component) = match args.form {
        Form::Module | Form::IstioEnvoyFilter => {
            let module = module()?;
            notes.push(format!("Module: {}", args.compile_command("envoy-module", &module)));
            if args.form == Form::Module {
                (args.bootstrap(plugin.module_filter(&module, tcp), &plugin)?, Some("dynamic_modules"))
            } else {
                notes.push("The proxy's container needs the module at that path: mount it.".to_owned());
                (istio::envoy_filter(&plugin, &module, &args.traffic, &args.node), None)
            }
        }
        Form::V8 => {
            let code = Tree::from([("filename", file()?.into())]);
            (args.bootstrap(plugin.wasm_filter("envoy.wasm.runtime.v8", code, tcp), &plugin)?, Some("wasm"))
        }
        Form::NullVm => {
            let registered = match &args.registered {
                Some(name) => name.clone(),
                None => null_vm::registered_name(&input.bytes, &args.options(symbol)),
            };
            notes.push(format!("Package: {}", args.compile_command("null-vm", "DIR")));
            let code = Tree::from([("inline_string", registered.into())]);
            (args.bootstrap(plugin.wasm_filter("envoy.wasm.runtime.null", code, tcp), &plugin)?, Some("wasm"))
        }
        Form::IstioWasmPlugin => {
            let url = match &args.url {
                Some(url) => url.clone(),
                None => format!("file://{}", file()?),
            };
            (istio::wasm_plugin(&plugin, &url, tcp)?, None)
        }
    };
    match component {
        Some(component) => {
            let workers = args.traffic.workers.map_or(String::new(), |n| format!(" --concurrency {n}"));
            notes.push(format!(
                "Envoy: envoy -c FILE{workers} --component-log-level {component}:{}",
                format!("{:?}", args.traffic.log_level).to_lowercase()
            ));
        }
        None => notes.push("Listeners, routes and upstreams are Istio's own.".to_owned()),
    }
    if !matches!(args.form, Form::Module | Form::IstioEnvoyFilter) && !plugin.limits.is_empty() {
        notes.push(
            "Memory limit, stack size and deadline are for the module only; here there are none.".to_owned(),
        );
    }

    for note in notes {
        let line: String = note.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        writeln!(console.out, "# {line}")?;
    }
    console.out.write_all(tree.to_yaml()?.as_bytes())?;
    Ok(console.out.flush()?)
}

impl EnvoyConfigArgs {
    fn bootstrap(&self, filter: Tree, plugin: &Plugin) -> Result<Tree, CliError> {
        bootstrap::bootstrap(filter, &self.traffic, &self.node, &plugin.node)
    }

    fn options(&self, name: String) -> Options {
        Options {
            name,
            bounds: self.code.bounds.into(),
            traps: self.code.traps.into(),
            stub_unknown_imports: self.code.stub_unknown_imports,
            ..Options::default()
        }
    }

    fn compile_command(&self, form: &str, output: &str) -> String {
        let mut words: Vec<OsString> =
            vec!["compile".into(), self.file.clone().into(), "--emit".into(), form.into()];
        if self.code.bounds == BoundsArg::Explicit {
            words.extend(["--bounds", "explicit"].map(OsString::from));
        }
        if self.code.traps == TrapsArg::Call {
            words.extend(["--traps", "call"].map(OsString::from));
        }
        if self.code.stub_unknown_imports {
            words.push("--stub-unknown-imports".into());
        }
        if self.limits.deadline.is_some() && form == "envoy-module" {
            words.push("--interruptible".into());
        }
        words.extend(["-o".into(), OsString::from(output)]);
        envoy_module::command_line(Path::new("nullvmc"), &words)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|source| CliError::Read { file: path.display().to_string(), source })
}

fn utf8(path: &Path) -> Result<String, CliError> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| CliError::Usage(format!("{}: a path in YAML has to be UTF-8", path.display())))
}
