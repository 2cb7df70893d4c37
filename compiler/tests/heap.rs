//! What the sandbox promises of every access to the linear memory, checked on the code that comes out.
//!
//! The CLIF of each load and store is run by a small interpreter, with indices and memory sizes at the edges: the address
//! must be base + index + offset in 64 bits, and under explicit bounds the access must not be reached unless all of its
//! bytes lie within the memory. What the optimiser makes of it is checked in the assembly: no displacement below the base
//! but those of the context's fields, none of 2^31 and more, and a trap-table entry for each access that may fault.

use nullvm_compiler::{Bounds, CompiledModule, OptLevel, Options, Traps, compile};
use plugin_abi::{Meta, TrapCode, context};
use std::collections::HashMap;
use std::fmt::Write;

/// Operator, bytes that it touches, type of the value stored.
const ACCESSES: &[(&str, u64, Option<&str>)] = &[
    ("i32.load", 4, None),
    ("i64.load", 8, None),
    ("f32.load", 4, None),
    ("f64.load", 8, None),
    ("i32.load8_s", 1, None),
    ("i32.load8_u", 1, None),
    ("i32.load16_s", 2, None),
    ("i32.load16_u", 2, None),
    ("i64.load8_s", 1, None),
    ("i64.load8_u", 1, None),
    ("i64.load16_s", 2, None),
    ("i64.load16_u", 2, None),
    ("i64.load32_s", 4, None),
    ("i64.load32_u", 4, None),
    ("v128.load", 16, None),
    ("v128.load8x8_s", 8, None),
    ("v128.load8x8_u", 8, None),
    ("v128.load16x4_s", 8, None),
    ("v128.load16x4_u", 8, None),
    ("v128.load32x2_s", 8, None),
    ("v128.load32x2_u", 8, None),
    ("v128.load8_splat", 1, None),
    ("v128.load16_splat", 2, None),
    ("v128.load32_splat", 4, None),
    ("v128.load64_splat", 8, None),
    ("v128.load32_zero", 4, None),
    ("v128.load64_zero", 8, None),
    ("i32.store", 4, Some("i32")),
    ("i64.store", 8, Some("i64")),
    ("f32.store", 4, Some("f32")),
    ("f64.store", 8, Some("f64")),
    ("i32.store8", 1, Some("i32")),
    ("i32.store16", 2, Some("i32")),
    ("i64.store8", 1, Some("i64")),
    ("i64.store16", 2, Some("i64")),
    ("i64.store32", 4, Some("i64")),
    ("v128.store", 16, Some("v128")),
    ("v128.load8_lane", 1, Some("v128")),
    ("v128.load16_lane", 2, Some("v128")),
    ("v128.load32_lane", 4, Some("v128")),
    ("v128.load64_lane", 8, Some("v128")),
    ("v128.store8_lane", 1, Some("v128")),
    ("v128.store16_lane", 2, Some("v128")),
    ("v128.store32_lane", 4, Some("v128")),
    ("v128.store64_lane", 8, Some("v128")),
];

const EDGES: &[u64] = &[0, 1, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 16, (1 << 32) - 1];

/// The sandbox has four forms.
const MODES: [(Bounds, Traps); 4] = [
    (Bounds::Guard, Traps::Signal),
    (Bounds::Guard, Traps::Call),
    (Bounds::Explicit, Traps::Signal),
    (Bounds::Explicit, Traps::Call),
];

/// One access with one static offset.
struct Case {
    operator: &'static str,
    size: u64,
    offset: u64,
}

/// A function per operator and offset, the index in its parameter or constant.
fn module(index: impl Fn(u64) -> String) -> (String, Vec<Case>) {
    let (mut wat, mut cases) = ("(module (memory 1)\n".to_owned(), Vec::new());
    for &(operator, size, stored) in ACCESSES {
        for &offset in EDGES {
            let lane = if operator.ends_with("_lane") { " 0" } else { "" };
            let drop = if operator.contains("load") { "drop" } else { "" };
            let value = stored.map(|_| " (local.get 1)").unwrap_or_default();
            let index = index(offset);
            let _ = writeln!(
                wat,
                "(func (param i32 {}) ({operator} offset={offset}{lane} {index}{value}) {drop})",
                stored.unwrap_or_default()
            );
            cases.push(Case { operator, size, offset });
        }
    }
    wat.push(')');
    (wat, cases)
}

fn build(wat: &str, bounds: Bounds, traps: Traps, opt: OptLevel, target: &str) -> CompiledModule {
    let options = Options {
        target: Some(format!("{target}-unknown-linux-gnu")),
        bounds,
        traps,
        opt,
        checks: false,
        keep_clif: true,
        keep_asm: true,
        ..Options::default()
    };
    compile(&wat::parse_str(wat).expect("valid text"), &options).unwrap_or_else(|e| panic!("{e}"))
}

/// How a function ends as far as its access is concerned.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Touches the memory at base plus this.
    Access(i128),
    /// Traps before.
    Trap(TrapCode),
}

/// Runs a function's CLIF up to its access.
struct Interpreter<'a> {
    lines: Vec<&'a str>,
    memory_size: u64,
    guard: bool,
}

/// Far from 0, so that an address below the base is no number below 0 by chance.
const BASE: i128 = 1 << 40;

impl<'a> Interpreter<'a> {
    fn run(&self, index: u64) -> Outcome {
        let mut values = HashMap::from([("v0", BASE), ("v1", i128::from(index))]);
        let mut at = self.block("block0");
        loop {
            // Without the comment that tells constants.
            let line = self.lines[at].split("  ;").next().unwrap_or_default();
            at += 1;
            let (result, rest) = match line.split_once(" = ") {
                Some((result, rest)) => (Some(result.trim()), rest),
                None => (None, line.trim()),
            };
            let (opcode, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
            let (name, ty) = opcode.split_once('.').unwrap_or((opcode, ""));
            let operands: Vec<&str> = arguments.split(", ").map(str::trim).collect();
            let value =
                |name: &str| *values.get(name).unwrap_or_else(|| panic!("{name} is not known in {line:?}"));
            let computed = match name {
                "iconst" => {
                    let bits = number(operands[0]);
                    Some(if ty == "i32" { bits & 0xffff_ffff } else { i128::from(bits as i64) })
                }
                "uextend" => {
                    let n = value(operands[0]);
                    assert!((0..1 << 32).contains(&n), "an index is extended from 32 bits: {line:?}");
                    Some(n)
                }
                // In 64 bits nothing may wrap but negative offsets of the context.
                "iadd" => {
                    let sum = value(operands[0]) + value(operands[1]);
                    assert!((0..1 << 63).contains(&sum), "the sum wraps: {line:?}");
                    Some(sum)
                }
                "icmp" => {
                    let (condition, a) = operands[0].split_once(' ').expect("a condition");
                    let (a, b) = (value(a), value(operands[1]));
                    Some(i128::from(match condition {
                        "ugt" => a > b,
                        "ult" => a < b,
                        other => panic!("the condition {other}"),
                    }))
                }
                "get_stack_pointer" => Some(1 << 46),
                "trapnz" => {
                    if value(operands[0]) != 0 {
                        return Outcome::Trap(trap(operands[1]));
                    }
                    None
                }
                "brif" => {
                    at = self.block(operands[if value(operands[0]) != 0 { 1 } else { 2 }]);
                    None
                }
                "trap" => return Outcome::Trap(trap(operands[0])),
                _ if arguments.contains("region1") => {
                    assert_eq!(name, "load", "the context is only read: {line:?}");
                    let (base, displacement) = address(operands[0].rsplit(' ').next().expect("an address"));
                    assert_eq!(base, "v0");
                    Some(match displacement as i32 {
                        context::MEMORY_SIZE => self.memory_size.into(),
                        context::STACK_LIMIT => 0,
                        other => panic!("reads the context at {other}"),
                    })
                }
                _ if name.contains("load") || name.contains("store") => {
                    return Outcome::Access(self.access(line, name, &operands, &values) - BASE);
                }
                "call" | "vconst" | "extractlane" | "bitcast" => None,
                _ => panic!("unexpected before the access: {line:?}"),
            };
            if let (Some(result), Some(computed)) = (result, computed) {
                values.insert(result, computed);
            }
        }
    }

    /// The address of the access, whose flags must be those of the mode.
    fn access(&self, line: &str, name: &str, operands: &[&str], values: &HashMap<&str, i128>) -> i128 {
        let flags = operands[0];
        assert!(flags.contains("region0"), "only the memory is accessed: {line:?}");
        assert_eq!(
            flags.contains(&format!("user{}", TrapCode::MemoryOutOfBounds as u8)),
            self.guard,
            "{line:?}"
        );
        assert_eq!(flags.contains("notrap"), !self.guard, "{line:?}");
        assert!(
            !flags.contains("aligned") && !flags.contains("readonly") && !flags.contains("can_move"),
            "{line:?}"
        );
        let operand =
            if name.contains("store") { operands[1] } else { flags.rsplit(' ').next().expect("an address") };
        let (base, displacement) = address(operand);
        assert!((0..1 << 31).contains(&displacement), "the displacement {displacement:#x}: {line:?}");
        values[base] + displacement
    }

    fn block(&self, name: &str) -> usize {
        let label = name.split('(').next().unwrap_or(name);
        let starts = |l: &&str| l.strip_prefix(label).is_some_and(|r| r.starts_with([':', '(', ' ']));
        1 + self.lines.iter().position(starts).unwrap_or_else(|| panic!("no block {label}"))
    }
}

fn number(text: &str) -> i128 {
    let digits = text.replace('_', "");
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits.as_str()), |d| (-1, d));
    let n = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    sign * n.unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// `v4+8` or `v4-8` or `v4`.
fn address(text: &str) -> (&str, i128) {
    match text.find(['+', '-']) {
        Some(i) => (&text[..i], number(text[i..].strip_prefix('+').unwrap_or(&text[i..]))),
        None => (text, 0),
    }
}

fn trap(text: &str) -> TrapCode {
    text.strip_prefix("user")
        .and_then(|n| n.parse().ok())
        .and_then(TrapCode::from_u8)
        .expect("one of our trap codes")
}

#[test]
fn every_address_is_base_plus_index_plus_offset() {
    let (wat, cases) = module(|_| "(local.get 0)".to_owned());
    let mut checked = 0;
    for (bounds, traps) in MODES {
        let module = build(&wat, bounds, traps, OptLevel::Speed, "x86_64");
        assert_eq!(module.functions.len(), cases.len());
        for (case, function) in cases.iter().zip(&module.functions) {
            let clif = function.clif.as_deref().expect("CLIF");
            for &index in EDGES {
                let end = index + case.offset + case.size;
                // Sizes are multiples of a page in life, but the code must not count on it.
                for memory_size in [0, 65536, 1 << 31, 1 << 32, end - 1, end, end + 1] {
                    let guard = bounds == Bounds::Guard;
                    let outcome =
                        Interpreter { lines: clif.lines().collect(), memory_size, guard }.run(index);
                    let expected = if !guard && end > memory_size {
                        Outcome::Trap(TrapCode::MemoryOutOfBounds)
                    } else {
                        Outcome::Access(i128::from(index + case.offset))
                    };
                    let Case { operator, offset, .. } = case;
                    assert_eq!(
                        outcome, expected,
                        "{operator} offset={offset:#x} at {index:#x} of {memory_size:#x}, {bounds:?} {traps:?}\n{clif}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert_eq!(checked, MODES.len() * cases.len() * EDGES.len() * 7);
}

/// The displacements in a line of assembly, with their base registers: x86-64's `-0x10(%rdi, %rsi)`, aarch64's `[x2, #-16]`.
fn displacements(line: &str, x86: bool) -> Vec<(String, i128)> {
    let mut found = Vec::new();
    let (open, close) = if x86 { ('(', ')') } else { ('[', ']') };
    for (i, _) in line.match_indices(open) {
        let Some(inner) = line[i + 1..].split(close).next() else { continue };
        let mut parts = inner.split(", ");
        let base = parts.next().unwrap_or_default().to_owned();
        if x86 {
            let before = line[..i].rsplit([' ', ',']).next().unwrap_or_default();
            if inner.starts_with('%') && !before.is_empty() {
                found.push((base, number(before.trim_start_matches('$'))));
            }
        } else if let Some(n) = parts.next().and_then(|p| p.strip_prefix('#')) {
            found.push((base, number(n)));
        }
    }
    found
}

#[test]
fn no_displacement_reaches_below_the_base() {
    // Constant indices fold into displacements.
    let constants: Vec<String> = EDGES.iter().map(|e| format!("(i32.const {e})")).collect();
    let sums = "(i32.add (local.get 0) (i32.const -64))".to_owned();
    let indices = constants.into_iter().chain(["(local.get 0)".to_owned(), sums]);
    for index in indices {
        let (wat, cases) = module(|_| index.clone());
        for (bounds, traps) in MODES {
            for (opt, target) in
                [(OptLevel::Speed, "x86_64"), (OptLevel::None, "x86_64"), (OptLevel::Speed, "aarch64")]
            {
                let module = build(&wat, bounds, traps, opt, target);
                check_displacements(&module, &cases, target == "x86_64");
                check_traps(&module, bounds);
            }
        }
    }
}

fn check_displacements(module: &CompiledModule, cases: &[Case], x86: bool) {
    let context_fields = [context::MEMORY_SIZE, context::STACK_LIMIT].map(i128::from);
    for (case, function) in cases.iter().zip(&module.functions) {
        let asm = function.asm.as_deref().expect("assembly");
        for line in asm.lines() {
            // Sums of 32 bits are no addresses.
            for (base, displacement) in
                displacements(line, x86).into_iter().filter(|_| !line.contains("leal "))
            {
                let frame = ["%rbp", "%rsp", "rsp", "rbp", "sp", "fp"].contains(&base.as_str());
                assert!(
                    frame || context_fields.contains(&displacement) || (0..1 << 31).contains(&displacement),
                    "{} offset={:#x}: {line}\n{asm}",
                    case.operator,
                    case.offset
                );
            }
        }
    }
}

/// Under guard every access stands in the trap table, even one whose result nobody uses.
fn check_traps(module: &CompiledModule, bounds: Bounds) {
    let words: Vec<u128> =
        module.meta.chunks(16).map(|c| u128::from_le_bytes(c.try_into().expect("16 bytes"))).collect();
    // SAFETY: initialised memory is bytes, and the words outlive the slice.
    let bytes = unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), size_of_val(&words[..])) };
    let meta = Meta::parse(bytes, module.text.len() as u64).expect("metadata");
    for function in &module.functions {
        let inside = function.offset..function.offset + function.size;
        let faults = (meta.trap_offsets.iter().zip(meta.trap_codes))
            .filter(|(o, c)| inside.contains(o) && **c == TrapCode::MemoryOutOfBounds as u8)
            .count();
        if bounds == Bounds::Guard {
            assert_eq!(faults, 1, "{}\n{}", function.name, function.asm.as_deref().unwrap_or_default());
        }
    }
}

/// Every way around a loop reads the interrupt field, at every level of optimisation.
#[test]
fn loops_keep_their_interrupt_check() {
    let loops = r#"(module (memory 1) (global $g (mut i32) (i32.const 0))
        (func (loop (br 0)))
        (func (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (param i32) (loop (loop (br_if 0 (i32.load (local.get 0)))) (br_if 0 (i32.load offset=4 (local.get 0)))))
        (func (param i32) (loop (global.set $g (i32.add (global.get $g) (local.get 0))) (br 0)))
        (func (loop (loop (loop (br 0)))))
        (func (param $state i32) (param $at i32)
            (loop $top
                (local.set $at (i32.add (local.get $at) (i32.load8_u (local.get $at))))
                (block $two (block $one (block $zero
                    (br_table $zero $one $two (local.get $state)))
                    (local.set $state (i32.const 1))
                    (br $top))
                    (local.set $state (select (i32.const 2) (i32.const 0) (i32.eqz (local.get $at))))
                    (br $top))
                (local.set $state (local.get $at))
                (br_if $top (i32.lt_u (local.get $state) (i32.const 3))))))"#;
    let wasm = wat::parse_str(loops).expect("valid text");
    for traps in [Traps::Signal, Traps::Call] {
        for opt in [OptLevel::None, OptLevel::Speed, OptLevel::SpeedAndSize] {
            for target in ["x86_64", "aarch64"] {
                let options = Options {
                    target: Some(format!("{target}-unknown-linux-gnu")),
                    traps,
                    opt,
                    interruptible: true,
                    checks: false,
                    keep_asm: true,
                    ..Options::default()
                };
                let module = compile(&wasm, &options).unwrap_or_else(|e| panic!("{e}"));
                for function in &module.functions {
                    check_loops(function.asm.as_deref().expect("assembly"), target == "x86_64");
                }
            }
        }
    }
}

/// Follows every path from a block back to itself that avoids interrupt checks; there must be none.
fn check_loops(asm: &str, x86: bool) {
    let mut checks = Vec::new();
    let mut targets: Vec<Vec<usize>> = Vec::new();
    for line in asm.lines() {
        let line = line.trim();
        if line.starts_with("block") && line.ends_with(':') {
            checks.push(false);
            targets.push(Vec::new());
        } else if let (Some(check), Some(to)) = (checks.last_mut(), targets.last_mut()) {
            *check |= if x86 {
                line.starts_with(&format!("cmpq -{:#x}(%", -context::INTERRUPT))
                    || line.starts_with(&format!("movq -{:#x}(%", -context::INTERRUPT))
            } else {
                // By an atomic load in code without signals.
                line.starts_with("ldar ")
                    || line.starts_with("ldur x") && line.ends_with(&format!(", #{}]", context::INTERRUPT))
            };
            let number = |rest: &str| {
                rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<usize>().ok())
            };
            to.extend(line.split("label").skip(1).filter_map(number));
        }
    }
    assert!(checks.contains(&true), "{asm}");
    let n = checks.len();
    for start in (0..n).filter(|b| !checks[*b]) {
        let (mut seen, mut open) = (vec![false; n], targets[start].clone());
        while let Some(block) = open.pop() {
            assert!(block != start, "block{start} is on a loop without an interrupt check:\n{asm}");
            if block < n && !checks[block] && !std::mem::replace(&mut seen[block], true) {
                open.extend(&targets[block]);
            }
        }
    }
}
