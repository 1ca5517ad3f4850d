//! Everything a person does with the checkout, as `cargo xtask COMMAND`.

mod acceptance;
mod demo;
mod linted_build;
mod peers;
mod release;
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
  release               build the programs into out/release, without paths of this machine, with licenses and notices
  licenses              check the licenses of all crates in programs and page against deny.toml
  notices FILE          write the notices of other people's work in programs and page
  derive [--check | --all | NAME...]
                        make again what was derived from a model that has changed; --check only says what is stale
  structure [--graph [CRATE]]
                        what is wrong with the module structure: import cycles, layers; --graph prints who imports whom
  peers [--only tokenizer|transformer|web] [--rounds N] [--threads N] [--again] [--ibq PROGRAM] [--remark TEXT] [--table]
                        PyTorch, onnxruntime and onnxruntime-web beside ibq on the processor: compares tokens, times all, writes
                        docs/performance.md; resumes after an interruption; --again measures again, --table only writes the page
  setup                 only install what the other commands need
";

fn main() -> ExitCode {
    if linted_build::is_compiler() {
        return linted_build::compile();
    }
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
        ["demo"] => demo::run(true, None),
        ["demo", "--no-window"] => demo::run(false, None),
        ["demo", "--no-window", "--ibq", program] => demo::run(false, Some(Path::new(program))),
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
        ["peers", rest @ ..] => peers::run(rest),
        ["release"] => release::build(),
        ["licenses"] => shell::checks("licenses", &[]),
        ["notices", path] => {
            let path = std::path::absolute(path).map_err(|error| Failure(format!("{path}: {error}")))?;
            release::write_notices(&path)
        }
        ["derive", rest @ ..] => shell::checks("derive", rest),
        ["structure", rest @ ..] => shell::checks("structure", rest),
        ["setup"] => setup::everything(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        [] => Err(Failure(format!("which command?\n\n{USAGE}"))),
        _ => Err(Failure(format!("do not know `{}`\n\n{USAGE}", words.join(" ")))),
    }
}
