//! The sampler on every device, compared with plain code.

use proptest::prelude::*;

use super::{
    super::{Schedule, reference::noise, uniform},
    *,
};
use crate::ops::testing::executors;

fn row(logits: &[f32], sampling: Sampling, seed: u64, number: u32) -> LogitRow<'_> {
    LogitRow { conditional: logits, unconditional: None, sampling, seed, number }
}

fn run(device: &Device, rows: &[LogitRow<'_>]) -> Vec<Drawn> {
    pollster::block_on(draw(device, rows)).expect("a run")
}

/// Which tokens the filters keep, by sorting.
fn plain_filter(logits: &[f32], top_k: u32, top_p: f32) -> Vec<bool> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    let mut kept = vec![true; logits.len()];
    if top_k > 0 && (top_k as usize) < logits.len() {
        let least = logits[order[top_k as usize - 1]];
        kept.iter_mut().zip(logits).for_each(|(kept, &logit)| *kept = logit >= least);
    }
    if top_p < 1.0 {
        let most = f64::from(logits[order[0]]);
        let weight = |token: usize| (f64::from(logits[token]) - most).exp();
        let sum: f64 = order.iter().filter(|&&token| kept[token]).map(|&token| weight(token)).sum();
        let mut before = 0.0;
        for &token in order.iter().filter(|&&token| kept[token]).collect::<Vec<_>>() {
            kept[token] = before <= f64::from(top_p) * sum;
            before += weight(token);
        }
    }
    kept
}

/// The share of the probability nearest to p before a token: how far a filter is from keeping another number of tokens.
fn distance_from_p(logits: &[f32], top_k: u32, top_p: f32) -> f64 {
    let in_k = plain_filter(logits, top_k, 1.0);
    let mut weights: Vec<f64> = logits
        .iter()
        .zip(&in_k)
        .filter(|(_, kept)| **kept)
        .map(|(&logit, _)| f64::from(logit).exp())
        .collect();
    weights.sort_by(|a, b| b.total_cmp(a));
    let sum: f64 = weights.iter().sum();
    let mut before = 0.0;
    let mut least = f64::INFINITY;
    for weight in weights {
        least = least.min((before / sum - f64::from(top_p)).abs());
        before += weight;
    }
    least
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn filters_keep_what_sorting_keeps(
        vocab in 1_usize..700, top_k in 0_u32..300, top_p in 0.01_f32..1.2, spread in 0.1_f32..8.0,
        ties in any::<bool>(), seed in 0_u64..1000,
    ) {
        let top_p = top_p.min(1.0);
        let round = |value: f32| if ties { (value * 4.0).round() / 4.0 } else { value };
        let logits: Vec<f32> = noise(vocab, seed).iter().map(|value| round(value * spread)).collect();
        // Where tokens are equal, sorting keeps some of those that top-p cuts through, and the sampler all of them.
        let top_p = if ties { 1.0 } else { top_p };
        prop_assume!(top_p == 1.0 || distance_from_p(&logits, top_k, top_p) > 1e-5);
        let sampling = Sampling { top_k, top_p, ..Sampling::default() };
        for device in executors() {
            let drawn = &run(device, &[row(&logits, sampling, seed, 3)])[0];
            prop_assert_eq!(&drawn.guided, &logits);
            let kept = plain_filter(&logits, top_k, top_p);
            prop_assert_eq!(&drawn.kept, &kept);
            // The token is the one in which the random number falls.
            let token = drawn.token.unwrap() as usize;
            prop_assert!(kept[token]);
            let weight = |token: usize| if kept[token] { f64::from(logits[token]).exp() } else { 0.0 };
            let all: f64 = (0..vocab).map(weight).sum();
            let goal = f64::from(uniform(seed, 0, 3)) * all;
            let before: f64 = (0..token).map(weight).sum();
            let slack = 1e-5 * all;
            prop_assert!(before - slack <= goal && goal <= before + weight(token) + slack);
        }
    }

    #[test]
    fn guidance_and_temperature_are_as_specified(
        vocab in 1_usize..300, cfg_scale in 0.0_f32..8.0, temperature in 0.2_f32..3.0, seed in 0_u64..1000,
    ) {
        let (with, without) = (noise(vocab, seed), noise(vocab, seed + 1));
        let sampling = Sampling { cfg_scale, temperature, schedule: Schedule::Linear, ..Sampling::default() };
        let pair = LogitRow { unconditional: Some(&without), ..row(&with, sampling, seed, 0) };
        for device in executors() {
            let drawn = &run(device, std::slice::from_ref(&pair))[0];
            for ((&ours, &c), &u) in drawn.guided.iter().zip(&with).zip(&without) {
                let guided = if cfg_scale > 1.0 { u + cfg_scale * (c - u) } else { c };
                prop_assert!((ours - guided / temperature).abs() <= 1e-5 * (1.0 + ours.abs()));
            }
        }
    }
}

#[test]
fn temperature_zero_takes_the_first_of_the_largest() {
    for device in executors() {
        let mut logits = noise(600, 5);
        (logits[77], logits[300], logits[599]) = (9.0, 9.0, 9.0);
        let cold = Sampling { temperature: 0.0, ..Sampling::default() };
        assert_eq!(run(device, &[row(&logits, cold, 1, 0)])[0].token, Some(77));
        let nearly = Sampling { temperature: 1e-3, ..Sampling::default() };
        logits[300] = 8.9;
        logits[599] = 8.9;
        let rows: Vec<LogitRow<'_>> = (0..50).map(|number| row(&logits, nearly, 1, number)).collect();
        assert!(run(device, &rows).iter().all(|drawn| drawn.token == Some(77)));
    }
}

/// 2,000 draws with fixed seeds against the distribution that the filters leave.
#[test]
fn draws_follow_the_distribution() {
    const DRAWS: u32 = 2_000;
    let logits: Vec<f32> = noise(24, 8).iter().map(|value| value * 2.0).collect();
    let sampling = Sampling { temperature: 0.8, top_k: 16, top_p: 0.9, ..Sampling::default() };
    let rows: Vec<LogitRow<'_>> = (0..DRAWS).map(|number| row(&logits, sampling, 2024, number)).collect();
    for device in executors() {
        let drawn = run(device, &rows);
        let mut counts = vec![0_u32; logits.len()];
        for drawn in &drawn {
            counts[drawn.token.unwrap() as usize] += 1;
        }
        let Drawn { guided, kept, .. } = &drawn[0];
        let weight = |token: usize| if kept[token] { f64::from(guided[token]).exp() } else { 0.0 };
        let all: f64 = (0..guided.len()).map(weight).sum();
        let mut chi_squared = 0.0;
        let mut freedom = -1.0;
        for (token, &count) in counts.iter().enumerate() {
            if !kept[token] {
                assert_eq!(count, 0, "token {token} is outside of the filter");
                continue;
            }
            let expected = weight(token) / all * f64::from(DRAWS);
            chi_squared += (f64::from(count) - expected).powi(2) / expected;
            freedom += 1.0;
        }
        assert!(freedom > 3.0);
        // Mean and deviation of the chi-squared distribution; four deviations are one case in ten thousand.
        assert!(chi_squared < freedom + 4.0 * (2.0_f64 * freedom).sqrt(), "{chi_squared} with {freedom}");
    }
}

#[test]
fn what_is_not_a_number_draws_nothing() {
    for device in executors() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut logits = noise(300, 9);
            logits[270] = wrong;
            let good = noise(300, 10);
            let rows = [row(&logits, Sampling::default(), 1, 0), row(&good, Sampling::default(), 1, 0)];
            let drawn = run(device, &rows);
            assert!(drawn[0].token.is_none() && drawn[1].token.is_some(), "{wrong}");
        }
    }
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let device = &executors()[0];
    let refuse = |rows: &[LogitRow<'_>]| pollster::block_on(draw(device, rows)).unwrap_err().to_string();
    let plain = Sampling::default();
    assert!(refuse(&[]).contains("no logits"));
    assert!(refuse(&[row(&[1.0], plain, 0, 0), row(&[1.0, 2.0], plain, 0, 0)]).contains("one length"));
    let guided = Sampling { cfg_scale: 2.0, ..plain };
    assert!(refuse(&[row(&[1.0], guided, 0, 0)]).contains("without a class"));
}
