//! Linting and documenting what is compiled, with the dependencies that were compiled for it.
//!
//! `cargo clippy` and `cargo doc` check every dependency once more, because cargo keeps checked and compiled crates apart: a
//! quarter of the time of `cargo xtask test`. So that command makes this program cargo's `RUSTC_WORKSPACE_WRAPPER`. Cargo
//! then calls it as `xtask rustc ARGUMENTS` for each crate of the workspace, and it runs rustc, clippy and, for what has
//! documentation, rustdoc with the same arguments.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::shell::{self, Failure, Outcome};

/// Set for commands whose crates are to be linted: this program is then called in place of rustc.
const MARK: &str = "IBQ_LINTED_BUILD";

/// What cargo needs in its environment to call this program. It is a copy, because cargo replaces the program itself.
///
/// # Errors
/// [`Failure`]: the copy cannot be written.
pub(crate) fn environment() -> Outcome<[(&'static str, PathBuf); 2]> {
    let folder = shell::target().join("lints");
    std::fs::create_dir_all(&folder).map_err(shell::at(&folder, "create"))?;
    let program = std::env::current_exe().map_err(|error| Failure(format!("xtask itself: {error}")))?;
    let copy = folder.join(format!("xtask{}", std::env::consts::EXE_SUFFIX));
    // A copy that is being run cannot be written, but can be replaced.
    let partial = folder.join("xtask.partial");
    std::fs::copy(&program, &partial).map_err(shell::at(&partial, "write"))?;
    std::fs::rename(&partial, &copy).map_err(shell::at(&copy, "write"))?;
    Ok([("RUSTC_WORKSPACE_WRAPPER", copy), (MARK, PathBuf::from("1"))])
}

/// Whether this program was called in place of rustc.
pub(crate) fn is_compiler() -> bool {
    std::env::var_os(MARK).is_some_and(|mark| !mark.is_empty())
        && std::env::args_os()
            .nth(1)
            .is_some_and(|program| Path::new(&program).file_stem() == Some("rustc".as_ref()))
}

/// Compiles a crate, then lints and documents it. Ends as the first of these that fails.
pub(crate) fn compile() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let rustc = words.next().unwrap_or_default();
    let arguments: Vec<OsString> = words.collect();
    let lints = lint_arguments(&arguments);
    let mut commands = vec![command(&rustc, "rustc", arguments.clone())];
    // Without a file to write, cargo only asks what the compiler can do.
    if let Some(lints) = lints {
        commands.push(command(&rustc, "clippy-driver", [vec![rustc.clone()], lints].concat()));
        if let Some(documentation) = documentation_arguments(&arguments) {
            commands.push(command(&rustc, "rustdoc", documentation));
        }
    }
    for mut command in commands {
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => {
                return ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
            }
            Err(error) => {
                eprintln!("error: {}: {error}", command.get_program().to_string_lossy());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// The tool of that name beside rustc.
fn command(rustc: &OsString, name: &str, arguments: Vec<OsString>) -> Command {
    let mut command = Command::new(Path::new(rustc).with_file_name(name));
    // The tools themselves must not be linted builds.
    command.args(arguments).env_remove(MARK);
    command
}

/// The arguments with which clippy checks the same crate. It writes metadata only, into a folder of its own, and does not
/// report that file to cargo, which would take it for the metadata of the compiled crate.
fn lint_arguments(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let mut checked = Vec::with_capacity(arguments.len() + 1);
    let mut out_dir = None;
    let mut words = arguments.iter().peekable();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        match &*text {
            "--out-dir" => {
                let folder = Path::new(words.next()?).join("lints");
                checked.extend(["--out-dir".into(), folder.clone().into()]);
                out_dir = Some(folder);
            }
            // The compiler's own state, in its own folder.
            "-C" if words.peek().is_some_and(|next| next.to_string_lossy().starts_with("incremental=")) => {
                words.next();
            }
            text if text.starts_with("--emit=") => checked.push("--emit=metadata".into()),
            text if text.starts_with("--json=") => checked.push(without_artifacts(text).into()),
            _ => checked.push(word.clone()),
        }
    }
    checked.push("-Dwarnings".into());
    out_dir.map(|_| checked)
}

/// The kinds of messages that cargo asked for, without the names of written files.
fn without_artifacts(json: &str) -> String {
    let kinds = json.trim_start_matches("--json=").split(',').filter(|&kind| kind != "artifacts");
    format!("--json={}", kinds.collect::<Vec<_>>().join(","))
}

/// What rustdoc needs to document the same crate; `None` for tests, examples, build scripts and what is compiled for another
/// machine.
fn documentation_arguments(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let texts: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let value = |name: &str| texts.iter().position(|text| text == name).and_then(|at| arguments.get(at + 1));
    let is_example = Path::new(value("--out-dir")?).ends_with("examples");
    let is_script = value("--crate-name")? == "build_script_build";
    if is_example || is_script || texts.iter().any(|text| text == "--test" || text == "--target") {
        return None;
    }
    let mut documented = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        match &*text {
            "--out-dir" => {
                documented
                    .extend(["--out-dir".into(), Path::new(words.next()?).join("documentation").into()]);
            }
            // These say how to generate code, which nobody runs.
            "-C" => {
                words.next();
            }
            text if text.starts_with("--emit=") => {}
            text if text.starts_with("--json=") => documented.push(without_artifacts(text).into()),
            _ => documented.push(word.clone()),
        }
    }
    documented.extend(["--document-private-items".into(), "-Dwarnings".into()]);
    Some(documented)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As cargo 1.95 calls the compiler.
    const LIBRARY: &str = "--crate-name example --edition=2024 src/lib.rs --error-format=json \
        --json=diagnostic-rendered-ansi,artifacts,future-incompat --crate-type lib --emit=dep-info,metadata,link \
        -C opt-level=1 --warn=clippy::all -C metadata=1f -C extra-filename=-2e --out-dir /t/debug/deps \
        -C incremental=/t/debug/incremental -L dependency=/t/debug/deps --extern other=/t/debug/deps/libother.rmeta";

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn line(words: Option<Vec<OsString>>) -> Option<String> {
        words.map(|words| words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn clippy_checks_the_same_crate_and_denies_warnings() {
        assert_eq!(
            line(lint_arguments(&words(LIBRARY))).unwrap(),
            "--crate-name example --edition=2024 src/lib.rs --error-format=json \
             --json=diagnostic-rendered-ansi,future-incompat --crate-type lib --emit=metadata -C opt-level=1 \
             --warn=clippy::all -C metadata=1f -C extra-filename=-2e --out-dir /t/debug/deps/lints \
             -L dependency=/t/debug/deps --extern other=/t/debug/deps/libother.rmeta -Dwarnings"
        );
        assert_eq!(lint_arguments(&words("-vV")), None);
        assert_eq!(lint_arguments(&words("- --crate-name ___ --print=file-names --print=cfg")), None);
    }

    #[test]
    fn libraries_and_programs_are_documented_and_nothing_else() {
        assert_eq!(
            line(documentation_arguments(&words(LIBRARY))).unwrap(),
            "--crate-name example --edition=2024 src/lib.rs --error-format=json \
             --json=diagnostic-rendered-ansi,future-incompat --crate-type lib --warn=clippy::all \
             --out-dir /t/debug/deps/documentation -L dependency=/t/debug/deps \
             --extern other=/t/debug/deps/libother.rmeta --document-private-items -Dwarnings"
        );
        for other in [
            format!("{LIBRARY} --test"),
            format!("{LIBRARY} --target wasm32-unknown-unknown"),
            LIBRARY.replace("--out-dir /t/debug/deps", "--out-dir /t/debug/examples"),
            LIBRARY.replace("--crate-name example", "--crate-name build_script_build"),
        ] {
            assert_eq!(documentation_arguments(&words(&other)), None, "{other}");
        }
    }
}
