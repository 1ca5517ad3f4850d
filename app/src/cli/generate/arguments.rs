//! The command line of `ibq generate`.

use std::path::PathBuf;

use clap::ValueEnum;
use ibq_core::transformer::{Sampling, Schedule, TransformerConfig, TransformerError};

use super::super::{
    options::TransformerGpuOptions, outputs::OverwriteOption, transformer::TransformerOptions,
};

/// The command line of `ibq generate`.
#[derive(clap::Args)]
#[command(
    after_help = "Every picture carries its settings and tokens inside (PNG text `ibq`): --from repeats it, with\n\
                  --model and --tokenizer where these do not ship with the program.\n\
                  Guidance schedules: constant, linear, cosine, power2 (an exponent), as in --cfg 4:cosine.\n\
                  A sample file (--npz) holds arr_0, the pictures as uint8 [N, height, width, 3]; arr_1, the class of each as \
                  int64 [N]; and ibq.json, all settings. Picture i is drawn with number i. When it was interrupted, the same \
                  command goes on where it stopped."
)]
pub(crate) struct Arguments {
    /// Classes with commas between: numbers, names, WordNet ids; all for every class
    #[arg(long, value_name = "N|NAME,…", value_delimiter = ',', required_unless_present = "from")]
    pub(super) class: Vec<String>,
    /// Repeat this picture, made by this program
    #[arg(long, value_name = "IMAGE.png", conflicts_with_all = ["class", "count", "seed", "cfg", "temperature", "top_k", "top_p", "prefix", "keep", "preset", "npz"])]
    pub(super) from: Option<PathBuf>,
    /// Pictures of each class
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) count: u32,
    /// Seed: the same one gives the same pictures
    #[arg(long, value_name = "S", default_value = "0")]
    pub(super) seed: u64,
    /// Settings to start from
    #[arg(long, value_enum, default_value = "pretty")]
    pub(super) preset: Preset,
    /// Strength of guidance, and how it grows over the picture
    #[arg(long, value_name = "X[:SCHEDULE]", value_parser = parse_guidance, allow_negative_numbers = true)]
    pub(super) cfg: Option<(f32, Schedule)>,
    /// 0: always the most probable token
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(super) temperature: Option<f32>,
    /// Draw from the K most probable tokens (0: all)
    #[arg(long, value_name = "K")]
    pub(super) top_k: Option<u32>,
    /// Draw from the most probable tokens that have this share of the probability
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    pub(super) top_p: Option<f32>,
    /// Begin with the tokens of this file's first picture
    #[arg(long, value_name = "TOKENS")]
    pub(super) prefix: Option<PathBuf>,
    /// Of --prefix, keep only the first N tokens
    #[arg(long, value_name = "N", requires = "prefix")]
    pub(super) keep: Option<usize>,
    /// Folder, or IMAGE.png for a single picture
    #[arg(short, long, value_name = "OUT", required_unless_present = "npz")]
    pub(super) output: Option<PathBuf>,
    /// Write one sample file for FID evaluators instead of PNGs
    #[arg(long, value_name = "FILE.npz", conflicts_with_all = ["output", "grid", "tokens"])]
    pub(super) npz: Option<PathBuf>,
    /// Also write all pictures on one sheet, grid.png
    #[arg(long)]
    pub(super) grid: bool,
    /// Also write the tokens, tokens.json
    #[arg(long)]
    pub(super) tokens: bool,
    /// Tokenizer that turns tokens into pictures [default: the one inside of the model, else the bundled one where it fits]
    #[arg(long, value_name = "MODEL")]
    pub(super) tokenizer: Option<PathBuf>,
    #[command(flatten)]
    pub(super) existing: OverwriteOption,
    #[command(flatten)]
    pub(super) transformer: TransformerOptions,
    #[command(flatten)]
    pub(super) gpu: TransformerGpuOptions,
}

/// `--preset`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    /// Few, good-looking pictures: guidance 4, top-p 0.96
    Pretty,
    /// As published for measuring: what each official size was evaluated with
    Paper,
}

impl Preset {
    /// The settings of a model of this size.
    pub(super) fn sampling(self, config: &TransformerConfig) -> Sampling {
        match self {
            Self::Pretty => Sampling::pretty(),
            Self::Paper => Sampling::paper(config),
        }
    }
}

/// `4` or `4:cosine`.
fn parse_guidance(text: &str) -> Result<(f32, Schedule), String> {
    let (scale, schedule) = text.split_once(':').unwrap_or((text, "constant"));
    let scale = scale.parse().map_err(|_| format!("`{scale}` is not a number"))?;
    Ok((scale, schedule.parse().map_err(|error: TransformerError| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_is_a_number_with_or_without_a_schedule() {
        assert_eq!(parse_guidance("2.5"), Ok((2.5, Schedule::Constant)));
        assert_eq!(parse_guidance("4:cosine"), Ok((4.0, Schedule::Cosine)));
        assert_eq!(parse_guidance("4:power3"), Ok((4.0, Schedule::Power(3.0))));
        assert!(parse_guidance("x").unwrap_err().contains("not a number"));
        assert!(parse_guidance("4:sine").unwrap_err().contains("sine"));
    }
}
