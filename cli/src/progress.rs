//! Runs the work on a thread with room for it and, meanwhile, shows how far it is.

use crate::{CliError, Console};
use nullvm_compiler::Progress;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Passes of the code generator recurse with the depth of what they compile.
const STACK: usize = 64 << 20;

/// Shorter work shows no progress.
const QUIET_TIME: Duration = Duration::from_secs(1);

/// Runs `work` on a thread of its own.
pub fn run<T: Send>(
    what: &str,
    progress: &Progress,
    show: bool,
    console: &mut Console<'_>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, CliError> {
    std::thread::scope(|scope| {
        let (done, finished) = sync_channel(1);
        let worker = std::thread::Builder::new()
            .name("compile".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, move || {
                let result = work();
                let _ = done.send(());
                result
            })
            .map_err(CliError::Thread)?;
        if show && console.progress {
            let start = Instant::now();
            let mut shown = false;
            while let Err(RecvTimeoutError::Timeout) = finished.recv_timeout(Duration::from_millis(200)) {
                if start.elapsed() >= QUIET_TIME {
                    shown = true;
                    let _ = write!(console.err, "\r\x1b[K{}", line(what, progress))
                        .and_then(|()| console.err.flush());
                }
            }
            if shown {
                let _ = write!(console.err, "\r\x1b[K");
            }
        }
        worker.join().map_err(|panic| resume_unwind(panic))
    })
}

fn line(what: &str, progress: &Progress) -> String {
    match progress.get() {
        (_, 0) => format!("compiling {what}"),
        (done, total) => format!("compiling {what}: {}%", done * 100 / total),
    }
}
