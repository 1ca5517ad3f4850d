//! What can happen on this pane.

use ibq_core::tokens::TokenFormat;

use crate::studio::{
    context,
    failure::Failure,
    files::SaveFile,
    models::Slot,
    notice::Notice,
    selection::{OpenPicture, Processing},
};

use super::tasks::{CodeDetails, Decoded, HeatKey, HeatMap, Outcome};

/// What this pane works with.
pub(super) type Context<'a> = context::Context<'a, Message>;
/// Where its views send messages.
pub(super) type Outbox = context::Outbox<Message>;

/// What happens on this pane.
pub(crate) enum Message {
    /// A sample was chosen.
    Open(Box<OpenPicture>),
    /// The picture is to be scaled or cut in another way.
    Process(Processing),
    Ran(Slot, Result<Box<Outcome>, Failure>),
    View(ViewCommand),
    Edit(EditCommand),
    Decoded(Result<Box<Decoded>, Failure>),
    /// The pointer is at this cell, or at none.
    Hover(Option<u32>),
    /// The code that is painted, and that replaces.
    Code(u32),
    Detailed(Result<Box<CodeDetails>, Failure>),
    /// The difference of the two layers of the view is wanted.
    WantHeatMap(HeatKey),
    HeatMap(Box<HeatMap>),
    Export(Export),
    Exported(Result<Box<SaveFile>, Notice>),
}

/// What is asked of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditCommand {
    Select(Option<u32>),
    /// Replaces the token at a position by a code.
    Replace {
        position: u32,
        code: u32,
    },
    /// Paints the picked code around a position.
    Paint {
        position: u32,
    },
    /// The pointer was lifted.
    EndStroke,
    /// Shuffles the tokens between two corners, given as positions.
    Shuffle {
        from: u32,
        to: u32,
    },
    ShuffleAll,
    Reset,
    Undo,
    Redo,
}

/// What is asked of the view, by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ViewCommand {
    Split,
    SideBySide,
    Difference,
    Tokens,
    Fit,
    ActualSize,
    ZoomIn,
    ZoomOut,
    Select,
    Paint,
    Shuffle,
}

/// What is to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// What came back, as PNG.
    Picture,
    /// All pictures beside each other, as PNG.
    Comparison,
    Tokens(TokenFormat),
}
