//! The program behind the window: collects what happened, changes the state, draws it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ibq_core::gpu::Gpu;

use super::{
    files::{self, PickedFile, Purpose},
    generate,
    message::{Failure, Message, Outbox},
    models::{ModelSource, Slot},
    notice::Notice,
    reconstruct, samples, shell,
    state::{Screen, State},
    system,
    task::Tasks,
    theme,
};

/// How often the window is drawn while work goes on, to show its progress.
const PROGRESS: Duration = Duration::from_millis(100);

/// Why the device was lost, told to who opened the window.
#[derive(Clone, Default)]
pub(crate) struct LostDevice(Arc<Mutex<Option<String>>>);

impl LostDevice {
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, reason: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }
}

/// The window's program.
pub struct Studio {
    pub(crate) state: State,
    pub(crate) tasks: Tasks,
    pub(crate) ctx: egui::Context,
    lost: LostDevice,
    gone: bool,
    #[cfg(target_arch = "wasm32")]
    inbox: std::rc::Rc<std::cell::RefCell<Vec<Message>>>,
    #[cfg(target_arch = "wasm32")]
    failed: Option<js_sys::Function>,
}

impl Studio {
    /// The program in a window: loads the bundled model and shows what it makes of the first sample picture.
    #[must_use]
    pub fn new(creation: &eframe::CreationContext<'_>) -> Self {
        let mut studio = Self::bare(creation);
        studio.tasks.start_quietly(|_job| samples::load());
        studio.open_model(ModelSource::Bundled, true);
        studio.state.generate.bundled = cfg!(bundled_generator);
        studio.read_gallery();
        studio
    }

    /// The program without its first steps: no model, no samples.
    #[must_use]
    pub fn bare(creation: &eframe::CreationContext<'_>) -> Self {
        theme::install(&creation.egui_ctx);
        let gpu = match &creation.wgpu_render_state {
            Some(render) => Ok(Gpu::share(&render.adapter, &render.device, &render.queue)),
            None => Err("this window is not drawn with wgpu, so there is no GPU to compute on".to_owned()),
        };
        if let Ok(gpu) = &gpu {
            let ctx = creation.egui_ctx.clone();
            gpu.on_loss(move || ctx.request_repaint());
        }
        Self {
            state: State::new(gpu),
            tasks: Tasks::new(&creation.egui_ctx),
            ctx: creation.egui_ctx.clone(),
            lost: LostDevice::default(),
            gone: false,
            #[cfg(target_arch = "wasm32")]
            inbox: Default::default(),
            #[cfg(target_arch = "wasm32")]
            failed: None,
        }
    }

    /// The program on a page.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn on_page(
        creation: &eframe::CreationContext<'_>,
        options: super::PageOptions,
        inbox: std::rc::Rc<std::cell::RefCell<Vec<Message>>>,
    ) -> Self {
        let mut studio = Self::bare(creation);
        studio.inbox = inbox;
        studio.failed = options.failed;
        if let Some(address) = options.image {
            studio.tasks.start(format!("Fetch {address}"), move |_job| reconstruct::fetch(address));
        }
        studio.tasks.start_quietly(|_job| samples::load());
        let source = options.model.map_or(ModelSource::Bundled, ModelSource::Url);
        studio.open_model(source, true);
        studio.state.generate.bundled = cfg!(bundled_generator);
        studio.read_gallery();
        let generate = &mut studio.state.generate;
        generate.settings.seed = options.seed.unwrap_or(generate.settings.seed);
        generate.start_when_loaded = options.class.is_some() || options.seed.is_some();
        generate.wanted_class = options.class;
        if let Some(address) = options.generator {
            studio.apply(Message::Generate(generate::GenerateMessage::Open(ModelSource::Url(address))));
        } else if studio.state.generate.start_when_loaded && studio.state.generate.bundled {
            studio.apply(Message::Go(Screen::Generate));
        }
        studio
    }

    /// Whether any work goes on, listed or not.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.tasks.busy()
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn tell_loss_to(&mut self, lost: LostDevice) {
        self.lost = lost;
    }

    /// Changes the state as a message says.
    pub(crate) fn apply(&mut self, message: Message) {
        match message {
            Message::Nothing => {}
            Message::Go(screen) => {
                self.state.screen = screen;
                if screen == Screen::Generate {
                    self.enter_generate();
                }
            }
            Message::Theme(preference) => self.ctx.set_theme(preference),
            Message::ToggleHelp => self.state.help = !self.state.help,
            Message::ToggleLog => self.state.log = !self.state.log,
            Message::Notice(notice) => self.state.notices.push(notice),
            Message::Dismiss(index) => self.state.notices.dismiss(index),
            Message::Cancel(task) => self.tasks.cancel(task),
            Message::TaskBroke(task, title) => self.task_broke(task, &title),

            Message::ChooseModel(slot) => self.choose_model(slot),
            Message::CloseChooser => self.close_chooser(),
            Message::OpenModel(source) => self.open_model(source, false),
            Message::ModelOpened { model, source, load } => self.model_opened(model, &source, load),
            Message::NoBundledModel => self.no_bundled_model(),
            Message::LoadModel => self.load_chosen_model(),
            Message::Digest => self.digest_model(),
            Message::Digested(name, digests) => self.model_digested(&name, digests),
            #[cfg(target_arch = "wasm32")]
            Message::Kept(command) => self.kept(command),
            Message::ModelLoaded(slot, model, name) => self.model_loaded(slot, model, &name),
            Message::CloseModel(slot) => {
                self.state.models.loaded[slot as usize] = None;
                self.state.reconstruct.forget_model(slot);
            }

            Message::Pick(purpose) => files::pick(&mut self.tasks, purpose),
            Message::Picked(purpose, file) => self.picked(&purpose, file),
            Message::NoDialog(purpose) => self.state.prompt = Some(files::PathPrompt::new(purpose)),
            Message::Saved(name) => self.state.notices.push(Notice::info("Saved", format!("as {name}"))),
            Message::Dropped(file) => self.dropped(file),
            Message::Samples(list) => self.samples(list),
            Message::OpenCamera => self.open_camera(),

            Message::PictureOpened(picture) => {
                self.state.screen = Screen::Reconstruct;
                self.picture_opened(picture);
            }
            Message::Run => Slot::BOTH.into_iter().for_each(|slot| self.run(slot)),
            Message::MeasureKernels => self.measure_kernels(),
            Message::Ran(slot, outcome) => self.ran(slot, outcome),
            Message::View(command) => self.state.reconstruct.view_command(&self.ctx, command),
            Message::Edit(command) => self.edit(command),
            Message::Decoded(decoded) => self.decoded(decoded),
            Message::Inspect(position) => self.inspect(position),
            Message::Detailed(detailed) => self.detailed(detailed),
            Message::WantHeatMap(key) => self.want_heat_map(key),
            Message::HeatMap(map) => self.heat_map(*map),
            Message::TokensRead(file) => self.tokens_read(file),
            Message::Export(what) => self.export(what),
            Message::Exported(Ok(ready)) => files::save(&mut self.tasks, *ready),
            Message::Exported(Err(notice)) => self.state.notices.push(notice),

            Message::Generate(message) => self.generate(message),
            Message::KeepGallery => self.keep_gallery(),

            Message::RunBench(side) => self.run_bench(side),
            Message::Benched(report) => self.benched(report),
        }
    }

    fn task_broke(&mut self, task: super::task::TaskId, title: &str) {
        let what = if title.is_empty() {
            "A job ended unexpectedly".to_owned()
        } else {
            format!("{title}: ended unexpectedly")
        };
        self.state
            .notices
            .push(Notice::error(what, "this is an error in the program; the terminal may say more"));
        if self.state.models.loading == Some(task) {
            self.state.models.loading = None;
        }
        self.state.models.chooser_broke(task);
        self.state.reconstruct.task_broke(task);
        self.state.generate.task_broke(task);
        self.state.system.task_broke(task);
    }

    fn picked(&mut self, purpose: &Purpose, file: PickedFile) {
        match purpose {
            Purpose::Picture => {
                self.tasks.start_quietly(move |_job| reconstruct::read_picture(file));
            }
            Purpose::Tokens => {
                self.tasks.start_quietly(move |_job| reconstruct::read_tokens(file));
            }
            Purpose::Model => self.open_model(ModelSource::File(file), false),
            Purpose::Save(_) => {}
        }
    }

    /// A dropped file is what its ending says; safetensors may hold tokens or a model.
    fn dropped(&mut self, file: PickedFile) {
        const LARGEST_TOKENS: u64 = 16 << 20;
        let name = file.name().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let small = file.len().is_some_and(|length| length <= LARGEST_TOKENS);
        if ends(&[".json", ".npy"]) || (ends(&[".safetensors"]) && small) {
            self.tasks.start_quietly(move |_job| reconstruct::read_tokens_or_model(file));
        } else if file.is_folder() || ends(&[".ckpt", ".safetensors", ".pt", ".pth", ".bin"]) {
            self.choose_model(Slot::First);
            self.open_model(ModelSource::File(file), false);
        } else {
            self.tasks.start_quietly(move |_job| reconstruct::read_picture_or_recipe(file));
            return;
        }
        self.state.screen = Screen::Reconstruct;
    }

    /// A lost device leaves nothing to draw with: say so where it can still be read.
    fn check_device(&mut self) {
        let Ok(gpu) = &self.state.gpu else { return };
        if self.gone {
            return;
        }
        if let Some(reason) = gpu.lost() {
            self.gone = true;
            self.lost.put(reason.clone());
            self.state
                .notices
                .push(Notice::error("The GPU was lost", format!("{reason}. Open the studio again")));
            #[cfg(target_arch = "wasm32")]
            if let Some(failed) = &self.failed {
                // The page shows this text instead of the canvas; there is nobody else to tell.
                let _ = failed.call1(&wasm_bindgen::JsValue::NULL, &reason.into());
            }
            self.ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    fn input_from_outside(&mut self, out: &mut Outbox) {
        #[cfg(target_arch = "wasm32")]
        out.append(&mut self.inbox.borrow_mut());
        let (dropped, pasted) = self.ctx.input(|input| {
            let pasted = input.events.iter().find_map(|event| match event {
                egui::Event::PasteImage(picture) => Some(picture.clone()),
                _ => None,
            });
            (input.raw.dropped_files.clone(), pasted)
        });
        out.extend(
            dropped.iter().filter_map(|file| PickedFile::dropped(file.as_ref())).map(Message::Dropped),
        );
        if let Some(picture) = pasted {
            out.push(reconstruct::pasted(&picture));
        }
    }
}

impl eframe::App for Studio {
    fn logic(&mut self, _ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.check_device();
        for message in self.tasks.collect() {
            self.apply(message);
        }
        self.follow_generation();
        if self.tasks.busy() {
            self.ctx.request_repaint_after(PROGRESS);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let mut out = Outbox::new();
        self.input_from_outside(&mut out);
        shell::keyboard(ui, &self.state, &mut out);
        shell::show(ui, &mut self.state, &self.tasks, &mut out, |ui, state, tasks, out| match state.screen {
            Screen::Reconstruct => reconstruct::show(ui, state, tasks, out),
            Screen::Generate => generate::show(ui, state, tasks, out),
            Screen::System => system::show(ui, state, tasks, out),
        });
        let something_happened = !out.is_empty();
        for message in out {
            self.apply(message);
        }
        if something_happened {
            self.ctx.request_repaint();
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    #[cfg(target_arch = "wasm32")]
    fn as_any_mut(&mut self) -> Option<&mut dyn std::any::Any> {
        Some(self)
    }
}

/// What a failed run says, unless it was asked to stop.
pub(crate) fn failure_notice(what: &str, failure: &Failure) -> Option<Notice> {
    match failure {
        Failure::Cancelled => None,
        Failure::Failed(reason) => Some(Notice::error(what, reason)),
    }
}
