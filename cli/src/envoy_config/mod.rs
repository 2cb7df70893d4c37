//! `nullvmc envoy-config`: configuration for Envoy and Istio that runs a plugin, from the flags of `serve`.

mod bootstrap;
mod istio;
mod plugin;
mod tree;

use crate::compile::{BoundsArg, TrapsArg, default_name};
use crate::flags::{CodeArgs, LimitArgs, LoadArgs, NodeArgs, PluginArgs, TrafficArgs};
use crate::input::Input;
use crate::inspect::hex;
use crate::{CliError, Console, envoy_module, null_vm};
use clap::{Args, ValueEnum};
use nullvm_compiler::Options;
use plugin::{Loading, Plugin};
use sha2::{Digest, Sha256};
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

    /// Use the generic module, libnullvm_envoy.so, at this path as Envoy finds it: it loads the plugin's file
    #[arg(long, value_name = "PATH", conflicts_with = "module")]
    generic_module: Option<PathBuf>,

    /// Where the generic module or Istio's WasmPlugin gets the plugin from: oci://, https:// or file:// [default: the file]
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
    load: LoadArgs,

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
    let mut plugin = Plugin::new(name, &args.plugin, &args.limits, &args.node)?;
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

    let generic = args.generic()?;
    if generic.is_some() {
        plugin.loading = Some(args.loading(&input)?);
    }

    let mut notes = Vec::new();
    let tcp = args.traffic.tcp;
    let (tree, component) = match args.form {
        Form::Module | Form::IstioEnvoyFilter => {
            let module = match generic {
                Some(path) => {
                    notes.push(
                        "The generic module is built once: cargo build --release -p nullvm-envoy-generic"
                            .to_owned(),
                    );
                    path
                }
                None => {
                    let module = module()?;
                    notes.push(format!("Module: {}", args.compile_command("envoy-module", &module)));
                    module
                }
            };
            if args.form == Form::Module {
                (args.bootstrap(plugin.module_filter(&module, tcp), &plugin)?, Some("dynamic_modules"))
            } else {
                let what = if args.generic_module.is_some() && args.url.is_none() {
                    "the module and the plugin at those paths: mount them."
                } else {
                    "the module at that path: mount it."
                };
                notes.push(format!("The proxy's container needs {what}"));
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
    /// Path of the generic module, where it is asked for. Flags that only it understands are refused elsewhere.
    fn generic(&self) -> Result<Option<String>, CliError> {
        let module = matches!(self.form, Form::Module | Form::IstioEnvoyFilter);
        match (&self.generic_module, self.load.given()) {
            (Some(path), _) if module => Ok(Some(utf8(&absolute(path)?)?)),
            (Some(_), _) => Err(CliError::Usage(
                "--generic-module goes with --for module or istio-envoy-filter".to_owned(),
            )),
            (None, Some(flag)) => Err(CliError::Usage(format!(
                "{flag} is for the generic module; name it with --generic-module"
            ))),
            (None, None) if self.url.is_some() && self.form != Form::IstioWasmPlugin => {
                Err(CliError::Usage("--url is for the generic module and for istio-wasm-plugin".to_owned()))
            }
            (None, None) => Ok(None),
        }
    }

    /// What the generic module is told: the file or the address, pinned by its hash where no key says who made it.
    fn loading(&self, input: &Input) -> Result<Loading, CliError> {
        let hash = hex(&Sha256::digest(&input.bytes));
        let signed = !self.load.key.is_empty();
        let mut how = Tree::map();
        let code = match self.url.as_deref() {
            Some(url) if !url.starts_with("file://") => {
                let uri = Tree::map().with("uri", url).with("timeout", "30s");
                let mut remote = Tree::map().with("http_uri", uri);
                // Of a registry it would be the manifest's, which is not known here.
                if !url.starts_with("oci://") {
                    remote = remote.with("sha256", hash.as_str());
                } else if !signed {
                    how = how.with("sha256", hash.as_str());
                }
                Tree::from([("remote", remote)])
            }
            url => {
                let path = match (url.and_then(|url| url.strip_prefix("file://")), &input.path) {
                    (Some(path), _) => path.to_owned(),
                    (None, Some(path)) => utf8(&absolute(path)?)?,
                    (None, None) => {
                        let text = "name the plugin's file, or give --url: the generic module loads it";
                        return Err(CliError::Usage(text.to_owned()));
                    }
                };
                if !signed {
                    how = how.with("sha256", hash.as_str());
                }
                Tree::from([("local", Tree::from([("filename", path.into())]))])
            }
        };
        let paths = |paths: &[PathBuf]| -> Result<Vec<Tree>, CliError> {
            paths.iter().map(|path| Ok(utf8(&absolute(path)?)?.into())).collect()
        };
        how = how.with_some("public_keys", paths(&self.load.key)?);
        if let Some(path) = &self.load.deny {
            how = how.with("deny_list", utf8(&absolute(path)?)?);
        }
        if let Some(path) = &self.load.cache_dir {
            how = how.with("cache", [("directory", Tree::from(utf8(&absolute(path)?)?))]);
        }
        let compile = Tree::map()
            .with_some("bounds", if self.code.bounds == BoundsArg::Explicit { "explicit" } else { "" })
            .with_some("traps", if self.code.traps == TrapsArg::Call { "call" } else { "" })
            .with_some("stub_unknown_imports", self.code.stub_unknown_imports);
        how = match self.load.no_compile {
            true => how.with("compile", false),
            false => how.with_some("compile", compile),
        };
        Ok(Loading { code, allow_precompiled: self.load.allow_precompiled, how })
    }

    fn bootstrap(&self, filter: Tree, plugin: &Plugin) -> Result<Tree, CliError> {
        bootstrap::bootstrap(filter, &self.traffic, &self.node, &plugin.node)
    }

    fn options(&self, name: String) -> Options {
        Options { name, ..self.code.options() }
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
