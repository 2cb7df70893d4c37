//! Runs one script.

use crate::machine::{Ended, Machine, Running};
use crate::values;
use nullvm_compiler::module::ExportKind;
use nullvm_compiler::{Bounds, CompileError, Module, Options, Traps, emit};
use nullvm_shim::Value;
use plugin_abi::{TrapCode, ValType};
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke};

/// How the code is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    pub bounds: Bounds,
    pub traps: Traps,
    pub interruptible: bool,
}

/// What passed.
#[derive(Default)]
pub struct Counts {
    pub passed: usize,
    pub traps: usize,
    pub refused: usize,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.traps += other.traps;
        self.refused += other.refused;
    }
}

/// What became of a script.
#[derive(Default)]
pub struct Outcome {
    pub counts: Counts,
    pub skipped: Vec<(usize, String)>,
    pub failures: Vec<String>,
}

/// Why there is no instance.
enum Failure {
    /// For one of the allowed reasons.
    Skip(&'static str),
    /// The compiler refused the module.
    Refused(String),
    /// Its imports do not fit.
    Unlinkable(String),
    /// Instantiation trapped.
    Trap(TrapCode),
    /// Nothing of the kind: a bug.
    Bug(String),
}

impl From<Ended> for Failure {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Trap(code) => Self::Trap(code),
            Ended::Bug(text) => Self::Bug(text),
        }
    }
}

/// An instance of a script.
struct Shared {
    instance: Instantiated,
    /// Whether a skipped module would have written to its memory, tables or globals.
    tainted: Cell<bool>,
}

/// An instance, and how many parameters and results its exported functions have.
struct Instantiated {
    running: Running,
    functions: HashMap<String, (usize, usize)>,
}

type Current = Result<Rc<Shared>, &'static str>;

const IMPORTS_STATE: &str = "imports a memory, table or global";
const IMPORTS_FUNCTION: &str = "imports a function of another instance";
const TAINTED: &str = "needs what a skipped module writes, which imports a memory, table or global";

struct Script<'a> {
    name: &'a str,
    mode: Mode,
    machine: &'a Machine,
    current: Option<Current>,
    named: HashMap<String, Current>,
    registered: HashMap<String, Current>,
    out: Outcome,
}

/// The functions of the scripts' module `spectest`, with their parameters.
const SPECTEST: &[(&str, &[ValType])] = &[
    ("print", &[]),
    ("print_i32", &[ValType::I32]),
    ("print_i64", &[ValType::I64]),
    ("print_f32", &[ValType::F32]),
    ("print_f64", &[ValType::F64]),
    ("print_i32_f32", &[ValType::I32, ValType::F32]),
    ("print_f64_f64", &[ValType::F64, ValType::F64]),
];

/// Runs a script in a mode, on a machine.
pub fn run_file(name: &str, contents: &str, mode: Mode, machine: &Machine) -> Outcome {
    let mut lexer = Lexer::new(contents);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).unwrap_or_else(|e| panic!("{name}: {e}"));
    let wast = parser::parse::<Wast<'_>>(&buffer).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut script = Script {
        name,
        mode,
        machine,
        current: None,
        named: HashMap::new(),
        registered: HashMap::new(),
        out: Outcome::default(),
    };
    for directive in wast.directives {
        let line = directive.span().linecol_in(contents).0 + 1;
        script.directive(line, directive);
    }
    script.out
}

impl Script<'_> {
    fn pass(&mut self) {
        self.out.counts.passed += 1;
    }

    fn fail(&mut self, line: usize, why: impl std::fmt::Display) {
        self.out.failures.push(format!("{}:{line}: {why}", self.name));
    }

    fn skip(&mut self, line: usize, reason: &str) {
        self.out.skipped.push((line, reason.to_owned()));
    }

    fn directive(&mut self, line: usize, directive: WastDirective<'_>) {
        match directive {
            WastDirective::Module(mut wat) => {
                let id = wat.name().map(|i| i.name().to_owned());
                match wat.encode() {
                    Ok(bytes) => self.module(line, id, &bytes),
                    Err(e) => self.fail(line, e),
                }
            }
            WastDirective::Register { name, module, .. } => {
                let instance = self.instance(module.map(|i| i.name()));
                self.registered.insert(name.to_owned(), instance);
            }
            WastDirective::AssertMalformed { module, message, .. } => self.refused(line, module, message),
            WastDirective::AssertInvalid { module, message, .. } => self.refused(line, module, message),
            WastDirective::AssertUnlinkable { mut module, message, .. } => match module.encode() {
                Ok(bytes) => match self.instantiate(&bytes) {
                    Err(Failure::Unlinkable(_)) => self.refusal(),
                    // Whatever it would be linked with, it is refused for what it imports.
                    Err(Failure::Skip(_)) => self.refusal(),
                    Err(Failure::Trap(code)) => self.trapped(line, code, message),
                    Err(Failure::Refused(e) | Failure::Bug(e)) => {
                        self.fail(line, format!("expected {message}: {e}"))
                    }
                    Ok(_) => self.fail(line, format!("it links, expected {message}")),
                },
                Err(e) => self.fail(line, e),
            },
            WastDirective::Invoke(invoke) => match self.invoke(&invoke) {
                Ok(_) => self.pass(),
                Err(Failure::Skip(reason)) => self.skip(line, reason),
                Err(e) => self.fail(line, describe(&e)),
            },
            WastDirective::AssertReturn { exec, results, .. } => {
                let tainted = self.tainted(target(&exec).as_deref());
                match self.execute(exec) {
                    Ok(values) => {
                        let right = values.len() == results.len()
                            && results
                                .iter()
                                .zip(&values)
                                .all(|(expected, value)| values::matches(expected, value));
                        if right {
                            self.pass();
                        } else if tainted {
                            self.skip(line, TAINTED);
                        } else {
                            self.fail(line, format!("got {values:x?}, expected {results:?}"));
                        }
                    }
                    Err(Failure::Skip(reason)) => self.skip(line, reason),
                    Err(_) if tainted => self.skip(line, TAINTED),
                    Err(e) => self.fail(line, describe(&e)),
                }
            }
            WastDirective::AssertTrap { exec, message, .. } => match self.execute(exec) {
                Err(Failure::Trap(code)) => self.trapped(line, code, message),
                Err(Failure::Skip(reason)) => self.skip(line, reason),
                Err(e) => self.fail(line, format!("expected {message}: {}", describe(&e))),
                Ok(values) => self.fail(line, format!("expected {message}, got {values:x?}")),
            },
            WastDirective::AssertExhaustion { call, .. } => match self.invoke(&call) {
                Err(Failure::Trap(code)) => self.trapped(line, code, "call stack exhausted"),
                Err(Failure::Skip(reason)) => self.skip(line, reason),
                Err(e) => self.fail(line, describe(&e)),
                Ok(_) => self.fail(line, "expected call stack exhausted"),
            },
            other => self.fail(line, format!("the directive {other:?} is not known here")),
        }
    }

    fn refusal(&mut self) {
        self.out.counts.refused += 1;
        self.pass();
    }

    fn trapped(&mut self, line: usize, code: TrapCode, message: &str) {
        use TrapCode as T;
        let right = match message {
            "out of bounds memory access" => code == T::MemoryOutOfBounds,
            "out of bounds table access" | "undefined element" => code == T::TableOutOfBounds,
            "indirect call type mismatch" | "indirect call" => code == T::BadSignature,
            m if m.starts_with("uninitialized") => code == T::IndirectCallToNull,
            other => code.message() == other,
        };
        if right {
            self.out.counts.traps += 1;
            self.pass();
        } else {
            self.fail(line, format!("expected {message}, trapped with {}", code.message()));
        }
    }

    /// A module that must not compile. Malformed text is the text parser's to refuse, which is not ours.
    fn refused(&mut self, line: usize, mut module: QuoteWat<'_>, message: &str) {
        match module.encode() {
            Err(_) => self.refusal(),
            Ok(bytes) => match self.instantiate(&bytes) {
                Err(Failure::Refused(_) | Failure::Skip(_)) => self.refusal(),
                Err(e) => self.fail(line, format!("expected {message}: {}", describe(&e))),
                Ok(_) => self.fail(line, format!("it compiles, expected {message}")),
            },
        }
    }

    fn module(&mut self, line: usize, id: Option<String>, bytes: &[u8]) {
        let instance = match self.instantiate(bytes) {
            Ok(instance) => {
                self.pass();
                Ok(Rc::new(Shared { instance, tainted: Cell::new(false) }))
            }
            Err(Failure::Skip(reason)) => {
                self.skip(line, reason);
                Err(reason)
            }
            Err(e) => {
                self.fail(line, describe(&e));
                Err("failed")
            }
        };
        if let Some(id) = id {
            self.named.insert(id, instance.clone());
        }
        self.current = Some(instance);
    }

    fn instantiate(&self, bytes: &[u8]) -> Result<Instantiated, Failure> {
        let module = match Module::parse(bytes) {
            Ok(module) => module,
            Err(CompileError::Imports(problems)) => {
                problems.iter().for_each(|p| self.taint(&p.module));
                return Err(Failure::Skip(IMPORTS_STATE));
            }
            Err(e) => return Err(Failure::Refused(e.to_string())),
        };
        let options = Options {
            checks: false,
            bounds: self.mode.bounds,
            traps: self.mode.traps,
            interruptible: self.mode.interruptible,
            target: self.machine.target(),
            jobs: 1,
            verify: true,
            ..Options::default()
        };
        // Bodies are validated while they are compiled, imports are looked at only in a valid module.
        let compiled =
            nullvm_compiler::compile(bytes, &options).map_err(|e| Failure::Refused(e.to_string()))?;
        for import in &module.imports {
            self.link(&import.module, &import.name, &module.types[import.ty as usize])?;
        }
        let image = emit::image(&compiled).map_err(|e| Failure::Bug(e.to_string()))?;
        let running = self.machine.instantiate(&image)?;
        let functions = module.exports.iter().filter_map(|e| match e.kind {
            ExportKind::Function(f) => {
                let ty = module.function_type(f);
                Some((e.name.clone(), (ty.params.len(), ty.results.len())))
            }
            _ => None,
        });
        Ok(Instantiated { running, functions: functions.collect() })
    }

    fn link(&self, module: &str, name: &str, ty: &nullvm_compiler::module::FuncType) -> Result<(), Failure> {
        if module != "spectest" {
            let known = self.registered.get(module).is_some_and(|instance| match instance {
                Ok(shared) => shared.instance.functions.contains_key(name),
                Err(_) => true,
            });
            return Err(if known {
                self.taint(module);
                Failure::Skip(IMPORTS_FUNCTION)
            } else {
                Failure::Unlinkable(format!("unknown import {module}.{name}"))
            });
        }
        match SPECTEST.iter().find(|(n, _)| *n == name) {
            Some((_, params)) if ty.params[..] == **params && ty.results.is_empty() => Ok(()),
            _ => Err(Failure::Unlinkable(format!("{module}.{name} does not fit {ty}"))),
        }
    }

    /// A skipped module imports from the instance registered under this name.
    fn taint(&self, registered: &str) {
        if let Some(Ok(shared)) = self.registered.get(registered) {
            shared.tainted.set(true);
        }
    }

    fn tainted(&self, id: Option<&str>) -> bool {
        self.instance(id).is_ok_and(|shared| shared.tainted.get())
    }

    fn instance(&self, id: Option<&str>) -> Current {
        match id {
            Some(id) => self.named.get(id).cloned(),
            None => self.current.clone(),
        }
        .unwrap_or(Err("failed"))
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Vec<Value>, Failure> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(&invoke),
            WastExecute::Wat(mut wat) => {
                let bytes = wat.encode().map_err(|e| Failure::Bug(e.to_string()))?;
                self.instantiate(&bytes).map(|_| vec![])
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.map(|i| i.name())).map_err(Failure::Skip)?;
                Ok(vec![instance.instance.running.global(global)?])
            }
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Value>, Failure> {
        let instance = self.instance(invoke.module.map(|i| i.name())).map_err(Failure::Skip)?;
        let instance = &instance.instance;
        let (params, results) = *instance
            .functions
            .get(invoke.name)
            .ok_or_else(|| Failure::Bug(format!("no function {}", invoke.name)))?;
        let mut room = vec![Value([0; 16]); params.max(results)];
        for (slot, arg) in room.iter_mut().zip(&invoke.args) {
            *slot = values::argument(arg).ok_or_else(|| Failure::Bug(format!("the argument {arg:?}")))?;
        }
        instance.running.invoke(invoke.name, &mut room)?;
        room.truncate(results);
        Ok(room)
    }
}

/// The name of the module that something is asked of.
fn target(exec: &WastExecute<'_>) -> Option<String> {
    let id = match exec {
        WastExecute::Invoke(invoke) => invoke.module,
        WastExecute::Get { module, .. } => *module,
        WastExecute::Wat(_) => None,
    };
    id.map(|i| i.name().to_owned())
}

fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Skip(reason) => (*reason).to_owned(),
        Failure::Refused(e) => format!("refused: {e}"),
        Failure::Unlinkable(e) => format!("unlinkable: {e}"),
        Failure::Trap(code) => format!("trapped: {}", code.message()),
        Failure::Bug(e) => e.clone(),
    }
}
