//! The command line: a file per command, and what the commands share.
//!
//! Results go to standard output, messages to standard error. Exit codes: 0 done, 1 failed (wholly, or for some of the
//! inputs), 2 the command line was wrong; 129, 130 and 143 after SIGHUP, Ctrl-C and SIGTERM, when the work was not done.

mod bench;
mod classes;
mod convert;
mod decode;
mod encode;
mod failure;
mod generate;
mod info;
mod inputs;
mod model;
mod numbers;
mod options;
mod outputs;
mod paths;
mod progress;
mod read;
mod reconstruct;
mod score;
mod session;
mod table;
mod transformer;

use std::{env, process::ExitCode};

use clap::{Parser, Subcommand};

use failure::Failure;
use session::Session;

#[derive(Parser)]
#[command(
    name = "ibq",
    version,
    about = "Pictures to tokens and back, on any GPU",
    after_help = "Without a command the window opens.\n\n\
                  Exit codes: 0 done, 1 failed, 2 wrong usage; 130, 143 and 129 after Ctrl-C, SIGTERM and SIGHUP."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a model is, what it holds and the memory it needs
    Info(info::Arguments),
    /// Write a model as a folder of config.json and model.safetensors
    Convert(convert::Arguments),
    /// Turn pictures into a token file
    Encode(encode::Arguments),
    /// Turn a token file back into pictures
    Decode(decode::Arguments),
    /// Encode and decode pictures, and measure what was lost
    Reconstruct(reconstruct::Arguments),
    /// Make new pictures of a class
    Generate(Box<generate::Arguments>),
    /// Say how probable tokens are under a class
    Score(score::Arguments),
    /// Measure the speed of every stage and kernel
    Bench(bench::Arguments),
}

/// Reads the command line, does what it says, and returns the exit code.
pub(crate) fn run() -> ExitCode {
    // Wrong usage ends here with exit code 2, --help and --version with 0.
    let arguments = Arguments::parse();
    let Some(command) = arguments.command else { return exit_code(&open_window()) };
    keep_off_display();
    let session = Session::start();
    let done = pollster::block_on(async {
        match &command {
            Command::Info(arguments) => info::run(arguments, &session).await,
            Command::Convert(arguments) => convert::run(arguments, &session).await,
            Command::Encode(arguments) => encode::run(arguments, &session).await,
            Command::Decode(arguments) => decode::run(arguments, &session).await,
            Command::Reconstruct(arguments) => reconstruct::run(arguments, &session).await,
            Command::Generate(arguments) => generate::run(arguments, &session).await,
            Command::Score(arguments) => score::run(arguments, &session).await,
            Command::Bench(arguments) => bench::run(arguments, &session).await,
        }
    });
    let done = done.and_then(|()| session.verdict());
    let interruption = session.interruption().clone();
    drop(session);
    match (exit_code(&done), interruption.exit_code()) {
        (_, Some(code)) if done.is_err() => ExitCode::from(code),
        (code, _) => code,
    }
}

/// Keeps the Vulkan driver away from the display, which commands do not need.
///
/// Mesa's layer that chooses a device asks the Wayland display for it. Where `XDG_RUNTIME_DIR` is not set, there is no such display, and
/// libwayland writes an error to the terminal. A choice that the environment makes is left to the layer.
#[cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "the layer is switched off by a variable of the environment, in no other way"
    )
)]
fn keep_off_display() {
    #[cfg(unix)]
    if ["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", "DRI_PRIME"]
        .iter()
        .all(|name| env::var_os(name).is_none())
    {
        // SAFETY: the program has only this thread yet, so that nothing reads the environment meanwhile.
        unsafe { env::set_var("NODEVICE_SELECT", "1") };
    }
}

/// Opens the window and returns when it is closed.
#[cfg(feature = "studio")]
fn open_window() -> Result<(), Failure> {
    ibq_studio::studio::open_window().map_err(|error| Failure::Failed(error.to_string()))
}

/// Says that there is none.
#[cfg(not(feature = "studio"))]
fn open_window() -> Result<(), Failure> {
    Err(Failure::Usage("this build has no window; give a command (see `ibq --help`)".to_owned()))
}

fn exit_code(done: &Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
