//! The cards of this pane.

use egui::{Align, CornerRadius, Frame, Grid, Layout, Margin, RichText, ScrollArea, Ui};
use ibq_core::{device::Device, gpu::MemoryUse};

use crate::studio::{
    devices::Devices,
    format::bytes_parts,
    icons::Icon,
    theme::{NARROW, Palette, title},
    widgets::{Number, card, hint, numbers, text_button},
};

use super::{
    benchmark_card, kernels_card,
    message::{Context, Outbox},
    report::{self, adapter, limit},
    state::System,
};

/// Shows the pane.
pub(super) fn show(ui: &mut Ui, system: &mut System, context: &Context<'_>, out: &mut Outbox) {
    let margin = if ui.available_width() < NARROW { 8 } else { 16 };
    ScrollArea::vertical().id_salt("system").auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(margin)).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.add(egui::Label::new(title("System", 20.0)).selectable(false));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if text_button(ui, Some(Icon::Copy), "Copy all as text").clicked() {
                        ui.copy_text(report::text(system, context.shared));
                    }
                });
            });
            let devices = &context.shared.devices;
            if ui.available_width() < NARROW {
                show_overview(ui, devices);
                benchmark_card::show(ui, system, context, out);
                kernels_card::show(ui, system, context, out);
                show_details(ui, devices);
            } else {
                ui.columns(2, |columns| {
                    show_overview(&mut columns[0], devices);
                    show_details(&mut columns[0], devices);
                    benchmark_card::show(&mut columns[1], system, context, out);
                    kernels_card::show(&mut columns[1], system, context, out);
                });
            }
        });
    });
}

/// What computes, what draws, and the memory of the engine.
fn show_overview(ui: &mut Ui, devices: &Devices) {
    if let Some(processor) = &devices.processor {
        card(ui, "Processor", |ui| {
            facts(ui, "processor", report::processor(processor));
            hint(ui, "Models run here: there is no GPU, or only a software adapter.");
        });
        show_memory(ui, Device::from(processor.clone()).memory());
    }
    match &devices.gpu {
        Ok(gpu) => {
            card(ui, "Graphics adapter", |ui| {
                facts(ui, "adapter", adapter(gpu.info()));
                if gpu.info().is_software() {
                    hint(ui, "A software adapter: it draws the window.");
                }
            });
            if devices.processor.is_none() {
                show_memory(ui, gpu.memory());
            }
        }
        Err(reason) => {
            card(ui, "No GPU", |ui| ui.label(reason));
        }
    }
}

fn facts(ui: &mut Ui, id: &str, lines: Vec<(&'static str, String)>) {
    Grid::new(id).num_columns(2).min_row_height(20.0).spacing([16.0, 6.0]).show(ui, |ui| {
        for (name, value) in lines {
            ui.weak(name);
            ui.add(egui::Label::new(value).wrap());
            ui.end_row();
        }
    });
}

fn show_memory(ui: &mut Ui, memory: MemoryUse) {
    card(ui, "Memory of the engine", |ui| {
        let cell = |name, count: u64, meaning| {
            let (value, unit) = bytes_parts(count);
            Number { name, value: Some(value), unit, meaning }
        };
        numbers(
            ui,
            120.0,
            &[
                cell(
                    "In use",
                    memory.now,
                    "Bytes in buffers of the engine now: weights, activations, pictures.",
                ),
                cell("Peak", memory.peak, "The most at one time since the window was opened."),
            ],
        );
    });
}

fn show_details(ui: &mut Ui, devices: &Devices) {
    let Ok(gpu) = &devices.gpu else { return };
    let info = gpu.info();
    card(ui, "Features in use", |ui| {
        if info.features.is_empty() {
            hint(ui, "None beyond what every WebGPU offers.");
        }
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = egui::vec2(6.0, 6.0);
            for feature in &info.features {
                let palette = Palette::of(ui);
                Frame::new()
                    .fill(palette.control)
                    .corner_radius(CornerRadius::same(6))
                    .inner_margin(Margin::symmetric(8, 3))
                    .show(ui, |ui| ui.label(RichText::new(feature).small()));
            }
        });
    });
    card(ui, "Limits", |ui| {
        Grid::new("limits").num_columns(2).min_row_height(20.0).spacing([16.0, 4.0]).striped(false).show(
            ui,
            |ui| {
                for one in &info.limits {
                    ui.weak(one.name);
                    let size = egui::vec2(ui.available_width(), 20.0);
                    let to_the_right = Layout::right_to_left(Align::Center);
                    ui.allocate_ui_with_layout(size, to_the_right, |ui| ui.label(limit(one)));
                    ui.end_row();
                }
            },
        );
    });
}
