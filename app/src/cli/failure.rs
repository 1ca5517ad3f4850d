//! Why a command did not do its work, and the exit code that follows.

use std::{fmt::Display, io::Write, path::Path};

use console::style;
use ibq_core::{
    files::{SourceError, WeightsError},
    foreign_text::clean_message,
    generator::GeneratorError,
    gpu::{GpuError, Remedy},
    job::Cancelled,
    tokenizer::TokenizerError,
    transformer::TransformerError,
};

use super::{numbers::count, paths::shown};

/// Why a command, or one of its inputs, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The work could not be done.
    #[error("{0}")]
    Failed(String),
    /// The command line asks for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The device is gone: the inputs that follow would fail as well.
    #[error("{0}")]
    DeviceLost(String),
    /// Ctrl-C.
    #[error("cancelled")]
    Cancelled,
    /// Some inputs failed; each was reported when it did.
    #[error("some inputs failed")]
    Reported,
}

impl Failure {
    /// Something went wrong with a file.
    pub(crate) fn in_file(path: &Path, reason: impl Display) -> Self {
        Self::Failed(format!("{}: {reason}", shown(path)))
    }

    /// An error of the engine, with the options that may help.
    pub(crate) fn with_advice(error: &dyn Display, remedy: Option<Remedy>) -> Self {
        Self::Failed(match remedy {
            None => error.to_string(),
            Some(Remedy::UseLessMemory) => {
                format!("{error}; use a smaller picture, --tile or --precision f16")
            }
            Some(Remedy::UseF32) => format!("{error}; try --precision f32"),
        })
    }

    /// Whether going on with the next input makes sense.
    pub(crate) fn ends_everything(&self) -> bool {
        matches!(self, Self::Cancelled | Self::DeviceLost(_))
    }

    /// 1: failed; 2: wrong usage.
    pub(crate) fn exit_code(&self) -> u8 {
        if matches!(self, Self::Usage(_)) { 2 } else { 1 }
    }

    /// Says it on standard error. Names from files may be in it.
    pub(crate) fn report(&self) {
        if matches!(self, Self::Reported) {
            return;
        }
        // Nobody is left to tell when standard error is closed.
        let text = self.to_string();
        let _ = writeln!(std::io::stderr(), "{} {}", error_mark(), clean_message(&text));
        if matches!(self, Self::Usage(_)) {
            let _ = writeln!(std::io::stderr(), "\nFor more information, try '--help'.");
        }
    }
}

/// What the engine gave for the only picture or grid of a call.
pub(crate) fn first_result<T>(results: Vec<T>) -> Result<T, Failure> {
    results.into_iter().next().ok_or_else(|| Failure::Failed("the engine gave no result".to_owned()))
}

/// `error:`, red on a terminal.
pub(crate) fn error_mark() -> impl Display {
    style("error:").for_stderr().red().bold()
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<GpuError> for Failure {
    fn from(error: GpuError) -> Self {
        match error {
            GpuError::Lost { .. } => Self::DeviceLost(error.to_string()),
            other => Self::with_advice(&other, other.remedy()),
        }
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        match error {
            WeightsError::Cancelled(cancelled) => cancelled.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<TokenizerError> for Failure {
    fn from(error: TokenizerError) -> Self {
        match error {
            TokenizerError::Cancelled(cancelled) => cancelled.into(),
            TokenizerError::Gpu(gpu) => gpu.into(),
            TokenizerError::Weights(weights) => weights.into(),
            other => Self::with_advice(&other, other.remedy()),
        }
    }
}

impl From<TransformerError> for Failure {
    fn from(error: TransformerError) -> Self {
        match error {
            TransformerError::Cancelled(cancelled) => cancelled.into(),
            TransformerError::Gpu(gpu) => gpu.into(),
            other => Self::with_advice(&other, other.remedy()),
        }
    }
}

impl From<GeneratorError> for Failure {
    fn from(error: GeneratorError) -> Self {
        match error {
            GeneratorError::Transformer(error) => error.into(),
            GeneratorError::Tokenizer(error) => error.into(),
            GeneratorError::Weights(error) => error.into(),
            GeneratorError::NoTokenizer { .. } => Self::Failed(format!("{error}; give it with --tokenizer")),
            GeneratorError::OtherCodes { name, codes, tokenizer, found } => Self::Failed(format!(
                "the tokenizer {} has {} codes, but {name} was trained on {}",
                shown(Path::new(&tokenizer)),
                count(found.into()),
                count(codes.into())
            )),
            GeneratorError::StoredPrecision { .. } => Self::Usage(error.to_string()),
            GeneratorError::Picture(_) | GeneratorError::Recipe { .. } => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_engine_come_with_the_options_that_may_help() {
        let text = |failure: Failure| failure.to_string();
        let memory = || GpuError::OutOfMemory { what: "activations".to_owned(), bytes: 1 << 40 };
        assert!(text(memory().into()).ends_with("use a smaller picture, --tile or --precision f16"));
        assert!(text(TokenizerError::Gpu(memory()).into()).contains("--precision f16"));
        assert!(text(TransformerError::Gpu(memory()).into()).contains("--precision f16"));
        assert!(text(TokenizerError::NotFinite { position: 3 }.into()).ends_with("try --precision f32"));
        assert!(text(TransformerError::NotFinite { position: 3 }.into()).ends_with("try --precision f32"));
        assert!(!text(TransformerError::Input("no".to_owned()).into()).contains("--"));
    }
}
