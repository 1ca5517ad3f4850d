//! Many executions of one target.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::{
    memory::{most_for, peak_of},
    mutate::{Random, mutate},
    targets::Target,
};

/// An execution that takes longer has found something. Generous, since machines are busy.
const SLOW: Duration = Duration::from_secs(5);
/// Most files that are kept to go on from.
const MOST_KEPT: usize = 512;

/// What a campaign found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Inputs that were tried.
    pub executions: u64,
    /// Different results and errors, numbers and quoted names aside.
    pub outcomes: usize,
    /// Longest execution.
    pub slowest: Duration,
    /// Most bytes of memory that an execution took.
    pub largest: usize,
}

/// An input that the target did not stand.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What happened.
    pub what: String,
}

/// Runs a target on valid files first, then on mutated ones; an input with a new outcome is kept to go on from.
///
/// # Errors
/// [`Finding`]: the first input that makes the target panic, take long, or take much memory for its length.
pub fn run(target: &Target, executions: u64, seed: u64) -> Result<Summary, Box<Finding>> {
    let mut random = Random::new(seed);
    let mut kept = (target.corpus)();
    let valid = kept.len() as u64;
    let mut outcomes = HashSet::new();
    let mut slowest = Duration::ZERO;
    let mut largest = 0;
    for execution in 0..executions {
        let input = if execution < valid {
            kept[execution as usize].clone()
        } else {
            mutate(&mut random, random_file(&kept, seed, execution), random_file(&kept, !seed, execution))
        };
        let started = Instant::now();
        let (outcome, peak) = peak_of(|| catch_unwind(AssertUnwindSafe(|| (target.run)(&input))));
        let took = started.elapsed();
        slowest = slowest.max(took);
        largest = largest.max(peak);
        let finding = |what: String| Err(Box::new(Finding { input: input.clone(), what }));
        if peak > most_for(input.len()) {
            return finding(format!("took {peak} bytes for a file of {}", input.len()));
        }
        let outcome = match outcome {
            Ok(outcome) if took < SLOW => outcome,
            Ok(_) => return finding(format!("took {took:.1?}")),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                return finding(format!("panicked: {}", text.unwrap_or("without a message")));
            }
        };
        if outcomes.insert(shape(&outcome)) && execution >= valid && kept.len() < MOST_KEPT {
            kept.push(input);
        }
    }
    Ok(Summary { executions, outcomes: outcomes.len(), slowest, largest })
}

/// A file to go on from; follows from seed and number of the execution alone.
fn random_file(kept: &[Vec<u8>], seed: u64, execution: u64) -> &[u8] {
    let mut random = Random::new(seed ^ execution.rotate_left(32));
    &kept[random.below(kept.len())]
}

/// A message without its numbers and without what it quotes, from the first quote to the last: two such messages come
/// from the same place.
fn shape(message: &str) -> String {
    let quotes = ['`', '"', '\''];
    let before = message.find(quotes).map_or(message, |first| &message[..first]);
    let after = message.rfind(quotes).map_or("", |last| &message[last + 1..]);
    let kept = before.chars().chain(['…']).chain(after.chars());
    kept.filter(|c| c.is_ascii_alphabetic() || matches!(c, '…' | ' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails_on_two_zeros(bytes: &[u8]) -> String {
        assert!(!bytes.windows(2).any(|pair| pair == [0, 0]), "two zeros");
        "fine".to_owned()
    }

    #[test]
    fn a_mistake_is_found_with_its_input() {
        let target =
            Target { name: "self", corpus: || vec![vec![1, 2, 3, 4, 5, 6, 7, 8]], run: fails_on_two_zeros };
        let finding = run(&target, 10_000, 1).unwrap_err();
        assert!(finding.what.contains("two zeros"));
        assert!(finding.input.windows(2).any(|pair| pair == [0, 0]));
    }

    #[test]
    fn messages_from_the_same_place_have_one_shape() {
        assert_eq!(shape("tensor `a` has 3 axes"), shape("tensor `b` has 17 axes"));
        assert_ne!(shape("tensor `a` is missing"), shape("tensor `a` is broken"));
    }
}
