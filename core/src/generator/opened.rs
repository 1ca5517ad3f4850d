//! A generator whose files are open and of which nothing is on a device yet.

use crate::{
    classes::Classes,
    device::Device,
    files::{Model, WeightsError},
    job::Job,
    transformer::{Transformer, TransformerConfig, TransformerPrecision, TransformerWeights},
};

use super::{
    ClassNames, Generator, GeneratorDescription, GeneratorError, RecipeTokenizer, TokenizerSource,
    tokenizer::ChosenTokenizer,
};

/// A generator of which only the directories of its files have been read. Clones share the files.
#[derive(Clone, Debug)]
pub struct OpenedGenerator {
    name: String,
    model: Model,
    weights: TransformerWeights,
    names: ClassNames,
    tokenizer: Option<ChosenTokenizer>,
    /// Why the tokenizer inside cannot be used, where there is one.
    broken_inside: Option<WeightsError>,
}

impl OpenedGenerator {
    /// The transformer of a model, which people call `name`, and the tokenizer inside where there is one. What the weights do not
    /// tell comes from the folder's `config.json`, from an official YAML, or else is as in the official models.
    ///
    /// # Errors
    /// [`GeneratorError::Transformer`]: another kind of model, missing tensors, a configuration that disagrees.
    pub fn new(name: &str, model: &Model, yaml: Option<&str>) -> Result<Self, GeneratorError> {
        Ok(Self::with(name, model, TransformerWeights::new(model, yaml)?))
    }

    /// As [`OpenedGenerator::new`], where the configuration is known from elsewhere: what the weights do not tell is taken
    /// from it.
    ///
    /// # Errors
    /// As [`OpenedGenerator::new`]; also when the model is another one.
    pub fn like(name: &str, model: &Model, config: &TransformerConfig) -> Result<Self, GeneratorError> {
        Ok(Self::with(name, model, TransformerWeights::like(model, config)?))
    }

    fn with(name: &str, model: &Model, weights: TransformerWeights) -> Self {
        let config = weights.config();
        let own = model.folder().map_or(&[][..], |folder| &folder.class_names);
        let names = ClassNames::of_model(own, config.class_num);
        let (mut tokenizer, mut broken_inside) = (None, None);
        if !model.available().is_empty() {
            match model.tokenizer(None) {
                Ok(inside) if inside.config().quantizer().codes == config.vocab_size => {
                    tokenizer = Some(ChosenTokenizer { source: inside.into(), inside: true });
                }
                Ok(_) => {}
                Err(error) => broken_inside = Some(error),
            }
        }
        Self { name: name.to_owned(), model: model.clone(), weights, names, tokenizer, broken_inside }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file or folder of the transformer.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The weights of the transformer.
    #[must_use]
    pub fn weights(&self) -> &TransformerWeights {
        &self.weights
    }

    /// The configuration of the transformer.
    #[must_use]
    pub fn config(&self) -> &TransformerConfig {
        self.weights.config()
    }

    /// What its classes are called.
    #[must_use]
    pub fn names(&self) -> &ClassNames {
        &self.names
    }

    /// The classes, where they have names.
    #[must_use]
    pub fn classes(&self) -> Option<&Classes> {
        self.names.classes()
    }

    /// Takes a tokenizer that was asked for, instead of the one inside.
    ///
    /// # Errors
    /// [`GeneratorError::OtherCodes`] when it does not have the codes that the transformer was trained on.
    pub fn use_tokenizer(&mut self, tokenizer: impl Into<TokenizerSource>) -> Result<(), GeneratorError> {
        let source = tokenizer.into();
        let (codes, found) = (self.config().vocab_size, source.config().quantizer().codes);
        if codes != found {
            let (name, tokenizer) = (self.name.clone(), source.name().to_owned());
            return Err(GeneratorError::OtherCodes { name, codes, tokenizer, found });
        }
        self.tokenizer = Some(ChosenTokenizer { source, inside: false });
        Ok(())
    }

    /// Takes a tokenizer that happens to be at hand, if there is none yet and it has the right number of codes; whether it was
    /// taken. One inside that is broken is not replaced.
    pub fn offer_tokenizer(&mut self, tokenizer: impl Into<TokenizerSource>) -> bool {
        self.lacks_tokenizer() && self.use_tokenizer(tokenizer).is_ok()
    }

    /// Whether a tokenizer from outside is needed.
    #[must_use]
    pub fn lacks_tokenizer(&self) -> bool {
        self.tokenizer.is_none() && self.broken_inside.is_none()
    }

    /// The tokenizer that will draw its tokens.
    ///
    /// # Errors
    /// [`GeneratorError::NoTokenizer`], or [`GeneratorError::Weights`] where the one inside is broken.
    pub fn tokenizer(&self) -> Result<&TokenizerSource, GeneratorError> {
        Ok(&self.chosen_tokenizer()?.source)
    }

    /// How recipes name the tokenizer; none for the one inside, and where there is none. Its SHA-256 is known after
    /// [`load`](Self::load).
    #[must_use]
    pub fn recipe_tokenizer(&self) -> Option<RecipeTokenizer> {
        self.tokenizer.as_ref().and_then(ChosenTokenizer::in_recipe)
    }

    pub(super) fn chosen_tokenizer(&self) -> Result<&ChosenTokenizer, GeneratorError> {
        match (&self.tokenizer, &self.broken_inside) {
            (Some(chosen), _) => Ok(chosen),
            (None, Some(error)) => Err(error.clone().into()),
            (None, None) => {
                let codes = self.config().vocab_size;
                Err(GeneratorError::NoTokenizer { name: self.name.clone(), codes })
            }
        }
    }

    /// How the transformer's weights are to be stored on the device: as asked for, else as they are stored in the file where they
    /// are quantized, else as `usual`.
    ///
    /// # Errors
    /// [`GeneratorError::StoredPrecision`] for a precision that quantized weights do not have.
    pub fn precision(
        &self,
        asked: Option<TransformerPrecision>,
        usual: TransformerPrecision,
    ) -> Result<TransformerPrecision, GeneratorError> {
        match (self.weights.quantized(), asked) {
            (Some(stored), Some(asked)) if stored != asked => {
                Err(GeneratorError::StoredPrecision { name: self.name.clone(), stored, asked })
            }
            (Some(stored), _) => Ok(stored),
            (None, asked) => Ok(asked.unwrap_or(usual)),
        }
    }

    /// The transformer in one line: "scenes-ar · 8 layers of width 384 · 22.5 million parameters".
    #[must_use]
    pub fn line(&self) -> String {
        let (config, name) = (self.config(), &self.name);
        let TransformerConfig { n_layer, n_embd, .. } = config;
        let parameters = config.parameter_count() as f64 / 1e6;
        format!("{name} · {n_layer} layers of width {n_embd} · {parameters:.1} million parameters")
    }

    /// What it is, and the memory that it will need at a precision.
    #[must_use]
    pub fn describe(&self, device: &Device, precision: TransformerPrecision) -> GeneratorDescription {
        let config = self.config().clone();
        let names = self.classes().map(|classes| classes.all().iter().map(|class| class.name().to_owned()));
        GeneratorDescription {
            name: self.name.clone(),
            origin: self.model.origin().clone(),
            precision,
            parameters: config.parameter_count(),
            memory: Transformer::estimate(device, &config, precision),
            class_names: names.map(Iterator::collect),
            assumed: self.weights.assumed().to_vec(),
            tokenizer: self.tokenizer.as_ref().map(ChosenTokenizer::describe),
            config,
        }
    }

    /// The transformer alone on the device: it makes and scores tokens, but draws nothing.
    ///
    /// # Errors
    /// [`GeneratorError::Transformer`]: weights that cannot be read, no memory, cancelled.
    pub async fn load_transformer(
        &self,
        device: &Device,
        precision: TransformerPrecision,
        job: &Job,
    ) -> Result<Transformer, GeneratorError> {
        Ok(Transformer::load(device, &self.weights, precision, job).await?)
    }

    /// All of it on the device, the tokenizer first.
    ///
    /// # Errors
    /// [`GeneratorError`]: no tokenizer, weights that cannot be read, no memory, cancelled.
    pub async fn load(
        &self,
        device: &Device,
        precision: TransformerPrecision,
        job: &Job,
    ) -> Result<Generator, GeneratorError> {
        let chosen = self.chosen_tokenizer()?;
        job.stage("hash models");
        self.model.sha256(job).await?;
        if !chosen.inside {
            chosen.source.model().sha256(job).await?;
        }
        let tokenizer = chosen.source.load(device, job).await?;
        let transformer = self.load_transformer(device, precision, job).await?;
        Ok(Generator {
            path: self.model.origin().published(),
            sha256: self.model.known_sha256().map(str::to_owned),
            description: self.describe(device, precision),
            recipe_tokenizer: self.recipe_tokenizer(),
            names: self.names.clone(),
            transformer,
            tokenizer,
        })
    }
}
