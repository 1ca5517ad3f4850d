//! What surrounds the panes: navigation, model, jobs, notices, help, log.

mod banner;
mod help;
mod jobs;
mod keyboard;
mod layout;
mod log_panel;
mod navigation;
mod top_bar;
mod view;

pub(crate) use keyboard::{keyboard, sections};
pub(crate) use layout::{show_around, show_over};
pub(crate) use navigation::Tab;
pub(crate) use view::ShellView;
