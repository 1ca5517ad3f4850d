//! Broken and hostile files for every loader.
//!
//! [`corpus`] writes small valid files of every form, [`mutate`] breaks them, [`targets`] feeds them to the loaders,
//! [`campaign`] repeats that and watches for panics, slow inputs, much memory ([`memory`]) and new outcomes. [`worst`]
//! writes the files of any length that cost a loader most. Everything follows from a seed.
//! From a terminal: `cargo run -p ibq-fuzz -- all --executions 1000000 --seed 1`.

pub mod campaign;
pub mod corpus;
pub mod memory;
pub mod mutate;
pub mod targets;
pub mod worst;
