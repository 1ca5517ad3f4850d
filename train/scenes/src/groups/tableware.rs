//! What stands on a table besides fruit.

use crate::canvas::{Area, Canvas};
use crate::color::{gray, hex};
use crate::groups::fruit::{cast, table};
use crate::lighting::Vec3;
use crate::math::{Vec2, bell, mix, saturate, sin, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::ellipse;

/// A cup of coffee or tea on its saucer, steaming.
pub(crate) fn cup(canvas: &mut Canvas, rng: &mut Rng) {
    let light = table(canvas, rng);
    let pixel = canvas.pixel;
    let glaze = hex(rng.pick(&[0xf8f4ec, 0xf8f4ec, 0x3a6a9a, 0xb84838, 0x4a8a78, 0xe8b848, 0x2c2c30]));
    let drink = hex(rng.pick(&[0x3a2010, 0x8a4a18, 0x2a1a10, 0xb07840]));
    let at = vec2(0.5 + rng.around(0.06), rng.range(0.56, 0.62));
    let size = rng.range(0.2, 0.24);
    let side = rng.sign();
    let decor = rng.int(0, 3);
    let trim = hex(rng.pick(&[0xc8a040, 0x2a5a98, 0xc83848, 0x3a8a60])).mix(glaze, 0.15);
    let saucer = at + vec2(0.0, size * 1.02);
    cast(canvas, &light, saucer + vec2(0.0, size * 0.1), size * 1.7);
    let plate = |p: Vec2, scale: f32| ellipse(p - saucer, size * 1.75 * scale, size * 0.5 * scale);
    canvas.shape(
        Area::around(saucer, size * 1.8),
        |p| plate(p, 1.0),
        |p, d| {
            let q = (p - saucer).scaled(1.0 / (size * 1.75), 1.0 / (size * 0.5));
            let r = q.length();
            let slope = smooth(0.55, 0.75, r) * q.unit().dot(vec2(light.from.x, -0.6));
            let line = smooth(-0.03, -0.02, d / size) * 0.9;
            let shade =
                0.88 + 0.18 * slope - 0.3 * bell((r - 0.4) * 4.0) * smooth(0.2, -0.6, q.x * light.from.x);
            glaze.mix(trim, line) * shade
        },
    );
    let handle = at + vec2(side * size * 1.08, size * 0.12);
    canvas.shape(
        Area::around(handle, size * 0.6),
        |p| (ellipse(p - handle, size * 0.4, size * 0.4)).abs() - size * 0.085,
        |p, d| glaze * (0.85 - 0.4 * (d / size + 0.04) * 6.0 * side - 0.7 * (p.y - handle.y)),
    );
    let rim = at - vec2(0.0, size * 0.6);
    let half = |y: f32| {
        // From the rim down to the foot.
        let t = saturate((y - rim.y) / (size * 1.5));
        size * mix(1.0, 0.42, t * t * t * 0.75 + 0.25 * t * t)
    };
    let marks = Noise::new(rng);
    canvas.shape(
        Area::around(at, size * 1.3),
        |p| {
            let body = ((p.x - at.x).abs() - half(p.y)).max(rim.y - p.y).max(p.y - rim.y - size * 1.5) * 0.9;
            body.min(ellipse(p - rim, size, size * 0.28)).min(ellipse(
                p - rim - vec2(0.0, size * 1.5),
                half(9.0),
                size * 0.12,
            ))
        },
        |p, _| {
            let u = ((p.x - at.x) / half(p.y)).clamp(-1.0, 1.0);
            let v = (p.y - rim.y) / size;
            let z = (1.0 - u * u).max(0.0).sqrt();
            let normal = Vec3::unit(u, 0.25 * v, z);
            let bow = v - 0.26 * z;
            let around = u + u * u * u / 6.0 + 0.25 * u * u * u * u * u;
            let ornament = match decor {
                0 => {
                    smooth(0.03, 0.0, (bow - 0.15).abs() - 0.05)
                        + smooth(0.02, 0.0, (bow - 0.3).abs() - 0.015)
                }
                1 => {
                    let cell = vec2(triangle(around * 3.0) - 0.5, (triangle(bow * 2.6) - 0.5) * 0.8);
                    smooth(0.22, 0.16, cell.length())
                }
                2 => smooth(0.04, 0.0, (bow - 0.4 - 0.12 * sin(around * 9.0)).abs() - 0.04),
                _ => 0.0,
            };
            let color =
                glaze.mix(trim, saturate(ornament)) * (1.0 + 0.03 * marks.fractal(p * 20.0, pixel * 20.0));
            let window = light.gloss(normal, 60.0) * 0.5 + light.gloss(normal, 8.0) * 0.14;
            light.matt(color, normal) * 1.05 + gray(window)
        },
    );
    canvas.shape(
        Area::around(rim, size),
        |p| ellipse(p - rim, size * 0.93, size * 0.235),
        |p, _| {
            let q = (p - rim).scaled(1.0 / size, 1.0 / (size * 0.235));
            glaze * (0.62 - 0.25 * q.x * light.from.x + 0.2 * q.y)
        },
    );
    let level = rim + vec2(0.0, size * 0.06);
    let cream = rng.chance(0.5);
    let swirl = Noise::new(rng);
    canvas.shape(
        Area::around(level, size),
        |p| ellipse(p - level, size * 0.87, size * 0.19).max(ellipse(p - rim, size * 0.92, size * 0.23)),
        |p, d| {
            let q = (p - level).scaled(1.0 / (size * 0.87), 1.0 / (size * 0.19));
            let turns = q.turned(q.length() * 4.0);
            let foam = if cream {
                smooth(0.0, 0.45, swirl.fractal(turns * 1.8, pixel / size * 9.0) + 0.1)
            } else {
                0.0
            };
            let ring = smooth(-0.05, 0.0, d / size) * 0.5;
            let glint = 0.45 * bell((q - vec2(light.from.x * 0.6, -0.4)).scaled(2.5, 3.0).length());
            drink.mix(hex(0xf0dcb8), foam * 0.85).mix(drink * 1.8, ring) + gray(glint * (1.0 - 0.7 * foam))
        },
    );
    let steam = Noise::new(rng);
    let rise = rng.range(0.25, 0.6);
    canvas.layer(Area::new(at.x - size, rim.y - 0.42, at.x + size, rim.y), |p| {
        let up = (rim.y - p.y) / 0.42;
        let bend = 0.07 * sin(up * 6.0 + at.x * 40.0) * up;
        let wisp = steam.fractal(vec2((p.x - at.x - bend) * 9.0, p.y * 3.5), pixel * 9.0);
        let body =
            bell((p.x - at.x - bend) / (0.09 + 0.06 * up)) * smooth(0.0, 0.15, up) * smooth(1.0, 0.3, up);
        (gray(0.97), rise * body * saturate(0.35 + 1.1 * wisp))
    });
}
