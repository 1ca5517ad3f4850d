//! Tokens from whole numbers of any width.

/// How whole numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integers {
    pub(super) bytes: usize,
    pub(super) signed: bool,
    pub(super) big_endian: bool,
}

impl Integers {
    /// Reads all numbers as tokens. What is negative or beyond 32 bits is an error.
    pub(super) fn tokens(self, data: &[u8]) -> Result<Vec<u32>, String> {
        data.chunks_exact(self.bytes).map(|chunk| self.token(chunk)).collect()
    }

    fn token(self, chunk: &[u8]) -> Result<u32, String> {
        let append = |value: u64, digit: &u8| value << 8 | u64::from(*digit);
        let value =
            if self.big_endian { chunk.iter().fold(0, append) } else { chunk.iter().rev().fold(0, append) };
        let sign_bit = 1u64 << (8 * self.bytes - 1);
        if self.signed && value & sign_bit != 0 {
            return Err("holds a negative token".to_owned());
        }
        u32::try_from(value).map_err(|_| format!("holds the token {value}, which is beyond any codebook"))
    }
}
