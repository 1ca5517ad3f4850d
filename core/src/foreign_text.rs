//! Text from files, addresses and servers, made safe to show.
//!
//! A name in a file can hold control characters, which a terminal obeys (some write the clipboard), characters that turn
//! the direction of what follows, and millions of letters. Whoever shows such a text, on a terminal, in a notice, in a log
//! or in a script's error, passes it through one of these functions first.

use std::borrow::Cow;

/// Longest name that is shown whole, in characters.
const LONGEST_NAME: usize = 200;
/// Longest message that is shown whole, in characters. A message has words of its own around the names in it.
const LONGEST_MESSAGE: usize = 1000;
/// Stands for a character that is not shown.
const REPLACEMENT: char = '\u{fffd}';

/// A name from a file: without control and bidirectional characters, of about 200 characters at most.
#[must_use]
pub fn clean_name(name: &str) -> Cow<'_, str> {
    clean(name, LONGEST_NAME, |c| !is_active(c))
}

/// A message that may hold names from files: as [`clean_name`], of about 1000 characters at most. Its lines stay lines.
#[must_use]
pub fn clean_message(message: &str) -> Cow<'_, str> {
    clean(message, LONGEST_MESSAGE, |c| c == '\n' || !is_active(c))
}

/// A result of any length, such as a table: only its active characters are replaced. Its lines stay lines.
#[must_use]
pub fn clean_lines(text: &str) -> Cow<'_, str> {
    clean(text, usize::MAX, |c| c == '\n' || !is_active(c))
}

/// JSON with its active characters, which can only be inside of strings, written as `\uXXXX`: the same document.
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let needs_escape = |c: char| c != '\n' && is_active(c);
    if !json.contains(needs_escape) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if needs_escape(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Replaces every character for which `kept` is false, and cuts the middle out of a text of more than `most` characters.
fn clean(text: &str, most: usize, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let replaced = |c: char| if kept(c) { c } else { REPLACEMENT };
    // A character has at most four bytes, so short texts need no counting.
    let long = text.len() > most && text.chars().nth(most).is_some();
    if !long {
        return if text.chars().all(&kept) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.chars().map(replaced).collect())
        };
    }
    // What went wrong stands at the end of a message, so its end is kept as well.
    let (head, tail) = (most * 2 / 3, most / 3);
    let mut out: String = text.chars().take(head).map(replaced).collect();
    out.push('…');
    let mut end: Vec<char> = text.chars().rev().take(tail).map(replaced).collect();
    end.reverse();
    out.extend(end);
    Cow::Owned(out)
}

/// Whether a character does something to the text around it instead of being seen: control characters, the characters
/// that set the direction of text (Unicode Standard Annex 9), line and paragraph separators.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidirectional_characters_are_replaced() {
        let clipboard = "a\u{1b}]52;c;aGk=\u{7}b";
        assert_eq!(clean_name(clipboard), "a\u{fffd}]52;c;aGk=\u{fffd}b");
        assert_eq!(
            clean_name("\u{9b}2J\u{202e}gpj.exe\u{2066}\r\n"),
            "\u{fffd}2J\u{fffd}gpj.exe\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(clean_message("two\nlines\u{7f}"), "two\nlines\u{fffd}");
        assert_eq!(clean_lines("a  b\n\u{1b}[2J"), "a  b\n\u{fffd}[2J");
        for plain in ["", "Brücke × 2", "圧縮 · 画像", "مثال"] {
            assert!(matches!(clean_name(plain), Cow::Borrowed(text) if text == plain));
        }
    }

    #[test]
    fn long_texts_keep_their_ends() {
        let long = format!("file: {} is missing", "é".repeat(30_000_000));
        let name = clean_name(&long);
        assert_eq!(name.chars().count(), 133 + 1 + 66);
        assert!(name.starts_with("file: é") && name.ends_with("é is missing"));
        assert_eq!(clean_message(&long).chars().count(), 666 + 1 + 333);
        let exact = "é".repeat(LONGEST_NAME);
        assert_eq!(clean_name(&exact), exact);
    }

    #[test]
    fn escaped_json_is_the_same_document() {
        let json = "{\n  \"a\u{9b}\": \"\u{202e}\"\n}";
        let escaped = escape_json(json);
        assert_eq!(escaped, "{\n  \"a\\u009b\": \"\\u202e\"\n}");
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&escaped), parse(json));
    }
}
