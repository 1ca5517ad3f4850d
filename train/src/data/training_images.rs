//! What a tokenizer is trained on: scenes, a file of pictures, a folder, or shards.

use std::{fmt, path::Path, time::Duration};

use burn::tensor::{Device, Tensor};
use ibq_core::{
    data_set::{DataSet, Skipped},
    job::Job,
};

use super::{
    error::DataError,
    memory::Pictures,
    source::{Draw, Source},
    stream::{Plan, Stream},
};
use crate::random::Random;

/// Images in memory, or read during the run.
#[derive(Debug)]
pub enum TrainingImages {
    /// In memory.
    Memory(Pictures),
    /// Read during the run.
    Stream(Box<Stream>),
}

impl TrainingImages {
    /// Opens a file of pictures (`.pict`), a folder, or shards. `plan` says what the run needs, and `job` ends the waiting for
    /// pictures when it is cancelled.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn open(path: &Path, plan: Plan, job: &Job) -> Result<Self, DataError> {
        if path.extension().is_some_and(|extension| extension == "pict") && path.is_file() {
            let pictures = Pictures::open(path)?;
            let (found, side) = (pictures.side(), plan.side);
            if found < side {
                let reason = format!("its pictures are {found}×{found}, the run needs {side}×{side} or more");
                return Err(DataError::Format { path: path.to_owned(), reason });
            }
            return Ok(Self::Memory(pictures));
        }
        Ok(Self::Stream(Box::new(Stream::new(DataSet::open(path)?, plan, job))))
    }

    /// Files of a folder or shards that were listed: usable pictures and others.
    #[must_use]
    pub fn listed(&self) -> Option<usize> {
        match self {
            Self::Memory(_) => None,
            Self::Stream(stream) => Some(stream.set().len() + stream.set().skipped().len()),
        }
    }

    /// What was found beside pictures when a folder or shards were listed.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        match self {
            Self::Memory(_) => &[],
            Self::Stream(stream) => stream.set().skipped(),
        }
    }
}

impl Source for TrainingImages {
    fn draw(
        &self,
        draw: Draw,
        count: usize,
        side: usize,
        random: &mut Random,
        device: &Device,
    ) -> Result<Tensor<4>, DataError> {
        match self {
            Self::Memory(pictures) => pictures.draw(draw, count, side, random, device),
            Self::Stream(stream) => stream.draw(draw, count, side, random, device),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Memory(pictures) => pictures.len(),
            Self::Stream(stream) => stream.len(),
        }
    }

    fn newly_skipped(&self) -> Vec<Skipped> {
        match self {
            Self::Memory(_) => Vec::new(),
            Self::Stream(stream) => stream.newly_skipped(),
        }
    }

    fn waited(&self) -> Duration {
        match self {
            Self::Memory(_) => Duration::ZERO,
            Self::Stream(stream) => stream.waited(),
        }
    }
}

impl fmt::Display for TrainingImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pictures", self.len())?;
        match self {
            Self::Memory(_) => Ok(()),
            Self::Stream(stream) => match stream.set().class_names().len() {
                0 => Ok(()),
                1 => write!(f, " of 1 class"),
                classes => write!(f, " of {classes} classes"),
            },
        }
    }
}
