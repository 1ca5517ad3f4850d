//! Figures that texts quote.
//!
//! `<!-- derived: NAME/KEY -->26.74 dB<!-- /derived -->` quotes the figure KEY of the entry NAME: its first words, as many as
//! stand between the marks. A mark in a code span, right after a backtick, is an example.

use std::{fs, path::Path};

use super::manifest::Manifest;

const BEGIN: &str = "<!-- derived: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- /derived -->";

/// One quotation: the lines before it, the mark, and where in the text the quoted words are.
struct Quotation<'a> {
    line: usize,
    mark: &'a str,
    from: usize,
    to: usize,
}

/// The Markdown files of the repository, relative to its top, sorted.
///
/// # Errors
/// A message that names the folder which cannot be read.
pub fn paths(root: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new(), "assets".to_owned(), "docs".to_owned()];
    while let Some(folder) = waiting.pop() {
        let path = root.join(&folder);
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        for entry in fs::read_dir(&path).map_err(|error| at(&error))? {
            let entry = entry.map_err(|error| at(&error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let relative = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if entry.path().is_dir() && !folder.is_empty() {
                waiting.push(relative);
            } else if relative.ends_with(".md") {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Line and fault of every quotation that is not what the list says.
#[must_use]
pub fn check(text: &str, manifest: &Manifest) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let quotations = match find(text) {
        Ok(quotations) => quotations,
        Err(line) => return vec![(line, format!("`{BEGIN}` without `{END}`"))],
    };
    for quotation in quotations {
        let quoted = &text[quotation.from..quotation.to];
        match expected(quoted, quotation.mark, manifest) {
            None => faults.push((quotation.line, format!("no figure `{}`", quotation.mark))),
            Some(right) if right != quoted => faults.push((
                quotation.line,
                format!("`{}` is {right}, not {quoted}; run `cargo xtask derive`", quotation.mark),
            )),
            Some(_) => {}
        }
    }
    faults
}

/// The text with every quotation as the list says; those of figures that are not in the list stay.
#[must_use]
pub fn update(text: &str, manifest: &Manifest) -> String {
    let mut updated = text.to_owned();
    for quotation in find(text).unwrap_or_default().into_iter().rev() {
        let range = quotation.from..quotation.to;
        if let Some(right) = expected(&text[range.clone()], quotation.mark, manifest) {
            updated.replace_range(range, &right);
        }
    }
    updated
}

/// As many words of the figure as are quoted.
fn expected(quoted: &str, mark: &str, manifest: &Manifest) -> Option<String> {
    let count = quoted.split_whitespace().count();
    let figure = manifest.figure(mark)?;
    Some(figure.split_whitespace().take(count).collect::<Vec<_>>().join(" "))
}

/// All quotations of a text, or the line of a mark that is not closed.
fn find(text: &str) -> Result<Vec<Quotation<'_>>, usize> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = text[at..].find(BEGIN).map(|offset| at + offset) {
        let line = text[..begin].matches('\n').count() + 1;
        let mark_at = begin + BEGIN.len();
        if text[..begin].ends_with('`') {
            at = mark_at;
            continue;
        }
        let mark_end = text[mark_at..].find(BEGIN_END).map(|offset| mark_at + offset).ok_or(line)?;
        let from = mark_end + BEGIN_END.len();
        let to = text[from..].find(END).map(|offset| from + offset).ok_or(line)?;
        found.push(Quotation { line, mark: &text[mark_at..mark_end], from, to });
        at = to + END.len();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derived::manifest::{Derived, Entry};

    fn manifest(psnr: &str) -> Manifest {
        let figures = [("PSNR".to_owned(), psnr.to_owned())].into();
        let entry = Entry {
            name: "model".to_owned(),
            commands: Vec::new(),
            from: [].into(),
            result: Derived::Figures { figures },
        };
        Manifest { about: String::new(), entries: vec![entry] }
    }

    #[test]
    fn a_quotation_must_be_the_figure() {
        let text = "# Model\n\nIt has <!-- derived: model/PSNR -->26.74 dB<!-- /derived --> and more.\n";
        assert_eq!(check(text, &manifest("26.74 dB on scenes")), []);
        let stale = check(text, &manifest("26.80 dB on scenes"));
        assert_eq!(stale.len(), 1);
        assert!(stale[0].0 == 3 && stale[0].1.contains("is 26.80 dB, not 26.74 dB"), "{stale:?}");
        assert_eq!(update(text, &manifest("26.80 dB on scenes")), text.replace("26.74", "26.80"));
    }

    #[test]
    fn a_mark_must_name_a_figure_and_be_closed() {
        let unknown = "<!-- derived: model/SSIM -->0.8<!-- /derived -->";
        assert!(check(unknown, &manifest("1"))[0].1.contains("no figure `model/SSIM`"));
        assert_eq!(update(unknown, &manifest("1")), unknown);
        assert_eq!(check(&format!("`{unknown}`"), &manifest("1")), []);
        assert_eq!(check("a\n<!-- derived: model/PSNR -->26", &manifest("1"))[0].0, 2);
    }
}
