//! Everything that is needed to repeat a picture: what is written into its PNG.

use serde::{Deserialize, Serialize};

use crate::tokens::TokenGrid;

use super::{Condition, PictureRequest, Sampling, TransformerConfig, TransformerError, TransformerPrecision};

/// Version of the form.
const VERSION: u32 = 1;

/// The settings of one picture, and its tokens: JSON, in the text `ibq` of a PNG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    version: u32,
    /// Name of the transformer.
    pub model: String,
    /// Where it was, as its user gave it; empty where it has no place.
    pub path: String,
    /// Its configuration.
    pub config: TransformerConfig,
    /// How its weights were stored.
    pub precision: TransformerPrecision,
    /// Where the tokenizer was, when it was not the one inside of the transformer's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
    /// What the picture shows.
    pub condition: Condition,
    /// Name of its class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_name: Option<String>,
    /// Seed of all draws.
    pub seed: u64,
    /// Number of the picture.
    pub number: u32,
    /// How its tokens were drawn.
    pub sampling: Sampling,
    /// Given tokens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Option<u32>>,
    /// Rows and columns of tokens.
    pub grid: [u32; 2],
    /// The result, in raster order.
    pub tokens: Vec<u32>,
}

/// Which models made a picture.
#[derive(Clone, Debug)]
pub struct RecipeModels<'a> {
    /// Name of the transformer.
    pub model: &'a str,
    /// Where it is; empty where it has no place.
    pub path: &'a str,
    /// Its configuration.
    pub config: &'a TransformerConfig,
    /// How its weights are stored.
    pub precision: TransformerPrecision,
    /// Where the tokenizer is, when it is not the one inside of the transformer's file.
    pub tokenizer: Option<&'a str>,
}

impl Recipe {
    /// Keyword of the text in a PNG.
    pub const KEYWORD: &'static str = "ibq";

    /// How a picture was made.
    #[must_use]
    pub fn new(
        models: &RecipeModels<'_>,
        request: &PictureRequest,
        grid: &TokenGrid,
        class_name: Option<&str>,
    ) -> Self {
        Self {
            version: VERSION,
            model: models.model.to_owned(),
            path: models.path.to_owned(),
            config: models.config.clone(),
            precision: models.precision,
            tokenizer: models.tokenizer.map(str::to_owned),
            condition: request.condition,
            class_name: class_name.map(str::to_owned),
            seed: request.seed,
            number: request.number,
            sampling: request.sampling,
            fixed: request.fixed.clone(),
            grid: [grid.rows, grid.cols],
            tokens: grid.tokens.clone(),
        }
    }

    /// What makes the same picture again.
    #[must_use]
    pub fn request(&self) -> PictureRequest {
        PictureRequest {
            condition: self.condition,
            sampling: self.sampling,
            seed: self.seed,
            number: self.number,
            fixed: self.fixed.clone(),
        }
    }

    /// As text for a PNG.
    ///
    /// # Errors
    /// [`TransformerError::Input`] for numbers that JSON does not have.
    pub fn to_json(&self) -> Result<String, TransformerError> {
        serde_json::to_string(self).map_err(|error| TransformerError::Input(error.to_string()))
    }

    /// Reads the text of a PNG.
    ///
    /// # Errors
    /// [`TransformerError::Input`] says what cannot be read.
    pub fn from_json(text: &str) -> Result<Self, TransformerError> {
        let wrong = |reason: String| {
            TransformerError::Input(format!("the settings of the picture cannot be read: {reason}"))
        };
        let recipe: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if recipe.version != VERSION {
            return Err(wrong(format!(
                "they have version {}, and this program reads {VERSION}",
                recipe.version
            )));
        }
        recipe.config.validate()?;
        let size = (recipe.grid, recipe.tokens.len());
        if size != ([recipe.config.side(); 2], recipe.config.block_size as usize) {
            return Err(wrong("its tokens are not as many as the model makes".to_owned()));
        }
        if recipe.tokens.iter().any(|&token| token >= recipe.config.vocab_size) {
            return Err(wrong("it has tokens that the model does not have".to_owned()));
        }
        recipe.sampling.validate()?;
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transformer::Schedule;

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
        let config = TransformerConfig { block_size: 4, ..TransformerConfig::official("B").unwrap() };
        let models = RecipeModels {
            model: "ar.ckpt",
            path: "folder/ar.ckpt",
            config: &config,
            precision: TransformerPrecision::Int4,
            tokenizer: None,
        };
        let grid = TokenGrid { rows: 2, cols: 2, tokens: vec![1, 9, 3, 4] };
        let recipe = Recipe::new(&models, &request, &grid, Some("owl"));
        let read = Recipe::from_json(&recipe.to_json().unwrap()).unwrap();
        assert_eq!(read, recipe);
        assert_eq!(read.request(), request);
    }

    #[test]
    fn damaged_recipes_are_refused() {
        let config = TransformerConfig { block_size: 1, ..TransformerConfig::official("B").unwrap() };
        let models = RecipeModels {
            model: "ar",
            path: "",
            config: &config,
            precision: TransformerPrecision::F32,
            tokenizer: None,
        };
        let request = PictureRequest {
            condition: Condition::None,
            sampling: Sampling::default(),
            seed: 0,
            number: 0,
            fixed: Vec::new(),
        };
        let grid = TokenGrid { rows: 1, cols: 1, tokens: vec![7] };
        let good = Recipe::new(&models, &request, &grid, None).to_json().unwrap();
        assert!(Recipe::from_json(&good).is_ok());
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"tokens\":[7]", "\"tokens\":[16384]"),
            ("\"tokens\":[7]", "\"tokens\":[7,7]"),
            ("\"n_head\":16", "\"n_head\":0"),
            ("\"top_p\":1.0", "\"top_p\":0.0"),
            ("\"grid\":[1,1]", "\"grid\":[4294967295,1]"),
        ] {
            assert!(good.contains(from), "{from} in {good}");
            assert!(Recipe::from_json(&good.replace(from, to)).is_err(), "{to}");
        }
        assert!(Recipe::from_json("{}").is_err());
    }
}
