//! Starting other programs, and the places in the checkout that the commands share.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Why a command could not do its work, ready to be read by a person.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

/// What every command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The top of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The program that `cargo build` made from a binary target.
pub(crate) fn built(profile: &str, name: &str) -> PathBuf {
    target().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A command line in the checkout: `command("cargo", &["fmt", "--check"])`.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = describe(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure(format!("`{line}` ended with {status}"))),
        Err(error) => Err(Failure(format!("`{line}` did not start: {error}"))),
    }
}

/// Runs the program that reads the repository's own source and files.
pub(crate) fn checks(name: &str, words: &[&str]) -> Outcome {
    let target = target().join("checks");
    let cargo = ["run", "--quiet", "--locked", "--manifest-path", "xtask/checks/Cargo.toml"];
    let mut cargo = command("cargo", &cargo);
    run(cargo.env("CARGO_TARGET_DIR", target).args(["--", name]).args(words))
}

/// Runs a command and returns what it wrote on its standard output.
pub(crate) fn read(command: &mut Command) -> Outcome<String> {
    let line = describe(command);
    match command.stderr(Stdio::inherit()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(Failure(format!("`{line}` ended with {}", output.status))),
        Err(error) => Err(Failure(format!("`{line}` did not start: {error}"))),
    }
}

/// The command as it would be typed.
pub(crate) fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a program of this name is on the PATH.
pub(crate) fn has_program(name: &str) -> bool {
    find_program(name).is_some()
}

/// The first program of this name on the PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

/// Adds the path at fault to an input/output error.
pub(crate) fn at<'a>(path: &'a Path, doing: &'a str) -> impl Fn(std::io::Error) -> Failure + 'a {
    move |error| Failure(format!("cannot {doing} {}: {error}", path.display()))
}
