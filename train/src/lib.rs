//! Training of IBQ tokenizers and of transformers on their tokens, with burn.
//!
//! The modules, in the order in which a training meets them: [`preset`] (what to train, from a TOML file), [`data`]
//! (pictures), [`device`] (where it computes) and [`precision`] (in how many bits), [`weights`] (named parameters), [`network`] (encoder and decoder), [`quantizer`] (IBQ, VQ),
//! [`loss`] (what is minimized), [`adam`], [`ema`] and [`schedule`] (how), [`run`] (the loop), [`checkpoint`] and
//! [`export`] (files that the engine opens, and [`pytorch`] for the official code). The second stage is in [`ar`], and [`classifier`] and [`frechet`] judge what it
//! makes.

pub mod adam;
pub mod adversary;
pub mod ar;
pub mod checkpoint;
pub mod classifier;
pub mod data;
pub mod device;
pub mod ema;
pub mod experiment;
pub mod export;
pub mod frechet;
pub mod loss;
pub mod network;
pub mod official;
pub mod official_yaml;
pub mod operations;
pub mod precision;
pub mod preset;
pub mod pytorch;
pub mod quantizer;
pub mod random;
pub mod run;
pub mod schedule;
pub mod stored;
pub mod weights;
