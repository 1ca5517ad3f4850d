//! `cargo xtask test`: the list of everything that must hold.

use std::process::Command;

use crate::{
    linted_build, setup, shell,
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
/// So one command builds all that the tests run, programs too, lints and documents it on the way ([`linted_build`]), and the
/// steps after it find that done. Two commands do not compile into the same folder at the same time; the page's modules have
/// one of their own (`target/*/web-fast`). The page is tested without link-time optimization and wasm-opt; the proof `page` of
/// `cargo xtask acceptance` tests what is published.
pub(crate) fn run(extent: Extent) -> Outcome {
    match extent {
        Extent::Everything => setup::everything()?,
        Extent::Quick => setup::for_quick_test()?,
    }
    let linted = linted_build::environment()?;
    let with_lints = |step: Step| linted.iter().fold(step, |step, (name, value)| step.env(name, value));
    let left_out = if extent == Extent::Quick { WITHOUT_TRAINING } else { "" };
    let mut list = vec![
        Step::new("format")
            .cargo("fmt --all --check")
            .cargo("fmt --check --manifest-path xtask/checks/Cargo.toml"),
        with_lints(
            Step::new("build, lints, documentation")
                .cargo(&format!("build --locked --workspace --all-targets {left_out}")),
        ),
    ];
    if extent == Extent::Everything {
        let modules = Step::new("wasm modules with lints");
        list.push(with_lints(web::compile_commands(Optimize::Little).into_iter().fold(modules, Step::then)));
    }
    let tests = Step::new("tests").cargo(&format!("test --locked --workspace {left_out}"));
    list.extend([repository_checks(), with_lints(tests).after("build, lints, documentation")]);
    if extent == Extent::Everything {
        let program = |name| shell::built("debug", name).to_string_lossy().into_owned();
        let bindgen = program("ibq-bindgen");
        let page = with_lints(Step::new("web page").xtask(&["web", "--fast", "--bindgen", &bindgen]));
        list.push(page.after("build, lints, documentation").after("wasm modules with lints"));
        list.push(browser_test().after("web page"));
        let ibq = program("ibq");
        let demo = Step::new("demo").xtask(&["demo", "--no-window", "--ibq", &ibq]);
        list.push(demo.after("build, lints, documentation"));
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
