//! Large frames: whatever their size, the stack is checked before it is used, and without signals too.

use nullvm_compiler::codegen::TextSymbol;
use nullvm_compiler::{CompiledModule, Options, Traps, compile};
use std::fmt::Write;

/// A function that keeps `values` vectors across a call, 16 bytes of frame each.
fn large_frame(values: usize) -> Vec<u8> {
    let mut wat =
        "(module (memory 1) (func $callee (param i32)) (func $large (param i32) (result v128)".to_owned();
    for i in 0..values {
        let _ = write!(wat, "(v128.load offset={} (local.get 0))", i * 16);
    }
    wat.push_str("(call $callee (local.get 0))");
    wat.push_str(&"(v128.xor)".repeat(values - 1));
    wat.push_str(") (func (param i32) (result v128) (call $large (local.get 0))))");
    wat::parse_str(wat).expect("valid text")
}

fn build(values: usize, traps: Traps) -> CompiledModule {
    let target = Some("x86_64-unknown-linux-gnu".to_owned());
    let verify = values < 5_000;
    let options = Options {
        name: "p".into(),
        target,
        traps,
        checks: false,
        keep_asm: true,
        verify,
        ..Options::default()
    };
    compile(&large_frame(values), &options).unwrap_or_else(|e| panic!("{e}"))
}

/// The bytes that a prologue takes off the stack pointer, and the number of its line.
fn frame(asm: &str) -> (usize, u32) {
    let take = |line: &str| line.trim().strip_prefix("subq $0x")?.strip_suffix(", %rsp").map(str::to_owned);
    asm.lines()
        .enumerate()
        .find_map(|(n, line)| Some((n, u32::from_str_radix(&take(line)?, 16).ok()?)))
        .expect("a frame")
}

#[test]
fn large_frames_are_checked_before_they_are_taken() {
    for values in [8, 2_000, 20_000] {
        let module = build(values, Traps::Signal);
        let asm = module.functions[1].asm.as_deref().expect("assembly");
        let (line, bytes) = frame(asm);
        assert!(bytes as usize >= values * 15, "{bytes} bytes for {values} values");
        let check = asm.lines().position(|l| l.contains("trap=stk_ovf")).expect("a check");
        assert!(check < line, "{asm}");
    }
}

#[test]
fn without_signals_large_frames_have_a_guard() {
    let names = |module: &CompiledModule| module.functions.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&build(1_000, Traps::Call)), ["p.0.callee", "p.1.large", "p.2"]);
    let module = build(20_000, Traps::Call);
    assert_eq!(names(&module), ["p.0.callee", "p.1.guard", "p.1.large", "p.2"]);
    let [_, guard, large, caller] = &module.functions[..] else { unreachable!() };
    let (_, bytes) = frame(large.asm.as_deref().expect("assembly"));
    let asm = guard.asm.as_deref().expect("assembly");
    assert!(asm.contains(&format!("-{bytes:#x}(")), "the guard compares for {bytes:#x} bytes:\n{asm}");
    // The caller calls the guard, and the guard goes on in the function.
    assert!(goes_to(&module, caller, 0xe8, guard.offset), "the caller calls the guard");
    assert!(goes_to(&module, guard, 0xe9, large.offset), "the guard jumps to the function");
}

/// Whether a function has a relative call (0xe8) or jump (0xe9) to this place in the text.
fn goes_to(module: &CompiledModule, from: &TextSymbol, opcode: u8, target: u32) -> bool {
    let code = &module.text[from.offset as usize..][..from.size as usize];
    code.windows(5).enumerate().filter(|(_, w)| w[0] == opcode).any(|(at, w)| {
        let relative = i32::from_le_bytes([w[1], w[2], w[3], w[4]]);
        i64::from(from.offset) + at as i64 + 5 + i64::from(relative) == i64::from(target)
    })
}
