//! Making a picture's size one the tokenizer accepts, and undoing it afterwards.

use std::{fmt, str::FromStr};

use image::{
    RgbImage,
    imageops::{self, FilterType},
};

use super::{
    decoded::{MAX_PIXELS, MAX_SIDE},
    official::{resize_bilinear, smallest_side_size},
};

/// What to do with a picture's size before encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resize {
    /// Keep the size.
    #[default]
    None,
    /// Scale so that the smaller side is this many pixels, with the bilinear filter of the official evaluation.
    Short(u32),
    /// Scale to the largest size within width × height that keeps the proportions, with a Lanczos filter.
    Fit(u32, u32),
}

/// A resize setting that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no resize setting: use `none`, `short:256` (smaller side 256 pixels) or `fit:512x512` (within 512 × \
     512), sides from 1 to {MAX_SIDE}"
)]
pub struct ResizeError(pub String);

impl FromStr for Resize {
    type Err = ResizeError;

    fn from_str(text: &str) -> Result<Self, ResizeError> {
        let side = |digits: &str| digits.parse::<u32>().ok().filter(|side| (1..=MAX_SIDE).contains(side));
        let parsed = match text.split_once(':') {
            None => (text == "none").then_some(Self::None),
            Some(("short", digits)) => side(digits).map(Self::Short),
            Some(("fit", size)) => size
                .split_once(['x', '×'])
                .and_then(|(width, height)| Some(Self::Fit(side(width)?, side(height)?))),
            Some(_) => None,
        };
        parsed.ok_or_else(|| ResizeError(text.to_owned()))
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Short(side) => write!(f, "short:{side}"),
            Self::Fit(width, height) => write!(f, "fit:{width}x{height}"),
        }
    }
}

/// Where the picture lies in the padded one: the padding is right and below, so at the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
}

impl Crop {
    /// The part of `padded` that is the picture (all of it when it is not larger).
    #[must_use]
    pub fn apply(&self, padded: &RgbImage) -> RgbImage {
        imageops::crop_imm(padded, 0, 0, self.width, self.height).to_image()
    }
}

/// A picture whose sides are multiples of the factor.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The pixels to encode.
    pub rgb: RgbImage,
    /// Where the picture is in them.
    pub crop: Crop,
    /// What was done, one short phrase each ("padded from 250 × 333 to 256 × 336, cropped after").
    pub notes: Vec<String>,
}

impl Fitted {
    /// The picture without its padding: what a reconstruction is compared with.
    #[must_use]
    pub fn picture(&self) -> RgbImage {
        self.crop.apply(&self.rgb)
    }
}

/// Resizes as asked, then pads right and below to multiples of `factor` by repeating the last column and row.
///
/// A picture without pixels, or a factor of 0, comes back unchanged.
#[must_use]
pub fn fit_to_factor(picture: RgbImage, resize: Resize, factor: u32) -> Fitted {
    let mut notes = Vec::new();
    let (from_width, from_height) = picture.dimensions();
    if from_width == 0 || from_height == 0 || factor == 0 {
        return Fitted { rgb: picture, crop: Crop { width: from_width, height: from_height }, notes };
    }
    let wanted = match resize {
        Resize::None => (from_width, from_height),
        Resize::Short(side) => smallest_side_size((from_width, from_height), side).unwrap_or((1, 1)),
        Resize::Fit(width, height) => size_within((from_width, from_height), (width, height)),
    };
    let picture = scale(picture, wanted, resize, &mut notes);
    let (width, height) = picture.dimensions();
    let (padded_width, padded_height) = (width.next_multiple_of(factor), height.next_multiple_of(factor));
    if (padded_width, padded_height) == (width, height) {
        return Fitted { rgb: picture, crop: Crop { width, height }, notes };
    }
    notes.push(format!("padded from {width} × {height} to {padded_width} × {padded_height}, cropped after"));
    let rgb = RgbImage::from_fn(padded_width, padded_height, |x, y| {
        *picture.get_pixel(x.min(width - 1), y.min(height - 1))
    });
    Fitted { rgb, crop: Crop { width, height }, notes }
}

fn scale(
    picture: RgbImage,
    (width, height): (u32, u32),
    resize: Resize,
    notes: &mut Vec<String>,
) -> RgbImage {
    let (from_width, from_height) = picture.dimensions();
    if (width, height) == (from_width, from_height) {
        return picture;
    }
    // A very long picture whose short side is enlarged would not fit any memory.
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        notes.push(format!("not resized: {width} × {height} would be more than {MAX_PIXELS} pixels"));
        return picture;
    }
    let (scaled, filter) = match resize {
        Resize::Fit(..) => (imageops::resize(&picture, width, height, FilterType::Lanczos3), "Lanczos"),
        _ => (resize_bilinear(&picture, width, height), "bilinear, as the official evaluation"),
    };
    notes.push(format!("resized from {from_width} × {from_height} to {width} × {height} ({filter})"));
    scaled
}

/// The largest size within a box that keeps the proportions.
fn size_within((width, height): (u32, u32), (most_width, most_height): (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(most_width) / f64::from(width)).min(f64::from(most_height) / f64::from(height));
    let scaled = |side: u32, most: u32| ((f64::from(side) * scale).round() as u32).clamp(1, most.max(1));
    (scaled(width, most_width), scaled(height, most_height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gradient(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x + y) as u8]))
    }

    #[test]
    fn settings_parse_and_print_the_same() {
        for text in ["none", "short:256", "fit:512x384"] {
            assert_eq!(text.parse::<Resize>().unwrap().to_string(), text);
        }
        for text in ["", "short", "short:0", "short:-1", "fit:512", "fit:0x5", "fit:1x99999999999", "long:5"]
        {
            assert_eq!(text.parse::<Resize>(), Err(ResizeError(text.to_owned())));
        }
    }

    #[test]
    fn fit_keeps_the_proportions_within_the_box() {
        let fitted = fit_to_factor(gradient(400, 100), Resize::Fit(64, 64), 16);
        assert_eq!(fitted.rgb.dimensions(), (64, 16));
        assert_eq!(fitted.notes, ["resized from 400 × 100 to 64 × 16 (Lanczos)"]);
    }

    #[test]
    fn a_size_beyond_the_limit_is_not_tried() {
        let fitted = fit_to_factor(gradient(1, 60_000), Resize::Short(4096), 16);
        assert_eq!(fitted.rgb.dimensions(), (16, 60_000));
        assert!(fitted.notes[0].starts_with("not resized"), "{:?}", fitted.notes);
    }

    #[test]
    fn short_sets_the_smaller_side() {
        let fitted = fit_to_factor(gradient(100, 50), Resize::Short(32), 16);
        assert_eq!(fitted.rgb.dimensions(), (64, 32));
    }

    proptest! {
        #[test]
        fn padding_repeats_the_edge_and_the_crop_undoes_it(
            width in 1_u32..70, height in 1_u32..70, levels in 0_u32..6,
        ) {
            let factor = 1 << levels;
            let picture = gradient(width, height);
            let fitted = fit_to_factor(picture.clone(), Resize::None, factor);
            let (padded_width, padded_height) = fitted.rgb.dimensions();
            prop_assert!(padded_width % factor == 0 && padded_height % factor == 0);
            prop_assert!(padded_width - width < factor && padded_height - height < factor);
            prop_assert_eq!(fitted.notes.is_empty(), (padded_width, padded_height) == (width, height));
            for (x, y, pixel) in fitted.rgb.enumerate_pixels() {
                prop_assert_eq!(pixel, picture.get_pixel(x.min(width - 1), y.min(height - 1)));
            }
            prop_assert_eq!(fitted.picture(), picture);
        }
    }
}
