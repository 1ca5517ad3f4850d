//! The cards of this pane.

use egui::{Align, CornerRadius, Frame, Grid, Layout, Margin, RichText, ScrollArea, Ui};
use ibq_core::gpu::{Gpu, GpuInfo};

use crate::studio::{
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
            let gpu = match &context.shared.gpu {
                Ok(gpu) => gpu.clone(),
                Err(reason) => {
                    card(ui, "No GPU", |ui| ui.label(reason));
                    return;
                }
            };
            if ui.available_width() < NARROW {
                show_overview(ui, &gpu);
                benchmark_card::show(ui, system, context, out);
                kernels_card::show(ui, system, context, out);
                show_details(ui, gpu.info());
            } else {
                ui.columns(2, |columns| {
                    show_overview(&mut columns[0], &gpu);
                    show_details(&mut columns[0], gpu.info());
                    benchmark_card::show(&mut columns[1], system, context, out);
                    kernels_card::show(&mut columns[1], system, context, out);
                });
            }
        });
    });
}

fn show_overview(ui: &mut Ui, gpu: &Gpu) {
    card(ui, "Graphics adapter", |ui| {
        Grid::new("adapter").num_columns(2).min_row_height(20.0).spacing([16.0, 6.0]).show(ui, |ui| {
            for (name, value) in adapter(gpu.info()) {
                ui.weak(name);
                ui.add(egui::Label::new(value).wrap());
                ui.end_row();
            }
        });
        if gpu.info().is_software() {
            hint(ui, "This adapter is a program on the processor: everything works, slowly.");
        }
    });
    let memory = gpu.memory();
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

fn show_details(ui: &mut Ui, info: &GpuInfo) {
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
