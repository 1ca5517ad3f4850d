//! The generator: a transformer on the GPU, the tokenizer that draws its tokens, the names of its classes.

use ibq_core::{
    classes::Classes,
    files::Model,
    gpu::{Gpu, Precision},
    job::Job,
    tokenizer::Tokenizer,
    tokens::TokenGrid,
    transformer::{
        Condition, PictureRequest, Recipe, RecipeModels, Transformer, TransformerError, TransformerPrecision,
        TransformerWeights,
    },
};

use crate::studio::{message::Failure, samples};

/// A generator, ready to be used. Clones share it.
#[derive(Clone)]
pub(crate) struct Generator {
    /// Path or address.
    pub(crate) name: String,
    pub(crate) transformer: Transformer,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) classes: Option<Classes>,
    /// What could not be seen in the weights and was assumed.
    pub(crate) assumed: Vec<String>,
}

impl From<TransformerError> for Failure {
    fn from(error: TransformerError) -> Self {
        match error {
            TransformerError::Cancelled(_) => Self::Cancelled,
            error => Self::with_advice(&error, error.remedy()),
        }
    }
}

impl Generator {
    /// Uploads the transformer of a model, and a tokenizer that fits it: the one inside, one that is loaded already, or the
    /// bundled one.
    pub(crate) async fn load(
        gpu: &Gpu,
        name: String,
        model: &Model,
        precision: TransformerPrecision,
        loaded: Option<Tokenizer>,
        job: &Job,
    ) -> Result<Self, Failure> {
        let weights = TransformerWeights::new(model, None)?;
        let own = model.folder().map_or(&[][..], |folder| &folder.class_names);
        let classes = Classes::of_model(own, weights.config().class_num);
        job.stage("load the tokenizer");
        let tokenizer = fitting(gpu, model, weights.config().vocab_size, loaded, job).await?;
        job.stage("load weights");
        let transformer = Transformer::load(gpu, &weights, precision, job).await?;
        Ok(Self { name, transformer, tokenizer, classes, assumed: weights.assumed().to_vec() })
    }

    /// Name of a class, or its number.
    pub(crate) fn class_name(&self, class: u32) -> String {
        let name = self.classes.as_ref().and_then(|classes| classes.name(class));
        name.map_or_else(|| format!("class {class}"), str::to_owned)
    }

    /// What a picture shows, in words.
    pub(crate) fn describe(&self, condition: Condition) -> String {
        match condition {
            Condition::Class(class) => self.class_name(class),
            Condition::Mix(one, other, share) => {
                let percent = (share * 100.0).round();
                format!("{} with {percent} % {}", self.class_name(one), self.class_name(other))
            }
            Condition::None => "no class".to_owned(),
        }
    }

    /// Everything that repeats a picture.
    pub(crate) fn recipe(&self, request: &PictureRequest, tokens: &[u32]) -> Recipe {
        let config = self.transformer.config();
        let (model, path) = (super::super::models::short_name(&self.name), self.name.as_str());
        let precision = self.transformer.precision();
        let models = RecipeModels { model, path, config, precision, tokenizer: None };
        let side = config.side();
        let grid = TokenGrid { rows: side, cols: side, tokens: tokens.to_vec() };
        let class_name = match request.condition {
            Condition::None => None,
            condition => Some(self.describe(condition)),
        };
        Recipe::new(&models, request, &grid, class_name.as_deref())
    }

    /// Whether a picture can have been made by this generator.
    pub(crate) fn made(&self, recipe: &Recipe) -> bool {
        recipe.config == *self.transformer.config()
    }
}

/// A tokenizer with as many codes as the transformer was trained on.
async fn fitting(
    gpu: &Gpu,
    model: &Model,
    codes: u32,
    loaded: Option<Tokenizer>,
    job: &Job,
) -> Result<Tokenizer, Failure> {
    if let Ok(inside) = model.tokenizer(None)
        && inside.config().n_embed == codes
    {
        return Ok(Tokenizer::load(gpu, &inside, Precision::F32, job).await?);
    }
    if let Some(loaded) = loaded.filter(|loaded| loaded.config().n_embed == codes) {
        return Ok(loaded);
    }
    if let Some((_, Ok(bundled))) = samples::bundled_model().await
        && let Ok(bundled) = bundled.tokenizer(None)
        && bundled.config().n_embed == codes
    {
        return Ok(Tokenizer::load(gpu, &bundled, Precision::F32, job).await?);
    }
    Err(Failure::Failed(format!(
        "its file has no tokenizer inside, and none with its {codes} codes is loaded; open the tokenizer it was trained \
         with first"
    )))
}
