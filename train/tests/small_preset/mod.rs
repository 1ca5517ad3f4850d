//! The smallest tokenizer that whole runs are tested with.

/// A preset of `steps` steps on pictures of 16 × 16 pixels.
pub(crate) fn tokenizer_preset(steps: u32) -> String {
    format!(
        r#"
[model]
ch = 32
ch_mult = [1, 1]
num_res_blocks = 1
attn_resolutions = []
resolution = 16
z_channels = 8
embed_dim = 8
n_embed = 48
[quantizer]
rule = "ibq"
[training]
side = 16
batch = 2
steps = {steps}
learning_rate = 1e-3
ema_decay = 0.9
seed = 3
"#
    )
}
