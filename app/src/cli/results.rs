//! What the results of the engine have in common, whatever was asked.

use super::failure::Failure;

/// What the engine gave for the only picture or grid of a call.
pub(crate) fn only<T>(results: Vec<T>) -> Result<T, Failure> {
    results.into_iter().next().ok_or_else(|| Failure::Failed("the engine gave no result".to_owned()))
}
