//! `ibq-checks structure [--graph [CRATE]]`: what `cargo xtask structure` runs.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use ibq_checks::structure::{graph, packages::packages, workspace};

const USAGE: &str = "usage: cargo xtask structure [--graph [CRATE]]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["structure"] => check_structure(),
        ["structure", "--graph"] => print_graph(None),
        ["structure", "--graph", name] => print_graph(Some(name)),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the checkout.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

fn check_structure() -> Result<(), String> {
    let messages = workspace::check(&root())?;
    for message in &messages {
        println!("{message}\n");
    }
    match messages.len() {
        0 => {
            println!("no import cycles, and every layer depends on those below it");
            Ok(())
        }
        count => Err(format!("{count} faults in the structure")),
    }
}

fn print_graph(name: Option<&str>) -> Result<(), String> {
    let mut trees = workspace::trees(&packages(&root())?)?;
    trees.retain(|tree| name.is_none_or(|name| tree.name == name));
    if trees.is_empty() {
        return Err(format!("no crate {}", name.unwrap_or_default()));
    }
    for tree in &trees {
        print!("{}", graph::draw(tree));
    }
    Ok(())
}
