//! Noise textures: random, smooth, and never finer than the picture can show.
//!
//! Fractal sums end with the octave that a pixel can still resolve, and that octave fades in, so that a scene has
//! the same texture at every resolution without aliasing.

use crate::math::{Vec2, floor, saturate, vec2};
use crate::rng::Rng;

/// A random texture over the whole plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    seed: u32,
}

/// The nearest cells of a random mosaic around a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells {
    /// From the point to the border of its cell, roughly, in lattice units.
    pub(crate) border: f32,
    /// From the point to the center of its cell.
    pub(crate) offset: Vec2,
    /// A random number in 0..1 of the cell.
    pub(crate) id: f32,
}

impl Noise {
    pub(crate) fn new(rng: &mut Rng) -> Noise {
        Noise { seed: rng.bits() }
    }

    fn lattice(self, x: i32, y: i32) -> u32 {
        let mut h = self.seed
            ^ (x as u32).wrapping_mul(0x9e37_79b1)
            ^ (y as u32).wrapping_mul(0x85eb_ca77).rotate_left(13);
        h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
        h ^ (h >> 15)
    }

    /// A random number in 0..1 for a lattice cell.
    pub(crate) fn cell(self, x: i32, y: i32) -> f32 {
        (self.lattice(x, y) >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Gradient noise, about −1..1, with features of size one.
    pub(crate) fn smooth(self, p: Vec2) -> f32 {
        let (ix, iy) = (floor(p.x), floor(p.y));
        let (x, y) = (p.x - ix as f32, p.y - iy as f32);
        let corner = |dx: i32, dy: i32| {
            let h = self.lattice(ix.wrapping_add(dx), iy.wrapping_add(dy));
            let gx = (h & 0xffff) as f32 * (1.0 / 32_768.0) - 1.0;
            let gy = (h >> 16) as f32 * (1.0 / 32_768.0) - 1.0;
            gx * (x - dx as f32) + gy * (y - dy as f32)
        };
        let u = x * x * x * (x * (x * 6.0 - 15.0) + 10.0);
        let v = y * y * y * (y * (y * 6.0 - 15.0) + 10.0);
        let top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * u;
        let bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * u;
        (top + (bottom - top) * v) * 1.5
    }

    /// Fractal noise, about −1..1: octaves of half the size and half the strength.
    /// `footprint` is the side of a pixel in the units of `p`.
    pub(crate) fn fractal(self, p: Vec2, footprint: f32) -> f32 {
        self.octaves(p, footprint, 0.5, |n| n)
    }

    /// Fractal noise whose octaves lose strength by `gain`: above a half for rough, below for smooth.
    pub(crate) fn rough(self, p: Vec2, footprint: f32, gain: f32) -> f32 {
        self.octaves(p, footprint, gain, |n| n)
    }

    /// Ridged noise, about 0..1: sharp crests as of mountains. `gain` as for [`Noise::rough`].
    pub(crate) fn ridged(self, p: Vec2, footprint: f32, gain: f32) -> f32 {
        0.55 + self.octaves(p, footprint, gain, |n| 0.45 - 1.3 * n.abs()) * 0.65
    }

    /// Fractal noise along a line, about −1..1.
    pub(crate) fn line(self, x: f32, footprint: f32) -> f32 {
        self.octaves(vec2(x, 0.37), footprint, 0.5, |n| n)
    }

    fn octaves(self, mut p: Vec2, mut footprint: f32, gain: f32, shape: impl Fn(f32) -> f32) -> f32 {
        let mut total = 0.0;
        let mut strength = 1.0;
        let mut octave = self;
        for _ in 0..9 {
            let visible = saturate(2.0 - 4.0 * footprint);
            if visible == 0.0 {
                break;
            }
            total += shape(octave.smooth(p)) * strength * visible;
            strength *= gain;
            footprint *= 2.0;
            p = vec2(1.6 * p.x - 1.2 * p.y + 5.3, 1.2 * p.x + 1.6 * p.y - 2.7);
            octave.seed = octave.seed.wrapping_add(0x632b_e5ab);
        }
        total
    }

    /// A mosaic of irregular cells of size about one.
    pub(crate) fn cells(self, p: Vec2) -> Cells {
        let (ix, iy) = (floor(p.x), floor(p.y));
        let mut nearest = (f32::MAX, vec2(0.0, 0.0), 0.0);
        let mut second = (f32::MAX, vec2(0.0, 0.0));
        for dy in -1..=1 {
            for dx in -1..=1 {
                let (cx, cy) = (ix.wrapping_add(dx), iy.wrapping_add(dy));
                let h = self.lattice(cx, cy);
                let jitter = vec2((h & 0xfff) as f32, ((h >> 12) & 0xfff) as f32) * (1.0 / 4096.0);
                let offset = vec2(cx as f32, cy as f32) + vec2(0.1, 0.1) + jitter * 0.8 - p;
                let distance = offset.dot(offset);
                if distance < nearest.0 {
                    second = (nearest.0, nearest.1);
                    nearest = (distance, offset, (h >> 24) as f32 * (1.0 / 256.0));
                } else if distance < second.0 {
                    second = (distance, offset);
                }
            }
        }
        let between = second.1 - nearest.1;
        let border = ((nearest.1 + second.1) * 0.5).dot(between.unit());
        Cells { border, offset: nearest.1 * -1.0, id: nearest.2 }
    }
}
