//! The Generate pane: pictures of a class appear token by token; every token can be looked at, changed and held.

mod all_samples;
mod axes;
mod board;
mod canvas;
mod class_card;
mod empty;
mod gallery;
mod gallery_card;
mod gallery_storage;
mod generator;
mod inspect;
mod inspection;
mod loading;
mod message;
mod one_sample;
mod pane;
mod restore;
mod run;
mod sample_painter;
mod sampling_card;
mod save;
mod screen;
mod settings;
mod state;
mod tasks;
mod token_card;
mod toolbar;
mod update;

pub(crate) use state::Generate;
