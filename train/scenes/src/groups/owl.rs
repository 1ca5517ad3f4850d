//! Birds.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::groups::creatures::garden;
use crate::groups::fruit::foliage;
use crate::math::{TURN, Vec2, bell, mix, saturate, sin, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{blend, ellipse, polygon};

/// An owl on a branch, by day or by moonlight.
pub(crate) fn owl(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let moonlit = rng.chance(0.4);
    let tones: &[u32] =
        if moonlit { &[0x1c2848, 0x202a44, 0x182c40] } else { &[0x7a8a58, 0x8a7a50, 0x6a8a80, 0x90886a] };
    let base = garden(canvas, rng, tones);
    if moonlit {
        let moon = vec2(rng.pick(&[0.2, 0.8]) + rng.around(0.05), rng.range(0.14, 0.26));
        canvas.glow(Area::around(moon, 0.5), |p| hex(0xa8b8e0) * (0.5 * bell((p - moon).length() * 5.0)));
        canvas.soft_shape(
            Area::around(moon, 0.1),
            0.008,
            |p| (p - moon).length() - 0.09,
            |_, _| hex(0xf4f0dc),
        );
    }
    let ambient = if moonlit { hex(0x8a9ac8) } else { gray(1.0) };
    let palettes: [[u32; 3]; 5] = [
        [0x8a5f38, 0xe8d0a0, 0x3f2a18],
        [0xa8a098, 0xf0ece4, 0x4a4440],
        [0xf0ece6, 0xfcfaf6, 0x6a6460],
        [0xb8783c, 0xf8e4bc, 0x5a3418],
        [0x6a4a34, 0xc8a47c, 0x2a1c12],
    ];
    let [coat, pale, dark] = rng.pick(&palettes).map(|c| hex(c) * ambient);
    let at = vec2(0.5 + rng.around(0.08), rng.range(0.5, 0.55));
    let size = rng.range(0.3, 0.35);
    let perch = at.y + size * 0.98;
    let bark = hex(0x5a4432) * ambient;
    let rough = Noise::new(rng);
    let slope = rng.around(0.12);
    canvas.shape(
        Area::new(-9.0, perch - 0.4, 9.0, perch + 0.4),
        |p| (p.y - perch - slope * (p.x - at.x) - 0.012 * rough.smooth(p * 7.0)).abs() - 0.042,
        |p, _| {
            let across = (p.y - perch - slope * (p.x - at.x)) / 0.042;
            bark * (0.9 - 0.4 * across + 0.35 * rough.rough(p.scaled(9.0, 40.0), pixel * 40.0, 0.6))
        },
    );
    let place = |x: f32, y: f32| at + vec2(x, y) * size;
    let ears = rng.chance(0.6);
    let (texture, barred) = (Noise::new(rng), rng.chance(0.5));
    canvas.stroke(place(0.0, 0.7), place(0.03, 1.22), size * 0.44, size * 0.26, coat * 0.55);
    let body = |p: Vec2| {
        let q = (p - at) * (1.0 / size);
        let trunk = ellipse(q - vec2(0.0, 0.2), 0.68, 0.86);
        let head = ellipse(q - vec2(0.0, -0.52), 0.66, 0.54);
        let mut whole = blend(trunk, head, 0.2);
        if ears {
            let tuft = polygon(vec2(q.x.abs(), q.y), &[vec2(0.18, -0.9), vec2(0.62, -1.3), vec2(0.64, -0.6)]);
            whole = blend(whole, tuft, 0.08);
        }
        (q, whole + 0.012 * texture.smooth(q * 14.0))
    };
    canvas.shape(
        Area::around(at, size * 1.5),
        |p| body(p).1 * size,
        |p, _| {
            let (q, d) = body(p);
            let down = texture.rough(q.scaled(13.0, 8.0), pixel / size * 13.0, 0.65);
            let chest = smooth(0.52, 0.34, (q - vec2(0.0, 0.3)).scaled(1.0, 0.62).length());
            // Feathers lie like tiles, each with a dark tip.
            let row = (q.y * 7.5).floor();
            let u = q.x * 6.0 + if row as i32 % 2 == 0 { 0.5 } else { 0.0 };
            let v = q.y * 7.5 - row;
            let seen = saturate(1.7 - pixel / size * 14.0);
            let tip = bell((v - 0.75 + 1.1 * (u - u.floor() - 0.5) * (u - u.floor() - 0.5)) * 5.0);
            let mark = if barred { smooth(0.55, 0.8, triangle(q.y * 4.2 + 0.1 * down)) } else { tip };
            let color = coat.mix(pale, chest).mix(dark, (0.22 + 0.33 * chest) * mark * mix(0.5, 1.0, seen));
            let round = 0.92 + 0.28 * smooth(0.0, -0.3, d) - 0.32 * q.x * 0.7 - 0.2 * q.y * 0.6;
            color * (round + 0.22 * down)
        },
    );
    for side in [-1.0, 1.0] {
        canvas.shape(
            Area::around(place(side * 0.56, 0.25), size * 0.8),
            |p| {
                ellipse(((p - at) * (1.0 / size) - vec2(side * 0.58, 0.25)).turned(side * 0.16), 0.2, 0.62)
                    * size
            },
            |p, d| {
                let q = (p - at) * (1.0 / size);
                let quill = triangle(q.y * 3.6 + side * q.x * 2.0);
                let down = texture.rough(q.scaled(12.0, 7.0) + vec2(4.0, 4.0), pixel / size * 12.0, 0.65);
                let spot = smooth(0.35, 0.6, texture.smooth(q * 9.0)) * 0.5;
                (coat * 0.8).mix(pale, spot).mix(dark, smooth(0.3, 0.0, quill) * 0.5)
                    * (1.0 - 0.25 * side * q.x + 0.2 * down - 0.3 * smooth(-0.05, 0.0, d / size))
            },
        );
    }
    let iris = hex(rng.pick(&[0xf8b818, 0xf07818, 0xf8dc30, 0x6a3a18]));
    let look = rng.disc() * 0.03;
    for side in [-1.0, 1.0] {
        let eye = place(side * 0.29, -0.52);
        canvas.shape(
            Area::around(eye, size * 0.45),
            |p| ((p - eye).length() - 0.34 * size) + 0.008 * texture.smooth((p - eye) * (12.0 / size)),
            |p, _| {
                let q = (p - eye) * (1.0 / size);
                let rays = triangle(crate::math::angle(q) * 7.0) - 0.5;
                let ring = smooth(0.24, 0.34, q.length());
                pale.mix(dark, 0.6 * ring) * (0.98 + 0.16 * rays * saturate(1.6 - pixel / size * 14.0))
            },
        );
        let mut disc = |shift: Vec2, radius: f32, tone: Rgb| {
            canvas.shape(
                Area::around(eye, size * 0.3),
                |p| (p - eye - shift * size).length() - radius * size,
                |_, _| tone,
            );
        };
        disc(vec2(0.0, 0.0), 0.2, dark * 0.5);
        disc(vec2(0.0, 0.0), 0.175, iris * ambient.mix(gray(1.0), 0.6));
        disc(look, 0.1, gray(0.03));
        disc(vec2(-0.05, -0.06) + look, 0.035, gray(0.98));
    }
    let beak = [place(-0.09, -0.44), place(0.09, -0.44), place(0.0, -0.2)];
    canvas.shape(
        Area::around(place(0.0, -0.35), size * 0.2),
        |p| polygon(p, &beak) - 0.02 * size,
        |p, _| {
            hex(0xd8a848) * ambient * (1.05 - 2.0 * (p.x - at.x) / size - 0.6 * ((p.y - at.y) / size + 0.4))
        },
    );
    for side in [-1.0, 1.0] {
        for toe in [-0.09, 0.0, 0.09] {
            let foot = vec2(place(side * 0.24 + toe, 0.0).x, perch - 0.02);
            canvas.stroke(
                foot,
                foot + vec2(0.0, 0.045),
                size * 0.075,
                size * 0.05,
                hex(0xd8a848) * ambient * 0.9,
            );
        }
    }
    for _ in 0..rng.int(0, 9) {
        let x = rng.sign() * rng.range(0.25, 0.55) + 0.5;
        let stalk = vec2(x, perch + slope * (x - at.x));
        let tone = base.mix(hex(0x5a8a34) * ambient, 0.7).vary(rng, 0.3);
        let (turn, long) = (rng.range(0.0, TURN), rng.range(0.08, 0.14));
        foliage(canvas, stalk, turn, long, long * 0.22, tone * (0.9 + 0.1 * sin(x)));
    }
}
