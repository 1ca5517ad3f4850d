//! The built-in benchmark: one picture, every kernel, beside what the adapter can do at most.

use egui::{Align, Grid, Layout, ProgressBar, ScrollArea, Ui};
use ibq_core::bench::{self, BenchReport};

use crate::studio::{
    app::{Studio, failure_notice},
    icons::Icon,
    message::{Failure, Message, Outbox},
    models::Slot,
    state::State,
    task::{TaskId, Tasks},
    theme::Palette,
    widgets::{Number, card, hint, icon_button, numbers, primary_button, segmented, text_button},
};

use super::report::{bench_text, bytes};

/// Kernels that are listed; the rest takes hardly any time.
const LISTED: usize = 12;

/// The state of the screen.
pub(crate) struct System {
    pub(crate) report: Option<Box<BenchReport>>,
    task: Option<TaskId>,
    /// Side of the picture in pixels.
    side: u32,
}

impl Default for System {
    fn default() -> Self {
        Self { report: None, task: None, side: 256 }
    }
}

impl System {
    /// A task ended without a result.
    pub(crate) fn task_broke(&mut self, task: TaskId) {
        if self.task == Some(task) {
            self.task = None;
        }
    }
}

impl Studio {
    pub(crate) fn run_bench(&mut self, side: u32) {
        let Some(model) = self.state.models.get(Slot::First) else { return };
        let tokenizer = model.tokenizer.clone();
        let task = self.tasks.start("Benchmark", move |job| async move {
            let report = bench::run(&tokenizer, side, &job).await;
            Message::Benched(report.map(Box::new).map_err(Failure::from))
        });
        self.state.system.task = Some(task);
    }

    pub(crate) fn benched(&mut self, report: Result<Box<BenchReport>, Failure>) {
        self.state.system.task = None;
        match report {
            Ok(report) => self.state.system.report = Some(report),
            Err(failure) => {
                let notice = failure_notice("The benchmark did not finish", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        }
    }
}

/// Shows the card.
pub(super) fn show(ui: &mut Ui, state: &mut State, tasks: &Tasks, out: &mut Outbox) {
    let model = state.models.get(Slot::First).is_some();
    let system = &mut state.system;
    card(ui, "Benchmark", |ui| {
        ui.horizontal(|ui| {
            let sides = [(64, "64"), (128, "128"), (256, "256"), (512, "512")];
            segmented(ui, "Picture side in pixels", &mut system.side, &sides);
            ui.weak("pixels");
        });
        ui.add_enabled_ui(model && system.task.is_none(), |ui| {
            if primary_button(ui, None, "Run benchmark").clicked() {
                out.push(Message::RunBench(system.side));
            }
        });
        if !model {
            hint(ui, "Open a model first.");
        }
        if let Some(running) = system.task.and_then(|task| tasks.get(task)) {
            let now = running.job.snapshot();
            ui.horizontal(|ui| {
                let bar =
                    ProgressBar::new(now.done).desired_height(4.0).desired_width(ui.available_width() - 48.0);
                ui.add(bar.fill(Palette::of(ui).accent));
                if icon_button(ui, Icon::Close, "Stop the benchmark").clicked() {
                    out.push(Message::Cancel(running.id));
                }
            });
            hint(ui, now.stage);
        }
        match &system.report {
            Some(report) => result(ui, report),
            None => hint(
                ui,
                "Encodes, looks up and decodes a picture of this side some times; the fastest counts.",
            ),
        }
    });
}

fn result(ui: &mut Ui, report: &BenchReport) {
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
    let peak = bytes(report.peak_memory);
    let (value, unit) = peak.split_once(' ').unwrap_or((&peak, ""));
    list.push(number("Peak memory", value.to_owned(), unit, "Weights and activations at the most."));
    numbers(ui, 112.0, &list);
    table(ui, report);
    if text_button(ui, Some(Icon::Copy), "Copy the result").clicked() {
        ui.copy_text(bench_text(report));
    }
}

fn table(ui: &mut Ui, report: &BenchReport) {
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
