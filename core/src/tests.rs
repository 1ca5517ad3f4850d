//! What holds for the sources of the whole crate.

use std::{fs, path::Path};

/// Calls `check` with the path and text of every source file below a folder, without its comments.
fn visit_sources(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            visit_sources(&entry, check);
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&entry).expect("text");
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            check(&entry, &code.collect::<Vec<_>>().join("\n"));
        }
    }
}

#[test]
fn no_text_of_core_names_a_flag_of_the_command_line() {
    let mut files = 0;
    visit_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path, code| {
        files += 1;
        let flag = code.match_indices("--").find(|&(at, _)| {
            let mut after = code[at + 2..].chars();
            let before = code[..at].chars().next_back();
            after.next().is_some_and(|letter| letter.is_ascii_lowercase()) && before != Some('-')
        });
        assert_eq!(flag.map(|(at, _)| code[at..].lines().next()), None, "{}", path.display());
    });
    assert!(files > 50, "only {files} files");
}
