//! License expressions as in `Cargo.toml`: SPDX with AND, OR and parentheses, and the older `MIT/Apache-2.0`.

/// Whether an expression can be satisfied with these licenses. A license with an exception (`X WITH Y`) is one license.
#[must_use]
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<String> = Vec::new();
    let mut parts = text.split_whitespace();
    while let Some(word) = parts.next() {
        match (word, words.last_mut(), parts.clone().next()) {
            ("WITH", Some(license), Some(exception)) => {
                license.push_str(" WITH ");
                license.push_str(exception);
                parts.next();
            }
            _ => words.push(word.to_owned()),
        }
    }
    let mut rest = words.as_slice();
    // Both are evaluated: an expression that cannot be read to its end allows nothing.
    any(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// `A OR B OR …`
fn any(words: &mut &[String], allowed: &[String]) -> Option<bool> {
    let mut result = all(words, allowed)?;
    while take(words, "OR") {
        result |= all(words, allowed)?;
    }
    Some(result)
}

/// `A AND B AND …`, which binds tighter.
fn all(words: &mut &[String], allowed: &[String]) -> Option<bool> {
    let mut result = one(words, allowed)?;
    while take(words, "AND") {
        result &= one(words, allowed)?;
    }
    Some(result)
}

fn one(words: &mut &[String], allowed: &[String]) -> Option<bool> {
    if take(words, "(") {
        let result = any(words, allowed)?;
        return take(words, ")").then_some(result);
    }
    let (license, rest) = words.split_first()?;
    *words = rest;
    Some(allowed.contains(license))
}

fn take(words: &mut &[String], wanted: &str) -> bool {
    let Some((first, rest)) = words.split_first().filter(|(first, _)| *first == wanted) else { return false };
    debug_assert_eq!(first, wanted);
    *words = rest;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated() {
        let allowed = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for yes in [
            "MIT",
            "MIT OR GPL-2.0-only",
            "Apache-2.0/MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
        ] {
            assert!(is_allowed(yes, &allowed), "{yes}");
        }
        for no in ["", "GPL-2.0-only", "MIT AND GPL-2.0-only", "Apache-2.0", "(MIT", "MIT OR", "MIT MIT"] {
            assert!(!is_allowed(no, &allowed), "{no}");
        }
    }
}
