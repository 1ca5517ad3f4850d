//! The range of pixel values inside the network, and the official rounding on the way back.

/// A pixel value as the network sees it: `u8 / 127.5 - 1`, in [-1, 1].
///
/// Computed in f64 and then rounded, as the official code does: in f32 the subtraction would leave other last bits.
#[must_use]
pub fn pixel_to_model(value: u8) -> f32 {
    (f64::from(value) / 127.5 - 1.0) as f32
}

/// A network output as an 8-bit pixel: clamped to [-1, 1], then `floor((x + 1) / 2 · 255)`.
///
/// Truncation is what the official code does. It makes 95 of the 256 values come back one lower from
/// [`pixel_to_model`]; metrics are only comparable with published ones when this is kept.
#[must_use]
pub fn model_to_pixel(value: f32) -> u8 {
    ((value.clamp(-1.0, 1.0) + 1.0) / 2.0 * 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_are_exact() {
        assert_eq!((pixel_to_model(0), pixel_to_model(255)), (-1.0, 1.0));
        assert_eq!((model_to_pixel(-3.0), model_to_pixel(3.0)), (0, 255));
    }

    #[test]
    fn the_round_trip_loses_one_for_ninety_five_values() {
        let lower =
            (0..=255).filter(|&v| model_to_pixel(pixel_to_model(v)) == u8::wrapping_sub(v, 1)).count();
        let same = (0..=255).filter(|&v| model_to_pixel(pixel_to_model(v)) == v).count();
        assert_eq!((lower, same), (95, 161));
    }

    #[test]
    fn a_value_that_is_not_a_number_is_black() {
        assert_eq!(model_to_pixel(f32::NAN), 0);
    }
}
