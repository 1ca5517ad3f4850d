//! Fruit on a table.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::{Light, Vec3};
use crate::math::{TURN, Vec2, angle, bell, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{ellipse, leaf};

/// A table in front of a wall that is out of focus: wood, linen or stone.
pub(crate) fn table(canvas: &mut Canvas, rng: &mut Rng) -> Light {
    let pixel = canvas.pixel;
    let side = rng.sign() * rng.range(0.4, 0.9);
    let edge = rng.range(0.4, 0.6);
    let wall = hex(rng.pick(&[0x8a9a9c, 0xd8d0c0, 0x4a4f58, 0xb8a890, 0x6a7a6c, 0x9a8fa0, 0x36424a]));
    let tone = hex(rng.pick(&[0x8f5f38, 0xb88a58, 0x5f3f28, 0xe4ded2, 0x9aa0a4, 0x3f3a38, 0xc8b8a0]));
    let (blotches, fibre) = (Noise::new(rng), Noise::new(rng));
    let spots: Vec<(Vec2, f32, Rgb)> = (0..rng.int(0, 7))
        .map(|_| {
            let at = vec2(rng.range(-0.1, 1.1), rng.range(-0.05, edge));
            let tone = wall.vary(rng, 0.6);
            (at, rng.range(0.05, 0.13), tone * rng.range(0.8, 1.5))
        })
        .collect();
    canvas.paint(|p| {
        let falloff = 1.1 - 0.35 * (0.5 - (p.x - 0.5) * side.signum());
        wall * (falloff + 0.12 * blotches.fractal(p * 2.0, pixel * 2.0))
    });
    for (at, size, color) in spots {
        canvas.soft_shape(Area::around(at, size), 0.05, |p| (p - at).length() - size, |_, _| color);
    }
    let planks = tone.luma() < 0.6 && rng.chance(0.75);
    canvas.soft_shape(
        Area::below(edge),
        0.025,
        |p| edge - p.y,
        |p, _| {
            let down = (p.y - edge).max(0.0);
            let z = 1.0 / (down + 0.35);
            let q = vec2((p.x - 0.5) * z, z * 2.0);
            let texture = if planks {
                let plank = (q.x * 2.2).floor();
                let gap = smooth(0.04, 0.0, triangle(q.x * 2.2) * 0.5) * 0.5;
                let grain = fibre.fractal(vec2(q.x * 26.0 + plank * 7.0, q.y * 2.2), pixel * z * 26.0);
                0.22 * grain + 0.14 * (fibre.cell(plank as i32, 0) - 0.5) - gap
            } else {
                0.12 * fibre.rough(q * 7.0, pixel * z * 9.0, 0.7)
            };
            tone * (0.78 + 0.45 * down + texture)
        },
    );
    Light::from_side(side)
}

/// The soft shadow of something that stands on the table, falling away from the light.
pub(crate) fn cast(canvas: &mut Canvas, light: &Light, foot: Vec2, wide: f32) {
    let away = foot + vec2(-light.from.x * wide * 0.55, 0.0);
    canvas.shadow(away, vec2(wide * 1.25, wide * 0.34), 0.45);
    canvas.shadow(foot, vec2(wide * 0.85, wide * 0.2), 0.5);
}

/// Apples: red, green or both, with dimple, stalk and perhaps a leaf.
pub(crate) fn apple(canvas: &mut Canvas, rng: &mut Rng) {
    let light = table(canvas, rng);
    let palettes = [[0xb3201f, 0xd8742f], [0x9a1420, 0xb52a2a], [0x7fb02c, 0xb8cf50], [0xc03028, 0xd9c048]];
    let palette = rng.pick(&palettes).map(hex);
    let others = rng.int(0, 2);
    let main = vec2(0.5 + rng.around(0.1), rng.range(0.55, 0.62));
    let size = rng.range(0.23, 0.3);
    for i in 0..others {
        let side = if i == 0 { -1.0 } else { 1.0 };
        let smaller = size * rng.range(0.6, 0.8);
        let at = main + vec2(side * rng.range(0.26, 0.36), size - smaller - rng.range(0.03, 0.1));
        one_apple(canvas, rng, &light, at, smaller, palette);
    }
    one_apple(canvas, rng, &light, main, size, palette);
}

fn one_apple(canvas: &mut Canvas, rng: &mut Rng, light: &Light, at: Vec2, size: f32, palette: [Rgb; 2]) {
    let pixel = canvas.pixel;
    cast(canvas, light, at + vec2(0.0, size * 0.9), size);
    let (speckle, streak) = (Noise::new(rng), Noise::new(rng));
    let lean = rng.around(0.25);
    let blush = rng.range(-0.6, 0.9);
    let outline = |q: Vec2| {
        // Two shoulders and a narrower foot; the dimple lies between the shoulders.
        let narrow = 1.0 + 0.16 * saturate(q.y) + 0.05 * q.y * q.y;
        let shoulders =
            0.13 * bell(q.x * 3.2) * smooth(-0.2, -0.9, q.y) + 0.05 * bell(q.x * 4.0) * smooth(0.5, 1.0, q.y);
        (vec2(q.x * narrow, q.y * 1.06).length() - 1.0 + shoulders) * 0.93
    };
    let local = |p: Vec2| ((p - at) * (1.0 / size)).turned(-lean);
    canvas.shape(
        Area::around(at, size * 1.15),
        |p| outline(local(p)) * size,
        |p, d| {
            let q = local(p);
            let round = saturate(1.0 + d / size);
            let n = q * (round / q.length().max(1e-3));
            let dimple = bell((q - vec2(0.0, -0.78)).scaled(3.0, 5.5).length());
            let normal = Vec3::unit(
                n.x,
                n.y - 0.9 * dimple * (q.y + 0.7),
                (1.0 - round * round).max(0.0).sqrt() + 0.05,
            );
            let around = q.x / (1.0 - q.y * q.y * 0.6).max(0.2).sqrt();
            let streaks = streak.fractal(vec2(around * 7.0, q.y * 1.3), pixel / size * 7.0);
            let dots = smooth(0.62, 0.8, speckle.smooth(q * 11.0)) * 0.16;
            let ripe = smooth(-0.7, 0.7, q.x * blush + q.y * -0.3 + streaks * 0.7);
            let skin = palette[0].mix(palette[1], ripe * 0.85) + gray(dots);
            let skin = skin.mix(hex(0x6f6a2a), dimple * 0.6);
            let turned = Vec3::unit(light.from.x, light.from.y, light.from.z);
            let window = light.gloss(normal, 40.0) * 0.55 + light.gloss(normal, 7.0) * 0.13;
            let key = Light { from: turned, ..*light };
            key.matt(skin, normal) * (1.0 - 0.45 * dimple) + gray(window)
        },
    );
    let top = at + vec2(0.0, -0.76 * size).turned(lean);
    let tip = top + vec2(rng.around(0.12), -rng.range(0.28, 0.4)).turned(lean) * size;
    canvas.stroke(top, tip, 0.075 * size, 0.1 * size, hex(0x4a3320));
    if rng.chance(0.65) {
        let turn = lean + if rng.chance(0.5) { rng.range(-0.7, -0.2) } else { rng.range(-2.9, -2.4) };
        let middle = top.x * 0.5 + tip.x * 0.5;
        foliage(canvas, vec2(middle, 0.5 * (top.y + tip.y)), turn, 0.62 * size, 0.17 * size, hex(0x4f8a2f));
    }
}

/// One leaf with a rib, from its stalk at `at` in the direction `turn`.
pub(crate) fn foliage(canvas: &mut Canvas, at: Vec2, turn: f32, length: f32, half_width: f32, color: Rgb) {
    canvas.shape(
        Area::around(at, length * 1.05),
        |p| leaf((p - at).turned(-turn), length, half_width),
        |p, _| {
            let q = (p - at).turned(-turn) * (1.0 / length);
            let rib = bell(q.y * 60.0);
            let veins = triangle((q.x - q.y.abs() * 0.8) * 7.0) * 0.12;
            let half = if q.y > 0.0 { 0.78 } else { 1.1 };
            color * (half + veins) + gray(0.1 * rib)
        },
    );
}

/// An orange, whole or halved, or both.
pub(crate) fn orange(canvas: &mut Canvas, rng: &mut Rng) {
    let light = table(canvas, rng);
    let skin = hex(rng.pick(&[0xf08a1a, 0xf59a2a, 0xe8791a])).vary(rng, 0.05);
    let size = rng.range(0.2, 0.27);
    let halved = vec2(0.5 + rng.around(0.14), rng.range(0.56, 0.64));
    if rng.chance(0.75) {
        let whole = halved + vec2(rng.sign() * rng.range(0.2, 0.3), -rng.range(0.07, 0.16));
        let other = size * rng.range(0.85, 1.0);
        whole_orange(canvas, rng, &light, whole, other, skin);
    }
    cut_orange(canvas, rng, &light, halved, size, skin);
}

fn whole_orange(canvas: &mut Canvas, rng: &mut Rng, light: &Light, at: Vec2, size: f32, skin: Rgb) {
    let pixel = canvas.pixel;
    cast(canvas, light, at + vec2(0.0, size * 0.9), size);
    let pores = Noise::new(rng);
    let navel = vec2(rng.range(-0.4, 0.4), rng.range(-0.5, 0.0));
    canvas.shape(
        Area::around(at, size),
        |p| ellipse(p - at, size, size * 0.96),
        |p, _| {
            let q = (p - at).scaled(1.0 / size, 1.0 / (0.96 * size));
            let z = (1.0 - q.dot(q)).max(0.0).sqrt();
            let wrap = q * (1.0 / (0.4 + 0.6 * z));
            let bump = |s: Vec2| pores.fractal(s * 17.0, pixel / size * 17.0 / (0.4 + 0.6 * z));
            let (dx, dy) =
                (bump(wrap + vec2(0.02, 0.0)) - bump(wrap), bump(wrap + vec2(0.0, 0.02)) - bump(wrap));
            let normal = Vec3::unit(q.x + dx * 0.35, q.y + dy * 0.35, z + 0.02);
            let stem = bell((q - navel).length() * 9.0);
            let color = skin.mix(hex(0x6a7a2a), stem * 0.8);
            light.matt(color, normal) + gray(light.gloss(normal, 26.0) * 0.34)
        },
    );
}

fn cut_orange(canvas: &mut Canvas, rng: &mut Rng, light: &Light, at: Vec2, size: f32, skin: Rgb) {
    let pixel = canvas.pixel;
    cast(canvas, light, at + vec2(0.0, size * 0.92), size);
    let pulp = Noise::new(rng);
    let segments = rng.int(9, 12) as f32;
    let turn = rng.range(0.0, TURN);
    let squash = rng.range(0.86, 1.0);
    let middle = vec2(rng.around(0.05), rng.around(0.05));
    let flesh = skin.mix(hex(0xffb040), 0.4);
    canvas.shape(
        Area::around(at, size * 1.06),
        |p| ellipse(p - at, size, size * squash),
        |p, d| {
            let q = (p - at).scaled(1.0 / size, 1.0 / (squash * size));
            let r = q.length();
            let inner = q - middle * (1.0 - r).max(0.0);
            let around = (angle(inner) + turn) * segments * (1.0 / TURN);
            let wall = triangle(around) * r * TURN / segments * 0.5;
            let edge = pixel / size;
            let membrane =
                smooth(0.012 + edge, 0.03 + edge, wall) * smooth(0.88, 0.84, r) * smooth(0.06, 0.13, r);
            let cell = around.floor();
            let sacs = pulp.fractal(vec2(r * 5.0, around * 5.0 + cell), pixel / size * 7.0);
            let juicy = flesh * (0.88 + 0.3 * sacs + 0.14 * (pulp.cell(cell as i32, 3) - 0.5));
            let pith = hex(0xfbe8c4) * (0.96 + 0.1 * sacs);
            let rind = skin * mix(0.8, 1.05, saturate(q.x * light.from.x - q.y));
            let color = pith.mix(juicy, membrane).mix(rind, smooth(-0.075, -0.05, d / size));
            let wet = smooth(0.55, 0.9, pulp.smooth(q * 7.0 + vec2(3.0, 8.0))) * membrane * 0.3;
            color * (0.93 + 0.12 * (q.x * light.from.x - q.y)) + gray(wet)
        },
    );
}
