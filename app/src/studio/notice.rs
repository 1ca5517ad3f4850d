//! What went wrong or deserves to be said, shown as a banner until it is dismissed.

use ibq_core::foreign_text::clean_message;

/// How serious a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Something to know.
    Info,
    /// Something did not work.
    Error,
}

/// One banner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) severity: Severity,
    /// What happened: "Cannot open photo.png".
    pub(crate) what: String,
    /// Why, and what to do.
    pub(crate) detail: String,
}

#[expect(clippy::needless_pass_by_value, reason = "errors, texts and literals are handed over alike")]
impl Notice {
    /// Something did not work.
    pub(crate) fn error(what: impl Into<String>, detail: impl ToString) -> Self {
        Self::new(Severity::Error, &what.into(), &detail.to_string())
    }

    /// Something to know.
    pub(crate) fn info(what: impl Into<String>, detail: impl ToString) -> Self {
        Self::new(Severity::Info, &what.into(), &detail.to_string())
    }

    /// Names from files may be in both texts.
    fn new(severity: Severity, what: &str, detail: &str) -> Self {
        Self { severity, what: clean_message(what).into_owned(), detail: sentence(&clean_message(detail)) }
    }

    /// The notice as text, for copying.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.what, self.detail)
    }
}

/// Errors begin in lower case and end without a stop; on a banner they are sentences.
fn sentence(text: &str) -> String {
    let mut characters = text.trim().chars();
    let mut out: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    out.push_str(characters.as_str());
    if !out.is_empty() && !out.ends_with(['.', '!', '?', ':']) {
        out.push('.');
    }
    out
}

/// The banners that are shown, newest first.
#[derive(Default)]
pub(crate) struct Notices(Vec<Notice>);

/// Banners at one time; more would bury the picture.
const MOST: usize = 3;

impl Notices {
    /// Shows a notice. The same one twice is shown once.
    pub(crate) fn push(&mut self, notice: Notice) {
        let level = match notice.severity {
            Severity::Info => log::Level::Info,
            Severity::Error => log::Level::Error,
        };
        super::log::note(level, format!("{}: {}", notice.what, notice.detail));
        self.0.retain(|shown| *shown != notice);
        self.0.insert(0, notice);
        self.0.truncate(MOST);
    }

    /// Shows a notice if there is one.
    pub(crate) fn extend(&mut self, notice: Option<Notice>) {
        notice.into_iter().for_each(|notice| self.push(notice));
    }

    /// Takes a notice away.
    pub(crate) fn dismiss(&mut self, index: usize) {
        if index < self.0.len() {
            self.0.remove(index);
        }
    }

    pub(crate) fn list(&self) -> &[Notice] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_become_sentences_and_repeats_are_shown_once() {
        let mut notices = Notices::default();
        for _ in 0..2 {
            notices.push(Notice::error("Cannot open a.png", "not a picture"));
        }
        assert_eq!(notices.list().len(), 1);
        assert_eq!(notices.list()[0].text(), "Cannot open a.png\nNot a picture.");
        let foreign =
            Notice::error("Cannot open \u{202e}gnp.a", "\u{1b}]52;".to_owned() + &"n".repeat(30_000_000));
        assert!(foreign.what.contains('\u{fffd}') && foreign.detail.starts_with("\u{fffd}]52;n"));
        assert!(foreign.detail.chars().count() < 1100);
        for i in 0..9 {
            notices.push(Notice::info(format!("{i}"), "x"));
        }
        assert_eq!(notices.list().len(), MOST);
        assert_eq!(notices.list()[0].what, "8");
    }
}
