//! Arithmetic that gives the same bits on every platform.
//!
//! IEEE 754 fixes the results of `+ - * /`, square root and rounding; it does not fix those of the
//! trigonometric and exponential functions of a platform's mathematical library. These are therefore computed here
//! from polynomials, to about five digits, which is enough for pictures.

use std::f32::consts::{LN_2, PI};
use std::ops::{Add, Mul, Sub};

/// A full turn in radians.
pub(crate) const TURN: f32 = 2.0 * PI;

/// A point or a direction in the plane: x to the right, y downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Vec2 {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// Makes a [`Vec2`].
pub(crate) const fn vec2(x: f32, y: f32) -> Vec2 {
    Vec2 { x, y }
}

impl Vec2 {
    pub(crate) fn dot(self, other: Vec2) -> f32 {
        self.x * other.x + self.y * other.y
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The same direction with length one; the zero vector stays as it is.
    pub(crate) fn unit(self) -> Vec2 {
        let length = self.length();
        if length > 0.0 { self * (1.0 / length) } else { self }
    }

    /// Turned by an angle in radians, clockwise on the screen.
    pub(crate) fn turned(self, angle: f32) -> Vec2 {
        let (s, c) = (sin(angle), cos(angle));
        vec2(c * self.x - s * self.y, s * self.x + c * self.y)
    }

    /// Multiplied component by component.
    pub(crate) fn scaled(self, x: f32, y: f32) -> Vec2 {
        vec2(self.x * x, self.y * y)
    }
}

impl Add for Vec2 {
    type Output = Vec2;
    fn add(self, other: Vec2) -> Vec2 {
        vec2(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vec2 {
    type Output = Vec2;
    fn sub(self, other: Vec2) -> Vec2 {
        vec2(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Vec2 {
    type Output = Vec2;
    fn mul(self, factor: f32) -> Vec2 {
        vec2(self.x * factor, self.y * factor)
    }
}

/// The largest whole number not above `x`, for |x| below 2³¹: compiled to a few instructions everywhere, where the
/// standard one is a function call on processors without a rounding instruction.
pub(crate) fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole.wrapping_sub(i32::from(whole as f32 > x))
}

/// What is left of `x` above the whole number below it, in 0..1.
pub(crate) fn fraction(x: f32) -> f32 {
    x - floor(x) as f32
}

/// Sine of an angle in radians.
pub(crate) fn sin(x: f32) -> f32 {
    let turns = x * (1.0 / TURN);
    let mut t = turns - floor(turns + 0.5) as f32;
    if t > 0.25 {
        t = 0.5 - t;
    } else if t < -0.25 {
        t = -0.5 - t;
    }
    let y = t * TURN;
    let y2 = y * y;
    y * (1.0 + y2 * (-1.0 / 6.0 + y2 * (1.0 / 120.0 + y2 * (-1.0 / 5040.0 + y2 * (1.0 / 362_880.0)))))
}

/// Cosine of an angle in radians.
pub(crate) fn cos(x: f32) -> f32 {
    sin(x + 0.25 * TURN)
}

/// The direction that has an angle in radians.
pub(crate) fn direction(angle: f32) -> Vec2 {
    vec2(cos(angle), sin(angle))
}

/// The angle of a direction in radians, from −π to π.
pub(crate) fn angle(v: Vec2) -> f32 {
    let (ax, ay) = (v.x.abs(), v.y.abs());
    let larger = if ax > ay { ax } else { ay };
    if larger == 0.0 {
        return 0.0;
    }
    let t = if ax > ay { ay / ax } else { ax / ay };
    let t2 = t * t;
    let polynomial =
        0.999_866 + t2 * (-0.330_299_5 + t2 * (0.180_141 + t2 * (-0.085_133 + t2 * 0.020_835_1)));
    let mut a = t * polynomial;
    if ay > ax {
        a = 0.5 * PI - a;
    }
    if v.x < 0.0 {
        a = PI - a;
    }
    if v.y < 0.0 { -a } else { a }
}

/// Two to the power `x`.
pub(crate) fn exp2(x: f32) -> f32 {
    let x = x.clamp(-126.0, 126.0);
    let whole = floor(x);
    let y = (x - whole as f32) * LN_2;
    let series =
        1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0 + y / 720.0)))));
    series * f32::from_bits(((whole + 127) as u32) << 23)
}

/// The exponential function.
pub(crate) fn exp(x: f32) -> f32 {
    exp2(x * (1.0 / LN_2))
}

/// The bell curve `exp(-x²)`.
pub(crate) fn bell(x: f32) -> f32 {
    exp(-x * x)
}

/// Logarithm to base two of a positive number.
fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) & 0xff) as i32 - 127;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let s2 = s * s;
    let series = s * (1.0 + s2 * (1.0 / 3.0 + s2 * (0.2 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0)))));
    exponent as f32 + series * (2.0 / LN_2)
}

/// `x` to the power `y`; zero for `x` not above zero.
pub(crate) fn pow(x: f32, y: f32) -> f32 {
    if x > 1e-30 { exp2(y * log2(x)) } else { 0.0 }
}

/// `a` where `t` is 0, `b` where it is 1, in a straight line between.
pub(crate) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// `x` limited to 0..1.
pub(crate) fn saturate(x: f32) -> f32 {
    x.clamp(0.0, 1.0)
}

/// From 0 where `x` ≤ `from` to 1 where `x` ≥ `to`, with soft ends. `from` may be above `to`.
pub(crate) fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = saturate((x - from) / (to - from));
    t * t * (3.0 - 2.0 * t)
}

/// A wave of triangles with period one: 0 at whole numbers, 1 half way between.
pub(crate) fn triangle(x: f32) -> f32 {
    1.0 - (2.0 * fraction(x) - 1.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the platform's functions are what these are compared with"
    )]
    fn agrees_with_the_platform() {
        for i in -400..400 {
            let x = i as f32 * 0.037;
            assert!((sin(x) - x.sin()).abs() < 2e-5, "sin {x}");
            assert!((cos(x) - x.cos()).abs() < 2e-5, "cos {x}");
            assert!((exp(x) / x.exp() - 1.0).abs() < 2e-5, "exp {x}");
            let positive = x.abs() + 0.01;
            assert!((pow(positive, 1.7) / positive.powf(1.7) - 1.0).abs() < 5e-5, "pow {positive}");
            let v = vec2(x.cos(), x.sin());
            assert!((angle(v) - v.y.atan2(v.x)).abs() < 1e-4, "angle {x}");
        }
    }
}
