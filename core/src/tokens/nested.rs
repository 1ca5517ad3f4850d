//! Nested lists of whole numbers in JSON, as an array: `[1, 2]`, `[[1, 2], [3, 4]]`, `[[[1], [2]]]`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, SeqAccess, Visitor},
};

/// Most axes of an array.
const MOST_AXES: usize = 3;

/// An array: all numbers in row-major order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Array {
    /// The length of each axis.
    pub(super) shape: Vec<u64>,
    /// The numbers.
    pub(super) tokens: Vec<u32>,
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut reader = ArrayReader::default();
        List { reader: &mut reader, depth: 0 }.deserialize(deserializer)?;
        let shape = reader.lengths.into_iter().map(Option::unwrap_or_default).collect();
        Ok(Self { shape, tokens: reader.tokens })
    }
}

#[derive(Default)]
struct ArrayReader {
    /// The length of each axis, once the first list on it has ended.
    lengths: Vec<Option<u64>>,
    /// The number of lists around each number, once there is a number.
    depth: Option<usize>,
    tokens: Vec<u32>,
}

/// A list at some depth.
struct List<'a> {
    reader: &'a mut ArrayReader,
    depth: usize,
}

/// What stands in a list: a number or a list.
struct Item<'a> {
    reader: &'a mut ArrayReader,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Item { reader: self.reader, depth: self.depth })
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a token or a list of tokens")
    }

    fn visit_u64<E: Error>(self, token: u64) -> Result<(), E> {
        let token = u32::try_from(token)
            .map_err(|_| E::custom(format!("holds the token {token}, which is beyond any codebook")))?;
        if *self.reader.depth.get_or_insert(self.depth) != self.depth {
            return Err(E::custom("has tokens and lists of tokens side by side"));
        }
        self.reader.tokens.push(token);
        Ok(())
    }

    fn visit_i64<E: Error>(self, token: i64) -> Result<(), E> {
        Err(E::custom(format!("holds the token {token}, which is negative")))
    }

    fn visit_f64<E: Error>(self, token: f64) -> Result<(), E> {
        Err(E::custom(format!("holds {token}, which is no whole number and so no token")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { reader, depth } = self;
        if depth == MOST_AXES {
            return Err(A::Error::custom(
                "has lists in lists in lists in lists; tokens have three axes at most",
            ));
        }
        if reader.lengths.len() == depth {
            reader.lengths.push(None);
        }
        let mut count = 0;
        while list.next_element_seed(Item { reader: &mut *reader, depth: depth + 1 })?.is_some() {
            count += 1;
        }
        match reader.lengths[depth].replace(count) {
            Some(before) if before != count => Err(A::Error::custom("has rows of different lengths")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Array, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn lists_of_up_to_three_axes_are_arrays() {
        let array =
            |shape: &[u64], tokens: &[u32]| Ok(Array { shape: shape.to_vec(), tokens: tokens.to_vec() });
        assert_eq!(read("[1, 2]"), array(&[2], &[1, 2]));
        assert_eq!(read("[[1, 2], [3, 4]]"), array(&[2, 2], &[1, 2, 3, 4]));
        assert_eq!(read("[[[1], [2]]]"), array(&[1, 2, 1], &[1, 2]));
        assert_eq!(read("[]"), array(&[0], &[]));
        assert_eq!(read("[[]]"), array(&[1, 0], &[]));
    }

    #[test]
    fn what_is_no_array_of_tokens_is_refused() {
        for (json, reason) in [
            ("[[1, 2], [3]]", "rows of different lengths"),
            ("[[1], 2]", "side by side"),
            ("[1, [2]]", "side by side"),
            ("[[[[1]]]]", "three axes"),
            ("[-1]", "negative"),
            ("[1.5]", "no whole number"),
            ("[5000000000]", "beyond any codebook"),
            ("[\"a\"]", "a token or a list of tokens"),
            ("3", "a token or a list of tokens"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
    }
}
