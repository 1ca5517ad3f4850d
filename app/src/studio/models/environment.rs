//! What the models need of the window.

use crate::studio::{devices::Devices, notice::Notices, task::OwnTasks};

use super::message::{ModelsEffect, ModelsMessage};

/// What the models need of the window.
pub(crate) struct ModelsEnvironment<'a> {
    pub(crate) devices: &'a Devices,
    pub(crate) notices: &'a mut Notices,
    pub(crate) tasks: OwnTasks<'a, ModelsMessage>,
    /// Longer side of the picture at hand, in pixels.
    pub(crate) picture_side: Option<u32>,
    /// What follows for others.
    pub(crate) effects: &'a mut Vec<ModelsEffect>,
}
