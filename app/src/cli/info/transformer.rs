//! What `ibq info` says of a transformer.

use ibq_core::{
    device::Device,
    files::Model,
    transformer::{Transformer, TransformerConfig, TransformerPrecision, TransformerWeights},
};
use serde::Serialize;

use super::super::{
    failure::Failure,
    numbers::{bytes, count},
    options::WeightOptions,
    read::read_yaml,
    session::Session,
    table::{Column, Table},
};

/// What only a transformer has.
#[derive(Serialize)]
pub(super) struct TransformerInfo {
    parameters: u64,
    config: TransformerConfig,
    /// What the file does not tell and was taken to be as in the official models.
    assumed: Vec<String>,
    holds_tokenizer: bool,
    /// How the linear layers are stored, where they are quantized.
    stored: Option<&'static str>,
    memory: Vec<PrecisionMemory>,
}

/// Memory at one precision; norm vectors, keys and values are a picture's.
#[derive(Serialize)]
struct PrecisionMemory {
    precision: &'static str,
    weights_bytes: u64,
    picture_bytes: u64,
    guided_picture_bytes: u64,
}

impl TransformerInfo {
    /// Finds every parameter; without a device, nothing is said of memory.
    pub(super) fn new(
        model: &Model,
        device: Option<&Device>,
        choice: &WeightOptions,
        holds_tokenizer: bool,
    ) -> Result<Self, Failure> {
        let yaml = choice.config.as_deref().map(read_yaml).transpose()?;
        let weights = TransformerWeights::new(model, yaml.as_deref())?;
        let config = weights.config().clone();
        let precisions =
            weights.quantized().map_or_else(|| TransformerPrecision::ALL.to_vec(), |it| vec![it]);
        let memory = |device: &Device| {
            let of = |precision: TransformerPrecision| {
                let memory = Transformer::estimate(device, &config, precision);
                PrecisionMemory {
                    precision: precision.name(),
                    weights_bytes: memory.weights,
                    picture_bytes: memory.picture,
                    guided_picture_bytes: memory.guided_picture,
                }
            };
            precisions.into_iter().map(of).collect()
        };
        Ok(Self {
            parameters: config.parameter_count(),
            assumed: weights.assumed().to_vec(),
            holds_tokenizer,
            stored: weights.quantized().map(TransformerPrecision::name),
            memory: device.map(memory).unwrap_or_default(),
            config,
        })
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let TransformerConfig { n_layer, n_head, n_embd, ffn_dim, vocab_size, class_num, .. } = self.config;
        let (width, hidden) = (count(n_embd.into()), count(ffn_dim.into()));
        let side = self.config.side();
        let mut lines = vec![
            ("parameters", count(self.parameters)),
            ("layers", format!("{n_layer} of {n_head} heads, width {width}, feed-forward {hidden}")),
            ("tokens", format!("{side} × {side} per picture, of {} codes", count(vocab_size.into()))),
            ("classes", count(class_num.into())),
        ];
        lines.extend(self.assumed.iter().map(|what| ("assumed", format!("{what}; --config says otherwise"))));
        if let Some(form) = self.stored {
            lines.push(("stored as", format!("{form}, tables and the rest as floats")));
        }
        lines.push(("tokenizer", if self.holds_tokenizer { "inside" } else { "not inside" }.into()));
        lines
    }

    /// The table of memory.
    pub(super) fn print_memory(&self, session: &Session) {
        if self.memory.is_empty() {
            return;
        }
        session.print(format_args!("\nmemory of the transformer"));
        let columns = [("weights", 10), ("a picture", 10), ("with guidance", 13)]
            .map(|(title, width)| Column::new(title, "", width));
        let table = Table::new("precision", 12, columns.into());
        session.print(table.header());
        for memory in &self.memory {
            let cells = [memory.weights_bytes, memory.picture_bytes, memory.guided_picture_bytes].map(bytes);
            session.print(table.row(memory.precision, &cells));
        }
    }
}
