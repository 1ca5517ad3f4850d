//! What a tokenizer is trained on: scenes, a file of pictures, a folder, or shards.

use std::{fmt, num::NonZeroUsize, path::Path, thread, time::Duration};

use burn::tensor::{Device, Tensor};
use ibq_core::job::Job;
use ibq_train::{
    data::{DataError, DataSet, Draw, Pictures, Plan, Source, Stream},
    random::Random,
    run::Trainer,
};

use super::pictures::{Telling, draw_scenes};

/// Share of the time that may be spent waiting for pictures before people are told.
const MOST_WAITING: f64 = 0.2;

/// Pictures in memory, or read while the training runs.
pub(super) enum Material {
    Memory(Pictures),
    Stream(Box<Stream>, Telling),
}

impl Material {
    /// Opens what is at `path`; without one, scenes are drawn.
    pub(super) fn open(
        path: Option<&Path>,
        scenes: usize,
        trainer: &Trainer,
        readers: Option<NonZeroUsize>,
        job: &Job,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let training = &trainer.preset().training;
        let side = training.side;
        let Some(path) = path else { return Ok(Self::Memory(draw_scenes(scenes, side, 0, &[1, 2, 4]))) };
        if path.extension().is_some_and(|extension| extension == "pict") && path.is_file() {
            let found = Pictures::open(path)?;
            let (has, path) = (found.side(), path.display());
            if has < side {
                return Err(format!(
                    "{path}: its pictures are {has}×{has}, the preset needs {side}×{side} or more"
                )
                .into());
            }
            return Ok(Self::Memory(found));
        }
        let set = DataSet::open(path)?;
        let mut telling = Telling::default();
        telling.of(set.skipped());
        let quarter = thread::available_parallelism().map_or(1, |all| all.get().div_ceil(4));
        let threads = readers.map_or(quarter, NonZeroUsize::get);
        let (seed, step, batch) = (training.seed, trainer.steps(), training.batch);
        let stream = Stream::new(set, Plan { seed, step, batch, side, threads }, job);
        Ok(Self::Stream(Box::new(stream), telling))
    }

    /// Names what could not be used since the last time, and says so when the training, in the time since, had to wait for
    /// pictures.
    pub(super) fn tell(&mut self, since: Duration) {
        let Self::Stream(stream, telling) = self else { return };
        telling.of(&stream.newly_skipped());
        let share = stream.waited().as_secs_f64() / since.as_secs_f64().max(1e-9);
        if !since.is_zero() && share > MOST_WAITING {
            eprintln!(
                "{:.0} % of the time went by waiting for pictures: more --readers may help",
                100.0 * share.min(1.0)
            );
        }
    }

    /// Says how many files were skipped.
    pub(super) fn sum(&mut self) {
        self.tell(Duration::ZERO);
        if let Self::Stream(stream, telling) = self {
            telling.sum(&format!("of {} listed", stream.set().len() + stream.set().skipped().len()));
        }
    }
}

impl Source for Material {
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
            Self::Stream(stream, _) => stream.draw(draw, count, side, random, device),
        }
    }
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(pictures) => write!(f, "{} pictures", pictures.len()),
            Self::Stream(stream, _) => match stream.set().class_names().len() {
                0 => write!(f, "{} pictures", stream.set().len()),
                1 => write!(f, "{} pictures of 1 class", stream.set().len()),
                classes => write!(f, "{} pictures of {classes} classes", stream.set().len()),
            },
        }
    }
}
