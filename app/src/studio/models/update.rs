//! What the messages about models do.

use ibq_core::{
    files::{Model, WeightsError},
    gpu::Precision,
    tokenizer::Tokenizer,
};

use crate::studio::{
    app::Studio,
    files::PickedFile,
    message::{Failure, Message},
    notice::Notice,
    task::TaskId,
};

use super::{Chooser, LoadedModel, ModelSource, Models, OpenedModel, Slot, Stage, short_name};

impl Studio {
    /// Opens a model so that it can be described; `load` loads it at once, without the chooser.
    pub(crate) fn open_model(&mut self, source: ModelSource, load: bool) {
        #[cfg(target_arch = "wasm32")]
        let origin = super::kept::Origin::of(&source);
        let title = source.title();
        let task = self.tasks.start(title, move |_job| async move {
            let Some((name, opened)) = source.open().await else { return Message::NoBundledModel };
            let model = opened
                .map(|model| {
                    let described = OpenedModel::describe(model);
                    Box::new(OpenedModel {
                        name: name.clone(),
                        #[cfg(target_arch = "wasm32")]
                        origin,
                        ..described
                    })
                })
                .map_err(|error| Failure::Failed(error.to_string()));
            Message::ModelOpened { model, source: name, load }
        });
        match &mut self.state.models.chooser {
            Some(chooser) if !load => chooser.stage = Stage::Opening(task),
            _ => self.state.models.loading = Some(task),
        }
    }

    /// A model was opened.
    pub(crate) fn model_opened(
        &mut self,
        model: Result<Box<OpenedModel>, Failure>,
        source: &str,
        load: bool,
    ) {
        let models = &mut self.state.models;
        models.loading = None;
        match (model, &mut models.chooser) {
            (Ok(model), _) if load => {
                let task = self.load_model(Slot::First, &model, Precision::F32);
                self.state.models.loading = task;
            }
            (Ok(model), Some(chooser)) => chooser.stage = Stage::Described(model),
            (Ok(_), None) => {}
            (Err(failure), chooser) => {
                if let Some(chooser) = chooser.as_mut().filter(|_| !load) {
                    chooser.stage = Stage::Pick;
                }
                self.model_failed(source, &failure);
            }
        }
    }

    /// Loads what the chooser describes.
    pub(crate) fn load_chosen_model(&mut self) {
        let Some(chooser) = &mut self.state.models.chooser else { return };
        let (slot, precision) = (chooser.slot, chooser.precision);
        let transformer_precision = chooser.transformer_precision;
        if let Stage::Described(model) = std::mem::replace(&mut chooser.stage, Stage::Pick) {
            let task = if model.transformer.is_some() {
                let (name, file) = (model.name.clone(), model.model.clone());
                self.load_generator(name, file, transformer_precision)
            } else {
                self.load_model(slot, &model, precision)
            };
            if let (Some(task), Some(chooser)) = (task, &mut self.state.models.chooser) {
                chooser.stage = Stage::Loading(task, model);
            }
        }
    }

    /// Starts to load a tokenizer; none when that failed at once, which is then said.
    fn load_model(&mut self, slot: Slot, model: &OpenedModel, precision: Precision) -> Option<TaskId> {
        let weights = match &model.weights {
            Ok(weights) => weights.clone(),
            Err(reason) => {
                let failure = Failure::Failed(reason.clone());
                self.model_failed(&model.name, &failure);
                return None;
            }
        };
        let gpu = match &self.state.gpu {
            Ok(gpu) => gpu.clone(),
            Err(reason) => {
                let failure = Failure::Failed(reason.clone());
                self.model_failed(&model.name, &failure);
                return None;
            }
        };
        let (id, name) = (self.state.models.next_id(), model.name.clone());
        let title = format!("Load {}", short_name(&name));
        Some(self.tasks.start(title, move |job| async move {
            job.stage("load weights");
            let loaded = Tokenizer::load(&gpu, &weights, precision, &job).await;
            let loaded = loaded.map(|tokenizer| {
                Box::new(LoadedModel { id, name: name.clone(), set: weights.set(), tokenizer })
            });
            Message::ModelLoaded(slot, loaded.map_err(Failure::from), name)
        }))
    }

    /// A model is on the GPU, or is not.
    pub(crate) fn model_loaded(&mut self, slot: Slot, model: Result<Box<LoadedModel>, Failure>, name: &str) {
        let models = &mut self.state.models;
        let of_chooser =
            models.chooser.as_ref().is_some_and(|chooser| chooser.slot == slot && chooser.is_loading(name));
        if !of_chooser {
            models.loading = None;
        }
        match model {
            Ok(model) => {
                models.loaded[slot as usize] = Some(*model);
                if of_chooser {
                    models.chooser = None;
                }
                self.state.reconstruct.forget_model(slot);
                self.run(slot);
            }
            Err(failure) => {
                if of_chooser {
                    self.chooser_failed();
                }
                self.model_failed(name, &failure);
            }
        }
    }

    /// What the chooser was loading failed: it shows the description again.
    pub(crate) fn chooser_failed(&mut self) {
        if let Some(chooser) = &mut self.state.models.chooser
            && let Stage::Loading(_, model) = std::mem::replace(&mut chooser.stage, Stage::Pick)
        {
            chooser.stage = Stage::Described(model);
        }
    }

    fn model_failed(&mut self, name: &str, failure: &Failure) {
        self.state.models.last_failure = Some(failure.clone());
        if let Failure::Failed(reason) = failure {
            self.state.notices.push(Notice::error(format!("{} was not loaded", short_name(name)), reason));
        }
    }

    /// Opens the chooser.
    pub(crate) fn choose_model(&mut self, slot: Slot) {
        let picture = self.state.reconstruct.picture.as_ref();
        let side = picture.map(|picture| picture.rgb.width().max(picture.rgb.height()));
        self.state.models.chooser = Some(Chooser::new(slot, side));
        #[cfg(target_arch = "wasm32")]
        self.list_kept();
    }

    /// Closes the chooser and stops what it was doing.
    pub(crate) fn close_chooser(&mut self) {
        if let Some(chooser) = self.state.models.chooser.take()
            && let Stage::Opening(task) | Stage::Loading(task, _) = chooser.stage
        {
            self.tasks.cancel(task);
        }
    }
}

/// Opens a model file or folder that somebody chose.
pub(crate) async fn open_file(file: &PickedFile) -> Result<Model, WeightsError> {
    #[cfg(not(target_arch = "wasm32"))]
    return Model::open_path(file.path()).await;
    #[cfg(target_arch = "wasm32")]
    Model::open(file.source()).await
}

impl Models {
    /// A task ended without a result: if it was the chooser's, it goes back to the choice.
    pub(crate) fn chooser_broke(&mut self, task: TaskId) {
        if let Some(chooser) = &mut self.chooser
            && let Stage::Opening(running) | Stage::Loading(running, _) = &chooser.stage
            && *running == task
        {
            chooser.stage = Stage::Pick;
        }
    }
}
