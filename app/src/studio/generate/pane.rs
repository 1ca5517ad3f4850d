//! Generate as a pane of the studio.

use egui::{Key, Ui};

use crate::studio::{
    address::Address,
    format::short_name,
    icons::Icon,
    keys::{KeySection, command, line, plain},
    models::Models,
    open_file::{Item, Kind},
    pane::{ModelInUse, Pane},
    task::TaskId,
};

use super::{
    message::{Context, Message, Outbox},
    screen,
    state::Generate,
};

impl Pane for Generate {
    type Message = Message;

    fn name(&self) -> &'static str {
        "Generate"
    }

    fn icon(&self) -> Icon {
        Icon::Generate
    }

    fn keys(&self) -> Vec<KeySection<Message>> {
        let lines = vec![
            line("G", "Generate, or stop", [(plain(Key::G), Message::StartOrStop)]),
            line("R", "The next seed", [(plain(Key::R), Message::Reroll)]),
            line("A", "All pictures", [(plain(Key::A), Message::Show(None))]),
            line("Ctrl S", "Save the picture", [(command(Key::S), Message::Save)]),
        ];
        vec![KeySection { heading: "Generate", lines, note: None }]
    }

    fn available(&self) -> bool {
        self.is_available()
    }

    fn accepts(&self, kind: Kind) -> bool {
        matches!(kind, Kind::Recipe | Kind::Transformer)
    }

    fn start(&mut self, address: &Address, context: &mut Context<'_>) {
        self.bundled = cfg!(bundled_generator);
        Self::read_gallery(context);
        let seed = address.get("seed").and_then(|seed| seed.parse().ok());
        self.settings.seed = seed.unwrap_or(self.settings.seed);
        self.wanted_class = address.get("class").map(str::to_owned);
        self.start_when_loaded = self.wanted_class.is_some() || seed.is_some();
        #[cfg(target_arch = "wasm32")]
        if let Some(generator) = address.url("generator") {
            self.next = Some(crate::studio::models::ModelSource::Url(generator));
            return;
        }
        if self.start_when_loaded && self.bundled {
            context.show_pane();
        }
    }

    fn enter(&mut self, _context: &mut Context<'_>) {
        self.load_bundled();
    }

    fn open(&mut self, item: Item, context: &mut Context<'_>) -> Option<TaskId> {
        match item {
            Item::Recipe(recipe) => {
                self.restore(recipe, context);
                None
            }
            Item::Transformer(transformer) => self.load(transformer, context),
            Item::Picture(_) | Item::Tokens(_) => None,
        }
    }

    fn update(&mut self, message: Message, context: &mut Context<'_>) {
        self.update(message, context);
    }

    fn show(&mut self, ui: &mut Ui, context: &Context<'_>, out: &mut Outbox) {
        screen::show(ui, self, context, out);
    }

    fn begin_frame(&mut self, visible: bool, context: &mut Context<'_>) {
        self.follow_run(visible, context);
    }

    fn task_failed(&mut self, task: TaskId) {
        self.loading.take_if(|loading| *loading == task);
        self.run.take_if(|run| run.task == task);
        if let Some(run) = &mut self.run {
            run.drawing_failed(task);
        }
        if self.inspection.insight_run.failed(task) {
            self.inspection.failed = self.shown().map(|sample| sample.revision);
        }
        self.inspection.patch_run.failed(task);
    }

    fn model_in_use(&self, models: &Models) -> ModelInUse {
        let own = self.generator.as_ref().map(|generator| {
            let precision = generator.transformer.precision().name().to_owned();
            (short_name(generator.name()).to_owned(), precision)
        });
        ModelInUse { loading: self.loading, loaded: own.or(ModelInUse::tokenizer(models).loaded) }
    }

    fn link(&self, address: &mut Address) {
        if let Some((class, seed)) = &self.link {
            address.set("class", class);
            address.set("seed", seed.to_string());
        }
    }
}
