//! IBQ Studio's window and page: the same code natively and in the browser.
//!
//! One state tree (`state`); screens (`reconstruct`, `generate`, `system`) and the `shell` around them are views of it that send
//! messages (`message`); long work runs as tasks (`task`), whose results are messages too. The engine shares the
//! device that draws the window.

mod app;
mod files;
mod generate;
mod icons;
mod log;
mod message;
mod models;
mod notice;
mod open;
mod picture_texture;
mod reconstruct;
mod samples;
mod shell;
mod state;
mod stroke;
mod system;
mod task;
mod theme;
mod widgets;

pub use app::Studio;
#[cfg(not(target_arch = "wasm32"))]
pub use open::open_window;
#[cfg(target_arch = "wasm32")]
pub use open::{Page, PageOptions, open_page};
pub use open::{StudioError, graphics};
