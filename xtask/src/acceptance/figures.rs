//! Figures from what the programs of the proofs print.

/// Name and value of a figure, as printed.
pub(super) type Figure = (String, String);

/// A table: cells stand two or more spaces apart, the first of a line is the name; several values are joined.
pub(super) fn table(output: &str) -> Vec<Figure> {
    let read = |line: &str| {
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let (name, values) = cells.split_first()?;
        (!values.is_empty()).then(|| ((*name).to_owned(), values.join(", ")))
    };
    output.lines().filter_map(read).collect()
}

/// Measurements of one sentence each: `what: 12 frames, …`. A second one of the same thing is numbered.
pub(super) fn sentences(output: &str) -> Vec<Figure> {
    let mut found: Vec<Figure> = Vec::new();
    for (name, value) in output.lines().filter_map(|line| line.split_once(": ")) {
        if value.starts_with(|first: char| first.is_ascii_digit()) {
            let before = found.iter().filter(|(known, _)| known.starts_with(name)).count();
            let number = if before == 0 { String::new() } else { format!(" ({})", before + 1) };
            found.push((format!("{name}{number}"), value.to_owned()));
        }
    }
    found
}

/// How many tests passed, over all test programs of the output.
pub(super) fn passed(output: &str) -> Vec<Figure> {
    let count = |line: &str| -> Option<usize> {
        line.strip_prefix("test result: ok. ")?.split_once(" passed")?.0.parse().ok()
    };
    let total: usize = output.lines().filter_map(count).sum();
    if total == 0 { Vec::new() } else { vec![("tests passed".to_owned(), total.to_string())] }
}

/// The steps of `cargo xtask test` with their durations, and the time of all.
pub(super) fn steps(output: &str) -> Vec<Figure> {
    let read = |line: &str| {
        let (_, rest) = line.trim().split_once("  ")?;
        let (name, duration) = rest.split_once(" ok ")?;
        Some((name.trim().to_owned(), duration.trim().to_owned()))
    };
    let total = output.lines().filter_map(|line| line.split_once(" steps in "));
    let total = total.map(|(_, duration)| ("all steps".to_owned(), duration.to_owned()));
    output.lines().filter_map(read).chain(total).collect()
}

/// How long `cargo xtask demo` took.
pub(super) fn demo(output: &str) -> Vec<Figure> {
    let ready = output.lines().filter_map(|line| line.strip_prefix("ready after "));
    ready.map(|duration| ("ready after".to_owned(), duration.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(expected: &[(&str, &str)]) -> Vec<Figure> {
        expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn every_kind_of_output_is_read() {
        let text = "target      executions  slowest\npickle         1000000   742 ms\nno figure\n";
        let expected = figures(&[("target", "executions, slowest"), ("pickle", "1000000, 742 ms")]);
        assert_eq!(table(text), expected);
        let text =
            "running 1 test\nstart, model loaded: 120 frames, half below 0.8 ms\ntest frame_times ... ok\n";
        assert_eq!(sentences(text), figures(&[("start, model loaded", "120 frames, half below 0.8 ms")]));
        let text = "four: 9.4 seconds\nfour: 9.1 seconds of processors\n";
        assert_eq!(
            sentences(text),
            figures(&[("four", "9.4 seconds"), ("four (2)", "9.1 seconds of processors")])
        );
        let text = "test result: ok. 5 passed; 0 failed\n\ntest result: ok. 7 passed; 0 failed\n";
        assert_eq!(passed(text), figures(&[("tests passed", "12")]));
        assert_eq!(passed("test result: FAILED. 5 passed"), []);
        let text =
            " 1/12  web page                           ok       1 min 02 s\n\n12 steps in 25 min 10 s\n";
        assert_eq!(steps(text), figures(&[("web page", "1 min 02 s"), ("all steps", "25 min 10 s")]));
        assert_eq!(demo("\nready after 8 min 18 s\n"), figures(&[("ready after", "8 min 18 s")]));
    }
}
