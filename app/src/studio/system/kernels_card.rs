//! The time of each kernel on the picture at hand.

use egui::{Align, Grid, Layout, ScrollArea, Ui};
use ibq_core::gpu::KernelTime;

use crate::studio::{
    icons::Icon,
    models::Slot,
    theme::Palette,
    widgets::{card, hint, text_button},
};

use super::{
    message::{Context, Message, Outbox},
    report::kernel_cells,
    state::System,
};

/// Shows the card.
pub(super) fn show(ui: &mut Ui, system: &System, context: &Context<'_>, out: &mut Outbox) {
    let shared = &context.shared;
    card(ui, "Time of each kernel", |ui| {
        let model = shared.models.get(Slot::First).is_some();
        let picture = shared.selection.picture().is_some();
        let device = shared.devices.for_models();
        let timers = device.is_ok_and(|device| device.gpu().is_none_or(|gpu| gpu.info().timestamps));
        if !timers {
            hint(ui, "This adapter cannot time kernels one by one.");
            return;
        }
        if !(model && picture) {
            hint(ui, "Open a model and a picture on the Reconstruct screen first.");
        }
        let running = system.measuring.and_then(|task| context.tasks.get(task));
        ui.add_enabled_ui(model && picture && running.is_none(), |ui| {
            if text_button(ui, Some(Icon::Jobs), "Measure the current picture").clicked() {
                out.send(Message::MeasureKernels);
            }
        });
        if let Some(running) = running {
            let now = running.job.snapshot();
            ui.add(egui::ProgressBar::new(now.done).desired_height(4.0).fill(Palette::of(ui).accent));
        }
        if let Some(times) = system.times(shared).filter(|times| !times.kernels.is_empty()) {
            show_table(ui, &times.kernels);
        }
    });
}

fn show_table(ui: &mut Ui, kernels: &[KernelTime]) {
    let total: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
    let mut order: Vec<_> = kernels.iter().collect();
    order.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    hint(ui, format!("{total:.1} ms in all, the longest first."));
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
