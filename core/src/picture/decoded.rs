//! What decoders answer with: pixels as they are in the file, or why there are none.

use image::{DynamicImage, metadata::Orientation};

/// Longest side of a picture that is opened, in pixels.
pub const MAX_SIDE: u32 = 65_535;

/// Most pixels of a picture that is opened (134 million: 400 MB as RGB).
pub const MAX_PIXELS: u64 = 1 << 27;

/// A picture from its decoder.
pub(super) struct Decoded {
    pub(super) pixels: DynamicImage,
    /// How it must be turned.
    pub(super) orientation: Orientation,
    pub(super) notes: Vec<String>,
    pub(super) cut_short: bool,
}

/// A decoder: the bytes of a file, and the most pixels that it may have.
pub(super) type Decode = fn(&[u8], u64) -> Result<Decoded, ImageError>;

/// Why a picture cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The content is no picture this program reads.
    #[error("not a picture in a supported format: {found}. Supported are PNG, JPEG and WebP")]
    Format {
        /// What the content looks like, and what can be done.
        found: String,
    },
    /// The picture says it is larger than what is opened.
    #[error(
        "the picture is {width} × {height} pixels, more than the limit of {most} pixels (sides up to \
         {MAX_SIDE}). Make it smaller first"
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Most pixels that are opened.
        most: u64,
    },
    /// The picture has no pixels.
    #[error("the picture has no pixels ({width} × {height})")]
    Empty {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The bytes do not make up the size that comes with them.
    #[error("{bytes} bytes are no RGBA picture of {width} × {height} pixels: it has 4 bytes per pixel")]
    Length {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes that came.
        bytes: usize,
    },
    /// The file is broken or uses a feature that the decoder lacks.
    #[error("the {format} picture cannot be decoded: {reason}")]
    Decode {
        /// Name of the format.
        format: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// The picture cannot be written.
    #[error("the picture cannot be written as PNG: {0}")]
    Encode(image::ImageError),
}

/// Refuses sizes without pixels, and beyond the limits.
pub(super) fn check_size(width: u32, height: u32, most: u64) -> Result<(), ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::Empty { width, height });
    }
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > most {
        return Err(ImageError::TooLarge { width, height, most });
    }
    Ok(())
}
