//! `ibq-fuzz TARGET --executions N --seed S`: the fuzzer from a terminal; `ibq-fuzz list`: the targets;
//! `ibq-fuzz worst`: the files that cost most.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use ibq_fuzz::{
    campaign,
    memory::{most_for, peak_of},
    targets::{self, TARGETS, Target},
    worst::WORST_CASES,
};

/// Longest time for a costly file: so much, and so much for each MiB. Generous, since machines are busy.
const SLOWEST_START: Duration = Duration::from_secs(5);
const SLOWEST_PER_MEGABYTE: Duration = Duration::from_secs(1);

const USAGE: &str = "\
ibq-fuzz TARGET [--executions N] [--seed S]
ibq-fuzz worst
ibq-fuzz list

Feeds N broken files (100000) that follow from the seed S (1) to a loader; `worst` measures files that cost a
loader as much as possible. TARGET is `all` or one of:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["list"] {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
    }
    if arguments == ["worst"] {
        return run_worst_cases();
    }
    let Some((chosen, executions, seed)) = parse(&arguments) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("{USAGE}{}", names.join(", "));
        return ExitCode::from(2);
    };
    // A panic is reported with its input; its own message would come in between.
    std::panic::set_hook(Box::new(|_| {}));
    println!(
        "{:20} {:>10}  {:>8}  {:>9}  {:>11}",
        "target", "executions", "outcomes", "slowest", "peak memory"
    );
    for target in chosen {
        match campaign::run(target, executions, seed) {
            Ok(summary) => println!(
                "{:20} {:>10}  {:>8}  {:>6} ms  {:>11}",
                target.name,
                summary.executions,
                summary.outcomes,
                summary.slowest.as_millis(),
                format!("{} KiB", summary.largest / 1024)
            ),
            Err(finding) => {
                let path = std::env::temp_dir().join(format!("ibq-fuzz-{}", target.name));
                let kept = match std::fs::write(&path, &finding.input) {
                    Ok(()) => format!("its input is {}", path.display()),
                    Err(error) => format!("its input cannot be kept: {error}"),
                };
                eprintln!("{}: {}; {kept}", target.name, finding.what);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn parse(arguments: &[String]) -> Option<(Vec<&'static Target>, u64, u64)> {
    let (target, mut options) = arguments.split_first()?;
    let chosen = if target == "all" { TARGETS.iter().collect() } else { vec![targets::find(target)?] };
    let (mut executions, mut seed) = (100_000, 1);
    while let [option, value, rest @ ..] = options {
        match option.as_str() {
            "--executions" => executions = value.parse().ok()?,
            "--seed" => seed = value.parse().ok()?,
            _ => return None,
        }
        options = rest;
    }
    options.is_empty().then_some((chosen, executions, seed))
}

/// Runs every kind of costly file in several lengths; the time and memory for each byte stay the same.
fn run_worst_cases() -> ExitCode {
    println!("{:38} {:>9}  {:>9}  {:>12}", "costly file", "bytes", "time", "peak memory");
    let mut exceeded = false;
    for case in WORST_CASES {
        for len in [1 << 20, 1 << 22, 1 << 24] {
            let file = (case.file)(len);
            let started = Instant::now();
            let (_, peak) = peak_of(|| (case.target().run)(&file));
            let took = started.elapsed();
            let name = format!("{}: {}", case.target, case.name);
            println!("{name:38} {:>9}  {:>6} ms  {:>8} KiB", file.len(), took.as_millis(), peak / 1024);
            let slow = took > SLOWEST_START + SLOWEST_PER_MEGABYTE * (file.len() as u32 >> 20);
            if slow || peak > most_for(file.len()) {
                eprintln!("{name}: too {} for {} bytes", if slow { "slow" } else { "large" }, file.len());
                exceeded = true;
            }
        }
    }
    if exceeded { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
