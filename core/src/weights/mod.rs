//! Checkpoints: where the numbers of a model come from.
