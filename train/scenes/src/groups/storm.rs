//! Lightning, and what follows the rain.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex, hsv};
use crate::groups::flora::{broad_tree, meadow};
use crate::groups::land::conifer;
use crate::math::{Vec2, bell, mix, saturate, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::tapered;
use crate::sky::{Hour, Sky};

/// Lightning over a dark plain.
pub(crate) fn lightning(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.74, 0.84);
    let mut sky = Sky::new(Hour::Night, horizon, rng);
    sky.zenith = hex(rng.pick(&[0x1c1a34, 0x141c30, 0x241834, 0x10222c]));
    sky.low = sky.zenith.mix(hex(rng.pick(&[0x6a5a9a, 0x5a6aa0, 0x8a5a80, 0x4a7a8a])), 0.75);
    sky.cover = rng.range(0.75, 0.95);
    sky.cloud_light = sky.low * 1.15;
    sky.cloud_shade = sky.zenith * 0.7;
    let strike = rng.range(0.25, 0.75);
    sky.sun = vec2(strike, 0.02);
    sky.light = hex(rng.pick(&[0xcfc8ff, 0xc8dcff, 0xf0d0ff]));
    sky.glow = 0.55;
    sky.paint(canvas);
    let tint = sky.light;
    let end = vec2(strike + rng.around(0.22), horizon + 0.01);
    bolt(canvas, rng, vec2(strike, -0.05), end, 0.012, tint, 4);
    if rng.chance(0.4) {
        let x = strike + rng.sign() * rng.range(0.2, 0.4);
        let end = vec2(x + rng.around(0.22), horizon + 0.01);
        bolt(canvas, rng, vec2(x, -0.05), end, 0.007, tint * 0.9, 3);
    }
    let pixel = canvas.pixel;
    let ground = Noise::new(rng);
    canvas.ridge(
        |x| horizon - 0.025 * ground.line(x * 2.0, pixel * 2.0),
        |p, depth| {
            let z = 1.0 / (depth + 0.08);
            let blades = ground.rough(vec2((p.x - strike) * z * 2.0, z * 4.0), pixel * z * 10.0, 0.7);
            let lit = bell((p.x - strike) * 2.2) * bell(depth * 5.0);
            hex(0x14161c) * (1.0 + 0.6 * blades) + tint * (0.3 * lit * (0.7 + 0.6 * blades)).max(0.0)
        },
    );
    let woods = rng.clone();
    for i in canvas.across(0.07, 0.05) {
        let mut rng = woods.item(i);
        if rng.chance(0.35) {
            let x = (i as f32 + rng.unit()) * 0.07;
            let tall = rng.range(0.03, 0.09);
            conifer(canvas, vec2(x, horizon + 0.015), tall, hex(0x0c0e12), 0.0, &mut rng);
        }
    }
    let rain = rng.range(0.0, 0.22);
    let slant = rng.around(0.25);
    let drops = Noise::new(rng);
    canvas.layer(Area::new(-9.0, -9.0, 9.0, 9.0), |p| {
        let streak = drops.fractal(vec2((p.x + slant * p.y) * 60.0, p.y * 3.0), pixel * 45.0);
        (tint * 0.6, rain * saturate(streak + 0.25))
    });
}

/// One channel of lightning, by halving and shifting, with side branches.
fn bolt(canvas: &mut Canvas, rng: &mut Rng, from: Vec2, to: Vec2, width: f32, tint: Rgb, branches: i32) {
    let mut path = vec![from, to];
    let mut shift = 0.16 * (to - from).length();
    for _ in 0..6 {
        let mut finer = Vec::with_capacity(path.len() * 2);
        for pair in path.windows(2) {
            let along = (pair[1] - pair[0]).unit();
            finer.push(pair[0]);
            finer.push((pair[0] + pair[1]) * 0.5 + vec2(-along.y, along.x) * rng.around(shift));
        }
        finer.push(to);
        path = finer;
        shift *= 0.52;
    }
    let coarse: Vec<Vec2> = path.iter().copied().step_by(4).collect();
    let halo = width * 3.2;
    canvas.glow(Area::around((from + to) * 0.5, 0.5 * (to - from).length() + 2.0 * halo), |p| {
        let away = coarse.windows(2).map(|pair| tapered(p, pair[0], pair[1], 0.0, 0.0)).fold(1e9, f32::min);
        tint * (0.5 * bell(away / halo) + 0.18 * bell(away / (4.0 * halo)))
    });
    for (i, pair) in path.windows(2).enumerate() {
        let taper = width * (1.0 - 0.6 * i as f32 / path.len() as f32);
        canvas.stroke(pair[0], pair[1], taper, taper, tint.mix(gray(1.1), 0.75));
    }
    for _ in 0..branches {
        let start = path[rng.int(6, path.len() as i32 - 14) as usize];
        let side = rng.sign();
        let length = (to - start).length() * rng.range(0.25, 0.6);
        let end = start + (to - from).unit().turned(side * rng.range(0.3, 0.9)) * length;
        bolt(canvas, rng, start, end, width * 0.5, tint * 0.85, branches / 3);
    }
}

/// A rainbow over a green plain after the rain.
pub(crate) fn rainbow(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.66, 0.78);
    let mut sky = Sky::new(Hour::Overcast, horizon, rng);
    sky.zenith = hex(rng.pick(&[0x5a6f88, 0x6a8098, 0x4a6078, 0x5f8ab8]));
    sky.low = hex(rng.pick(&[0xc0d0d8, 0xd8d8d0, 0xb0c8dc]));
    sky.cover = rng.range(0.4, 0.75);
    sky.sun = vec2(rng.range(0.2, 0.8), 1.2);
    sky.glow = 0.0;
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let center = vec2(rng.range(0.25, 0.75), horizon + rng.range(0.02, 0.2));
    let radius = rng.range(0.46, 0.62);
    let width = rng.range(0.075, 0.11);
    let strength = rng.range(0.55, 0.85);
    let second = rng.chance(0.4);
    canvas.adjust(Area::new(-9.0, -9.0, 9.0, horizon + 0.05), |p, below| {
        let r = (p - center).length();
        let band = |from: f32, wide: f32, reversed: bool, alpha: f32, color: Rgb| {
            let t = (r - from) / wide;
            if !(-0.3..=1.3).contains(&t) {
                return color;
            }
            let hue = mix(0.78, 0.0, if reversed { 1.0 - t } else { t }.clamp(0.0, 1.0));
            let edge = smooth(-0.3, 0.25, t) * smooth(1.3, 0.8, t);
            color.mix(color * 0.45 + hsv(hue, 0.85, 1.0) * 0.66, alpha * edge)
        };
        let inside = smooth(radius + width, radius - 0.1, r) * 0.1;
        let color = band(radius, width, false, strength, below + gray(inside));
        if second { band(radius + width * 2.6, width * 1.2, true, strength * 0.35, color) } else { color }
    });
    let hills = Noise::new(rng);
    let far = sky.haze(hex(0x5f8a5a), 0.45);
    canvas.ridge(
        |x| horizon - 0.02 - 0.05 * hills.line(x * 2.0, pixel * 2.0),
        |p, _| far * (0.95 + 0.2 * hills.rough(p * 14.0, pixel * 14.0, 0.7)),
    );
    let green = hex(rng.pick(&[0x5fa03a, 0x6fae3c, 0x4f9440, 0x88a83a]));
    meadow(canvas, rng, &sky, horizon, green);
    for _ in 0..rng.int(0, 3) {
        let foot = vec2(rng.range(0.0, 1.0), horizon + rng.range(0.02, 0.09));
        let tall = rng.range(0.14, 0.24);
        canvas.shadow(foot, vec2(0.3 * tall, 0.012), 0.4);
        broad_tree(
            canvas,
            rng,
            foot,
            tall,
            1.0,
            [hex(0x24481c), hex(0x3f7a2c), hex(0x7aa848)],
            hex(0x4a3828),
        );
    }
    let flowers = rng.clone();
    let petal = hex(rng.pick(&[0xf8e040, 0xf0f0f8, 0xe06080, 0xc080e0]));
    let many = rng.range(0.0, 3.0);
    for i in canvas.across(0.03, 0.02) {
        let mut rng = flowers.item(i);
        for _ in 0..(many * rng.unit() * 2.0) as i32 {
            let depth = rng.unit();
            let at = vec2((i as f32 + rng.unit()) * 0.03, mix(horizon + 0.08, 1.0, depth));
            let size = mix(0.003, 0.011, depth);
            canvas.dab(at, vec2(size, size * 0.7), 0.0, petal.vary(&mut rng, 0.15), 1.0);
        }
    }
}
