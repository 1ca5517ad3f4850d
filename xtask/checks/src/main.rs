//! `ibq-checks structure [--graph [CRATE]]` and `ibq-checks derive [--check | --all | NAME…]`: what the commands of
//! `cargo xtask` with these names run.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use ibq_checks::{
    derived::{self, Choice},
    licenses,
    structure::{graph, packages::packages, workspace},
};

const USAGE: &str = "\
usage: cargo xtask licenses | notices FILE
       cargo xtask structure [--graph [CRATE]]
       cargo xtask derive [--check | --all | NAME...]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["structure"] => check_structure(),
        ["structure", "--graph"] => print_graph(None),
        ["structure", "--graph", name] => print_graph(Some(name)),
        ["derive", "--check"] => check_derived(),
        ["licenses"] => check_licenses(),
        ["notices", path] => write_notices(Path::new(path)),
        ["derive"] => derived::remake(&root(), &Choice::Stale),
        ["derive", "--all"] => derived::remake(&root(), &Choice::All),
        ["derive", names @ ..] if names.iter().all(|name| !name.starts_with('-')) => {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            derived::remake(&root(), &Choice::Named(names))
        }
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
    report(&workspace::check(&root())?, "no import cycles, and every layer depends on those below it")
}

fn check_derived() -> Result<(), String> {
    report(&derived::check(&root())?, "every derived file and every quoted figure is that of its model")
}

fn check_licenses() -> Result<(), String> {
    report(
        &licenses::check(&root())?,
        "every crate in the programs and the page has a license that deny.toml allows",
    )
}

fn write_notices(path: &Path) -> Result<(), String> {
    let text = licenses::notices(&root(), &licenses::shipped(&root())?)?;
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints all faults, or that there is none.
fn report(faults: &[String], well: &str) -> Result<(), String> {
    for fault in faults {
        println!("{fault}\n");
    }
    match faults.len() {
        0 => {
            println!("{well}");
            Ok(())
        }
        1 => Err("1 fault".to_owned()),
        count => Err(format!("{count} faults")),
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
