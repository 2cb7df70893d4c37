//! Living together with the signal handlers of others. Each case runs in a process of its own.

mod common;
use common::Build;
use nullvm_shim::host::HostTable;
use nullvm_shim::{CallError, Instance, Limits, Plugin, Value};
use plugin_abi::TrapCode;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);
static SAVED: AtomicUsize = AtomicUsize::new(0);

fn set(signal: i32, handler: usize, flags: i32) -> libc::sigaction {
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        let mut before: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        assert_eq!(libc::sigaction(signal, &action, &mut before), 0);
        before
    }
}

fn instance(plugin: &Arc<Plugin>) -> Box<Instance> {
    Instance::new(plugin, &HostTable::EMPTY, core::ptr::null_mut(), &Limits::default()).unwrap()
}

/// All hardware traps still work.
fn traps(plugin: &Arc<Plugin>) {
    let one = instance(plugin);
    for _ in 0..3 {
        for (name, args, code) in [
            ("f_load", [0xffff_fff0, 0], TrapCode::MemoryOutOfBounds),
            ("f_unreachable", [0, 0], TrapCode::Unreachable),
            ("f_div", [1, 0], TrapCode::IntegerDivisionByZero),
        ] {
            let mut values = [Value::from_u32(args[0]), Value::from_u32(args[1]), Value::default()];
            assert_eq!(one.invoke(name, &mut values), Err(CallError::Trap(code)));
        }
    }
}

fn fault() {
    unsafe { core::ptr::null_mut::<u32>().wrapping_add(4).write_volatile(1) };
}

fn run(case: &str) -> std::process::ExitStatus {
    let args = ["--ignored", "--exact", case, "--nocapture"];
    let mut child = std::process::Command::new(std::env::current_exe().unwrap()).args(args).spawn().unwrap();
    for _ in 0..1000 {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("{case} hangs");
}

#[test]
fn chains() {
    for (case, signal) in [
        ("case_default", Some(libc::SIGSEGV)),
        ("case_ignored", Some(libc::SIGSEGV)),
        ("case_handler", None),
        ("case_reset_hand", Some(libc::SIGSEGV)),
        ("case_v8", Some(libc::SIGSEGV)),
        ("case_mutual", Some(libc::SIGSEGV)),
        ("case_sent_again", Some(libc::SIGSEGV)),
        ("case_sent_again_to_a_handler", None),
        ("case_mask", None),
        ("case_sent", None),
        ("case_sent_default", Some(libc::SIGSEGV)),
    ] {
        let status = run(case);
        match signal {
            Some(signal) => assert_eq!(status.signal(), Some(signal), "{case}: {status}"),
            None => assert!(status.success(), "{case}: {status}"),
        }
    }
}

#[test]
#[ignore = "run by `chains`"]
fn case_default() {
    set(libc::SIGSEGV, libc::SIG_DFL, 0);
    traps(&Build::default().plugin());
    fault();
}

#[test]
#[ignore = "run by `chains`"]
fn case_ignored() {
    set(libc::SIGSEGV, libc::SIG_IGN, 0);
    traps(&Build::default().plugin());
    // Sent signals are ignored, faults are not.
    unsafe { libc::raise(libc::SIGSEGV) };
    fault();
}

extern "C" fn skip(_: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    unsafe {
        assert_eq!((*info).si_signo, libc::SIGSEGV);
        let blocked = {
            let mut mask: libc::sigset_t = core::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, core::ptr::null(), &mut mask);
            (libc::sigismember(&mask, libc::SIGSEGV), libc::sigismember(&mask, libc::SIGUSR1))
        };
        assert_eq!(blocked, (1, 1), "the mask that was asked for");
        let context = &mut *context.cast::<libc::ucontext_t>();
        if (*info).si_code > 0 {
            // `mov [rax], rcx`, three bytes.
            context.uc_mcontext.gregs[libc::REG_RIP as usize] += 3;
        }
    }
}

fn skipped_fault() {
    unsafe { core::arch::asm!("mov [rax], rcx", in("rax") 8, in("rcx") 1) };
}

fn set_skip() {
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = skip as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        libc::sigaddset(&mut action.sa_mask, libc::SIGUSR1);
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, core::ptr::null_mut()), 0);
    }
}

#[test]
#[ignore = "run by `chains`"]
fn case_handler() {
    set_skip();
    let plugin = Build::default().plugin();
    for n in 1..100 {
        traps(&plugin);
        skipped_fault();
        assert_eq!(CALLS.load(Ordering::Relaxed), n);
    }
    // Somebody takes the signal over for good: the next instance takes it back.
    set(libc::SIGSEGV, libc::SIG_DFL, 0);
    set(libc::SIGFPE, libc::SIG_DFL, 0);
    set_skip();
    traps(&plugin);
    skipped_fault();
}

#[test]
#[ignore = "run by `chains`"]
fn case_mask() {
    let plugin = Build::default().plugin();
    let mask = || unsafe {
        let mut mask: libc::sigset_t = core::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_BLOCK, core::ptr::null(), &mut mask);
        (1..32).map(|s| libc::sigismember(&mask, s)).collect::<Vec<_>>()
    };
    let before = mask();
    traps(&plugin);
    assert_eq!(mask(), before);
}

extern "C" fn count_only(_: i32) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

#[test]
#[ignore = "run by `chains`"]
fn case_reset_hand() {
    set(libc::SIGSEGV, count_only as *const () as usize, libc::SA_RESETHAND);
    traps(&Build::default().plugin());
    // Once to the handler, then it is the default's turn.
    fault();
}

#[test]
#[ignore = "run by `chains`"]
fn case_sent() {
    set(libc::SIGSEGV, count_only as *const () as usize, 0);
    traps(&Build::default().plugin());
    unsafe { libc::raise(libc::SIGSEGV) };
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
}

#[test]
#[ignore = "run by `chains`"]
fn case_sent_default() {
    set(libc::SIGSEGV, libc::SIG_DFL, 0);
    traps(&Build::default().plugin());
    unsafe { libc::raise(libc::SIGSEGV) };
}

extern "C" fn like_v8(signal: i32) {
    // Not its fault: puts back what it found when it was installed, and lets the instruction run again.
    CALLS.fetch_add(1, Ordering::Relaxed);
    unsafe {
        libc::sigaction(
            signal,
            SAVED.load(Ordering::Relaxed) as *const libc::sigaction,
            core::ptr::null_mut(),
        )
    };
}

#[test]
#[ignore = "run by `chains`"]
fn case_v8() {
    set(libc::SIGSEGV, libc::SIG_DFL, 0);
    let plugin = Build::default().plugin();
    traps(&plugin);
    let ours = set(libc::SIGSEGV, like_v8 as *const () as usize, 0);
    SAVED.store(Box::leak(Box::new(ours)) as *const libc::sigaction as usize, Ordering::Relaxed);
    // Ours goes on top, with the other one behind it, which has saved ours: a fault of nobody must end all the same.
    traps(&plugin);
    fault();
}

extern "C" fn sends_again(signal: i32) {
    // As V8 does it today.
    like_v8(signal);
    unsafe { libc::raise(signal) };
}

extern "C" fn leaves(_: i32) {
    // Handed on once, not a thousand times.
    let once = CALLS.load(Ordering::Relaxed) == 1;
    unsafe { libc::_exit(if once { 0 } else { 1 }) };
}

fn sent_again(older: usize) {
    set(libc::SIGSEGV, older, 0);
    let plugin = Build::default().plugin();
    traps(&plugin);
    let ours = set(libc::SIGSEGV, sends_again as *const () as usize, 0);
    SAVED.store(Box::leak(Box::new(ours)) as *const libc::sigaction as usize, Ordering::Relaxed);
    traps(&plugin);
    fault();
}

#[test]
#[ignore = "run by `chains`"]
fn case_sent_again() {
    sent_again(libc::SIG_DFL);
}

#[test]
#[ignore = "run by `chains`"]
fn case_sent_again_to_a_handler() {
    sent_again(leaves as *const () as usize);
}

extern "C" fn passes_on(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let saved = unsafe { &*(SAVED.load(Ordering::Relaxed) as *const libc::sigaction) };
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) =
        unsafe { core::mem::transmute(saved.sa_sigaction) };
    handler(signal, info, context);
}

#[test]
#[ignore = "run by `chains`"]
fn case_mutual() {
    set(libc::SIGSEGV, libc::SIG_DFL, 0);
    let plugin = Build::default().plugin();
    traps(&plugin);
    let ours = set(libc::SIGSEGV, passes_on as *const () as usize, libc::SA_SIGINFO);
    SAVED.store(Box::leak(Box::new(ours)) as *const libc::sigaction as usize, Ordering::Relaxed);
    traps(&plugin);
    fault();
}
