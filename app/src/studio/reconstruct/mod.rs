//! The Reconstruct pane: a picture becomes tokens and comes back; the tokens can be looked at and changed.

mod cells;
mod editing;
mod empty;
mod export;
mod history;
mod inspector;
mod message;
mod numbers_card;
mod overlay;
mod pane;
mod reconstruction_view;
mod save_card;
mod screen;
mod settings_card;
mod source_card;
mod state;
mod tasks;
mod toolbar;
mod update;
mod viewer;
mod viewport;
mod zoom;

pub(crate) use state::Reconstruct;
