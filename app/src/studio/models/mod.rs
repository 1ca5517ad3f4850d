//! The models: opening, describing, loading; the chooser.

mod chooser;
mod digest;
#[cfg(target_arch = "wasm32")]
mod kept;
mod update;

use ibq_core::{
    files::{Model, ModelKind, TokenizerWeights, WeightSet, WeightsError},
    gpu::{Gpu, Precision},
    tokenizer::{Tiling, Tokenizer},
    transformer::{TransformerPrecision, TransformerWeights},
};

use super::{files::PickedFile, message::Failure, samples, task::TaskId};

pub(crate) use chooser::show as show_chooser;
pub(crate) use digest::Digested;
#[cfg(target_arch = "wasm32")]
pub(crate) use kept::KeptCommand;
pub(crate) use update::open_file;

/// Which of the two models that can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The one that is always there.
    #[default]
    First,
    /// The one beside it.
    Second,
}

impl Slot {
    pub(crate) const BOTH: [Self; 2] = [Self::First, Self::Second];
}

/// Where a model comes from.
pub(crate) enum ModelSource {
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

    /// Opens it: its name, and the model or why it cannot be opened; none where nothing is bundled.
    pub(crate) async fn open(self) -> Option<(String, Result<Model, WeightsError>)> {
        match self {
            Self::Bundled => samples::bundled_model().await,
            Self::BundledGenerator => samples::bundled_generator().await,
            Self::File(file) => Some((file.full_name(), open_file(&file).await)),
            #[cfg(target_arch = "wasm32")]
            Self::Url(url) => {
                let model = Model::open_url(&url).await;
                Some((url, model))
            }
        }
    }
}

/// A model whose directory was read and that is not on the GPU yet.
pub(crate) struct OpenedModel {
    pub(crate) name: String,
    pub(crate) kind: ModelKind,
    pub(crate) sets: Vec<WeightSet>,
    pub(crate) model: Model,
    /// The tokenizer in it with the chosen set of weights, or why there is none.
    pub(crate) weights: Result<TokenizerWeights, String>,
    /// The transformer in it, or why it cannot be used; none where there is none.
    pub(crate) transformer: Option<Result<TransformerWeights, String>>,
    /// SHA-256 of its files, once asked for.
    pub(crate) digest: Digested,
    /// Where it can be copied from, to be kept in the browser.
    #[cfg(target_arch = "wasm32")]
    pub(crate) origin: Option<kept::Origin>,
}

impl OpenedModel {
    /// Reads what the file says about itself.
    pub(crate) fn describe(model: Model) -> Self {
        Self {
            name: model.name().to_owned(),
            kind: model.kind(),
            sets: model.available().to_vec(),
            weights: model.tokenizer(None).map_err(|error| error.to_string()),
            transformer: (model.kind() == ModelKind::Transformer)
                .then(|| TransformerWeights::new(&model, None).map_err(|error| error.to_string())),
            model,
            digest: Digested::default(),
            #[cfg(target_arch = "wasm32")]
            origin: None,
        }
    }

    fn use_set(&mut self, set: WeightSet) {
        self.weights = self.model.tokenizer(Some(set)).map_err(|error| error.to_string());
    }
}

/// A tokenizer on the GPU.
#[derive(Clone)]
pub(crate) struct LoadedModel {
    /// Counts up with every model that is loaded.
    pub(crate) id: u64,
    /// Path or address.
    pub(crate) name: String,
    pub(crate) set: WeightSet,
    pub(crate) tokenizer: Tokenizer,
}

impl LoadedModel {
    /// The last part of its path.
    pub(crate) fn short_name(&self) -> &str {
        short_name(&self.name)
    }
}

/// The last part of a path or address, without the ending of a file.
pub(crate) fn short_name(name: &str) -> &str {
    let last = name.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.').map_or(last, |(stem, _)| if stem.is_empty() { last } else { stem })
}

/// "EMA" or "raw".
pub(crate) fn set_name(set: WeightSet) -> &'static str {
    match set {
        WeightSet::Ema => "EMA",
        WeightSet::Raw => "raw",
    }
}

/// "f32" or "f16".
pub(crate) fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "f32",
        Precision::F16 => "f16",
    }
}

/// Sides of pictures, in pixels, for which memory is estimated.
const SIDES: [u32; 4] = [256, 512, 1024, 2048];

/// What the chooser is doing.
pub(crate) enum Stage {
    /// A source is to be picked.
    Pick,
    Opening(TaskId),
    Described(Box<OpenedModel>),
    Loading(TaskId, Box<OpenedModel>),
}

/// The dialog that opens and loads a model.
pub(crate) struct Chooser {
    pub(crate) slot: Slot,
    pub(crate) stage: Stage,
    pub(crate) path: String,
    pub(crate) precision: Precision,
    /// How the weights of a transformer are stored.
    pub(crate) transformer_precision: TransformerPrecision,
    /// Side of the square picture for which memory is estimated, in pixels.
    pub(crate) side: u32,
    /// What can be chosen for it.
    pub(crate) sides: Vec<u32>,
}

impl Chooser {
    /// A chooser that estimates memory for the current picture at first; `picture` is its longer side.
    pub(crate) fn new(slot: Slot, picture: Option<u32>) -> Self {
        let side = picture.map_or(SIDES[0], |side| side.clamp(64, 4096));
        let mut sides = SIDES.to_vec();
        sides.push(side);
        sides.sort_unstable();
        sides.dedup();
        Self {
            slot,
            stage: Stage::Pick,
            path: String::new(),
            precision: Precision::F32,
            transformer_precision: TransformerPrecision::F16,
            side,
            sides,
        }
    }

    /// Whether the chooser is what waits for the model of this name.
    pub(crate) fn is_loading(&self, name: &str) -> bool {
        matches!(&self.stage, Stage::Loading(_, model) if model.name == name)
    }

    /// Memory for the model that is described, as text: weights and activations.
    fn estimate(&self, gpu: &Gpu, weights: &TokenizerWeights) -> Result<(u64, u64, bool), String> {
        let config = weights.config();
        let side = self.side.next_multiple_of(config.factor());
        let plan = Tokenizer::estimate(gpu, config, self.precision, (side, side), 1, Tiling::Auto)
            .map_err(|error| error.to_string())?;
        Ok((plan.weights, plan.activations, plan.tiles.is_some()))
    }
}

/// The models of the window.
#[derive(Default)]
pub(crate) struct Models {
    pub(crate) loaded: [Option<LoadedModel>; 2],
    pub(crate) chooser: Option<Chooser>,
    /// The model being loaded without the chooser: at the start, or dropped on the window.
    pub(crate) loading: Option<TaskId>,
    /// Whether there is a bundled model; unknown until it was looked for.
    pub(crate) bundled: Option<bool>,
    pub(crate) last_failure: Option<Failure>,
    /// What is kept in the browser, once known.
    #[cfg(target_arch = "wasm32")]
    pub(crate) kept: Option<Result<crate::web::store::Listing, String>>,
    count: u64,
}

impl Models {
    pub(crate) fn get(&self, slot: Slot) -> Option<&LoadedModel> {
        self.loaded[slot as usize].as_ref()
    }

    fn next_id(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::{Chooser, Slot, short_name};

    #[test]
    fn the_side_of_the_current_picture_is_among_the_choices() {
        for (picture, side, count) in
            [(None, 256, 4), (Some(512), 512, 4), (Some(640), 640, 5), (Some(9000), 4096, 5)]
        {
            let chooser = Chooser::new(Slot::Second, picture);
            assert_eq!((chooser.side, chooser.sides.len()), (side, count));
            assert!(chooser.sides.contains(&side) && chooser.sides.is_sorted());
        }
    }

    #[test]
    fn the_short_name_is_the_last_part_without_its_ending() {
        for (name, short) in [
            ("/a/b/imagenet.ckpt", "imagenet"),
            ("models/ibq/", "ibq"),
            ("C:\\x\\y.safetensors", "y"),
            ("https://example.org/m/", "m"),
            (".hidden", ".hidden"),
            ("", ""),
        ] {
            assert_eq!(short_name(name), short);
        }
    }
}
