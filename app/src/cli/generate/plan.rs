//! What the command line asks for: classes, settings, given tokens.

use std::path::Path;

use ibq_core::{
    generator::{OpenedGenerator, Recipe},
    transformer::{Condition, PictureRequest, Sampling},
};

use super::{
    super::{
        classes::resolve_class,
        failure::{Failure, first_result},
        read::{read_bounded, read_tokens},
        session::Session,
    },
    Arguments,
};

/// Most bytes of a picture file.
const MAX_PICTURE_BYTES: u64 = 1 << 30;

/// The pictures that are asked for: `count` of each class.
pub(super) struct GenerationPlan {
    pub(super) classes: Vec<u32>,
    pub(super) count: u32,
    pub(super) sampling: Sampling,
    pub(super) seed: u64,
    pub(super) fixed: Vec<Option<u32>>,
}

impl GenerationPlan {
    /// Reads the command line.
    pub(super) fn new(
        arguments: &Arguments,
        generator: &OpenedGenerator,
        session: &Session,
    ) -> Result<Self, Failure> {
        let config = generator.config();
        let mut sampling = arguments.preset.sampling(config);
        if let Some((cfg_scale, schedule)) = arguments.cfg {
            (sampling.cfg_scale, sampling.schedule) = (cfg_scale, schedule);
        }
        sampling.temperature = arguments.temperature.unwrap_or(sampling.temperature);
        sampling.top_k = arguments.top_k.unwrap_or(sampling.top_k);
        sampling.top_p = arguments.top_p.unwrap_or(sampling.top_p);
        sampling.validate().map_err(|error| Failure::Usage(error.to_string()))?;
        let fixed = match &arguments.prefix {
            Some(path) => read_prefix(path, arguments.keep, config.block_size as usize, session)?,
            None => Vec::new(),
        };
        let mut classes = Vec::new();
        for class in &arguments.class {
            match class.trim() {
                "all" => classes.extend(0..config.class_num),
                name => classes.push(resolve_class(name, generator, session)?),
            }
        }
        Ok(Self { classes, count: arguments.count, sampling, seed: arguments.seed, fixed })
    }

    /// Pictures in all.
    pub(super) fn pictures(&self) -> usize {
        self.classes.len() * self.count as usize
    }

    /// The class of one of them.
    pub(super) fn class(&self, index: usize) -> u32 {
        self.classes[index / self.count as usize]
    }

    /// One of them.
    pub(super) fn request(&self, index: usize, number: u32) -> PictureRequest {
        PictureRequest {
            condition: Condition::Class(self.class(index)),
            sampling: self.sampling,
            seed: self.seed,
            number,
            fixed: self.fixed.clone(),
        }
    }
}

/// The first tokens of a file's first picture.
fn read_prefix(
    path: &Path,
    keep: Option<usize>,
    most: usize,
    session: &Session,
) -> Result<Vec<Option<u32>>, Failure> {
    let grid = first_result(read_tokens(path, None, session)?.grids)?;
    let all = grid.tokens.len();
    let kept = keep.unwrap_or(all);
    if kept > all {
        return Err(Failure::in_file(path, format_args!("has only {all} tokens to keep")));
    }
    if kept > most {
        let reason = format!(
            "{kept} tokens to begin with, but a picture of this model has {most}; keep fewer (--keep)"
        );
        return Err(Failure::in_file(path, reason));
    }
    Ok(grid.tokens.into_iter().take(kept).map(Some).collect())
}

/// The settings inside of a picture.
pub(super) fn read_recipe(path: &Path) -> Result<Recipe, Failure> {
    match Recipe::of_png(&read_bounded(path, MAX_PICTURE_BYTES)?) {
        Ok(Some(recipe)) => Ok(recipe),
        Ok(None) => Err(Failure::in_file(
            path,
            "carries no settings: it is no PNG that `ibq generate` wrote, or was changed",
        )),
        Err(error) => Err(Failure::in_file(path, error)),
    }
}
