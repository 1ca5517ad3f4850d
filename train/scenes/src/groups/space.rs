//! Beyond the air.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::{Vec3, ball};
use crate::math::{TURN, Vec2, angle, bell, exp, mix, pow, saturate, sin, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;

/// Black space with stars and a faint veil of dust.
fn starfield(canvas: &mut Canvas, rng: &mut Rng, veil: Rgb) {
    let noise = Noise::new(rng);
    let pixel = canvas.pixel;
    canvas.paint(|p| {
        let dust = saturate(noise.fractal(p * 2.2, pixel * 2.2) * 0.6 + 0.25);
        hex(0x05060d) + veil * (dust * dust)
    });
    let field = rng.clone();
    for column in canvas.across(0.2, 0.0) {
        let mut rng = field.item(column);
        for _ in 0..26 {
            let at = vec2((column as f32 + rng.unit()) * 0.2, rng.range(-0.2, 1.2));
            let bright = pow(rng.unit(), 4.0);
            let color = hex(rng.pick(&[0xffffff, 0xcfe0ff, 0xffe2c0, 0xb8ccff, 0xffd0c0]));
            let size = mix(0.0015, 0.005, bright);
            canvas.dab(at, vec2(size, size), 0.0, color, mix(0.45, 1.0, bright));
            if bright > 0.5 {
                canvas.glow(Area::around(at, 0.04), |p| {
                    let q = p - at;
                    let cross = bell(q.x * 300.0) * bell(q.y * 60.0) + bell(q.y * 300.0) * bell(q.x * 60.0);
                    color * (0.4 * bell(q.length() * 80.0) + 0.5 * cross * bright)
                });
            }
        }
    }
}

/// A planet with rings and perhaps a moon, lit from one side.
pub(crate) fn planet(canvas: &mut Canvas, rng: &mut Rng) {
    let veil = hex(rng.pick(&[0x2a1f4a, 0x1a2f4a, 0x3a1f2a, 0x14303a])).vary(rng, 0.2) * 0.7;
    starfield(canvas, rng, veil);
    let pixel = canvas.pixel;
    let center = vec2(rng.range(0.42, 0.58), rng.range(0.42, 0.58));
    let radius = rng.range(0.2, 0.28);
    let tilt = rng.range(-0.5, 0.5);
    let light = Vec3::unit(rng.sign() * rng.range(0.4, 0.9), rng.range(-0.6, 0.1), rng.range(0.35, 0.8));
    let palettes: [[u32; 4]; 6] = [
        [0xd9b98a, 0xb98a5a, 0xf0dcb4, 0x8a5f3f],
        [0x6fb0d8, 0x3f78b8, 0xbfe4f4, 0x2a5090],
        [0xc86a48, 0x8f3f2a, 0xe8a880, 0x5a2a22],
        [0x86b890, 0x4a8a70, 0xd0e8c0, 0x2f5f5a],
        [0xa88ac8, 0x7058a0, 0xdcc8ec, 0x48386f],
        [0xe0c060, 0xb08838, 0xf8ecb0, 0x806028],
    ];
    let palette = rng.pick(&palettes).map(hex);
    let bands = rng.range(3.0, 8.0);
    let swirl = rng.range(0.2, 0.9);
    let noise = Noise::new(rng);
    let spot = vec2(rng.range(-0.4, 0.4), rng.range(-0.5, 0.5));
    let surface = |p: Vec2| {
        let n = ball(p);
        let q = vec2(n.x * 1.6 / (0.5 + 0.5 * n.z), n.y);
        let flow = noise.fractal(q.scaled(1.5, 4.0), pixel / radius * 4.0) * swirl;
        let row = noise.line(q.y * bands + flow * 0.6, pixel / radius * bands);
        let fine = noise.fractal(q.scaled(3.0, 11.0) + vec2(flow, 9.0), pixel / radius * 11.0);
        let color =
            palette[1].mix(palette[0], smooth(-0.5, 0.3, row)).mix(palette[2], smooth(0.15, 0.8, row));
        let color = color.mix(palette[3], saturate(fine * 0.55));
        let storm = smooth(1.0, 0.6, (vec2(q.x, q.y) - spot).scaled(4.0, 8.0).length());
        let lit = saturate(n.dot(light) * 1.1 + 0.06);
        let rim = pow(1.0 - n.z, 3.0) * saturate(n.dot(light) + 0.3);
        color.mix(palette[2], storm * 0.6) * (0.03 + pow(lit, 0.8)) + palette[0] * (rim * 0.3)
    };
    let ringed = rng.chance(0.85);
    let flat = rng.range(0.12, 0.36);
    let (inner, outer) = (rng.range(1.25, 1.4), rng.range(1.7, 2.05));
    let ring_tone = palette[2].mix(gray(0.8), 0.4);
    let rings = Noise::new(rng);
    let ring = |p: Vec2, front: bool| -> (Rgb, f32) {
        let q = (p - center).turned(-tilt) * (1.0 / radius);
        if (q.y > 0.0) != front {
            return (ring_tone, 0.0);
        }
        let r = q.scaled(1.0, 1.0 / flat).length();
        let grooves = rings.line(r * 14.0, pixel / radius / flat * 7.0);
        let edge = pixel / radius / flat * 0.5 + 0.01;
        let gap = smooth(0.03, 0.05, (r - mix(inner, outer, 0.66)).abs());
        let alpha = smooth(inner - edge, inner + edge, r) * smooth(outer + edge, outer - edge, r) * gap;
        let shaded = if !front && q.length() < 1.6 {
            smooth(0.7, 1.1, vec2(q.x + light.x * 0.8, q.y).length())
        } else {
            1.0
        };
        (
            ring_tone * ((0.75 + 0.5 * grooves) * mix(0.12, 1.0, shaded)),
            alpha * saturate(0.75 + 0.5 * grooves),
        )
    };
    let reach = Area::around(center, radius * outer * 1.05);
    if ringed {
        canvas.layer(reach, |p| ring(p, false));
    }
    canvas.glow(Area::around(center, radius * 1.5), |p| {
        let q = (p - center) * (1.0 / radius);
        let facing = saturate(q.unit().dot(vec2(light.x, light.y)) + 0.3);
        palette[0] * (0.3 * facing * exp(-(q.length() - 1.0).max(0.0) * 12.0))
    });
    canvas.shape(
        Area::around(center, radius),
        |p| (p - center).length() - radius,
        |p, _| {
            let q = ((p - center) * (1.0 / radius)).turned(-tilt);
            let shadow = if ringed {
                let r = (q.y + light.y * 0.3 + 0.12).abs() / flat;
                1.0 - 0.4 * bell((r - 0.9) * 3.0)
            } else {
                1.0
            };
            surface(q) * shadow
        },
    );
    if ringed {
        canvas.layer(reach, |p| ring(p, true));
    }
    for _ in 0..rng.int(if ringed { 0 } else { 1 }, 2) {
        let away = radius * rng.range(1.5, 2.1);
        let at = center + crate::math::direction(rng.range(0.0, TURN)) * away;
        let size = rng.range(0.018, 0.05);
        canvas.shape(
            Area::around(at, size),
            |p| (p - at).length() - size,
            |p, _| {
                let n = ball((p - at) * (1.0 / size));
                let crater = noise.fractal((p - at) * (2.0 / size), pixel * 2.0 / size);
                gray(0.72 + 0.2 * crater) * (0.04 + saturate(n.dot(light)))
            },
        );
    }
}

/// A spiral galaxy seen from above or aslant.
pub(crate) fn galaxy(canvas: &mut Canvas, rng: &mut Rng) {
    let veil = hex(rng.pick(&[0x1a1030, 0x101a30, 0x200f20]));
    starfield(canvas, rng, veil * 0.6);
    let pixel = canvas.pixel;
    let center = vec2(rng.range(0.42, 0.58), rng.range(0.42, 0.58));
    let size = rng.range(0.4, 0.52);
    let tilt = rng.range(-1.2, 1.2);
    let flat = rng.range(0.42, 0.95);
    let arms = rng.pick(&[2.0, 2.0, 3.0, 4.0]);
    let wind = rng.range(2.6, 4.6) * rng.sign();
    let phase = rng.range(0.0, TURN);
    let core = hex(rng.pick(&[0xffe6b0, 0xfff0d8, 0xffd890]));
    let outer = hex(rng.pick(&[0x6f90ff, 0x8f80f0, 0x60b0f0, 0xb088e8]));
    let bloom = hex(rng.pick(&[0xff6090, 0xff80b0, 0xf06a78]));
    let noise = Noise::new(rng);
    let sharp = rng.range(1.3, 2.6);
    canvas.glow(Area::around(center, size * 1.5), |p| {
        let q = (p - center).turned(-tilt).scaled(1.0 / size, 1.0 / (size * flat));
        let r = q.length();
        if r > 1.5 {
            return gray(0.0);
        }
        let texture = noise.fractal(q * 4.0, pixel / (size * flat) * 4.0);
        let around = angle(q) * arms + wind * arms * 0.5 * (r + 0.05).sqrt() * 2.2 + phase + texture * 0.55;
        let arm = pow(0.5 + 0.5 * sin(around), sharp);
        let lane =
            smooth(0.35, 0.9, noise.fractal(q * 6.0 + vec2(7.0, 1.0), pixel / (size * flat) * 6.0) + 0.45);
        let disc = exp(-r * 2.6) * smooth(1.5, 0.75, r);
        let bulge = exp(-r * r * 60.0) + 0.4 * exp(-r * r * 14.0);
        let gas = disc * (0.14 + 2.2 * arm * smooth(0.03, 0.3, r)) * (0.55 + 0.75 * lane + 0.5 * texture);
        let knots =
            smooth(0.5, 0.9, noise.smooth(q * 15.0)) * arm * smooth(0.95, 0.4, r) * smooth(0.15, 0.3, r);
        let tone = core.mix(outer, smooth(0.05, 0.55, r));
        tone * (1.7 * gas.max(0.0)) + core * bulge + bloom * (knots * 0.5)
    });
    let speckles = rng.int(220, 380);
    for _ in 0..speckles {
        let r = rng.unit().sqrt() * 0.95;
        let around = (0.25 * TURN - phase + rng.around(0.9)) / arms - wind * 0.5 * (r + 0.05).sqrt() * 2.2
            + TURN / arms * rng.int(0, 3) as f32;
        let q = crate::math::direction(around) * r;
        let at = center + q.scaled(size, size * flat).turned(tilt);
        let dot = rng.range(0.001, 0.0035);
        canvas.dab(at, vec2(dot, dot), 0.0, outer.mix(gray(1.0), 0.6), rng.range(0.3, 0.9) * (1.1 - r));
    }
}
