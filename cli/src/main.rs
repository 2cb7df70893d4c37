//! The binary `nullvmc`; everything is in the library, so that tests can run commands in their own process.

use nullvm_cli::{Console, main_with_args};
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(nullvm_cli::report_panic));
    let progress = std::io::stderr().is_terminal();
    let mut console = Console { out: &mut std::io::stdout(), err: &mut std::io::stderr(), progress };
    ExitCode::from(main_with_args(std::env::args_os(), &mut console))
}
