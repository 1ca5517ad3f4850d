//! From a kernel's file to plain WGSL.
//!
//! Lines that begin with `#` are ours:
//!
//! - `#import NAME` puts a shared piece here;
//! - `#const NAME` becomes `const NAME: u32 = value;`;
//! - `#if FLAG`, `#else`, `#endif` keep one side;
//! - `#for i NAME`, `#endfor` repeat the lines between for i = 0 … value - 1, with `{i}` replaced by the number: unrolled
//!   register tiles, which arrays in function memory would slow down.

use std::collections::BTreeMap;

/// What a file is specialized with.
#[derive(Clone, Debug, Default)]
pub struct Specialization {
    /// Conditions of `#if`.
    pub flags: BTreeMap<&'static str, bool>,
    /// Values of `#const` and counts of `#for`.
    pub constants: BTreeMap<&'static str, u32>,
    /// Pieces of `#import`.
    pub imports: BTreeMap<&'static str, &'static str>,
}

/// A file that cannot be specialized.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct SpecializeError {
    /// Line in the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Resolves every `#` line of a file.
///
/// # Errors
/// [`SpecializeError`]: an unknown word, name, flag or constant, or blocks that do not close.
pub fn specialize(text: &str, with: &Specialization) -> Result<String, SpecializeError> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::with_capacity(text.len() * 2);
    let end = block(&lines, 0, with, &mut out)?;
    if end < lines.len() {
        return Err(error(end, "closes a block that was not opened"));
    }
    Ok(out)
}

fn error(index: usize, reason: impl Into<String>) -> SpecializeError {
    SpecializeError { line: index + 1, reason: reason.into() }
}

/// Resolves lines from `start` until a line that closes an outer block, whose index it returns.
fn block(
    lines: &[&str],
    start: usize,
    with: &Specialization,
    out: &mut String,
) -> Result<usize, SpecializeError> {
    let mut index = start;
    while let Some(line) = lines.get(index) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["#else" | "#endif" | "#endfor"] => return Ok(index),
            ["#import", name] => {
                let piece =
                    with.imports.get(name).ok_or_else(|| error(index, format!("no piece `{name}`")))?;
                out.push_str(
                    &specialize(piece, with).map_err(|inner| error(index, format!("{name}: {inner}")))?,
                );
            }
            ["#const", name] => {
                let value = constant(with, name, index)?;
                out.push_str(&format!("const {name}: u32 = {value}u;\n"));
            }
            ["#if", flag] => {
                let holds = *with.flags.get(flag).ok_or_else(|| error(index, format!("no flag `{flag}`")))?;
                index = condition(lines, index, holds, with, out)?;
            }
            ["#for", variable, name] => {
                let count = constant(with, name, index)?;
                index = repeat(lines, index, variable, count, with, out)?;
            }
            [word, ..] if word.starts_with('#') => {
                return Err(error(index, format!("`{line}` is not understood")));
            }
            _ => {
                out.push_str(line);
                out.push('\n');
            }
        }
        index += 1;
    }
    Ok(index)
}

fn constant(with: &Specialization, name: &str, index: usize) -> Result<u32, SpecializeError> {
    with.constants.get(name).copied().ok_or_else(|| error(index, format!("no constant `{name}`")))
}

/// Resolves `#if … [#else …] #endif`; returns the index of `#endif`.
fn condition(
    lines: &[&str],
    start: usize,
    holds: bool,
    with: &Specialization,
    out: &mut String,
) -> Result<usize, SpecializeError> {
    let mut unused = String::new();
    let mut end = block(lines, start + 1, with, if holds { &mut *out } else { &mut unused })?;
    if lines.get(end).map(|line| line.trim()) == Some("#else") {
        end = block(lines, end + 1, with, if holds { &mut unused } else { out })?;
    }
    closed(lines, start, end, "#endif")
}

/// Resolves `#for … #endfor`; returns the index of `#endfor`.
fn repeat(
    lines: &[&str],
    start: usize,
    variable: &str,
    count: u32,
    with: &Specialization,
    out: &mut String,
) -> Result<usize, SpecializeError> {
    let mut body = String::new();
    let end = block(lines, start + 1, with, &mut body)?;
    let placeholder = format!("{{{variable}}}");
    for number in 0..count {
        out.push_str(&body.replace(&placeholder, &number.to_string()));
    }
    closed(lines, start, end, "#endfor")
}

fn closed(lines: &[&str], start: usize, end: usize, word: &str) -> Result<usize, SpecializeError> {
    if lines.get(end).map(|line| line.trim()) == Some(word) {
        Ok(end)
    } else {
        Err(error(start, format!("`{}` is not closed by `{word}`", lines[start].trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with() -> Specialization {
        Specialization {
            flags: [("YES", true), ("NO", false)].into(),
            constants: [("TWO", 2), ("THREE", 3)].into(),
            imports: [("piece", "imported\n")].into(),
        }
    }

    fn run(text: &str) -> Result<String, SpecializeError> {
        specialize(text, &with())
    }

    #[test]
    fn conditions_keep_one_side() {
        assert_eq!(run("#if YES\na\n#else\nb\n#endif\nc").unwrap(), "a\nc\n");
        assert_eq!(run("#if NO\na\n#if YES\nx\n#endif\n#else\nb\n#endif").unwrap(), "b\n");
    }

    #[test]
    fn loops_unroll_and_nest() {
        assert_eq!(
            run("#for i TWO\n#for j THREE\n{i}{j}\n#endfor\n#endfor").unwrap(),
            "00\n01\n02\n10\n11\n12\n"
        );
    }

    #[test]
    fn constants_and_imports_are_put_in() {
        assert_eq!(run("#const TWO\n#import piece").unwrap(), "const TWO: u32 = 2u;\nimported\n");
    }

    #[test]
    fn anything_unknown_is_an_error_with_its_line() {
        for (text, line) in [
            ("a\n#if MAYBE\n#endif", 2),
            ("#const FOUR", 1),
            ("#import other", 1),
            ("#include piece", 1),
            ("a\n\n#endif", 3),
            ("#if YES\na", 1),
            ("#for i TWO\na\n#endif", 1),
            ("#if YES\n#endfor", 1),
        ] {
            assert_eq!(run(text).unwrap_err().line, line, "{text}");
        }
    }
}
