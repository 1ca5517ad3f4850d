//! The program behind the window: the list of the panes, what reaches them, and what they ask for.

use std::time::Duration;

use egui::{CentralPanel, Frame, Ui};
use ibq_core::gpu::Gpu;

use super::{
    address::Address,
    command::Command,
    context::Shared,
    devices::Devices,
    files::{self, PathPrompt, PickedFile, Purpose},
    generate::Generate,
    host::{HostedPane, PaneHost, Services},
    keys::KeySection,
    lost_device::LostDevice,
    message::AppMessage,
    models::{self, ModelSource, ModelsEffect, ModelsEnvironment, ModelsMessage},
    notice::Notice,
    open_file::{Content, Item},
    owner::Owner,
    panes::Panes,
    reconstruct::Reconstruct,
    sample_pictures,
    selection::OpenPicture,
    shell::{self, ShellView},
    system::System,
    task::{Ended, OwnTasks, Tasks},
    theme::{self, Palette},
};

/// How often the window is drawn while work goes on, to show its progress.
const PROGRESS: Duration = Duration::from_millis(100);

/// Why there is no GPU.
const NO_GPU: &str = if cfg!(target_arch = "wasm32") {
    "This browser offers no WebGPU here."
} else {
    "This window is not drawn with wgpu, so there is no GPU to compute on."
};

/// All panes, in the order of the navigation and of the number keys.
pub(super) fn all_panes() -> Vec<Box<dyn HostedPane>> {
    vec![
        PaneHost::boxed(Reconstruct::default()),
        PaneHost::boxed(Generate::default()),
        PaneHost::boxed(System::default()),
    ]
}

/// The window's program.
pub struct Studio {
    pub(super) services: Services,
    pub(super) panes: Panes,
    help: bool,
    log: bool,
    pub(super) prompt: Option<PathPrompt>,
    lost: LostDevice,
    device_gone: bool,
    #[cfg(target_arch = "wasm32")]
    page: super::page_side::PageSide,
}

impl Studio {
    /// The program in a window: loads the bundled model and shows what it makes of the first sample picture.
    #[must_use]
    pub fn new(creation: &eframe::CreationContext<'_>) -> Self {
        let mut studio = Self::bare(creation);
        studio.start(&Address::default());
        studio
    }

    /// The program without its first steps: no model, no samples.
    #[must_use]
    pub fn bare(creation: &eframe::CreationContext<'_>) -> Self {
        Self::with_panes(creation, all_panes())
    }

    /// The program on a page; with `processor`, tokenizers run there.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn on_page(
        creation: &eframe::CreationContext<'_>,
        address: &Address,
        page: super::page_side::PageSide,
        processor: Option<ibq_core::device::Processor>,
    ) -> Self {
        let mut studio = Self { page, ..Self::bare(creation) };
        studio.services.shared.devices.processor = processor;
        if let Some(image) = address.url("image") {
            let fetch = move |_job| async { AppMessage::Read(super::open_file::fetch(image).await) };
            studio.own_tasks().start(format!("Fetch {}", address.get("image").unwrap_or_default()), fetch);
        }
        studio.start(address);
        studio
    }

    /// The program with these panes.
    pub(super) fn with_panes(
        creation: &eframe::CreationContext<'_>,
        panes: Vec<Box<dyn HostedPane>>,
    ) -> Self {
        theme::install(&creation.egui_ctx);
        let gpu = match &creation.wgpu_render_state {
            Some(render) => Ok(Gpu::share(&render.adapter, &render.device, &render.queue)),
            None => Err(NO_GPU.to_owned()),
        };
        if let Ok(gpu) = &gpu {
            let ctx = creation.egui_ctx.clone();
            gpu.on_loss(move || ctx.request_repaint());
        }
        Self {
            services: Services {
                shared: Shared::new(&creation.egui_ctx, Devices::of_window(gpu)),
                tasks: Tasks::new(&creation.egui_ctx),
                commands: Vec::new(),
            },
            panes: Panes::new(panes),
            help: false,
            log: false,
            prompt: None,
            lost: LostDevice::default(),
            device_gone: false,
            #[cfg(target_arch = "wasm32")]
            page: super::page_side::PageSide::default(),
        }
    }

    /// Loads the samples and the first model, and lets the panes begin.
    fn start(&mut self, address: &Address) {
        self.own_tasks().start_quietly(|_job| async { AppMessage::Samples(sample_pictures::load().await) });
        #[cfg(target_arch = "wasm32")]
        let source = address.url("model").map_or(ModelSource::Bundled, ModelSource::Url);
        #[cfg(not(target_arch = "wasm32"))]
        let source = ModelSource::Bundled;
        self.update_models(ModelsMessage::OpenAtOnce(source));
        self.panes.start(address, &mut self.services);
        self.settle();
    }

    /// Whether any work goes on, listed or not.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.services.tasks.busy()
    }

    /// The parameters of the page's address that repeat what is shown.
    #[must_use]
    pub fn link(&self) -> Vec<(String, String)> {
        self.panes.link().parameters().to_vec()
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn tell_loss_to(&mut self, lost: LostDevice) {
        self.lost = lost;
    }

    pub(super) fn own_tasks(&mut self) -> OwnTasks<'_, AppMessage> {
        self.services.tasks.of(Owner::App)
    }

    /// Does all that was asked for, until nothing more follows from it.
    fn settle(&mut self) {
        loop {
            self.panes.follow_selection(&mut self.services);
            if self.services.commands.is_empty() {
                break;
            }
            let command = self.services.commands.remove(0);
            self.obey(command);
        }
        #[cfg(target_arch = "wasm32")]
        self.page.follow(&self.panes.link());
    }

    /// Does what a pane or the shell asks for.
    fn obey(&mut self, command: Command) {
        match command {
            Command::Go(pane) => self.panes.go(pane, &mut self.services),
            Command::Open(item) => {
                self.panes.open(item, &mut self.services);
            }
            Command::Pick(purpose) => self.pick(purpose),
            Command::OpenCamera => self.open_camera(),
            Command::ChooseModel(slot) => self.update_models(ModelsMessage::Choose(slot)),
            Command::CloseModel(slot) => self.update_models(ModelsMessage::Close(slot)),
            Command::Dismiss(index) => self.services.shared.notices.dismiss(index),
            Command::Save(file) => {
                self.own_tasks().start_quietly(|_job| async { AppMessage::Saved(files::save(file).await) });
            }
            Command::Stop(task) => self.services.tasks.cancel(task),
            Command::SetTheme(preference) => self.services.shared.egui.set_theme(preference),
            Command::ToggleHelp => self.help = !self.help,
            Command::ToggleLog => self.log = !self.log,
        }
    }

    /// A task has ended: its message goes to its owner; that it has none is said, whoever owns it.
    fn task_ended(&mut self, ended: Ended) {
        let Some(message) = ended.message else {
            let what = match ended.title.as_str() {
                "" => "A job ended unexpectedly".to_owned(),
                title => format!("{title}: ended unexpectedly"),
            };
            let why = "this is an error in the program; the terminal may say more";
            self.services.shared.notices.push(Notice::error(what, why));
            self.services.shared.models.task_failed(ended.id);
            if let Owner::Pane(pane) = ended.owner {
                self.panes.task_failed(pane, ended.id);
            }
            return;
        };
        match ended.owner {
            Owner::Pane(pane) => self.panes.deliver(pane, message, &mut self.services),
            Owner::Models => {
                if let Ok(message) = message.downcast() {
                    self.update_models(*message);
                }
            }
            Owner::App => {
                if let Ok(message) = message.downcast() {
                    self.update(*message);
                }
            }
        }
    }

    /// Does what a message about models says, and what follows from it.
    pub(super) fn update_models(&mut self, message: ModelsMessage) {
        let Shared { devices, models, notices, selection, .. } = &mut self.services.shared;
        let mut effects = Vec::new();
        let mut environment = ModelsEnvironment {
            devices,
            notices,
            tasks: self.services.tasks.of(Owner::Models),
            picture_side: selection.picture().map(OpenPicture::longer_side),
            effects: &mut effects,
        };
        models.update(message, &mut environment);
        for effect in effects {
            match effect {
                ModelsEffect::PickFile => self.pick(Purpose::Model),
                ModelsEffect::Changed(slot) => self.panes.model_changed(slot, &mut self.services),
                ModelsEffect::Transformer(transformer) => {
                    let task = self.panes.open(Item::Transformer(transformer), &mut self.services);
                    self.update_models(ModelsMessage::LoadsTransformer(task));
                }
            }
        }
    }

    /// A lost device leaves nothing to draw with: say so where it can still be read.
    fn check_device(&mut self) {
        let lost = self.services.shared.devices.gpu.as_ref().ok().and_then(Gpu::lost);
        if let Some(reason) = lost.filter(|_| !self.device_gone) {
            self.report_lost_device(reason);
        }
    }

    pub(super) fn report_lost_device(&mut self, reason: String) {
        self.device_gone = true;
        let notice = Notice::error("The GPU was lost", format!("{reason}. Open the studio again"));
        self.services.shared.notices.push(notice);
        #[cfg(target_arch = "wasm32")]
        self.page.report_stop(&reason);
        self.lost.put(reason);
        self.services.shared.egui.send_viewport_cmd(egui::ViewportCommand::Close);
    }

    /// What was dropped on the window, pasted, or sent by the page. Returns whether there was anything.
    fn input_from_outside(&mut self) -> bool {
        let (dropped, pasted) = self.services.shared.egui.input(|input| {
            let pasted = input.events.iter().find_map(|event| match event {
                egui::Event::PasteImage(picture) => Some(picture.clone()),
                _ => None,
            });
            (input.raw.dropped_files.clone(), pasted)
        });
        let something = !dropped.is_empty() || pasted.is_some();
        for file in dropped.iter().filter_map(|file| PickedFile::dropped(file.as_ref())) {
            self.open_dropped(file);
        }
        if let Some(image) = pasted {
            let picture = OpenPicture::pasted(&image);
            self.open_content(picture.map(|picture| Content::Item(Item::Picture(Box::new(picture)))));
        }
        #[cfg(target_arch = "wasm32")]
        let something =
            self.page.take_inbox().into_iter().map(|read| self.open_content(read)).count() > 0 || something;
        something
    }

    /// Shows the dialogs that are open. Returns whether a person did something with them.
    fn show_dialogs(&mut self, ui: &Ui) -> bool {
        let Shared { devices, models, .. } = &mut self.services.shared;
        let mut messages = Vec::new();
        models::show_chooser(ui, models, devices, &self.services.tasks, &mut messages);
        let answer = files::show_prompt(ui, &mut self.prompt);
        let something = !messages.is_empty() || answer.is_some();
        messages.into_iter().for_each(|message| self.update_models(message));
        #[cfg(not(target_arch = "wasm32"))]
        match answer {
            Some((files::Wanted::Open(purpose), path)) => self.open_picked(purpose, PickedFile::new(path)),
            Some((files::Wanted::Save(file), path)) => {
                let write = move |_job| async move { AppMessage::Saved(files::write(path.as_ref(), &file)) };
                self.own_tasks().start_quietly(write);
            }
            None => {}
        }
        something
    }
}

impl eframe::App for Studio {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.check_device();
        for ended in self.services.tasks.collect() {
            self.task_ended(ended);
            self.settle();
        }
        self.panes.begin_frame(&mut self.services);
        self.settle();
        if self.is_busy() {
            ctx.request_repaint_after(PROGRESS);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let mut something = self.input_from_outside();
        self.settle();
        let tabs = self.panes.tabs();
        let theme = ui.options(|options| options.theme_preference);
        let sections = || shell::sections(&tabs, self.panes.count(), theme);
        let help = self.help.then(|| {
            let own = sections().iter().map(KeySection::help).collect::<Vec<_>>();
            own.into_iter().chain(self.panes.help()).collect::<Vec<_>>()
        });
        let dialog = self.services.shared.models.is_choosing() || self.prompt.is_some();
        let mut out = Vec::new();
        if shell::keyboard(ui, self.help, dialog, sections(), &mut out) {
            self.panes.press_keys(ui, &mut self.services);
        }
        let view = ShellView {
            shared: &self.services.shared,
            tasks: &self.services.tasks,
            tabs: &tabs,
            current: self.panes.current(),
            model: &self.panes.model_in_use(&self.services),
            help: self.help,
            log: self.log,
        };
        shell::show_around(ui, &view, &mut out);
        let panel = Frame::new().fill(Palette::of(ui).panel);
        let pane = CentralPanel::no_frame().frame(panel);
        something |= pane.show(ui, |ui| self.panes.show(ui, &mut self.services)).inner;
        something |= self.show_dialogs(ui);
        shell::show_over(ui, help.as_deref(), &mut out);
        something |= !(out.is_empty() && self.services.commands.is_empty());
        self.services.commands.append(&mut out);
        self.settle();
        if something {
            ui.ctx().request_repaint();
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
