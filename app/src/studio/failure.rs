//! Why work ended without a result.

use std::fmt::Display;

use ibq_core::{
    files::WeightsError, generator::GeneratorError, gpu::Remedy, tokenizer::TokenizerError,
    transformer::TransformerError,
};

use super::notice::Notice;

/// Why work ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Its owner stopped it.
    Cancelled,
    /// Something went wrong; the text says what and what to do.
    Failed(String),
}

impl Failure {
    /// An error of the engine, with the settings that may help.
    pub(crate) fn with_advice(error: &dyn Display, remedy: Option<Remedy>) -> Self {
        Self::Failed(match remedy {
            None => error.to_string(),
            Some(Remedy::UseLessMemory) => {
                format!("{error}. Use a smaller picture or tiles, or load the model with a smaller precision")
            }
            Some(Remedy::UseF32) => format!("{error}. Load the model with the precision f32"),
        })
    }

    /// The notice of a failure, unless the work was asked to stop. `what` is what did not come about.
    pub(crate) fn notice(&self, what: impl Into<String>) -> Option<Notice> {
        match self {
            Self::Cancelled => None,
            Self::Failed(reason) => Some(Notice::error(what, reason)),
        }
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        match error {
            WeightsError::Cancelled(_) => Self::Cancelled,
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<TokenizerError> for Failure {
    fn from(error: TokenizerError) -> Self {
        match error {
            TokenizerError::Cancelled(_) => Self::Cancelled,
            error => Self::with_advice(&error, error.remedy()),
        }
    }
}

impl From<TransformerError> for Failure {
    fn from(error: TransformerError) -> Self {
        match error {
            TransformerError::Cancelled(_) => Self::Cancelled,
            error => Self::with_advice(&error, error.remedy()),
        }
    }
}

impl From<GeneratorError> for Failure {
    fn from(error: GeneratorError) -> Self {
        match error {
            GeneratorError::Transformer(error) => error.into(),
            GeneratorError::Tokenizer(error) => error.into(),
            GeneratorError::Weights(WeightsError::Cancelled(_)) => Self::Cancelled,
            GeneratorError::NoTokenizer { .. } => Self::Failed(format!("{error}. Open it first")),
            error => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stopped_on_purpose_is_no_news() {
        assert_eq!(Failure::Cancelled.notice("x"), None);
        let failed = Failure::Failed("no memory".to_owned());
        assert_eq!(failed.notice("x"), Some(Notice::error("x", "no memory")));
    }
}
