//! `ibq info`: what a model file is.

use std::path::PathBuf;

use ibq_core::{
    files::{Model, ModelKind},
    gpu::Gpu,
    tokenizer::{Tiling, Tokenizer, TokenizerConfig},
};
use serde::Serialize;

use super::{
    convert::stored_bytes,
    failure::Failure,
    model::{self, Adapter, OpenedModel, set_key},
    numbers::{bytes, count},
    options::{GpuOptions, WeightOptions},
    session::Session,
    table::{Column, Table},
};

mod transformer;

use transformer::TransformerPart;

/// Sides of the pictures that memory is told for.
const SIDES: [u32; 2] = [256, 512];

/// The command line of `ibq info`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Model file (.ckpt, .pt, .safetensors) or folder [default: the bundled model]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: WeightOptions,
    #[command(flatten)]
    gpu: GpuOptions,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Document {
    name: String,
    kind: &'static str,
    description: &'static str,
    /// Size of the file, or of the files of the folder; null for the bundled model.
    file_bytes: Option<u64>,
    tensors: usize,
    /// Values of all tensors.
    values: u64,
    #[serde(flatten)]
    tokenizer: Option<TokenizerPart>,
    transformer: Option<TransformerPart>,
}

/// What only a tokenizer has.
#[derive(Serialize)]
struct TokenizerPart {
    weights: Vec<&'static str>,
    weights_used: &'static str,
    /// Parameters of the tokenizer.
    parameters: u64,
    codebook_size: u32,
    factor: u32,
    config: TokenizerConfig,
    memory: Memory,
}

/// Memory that the tokenizer needs.
#[derive(Serialize)]
struct Memory {
    precision: &'static str,
    adapter: Option<Adapter>,
    /// Why there are no figures.
    unknown: Option<String>,
    pictures: Vec<PictureMemory>,
}

/// Memory for one picture of one size.
#[derive(Serialize)]
struct PictureMemory {
    width: u32,
    height: u32,
    weights_bytes: u64,
    activations_bytes: u64,
    tiles: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let opened = model::open(arguments.model.as_deref()).await?;
    let document = describe(arguments, opened).await?;
    if arguments.json {
        return session.print_json(&document);
    }
    let print = |lines: Vec<(&str, String)>| {
        lines.into_iter().for_each(|(what, text)| session.print(format_args!("{what:<13}{text}")));
    };
    print(lines(&document));
    if let Some(part) = &document.transformer {
        print(part.lines());
        part.print_memory(session);
    }
    if let Some(part) = &document.tokenizer {
        if document.transformer.is_some() {
            session.print(format_args!("\nthe tokenizer inside"));
        }
        print(part.lines());
        print_memory(&part.memory, session);
    }
    Ok(())
}

async fn describe(arguments: &Arguments, opened: OpenedModel) -> Result<Document, Failure> {
    let (kind, description) = kind_of(opened.model.kind());
    // A transformer may carry its tokenizer.
    let has_tokenizer = match opened.model.kind() {
        ModelKind::Tokenizer => true,
        ModelKind::Transformer => !opened.model.available().is_empty(),
        ModelKind::Discriminator | ModelKind::LookupFree | ModelKind::Unknown => false,
    };
    let has_transformer = opened.model.kind() == ModelKind::Transformer;
    let (mut tokenizer, mut transformer) = (None, None);
    if has_tokenizer || has_transformer {
        let gpu = model::open_gpu(&arguments.gpu).await;
        if has_tokenizer {
            tokenizer = Some(TokenizerPart::new(&opened, arguments, &gpu)?);
        }
        if has_transformer {
            let gpu = gpu.as_ref().ok();
            transformer = Some(TransformerPart::new(&opened.model, gpu, &arguments.choice, has_tokenizer)?);
        }
    }
    Ok(Document {
        kind,
        description,
        file_bytes: arguments.model.as_deref().map(stored_bytes),
        tensors: opened.model.tensors().len(),
        values: stored_values(&opened.model),
        tokenizer,
        transformer,
        name: opened.name,
    })
}

fn kind_of(kind: ModelKind) -> (&'static str, &'static str) {
    match kind {
        ModelKind::Tokenizer => ("tokenizer", "IBQ tokenizer: encoder, codebook, decoder"),
        ModelKind::Transformer => ("transformer", "autoregressive transformer over tokens"),
        ModelKind::Discriminator => ("discriminator", "discriminator of the training, no use on its own"),
        ModelKind::LookupFree => {
            ("lookup-free", "lookup-free tokenizer (LFQ): it has no codebook and cannot be used here")
        }
        ModelKind::Unknown => ("unknown", "tensors that are no model known here"),
    }
}

impl TokenizerPart {
    fn new(opened: &OpenedModel, arguments: &Arguments, gpu: &Result<Gpu, Failure>) -> Result<Self, Failure> {
        let weights = model::tokenizer(opened, &arguments.choice)?;
        let config = weights.config().clone();
        let memory = match gpu {
            Ok(gpu) => memory(gpu, &config, &arguments.gpu),
            Err(failure) => Memory {
                precision: arguments.gpu.precision.name(),
                adapter: None,
                unknown: Some(failure.to_string()),
                pictures: Vec::new(),
            },
        };
        Ok(Self {
            weights: opened.model.available().iter().copied().map(set_key).collect(),
            weights_used: set_key(weights.set()),
            parameters: config.parameter_count(),
            codebook_size: config.n_embed,
            factor: config.factor(),
            config,
            memory,
        })
    }

    /// For people.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let TokenizerConfig { ch, num_res_blocks, z_channels, embed_dim, n_embed, .. } = self.config;
        let factor = self.factor;
        let side = 256 / factor.min(256);
        vec![
            ("weights", weight_sets(self)),
            ("parameters", count(self.parameters)),
            ("codebook", format!("{} codes of {embed_dim} values", count(n_embed.into()))),
            ("factor", format!("{factor}: 256 × 256 pixels become {side} × {side} tokens")),
            ("channels", format!("{} (ch {ch} × ch_mult {:?})", widths(&self.config), self.config.ch_mult)),
            (
                "blocks",
                format!("{num_res_blocks} per level in the encoder, {} in the decoder", num_res_blocks + 1),
            ),
            ("attention", attention(&self.config)),
            ("latent", format!("z_channels {z_channels}, embed_dim {embed_dim}")),
        ]
    }
}

fn memory(gpu: &Gpu, config: &TokenizerConfig, options: &GpuOptions) -> Memory {
    let mut unknown = None;
    let mut pictures = Vec::new();
    for side in SIDES {
        let side = side.next_multiple_of(config.factor());
        match Tokenizer::estimate(gpu, config, options.precision.into(), (side, side), 1, Tiling::Auto) {
            Ok(plan) => pictures.push(PictureMemory {
                width: side,
                height: side,
                weights_bytes: plan.weights,
                activations_bytes: plan.activations,
                tiles: plan.tiles.map(|tiles| tiles.to_string()),
            }),
            Err(error) => unknown = Some(error.to_string()),
        }
    }
    Memory { precision: options.precision.name(), adapter: Some(gpu.info().into()), unknown, pictures }
}

fn stored_values(model: &Model) -> u64 {
    let values = |shape: &[u64]| shape.iter().fold(1_u64, |product, &length| product.saturating_mul(length));
    model.tensors().iter().fold(0, |sum: u64, tensor| sum.saturating_add(values(&tensor.shape)))
}

fn lines(document: &Document) -> Vec<(&'static str, String)> {
    let mut lines = vec![("model", document.name.clone()), ("kind", document.description.to_owned())];
    if let Some(size) = document.file_bytes {
        lines.push(("file", bytes(size)));
    }
    if document.tokenizer.is_none() && document.transformer.is_none() {
        let (values, tensors) = (count(document.values), count(document.tensors as u64));
        lines.push(("values", format!("{values} in {tensors} tensors")));
    }
    lines
}

fn weight_sets(part: &TokenizerPart) -> String {
    let name = |&key: &&'static str| {
        let name = if key == "ema" { "EMA" } else { key };
        format!("{name}{}", if key == part.weights_used { " (used)" } else { "" })
    };
    part.weights.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn widths(config: &TokenizerConfig) -> String {
    (0..config.levels()).map(|level| config.channels(level).to_string()).collect::<Vec<_>>().join(" → ")
}

fn attention(config: &TokenizerConfig) -> String {
    let levels: Vec<String> = (0..config.levels())
        .filter(|&level| config.has_attention(level))
        .map(|level| level.to_string())
        .collect();
    match levels.len() {
        0 => "in the middle only".to_owned(),
        1 => format!("in level {} and in the middle", levels[0]),
        _ => format!("in levels {} and in the middle", levels.join(", ")),
    }
}

fn print_memory(memory: &Memory, session: &Session) {
    if let Some(reason) = &memory.unknown {
        session.note("memory", reason);
    }
    let Some(adapter) = memory.adapter.as_ref().filter(|_| !memory.pictures.is_empty()) else { return };
    session.print(format_args!("\nmemory needed on {}, {}", adapter.line(), memory.precision));
    let columns = ["weights", "activations", "together"].map(|title| Column::new(title, "", 10));
    let table = Table::new("picture", 12, columns.into());
    session.print(table.header());
    for picture in &memory.pictures {
        let (weights, activations) = (picture.weights_bytes, picture.activations_bytes);
        let cells = [weights, activations, weights.saturating_add(activations)].map(bytes);
        session.print(table.row(&format!("{} × {}", picture.width, picture.height), &cells));
        if let Some(tiles) = &picture.tiles {
            session.print(format_args!("             {tiles}"));
        }
    }
}
