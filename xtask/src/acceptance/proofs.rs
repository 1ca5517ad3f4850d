//! The list of proofs.

use std::process::Command;

use crate::{
    setup,
    shell::{self, Failure, Outcome},
    test,
};

use super::figures::{self, Figure};

/// One thing that is shown by a long run.
pub(super) struct Proof {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What is shown.
    pub(super) about: &'static str,
    /// The parts that it consists of; an error where something is missing that they need.
    pub(super) units: fn() -> Outcome<Vec<Unit>>,
}

/// One part of a proof; an interruption repeats at most one.
pub(super) struct Unit {
    /// Its name in the record.
    pub(super) name: String,
    /// Commands that are run one after the other.
    pub(super) commands: Vec<Box<dyn Fn() -> Command>>,
    /// The figures in what they print.
    pub(super) figures: fn(&str) -> Vec<Figure>,
}

/// All proofs. A new one is one entry.
pub(super) const PROOFS: &[Proof] = &[
    Proof {
        name: "fuzzing",
        about: "ten million broken files for every loader, with overflow checks, and no finding; memory and time of costly files",
        units: fuzzing,
    },
    Proof { name: "golden", about: "all golden vectors of the folder that IBQ_GOLDEN names", units: golden },
    Proof {
        name: "large-codebook",
        about: "262,144 codes of 256 values: the tokens of the GPU are those of f64",
        units: large_codebook,
    },
    Proof {
        name: "frame-times",
        about: "what a frame costs the window's thread while the engine computes",
        units: frame_times,
    },
    Proof {
        name: "growing",
        about: "what it costs a run that its pictures grow on the screen",
        units: growing,
    },
    Proof {
        name: "page",
        about: "the page as it is published, with all optimizations, in a browser",
        units: page,
    },
    Proof {
        name: "wasm-operations",
        about: "the tests of the processor's operations as a wasm32 program with vector instructions, in node",
        units: wasm_operations,
    },
    Proof {
        name: "executors",
        about: "greedy pictures of all classes of the generator that ships: the processor's tokens are the GPU executor's",
        units: executors,
    },
    Proof {
        name: "kills",
        about: "every writing command killed at 200 random moments: nothing lost, nothing half written",
        units: kills,
    },
    Proof {
        name: "full-disk",
        about: "every writing command with 200 limits on the size of its file: nothing lost, nothing half written",
        units: full_disk,
    },
    Proof {
        name: "demo",
        about: "`cargo xtask demo` in a clean clone that has nothing built",
        units: cold_demo,
    },
    Proof {
        name: "tests",
        about: "`cargo xtask test` in a clean clone that has nothing built: minutes per step",
        units: cold_tests,
    },
];

/// Executions of one unit of the fuzzing.
const EXECUTIONS: &str = "1000000";
/// Units per loader, each from its own seed.
const SEEDS: u32 = 10;

fn fuzzing() -> Outcome<Vec<Unit>> {
    println!("building");
    shell::run(&mut shell::command("cargo", &["build", "--locked", "--workspace", "--bin", "ibq-fuzz"]))?;
    let program = shell::built("debug", "ibq-fuzz");
    let targets = shell::read(&mut shell::command(&program, &["list"]))?;
    let worst = program.clone();
    let command = move || shell::command(&worst, &["worst"]);
    let name = "costly files".to_owned();
    let mut units = vec![Unit { name, commands: vec![Box::new(command)], figures: figures::table }];
    for seed in (1..=SEEDS).map(|seed| seed.to_string()) {
        for target in targets.lines().map(str::to_owned) {
            let name = format!("{target}, seed {seed}");
            let (program, seed) = (program.clone(), seed.clone());
            let command =
                move || shell::command(&program, &[&target, "--executions", EXECUTIONS, "--seed", &seed]);
            units.push(Unit { name, commands: vec![Box::new(command)], figures: figures::table });
        }
    }
    Ok(units)
}

fn golden() -> Outcome<Vec<Unit>> {
    if std::env::var_os("IBQ_GOLDEN").is_none() {
        return Err(Failure(
            "set IBQ_GOLDEN to a folder of golden vectors; tests/golden/README.md has its layout".to_owned(),
        ));
    }
    // `golden_*` are the engine's, `golden` is the trainer's.
    let suites = [
        "golden_preprocessing",
        "golden_weights",
        "golden_weights_convert",
        "golden_tokenizer",
        "golden_transformer",
        "golden",
    ];
    Ok(suites.map(|suite| test(suite, &[], figures::passed)).into())
}

fn large_codebook() -> Outcome<Vec<Unit>> {
    Ok(vec![test("large_codebook", &["--ignored", "--nocapture"], figures::table)])
}

fn frame_times() -> Outcome<Vec<Unit>> {
    Ok(vec![test("studio_screens", &["frame_times", "--ignored", "--nocapture"], figures::sentences)])
}

fn growing() -> Outcome<Vec<Unit>> {
    let command = || {
        let cargo =
            ["test", "--release", "--locked", "-p", "ibq", "--test", "studio_screens", "growing", "--"];
        let mut command = shell::command("cargo", &cargo);
        command.args(["--ignored", "--nocapture"]);
        command
    };
    let name = "four pictures of the bundled generator".to_owned();
    Ok(vec![Unit { name, commands: vec![Box::new(command)], figures: figures::sentences }])
}

fn page() -> Outcome<Vec<Unit>> {
    setup::everything()?;
    let build = || shell::command("cargo", &["build", "--locked", "--workspace", "--bin", "ibq"]);
    let page = || shell::command("cargo", &["xtask", "web"]);
    Ok(vec![Unit {
        name: "all suites of web/tests".to_owned(),
        commands: vec![Box::new(build), Box::new(page), Box::new(test::browser_command)],
        figures: figures::sentences,
    }])
}

fn wasm_operations() -> Outcome<Vec<Unit>> {
    setup::for_web()?;
    let command = || shell::command("node", &["web/tests/operations.mjs"]);
    let name = "tests of the crate cpu".to_owned();
    Ok(vec![Unit { name, commands: vec![Box::new(command)], figures: figures::sentences }])
}

fn executors() -> Outcome<Vec<Unit>> {
    let words = &["greedy_pictures_of_all_classes", "--ignored", "--nocapture"];
    Ok(vec![test("executors", words, figures::sentences)])
}

fn kills() -> Outcome<Vec<Unit>> {
    Ok(vec![test("interrupted_writes", &["kills", "--ignored", "--nocapture"], figures::table)])
}

fn full_disk() -> Outcome<Vec<Unit>> {
    Ok(vec![test("interrupted_writes", &["full_disks", "--ignored", "--nocapture"], figures::table)])
}

fn cold_demo() -> Outcome<Vec<Unit>> {
    Ok(vec![in_clean_clone("demo in a clean clone", &["demo", "--no-window"], figures::demo)])
}

fn cold_tests() -> Outcome<Vec<Unit>> {
    Ok(vec![in_clean_clone("tests in a clean clone", &["test"], figures::steps)])
}

/// A test program, compiled as by `cargo xtask test`.
fn test(name: &'static str, words: &'static [&'static str], figures: fn(&str) -> Vec<Figure>) -> Unit {
    let command = move || {
        let mut command = shell::command("cargo", &["test", "--locked", "--workspace", "--test", name, "--"]);
        command.args(words);
        command
    };
    Unit { name: name.to_owned(), commands: vec![Box::new(command)], figures }
}

/// `cargo xtask` with these words, in a clone of the last commit that has a target folder of its own.
fn in_clean_clone(name: &str, words: &'static [&'static str], figures: fn(&str) -> Vec<Figure>) -> Unit {
    let clone = || shell::root().join("artifacts/acceptance/clone");
    let remove = move || {
        let mut command = shell::command("rm", &["-rf"]);
        command.arg(clone());
        command
    };
    let make = move || {
        let mut command = shell::command("git", &["clone", "--quiet", "."]);
        command.arg(clone());
        command
    };
    let run = move || {
        let mut command = shell::command("cargo", &["xtask"]);
        command.args(words).current_dir(clone()).env("CARGO_TARGET_DIR", clone().join("target"));
        command
    };
    Unit {
        name: name.to_owned(),
        commands: vec![Box::new(remove), Box::new(make), Box::new(run), Box::new(remove)],
        figures,
    }
}
