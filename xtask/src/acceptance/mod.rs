//! `cargo xtask acceptance`: the long proofs, of minutes to hours, that no change has to wait for.
//!
//! A proof is a list of units. What a unit found is kept in `artifacts/acceptance` as soon as it has ended, so that the same
//! command resumes after an interruption. When all units of a proof have ended, its figures go to
//! `docs/acceptance/NAME.json`, with date, machine and commit.

mod figures;
pub(crate) mod machine;
mod proofs;
mod record;
mod state;

use std::time::Instant;

use crate::{
    shell::{self, Failure, Outcome},
    steps::spoken,
};

use proofs::{PROOFS, Proof, Unit};
use state::State;

/// Prints the proofs.
pub(crate) fn list() {
    for proof in PROOFS {
        println!("{:<16} {}", proof.name, proof.about);
    }
}

/// Runs the proofs of these names; without a name, all.
pub(crate) fn run(names: &[&str]) -> Outcome {
    let unknown = names.iter().find(|&&name| !PROOFS.iter().any(|proof| proof.name == name));
    if let Some(name) = unknown {
        let all: Vec<&str> = PROOFS.iter().map(|proof| proof.name).collect();
        return Err(Failure(format!("no proof is called {name}; there are {}", all.join(", "))));
    }
    crate::setup::everything()?;
    let mut failed = Vec::new();
    for proof in PROOFS.iter().filter(|proof| names.is_empty() || names.contains(&proof.name)) {
        println!("{}: {}", proof.name, proof.about);
        if let Err(Failure(message)) = prove(proof) {
            println!("{}: {message}\n", proof.name);
            failed.push(proof.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure(format!("not proved: {}", failed.join(", ")))) }
}

fn prove(proof: &Proof) -> Outcome {
    let commit = machine::commit()?;
    let mut state = State::open(proof.name, &commit)?;
    let units = (proof.units)()?;
    for (index, unit) in units.iter().enumerate() {
        let line = format!("{:3}/{}  {:<40}", index + 1, units.len(), unit.name);
        if state.has(&unit.name) {
            println!("{line} found before");
            continue;
        }
        let started = Instant::now();
        let found = run_unit(unit)?;
        state.add(&unit.name, started.elapsed(), &found)?;
        println!("{line} {:>12}", spoken(started.elapsed()));
    }
    let path = record::write(proof, &commit, &state)?;
    println!("{}: recorded in {}\n", proof.name, path.display());
    state.remove()
}

/// Runs the commands of a unit and reads the figures from all that they print.
fn run_unit(unit: &Unit) -> Outcome<Vec<(String, String)>> {
    let mut output = String::new();
    for make in &unit.commands {
        output.push_str(&shell::read(&mut make())?);
    }
    let found = (unit.figures)(&output);
    if found.is_empty() { Err(Failure(format!("{}: no figures in\n{output}", unit.name))) } else { Ok(found) }
}
