//! Trees and flowers.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::leaf;
use crate::sky::{Hour, Sky};

/// A meadow or field from a crest down to the lower edge, with blades of grass in front.
pub(crate) fn meadow(canvas: &mut Canvas, rng: &mut Rng, sky: &Sky, crest: f32, green: Rgb) {
    let pixel = canvas.pixel;
    let noise = Noise::new(rng);
    let wave = rng.range(0.01, 0.04);
    canvas.ridge(
        |x| crest + wave * noise.line(x * 1.3, pixel * 1.3),
        |p, depth| {
            let z = 1.0 / (depth + 0.1);
            let at = vec2((p.x - 0.5) * z * 2.4, z * 6.0);
            let blades = noise.rough(at, pixel * z * (2.4 + 2.0 * z), 0.7);
            let patches = noise.fractal(vec2((p.x - 0.5) * z * 0.5, z), pixel * z);
            let tone = green * (0.74 + 0.4 * depth + 0.3 * blades) + hex(0x302810) * (0.4 * patches);
            sky.haze(tone, (0.3 - 1.2 * depth).max(0.0))
        },
    );
    let blades = rng.clone();
    for i in canvas.across(0.02, 0.05) {
        let mut rng = blades.item(i);
        for _ in 0..7 {
            let depth = rng.unit();
            let foot = vec2((i as f32 + rng.unit()) * 0.02, mix(crest + 0.1, 1.04, depth));
            let tall = mix(0.012, 0.05, depth) * rng.range(0.6, 1.3);
            let tip = foot + vec2(rng.around(0.4), -1.0) * tall;
            let color = green.vary(&mut rng, 0.35) * rng.range(0.7, 1.25);
            canvas.stroke(foot, tip, 0.12 * tall, 0.02 * tall, color);
        }
    }
}

/// A single broad tree on a meadow, in the colors of a season.
pub(crate) fn tree(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast]);
    let horizon = rng.range(0.66, 0.76);
    let sky = Sky::new(hour, horizon, rng);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let hills = Noise::new(rng);
    let far = sky.haze(hex(0x4a6a50) * sky.ambient(), 0.5);
    canvas.ridge(
        |x| horizon - 0.03 - 0.05 * hills.line(x * 1.8, pixel * 1.8),
        |p, _| far * (0.95 + 0.15 * hills.rough(p * 12.0, pixel * 12.0, 0.7)),
    );
    let green = hex(rng.pick(&[0x5f8a30, 0x74903a, 0x4f7a38, 0x8a9040])) * sky.ambient();
    meadow(canvas, rng, &sky, horizon, green);
    let seasons: [[u32; 3]; 7] = [
        [0x2f5a20, 0x4f8030, 0x86a848],
        [0x3a6a28, 0x5f9038, 0xa0bc58],
        [0x24482a, 0x3f6a38, 0x6f9450],
        [0x8a3a18, 0xc8641f, 0xf0a040],
        [0x8a6a18, 0xc8981f, 0xf0d060],
        [0xb8707f, 0xe8a8b8, 0xfde0e8],
        [0x7a2418, 0xb03a20, 0xe07040],
    ];
    let leaves = rng.pick(&seasons).map(|c| hex(c) * sky.ambient());
    let foot = vec2(rng.range(0.38, 0.62), horizon + rng.range(0.06, 0.14));
    let tall = rng.range(0.52, 0.68);
    let side = if sky.sun.x < foot.x { -1.0 } else { 1.0 };
    canvas.shadow(foot + vec2(-side * 0.1, 0.015), vec2(0.36 * tall, 0.045), 0.5);
    broad_tree(canvas, rng, foot, tall, side, leaves, hex(0x4a3828) * sky.ambient());
}

/// A trunk with boughs and a crown of leaves, lit from one side; `leaves` from shade to light.
pub(crate) fn broad_tree(
    canvas: &mut Canvas,
    rng: &mut Rng,
    foot: Vec2,
    tall: f32,
    side: f32,
    leaves: [Rgb; 3],
    bark: Rgb,
) {
    let fork = foot + vec2(rng.around(0.05), -0.38) * tall;
    let crown = foot + vec2(rng.around(0.06), -0.64) * tall;
    let (wide, high) = (rng.range(0.3, 0.4) * tall, rng.range(0.29, 0.35) * tall);
    let count = rng.int(13, 19);
    let clumps: Vec<(Vec2, f32)> = (0..count)
        .map(|i| {
            // The golden-angle spiral fills the crown evenly; a little disorder makes it a tree.
            let q = direction(i as f32 * 2.399_963) * ((i as f32 + 0.5) / count as f32).sqrt()
                + rng.disc() * 0.22;
            (crown + q.scaled(wide * 0.8, high * 0.8), tall * rng.range(0.09, 0.14))
        })
        .collect();
    let grain = Noise::new(rng);
    let pixel = canvas.pixel;
    canvas.shape(
        Area::new(foot.x - 0.15 * tall, fork.y - 0.1 * tall, foot.x + 0.15 * tall, foot.y + 0.03 * tall),
        |p| {
            let up = (foot.y - p.y) / (foot.y - fork.y);
            let middle = mix(foot.x, fork.x, up);
            let half = tall * (0.03 + 0.012 * (1.0 - up) + 0.03 * bell(up * 5.0));
            ((p.x - middle).abs() - half).max(p.y - foot.y - 0.01 * tall - 0.01 * grain.smooth(p * 30.0))
        },
        |p, _| {
            let up = (foot.y - p.y) / (foot.y - fork.y);
            let across = (p.x - mix(foot.x, fork.x, up)) / (0.042 * tall);
            let furrows = grain.rough(p.scaled(60.0, 12.0) * (0.6 / tall), pixel * 36.0 / tall, 0.6);
            bark * (0.85 + 0.4 * side * across + 0.4 * furrows)
        },
    );
    for &(at, _) in &clumps {
        canvas.stroke(fork + vec2(0.0, 0.02 * tall), at, 0.035 * tall, 0.008 * tall, bark * 0.85);
    }
    // From the shaded back to the lit front: each clump is a cloud of leaves.
    let dab_size = 0.016 * tall;
    for layer in 0..3 {
        for &(at, radius) in &clumps {
            let count = (90.0 * (radius / (0.12 * tall))) as i32;
            let shift = vec2(side * 0.025, -0.03) * (layer as f32 * tall);
            let reach = radius * (1.0 - 0.12 * layer as f32);
            for _ in 0..count / (1 + layer / 2) {
                let q = rng.disc();
                let p = at + shift + q * reach;
                let from_crown = (p - crown).scaled(1.0 / wide, 1.0 / high);
                let lit = 0.5 + 0.32 * (side * from_crown.x - from_crown.y) + 0.22 * (side * q.x - q.y);
                let lit = saturate(lit * 0.55 + 0.2 * layer as f32 + rng.around(0.12));
                let color =
                    leaves[0].mix(leaves[1], saturate(lit * 2.0)).mix(leaves[2], saturate(lit * 2.0 - 1.0));
                let size = dab_size * rng.range(0.7, 1.4);
                canvas.dab(p, vec2(size, size * 0.6), rng.range(0.0, TURN), color, 0.95);
            }
        }
    }
}

/// One large blossom before a garden that is out of focus.
pub(crate) fn flower(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let ground = hex(rng.pick(&[0x3f6a30, 0x2f5038, 0x5a7a3a, 0x34583f, 0x6a8048]));
    let haze = Noise::new(rng);
    canvas.paint(|p| {
        let n = haze.fractal(p * 2.4, pixel * 2.4);
        ground * (0.85 + 0.5 * n - 0.4 * (p.y - 0.5)) + hex(0x302a08) * (n * 0.5).max(0.0)
    });
    for _ in 0..rng.int(8, 18) {
        let at = vec2(rng.range(-0.1, 1.1), rng.range(-0.1, 1.1));
        let size = rng.range(0.03, 0.1);
        let color = if rng.chance(0.3) {
            hex(rng.pick(&[0xe8d060, 0xd880b0, 0xf0f0e8, 0xa080d0]))
        } else {
            ground.vary(rng, 0.6) * 1.3
        };
        canvas.soft_shape(Area::around(at, size), 0.03, |p| (p - at).length() - size, |_, _| color);
    }
    canvas.blur(0.012);
    let at = vec2(rng.range(0.42, 0.58), rng.range(0.38, 0.5));
    let size = rng.range(0.3, 0.38);
    let foot = vec2(at.x + rng.around(0.25), 1.15);
    canvas.stroke(at, foot, 0.022, 0.032, hex(0x4f7a2f));
    canvas.stroke(at + vec2(0.006, 0.0), foot + vec2(0.008, 0.0), 0.008, 0.01, hex(0x35581f));
    for sign in [-1.0, 1.0] {
        if rng.chance(0.8) {
            let from = at + (foot - at) * rng.range(0.55, 0.75);
            let turn = TURN * 0.25 - sign * rng.range(0.8, 1.3) - TURN * 0.25
                + if sign > 0.0 { 0.0 } else { TURN * 0.5 };
            super::fruit::foliage(
                canvas,
                from,
                turn * 0.5,
                rng.range(0.2, 0.3),
                0.05,
                hex(0x47752d).vary(rng, 0.1),
            );
        }
    }
    blossom(canvas, rng, at, size);
}

fn blossom(canvas: &mut Canvas, rng: &mut Rng, at: Vec2, size: f32) {
    let pixel = canvas.pixel;
    let palettes: [[u32; 3]; 8] = [
        [0xfafaf4, 0xd8dce8, 0xe8b020],
        [0xe8559a, 0xa82a6f, 0xf0d060],
        [0x8a5fd0, 0x5a35a0, 0xf0c840],
        [0xf8c020, 0xd88a10, 0x6a3a14],
        [0xe03a30, 0x981a20, 0x2a1a1a],
        [0xf58a3a, 0xc8501f, 0x5a2a14],
        [0x5f8ae8, 0x3a55b0, 0xf4e080],
        [0xf8b8cc, 0xd87f9f, 0xe0c040],
    ];
    let [petal, inner, heart] = rng.pick(&palettes).map(hex);
    let count = rng.pick(&[5, 6, 8, 8, 12, 13, 16, 21]);
    let squash = rng.range(0.78, 1.0);
    let turn = rng.range(0.0, TURN);
    let texture = Noise::new(rng);
    let disc = size * if count > 9 { rng.range(0.24, 0.32) } else { rng.range(0.17, 0.25) };
    let half = size * (2.6 / count as f32).min(0.36) * rng.range(0.42, 0.55);
    let rows = if count > 7 { 2 } else { 1 };
    canvas.shadow(at + vec2(0.01, 0.03), vec2(size * 0.8, size * 0.7), 0.3);
    for row in 0..rows {
        for i in 0..count {
            let around = turn + TURN * (i as f32 + 0.5 * row as f32) / count as f32 + rng.around(0.08);
            let length = size * rng.range(0.92, 1.06) * (1.0 - 0.16 * row as f32);
            let shade = 0.8 + 0.16 * row as f32 + rng.around(0.06) - 0.12 * direction(around).y;
            let local = |p: Vec2| (p - at).scaled(1.0, 1.0 / squash).turned(-around);
            let wide = half * 1.35;
            canvas.shape(
                Area::around(at, length * 1.05),
                |p| {
                    let q = local(p);
                    let lens = leaf(q, length, wide);
                    let tip = (q - vec2(length * 0.66, 0.0)).scaled(0.95, 1.0).length() - wide * 0.98;
                    crate::shapes::blend(lens, tip, size * 0.05)
                },
                |p, d| {
                    let q = local(p) * (1.0 / length);
                    let streaks =
                        texture.fractal(vec2(q.x * 3.0 + i as f32 * 5.0, q.y * 26.0), pixel / length * 22.0);
                    let deep = smooth(0.75, 0.15, q.x);
                    let fold = 0.12 * bell(q.y * 30.0);
                    let rim = smooth(-0.035, 0.0, d / size) * 0.14;
                    petal.mix(inner, deep * 0.8) * (shade + 0.13 * streaks - fold - rim + 0.3 * q.y)
                },
            );
        }
    }
    canvas.shadow(at + vec2(0.004, 0.008), vec2(disc * 1.2, disc * 1.2 * squash), 0.4);
    canvas.shape(
        Area::around(at, disc),
        |p| (p - at).scaled(1.0, 1.0 / squash).length() - disc,
        |p, _| {
            let q = (p - at) * (1.0 / disc);
            let bumps = texture.fractal(q * 6.0, pixel / disc * 6.0);
            heart * (0.85 - 0.35 * (q.x + q.y) * 0.6 + 0.4 * bumps)
        },
    );
    for i in 0..110 {
        // Florets in the golden-angle spiral of real flower heads.
        let r = ((i as f32 + 0.5) / 110.0).sqrt();
        let q = direction(i as f32 * 2.399_963) * (r * disc * 0.95);
        let light = 1.0 - 0.4 * (q.x + q.y) / disc + rng.around(0.15);
        let dot = disc * 0.055;
        canvas.dab(at + q.scaled(1.0, squash), vec2(dot, dot), 0.0, heart * light + gray(0.08), 0.8);
    }
}
