//! State machines from seeds: loops that begin with a `br_table`, whose states set the next state in all the ways that toolchains do.
//! Random modules hardly ever have one.

use crate::generate::{Module, exported_functions, random};
use std::fmt::Write;

/// Chooses.
struct Chooser(u64);

impl Chooser {
    fn below(&mut self, n: u64) -> u64 {
        random(&mut self.0) % n
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

/// The module of a seed.
pub fn machine(seed: u64) -> Module {
    let mut c = Chooser(seed);
    let states = 2 + c.below(8);
    let shift = match c.below(3) {
        0 => Some(("i32.add", c.below(3))),
        1 => Some(("i32.sub", c.below(3))),
        _ => None,
    };
    let index = match shift {
        Some((op, n)) => format!("({op} (local.get $state) (i32.const {n}))"),
        None => "(local.get $state)".to_owned(),
    };
    let mut text = String::from(
        r#"(module (memory (export "memory") 1) (global (export "g") (mut i32) (i32.const 7))
        (func (export "run") (param $state i32) (param $acc i32) (result i32)
          (local $fuel i32) (local $next i32) (local $wide i64)
          (local.set $fuel (i32.const 300))
          (block $exit (loop $top "#,
    );
    // Straight code before the table, which every branch to a known state repeats.
    for _ in 0..c.below(3) {
        text.push_str(step(&mut c));
    }
    if c.below(6) == 0 {
        // Sets the state itself: then nothing is known.
        text.push_str("(local.set $state (i32.and (local.get $state) (i32.const 15)))");
    }
    for state in (0..states).rev() {
        let _ = write!(text, "(block $s{state} ");
    }
    text.push_str("(br_table ");
    for _ in 0..states + c.below(3) {
        let target = match c.below(12) {
            0 => "$exit".to_owned(),
            _ => format!("$s{}", c.below(states)),
        };
        let _ = write!(text, "{target} ");
    }
    let _ = write!(text, "$s{} {index})", c.below(states));
    for state in 0..states {
        text.push(')');
        for _ in 0..c.below(4) {
            text.push_str(step(&mut c));
        }
        text.push_str("(local.set $fuel (i32.sub (local.get $fuel) (i32.const 1))) (br_if $exit (i32.eqz (local.get $fuel)))");
        if c.below(3) == 0 {
            let next = next(&mut c, states, 2);
            let _ = write!(
                text,
                "(if (i32.and (local.get $acc) (i32.const {})) (then (local.set $state {next}) (br $top)))",
                1 << c.below(8)
            );
        }
        let next = next(&mut c, states, 3);
        let _ = write!(text, "(local.set $state {next})");
        if c.below(4) == 0 {
            text.push_str("(br_if $top (i32.and (local.get $acc) (i32.const 2)))");
        }
        if state + 1 < states || c.below(2) == 0 {
            text.push_str("(br $top)");
        }
    }
    text.push_str(")) (i32.xor (local.get $acc) (local.get $state))))");
    let wasm = wat::parse_str(&text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
    let functions = exported_functions(&wasm);
    Module { wasm, functions }
}

/// The next state: mostly constants and choices between them.
fn next(c: &mut Chooser, states: u64, deepest: u32) -> String {
    let constant = |c: &mut Chooser| format!("(i32.const {})", c.below(states + 4) as i64 - 1);
    match c.below(8) {
        0 => format!("(i32.rem_u (local.get $acc) (i32.const {states}))"),
        1 => "(local.get $next)".to_owned(),
        2..=4 if deepest > 0 => {
            let (yes, no) = (next(c, states, deepest - 1), next(c, states, deepest - 1));
            format!("(select {yes} {no} (i32.and (local.get $acc) (i32.const {})))", 1 << c.below(8))
        }
        5 => {
            let n = constant(c);
            format!("(local.tee $next {n})")
        }
        _ => constant(c),
    }
}

/// Something that can be seen in the end, with the constants that have forms of their own.
fn step(c: &mut Chooser) -> &'static str {
    c.of(&[
        "(local.set $acc (i32.sub (i32.rotl (local.get $acc) (i32.const 5)) (i32.const 144)))",
        "(local.set $acc (i32.xor (local.get $acc) (i32.and (i32.mul (local.get $acc) (i32.const 31)) (i32.const 255))))",
        "(local.set $acc (i32.add (local.get $acc) (i32.and (local.get $fuel) (i32.const 65535))))",
        "(local.set $acc (i32.sub (local.get $acc) (i32.const -2147483648)))",
        "(local.set $wide (i64.sub (i64.and (i64.mul (local.get $wide) (i64.const 6364136223846793005)) (i64.const 4294967295)) (i64.const -9)))
         (local.set $acc (i32.xor (local.get $acc) (i32.wrap_i64 (i64.shr_u (local.get $wide) (i64.const 7)))))",
        "(local.set $wide (i64.and (i64.extend_i32_s (local.get $acc)) (i64.const 65535)))",
        "(i32.store (i32.and (local.get $acc) (i32.const 1023)) (local.get $fuel))",
        "(local.set $acc (i32.add (local.get $acc) (i32.load8_s (i32.and (local.get $acc) (i32.const 1023)))))",
        "(global.set 0 (i32.add (global.get 0) (local.get $acc)))",
    ])
}
