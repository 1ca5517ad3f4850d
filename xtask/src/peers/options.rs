//! The arguments of `cargo xtask peers`.

use std::{path::PathBuf, str::FromStr};

use crate::shell::{Failure, Outcome};

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Tokenizer,
    Transformer,
    Web,
}

/// The arguments, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// One part alone; none: all.
    pub(super) only: Option<Part>,
    /// Measures again what has been measured.
    pub(super) again: bool,
    /// Only writes the page from the figures that are kept.
    pub(super) table_only: bool,
    /// Rounds of each case.
    pub(super) rounds: u32,
    /// Threads of each peer.
    pub(super) threads: u32,
    /// A built program instead of a release build.
    pub(super) ibq: Option<PathBuf>,
    /// A sentence for the page, about the circumstances.
    pub(super) remark: String,
}

impl Options {
    /// Reads the words after `cargo xtask peers`.
    pub(super) fn parse(words: &[&str]) -> Outcome<Self> {
        let mut options = Self {
            only: None,
            again: false,
            table_only: false,
            rounds: 5,
            threads: 2,
            ibq: None,
            remark: String::new(),
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let mut value =
                || words.next().copied().ok_or_else(|| Failure(format!("{word}: its value is missing")));
            match word {
                "--only" => options.only = Some(part(value()?)?),
                "--again" => options.again = true,
                "--table" => options.table_only = true,
                "--rounds" => options.rounds = count(word, value()?)?,
                "--threads" => options.threads = count(word, value()?)?,
                "--ibq" => {
                    let path = value()?;
                    let absolute = std::path::absolute(path);
                    options.ibq = Some(absolute.map_err(|error| Failure(format!("{path}: {error}")))?);
                }
                "--remark" => options.remark = value()?.to_owned(),
                _ => return Err(Failure(format!("peers: do not know `{word}`; see `cargo xtask help`"))),
            }
        }
        Ok(options)
    }

    /// Whether a part was asked for.
    pub(super) fn wants(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

fn part(word: &str) -> Outcome<Part> {
    match word {
        "tokenizer" => Ok(Part::Tokenizer),
        "transformer" => Ok(Part::Transformer),
        "web" => Ok(Part::Web),
        _ => Err(Failure(format!("--only {word}: tokenizer, transformer or web"))),
    }
}

fn count(name: &str, word: &str) -> Outcome<u32> {
    match u32::from_str(word) {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err(Failure(format!("{name} {word}: a number from 1 to 1000"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_everything_is_measured_with_two_threads() {
        let options = Options::parse(&[]).unwrap();
        assert!([Part::Tokenizer, Part::Transformer, Part::Web].into_iter().all(|part| options.wants(part)));
        assert_eq!((options.rounds, options.threads, options.again), (5, 2, false));
    }

    #[test]
    fn one_part_is_measured_alone() {
        let options = Options::parse(&["--only", "web", "--rounds", "3", "--again"]).unwrap();
        assert!(options.wants(Part::Web) && !options.wants(Part::Tokenizer));
        assert_eq!((options.rounds, options.again), (3, true));
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (words, expected) in [
            (&["--only", "gpu"][..], "--only gpu: tokenizer, transformer or web"),
            (&["--only"], "--only: its value is missing"),
            (&["--rounds", "0"], "--rounds 0: a number from 1 to 1000"),
            (&["--fast"], "peers: do not know `--fast`; see `cargo xtask help`"),
        ] {
            assert_eq!(Options::parse(words).unwrap_err().0, expected);
        }
    }
}
