//! What `ibq info` says of a tokenizer.

use ibq_core::{
    device::Device,
    picture::Size,
    tokenizer::{Tiling, Tokenizer, TokenizerConfig},
};
use serde::Serialize;

use super::{
    super::{
        failure::Failure,
        model::{self, Adapter, OpenedModel},
        numbers::{bytes, count},
        options::TokenizerGpuOptions,
        session::Session,
        table::{Column, Table},
    },
    Arguments,
};

/// Sides of the pictures whose memory is shown.
const SIDES: [u32; 2] = [256, 512];

/// What only a tokenizer has.
#[derive(Serialize)]
pub(super) struct TokenizerInfo {
    weights: Vec<&'static str>,
    weights_used: &'static str,
    /// Parameters of the tokenizer.
    parameters: u64,
    codebook_size: u32,
    /// How a latent vector chooses its code: "ibq" or "vq".
    quantizer: &'static str,
    /// Whether nothing states the rule, so that it was assumed.
    quantizer_assumed: bool,
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

impl TokenizerInfo {
    /// Finds every parameter, and plans the memory where there is a device.
    pub(super) fn new(
        opened: &OpenedModel,
        arguments: &Arguments,
        device: &Result<Device, Failure>,
    ) -> Result<Self, Failure> {
        let weights = model::tokenizer(opened, &arguments.choice)?;
        let config = weights.config().clone();
        let memory = match device {
            Ok(device) => plan_memory(device, &config, &arguments.gpu),
            Err(failure) => Memory {
                precision: arguments.gpu.precision.name(),
                adapter: None,
                unknown: Some(failure.to_string()),
                pictures: Vec::new(),
            },
        };
        Ok(Self {
            weights: opened.model.available().iter().map(|set| set.name()).collect(),
            weights_used: weights.set().name(),
            parameters: config.parameter_count(),
            codebook_size: config.quantizer().codes,
            quantizer: config.rule.key(),
            quantizer_assumed: weights.rule_is_assumed(),
            factor: config.factor(),
            config,
            memory,
        })
    }

    /// The table of memory.
    pub(super) fn print_memory(&self, session: &Session) {
        print_memory(&self.memory, session);
    }

    /// Name of its family.
    pub(super) fn family(&self) -> &'static str {
        self.config.family_name()
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let TokenizerConfig { ch, num_res_blocks, z_channels, embed_dim, .. } = self.config;
        let quantizer = self.config.quantizer();
        let assumed =
            if self.quantizer_assumed { " (assumed: nothing states it; --config does)" } else { "" };
        let factor = self.factor;
        let side = 256 / factor.min(256);
        vec![
            ("weights", weight_sets(self)),
            ("parameters", count(self.parameters)),
            (
                "codebook",
                format!("{} codes of {} values", count(quantizer.codes.into()), quantizer.dimension),
            ),
            ("quantizer", format!("{}{assumed}", quantizer.rule.description())),
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

fn plan_memory(device: &Device, config: &TokenizerConfig, options: &TokenizerGpuOptions) -> Memory {
    let mut unknown = None;
    let mut pictures = Vec::new();
    for side in SIDES {
        let side = side.next_multiple_of(config.factor());
        match Tokenizer::estimate(
            device,
            config,
            options.precision.into(),
            Size::square(side),
            1,
            Tiling::Auto,
        ) {
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
    Memory { precision: options.precision.name(), adapter: Some(device.into()), unknown, pictures }
}

fn weight_sets(info: &TokenizerInfo) -> String {
    let name = |&key: &&'static str| {
        let name = if key == "ema" { "EMA" } else { key };
        format!("{name}{}", if key == info.weights_used { " (used)" } else { "" })
    };
    info.weights.iter().map(name).collect::<Vec<_>>().join(", ")
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
