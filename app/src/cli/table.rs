//! Tables whose rows are printed as they come: the widths are fixed before the first row.

use console::{Term, measure_text_width, style, truncate_str};

/// Blanks between columns.
const GAP: usize = 2;

/// Least width of the first column, however narrow the terminal.
const LEAST_FIRST: usize = 10;

/// One column.
pub(crate) struct Column {
    title: &'static str,
    unit: &'static str,
    width: usize,
}

impl Column {
    /// Numbers of at most `width` characters with a unit, which stands under the title.
    pub(crate) const fn new(title: &'static str, unit: &'static str, width: usize) -> Self {
        Self { title, unit, width }
    }
}

/// The first column holds names, to the left; the others numbers, to the right.
pub(crate) struct Table {
    first: usize,
    title: &'static str,
    columns: Vec<Column>,
}

impl Table {
    /// A table whose first column holds names of at most `longest` characters; on a terminal it is made narrower where
    /// the row would not fit.
    pub(crate) fn new(title: &'static str, longest: usize, columns: Vec<Column>) -> Self {
        let columns: Vec<Column> = columns
            .into_iter()
            .map(|column| {
                let titles = measure_text_width(column.title).max(measure_text_width(column.unit));
                Column { width: column.width.max(titles), ..column }
            })
            .collect();
        let others: usize = columns.iter().map(|column| column.width + GAP).sum();
        let room = terminal_width().map_or(usize::MAX, |width| width.saturating_sub(others));
        let first = longest.max(measure_text_width(title)).min(room.max(LEAST_FIRST));
        Self { first, title, columns }
    }

    /// A table with one row for each of these names.
    pub(crate) fn of(
        title: &'static str,
        names: impl Iterator<Item = impl AsRef<str>>,
        columns: Vec<Column>,
    ) -> Self {
        let longest = names.map(|name| measure_text_width(name.as_ref())).max();
        Self::new(title, longest.unwrap_or(0), columns)
    }

    /// The titles, and below them the units where there are any.
    pub(crate) fn header(&self) -> String {
        let line = |first: &str, word: fn(&Column) -> &'static str| {
            let cells: Vec<String> = self.columns.iter().map(|column| word(column).to_owned()).collect();
            self.row(first, &cells)
        };
        let titles = style(line(self.title, |column| column.title)).bold().to_string();
        if self.columns.iter().all(|column| column.unit.is_empty()) {
            return titles;
        }
        format!("{titles}\n{}", style(line("", |column| column.unit)).dim())
    }

    /// One line; two where the name is too long for its column.
    pub(crate) fn row(&self, name: &str, cells: &[String]) -> String {
        if measure_text_width(name) > self.first {
            return format!("{name}\n{}", self.row("", cells));
        }
        let mut line = name.to_owned();
        // What a cell overflows is taken from the blanks of the next one.
        let mut end = self.first;
        for (cell, column) in cells.iter().zip(&self.columns) {
            end += GAP + column.width;
            let blanks = end.saturating_sub(measure_text_width(&line) + measure_text_width(cell));
            line.extend(std::iter::repeat_n(' ', blanks.max(1)));
            line.push_str(cell);
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Columns of the terminal that standard output goes to; none when it goes elsewhere.
pub(crate) fn terminal_width() -> Option<usize> {
    let terminal = Term::stdout();
    let (_, columns) = terminal.size_checked().filter(|_| terminal.is_term())?;
    Some(usize::from(columns))
}

/// `a-very-l…ong.png`: the beginning and the ending of a long name.
pub(crate) fn cut_in_the_middle(name: &str, width: usize) -> String {
    if measure_text_width(name) <= width {
        return name.to_owned();
    }
    let kept = width.saturating_sub(1);
    let ending: String = {
        let reversed: String = name.chars().rev().collect();
        truncate_str(&reversed, kept / 2, "").chars().rev().collect()
    };
    let beginning = truncate_str(name, kept - measure_text_width(&ending), "");
    format!("{beginning}…{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new("picture", 9, vec![Column::new("PSNR", "dB", 5), Column::new("SSIM", "", 6)])
    }

    #[test]
    fn numbers_stand_under_their_titles() {
        assert_eq!(table().row("picture", &["PSNR".into(), "SSIM".into()]), "picture     PSNR    SSIM");
        assert_eq!(table().row("a.png", &["22.31".into(), "0.6120".into()]), "a.png      22.31  0.6120");
        assert_eq!(table().row("", &["dB".into(), String::new()]), "              dB");
    }

    #[test]
    fn a_cell_that_is_too_wide_leaves_the_next_ones_in_place() {
        assert_eq!(table().row("a.png", &["122.31".into(), "0.6120".into()]), "a.png     122.31  0.6120");
    }

    #[test]
    fn a_name_that_is_too_long_has_a_line_of_its_own() {
        assert_eq!(table().row("a-long-name.png", &["22.31".into()]), "a-long-name.png\n           22.31");
    }

    #[test]
    fn long_names_keep_their_beginning_and_ending() {
        assert_eq!(cut_in_the_middle("dragonfly-wing.png", 12), "dragon…g.png");
        assert_eq!(cut_in_the_middle("short.png", 12), "short.png");
        // Wide characters may leave a column free.
        assert!(measure_text_width(&cut_in_the_middle("絵画絵画絵画絵画絵画.png", 10)) <= 10);
    }
}
