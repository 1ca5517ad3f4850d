//! Things people make.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::{Vec3, ball};
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, sin, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{ellipse, rounded_box, tapered};
use crate::sky::{Hour, Sky};

/// Hot-air balloons over rolling land.
pub(crate) fn balloon(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Dawn, Hour::Golden, Hour::Day, Hour::Dusk]);
    let horizon = rng.range(0.8, 0.88);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.1, 0.6);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient().mix(gray(1.0), 0.3);
    for i in 0..3 {
        let near = i as f32 / 2.0;
        let hill = Noise::new(rng);
        let green = hex(rng.pick(&[0x5a8040, 0x6a8a48, 0x8a8a4a, 0x4a7050])) * sky.ambient();
        let base = horizon + mix(-0.05, 0.1, near);
        canvas.ridge(
            |x| base + mix(0.05, 0.03, near) * hill.line(x * 1.8, pixel * 1.8),
            |p, depth| {
                let woods = hill.rough(p.scaled(12.0, 24.0), pixel * 24.0, 0.7);
                sky.haze(green * (0.85 + 0.35 * woods + depth), mix(0.6, 0.12, near))
            },
        );
    }
    for _ in 0..rng.int(0, 4) {
        let at = vec2(rng.range(0.05, 0.95), rng.range(0.15, 0.7));
        let size = rng.range(0.03, 0.075);
        one_balloon(canvas, rng, &sky, at, size, light, 0.35);
    }
    let at = vec2(0.5 + rng.around(0.12), rng.range(0.34, 0.42));
    let size = rng.range(0.23, 0.29);
    one_balloon(canvas, rng, &sky, at, size, light, 0.0);
}

fn one_balloon(canvas: &mut Canvas, rng: &mut Rng, sky: &Sky, at: Vec2, size: f32, light: Rgb, haze: f32) {
    let palettes: [[u32; 4]; 7] = [
        [0xe03028, 0xf8d030, 0x2870c8, 0xf8f4e8],
        [0xf07820, 0xf8e8c0, 0xc82838, 0xf8c040],
        [0x7838a8, 0xf070a8, 0xf8d860, 0x3878d0],
        [0x2898a8, 0xf8f4e8, 0xe85840, 0xf8c838],
        [0xd82848, 0xf8f4f0, 0xd82848, 0xf8f4f0],
        [0x28a058, 0xf8e040, 0xf08028, 0x2868b8],
        [0x2848a0, 0x58b0e8, 0xf8f8f8, 0xf8a028],
    ];
    let palette = rng.pick(&palettes).map(hex);
    let pixel = canvas.pixel;
    let gores = rng.pick(&[10.0, 12.0, 16.0]);
    let pattern = rng.int(0, 3);
    let spin = rng.unit();
    let side = if sky.sun.x < at.x { -1.0 } else { 1.0 };
    let sun = Vec3::unit(side * 0.7, -0.55, 0.6);
    let half = |v: f32| {
        // Round above, drawn in to the mouth below; v runs from −1 at the top to 1.3 at the mouth.
        if v < 0.0 { (1.0 - v * v).max(0.0).sqrt() } else { mix(1.0, 0.2, smooth(0.0, 1.5, v)) - 0.02 * v }
    };
    let local = |p: Vec2| (p - at) * (1.0 / size);
    let basket = at + vec2(0.0, 1.72 * size);
    for x in [-0.15, -0.05, 0.05, 0.15] {
        canvas.stroke(
            at + vec2(x * 1.2, 1.25) * size,
            basket + vec2(x * 0.9, -0.12) * size,
            0.014 * size,
            0.014 * size,
            hex(0x3a3028),
        );
    }
    canvas.shape(
        Area::around(at, size * 1.4),
        |p| {
            let q = local(p);
            let side = (q.x.abs() - half(q.y.clamp(-1.0, 1.3))) * 0.8;
            let cap = q.length() - 1.0;
            (if q.y < 0.0 { cap } else { side.max(q.y - 1.28) }) * size
        },
        |p, _| {
            let q = local(p);
            let u = (q.x / half(q.y.clamp(-0.98, 1.3)).max(0.05)).clamp(-1.0, 1.0);
            // Around the envelope: the angle whose sine is u, by its series.
            let around = (u + u * u * u / 6.0 + 0.24 * u * u * u * u * u) * gores / 6.2 + spin;
            let gore = around.floor();
            let seam = triangle(around);
            let rows = q.y * 3.2 + 10.0;
            let paint = |around: f32, rows: f32| {
                let (gore, ring) = (around.floor() as i32, rows.floor() as i32);
                let pick = match pattern {
                    0 => gore,
                    1 => ring,
                    2 => gore + ring,
                    _ => (around + q.y * 1.6 + 40.0).floor() as i32,
                };
                palette[pick.rem_euclid(if pattern == 2 { 2 } else { 4 }) as usize]
            };
            // Each border between two colors is as soft as a pixel: four looks around the point.
            let (du, dv) = (pixel / size * gores / 6.2 / (1.0 - u * u).max(0.02).sqrt() * 0.3, pixel / size);
            let color = (paint(around - du, rows - dv)
                + paint(around + du, rows - dv)
                + paint(around - du, rows + dv)
                + paint(around + du, rows + dv))
                * 0.25;
            let puff = (0.5 - seam) * 0.22 * (gore + 0.5 - around).signum();
            let n = ball(vec2(u * 0.97 + puff, (q.y * 0.62).clamp(-0.9, 0.9)));
            let lambert = saturate(n.dot(sun) * 0.75 + 0.32);
            let crease = smooth(0.12, 0.0, seam) * 0.2 * saturate(1.5 - pixel / size * gores);
            let shine = bell((q - vec2(side * 0.42, -0.42)).length() * 2.6) * 0.22;
            let fire = hex(0xffc060) * (0.3 * smooth(0.5, 1.3, q.y));
            let tone = color * light * (0.38 + 0.78 * lambert - crease) + gray(shine) + fire;
            sky.haze(tone, haze)
        },
    );
    canvas.shape(
        Area::around(basket, size * 0.3),
        |p| rounded_box(p - basket, 0.16 * size, 0.13 * size, 0.03 * size),
        |p, _| {
            let q = (p - basket) * (1.0 / size);
            let weave =
                triangle(q.x * 26.0 + (q.y * 26.0).floor() * 0.5) * saturate(1.5 - pixel / size * 30.0);
            let rim = smooth(-0.08, -0.1, q.y) * 0.25;
            sky.haze(hex(0x8a5a30) * light * (0.8 + 0.25 * weave + rim + q.x * side), haze)
        },
    );
    if size > 0.15 {
        for x in [-0.07, 0.06] {
            let head = basket + vec2(x, -0.19) * size;
            canvas.stroke(head, head + vec2(0.0, 0.07) * size, 0.08 * size, 0.09 * size, palette[2] * 0.6);
            canvas.dab(head, vec2(0.035, 0.04) * size, 0.0, hex(0xd8a880) * light, 1.0);
        }
    }
}

/// Candles burning in the dark.
pub(crate) fn candle(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let room = hex(rng.pick(&[0x3a2418, 0x2a2430, 0x1f2a34, 0x34201c, 0x2c2c1c]));
    let (wall, wood) = (Noise::new(rng), Noise::new(rng));
    let floor = rng.range(0.78, 0.86);
    let count = rng.int(1, 3);
    let main = vec2(0.5 + rng.around(0.06), floor + 0.05);
    let mut candles = vec![(main, rng.range(0.085, 0.12), rng.range(0.3, 0.42))];
    for i in 1..count {
        let side = if i == 1 { -1.0 } else { 1.0 };
        let at = main + vec2(side * rng.range(0.22, 0.32), rng.range(-0.05, 0.04));
        candles.push((at, rng.range(0.055, 0.09), rng.range(0.16, 0.34)));
    }
    let flames: Vec<Vec2> = candles.iter().map(|&(at, _, tall)| at - vec2(0.0, tall + 0.06)).collect();
    let warm = hex(0xffa850);
    let lit =
        |p: Vec2| flames.iter().map(|&f| bell((p - f).length() * 2.1)).sum::<f32>() / flames.len() as f32;
    canvas.paint(|p| {
        let plaster = wall.rough(p * 5.0, pixel * 5.0, 0.65);
        room * (0.45 + 0.12 * plaster) + warm * (0.34 * lit(p) * (0.9 + 0.25 * plaster))
    });
    for _ in 0..rng.int(0, 12) {
        let at = vec2(rng.range(-0.05, 1.05), rng.range(0.0, floor - 0.1));
        let size = rng.range(0.015, 0.05);
        let tone = warm.vary(rng, 0.4);
        canvas.layer(Area::around(at, size * 1.2), |p| {
            (tone, 0.3 * smooth(size, size * 0.75, (p - at).length()))
        });
    }
    let plank = hex(rng.pick(&[0x6a4428, 0x4a3424, 0x5a4438]));
    canvas.soft_shape(
        Area::below(floor),
        0.015,
        |p| floor - p.y,
        |p, _| {
            let z = 1.0 / (p.y - floor + 0.3);
            let grain = wood.fractal(vec2((p.x - 0.5) * z * 3.0, z * 40.0), pixel * z * 60.0);
            plank * (0.35 + 0.12 * grain) + warm * (0.45 * lit(p - vec2(0.0, 0.16)) * (0.8 + 0.4 * grain))
        },
    );
    let wax = hex(rng.pick(&[0xf4e8cc, 0xf8f4e8, 0xc83838, 0xe8b860, 0x5a7a9a, 0x7a9a6a]));
    for &(at, half, tall) in candles.iter().rev() {
        one_candle(canvas, rng, at, half, tall, wax, warm);
    }
}

fn one_candle(canvas: &mut Canvas, rng: &mut Rng, at: Vec2, half: f32, tall: f32, wax: Rgb, warm: Rgb) {
    let pixel = canvas.pixel;
    let drip = Noise::new(rng);
    let brass = hex(0xb08840);
    canvas.shadow(at + vec2(0.0, 0.015), vec2(half * 2.4, 0.04), 0.6);
    canvas.shape(
        Area::around(at, half * 2.2),
        |p| ellipse(p - at, half * 1.75, half * 0.5),
        |p, _| {
            let q = (p - at).scaled(1.0 / (half * 1.75), 1.0 / (half * 0.5));
            let ring = bell((q.length() - 0.85) * 9.0);
            brass * (0.4 + 0.5 * ring - 0.25 * q.y + 0.25 * bell(q.x * 3.0))
        },
    );
    let top = at.y - tall;
    let rim = half * 0.3;
    canvas.shape(
        Area::new(at.x - half * 1.4, top - rim, at.x + half * 1.4, at.y + rim),
        |p| {
            let runs = 0.1
                * half
                * smooth(0.1, 0.7, drip.smooth(vec2(p.x / half * 2.4, 1.0 + (p.y - top) * 1.5)))
                * smooth(0.7 * tall, 0.1 * tall, p.y - top);
            let body = ((p.x - at.x).abs() - half - runs).max(p.y - at.y).max(top - p.y);
            body.min(ellipse(p - vec2(at.x, top), half, rim)).min(ellipse(p - at, half, rim))
        },
        |p, _| {
            let q = vec2((p.x - at.x) / half, (p.y - top) / tall);
            let through = bell(q.y * 1.7);
            let run = drip.fractal(vec2(q.x * 2.4, 1.0 + (p.y - top) * 1.5), pixel / half * 2.4);
            let round = 0.42 + 0.25 * (1.0 - q.x * q.x) + 0.16 * run;
            wax * round * mix(0.8, 1.35, through) + warm * (0.5 * through * (1.1 - 0.5 * q.x.abs()))
        },
    );
    let pool = vec2(at.x, top);
    canvas.shape(
        Area::around(pool, half),
        |p| ellipse(p - pool, half * 0.86, rim * 0.8),
        |p, _| {
            let q = (p - pool).scaled(1.0 / half, 1.0 / rim);
            wax.mix(hex(0xffe0a0), 0.6) * (0.85 + 0.25 * q.y)
                + gray(0.25 * bell((q - vec2(0.3, 0.2)).length() * 4.0))
        },
    );
    let lean = rng.around(0.25);
    let tip = pool + vec2(lean * 0.01, -0.035);
    canvas.stroke(pool, tip, 0.011, 0.008, hex(0x2a1a10));
    let flame_tall = rng.range(0.11, 0.15);
    let middle = tip - vec2(0.0, flame_tall * 0.28);
    canvas.glow(Area::around(middle, 0.6), |p| {
        warm * (0.42 * bell((p - middle).length() * 4.5) + 0.3 * bell((p - middle).length() * 11.0))
    });
    let flame = |p: Vec2, scale: f32| {
        let up = (tip.y + 0.012 - p.y) / (flame_tall * scale);
        let sway = lean * 0.05 * up * up;
        let wide = 0.27 * flame_tall * scale * (sin(saturate(up) * 0.5 * TURN)).max(0.0) * (1.25 - 0.75 * up);
        ((p.x - tip.x - sway).abs() - wide).max(-up * flame_tall).max((up - 1.0) * flame_tall)
    };
    let area = Area::around(middle, flame_tall);
    canvas.soft_shape(
        area,
        0.012,
        |p| flame(p, 1.0),
        |p, d| {
            let up = (tip.y - p.y) / flame_tall;
            let core = smooth(0.0, -0.016, d);
            let blue = smooth(0.22, 0.0, up);
            hex(0xff9a30).mix(hex(0xfff0b0), core).mix(hex(0x6a80e0), blue * 0.75) * 1.12
        },
    );
    canvas.soft_shape(area, 0.01, |p| flame(p, 0.62), |_, _| hex(0xfffbe8) * 1.1);
}

/// A wall clock, its hands at any time.
pub(crate) fn clock(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let wall = hex(rng.pick(&[0x8aa0a8, 0xd0c0a0, 0xb07a6a, 0x6a7a6a, 0x5a6480, 0xc8c8c0, 0xa0887a]));
    let plaster = Noise::new(rng);
    let stripes = if rng.chance(0.4) { 0.12 } else { 0.0 };
    let side = rng.sign();
    canvas.paint(|p| {
        let rough = plaster.rough(p * 9.0, pixel * 9.0, 0.68);
        let paper = smooth(0.45, 0.55, triangle(p.x * 5.0)) * stripes;
        wall * (0.96 + 0.1 * rough - paper + 0.3 * (p.x - 0.5) * side - 0.2 * (p.y - 0.5))
    });
    let at = vec2(0.5 + rng.around(0.06), 0.5 + rng.around(0.06));
    let size = rng.range(0.34, 0.42);
    canvas.shadow(at + vec2(-side * 0.05, 0.06), vec2(size * 1.05, size * 1.05), 0.5);
    let frame = hex(rng.pick(&[0x4a2c18, 0xb08838, 0x2a2a2e, 0x8a2a24, 0xd8d8d8, 0x2a4a6a]));
    let dial = hex(rng.pick(&[0xfaf6ea, 0xf4ead0, 0xffffff, 0x20242c]));
    let ink = if dial.luma() > 0.5 { hex(0x1c1a1c) } else { hex(0xf0e8d0) };
    let accent = hex(rng.pick(&[0xc82828, 0x1c1a1c, 0x2858a8, 0xd89020]));
    let thick = rng.range(0.1, 0.18);
    canvas.shape(
        Area::around(at, size),
        |p| (p - at).length() - size,
        |p, _| {
            let q = (p - at) * (1.0 / size);
            let across = (q.length() - 1.0 + thick * 0.5) / (thick * 0.5);
            let facing = q.unit().dot(vec2(side * 0.6, -0.8));
            let bevel = facing * across;
            let grain =
                plaster.rough(vec2(crate::math::angle(q) * 3.0, q.length() * 22.0), pixel / size * 22.0, 0.6);
            frame * (0.8 + 0.4 * bevel + 0.12 * grain) + gray(0.3 * bell((bevel - 0.75) * 5.0))
        },
    );
    let face = size * (1.0 - thick);
    canvas.shape(
        Area::around(at, face),
        |p| (p - at).length() - face,
        |p, d| {
            let q = (p - at) * (1.0 / face);
            let shade = smooth(-0.1 * size, 0.0, d) * saturate(0.5 + q.unit().dot(vec2(side * 0.6, -0.8)));
            dial * (1.0 - 0.35 * shade - 0.06 * (q.y - q.x * side))
        },
    );
    let style = rng.int(0, 2);
    for i in 0..60 {
        let out = direction(i as f32 / 60.0 * TURN);
        if i % 5 == 0 {
            let long = if i % 15 == 0 { 0.2 } else { 0.14 };
            let (inner, wide) = (0.92 - long, if i % 15 == 0 { 0.055 } else { 0.035 });
            match style {
                0 => canvas.stroke(
                    at + out * (face * 0.92),
                    at + out * (face * inner),
                    face * wide,
                    face * wide,
                    ink,
                ),
                1 => canvas.dab(at + out * (face * 0.82), vec2(wide, wide) * face, 0.0, ink, 1.0),
                _ => {
                    let along = vec2(-out.y, out.x) * (face * 0.025);
                    for shift in [-1.0, 1.0] {
                        let from = at + out * (face * 0.92) + along * shift;
                        canvas.stroke(from, from - out * (face * long), face * 0.022, face * 0.022, ink);
                    }
                }
            }
        } else {
            canvas.stroke(
                at + out * (face * 0.93),
                at + out * (face * 0.885),
                face * 0.012,
                face * 0.012,
                ink,
            );
        }
    }
    let time = rng.range(0.0, 12.0);
    let minute = (time - time.floor()) * TURN - 0.25 * TURN;
    let hour = time / 12.0 * TURN - 0.25 * TURN;
    let second = rng.unit() * TURN;
    for shadow in [true, false] {
        let shift = if shadow { vec2(-side * 0.012, 0.018) } else { vec2(0.0, 0.0) };
        let mut hand = |along: f32, long: f32, wide: f32, tone: Rgb| {
            let from = at + shift - direction(along) * (face * 0.13);
            let to = at + shift + direction(along) * (face * long);
            let tone = if shadow { dial * 0.72 } else { tone };
            let (a, b) = (0.5 * wide * face, 0.25 * wide * face);
            canvas.shape(
                Area::around(at, face),
                |p| tapered(p, from, to, a.max(0.3 * pixel), b.max(0.3 * pixel)),
                |_, _| tone,
            );
        };
        hand(hour, 0.5, 0.1, ink);
        hand(minute, 0.76, 0.075, ink);
        hand(second, 0.84, 0.022, accent);
    }
    canvas.dab(at, vec2(0.055, 0.055) * face, 0.0, accent, 1.0);
    let glare = rng.range(0.0, 0.22);
    canvas.layer(Area::around(at, face), |p| {
        let q = (p - at) * (1.0 / face);
        let band = smooth(0.1, 0.2, q.x * side - q.y * 0.6) * smooth(0.75, 0.6, q.x * side - q.y * 0.6);
        (gray(1.0), glare * band * saturate((1.0 - q.length()) * face / pixel))
    });
}
