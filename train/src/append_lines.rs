//! Files that grow line by line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

/// Bytes that are read at once to find the last line.
const CHUNK: u64 = 1 << 16;

/// Opens a file to append lines, which is created if it does not exist. A last line without its end, left by a process that
/// was killed or by a full disk, is removed.
///
/// # Errors
/// Those of the file system.
pub(crate) fn open_lines(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = end_of_last_line(&mut file, length)?;
    if whole < length {
        file.set_len(whole)?;
    }
    Ok(file)
}

/// The position after the last line end.
fn end_of_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    while end > 0 {
        let begin = end.saturating_sub(CHUNK);
        let mut chunk = Vec::new();
        file.seek(SeekFrom::Start(begin))?;
        file.by_ref().take(end - begin).read_to_end(&mut chunk)?;
        if let Some(at) = chunk.iter().rposition(|&byte| byte == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    #[test]
    fn a_half_line_is_removed_before_the_next_one() {
        let path = std::env::temp_dir().join(format!("ibq-train-lines-{}", std::process::id()));
        let long = "x".repeat(100_000);
        for (before, after) in [
            ("", "new\n".to_owned()),
            ("half", "new\n".to_owned()),
            ("one\ntwo\n", "one\ntwo\nnew\n".to_owned()),
            (&format!("one\n{long}"), "one\nnew\n".to_owned()),
            (&format!("{long}\nhalf"), format!("{long}\nnew\n")),
        ] {
            fs::write(&path, before).unwrap();
            open_lines(&path).unwrap().write_all(b"new\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
        fs::remove_file(path).unwrap();
    }
}
