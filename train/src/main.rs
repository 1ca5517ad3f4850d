//! `ibq-train`: trains tokenizers and transformers, and measures them.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
