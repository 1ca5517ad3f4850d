//! Landscapes.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, grey, hex};
use crate::math::{Vec2, bell, mix, saturate, sin, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::sky::{Hour, Sky};

/// Snowy peaks, range behind range, above a valley.
pub(crate) fn mountains(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Dawn, Hour::Golden, Hour::Overcast]);
    let horizon = rng.range(0.62, 0.78);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.05, 0.5);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let side = if sky.sun.x < 0.5 { -1.0 } else { 1.0 };
    let rock = hex(rng.pick(&[0x5f6470, 0x6a5f5a, 0x54606f, 0x706a62]));
    let snow_line = rng.range(0.12, 0.34);
    let ranges = rng.int(2, 3);
    for i in 0..ranges {
        let near = i as f32 / (ranges - 1) as f32;
        let shape = Noise::new(rng);
        let detail = Noise::new(rng);
        let frequency = mix(1.4, 1.9, near) * rng.range(0.85, 1.2);
        let base = horizon + mix(-0.06, 0.03, near);
        let tall = mix(0.52, 0.34, near) * rng.range(0.85, 1.15);
        let peak = vec2(rng.range(0.2, 0.8), rng.range(0.1, 0.22));
        let crest = |x: f32| {
            let ridge = shape.ridged(vec2(x * frequency, 0.5), pixel * frequency);
            base - tall * ridge * 0.75 - peak.y * (1.0 - near) * (1.0 - ((x - peak.x) * 2.6).abs()).max(0.0)
        };
        let haze = mix(0.42, 0.08, near);
        let relief = |p: Vec2| {
            let q = p.scaled(7.0, 5.0) + vec2(p.y * 2.0 * side, 0.0);
            detail.ridged(q, pixel * 7.0)
        };
        canvas.ridge(crest, |p, depth| {
            let here = relief(p);
            let lit = saturate(0.5 + (here - relief(p + vec2(-0.035 * side, 0.02))) * 1.6);
            let patchy = depth + (here - 0.5) * 0.22;
            let snow = smooth(snow_line + 0.05, snow_line - 0.05, patchy * mix(1.0, 1.6, near));
            let white = hex(0x8fa3c4).mix(hex(0xfffdf8), lit);
            let stone = (rock * 0.45).mix(rock * 1.35, lit);
            let foot = smooth(0.2, 0.5, depth);
            let ground = stone.mix(hex(0x3f5a3a), foot * 0.8 * near);
            sky.haze(ground.mix(white, snow) * sky.ambient(), haze + 0.25 * foot * (1.0 - near))
        });
    }
    let meadow = Noise::new(rng);
    let green = hex(rng.pick(&[0x4f6f36, 0x5f7a3c, 0x3f6040, 0x7a7a40])) * sky.ambient();
    let lower = horizon + rng.range(0.02, 0.1);
    canvas.ridge(
        |x| lower + 0.05 * meadow.line(x * 1.7, pixel * 1.7),
        |p, depth| {
            let z = 1.0 / (depth + 0.12);
            let texture = meadow.rough(vec2(p.x * z * 1.6, z * 3.0), pixel * z * z * 1.5, 0.65);
            sky.haze(green * (0.72 + 0.7 * depth + 0.35 * texture), (0.35 - depth).max(0.0))
        },
    );
    let woods = rng.clone();
    let dark = hex(0x1f3528) * sky.ambient();
    for i in canvas.across(0.045, 0.05) {
        let mut rng = woods.item(i);
        let x = (i as f32 + rng.range(-0.4, 0.4)) * 0.045;
        let density = meadow.line(x * 2.3 + 9.0, 0.1);
        if density > -0.1 {
            let y = lower + 0.05 * meadow.line(x * 1.7, pixel * 1.7) + rng.range(0.0, 0.05);
            let tall = rng.range(0.05, 0.1);
            conifer(canvas, vec2(x, y + 0.01), tall, dark.vary(&mut rng, 0.25), 0.0, &mut rng);
        }
    }
}

/// A fir or pine standing on `foot`, lit from the left, with snow on its boughs from 0 to 1.
pub(crate) fn conifer(canvas: &mut Canvas, foot: Vec2, tall: f32, color: Rgb, snow: f32, rng: &mut Rng) {
    let noise = Noise::new(rng);
    let tiers = rng.range(5.0, 8.0);
    let slim = rng.range(0.2, 0.3);
    let pixel = canvas.pixel;
    canvas.stroke(
        foot,
        foot - vec2(0.0, 0.3 * tall),
        0.05 * tall,
        0.03 * tall,
        color.mix(hex(0x2a1a10), 0.5),
    );
    let area = Area::new(foot.x - slim * tall, foot.y - tall, foot.x + slim * tall, foot.y);
    canvas.layer(area, |p| {
        let q = (p - foot) * (1.0 / tall);
        let up = -q.y;
        if !(0.06..=1.0).contains(&up) {
            return (color, 0.0);
        }
        let tier = up * tiers;
        let saw = 1.0 - (tier - tier.floor());
        let ragged = noise.fractal(q * 14.0, pixel / tall * 14.0);
        let half = slim * (1.0 - up) * (0.62 + 0.38 * saw) + 0.035 * ragged * (1.1 - up);
        let alpha = saturate(0.5 + (half - q.x.abs()) * tall / pixel);
        let lit = 0.78 - 0.55 * q.x / slim + 0.4 * ragged - 0.35 * (1.0 - saw);
        let white = smooth(0.35, 0.8, saw + 0.4 * ragged) * snow;
        ((color * lit).mix(grey(0.92) * (0.75 + 0.25 * lit), white), alpha)
    });
}

/// Dunes under a hot sky, with wind ripples and long shadows.
pub(crate) fn desert(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden]);
    let horizon = rng.range(0.36, 0.5);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.0, 0.25);
    sky.low = sky.low.mix(hex(0xf2dcb4), 0.5);
    if rng.chance(0.5) {
        sky.sun = vec2(rng.range(0.1, 0.9), rng.range(0.08, 0.22));
        sky.disc = 0.045;
    }
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let sand = hex(rng.pick(&[0xdca868, 0xe2b878, 0xd08f50, 0xc87848])).vary(rng, 0.08);
    let side = if sky.sun.x < 0.5 { -1.0 } else { 1.0 };
    let dunes = rng.int(4, 5);
    let grain = Noise::new(rng);
    for i in 0..dunes {
        let near = i as f32 / (dunes - 1) as f32;
        let shape = Noise::new(rng);
        let base = mix(horizon + 0.03, 0.88, near * near * 0.6 + near * 0.4);
        let tall = mix(0.05, 0.2, near);
        let frequency = mix(2.4, 0.9, near);
        let crest = |x: f32| {
            base - tall
                * (shape.smooth(vec2(x * frequency, 0.7)) * 0.8
                    + 0.2 * shape.smooth(vec2(x * frequency * 2.3, 3.7)))
        };
        // The sharp edge of a dune winds down from its crest and parts the lit face from the shaded one.
        let start = rng.range(-0.2, 1.2);
        canvas.ridge(crest, |p, depth| {
            let slope = (crest(p.x + 0.02) - crest(p.x - 0.02)) / 0.04;
            let spread = 1.6 + 2.0 * (1.0 - near);
            let winding = 0.16 * sin(depth * 9.0 + start * 6.0) + depth * spread * side * -0.6;
            let period = (p.x - start - winding) / mix(0.5, 1.1, near);
            let cell = period - period.floor();
            let face = if side < 0.0 {
                smooth(0.0, 0.03, cell) * (1.0 - cell * 0.5)
            } else {
                smooth(1.0, 0.97, cell) * (0.5 + cell * 0.5)
            };
            let lit = saturate(0.42 + 0.5 * face + slope * side * 0.5) * smooth(-0.1, 0.1, depth + 0.1);
            let ripple_at = p.y * mix(90.0, 46.0, near)
                + 2.2 * grain.fractal(vec2(p.x * 5.0, p.y * 12.0), pixel * 12.0)
                + p.x * 8.0 * side;
            let fade = saturate(1.6 - pixel * mix(90.0, 46.0, near) * 3.0) * near;
            let ripple = (triangle(ripple_at * 0.5) - 0.5) * 0.16 * fade;
            let dust = grain.rough(p * 30.0, pixel * 30.0, 0.8) * 0.05;
            let tone = hex(0x7a4a3a).mix(sand, 0.25).mix(sand * 1.12, lit + ripple + dust);
            sky.haze(tone * sky.ambient(), mix(0.45, 0.0, near))
        });
    }
}

/// A clear night: moon and stars over dark hills, a few lit windows.
pub(crate) fn night(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.68, 0.8);
    let mut sky = Sky::new(Hour::Night, horizon, rng);
    sky.sun = vec2(rng.range(0.15, 0.85), rng.range(0.12, 0.36));
    sky.glow = rng.range(0.25, 0.5);
    sky.paint(canvas);
    sky.stars(canvas, rng, 30);
    moon(canvas, rng, sky.sun);
    let pixel = canvas.pixel;
    for i in 0..3 {
        let near = i as f32 / 2.0;
        let shape = Noise::new(rng);
        let base = mix(horizon, 0.92, near);
        let tall = rng.range(0.04, 0.1);
        let crest = |x: f32| base - tall * shape.line(x * 1.9, pixel * 1.9);
        let tone = sky.low.mix(hex(0x05070f), mix(0.45, 0.85, near));
        canvas.ridge(crest, |p, depth| {
            let texture = shape.rough(p * 14.0, pixel * 14.0, 0.7);
            tone * (1.0 + 0.25 * texture)
                + sky.light * (0.1 * bell(depth * 22.0) * bell((p.x - sky.sun.x) * 2.0))
        });
        let items = rng.clone();
        for k in canvas.across(0.06, 0.08) {
            let mut rng = items.item(k);
            let x = (k as f32 + rng.unit()) * 0.06;
            if near > 0.0 && rng.chance(0.35) {
                let tall = rng.range(0.05, 0.13) * (0.5 + near);
                conifer(canvas, vec2(x, crest(x) + 0.015), tall, tone * 0.55, 0.0, &mut rng);
            } else if near < 1.0 && rng.chance(0.12) {
                let at = vec2(x, crest(x) + rng.range(0.015, 0.04));
                let warm = hex(0xffc870);
                canvas.glow(Area::around(at, 0.04), |p| warm * (0.35 * bell((p - at).length() * 60.0)));
                canvas.dab(at, vec2(0.0045, 0.005), 0.0, warm, 1.0);
            }
        }
    }
}

/// The moon, from crescent to full, with its seas.
fn moon(canvas: &mut Canvas, rng: &mut Rng, at: Vec2) {
    let size = rng.range(0.055, 0.1);
    let phase = rng.range(-1.3, 1.0);
    let seas = Noise::new(rng);
    let pixel = canvas.pixel;
    canvas.shape(
        Area::around(at, size),
        |p| (p - at).length() - size,
        |p, _| {
            let q = ((p - at) * (1.0 / size)).turned(-0.4);
            let edge = phase * (1.0 - q.y * q.y).max(0.0).sqrt();
            let lit = smooth(-0.12, 0.12, q.x + edge);
            let maria = smooth(0.05, 0.5, seas.fractal(q * 1.6, pixel / size * 1.6));
            let face = hex(0xf6f2e2) * (1.0 - 0.24 * maria);
            hex(0x1a2340).mix(face, lit)
        },
    );
}
