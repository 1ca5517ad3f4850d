//! The command line.

mod console;
mod evaluate;
mod experiment;
mod export;
mod judge;
mod memory;
mod output;
mod pictures;
mod tokenizer;
mod tokens;
mod transformer;

use std::{path::Path, process::ExitCode};

use burn::tensor::Device;
use clap::{Parser, Subcommand};
use ibq_core::{
    files::WeightsError,
    interruption::Interruption,
    tokenizer::{Rule, TokenizerConfig},
};
use ibq_train::{
    tokenizer::{import, notes_on, rule_is_assumed},
    weights::Weights,
};

use output::report;

/// Trains IBQ tokenizers and transformers.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage. Ctrl-C, SIGTERM and SIGHUP stop a training after its current step: it \
                  saves a checkpoint and exits with 130, 143 or 129. A second signal ends it at once."
)]
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
    /// Measure a tokenizer on held-out pictures.
    Evaluate(evaluate::Arguments),
    /// Measure what the method does: VQ against IBQ, ablations, memory.
    Experiment(experiment::Arguments),
    /// Prepare pictures for training: scenes drawn by the program, or a folder of pictures.
    Pictures(pictures::Arguments),
    /// Encode pictures as tokens to train a transformer on.
    Tokens(tokens::Arguments),
    /// Train a transformer, from the start or from a checkpoint.
    Ar(transformer::Arguments),
    /// Write a transformer's checkpoint as a model folder, or as a file for the official PyTorch code, with its tokenizer inside.
    ExportAr(transformer::ExportArguments),
    /// Train the classifier that judges generated pictures.
    Classifier(judge::ClassifierArguments),
    /// Measure how well generated pictures show their class.
    Judge(judge::Arguments),
}

/// Failure of a command, for people.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A command was stopped by a signal, after it saved what there was.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted {
    /// The exit code that names the signal.
    code: u8,
}

/// The outcome of a command that a signal may have stopped.
fn outcome_of<E: Into<Box<dyn std::error::Error>>>(
    result: Result<(), E>,
    interruption: &Interruption,
) -> Outcome {
    let Some(code) = interruption.exit_code() else { return result.map_err(Into::into) };
    if let Err(error) = result {
        report!("error: {}", error.into());
    }
    Err(Interrupted { code }.into())
}

/// Sets the number of threads, if one is given.
fn set_threads(threads: Option<usize>) -> Outcome {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    Ok(())
}

/// Reads a tokenizer whose tokens matter, and says when nothing states how it chooses them.
fn import_tokenizer(path: &Path, device: &Device) -> Result<(Weights, TokenizerConfig), WeightsError> {
    for note in notes_on(path)? {
        report!("note: {}: {note}", path.display());
    }
    if rule_is_assumed(path)? {
        let rule = Rule::default().description();
        report!("note: {}: nothing states the rule of its quantizer: {rule} is assumed", path.display());
    }
    import(path, device)
}

/// Runs the requested command.
pub(crate) fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Tokenizer(arguments) => tokenizer::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Experiment(arguments) => experiment::run(&arguments),
        Command::Pictures(arguments) => pictures::run(&arguments),
        Command::Tokens(arguments) => tokens::run(&arguments),
        Command::Ar(arguments) => transformer::run(&arguments),
        Command::ExportAr(arguments) => transformer::export(&arguments),
        Command::Classifier(arguments) => judge::train(&arguments),
        Command::Judge(arguments) => judge::run(&arguments),
    };
    let outcome = outcome.and_then(|()| match output::take_error() {
        Some(error) => Err(format!("standard output: {error}").into()),
        None => Ok(()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            ExitCode::from(error.downcast_ref().map_or(1, |Interrupted { code }| *code))
        }
        Err(error) => {
            report!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
