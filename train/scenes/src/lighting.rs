//! Round things under a light.

use crate::color::{Rgb, gray};
use crate::math::{Vec2, pow, saturate};

/// A direction in space: x right, y down, z toward the viewer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vec3 {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

impl Vec3 {
    /// Of length one, in this direction.
    pub(crate) fn unit(x: f32, y: f32, z: f32) -> Vec3 {
        let scale = 1.0 / (x * x + y * y + z * z).sqrt().max(1e-6);
        Vec3 { x: x * scale, y: y * scale, z: z * scale }
    }

    pub(crate) fn dot(self, other: Vec3) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }
}

/// The normal of a ball of radius one at a point of its disc; on the rim for points outside.
pub(crate) fn ball(p: Vec2) -> Vec3 {
    Vec3::unit(p.x, p.y, (1.0 - p.dot(p)).max(0.0).sqrt())
}

/// A light: a key from one direction, a fill from all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Light {
    pub(crate) from: Vec3,
    pub(crate) key: Rgb,
    pub(crate) fill: Rgb,
}

impl Light {
    /// A white key from above at this angle to the left (negative) or right, and a bluish fill.
    pub(crate) fn from_side(side: f32) -> Light {
        Light {
            from: Vec3::unit(side, -0.75, 0.75),
            key: Rgb { r: 0.82, g: 0.79, b: 0.74 },
            fill: Rgb { r: 0.30, g: 0.32, b: 0.37 },
        }
    }

    /// The color of a matt surface.
    pub(crate) fn matt(&self, color: Rgb, normal: Vec3) -> Rgb {
        let lambert = saturate(normal.dot(self.from) * 0.85 + 0.15);
        let bounce = saturate(normal.y) * 0.12;
        color * (self.key * lambert + self.fill * (0.75 - 0.25 * normal.y) + gray(bounce))
    }

    /// The highlight of a glossy surface, for adding.
    pub(crate) fn gloss(&self, normal: Vec3, sharpness: f32) -> f32 {
        let half = Vec3::unit(self.from.x, self.from.y, self.from.z + 1.0);
        pow(saturate(normal.dot(half)), sharpness)
    }
}
