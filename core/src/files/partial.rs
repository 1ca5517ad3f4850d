//! Names of files and folders that are being written: hidden, beside their place, locked while their process runs.
//!
//! A partial file is called `.NAME.PID-NUMBER.partial`. Its writer holds a lock on it ([`File::try_lock`]), and the system releases
//! the lock when the process ends, however it ends. So a partial file whose lock is free belongs to nobody, and the next
//! writer into its folder removes it. Locks also hold between containers and on network file systems, where process ids do not.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{TENSORS_FILE, lock::try_lock};

/// The ending of all partial files and folders.
const ENDING: &str = ".partial";
/// Most bytes of the final name that the partial name repeats: file systems allow 255 for the whole.
const MAX_NAME: usize = 200;
/// Most links that are followed from a path to its file, as in Linux.
const MAX_LINKS: usize = 40;

/// The path behind all links, whether or not there is a file. A path that is no link is returned as it is.
///
/// # Errors
/// Too many links.
pub fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            // Not a link, or nothing there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links"))
}

/// Gives a complete file its name, and waits until content and name are on disk.
///
/// # Errors
/// Those of the file system.
pub fn rename_durably(file: &File, from: &Path, to: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(from, to)?;
    sync_folder(folder_of(to))
}

/// The folder of a path, for names beside it.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates the partial file of a path, under a name that nothing else has, and locks it. `private` files can be read by their
/// owner alone, where the system has such permissions.
///
/// # Errors
/// Those of the file system.
pub(super) fn create_file(path: &Path, private: bool) -> io::Result<(PathBuf, File)> {
    remove_abandoned(folder_of(path));
    loop {
        let partial = next_name(path)?;
        match create_new(&partial, private) {
            Ok(file) if holds(&file, &partial) => return Ok((partial, file)),
            // Another process took it for an abandoned one in the moment before it was locked.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Creates the partial folder of a path with its tensor file, which is locked.
///
/// # Errors
/// Those of the file system.
pub(super) fn create_folder(path: &Path) -> io::Result<(PathBuf, File)> {
    remove_abandoned(folder_of(path));
    loop {
        let partial = next_name(path)?;
        match fs::create_dir(&partial) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        }
        let tensors = partial.join(TENSORS_FILE);
        match create_new(&tensors, false) {
            Ok(file) if holds(&file, &tensors) => return Ok((partial, file)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the entries of a folder are on disk: without it, a power loss may undo a rename.
///
/// # Errors
/// Those of the file system.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows opens no folders as files, and writes names through.
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder)?.sync_all() {
        // Some network file systems have no such operation.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        result => result,
    }
}

fn create_new(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

/// Locks a new file. Whether it is still there under its name.
fn holds(file: &File, path: &Path) -> bool {
    // Where a file system has no working locks, nobody removes the file either.
    try_lock(file).unwrap_or(true) && path.exists()
}

/// `.NAME.PID-NUMBER.partial`, with another number at each call.
fn next_name(path: &Path) -> io::Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "has no name of its own to write to"));
    };
    let name = name.to_string_lossy();
    let name = &name[..name.floor_char_boundary(MAX_NAME)];
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Ok(path.with_file_name(format!(".{name}.{}-{number}{ENDING}", process::id())))
}

/// Whether a name was made by [`next_name`].
fn is_partial(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let middle = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(ENDING));
    let numbers =
        middle.and_then(|rest| rest.rsplit_once('.')).and_then(|(_, numbers)| numbers.split_once('-'));
    numbers.is_some_and(|(pid, number)| is_number(pid) && is_number(number))
}

/// Removes what processes that have ended left in a folder; once per process and folder, so that many files cost one look.
fn remove_abandoned(folder: &Path) {
    static SEEN: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);
    let Ok(folder) = fs::canonicalize(folder) else { return };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.get_or_insert_default().insert(folder.clone()) {
        remove_abandoned_in(&folder);
    }
}

/// Removes abandoned partial files and folders of this folder.
fn remove_abandoned_in(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_symlink() || !entry.file_name().to_str().is_some_and(is_partial) {
            continue;
        }
        // What cannot be removed is hidden and does no harm: writing continues.
        let path = entry.path();
        let _ = if kind.is_dir() { remove_folder_if_free(&path) } else { remove_file_if_free(&path) };
    }
}

fn remove_file_if_free(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.try_lock()?;
    fs::remove_file(path)
}

fn remove_folder_if_free(path: &Path) -> io::Result<()> {
    let names: Vec<_> = fs::read_dir(path)?.flatten().map(|entry| entry.file_name()).collect();
    if names.is_empty() {
        // Its writer may be about to create the tensor file: it makes another folder if this one is gone.
        return fs::remove_dir(path);
    }
    // The tensor file is a writer's first. Without it, this is what an interrupted removal left.
    if names.iter().any(|name| name == TENSORS_FILE) {
        let file = File::open(path.join(TENSORS_FILE))?;
        file.try_lock()?;
    }
    remove_folder(path)
}

/// Removes a folder that another process may be removing too.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("ibq-partial-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_is_being_written_stays() {
        let folder = folder("abandoned");
        let dead = folder.join(".a.png.999999999-0.partial");
        fs::write(&dead, "half").unwrap();
        let dead_folder = folder.join(".model.999999999-1.partial");
        fs::create_dir(&dead_folder).unwrap();
        fs::write(dead_folder.join(TENSORS_FILE), "half").unwrap();
        fs::create_dir(folder.join(".empty.999999999-2.partial")).unwrap();
        // A process that was killed while it removed the folder that it had replaced.
        let half_removed = folder.join(".old.999999999-3.partial");
        fs::create_dir(&half_removed).unwrap();
        fs::write(half_removed.join("config.json"), "{}").unwrap();
        let (mine, _file) = create_file(&folder.join("b.png"), false).unwrap();
        let (my_folder, _tensors) = create_folder(&folder.join("model")).unwrap();
        fs::write(folder.join(".mine.partial"), "a file of somebody else's").unwrap();
        fs::write(&dead, "half").unwrap();
        remove_abandoned_in(&folder);
        let mut left: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        left.sort();
        let mut expected = [mine, my_folder, folder.join(".mine.partial")];
        expected.sort();
        assert_eq!(left, expected);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_partial_name_follows_no_link_and_fits_a_long_name() {
        let folder = folder("names");
        let long = folder.join("é".repeat(127));
        let (first, _one) = create_file(&long, false).unwrap();
        let (second, _two) = create_file(&long, false).unwrap();
        assert_ne!(first, second);
        assert!(is_partial(first.file_name().unwrap().to_str().unwrap()));
        for other in
            [".partial", ".a.partial", ".a.1.partial", ".a.1-.partial", "a.1-2.partial", ".a.1-2.part"]
        {
            assert!(!is_partial(other), "{other}");
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_files_that_do_not_exist_yet_and_loops_are_refused() {
        use std::os::unix::fs::symlink;
        let folder = folder("links");
        symlink("target.png", folder.join("link")).unwrap();
        symlink("link", folder.join("second")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
        assert_eq!(follow_links(&folder.join("second")).unwrap(), folder.join("target.png"));
        assert_eq!(follow_links(&folder.join("none")).unwrap(), folder.join("none"));
        assert!(follow_links(&folder.join("loop")).is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
