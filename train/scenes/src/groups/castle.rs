//! A castle.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, hex};
use crate::math::{Vec2, bell, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{polygon, rounded_box};
use crate::sky::{Hour, Sky};

/// A castle with towers on a hill.
pub(crate) fn castle(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast, Hour::Dusk]);
    let horizon = rng.range(0.72, 0.8);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.15, 0.6);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient();
    let hills = Noise::new(rng);
    let far = sky.haze(hex(0x4a6a58) * light, 0.5);
    canvas.ridge(|x| horizon - 0.06 - 0.08 * hills.line(x * 1.7, pixel * 1.7), |_, _| far);
    let x = 0.5 + rng.around(0.1);
    let ground = rng.range(0.66, 0.72);
    let style = Castle {
        stone: hex(rng.pick(&[0xb8aa94, 0x9a948c, 0xc8b494, 0x8a8a92, 0xd8d0c4])) * light,
        roof: hex(rng.pick(&[0x8a3028, 0x3a4f78, 0x4a4a54, 0x2f5a5a])) * light,
        flag: hex(rng.pick(&[0xd83030, 0xf0c030, 0x3060c0])) * light,
        grain: Noise::new(rng),
        sun_side: if sky.sun.x < x { -1.0 } else { 1.0 },
        lit: hour == Hour::Dusk,
    };
    let pointed = rng.chance(0.7);
    style.tower(canvas, vec2(x - 0.07, ground), vec2(0.055, 0.42), pointed);
    style.tower(canvas, vec2(x + 0.1, ground), vec2(0.045, rng.range(0.3, 0.38)), pointed);
    style.tower(canvas, vec2(x, ground), vec2(0.14, 0.25), false);
    style.tower(canvas, vec2(x, ground + 0.02), vec2(0.29, 0.15), false);
    for side in [-1.0, 1.0] {
        let tall = rng.range(0.24, 0.32);
        style.tower(canvas, vec2(x + side * 0.28, ground + 0.03), vec2(0.062, tall), pointed);
    }
    style.tower(canvas, vec2(x, ground + 0.03), vec2(0.075, 0.19), false);
    style.gate(canvas, vec2(x, ground + 0.03));
    let green = hex(rng.pick(&[0x4f7a30, 0x6a8a3a, 0x5a7040])) * light;
    let grass = Noise::new(rng);
    let crest = |u: f32| {
        ground + 0.02 + 0.34 * smooth(0.24, 0.75, (u - x).abs()) + 0.018 * grass.line(u * 4.0, pixel * 4.0)
    };
    canvas.ridge(crest, |p, depth| {
        let blades = grass.rough(p.scaled(18.0, 26.0), pixel * 26.0, 0.7);
        let path = smooth(
            0.03 + depth * 0.12,
            0.02 + depth * 0.08,
            (p.x - x - 0.35 * depth * (depth * 14.0 + 1.0).min(2.0)).abs(),
        );
        (green * (0.85 + 0.35 * blades + 0.35 * depth)).mix(hex(0xc8b48c) * light, path * 0.85)
    });
    let shrubs = rng.clone();
    for i in canvas.across(0.028, 0.05) {
        let mut rng = shrubs.item(i);
        for _ in 0..7 {
            let u = (i as f32 + rng.unit()) * 0.028;
            let clump = grass.smooth(vec2(u * 4.0, 7.0));
            if clump > 0.0 && (u - x).abs() > 0.1 {
                let at = vec2(u, crest(u) + rng.range(-0.025, 0.045 + 0.2 * clump));
                let size = rng.range(0.01, 0.022);
                canvas.dab(
                    at,
                    vec2(size, size * 0.8),
                    0.0,
                    green.vary(&mut rng, 0.4) * rng.range(0.4, 0.95),
                    0.95,
                );
            }
        }
    }
}

struct Castle {
    stone: Rgb,
    roof: Rgb,
    flag: Rgb,
    grain: Noise,
    sun_side: f32,
    lit: bool,
}

impl Castle {
    /// A round tower or a stretch of wall with battlements, perhaps under a pointed roof.
    fn tower(&self, canvas: &mut Canvas, foot: Vec2, size: Vec2, pointed: bool) {
        let pixel = canvas.pixel;
        let tooth = 0.024;
        canvas.shape(
            Area::new(foot.x - size.x * 1.2, foot.y - size.y - 0.03, foot.x + size.x * 1.2, foot.y + 0.05),
            |p| {
                let up = foot.y - p.y;
                let across = (p.x - foot.x).abs();
                let crown = (across - size.x - 0.008).max((up - size.y + 0.02).abs() - 0.02);
                let teeth = (crown.max(across - size.x - 0.008)).min(
                    ((triangle((p.x - foot.x) / (2.0 * tooth) + 0.5) - 0.5) * -tooth)
                        .max((up - size.y - 0.01).abs() - 0.014)
                        .max(across - size.x - 0.008),
                );
                (across - size.x).max(up - size.y).max(-up - 0.05).min(teeth)
            },
            |p, _| {
                let up = foot.y - p.y;
                let across = (p.x - foot.x) / size.x;
                let row = (up * 42.0).floor();
                let block = self.grain.cell((p.x * 30.0 + row * 0.5).floor() as i32, row as i32) - 0.5;
                let rough = self.grain.rough(p * 14.0, pixel * 14.0, 0.65);
                let slit = vec2(
                    (triangle(across * if size.x > 0.1 { 2.0 } else { 0.5 } + 0.5) - 1.0) * size.x,
                    up - size.y * 0.62,
                );
                let window = smooth(
                    0.5,
                    -0.5,
                    (slit.x.abs() * 0.6 - 0.007).max(slit.y.abs() - 0.02) / pixel.max(0.004),
                );
                let round = if size.x < 0.1 { 0.72 + 0.3 * (1.0 - across * across) } else { 0.9 };
                let under = bell((up - size.y + 0.045) * 60.0) * 0.25;
                let shade = round
                    + 0.22 * across * self.sun_side
                    + 0.16 * rough
                    + 0.16 * block * saturate(1.6 - pixel * 60.0)
                    - under;
                let hole = if self.lit { hex(0xffc860) } else { self.stone * 0.22 };
                (self.stone * shade).mix(hole, window)
            },
        );
        if pointed {
            let eaves = foot - vec2(0.0, size.y + 0.012);
            let rise = size.x * 2.4;
            canvas.shape(
                Area::around(eaves, rise),
                |p| {
                    let up = eaves.y - p.y;
                    (((p.x - eaves.x).abs() - size.x * 1.25 * (1.0 - up / rise)) * 0.9).max(-up)
                },
                |p, _| {
                    let up = eaves.y - p.y;
                    let across = (p.x - eaves.x) / (size.x * 1.3);
                    let slates = 0.14 * (triangle(up * 34.0) - 0.5) * saturate(1.5 - pixel * 70.0);
                    self.roof * (0.95 + 0.5 * across * self.sun_side + slates)
                },
            );
            let tip = eaves - vec2(0.0, rise);
            canvas.stroke(tip, tip - vec2(0.0, 0.06), 0.005, 0.004, self.stone * 0.4);
            let cloth = [tip - vec2(0.0, 0.06), tip + vec2(0.05, -0.046), tip - vec2(0.0, 0.032)];
            canvas.shape(Area::around(tip, 0.08), |p| polygon(p, &cloth), |_, _| self.flag);
        }
    }

    fn gate(&self, canvas: &mut Canvas, foot: Vec2) {
        let arch = foot - vec2(0.0, 0.06);
        let dark = self.stone * 0.16;
        let distance = |p: Vec2| {
            ((p - arch).length() - 0.04).min(rounded_box(p - arch - vec2(0.0, 0.04), 0.04, 0.04, 0.0))
        };
        canvas.shape(Area::around(arch, 0.1), |p| distance(p) - 0.012, |_, _| self.stone * 0.7);
        canvas.shape(Area::around(arch, 0.1), distance, |p, _| {
            let bars = smooth(0.3, 0.1, triangle(p.x * 60.0)).max(smooth(0.3, 0.1, triangle(p.y * 60.0)));
            dark + self.stone * (0.14 * bars)
        });
    }
}
