//! Squares of one size out of pictures of any size.

use image::{
    RgbImage,
    imageops::{FilterType, crop_imm, flip_horizontal_in_place, resize},
};

use crate::random::Random;

/// The middle square, scaled to `side`.
///
/// # Errors
/// The reason, when the picture is smaller than that.
pub(super) fn middle(picture: &RgbImage, side: usize) -> Result<RgbImage, String> {
    let (width, height) = picture.dimensions();
    let shorter = at_least(picture, side)?;
    Ok(square(picture, (width - shorter) / 2, (height - shorter) / 2, shorter, side as u32))
}

/// A square at random, mirrored or not: the picture scaled so that its shorter side is between `side` and 5/4 of it, but
/// never enlarged, and then cropped anywhere. What surrounds the square is not scaled.
///
/// # Errors
/// The reason, when the picture is smaller than that.
pub(super) fn random(picture: &RgbImage, side: usize, random: &mut Random) -> Result<RgbImage, String> {
    let (width, height) = picture.dimensions();
    let shorter = at_least(picture, side)? as usize;
    let most = shorter.min(side + side / 4);
    let scaled = side + random.below(most - side + 1);
    // What `side` pixels of the scaled picture are in the picture.
    let size = ((side * shorter + scaled / 2) / scaled) as u32;
    let left = random.below((width - size) as usize + 1) as u32;
    let top = random.below((height - size) as usize + 1) as u32;
    let mut crop = square(picture, left, top, size, side as u32);
    if random.below(2) == 1 {
        flip_horizontal_in_place(&mut crop);
    }
    Ok(crop)
}

/// The shorter side, if it is not below `side`.
fn at_least(picture: &RgbImage, side: usize) -> Result<u32, String> {
    let (width, height) = picture.dimensions();
    let shorter = width.min(height);
    if (shorter as usize) < side {
        return Err(format!("{width}×{height} is smaller than {side}×{side}"));
    }
    Ok(shorter)
}

/// The square of `size` pixels at a place, scaled to `side`.
fn square(picture: &RgbImage, left: u32, top: u32, size: u32, side: u32) -> RgbImage {
    let crop = crop_imm(picture, left, top, size, size).to_image();
    if size == side { crop } else { resize(&crop, side, side, FilterType::Triangle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red grows to the right, green downwards.
    fn slope(width: u32, height: u32) -> RgbImage {
        let level = |at: u32, of: u32| (at * 255 / (of - 1).max(1)) as u8;
        RgbImage::from_fn(width, height, |x, y| image::Rgb([level(x, width), level(y, height), 0]))
    }

    #[test]
    fn a_picture_of_the_size_stays_as_it_is_but_for_the_mirror() {
        let picture = slope(16, 16);
        let mut mirrored = picture.clone();
        flip_horizontal_in_place(&mut mirrored);
        assert_eq!(middle(&picture, 16).unwrap(), picture);
        let mut generator = Random::new(1);
        let seen: Vec<_> = (0..20).map(|_| random(&picture, 16, &mut generator).unwrap()).collect();
        assert!(seen.iter().all(|crop| *crop == picture || *crop == mirrored));
        assert!(seen.contains(&picture) && seen.contains(&mirrored));
    }

    #[test]
    fn crops_differ_in_place_and_scale_keep_the_aspect_and_never_enlarge() {
        let picture = slope(200, 100);
        let mut generator = Random::new(2);
        for _ in 0..200 {
            let crop = random(&picture, 40, &mut generator).unwrap();
            assert_eq!(crop.dimensions(), (40, 40));
            let span = |channel: usize, [from, to]: [(u32, u32); 2]| {
                i32::from(crop.get_pixel(to.0, to.1)[channel])
                    .abs_diff(i32::from(crop.get_pixel(from.0, from.1)[channel]))
            };
            // Between 4/5 and all of the shorter side, and half of that share of the longer one.
            let (across, down) = (span(0, [(0, 20), (39, 20)]), span(1, [(20, 0), (20, 39)]));
            assert!((190..=255).contains(&down), "{down}");
            assert!(across.abs_diff(down / 2) <= 6, "{across} {down}");
        }
        let close = slope(50, 44);
        assert!((0..50).all(|_| random(&close, 40, &mut generator).unwrap().dimensions() == (40, 40)));
        assert_eq!(random(&close, 45, &mut generator).unwrap_err(), "50×44 is smaller than 45×45");
        assert_eq!(random(&picture, 40, &mut Random::new(9)), random(&picture, 40, &mut Random::new(9)));
    }
}
