//! Many positions of a given sequence in one pass: logits, likelihood, activations by name.

use crate::{job::Job, ops::Program, ops::TensorId};

use super::{
    Condition, Transformer, TransformerError,
    sample_inputs::SampleInputs,
    sequences::{Kept, Sequences, most_logit_rows},
};

/// Rows of one pass: enough to keep a GPU busy, few enough to be cancelled and to need little memory.
const ROWS: u32 = 512;

/// The logits of a sequence whose tokens are given.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    /// Number of codes.
    pub vocab: u32,
    /// [position, code]: row p predicts token p.
    pub values: Vec<f32>,
}

/// How probable tokens are.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Natural logarithm of the probability of each token, given those before and the class.
    pub per_token: Vec<f64>,
}

/// What the network holds after a named step.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedActivation {
    /// "embeddings", "blocks.0.out", …; "blocks.0.gamma1" and so on for the vectors of adaptive layer norm.
    pub name: String,
    /// `[position, channel]`, or `[channel]`.
    pub values: Vec<f32>,
}

impl Score {
    /// Log-likelihood of the whole sequence.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.per_token.iter().sum()
    }
}

impl Logits {
    /// The logits of token `position`.
    #[must_use]
    pub fn row(&self, position: usize) -> &[f32] {
        let vocab = self.vocab as usize;
        &self.values[position * vocab..][..vocab]
    }
}

/// Passes over parts of a sequence that grows: what was made for the last number of rows is kept.
pub(super) struct Passes<'a> {
    transformer: &'a Transformer,
    sequences: &'a Sequences,
    with_logits: bool,
    pass: Option<Pass>,
}

/// A pass made ready to run.
pub(super) struct Pass {
    queries: u32,
    program: Box<dyn Program>,
    /// [rows, codes in fours], where it has a head.
    logits: Option<TensorId>,
}

impl<'a> Passes<'a> {
    pub(super) fn new(transformer: &'a Transformer, sequences: &'a Sequences, with_logits: bool) -> Self {
        Self { transformer, sequences, with_logits, pass: None }
    }

    /// Positions that one pass takes.
    pub(super) fn most(&self) -> u32 {
        let rows = if self.with_logits {
            ROWS.min(most_logit_rows(self.transformer.device(), self.transformer.config()) as u32)
        } else {
            ROWS
        };
        (rows / self.sequences.count).max(1)
    }

    /// Computes `queries` positions from `first` on.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, cancelled, a lost device.
    pub(super) async fn run(
        &mut self,
        first: u32,
        queries: u32,
        job: &Job,
    ) -> Result<&Pass, TransformerError> {
        let pass = match self.pass.take().filter(|pass| pass.queries == queries) {
            Some(pass) => pass,
            None => self.prepare(queries).await?,
        };
        self.sequences.seek(first);
        pass.program.run_all(job).await?;
        Ok(self.pass.insert(pass))
    }

    async fn prepare(&self, queries: u32) -> Result<Pass, TransformerError> {
        let network = self.transformer.network(self.sequences);
        let mut pass = network.blocks(queries);
        if self.with_logits {
            pass = network.with_head(pass);
        }
        let program = self.transformer.prepare(pass.graph).await?;
        Ok(Pass { queries, program, logits: pass.logits })
    }
}

impl Transformer {
    /// Teacher-forced logits of `tokens` (at most a whole picture): one row more than there are tokens, the last one
    /// predicting the token after them. `at_once` is the number of positions of one pass (none: as many as suit the device);
    /// the result does not depend on it.
    ///
    /// # Errors
    /// [`TransformerError`]: a class or token that the model does not have, too many tokens, no memory, cancelled.
    pub async fn logits(
        &self,
        condition: Condition,
        tokens: &[u32],
        at_once: Option<u32>,
        job: &Job,
    ) -> Result<Logits, TransformerError> {
        let config = self.config();
        let sequences = self.sequence(condition, tokens, job).await?;
        let mut passes = Passes::new(self, &sequences, true);
        let positions = tokens.len() as u32 + 1;
        let most = at_once.unwrap_or(u32::MAX).clamp(1, passes.most());
        let vocab = config.vocab_size as usize;
        let stride = self.network(&sequences).logit_stride() as usize;
        let mut values = Vec::with_capacity(positions as usize * vocab);
        job.stage("score");
        for first in (0..positions).step_by(most as usize) {
            job.check()?;
            let queries = most.min(positions - first);
            let pass = passes.run(first, queries, job).await?;
            if let Some(logits) = pass.logits {
                let rows: Vec<f32> = pass.program.read(logits, u64::from(queries) * stride as u64).await?;
                rows.chunks_exact(stride).for_each(|row| values.extend_from_slice(&row[..vocab]));
            }
            job.set_progress((first + queries) as f32 / positions as f32);
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(TransformerError::NotFinite { position: (at / vocab) as u32 }),
            None => Ok(Logits { vocab: config.vocab_size, values }),
        }
    }

    /// How probable `tokens` are.
    ///
    /// # Errors
    /// As [`Transformer::logits`].
    pub async fn score(
        &self,
        condition: Condition,
        tokens: &[u32],
        job: &Job,
    ) -> Result<Score, TransformerError> {
        let logits = self.logits(condition, tokens, None, job).await?;
        let per_token = tokens.iter().enumerate().map(|(position, &token)| {
            let row = logits.row(position);
            f64::from(row[token as usize]) - log_sum_exp(row)
        });
        Ok(Score { per_token: per_token.collect() })
    }

    /// Activations of the pass over `tokens` by their official names, for comparing with other implementations.
    ///
    /// # Errors
    /// As [`Transformer::logits`]; also when the sequence is longer than one pass.
    pub async fn trace(
        &self,
        condition: Condition,
        tokens: &[u32],
        job: &Job,
    ) -> Result<Vec<NamedActivation>, TransformerError> {
        let sequences = self.sequence(condition, tokens, job).await?;
        let queries = tokens.len() as u32 + 1;
        if queries > ROWS {
            let reason = format!("only sequences of up to {ROWS} positions can be traced");
            return Err(TransformerError::Input(reason));
        }
        let pass = self.network(&sequences).blocks(queries);
        let (program, x) = (self.prepare(pass.graph).await?, pass.x);
        let width = self.config().n_embd as usize;
        let mut trace = Vec::new();
        let mut done = 0;
        for (name, _, end) in program.activations() {
            program.run(done..end, false, job, &|_| {}).await?;
            done = end;
            let values = program.read(x, u64::from(queries) * width as u64).await?;
            trace.push(NamedActivation { name, values });
        }
        for index in 0..self.config().n_layer {
            let values: Vec<f32> = sequences.read(Kept::Vectors(index), 6 * width as u64).await?;
            // In place of scale s stands w · (1 + s), with w the weight of the norm.
            let names = ["gamma1", "gamma2", "factor1", "factor2", "shift1", "shift2"];
            trace.extend(names.iter().zip(values.chunks_exact(width)).map(|(name, values)| {
                NamedActivation { name: format!("blocks.{index}.{name}"), values: values.to_vec() }
            }));
        }
        Ok(trace)
    }

    /// One sequence of given tokens.
    async fn sequence(
        &self,
        condition: Condition,
        tokens: &[u32],
        job: &Job,
    ) -> Result<Sequences, TransformerError> {
        self.check_tokens(tokens)?;
        let condition = condition.class_mix(self.config().class_num)?;
        let inputs = SampleInputs::given(tokens, self.config().block_size);
        self.start_sequences(&[condition], &inputs, job).await
    }

    /// Whether these can be the first tokens of a picture.
    ///
    /// # Errors
    /// [`TransformerError::Input`].
    pub(super) fn check_tokens(&self, tokens: &[u32]) -> Result<(), TransformerError> {
        let config = self.config();
        if tokens.len() > config.block_size as usize {
            return Err(TransformerError::Input(format!(
                "{} tokens are more than a picture of this model has ({})",
                tokens.len(),
                config.block_size
            )));
        }
        match tokens.iter().position(|&token| token >= config.vocab_size) {
            None => Ok(()),
            Some(at) => Err(TransformerError::Input(format!(
                "token {at} is {}, but this model has only {} codes",
                tokens[at], config.vocab_size
            ))),
        }
    }
}

/// `log Σ exp` of a row, in f64.
#[must_use]
pub fn log_sum_exp(row: &[f32]) -> f64 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&value| (f64::from(value) - f64::from(most)).exp()).sum();
    f64::from(most) + sum.ln()
}
