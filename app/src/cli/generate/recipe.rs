//! Everything that is needed to repeat a picture: what is written into its PNG.

use std::path::Path;

use ibq_core::{
    tokens::TokenGrid,
    transformer::{Condition, PictureRequest, Sampling, TransformerPrecision},
};
use serde::{Deserialize, Serialize};

use super::super::failure::Failure;

/// Keyword of the text in the PNG.
pub(super) const KEYWORD: &str = "ibq";
/// Version of the form.
const VERSION: u32 = 1;

/// The settings of one picture, and its tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Recipe {
    version: u32,
    /// Name of the transformer.
    pub(super) model: String,
    /// Where it was.
    pub(super) path: String,
    pub(super) precision: TransformerPrecision,
    condition: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_name: Option<String>,
    seed: u64,
    number: u32,
    sampling: Sampling,
    /// Given tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fixed: Vec<Option<u32>>,
    grid: [u32; 2],
    /// The result, in raster order.
    pub(super) tokens: Vec<u32>,
}

impl Recipe {
    /// How a picture was made.
    pub(super) fn new(
        request: &PictureRequest,
        grid: &TokenGrid,
        model: &str,
        path: Option<&Path>,
        precision: TransformerPrecision,
        class_name: Option<String>,
    ) -> Self {
        Self {
            version: VERSION,
            model: model.to_owned(),
            path: path.map_or_else(String::new, |path| path.to_string_lossy().into_owned()),
            precision,
            condition: request.condition,
            class_name,
            seed: request.seed,
            number: request.number,
            sampling: request.sampling,
            fixed: request.fixed.clone(),
            grid: [grid.rows, grid.cols],
            tokens: grid.tokens.clone(),
        }
    }

    /// What makes the same picture again.
    pub(super) fn request(&self) -> PictureRequest {
        PictureRequest {
            condition: self.condition,
            sampling: self.sampling,
            seed: self.seed,
            number: self.number,
            fixed: self.fixed.clone(),
        }
    }

    pub(super) fn to_json(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::Failed(error.to_string()))
    }

    pub(super) fn from_json(text: &str) -> Result<Self, String> {
        let recipe: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if recipe.version == VERSION {
            Ok(recipe)
        } else {
            Err(format!("they have version {}, and this program reads {VERSION}", recipe.version))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ibq_core::transformer::Schedule;

    #[test]
    fn a_recipe_makes_the_same_request() {
        let request = PictureRequest {
            condition: Condition::Mix(1, 2, 0.25),
            sampling: Sampling {
                schedule: Schedule::Power(2.0),
                cfg_scale: 4.0,
                top_p: 0.96,
                ..Sampling::default()
            },
            seed: u64::MAX,
            number: 3,
            fixed: vec![Some(1), None, Some(3)],
        };
        let grid = TokenGrid { rows: 2, cols: 2, tokens: vec![1, 9, 3, 4] };
        let path = Some(Path::new("folder/ar.ckpt"));
        let recipe = Recipe::new(&request, &grid, "ar.ckpt", path, TransformerPrecision::Int4, None);
        let read = Recipe::from_json(&recipe.to_json().unwrap()).unwrap();
        assert_eq!(read, recipe);
        assert_eq!(read.request(), request);
        assert!(Recipe::from_json("{}").is_err());
    }
}
