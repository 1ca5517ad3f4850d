//! The chunks of WebP files, and files that promise more than they hold.

use std::borrow::Cow;

/// Bits of the header of an extended file (VP8X), and the chunk that each promises: <https://developers.google.com/speed/webp/docs/riff_container>.
const PROMISES: [(u8, &[u8; 4]); 3] = [(0x20, b"ICCP"), (0x08, b"EXIF"), (0x04, b"XMP ")];
/// Where these bits are: behind the RIFF header and the header of the first chunk.
const FLAGS: usize = 20;

/// The file without the promises that it does not keep. Programs that strip metadata leave them, and the decoder refuses
/// such files.
pub(super) fn without_empty_promises(file: &[u8]) -> Cow<'_, [u8]> {
    let is_extended = file.get(12..16) == Some(b"VP8X");
    let Some(&flags) = file.get(FLAGS).filter(|_| is_extended) else { return Cow::Borrowed(file) };
    let empty = PROMISES.iter().filter(|(_, kind)| chunk(file, kind).is_none());
    let kept = empty.fold(flags, |flags, (bit, _)| flags & !bit);
    if kept == flags {
        return Cow::Borrowed(file);
    }
    let mut file = file.to_vec();
    file[FLAGS] = kept;
    Cow::Owned(file)
}

/// The data of the first chunk of a kind, where all of it is there. The decoder reserves what a chunk claims to hold.
pub(super) fn chunk<'a>(file: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, data) = after.split_first_chunk()?;
        let length = u32::from_le_bytes(*length) as usize;
        if kind == wanted {
            return data.get(..length);
        }
        // Chunks begin at even places.
        rest = data.get(length.checked_next_multiple_of(2)?..)?;
    }
}
