//! Paths and the system's errors as people read them, and the files of a model.

use std::path::{Path, PathBuf};

use ibq_core::foreign_text::clean_lines;

/// A path for messages and tables: control characters in it must not reach the terminal.
pub(crate) fn shown(path: &Path) -> String {
    clean_lines(&path.to_string_lossy()).replace('\n', "\u{fffd}")
}

/// What the system says, without its error number.
pub(crate) fn readable(error: &std::io::Error) -> String {
    let text = error.to_string();
    match (error.kind(), text.rfind(" (os error")) {
        (std::io::ErrorKind::NotFound, _) => "no such file".to_owned(),
        (_, Some(end)) => text[..end].to_lowercase(),
        (_, None) => text,
    }
}

/// The files of a model: itself, or those of its folder.
pub(crate) fn files_of(model: &Path) -> Vec<PathBuf> {
    match std::fs::read_dir(model) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![model.to_owned()],
    }
}

/// Bytes of a model file, or of the files of a model folder.
pub(crate) fn stored_bytes(model: &Path) -> u64 {
    let size = |path: &PathBuf| {
        std::fs::metadata(path).map_or(0, |data| if data.is_file() { data.len() } else { 0 })
    };
    files_of(model).iter().map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(shown(Path::new("a\u{1b}[2Jb.png")), "a\u{fffd}[2Jb.png");
    }
}
