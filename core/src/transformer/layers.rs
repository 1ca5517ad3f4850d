//! The linear layers of a transformer: which matrices of a file they are made of, and how they are stored when quantized.

use ibq_shaders::WeightFormat;

use crate::ops::{LinearPart, LinearShape};

use super::TransformerConfig;

/// Codes of one piece of a head that is stored quantized: pieces are what a device with small bindings can load.
pub(super) const HEAD_PIECE: u32 = 16_384;

/// One linear layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// What its stored forms are named after.
    pub(super) stem: String,
    /// Its matrices [rows, columns] in the file; of two, four rows of each in turn.
    pub(super) weights: Vec<String>,
    pub(super) rows: u32,
    pub(super) columns: u32,
    /// Of a layer that makes the vectors of adaptive layer norm: which of them are scales, of which norm.
    pub(super) norms: Vec<(usize, String)>,
    /// Whether it makes the logits: nothing after it evens out what rounding its weights does.
    pub(super) makes_logits: bool,
}

/// The layers of one block.
pub(super) struct BlockLayers {
    pub(super) condition: Layer,
    pub(super) qkv: Layer,
    pub(super) output: Layer,
    /// `w1` and `w3`.
    pub(super) gate: Layer,
    pub(super) down: Layer,
}

/// A tensor of a file with quantized layers.
pub(super) struct StoredPart {
    pub(super) name: String,
    pub(super) shape: Vec<u32>,
    /// Words as `linear.wgsl` reads them; otherwise floats.
    pub(super) words: bool,
}

impl Layer {
    fn new(stem: String, rows: u32, columns: u32) -> Self {
        let weights = vec![format!("{stem}.weight")];
        Self { weights, stem, rows, columns, norms: Vec::new(), makes_logits: false }
    }

    /// The format of this layer where layers are stored in `layers`: 4 bits are too few for logits.
    pub(super) fn format(&self, layers: WeightFormat) -> WeightFormat {
        if self.makes_logits && layers == WeightFormat::Int4 { WeightFormat::Int8 } else { layers }
    }

    /// Its shape where layers are stored in `layers`.
    pub(super) fn shape(&self, layers: WeightFormat) -> LinearShape {
        let matrices = self.weights.len() as u32;
        LinearShape { inputs: self.columns, rows: self.rows, matrices, format: self.format(layers) }
    }

    /// The name of the parameter that holds its bias.
    pub(super) fn bias(&self) -> String {
        format!("{}.bias", self.stem)
    }

    /// Names of the stored forms: numbers and scales.
    pub(super) fn stored_names(&self, layers: WeightFormat) -> [String; 2] {
        let ending = if self.format(layers) == WeightFormat::Int8 { "int8" } else { "int4" };
        [format!("{}.{ending}", self.stem), format!("{}.scales", self.stem)]
    }

    /// Name of the stored bias, in which the norm's weight is folded.
    pub(super) fn folded_bias(&self) -> String {
        format!("{}.folded_bias", self.stem)
    }

    /// The tensors of a layer that is stored quantized: [k4, o4, 4 or 2] words of numbers, [groups, o4, 4] of scales.
    pub(super) fn stored(&self, layers: WeightFormat) -> Vec<StoredPart> {
        let (shape, [numbers, scales]) = (self.shape(layers), self.stored_names(layers));
        let (k4, o4) = (shape.k4(), shape.o4());
        let words = if shape.format == WeightFormat::Int8 { 4 } else { 2 };
        let groups = shape.part_rows(LinearPart::Scales);
        let mut parts = vec![
            StoredPart { name: numbers, shape: vec![k4, o4, words], words: true },
            StoredPart { name: scales, shape: vec![groups, o4, 4], words: true },
        ];
        if !self.norms.is_empty() {
            parts.push(StoredPart { name: self.folded_bias(), shape: vec![self.rows], words: false });
        }
        parts
    }
}

impl TransformerConfig {
    /// The layers of block `index`.
    pub(super) fn block_layers(&self, index: u32) -> BlockLayers {
        let (width, hidden) = (self.n_embd, self.ffn_dim);
        let layer = |part: &str, rows, columns| Layer::new(format!("blocks.{index}.{part}"), rows, columns);
        let norm = |part: &str| format!("blocks.{index}.{part}.weight");
        // gamma1, gamma2, scale1, scale2, shift1, shift2.
        let norms = vec![(2, norm("attention_norm")), (3, norm("ffn_norm"))];
        let halves = ["w1", "w3"].map(|half| format!("blocks.{index}.feed_forward.{half}.weight"));
        BlockLayers {
            condition: Layer { norms, ..layer("ada_lin.1", 6 * width, width) },
            qkv: layer("attention.wqkv", 3 * width, width),
            output: layer("attention.wo", width, width),
            gate: Layer { weights: halves.into(), ..layer("feed_forward.w1_w3", hidden, width) },
            down: layer("feed_forward.w2", width, hidden),
        }
    }

    /// The layer that makes the vectors of the head's norm.
    pub(super) fn head_condition(&self) -> Layer {
        let norms = vec![(0, "head_nm.rmsnorm.weight".to_owned())];
        Layer { norms, ..Layer::new("head_nm.ada_lin.1".to_owned(), 2 * self.n_embd, self.n_embd) }
    }

    /// The layer that makes the logits.
    pub(super) fn head_layer(&self) -> Layer {
        Layer { makes_logits: true, ..Layer::new("head".to_owned(), self.vocab_size, self.n_embd) }
    }

    /// The pieces in which a head is stored quantized: the first row of each, and the layer of its rows.
    pub(super) fn head_pieces(&self) -> impl Iterator<Item = (u32, Layer)> {
        let (vocab, width) = (self.vocab_size, self.n_embd);
        (0..vocab.div_ceil(HEAD_PIECE)).map(move |piece| {
            let first = piece * HEAD_PIECE;
            let rows = HEAD_PIECE.min(vocab - first);
            (
                first,
                Layer {
                    weights: vec!["head.weight".into()],
                    makes_logits: true,
                    ..Layer::new(format!("head.{piece}"), rows, width)
                },
            )
        })
    }

    /// Every tensor of a file with quantized layers, in the file's order.
    pub(super) fn stored_parts(&self, format: WeightFormat) -> Vec<StoredPart> {
        let table = |name: &str, rows| StoredPart {
            name: name.to_owned(),
            shape: vec![rows, self.n_embd],
            words: false,
        };
        let mut parts = vec![
            table("tok_emb.weight", self.vocab_size),
            table("class_emb.embedding_table.weight", self.class_num + 1),
        ];
        for block in 0..self.n_layer {
            let BlockLayers { condition, qkv, output, gate, down } = self.block_layers(block);
            for layer in [condition, qkv, output, gate, down] {
                parts.extend(layer.stored(format));
            }
        }
        parts.extend(self.head_condition().stored(format));
        parts.extend(self.head_pieces().flat_map(|(_, piece)| piece.stored(format)));
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(config: &TransformerConfig, format: WeightFormat) -> u64 {
        let size = |part: &StoredPart| {
            let values: u64 = part.shape.iter().map(|&size| u64::from(size)).product();
            // Tables are 16-bit floats, biases 32-bit ones.
            if !part.words && part.shape.len() == 2 { 2 * values } else { 4 * values }
        };
        config.stored_parts(format).iter().map(size).sum()
    }

    #[test]
    fn the_largest_official_model_fits_a_browser_tab_in_4_bits() {
        let config = TransformerConfig::official("XXL").unwrap();
        // Keys and values of a picture with and without its class, as 16-bit floats.
        let cache = 2 * 2 * 2 * u64::from(config.n_layer * config.positions() * config.n_embd);
        let (weights, largest) = (bytes(&config, WeightFormat::Int4), 2 << 30);
        assert!((1160..1170).contains(&(weights >> 20)), "{weights}");
        assert!(weights + cache < largest / 3 * 2, "{weights} + {cache}");
        // Every tensor fits the smallest binding that WebGPU allows, 128 MiB.
        let most = |part: &StoredPart| part.shape.iter().map(|&size| u64::from(size)).product::<u64>() * 4;
        assert!(config.stored_parts(WeightFormat::Int4).iter().map(most).max().unwrap() <= 128 << 20);
    }

    #[test]
    fn pieces_of_a_head_are_all_of_it() {
        let config = TransformerConfig { vocab_size: 40_001, ..TransformerConfig::official("B").unwrap() };
        let pieces: Vec<(u32, u32)> =
            config.head_pieces().map(|(first, piece)| (first, piece.rows)).collect();
        assert_eq!(pieces, [(0, 16_384), (16_384, 16_384), (32_768, 7233)]);
    }
}
