//! The model that is part of the program, so that the program can be carried alone.
//!
//! Which tokenizer it is says `assets/models/default.txt`, which generator `assets/models/generator.txt`.

use ibq_core::files::{Model, Source, WeightsError};

/// The program was built without a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no model ships with this build; give one with --model")]
pub struct NoBundledModel;

/// The two files of the bundled model's folder.
#[derive(Clone, Debug)]
pub struct BundledModel {
    /// Its name, for people.
    pub name: &'static str,
    /// Its `config.json`.
    pub config: Source,
    /// Its `model.safetensors`.
    pub weights: Source,
}

impl BundledModel {
    /// Opens it.
    ///
    /// # Errors
    /// [`WeightsError`] when it is damaged, which the tests rule out.
    pub async fn open(self) -> Result<Model, WeightsError> {
        Model::open_bundled(self.name, self.config, self.weights).await
    }
}

/// The bundled tokenizer.
///
/// # Errors
/// [`NoBundledModel`] when the program was built without one.
#[cfg(bundled_model)]
pub fn bundled_tokenizer() -> Result<BundledModel, NoBundledModel> {
    const CONFIG: &[u8] = include_bytes!(concat!(env!("IBQ_BUNDLED_MODEL_FOLDER"), "/config.json"));
    const WEIGHTS: &[u8] = include_bytes!(concat!(env!("IBQ_BUNDLED_MODEL_FOLDER"), "/model.safetensors"));
    Ok(BundledModel {
        name: env!("IBQ_BUNDLED_MODEL_NAME"),
        config: Source::memory("bundled config.json", CONFIG),
        weights: Source::memory("bundled model.safetensors", WEIGHTS),
    })
}

/// The bundled tokenizer.
///
/// # Errors
/// [`NoBundledModel`] when the program was built without one.
#[cfg(not(bundled_model))]
pub fn bundled_tokenizer() -> Result<BundledModel, NoBundledModel> {
    Err(NoBundledModel)
}

/// The bundled generator: an autoregressive transformer that draws with the bundled tokenizer.
#[must_use]
#[cfg(bundled_generator)]
pub fn bundled_generator() -> Option<BundledModel> {
    const CONFIG: &[u8] = include_bytes!(concat!(env!("IBQ_BUNDLED_GENERATOR_FOLDER"), "/config.json"));
    const WEIGHTS: &[u8] =
        include_bytes!(concat!(env!("IBQ_BUNDLED_GENERATOR_FOLDER"), "/model.safetensors"));
    Some(BundledModel {
        name: env!("IBQ_BUNDLED_GENERATOR_NAME"),
        config: Source::memory("bundled config.json of the generator", CONFIG),
        weights: Source::memory("bundled model.safetensors of the generator", WEIGHTS),
    })
}

/// The bundled generator, of which this build has none.
#[must_use]
#[cfg(not(bundled_generator))]
pub fn bundled_generator() -> Option<BundledModel> {
    None
}
