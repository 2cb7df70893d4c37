//! The target: triple, CPU level, features.

use crate::{CompileError, OptLevel, Options};
use cranelift_codegen::isa::{self, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, SetError};
use std::str::FromStr;
use std::sync::Arc;
use target_lexicon::{Architecture, Endianness, Triple};

/// What code is compiled for.
pub struct Target {
    /// The triple.
    pub triple: Triple,
    /// Names of the CPU features that the code may use, sorted; what a loader must find.
    pub features: Vec<String>,
    pub(crate) isa: Arc<dyn TargetIsa>,
}

/// x86-64-v2. Below it Cranelift calls helpers of the C library for rounding.
const X86_64_V2: &[&str] = &["sse3", "ssse3", "cmpxchg16b", "sse41", "sse42", "popcnt"];
const X86_64_V3: &[&str] = &["avx", "avx2", "fma", "bmi1", "bmi2", "lzcnt"];
const X86_64_V4: &[&str] = &["avx512f", "avx512dq", "avx512vl"];

/// Levels of aarch64: Arm's server cores as clouds have them, by what Cranelift makes use of.
const AARCH64_LEVELS: &[(&str, &[&str])] = &[
    ("armv8.1-a", &["lse"]),
    ("neoverse-n1", &["dotprod", "fp16", "lse"]),
    ("neoverse-v1", &["dotprod", "fp16", "i8mm", "lse", "pauth"]),
    ("neoverse-n2", &["dotprod", "fp16", "i8mm", "lse", "pauth"]),
];

/// The baseline per architecture, for help texts.
pub const fn baseline_help() -> &'static str {
    "x86-64-v2 (SSE4.2, POPCNT) or ARMv8.0-A"
}

impl Target {
    /// What the options ask for.
    ///
    /// # Errors
    /// [`CompileError::Target`]: what is not known of it, or does not go together.
    pub fn select(options: &Options) -> Result<Self, CompileError> {
        let triple = match &options.target {
            None => Triple::host(),
            Some(name) => Triple::from_str(name).map_err(|e| {
                CompileError::Target(format!(
                    "unknown target {name:?} ({e}); give a triple such as x86_64-unknown-linux-gnu"
                ))
            })?,
        };
        if triple.endianness() != Ok(Endianness::Little) {
            return Err(CompileError::Target(format!(
                "{triple}: not a little-endian target. Metadata, context and linear memory are little-endian by definition, which only \
                 a runtime shim made for it could make up for, and there is none; supported are x86_64, aarch64 and riscv64"
            )));
        }
        let mut builder = isa::lookup(triple.clone()).map_err(|e| {
            CompileError::Target(format!("{triple}: {e}; supported are x86_64, aarch64 and riscv64"))
        })?;
        let features = features(&triple, options)?;
        for feature in &features {
            enable(&mut builder, &triple, feature)?;
        }
        let isa =
            builder.finish(flags(options)?).map_err(|e| CompileError::Target(format!("{triple}: {e}")))?;
        Ok(Self { triple, features, isa: owned(isa) })
    }

    /// Results of a function that fit the registers of the `tail` convention, if all of them are integers.
    pub(crate) fn direct_results(&self) -> usize {
        match self.triple.architecture {
            Architecture::X86_64 => 8,
            Architecture::Aarch64(_) => 6,
            _ => 2,
        }
    }

    /// Whether relaxed SIMD may use a fused multiply-add.
    pub(crate) fn has_fma(&self) -> bool {
        !matches!(self.triple.architecture, Architecture::X86_64) || self.features.iter().any(|f| f == "fma")
    }

    /// `e_machine` of ELF.
    pub fn machine(&self) -> u32 {
        match self.triple.architecture {
            Architecture::X86_64 => 62,
            Architecture::Aarch64(_) => 183,
            Architecture::Riscv64(_) => 243,
            _ => 0,
        }
    }
}

fn owned(isa: OwnedTargetIsa) -> Arc<dyn TargetIsa> {
    isa
}

fn level(name: &str) -> Option<Vec<&'static [&'static str]>> {
    Some(match name {
        "x86-64-v2" => vec![X86_64_V2],
        "x86-64-v3" => vec![X86_64_V2, X86_64_V3],
        "x86-64-v4" => vec![X86_64_V2, X86_64_V3, X86_64_V4],
        _ => return None,
    })
}

fn features(triple: &Triple, options: &Options) -> Result<Vec<String>, CompileError> {
    let x86 = matches!(triple.architecture, Architecture::X86_64);
    let mut set: Vec<String> = match options.cpu.as_deref() {
        None if x86 => X86_64_V2.iter().map(|f| (*f).to_owned()).collect(),
        None | Some("baseline" | "generic") if !x86 => Vec::new(),
        Some("baseline") => X86_64_V2.iter().map(|f| (*f).to_owned()).collect(),
        Some("native") => native(triple)?,
        Some(name) => {
            let aarch64 = matches!(triple.architecture, Architecture::Aarch64(_));
            let arm = AARCH64_LEVELS.iter().find(|(level, _)| aarch64 && *level == name);
            match (level(name), arm) {
                (Some(parts), _) if x86 => parts.concat().iter().map(|f| (*f).to_owned()).collect(),
                (_, Some((_, features))) => features.iter().map(|f| (*f).to_owned()).collect(),
                _ => {
                    let arm: Vec<&str> = AARCH64_LEVELS.iter().map(|(level, _)| *level).collect();
                    return Err(CompileError::Target(format!(
                        "unknown CPU {name:?} for {}; known are baseline, native{}",
                        triple.architecture,
                        match (x86, aarch64) {
                            (true, _) => ", x86-64-v2, x86-64-v3, x86-64-v4".to_owned(),
                            (_, true) => format!(", {}", arm.join(", ")),
                            _ => String::new(),
                        }
                    )));
                }
            }
        }
        None => Vec::new(),
    };
    for change in &options.cpu_features {
        let (add, name) = match change.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, change.strip_prefix('+').unwrap_or(change)),
        };
        set.retain(|f| f != name);
        if add {
            set.push(name.to_owned());
        } else if x86 && X86_64_V2.contains(&name) {
            return Err(CompileError::Target(format!(
                "the CPU feature {name} is part of the baseline x86-64-v2 and cannot be taken away"
            )));
        }
    }
    set.sort();
    set.dedup();
    Ok(set)
}

/// The features of the machine that compiles.
fn native(triple: &Triple) -> Result<Vec<String>, CompileError> {
    let host = Triple::host();
    if host.architecture != triple.architecture {
        return Err(CompileError::Target(format!(
            "--cpu native means this machine ({}), but the target is {triple}; name the CPU or its features",
            host.architecture
        )));
    }
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! detect {
            ($($feature:tt => $name:literal),* $(,)?) => {
                Ok([$((std::arch::is_x86_feature_detected!($feature), $name)),*]
                    .into_iter()
                    .filter_map(|(has, name): (bool, &str)| has.then(|| name.to_owned()))
                    .collect())
            };
        }
        detect!(
            "sse3" => "sse3", "ssse3" => "ssse3", "cmpxchg16b" => "cmpxchg16b", "sse4.1" => "sse41",
            "sse4.2" => "sse42", "popcnt" => "popcnt", "avx" => "avx", "avx2" => "avx2", "fma" => "fma",
            "bmi1" => "bmi1", "bmi2" => "bmi2", "lzcnt" => "lzcnt", "avx512f" => "avx512f",
            "avx512dq" => "avx512dq", "avx512vl" => "avx512vl", "avx512bitalg" => "avx512bitalg",
            "avx512vbmi" => "avx512vbmi",
        )
    }
    #[cfg(target_arch = "aarch64")]
    {
        macro_rules! detect {
            ($($feature:tt => $name:literal),* $(,)?) => {
                Ok([$((std::arch::is_aarch64_feature_detected!($feature), $name)),*]
                    .into_iter()
                    .filter_map(|(has, name): (bool, &str)| has.then(|| name.to_owned()))
                    .collect())
            };
        }
        detect!("lse" => "lse", "fp16" => "fp16", "paca" => "pauth", "dotprod" => "dotprod", "i8mm" => "i8mm")
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    Err(CompileError::Target(format!(
        "--cpu native is not known for {}; name the features (--cpu-features)",
        host.architecture
    )))
}

fn enable(builder: &mut isa::Builder, triple: &Triple, feature: &str) -> Result<(), CompileError> {
    builder.enable(&format!("has_{feature}")).map_err(|e| match e {
        SetError::BadName(_) => {
            CompileError::Target(format!("unknown CPU feature {feature:?} for {}", triple.architecture))
        }
        other => CompileError::Target(format!("CPU feature {feature:?}: {other}")),
    })
}

fn flags(options: &Options) -> Result<settings::Flags, CompileError> {
    let mut flags = settings::builder();
    let mut set = |name: &str, value: &str| {
        flags.set(name, value).map_err(|e| CompileError::Target(format!("Cranelift's setting {name}: {e}")))
    };
    set(
        "opt_level",
        match options.opt {
            OptLevel::None => "none",
            OptLevel::Speed => "speed",
            OptLevel::SpeedAndSize => "speed_and_size",
        },
    )?;
    set("is_pic", "true")?;
    set("unwind_info", "true")?;
    // Backtraces walk frame pointers.
    set("preserve_frame_pointers", "true")?;
    // Frames are checked against a limit; a probe would touch pages below it.
    set("enable_probestack", "false")?;
    set("enable_verifier", if options.verify { "true" } else { "false" })?;
    set("regalloc_checker", if options.verify { "true" } else { "false" })?;
    set("enable_heap_access_spectre_mitigation", "false")?;
    set("enable_table_access_spectre_mitigation", "false")?;
    Ok(settings::Flags::new(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_selects_a_target() {
        let of = |target: &str, cpu: &str| {
            let (target, cpu) = (Some(target.to_owned()), Some(cpu.to_owned()));
            Target::select(&Options { target, cpu, ..Options::default() }).map(|t| t.features)
        };
        let mut seen = Vec::new();
        for cpu in ["x86-64-v2", "x86-64-v3", "x86-64-v4"] {
            let features = of("x86_64-unknown-linux-gnu", cpu).unwrap();
            assert!(!seen.contains(&features), "{cpu}");
            seen.push(features);
            assert!(of("aarch64-unknown-linux-gnu", cpu).is_err());
        }
        assert_eq!(of("aarch64-unknown-linux-gnu", "baseline").unwrap(), [""; 0]);
        for (cpu, features) in AARCH64_LEVELS {
            assert!(features.is_sorted());
            assert_eq!(of("aarch64-unknown-linux-gnu", cpu).unwrap(), *features, "{cpu}");
            assert!(of("x86_64-unknown-linux-gnu", cpu).is_err());
        }
        let error = of("aarch64-unknown-linux-gnu", "cortex").err().unwrap().to_string();
        assert!(error.contains("neoverse-n1") && !error.contains("x86-64-v2"), "{error}");
    }
}
