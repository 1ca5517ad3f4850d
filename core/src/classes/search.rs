//! Finding classes by what people type: a name or the beginning of one, a synonym, words in any order, with a slip of
//! the keyboard; a number; a WordNet id.

use super::{Class, Classes};

/// Longest text that is searched for, in characters.
const LONGEST: usize = 100;
/// Most classes that are named where a text fits several.
const MOST_NAMED: usize = 5;

/// A class that fits what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The class.
    pub class: &'a Class,
    /// Which of its names fits best.
    pub matched: &'a str,
    /// How well: the smaller, the better.
    score: Score,
}

/// Why a text does not name one class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// No class fits.
    #[error("there is no class `{text}`")]
    Unknown {
        /// What was typed.
        text: String,
    },
    /// Several fit equally well.
    #[error("`{text}` could be {}: say which", .candidates.join(", "))]
    Ambiguous {
        /// What was typed.
        text: String,
        /// Number and name of the first of them.
        candidates: Vec<String>,
    },
}

/// How a name fits; the order is that of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Exact,
    Begins,
    Words,
    Within,
    Mistyped,
    /// Its beginning, with a slip: what one sees while typing, too little to name a class.
    BeginsMistyped,
}

/// How well a class fits; the smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    rank: Rank,
    slips: usize,
    /// Which of its names: the usual one is the first.
    name: usize,
    length: usize,
}

impl Classes {
    /// The classes that fit `text`, the best first, at most `limit`. An empty text fits all, in the order of their numbers.
    #[must_use]
    pub fn search(&self, text: &str, limit: usize) -> Vec<Found<'_>> {
        let wanted = Typed::new(text);
        let mut found: Vec<Found<'_>> = self.all().iter().filter_map(|class| wanted.find(class)).collect();
        if !wanted.words.is_empty() {
            found.sort_by_key(|found| (found.score, found.class.id));
        }
        found.truncate(limit);
        found
    }

    /// The one class that `text` names: a number, a WordNet id, a name, or what fits only one class best.
    ///
    /// # Errors
    /// [`Unresolved`]: nothing fits, or several classes equally well.
    pub fn resolve(&self, text: &str) -> Result<Found<'_>, Unresolved> {
        let text = text.trim();
        let mut found = if text.is_empty() { Vec::new() } else { self.search(text, usize::MAX) };
        found.retain(|found| found.score.rank != Rank::BeginsMistyped);
        let Some(&best) = found.first() else { return Err(Unresolved::Unknown { text: text.to_owned() }) };
        let best_rank = (best.score.rank, best.score.slips);
        let equal = found.iter().take_while(|found| (found.score.rank, found.score.slips) == best_rank);
        let equal: Vec<&Found<'_>> = equal.collect();
        // A class whose usual name it is comes before those that it is another name of.
        let usual = equal.iter().filter(|found| found.score.name == 0).count();
        if equal.len() == 1 || (best.score.rank == Rank::Exact && best.score.name == 0 && usual == 1) {
            return Ok(best);
        }
        let candidate = |found: &&Found<'_>| format!("{} {}", found.class.id, found.class.name());
        let mut candidates: Vec<String> = equal.iter().take(MOST_NAMED).map(candidate).collect();
        if equal.len() > MOST_NAMED {
            candidates.push(format!("{} others", equal.len() - MOST_NAMED));
        }
        Err(Unresolved::Ambiguous { text: text.to_owned(), candidates })
    }
}

/// What was typed, ready for comparing.
struct Typed {
    words: Vec<Vec<char>>,
    joined: Vec<char>,
    number: Option<u32>,
    plain: String,
}

impl Typed {
    fn new(text: &str) -> Self {
        let text: String = text.trim().chars().take(LONGEST).collect();
        let words = words_of(&text);
        Self { joined: words.concat(), words, number: text.parse().ok(), plain: text.to_lowercase() }
    }

    /// How the best of a class's names fits.
    fn find<'a>(&self, class: &'a Class) -> Option<Found<'a>> {
        let whole = |rank| Some(Score { rank, slips: 0, name: 0, length: 0 });
        let by_id = match &class.wnid {
            _ if self.words.is_empty() || self.number == Some(class.id) => whole(Rank::Exact),
            Some(wnid) if *wnid == self.plain => whole(Rank::Exact),
            Some(wnid) if self.is_wnid() && wnid.starts_with(&self.plain) => whole(Rank::Begins),
            _ => None,
        };
        if let Some(score) = by_id {
            return Some(Found { class, matched: class.name(), score });
        }
        let scores = class.names.iter().enumerate().filter_map(|(name, text)| {
            let (rank, slips) = self.fits(text)?;
            Some((Score { rank, slips, name, length: text.len() }, text))
        });
        scores.min_by_key(|(score, _)| *score).map(|(score, matched)| Found { class, matched, score })
    }

    fn is_wnid(&self) -> bool {
        let digits = self.plain.strip_prefix('n');
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
    }

    /// How it fits one name, and with how many slips of the keyboard.
    fn fits(&self, name: &str) -> Option<(Rank, usize)> {
        let words = words_of(name);
        let joined = words.concat();
        if joined == self.joined {
            return Some((Rank::Exact, 0));
        }
        if joined.starts_with(&self.joined) {
            return Some((Rank::Begins, 0));
        }
        let begins = |wanted: &Vec<char>| words.iter().any(|word| word.starts_with(wanted));
        if self.words.iter().all(begins) {
            return Some((Rank::Words, 0));
        }
        if self.joined.len() > 2 && joined.windows(self.joined.len()).any(|part| part == self.joined) {
            return Some((Rank::Within, 0));
        }
        let slips = |wanted: &Vec<char>| {
            let close = words.iter().filter_map(|word| mistyped(wanted, word)).min();
            if begins(wanted) { Some(0) } else { close }
        };
        let by_words = self.words.iter().map(slips).sum::<Option<usize>>();
        if let Some(slips) = by_words.into_iter().chain(mistyped(&self.joined, &joined)).min() {
            return Some((Rank::Mistyped, slips));
        }
        let last = self.words.last()?;
        let beginning = words.iter().filter_map(|word| begins_mistyped(last, word)).min();
        let others = self.words[..self.words.len() - 1].iter().all(begins);
        let slips =
            beginning.filter(|_| others).into_iter().chain(begins_mistyped(&self.joined, &joined)).min()?;
        Some((Rank::BeginsMistyped, slips))
    }
}

/// Lower-case letters and digits, word by word; apostrophes do not part words.
fn words_of(text: &str) -> Vec<Vec<char>> {
    let text: String = text.to_lowercase().chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().collect())
        .collect()
}

/// Most slips that are forgiven in so many letters.
fn most_slips(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=6 => 1,
        7..=10 => 2,
        _ => 3,
    }
}

/// How many slips make one word of the other, where they are few enough for its length.
fn mistyped(wanted: &[char], word: &[char]) -> Option<usize> {
    let most = most_slips(wanted.len());
    if most == 0 || wanted.len().abs_diff(word.len()) > most {
        return None;
    }
    Some(distances(wanted, word)[word.len()]).filter(|&slips| slips <= most)
}

/// How many slips make the beginning of a word of what was typed, where they are few enough. The first letter is right.
fn begins_mistyped(wanted: &[char], word: &[char]) -> Option<usize> {
    let most = most_slips(wanted.len());
    if most == 0 || wanted.first() != word.first() {
        return None;
    }
    distances(wanted, word).into_iter().min().filter(|&slips| slips <= most)
}

/// For every beginning of `b`, the shortest first: letters missing, too many, wrong, or two neighbors swapped in `a`, the
/// least number of such slips (optimal string alignment).
fn distances(a: &[char], b: &[char]) -> Vec<usize> {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let wrong = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j - 1] + wrong).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(text: &str) -> Option<u32> {
        Classes::imagenet().search(text, 1).first().map(|found| found.class.id)
    }

    fn resolved(text: &str) -> Result<u32, String> {
        let found = Classes::imagenet().resolve(text);
        found.map(|found| found.class.id).map_err(|error| error.to_string())
    }

    #[test]
    fn classes_are_found_by_name_synonym_number_and_wordnet_id() {
        for (text, class) in [
            ("tench", 0),
            ("Tinca tinca", 0),
            ("207", 207),
            ("n02099601", 207),
            ("golden retriever", 207),
            ("Golden-Retriever", 207),
            ("goldenretriever", 207),
            ("retriever golden", 207),
            ("golden ret", 207),
            ("tabby cat", 281),
            ("jack-o'-lantern", 607),
            ("jack o lantern", 607),
            ("jackolantern", 607),
            ("space shuttle", 812),
            ("volcano", 980),
            ("espresso", 967),
        ] {
            assert_eq!((first(text), resolved(text)), (Some(class), Ok(class)), "{text}");
        }
    }

    #[test]
    fn slips_of_the_keyboard_are_forgiven() {
        for (text, class) in [
            ("golden retreiver", 207),
            ("goldn retriever", 207),
            ("vulcano", 980),
            ("cheezeburger", 933),
            ("flamigno", 130),
            ("giant pnada", 388),
            ("chihuaua", 151),
        ] {
            assert_eq!(first(text), Some(class), "{text}");
        }
        // While a name is being typed; too little to name a class.
        for (text, class) in [("vulca", 980), ("flaimn", 130), ("golden reti", 207), ("chiuh", 151)] {
            assert_eq!(first(text), Some(class), "{text}");
            assert!(resolved(text).is_err(), "{text}");
        }
        assert_eq!(first("qqqqqqqq"), None);
        assert_eq!(first("xyz"), None);
    }

    #[test]
    fn what_fits_several_classes_is_not_guessed() {
        let error = resolved("crane").unwrap_err();
        assert!(error.contains("134 crane (bird)") && error.contains("517 crane (machine)"), "{error}");
        let error = resolved("retriever").unwrap_err();
        assert!(error.contains("207 golden retriever") && error.contains("say which"), "{error}");
        assert!(resolved("1000").unwrap_err().contains("no class `1000`"));
        assert!(resolved(" ").unwrap_err().contains("no class"));
        // The whole of a usual name wins over those that merely begin so.
        assert_eq!(resolved("tank"), Ok(847));
        assert_eq!(resolved("cock"), Ok(7));
    }

    #[test]
    fn better_fits_come_first() {
        let classes = Classes::imagenet();
        let names = |text, limit| -> Vec<&str> {
            classes.search(text, limit).iter().map(|found| found.class.name()).collect()
        };
        assert_eq!(names("", 2), ["tench", "goldfish"]);
        assert_eq!(names("", usize::MAX).len(), 1000);
        assert_eq!(names("panda", 1), ["giant panda"]);
        assert!(names("shark", 10).contains(&"tiger shark"));
        let found = classes.search("Carassius", 1)[0];
        assert_eq!((found.class.id, found.matched), (1, "Carassius auratus"));
        assert_eq!(names("n0144", 9).len(), 2);
    }

    #[test]
    fn every_class_is_first_under_its_own_name() {
        let classes = Classes::imagenet();
        for id in 0..1000 {
            let name = classes.name(id).unwrap();
            // What is first in the search, unless another one fits as well.
            assert_eq!(classes.resolve(name).map(|found| found.class.id), Ok(id), "{name}");
        }
    }

    #[test]
    fn distances_count_slips() {
        let between = |a: &str, b: &str| {
            distances(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())[b.len()]
        };
        for (a, b, slips) in [
            ("owl", "owl", 0),
            ("owl", "wol", 1),
            ("owl", "bowl", 1),
            ("", "owl", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((between(a, b), between(b, a)), (slips, slips), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_searched(text in "\\PC{0,40}") {
            let found = Classes::imagenet().search(&text, 10);
            prop_assert!(found.len() <= 10);
            prop_assert!(found.windows(2).all(|pair| pair[0].score <= pair[1].score));
        }
    }
}
