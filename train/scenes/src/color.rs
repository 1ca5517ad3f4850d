//! Colors in display values (sRGB), 0 to 1 for each of red, green and blue.

use crate::math::{fraction, mix, saturate};
use crate::rng::Rng;
use std::ops::{Add, Mul};

/// A color. Values above one are allowed while light is added up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rgb {
    pub(crate) r: f32,
    pub(crate) g: f32,
    pub(crate) b: f32,
}

/// Makes a color from its parts.
pub(crate) const fn rgb(r: f32, g: f32, b: f32) -> Rgb {
    Rgb { r, g, b }
}

/// Makes a gray.
pub(crate) const fn gray(v: f32) -> Rgb {
    Rgb { r: v, g: v, b: v }
}

/// Makes a color from a number such as `0xff8800`.
pub(crate) const fn hex(code: u32) -> Rgb {
    Rgb {
        r: ((code >> 16) & 0xff) as f32 / 255.0,
        g: ((code >> 8) & 0xff) as f32 / 255.0,
        b: (code & 0xff) as f32 / 255.0,
    }
}

/// Makes a color from hue (in turns), saturation and value.
pub(crate) fn hsv(hue: f32, saturation: f32, value: f32) -> Rgb {
    let channel = |offset: f32| {
        let h = hue + offset;
        let t = (fraction(h) * 6.0 - 3.0).abs() - 1.0;
        value * mix(1.0, saturate(t), saturation)
    };
    rgb(channel(0.0), channel(2.0 / 3.0), channel(1.0 / 3.0))
}

impl Rgb {
    /// This color where `t` is 0, `other` where it is 1.
    pub(crate) fn mix(self, other: Rgb, t: f32) -> Rgb {
        rgb(mix(self.r, other.r, t), mix(self.g, other.g, t), mix(self.b, other.b, t))
    }

    /// Brightness as the eye weighs it.
    pub(crate) fn luma(self) -> f32 {
        0.299 * self.r + 0.587 * self.g + 0.114 * self.b
    }

    /// A neighbor of this color: brighter or darker, warmer or cooler, by about `amount`.
    pub(crate) fn vary(self, rng: &mut Rng, amount: f32) -> Rgb {
        let light = 1.0 + rng.around(amount);
        let warmth = rng.around(amount * 0.5);
        let green = rng.around(amount * 0.3);
        rgb(self.r * (light + warmth), self.g * (light + green), self.b * (light - warmth))
    }
}

impl Add for Rgb {
    type Output = Rgb;
    fn add(self, other: Rgb) -> Rgb {
        rgb(self.r + other.r, self.g + other.g, self.b + other.b)
    }
}

impl Mul<f32> for Rgb {
    type Output = Rgb;
    fn mul(self, factor: f32) -> Rgb {
        rgb(self.r * factor, self.g * factor, self.b * factor)
    }
}

impl Mul<Rgb> for Rgb {
    type Output = Rgb;
    fn mul(self, other: Rgb) -> Rgb {
        rgb(self.r * other.r, self.g * other.g, self.b * other.b)
    }
}
