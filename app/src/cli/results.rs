//! What the results of the engine have in common, whatever was asked.

use ibq_core::tokenizer::StageTime;

use super::failure::Failure;

/// What the engine gave for the only picture or grid of a call.
pub(crate) fn only<T>(results: Vec<T>) -> Result<T, Failure> {
    results.into_iter().next().ok_or_else(|| Failure::Failed("the engine gave no result".to_owned()))
}

/// Milliseconds of one stage.
pub(crate) fn time_of(times: &[StageTime], stage: &str) -> f64 {
    times.iter().filter(|time| time.stage == stage).map(|time| time.ms).sum()
}
