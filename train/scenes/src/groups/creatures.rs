//! Small animals in gardens.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::{Light, Vec3};
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{blend, ellipse, polygon, tapered};

/// A garden far out of focus.
pub(crate) fn garden(canvas: &mut Canvas, rng: &mut Rng, tones: &[u32]) -> Rgb {
    let pixel = canvas.pixel;
    let base = hex(rng.pick(tones));
    let haze = Noise::new(rng);
    let slope = direction(rng.range(0.0, TURN)) * 0.4;
    canvas.paint(|p| {
        let n = haze.fractal(p * 2.2, pixel * 2.2);
        base * (0.95 + 0.4 * n + (p - vec2(0.5, 0.5)).dot(slope)) + hex(0x2a2808) * (0.6 * n).max(0.0)
    });
    for _ in 0..rng.int(6, 16) {
        let at = vec2(rng.range(-0.1, 1.1), rng.range(-0.1, 1.1));
        let size = rng.range(0.04, 0.13);
        let bright = rng.range(0.8, 1.4);
        let tone = base.vary(rng, 0.5) * bright;
        canvas.soft_shape(Area::around(at, size), 0.04, |p| (p - at).length() - size, |_, _| tone);
    }
    canvas.blur(0.014);
    base
}

/// A butterfly with open wings, mostly over a blossom.
pub(crate) fn butterfly(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    garden(canvas, rng, &[0x5f8a48, 0x3f6a44, 0x88a860, 0x7a9ab0, 0xa8a868, 0x8a7a9a]);
    let at = vec2(0.5 + rng.around(0.06), rng.range(0.46, 0.54));
    let tilt = rng.around(0.4);
    let size = rng.range(0.39, 0.46);
    if rng.chance(0.7) {
        let heart = at + vec2(rng.around(0.1), 0.2);
        let petal = hex(rng.pick(&[0xe88ab8, 0xf0d860, 0xb898e0, 0xf4f0f0, 0xe87858]));
        canvas.stroke(heart, vec2(heart.x + rng.around(0.2), 1.2), 0.02, 0.025, hex(0x4f7a34));
        for i in 0..26 {
            let along = direction(i as f32 * 2.399_963);
            let r = 0.2 * ((i as f32 + 2.0) / 28.0).sqrt();
            let place = heart + along.scaled(r, r * 0.6);
            let tone = petal.vary(rng, 0.2) * (1.0 - 0.2 * along.y);
            canvas.dab(place, vec2(0.06, 0.028), crate::math::angle(along.scaled(1.0, 0.6)), tone, 0.95);
        }
    }
    let palettes: [[u32; 4]; 8] = [
        [0xf08a20, 0xf8c050, 0x1c1410, 0xfaf4e8],
        [0x3a8ae8, 0x80c8f8, 0x101828, 0xe8f4ff],
        [0xf8e070, 0xf8f0b0, 0x3a2c14, 0xe86030],
        [0xd84030, 0xf08848, 0x28100c, 0xf8f0e0],
        [0xf4f2e8, 0xe0e8d8, 0x2a2a28, 0xf0a030],
        [0x9a58c8, 0xd8a0f0, 0x1c1028, 0xf8e8ff],
        [0x2ab898, 0x90e8c8, 0x08221c, 0xf8f8d0],
        [0xb8602a, 0xe8a860, 0x2c1a10, 0x5a90d0],
    ];
    let palette = rng.pick(&palettes).map(hex);
    let open = rng.range(0.72, 1.0);
    canvas.shadow(at + vec2(0.02, 0.08), vec2(size * 0.8, size * 0.55), 0.25);
    let (veins, dust) = (Noise::new(rng), Noise::new(rng));
    let (upper, lower) = (rng.range(0.3, 0.65), rng.range(0.9, 1.2));
    let (round, tail) = (rng.range(0.26, 0.34), rng.chance(0.3));
    let local = |p: Vec2| ((p - at) * (1.0 / size)).turned(-tilt);
    let wings = |q: Vec2| {
        let q = vec2(q.x.abs() / open, q.y);
        let fore_tip = direction(-upper) * 0.72;
        let fore = polygon(
            q,
            &[
                vec2(0.03, 0.04),
                fore_tip + vec2(-0.32, -0.2),
                fore_tip + vec2(0.05, -0.12),
                fore_tip + vec2(0.08, 0.1),
                vec2(0.55, 0.06),
            ],
        ) - 0.09;
        let hind_at = direction(lower) * 0.42;
        let hind = ellipse((q - hind_at).turned(-lower), 0.34, round);
        let hind = if tail {
            blend(hind, tapered(q, hind_at, hind_at + vec2(0.12, 0.38), 0.06, 0.025), 0.08)
        } else {
            hind
        };
        (fore, hind, hind_at)
    };
    for front in [false, true] {
        canvas.shape(
            Area::around(at, size * 1.15),
            |p| {
                let (fore, hind, _) = wings(local(p));
                (if front { fore } else { hind }) * size
            },
            |p, d| {
                let q = local(p);
                let folded = vec2(q.x.abs() / open, q.y);
                let (_, _, hind_at) = wings(q);
                let depth = -d / size;
                let root = vec2(0.02, if front { -0.02 } else { 0.06 });
                let spokes = crate::math::angle(folded - root) * if front { 11.0 } else { 8.0 };
                let vein = smooth(0.16, 0.0, triangle(spokes * 0.5) * (folded - root).length()) * 0.75;
                let border = smooth(0.1, 0.06, depth + 0.02 * veins.smooth(folded * 7.0));
                let dots = smooth(
                    0.034,
                    0.024,
                    ((triangle(spokes * 0.5 + 0.5)) - 1.0).abs() * 0.12 + (depth - 0.045).abs(),
                );
                let eye_at = if front { direction(-upper) * 0.56 } else { hind_at * 1.15 };
                let ring = (folded - eye_at).length();
                let fade = smooth(0.05, 0.6, (folded - root).length());
                let scale = dust.rough(folded * 16.0, pixel / size * 16.0, 0.7) * 0.1;
                let base = palette[1].mix(palette[0], fade);
                let base = base
                    .mix(palette[3], smooth(0.085, 0.07, ring) * 0.7)
                    .mix(palette[2], smooth(0.05, 0.04, ring));
                let color = base.mix(palette[2], (vein + border).min(1.0)).mix(palette[3], dots);
                let light = 1.0 + scale + 0.14 * q.x.signum() * (0.5 - folded.x) - 0.2 * bell(folded.x * 9.0);
                color * light
            },
        );
    }
    let body = |t: f32| at + vec2(0.0, mix(-0.2, 0.3, t)).turned(tilt) * size;
    let dark = palette[2].mix(hex(0x3a2c20), 0.4);
    canvas.stroke(body(0.2), body(1.0), size * 0.075, size * 0.03, dark);
    canvas.stroke(body(0.1), body(0.42), size * 0.1, size * 0.085, dark * 1.2);
    for k in 0..6 {
        let ring = body(0.45 + 0.09 * k as f32);
        canvas.dab(ring, vec2(0.024, 0.008) * size, tilt, dark * 2.0 + gray(0.08), 0.7);
    }
    let head = body(0.0);
    canvas.dab(head, vec2(0.045, 0.045) * size, 0.0, dark, 1.0);
    for side in [-1.0, 1.0] {
        let bend = head + vec2(side * 0.1, -0.15).turned(tilt) * size;
        let tip = head + vec2(side * 0.2, -0.25).turned(tilt) * size;
        canvas.stroke(head, bend, size * 0.016, size * 0.012, dark);
        canvas.stroke(bend, tip, size * 0.012, size * 0.012, dark);
        canvas.dab(tip, vec2(0.02, 0.02) * size, 0.0, dark, 1.0);
    }
}

/// A ladybird on a leaf with dew.
pub(crate) fn ladybird(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    garden(canvas, rng, &[0x4a7a34, 0x6a8a3c, 0x3a6040, 0x8a9a50]);
    let green = hex(rng.pick(&[0x5a9a34, 0x70a83c, 0x4a8a40, 0x88b048]));
    let slope = rng.around(0.6);
    let rib = vec2(0.5, rng.range(0.6, 0.7));
    let veins = Noise::new(rng);
    let leaf_local = |p: Vec2| (p - rib).turned(-slope);
    let outline = |q: Vec2| 0.38 - 0.3 * q.x * q.x + 0.012 * veins.smooth(vec2(q.x * 9.0, q.y.signum()));
    canvas.shape(
        Area::new(-9.0, -9.0, 9.0, 9.0),
        |p| {
            let q = leaf_local(p);
            (q.y.abs() - outline(q)) * 0.9
        },
        |p, d| {
            let q = leaf_local(p);
            let vein = triangle((q.x + q.y.abs() * 0.7) * 4.5);
            let fine = veins.ridged(q * 16.0, pixel * 16.0, 0.5);
            let mid = bell(q.y * 60.0);
            let line = smooth(0.08, 0.0, vein) * 0.2;
            let bulge = 0.18 * (vein - 0.5) + if q.y < 0.0 { 0.1 } else { -0.08 };
            green * (0.92 + bulge + 0.16 * fine - 0.5 * smooth(-0.03, 0.0, d))
                + hex(0xc8e090) * (0.45 * mid + line)
        },
    );
    let side = rng.sign();
    let light = Light::from_side(side * 0.6);
    for _ in 0..rng.int(5, 22) {
        let at = rib + vec2(rng.range(-0.55, 0.55), rng.range(-0.25, 0.25)).turned(slope);
        let size = rng.range(0.006, 0.024);
        canvas.shadow(at - vec2(side * 0.3, -0.3) * size, vec2(size * 1.2, size), 0.35);
        canvas.shape(
            Area::around(at, size),
            |p| (p - at).length() - size,
            |p, _| {
                let q = (p - at) * (1.0 / size);
                let bright = 0.75
                    + 0.35 * (q.y - q.x * side * 0.6)
                    + 1.3 * bell((q - vec2(side * 0.35, -0.4)).length() * 4.5);
                green.mix(gray(1.0), 0.12) * bright
            },
        );
    }
    let at = vec2(0.5 + rng.around(0.1), rng.range(0.46, 0.56));
    let size = rng.range(0.21, 0.26);
    let turn = slope + rng.pick(&[0.0, TURN * 0.5]) + rng.around(0.7);
    beetle(canvas, rng, &light, at, size, turn);
}

fn beetle(canvas: &mut Canvas, rng: &mut Rng, light: &Light, at: Vec2, size: f32, turn: f32) {
    let pixel = canvas.pixel;
    let red = hex(rng.pick(&[0xd81e14, 0xe03a18, 0xc01818, 0xf07018, 0xf0b020]));
    let black = hex(0x14110f);
    canvas.shadow(at + vec2(-light.from.x * 0.3, 0.25) * size, vec2(1.15, 1.0) * size, 0.55);
    let place = |q: Vec2| at + q.turned(turn) * size;
    // The beetle looks along +x in its own coordinates.
    for side in [-1.0, 1.0] {
        for (x, out) in [(0.55, 0.45), (0.0, 0.1), (-0.45, -0.4)] {
            let knee = place(vec2(x + out * 0.5, side * 1.05));
            canvas.stroke(place(vec2(x, side * 0.7)), knee, size * 0.09, size * 0.08, black);
            canvas.stroke(knee, place(vec2(x + out * 0.9, side * 1.28)), size * 0.07, size * 0.04, black);
        }
        let bend = place(vec2(1.3, side * 0.35));
        canvas.stroke(place(vec2(1.1, side * 0.18)), bend, size * 0.045, size * 0.04, black);
        canvas.dab(bend, vec2(0.05, 0.05) * size, 0.0, black, 1.0);
    }
    let spots: Vec<(Vec2, f32)> = {
        let many = rng.int(2, 4);
        let big = rng.range(0.13, 0.2);
        (0..many)
            .map(|i| {
                let t = (i as f32 + 0.5) / many as f32;
                (
                    vec2(mix(0.5, -0.7, t), if i % 2 == 0 { 0.5 } else { 0.36 } * (1.0 - 0.2 * t)),
                    big * rng.range(0.8, 1.15),
                )
            })
            .collect()
    };
    let gloss = |normal: Vec3| 0.85 * light.gloss(normal, 46.0) + 0.16 * light.gloss(normal, 6.0);
    let local = |p: Vec2| (p - at).turned(-turn) * (1.0 / size);
    let mut part = |center: Vec2, rx: f32, ry: f32, paint: &dyn Fn(Vec2) -> Rgb| {
        canvas.shape(
            Area::around(at, size * 1.6),
            |p| ellipse(local(p) - center, rx, ry) * size,
            |p, _| {
                let q = (local(p) - center).scaled(1.0 / rx, 1.0 / ry);
                let flat = q.turned(turn);
                let normal = Vec3::unit(flat.x, flat.y, (1.05 - q.dot(q)).max(0.0).sqrt());
                light.matt(paint(local(p)), normal) + gray(gloss(normal))
            },
        );
    };
    part(vec2(1.02, 0.0), 0.27, 0.32, &|_| black * 1.4);
    part(vec2(0.78, 0.0), 0.36, 0.6, &|q| {
        let patch = smooth(0.02, -0.02, ellipse(vec2(q.x - 0.92, q.y.abs() - 0.34), 0.15, 0.15));
        (black * 1.4).mix(hex(0xf4ecd8), patch)
    });
    part(vec2(-0.08, 0.0), 1.0, 0.9, &|q| {
        let edge = (pixel / size).max(0.015);
        let mut color = red;
        for &(spot, wide) in &spots {
            let d = (vec2(q.x, q.y.abs()) - spot).length() - wide;
            color = color.mix(black, saturate(0.5 - d / edge));
        }
        let shoulder = (vec2(q.x - 0.8, q.y)).length() - 0.2;
        color = color.mix(black, saturate(0.5 - shoulder / edge));
        color.mix(black, smooth(0.035, 0.012, q.y.abs()))
    });
}
