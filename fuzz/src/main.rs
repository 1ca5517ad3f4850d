//! `ibq-fuzz TARGET --executions N --seed S`: the fuzzer from a terminal; `ibq-fuzz list`: the targets.

use std::process::ExitCode;

use ibq_fuzz::{
    campaign,
    targets::{self, TARGETS, Target},
};

const USAGE: &str = "\
ibq-fuzz TARGET [--executions N] [--seed S]
ibq-fuzz list

Feeds N broken files (100000) that follow from the seed S (1) to a loader. TARGET is `all` or one of:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["list"] {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        return ExitCode::SUCCESS;
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
                peak_memory()
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

/// Most memory that this process has used so far, where the system says it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.map_or_else(|| "unknown".to_owned(), |kilobytes| format!("{} MiB", kilobytes / 1024))
}
