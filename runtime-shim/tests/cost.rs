//! What entering a guest and making an instance cost. Numbers with `--release -- --ignored --nocapture`; the criterion
//! benches of the workspace are the ones to quote.

mod common;
use common::Build;
use nullvm_shim::host::HostTable;
use nullvm_shim::{Instance, Limits};
use plugin_abi::CallbackId;
use std::hint::black_box;
use std::time::Instant;

fn time(what: &str, rounds: u32, mut f: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..rounds {
            f();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(rounds));
    }
    println!("{what}: {best:.1} ns");
}

#[test]
#[ignore = "a measurement"]
fn costs() {
    for (name, deadline_ms) in [("no deadline", 0), ("deadline", 1000)] {
        let plugin = Build::default().plugin();
        let limits = Limits { deadline_ms, ..Limits::default() };
        let make = || Instance::new(&plugin, &HostTable::EMPTY, core::ptr::null_mut(), &limits).unwrap();
        let one = make();
        time(&format!("call, {name}"), 10_000_000, || {
            black_box(one.call(CallbackId::OnTick, black_box(&[1])).unwrap());
        });
        drop(one);
        time(&format!("new + drop, {name}"), 100_000, || drop(black_box(make())));
        time(&format!("new + one store + drop, {name}"), 100_000, || {
            let one = make();
            one.memory().write_u32(100, 1).unwrap();
            drop(one);
        });
    }
    let plugin = Build::default().plugin();
    let one = Instance::new(&plugin, &HostTable::EMPTY, core::ptr::null_mut(), &Limits::default()).unwrap();
    let mut values = [nullvm_shim::Value::from_u32(1); 3];
    time("trap by signal", 100_000, || assert!(one.invoke("f_unreachable", &mut values).is_err()));
    values[0] = nullvm_shim::Value::from_u32(1);
    time("trap by call", 1_000_000, || {
        values[0] = nullvm_shim::Value::from_u32(1);
        assert!(one.invoke("f_trap", &mut values).is_err());
    });
    time("host call that finds no host function", 10_000_000, || {
        values = [nullvm_shim::Value::from_u32(2); 3];
        one.invoke("f_done", &mut values).unwrap();
    });
}
