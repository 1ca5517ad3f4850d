//! Files of this machine and the desktop's dialogs.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ibq_core::files::write_whole;

use crate::studio::notice::Notice;

use super::{
    dialog::{Picked, Saved},
    purpose::Purpose,
    save_file::SaveFile,
};

/// A person does not cancel a dialog this fast: there was none.
const NO_DIALOG: Duration = Duration::from_millis(300);

/// Largest picture or token file that is read, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;

/// A file somebody chose.
#[derive(Clone, Debug)]
pub(crate) struct PickedFile(PathBuf);

impl PickedFile {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A file that was dropped on the window.
    pub(crate) fn dropped(file: &dyn egui::DroppedFile) -> Option<Self> {
        Some(Self::new(file.path()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        self.0
            .file_name()
            .map_or_else(|| self.0.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// Name for messages: the whole path.
    pub(crate) fn full_name(&self) -> String {
        self.0.display().to_string()
    }

    pub(crate) fn is_folder(&self) -> bool {
        self.0.is_dir()
    }

    /// Size in bytes, where it can be had.
    pub(crate) fn len(&self) -> Option<u64> {
        std::fs::metadata(&self.0).ok().map(|data| data.len())
    }

    /// The whole content.
    pub(crate) async fn read(&self) -> Result<Vec<u8>, String> {
        let said = |error: io::Error| format!("{}: {error}", self.0.display());
        let is_file = std::fs::metadata(&self.0).map_err(said)?.is_file();
        if !is_file {
            return Err(format!("{} is not a file", self.0.display()));
        }
        // Some files have no size of their own, and a file may grow while it is read.
        let mut bytes = Vec::new();
        let limited = File::open(&self.0).map_err(said)?.take(LARGEST + 1).read_to_end(&mut bytes);
        if limited.map_err(said)? as u64 > LARGEST {
            return Err(format!("{} is larger than {} MiB", self.0.display(), LARGEST >> 20));
        }
        Ok(bytes)
    }
}

/// Shows a dialog that chooses a file to open.
pub(crate) async fn pick(purpose: Purpose) -> Result<Picked<PickedFile>, Notice> {
    let started = Instant::now();
    let (name, endings) = purpose.filter();
    let dialog = rfd::AsyncFileDialog::new().set_title(purpose.title()).add_filter(name, endings);
    Ok(match dialog.pick_file().await {
        Some(file) => Picked::File(PickedFile::new(file.path())),
        None if started.elapsed() < NO_DIALOG => Picked::NoDialog,
        None => Picked::Nothing,
    })
}

/// Shows a dialog that chooses where to save, and saves.
pub(crate) async fn save(file: SaveFile) -> Result<Saved, Notice> {
    let started = Instant::now();
    let dialog = rfd::AsyncFileDialog::new().set_title("Save").set_file_name(&file.name);
    match dialog.save_file().await {
        Some(chosen) => write(chosen.path(), &file),
        None if started.elapsed() < NO_DIALOG => Ok(Saved::NoDialog(file)),
        None => Ok(Saved::Nothing),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, file: &SaveFile) -> Result<Saved, Notice> {
    match write_whole(path, |out| out.write_all(&file.bytes)) {
        Ok(()) => Ok(Saved::As(path.display().to_string())),
        Err(error) => Err(Notice::error(format!("{} was not saved", path.display()), error)),
    }
}
