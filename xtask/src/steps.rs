//! A list of named steps: each runs with its output in a log, and is reported on one line with its duration.

use std::{
    fs::File,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::shell::{self, Failure, Outcome};

/// Lines of a failed step's log that are repeated on the terminal.
const TAIL: usize = 120;

/// Commands that together show that one thing holds.
pub(crate) struct Step {
    name: &'static str,
    commands: Vec<Command>,
}

impl Step {
    /// A step without commands yet.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, commands: Vec::new() }
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

/// Runs all steps, the later ones even where an earlier one failed, and closes with the count.
pub(crate) fn run(steps: Vec<Step>) -> Outcome {
    let folder = shell::root().join("artifacts/logs");
    std::fs::create_dir_all(&folder).map_err(shell::at(&folder, "create"))?;
    let started = Instant::now();
    let count = steps.len();
    let mut failed: Vec<(&str, PathBuf)> = Vec::new();
    for (index, mut step) in steps.into_iter().enumerate() {
        let path = folder.join(format!("{:02}-{}.log", index + 1, step.name.replace(' ', "-")));
        let mut log = File::create(&path).map_err(shell::at(&path, "create"))?;
        print!("{:2}/{count}  {:<34}", index + 1, step.name);
        let _ = std::io::stdout().flush();
        let began = Instant::now();
        let outcome = step.run(&mut log);
        println!(" {} {:>12}", if outcome.is_ok() { "ok    " } else { "FAILED" }, spoken(began.elapsed()));
        if let Err(Failure(message)) = outcome {
            print_tail(&path);
            println!("       {message}\n");
            failed.push((step.name, path));
        }
    }
    println!("\n{} steps in {}", count, spoken(started.elapsed()));
    for (name, log) in &failed {
        println!("failed: {name} (all of its output: {})", log.display());
    }
    println!("{} passed, {} failed", count - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure("not everything holds".to_owned())) }
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
}
