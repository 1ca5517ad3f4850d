//! Names of numbered files in short: `shards-{000..012}.tar`.

/// Most names that one pattern may stand for.
const MAX_NAMES: usize = 1 << 20;
/// Most ranges in one pattern.
const MAX_RANGES: usize = 8;

/// All names of a pattern whose ranges `{first..last}` count up, with as many digits as they are written with.
///
/// # Errors
/// Says what is wrong with the pattern.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    let Some((head, rest)) = pattern.split_once('{') else { return Ok(vec![pattern.to_owned()]) };
    let wrong = || format!("`{pattern}` is not a pattern of names: ranges are written as {{000..012}}");
    let (range, tail) = rest.split_once('}').ok_or_else(wrong)?;
    let (first, last) = range.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<usize>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (from, to) = (number(first).ok_or_else(wrong)?, number(last).ok_or_else(wrong)?);
    if from > to {
        return Err(format!("{{{range}}} counts down"));
    }
    if pattern.matches('{').count() > MAX_RANGES {
        return Err(format!("more than {MAX_RANGES} ranges in one pattern of names"));
    }
    let tails = expand(tail)?;
    let count = (to - from).checked_add(1).and_then(|count| count.checked_mul(tails.len()));
    if count.is_none_or(|count| count > MAX_NAMES) {
        return Err(format!("`{pattern}` stands for more than {MAX_NAMES} names"));
    }
    let digits = if first.len() == last.len() { first.len().min(20) } else { 1 };
    let numbered = |number| tails.iter().map(move |tail| format!("{head}{number:0digits$}{tail}"));
    Ok((from..=to).flat_map(numbered).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_up_with_their_zeros() {
        assert_eq!(expand("a-{08..10}.tar").unwrap(), ["a-08.tar", "a-09.tar", "a-10.tar"]);
        assert_eq!(expand("{9..10}").unwrap(), ["9", "10"]);
        assert_eq!(expand("{0..1}-{5..6}").unwrap(), ["0-5", "0-6", "1-5", "1-6"]);
        assert_eq!(expand("plain.tar").unwrap(), ["plain.tar"]);
    }

    #[test]
    fn a_broken_or_huge_range_is_refused() {
        for wrong in ["{", "a{1..}", "a{x..y}", "{3..1}", "{1,2}", "{-1..3}", "{+1..3}", "{0..99999999999}"] {
            assert!(expand(wrong).is_err(), "{wrong}");
        }
        assert!(expand("{0..2000}-{0..2000}").unwrap_err().contains("1048576 names"));
        assert!(expand(&"{0..9}".repeat(30)).is_err());
    }
}
