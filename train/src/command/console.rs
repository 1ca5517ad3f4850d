//! A run's events as lines for people, with a progress bar below them on a terminal.

use std::{io, time::Duration};

use ibq_train::data::Skipped;
use ibq_train_events::{
    Evaluation, EventSink, Progress, Record, TokenizerRecord, TrainEvent, TransformerRecord,
};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::output::{report, say};

/// Prints the events of a run.
pub(super) struct Console {
    bar: ProgressBar,
    progress: Progress,
    skipped: SkipReporter,
    /// What the last line says besides the number of skipped files.
    listed: Option<usize>,
    /// Options that the command to resume must not repeat.
    once: &'static [&'static str],
    checkpoint: String,
}

impl Console {
    /// `listed` is the number of files that a folder or shards have, and `skipped` reported those that were not listed as
    /// pictures. `once` are options that the command to resume must not repeat.
    pub(super) fn new(listed: Option<usize>, skipped: SkipReporter, once: &'static [&'static str]) -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(1000).with_style(style);
        Self { bar, progress: Progress::default(), skipped, listed, once, checkpoint: String::new() }
    }

    fn print(&self, line: &str) {
        self.bar.suspend(|| say!("{line}"));
    }

    /// What is left of the run.
    fn left(&self) -> HumanDuration {
        HumanDuration(Duration::from_secs_f64(self.progress.seconds_left()))
    }

    fn print_record(&self, record: &Record) {
        match record {
            Record::Tokenizer(record) => {
                self.print(&tokenizer_line(record, &self.left()));
                if let Some(held_out) = &record.held_out {
                    self.print(&held_out_line(held_out));
                }
            }
            Record::Transformer(record) => self.print(&transformer_line(record, &self.left())),
        }
    }
}

impl EventSink for Console {
    fn receive(&mut self, event: &TrainEvent) -> io::Result<()> {
        match event {
            TrainEvent::Resumed { step, path } => self.print(&format!("resuming from step {step} of {path}")),
            TrainEvent::Initialized { path, changed_codes, classes } => {
                self.print(&format!("starting from {path}"));
                if *changed_codes > 0 {
                    self.print(&format!(
                        "{changed_codes} codes of its tokenizer changed: they begin like the nearest previous ones"
                    ));
                }
                if let Some([known, new]) = classes {
                    self.print(&format!(
                        "it knows {known} classes, the tokens have {new}: classes begin anew"
                    ));
                }
            }
            TrainEvent::SplittingCodes { round } => {
                self.print(&format!("splitting, round {round}: looking for rarely used codes"));
            }
            TrainEvent::CodesSplit { rare, moved, .. } => self.print(&format!(
                "{rare} codes were rarely used; {moved} of them now share the cell of another one"
            )),
            TrainEvent::Started { parameters, codes, images, held_out, progress, .. } => {
                self.progress = *progress;
                self.print(&format!(
                    "{parameters} parameters, {codes} codes; {images} images to train on, {held_out} to measure with"
                ));
            }
            TrainEvent::Step { progress, .. } => {
                self.progress = *progress;
                self.bar.set_position((1000.0 * progress.fraction) as u64);
                self.bar.set_message(format!("step {} · {} left", progress.step, self.left()));
            }
            TrainEvent::Record { record } => self.print_record(record),
            TrainEvent::Warning { warning } => self.bar.suspend(|| report!("warning: {warning}")),
            TrainEvent::Skipped { path, reason } => {
                let file = Skipped { path: path.into(), reason: reason.clone() };
                self.bar.suspend(|| self.skipped.report(&[file]));
            }
            TrainEvent::Checkpoint { path, .. } => self.checkpoint.clone_from(path),
            TrainEvent::HeldOut { .. } | TrainEvent::Sheet { .. } => {}
            TrainEvent::Done { step, is_stopped } => {
                self.bar.finish_and_clear();
                if let Some(listed) = self.listed {
                    self.skipped.report_total(&format!("of {listed} listed"));
                }
                let state = if *is_stopped { "stopped" } else { "finished" };
                let once = match self.once {
                    [] => String::new(),
                    options => format!(", without {},", options.join(" and ")),
                };
                say!(
                    "{state} after step {step}; rerun the same command{once} to resume from {}",
                    self.checkpoint
                );
            }
        }
        Ok(())
    }
}

fn tokenizer_line(record: &TokenizerRecord, left: &HumanDuration) -> String {
    let codes = if record.positions == 0 {
        "no codes yet".to_owned()
    } else {
        let (quantization, usage) = (record.quantization, 100.0 * record.usage);
        format!("quantization {quantization:.4} · usage {usage:.1} % · perplexity {:.0}", record.perplexity)
    };
    format!(
        "step {:>6} · {:>5.1} images/s · {left} left · rate {:.1e} · loss {:.4} · {codes} · gradient {:.2} · energy {:.1}",
        record.step,
        record.pictures_per_second,
        record.rate,
        record.reconstruction,
        record.gradient,
        record.latent_energy,
    )
}

fn held_out_line(Evaluation { pictures, psnr, ssim, usage, perplexity }: &Evaluation) -> String {
    format!(
        "  on {pictures} held-out images: PSNR {psnr:.2} dB · SSIM {ssim:.4} · usage {:.1} % · perplexity {perplexity:.0}",
        100.0 * usage
    )
}

fn transformer_line(record: &TransformerRecord, left: &HumanDuration) -> String {
    let held_out = record.held_out.map_or(String::new(), |loss| format!(" · {loss:.4} on held-out images"));
    format!(
        "step {:>6} · {:>5.1} images/s · {left} left · rate {:.1e} · loss {:.4} nats per token{held_out} · gradient {:.2}",
        record.step, record.pictures_per_second, record.rate, record.loss, record.gradient,
    )
}

/// Most files that are named one by one.
const MAX_NAMED: usize = 100;

/// Reports files that cannot be used: each once, and how many there are.
#[derive(Debug, Default)]
pub(super) struct SkipReporter {
    reported: usize,
}

impl SkipReporter {
    /// Names files, a line each, the first hundred.
    pub(super) fn report(&mut self, skipped: &[Skipped]) {
        for file in skipped {
            self.reported += 1;
            if self.reported <= MAX_NAMED {
                report!("skipped {file}");
            } else if self.reported == MAX_NAMED + 1 {
                report!("more files are skipped; they are only counted from here on");
            }
        }
    }

    /// How many there were, if any; `beside` says what there is besides.
    pub(super) fn report_total(&self, beside: &str) {
        match self.reported {
            0 => {}
            1 => report!("1 file skipped, {beside}"),
            count => report!("{count} files skipped, {beside}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_records_have_their_numbers() {
        let left = HumanDuration(Duration::from_secs(90));
        let record = TokenizerRecord { step: 20, reconstruction: 0.5, ..Default::default() };
        let line = tokenizer_line(&record, &left);
        assert!(line.contains("step     20") && line.contains("loss 0.5000 · no codes yet"), "{line}");
        let record = TokenizerRecord { positions: 8, usage: 0.25, perplexity: 3.0, ..record };
        assert!(tokenizer_line(&record, &left).contains("usage 25.0 % · perplexity 3"));
        let record = TransformerRecord { loss: 3.5, held_out: Some(4.0), ..Default::default() };
        let line = transformer_line(&record, &left);
        assert!(line.contains("loss 3.5000 nats per token · 4.0000 on held-out images"), "{line}");
    }
}
