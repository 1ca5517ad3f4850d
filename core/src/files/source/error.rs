//! Why bytes cannot be had.

/// Bytes cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// The place does not answer.
    #[error("{name}: {reason}")]
    Unreadable {
        /// File or address.
        name: String,
        /// What went wrong.
        reason: String,
    },
    /// More bytes are asked for than there are.
    #[error("{name}: ends after {size} bytes, but bytes {offset} to {end} are needed")]
    Beyond {
        /// File or address.
        name: String,
        /// First byte asked for.
        offset: u64,
        /// One past the last byte asked for.
        end: u64,
        /// Size of the source.
        size: u64,
    },
}
