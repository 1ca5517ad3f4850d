//! What the peers printed: one figure a line, words with tabs between.

use crate::shell::{Failure, Outcome};

/// Milliseconds of all rounds of one stage by one peer.
#[derive(Debug, PartialEq)]
pub(super) struct Times {
    pub(super) case: String,
    pub(super) stage: String,
    pub(super) peer: String,
    pub(super) rounds: Vec<f64>,
}

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
}

/// How many tokens of one peer are PyTorch's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) case: String,
    pub(super) peer: String,
    pub(super) equal: u64,
    /// Others whose scores PyTorch finds nearly equal.
    pub(super) near: u64,
    pub(super) other: u64,
}

/// Bytes that one picture raises the resident memory by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) case: String,
    pub(super) peer: String,
    pub(super) bytes: u64,
}

/// Everything that was printed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) times: Vec<Times>,
    pub(super) memory: Vec<Memory>,
    pub(super) tokens: Vec<Tokens>,
    /// What could not be measured, and why.
    pub(super) missing: Vec<(String, String)>,
    /// Versions, and what else describes the measurement.
    pub(super) versions: Vec<(String, String)>,
}

impl Figures {
    /// Reads the lines of `xtask/peers/measure.py` and `web.mjs`.
    pub(super) fn parse(text: &str) -> Outcome<Self> {
        let mut figures = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            figures
                .read(line)
                .ok_or_else(|| Failure(format!("the peers printed a line that is no figure: {line}")))?;
        }
        Ok(figures)
    }

    fn read(&mut self, line: &str) -> Option<()> {
        let own = str::to_owned;
        match line.split('\t').collect::<Vec<_>>()[..] {
            // How ibq prepares a shape: before the first run, and not part of it.
            ["time", _, "plan" | "compile", _, _] => {}
            ["time", case, stage, peer, ms] => {
                let ms = ms.parse().ok().filter(|ms: &f64| ms.is_finite() && *ms > 0.0)?;
                let same =
                    |times: &&mut Times| (&*times.case, &*times.stage, &*times.peer) == (case, stage, peer);
                match self.times.iter_mut().find(same) {
                    Some(times) => times.rounds.push(ms),
                    None => {
                        let (case, stage, peer) = (own(case), own(stage), own(peer));
                        self.times.push(Times { case, stage, peer, rounds: vec![ms] });
                    }
                }
            }
            ["memory", case, peer, bytes] => {
                // Less than nothing is what noise makes of nothing.
                let bytes = bytes.parse::<i64>().ok()?.max(0).unsigned_abs();
                self.memory.push(Memory { case: own(case), peer: own(peer), bytes });
            }
            ["tokens", case, peer, equal, near, other] => {
                let [equal, near, other] = [equal, near, other].map(|word| word.parse().ok());
                let (equal, near, other) = (equal?, near?, other?);
                self.tokens.push(Tokens { case: own(case), peer: own(peer), equal, near, other });
            }
            ["missing", what, reason] => self.missing.push((own(what), own(reason))),
            ["version", name, value] => self.versions.push((own(name), own(value))),
            _ => return None,
        }
        Some(())
    }

    /// Median and quartiles of one stage by one peer.
    pub(super) fn time(&self, case: &str, stage: &str, peer: &str) -> Option<Spread> {
        let same = |times: &&Times| (&*times.case, &*times.stage, &*times.peer) == (case, stage, peer);
        Spread::of(&self.times.iter().find(same)?.rounds)
    }

    /// Bytes that one picture raises one peer's resident memory by.
    pub(super) fn memory(&self, case: &str, peer: &str) -> Option<u64> {
        let found = self.memory.iter().find(|memory| (&*memory.case, &*memory.peer) == (case, peer))?;
        Some(found.bytes)
    }

    /// A version or another description; empty where there is none.
    pub(super) fn version(&self, name: &str) -> &str {
        self.versions.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Spread {
    /// Of any number of values in any order; none of none.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        // Between two values, linearly.
        let quantile = |share: f64| {
            let at = share * last as f64;
            let (below, above) = (at.floor() as usize, at.ceil() as usize);
            sorted[below] + (sorted[above] - sorted[below]) * at.fract()
        };
        Some(Self { low: quantile(0.25), median: quantile(0.5), high: quantile(0.75) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_median_and_quartiles_between_values() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[7.0]), Some(Spread { low: 7.0, median: 7.0, high: 7.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0, 3.0, 2.0]), Some(Spread { low: 1.75, median: 2.5, high: 3.25 }));
        assert_eq!(Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]), Some(Spread { low: 2.0, median: 3.0, high: 4.0 }));
    }

    #[test]
    fn rounds_of_a_stage_are_gathered() {
        let text = "time\ta 256\tencode\tibq\t10\ntime\ta 256\tencode\tpytorch\t20.5\ntime\ta 256\tencode\tibq\t12\n\
                    time\ta 256\tcompile\tibq\t99\nmemory\ta 256\tibq\t-4096\nmemory\ta 256\tpytorch\t8192\n\
                    tokens\ta 256\tibq\t255\t1\t0\nmissing\tmemory\tno /proc\nversion\tPython\t3.13\n";
        let figures = Figures::parse(text).unwrap();
        assert_eq!(figures.time("a 256", "encode", "ibq").unwrap().median, 11.0);
        assert_eq!(figures.time("a 256", "encode", "pytorch").unwrap().median, 20.5);
        assert_eq!(figures.time("a 256", "compile", "ibq"), None);
        assert_eq!(
            (figures.memory("a 256", "ibq"), figures.memory("a 256", "pytorch")),
            (Some(0), Some(8192))
        );
        assert_eq!((figures.tokens[0].equal, figures.tokens[0].near, figures.tokens[0].other), (255, 1, 0));
        assert_eq!((figures.version("Python"), figures.version("Rust")), ("3.13", ""));
        assert_eq!(figures.missing, [("memory".to_owned(), "no /proc".to_owned())]);
    }

    #[test]
    fn other_lines_are_refused() {
        for line in
            ["hello", "time\ta\tencode\tibq\tsoon", "time\ta\tencode\tibq\tNaN", "time\ta\tencode\tibq\t0"]
        {
            let Failure(message) = Figures::parse(line).unwrap_err();
            assert!(message.ends_with(line), "{message}");
        }
    }
}
