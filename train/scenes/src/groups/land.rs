//! Landscapes.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::Vec3;
use crate::math::{Vec2, bell, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::sky::{Hour, Sky};
use crate::terrain::Terrain;

/// Snowy peaks above a valley with woods.
pub(crate) fn mountains(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Dawn, Hour::Golden, Hour::Overcast]);
    let horizon = rng.range(0.6, 0.72);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.05, 0.5);
    sky.glow = 0.25;
    sky.paint(canvas);
    let side = if sky.sun.x < 0.5 { -1.0 } else { 1.0 };
    let sun = Vec3::unit(side * 0.9, -0.55, rng.range(-0.1, 0.35));
    let rock = hex(rng.pick(&[0x6a6e78, 0x77706a, 0x626c78, 0x7a6a60]));
    let grass = hex(rng.pick(&[0x55753a, 0x66803c, 0x4a6a44, 0x8a8048]));
    let light = sky.ambient().mix(gray(1.0), 0.35);
    let (shape, detail) = (Noise::new(rng), Noise::new(rng));
    let view = Terrain { horizon, eye: rng.range(0.22, 0.34), near: 0.5, far: 9.0, focal: 0.9 };
    let shift = vec2(rng.range(0.0, 50.0), rng.range(0.0, 50.0));
    let tall = rng.range(1.5, 2.1);
    let summit = vec2(rng.range(-1.2, 1.2), rng.range(4.6, 5.6));
    let steepness = rng.range(0.4, 0.6);
    let height = |at: Vec2, footprint: f32| {
        let hills = 0.12 * shape.fractal(at * 0.8 + shift, (footprint * 0.8).max(0.1));
        let rise = smooth(1.6, 4.6, at.y);
        if rise == 0.0 {
            return hills;
        }
        let massif = saturate(shape.ridged(at * 0.34 + shift, footprint * 0.34, 0.44));
        let peak = (1.0 - steepness * (at - summit).length()).max(0.0);
        hills
            + rise
                * (massif * tall * (0.45 + 0.75 * massif * (1.0 - peak)) + peak * (1.35 + 1.2 * massif)
                    - 0.25)
    };
    let snow_line = rng.range(0.45, 1.3);
    view.paint(canvas, height, |ground| {
        let rough = detail.rough(ground.at * 5.0, ground.footprint * 5.0, 0.6);
        let grit = detail.rough(ground.at * 30.0, ground.footprint * 30.0, 0.75) * 0.3;
        let lambert = saturate(ground.normal.dot(sun) + 0.4 * grit);
        let steep = 1.0 + ground.normal.y;
        let snow = smooth(-0.12, 0.12, ground.height - snow_line + 0.3 * rough - 0.9 * (steep - 0.35));
        let meadow = smooth(0.5, 0.1, ground.height + 0.2 * rough) * smooth(0.5, 0.3, steep);
        let base = (rock * (0.9 + 0.35 * rough + grit)).mix(grass * (0.9 + 0.35 * rough + grit), meadow);
        let shaded = base * (hex(0x5a6a8c) * 0.75);
        let stone = shaded.mix(base * 1.25 * light, lambert);
        let white =
            (hex(0x9db2d6) * (0.9 + 0.1 * light.g)).mix(hex(0xfffcf6) * light, saturate(lambert * 1.5));
        sky.haze(stone.mix(white, snow), saturate(ground.at.y * 0.036 - 0.06))
    });
    let woods = rng.clone();
    let dark = hex(0x24402c) * sky.ambient();
    for row in 0..5 {
        let away = mix(3.4, 0.9, row as f32 / 4.0);
        let spacing = 0.09;
        let shown = canvas.view();
        let reach = (shown.max.x - 0.5).max(0.5 - shown.min.x) * away / view.focal;
        for i in (-reach / spacing) as i32 - 2..=(reach / spacing) as i32 + 2 {
            let mut rng = woods.item(i * 8 + row);
            let at = vec2((i as f32 + rng.range(-0.4, 0.4)) * spacing, away * rng.range(0.9, 1.1));
            let ground = height(at, 0.02);
            if ground < 0.3 && detail.smooth(at * 0.9) > 0.05 + 0.12 * rng.unit() {
                let foot = view.project(at, ground - 0.01);
                let tall = rng.range(0.09, 0.16) * view.focal / at.y;
                conifer(canvas, foot, tall, sky.haze(dark.vary(&mut rng, 0.25), 0.05 * away), 0.0, &mut rng);
            }
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
        ((color * lit).mix(gray(0.92) * (0.75 + 0.25 * lit), white), alpha)
    });
}

/// Dunes under a hot sky, with wind ripples and shaded lee sides.
pub(crate) fn desert(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden]);
    let horizon = rng.range(0.3, 0.44);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.0, 0.25);
    sky.low = sky.low.mix(hex(0xf2dcb4), 0.5);
    if rng.chance(0.4) {
        sky.sun = vec2(rng.range(0.1, 0.9), rng.range(0.06, 0.2));
        sky.disc = 0.035;
    }
    sky.paint(canvas);
    let sand = hex(rng.pick(&[0xe0a860, 0xe8bc7c, 0xd89450, 0xd0804c])).vary(rng, 0.08);
    let shade = sand * hex(rng.pick(&[0x7a5a58, 0x86604a, 0x6a5468]));
    let side = if sky.sun.x < 0.5 { -1.0 } else { 1.0 };
    let sun = Vec3::unit(side, -rng.range(0.3, 0.5), rng.range(-0.4, 0.4));
    let (shape, grain) = (Noise::new(rng), Noise::new(rng));
    let wind = rng.range(0.5, 1.1) * side;
    let shift = vec2(rng.range(0.0, 50.0), rng.range(0.0, 50.0));
    let tall = rng.range(0.26, 0.38);
    let view = Terrain { horizon, eye: rng.range(0.55, 0.8), near: 0.55, far: 14.0, focal: 0.9 };
    let height = |at: Vec2, footprint: f32| {
        let q = (at * 0.62).turned(wind) + shift;
        let bend = shape.smooth(q * 0.7) * 0.9 + shape.smooth(q * 2.1 + vec2(5.0, 1.0)) * 0.16;
        let t = q.x + bend;
        let t = t - t.floor();
        // A long windward slope and a short, steep lee side.
        let profile = if t < 0.68 {
            1.116 * smooth(0.0, 1.25, t / 0.68)
        } else {
            let down = (t - 0.68) / 0.32;
            (1.0 - down) * (1.0 - down) * (1.0 + 0.6 * down)
        };
        let strength = 0.6 + 0.6 * shape.smooth(q.scaled(0.6, 0.9) + vec2(0.0, 9.0));
        let swell = 0.3 * shape.smooth(q * 0.4 + vec2(3.0, 3.0));
        tall * (profile * strength + swell) + 0.004 * shape.fractal(at * 9.0, footprint * 9.0)
    };
    view.paint(canvas, height, |ground| {
        let lambert = ground.normal.dot(sun);
        let waves = ground.at.turned(wind * 0.6);
        let bend = grain.fractal(ground.at * 2.2, ground.footprint * 2.2);
        let frequency = 26.0;
        let seen = saturate(1.4 - ground.footprint * frequency * 3.2);
        let ripple = (triangle(waves.x * frequency + bend * 1.6) - 0.5) * 0.2 * seen;
        let dust = grain.rough(ground.at * 22.0, ground.footprint * 22.0, 0.75) * 0.07;
        let lit = smooth(-0.15, 0.75, lambert + ripple + dust);
        let color = shade.mix(sand * 1.16, lit) * (1.0 + dust + 0.1 * bend);
        sky.haze(color * sky.ambient(), saturate(ground.at.y * 0.055 - 0.04).min(0.6))
    });
}

/// A clear night: moon and stars over dark hills, a few lit windows.
pub(crate) fn night(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.68, 0.8);
    let mut sky = Sky::new(Hour::Night, horizon, rng);
    sky.sun = vec2(rng.range(0.15, 0.85), rng.range(0.12, 0.36));
    sky.glow = rng.range(0.25, 0.5);
    sky.paint(canvas);
    let (milk, pixel) = (Noise::new(rng), canvas.pixel);
    let (slope, start) = (rng.range(-1.2, 1.2), rng.range(0.1, 0.6));
    canvas.glow(Area::new(-9.0, -9.0, 9.0, horizon), |p| {
        let across = (p.y - start - slope * (p.x - 0.5)) * 3.2;
        let cloud = saturate(0.45 + 0.6 * milk.fractal(p * 3.0, pixel * 3.0));
        hex(0x5a6aa8) * (0.55 * bell(across) * cloud * smooth(0.0, 0.3, horizon - p.y))
    });
    sky.stars(canvas, rng, 40);
    let dark = sky.clear(sky.sun + vec2(0.0, 0.12));
    moon(canvas, rng, sky.sun, dark);
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
            } else if near < 1.0 && rng.chance(0.3) {
                let at = vec2(x, crest(x) + rng.range(0.015, 0.04));
                let warm = hex(0xffc870);
                canvas.glow(Area::around(at, 0.04), |p| warm * (0.5 * bell((p - at).length() * 45.0)));
                canvas.dab(at, vec2(0.0065, 0.007), 0.0, warm, 1.0);
            }
        }
    }
}

/// The moon, from crescent to full, with its seas.
fn moon(canvas: &mut Canvas, rng: &mut Rng, at: Vec2, earthshine: Rgb) {
    let size = rng.range(0.055, 0.1);
    let phase = rng.range(-0.75, 1.1);
    let seas = Noise::new(rng);
    let pixel = canvas.pixel;
    canvas.layer(Area::around(at, size), |p| {
        let q = ((p - at) * (1.0 / size)).turned(-0.4);
        let inside = saturate(0.5 + (1.0 - q.length()) * size / pixel);
        let edge = phase * (1.0 - q.y * q.y).max(0.0).sqrt();
        let lit = smooth(-0.12, 0.12, q.x + edge);
        let maria = smooth(0.05, 0.5, seas.fractal(q * 1.6, pixel / size * 1.6));
        let face = hex(0xf6f2e2) * (1.0 - 0.24 * maria);
        (earthshine.mix(face, lit), inside * mix(0.35, 1.0, lit))
    });
}
