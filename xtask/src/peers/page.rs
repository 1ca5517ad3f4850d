//! `docs/performance.md`, from the figures.

use super::figures::{Figures, Spread};

/// One comparison of two times: ibq's may be at most `most` times the other's.
struct Target {
    /// Whose time it is compared with.
    peer: &'static str,
    most: f64,
}

/// Not slower than PyTorch; at least 0.85 of onnxruntime's speed.
const TOKENIZER_TARGETS: [Target; 2] =
    [Target { peer: "pytorch", most: 1.0 }, Target { peer: "onnxruntime", most: 1.0 / 0.85 }];
/// Not slower than onnxruntime-web.
const WEB_TARGETS: [Target; 1] = [Target { peer: "onnxruntime-web", most: 1.0 }];
/// The most milliseconds of a token of size B: precision and limit.
const TOKEN_LIMITS: [(&str, f64); 2] = [("ibq int8", 40.0), ("ibq int4", 25.0)];
/// The most that guidance may cost, in times of a token without it.
const GUIDED_LIMIT: f64 = 1.4;

const PRECISIONS: [&str; 4] = ["ibq f32", "ibq f16", "ibq int8", "ibq int4"];
const NATIVE_CASES: [(&str, &str); 4] = [
    ("scenes-f4 256", "bundled, 256²"),
    ("scenes-f4 512", "bundled, 512²"),
    ("official 256", "official, 256²"),
    ("official 512", "official, 512²"),
];
const WEB_CASES: [(&str, &str); 2] =
    [("browser scenes-f4 128", "bundled, 128²"), ("browser scenes-f4 256", "bundled, 256²")];

/// The page.
pub(super) fn write(figures: &Figures) -> String {
    [
        introduction(figures),
        tokenizer(figures),
        memory(figures),
        transformer(figures),
        browser(figures),
        tokens(figures),
        missing(figures),
    ]
    .concat()
}

fn introduction(figures: &Figures) -> String {
    let version = |name| figures.version(name);
    let remark = version("remark");
    let remark = if remark.is_empty() { String::new() } else { format!("\n**{remark}**\n") };
    format!(
        "# Performance beside other programs\n\
         \n\
         Written by `cargo xtask peers`: ibq on the processor beside PyTorch in eager mode, onnxruntime and onnxruntime-web, with the same\n\
         weights and the same pictures. The official configuration has random weights, and 16,384 codes.\n\
         \n\
         | | |\n|---|---|\n\
         | processor | {} |\n| date | {} |\n| ibq | {}, commit {} |\n| threads | {} each |\n\
         | versions | PyTorch {}, onnxruntime {}, Python {} |\n\
         {remark}\n\
         Every round runs all programs, one after the other. A program's time of a round is the fastest of three runs, without start,\n\
         loading and planning; the tables give the median of the rounds, and the quartiles in brackets. A *ratio* is ibq's median over the\n\
         other's: below 1, ibq is faster. ibq's benchmark and the peers compute different pictures of the same size, which takes the same time.\n",
        version("processor"),
        version("date"),
        version("ibq"),
        version("commit").get(..9).unwrap_or("unknown"),
        version("threads"),
        version("PyTorch"),
        version("onnxruntime"),
        version("Python"),
    )
}

fn tokenizer(figures: &Figures) -> String {
    let mut text = "\n## Tokenizer, f32\n\n\
                    Targets: not slower than PyTorch (ratio at most 1.00), at least 0.85 of onnxruntime's speed (ratio at most 1.18).\n\n\
                    | picture | stage | ibq, ms | PyTorch, ms | ratio | onnxruntime, ms | ratio |\n|---|---|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (case, title) in NATIVE_CASES {
        for stage in ["encode", "lookup", "decode"] {
            text.push_str(&row(figures, (case, title), stage, &TOKENIZER_TARGETS));
        }
    }
    text
}

fn browser(figures: &Figures) -> String {
    let mut text = format!(
        "\n## In a browser without WebGPU\n\n\
         One thread of WebAssembly in Chromium {}; onnxruntime-web {}. ibq's times include its worker, the picture's conversion to values and back.\n\
         Target: not slower.\n\n\
         | picture | stage | ibq, ms | onnxruntime-web, ms | ratio |\n|---|---|---:|---:|---:|\n",
        or_unknown(figures.version("Chromium")),
        or_unknown(figures.version("onnxruntime-web")),
    );
    for (case, title) in WEB_CASES {
        for stage in ["encode + lookup", "decode"] {
            text.push_str(&row(figures, (case, title), stage, &WEB_TARGETS));
        }
    }
    text
}

/// One stage: ibq's time, and for each target the other's time and the ratio.
fn row(figures: &Figures, (case, title): (&str, &str), stage: &str, targets: &[Target]) -> String {
    let ours = figures.time(case, stage, "ibq");
    let mut text = format!("| {title} | {stage} | {} |", time(ours));
    for target in targets {
        let theirs = figures.time(case, stage, target.peer);
        text.push_str(&format!(" {} | {} |", time(theirs), ratio(ours, theirs, target.most)));
    }
    text + "\n"
}

fn memory(figures: &Figures) -> String {
    let mut text = "\n## Memory of the tokenizer\n\n\
                    Resident memory at the peak of encoding and decoding one picture. For ibq it is the peak of `ibq reconstruct` minus its peak for a picture\n\
                    of 16 × 16 pixels; for the others, the peak minus what is resident after loading. Target: not above PyTorch's.\n\n\
                    | picture | ibq, MB | PyTorch, MB | ratio | onnxruntime, MB | ratio |\n|---|---:|---:|---:|---:|---:|\n"
        .to_owned();
    let megabytes = |bytes: Option<u64>| {
        bytes.map_or_else(|| "missing".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6))
    };
    for (case, title) in NATIVE_CASES {
        let [ours, pytorch, onnxruntime] =
            ["ibq", "pytorch", "onnxruntime"].map(|peer| figures.memory(case, peer));
        let share = |theirs: Option<u64>| match (ours, theirs) {
            (Some(ours), Some(theirs)) if theirs > 0 => format!("{:.2}", ours as f64 / theirs as f64),
            _ => "–".to_owned(),
        };
        let verdict = match (ours, pytorch) {
            (Some(ours), Some(theirs)) => format!(", {}", verdict(ours <= theirs)),
            _ => String::new(),
        };
        text.push_str(&format!(
            "| {title} | {} | {} | {}{verdict} | {} | {} |\n",
            megabytes(ours),
            megabytes(pytorch),
            share(pytorch),
            megabytes(onnxruntime),
            share(onnxruntime),
        ));
    }
    text
}

fn transformer(figures: &Figures) -> String {
    let plain = |peer| figures.time("size B", "token", peer);
    let guided = |peer| figures.time("size B", "guided token", peer);
    let pytorch = plain("pytorch");
    let mut text = "\n## Transformer, size B\n\n\
                    343 million random weights; one picture at position 128, the mean of 32 tokens with sampling. A guided token computes two sequences.\n\
                    Targets: int8 at most 40 ms, int4 at most 25 ms, both faster than PyTorch in f32; a guided token at most 1.4 times a plain one.\n\n\
                    | program | token, ms | ratio to PyTorch | target | guided, ms | guided / plain |\n|---|---:|---:|---|---:|---:|\n"
        .to_owned();
    for peer in std::iter::once("pytorch").chain(PRECISIONS) {
        let name = if peer == "pytorch" { "PyTorch f32" } else { peer };
        let limit = TOKEN_LIMITS.iter().find(|(limited, _)| *limited == peer);
        let target = match (plain(peer), pytorch, limit) {
            (Some(ours), Some(theirs), Some(&(_, limit))) => {
                verdict(ours.median <= limit && ours.median < theirs.median).to_owned()
            }
            _ => "–".to_owned(),
        };
        let against = match (peer, plain(peer), pytorch) {
            ("pytorch", ..) | (_, None, _) | (.., None) => "–".to_owned(),
            (_, Some(ours), Some(theirs)) => format!("{:.2}", ours.median / theirs.median),
        };
        let growth = match (plain(peer), guided(peer)) {
            (Some(plain), Some(guided)) => {
                let growth = guided.median / plain.median;
                let judged = if peer == "pytorch" {
                    String::new()
                } else {
                    format!(", {}", verdict(growth <= GUIDED_LIMIT))
                };
                format!("{growth:.2}{judged}")
            }
            _ => "–".to_owned(),
        };
        text.push_str(&format!(
            "| {name} | {} | {against} | {target} | {} | {growth} |\n",
            time(plain(peer)),
            time(guided(peer)),
        ));
    }
    text
}

fn tokens(figures: &Figures) -> String {
    let mut text = "\n## The same tokens\n\n\
                    Compared with PyTorch's. A different token is a *near-tie* where PyTorch's scores of both codes differ by at most 0.1 % of the range of\n\
                    that position's scores; any other difference ends the measurement with an error. In the browser, where the picture is also decoded\n\
                    by the browser, at most 1 % may differ, without a look at the scores. Of the bundled transformer (scenes-ar), PyTorch is given ibq's greedy\n\
                    tokens, and must find each the most probable.\n\n\
                    | case | program | equal | near-ties | others |\n|---|---|---:|---:|---:|\n"
        .to_owned();
    for tokens in figures.tokens.iter().filter(|tokens| tokens.peer != "pytorch") {
        let all = (tokens.equal + tokens.near + tokens.other).max(1);
        text.push_str(&format!(
            "| {} | {} | {} of {all} ({:.2} %) | {} | {} |\n",
            tokens.case,
            tokens.peer,
            tokens.equal,
            100.0 * tokens.equal as f64 / all as f64,
            tokens.near,
            tokens.other,
        ));
    }
    text
}

fn missing(figures: &Figures) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (cases, stage) in [(&NATIVE_CASES[..], "encode"), (&WEB_CASES[..], "decode")] {
        for (case, title) in cases {
            if figures.time(case, stage, "ibq").is_none() {
                let place = if case.starts_with("browser") { " in the browser" } else { "" };
                lines.push(format!("- tokenizer, {title}{place}: not measured"));
            }
        }
    }
    if figures.time("size B", "token", "pytorch").is_none() {
        lines.push("- transformer: not measured".to_owned());
    }
    lines.extend(figures.missing.iter().map(|(what, reason)| format!("- {what}: {reason}")));
    lines.push("- burn-wgpu: this command does not compare it".to_owned());
    format!("\n## What is missing\n\n{}\n", lines.join("\n"))
}

/// Median with quartiles.
fn time(spread: Option<Spread>) -> String {
    spread.map_or_else(
        || "missing".to_owned(),
        |Spread { low, median, high }| format!("{} [{} – {}]", number(median), number(low), number(high)),
    )
}

/// Three digits.
fn number(ms: f64) -> String {
    match ms {
        ms if ms >= 100.0 => format!("{ms:.0}"),
        ms if ms >= 10.0 => format!("{ms:.1}"),
        ms => format!("{ms:.2}"),
    }
}

fn ratio(ours: Option<Spread>, theirs: Option<Spread>, most: f64) -> String {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            let ratio = ours.median / theirs.median;
            format!("{ratio:.2}, {}", verdict(ratio <= most))
        }
        _ => "–".to_owned(),
    }
}

fn verdict(reached: bool) -> &'static str {
    if reached { "met" } else { "**not met**" }
}

fn or_unknown(version: &str) -> &str {
    if version.is_empty() { "(not run)" } else { version }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: &str = "\
        time\tscenes-f4 256\tencode\tibq\t100\ntime\tscenes-f4 256\tencode\tpytorch\t110\n\
        time\tscenes-f4 256\tencode\tonnxruntime\t80\nmemory\tscenes-f4 256\tibq\t40000000\n\
        memory\tscenes-f4 256\tpytorch\t80000000\ntokens\tscenes-f4 256\tibq\t4095\t1\t0\n\
        time\tsize B\ttoken\tpytorch\t60\ntime\tsize B\ttoken\tibq int4\t26\ntime\tsize B\tguided token\tibq int4\t32\n\
        time\tsize B\ttoken\tibq int8\t39\nversion\tprocessor\tTest 9000\nversion\tremark\tOn a shared machine.\n";

    fn line(page: &str, start: &str) -> String {
        page.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("no {start}:\n{page}"))
            .to_owned()
    }

    #[test]
    fn the_page_says_which_targets_are_met() {
        let page = write(&Figures::parse(FIGURES).unwrap());
        assert_eq!(
            line(&page, "| bundled, 256² | encode"),
            "| bundled, 256² | encode | 100 [100 – 100] | 110 [110 – 110] | 0.91, met | 80.0 [80.0 – 80.0] | 1.25, **not met** |"
        );
        assert_eq!(
            line(&page, "| bundled, 256² | 40"),
            "| bundled, 256² | 40 | 80 | 0.50, met | missing | – |"
        );
        assert_eq!(
            line(&page, "| ibq int4"),
            "| ibq int4 | 26.0 [26.0 – 26.0] | 0.43 | **not met** | 32.0 [32.0 – 32.0] | 1.23, met |"
        );
        assert_eq!(line(&page, "| ibq int8"), "| ibq int8 | 39.0 [39.0 – 39.0] | 0.65 | met | missing | – |");
        assert_eq!(
            line(&page, "| scenes-f4 256"),
            "| scenes-f4 256 | ibq | 4095 of 4096 (99.98 %) | 1 | 0 |"
        );
        assert!(page.contains("Test 9000") && page.contains("**On a shared machine.**"));
    }

    #[test]
    fn what_was_not_measured_is_said_to_be_missing() {
        let page = write(&Figures::default());
        for expected in [
            "tokenizer, official, 512²: not measured",
            "tokenizer, bundled, 128² in the browser: not measured",
            "transformer: not measured",
        ] {
            assert!(page.contains(&format!("- {expected}")), "{expected}:\n{page}");
        }
        assert!(!page.contains(" met |"));
    }
}
