//! How good generated pictures are: what a classifier sees in them, and how far its features are from those of real ones.

mod classifier;
mod frechet;

pub use classifier::{Classifier, FEATURES, Predictions};
pub use frechet::frechet_distance;
