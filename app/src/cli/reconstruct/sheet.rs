//! One sheet with the comparisons of several pictures.

use std::path::Path;

use ibq_core::picture::sheet;
use image::RgbImage;

use super::super::{failure::Failure, numbers::several, outputs::write_png, paths::shown, session::Session};

/// Most pixels of a sheet (100 MB as RGB): what image viewers still open.
const MOST_PIXELS: u64 = 1 << 25;

/// Rows collected for a sheet, as long as there is room.
#[derive(Default)]
pub(super) struct Sheet {
    rows: Vec<RgbImage>,
    width: u64,
    height: u64,
    left_out: usize,
}

impl Sheet {
    /// Adds a row, unless the sheet would become too large.
    pub(super) fn add(&mut self, row: RgbImage) {
        let width = self.width.max(u64::from(row.width()));
        let height = self.height + u64::from(row.height());
        if self.left_out > 0 || width * height > MOST_PIXELS {
            self.left_out += 1;
            return;
        }
        (self.width, self.height) = (width, height);
        self.rows.push(row);
    }

    /// Writes the sheet, and says what is not on it.
    pub(super) fn write(self, path: &Path, session: &Session) -> Result<(), Failure> {
        if self.rows.is_empty() {
            session.note(&shown(path), "not written: the first comparison alone is too large for a sheet");
            return Ok(());
        }
        write_png(path, &sheet(&self.rows))?;
        if self.left_out > 0 {
            let (rows, rest) = (several(self.rows.len(), "picture"), self.left_out);
            session.note(&shown(path), format_args!("holds the first {rows}; {rest} more did not fit"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_stays_below_its_limit() {
        let mut sheet = Sheet::default();
        for _ in 0..5 {
            sheet.add(RgbImage::new(1, 1 << 23));
        }
        assert_eq!((sheet.rows.len(), sheet.left_out), (4, 1));
    }
}
