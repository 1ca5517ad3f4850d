//! Drives a studio that is drawn into memory, the way a person does: by what is written on it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use egui::{Event, Key, Modifiers, Rect, Theme, Vec2, vec2};
use egui_kittest::{
    Harness, SnapshotOptions,
    kittest::{NodeT as _, Queryable as _},
};
use ibq_studio::studio::{Studio, graphics};

/// A usual window.
pub(crate) const DESK: Vec2 = vec2(1280.0, 800.0);
/// A phone.
pub(crate) const PHONE: Vec2 = vec2(360.0, 780.0);

/// Longest wait for something to appear: a software GPU on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(240);

/// What differs from run to run or from machine to machine, by the start of its name.
const CHANGING: [&str; 5] = ["Encode: ", "Lookup: ", "Decode: ", "In use: ", "Peak: "];

pub(crate) struct Driver {
    pub(crate) harness: Harness<'static, Studio>,
    folder: PathBuf,
}

/// A file as the window system drops it.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

impl Driver {
    /// A studio without a model and without samples, on the software adapter where there is one.
    pub(crate) fn new() -> Self {
        Self::start(Studio::bare)
    }

    /// The studio as it starts: with the bundled model and the samples.
    pub(crate) fn with_bundled_model() -> Self {
        Self::start(Studio::new)
    }

    fn start(studio: fn(&eframe::CreationContext<'_>) -> Studio) -> Self {
        let mut setup = graphics().wgpu_setup;
        if let eframe::egui_wgpu::WgpuSetup::CreateNew(new) = &mut setup {
            new.native_adapter_selector = Some(Arc::new(|adapters, _| {
                let software =
                    |adapter: &&wgpu::Adapter| adapter.get_info().device_type == wgpu::DeviceType::Cpu;
                let chosen = adapters.iter().find(software).or(adapters.first());
                chosen.cloned().ok_or_else(|| "no adapter".to_owned())
            }));
        }
        let harness = Harness::builder()
            .with_size(DESK)
            .with_theme(Theme::Dark)
            .with_render_cursor(false)
            .with_max_steps(64)
            .wgpu_setup(setup)
            .build_eframe(|creation| studio(creation));
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("studio-{:?}", std::thread::current().id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut driver = Self { harness, folder };
        driver.theme(Theme::Dark);
        driver
    }

    pub(crate) fn step(&mut self) {
        self.harness.step();
    }

    pub(crate) fn theme(&mut self, theme: Theme) {
        self.harness.ctx.set_theme(theme);
        self.settle();
    }

    pub(crate) fn resize(&mut self, size: Vec2) {
        self.harness.set_size(size);
        self.settle();
    }

    /// Draws some times, so that what needs the size of the last time has it.
    fn settle(&mut self) {
        for _ in 0..4 {
            self.step();
        }
    }

    /// Writes a file for the test.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Where the test's files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Both themes at both sizes.
    pub(crate) fn snapshots(&mut self, name: &str) {
        for (size_name, size) in [("desk", DESK), ("phone", PHONE)] {
            self.resize(size);
            for (theme_name, theme) in [("dark", Theme::Dark), ("light", Theme::Light)] {
                self.theme(theme);
                self.snapshot(&format!("{name}-{size_name}-{theme_name}"));
            }
        }
        self.theme(Theme::Dark);
        self.resize(DESK);
    }

    /// Writes a picture of some waves.
    pub(crate) fn picture(&self, name: &str, width: u32, height: u32) -> PathBuf {
        let wave = |x: f32, y: f32, phase: f32| {
            (((x * 0.06 + phase).sin() + (y * 0.045 - phase).cos()) * 60.0 + 128.0) as u8
        };
        let rgb = image::RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32, y as f32);
            image::Rgb([wave(x, y, 0.0), wave(y, x, 1.0), wave(x + y, y, 2.5)])
        });
        self.file(name, &ibq_core::picture::encode_png(&rgb).unwrap())
    }

    /// Drops a file on the window.
    pub(crate) fn drop(&mut self, path: &Path) {
        self.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_owned())));
        self.step();
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Harness<'static, Studio>) -> bool) {
        let started = Instant::now();
        while !done(&self.harness) {
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}; there is: {:#?}", self.all());
            std::thread::sleep(Duration::from_millis(15));
            self.step();
        }
        self.settle();
    }

    /// Waits for a text or a control of this name.
    pub(crate) fn see(&mut self, name: &str) {
        self.wait(name, |harness| harness.query_all_by_label_contains(name).next().is_some());
    }

    /// Waits for a control whose name begins so.
    pub(crate) fn see_start(&mut self, start: &str) {
        self.see(start);
    }

    /// Waits until nothing of this name is there.
    pub(crate) fn gone(&mut self, name: &str) {
        self.wait(name, |harness| harness.query_all_by_label_contains(name).next().is_none());
    }

    /// Waits until nothing runs.
    pub(crate) fn idle(&mut self) {
        self.wait("rest", |harness| !harness.state().is_busy());
    }

    /// Clicks the control of this name.
    pub(crate) fn click(&mut self, name: &str) {
        self.wait(name, |harness| harness.query_all_by_label(name).next().is_some());
        let node = self.harness.query_all_by_label(name).next().unwrap();
        node.scroll_to_me();
        self.settle();
        self.harness.query_all_by_label(name).next().unwrap().click_accesskit();
        self.settle();
    }

    /// Clicks the first control whose name begins so.
    pub(crate) fn click_start(&mut self, start: &str) {
        self.see(start);
        self.harness.query_all_by_label_contains(start).next().unwrap().click_accesskit();
        self.settle();
    }

    /// Types into a field and presses Enter.
    pub(crate) fn enter(&mut self, field: &str, text: &str) {
        self.see(field);
        let node = self.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, field);
        node.focus();
        self.step();
        self.harness.get_by_role_and_label(egui::accesskit::Role::TextInput, field).type_text(text);
        self.step();
        self.key(Key::Enter);
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.key_with(Modifiers::NONE, key);
    }

    pub(crate) fn key_with(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    /// Types a character outside of any field.
    pub(crate) fn text(&mut self, text: &str) {
        self.harness.event(Event::Text(text.to_owned()));
        self.settle();
    }

    /// The value of a slider.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.harness.get_by_label(name).accesskit_node().numeric_value().unwrap()
    }

    /// The whole name of the control whose name begins so.
    pub(crate) fn said(&self, start: &str) -> String {
        let node = self.harness.query_all_by_label_contains(start).next().unwrap();
        node.accesskit_node().label().unwrap_or_default()
    }

    fn all(&self) -> Vec<String> {
        let nodes = self.harness.query_all_by(|node| node.label().is_some());
        nodes.filter_map(|node| node.accesskit_node().label()).collect()
    }

    /// Where the System screen tells of this machine: the cards below these headings.
    fn machine(&self) -> Vec<Rect> {
        let size = self.harness.ctx.content_rect().size();
        let narrow = size.x < 760.0;
        let wide = if narrow { size.x - 42.0 } else { (size.x - 136.0) / 2.0 - 24.0 };
        let bottom = if narrow { size.y - 61.0 } else { size.y };
        let heading = |name: &str| self.harness.query_by_label(name).map(|node| node.rect());
        let below = |name: &str, next: Option<Rect>| {
            let from = heading(name)?.left_bottom() + vec2(0.0, 6.0);
            let to = next.map_or(bottom, |next| (next.top() - 24.0).min(bottom));
            (to > from.y).then(|| Rect::from_min_max(from, egui::pos2(from.x + wide, to)))
        };
        let (features, limits) = (heading("Features in use"), heading("Limits"));
        [
            below("Processor", heading("Memory of the engine")),
            below("Graphics adapter", if narrow { heading("Benchmark") } else { features }),
            below("Features in use", limits),
            below("Limits", None),
            heading("Copy the result").and_then(|_| below("Benchmark", heading("Time of each kernel"))),
            below("Time of each kernel", features.filter(|_| narrow)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Compares what is drawn with its picture. What changes from run to run is covered.
    pub(crate) fn snapshot(&mut self, name: &str) {
        self.harness.hover_at(egui::pos2(-10.0, -10.0));
        self.harness.remove_cursor();
        self.settle();
        let changing: Vec<Rect> = CHANGING
            .iter()
            .flat_map(|start| self.harness.query_all_by_label_contains(start))
            .map(|node| node.rect())
            .collect();
        for rect in changing.into_iter().chain(self.machine()) {
            self.harness.mask(rect);
        }
        let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(60_usize);
        self.harness.snapshot_options(name, &options);
    }
}
