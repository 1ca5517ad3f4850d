//! Figures from what a program prints for people.

use std::collections::BTreeMap;

/// Reads a table: cells stand two or more spaces apart, and the first of a line is its key.
///
/// `PSNR        26.74 dB` is the figure `PSNR`; of `generated   97.0 %   2.21` the figures are `generated/1` and
/// `generated/2`. Where a key comes twice, the first one counts. Other lines are left out.
#[must_use]
pub fn read_figures(output: &str) -> BTreeMap<String, String> {
    let mut figures = BTreeMap::new();
    for line in output.lines() {
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        let Some((&key, values)) = cells.split_first() else { continue };
        for (index, &value) in values.iter().enumerate() {
            let key = if values.len() == 1 { key.to_owned() } else { format!("{key}/{}", index + 1) };
            figures.entry(key).or_insert_with(|| value.to_owned());
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_two_spaces_apart_are_figures() {
        let figures =
            read_figures("two words    26.74 dB\nno figure here\ngenerated     97.00 %       2.210\n");
        let expected = [("generated/1", "97.00 %"), ("generated/2", "2.210"), ("two words", "26.74 dB")];
        assert_eq!(figures, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    }
}
