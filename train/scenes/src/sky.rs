//! Skies: a gradient from horizon to zenith, a sun or moon with its glow, clouds in perspective, stars.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::math::{Vec2, bell, mix, pow, saturate, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;

/// The hours a sky can show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Hour {
    Dawn,
    Day,
    Golden,
    Dusk,
    Night,
    Overcast,
}

/// A sky over a horizon.
#[derive(Clone, Debug)]
pub(crate) struct Sky {
    pub(crate) hour: Hour,
    pub(crate) zenith: Rgb,
    pub(crate) low: Rgb,
    pub(crate) horizon: f32,
    /// Where the light comes from, in the picture or outside of it.
    pub(crate) sun: Vec2,
    pub(crate) light: Rgb,
    /// Radius of the visible disc; 0 for none.
    pub(crate) disc: f32,
    pub(crate) glow: f32,
    /// Part of the sky that clouds cover, 0 to 1.
    pub(crate) cover: f32,
    pub(crate) cloud_light: Rgb,
    pub(crate) cloud_shade: Rgb,
    clouds: Noise,
}

impl Sky {
    /// A sky of this hour, varied by the generator.
    pub(crate) fn new(hour: Hour, horizon: f32, rng: &mut Rng) -> Sky {
        let (zeniths, lows, light, cloud_light, cloud_shade): ([u32; 3], [u32; 3], u32, u32, u32) = match hour
        {
            Hour::Dawn => {
                ([0x6f8fc4, 0x8a86bd, 0x7fa3cf], [0xf9d0b0, 0xf7c3bd, 0xfce0b8], 0xfff0d0, 0xffe0cf, 0xa896b8)
            }
            Hour::Day => {
                ([0x2f6fc0, 0x3a86d8, 0x4a90cf], [0xb8daf2, 0xcfe6f2, 0xa8d4f0], 0xfffbe8, 0xfdfdfb, 0xa9b8c9)
            }
            Hour::Golden => {
                ([0x5f86b8, 0x7388a8, 0x4f7cb0], [0xfbd48a, 0xf8c070, 0xffdfa0], 0xffe6a8, 0xffe2b0, 0xb08d86)
            }
            Hour::Dusk => {
                ([0x2b2f66, 0x3d2f6b, 0x24406f], [0xff8a4a, 0xf2704f, 0xff9f5a], 0xffd08a, 0xff9a6a, 0x5a3d6a)
            }
            Hour::Night => {
                ([0x060a1e, 0x0a0f2b, 0x081626], [0x1d2d55, 0x28305a, 0x18384f], 0xe8eeff, 0x3a4668, 0x10162c)
            }
            Hour::Overcast => {
                ([0x8995a1, 0x7b8894, 0x959ca3], [0xc6cccf, 0xb8c1c6, 0xd2d3d0], 0xe8ecee, 0xd5d9db, 0x7f8993)
            }
        };
        let cover = match hour {
            Hour::Overcast => rng.range(0.75, 0.95),
            Hour::Night => rng.range(0.0, 0.35),
            _ => rng.range(0.1, 0.6),
        };
        Sky {
            hour,
            zenith: hex(rng.pick(&zeniths)).vary(rng, 0.12),
            low: hex(rng.pick(&lows)).vary(rng, 0.08),
            horizon,
            sun: vec2(rng.range(-0.1, 1.1), horizon - rng.range(0.25, 0.6)),
            light: hex(light),
            disc: 0.0,
            glow: 0.35,
            cover,
            cloud_light: hex(cloud_light).vary(rng, 0.05),
            cloud_shade: hex(cloud_shade).vary(rng, 0.08),
            clouds: Noise::new(rng),
        }
    }

    /// The color of the clear sky at a point.
    pub(crate) fn clear(&self, p: Vec2) -> Rgb {
        let up = saturate((self.horizon - p.y) * 1.35);
        let base = self.low.mix(self.zenith, pow(up, 0.62));
        let distance = (p - self.sun).length();
        base + self.light * (self.glow * (bell(distance * 2.2) * 0.55 + bell(distance * 7.0) * 0.6))
    }

    /// Paints the sky over the whole canvas.
    pub(crate) fn paint(&self, canvas: &mut Canvas) {
        let pixel = canvas.pixel;
        canvas.paint(|p| {
            let mut color = self.clear(p);
            if self.disc > 0.0 {
                let edge =
                    smooth(1.0, -1.0, ((p - self.sun).length() - self.disc) / pixel.max(0.1 * self.disc));
                color = color.mix(self.light.mix(gray(1.0), 0.45) * 1.2, edge);
            }
            if self.cover > 0.0 && p.y < self.horizon { self.over_clouds(p, color, pixel) } else { color }
        });
    }

    fn over_clouds(&self, p: Vec2, clear: Rgb, pixel: f32) -> Rgb {
        let up = self.horizon - p.y;
        let z = 1.0 / (up + 0.16);
        let at = vec2((p.x - 0.5) * z * 1.1, z * 1.9);
        let footprint = pixel * z * z * 0.6;
        let density = |q: Vec2| self.clouds.fractal(q, footprint) * 0.62 + 0.5;
        let here = density(at);
        let threshold = 1.0 - self.cover;
        let alpha = smooth(threshold - 0.04, threshold + 0.3, here);
        if alpha == 0.0 {
            return clear;
        }
        let to_sun = (self.sun - p).unit().scaled(0.3, 0.5) + vec2(0.0, 0.12);
        let lit = saturate(0.62 + (here - density(at + to_sun)) * 1.5);
        let near_sun = bell((p - self.sun).length() * 2.5);
        let color =
            self.cloud_shade.mix(self.cloud_light, lit) + self.light * (0.25 * near_sun * (1.2 - alpha));
        let haze = smooth(0.0, 0.22, up);
        clear.mix(color, alpha * mix(0.25, 0.96, haze))
    }

    /// Stars over what is there, thinning out toward the horizon.
    pub(crate) fn stars(&self, canvas: &mut Canvas, rng: &Rng, per_cell: i32) {
        for column in canvas.across(0.25, 0.0) {
            let mut rng = rng.item(column);
            for _ in 0..per_cell {
                let at = vec2((column as f32 + rng.unit()) * 0.25, self.horizon - rng.unit() * 1.1);
                let bright = rng.unit();
                let bright = bright * bright * bright;
                let color = hex(rng.pick(&[0xffffff, 0xcfe0ff, 0xffe9cf, 0xbcd0ff]));
                let fade = smooth(0.0, 0.3, self.horizon - at.y);
                let size = mix(0.0016, 0.0048, bright);
                canvas.dab(at, vec2(size, size), 0.0, color, fade * mix(0.5, 1.0, bright));
                if bright > 0.6 {
                    canvas.glow(Area::around(at, 0.03), |p| {
                        color * (0.35 * fade * bell((p - at).length() * 90.0))
                    });
                }
            }
        }
    }

    /// The color of far things: they take on that of the air.
    pub(crate) fn haze(&self, color: Rgb, amount: f32) -> Rgb {
        color.mix(self.low.mix(self.zenith, 0.15), amount)
    }

    /// How bright and of which color the light on the ground is.
    pub(crate) fn ambient(&self) -> Rgb {
        match self.hour {
            Hour::Dawn => hex(0xe8c8c0),
            Hour::Day => gray(1.0),
            Hour::Golden => hex(0xffdba0),
            Hour::Dusk => hex(0x9a6a78),
            Hour::Night => hex(0x35456f),
            Hour::Overcast => hex(0xb0b8be),
        }
    }
}
