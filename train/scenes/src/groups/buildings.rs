//! What people build.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, hex};
use crate::groups::flora::meadow;
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::rounded_box;
use crate::sky::{Hour, Sky};
use crate::water::Water;

/// A city by the water at night or dusk, its windows alight.
pub(crate) fn skyline(canvas: &mut Canvas, rng: &mut Rng) {
    let shore = rng.range(0.7, 0.82);
    let hour = rng.pick(&[Hour::Night, Hour::Dusk, Hour::Night, Hour::Dawn]);
    let mut sky = Sky::new(hour, shore + 0.03, rng);
    if hour == Hour::Night {
        sky.low = sky.low.mix(hex(rng.pick(&[0x8a5a6a, 0x4a5a8a, 0x9a6a4a])), 0.6);
    }
    sky.paint(canvas);
    let lamps = if hour == Hour::Dawn { 0.4 } else { 1.0 };
    let windows = Noise::new(rng);
    for layer in 0..3 {
        let near = layer as f32 / 2.0;
        let spacing = mix(0.08, 0.135, near);
        let city = rng.clone().item(layer);
        let tone = sky.low.mix(hex(0x0c101c), mix(0.42, 0.86, near));
        let peak = 0.5 + (city.clone().unit() - 0.5) * 0.6;
        for i in canvas.across(spacing, 0.1) {
            let mut rng = city.item(i);
            let x = (i as f32 + rng.range(-0.25, 0.25)) * spacing;
            let center = bell((x - peak) * 1.8);
            let tall = mix(0.14, mix(0.58, 0.4, near), center * rng.range(0.4, 1.0)) * rng.range(0.8, 1.1);
            let half = spacing * rng.range(0.34, 0.54);
            tower(
                canvas,
                &mut rng,
                windows,
                vec2(x, shore),
                vec2(half, tall),
                tone,
                lamps * mix(0.55, 1.0, near),
            );
        }
    }
    let mut water = Water::new(shore, hex(0x0a1020), rng);
    water.mirror = 0.95;
    water.waves = rng.range(0.2, 0.5);
    water.paint(canvas);
}

fn tower(canvas: &mut Canvas, rng: &mut Rng, windows: Noise, foot: Vec2, size: Vec2, tone: Rgb, lamps: f32) {
    let pixel = canvas.pixel;
    let tone = tone.vary(rng, 0.2);
    let top = rng.int(0, 4);
    let warm = hex(rng.pick(&[0xffd890, 0xffe8c0, 0xffc060, 0xc8e0ff]));
    let (column, row) = (rng.range(0.02, 0.03), rng.range(0.022, 0.034));
    let lit = rng.range(0.25, 0.7);
    let id = rng.int(0, 10_000);
    let sharp = saturate(1.5 - pixel / column * 1.2);
    canvas.shape(
        Area::new(foot.x - size.x, foot.y - size.y * 1.2, foot.x + size.x, foot.y + 0.02),
        |p| {
            let up = foot.y - p.y;
            let across = (p.x - foot.x).abs();
            let body = (across - size.x).max(up - size.y);
            let body = match top {
                1 => (across - size.x).max(up - size.y + (p.x - foot.x) * 0.5),
                2 => body.min((across - size.x * 0.6).max(up - size.y * 1.09)),
                3 => body.min((across - size.x * 0.85 + (up - size.y) * 0.9).max(up - size.y - 0.06)),
                _ => body,
            };
            body.max(-up - 0.02)
        },
        |p, _| {
            let up = foot.y - p.y;
            let (c, r) = ((p.x - foot.x) / column, up / row);
            let on = windows.cell(c.floor() as i32 + id, r.floor() as i32);
            let bright = if on < lit { 0.45 + 1.3 * on } else { 0.06 };
            let inside = smooth(0.2, 0.4, triangle(c))
                * smooth(0.2, 0.45, triangle(r))
                * smooth(size.y, size.y - 0.02, up);
            let average = 0.47 * (lit * (0.45 + 0.65 * lit) + 0.06 * (1.0 - lit));
            let blurred = mix(average, inside * bright, sharp);
            let shade = 0.85 + 0.35 * (p.x - foot.x) / size.x + 0.3 * bell(up * 6.0);
            (tone * shade).mix(warm, saturate(blurred * lamps))
        },
    );
    if top == 4 || top == 2 {
        let tip = vec2(foot.x, foot.y - size.y);
        canvas.stroke(tip, tip - vec2(0.0, size.y * 0.2), 0.006, 0.002, tone);
        if lamps > 0.7 {
            canvas.dab(tip - vec2(0.0, size.y * 0.2), vec2(0.004, 0.004), 0.0, hex(0xff4030), 1.0);
        }
    }
}

/// A windmill in the fields.
pub(crate) fn windmill(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast, Hour::Dusk]);
    let horizon = rng.range(0.7, 0.78);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.2, 0.7);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient();
    let green = hex(rng.pick(&[0x5f8a30, 0x8a9a3a, 0xb89a48, 0x4f7a38])) * light;
    meadow(canvas, rng, &sky, horizon, green);
    let tall = rng.range(0.44, 0.54);
    let foot = vec2(rng.range(0.4, 0.6), horizon + rng.range(0.05, 0.1));
    let sun_side = if sky.sun.x < foot.x { -1.0 } else { 1.0 };
    canvas.shadow(foot + vec2(-sun_side * 0.1, 0.01), vec2(0.22, 0.035), 0.45);
    let wall = hex(rng.pick(&[0xf0e8dc, 0x9a5a40, 0x6a5a4a, 0xd8c8a8, 0x4f5a4a]));
    let cap = hex(rng.pick(&[0x5a3a2a, 0x3a3f48, 0x7a3a30, 0x2f4a3a]));
    let grain = Noise::new(rng);
    let (base, neck) = (tall * 0.235, tall * 0.125);
    let half = |up: f32| mix(base, neck, saturate(up / tall));
    canvas.shape(
        Area::new(foot.x - base, foot.y - tall, foot.x + base, foot.y),
        |p| {
            let up = foot.y - p.y;
            ((p.x - foot.x).abs() - half(up)).max(-up).max(up - tall)
        },
        |p, _| {
            let up = foot.y - p.y;
            let across = (p.x - foot.x) / half(up);
            let course = 0.12 * smooth(0.3, 0.0, triangle(up * 30.0)) * saturate(1.6 - pixel * 60.0);
            let rough = grain.rough(p * 16.0, pixel * 16.0, 0.6);
            let round =
                0.75 + 0.3 * across * sun_side + 0.25 * (1.0 - across * across) + 0.12 * rough - course;
            let door = smooth(
                0.01,
                -0.01,
                rounded_box(p - foot + vec2(0.0, tall * 0.1), tall * 0.05, tall * 0.11, 0.03),
            );
            let at = vec2(p.x - foot.x, up - tall * 0.55);
            let window = smooth(0.006, -0.006, rounded_box(at, tall * 0.032, tall * 0.045, 0.01));
            let color = (wall * round).mix(hex(0x4a3020) * (0.9 + 0.3 * rough), door);
            color.mix(hex(0x28323a), window) * light
        },
    );
    if rng.chance(0.6) {
        let deck = foot - vec2(0.0, tall * 0.36);
        let wood = hex(0x6a5038) * light;
        canvas.stroke(deck - vec2(base * 1.15, 0.0), deck + vec2(base * 1.15, 0.0), 0.016, 0.016, wood);
        canvas.stroke(
            deck - vec2(base * 1.15, 0.03),
            deck + vec2(base * 1.15, -0.03),
            0.007,
            0.007,
            wood * 1.2,
        );
        for i in -4..=4 {
            let post = deck + vec2(i as f32 * base * 0.28, 0.0);
            canvas.stroke(post, post - vec2(0.0, 0.03), 0.005, 0.005, wood * 1.2);
        }
    }
    let hub = foot - vec2(0.0, tall * 1.03);
    canvas.shape(
        Area::around(hub, tall * 0.3),
        |p| {
            let q = p - hub;
            (q.scaled(1.0, 1.15).length() - neck * 1.18).max(q.y - tall * 0.035)
        },
        |p, _| cap * light * (0.95 + 0.35 * (p.x - hub.x) / neck * sun_side - 0.8 * (p.y - hub.y)),
    );
    let turn = rng.range(0.0, TURN);
    let reach = tall * rng.range(0.62, 0.72);
    let cloth = hex(rng.pick(&[0xf4ecd8, 0xe8e0d0, 0xc84a38, 0xf8f4e8])) * light;
    let wood = hex(0x4a3626) * light;
    for k in 0..4 {
        let along = direction(turn + TURN * 0.25 * k as f32);
        let across = vec2(-along.y, along.x);
        let area = Area::around(hub, reach * 1.2);
        canvas.shape(
            area,
            |p| {
                let q = vec2((p - hub).dot(along), (p - hub).dot(across));
                rounded_box(q - vec2(reach * 0.6, tall * 0.07), reach * 0.39, tall * 0.058, 0.004)
            },
            |p, _| {
                let q = vec2((p - hub).dot(along), (p - hub).dot(across)) * (1.0 / tall);
                let lattice = smooth(0.3, 0.05, triangle(q.x * 15.0)).max(smooth(
                    0.3,
                    0.05,
                    triangle(q.y * 17.0 + 0.2),
                ));
                let seen = saturate(1.5 - pixel * 30.0 / tall);
                cloth.mix(wood, 0.3 + (lattice - 0.3) * seen * 0.8) * (1.0 - 0.15 * along.x * sun_side)
            },
        );
        canvas.stroke(hub, hub + along * reach, 0.02 * tall / 0.5, 0.012 * tall / 0.5, wood);
    }
    canvas.dab(hub, vec2(0.024, 0.024) * (tall / 0.5), 0.0, wood * 1.25, 1.0);
}
