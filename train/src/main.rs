//! `ibq-train`: trains tokenizers.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
