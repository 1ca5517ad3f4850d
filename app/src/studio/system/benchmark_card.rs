//! The built-in benchmark: one picture, every kernel, beside what the adapter can do at most.

use egui::{Align, Grid, Layout, ProgressBar, ScrollArea, Ui};
use ibq_core::bench::BenchReport;

use crate::studio::{
    command::Command,
    format::bytes_parts,
    icons::Icon,
    models::Slot,
    theme::Palette,
    widgets::{Number, card, hint, icon_button, numbers, primary_button, segmented, text_button},
};

use super::{
    message::{Context, Message, Outbox},
    report::bench_text,
    state::System,
};

/// Kernels that are listed; the rest takes hardly any time.
const LISTED: usize = 12;

/// Shows the card.
pub(super) fn show(ui: &mut Ui, system: &mut System, context: &Context<'_>, out: &mut Outbox) {
    let model = context.shared.models.get(Slot::First).is_some();
    card(ui, "Benchmark", |ui| {
        ui.horizontal(|ui| {
            let sides = [(64, "64"), (128, "128"), (256, "256"), (512, "512")];
            segmented(ui, "Picture side in pixels", &mut system.side, &sides);
            ui.weak("pixels");
        });
        ui.add_enabled_ui(model && system.benchmark.is_none(), |ui| {
            if primary_button(ui, None, "Run benchmark").clicked() {
                out.send(Message::RunBenchmark(system.side));
            }
        });
        if !model {
            hint(ui, "Open a model first.");
        }
        if let Some(running) = system.benchmark.and_then(|task| context.tasks.get(task)) {
            let now = running.job.snapshot();
            ui.horizontal(|ui| {
                let bar =
                    ProgressBar::new(now.done).desired_height(4.0).desired_width(ui.available_width() - 48.0);
                ui.add(bar.fill(Palette::of(ui).accent));
                if icon_button(ui, Icon::Close, "Stop the benchmark").clicked() {
                    out.ask(Command::Stop(running.id));
                }
            });
            hint(ui, now.stage);
        }
        match &system.report {
            Some(report) => show_result(ui, report),
            None => hint(
                ui,
                "Encodes, looks up and decodes a picture of this side some times; the fastest counts.",
            ),
        }
    });
}

fn show_result(ui: &mut Ui, report: &BenchReport) {
    hint(ui, format!("{0} × {0} pixels, {1}, {2} tier", report.size, report.precision, report.tier));
    let number = |name, value: String, unit, meaning| Number { name, value: Some(value), unit, meaning };
    let mut list: Vec<Number<'_>> = report
        .stages
        .iter()
        .map(|stage| {
            number(stage.stage.name(), format!("{:.1}", stage.ms), "ms", "From the call to the result.")
        })
        .collect();
    let ceilings = report.ceilings;
    list.push(number(
        "Compute ceiling",
        format!("{:.1}", ceilings.gflops),
        "GFLOP/s",
        "Multiply-adds in registers, two operations each: no kernel can be faster.",
    ));
    list.push(number(
        "Memory ceiling",
        format!("{:.1}", ceilings.gbytes_per_s),
        "GB/s",
        "Reading plus writing of one large copy: no kernel can move more.",
    ));
    let (value, unit) = bytes_parts(report.peak_memory);
    list.push(number("Peak memory", value, unit, "Weights and activations at the most."));
    numbers(ui, 112.0, &list);
    show_table(ui, report);
    if text_button(ui, Some(Icon::Copy), "Copy the result").clicked() {
        ui.copy_text(bench_text(report));
    }
}

fn show_table(ui: &mut Ui, report: &BenchReport) {
    if report.kernels.is_empty() {
        return hint(ui, "This adapter cannot time kernels one by one.");
    }
    let mut order: Vec<_> = report.kernels.iter().collect();
    order.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    ScrollArea::horizontal().id_salt("bench kernels").show(ui, |ui| {
        Grid::new("bench table").num_columns(7).min_row_height(20.0).spacing([14.0, 4.0]).show(ui, |ui| {
            for head in ["Kernel", "Stage", "Calls", "ms", "GFLOP/s", "GB/s", "Of ceiling"] {
                ui.weak(head);
            }
            ui.end_row();
            for kernel in order.into_iter().take(LISTED) {
                ui.add(egui::Label::new(&kernel.name).extend());
                ui.label(kernel.stage.name());
                for cell in [
                    kernel.calls.to_string(),
                    format!("{:.2}", kernel.ms),
                    format!("{:.1}", kernel.gflops),
                    format!("{:.1}", kernel.gbytes_per_s),
                    format!("{:.0} %", kernel.share * 100.0),
                ] {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(cell));
                }
                ui.end_row();
            }
        });
    });
}
