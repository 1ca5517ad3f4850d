//! Breaking files, the same way for the same seed.

/// A small random number generator (SplitMix64): good enough to choose places and values.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// Numbers at which lengths, offsets and shapes go wrong.
const EDGES: [u64; 16] = [
    0,
    1,
    2,
    7,
    8,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];
/// Words of the forms, which random bytes would hardly hit.
const WORDS: [&[u8]; 24] = [
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x01\x02",
    b"\x80\x02",
    b"h\x00",
    b"q\x00",
    b"}(",
    b"](",
    b"tR",
    b"tQ",
    b"\x85",
    b"\x89",
    b"2",
    b"e",
    b"u",
    b".",
    b"\"F16\"",
    b"[[",
    b"]]",
    b"null",
    b"-1",
    b"1e999",
    b"18446744073709551615",
    b"\"__metadata__\":{",
];
/// Longest file that is kept.
const LONGEST: usize = 1 << 17;

impl Random {
    /// A generator for this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next_u64() % end as u64) as usize
    }

    /// One of the items.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// A file made from `file` by a few random changes; `other` lends parts.
#[must_use]
pub fn mutate(random: &mut Random, file: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=random.below(4) {
        change(random, &mut bytes, other);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    if bytes.is_empty() {
        bytes.extend(other);
        return;
    }
    let at = random.below(bytes.len());
    let few = 1 + random.below(16.min(bytes.len()));
    let end = (at + few).min(bytes.len());
    match random.below(12) {
        0 | 1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.next_u64() as u8,
        3 | 4 => {
            let width = *random.choose(&[1, 2, 4, 8]);
            let number = random.choose(&EDGES).to_le_bytes();
            let end = (at + width).min(bytes.len());
            bytes[at..end].copy_from_slice(&number[..end - at]);
        }
        5 => drop(bytes.drain(at..end)),
        6 => {
            let part = bytes[at..end].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, part);
        }
        7 => {
            let word = *random.choose(&WORDS);
            bytes.splice(at..at, word.iter().copied());
        }
        8 => {
            let word = *random.choose(&WORDS);
            let end = (at + word.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&word[..end - at]);
        }
        9 => bytes.truncate(at),
        10 => change_number(random, bytes, at),
        _ => {
            if !other.is_empty() {
                let from = random.below(other.len());
                let part = &other[from..other.len().min(from + 1 + random.below(64))];
                bytes.splice(at..end, part.iter().copied());
            }
        }
    }
}

/// Replaces the next decimal number of a text.
fn change_number(random: &mut Random, bytes: &mut Vec<u8>, at: usize) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else {
        return;
    };
    let len = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = random.choose(&EDGES).to_string();
    bytes.splice(start..start + len, number.into_bytes());
}
