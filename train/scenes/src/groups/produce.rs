//! More fruit on a table.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::groups::fruit::{cast, foliage, table};
use crate::lighting::{Light, Vec3};
use crate::math::{TURN, Vec2, angle, bell, cos, direction, mix, saturate, sin, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::leaf;

/// Strawberries with their seeds and green caps.
pub(crate) fn strawberry(canvas: &mut Canvas, rng: &mut Rng) {
    let light = table(canvas, rng);
    let red = hex(rng.pick(&[0xc8141e, 0xd8242a, 0xb81428, 0xd83a30]));
    let main = vec2(0.5 + rng.around(0.08), rng.range(0.54, 0.6));
    let size = rng.range(0.24, 0.3);
    for side in [-1.0, 1.0] {
        if rng.chance(0.55) {
            let smaller = size * rng.range(0.6, 0.78);
            let at = main + vec2(side * rng.range(0.27, 0.36), size - smaller - rng.range(0.0, 0.06));
            let turn = side * rng.range(0.2, 1.2);
            berry(canvas, rng, &light, at, smaller, turn, red);
        }
    }
    let turn = rng.around(0.5);
    berry(canvas, rng, &light, main, size, turn, red);
}

fn berry(canvas: &mut Canvas, rng: &mut Rng, light: &Light, at: Vec2, size: f32, turn: f32, red: Rgb) {
    let pixel = canvas.pixel;
    cast(canvas, light, at + vec2(0.0, size * 0.96), size * 0.8);
    let grain = Noise::new(rng);
    let wide = rng.range(0.86, 1.0);
    let local = |p: Vec2| ((p - at) * (1.0 / size)).turned(-turn);
    let flesh = |q: Vec2| {
        // Broad shoulders above, a rounded point below.
        let t = saturate(q.y * 0.5 + 0.5);
        let narrow = mix(1.12, 1.75, t * t) / wide;
        (vec2(q.x * narrow, q.y).length() - 1.0) * 0.7
    };
    canvas.shape(
        Area::around(at, size * 1.1),
        |p| flesh(local(p)) * size,
        |p, d| {
            let q = local(p);
            let round = saturate(1.0 + d / size / 0.7);
            let out = q.unit();
            let z = (1.0 - round * round).max(0.0).sqrt();
            let normal_q = vec2(out.x, out.y) * round;
            // Seeds lie in dimples on a slanted grid that wraps around the berry.
            let wrap = vec2(q.x / (0.35 + 0.65 * z), q.y / (0.55 + 0.45 * z)) * 4.3;
            let row = wrap.y.floor();
            let shift = if row as i32 % 2 == 0 { 0.0 } else { 0.5 };
            let column = (wrap.x + shift).floor();
            let jitter = (grain.cell(column as i32, row as i32) - 0.5) * 0.3;
            let to_seed = vec2(wrap.x + shift - column - 0.5 + jitter, wrap.y - row - 0.5 + jitter * 0.6);
            let dimple = bell(to_seed.length() * 3.4);
            let seed = smooth(0.03, -0.03, to_seed.scaled(1.6, 0.85).length() - 0.11);
            let tilt = to_seed * (dimple * 1.6);
            let n = (normal_q + tilt).turned(turn);
            let normal = Vec3::unit(n.x, n.y, z + 0.15);
            let pale = smooth(-0.6, -1.0, q.y) * 0.5;
            let skin = red.mix(hex(0xf0b080), pale)
                * (1.0 + 0.1 * grain.rough(q * 5.0, pixel / size * 5.0, 0.6) - 0.28 * dimple);
            let color = skin.mix(hex(0xf0cc60), seed * 0.95);
            let wet = 0.42 * light.gloss(normal, 24.0) + 0.1 * light.gloss(normal, 5.0);
            light.matt(color, normal) * 1.06 + gray(wet)
        },
    );
    let cap = at + vec2(0.0, -0.84 * size).turned(turn);
    let green = hex(0x4f8a2c).vary(rng, 0.15);
    for i in 0..9 {
        let along = turn + mix(0.02, 0.48, i as f32 / 8.0) * TURN + rng.around(0.16);
        let length = size * rng.range(0.44, 0.62) * (1.0 - 0.25 * bell((i as f32 - 4.0) * 0.6));
        foliage(canvas, cap, along, length, size * 0.1, green.vary(rng, 0.2));
    }
    let stalk = cap + vec2(rng.around(0.2), -0.34).turned(turn) * size;
    canvas.stroke(cap, stalk, 0.06 * size, 0.05 * size, green * 0.9);
    canvas.dab(cap, vec2(0.15, 0.07) * size, turn, green * 1.1, 1.0);
}

/// Wedges of watermelon, red with black seeds.
pub(crate) fn watermelon(canvas: &mut Canvas, rng: &mut Rng) {
    let light = table(canvas, rng);
    let flesh = hex(rng.pick(&[0xe8323c, 0xf04a4a, 0xe0405a, 0xe82a30]));
    let size = rng.range(0.38, 0.46);
    let at = vec2(0.5 + rng.around(0.08), rng.range(0.4, 0.48));
    if rng.chance(0.6) {
        let side = rng.sign();
        let behind = at + vec2(side * rng.range(0.18, 0.28), -rng.range(0.02, 0.08));
        let turn = side * rng.range(-0.5, -0.2);
        wedge(canvas, rng, &light, behind, size * 0.85, turn, flesh);
    }
    let turn = rng.around(0.35);
    wedge(canvas, rng, &light, at, size, turn, flesh);
}

fn wedge(canvas: &mut Canvas, rng: &mut Rng, light: &Light, at: Vec2, size: f32, turn: f32, flesh: Rgb) {
    let pixel = canvas.pixel;
    let grain = Noise::new(rng);
    cast(canvas, light, at + vec2(0.0, size * 0.93), size * 0.85);
    let open = rng.range(0.8, 1.5);
    let local = |p: Vec2| (p - at).turned(-turn) * (1.0 / size);
    let sector = |q: Vec2| {
        // A half disc (or a little less or more): `open` is half its angle, its tip points upwards.
        let edge = q.x.abs() * cos(open) - q.y * sin(open);
        (q.length() - 1.0).max(edge)
    };
    let rind = hex(0x2f6a30);
    let depth = vec2(0.05, 0.05).scaled(-light.from.x.signum(), 1.0);
    canvas.shape(
        Area::around(at, size * 1.15),
        |p| sector(local(p) - depth) * size,
        |p, _| {
            let q = local(p);
            let stripe = smooth(-0.2, 0.3, grain.fractal(vec2(angle(q) * 5.0, 1.0), 0.1));
            (hex(0x1f4a24).mix(hex(0x6a9a48), stripe)) * (0.85 - 0.3 * q.x * light.from.x)
        },
    );
    let seeds: Vec<(Vec2, f32)> = (0..rng.int(9, 16))
        .map(|_| {
            let along = 0.25 * TURN + rng.range(-1.0, 1.0) * (open - 0.2);
            (direction(along) * rng.range(0.3, 0.74), along)
        })
        .collect();
    canvas.shape(
        Area::around(at, size * 1.05),
        |p| sector(local(p)) * size,
        |p, _| {
            let q = local(p);
            let r = q.length();
            let sugar = grain.rough(q * 9.0, pixel / size * 9.0, 0.65);
            let fibres = grain.fractal(vec2(angle(q) * 8.0, r * 2.0), pixel / size * 10.0);
            let red = flesh * (1.0 + 0.13 * sugar + 0.1 * fibres);
            let edge = pixel / size;
            let ripe = red.mix(hex(0xf8b8a8), smooth(0.72, 0.86, r + 0.02 * sugar));
            let white = ripe.mix(hex(0xf0f4d8), smooth(0.84, 0.875, r));
            let green = white.mix(hex(0xa8cc80), smooth(0.895, 0.93, r));
            let mut color = green.mix(rind, smooth(0.945 - edge, 0.945 + edge, r));
            for &(seed, along) in &seeds {
                let s = (q - seed).turned(-along);
                let d = leaf(s + vec2(0.04, 0.0), 0.085, 0.026);
                let shine = bell((s - vec2(0.005, -0.008)).length() * 70.0);
                color = color.mix(hex(0x241410) + gray(0.5 * shine), saturate(0.5 - d / edge));
            }
            let wet =
                smooth(0.45, 0.8, grain.smooth(q * 12.0 + vec2(4.0, 0.0))) * 0.12 * smooth(0.85, 0.7, r);
            color * (0.96 + 0.1 * (q.x * light.from.x - q.y)) + gray(wet)
        },
    );
}
