//! Line plots as SVG, in colors that stand out on light and on dark pages.

use std::fmt::Write;

/// A line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Index of its color.
    pub color: usize,
    /// Whether the line is dashed.
    pub dashed: bool,
    /// `x`, and the lowest, mean and highest `y` there.
    pub points: Vec<(f64, [f64; 3])>,
}

/// A plot of lines over one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What is seen.
    pub title: String,
    /// What `x` is.
    pub x_label: String,
    /// Places of `x` that are marked.
    pub x_ticks: Vec<f64>,
    /// `x` goes by powers instead of by steps.
    pub x_logarithmic: bool,
    /// Lowest and highest `y`.
    pub y_range: [f64; 2],
    /// Unit of `y`.
    pub y_unit: String,
    /// The lines.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Space for title and labels: left, top, right, bottom.
const MARGIN: [f64; 4] = [64.0, 44.0, 24.0, 52.0];
/// Of text and lines: as far from white as from black.
const INK: &str = "#7d8590";
const COLORS: [&str; 4] = ["#2f81f7", "#d9730d", "#2da44e", "#a371f7"];
/// Marked places of `y`.
const Y_TICKS: usize = 5;
/// Height of a line of the legend.
const LEGEND: f64 = 18.0;

impl Plot {
    /// The plot as a file.
    #[must_use]
    pub fn svg(&self) -> String {
        let [left, top, right, bottom] = MARGIN;
        let height = HEIGHT + LEGEND * self.series.len().div_ceil(2) as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"{INK}\">\n"
        );
        let text = |svg: &mut String, x: f64, y: f64, anchor: &str, text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
        };
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"24\" font-size=\"15\" font-weight=\"600\">{}</text>",
            self.title.replace('&', "&amp;").replace('<', "&lt;")
        );
        let floor = HEIGHT - bottom;
        for tick in 0..=Y_TICKS {
            let [low, high] = self.y_range;
            let value = low + (high - low) * tick as f64 / Y_TICKS as f64;
            let y = self.y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"{INK}\" stroke-opacity=\"0.25\"/>",
                WIDTH - right
            );
            text(&mut svg, left - 8.0, y + 4.5, "end", &format!("{value:.0}{}", self.y_unit));
        }
        for tick in &self.x_ticks {
            text(&mut svg, self.x(*tick), floor + 20.0, "middle", &format!("{tick:.0}"));
        }
        text(&mut svg, f64::midpoint(left, WIDTH - right), floor + 42.0, "middle", &self.x_label);
        debug_assert!(top < floor);
        for (index, series) in self.series.iter().enumerate() {
            self.line(&mut svg, series);
            let x = left + 290.0 * (index % 2) as f64;
            let y = HEIGHT + LEGEND * (index / 2) as f64 + 4.0;
            let _ = writeln!(
                svg,
                "<line x1=\"{x}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {}/>",
                y - 4.5,
                x + 28.0,
                y - 4.5,
                stroke(series)
            );
            text(&mut svg, x + 36.0, y, "start", &series.name);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn line(&self, svg: &mut String, series: &Series) {
        let place = |(x, [_, y, _]): &(f64, [f64; 3])| format!("{:.1},{:.1}", self.x(*x), self.y(*y));
        let places: Vec<String> = series.points.iter().map(place).collect();
        let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" {}/>", places.join(" "), stroke(series));
        let color = COLORS[series.color % COLORS.len()];
        for (x, [low, mean, high]) in &series.points {
            let x = self.x(*x);
            let _ = writeln!(
                svg,
                "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"{color}\" stroke-width=\"1.5\"/>\
                 <circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"/>",
                self.y(*low),
                self.y(*high),
                self.y(*mean)
            );
        }
    }

    fn x(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.x_logarithmic { value.max(1e-9).ln() } else { value };
        let ticks = || self.x_ticks.iter().map(|tick| scale(*tick));
        let (low, high) = (ticks().fold(f64::MAX, f64::min), ticks().fold(f64::MIN, f64::max));
        let share = if high > low { (scale(value) - low) / (high - low) } else { 0.5 };
        let [left, _, right, _] = MARGIN;
        left + 16.0 + (WIDTH - left - right - 32.0) * share
    }

    fn y(&self, value: f64) -> f64 {
        let [low, high] = self.y_range;
        let share = ((value - low) / (high - low).max(1e-9)).clamp(0.0, 1.0);
        let [_, top, _, bottom] = MARGIN;
        HEIGHT - bottom - (HEIGHT - top - bottom) * share
    }
}

fn stroke(series: &Series) -> String {
    let dash = if series.dashed { " stroke-dasharray=\"6 4\"" } else { "" };
    format!("stroke=\"{}\" stroke-width=\"2\"{dash}", COLORS[series.color % COLORS.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_values_are_drawn_higher_and_all_within_the_frame() {
        let points = vec![(512.0, [0.0, 10.0, 20.0]), (8192.0, [80.0, 90.0, 100.0])];
        let plot = Plot {
            title: "a < b".into(),
            x_label: "codes".into(),
            x_ticks: vec![512.0, 2048.0, 8192.0],
            x_logarithmic: true,
            y_range: [0.0, 100.0],
            y_unit: " %".into(),
            series: vec![Series { name: "IBQ".into(), color: 0, dashed: false, points }],
        };
        assert!(plot.y(90.0) < plot.y(10.0) && plot.y(100.0) >= 0.0 && plot.y(0.0) <= HEIGHT);
        let spacing = plot.x(2048.0) - plot.x(512.0);
        assert!((plot.x(8192.0) - plot.x(2048.0) - spacing).abs() < 1e-6, "powers are evenly spaced");
        let svg = plot.svg();
        assert!(svg.contains("a &lt; b") && svg.contains("IBQ") && svg.ends_with("</svg>\n"));
    }
}
