//! Extreme modules (`cargo xtask extremes`) compile within bounds of memory and time, and time grows with size.
//!
//! Each is compiled in a process of its own, this test started again, so that the peak of its memory is its own too. Times
//! are processor time: other work on the machine costs less there than on a clock.
#![cfg(target_os = "linux")]

use nullvm_compiler::{Module, Options, compile, emit};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use xtask::extremes;

/// What a module may need. The largest real ones have 26 MB.
const MOST_MEMORY: u64 = 2 << 30;
/// Much more than any of them takes, and much less than something quadratic would.
const MOST_TIME: Duration = Duration::from_secs(400);
/// Workers: each has its own working memory, and the test must not depend on the machine.
const JOBS: usize = 4;

const MODULE: &str = "NULLVM_TEST_EXTREME";

/// One at a time, so that the machine needs no more memory than one of them.
static ALONE: Mutex<()> = Mutex::new(());

/// Peak resident memory in bytes and processor time of a process that compiled a module.
#[derive(Clone, Copy)]
struct Cost {
    memory: u64,
    time: Duration,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} MiB, {:.2} s", self.memory >> 20, self.time.as_secs_f64())
    }
}

fn build(name: &str) -> Vec<u8> {
    match name.strip_prefix("sized_") {
        Some(bytes) => extremes::sized(bytes.parse().expect("a size")),
        None => extremes::EXTREMES.iter().find(|e| e.name == name).expect("an extreme").wasm(),
    }
}

/// Compiles in another process, up to the image and the object.
fn compile_apart(name: &str) -> Cost {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // The same test may run twice at a time.
    let file = format!("extreme_{name}_{}.wasm", std::process::id());
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&file, build(name)).expect("the module is written");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(MODULE, &file)
        .output()
        .expect("this test runs");
    std::fs::remove_file(&file).expect("the module is removed");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{stdout}\n{stderr}", output.status);
    let cost = stdout.lines().find_map(|l| l.split_once("cost: ")).expect("the child tells its cost").1;
    let (memory, time) = cost.split_once(' ').expect("two numbers");
    Cost { memory: memory.parse().unwrap(), time: Duration::from_millis(time.parse().unwrap()) }
}

/// Not a test of its own: what [`compile_apart`] starts.
#[test]
fn child() {
    let Some(file) = std::env::var_os(MODULE) else { return };
    let wasm = std::fs::read(file).expect("the module");
    let module =
        compile(&wasm, &Options { jobs: JOBS, ..Options::default() }).unwrap_or_else(|e| panic!("{e}"));
    // Nothing was found to be dead and left out, or it would be no test.
    let bodies = Module::parse(&wasm).unwrap_or_else(|e| panic!("{e}")).bodies;
    let (code, bodies) =
        (module.summary.code_bytes, bodies.iter().map(|b| b.body.range().len()).sum::<usize>());
    assert!(code >= bodies / 2, "{code} bytes of code from bodies of {bodies}");
    drop(wasm);
    drop(emit::object(&module).unwrap_or_else(|e| panic!("{e}")));
    drop(emit::image(&module).unwrap_or_else(|e| panic!("{e}")));
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("VmHWM");
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("kilobytes");
    // Fields 14 and 15 are user and system time in hundredths of a second; the command's name before may hold spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc");
    let fields = stat.rsplit_once(')').expect("the command's name").1;
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().expect("ticks")).sum();
    println!("\ncost: {} {}", kib << 10, ticks * 10);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn every_extreme_compiles() {
    let only = std::env::var("EXTREME").ok();
    for extreme in extremes::EXTREMES.iter().filter(|e| only.as_ref().is_none_or(|o| o == e.name)) {
        let cost = compile_apart(extreme.name);
        println!("{:>15}: {cost} ({})", extreme.name, extreme.reach);
        assert!(cost.memory < MOST_MEMORY, "{}: {cost}", extreme.name);
        assert!(cost.time < MOST_TIME, "{}: {cost}", extreme.name);
    }
}

/// Eight times the size takes about eight times the time, and no more than that in memory.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn time_is_linear_in_size() {
    let mut costs = Vec::new();
    for megabytes in [1u64, 2, 4, 8] {
        let name = format!("sized_{}", megabytes << 20);
        let runs: Vec<Cost> = (0..3).map(|_| compile_apart(&name)).collect();
        let best = *runs.iter().min_by_key(|c| c.time).expect("three runs");
        println!("{megabytes} MB: {best}");
        costs.push(best);
    }
    let ratio = |i: usize| costs[i].time.as_secs_f64() / costs[0].time.as_secs_f64();
    println!("time against 1 MB: {:.2}, {:.2}, {:.2}", ratio(1), ratio(2), ratio(3));
    assert!(ratio(3) <= 8.0 * 1.35, "8 MB take {:.2} times as long as 1 MB", ratio(3));
    assert!(costs[3].memory <= 8 * costs[0].memory, "8 MB take {}, 1 MB takes {}", costs[3], costs[0]);
}
