//! How tokens use a codebook.

use std::collections::HashMap;

/// Bits per pixel of `tokens` codes out of `codebook_size` for a picture of `width × height`: `tokens · log2(K) / pixels`.
#[must_use]
pub fn bits_per_pixel(tokens: usize, codebook_size: u32, width: u32, height: u32) -> f64 {
    tokens as f64 * f64::from(codebook_size).log2() / (f64::from(width) * f64::from(height))
}

/// Number of different codes among the tokens.
#[must_use]
pub fn distinct_codes(tokens: &[u32]) -> usize {
    histogram(tokens).len()
}

/// Perplexity of the code histogram: `exp(-Σ p ln p)`, from 1 (one code) to the number of distinct codes. 0 without
/// tokens.
#[must_use]
pub fn perplexity(tokens: &[u32]) -> f64 {
    if tokens.is_empty() {
        return 0.0;
    }
    let mut counts: Vec<u64> = histogram(tokens).into_values().collect();
    // In a fixed order, so that the same tokens always give the same last digit.
    counts.sort_unstable();
    let entropy: f64 =
        counts.iter().map(|&count| count as f64 / tokens.len() as f64).map(|share| -share * share.ln()).sum();
    entropy.exp()
}

fn histogram(tokens: &[u32]) -> HashMap<u32, u64> {
    let mut counts = HashMap::new();
    for &token in tokens {
        *counts.entry(token).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_official_rate_is_a_fraction_of_a_bit() {
        assert_eq!(bits_per_pixel(256, 1 << 18, 256, 256), 18.0 / 256.0);
    }

    #[test]
    fn code_statistics_of_known_sets() {
        assert_eq!((distinct_codes(&[]), perplexity(&[])), (0, 0.0));
        assert_eq!(distinct_codes(&[3, 1, 3, 9]), 3);
        assert!((perplexity(&[0, 1, 2, 3]) - 4.0).abs() < 1e-12);
        assert_eq!(perplexity(&[7; 100]), 1.0);
    }
}
