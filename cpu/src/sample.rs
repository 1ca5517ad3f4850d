//! The next token of every picture, drawn from its logits.

use crate::{
    Cpu, NO_INDEX,
    exp::exp,
    isa::{Compute, Target},
    philox::uniform,
};

/// Runs of neighboring tokens whose probabilities are summed first, as many as the GPU's kernel has invocations: so the sums of both
/// are rounded alike, and both draw the same tokens.
const RUNS: usize = 256;

/// How the token of one picture is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// Seed of all draws.
    pub seed: u64,
    /// Number of the picture among those of the seed.
    pub number: u32,
    /// The position that is drawn.
    pub position: u32,
    /// A token that is given.
    pub fixed: Option<u32>,
    /// What logits are guided with: `u + scale · (c - u)` where it is above 1 and there are logits without a class.
    pub scale: f32,
    /// What logits are divided by; 0: the most probable token.
    pub temperature: f32,
    /// Only the k most probable tokens; 0: all.
    pub top_k: u32,
    /// Only the most probable tokens that together have this share of the probability; 1: all.
    pub top_p: f32,
}

/// What was drawn for one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The token; [`NO_INDEX`] where a logit is not finite.
    pub token: u32,
    /// Key of the smallest guided logit that may be drawn; keys are ordered like the logits.
    pub filter: u32,
}

/// Draws a token for every picture. Top-k keeps the logits that are not below the k-th largest. Of these, top-p keeps the smallest
/// set of the largest that has more than p of the probability. The draw inverts the cumulative distribution at a random number that
/// depends on seed, position and number alone.
///
/// `conditional` and `unconditional` give the logits of a picture. guided: [pictures, vocab], the guided logits, divided by the
/// temperature.
pub fn sample<'a>(
    cpu: &Cpu,
    drawings: &[Drawing],
    conditional: impl Fn(usize) -> &'a [f32] + Sync,
    unconditional: impl Fn(usize) -> Option<&'a [f32]> + Sync,
    guided: &mut [f32],
) -> Vec<Drawn> {
    let vocab = guided.len() / drawings.len().max(1);
    let rows = drawings.iter().zip(guided.chunks_exact_mut(vocab.max(1)));
    let mut pictures: Vec<_> = rows.map(|(drawing, row)| (drawing, row, None)).collect();
    // Filters pass over the logits many times.
    let band = cpu.band_of(pictures.len(), 64 * vocab, 1);
    cpu.bands(&mut pictures, band, |index, pictures| {
        for (offset, (drawing, guided, drawn)) in pictures.iter_mut().enumerate() {
            let picture = index * band + offset;
            let (conditional, unconditional) = (conditional(picture), unconditional(picture));
            *drawn = Some(cpu.isa().run(Picture { drawing, conditional, unconditional, guided }));
        }
    });
    // Where the work was stopped nothing was drawn.
    let nothing = Drawn { token: NO_INDEX, filter: 0 };
    pictures.into_iter().map(|(.., drawn)| drawn.unwrap_or(nothing)).collect()
}

/// A number that is ordered as the float is.
#[inline(always)]
fn key(value: f32) -> u32 {
    // 0 and -0 are equal.
    let bits = if value == 0.0 { 0 } else { value.to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}

struct Picture<'a> {
    drawing: &'a Drawing,
    conditional: &'a [f32],
    unconditional: Option<&'a [f32]>,
    guided: &'a mut [f32],
}

impl Compute for Picture<'_> {
    type Output = Drawn;

    #[inline(always)]
    fn run<T: Target>(self) -> Drawn {
        let Self { drawing, conditional, unconditional, guided } = self;
        guided.copy_from_slice(conditional);
        if let Some(unconditional) = unconditional.filter(|_| drawing.scale > 1.0) {
            for (value, without) in guided.iter_mut().zip(unconditional) {
                *value = without + drawing.scale * (*value - without);
            }
        }
        if drawing.temperature > 0.0 {
            for value in &mut *guided {
                *value /= drawing.temperature;
            }
        }
        let finite = guided.iter().all(|value| value.is_finite());
        let best = guided.iter().copied().filter(|value| value.is_finite()).fold(f32::MIN, f32::max);
        let mut keys = vec![0; guided.len()];
        for (key_of, &value) in keys.iter_mut().zip(&*guided) {
            *key_of = key(value);
        }

        let mut filter = 0;
        if drawing.top_k > 0 && (drawing.top_k as usize) < guided.len() {
            // The largest key that at least k logits reach, bit by bit.
            for bit in (0..32).rev() {
                if reached(&keys, filter | (1 << bit)) >= drawing.top_k {
                    filter |= 1 << bit;
                }
            }
        }
        let mut weights = vec![0.0; guided.len()];
        for (weight, value) in weights.iter_mut().zip(&*guided) {
            *weight = exp::<T>(value - best);
        }
        if drawing.top_p < 1.0 {
            let limit = drawing.top_p * mass(&weights, &keys, filter);
            // The largest key that more than p of the probability reaches.
            let mut least = 0;
            for bit in (0..32).rev() {
                if mass(&weights, &keys, filter.max(least | (1 << bit))) > limit {
                    least |= 1 << bit;
                }
            }
            filter = filter.max(least);
        }
        for (weight, &key) in weights.iter_mut().zip(&keys) {
            *weight = if key >= filter { *weight } else { 0.0 };
        }
        let token = match drawing.fixed {
            Some(token) => token,
            None if !finite => NO_INDEX,
            None => {
                let first = guided.iter().position(|&value| value == best);
                let best = first.map_or(NO_INDEX, |first| first as u32);
                if drawing.temperature == 0.0 { best } else { draw(drawing, &weights, &keys, filter, best) }
            }
        };
        Drawn { token, filter }
    }
}

/// How many keys are not below `least`.
#[inline(always)]
fn reached(keys: &[u32], least: u32) -> u32 {
    let mut count = 0;
    for &key in keys {
        count += u32::from(key >= least);
    }
    count
}

/// The sum of the weights whose keys are not below `least`, in eight lanes.
#[inline(always)]
fn mass(weights: &[f32], keys: &[u32], least: u32) -> f32 {
    let mut lanes = [0.0; 8];
    let ((blocks, rest), (block_keys, rest_keys)) = (weights.as_chunks::<8>(), keys.as_chunks::<8>());
    for (weights, keys) in blocks.iter().zip(block_keys) {
        for n in 0..8 {
            lanes[n] += if keys[n] >= least { weights[n] } else { 0.0 };
        }
    }
    for (lane, (&weight, &key)) in lanes.iter_mut().zip(rest.iter().zip(rest_keys)) {
        *lane += if key >= least { weight } else { 0.0 };
    }
    lanes.iter().sum()
}

/// The token in which the random number falls: first its run, then the token within. By rounding it may lie beyond the last.
#[inline(always)]
fn draw(drawing: &Drawing, weights: &[f32], keys: &[u32], filter: u32, best: u32) -> u32 {
    let run = weights.len().div_ceil(RUNS);
    let sums: Vec<f32> = weights.chunks(run).map(|weights| weights.iter().sum()).collect();
    let goal = uniform(drawing.seed, drawing.position, drawing.number) * sums.iter().sum::<f32>();
    let (mut before, mut chosen, mut reached) = (0.0, 0, 0.0);
    for (index, &sum) in sums.iter().enumerate() {
        if sum > 0.0 {
            (chosen, reached) = (index, before);
        }
        before += sum;
        if before > goal {
            break;
        }
    }
    let mut token = best;
    for index in chosen * run..((chosen + 1) * run).min(weights.len()) {
        if keys[index] >= filter {
            token = index as u32;
            reached += weights[index];
            if reached > goal {
                break;
            }
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{everywhere, noise};
    use proptest::prelude::*;

    const PLAIN: Drawing = Drawing {
        seed: 7,
        number: 3,
        position: 5,
        fixed: None,
        scale: 1.0,
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
    };

    /// The guided logits and what was drawn, of one row for each drawing.
    fn run(
        cpu: &Cpu,
        logits: &[f32],
        without: Option<&[f32]>,
        drawings: &[Drawing],
    ) -> (Vec<f32>, Vec<Drawn>) {
        let mut guided = vec![f32::NAN; drawings.len() * logits.len()];
        let drawn = sample(cpu, drawings, |_| logits, |_| without, &mut guided);
        (guided, drawn)
    }

    proptest! {
        #[test]
        fn the_random_number_falls_in_the_token(
            vocab in 1_usize..700, top_k in 0_u32..300, top_p in 0.1_f32..1.2, seed: u64,
        ) {
            let logits: Vec<f32> = noise(vocab, seed).iter().map(|value| 5.0 * value).collect();
            let top_p = top_p.min(1.0);
            for cpu in everywhere() {
                let drawings = [Drawing { seed, top_k, top_p, ..PLAIN }; 4];
                let (guided, drawn) = run(&cpu, &logits, None, &drawings);
                prop_assert_eq!(&guided[..vocab], &logits[..]);
                prop_assert!(drawn.iter().all(|other| *other == drawn[0]));
                let Drawn { token, filter } = drawn[0];
                let kept = |token: usize| key(logits[token]) >= filter;
                let weight = |token: usize| if kept(token) { f64::from(logits[token]).exp() } else { 0.0 };
                let all: f64 = (0..vocab).map(weight).sum();
                let goal = f64::from(uniform(seed, 5, 3)) * all;
                let before: f64 = (0..token as usize).map(weight).sum();
                let slack = 1e-5 * all;
                prop_assert!(kept(token as usize));
                prop_assert!(before - slack <= goal && goal <= before + weight(token as usize) + slack);
            }
        }

        #[test]
        fn filters_keep_the_most_probable(vocab in 2_usize..400, top_k in 1_u32..400, top_p in 0.1_f32..0.99, seed: u64) {
            let logits: Vec<f32> = noise(vocab, seed).iter().map(|value| 4.0 * value).collect();
            let mut sorted = logits.clone();
            sorted.sort_by(|a, b| b.total_cmp(a));
            sorted.truncate(if (top_k as usize) < vocab { top_k as usize } else { vocab });
            let sum: f64 = sorted.iter().map(|&value| f64::from(value).exp()).sum();
            let mut mass = 0.0;
            let mut near = false;
            let mut expected = 0;
            for value in &sorted {
                if mass <= f64::from(top_p) * sum {
                    expected += 1;
                }
                mass += f64::from(*value).exp();
                near |= (mass / sum - f64::from(top_p)).abs() < 1e-5;
            }
            prop_assume!(!near);
            for cpu in everywhere() {
                let (_, drawn) = run(&cpu, &logits, None, &[Drawing { top_k, top_p, ..PLAIN }]);
                let kept = logits.iter().filter(|&&value| key(value) >= drawn[0].filter).count();
                prop_assert_eq!(kept, expected);
            }
        }
    }

    #[test]
    fn guidance_temperature_and_given_tokens() {
        let (with, without) = (noise(300, 1), noise(300, 2));
        for cpu in everywhere() {
            let guided = Drawing { scale: 3.0, temperature: 0.5, ..PLAIN };
            let cold = Drawing { temperature: 0.0, ..PLAIN };
            let given = Drawing { fixed: Some(250), ..PLAIN };
            let (values, drawn) = run(&cpu, &with, Some(&without), &[guided, cold, given]);
            for ((value, c), u) in values.iter().zip(&with).zip(&without) {
                assert!((value - (u + 3.0 * (c - u)) / 0.5).abs() < 1e-5);
            }
            let best = (0..300).max_by(|&a, &b| with[a].total_cmp(&with[b])).unwrap();
            assert_eq!((drawn[1].token, drawn[2].token), (best as u32, 250));
        }
    }

    #[test]
    fn the_first_of_the_largest_wins_and_what_is_not_finite_is_not_drawn() {
        let mut logits = noise(600, 5);
        (logits[77], logits[300]) = (9.0, 9.0);
        let cold = Drawing { temperature: 0.0, ..PLAIN };
        for cpu in everywhere() {
            assert_eq!(run(&cpu, &logits, None, &[cold]).1[0].token, 77);
            for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut logits = logits.clone();
                logits[500] = broken;
                for drawing in [PLAIN, cold] {
                    assert_eq!(run(&cpu, &logits, None, &[drawing]).1[0].token, NO_INDEX);
                }
            }
        }
    }
}
