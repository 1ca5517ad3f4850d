//! Landscapes as height fields, seen in perspective from a point above the ground.
//!
//! Each column of the picture walks away from the viewer over the ground; wherever the ground rises above all that
//! was seen before, it is visible. Steps lengthen with distance, as perspective does.

use crate::canvas::Canvas;
use crate::color::{Rgb, gray};
use crate::lighting::Vec3;
use crate::math::{Vec2, vec2};

/// A viewer over a ground: positions on the ground are (right, away), heights are upwards.
pub(crate) struct Terrain {
    /// Height in the picture at which flat ground vanishes.
    pub(crate) horizon: f32,
    /// How high the eye is above height zero.
    pub(crate) eye: f32,
    /// Distances at which the walk starts and ends.
    pub(crate) near: f32,
    pub(crate) far: f32,
    /// Size in the picture of a thing of size one at distance one.
    pub(crate) focal: f32,
}

/// A point of the ground that is seen.
#[derive(Clone, Copy)]
pub(crate) struct Ground {
    pub(crate) at: Vec2,
    pub(crate) height: f32,
    /// Upwards is negative y, as in pictures; away from the viewer is negative z.
    pub(crate) normal: Vec3,
    /// Side of a pixel on the ground there.
    pub(crate) footprint: f32,
}

impl Terrain {
    /// Where a point above the ground appears in the picture.
    pub(crate) fn project(&self, at: Vec2, height: f32) -> Vec2 {
        let scale = self.focal / at.y;
        vec2(0.5 + at.x * scale, self.horizon + (self.eye - height) * scale)
    }

    /// Paints the ground. `height(at, footprint)` is the height field, `color` what the ground looks like.
    pub(crate) fn paint(
        &self,
        canvas: &mut Canvas,
        height: impl Fn(Vec2, f32) -> f32,
        color: impl Fn(&Ground) -> Rgb,
    ) {
        let rows = canvas.height();
        let top = canvas.view().min.y;
        let pixel = canvas.pixel;
        let growth = 1.0 + (pixel * 3.0).clamp(0.004, 0.06);
        let mut column: Vec<(Rgb, f32)> = Vec::new();
        for x in 0..canvas.width() {
            column.clear();
            column.resize(rows, (gray(0.0), 0.0));
            for sub in [-0.25, 0.25] {
                let slant = (canvas.point(x, 0).x + sub * pixel - 0.5) / self.focal;
                let look = |z: f32| {
                    let at = vec2(slant * z, z);
                    let footprint = pixel * z / self.focal;
                    let here = height(at, footprint);
                    let row = (self.horizon + (self.eye - here) * self.focal / z - top) / pixel;
                    (row, at, here, footprint)
                };
                // The highest row covered so far, counted downwards from the top in pixels.
                let mut covered = rows as f32;
                let mut previous: Option<(f32, Rgb)> = None;
                let mut cover = |z: f32, previous: Option<(f32, Rgb)>| {
                    let (row, at, here, footprint) = look(z);
                    if row >= covered {
                        return None;
                    }
                    let ground = self.ground(&height, at, here, footprint);
                    // Where the ground falls away behind a crest only the near side's color is to be seen.
                    let turned_away = ground.normal.dot(self.towards_eye(at, here)) <= 0.0;
                    let tone = match previous {
                        Some((_, tone)) if turned_away => tone,
                        _ => color(&ground),
                    };
                    let (from_row, from_tone) = previous.unwrap_or((row, tone));
                    fill(&mut column, row, covered, (row, tone), (from_row.max(row + 1e-3), from_tone));
                    covered = row;
                    Some((row, tone))
                };
                let (mut z, mut step) = (self.near, 0.0);
                while z < self.far {
                    let seen = cover(z, previous);
                    if seen.is_none() && previous.is_some() {
                        // The ground has just fallen out of sight: its crest lies within the last step.
                        for part in [0.75, 0.5, 0.25] {
                            previous = cover(z - step * part, previous).or(previous);
                        }
                    }
                    previous = seen;
                    step = z * (growth - 1.0);
                    z += step;
                }
            }
            for (y, &(sum, coverage)) in column.iter().enumerate() {
                if coverage > 0.0 {
                    let i = y * canvas.width() + x;
                    let left = 1.0 - 0.5 * coverage;
                    canvas.pixels[i] = canvas.pixels[i] * left + sum * 0.5;
                }
            }
        }
    }

    fn towards_eye(&self, at: Vec2, here: f32) -> Vec3 {
        Vec3::unit(-at.x, here - self.eye, at.y)
    }

    fn ground(&self, height: &impl Fn(Vec2, f32) -> f32, at: Vec2, here: f32, footprint: f32) -> Ground {
        let step = (footprint * 1.5).max(0.004);
        let right = (height(at + vec2(step, 0.0), footprint) - here) / step;
        let away = (height(at + vec2(0.0, step), footprint) - here) / step;
        Ground { at, height: here, normal: Vec3::unit(-right, -1.0, away), footprint }
    }
}

/// Adds a vertical run of ground from row `top` to row `bottom`, its color going from that of `far` to that of `near`.
fn fill(column: &mut [(Rgb, f32)], top: f32, bottom: f32, far: (f32, Rgb), near: (f32, Rgb)) {
    let first = top.max(0.0) as usize;
    let last = (bottom.ceil().max(0.0) as usize).min(column.len());
    for (y, cell) in column.iter_mut().enumerate().take(last).skip(first) {
        let (from, to) = ((y as f32).max(top), (y as f32 + 1.0).min(bottom));
        let part = (to - from).max(0.0);
        let t = ((0.5 * (from + to) - far.0) / (near.0 - far.0)).clamp(0.0, 1.0);
        let tone = far.1.mix(near.1, t);
        *cell = (cell.0 + tone * part, cell.1 + part);
    }
}
