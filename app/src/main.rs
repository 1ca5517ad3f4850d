//! `ibq`: the command line, and the window when no command is given.

#[cfg(not(target_arch = "wasm32"))]
mod cli;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    cli::run()
}

/// In the browser the library is the program.
#[cfg(target_arch = "wasm32")]
fn main() {}
