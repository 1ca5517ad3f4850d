//! JPEG files: any subsampling and order of scans, progressive, gray, YCbCr, RGB, CMYK and YCCK; not arithmetic coding.
//!
//! The decoder was chosen for its pixels: over subsamplings, orders of scans, restart markers and progressive forms they are
//! within 3 of 255 of those of libjpeg-turbo, and the same for equal coefficients (`tests/tests/jpeg_forms.rs`).

use image::{DynamicImage, RgbImage, metadata::Orientation};
use jpeg_decoder::{Decoder, Error, PixelFormat, UnsupportedFeature};

use super::{
    color_profile,
    decoded::{Decoded, ImageError, check_size},
};

/// Most scans that are decoded. Progressive files have about ten; each costs time by the size of the picture, not of the file.
const MAX_SCANS: usize = 256;

/// The marker that ends a file.
const END: [u8; 2] = [0xff, 0xd9];

pub(super) fn decode(bytes: &[u8], most: u64) -> Result<Decoded, ImageError> {
    let broken = |reason: String| ImageError::Decode { format: "JPEG", reason };
    if bytes.windows(2).filter(|marker| marker == &[0xff, 0xda]).count() > MAX_SCANS {
        return Err(broken(format!("it has more than {MAX_SCANS} scans")));
    }
    match decode_whole(bytes, most) {
        // The decoder fills up with gray what is missing before the end of the file, once it finds one.
        Err(Failed::Decoder(error)) if is_cut(&error) && starts_with_pixels(bytes) => {
            let mut decoded = decode_whole(&[bytes, &END].concat(), most).map_err(Failed::into_error)?;
            decoded.cut_short = true;
            decoded.notes.push("the file is cut short: what is missing is gray".to_owned());
            Ok(decoded)
        }
        decoded => decoded.map_err(Failed::into_error),
    }
}

enum Failed {
    Decoder(Error),
    Picture(ImageError),
}

impl Failed {
    fn into_error(self) -> ImageError {
        let reason = match self {
            Self::Decoder(error) if is_cut(&error) => "the file is cut short".to_owned(),
            Self::Decoder(Error::Unsupported(UnsupportedFeature::ArithmeticEntropyCoding)) => {
                "it uses arithmetic coding, which is not read. Save it again as JPEG or PNG".to_owned()
            }
            Self::Decoder(error) => error.to_string(),
            Self::Picture(error) => return error,
        };
        ImageError::Decode { format: "JPEG", reason }
    }
}

/// Whether the bytes ended too early.
fn is_cut(error: &Error) -> bool {
    matches!(error, Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

/// Whether the header is whole, so that there is a picture to show.
fn starts_with_pixels(bytes: &[u8]) -> bool {
    Decoder::new(bytes).read_info().is_ok() && bytes.windows(2).any(|marker| marker == [0xff, 0xda])
}

fn decode_whole(bytes: &[u8], most: u64) -> Result<Decoded, Failed> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().map_err(Failed::Decoder)?;
    let size = decoder.info().map_or((0, 0), |info| (info.width.into(), info.height.into()));
    check_size(size.0, size.1, most).map_err(Failed::Picture)?;
    let values = decoder.decode().map_err(Failed::Decoder)?;
    let format = decoder.info().map_or(PixelFormat::RGB24, |info| info.pixel_format);
    let mut notes = Vec::new();
    let (rgb, is_gray) = match format {
        PixelFormat::RGB24 => (values, false),
        PixelFormat::L8 => (values.into_iter().flat_map(|value| [value; 3]).collect(), true),
        PixelFormat::L16 => {
            let reason = "it is a lossless JPEG of more than 8 bits. Save it as PNG".to_owned();
            return Err(Failed::Picture(ImageError::Decode { format: "JPEG", reason }));
        }
        PixelFormat::CMYK32 => {
            notes.push("CMYK converted to RGB without a color profile".to_owned());
            (values.as_chunks::<4>().0.iter().flat_map(|&inks| without_inks(inks)).collect(), false)
        }
    };
    let pixels = RgbImage::from_raw(size.0, size.1, rgb).ok_or_else(|| {
        let reason = "its pixels do not make up its size".to_owned();
        Failed::Picture(ImageError::Decode { format: "JPEG", reason })
    })?;
    if is_gray {
        notes.insert(0, "gray picture, used as RGB".to_owned());
    }
    if format != PixelFormat::CMYK32 {
        notes.extend(decoder.icc_profile().as_deref().and_then(color_profile::note));
    }
    let orientation = decoder.exif_data().and_then(Orientation::from_exif_chunk);
    Ok(Decoded {
        pixels: DynamicImage::ImageRgb8(pixels),
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
        notes,
        cut_short: false,
    })
}

/// What paper reflects under cyan, magenta, yellow and black, each 0 (none) to 255: as Pillow and libjpeg's users compute it.
fn without_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let white = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| (((255 - u32::from(ink)) * white + 127) / 255) as u8)
}
