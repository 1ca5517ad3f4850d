//! Opening and loading generators.

use ibq_core::{files::Model, generator::Generator, transformer::TransformerPrecision};

use crate::studio::{
    app::{Studio, failure_notice},
    message::{Failure, Message},
    models::{ModelSource, Slot, short_name},
    notice::Notice,
    state::Screen,
    task::TaskId,
};

use super::{Board, GenerateMessage, Looking, generator};

impl Studio {
    /// The screen is opened: the bundled generator is loaded when there is no other.
    pub(crate) fn enter_generate(&mut self) {
        let generate = &self.state.generate;
        if generate.bundled && generate.generator.is_none() && generate.loading.is_none() {
            self.state.generate.next.get_or_insert(ModelSource::BundledGenerator);
        }
    }

    /// Opens a generator and loads it at once, in 32-bit floats.
    pub(super) fn open_generator(&mut self, source: ModelSource) {
        let title = source.title();
        let Some(gpu) = self.state.gpu.as_ref().ok().cloned() else { return };
        let loaded = self.state.models.get(Slot::First).map(|model| model.tokenizer.clone());
        let task = self.tasks.start(title, move |job| async move {
            let Some((name, model)) = source.open().await else { return Message::Nothing };
            let generator = match model {
                Err(error) => Err(Failure::Failed(error.to_string())),
                Ok(model) => {
                    let precision = TransformerPrecision::F32;
                    generator::load(&gpu, &name, &model, precision, loaded, &job).await
                }
            };
            Message::Generate(GenerateMessage::Loaded(generator.map(Box::new), name))
        });
        self.state.generate.loading = Some(task);
    }

    /// Loads a generator that the chooser describes.
    pub(crate) fn load_generator(
        &mut self,
        name: String,
        model: Model,
        precision: TransformerPrecision,
    ) -> Option<TaskId> {
        let gpu = self.state.gpu.as_ref().ok().cloned()?;
        let loaded = self.state.models.get(Slot::First).map(|model| model.tokenizer.clone());
        let title = format!("Load {}", short_name(&name));
        let task = self.tasks.start(title, move |job| async move {
            let generator = generator::load(&gpu, &name, &model, precision, loaded, &job).await;
            Message::Generate(GenerateMessage::Loaded(generator.map(Box::new), name))
        });
        self.state.generate.loading = Some(task);
        Some(task)
    }

    pub(super) fn generator_loaded(&mut self, generator: Result<Box<Generator>, Failure>, name: &str) {
        let of_chooser = self.state.models.chooser.as_ref().is_some_and(|chooser| chooser.is_loading(name));
        let generate = &mut self.state.generate;
        generate.loading = None;
        let generator = match generator {
            Ok(generator) => *generator,
            Err(failure) => {
                if of_chooser {
                    self.chooser_failed();
                }
                let what = format!("{} was not loaded", short_name(name));
                let notice = failure_notice(&what, &failure);
                return notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        };
        if of_chooser {
            self.state.models.chooser = None;
        }
        let generate = &mut self.state.generate;
        if let Some(living) = generate.living.take() {
            self.tasks.cancel(living.task);
        }
        for assumed in &generator.description().assumed {
            let what = format!("{} says too little about itself", short_name(generator.name()));
            self.state.notices.push(Notice::info(what, format!("taken to have {assumed}")));
        }
        generate.board = Board { revision: generate.board.revision, ..Board::default() };
        generate.looking = Looking::default();
        let classes = generator.transformer.config().class_num;
        let settings = &mut generate.settings;
        if let Some(text) = generate.wanted_class.take() {
            let found = generator.classes().map(|classes| classes.resolve(&text));
            match (found, text.parse::<u32>()) {
                (Some(Ok(found)), _) => settings.class = found.class.id,
                (None, Ok(number)) if number < classes => settings.class = number,
                (Some(Err(reason)), _) => self.state.notices.push(Notice::error("No such class", reason)),
                (None, _) => {
                    let reason = format!("this generator has classes 0 to {}", classes - 1);
                    self.state.notices.push(Notice::error("No such class", reason));
                }
            }
        }
        settings.class = settings.class.min(classes - 1);
        settings.mixed = None;
        generate.generator = Some(generator);
        self.state.screen = Screen::Generate;
        self.draw_gallery();
        let start = std::mem::take(&mut self.state.generate.start_when_loaded);
        if let Some(recipe) = self.state.generate.waiting.take() {
            self.restore_recipe(recipe);
        } else if start {
            self.start_pictures();
        }
    }
}
