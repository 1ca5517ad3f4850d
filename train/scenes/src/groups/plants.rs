//! Plants in their places.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::{Light, Vec3};
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{blend, ellipse, tapered};
use crate::sky::{Hour, Sky};

/// A field of tulips in rows that run to the horizon.
pub(crate) fn tulips(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn]);
    let horizon = rng.range(0.26, 0.38);
    let sky = Sky::new(hour, horizon, rng);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient();
    let trees = Noise::new(rng);
    let far = sky.haze(hex(0x3f5a3a) * light, 0.35);
    canvas.ridge(
        |x| horizon - 0.02 - 0.03 * (0.6 + trees.line(x * 7.0, pixel * 7.0)),
        |p, _| far * (0.9 + 0.3 * trees.rough(p * 25.0, pixel * 25.0, 0.7)),
    );
    let palette = [0xe02838, 0xf8c820, 0xf07098, 0x8a3aa0, 0xfaf4ec, 0xf07820, 0xc81860, 0xf8a0b8];
    let vanish = vec2(rng.range(0.2, 0.8), horizon - 0.01);
    let row = rng.range(0.2, 0.3);
    let first = rng.int(0, 7);
    let same = rng.chance(0.3);
    let color_of = |i: i32| hex(palette[(first + if same { 0 } else { i }).rem_euclid(8) as usize]);
    let speckle = Noise::new(rng);
    canvas.layer(Area::below(horizon - 0.002), |p| {
        let down = (p.y - horizon).max(0.0) + 0.004;
        let u = (p.x - vanish.x) / (down * row) * 0.36;
        let z = 0.3 / down;
        let strip = u.floor() as i32;
        let texture = speckle.rough(vec2(u * 9.0, z * 16.0), pixel * z * 34.0, 0.75);
        let furrow = smooth(0.3, 0.1, triangle(u)) * smooth(0.004, 0.03, down);
        let bed = color_of(strip) * (0.72 + 0.4 * texture) + hex(0x203808) * (0.3 - 0.3 * texture);
        let color = bed.mix(hex(0x3f5a24) * (0.8 + 0.4 * texture), furrow * 0.9);
        (sky.haze(color * light, (0.3 - 1.5 * down).max(0.0)), smooth(0.0, pixel, p.y - horizon + pixel))
    });
    // From the back to the front, flower by flower.
    let field = rng.clone();
    let ranks = 15;
    for k in 0..ranks {
        let t = k as f32 / (ranks - 1) as f32;
        let down = mix(0.16, 0.8, t * t);
        let tall = down * 0.34;
        let spacing = down * row / 0.36;
        let span = canvas.view().max.x - canvas.view().min.x;
        let count = (span / spacing) as i32 + 2;
        for i in -count..=count {
            for j in 0..3 {
                let mut rng = field.item((i * 3 + j) * 64 + k);
                let u = i as f32 + 0.25 + 0.25 * j as f32 + rng.around(0.12);
                let foot = vec2(vanish.x + u * spacing, horizon + down * rng.range(0.96, 1.04) + 0.02);
                if foot.x > canvas.view().min.x - 0.2 && foot.x < canvas.view().max.x + 0.2 {
                    let color = color_of(i).vary(&mut rng, 0.16) * light;
                    tulip(canvas, &mut rng, foot, tall * 0.8, color, light);
                }
            }
        }
    }
}

fn tulip(canvas: &mut Canvas, rng: &mut Rng, foot: Vec2, tall: f32, color: Rgb, light: Rgb) {
    let green = hex(0x4f8038).vary(rng, 0.2) * light;
    let head = foot + vec2(rng.around(0.12), -1.0) * tall;
    canvas.stroke(foot, head, tall * 0.06, tall * 0.05, green);
    for side in [-1.0, 1.0] {
        let tip = foot + vec2(side * rng.range(0.15, 0.32), -rng.range(0.5, 0.75)) * tall;
        canvas.stroke(foot, tip, tall * 0.1, tall * 0.015, green * rng.range(0.75, 1.1));
    }
    let (wide, high) = (tall * 0.17, tall * 0.24);
    let side = rng.sign();
    canvas.dab(head + vec2(0.0, -0.35 * high), vec2(wide * 0.85, high * 0.85), 0.0, color * 0.66, 1.0);
    for (shift, tone) in [(-0.55, 0.84), (0.55, 0.94), (0.12 * side, 1.1)] {
        let at = head + vec2(shift * wide, -0.05 * high);
        canvas.dab(
            at,
            vec2(wide * 0.6, high * (1.0 - 0.12 * (1.0 - shift.abs()))),
            shift * 0.4,
            color * tone,
            1.0,
        );
    }
    let shine = head + vec2(-0.2 * wide, -0.3 * high);
    canvas.dab(shine, vec2(wide * 0.16, high * 0.5), 0.1, color * 1.2 + gray(0.1), 0.6);
}

/// Toadstools on the floor of a wood.
pub(crate) fn mushroom(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let green = hex(rng.pick(&[0x2f4a24, 0x3a4a2a, 0x4a4426, 0x24402f]));
    let glow = hex(rng.pick(&[0xc8d088, 0xe0c880, 0xa8c8a0]));
    let sun = vec2(rng.range(0.1, 0.9), rng.range(0.0, 0.25));
    let haze = Noise::new(rng);
    canvas.paint(|p| {
        let light = bell((p - sun).length() * 1.6);
        (green * (0.8 + 0.5 * haze.fractal(p * 2.5, pixel * 2.5))).mix(glow, 0.65 * light)
    });
    for _ in 0..rng.int(3, 7) {
        let x = rng.range(-0.1, 1.1);
        let (half, tone) = (rng.range(0.02, 0.06), hex(0x2a221a).mix(green, 0.4));
        canvas.soft_shape(
            Area::new(x - 0.1, -9.0, x + 0.1, 0.8),
            0.04,
            |p| (p.x - x).abs() - half,
            |_, _| tone,
        );
    }
    for _ in 0..rng.int(6, 16) {
        let at = vec2(rng.range(0.0, 1.0), rng.range(0.0, 0.55));
        let size = rng.range(0.015, 0.05);
        let tone = glow * rng.range(0.8, 1.2);
        canvas.layer(Area::around(at, size * 1.2), |p| {
            (tone, 0.4 * smooth(size, size * 0.8, (p - at).length()))
        });
    }
    let floor = rng.range(0.68, 0.76);
    let moss = Noise::new(rng);
    canvas.soft_shape(
        Area::below(floor - 0.06),
        0.02,
        |p| floor + 0.03 * moss.smooth(vec2(p.x * 3.0, 1.0)) - p.y,
        |p, _| {
            let z = 1.0 / (p.y - floor + 0.3);
            let texture = moss.rough(vec2((p.x - 0.5) * z * 4.0, z * 8.0), pixel * z * 14.0, 0.7);
            green * (1.05 + 0.6 * texture) + hex(0x2a1a08) * 0.5
        },
    );
    let litter = [hex(0x6a4a24), hex(0x8a5a28), green * 1.3, hex(0x5a3a20)];
    for _ in 0..170 {
        let depth = rng.unit();
        let at = vec2(rng.range(-0.05, 1.05), mix(floor + 0.02, 1.02, depth));
        let size = mix(0.006, 0.024, depth) * rng.range(0.6, 1.2);
        let tone = rng.pick(&litter).vary(rng, 0.3);
        let turn = rng.range(0.0, TURN);
        canvas.dab(at, vec2(size, size * 0.45), turn, tone, 0.9);
        canvas.dab(at + vec2(0.0, -0.2 * size), vec2(size * 0.7, size * 0.15), turn, tone * 1.3, 0.6);
    }
    let cap = hex(rng.pick(&[0xc8281e, 0xd83a24, 0xb02020, 0xa86a38, 0xd88830, 0x8a5a3a]));
    let spotted = cap.r > 1.9 * cap.g && cap.r > 0.6;
    let count = rng.int(1, 3);
    let light = Light::from_side(if sun.x < 0.5 { -0.7 } else { 0.7 });
    let main = vec2(0.5 + rng.around(0.1), floor + rng.range(0.1, 0.15));
    for i in 1..count {
        let side = if i == 1 { 1.0 } else { -1.0 };
        let at = main + vec2(side * rng.range(0.22, 0.3), rng.range(-0.05, 0.03));
        let size = rng.range(0.42, 0.62);
        toadstool(canvas, rng, &light, at, size, cap, spotted);
    }
    let size = rng.range(0.85, 1.05);
    toadstool(canvas, rng, &light, main, size, cap, spotted);
    grass(canvas, rng, green * 1.5, 60, |rng| vec2(rng.range(0.0, 1.0), rng.range(floor + 0.1, 1.05)));
}

fn toadstool(
    canvas: &mut Canvas,
    rng: &mut Rng,
    light: &Light,
    foot: Vec2,
    size: f32,
    cap: Rgb,
    spotted: bool,
) {
    let pixel = canvas.pixel;
    let grain = Noise::new(rng);
    let tall = size * rng.range(0.34, 0.44);
    let lean = rng.around(0.2);
    let top = foot + vec2(lean * 0.3, -1.0) * tall;
    let stem = hex(rng.pick(&[0xf0e6d2, 0xe4d8bc]));
    canvas.shadow(foot + vec2(-light.from.x * 0.06, 0.0), vec2(0.17, 0.035) * size, 0.55);
    canvas.shape(
        Area::around((foot + top) * 0.5, tall),
        |p| {
            let bulb = ellipse(p - foot + vec2(0.0, 0.03 * size), 0.075 * size, 0.055 * size);
            blend(tapered(p, foot, top, 0.055 * size, 0.04 * size), bulb, 0.05 * size)
        },
        |p, _| {
            let up = (foot.y - p.y) / tall;
            let across = (p.x - mix(foot.x, top.x, up)) / (0.055 * size);
            let fibre = grain.rough(p.scaled(50.0, 9.0) * (1.0 / size), pixel * 50.0 / size, 0.6);
            stem * (0.8 + 0.28 * across * light.from.x.signum() + 0.12 * fibre - 0.35 * smooth(0.6, 1.0, up))
        },
    );
    let ring = foot + (top - foot) * 0.66;
    canvas.dab(ring, vec2(0.075, 0.022) * size, lean * 0.5, stem * 0.92, 1.0);
    canvas.dab(ring + vec2(0.0, 0.008 * size), vec2(0.06, 0.012) * size, lean * 0.5, stem * 0.68, 1.0);
    let (rx, ry) = (size * rng.range(0.22, 0.27), size * rng.range(0.16, 0.22));
    let brim = top + vec2(0.0, 0.035 * size);
    canvas.shape(
        Area::around(brim, rx),
        |p| ellipse(p - brim, rx * 0.96, 0.052 * size),
        |p, _| {
            let q = (p - brim).scaled(1.0 / rx, 1.0 / (0.05 * size));
            let gills =
                triangle(crate::math::angle(q.scaled(1.0, 0.4)) * 9.0) * saturate(1.4 - pixel * 60.0 / size);
            hex(0xe0d0b0) * (0.5 + 0.16 * gills + 0.2 * q.y)
        },
    );
    let spots: Vec<(Vec2, f32)> = (0..26)
        .map(|i| {
            let q = direction(i as f32 * 2.399_963 + lean) * ((i as f32 + 0.4) / 26.0).sqrt();
            (q + rng.disc() * 0.08, rng.range(0.055, 0.12))
        })
        .collect();
    canvas.shape(
        Area::around(brim, rx * 1.1),
        |p| {
            let q = p - brim;
            ellipse(q, rx, ry).max(q.y - 0.02 * size - 0.018 * size * (1.0 - (q.x / rx) * (q.x / rx)))
        },
        |p, _| {
            let q = (p - brim).scaled(1.0 / rx, 1.0 / ry);
            let z = (1.0 - q.dot(q)).max(0.0).sqrt();
            let normal = Vec3::unit(q.x, q.y * 0.9 - 0.1, z);
            let rough = grain.rough(p * (16.0 / size), pixel * 16.0 / size, 0.6);
            let mut skin = cap * (0.95 + 0.12 * rough) + gray(0.05);
            if spotted {
                // Warts sit on the dome, seen from slightly above.
                let dome = vec2(q.x, (q.y + 0.55) * 1.25 - 0.3 * z);
                for &(at, wide) in &spots {
                    let d = (dome - at).scaled(1.0, 1.15).length() - wide * (1.0 + 0.2 * rough);
                    let edge = pixel / rx;
                    skin = skin.mix(hex(0xf6ecdc), saturate(0.5 - d / edge));
                }
            } else {
                skin = skin
                    .mix(cap * 1.3, bell(q.length() * 1.3))
                    .mix(cap * 0.6, smooth(0.7, 1.0, q.x.abs()) * 0.5);
            }
            light.matt(skin, normal) + gray(0.3 * light.gloss(normal, 22.0))
        },
    );
}

/// Blades of grass whose feet are where `place` says.
fn grass(canvas: &mut Canvas, rng: &mut Rng, green: Rgb, count: i32, place: impl Fn(&mut Rng) -> Vec2) {
    for _ in 0..count {
        let foot = place(rng);
        let tall = rng.range(0.04, 0.11);
        let bend = rng.around(0.6);
        let middle = foot + vec2(bend * 0.3, -0.6) * tall;
        let tip = foot + vec2(bend, -1.0) * tall;
        let tone = green.vary(rng, 0.4);
        canvas.stroke(foot, middle, 0.008, 0.006, tone);
        canvas.stroke(middle, tip, 0.006, 0.001, tone * 1.15);
    }
}

/// A saguaro cactus in stony country.
pub(crate) fn cactus(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Golden, Hour::Dusk, Hour::Dawn]);
    let horizon = rng.range(0.66, 0.74);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.0, 0.4);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient();
    let mesa = Noise::new(rng);
    let red = hex(rng.pick(&[0xb0603c, 0xa8704c, 0x90503c])) * light;
    let far = sky.haze(red, 0.35);
    canvas.ridge(
        |x| {
            horizon + 0.01
                - 0.15 * smooth(0.05, 0.16, mesa.line(x * 1.5, pixel * 1.5))
                - 0.02 * mesa.line(x * 9.0, pixel * 9.0)
        },
        |p, depth| {
            let strata = 0.16 * mesa.line(p.y * 50.0, pixel * 50.0);
            let gullies = 0.2 * mesa.fractal(p.scaled(26.0, 5.0), pixel * 26.0);
            far * (1.0 + strata + gullies * smooth(0.12, 0.0, depth))
        },
    );
    let sand = hex(rng.pick(&[0xd8a870, 0xc89060, 0xe0b880])) * light;
    meadow_of_stones(canvas, rng, &sky, horizon, sand);
    let sun_side = if sky.sun.x < 0.5 { -1.0 } else { 1.0 };
    for _ in 0..rng.int(0, 3) {
        let small = rng.range(0.12, 0.24);
        let at = vec2(rng.range(0.05, 0.95), horizon + 0.03 + small * 0.1);
        saguaro(canvas, rng, light, at, small, sun_side);
    }
    let main = vec2(rng.range(0.42, 0.58), horizon + rng.range(0.1, 0.18));
    let tall = rng.range(0.58, 0.7);
    saguaro(canvas, rng, light, main, tall, sun_side);
    for _ in 0..rng.int(4, 10) {
        let at = vec2(rng.range(0.0, 1.0), rng.range(horizon + 0.12, 1.0));
        let size = rng.range(0.015, 0.04) * (0.5 + at.y);
        canvas.shadow(at + vec2(-sun_side * size, size * 0.3), vec2(size * 1.4, size * 0.4), 0.4);
        for _ in 0..14 {
            let tip = at + direction(rng.range(0.55, 0.95) * TURN) * size * rng.range(0.8, 1.6);
            canvas.stroke(at, tip, size * 0.14, size * 0.03, (hex(0x7a8a50) * light).vary(rng, 0.3));
        }
    }
}

fn meadow_of_stones(canvas: &mut Canvas, rng: &mut Rng, sky: &Sky, crest: f32, sand: Rgb) {
    let pixel = canvas.pixel;
    let ground = Noise::new(rng);
    canvas.ridge(
        |x| crest + 0.02 * ground.line(x * 1.6, pixel * 1.6),
        |p, depth| {
            let z = 1.0 / (depth + 0.1);
            let grit = ground.rough(vec2((p.x - 0.5) * z * 2.2, z * 6.0), pixel * z * (2.2 + 2.0 * z), 0.72);
            sky.haze(sand * (0.82 + 0.35 * depth + 0.22 * grit), (0.25 - depth).max(0.0))
        },
    );
    for _ in 0..rng.int(14, 40) {
        let depth = rng.unit();
        let at = vec2(rng.range(-0.1, 1.1), mix(crest + 0.05, 1.0, depth));
        let size = mix(0.004, 0.02, depth) * rng.range(0.5, 1.5);
        canvas.shadow(at + vec2(0.0, size * 0.5), vec2(size * 1.3, size * 0.5), 0.4);
        canvas.dab(at, vec2(size, size * 0.65), rng.around(0.3), sand * rng.range(0.55, 0.9), 1.0);
        canvas.dab(at + vec2(-0.2, -0.2) * size, vec2(size * 0.6, size * 0.3), 0.0, sand * 1.1, 0.7);
    }
}

fn saguaro(canvas: &mut Canvas, rng: &mut Rng, light: Rgb, foot: Vec2, tall: f32, sun_side: f32) {
    let pixel = canvas.pixel;
    let green = hex(rng.pick(&[0x4f7a44, 0x5a8048, 0x3f6a48])) * light;
    canvas.shadow(foot + vec2(-sun_side * tall * 0.2, 0.0), vec2(0.3 * tall, 0.03 * tall), 0.5);
    let half = tall * rng.range(0.085, 0.105);
    let spines = Noise::new(rng);
    let column = |canvas: &mut Canvas, from: Vec2, to: Vec2, half: f32| {
        let along = (to - from).unit();
        canvas.shape(
            Area::around((from + to) * 0.5, 0.5 * (to - from).length() + half),
            |p| tapered(p, from, to, half, half * 0.92),
            |p, d| {
                let across = ((p - from).dot(vec2(-along.y, along.x)) / half).clamp(-1.0, 1.0);
                let wrap = across * (1.0 + 0.45 * across * across);
                let rib = triangle(wrap * 2.6 + 0.25);
                let up = (p - from).dot(along);
                let seen = saturate(1.6 - pixel / half * 6.0);
                let tuft = smooth(0.75, 0.95, rib) * smooth(0.55, 0.9, triangle(up / half * 1.4)) * seen;
                let facing = if along.y < -0.5 { -across } else { across };
                let round = 0.72 + 0.4 * facing * sun_side + 0.2 * (1.0 - across * across);
                let rough = spines.rough(p * (14.0 / tall), pixel * 14.0 / tall, 0.6);
                let rim = smooth(-0.12, 0.0, d / half) * 0.12;
                green * (round + 0.26 * (rib - 0.5) * seen + 0.1 * rough)
                    + hex(0xf0e8c0) * light * (0.55 * tuft + rim)
            },
        );
    };
    for side in [-1.0, 1.0] {
        if rng.chance(0.8) {
            let height = rng.range(0.32, 0.58) * tall;
            let out = half * rng.range(2.3, 2.9);
            let joint = foot + vec2(side * out, -height);
            column(canvas, foot + vec2(0.0, -height + 0.01), joint, half * 0.6);
            column(canvas, joint, joint + vec2(side * 0.01, -tall * rng.range(0.18, 0.34)), half * 0.64);
        }
    }
    let top = foot + vec2(rng.around(0.03) * tall, -tall + half);
    column(canvas, foot, top, half);
    if rng.chance(0.3) {
        for _ in 0..6 {
            let at = top + vec2(rng.around(half), -half * 0.8 + rng.around(0.01));
            canvas.dab(at, vec2(0.014, 0.011) * (tall / 0.6), 0.0, hex(0xf0709a) * light, 1.0);
        }
    }
}
