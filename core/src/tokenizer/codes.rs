//! Single codes: which ones are near a latent vector, and what their vectors are.

use crate::{
    job::Job,
    ops::{Conv2d, Embed, Graph, Map, Operand},
};

use super::{Tokenizer, TokenizerError};

impl Tokenizer {
    /// The `count` codes with the largest scores for a latent vector, as the rule of the quantizer has them, best first
    /// (lowest index first on a tie).
    ///
    /// # Errors
    /// [`TokenizerError`]: a vector of another length, a lost device.
    pub async fn top_codes(&self, latent: &[f32], count: usize) -> Result<Vec<(u32, f32)>, TokenizerError> {
        let inner = &*self.0;
        let dimension = inner.config.quantizer().dimension;
        if latent.len() != dimension as usize {
            let message = format!("a latent vector of {} values, not {dimension}", latent.len());
            return Err(TokenizerError::Input(message));
        }
        let mut graph = Graph::new(inner.storage);
        let z = graph.map(1, 1, 1, dimension);
        graph.keep(z.tensor);
        let mut scores: Vec<Map> = Vec::new();
        for (shard, codes) in inner.executor.shards().into_iter().enumerate() {
            let y = graph.map(1, 1, 1, codes);
            graph.keep(y.tensor);
            graph.push(Conv2d::pointwise(z, Operand::Codes(shard), y));
            scores.push(y);
        }
        let program = inner.executor.prepare(graph, inner.storage).await?;
        program.put(&z, latent);
        program.run_all(&Job::new()).await?;
        let mut scored = Vec::with_capacity(inner.config.quantizer().codes as usize);
        for map in &scores {
            scored.extend(program.values(map).await?);
        }
        let mut order: Vec<u32> = (0..scored.len() as u32).collect();
        let better = |&a: &u32, &b: &u32| scored[b as usize].total_cmp(&scored[a as usize]).then(a.cmp(&b));
        let count = count.min(order.len());
        if count > 0 && count < order.len() {
            order.select_nth_unstable_by(count - 1, better);
        }
        order.truncate(count);
        order.sort_by(better);
        Ok(order.into_iter().map(|code| (code, scored[code as usize])).collect())
    }

    /// The vector of a code.
    ///
    /// # Errors
    /// [`TokenizerError`]: no such code, a lost device.
    pub async fn code_vector(&self, code: u32) -> Result<Vec<f32>, TokenizerError> {
        let inner = &*self.0;
        let codes = inner.config.quantizer().codes;
        if code >= codes {
            let message = format!("code {code} is beyond the codebook of {codes} codes");
            return Err(TokenizerError::Input(message));
        }
        let mut graph = Graph::new(inner.storage);
        let indices = graph.tensor(4);
        let z = graph.map(1, 1, 1, inner.config.quantizer().dimension);
        graph.keep(indices);
        graph.keep(z.tensor);
        graph.push(Embed { indices, z });
        let program = inner.executor.prepare(graph, inner.storage).await?;
        program.write(indices, &[code]);
        program.run_all(&Job::new()).await?;
        Ok(program.values(&z).await?)
    }
}
