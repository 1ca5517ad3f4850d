//! The memory that loaders take, in a program of its own: other tests would be counted.

use ibq_fuzz::{
    campaign,
    memory::{most_for, peak_of},
    targets::TARGETS,
    worst::WORST_CASES,
};

#[test]
fn the_costliest_files_take_memory_in_proportion_to_their_length() {
    for case in WORST_CASES {
        for len in [1 << 18, 1 << 21] {
            let file = (case.file)(len);
            let (outcome, peak) = peak_of(|| (case.target().run)(&file));
            let (most, bytes) = (most_for(file.len()), file.len());
            assert!(peak <= most, "{}: {peak} bytes for a file of {bytes}: {outcome}", case.name);
        }
    }
    // A measurement that sees nothing would prove nothing.
    let (_, peak) = peak_of(|| vec![1u8; 1 << 20]);
    assert!((1 << 20..2 << 20).contains(&peak), "{peak}");
    // A campaign measures as well.
    let summary = campaign::run(&TARGETS[0], 500, 3).expect("no finding");
    assert!(summary.largest > 0 && summary.largest < most_for(1 << 17), "{summary:?}");
}
