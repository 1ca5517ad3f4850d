//! Moving a complete folder to its place, also where a folder is.
//!
//! Linux exchanges two names in one step, so that a complete folder is in the place at every moment. Elsewhere two renames do it:
//! between them the previous folder has a hidden name, `.NAME.previous`, and [`recover`] moves it back if the program ended there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::partial::{folder_of, remove_folder, sync_folder};

/// Moves the folder `complete` to `out`, and removes the one that was there.
///
/// # Errors
/// Those of the file system; the place then holds what it held before.
pub(super) fn replace(complete: &Path, out: &Path) -> io::Result<()> {
    let folder = folder_of(out);
    if !out.exists() {
        fs::rename(complete, out)?;
        return sync_folder(folder);
    }
    if exchange(complete, out)? {
        sync_folder(folder)?;
        // It now has the name of a partial folder: if the program ends here, the next one removes it.
        return remove_folder(complete);
    }
    replace_in_two_steps(complete, out)
}

/// Moves a previous folder back to `out` if a replacement was interrupted between its two steps, and removes it if it was
/// interrupted after them.
///
/// # Errors
/// Those of the file system.
pub(super) fn recover(out: &Path) -> io::Result<()> {
    let Some(previous) = previous(out).filter(|path| path.is_dir()) else { return Ok(()) };
    if out.exists() { fs::remove_dir_all(previous) } else { fs::rename(previous, out) }
}

fn replace_in_two_steps(complete: &Path, out: &Path) -> io::Result<()> {
    let previous = previous(out).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    fs::rename(out, &previous)?;
    if let Err(error) = fs::rename(complete, out) {
        fs::rename(&previous, out)?;
        return Err(error);
    }
    sync_folder(folder_of(out))?;
    fs::remove_dir_all(previous)
}

/// Where the folder of a place is while another one takes the place.
fn previous(out: &Path) -> Option<PathBuf> {
    let name = out.file_name()?.to_string_lossy();
    Some(out.with_file_name(format!(".{name}.previous")))
}

/// Exchanges two names in one step. False where the system or the file system has no such operation.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    use rustix::{
        fs::{CWD, RenameFlags, renameat_with},
        io::Errno,
    };
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Exchanges two names in one step. False where the system or the file system has no such operation.
#[cfg(not(target_os = "linux"))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the folders `new` and `out`, each with a file that has its name.
    fn folders(name: &str) -> (PathBuf, PathBuf, PathBuf) {
        let root = std::env::temp_dir().join(format!("ibq-replace-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let (new, out) = (root.join("new"), root.join("out"));
        for folder in [&new, &out] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join(folder.file_name().unwrap()), "").unwrap();
        }
        (root, new, out)
    }

    #[test]
    fn a_folder_is_replaced_whole_in_one_step_or_in_two() {
        for (name, replace) in
            [("one", replace as fn(&Path, &Path) -> io::Result<()>), ("two", replace_in_two_steps)]
        {
            let (root, new, out) = folders(name);
            replace(&new, &out).unwrap();
            assert!(out.join("new").exists() && !out.join("out").exists());
            assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "nothing else is left");
            fs::remove_dir_all(root).unwrap();
        }
    }

    #[test]
    fn a_replacement_that_fails_leaves_what_was_there() {
        let (root, new, out) = folders("failed");
        fs::remove_dir_all(&new).unwrap();
        assert!(replace(&new, &out).is_err());
        assert!(replace_in_two_steps(&new, &out).is_err());
        assert!(out.join("out").exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn an_interrupted_replacement_is_undone_and_a_finished_one_is_cleaned_up() {
        let (root, new, out) = folders("interrupted");
        fs::rename(&out, previous(&out).unwrap()).unwrap();
        recover(&out).unwrap();
        assert!(out.join("out").exists());
        fs::rename(&out, previous(&out).unwrap()).unwrap();
        fs::rename(&new, &out).unwrap();
        recover(&out).unwrap();
        assert!(out.join("new").exists() && !previous(&out).unwrap().exists());
        fs::remove_dir_all(root).unwrap();
    }
}
