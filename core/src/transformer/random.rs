//! Random weights of any configuration: to measure time and memory of a size without its file. Their pictures are noise.

use super::TransformerConfig;

/// `count` values of parameter `name` from value `first` on, of a size that keeps activations near 1.
pub(super) fn values(
    config: &TransformerConfig,
    seed: u64,
    name: &str,
    first: u64,
    count: usize,
) -> Vec<f32> {
    let fan_in = if name.contains("w2") { config.ffn_dim } else { config.n_embd };
    let scale = match name {
        _ if name.ends_with("norm.weight") => 0.0,
        _ if name.contains("emb") => 1.0,
        _ if name.ends_with("bias") => 0.1,
        _ => (3.0 / fan_in as f32).sqrt(),
    };
    let around = if name.ends_with("norm.weight") { 1.0 } else { 0.0 };
    let stream = name.bytes().fold(seed, |state, byte| mix(state ^ u64::from(byte)));
    // Two values from every 64 bits.
    let value = |at: u64| {
        let half = (mix(stream ^ (at / 2)) >> (32 * (at % 2))) as u32;
        around + scale * (half as i32 as f32 / 2_147_483_648.0)
    };
    (first..first + count as u64).map(value).collect()
}

/// One step of `SplitMix64` (Steele, Lea and Flood, 2014).
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_depend_on_seed_name_and_place_alone() {
        let config = TransformerConfig::official("B").unwrap();
        let all = values(&config, 1, "head.weight", 0, 1000);
        assert_eq!(values(&config, 1, "head.weight", 311, 20), all[311..331]);
        assert_ne!(values(&config, 2, "head.weight", 0, 1000), all);
        assert_ne!(values(&config, 1, "blocks.0.attention.wo.weight", 0, 1000), all);
        let variance = all.iter().map(|v| v * v).sum::<f32>() / 1000.0;
        assert!((variance * 1024.0 - 1.0).abs() < 0.2, "{variance}");
        assert_eq!(values(&config, 1, "blocks.0.ffn_norm.weight", 0, 3), [1.0; 3]);
    }
}
