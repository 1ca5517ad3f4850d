//! The one state tree of the window.

use ibq_core::gpu::Gpu;

use super::{
    files::PathPrompt, generate::Generate, models::Models, notice::Notices, reconstruct::Reconstruct,
    samples::Sample, system::System,
};

/// The screens that exist, in the order of the navigation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Screen {
    /// A picture becomes tokens and comes back.
    #[default]
    Reconstruct,
    /// Pictures of a class, token by token.
    Generate,
    /// What the machine is and how fast.
    System,
}

impl Screen {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reconstruct => "Reconstruct",
            Self::Generate => "Generate",
            Self::System => "System",
        }
    }
}

/// Everything that is shown.
pub(crate) struct State {
    /// The device that draws and computes, or why there is none.
    pub(crate) gpu: Result<Gpu, String>,
    pub(crate) screen: Screen,
    pub(crate) notices: Notices,
    pub(crate) help: bool,
    pub(crate) log: bool,
    pub(crate) models: Models,
    pub(crate) samples: Vec<Sample>,
    pub(crate) prompt: Option<PathPrompt>,
    pub(crate) reconstruct: Reconstruct,
    pub(crate) generate: Generate,
    pub(crate) system: System,
}

impl State {
    /// The screens that can be gone to: without a generator there is nothing to generate with.
    pub(crate) fn screens(&self) -> Vec<Screen> {
        let mut screens = vec![Screen::Reconstruct];
        if self.generate.available() {
            screens.push(Screen::Generate);
        }
        screens.push(Screen::System);
        screens
    }

    pub(crate) fn new(gpu: Result<Gpu, String>) -> Self {
        Self {
            gpu,
            screen: Screen::default(),
            notices: Notices::default(),
            help: false,
            log: false,
            models: Models::default(),
            samples: Vec::new(),
            prompt: None,
            reconstruct: Reconstruct::default(),
            generate: Generate::default(),
            system: System::default(),
        }
    }
}
