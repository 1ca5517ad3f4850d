//! What the messages about models do.

use ibq_core::{gpu::Precision, tokenizer::Tokenizer};

use crate::studio::{failure::Failure, format::short_name, open_file::OpenedTransformer, task::TaskId};

use super::{
    chooser_state::{Chooser, ChooserState},
    environment::ModelsEnvironment,
    loaded::{LoadedModel, Slot},
    message::{ModelsEffect, ModelsMessage},
    opened::OpenedModel,
    source::ModelSource,
    state::Models,
};

impl Models {
    /// Does what a message says.
    pub(crate) fn update(&mut self, message: ModelsMessage, environment: &mut ModelsEnvironment<'_>) {
        match message {
            ModelsMessage::Choose(slot) => self.choose(slot, environment),
            ModelsMessage::CloseChooser => self.close_chooser(environment),
            ModelsMessage::Open(source) => self.open(source, false, environment),
            ModelsMessage::OpenAtOnce(source) => self.open(source, true, environment),
            ModelsMessage::Opened { model, source, load } => self.opened(model, &source, load, environment),
            ModelsMessage::NoBundledModel => (self.loading, self.bundled) = (None, Some(false)),
            ModelsMessage::Load => self.load_chosen(environment),
            ModelsMessage::LoadsTransformer(task) => {
                if let (Some(chooser), Some(task)) = (&mut self.chooser, task) {
                    chooser.wait_for(task);
                }
            }
            ModelsMessage::Loaded(slot, model, name) => self.loaded(slot, model, &name, environment),
            ModelsMessage::Close(slot) => {
                self.loaded[slot as usize] = None;
                environment.effects.push(ModelsEffect::Changed(slot));
            }
            ModelsMessage::Digest => self.digest(environment),
            ModelsMessage::Digested(name, digests) => self.digested(&name, digests, environment),
            ModelsMessage::PickFile => environment.effects.push(ModelsEffect::PickFile),
            ModelsMessage::Stop(task) => environment.tasks.cancel(task),
            #[cfg(target_arch = "wasm32")]
            ModelsMessage::Kept(message) => self.update_kept(message, environment),
        }
    }

    /// Opens a model so that it can be described; `load` loads it at once, without the chooser.
    pub(super) fn open(&mut self, source: ModelSource, load: bool, environment: &mut ModelsEnvironment<'_>) {
        #[cfg(target_arch = "wasm32")]
        let origin = super::opened::Origin::of(&source);
        let title = source.title();
        let task = environment.tasks.start(title, move |job| async move {
            let Some((name, opened)) = source.open(&job).await else { return ModelsMessage::NoBundledModel };
            let model = opened
                .map(|model| {
                    let described = OpenedModel::describe(name.clone(), model);
                    #[cfg(target_arch = "wasm32")]
                    let described = OpenedModel { origin, ..described };
                    Box::new(described)
                })
                .map_err(Failure::from);
            ModelsMessage::Opened { model, source: name, load }
        });
        match &mut self.chooser {
            Some(chooser) if !load => chooser.state = ChooserState::Opening(task),
            _ => self.loading = Some(task),
        }
    }

    fn opened(
        &mut self,
        model: Result<Box<OpenedModel>, Failure>,
        source: &str,
        load: bool,
        environment: &mut ModelsEnvironment<'_>,
    ) {
        self.loading = None;
        match (model, &mut self.chooser) {
            (Ok(model), _) if load => {
                self.loading = self.load(Slot::First, &model, Precision::F32, environment);
            }
            (Ok(model), Some(chooser)) => chooser.state = ChooserState::Described(model),
            (Ok(_), None) => {}
            (Err(failure), chooser) => {
                if let Some(chooser) = chooser.as_mut().filter(|_| !load) {
                    chooser.state = ChooserState::Pick;
                }
                Self::failed(source, &failure, environment);
            }
        }
    }

    /// Loads what the chooser describes.
    fn load_chosen(&mut self, environment: &mut ModelsEnvironment<'_>) {
        let Some(chooser) = &mut self.chooser else { return };
        let (slot, precision) = (chooser.slot, chooser.precision);
        let transformer_precision = chooser.transformer_precision;
        let ChooserState::Described(model) = std::mem::replace(&mut chooser.state, ChooserState::Pick) else {
            return;
        };
        if model.transformer.is_some() {
            environment.effects.push(ModelsEffect::Transformer(OpenedTransformer {
                name: model.name.clone(),
                model: model.model.clone(),
                precision: transformer_precision,
            }));
            // Who loads it says which task does.
            chooser.state = ChooserState::Described(model);
        } else if let Some(task) = self.load(slot, &model, precision, environment)
            && let Some(chooser) = &mut self.chooser
        {
            chooser.state = ChooserState::Loading(task, model);
        }
    }

    /// Starts to load a tokenizer; none when that failed at once, which is then said.
    fn load(
        &mut self,
        slot: Slot,
        model: &OpenedModel,
        precision: Precision,
        environment: &mut ModelsEnvironment<'_>,
    ) -> Option<TaskId> {
        let device = environment.devices.for_models();
        let (weights, device) = match (model.weights.clone(), device) {
            (Ok(weights), Ok(device)) => (weights, device),
            (Err(reason), _) | (_, Err(reason)) => {
                Self::failed(&model.name, &Failure::Failed(reason), environment);
                return None;
            }
        };
        let (id, name) = (self.next_id(), model.name.clone());
        let title = format!("Load {}", short_name(&name));
        Some(environment.tasks.start(title, move |job| async move {
            job.stage("load weights");
            let loaded = Tokenizer::load(&device, &weights, precision, &job).await;
            let loaded = loaded.map(|tokenizer| {
                Box::new(LoadedModel { id, name: name.clone(), set: weights.set(), tokenizer })
            });
            ModelsMessage::Loaded(slot, loaded.map_err(Failure::from), name)
        }))
    }

    /// A model is on its device, or is not.
    fn loaded(
        &mut self,
        slot: Slot,
        model: Result<Box<LoadedModel>, Failure>,
        name: &str,
        environment: &mut ModelsEnvironment<'_>,
    ) {
        let of_chooser =
            self.chooser.as_ref().is_some_and(|chooser| chooser.slot == slot && chooser.is_loading(name));
        if !of_chooser {
            self.loading = None;
        }
        match model {
            Ok(model) => {
                self.loaded[slot as usize] = Some(*model);
                if of_chooser {
                    self.chooser = None;
                }
                environment.effects.push(ModelsEffect::Changed(slot));
            }
            Err(failure) => {
                if let Some(chooser) = self.chooser.as_mut().filter(|_| of_chooser) {
                    chooser.describe_again();
                }
                Self::failed(name, &failure, environment);
            }
        }
    }

    fn failed(name: &str, failure: &Failure, environment: &mut ModelsEnvironment<'_>) {
        environment.notices.extend(failure.notice(format!("{} was not loaded", short_name(name))));
    }

    fn choose(&mut self, slot: Slot, environment: &mut ModelsEnvironment<'_>) {
        self.chooser = Some(Chooser::new(slot, environment.picture_side));
        #[cfg(target_arch = "wasm32")]
        Self::list_kept(environment);
    }

    /// Closes the chooser and stops what it was doing.
    fn close_chooser(&mut self, environment: &mut ModelsEnvironment<'_>) {
        if let Some(task) = self.chooser.take().and_then(|chooser| chooser.task()) {
            environment.tasks.cancel(task);
        }
    }
}
