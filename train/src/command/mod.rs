//! The command line.

mod ar;
mod evaluate;
mod experiment;
mod export;
mod judge;
mod material;
mod memory;
mod pictures;
mod tokenizer;
mod tokens;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Trains IBQ tokenizers and transformers.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a tokenizer, from the start or from a checkpoint.
    Tokenizer(tokenizer::Arguments),
    /// Write a checkpoint as a model folder, or as a file for the official PyTorch code.
    Export(export::Arguments),
    /// Measure a tokenizer on pictures that it has not seen.
    Evaluate(evaluate::Arguments),
    /// Measure what the method does: VQ against IBQ, parts left out, memory.
    Experiment(experiment::Arguments),
    /// Prepare pictures for training: scenes drawn by the program, or a folder of pictures.
    Pictures(pictures::Arguments),
    /// Prepare tokens of pictures for the training of a transformer.
    Tokens(tokens::Arguments),
    /// Train a transformer, from the start or from a checkpoint.
    Ar(ar::Arguments),
    /// Write a transformer's checkpoint as a model folder, or as a file for the official PyTorch code, with its tokenizer inside.
    ExportAr(ar::ExportArguments),
    /// Train the classifier that judges generated pictures.
    Classifier(judge::ClassifierArguments),
    /// Measure how well generated pictures show what was asked for.
    Judge(judge::Arguments),
}

/// Failure of a command, for people.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs the command that was asked for.
pub(crate) fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Tokenizer(arguments) => tokenizer::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Experiment(arguments) => experiment::run(&arguments),
        Command::Pictures(arguments) => pictures::run(&arguments),
        Command::Tokens(arguments) => tokens::run(&arguments),
        Command::Ar(arguments) => ar::run(&arguments),
        Command::ExportAr(arguments) => ar::export(&arguments),
        Command::Classifier(arguments) => judge::train(&arguments),
        Command::Judge(arguments) => judge::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
