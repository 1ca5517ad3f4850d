//! What a run does to its codebook besides learning: starting it, resetting unused codes, and doubling it, always from latents.

use burn::tensor::{Tensor, TensorData};

use super::trainer::Trainer;
use crate::{
    data::{DataError, Source},
    tokenizer::{
        network::encode,
        parameters::CODEBOOK,
        rows::{as_rows, integers},
    },
};

impl Trainer {
    /// Doubles the codebook: the new codes are latents of random pictures, with the norm of the code that each would
    /// have chosen. The optimizer forgets what it knew of the codes.
    ///
    /// # Errors
    /// [`DataError`] when pictures cannot be had; nothing is changed then.
    pub fn double_codes(&mut self, pictures: &impl Source) -> Result<(), DataError> {
        let (codes, dimension) = (self.preset.model.n_embed as usize, self.preset.model.embed_dim as usize);
        let mut doubled = self.weights.values(CODEBOOK);
        let mut average = self.ema.weights.values(CODEBOOK);
        let (latents, chosen) = self.collect_latents(pictures, 4 * codes)?;
        for _ in 0..codes {
            let code = self.latent_as_code(&latents, &chosen, &doubled);
            doubled.extend_from_slice(&code);
            average.extend_from_slice(&code);
        }
        self.preset.model.n_embed *= 2;
        self.uses = vec![0; 2 * codes];
        self.adam.first.remove(CODEBOOK);
        self.adam.second.remove(CODEBOOK);
        self.weights.insert(CODEBOOK, vec![2 * codes, dimension], doubled, &self.device);
        self.ema.weights.insert(CODEBOOK, vec![2 * codes, dimension], average, &self.device);
        Ok(())
    }

    /// At least `least` latents of random pictures, and the codes they choose.
    fn collect_latents(
        &mut self,
        pictures: &impl Source,
        least: usize,
    ) -> Result<(Vec<f32>, Vec<u32>), DataError> {
        let (mut latents, mut chosen) = (Vec::new(), Vec::new());
        for part in 1.. {
            if chosen.len() >= least {
                break;
            }
            let (rows, codes) = self.encode_batch(pictures, part)?;
            latents.extend(rows);
            chosen.extend(codes);
        }
        Ok((latents, chosen))
    }

    /// Latents of a batch of random pictures, and the codes they choose.
    pub(super) fn encode_batch(
        &mut self,
        pictures: &impl Source,
        part: u64,
    ) -> Result<(Vec<f32>, Vec<u32>), DataError> {
        let batch = self.draw_batch(pictures, part)?;
        let rows = as_rows(encode(&self.weights, &self.preset.model, batch));
        let codes = self.preset.quantizer.rule().choose(rows.clone(), self.weights.get(CODEBOOK));
        Ok((rows.to_data().iter().collect(), integers(&codes)))
    }

    /// One of the latents at random, with the norm of the code in `codebook` that it chose: as a code, it would be chosen
    /// instead.
    fn latent_as_code(&mut self, latents: &[f32], chosen: &[u32], codebook: &[f32]) -> Vec<f32> {
        let dimension = self.preset.model.embed_dim as usize;
        let pick = self.random.below(chosen.len());
        let latent = &latents[pick * dimension..][..dimension];
        let winner = &codebook[chosen[pick] as usize * dimension..][..dimension];
        let norm = |row: &[f32]| row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
        let scale = norm(winner) / norm(latent);
        latent.iter().map(|value| value * scale).collect()
    }

    /// Moves codes that were not chosen since the last time onto latents of this step, with the norm of the code that such a
    /// latent chose: from now on it chooses the new one.
    pub(super) fn reset_unused_codes(&mut self, rows: &Tensor<2>, chosen: &[u32]) {
        let unused: Vec<usize> = (0..self.uses.len()).filter(|code| self.uses[*code] == 0).collect();
        self.uses.fill(0);
        let latents: Vec<f32> = rows.to_data().iter().collect();
        let codebook = self.weights.values(CODEBOOK);
        // Unused codes beyond the limit have to wait; which ones is left to chance.
        let first = self.random.below(unused.len().max(1));
        let reset: Vec<(usize, Vec<f32>)> = (0..unused.len().min(chosen.len() / 2))
            .map(|place| {
                (unused[(first + place) % unused.len()], self.latent_as_code(&latents, chosen, &codebook))
            })
            .collect();
        self.replace_codes(&reset);
    }

    /// Puts codes, each with its number, in place of those that were there. The optimizer forgets what it knew of them.
    pub(super) fn replace_codes(&mut self, codes: &[(usize, Vec<f32>)]) {
        let change = |values: &Tensor<1>, code: fn(&[f32], usize) -> f32| {
            let mut values = floats(values);
            for (index, new) in codes {
                for (place, value) in values[index * new.len()..][..new.len()].iter_mut().enumerate() {
                    *value = code(new, place);
                }
            }
            let count = values.len();
            Tensor::from_data(TensorData::new(values, [count]), &self.device)
        };
        for weights in [&mut self.weights, &mut self.ema.weights] {
            weights.update(CODEBOOK, |values| change(&values, |new, place| new[place]));
        }
        for moments in [&mut self.adam.first, &mut self.adam.second] {
            if let Some(moments) = moments.get_mut(CODEBOOK) {
                *moments = change(moments, |_, _| 0.0);
            }
        }
    }

    /// Fills the codebook with latents of many pictures, each scaled to the norm that the preset gives.
    pub(super) fn start_codebook(&mut self, pictures: &impl Source) -> Result<(), DataError> {
        let (codes, dimension) = (self.preset.model.n_embed as usize, self.preset.model.embed_dim as usize);
        let mut pool = Vec::new();
        for part in 1.. {
            // Four times as many latents as codes, or more, so that few neighbors are among them.
            if pool.len() >= 4 * codes * dimension {
                break;
            }
            let batch = self.draw_batch(pictures, part)?;
            let rows = as_rows(encode(&self.weights, &self.preset.model, batch));
            pool.extend(rows.to_data().iter::<f32>());
        }
        let length = self.preset.training.latent_energy.sqrt() as f32;
        let rows = pool.len() / dimension;
        let keep_length = self.preset.training.latent_energy_weight == 0.0;
        let values = (0..codes).flat_map(|_| {
            let start = self.random.below(rows) * dimension;
            let row = &pool[start..start + dimension];
            let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
            let scale = if keep_length { 1.0 } else { length / norm };
            row.iter().map(|v| v * scale).collect::<Vec<_>>()
        });
        let values: Vec<f32> = values.collect();
        let values = Tensor::from_data(TensorData::new(values, [codes * dimension]), &self.device);
        self.weights.update(CODEBOOK, |_| values.clone());
        self.ema.weights.update(CODEBOOK, |_| values);
        Ok(())
    }
}

fn floats(values: &Tensor<1>) -> Vec<f32> {
    values.to_data().iter().collect()
}
