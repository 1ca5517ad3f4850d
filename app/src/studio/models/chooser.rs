//! The dialog that opens a model: where it comes from, what it is, what it will need, how it is loaded.

use egui::{Grid, ProgressBar, TextEdit, Ui};
use ibq_core::{
    device::Device,
    gpu::{Precision, Tier},
    tokenizer::{ModelKind, TokenizerConfig, TokenizerWeights},
    transformer::{Transformer, TransformerPrecision},
};

use crate::studio::{
    devices::Devices,
    format::{bytes, millions, short_name},
    icons::Icon,
    task::{TaskId, Tasks},
    theme::{Palette, title},
    widgets::{dialog, hint, primary_button, segmented, subtitle, text_button},
};

use super::{
    chooser_state::{Chooser, ChooserState},
    digest,
    loaded::Slot,
    message::ModelsMessage,
    names::set_name,
    opened::OpenedModel,
    source::ModelSource,
    state::Models,
};

/// Shows the dialog while it is open.
pub(crate) fn show(
    ui: &Ui,
    models: &mut Models,
    devices: &Devices,
    tasks: &Tasks,
    out: &mut Vec<ModelsMessage>,
) {
    let bundled = models.bundled != Some(false);
    let Some(chooser) = &mut models.chooser else { return };
    let picking = matches!(chooser.state, ChooserState::Pick);
    let (mut chosen, mut closed) = (Vec::new(), false);
    let content = |ui: &mut Ui| {
        let heading = if chooser.slot == Slot::First { "Model" } else { "Second model" };
        ui.label(title(heading, 18.0));
        match &chooser.state {
            ChooserState::Pick => {
                show_sources(ui, chooser, bundled, &mut chosen);
                #[cfg(target_arch = "wasm32")]
                super::kept::show_list(ui, models.kept.as_ref(), &mut chosen);
            }
            ChooserState::Opening(task) | ChooserState::Loading(task, _) => {
                show_progress(ui, *task, tasks, &mut chosen);
            }
            ChooserState::Described(_) => {
                show_description(ui, chooser, devices, &mut chosen);
                #[cfg(target_arch = "wasm32")]
                super::kept::show_keep_button(ui, chooser, models.kept.as_ref(), &mut chosen);
            }
        }
    };
    let modal = dialog(ui, "model chooser", 500.0, content, |ui| {
        if picking {
            closed = text_button(ui, None, "Close").clicked();
        }
    });
    out.append(&mut chosen);
    if closed || modal.should_close() {
        out.push(ModelsMessage::CloseChooser);
    }
}

fn show_sources(ui: &mut Ui, chooser: &mut Chooser, bundled: bool, out: &mut Vec<ModelsMessage>) {
    ui.horizontal_wrapped(|ui| {
        if primary_button(ui, Some(Icon::Open), "Choose a file").clicked() {
            out.push(ModelsMessage::PickFile);
        }
        ui.add_enabled_ui(bundled, |ui| {
            if text_button(ui, Some(Icon::Cube), "Bundled model").clicked() {
                out.push(ModelsMessage::Open(ModelSource::Bundled));
            }
        });
    });
    hint(
        ui,
        "Official checkpoints (.ckpt), state dicts (.pt, .bin), safetensors. Nothing leaves this machine.",
    );
    if !bundled {
        hint(ui, "No model ships with this build.");
    }
    ui.add_space(4.0);
    let web = cfg!(target_arch = "wasm32");
    let (name, example) = if web {
        ("Address", "https://…/model.safetensors")
    } else {
        ("File or model folder", "/path/to/model.ckpt")
    };
    subtitle(ui, name);
    let mut open = false;
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut chooser.path)
            .hint_text(example)
            .desired_width(ui.available_width() - 90.0);
        let response = ui.add(field).accessible_name(name);
        open |= response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        open |= text_button(ui, None, "Open").clicked();
    });
    if web {
        hint(
            ui,
            "For an address of another site, open this page with ?model=ADDRESS: it then may connect there.",
        );
    }
    let path = chooser.path.trim();
    if open && !path.is_empty() {
        #[cfg(target_arch = "wasm32")]
        let source = ModelSource::Url(path.to_owned());
        #[cfg(not(target_arch = "wasm32"))]
        let source = ModelSource::File(crate::studio::files::PickedFile::new(path));
        out.push(ModelsMessage::Open(source));
    }
}

fn show_progress(ui: &mut Ui, task: TaskId, tasks: &Tasks, out: &mut Vec<ModelsMessage>) {
    let Some(running) = tasks.get(task) else { return };
    let now = running.job.snapshot();
    ui.label(&running.title);
    ui.add(ProgressBar::new(now.done).desired_height(6.0).fill(Palette::of(ui).accent));
    let stage = if running.job.is_cancelled() { "stopping".to_owned() } else { now.stage };
    hint(ui, format!("{stage} · {:.0} %", now.done * 100.0));
    if text_button(ui, Some(Icon::Close), "Cancel").clicked() {
        out.push(ModelsMessage::Stop(task));
    }
}

fn show_description(ui: &mut Ui, chooser: &mut Chooser, devices: &Devices, out: &mut Vec<ModelsMessage>) {
    let ChooserState::Described(model) = &mut chooser.state else { return };
    ui.label(short_name(&model.name)).on_hover_text(&model.name);
    show_facts(ui, model, out);
    ui.add_space(4.0);
    if model.transformer.is_some() {
        return show_transformer(ui, chooser, &devices.for_models(), out);
    }
    if model.sets.len() > 1 {
        let mut set = model.weights.as_ref().map_or(model.sets[0], TokenizerWeights::set);
        let choices: Vec<_> = model.sets.iter().map(|&set| (set, set_name(set))).collect();
        ui.horizontal(|ui| {
            ui.add(egui::Label::new("Weights").selectable(false));
            if segmented(ui, "Weights", &mut set, &choices) {
                model.use_set(set);
            }
        });
        hint(ui, "EMA is the moving average that the official evaluation uses.");
    }
    let device = devices.for_models();
    let half =
        device.as_ref().is_ok_and(|device| device.gpu().is_some_and(|gpu| gpu.info().tier >= Tier::Fast));
    ui.horizontal(|ui| {
        ui.add(egui::Label::new("Precision").selectable(false));
        let choices = [(Precision::F32, "f32"), (Precision::F16, "f16")];
        ui.add_enabled_ui(half, |ui| segmented(ui, "Precision", &mut chooser.precision, &choices));
    });
    if !half {
        chooser.precision = Precision::F32;
        hint(
            ui,
            match &device {
                Ok(device) if device.gpu().is_none() => "The processor computes with 32-bit floats.",
                _ => "This adapter has no 16-bit floats in shaders.",
            },
        );
    }
    ui.add(
        egui::Label::new("Memory for a square picture of this many pixels a side").selectable(false).wrap(),
    );
    let texts: Vec<String> = chooser.sides.iter().map(u32::to_string).collect();
    let choices: Vec<_> = chooser.sides.iter().copied().zip(texts.iter().map(String::as_str)).collect();
    segmented(ui, "Picture side", &mut chooser.side, &choices);
    show_memory(ui, chooser, &device);
    let ChooserState::Described(model) = &chooser.state else { return };
    let loadable = model.weights.is_ok() && device.is_ok();
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add_enabled_ui(loadable, |ui| {
            if primary_button(ui, Some(Icon::Cube), "Load").clicked() {
                out.push(ModelsMessage::Load);
            }
        });
        if text_button(ui, None, "Back").clicked() {
            chooser.state = ChooserState::Pick;
        }
    });
}

/// How a transformer is loaded: it makes new pictures, on the Generate screen.
fn show_transformer(
    ui: &mut Ui,
    chooser: &mut Chooser,
    device: &Result<Device, String>,
    out: &mut Vec<ModelsMessage>,
) {
    let ChooserState::Described(model) = &chooser.state else { return };
    let Some(transformer) = &model.transformer else { return };
    ui.horizontal(|ui| {
        ui.add(egui::Label::new("Precision").selectable(false));
        let choices = TransformerPrecision::ALL.map(|precision| (precision, precision.name()));
        segmented(ui, "Precision", &mut chooser.transformer_precision, &choices);
    });
    hint(ui, "Fewer bits take less memory and are faster; 4 bits change the pictures a little.");
    if let (Ok(weights), Ok(device)) = (transformer, device) {
        let memory = Transformer::estimate(device, weights.config(), chooser.transformer_precision);
        let (needed, given) = (memory.weights + memory.guided_picture, device.memory_budget());
        let [weights, picture, given_text] = [memory.weights, memory.guided_picture, given].map(bytes);
        let text = format!("{weights} of weights, {picture} for every picture; there are {given_text}");
        let fits = needed <= given;
        let color = if fits { Palette::of(ui).text } else { Palette::of(ui).error };
        ui.add(egui::Label::new(egui::RichText::new(text).color(color)).wrap());
    }
    let loadable = transformer.is_ok() && device.is_ok();
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.add_enabled_ui(loadable, |ui| {
            if primary_button(ui, Some(Icon::Generate), "Load").clicked() {
                out.push(ModelsMessage::Load);
            }
        });
        if text_button(ui, None, "Back").clicked() {
            chooser.state = ChooserState::Pick;
        }
    });
}

fn show_memory(ui: &mut Ui, chooser: &Chooser, device: &Result<Device, String>) {
    let ChooserState::Described(model) = &chooser.state else { return };
    let (Ok(weights), Ok(device)) = (&model.weights, device) else { return };
    match chooser.estimate(device, weights) {
        Ok(estimate) => {
            let cut = if estimate.tiled { ", in tiles" } else { "" };
            let (weights, activations) = (estimate.weights, estimate.activations);
            let [total, weights, activations] = [weights + activations, weights, activations].map(bytes);
            let text = format!("{total} in all: {weights} weights, {activations} activations{cut}");
            ui.add(egui::Label::new(text).wrap());
        }
        Err(reason) => {
            ui.colored_label(Palette::of(ui).error, reason);
        }
    }
}

fn show_facts(ui: &mut Ui, model: &OpenedModel, out: &mut Vec<ModelsMessage>) {
    Grid::new("model facts").num_columns(2).min_row_height(20.0).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut fact = |name: &str, value: String| {
            ui.weak(name);
            ui.add(egui::Label::new(value).wrap());
            ui.end_row();
        };
        fact("Kind", kind_name(model.kind).to_owned());
        for note in model.model.notes() {
            fact("Note", note.clone());
        }
        match &model.transformer {
            Some(Ok(weights)) => {
                let config = weights.config();
                let side = config.side();
                fact("Classes", config.class_num.to_string());
                fact("Tokens", format!("{side} × {side} of {} codes", config.vocab_size));
                let (layers, heads, width) = (config.n_layer, config.n_head, config.n_embd);
                fact("Layers", format!("{layers} of {heads} heads, {width} channels wide"));
                return fact("Parameters", millions(config.parameter_count()));
            }
            Some(Err(reason)) => return fact("Not usable here", reason.clone()),
            None => {}
        }
        match &model.weights {
            Ok(weights) => {
                let config = weights.config();
                let quantizer = config.quantizer();
                fact("Codebook", format!("{} codes × {}", quantizer.codes, quantizer.dimension));
                let assumed = if weights.rule_is_assumed() { ", assumed: the file does not say" } else { "" };
                fact("Quantizer", format!("{}{assumed}", quantizer.rule.description()));
                fact("Token", format!("{0} × {0} pixels", config.factor()));
                fact("Levels", describe_levels(config));
                fact("Parameters", millions(config.parameter_count()));
            }
            Err(reason) => fact("Not usable here", reason.clone()),
        }
        ui.weak("SHA-256");
        digest::show(ui, &model.digests, out);
        ui.end_row();
    });
}

fn describe_levels(config: &TokenizerConfig) -> String {
    let channels: Vec<String> =
        (0..config.levels()).map(|level| config.channels(level).to_string()).collect();
    format!("{} channels, {} blocks each", channels.join("–"), config.num_res_blocks)
}

fn kind_name(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Tokenizer => "tokenizer",
        ModelKind::Transformer => "autoregressive transformer",
        ModelKind::Discriminator => "discriminator",
        ModelKind::Unsupported(unsupported) => unsupported.name,
        ModelKind::Unknown => "unknown",
    }
}
