//! SHA-256 of a model's files, to compare with what its publisher says.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::job::{Cancelled, Job};

use super::{Source, SourceError, WeightsError, short_name};

/// Bytes read at a time.
const PIECE: u64 = 4 << 20;

/// Why there is no digest.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DigestError {
    /// The file cannot be read to its end.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The job was cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<DigestError> for WeightsError {
    fn from(error: DigestError) -> Self {
        match error {
            DigestError::Source(error) => error.into(),
            DigestError::Cancelled(cancelled) => cancelled.into(),
        }
    }
}

/// SHA-256 of several files: of what `sha256sum` prints for them, in this order. That of one file is its own.
///
/// # Errors
/// As [`sha256`].
pub(super) async fn sha256_of_all(sources: &[Source], job: &Job) -> Result<String, DigestError> {
    if let [source] = sources {
        return sha256(source, job).await;
    }
    let mut lines = String::new();
    for source in sources {
        // Writing into a String cannot fail.
        let _ = writeln!(lines, "{}  {}", sha256(source, job).await?, short_name(source.name()));
    }
    sha256(&Source::memory("digests", lines.into_bytes()), job).await
}

/// SHA-256 of the whole source in lower-case hexadecimal digits, as `sha256sum` prints it. The job's progress is the
/// share of bytes read.
///
/// # Errors
/// [`DigestError`]: a source that cannot be read, or a cancelled job.
pub async fn sha256(source: &Source, job: &Job) -> Result<String, DigestError> {
    let (len, mut offset) = (source.len(), 0);
    let mut digest = Sha256::new();
    while offset < len {
        job.check()?;
        let piece = PIECE.min(len - offset);
        digest.update(source.read_at(offset, piece as usize).await?);
        offset += piece;
        job.set_progress((offset as f64 / len as f64) as f32);
    }
    let mut text = String::with_capacity(64);
    for byte in digest.finalize() {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_standard() {
        let source = Source::memory("abc", b"abc".to_vec());
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(pollster::block_on(sha256(&source, &Job::new())).unwrap(), expected);
    }

    #[test]
    fn a_cancelled_job_ends_it() {
        let job = Job::new();
        job.cancel();
        let source = Source::memory("zeros", vec![0; 10]);
        assert!(matches!(pollster::block_on(sha256(&source, &job)), Err(DigestError::Cancelled(_))));
    }
}
