//! The encoder and decoder as graphs of operations (specification: `TokenizerConfig`; names as in the checkpoints).

use crate::{
    ops::{
        Conv2d, Embed, Graph, Lookup, Map, NormTo, Operand, PixelsIn, PixelsOut, TensorId, attention,
        group_norm,
    },
    picture::Size,
    tokens::Grid,
};

use super::TokenizerConfig;

/// Where the pieces of an encoder's run are.
#[derive(Clone, Copy, Debug)]
pub(super) struct EncoderIo {
    /// Packed 8-bit pixels go in here.
    pub(super) pixels: TensorId,
    /// The picture in the network's range.
    pub(super) picture: Map,
    /// The latent vectors.
    pub(super) latent: Map,
    /// One u32 per position.
    pub(super) indices: TensorId,
    /// One f32 per position.
    pub(super) margins: TensorId,
    /// Operations up to and including the latent vectors; the rest is the lookup.
    pub(super) encode_ops: usize,
}

/// Where the pieces of a decoder's run are.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecoderIo {
    /// One u32 per position goes in here.
    pub(super) indices: TensorId,
    /// The picture in the network's range, not clamped.
    pub(super) picture: Map,
    /// Packed 8-bit pixels come out here.
    pub(super) pixels: TensorId,
}

/// Builds the two halves of a tokenizer, block by block.
pub(super) struct Network<'a> {
    pub(super) graph: &'a mut Graph,
    pub(super) config: &'a TokenizerConfig,
    /// Also keep what is only looked at by tests: the last GroupNorm before its activation.
    pub(super) traced: bool,
}

impl Network<'_> {
    /// Picture → latent vectors → indices, for `items` pictures of this size.
    pub(super) fn encoder(&mut self, items: u32, size: Size, shard_codes: u32) -> EncoderIo {
        let config = self.config;
        let pixels = self.graph.tensor(u64::from(items) * size.pixels() * 4);
        let picture = self.graph.map(items, size.height, size.width, config.in_channels);
        self.graph.push(PixelsIn { pixels, x: picture });
        let mut x = self.convolution(picture, "encoder.conv_in", config.ch);
        self.graph.name_activation("enc.conv_in", x);
        for level in 0..config.levels() {
            for block in 0..config.num_res_blocks {
                x = self.res_block(x, &format!("encoder.down.{level}.block.{block}"), config.channels(level));
                if config.has_attention(level) {
                    attention(self.graph, x, &format!("encoder.down.{level}.attn.{block}"));
                }
            }
            self.graph.name_activation(format!("enc.down.{level}.out"), x);
            if level + 1 < config.levels() {
                x = self.downsample(x, &format!("encoder.down.{level}.downsample.conv"));
                self.graph.name_activation(format!("enc.down.{level}.downsample"), x);
            }
        }
        x = self.middle(x, "encoder", "enc");
        x = self.head(x, "encoder", "enc", config.z_channels);
        let quantizer = config.quantizer();
        let latent = self.pointwise(x, "quant_conv", quantizer.dimension);
        self.graph.name_activation("quant_conv", latent);
        let encode_ops = self.graph.nodes.len();
        let shards = quantizer.codes.div_ceil(shard_codes);
        let lookup = Lookup::new(self.graph, latent, shards, shard_codes.min(quantizer.codes));
        let (indices, margins) = (lookup.indices, lookup.margins);
        self.graph.push(lookup);
        for tensor in [pixels, latent.tensor, indices, margins] {
            self.graph.keep(tensor);
        }
        if self.traced {
            self.graph.keep(picture.tensor);
        }
        EncoderIo { pixels, picture, latent, indices, margins, encode_ops }
    }

    /// Indices → codes → picture, for `items` grids of this shape.
    pub(super) fn decoder(&mut self, items: u32, grid: Grid) -> DecoderIo {
        let config = self.config;
        let top = config.channels(config.levels() - 1);
        let indices = self.graph.tensor(u64::from(items) * grid.tokens() * 4);
        let z = self.graph.map(items, grid.rows, grid.cols, config.quantizer().dimension);
        self.graph.push(Embed { indices, z });
        self.graph.name_activation("z_q", z);
        let mut x = self.pointwise(z, "post_quant_conv", config.z_channels);
        self.graph.name_activation("post_quant_conv", x);
        x = self.convolution(x, "decoder.conv_in", top);
        self.graph.name_activation("dec.conv_in", x);
        x = self.middle(x, "decoder", "dec");
        for level in (0..config.levels()).rev() {
            for block in 0..=config.num_res_blocks {
                x = self.res_block(x, &format!("decoder.up.{level}.block.{block}"), config.channels(level));
                if config.has_attention(level) {
                    attention(self.graph, x, &format!("decoder.up.{level}.attn.{block}"));
                }
            }
            self.graph.name_activation(format!("dec.up.{level}.out"), x);
            if level > 0 {
                x = self.upsample(x, &format!("decoder.up.{level}.upsample.conv"));
                self.graph.name_activation(format!("dec.up.{level}.upsample"), x);
            }
        }
        let picture = self.head(x, "decoder", "dec", config.out_ch);
        let pixels = self.graph.tensor(u64::from(items) * u64::from(picture.h) * u64::from(picture.w) * 4);
        self.graph.push(PixelsOut { y: picture, pixels });
        self.graph.keep(indices);
        self.graph.keep(pixels);
        DecoderIo { indices, picture, pixels }
    }

    fn convolution(&mut self, x: Map, name: &str, channels: u32) -> Map {
        let y = self.graph.map(x.items, x.h, x.w, channels);
        self.graph.push(Conv2d::same(x, name, y));
        y
    }

    fn pointwise(&mut self, x: Map, name: &str, channels: u32) -> Map {
        let y = self.graph.map(x.items, x.h, x.w, channels);
        self.graph.push(Conv2d::pointwise(x, Operand::Parameter(name.to_owned()), y));
        y
    }

    /// `shortcut(x) + conv2(swish(GN(conv1(swish(GN(x))))))`. The sum is made where the shortcut is: in x itself, or in
    /// the result of `nin_shortcut` when the number of channels changes.
    fn res_block(&mut self, x: Map, name: &str, channels: u32) -> Map {
        let normal = group_norm(self.graph, x, &format!("{name}.norm1"), true, NormTo::New);
        let h = self.convolution(normal, &format!("{name}.conv1"), channels);
        let h = group_norm(self.graph, h, &format!("{name}.norm2"), true, NormTo::InPlace);
        let sum =
            if x.c == channels { x } else { self.pointwise(x, &format!("{name}.nin_shortcut"), channels) };
        let second = Conv2d::same(h, &format!("{name}.conv2"), sum);
        self.graph.push(Conv2d { accumulate: true, ..second });
        sum
    }

    /// One column right and one row below of zeros, then 3 × 3 with stride 2: no padding left and above.
    fn downsample(&mut self, x: Map, name: &str) -> Map {
        let y = self.graph.map(x.items, x.h / 2, x.w / 2, x.c);
        self.graph.push(Conv2d { stride: 2, pad: 0, ..Conv2d::same(x, name, y) });
        y
    }

    fn upsample(&mut self, x: Map, name: &str) -> Map {
        let y = self.graph.map(x.items, 2 * x.h, 2 * x.w, x.c);
        self.graph.push(Conv2d { upsample: true, ..Conv2d::same(x, name, y) });
        y
    }

    fn middle(&mut self, x: Map, side: &str, short: &str) -> Map {
        let mut x = self.res_block(x, &format!("{side}.mid.block_1"), x.c);
        self.graph.name_activation(format!("{short}.mid.block_1"), x);
        attention(self.graph, x, &format!("{side}.mid.attn_1"));
        self.graph.name_activation(format!("{short}.mid.attn_1"), x);
        x = self.res_block(x, &format!("{side}.mid.block_2"), x.c);
        self.graph.name_activation(format!("{short}.mid.block_2"), x);
        x
    }

    /// `conv_out(swish(GN(x)))`.
    fn head(&mut self, x: Map, side: &str, short: &str, channels: u32) -> Map {
        let norm = format!("{side}.norm_out");
        if self.traced {
            let normal = group_norm(self.graph, x, &norm, false, NormTo::New);
            self.graph.name_activation(format!("{short}.norm_out"), normal);
        }
        let x = group_norm(self.graph, x, &norm, true, NormTo::InPlace);
        let y = self.convolution(x, &format!("{side}.conv_out"), channels);
        self.graph.name_activation(format!("{short}.conv_out"), y);
        y
    }
}
