//! Making derived files again.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    figures::read_figures,
    hash::hash_file,
    manifest::{Derived, Entry, Manifest},
    texts,
};

/// Which entries are made again.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Those that are stale.
    Stale,
    /// All.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

/// Runs the commands of the chosen entries, and writes the list and the texts that quote their figures.
///
/// # Errors
/// A message that names the command that failed or the file that cannot be read or written. What was made before is kept.
pub fn remake(root: &Path, choice: &Choice) -> Result<(), String> {
    let mut manifest = Manifest::read(root)?;
    let mut by_hand = Vec::new();
    if let Choice::Named(names) = choice {
        let unknown = names.iter().find(|&name| !manifest.entries.iter().any(|entry| entry.name == *name));
        if let Some(name) = unknown {
            let all: Vec<&str> = manifest.entries.iter().map(|entry| entry.name.as_str()).collect();
            return Err(format!("no derived file is called {name}; there are {}", all.join(", ")));
        }
    }
    for index in 0..manifest.entries.len() {
        let entry = &mut manifest.entries[index];
        let chosen = match choice {
            Choice::Stale => !entry.faults(root).is_empty(),
            Choice::All => true,
            Choice::Named(names) => names.contains(&entry.name),
        };
        if chosen && matches!(entry.result, Derived::Record { .. }) && !matches!(choice, Choice::Named(_)) {
            // Whether a person has measured again is not for a command to say.
            by_hand.extend(entry.faults(root).into_iter().map(|fault| format!("{}: {fault}", entry.name)));
        } else if chosen {
            println!("{}", entry.name);
            make(root, entry)?;
            manifest.write(root)?;
        }
    }
    for path in texts::paths(root)? {
        let full = root.join(&path);
        let at = |error: &dyn std::fmt::Display| format!("{path}: {error}");
        let text = fs::read_to_string(&full).map_err(|error| at(&error))?;
        let updated = texts::update(&text, &manifest);
        if updated != text {
            println!("{path}: figures updated");
            fs::write(&full, updated).map_err(|error| at(&error))?;
        }
    }
    if by_hand.is_empty() { Ok(()) } else { Err(by_hand.join("\n")) }
}

/// Runs the commands of one entry and records what came out.
fn make(root: &Path, entry: &mut Entry) -> Result<(), String> {
    let mut output = String::new();
    for words in &entry.commands {
        output = run(root, words)?;
    }
    match &mut entry.result {
        Derived::File { path, made_as, sha256 } => {
            if let Some(made) = made_as {
                let copied = fs::copy(root.join(&*made), root.join(&*path));
                copied.map_err(|error| format!("cannot copy {made} to {path}: {error}"))?;
            }
            *sha256 = hash_file(&root.join(&*path))?;
        }
        Derived::Figures { figures } => {
            let mut printed = read_figures(&output);
            for (key, value) in figures {
                let found = printed.remove(key);
                *value = found.ok_or_else(|| format!("{}: no figure `{key}` in\n{output}", entry.name))?;
            }
        }
        Derived::Record { .. } => {}
    }
    for (path, hash) in &mut entry.from {
        *hash = hash_file(&root.join(path))?;
    }
    Ok(())
}

/// Runs a command line at the top of the checkout and answers with what it printed.
fn run(root: &Path, words: &[String]) -> Result<String, String> {
    let line = words.join(" ");
    println!("$ {line}");
    let (program, arguments) = words.split_first().ok_or("a command without a program")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("`{line}` did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{text}`{line}` ended with {}", output.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::check;

    /// A checkout with a model, a file made from it and a text that quotes a figure of it.
    #[test]
    fn what_is_stale_is_found_and_made_again() {
        let root = std::env::temp_dir().join(format!("ibq-derived-{}", std::process::id()));
        for folder in ["assets", "docs"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let write = |path: &str, text: &str| fs::write(root.join(path), text).unwrap();
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        write("assets/model", "PSNR  26.74 dB\n");
        write("docs/card.md", "<!-- derived: quality/PSNR -->1.00 dB<!-- /derived -->");
        write(
            "assets/derived.json",
            r#"{"about": "", "entries": [
                {"name": "copy", "commands": [["cp", "assets/model", "made"]], "from": {"assets/model": ""},
                 "path": "docs/copy", "made_as": "made", "sha256": ""},
                {"name": "quality", "commands": [["cat", "assets/model"]], "from": {"assets/model": ""},
                 "figures": {"PSNR": ""}},
                {"name": "measured", "commands": [], "from": {"assets/model": ""}, "record": "docs/card.md"}]}"#,
        );
        let faults = check(&root).unwrap();
        assert_eq!(faults.len(), 6, "{faults:?}");
        assert!(remake(&root, &Choice::Stale).unwrap_err().contains("measure again as docs/card.md says"));
        remake(&root, &Choice::Named(vec!["measured".to_owned()])).unwrap();
        assert_eq!(check(&root).unwrap(), Vec::<String>::new());
        assert_eq!(text("docs/card.md"), "<!-- derived: quality/PSNR -->26.74 dB<!-- /derived -->");

        write("docs/copy", "by hand");
        assert!(check(&root).unwrap()[0].contains("docs/copy is not what was made"));
        write("assets/model", "PSNR  27.00 dB\n");
        let faults = check(&root).unwrap();
        let stale = "quality: stale: assets/model has changed; run `cargo xtask derive`";
        assert!(faults.iter().any(|fault| fault == stale), "{faults:?}");
        let named = |name: &str| remake(&root, &Choice::Named(vec![name.to_owned()]));
        named("quality").unwrap();
        assert!(text("docs/card.md").contains("27.00 dB"));
        assert_eq!(check(&root).unwrap().len(), 3);
        assert!(named("none").unwrap_err().contains("there are copy, quality, measured"));
        named("measured").unwrap();
        remake(&root, &Choice::All).unwrap();
        assert_eq!(check(&root).unwrap(), Vec::<String>::new());
        fs::remove_dir_all(root).unwrap();
    }
}
