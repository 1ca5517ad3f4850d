//! From a kernel's file to plain WGSL.
//!
//! Lines that begin with `#` are ours:
//!
//! - `#import NAME` puts a shared module here; where another module has imported it already, it is left out;
//! - `#const NAME` becomes `const NAME: u32 = value;`, or `f32`;
//! - `#if FLAG` or `#if !FLAG`, then any `#elif …`, then perhaps `#else`, then `#endif` keep the first branch that holds;
//! - `#for i NAME`, `#endfor` repeat the lines between for i = 0 … value - 1, with `{i}` replaced by the number: unrolled
//!   register tiles, which arrays in function memory would slow down.
//!
//! Anything else is an error with its line, also in branches that are left out.

use std::collections::{BTreeMap, BTreeSet};

/// What a file is specialized with.
#[derive(Clone, Debug, Default)]
pub struct Specialization {
    /// Conditions of `#if`.
    pub flags: BTreeMap<&'static str, bool>,
    /// Values of `#const` and counts of `#for`.
    pub constants: BTreeMap<&'static str, Constant>,
    /// Modules of `#import`.
    pub modules: BTreeMap<&'static str, &'static str>,
}

/// The value of a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// An unsigned integer.
    U32(u32),
    /// A finite float.
    F32(f32),
}

impl From<u32> for Constant {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<f32> for Constant {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
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
/// [`SpecializeError`]: an unknown word, module, flag or constant, or blocks that do not close.
pub fn specialize(text: &str, with: &Specialization) -> Result<String, SpecializeError> {
    let mut output = Output::default();
    file(text, with, &mut output)?;
    Ok(output.text)
}

/// What is written so far.
#[derive(Default)]
struct Output {
    text: String,
    imported: BTreeSet<&'static str>,
}

impl Output {
    /// An output of its own for lines that are left out, or repeated later.
    fn aside(&self) -> Self {
        Self { text: String::new(), imported: self.imported.clone() }
    }
}

fn file(text: &str, with: &Specialization, output: &mut Output) -> Result<(), SpecializeError> {
    let lines: Vec<&str> = text.lines().collect();
    let end = block(&lines, 0, with, output)?;
    if end < lines.len() {
        return Err(error(end, "closes a block that was not opened"));
    }
    Ok(())
}

fn error(index: usize, reason: impl Into<String>) -> SpecializeError {
    SpecializeError { line: index + 1, reason: reason.into() }
}

fn words<'a>(lines: &[&'a str], index: usize) -> Vec<&'a str> {
    lines.get(index).map_or(Vec::new(), |line| line.split_whitespace().collect())
}

/// Resolves lines from `start` until a line that closes or continues an outer block, whose index it returns.
fn block(
    lines: &[&str],
    start: usize,
    with: &Specialization,
    output: &mut Output,
) -> Result<usize, SpecializeError> {
    let mut index = start;
    while let Some(line) = lines.get(index) {
        match words(lines, index).as_slice() {
            ["#elif", _] | ["#else" | "#endif" | "#endfor"] => return Ok(index),
            ["#import", name] => import(name, index, with, output)?,
            ["#const", name] => {
                output.text.push_str(&match constant(with, name, index)? {
                    Constant::U32(value) => format!("const {name}: u32 = {value}u;\n"),
                    Constant::F32(value) => format!("const {name}: f32 = {value:?}f;\n"),
                });
            }
            ["#if", _] => index = condition(lines, index, with, output)?,
            ["#for", variable, name] => {
                let Constant::U32(count) = constant(with, name, index)? else {
                    return Err(error(index, format!("`{name}` is not an integer")));
                };
                index = repeat(lines, index, variable, count, with, output)?;
            }
            [word, ..] if word.starts_with('#') => {
                return Err(error(index, format!("`{line}` is not understood")));
            }
            _ => {
                output.text.push_str(line);
                output.text.push('\n');
            }
        }
        index += 1;
    }
    Ok(index)
}

fn import(
    name: &str,
    index: usize,
    with: &Specialization,
    output: &mut Output,
) -> Result<(), SpecializeError> {
    let (&name, module) =
        with.modules.get_key_value(name).ok_or_else(|| error(index, format!("no module `{name}`")))?;
    if output.imported.insert(name) {
        file(module, with, output).map_err(|inner| error(index, format!("{name}: {inner}")))?;
    }
    Ok(())
}

fn constant(with: &Specialization, name: &str, index: usize) -> Result<Constant, SpecializeError> {
    with.constants.get(name).copied().ok_or_else(|| error(index, format!("no constant `{name}`")))
}

/// Whether `FLAG`, or `!FLAG`, holds.
fn holds(condition: &str, index: usize, with: &Specialization) -> Result<bool, SpecializeError> {
    let (name, wanted) = condition.strip_prefix('!').map_or((condition, true), |name| (name, false));
    let flag = with.flags.get(name).ok_or_else(|| error(index, format!("no flag `{name}`")))?;
    Ok(*flag == wanted)
}

/// Resolves `#if … [#elif …]* [#else …] #endif`; returns the index of `#endif`.
fn condition(
    lines: &[&str],
    start: usize,
    with: &Specialization,
    output: &mut Output,
) -> Result<usize, SpecializeError> {
    let mut begin = start;
    let mut decided = false;
    loop {
        let (last, chosen) = match words(lines, begin).as_slice() {
            ["#if" | "#elif", condition] => (false, holds(condition, begin, with)? && !decided),
            _ => (true, !decided),
        };
        decided |= chosen;
        let end = if chosen {
            block(lines, begin + 1, with, output)?
        } else {
            block(lines, begin + 1, with, &mut output.aside())?
        };
        match words(lines, end).as_slice() {
            ["#endif"] => return Ok(end),
            ["#elif", _] | ["#else"] if !last => begin = end,
            ["#elif", _] | ["#else"] => return Err(error(end, "comes after `#else`")),
            _ => return Err(not_closed(lines, start, "#endif")),
        }
    }
}

/// Resolves `#for … #endfor`; returns the index of `#endfor`.
fn repeat(
    lines: &[&str],
    start: usize,
    variable: &str,
    count: u32,
    with: &Specialization,
    output: &mut Output,
) -> Result<usize, SpecializeError> {
    let mut body = output.aside();
    let end = block(lines, start + 1, with, &mut body)?;
    let placeholder = format!("{{{variable}}}");
    for number in 0..count {
        output.text.push_str(&body.text.replace(&placeholder, &number.to_string()));
    }
    match words(lines, end).as_slice() {
        ["#endfor"] => Ok(end),
        _ => Err(not_closed(lines, start, "#endfor")),
    }
}

fn not_closed(lines: &[&str], start: usize, word: &str) -> SpecializeError {
    error(start, format!("`{}` is not closed by `{word}`", lines[start].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with() -> Specialization {
        Specialization {
            flags: [("YES", true), ("NO", false)].into(),
            constants: [("TWO", 2_u32.into()), ("THREE", 3_u32.into()), ("LOW", (-3.4e38_f32).into())].into(),
            modules: [("piece", "imported\n"), ("outer", "#import piece\nouter\n")].into(),
        }
    }

    fn run(text: &str) -> Result<String, SpecializeError> {
        specialize(text, &with())
    }

    #[test]
    fn conditions_keep_one_branch() {
        assert_eq!(run("#if YES\na\n#else\nb\n#endif\nc").unwrap(), "a\nc\n");
        assert_eq!(run("#if NO\na\n#if YES\nx\n#endif\n#else\nb\n#endif").unwrap(), "b\n");
    }

    #[test]
    fn conditions_can_be_negated() {
        assert_eq!(run("#if !YES\na\n#endif\n#if !NO\nb\n#endif").unwrap(), "b\n");
        assert_eq!(run("#if !YES\na\n#else\nb\n#endif").unwrap(), "b\n");
    }

    #[test]
    fn the_first_branch_that_holds_is_kept() {
        assert_eq!(run("#if NO\na\n#elif YES\nb\n#elif !NO\nc\n#else\nd\n#endif").unwrap(), "b\n");
        assert_eq!(run("#if YES\na\n#elif YES\nb\n#else\nd\n#endif").unwrap(), "a\n");
        assert_eq!(run("#if NO\na\n#elif NO\nb\n#else\nd\n#endif").unwrap(), "d\n");
        assert_eq!(run("#if NO\na\n#elif !YES\nb\n#endif\ne").unwrap(), "e\n");
    }

    #[test]
    fn loops_unroll_and_nest() {
        assert_eq!(
            run("#for i TWO\n#for j THREE\n{i}{j}\n#endfor\n#endfor").unwrap(),
            "00\n01\n02\n10\n11\n12\n"
        );
    }

    #[test]
    fn constants_and_modules_are_put_in() {
        assert_eq!(run("#const TWO\n#import piece").unwrap(), "const TWO: u32 = 2u;\nimported\n");
        assert_eq!(run("#const LOW").unwrap(), "const LOW: f32 = -3.4e38f;\n");
    }

    #[test]
    fn a_module_is_put_in_once() {
        assert_eq!(run("#import outer\n#import piece").unwrap(), "imported\nouter\n");
        assert_eq!(run("#if NO\n#import piece\n#endif\n#import outer").unwrap(), "imported\nouter\n");
    }

    #[test]
    fn anything_unknown_is_an_error_with_its_line() {
        for (text, line) in [
            ("a\n#if MAYBE\n#endif", 2),
            ("#if !MAYBE\n#endif", 1),
            ("#if ! YES\n#endif", 1),
            ("#if !!YES\n#endif", 1),
            ("#if\n#endif", 1),
            ("#if YES\n#elif MAYBE\n#endif", 2),
            ("#if NO\n#elif\n#endif", 2),
            ("#if YES\n#else\n#elif NO\n#endif", 3),
            ("#if YES\n#else\n#else\n#endif", 3),
            ("#elif YES", 1),
            ("#if NO\n#const FOUR\n#endif", 2),
            ("#const FOUR", 1),
            ("#for i LOW\n#endfor", 1),
            ("#import other", 1),
            ("#include piece", 1),
            ("a\n\n#endif", 3),
            ("#if YES\na", 1),
            ("#if YES\na\n#elif NO", 1),
            ("#for i TWO\na\n#endif", 1),
            ("#for i TWO\na\n#elif NO\n#endfor", 1),
            ("#if YES\n#endfor", 1),
        ] {
            assert_eq!(run(text).unwrap_err().line, line, "{text}");
        }
    }
}
