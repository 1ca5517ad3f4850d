//! What the messages of this pane do.

use ibq_core::bench;

use crate::studio::{context::Shared, failure::Failure, models::Slot};

use super::{
    message::{Context, Message},
    state::System,
    tasks::{self, KernelTimes},
};

impl System {
    /// Does what a message says.
    pub(super) fn update(&mut self, message: Message, context: &mut Context<'_>) {
        match message {
            Message::RunBenchmark(side) => self.run_benchmark(side, context),
            Message::BenchmarkDone(report) => {
                self.benchmark = None;
                match report {
                    Ok(report) => self.report = Some(report),
                    Err(failure) => context.report("The benchmark did not finish", &failure),
                }
            }
            Message::MeasureKernels => self.measure_kernels(context),
            Message::KernelsMeasured(times) => {
                self.measuring = None;
                self.take_times(times, context);
            }
        }
    }

    fn run_benchmark(&mut self, side: u32, context: &mut Context<'_>) {
        let Some(model) = context.shared.models.get(Slot::First) else { return };
        let tokenizer = model.tokenizer.clone();
        let task = context.tasks.start("Benchmark", move |job| async move {
            let report = bench::run(&tokenizer, side, &job).await;
            Message::BenchmarkDone(report.map(Box::new).map_err(Failure::from))
        });
        self.benchmark = Some(task);
    }

    fn measure_kernels(&mut self, context: &mut Context<'_>) {
        let Shared { models, selection, .. } = &*context.shared;
        let (Some(model), Some(picture)) = (models.get(Slot::First).cloned(), selection.picture()) else {
            return;
        };
        let (rgb, processing) = (picture.rgb.clone(), selection.processing);
        let title = format!("Measure {}", picture.name);
        let work = move |job| async move {
            Message::KernelsMeasured(tasks::measure_kernels(model, rgb, processing, job).await)
        };
        self.measuring = Some(context.tasks.start(title, work));
    }

    fn take_times(&mut self, times: Result<Box<KernelTimes>, Failure>, context: &mut Context<'_>) {
        match times {
            Ok(times) => self.times = Some(times),
            Err(failure) => context.report("The kernels were not measured", &failure),
        }
    }
}
