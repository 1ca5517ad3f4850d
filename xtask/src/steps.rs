//! A list of named steps, two at a time: each runs with its output in a log, and is reported on one line with its duration.

use std::{
    fs::File,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::shell::{self, Failure, Outcome};

/// Lines of a failed step's log that are repeated on the terminal.
const TAIL: usize = 120;

/// Steps that run at the same time. Most keep two cores busy by themselves; the second fills the gaps: linking, waiting.
const LANES: usize = 2;

/// Commands that together show that one thing holds.
pub(crate) struct Step {
    name: &'static str,
    commands: Vec<Command>,
    after: Vec<&'static str>,
}

impl Step {
    /// A step without commands yet.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, commands: Vec::new(), after: Vec::new() }
    }

    /// Names a step whose results this one uses. It begins only then, and is not run where that one failed.
    pub(crate) fn after(mut self, name: &'static str) -> Self {
        self.after.push(name);
        self
    }

    /// Adds a command; the step ends at the first one that fails.
    pub(crate) fn then(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    /// Adds `cargo` with these words.
    pub(crate) fn cargo(self, words: &str) -> Self {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.then(shell::command("cargo", &words))
    }

    /// Adds this very program with these words.
    pub(crate) fn xtask(self, words: &[&str]) -> Self {
        let program = std::env::current_exe().unwrap_or_else(|_| shell::built("debug", "xtask"));
        self.then(shell::command(program, words))
    }

    /// Sets an environment variable for every command so far.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        for command in &mut self.commands {
            command.env(name, value.as_ref());
        }
        self
    }

    fn run(&mut self, log: &mut File) -> Outcome {
        for command in &mut self.commands {
            let line = shell::describe(command);
            let to_log =
                |file: &File| file.try_clone().map(Stdio::from).map_err(|error| Failure(error.to_string()));
            // The log is for reading afterwards: a line that cannot be written there is no failure of the step.
            let _ = writeln!(log, "$ {line}");
            shell::run(command.stdout(to_log(log)?).stderr(to_log(log)?))?;
        }
        Ok(())
    }
}

/// How a step ended.
struct Ended {
    index: usize,
    took: Duration,
    outcome: Outcome,
}

/// Runs all steps, the others even where one failed, and closes with the count.
pub(crate) fn run(steps: Vec<Step>) -> Outcome {
    let folder = shell::root().join("artifacts/logs");
    std::fs::create_dir_all(&folder).map_err(shell::at(&folder, "create"))?;
    let log = |index: usize, step: &Step| {
        folder.join(format!("{:02}-{}.log", index + 1, step.name.replace(' ', "-")))
    };
    let logs: Vec<PathBuf> = steps.iter().enumerate().map(|(index, step)| log(index, step)).collect();
    let started = Instant::now();
    let count = steps.len();
    let failed = run_in_lanes(steps, &logs, &mut |name, Ended { index, took, outcome }| {
        let word = if outcome.is_ok() { "ok    " } else { "FAILED" };
        println!("{:2}/{count}  {name:<34} {word} {:>12}", index + 1, spoken(*took));
        if let Err(Failure(message)) = outcome {
            print_tail(&logs[*index]);
            println!("       {message}\n");
        }
    });
    println!("\n{count} steps in {}", spoken(started.elapsed()));
    for &(index, name) in &failed {
        println!("failed: {name} (all of its output: {})", logs[index].display());
    }
    println!("{} passed, {} failed", count - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure("not everything holds".to_owned())) }
}

/// Runs the steps, [`LANES`] at a time, each as soon as those that it comes after have ended, and reports every one when it
/// has ended. Answers with numbers and names of those that failed.
fn run_in_lanes(
    steps: Vec<Step>,
    logs: &[PathBuf],
    report: &mut dyn FnMut(&'static str, &Ended),
) -> Vec<(usize, &'static str)> {
    let names: Vec<&'static str> = steps.iter().map(|step| step.name).collect();
    let mut waiting: Vec<(usize, Step)> = steps.into_iter().enumerate().collect();
    let mut passed: Vec<&'static str> = Vec::new();
    let mut failed: Vec<(usize, &'static str)> = Vec::new();
    let mut running = 0;
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        loop {
            let spoiled =
                |step: &Step| step.after.iter().copied().find(|&name| failed.iter().any(|&(_, f)| f == name));
            let ready = |step: &Step| step.after.iter().all(|name| passed.contains(name));
            let ended = if let Some(at) = waiting.iter().position(|(_, step)| spoiled(step).is_some()) {
                let (index, step) = waiting.remove(at);
                let reason = format!("not run, because `{}` failed", spoiled(&step).unwrap_or_default());
                Ended { index, took: Duration::ZERO, outcome: Err(Failure(reason)) }
            } else if let Some(at) =
                waiting.iter().position(|(_, step)| ready(step)).filter(|_| running < LANES)
            {
                let (index, mut step) = waiting.remove(at);
                let (sender, log) = (sender.clone(), logs[index].clone());
                running += 1;
                scope.spawn(move || {
                    let began = Instant::now();
                    let opened = File::create(&log).map_err(shell::at(&log, "create"));
                    let outcome = opened.and_then(|mut log| step.run(&mut log));
                    // The receiver waits for as many answers as there are steps.
                    let _ = sender.send(Ended { index, took: began.elapsed(), outcome });
                });
                continue;
            } else if running > 0 {
                running -= 1;
                match receiver.recv() {
                    Ok(ended) => ended,
                    Err(_) => break,
                }
            } else {
                break;
            };
            report(names[ended.index], &ended);
            match ended.outcome {
                Ok(()) => passed.push(names[ended.index]),
                Err(_) => failed.push((ended.index, names[ended.index])),
            }
        }
    });
    // A step that comes after one that is not in the list can never begin.
    failed.extend(waiting.iter().map(|(index, step)| (*index, step.name)));
    failed.sort_unstable();
    failed
}

fn print_tail(path: &PathBuf) {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        println!("       {line}");
    }
}

/// A duration as people say it: "0.4 s", "12 s", "3 min 05 s".
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn durations_are_spoken() {
        assert_eq!(spoken(Duration::from_millis(440)), "0.4 s");
        assert_eq!(spoken(Duration::from_secs(12)), "12 s");
        assert_eq!(spoken(Duration::from_secs(185)), "3 min 05 s");
    }

    #[test]
    fn a_step_stops_at_its_first_failing_command() {
        let missing = || shell::command("a-program-that-does-not-exist", &[]);
        let mut step = Step::new("two commands").then(missing()).then(missing());
        let path = std::env::temp_dir().join(format!("xtask-step-{}.log", std::process::id()));
        let mut log = File::create(&path).unwrap();
        let Failure(message) = step.run(&mut log).unwrap_err();
        assert!(message.contains("did not start"), "{message}");
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
        std::fs::remove_file(path).unwrap();
    }

    /// Runs the steps and answers with the names in the order in which they ended, and those that failed.
    fn order(steps: Vec<Step>) -> (Vec<&'static str>, Vec<&'static str>) {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let log =
            |index| std::env::temp_dir().join(format!("xtask-{}-{run}-{index}.log", std::process::id()));
        let logs: Vec<PathBuf> = (0..steps.len()).map(log).collect();
        let mut ended = Vec::new();
        let failed = run_in_lanes(steps, &logs, &mut |name, _| ended.push(name));
        for log in logs {
            // A step that was not run has none.
            let _ = std::fs::remove_file(log);
        }
        (ended, failed.into_iter().map(|(_, name)| name).collect())
    }

    #[test]
    fn a_step_begins_after_those_whose_results_it_uses() {
        let step = |name| Step::new(name).cargo("--version");
        let steps = vec![step("last").after("middle"), step("middle").after("first"), step("first")];
        assert_eq!(order(steps), (vec!["first", "middle", "last"], vec![]));
    }

    #[test]
    fn a_failure_stops_what_uses_its_results_and_nothing_else() {
        let missing = Step::new("fails").then(shell::command("a-program-that-does-not-exist", &[]));
        let steps = vec![
            missing,
            Step::new("spoiled").cargo("--version").after("fails"),
            Step::new("fine").cargo("--version"),
            Step::new("never").cargo("--version").after("a step that is not in the list"),
        ];
        let (mut ended, failed) = order(steps);
        ended.sort_unstable();
        assert_eq!(ended, ["fails", "fine", "spoiled"]);
        assert_eq!(failed, ["fails", "spoiled", "never"]);
    }
}
