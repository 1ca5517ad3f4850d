//! The cards of the System screen.

use egui::{Align, CornerRadius, Frame, Grid, Layout, Margin, RichText, ScrollArea, Ui};
use ibq_core::gpu::{Gpu, GpuInfo};

use crate::studio::{
    icons::Icon,
    message::{Message, Outbox},
    models::Slot,
    shell::NARROW,
    state::State,
    task::Tasks,
    theme::{Palette, title},
    widgets::{Number, card, hint, numbers, text_button},
};

use super::{
    benchmark,
    report::{self, adapter, bytes, kernel_cells, limit},
};

/// Shows the screen.
pub(crate) fn show(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let margin = if ui.available_width() < NARROW { 8 } else { 16 };
    ScrollArea::vertical().id_salt("system").auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(margin)).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.add(egui::Label::new(title("System", 20.0)).selectable(false));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if text_button(ui, Some(Icon::Copy), "Copy all as text").clicked() {
                        ui.copy_text(report::text(state));
                    }
                });
            });
            let gpu = match &state.gpu {
                Ok(gpu) => gpu.clone(),
                Err(reason) => {
                    card(ui, "No GPU", |ui| ui.label(reason));
                    return;
                }
            };
            if ui.available_width() < NARROW {
                overview(ui, &gpu);
                benchmark::show(ui, state, tasks, out);
                times(ui, state, tasks, out);
                details(ui, gpu.info());
            } else {
                ui.columns(2, |columns| {
                    overview(&mut columns[0], &gpu);
                    details(&mut columns[0], gpu.info());
                    benchmark::show(&mut columns[1], state, tasks, out);
                    times(&mut columns[1], state, tasks, out);
                });
            }
        });
    });
}

fn overview(ui: &mut Ui, gpu: &Gpu) {
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
            let text = bytes(count);
            let (value, unit) = text.split_once(' ').map_or((text.clone(), ""), |(value, unit)| {
                let unit = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter().find(|known| *known == unit);
                (value.to_owned(), unit.unwrap_or_default())
            });
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

fn details(ui: &mut Ui, info: &GpuInfo) {
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

fn times(ui: &mut Ui, state: &State, tasks: &Tasks, out: &mut Outbox) {
    card(ui, "Time of each kernel", |ui| {
        let model = state.models.get(Slot::First).is_some();
        let picture = state.reconstruct.picture.is_some();
        let timers = state.gpu.as_ref().is_ok_and(|gpu| gpu.info().timestamps);
        if !timers {
            hint(ui, "This adapter cannot time kernels one by one.");
            return;
        }
        if !(model && picture) {
            hint(ui, "Open a model and a picture on the Reconstruct screen first.");
        }
        let running = state.reconstruct.panes[0].task.and_then(|task| tasks.get(task));
        ui.add_enabled_ui(model && picture && running.is_none(), |ui| {
            if text_button(ui, Some(Icon::Jobs), "Measure the current picture").clicked() {
                out.push(Message::MeasureKernels);
            }
        });
        if let Some(running) = running {
            let now = running.job.snapshot();
            ui.add(egui::ProgressBar::new(now.done).desired_height(4.0).fill(Palette::of(ui).accent));
        }
        if let Some(shown) = state.reconstruct.first().filter(|shown| !shown.kernels.is_empty()) {
            kernel_table(ui, &shown.kernels);
        }
    });
}

fn kernel_table(ui: &mut Ui, kernels: &[ibq_core::gpu::KernelTime]) {
    let total: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
    let mut order: Vec<_> = kernels.iter().collect();
    order.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    hint(ui, format!("{total:.1} ms on the GPU in all, the longest first."));
    ScrollArea::horizontal().id_salt("kernels").show(ui, |ui| {
        Grid::new("kernel table").num_columns(7).min_row_height(20.0).spacing([14.0, 4.0]).show(ui, |ui| {
            for head in ["Kernel", "Stage", "Calls", "ms", "%", "GFLOP/s", "GB/s"] {
                ui.weak(head);
            }
            ui.end_row();
            for kernel in order {
                ui.add(egui::Label::new(&kernel.name).extend());
                for (index, cell) in kernel_cells(kernel, total).into_iter().enumerate() {
                    if index == 0 {
                        ui.label(cell);
                    } else {
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(cell));
                    }
                }
                ui.end_row();
            }
        });
    });
}
