//! What came out of an experiment: a table and plots.

use std::{collections::BTreeMap, fmt::Write};

use super::{Method, Plot, Run, Series};

/// Marks where a program writes into a page; everything else in it is left alone.
const BEGIN: &str = "<!-- table: written by ibq-train -->";
const END: &str = "<!-- end of table -->";

/// Table and plots of the comparison of VQ with IBQ; plots with their file names.
#[must_use]
pub fn collapse_report(runs: &[&Run]) -> (String, Vec<(&'static str, Plot)>) {
    let codes = distinct(runs, |run| run.setting.codes);
    let dimensions = distinct(runs, |run| run.setting.dimension);
    let (middle_codes, middle_dimension) = (middle(&codes), middle(&dimensions));
    let methods = [Method::Vq, Method::Ibq];
    let usage = |run: &Run| run.held_out.as_ref().map(|held_out| 100.0 * held_out.usage);
    let psnr = |run: &Run| run.held_out.as_ref().map(|held_out| held_out.psnr);
    let over = |of_codes: bool, value: &dyn Fn(&Run) -> Option<f64>| -> Vec<Series> {
        let line = |(index, method): (usize, &Method)| {
            let xs = if of_codes { &codes } else { &dimensions };
            let at = |x: &u32| {
                let cell = |run: &&&Run| {
                    let s = run.setting;
                    let (k, d) = if of_codes { (*x, middle_dimension) } else { (middle_codes, *x) };
                    s.method == *method && s.codes == k && s.dimension == d
                };
                let values = runs.iter().filter(cell).filter_map(|run| value(run)).collect::<Vec<_>>();
                spread(&values).map(|spread| (f64::from(*x), spread))
            };
            let points = xs.iter().filter_map(at).collect();
            Series { name: method.name().to_owned(), color: 1 - index, dashed: *method == Method::Vq, points }
        };
        methods.iter().enumerate().map(line).collect()
    };
    let plot = |title: String, label: &str, ticks: &[u32], y_range, unit: &str, series| Plot {
        title,
        x_label: label.to_owned(),
        x_ticks: ticks.iter().map(|tick| f64::from(*tick)).collect(),
        x_logarithmic: true,
        y_range,
        y_unit: unit.to_owned(),
        series,
    };
    let psnr_lines = over(true, &psnr);
    let range = around(&psnr_lines);
    let plots = vec![
        ("usage-over-steps.svg", usage_over_steps(runs, &codes, middle_dimension)),
        (
            "usage-over-codes.svg",
            plot(
                format!("Codes in use on held-out pictures, D = {middle_dimension}"),
                "codes, K",
                &codes,
                [0.0, 100.0],
                " %",
                over(true, &usage),
            ),
        ),
        (
            "usage-over-dimensions.svg",
            plot(
                format!("Codes in use on held-out pictures, K = {middle_codes}"),
                "length of a code, D",
                &dimensions,
                [0.0, 100.0],
                " %",
                over(false, &usage),
            ),
        ),
        (
            "psnr-over-codes.svg",
            plot(
                format!("PSNR on held-out pictures, D = {middle_dimension}"),
                "codes, K",
                &codes,
                range,
                " dB",
                psnr_lines,
            ),
        ),
    ];
    (table(runs), plots)
}

/// Table of the parts of the method that were left out.
#[must_use]
pub fn ablation_report(runs: &[&Run]) -> String {
    table(runs)
}

/// Puts a table into a page between its marks, or at the end of a page without marks.
#[must_use]
pub fn insert_table(page: &str, table: &str) -> String {
    let block = format!("{BEGIN}\n\n{table}\n{END}");
    let marked =
        page.find(BEGIN).and_then(|start| Some((start, start + page[start..].find(END)? + END.len())));
    match marked {
        Some((start, end)) => format!("{}{block}{}", &page[..start], &page[end..]),
        None => format!("{}\n{block}\n", page.trim_end()).trim_start().to_owned(),
    }
}

fn usage_over_steps(runs: &[&Run], codes: &[u32], dimension: u32) -> Plot {
    let mut series = Vec::new();
    let mut last = 0;
    for (color, codes) in codes.iter().enumerate() {
        for method in [Method::Ibq, Method::Vq] {
            let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
            for run in runs {
                let s = run.setting;
                if s.method == method && s.codes == *codes && s.dimension == dimension {
                    run.curve.iter().for_each(|p| at.entry(p.step).or_default().push(100.0 * p.usage));
                }
            }
            last = last.max(at.keys().copied().max().unwrap_or(0));
            let points =
                at.iter().filter_map(|(step, values)| Some((*step as f64, spread(values)?))).collect();
            let name = format!("{}, K = {codes}", method.name());
            series.push(Series { name, color, dashed: method == Method::Vq, points });
        }
    }
    Plot {
        title: format!("Codes chosen during a tenth of the run, D = {dimension}"),
        x_label: "steps".to_owned(),
        x_ticks: (0..=4).map(|quarter| last as f64 * f64::from(quarter) / 4.0).collect(),
        x_logarithmic: false,
        y_range: [0.0, 100.0],
        y_unit: " %".to_owned(),
        series,
    }
}

/// A row per method, codes and dimension: mean over the seeds, and the range.
fn table(runs: &[&Run]) -> String {
    let mut cells: BTreeMap<(u32, u32, Method), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        let s = run.setting;
        cells.entry((s.codes, s.dimension, s.method)).or_default().push(run);
    }
    let mut table = "| K | D | method | seeds | usage, % | perplexity | PSNR, dB | SSIM | seconds |\n\
                     | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for ((codes, dimension, method), runs) in cells {
        let column = |digits: usize, value: &dyn Fn(&ibq_train_events::Evaluation) -> f64| {
            let values: Vec<f64> = runs.iter().filter_map(|run| run.held_out.as_ref().map(value)).collect();
            spread(&values).map_or("–".to_owned(), |[low, mean, high]| {
                format!("{mean:.digits$} ({low:.digits$} to {high:.digits$})")
            })
        };
        let failed = runs.iter().filter(|run| run.failure.is_some()).count();
        let seeds =
            if failed > 0 { format!("{} ({failed} failed)", runs.len()) } else { runs.len().to_string() };
        let _ = writeln!(
            table,
            "| {codes} | {dimension} | {} | {seeds} | {} | {} | {} | {} | {:.0} |",
            method.name(),
            column(1, &|e| 100.0 * e.usage),
            column(0, &|e| e.perplexity),
            column(2, &|e| e.psnr),
            column(3, &|e| e.ssim),
            runs.iter().map(|run| run.seconds).sum::<f64>() / runs.len() as f64,
        );
    }
    table
}

/// Lowest, mean and highest of some values; none of none.
fn spread(values: &[f64]) -> Option<[f64; 3]> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let low = values.iter().copied().fold(f64::MAX, f64::min);
    let high = values.iter().copied().fold(f64::MIN, f64::max);
    (!values.is_empty()).then_some([low, mean, high])
}

/// A range of whole numbers, five or a multiple of it apart, around all values.
fn around(series: &[Series]) -> [f64; 2] {
    let values = || series.iter().flat_map(|series| series.points.iter().flat_map(|(_, spread)| *spread));
    let low = (values().fold(f64::MAX, f64::min) / 5.0).floor() * 5.0;
    let high = (values().fold(f64::MIN, f64::max) / 5.0).ceil() * 5.0;
    if low < high { [low, high] } else { [0.0, 5.0] }
}

fn distinct(runs: &[&Run], of: impl Fn(&Run) -> u32) -> Vec<u32> {
    let mut values: Vec<u32> = runs.iter().map(|run| of(run)).collect();
    values.sort_unstable();
    values.dedup();
    values
}

fn middle(sorted: &[u32]) -> u32 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Point, Setting, Start},
        *,
    };
    use ibq_train_events::Evaluation;

    fn run(method: Method, codes: u32, seed: u64, usage: f64) -> Run {
        let setting = Setting { method, codes, dimension: 64, steps: 10, seed, start: Start::Random };
        let held_out = Evaluation { pictures: 1, psnr: 20.0 + usage, ssim: 0.5, usage, perplexity: 3.0 };
        let curve = vec![Point { step: 5, usage, perplexity: 3.0 }];
        Run { setting, seconds: 2.0, curve, held_out: Some(held_out), failure: None }
    }

    #[test]
    fn a_report_has_means_and_ranges_over_the_seeds() {
        let runs = [
            run(Method::Vq, 512, 0, 0.25),
            run(Method::Vq, 512, 1, 0.75),
            run(Method::Ibq, 512, 0, 1.0),
            run(Method::Ibq, 2048, 0, 0.9),
        ];
        let (table, plots) = collapse_report(&runs.iter().collect::<Vec<_>>());
        assert!(table.contains("| 512 | 64 | VQ | 2 | 50.0 (25.0 to 75.0) | 3 (3 to 3) |"), "{table}");
        let (name, plot) = &plots[1];
        assert_eq!(*name, "usage-over-codes.svg");
        assert_eq!(plot.series[0].points, [(512.0, [25.0, 50.0, 75.0])]);
        assert_eq!(plot.series[1].points.len(), 2);
    }

    #[test]
    fn a_table_replaces_the_one_before_and_leaves_the_page_alone() {
        let first = insert_table("# Title\n\nWords.\n", "| a |\n");
        let second = insert_table(&format!("{first}\nAfter.\n"), "| b |\n");
        assert!(second.starts_with("# Title\n\nWords.") && second.ends_with("After.\n"));
        assert!(second.contains("| b |") && !second.contains("| a |"));
    }
}
