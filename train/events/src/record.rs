//! The lines of a log: means over the steps since the line before.

use serde::{Deserialize, Serialize};

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Record {
    /// Of a tokenizer.
    Tokenizer(TokenizerRecord),
    /// Of a transformer.
    Transformer(TransformerRecord),
}

/// A line about a tokenizer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenizerRecord {
    /// Steps done.
    pub step: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Learning rate.
    pub rate: f64,
    /// Images per second.
    pub pictures_per_second: f64,
    /// Weighted reconstruction loss.
    pub reconstruction: f64,
    /// Quantization loss, unweighted.
    pub quantization: f64,
    /// Mean entropy of a position's choice.
    pub sample_entropy: f64,
    /// Entropy of the mean choice.
    pub mean_entropy: f64,
    /// Norm of the gradient.
    pub gradient: f64,
    /// Mean squared norm of the latents.
    pub latent_energy: f64,
    /// Fraction of the codes chosen at least once since the line before; 0 while latents are not quantized.
    pub usage: f64,
    /// Number of those codes.
    pub codes_in_use: u64,
    /// Latents that were quantized.
    pub positions: u64,
    /// Perplexity of those choices.
    pub perplexity: f64,
    /// The decoder's adversarial loss, unweighted, and the discriminator's, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversarial: Option<[f64; 2]>,
    /// On held-out images, where this line has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Evaluation>,
}

/// A line about a transformer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TransformerRecord {
    /// Steps done.
    pub step: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Learning rate.
    pub rate: f64,
    /// Images per second.
    pub pictures_per_second: f64,
    /// Mean cross-entropy in nats per token.
    pub loss: f64,
    /// Norm of the gradient.
    pub gradient: f64,
    /// Cross-entropy of the averaged weights on held-out images, where this line has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
}

/// Quality of reconstructions of a set of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Images.
    pub pictures: usize,
    /// Mean peak signal-to-noise ratio, dB.
    pub psnr: f64,
    /// Mean structural similarity.
    pub ssim: f64,
    /// Fraction of the codes that occur at least once.
    pub usage: f64,
    /// Perplexity of the code histogram.
    pub perplexity: f64,
}

/// A measurement of the averaged weights on held-out images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldOut {
    /// Quality of a tokenizer's reconstructions.
    Tokenizer(Evaluation),
    /// Cross-entropy of a transformer in nats per token.
    Transformer(f64),
}

impl Record {
    /// Steps done.
    #[must_use]
    pub fn step(&self) -> u64 {
        match self {
            Self::Tokenizer(record) => record.step,
            Self::Transformer(record) => record.step,
        }
    }

    /// The numbers of the line by name, in groups, as TensorBoard shows them.
    #[must_use]
    pub fn numbers(&self) -> Vec<(&'static str, f64)> {
        match self {
            Self::Tokenizer(record) => record.numbers(),
            Self::Transformer(record) => record.numbers(),
        }
    }
}

impl TokenizerRecord {
    fn numbers(&self) -> Vec<(&'static str, f64)> {
        let mut numbers = vec![
            ("training/rate", self.rate),
            ("training/pictures_per_second", self.pictures_per_second),
            ("training/gradient", self.gradient),
            ("loss/reconstruction", self.reconstruction),
            ("loss/quantization", self.quantization),
            ("loss/sample_entropy", self.sample_entropy),
            ("loss/mean_entropy", self.mean_entropy),
            ("codebook/usage", self.usage),
            ("codebook/perplexity", self.perplexity),
            ("codebook/latent_energy", self.latent_energy),
        ];
        if let Some([generator, discriminator]) = self.adversarial {
            numbers.extend([("loss/generator", generator), ("loss/discriminator", discriminator)]);
        }
        if let Some(quality) = &self.held_out {
            numbers.extend([
                ("held_out/psnr", quality.psnr),
                ("held_out/ssim", quality.ssim),
                ("held_out/usage", quality.usage),
                ("held_out/perplexity", quality.perplexity),
            ]);
        }
        numbers
    }
}

impl TransformerRecord {
    fn numbers(&self) -> Vec<(&'static str, f64)> {
        let mut numbers = vec![
            ("training/rate", self.rate),
            ("training/pictures_per_second", self.pictures_per_second),
            ("training/gradient", self.gradient),
            ("loss/training", self.loss),
        ];
        numbers.extend(self.held_out.map(|loss| ("loss/held_out", loss)));
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_is_read_back_as_the_kind_that_wrote_it() {
        let quality = Evaluation { pictures: 8, psnr: 21.5, ssim: 0.75, usage: 0.5, perplexity: 12.0 };
        for record in [
            Record::Tokenizer(TokenizerRecord { step: 20, usage: 0.5, ..Default::default() }),
            Record::Tokenizer(TokenizerRecord {
                adversarial: Some([0.5, 1.5]),
                held_out: Some(quality),
                ..Default::default()
            }),
            Record::Transformer(TransformerRecord { step: 40, loss: 3.5, ..Default::default() }),
            Record::Transformer(TransformerRecord { held_out: Some(4.25), ..Default::default() }),
        ] {
            let line = serde_json::to_string(&record).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record, "{line}");
        }
    }

    #[test]
    fn the_fields_of_a_line_are_those_of_earlier_logs() {
        let line =
            serde_json::to_string(&TransformerRecord { held_out: Some(4.0), ..Default::default() }).unwrap();
        assert_eq!(
            line,
            r#"{"step":0,"seconds":0.0,"rate":0.0,"pictures_per_second":0.0,"loss":0.0,"gradient":0.0,"held_out":4.0}"#
        );
        let line = serde_json::to_string(&TokenizerRecord::default()).unwrap();
        assert_eq!(
            line,
            concat!(
                r#"{"step":0,"seconds":0.0,"rate":0.0,"pictures_per_second":0.0,"reconstruction":0.0,"quantization":0.0,"#,
                r#""sample_entropy":0.0,"mean_entropy":0.0,"gradient":0.0,"latent_energy":0.0,"usage":0.0,"#,
                r#""codes_in_use":0,"positions":0,"perplexity":0.0}"#
            )
        );
    }
}
