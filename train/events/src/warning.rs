//! Symptoms of a run that goes wrong, with what to try.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A symptom of a run that goes wrong. As text it says what happened and what to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// Codes fell out of use.
    UsageFell {
        /// Codes in use now.
        codes: u64,
        /// Codes in use at best.
        best: u64,
    },
    /// Latents shrank onto their codes.
    QuantizationVanished {
        /// The quantization loss.
        loss: f64,
        /// Its highest value.
        highest: f64,
    },
    /// The reconstruction loss is zero.
    ReconstructionVanished,
    /// The discriminator recognizes every reconstruction.
    DiscriminatorWon {
        /// Its loss.
        loss: f64,
    },
    /// A transformer's loss is zero.
    LossVanished,
    /// A transformer's loss on held-out images rises.
    Overfit {
        /// The lowest loss on held-out images, in nats per token.
        best: f64,
        /// The loss on held-out images now.
        loss: f64,
    },
    /// The batch size changed while the learning rate did not.
    BatchChanged {
        /// Step of the change.
        step: u64,
        /// Images per step before.
        from: usize,
        /// Images per step since.
        to: usize,
        /// The learning rate.
        rate: f64,
        /// The rate to try.
        advised_rate: f64,
    },
    /// Much of the time is spent waiting for images.
    WaitingForImages {
        /// Fraction of the time, 0 to 1.
        fraction: f64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsageFell { codes, best } => write!(
                f,
                "only {codes} codes are in use, down from {best}: the codebook collapses. What helps: a lower learning rate, \
                 above all after a change of the batch size, the entropy penalty (`quantizer_loss.entropy = 0.05`), \
                 `continuous_steps` and `revive_every` above 0"
            ),
            Self::QuantizationVanished { loss, highest } => write!(
                f,
                "the quantization loss went to zero ({loss:.1e}, {highest:.1e} at most): the latents shrink onto their codes \
                 and carry no image any more. What helps: a lower learning rate, a smaller `quantizer_loss.quantization`, \
                 `continuous_steps` with `latent_energy_weight = 0.1`, and resuming from an earlier checkpoint"
            ),
            Self::ReconstructionVanished => f.write_str(
                "the reconstruction loss went to zero: the images are all alike, or empty, or every weight under [loss] is 0. \
                 Look at the samples and at the training images",
            ),
            Self::DiscriminatorWon { loss } => write!(
                f,
                "the discriminator's loss went to zero ({loss:.1e}): it recognizes every reconstruction, and the decoder \
                 learns nothing from it. What helps: a later `adversarial.start`, a larger `adversarial.lecam`, fewer \
                 `adversarial.filters`, a lower learning rate"
            ),
            Self::LossVanished => f.write_str(
                "the loss went to zero: the tokens are all alike, or too few and memorized. Look at the usage of the \
                 tokenizer (`ibq-train evaluate`), and make tokens of more images",
            ),
            Self::Overfit { best, loss } => write!(
                f,
                "the loss on held-out images rose from {best:.3} to {loss:.3}: the model is overfitting. What helps: more \
                 images, more `training.dropout`, a smaller model, fewer steps"
            ),
            Self::BatchChanged { step, from, to, rate, advised_rate } => write!(
                f,
                "the batch size changed from {from} to {to} images at step {step} while the learning rate stayed {rate:.1e}; \
                 if losses grow, try --learning-rate {advised_rate:.1e}"
            ),
            Self::WaitingForImages { fraction } => write!(
                f,
                "{:.0} % of the time was spent waiting for images: more --readers may help",
                100.0 * fraction.min(1.0)
            ),
        }
    }
}
