//! Every target for a moment. Longer runs are started by hand: see `docs/fuzzing.md`.

use ibq_fuzz::{campaign, targets::TARGETS};

/// Executions of each target: some seconds in all.
const EXECUTIONS: u64 = 10_000;

#[test]
fn no_target_is_brought_down() {
    for target in &TARGETS {
        match campaign::run(target, EXECUTIONS, 1) {
            Ok(summary) => {
                assert_eq!(summary.executions, EXECUTIONS);
                // Valid files, and several ways of being wrong.
                assert!(summary.outcomes >= 5, "{}: {} outcomes", target.name, summary.outcomes);
            }
            Err(finding) => panic!("{}: {}; input {:?}", target.name, finding.what, finding.input),
        }
    }
}

#[test]
fn a_run_follows_from_its_seed() {
    let target = &TARGETS[0];
    let outcomes =
        |seed| campaign::run(target, 500, seed).map(|summary| summary.outcomes).expect("no finding");
    assert_eq!(outcomes(7), outcomes(7));
}

#[test]
fn the_files_to_begin_with_are_valid() {
    for target in &TARGETS {
        for file in (target.corpus)() {
            let outcome = (target.run)(&file);
            assert!(!outcome.starts_with("open:"), "{}: {outcome}", target.name);
        }
    }
}
