//! What the transformer thought at every token of a picture: how sure it was, and what else could have come.

use crate::job::Job;

use super::{Condition, Sampling, Transformer, TransformerError, log_sum_exp};

/// One token that could stand at a position, and how probable each of the three distributions finds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The token.
    pub token: u32,
    /// Probability under the class.
    pub conditional: f32,
    /// Probability without a class.
    pub unconditional: f32,
    /// Probability after guidance and temperature: what is drawn from, before top-k and top-p leave tokens out.
    pub guided: f32,
}

/// One position of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct PositionInsight {
    /// Entropy of the guided distribution in bits: 0 where only one token could come.
    pub entropy: f32,
    /// The token that stands there.
    pub chosen: Candidate,
    /// The most probable tokens after guidance, best first (the lowest index first where they are equal).
    pub candidates: Vec<Candidate>,
}

/// All positions of a picture, in raster order.
#[derive(Clone, Debug, PartialEq)]
pub struct Insight {
    /// One for each token.
    pub positions: Vec<PositionInsight>,
}

impl Transformer {
    /// Looks at every token of a picture as it was when it was drawn, given those before it: two passes over the whole
    /// sequence, with and without the class. `count` candidates are kept for each position. At temperature 0, where nothing
    /// is drawn, probabilities are those of temperature 1.
    ///
    /// # Errors
    /// As [`Transformer::logits`]; settings that make no sense.
    pub async fn insight(
        &self,
        condition: Condition,
        sampling: &Sampling,
        tokens: &[u32],
        count: usize,
        job: &Job,
    ) -> Result<Insight, TransformerError> {
        sampling.validate()?;
        let with = self.logits(condition, tokens, None, job).await?;
        let without = self.logits(Condition::None, tokens, None, job).await?;
        let scales = sampling.scales(self.config().block_size);
        let temperature = if sampling.temperature == 0.0 { 1.0 } else { sampling.temperature };
        let mut positions = Vec::with_capacity(tokens.len());
        for (position, &token) in tokens.iter().enumerate() {
            let (c, u) = (with.row(position), without.row(position));
            let scale = if sampling.is_guided() { scales[position] } else { 1.0 };
            let guide =
                |(&c, &u): (&f32, &f32)| (if scale > 1.0 { u + scale * (c - u) } else { c }) / temperature;
            let guided: Vec<f32> = c.iter().zip(u).map(guide).collect();
            positions.push(position_insight(c, u, &guided, token, count));
        }
        Ok(Insight { positions })
    }
}

fn position_insight(c: &[f32], u: &[f32], guided: &[f32], token: u32, count: usize) -> PositionInsight {
    let sums = [c, u, guided].map(log_sum_exp);
    let probability = |row: &[f32], sum: f64, token: u32| (f64::from(row[token as usize]) - sum).exp() as f32;
    let candidate = |token: u32| Candidate {
        token,
        conditional: probability(c, sums[0], token),
        unconditional: probability(u, sums[1], token),
        guided: probability(guided, sums[2], token),
    };
    // −Σ p log p, with log p = logit − sum.
    let part = |&logit: &f32| {
        let log = f64::from(logit) - sums[2];
        -log.exp() * log
    };
    let nats: f64 = guided.iter().map(part).sum();
    let mut order: Vec<u32> = (0..guided.len() as u32).collect();
    let better = |&a: &u32, &b: &u32| guided[b as usize].total_cmp(&guided[a as usize]).then(a.cmp(&b));
    let count = count.min(order.len());
    if count > 0 && count < order.len() {
        order.select_nth_unstable_by(count - 1, better);
    }
    order.truncate(count);
    order.sort_by(better);
    PositionInsight {
        entropy: (nats / std::f64::consts::LN_2).max(0.0) as f32,
        chosen: candidate(token),
        candidates: order.into_iter().map(candidate).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_has_no_entropy_and_a_choice_of_four_has_two_bits() {
        let even = [1.0; 4];
        let insight = position_insight(&even, &even, &even, 2, 3);
        assert!((insight.entropy - 2.0).abs() < 1e-5);
        assert_eq!(insight.candidates.iter().map(|c| c.token).collect::<Vec<_>>(), [0, 1, 2]);
        assert!((insight.chosen.guided - 0.25).abs() < 1e-6 && insight.chosen.token == 2);

        let sure = [0.0, 200.0, 0.0, 0.0];
        let insight = position_insight(&even, &sure, &sure, 0, 9);
        assert!(insight.entropy < 1e-6);
        assert_eq!(insight.candidates.len(), 4);
        let best = insight.candidates[0];
        assert_eq!((best.token, best.unconditional, best.guided), (1, 1.0, 1.0));
        assert!((best.conditional - 0.25).abs() < 1e-6);
        assert!(insight.chosen.guided < 1e-20);
    }
}
