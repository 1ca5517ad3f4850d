//! What a file is wanted for.

/// What a file is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A picture to work on.
    Picture,
    /// Tokens to decode.
    Tokens,
    /// A model for the chooser.
    Model,
}

impl Purpose {
    /// Heading of a dialog.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Picture => "Open a picture",
            Self::Tokens => "Open tokens",
            Self::Model => "Open a model",
        }
    }

    /// What the files are called and how their names end.
    pub(crate) fn filter(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Picture => ("Pictures", &ibq_core::picture::ENDINGS),
            Self::Tokens => ("Token files", &["json", "npy", "safetensors"]),
            Self::Model => ("Models", &["ckpt", "safetensors", "pt", "pth", "bin"]),
        }
    }
}
