//! Operations as data: how a page hands them to its worker.

use serde::{Deserialize, Serialize};

use super::{
    Conv2d, Embed, Lookup, Op, PixelsIn, PixelsOut,
    attention::{Softmax, Transpose},
    group_norm::GroupNorm,
};

/// Any operation.
#[derive(Serialize, Deserialize)]
pub(crate) enum OpMessage {
    Conv2d(Conv2d),
    Embed(Embed),
    GroupNorm(GroupNorm),
    Lookup(Lookup),
    PixelsIn(PixelsIn),
    PixelsOut(PixelsOut),
    Softmax(Softmax),
    Transpose(Transpose),
}

impl From<OpMessage> for Box<dyn Op> {
    fn from(message: OpMessage) -> Self {
        match message {
            OpMessage::Conv2d(op) => Box::new(op),
            OpMessage::Embed(op) => Box::new(op),
            OpMessage::GroupNorm(op) => Box::new(op),
            OpMessage::Lookup(op) => Box::new(op),
            OpMessage::PixelsIn(op) => Box::new(op),
            OpMessage::PixelsOut(op) => Box::new(op),
            OpMessage::Softmax(op) => Box::new(op),
            OpMessage::Transpose(op) => Box::new(op),
        }
    }
}
