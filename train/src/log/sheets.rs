//! A folder with the sheets of samples.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use ibq_core::files::write_whole;
use ibq_train_events::{EventSink, TrainEvent};

/// The folder `samples` of a run.
#[derive(Debug)]
pub struct SheetFolder(PathBuf);

impl SheetFolder {
    /// Opens the folder within that of a run, and makes both if need be.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let samples = folder.join("samples");
        fs::create_dir_all(&samples)?;
        Ok(Self(samples))
    }
}

impl EventSink for SheetFolder {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        let TrainEvent::Sheet { step, png } = event else { return Ok(()) };
        write_whole(&self.0.join(format!("step-{step:06}.png")), |file| file.write_all(png))
    }
}
