//! Files that somebody names, which may be anything: what has no end is refused before it is read.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// Longest preset or configuration, in bytes.
const LONGEST: u64 = 1 << 20;

/// Refuses what is no file: a pipe or a device has no end. To be asked before opening, which would wait for a pipe's writer.
///
/// # Errors
/// There is nothing at the path, or it is no file.
pub(crate) fn check_file(path: &Path) -> io::Result<()> {
    if std::fs::metadata(path)?.is_file() { Ok(()) } else { Err(io::Error::other("is not a file")) }
}

/// Reads a text of bounded length. Some files have no size of their own, so what is read is counted.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    check_file(path)?;
    let mut text = String::new();
    if File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)? as u64 > LONGEST {
        return Err(io::Error::other(format!("is longer than {LONGEST} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_end_are_refused() {
        let path = std::env::temp_dir().join(format!("ibq-train-preset-{}.yaml", std::process::id()));
        std::fs::write(&path, " ".repeat(LONGEST as usize + 1)).unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains("longer than 1048576 bytes"));
        std::fs::write(&path, "short").unwrap();
        assert_eq!(read_text(&path).unwrap(), "short");
        std::fs::remove_file(&path).unwrap();
        assert!(read_text(&std::env::temp_dir()).unwrap_err().to_string().contains("is not a file"));
    }
}
