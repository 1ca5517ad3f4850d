//! The state of the dialog that opens and loads a model.

use ibq_core::{
    device::Device,
    gpu::Precision,
    picture::Size,
    tokenizer::{Tiling, Tokenizer, TokenizerWeights},
    transformer::TransformerPrecision,
};

use crate::studio::task::TaskId;

use super::{loaded::Slot, opened::OpenedModel};

/// Sides of pictures, in pixels, for which memory is estimated.
const SIDES: [u32; 4] = [256, 512, 1024, 2048];

/// What the chooser is doing.
pub(crate) enum ChooserState {
    /// A source is to be picked.
    Pick,
    Opening(TaskId),
    Described(Box<OpenedModel>),
    Loading(TaskId, Box<OpenedModel>),
}

/// The dialog that opens and loads a model.
pub(crate) struct Chooser {
    pub(crate) slot: Slot,
    pub(crate) state: ChooserState,
    pub(crate) path: String,
    pub(crate) precision: Precision,
    /// How the weights of a transformer are stored.
    pub(crate) transformer_precision: TransformerPrecision,
    /// Side of the square picture for which memory is estimated, in pixels.
    pub(crate) side: u32,
    /// What can be chosen for it.
    pub(crate) sides: Vec<u32>,
}

/// Bytes that a model needs.
pub(crate) struct MemoryEstimate {
    pub(crate) weights: u64,
    pub(crate) activations: u64,
    /// Whether the picture is cut into tiles.
    pub(crate) tiled: bool,
}

impl Chooser {
    /// A chooser that estimates memory for the current picture at first; `picture` is its longer side.
    pub(crate) fn new(slot: Slot, picture: Option<u32>) -> Self {
        let side = picture.map_or(SIDES[0], |side| side.clamp(64, 4096));
        let mut sides = SIDES.to_vec();
        sides.push(side);
        sides.sort_unstable();
        sides.dedup();
        Self {
            slot,
            state: ChooserState::Pick,
            path: String::new(),
            precision: Precision::F32,
            transformer_precision: TransformerPrecision::F16,
            side,
            sides,
        }
    }

    /// The model that is described.
    pub(crate) fn described(&mut self) -> Option<&mut OpenedModel> {
        match &mut self.state {
            ChooserState::Described(model) => Some(model),
            _ => None,
        }
    }

    /// Whether the chooser is what waits for the model of this name.
    pub(crate) fn is_loading(&self, name: &str) -> bool {
        matches!(&self.state, ChooserState::Loading(_, model) if model.name == name)
    }

    /// What it describes is being loaded.
    pub(crate) fn wait_for(&mut self, task: TaskId) {
        self.state = match std::mem::replace(&mut self.state, ChooserState::Pick) {
            ChooserState::Described(model) => ChooserState::Loading(task, model),
            other => other,
        };
    }

    /// What it was loading failed: it shows the description again.
    pub(crate) fn describe_again(&mut self) {
        self.state = match std::mem::replace(&mut self.state, ChooserState::Pick) {
            ChooserState::Loading(_, model) => ChooserState::Described(model),
            other => other,
        };
    }

    /// The task that it waits for.
    pub(crate) fn task(&self) -> Option<TaskId> {
        match &self.state {
            ChooserState::Opening(task) | ChooserState::Loading(task, _) => Some(*task),
            ChooserState::Pick | ChooserState::Described(_) => None,
        }
    }

    /// Memory for the tokenizer that is described.
    pub(crate) fn estimate(
        &self,
        device: &Device,
        weights: &TokenizerWeights,
    ) -> Result<MemoryEstimate, String> {
        let config = weights.config();
        let side = self.side.next_multiple_of(config.factor());
        let plan = Tokenizer::estimate(device, config, self.precision, Size::square(side), 1, Tiling::Auto)
            .map_err(|error| error.to_string())?;
        let (weights, activations) = (plan.weights, plan.activations);
        Ok(MemoryEstimate { weights, activations, tiled: plan.tiles.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_of_the_current_picture_is_among_the_choices() {
        for (picture, side, count) in
            [(None, 256, 4), (Some(512), 512, 4), (Some(640), 640, 5), (Some(9000), 4096, 5)]
        {
            let chooser = Chooser::new(Slot::Second, picture);
            assert_eq!((chooser.side, chooser.sides.len()), (side, count));
            assert!(chooser.sides.contains(&side) && chooser.sides.is_sorted());
        }
    }
}
