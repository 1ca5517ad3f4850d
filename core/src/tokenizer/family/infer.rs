//! The configuration of the common network from the names and shapes of its tensors alone.

use crate::tokenizer::{Rule, TokenizerConfig};

/// Nominal training side of an inferred configuration. It cannot be seen in the weights and only names the levels that
/// have attention, so any value that tells all levels apart serves.
const NOMINAL_RESOLUTION: u32 = 256;
/// More levels or blocks than any configuration that can be run.
const MOST: usize = 65;

/// Why no configuration can be inferred.
#[derive(Debug, PartialEq)]
pub(in crate::tokenizer) enum InferError {
    /// This tensor is not there.
    Missing(String),
    /// This tensor has a shape that no configuration gives.
    Shape(String),
}

/// Infers the configuration; `shape` looks up a tensor by its official name. The rule is not in the shapes.
pub(super) fn infer(shape: &dyn Fn(&str) -> Option<Vec<u64>>) -> Result<TokenizerConfig, InferError> {
    let axes = |name: &str, count: usize| -> Result<Vec<u32>, InferError> {
        let shape = shape(name).ok_or_else(|| InferError::Missing(name.to_owned()))?;
        let sizes: Option<Vec<u32>> = shape.iter().map(|&size| u32::try_from(size).ok()).collect();
        let sizes = sizes.filter(|sizes| sizes.len() == count && !sizes.contains(&0));
        sizes.ok_or_else(|| InferError::Shape(name.to_owned()))
    };
    let exists = |name: &str| shape(name).is_some();

    let conv_in = axes("encoder.conv_in.weight", 4)?;
    let (ch, in_channels) = (conv_in[0], conv_in[1]);
    let first_block = |level: usize| format!("encoder.down.{level}.block.0.conv1.weight");
    let levels = (0..MOST).take_while(|&level| exists(&first_block(level))).count();
    let mut ch_mult = Vec::new();
    for level in 0..levels.max(1) {
        let name = first_block(level);
        let channels = axes(&name, 4)?[0];
        if !channels.is_multiple_of(ch) {
            return Err(InferError::Shape(name));
        }
        ch_mult.push(channels / ch);
    }
    let num_res_blocks =
        (0..MOST).take_while(|&block| exists(&format!("encoder.down.0.block.{block}.conv1.weight"))).count();
    let attention = |&level: &usize| exists(&format!("encoder.down.{level}.attn.0.norm.weight"));
    let nominal = |level: usize| NOMINAL_RESOLUTION.checked_shr(level as u32).unwrap_or(0);
    let attn_resolutions = (0..levels).filter(attention).map(nominal).collect();
    let codebook = axes("quantize.embedding.weight", 2)?;
    Ok(TokenizerConfig {
        ch,
        ch_mult,
        num_res_blocks: num_res_blocks as u32,
        attn_resolutions,
        resolution: NOMINAL_RESOLUTION,
        z_channels: axes("encoder.conv_out.weight", 4)?[0],
        embed_dim: codebook[1],
        n_embed: codebook[0],
        rule: Rule::default(),
        in_channels,
        out_ch: axes("decoder.conv_out.weight", 4)?[0],
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_configuration_is_inferred_from_its_own_parameters(
            ch in 1u32..4,
            ch_mult in prop::collection::vec(1u32..5, 1..7),
            num_res_blocks in 1u32..5,
            attention in prop::collection::vec(any::<bool>(), 6),
            z_channels in 1u32..40,
            embed_dim in 1u32..40,
            n_embed in 1u32..(1 << 18),
        ) {
            let attn_resolutions =
                (0..ch_mult.len()).filter(|&level| attention[level % 6]).map(|level| 256 >> level).collect();
            let config = TokenizerConfig {
                ch: ch * 32, ch_mult, num_res_blocks, attn_resolutions, resolution: 256,
                z_channels, embed_dim, n_embed, rule: Rule::Ibq, in_channels: 3, out_ch: 3,
            };
            let shapes: HashMap<String, Vec<u64>> = config.parameters().into_iter()
                .map(|(name, shape)| (name, shape.into_iter().map(u64::from).collect())).collect();
            prop_assert_eq!(infer(&|name| shapes.get(name).cloned()).unwrap(), config);
        }
    }

    #[test]
    fn what_is_missing_or_misshapen_is_named() {
        assert_eq!(infer(&|_| None), Err(InferError::Missing("encoder.conv_in.weight".to_owned())));
        assert_eq!(infer(&|_| Some(vec![3])), Err(InferError::Shape("encoder.conv_in.weight".to_owned())));
        assert_eq!(infer(&|_| Some(vec![0; 4])), Err(InferError::Shape("encoder.conv_in.weight".to_owned())));
    }
}
