//! The parameters of the network that VQGAN introduced and IBQ kept: names and shapes in the official order.

use super::TokenizerConfig;

/// Every parameter of a tokenizer with this network: official name and PyTorch shape.
pub(super) fn parameters(config: &TokenizerConfig) -> Vec<(String, Vec<u32>)> {
    let mut list = ParameterList::default();
    let top = config.channels(config.levels() - 1);

    list.conv("encoder.conv_in", config.in_channels, config.ch, 3);
    for level in 0..config.levels() {
        let mut cin = config.channels_in(level);
        let cout = config.channels(level);
        for block in 0..config.num_res_blocks {
            list.res_block(&format!("encoder.down.{level}.block.{block}"), cin, cout);
            cin = cout;
        }
        if config.has_attention(level) {
            for block in 0..config.num_res_blocks {
                list.attention(&format!("encoder.down.{level}.attn.{block}"), cout);
            }
        }
        if level + 1 < config.levels() {
            list.conv(&format!("encoder.down.{level}.downsample.conv"), cout, cout, 3);
        }
    }
    list.middle("encoder", top);
    list.norm("encoder.norm_out", top);
    list.conv("encoder.conv_out", top, config.z_channels, 3);

    list.conv("decoder.conv_in", config.z_channels, top, 3);
    list.middle("decoder", top);
    for level in 0..config.levels() {
        let cout = config.channels(level);
        let mut cin = if level + 1 < config.levels() { config.channels(level + 1) } else { top };
        for block in 0..=config.num_res_blocks {
            list.res_block(&format!("decoder.up.{level}.block.{block}"), cin, cout);
            cin = cout;
        }
        if config.has_attention(level) {
            for block in 0..=config.num_res_blocks {
                list.attention(&format!("decoder.up.{level}.attn.{block}"), cout);
            }
        }
        if level > 0 {
            list.conv(&format!("decoder.up.{level}.upsample.conv"), cout, cout, 3);
        }
    }
    list.norm("decoder.norm_out", config.channels(0));
    list.conv("decoder.conv_out", config.channels(0), config.out_ch, 3);

    list.tensor("quantize.embedding.weight".into(), vec![config.n_embed, config.embed_dim]);
    list.conv("quant_conv", config.z_channels, config.embed_dim, 1);
    list.conv("post_quant_conv", config.embed_dim, config.z_channels, 1);
    list.0
}

/// Collects (name, shape) pairs block by block.
#[derive(Default)]
struct ParameterList(Vec<(String, Vec<u32>)>);

impl ParameterList {
    fn tensor(&mut self, name: String, shape: Vec<u32>) {
        self.0.push((name, shape));
    }

    fn conv(&mut self, name: &str, cin: u32, cout: u32, side: u32) {
        self.tensor(format!("{name}.weight"), vec![cout, cin, side, side]);
        self.tensor(format!("{name}.bias"), vec![cout]);
    }

    fn norm(&mut self, name: &str, channels: u32) {
        self.tensor(format!("{name}.weight"), vec![channels]);
        self.tensor(format!("{name}.bias"), vec![channels]);
    }

    fn res_block(&mut self, name: &str, cin: u32, cout: u32) {
        self.norm(&format!("{name}.norm1"), cin);
        self.conv(&format!("{name}.conv1"), cin, cout, 3);
        self.norm(&format!("{name}.norm2"), cout);
        self.conv(&format!("{name}.conv2"), cout, cout, 3);
        if cin != cout {
            self.conv(&format!("{name}.nin_shortcut"), cin, cout, 1);
        }
    }

    fn attention(&mut self, name: &str, channels: u32) {
        self.norm(&format!("{name}.norm"), channels);
        for part in ["q", "k", "v", "proj_out"] {
            self.conv(&format!("{name}.{part}"), channels, channels, 1);
        }
    }

    fn middle(&mut self, side: &str, channels: u32) {
        self.res_block(&format!("{side}.mid.block_1"), channels, channels);
        self.attention(&format!("{side}.mid.attn_1"), channels);
        self.res_block(&format!("{side}.mid.block_2"), channels, channels);
    }
}
