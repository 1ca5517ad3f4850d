//! `ibq reconstruct`: pictures to tokens and back, and what was lost on the way.

mod measurements;
mod run;
mod sheet;

use std::path::PathBuf;

use super::{
    failure::Failure,
    options::{ModelOptions, SizeOptions, TileOptions, TokenizerGpuOptions},
    outputs::OverwriteOption,
    session::Session,
};

/// The command line of `ibq reconstruct`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Pictures (PNG, JPEG, WebP), folders (the pictures in them, not in their subfolders) or quoted globs
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Where the result goes: NAME.png for one picture, else a folder
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Also write original, reconstruction and difference side by side (violet: equal, yellow: 64 levels or more);
    /// of several pictures also one sheet
    #[arg(long)]
    compare: bool,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    existing: OverwriteOption,
    #[command(flatten)]
    size: SizeOptions,
    #[command(flatten)]
    tiles: TileOptions,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    gpu: TokenizerGpuOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    run::run(arguments, session).await
}
