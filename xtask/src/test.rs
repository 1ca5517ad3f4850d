//! `cargo xtask test`: the list of everything that must hold.

use std::process::Command;

use crate::{
    setup, shell,
    shell::Outcome,
    steps::{self, Step},
    web::{self, Optimize},
};

/// How much is tried.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    /// What a change must pass before it lands.
    Everything,
    /// What can be waited for between two edits.
    Quick,
}

/// What `--quick` leaves out of the tests: what needs burn.
const WITHOUT_TRAINING: &str = "--exclude ibq-scenes --exclude ibq-train";

/// Longest waits of the browser test, as a multiple of those on a machine that does nothing else.
const PATIENCE: &str = "4";

/// Installs what is missing, then runs the steps.
///
/// Cargo compiles a dependency anew for every set of features, and what the packages on its command line need decides on these.
/// So one command builds all that the tests run, programs too, and the steps after it find that done. Two commands do not
/// compile into the same folder at the same time; the page's modules have one of their own (`target/*/web-fast`). The page is
/// tested without link-time optimization and wasm-opt; the proof `page` of `cargo xtask acceptance` tests what is published.
pub(crate) fn run(extent: Extent) -> Outcome {
    match extent {
        Extent::Everything => setup::everything()?,
        Extent::Quick => setup::for_quick_test()?,
    }
    let left_out = if extent == Extent::Quick { WITHOUT_TRAINING } else { "" };
    let mut list = vec![
        Step::new("format")
            .cargo("fmt --all --check")
            .cargo("fmt --check --manifest-path xtask/checks/Cargo.toml"),
        Step::new("build").cargo(&format!("build --locked --workspace --all-targets {left_out}")),
    ];
    if extent == Extent::Everything {
        list.push(
            web::compile_commands(Optimize::Little).into_iter().fold(Step::new("wasm modules"), Step::then),
        );
    }
    list.extend([
        repository_checks(),
        Step::new("tests").cargo(&format!("test --locked --workspace {left_out}")).after("build"),
        Step::new("lints").cargo("clippy --locked --workspace --all-targets -- -D warnings"),
        Step::new("lints for the browser")
            .cargo("clippy --locked -p ibq --lib --no-default-features --target wasm32-unknown-unknown -- -D warnings")
            .cargo("clippy --locked -p ibq --lib --target wasm32-unknown-unknown -- -D warnings"),
        Step::new("documentation")
            .cargo("doc --locked --workspace --no-deps --document-private-items")
            .env("RUSTDOCFLAGS", "-D warnings"),
    ]);
    if extent == Extent::Everything {
        let program = |name| shell::built("debug", name).to_string_lossy().into_owned();
        let bindgen = program("ibq-bindgen");
        let page = Step::new("web page").xtask(&["web", "--fast", "--bindgen", &bindgen]);
        list.push(page.after("build").after("wasm modules"));
        list.push(browser_test().after("build").after("web page"));
        let ibq = program("ibq");
        list.push(Step::new("demo").xtask(&["demo", "--no-window", "--ibq", &ibq]).after("build"));
    }
    steps::run(list)
}

/// Module structure and derived files, by a crate that is a workspace of its own.
fn repository_checks() -> Step {
    let manifest = "--locked --manifest-path xtask/checks/Cargo.toml";
    Step::new("structure and derived files")
        .cargo(&format!("test {manifest}"))
        .cargo(&format!("clippy {manifest} --all-targets -- -D warnings"))
        .cargo(&format!("doc {manifest} --no-deps --document-private-items"))
        .env("RUSTDOCFLAGS", "-D warnings")
        .env("CARGO_TARGET_DIR", shell::target().join("checks"))
}

/// Drives the built page and the JavaScript engine in Chromium; its pictures go to `artifacts/`.
fn browser_test() -> Step {
    Step::new("page in a browser").then(browser_command())
}

/// The browser test; it needs a built page and a built `ibq`.
pub(crate) fn browser_command() -> Command {
    let patience = std::env::var("IBQ_PATIENCE").unwrap_or_else(|_| PATIENCE.to_owned());
    let mut command = shell::command("node", &["web/tests/all.mjs"]);
    command
        .env("CHROMIUM", setup::browser().unwrap_or_default())
        .env("IBQ", shell::built("debug", "ibq"))
        .env("IBQ_PATIENCE", patience)
        .env("XTASK", std::env::current_exe().unwrap_or_default());
    command
}
