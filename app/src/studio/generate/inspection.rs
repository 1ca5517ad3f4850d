//! The token of a picture that is inspected, and what is known about it.

use ibq_core::transformer::Insight;

use crate::studio::{latest::Latest, patches::Patches};

use super::tasks::{InsightRequest, PatchRequest};

/// What the pointer does in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tool {
    /// Chooses a token.
    #[default]
    Look,
    /// Holds tokens, or lets them go.
    Hold,
}

/// The inspection of the tokens of one picture.
#[derive(Default)]
pub(super) struct Inspection {
    pub(super) tool: Tool,
    /// Whether a map of the entropy lies over the picture.
    pub(super) entropy: bool,
    /// Height of what the card said about the tokens of this picture, at most.
    pub(super) height: f32,
    pub(super) hovered: Option<u32>,
    pub(super) selected: Option<u32>,
    /// Whether the current stroke holds tokens or lets them go, and where it is.
    pub(super) holding: Option<(bool, u32)>,
    /// What is known about the picture with this revision.
    pub(super) insight: Option<(u64, Insight)>,
    pub(super) insight_run: Latest<InsightRequest>,
    /// A revision whose insight could not be had, so that it is not asked for again and again.
    pub(super) failed: Option<u64>,
    pub(super) patch_run: Latest<PatchRequest>,
    /// Patches of the generator's codes.
    pub(super) patches: Patches,
}

impl Inspection {
    /// What is known about the picture with a revision.
    pub(super) fn insight(&self, revision: u64) -> Option<&Insight> {
        self.insight.as_ref().filter(|(known, _)| *known == revision).map(|(_, insight)| insight)
    }

    /// The position that is looked at.
    pub(super) fn position(&self) -> Option<u32> {
        self.hovered.or(self.selected)
    }

    /// Looks at no position.
    pub(super) fn forget_position(&mut self) {
        (self.hovered, self.selected, self.holding, self.height) = (None, None, None, 0.0);
    }
}
