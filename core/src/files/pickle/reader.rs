//! The bytes of a pickle, front to back.

use super::PickleError;

/// A pickle and how far it has been read.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], PickleError> {
        let (bytes, _) = self.bytes[self.at..].split_at_checked(len).ok_or(PickleError::Truncated)?;
        self.at += len;
        Ok(bytes)
    }

    /// The next N bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let bytes = *self.bytes[self.at..].first_chunk().ok_or(PickleError::Truncated)?;
        self.at += N;
        Ok(bytes)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        self.array().map(|[byte]| byte)
    }

    /// A length of four bytes.
    pub(super) fn len4(&mut self) -> Result<usize, PickleError> {
        self.array().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    /// A length of eight bytes.
    pub(super) fn len8(&mut self) -> Result<usize, PickleError> {
        let len = u64::from_le_bytes(self.array()?);
        usize::try_from(len).map_err(|_| PickleError::Truncated)
    }

    /// Up to the next line feed, which is used up.
    pub(super) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let len =
            self.bytes[self.at..].iter().position(|&byte| byte == b'\n').ok_or(PickleError::Truncated)?;
        let line = self.take(len)?;
        self.at += 1;
        Ok(line)
    }

    /// A line that is text.
    pub(super) fn word(&mut self) -> Result<&'a str, PickleError> {
        let line = self.line()?;
        std::str::from_utf8(line).map_err(|_| PickleError::Malformed(self.at, "a name that is no text"))
    }
}
