//! Everything a person does with the checkout, as `cargo xtask COMMAND`.

mod acceptance;
mod demo;
mod serve;
mod setup;
mod shell;
mod steps;
mod test;
mod web;

use std::{path::Path, process::ExitCode};

use shell::{Failure, Outcome};
use web::Optimize;

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--no-window]    build ibq, reconstruct the sample pictures into out/demo, open the window
  test [--quick]        everything that must hold; --quick leaves out the browser, the training and the demo
  acceptance [--list | NAME...]
                        the long proofs, of hours: resumes after an interruption; figures go to docs/acceptance
  web [--fast]          build the web page and the JavaScript engine into web/dist; --fast skips the slow optimizers
  serve [--port N]      serve web/dist on http://localhost:8080
  derive [--check | --all | NAME...]
                        make again what was derived from a model that has changed; --check only says what is stale
  structure [--graph [CRATE]]
                        what is wrong with the module structure: import cycles, layers; --graph prints who imports whom
  setup                 only install what the other commands need
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome {
    match words {
        ["demo"] => demo::run(true, None, None),
        ["demo", "--no-window"] => demo::run(false, None, None),
        ["demo", "--no-window", "--ibq", program, "--sample", name] => {
            demo::run(false, Some(Path::new(program)), Some(name))
        }
        ["test"] => test::run(test::Extent::Everything),
        ["test", "--quick"] => test::run(test::Extent::Quick),
        ["web"] => web::build(Optimize::Fully, None),
        ["web", "--fast", "--bindgen", program] => web::build(Optimize::Little, Some(Path::new(program))),
        ["web", "--fast"] => web::build(Optimize::Little, None),
        ["serve"] => serve::run(8080),
        ["serve", "--port", port] => {
            serve::run(port.parse().map_err(|_| Failure(format!("--port {port}: not a port number")))?)
        }
        ["acceptance", "--list"] => {
            acceptance::list();
            Ok(())
        }
        ["acceptance", names @ ..] => acceptance::run(names),
        ["derive", rest @ ..] => checks("derive", rest),
        ["structure", rest @ ..] => checks("structure", rest),
        ["setup"] => setup::everything(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        [] => Err(Failure(format!("which command?\n\n{USAGE}"))),
        _ => Err(Failure(format!("do not know `{}`\n\n{USAGE}", words.join(" ")))),
    }
}

/// Runs the program that reads the repository's own source and files.
fn checks(command: &str, words: &[&str]) -> Outcome {
    let target = shell::target().join("checks");
    let cargo = ["run", "--quiet", "--locked", "--manifest-path", "xtask/checks/Cargo.toml"];
    let mut cargo = shell::command("cargo", &cargo);
    shell::run(cargo.env("CARGO_TARGET_DIR", target).args(["--", command]).args(words))
}
