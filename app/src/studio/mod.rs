//! IBQ Studio's window and page: the same code natively and in the browser.
//!
//! A screen is a *pane* (`pane`), in a folder of its own: `reconstruct`, `generate`, `system`. Only `app` lists them. What
//! they share is outside of them: the GPU, models, notices and the selection (`context`), opening and saving files
//! (`open_file`, `files`), numbers as text (`format`). Long work runs as tasks (`task`), whose results are messages. The
//! engine shares the device that draws the window.

mod address;
mod app;
mod command;
mod context;
mod devices;
mod failure;
mod files;
mod format;
mod generate;
mod host;
mod icons;
mod keys;
mod latest;
mod log;
mod lost_device;
mod message;
mod models;
mod notice;
mod open_file;
mod opening;
mod owner;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod page_side;
mod pane;
mod panes;
mod patches;
mod picture_texture;
mod reconstruct;
mod sample_pictures;
mod selection;
mod shell;
#[cfg(test)]
mod sixth_pane;
mod stroke;
mod system;
mod task;
mod theme;
mod widgets;
mod window;

pub use app::Studio;
#[cfg(target_arch = "wasm32")]
pub use page::{Page, open_page};
#[cfg(not(target_arch = "wasm32"))]
pub use window::open_window;
pub use window::{StudioError, graphics};
