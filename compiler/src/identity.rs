//! What decides the code, as it is recorded in artifacts and names entries of a cache.

use crate::codegen::Target;
use crate::{Bounds, CompileError, OptLevel, Options, Traps};
use serde::{Deserialize, Serialize};

/// Everything besides the module and the compiler's version that decides what code comes out. As JSON, with the fields in this
/// order, it is what artifacts carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Name of the plugin.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// Names of all CPU features that the code may use, sorted.
    pub cpu_features: Vec<String>,
    /// `none`, `speed` or `speed-and-size`.
    pub opt: String,
    /// `guard` or `explicit`.
    pub bounds: String,
    /// `signal` or `call`.
    pub traps: String,
    /// See [`Options::interruptible`].
    pub interruptible: bool,
    /// See [`Options::checks`].
    pub checks: bool,
    /// See [`Options::stub_unknown_imports`].
    pub stub_unknown_imports: bool,
}

impl Recorded {
    /// Of options, and the target that they select.
    pub fn new(options: &Options, target: &Target) -> Self {
        // No `..`: a new option has to be looked at here.
        let Options {
            name,
            target: _,
            cpu: _,
            cpu_features: _,
            opt,
            bounds,
            traps,
            interruptible,
            checks,
            stub_unknown_imports,
            jobs: _,
            keep_clif: _,
            keep_asm: _,
            verify: _,
            progress: _,
        } = options;
        Self {
            name: name.clone(),
            target: target.triple.to_string(),
            cpu_features: target.features.clone(),
            opt: word(OPT, *opt),
            bounds: word(BOUNDS, *bounds),
            traps: word(TRAPS, *traps),
            interruptible: *interruptible,
            checks: *checks,
            stub_unknown_imports: *stub_unknown_imports,
        }
    }

    /// As [`Recorded::new`], of options alone.
    ///
    /// # Errors
    /// [`CompileError::Target`].
    pub fn of(options: &Options) -> Result<Self, CompileError> {
        Ok(Self::new(options, &Target::select(options)?))
    }

    /// As artifacts carry it.
    pub fn to_json(&self) -> String {
        // Strings, lists of strings and truth values.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What an artifact carries.
    ///
    /// # Errors
    /// A line that says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// The options that give the same code again.
    ///
    /// # Errors
    /// A word that stands for nothing here.
    pub fn options(&self) -> Result<Options, String> {
        Ok(Options {
            name: self.name.clone(),
            target: Some(self.target.clone()),
            // The features are all there are; the baseline is among them.
            cpu: None,
            cpu_features: self.cpu_features.clone(),
            opt: meaning(OPT, "opt", &self.opt)?,
            bounds: meaning(BOUNDS, "bounds", &self.bounds)?,
            traps: meaning(TRAPS, "traps", &self.traps)?,
            interruptible: self.interruptible,
            checks: self.checks,
            stub_unknown_imports: self.stub_unknown_imports,
            ..Options::default()
        })
    }

    /// The fields and their values, for keys of a cache and for saying what differs.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let Self {
            name,
            target,
            cpu_features,
            opt,
            bounds,
            traps,
            interruptible,
            checks,
            stub_unknown_imports,
        } = self;
        vec![
            ("name", name.clone()),
            ("target", target.clone()),
            ("cpu_features", cpu_features.join(",")),
            ("opt", opt.clone()),
            ("bounds", bounds.clone()),
            ("traps", traps.clone()),
            ("interruptible", interruptible.to_string()),
            ("checks", checks.to_string()),
            ("stub_unknown_imports", stub_unknown_imports.to_string()),
        ]
    }
}

const OPT: &[(OptLevel, &str)] =
    &[(OptLevel::None, "none"), (OptLevel::Speed, "speed"), (OptLevel::SpeedAndSize, "speed-and-size")];
const BOUNDS: &[(Bounds, &str)] = &[(Bounds::Guard, "guard"), (Bounds::Explicit, "explicit")];
const TRAPS: &[(Traps, &str)] = &[(Traps::Signal, "signal"), (Traps::Call, "call")];

fn word<T: PartialEq>(table: &[(T, &str)], value: T) -> String {
    table.iter().find(|(v, _)| *v == value).map_or_else(String::new, |(_, word)| (*word).to_owned())
}

fn meaning<T: Copy>(table: &[(T, &str)], field: &str, word: &str) -> Result<T, String> {
    table
        .iter()
        .find(|(_, w)| *w == word)
        .map(|(value, _)| *value)
        .ok_or_else(|| format!("{field} is {word:?}, which this nullvmc does not know"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Options {
        Options { target: Some("x86_64-unknown-linux-gnu".into()), ..Options::default() }
    }

    #[test]
    fn what_changes_code_is_recorded() {
        let record = |change: fn(&mut Options)| {
            let mut options = base();
            change(&mut options);
            Recorded::of(&options).unwrap()
        };
        let plain = record(|_| {});
        let changes: &[fn(&mut Options)] = &[
            |o| o.name = "other".into(),
            |o| o.target = Some("aarch64-unknown-linux-gnu".into()),
            |o| o.cpu = Some("x86-64-v3".into()),
            |o| o.cpu_features = vec!["avx".into()],
            |o| o.opt = OptLevel::None,
            |o| o.opt = OptLevel::SpeedAndSize,
            |o| o.bounds = Bounds::Explicit,
            |o| o.traps = Traps::Call,
            |o| o.interruptible = true,
            |o| o.checks = false,
            |o| o.stub_unknown_imports = true,
        ];
        let all: Vec<Recorded> = changes.iter().map(|c| record(*c)).collect();
        for (i, one) in all.iter().enumerate() {
            assert_ne!(*one, plain, "change {i}");
            assert_ne!(one.fields(), plain.fields(), "change {i}");
            assert!(all[..i].iter().all(|other| other != one), "change {i}");
        }
        assert_eq!(record(|o| (o.jobs, o.keep_clif, o.keep_asm, o.verify) = (7, true, true, true)), plain);
    }

    #[test]
    fn recorded_options_select_the_same_target() {
        let cpus = [None, Some("x86-64-v2"), Some("x86-64-v3"), Some("native")];
        for (cpu, opt) in
            cpus.into_iter().zip([OptLevel::None, OptLevel::Speed, OptLevel::SpeedAndSize, OptLevel::Speed])
        {
            let options = Options { cpu: cpu.map(str::to_owned), opt, traps: Traps::Call, ..base() };
            let recorded = Recorded::of(&options).unwrap();
            let read = Recorded::from_json(&recorded.to_json()).unwrap();
            assert_eq!(read, recorded);
            assert_eq!(Recorded::of(&read.options().unwrap()).unwrap(), recorded);
        }
        assert!(Recorded::from_json("{}").is_err());
        let mut odd = Recorded::of(&base()).unwrap();
        odd.opt = "fast".into();
        assert!(odd.options().unwrap_err().contains("opt is \"fast\""));
    }
}
