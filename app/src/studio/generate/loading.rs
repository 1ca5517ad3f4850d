//! Opening and loading generators.

use ibq_core::{generator::Generator, transformer::TransformerPrecision};

use crate::studio::{
    failure::Failure,
    format::short_name,
    models::{ModelSource, Slot},
    notice::Notice,
    open_file::OpenedTransformer,
    task::TaskId,
};

use super::{
    board::Board,
    generator,
    inspection::Inspection,
    message::{Context, Message},
    state::Generate,
};

impl Generate {
    /// Loads the bundled generator when there is no other.
    pub(super) fn load_bundled(&mut self) {
        if self.bundled && self.generator.is_none() && self.loading.is_none() {
            self.next.get_or_insert(ModelSource::BundledGenerator);
        }
    }

    /// Opens a generator and loads it at once, in 32-bit floats.
    pub(super) fn open_generator(&mut self, source: ModelSource, context: &mut Context<'_>) {
        let title = source.title();
        let Ok(device) = context.shared.devices.for_models() else { return };
        let loaded = context.shared.models.get(Slot::First).map(|model| model.tokenizer.clone());
        let task = context.tasks.start(title, move |job| async move {
            let Some((name, model)) = source.open(&job).await else { return Message::NoGenerator };
            let generator = match model {
                Err(error) => Err(error.into()),
                Ok(model) => {
                    let precision = TransformerPrecision::F32;
                    generator::load(&device, &name, &model, precision, loaded, &job).await
                }
            };
            Message::Loaded(generator.map(Box::new), name)
        });
        self.loading = Some(task);
    }

    /// Loads a generator that the chooser describes.
    pub(super) fn load(
        &mut self,
        transformer: OpenedTransformer,
        context: &mut Context<'_>,
    ) -> Option<TaskId> {
        let device = context.shared.devices.for_models().ok()?;
        let loaded = context.shared.models.get(Slot::First).map(|model| model.tokenizer.clone());
        let OpenedTransformer { name, model, precision } = transformer;
        let title = format!("Load {}", short_name(&name));
        let task = context.tasks.start(title, move |job| async move {
            let generator = generator::load(&device, &name, &model, precision, loaded, &job).await;
            Message::Loaded(generator.map(Box::new), name)
        });
        self.loading = Some(task);
        Some(task)
    }

    /// A generator is on the device, or is not.
    pub(super) fn loaded(
        &mut self,
        generator: Result<Box<Generator>, Failure>,
        name: &str,
        context: &mut Context<'_>,
    ) {
        self.loading = None;
        context.shared.models.transformer_loaded(name, generator.is_ok());
        let generator = match generator {
            Ok(generator) => *generator,
            Err(failure) => return context.report(format!("{} was not loaded", short_name(name)), &failure),
        };
        if let Some(run) = self.run.take() {
            context.tasks.cancel(run.task);
        }
        for assumed in &generator.description().assumed {
            let what = format!("{} says too little about itself", short_name(generator.name()));
            context.notify(Notice::info(what, format!("taken to have {assumed}")));
        }
        self.board = Board { revision: self.board.revision, ..Board::default() };
        self.inspection = Inspection::default();
        let classes = generator.transformer.config().class_num;
        if let Some(text) = self.wanted_class.take() {
            match find_class(&generator, &text) {
                Ok(class) => self.settings.class = class,
                Err(notice) => context.notify(notice),
            }
        }
        self.settings.class = self.settings.class.min(classes - 1);
        self.settings.mixed = None;
        self.generator = Some(generator);
        context.show_pane();
        self.draw_gallery(context);
        let start = std::mem::take(&mut self.start_when_loaded);
        if let Some(recipe) = self.waiting.take() {
            self.restore(recipe, context);
        } else if start {
            self.start_samples(context);
        }
    }
}

/// The class that a text names, by name or number.
fn find_class(generator: &Generator, text: &str) -> Result<u32, Notice> {
    let count = generator.transformer.config().class_num;
    match (generator.classes().map(|classes| classes.resolve(text)), text.parse::<u32>()) {
        (Some(Ok(found)), _) => Ok(found.class.id),
        (Some(Err(reason)), _) => Err(Notice::error("No such class", reason)),
        (None, Ok(number)) if number < count => Ok(number),
        (None, _) => {
            Err(Notice::error("No such class", format!("this generator has classes 0 to {}", count - 1)))
        }
    }
}
