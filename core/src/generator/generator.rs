//! A generator on a device.

use image::RgbImage;

use crate::{
    classes::Classes,
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
    tokens::TokenGrid,
    transformer::{Condition, PictureRequest, Transformer},
};

use super::{ClassNames, GeneratorDescription, GeneratorError, Recipe, RecipeModels, RecipeTokenizer};

/// A generator on a device. Clones share it.
#[derive(Clone, Debug)]
pub struct Generator {
    /// Makes the tokens.
    pub transformer: Transformer,
    /// Draws them.
    pub tokenizer: Tokenizer,
    pub(super) names: ClassNames,
    /// The origin of the transformer as recipes name it.
    pub(super) path: String,
    /// SHA-256 of the transformer's file, where it is known.
    pub(super) sha256: Option<String>,
    pub(super) description: GeneratorDescription,
    pub(super) recipe_tokenizer: Option<RecipeTokenizer>,
}

impl Generator {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// What it is, and where its parts come from.
    #[must_use]
    pub fn description(&self) -> &GeneratorDescription {
        &self.description
    }

    /// The classes, where they have names.
    #[must_use]
    pub fn classes(&self) -> Option<&Classes> {
        self.names.classes()
    }

    /// The usual name of a class, or "class 7".
    #[must_use]
    pub fn class_name(&self, class: u32) -> String {
        self.names.label(class)
    }

    /// What a picture shows, in words.
    #[must_use]
    pub fn describe(&self, condition: Condition) -> String {
        self.names.describe(condition)
    }

    /// Everything that repeats a picture with these tokens, in raster order.
    #[must_use]
    pub fn recipe(&self, request: &PictureRequest, tokens: &[u32]) -> Recipe {
        let models = RecipeModels {
            model: &self.description.name,
            path: &self.path,
            sha256: self.sha256.as_deref(),
            config: self.transformer.config(),
            precision: self.transformer.precision(),
            tokenizer: self.recipe_tokenizer.as_ref(),
        };
        let side = self.transformer.config().side();
        let grid = TokenGrid { rows: side, cols: side, tokens: tokens.to_vec() };
        Recipe::new(&models, request, &grid, self.names.of_condition(request.condition))
    }

    /// Whether a picture can have been made by this generator.
    #[must_use]
    pub fn can_have_made(&self, recipe: &Recipe) -> bool {
        recipe.config == *self.transformer.config()
    }

    /// The pictures of token grids, in their order.
    ///
    /// # Errors
    /// [`GeneratorError::Tokenizer`]: a grid that does not fit, no memory, cancelled.
    pub async fn decode(&self, grids: &[TokenGrid], job: &Job) -> Result<Vec<RgbImage>, GeneratorError> {
        Ok(self.tokenizer.decode(grids, &RunOptions::default(), job).await?.pictures)
    }
}
