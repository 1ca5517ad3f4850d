//! Where a model comes from.

use ibq_core::{
    files::{Model, WeightsError},
    job::Job,
};

use crate::studio::files::PickedFile;
#[cfg(target_arch = "wasm32")]
use crate::studio::format::short_name;

use super::bundled::{bundled_generator, bundled_tokenizer};

/// Where a model comes from.
pub(crate) enum ModelSource {
    /// The tokenizer that ships with the program.
    Bundled,
    /// The generator that ships with the program.
    BundledGenerator,
    File(PickedFile),
    /// An address; natively models are files.
    #[cfg(target_arch = "wasm32")]
    Url(String),
}

impl ModelSource {
    /// What opening it is called in the list of jobs.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Bundled => "Open the bundled model".to_owned(),
            Self::BundledGenerator => "Open the generator".to_owned(),
            Self::File(file) => format!("Open {}", file.name()),
            #[cfg(target_arch = "wasm32")]
            Self::Url(url) => format!("Open {}", short_name(url)),
        }
    }

    /// Opens it: its name, and the model or why it cannot be opened; none where nothing is bundled. Cancelling the job ends
    /// the waiting for a server at once.
    pub(crate) async fn open(self, job: &Job) -> Option<(String, Result<Model, WeightsError>)> {
        let title = self.title();
        match job.run(self.open_to_the_end()).await {
            Ok(opened) => opened,
            Err(cancelled) => Some((title, Err(cancelled.into()))),
        }
    }

    async fn open_to_the_end(self) -> Option<(String, Result<Model, WeightsError>)> {
        match self {
            Self::Bundled => bundled_tokenizer().await,
            Self::BundledGenerator => bundled_generator().await,
            Self::File(file) => Some((file.full_name(), open_file(&file).await)),
            #[cfg(target_arch = "wasm32")]
            Self::Url(url) => {
                let model = Model::open_url(&url).await;
                Some((url, model))
            }
        }
    }
}

/// Opens a model file or folder that somebody chose.
async fn open_file(file: &PickedFile) -> Result<Model, WeightsError> {
    #[cfg(not(target_arch = "wasm32"))]
    return Model::open_path(file.path()).await;
    #[cfg(target_arch = "wasm32")]
    Model::open(file.source()).await
}
