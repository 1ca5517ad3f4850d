//! Water under a sky: what stands above it is mirrored in ripples that grow toward the viewer.

use crate::canvas::{Area, Canvas};
use crate::color::Rgb;
use crate::math::{bell, mix, saturate, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;

/// A surface of water from a horizon to the lower edge of the picture.
#[derive(Clone, Debug)]
pub(crate) struct Water {
    pub(crate) horizon: f32,
    /// Color of the water itself, seen steeply.
    pub(crate) body: Rgb,
    /// How much of the picture is the mirrored sky (0 to 1).
    pub(crate) mirror: f32,
    /// Height of the waves: 0 is a pond, 1 is the open sea.
    pub(crate) waves: f32,
    /// Where a path of light lies, and its color; black for none.
    pub(crate) glitter_x: f32,
    pub(crate) glitter: Rgb,
    noise: Noise,
}

impl Water {
    pub(crate) fn new(horizon: f32, body: Rgb, rng: &mut Rng) -> Water {
        Water {
            horizon,
            body,
            mirror: 0.7,
            waves: rng.range(0.15, 0.6),
            glitter_x: 0.5,
            glitter: crate::color::gray(0.0),
            noise: Noise::new(rng),
        }
    }

    /// Paints the water below the horizon, mirroring what is above.
    pub(crate) fn paint(&self, canvas: &mut Canvas) {
        let pixel = canvas.pixel;
        let depth = (1.0 - self.horizon).max(0.1);
        canvas.rework(Area::below(self.horizon), |before, p| {
            let down = p.y - self.horizon;
            let near = saturate(down / depth);
            let z = 0.16 / (down + 0.02);
            let at = vec2((p.x - 0.5) * z * 5.0, z * 14.0);
            let footprint = pixel * z * mix(14.0, 60.0, 0.25 / (1.0 + 40.0 * down));
            let wave = self.noise.rough(at, footprint, 0.6);
            let tilt = wave * (0.25 + self.waves);
            let reach = 0.03 + 0.16 * near;
            let mirrored = vec2(p.x + tilt * reach * 0.3, self.horizon - down * 0.9 - tilt * reach - 0.01);
            let reflection = before.sample(mirrored);
            let facing = saturate(self.mirror * (1.0 - 0.55 * near) + 0.22 * tilt);
            let mut color = (self.body * (0.85 + 0.3 * tilt)).mix(reflection, facing);
            let path = bell((p.x - self.glitter_x) / (0.05 + 0.22 * near));
            let sparkle = smooth(0.15 - 0.5 * path, 0.75 - 0.3 * path, wave) * path;
            color = color + self.glitter * (sparkle * 0.9 + path * 0.12);
            before.sample(p).mix(color, saturate(down / pixel + 0.5))
        });
    }
}
