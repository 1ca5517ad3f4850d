//! Pictures of a transformer, made by the engine.

use std::path::Path;

use ibq_core::{
    files::Model,
    gpu::{Gpu, GpuOptions, Precision},
    job::Job,
    tokenizer::{RunOptions, Tokenizer},
    transformer::{
        Condition, PictureRequest, Sampling, Transformer, TransformerPrecision, TransformerWeights,
    },
};
use image::RgbImage;

/// A transformer and its tokenizer in the engine.
#[derive(Debug)]
pub struct Generator {
    transformer: Transformer,
    tokenizer: Tokenizer,
    /// Names of the classes.
    pub class_names: Vec<String>,
}

/// Any failure of the engine.
pub type EngineError = Box<dyn std::error::Error>;

impl Generator {
    /// Opens a model folder with its tokenizer inside.
    ///
    /// # Errors
    /// Those of the engine: no GPU, another kind of model, no memory.
    pub fn open(folder: &Path, job: &Job) -> Result<Self, EngineError> {
        pollster::block_on(async {
            let gpu = Gpu::open(&GpuOptions::default()).await?;
            let model = Model::open_path(folder).await?;
            let weights = TransformerWeights::new(&model, None)?;
            let transformer = Transformer::load(&gpu, &weights, TransformerPrecision::F32, job).await?;
            let tokenizer = Tokenizer::load(&gpu, &model.tokenizer(None)?, Precision::F32, job).await?;
            let class_names = model.folder().map(|folder| folder.class_names.clone()).unwrap_or_default();
            Ok(Self { transformer, tokenizer, class_names })
        })
    }

    /// Classes of the model.
    #[must_use]
    pub fn classes(&self) -> u32 {
        self.transformer.config().class_num
    }

    /// `count` pictures of each of the classes, class after class.
    ///
    /// # Errors
    /// Those of the engine.
    pub fn pictures(
        &self,
        classes: &[u32],
        count: u32,
        sampling: Sampling,
        seed: u64,
        job: &Job,
    ) -> Result<Vec<RgbImage>, EngineError> {
        let request = |class: u32, number: u32| PictureRequest {
            condition: Condition::Class(class),
            sampling,
            seed,
            number: class * count + number,
            fixed: Vec::new(),
        };
        let requests: Vec<PictureRequest> =
            classes.iter().flat_map(|&class| (0..count).map(move |number| request(class, number))).collect();
        pollster::block_on(async {
            let grids = self.transformer.generate(&requests, job, |_| {}).await?;
            let mut pictures = Vec::new();
            for grids in grids.chunks(16) {
                pictures.extend(self.tokenizer.decode(grids, &RunOptions::default(), job).await?.pictures);
            }
            Ok(pictures)
        })
    }
}
