//! Everything that can happen, as values: what a person asks for and what a task brings back.

use egui::ThemePreference;
use ibq_core::{bench::BenchReport, gpu::Remedy, tokenizer::TokenizerError};

use super::{
    files::{PickedFile, Purpose},
    generate::GenerateMessage,
    models::{LoadedModel, ModelSource, OpenedModel, Slot},
    notice::Notice,
    reconstruct::{
        Decoded, Detailed, EditCommand, HeatKey, HeatMap, OpenPicture, Outcome, Ready, ViewCommand,
    },
    samples::Sample,
    state::Screen,
    task::TaskId,
};

/// What happened.
pub(crate) enum Message {
    /// Nothing came of it.
    Nothing,
    Go(Screen),
    Theme(ThemePreference),
    ToggleHelp,
    ToggleLog,
    Notice(Notice),
    Dismiss(usize),
    Cancel(TaskId),
    TaskBroke(TaskId, String),

    /// Opens the model chooser.
    ChooseModel(Slot),
    CloseChooser,
    OpenModel(ModelSource),
    /// A model was opened, so that it can be described; with `load` it is loaded at once.
    ModelOpened {
        model: Result<Box<OpenedModel>, Failure>,
        source: String,
        load: bool,
    },
    /// There is no bundled model.
    NoBundledModel,
    LoadModel,
    /// Computes the SHA-256 of the model that the chooser describes.
    Digest,
    /// Name of the model, and the digests of its files or why there are none.
    Digested(String, Result<Vec<String>, Failure>),
    #[cfg(target_arch = "wasm32")]
    Kept(super::models::KeptCommand),
    ModelLoaded(Slot, Result<Box<LoadedModel>, Failure>, String),
    CloseModel(Slot),

    Pick(Purpose),
    Picked(Purpose, PickedFile),
    /// No file dialog could be shown.
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a browser always has one"))]
    NoDialog(Purpose),
    Saved(String),
    /// A file that was dropped on the window: a picture, tokens or a model.
    Dropped(PickedFile),
    Samples(Vec<Sample>),
    /// Takes a picture with the camera of the browser.
    OpenCamera,

    PictureOpened(Result<Box<OpenPicture>, Notice>),
    /// Runs the models again, with the settings of now.
    Run,
    /// Runs the first model once more with a timer on every kernel.
    MeasureKernels,
    Ran(Slot, Result<Box<Outcome>, Failure>),
    View(ViewCommand),
    Edit(EditCommand),
    Decoded(Result<Box<Decoded>, Failure>),
    /// The pointer or the keyboard is at this token: what is known about it is wanted.
    Inspect(u32),
    Detailed(Result<Box<Detailed>, Failure>),
    WantHeatMap(HeatKey),
    HeatMap(Box<HeatMap>),
    TokensRead(Result<Box<ibq_core::tokens::TokenFile>, Notice>),
    Export(super::reconstruct::Export),
    Exported(Result<Box<Ready>, Notice>),

    /// What happens on the Generate screen.
    Generate(GenerateMessage),
    /// Stores the gallery and the favorites.
    KeepGallery,

    /// Runs the benchmark on a square picture of this side.
    RunBench(u32),
    Benched(Result<Box<BenchReport>, Failure>),
}

/// Why work ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its owner stopped it.
    Cancelled,
    /// Something went wrong; the text says what and what to do.
    Failed(String),
}

impl Failure {
    /// An error of the engine, with the settings that may help.
    pub(crate) fn with_advice(error: &dyn std::fmt::Display, remedy: Option<Remedy>) -> Self {
        Self::Failed(match remedy {
            None => error.to_string(),
            Some(Remedy::UseLessMemory) => {
                format!("{error}. Use a smaller picture or tiles, or load the model with a smaller precision")
            }
            Some(Remedy::UseF32) => format!("{error}. Load the model with the precision f32"),
        })
    }
}

impl From<TokenizerError> for Failure {
    fn from(error: TokenizerError) -> Self {
        match error {
            TokenizerError::Cancelled(_) => Self::Cancelled,
            error => Self::with_advice(&error, error.remedy()),
        }
    }
}

/// Messages that a view sends while it is drawn.
pub(crate) type Outbox = Vec<Message>;
