//! `ibq-train experiment`: what the method does, measured.

use std::{io::Write, path::PathBuf};

use burn::tensor::Device;
use ibq_core::files::{FolderLock, write_whole};
use ibq_train::{
    data::Pictures,
    experiment::{Method, Run, Runs, Setting, Start, ablation_report, collapse_report, cross, insert_table},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, memory, output::say, pictures::draw_scenes, set_threads};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    experiment: Experiment,
}

#[derive(Debug, clap::Subcommand)]
enum Experiment {
    /// VQ against IBQ: codes in use and quality, as the codebook and its dimension grow.
    Collapse(Comparison),
    /// Ablations: IBQ without one of its parts at a time.
    Ablations(Comparison),
    /// Memory and time of the IBQ quantizer at the size of the largest published codebook.
    Memory(memory::Arguments),
}

#[derive(Debug, clap::Args)]
struct Comparison {
    /// Folder for results; runs that are finished there are not repeated.
    #[arg(long, default_value = "experiment")]
    out: PathBuf,
    /// Folder for the page with the table, and for the plots.
    #[arg(long, default_value = "docs/experiments")]
    report: PathBuf,
    /// Codes, K.
    #[arg(long, value_delimiter = ',', default_values_t = [512, 2048, 8192])]
    codes: Vec<u32>,
    /// Dimensions of a code, D.
    #[arg(long, value_delimiter = ',', default_values_t = [8, 64, 256])]
    dimensions: Vec<u32>,
    /// Steps of each run.
    #[arg(long, default_value_t = 400)]
    steps: u64,
    /// Seeds, from 0.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Start the codebook from latents, after a quarter of the steps without codes, instead of from random numbers.
    #[arg(long)]
    from_latents: bool,
    /// Threads; without it, all of the CPU's.
    #[arg(long)]
    threads: Option<usize>,
    /// Train nothing: write the report on what is finished.
    #[arg(long)]
    report_only: bool,
}

/// Scenes to train on.
const TRAINING_SCENES: usize = 2050;
/// Held-out scenes of each class.
const HELD_OUT_EACH: usize = 5;
/// Side of all pictures.
const SIDE: usize = 32;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.experiment {
        Experiment::Collapse(comparison) => {
            let c = comparison;
            let methods = [Method::Vq, Method::Ibq];
            let settings = cross(&methods, &c.codes, &c.dimensions, c.steps, 0..c.seeds, c.start());
            let runs = comparison.finish(&settings)?;
            let (table, plots) = collapse_report(&chosen(&runs, &settings));
            comparison.write("collapse.md", "# Codes in use: VQ and IBQ", &table)?;
            for (name, plot) in plots {
                let svg = plot.svg();
                write_whole(&comparison.report.join(name), |file| file.write_all(svg.as_bytes()))?;
            }
            Ok(())
        }
        Experiment::Ablations(comparison) => {
            let c = comparison;
            let methods = [
                Method::Ibq,
                Method::IbqWithoutDoubleQuantization,
                Method::IbqWithoutEntropyPenalty,
                Method::IbqWithoutAllCodesGradient,
            ];
            let middle = |values: &[u32]| values[values.len() / 2..].first().copied().into_iter().collect();
            let (codes, dimensions): (Vec<u32>, Vec<u32>) = (middle(&c.codes), middle(&c.dimensions));
            let settings = cross(&methods, &codes, &dimensions, c.steps, 0..c.seeds, c.start());
            let runs = comparison.finish(&settings)?;
            let table = ablation_report(&chosen(&runs, &settings));
            comparison.write("ablations.md", "# IBQ with parts left out", &table)
        }
        Experiment::Memory(arguments) => memory::run(arguments),
    }
}

fn chosen<'a>(runs: &'a Runs, settings: &[Setting]) -> Vec<&'a Run> {
    runs.runs.iter().filter(|run| settings.contains(&run.setting)).collect()
}

impl Comparison {
    fn start(&self) -> Start {
        if self.from_latents { Start::Latents } else { Start::Random }
    }

    /// Trains what is not finished yet, and returns all results.
    fn finish(&self, settings: &[Setting]) -> Result<Runs, Box<dyn std::error::Error>> {
        for setting in settings {
            setting.preset()?;
        }
        set_threads(self.threads)?;
        let _lock = FolderLock::acquire(&self.out)?;
        let mut runs = Runs::open(&self.out.join("runs.jsonl"))?;
        let open: Vec<&Setting> = settings.iter().filter(|setting| !runs.has(setting)).collect();
        if open.is_empty() || self.report_only {
            return Ok(runs);
        }
        let device = Device::flex();
        let training = draw_scenes(TRAINING_SCENES, SIDE, 0, &[1, 2, 4]);
        let held_out = Pictures::held_out_scenes(HELD_OUT_EACH, SIDE, 0);
        for (index, setting) in open.iter().enumerate() {
            let Setting { method, codes, dimension, seed, .. } = setting;
            let what = format!("{} · K {codes} · D {dimension} · seed {seed}", method.name());
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent} % · {eta} left");
            let bar = ProgressBar::new(1000)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_message(what.clone());
            let run = setting.run(&training, &held_out, &device, |fraction| {
                bar.set_position((1000.0 * fraction) as u64);
            })?;
            bar.finish_and_clear();
            let outcome = run.held_out.as_ref().map_or_else(
                || run.failure.clone().unwrap_or_default(),
                |e| {
                    format!(
                        "usage {:.1} % · perplexity {:.0} · PSNR {:.2} dB · SSIM {:.3}",
                        100.0 * e.usage,
                        e.perplexity,
                        e.psnr,
                        e.ssim
                    )
                },
            );
            say!("[{}/{}] {what}: {outcome} · {:.0} s", index + 1, open.len(), run.seconds);
            runs.add(run)?;
        }
        Ok(runs)
    }

    /// Puts the table into the page, which is made if need be.
    fn write(&self, page: &str, title: &str, table: &str) -> Outcome {
        std::fs::create_dir_all(&self.report)?;
        let path = self.report.join(page);
        let before = if path.exists() { std::fs::read_to_string(&path)? } else { format!("{title}\n") };
        let page = insert_table(&before, table);
        write_whole(&path, |file| file.write_all(page.as_bytes()))?;
        say!("{table}\nwritten to {}", path.display());
        Ok(())
    }
}
