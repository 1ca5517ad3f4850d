//! `ibq generate`: pictures of a class.

mod npz;
mod pictures;
mod request;
mod samples;

use std::path::PathBuf;

use clap::ValueEnum;
use ibq_core::{
    files::TokenizerWeights,
    gpu::Gpu,
    tokenizer::{RunOptions, Tokenizer},
    tokens::TokenGrid,
    transformer::{Sampling, Schedule, Transformer, TransformerConfig, TransformerPrecision},
};
use ibq_studio::bundled;
use image::RgbImage;

use super::{
    failure::Failure,
    model,
    outputs::OverwriteOption,
    results::only,
    session::Session,
    transformer::{self, OpenedTransformer, TransformerOptions},
};
pub(crate) use npz::npy_header;
pub(crate) use request::class_of;
use request::guidance;

/// Pictures that are made, decoded and written before the next ones are begun.
const AT_ONCE: usize = 32;

/// The command line of `ibq generate`.
#[derive(clap::Args)]
#[command(
    after_help = "Every picture carries its settings and tokens inside (PNG text `ibq`): --from repeats it.\n\
                  Guidance schedules: constant, linear, cosine, power2 (an exponent), as in --cfg 4:cosine.\n\
                  A sample file (--npz) holds arr_0, the pictures as uint8 [N, height, width, 3]; arr_1, the class of each as \
                  int64 [N]; and ibq.json, all settings. Picture i is drawn with number i. When it was interrupted, the same \
                  command goes on where it stopped."
)]
pub(crate) struct Arguments {
    /// Classes with commas between: numbers, names, WordNet ids; all for every class
    #[arg(long, value_name = "N|NAME,…", value_delimiter = ',', required_unless_present = "from")]
    class: Vec<String>,
    /// Repeat this picture, made by this program
    #[arg(long, value_name = "IMAGE.png", conflicts_with_all = ["class", "count", "seed", "cfg", "temperature", "top_k", "top_p", "prefix", "keep", "preset", "npz"])]
    from: Option<PathBuf>,
    /// Pictures of each class
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Seed: the same one gives the same pictures
    #[arg(long, value_name = "S", default_value = "0")]
    seed: u64,
    /// Settings to start from
    #[arg(long, value_enum, default_value = "pretty")]
    preset: Preset,
    /// Strength of guidance, and how it grows over the picture
    #[arg(long, value_name = "X[:SCHEDULE]", value_parser = guidance, allow_negative_numbers = true)]
    cfg: Option<(f32, Schedule)>,
    /// 0: always the most probable token
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    temperature: Option<f32>,
    /// Draw from the K most probable tokens (0: all)
    #[arg(long, value_name = "K")]
    top_k: Option<u32>,
    /// Draw from the most probable tokens that have this share of the probability
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f32>,
    /// Begin with the tokens of this file's first picture
    #[arg(long, value_name = "TOKENS")]
    prefix: Option<PathBuf>,
    /// Of --prefix, keep only the first N tokens
    #[arg(long, value_name = "N", requires = "prefix")]
    keep: Option<usize>,
    /// Folder, or IMAGE.png for a single picture
    #[arg(short, long, value_name = "OUT", required_unless_present = "npz")]
    output: Option<PathBuf>,
    /// Write one sample file for FID evaluators instead of PNGs
    #[arg(long, value_name = "FILE.npz", conflicts_with_all = ["output", "grid", "tokens"])]
    npz: Option<PathBuf>,
    /// Also write all pictures on one sheet, grid.png
    #[arg(long)]
    grid: bool,
    /// Also write the tokens, tokens.json
    #[arg(long)]
    tokens: bool,
    /// Tokenizer that turns tokens into pictures [default: the one inside of the model]
    #[arg(long, value_name = "MODEL")]
    tokenizer: Option<PathBuf>,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    transformer: TransformerOptions,
}

/// `--preset`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// Few, good-looking pictures: guidance 4, top-p 0.96
    Pretty,
    /// As published for measuring: what each official size was evaluated with
    Paper,
}

impl Preset {
    fn sampling(self, config: &TransformerConfig) -> Sampling {
        match self {
            Self::Pretty => Sampling::pretty(),
            Self::Paper => Sampling::paper(config),
        }
    }
}

/// Both models on the GPU.
struct Models {
    opened: OpenedTransformer,
    transformer: Transformer,
    tokenizer: Tokenizer,
    precision: TransformerPrecision,
    /// Where they are, as the user gave it.
    path: String,
    tokenizer_path: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    match &arguments.npz {
        Some(path) => samples::run(arguments, path, session).await,
        None => pictures::run(arguments, session).await,
    }
}

impl Models {
    /// Uploads the opened transformer and a tokenizer that fits it.
    async fn load(
        opened: OpenedTransformer,
        options: &TransformerOptions,
        precision: TransformerPrecision,
        path: String,
        tokenizer_path: Option<PathBuf>,
        session: &Session,
    ) -> Result<Self, Failure> {
        let weights = tokenizer_weights(&opened, tokenizer_path.as_deref(), session).await?;
        let (gpu, transformer): (Gpu, Transformer) =
            transformer::load(&opened, options, precision, session).await?;
        let tokenizer = transformer::load_tokenizer(&gpu, &weights, &transformer, session).await?;
        let tokenizer_path = tokenizer_path.map(|path| path.to_string_lossy().into_owned());
        Ok(Self { opened, transformer, tokenizer, precision, path, tokenizer_path })
    }

    async fn decode(&self, grid: &TokenGrid, session: &Session) -> Result<RgbImage, Failure> {
        let grids = std::slice::from_ref(grid);
        only(self.tokenizer.decode(grids, &RunOptions::default(), session.job()).await?.pictures)
    }
}

/// The tokenizer that was named, the one inside of the transformer's file, or the bundled one if it may fit.
async fn tokenizer_weights(
    opened: &OpenedTransformer,
    path: Option<&std::path::Path>,
    session: &Session,
) -> Result<TokenizerWeights, Failure> {
    if let Some(path) = path {
        return Ok(model::open(Some(path)).await?.model.tokenizer(None)?);
    }
    let inside = opened.tokenizer();
    if inside.is_ok() || bundled::bundled_tokenizer().is_err() {
        return inside;
    }
    let bundled = model::open(None).await?;
    let weights = bundled.model.tokenizer(None)?;
    if weights.config().n_embed != opened.weights.config().vocab_size {
        return inside;
    }
    session.note(&opened.opened.name, format_args!("has no tokenizer inside; {} is used", bundled.name));
    Ok(weights)
}
