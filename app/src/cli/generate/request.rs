//! What the command line asks for: classes, settings, given tokens.

use std::path::Path;

use ibq_core::{
    classes::{Classes, Unresolved},
    tokens::TokenFile,
    transformer::{Condition, PictureRequest, Recipe, Sampling, Schedule, TransformerError},
};

use super::{
    super::{
        failure::Failure,
        inputs::{read_bounded, shown},
        results::only,
        session::Session,
        transformer::OpenedTransformer,
    },
    Arguments,
};

/// Most bytes of a token or picture file.
const MAX_BYTES: u64 = 1 << 30;

/// The pictures that are asked for: `count` of each class.
pub(super) struct Order {
    pub(super) classes: Vec<u32>,
    pub(super) count: u32,
    pub(super) sampling: Sampling,
    pub(super) seed: u64,
    pub(super) fixed: Vec<Option<u32>>,
}

impl Order {
    /// Reads the command line.
    pub(super) fn new(
        arguments: &Arguments,
        opened: &OpenedTransformer,
        session: &Session,
    ) -> Result<Self, Failure> {
        let config = opened.weights.config();
        let mut sampling = arguments.preset.sampling(config);
        if let Some((cfg_scale, schedule)) = arguments.cfg {
            (sampling.cfg_scale, sampling.schedule) = (cfg_scale, schedule);
        }
        sampling.temperature = arguments.temperature.unwrap_or(sampling.temperature);
        sampling.top_k = arguments.top_k.unwrap_or(sampling.top_k);
        sampling.top_p = arguments.top_p.unwrap_or(sampling.top_p);
        sampling.validate().map_err(|error| Failure::Usage(error.to_string()))?;
        let fixed = match &arguments.prefix {
            Some(path) => prefix(path, arguments.keep, config.block_size as usize)?,
            None => Vec::new(),
        };
        let mut classes = Vec::new();
        for class in &arguments.class {
            match class.trim() {
                "all" => classes.extend(0..config.class_num),
                name => classes.push(class_of(name, opened, session)?),
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

/// `4` or `4:cosine`.
pub(super) fn guidance(text: &str) -> Result<(f32, Schedule), String> {
    let (scale, schedule) = text.split_once(':').unwrap_or((text, "constant"));
    let scale = scale.parse().map_err(|_| format!("`{scale}` is no number"))?;
    Ok((scale, schedule.parse().map_err(|error: TransformerError| error.to_string())?))
}

/// The number of a class that was named on the command line.
pub(crate) fn class_of(word: &str, model: &OpenedTransformer, session: &Session) -> Result<u32, Failure> {
    let (word, name) = (word.trim(), &model.opened.name);
    let count = model.weights.config().class_num;
    let last = count - 1;
    if let Ok(number) = word.parse::<u32>() {
        return if number < count {
            Ok(number)
        } else {
            Err(Failure::Usage(format!("there is no class {number}: {name} has 0 to {last}")))
        };
    }
    let Some(classes) = Classes::of_model(model.class_names(), count) else {
        let reason = format!("{name} carries no names of classes: use numbers, 0 to {last}");
        return Err(Failure::Usage(reason));
    };
    match classes.resolve(word) {
        Ok(found) => {
            if !found.matched.eq_ignore_ascii_case(word) {
                session.note(word, format_args!("taken as class {}, {}", found.class.id, found.class.name()));
            }
            Ok(found.class.id)
        }
        Err(error @ Unresolved::Ambiguous { .. }) => Err(Failure::Usage(error.to_string())),
        Err(Unresolved::Unknown { text }) => {
            Err(Failure::Usage(format!("{name} has no class `{text}`, nor one that is nearly named so")))
        }
    }
}

fn prefix(path: &Path, keep: Option<usize>, most: usize) -> Result<Vec<Option<u32>>, Failure> {
    let file = TokenFile::read(&shown(path), &read_bounded(path, MAX_BYTES)?)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let grid = only(file.grids.into_iter().take(1).collect())?;
    let all = grid.tokens.len();
    let kept = keep.unwrap_or(all);
    if kept > all {
        return Err(Failure::at(path, format_args!("has only {all} tokens to keep")));
    }
    if kept > most {
        let reason = format!(
            "{kept} tokens to begin with, but a picture of this model has {most}; keep fewer (--keep)"
        );
        return Err(Failure::at(path, reason));
    }
    Ok(grid.tokens.into_iter().take(kept).map(Some).collect())
}

/// The settings inside of a picture.
pub(super) fn recipe_in(path: &Path) -> Result<Recipe, Failure> {
    let bytes = read_bounded(path, MAX_BYTES)?;
    let Some(text) = ibq_core::picture::text_of(&bytes, Recipe::KEYWORD) else {
        return Err(Failure::at(
            path,
            "carries no settings: it is no PNG that `ibq generate` wrote, or was changed",
        ));
    };
    Recipe::from_json(&text).map_err(|error| Failure::at(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_is_a_number_with_or_without_a_schedule() {
        assert_eq!(guidance("2.5"), Ok((2.5, Schedule::Constant)));
        assert_eq!(guidance("4:cosine"), Ok((4.0, Schedule::Cosine)));
        assert_eq!(guidance("4:power3"), Ok((4.0, Schedule::Power(3.0))));
        assert!(guidance("x").unwrap_err().contains("no number"));
        assert!(guidance("4:sine").unwrap_err().contains("sine"));
    }
}
