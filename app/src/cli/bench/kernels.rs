//! The table of kernels.

use ibq_core::bench::KernelReport;

use super::super::{
    numbers::{ms, rate},
    session::Session,
    table::{Column, Table},
};

/// Least share of the time of a kernel with a line of its own.
const LEAST_PART: f64 = 0.004;

/// The kernels, the slowest first.
pub(super) fn print_kernels(kernels: &[KernelReport], session: &Session) {
    if kernels.is_empty() {
        return session.note("kernels", "this adapter cannot time them one by one");
    }
    let columns = vec![
        Column::new("stage", "", 6),
        Column::new("calls", "", 5),
        Column::new("time", "ms", 7),
        Column::new("part", "%", 4),
        Column::new("speed", "GFLOP/s", 7),
        Column::new("traffic", "GB/s", 7),
        Column::new("reached", "%", 7),
    ];
    let table = Table::of("kernel", kernels.iter().map(|kernel| &kernel.name), columns);
    session.print(format_args!("\n{}", table.header()));
    let all: f64 = kernels.iter().map(|kernel| kernel.ms).sum();
    let part = |ms: f64| format!("{:.1}", 100.0 * ms / all);
    // The slowest come first.
    let shown = kernels.partition_point(|kernel| kernel.ms >= LEAST_PART * all);
    let (long, short) = kernels.split_at(shown);
    for kernel in long {
        let cells = [
            kernel.stage.to_string(),
            kernel.calls.to_string(),
            ms(kernel.ms),
            part(kernel.ms),
            if kernel.gflops > 0.0 { rate(kernel.gflops) } else { "–".to_owned() },
            rate(kernel.gbytes_per_s),
            format!("{:.0}", 100.0 * kernel.share),
        ];
        session.print(table.row(&kernel.name, &cells));
    }
    if !short.is_empty() {
        let (calls, time) = short.iter().fold((0, 0.0), |(calls, time), k| (calls + k.calls, time + k.ms));
        let cells = [String::new(), calls.to_string(), ms(time), part(time)];
        session.print(table.row(&format!("{} shorter ones (see --json)", short.len()), &cells));
    }
}
