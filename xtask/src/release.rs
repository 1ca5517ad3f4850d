//! `cargo xtask release`: the programs for publication, without paths of this machine, with licenses and notices.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::shell::{self, Failure, Outcome};

/// The programs.
const PROGRAMS: &[&str] = &["ibq", "ibq-train"];
/// Files that come with them.
const TEXTS: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE", "README.md", "SECURITY.md"];
/// Name of the file with the notices of other people's work.
pub(crate) const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";

/// Builds the programs into `out/release`, and fails if one of them holds a path of this machine.
pub(crate) fn build() -> Outcome {
    let mut cargo = shell::command("cargo", &["build", "--release", "--locked", "--bins"]);
    for name in PROGRAMS {
        cargo.args(["--package", name]);
    }
    shell::run(cargo.args(["--config", &format!("build.rustflags = {}", remap_flags())]))?;
    let out = shell::root().join("out/release");
    std::fs::create_dir_all(&out).map_err(shell::at(&out, "create"))?;
    let copy = |from: &Path| {
        let copied = std::fs::copy(from, out.join(from.file_name().unwrap_or_default()));
        copied.map(|_| ()).map_err(shell::at(from, "copy"))
    };
    for name in PROGRAMS {
        let program = shell::built("release", name);
        check_no_paths(&program)?;
        copy(&program)?;
    }
    for name in TEXTS {
        copy(&shell::root().join(name))?;
    }
    write_notices(&out.join(NOTICES))?;
    println!("{} is complete", out.display());
    Ok(())
}

/// Writes the notices of the crates and of the font that programs and page contain.
pub(crate) fn write_notices(path: &Path) -> Outcome {
    shell::checks("notices", &[&path.to_string_lossy()])
}

/// The folders whose names the compiler would write into a program (for messages of panics), and what it writes instead.
fn remapped() -> Vec<(PathBuf, &'static str)> {
    let home = env::home_dir();
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".cargo")));
    let mut list = Vec::new();
    // The last one that fits holds: from the outermost folder to the innermost.
    list.extend(home.map(|folder| (folder, "/home")));
    list.extend(cargo.map(|folder| (folder, "/cargo")));
    list.push((shell::root(), "/ibq"));
    list.push((shell::target(), "/target"));
    list
}

/// The compiler's flags for that, as a TOML list.
pub(crate) fn remap_flags() -> String {
    let flag = |(from, to): &(PathBuf, &str)| {
        format!("{:?}", format!("--remap-path-prefix={}={to}", from.display()))
    };
    format!("[{}]", remapped().iter().map(flag).collect::<Vec<_>>().join(", "))
}

/// Fails if a built file holds a path of this machine.
pub(crate) fn check_no_paths(path: &Path) -> Outcome {
    let bytes = std::fs::read(path).map_err(shell::at(path, "read"))?;
    let folders: Vec<String> =
        remapped().into_iter().map(|(folder, _)| folder.display().to_string()).collect();
    match path_in(&bytes, &folders) {
        None => Ok(()),
        Some(found) => Err(Failure(format!("{} holds a path of this machine: {found}", path.display()))),
    }
}

/// The first place in these bytes that is a path in one of these folders, as far as it is text.
fn path_in(bytes: &[u8], folders: &[String]) -> Option<String> {
    let starts = folders.iter().map(|folder| format!("{}/", folder.trim_end_matches('/')));
    // `/root/` and the like may be part of another path, `/` alone is every path.
    for start in starts.filter(|start| start.len() > 2) {
        let start = start.as_bytes();
        if let Some(at) = bytes.windows(start.len()).position(|window| window == start) {
            let text = bytes[at..].iter().take_while(|byte| byte.is_ascii_graphic()).take(120);
            return Some(text.map(|&byte| char::from(byte)).collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_path_in_a_program_is_found() {
        let folders = ["/home/alice".to_owned(), "/".to_owned()];
        assert_eq!(path_in(b"\0\0/rust/lib.rs", &folders), None);
        let found = path_in(b"\0/home/alice/ibq/a.rs\0more", &folders);
        assert_eq!(found.as_deref(), Some("/home/alice/ibq/a.rs"));
    }

    /// A program that panics, compiled with the flags of a release and without them.
    #[test]
    fn the_flags_of_a_release_remove_the_paths() {
        let folder = shell::target().join(format!("remap-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let source = folder.join("main.rs");
        std::fs::write(&source, "fn main() { panic!(\"{}\", std::env::args().count()) }\n").unwrap();
        let compile = |name: &str, flags: &[String]| {
            let program = folder.join(name);
            let mut rustc = Command::new("rustc");
            rustc.args(flags).arg(&source).arg("-o").arg(&program).args(["-C", "strip=symbols"]);
            assert!(rustc.status().unwrap().success());
            check_no_paths(&program)
        };
        let flags: Vec<String> = remapped()
            .iter()
            .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
            .collect();
        assert!(compile("with-paths", &[]).is_err());
        compile("without", &flags).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
