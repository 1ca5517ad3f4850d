//! `cargo xtask test`: the list of everything that must hold.

use crate::{
    setup, shell,
    shell::Outcome,
    steps::{self, Step},
};

/// How much is tried.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    /// What a change must pass before it lands.
    Everything,
    /// What can be waited for between two edits.
    Quick,
}

/// All tests but those that need burn. They also leave `ibq` behind for the browser test: building that alone would
/// choose other features of the dependencies, and so compile them once more.
const TESTS: &str = "test --locked --workspace --exclude ibq-scenes --exclude ibq-train";

/// Installs what is missing, then runs the steps.
pub(crate) fn run(extent: Extent) -> Outcome {
    match extent {
        Extent::Everything => setup::everything()?,
        Extent::Quick => setup::for_quick_test()?,
    }
    let mut list = vec![
        Step::new("format").cargo("fmt --all --check"),
        Step::new("lints").cargo("clippy --locked --workspace --all-targets -- -D warnings"),
        Step::new("lints for the browser")
            .cargo("clippy --locked -p ibq-core --target wasm32-unknown-unknown -- -D warnings")
            .cargo("clippy --locked -p ibq --lib --no-default-features --target wasm32-unknown-unknown -- -D warnings")
            .cargo("clippy --locked -p ibq --lib --target wasm32-unknown-unknown -- -D warnings"),
        Step::new("documentation").cargo("doc --locked --workspace --no-deps --document-private-items").env("RUSTDOCFLAGS", "-D warnings"),
        Step::new("tests").cargo(TESTS),
    ];
    if extent == Extent::Everything {
        list.push(Step::new("training").cargo("test --locked -p ibq-scenes -p ibq-train"));
        list.push(Step::new("web page").xtask(&["web"]));
        list.push(browser_test());
        list.push(Step::new("demo").xtask(&["demo", "--no-window"]));
    }
    steps::run(list)
}

/// Drives the built page and the JavaScript engine in Chromium; its pictures go to `artifacts/`.
fn browser_test() -> Step {
    let browser = setup::browser().unwrap_or_default();
    Step::new("page in a browser")
        .cargo(&format!("{TESTS} --no-run"))
        .then(shell::command("node", &["web/tests/all.mjs"]))
        .env("CHROMIUM", browser)
        .env("IBQ", shell::built("debug", "ibq"))
        .env("XTASK", std::env::current_exe().unwrap_or_default())
}
