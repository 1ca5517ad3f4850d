//! Below the surface of the sea.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, sin, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{blend, ellipse, leaf};

/// Blue water with light falling in from above.
fn depths(canvas: &mut Canvas, rng: &mut Rng, top: Rgb, bottom: Rgb) {
    let pixel = canvas.pixel;
    let (rays, cloud) = (Noise::new(rng), Noise::new(rng));
    let source = vec2(rng.range(0.0, 1.0), -rng.range(0.2, 0.5));
    canvas.paint(|p| {
        let q = p - source;
        let around = q.x / (q.y + 0.05).max(0.05);
        let beam = saturate(0.35 + 0.8 * rays.fractal(vec2(around * 4.0, 0.5), pixel * 8.0));
        let light = smooth(1.0, -0.1, p.y);
        let murk = cloud.fractal(p * 2.0, pixel * 2.0) * 0.1;
        bottom.mix(top, saturate(light + murk)) + top * (0.4 * beam * light * light)
    });
    for _ in 0..rng.int(20, 60) {
        let at = vec2(rng.range(-0.1, 1.1), rng.range(0.0, 1.0));
        let size = rng.range(0.0015, 0.004);
        canvas.dab(at, vec2(size, size), 0.0, top.mix(gray(1.0), 0.4), 0.35);
    }
}

/// A round bubble with a bright rim.
fn bubble(canvas: &mut Canvas, at: Vec2, size: f32) {
    let pixel = canvas.pixel;
    canvas.glow(Area::around(at, size * 1.1), |p| {
        let q = (p - at) * (1.0 / size);
        let inside = saturate(0.5 + (1.0 - q.length()) * size / pixel);
        let rim = smooth(0.6, 1.0, q.length()) * (0.6 - 0.3 * q.y);
        let shine = bell((q - vec2(-0.35, -0.4)).length() * 4.0);
        hex(0xc8f0ff) * (inside * (0.05 + 0.4 * rim + 0.7 * shine))
    });
}

/// A fish above a reef, with smaller ones behind it.
pub(crate) fn fish(canvas: &mut Canvas, rng: &mut Rng) {
    let top = hex(rng.pick(&[0x48b8d8, 0x3aa0d0, 0x50c0b8, 0x60a8e0]));
    let bottom = hex(rng.pick(&[0x0a3a66, 0x0f4a60, 0x123a70, 0x0a5058]));
    depths(canvas, rng, top, bottom);
    reef(canvas, rng, bottom);
    let palettes: [[u32; 3]; 8] = [
        [0xf47a1c, 0xfaf6ee, 0x1a1410],
        [0xf8d028, 0x2a4a90, 0x1a1a28],
        [0x3a70e0, 0xf8d838, 0x101838],
        [0xe84a5a, 0xf8e0c8, 0x4a1020],
        [0x48c0a0, 0xf0f080, 0x0a3a40],
        [0xf8f0e0, 0x20242c, 0xf8d030],
        [0xa060d0, 0xf8c840, 0x2a1048],
        [0xd8dce4, 0xf07038, 0x303848],
    ];
    let small = rng.pick(&palettes);
    for _ in 0..rng.int(0, 7) {
        let at = vec2(rng.range(0.05, 0.95), rng.range(0.1, 0.7));
        let size = rng.range(0.03, 0.06);
        let facing = rng.sign();
        one_fish(canvas, rng, at, size, facing, small.map(|c| hex(c).mix(bottom.mix(top, 0.5), 0.45)));
    }
    let palette = rng.pick(&palettes).map(hex);
    let at = vec2(0.5 + rng.around(0.06), rng.range(0.4, 0.5));
    let size = rng.range(0.24, 0.29);
    let facing = rng.sign();
    one_fish(canvas, rng, at, size, facing, palette);
    let mouth = at + vec2(facing * size * 1.25, -size * 0.1);
    for _ in 0..rng.int(2, 7) {
        let up = rng.range(0.0, 0.35);
        let size = rng.range(0.006, 0.018);
        bubble(canvas, mouth + vec2(rng.around(0.05), -up), size);
    }
}

fn one_fish(canvas: &mut Canvas, rng: &mut Rng, at: Vec2, size: f32, facing: f32, palette: [Rgb; 3]) {
    let [skin, stripe, dark] = palette;
    let pixel = canvas.pixel;
    let (texture, tall) = (Noise::new(rng), rng.range(0.52, 0.8));
    let tilt = rng.around(0.22);
    // The fish looks along +x in its own coordinates, and is one unit from middle to nose.
    let local = |p: Vec2| ((p - at) * (1.0 / size)).scaled(facing, 1.0).turned(-tilt);
    let area = Area::around(at, size * 1.9);
    let fin_tone = skin.mix(stripe, rng.range(0.0, 0.7));
    let rays = |q: Vec2, from: Vec2| {
        let spokes = triangle(crate::math::angle(q - from) * 9.0);
        fin_tone * (0.72 + 0.4 * spokes + 0.1 * texture.smooth(q * 6.0))
    };
    let (fork, span) = (rng.range(0.0, 0.25), rng.range(0.5, 0.72));
    let tail = |q: Vec2| {
        let t = saturate((-q.x - 0.75) / 0.65);
        let half = mix(0.1, span, t * t * (3.0 - 2.0 * t) * 0.6 + t * 0.4);
        (q.y.abs() - half).max(-q.x - 1.4 + fork * (1.0 - (q.y / span).abs()).max(0.0)).max(q.x + 0.72) * 0.8
    };
    canvas.shape(area, |p| tail(local(p)) * size, |p, _| rays(local(p), vec2(-0.5, 0.0)));
    let (crest, long) = (rng.range(0.25, 0.5), rng.range(0.5, 0.8));
    let fins = |q: Vec2| {
        let back = ellipse((q - vec2(-0.12, -tall * 0.78)).turned(0.25), long, crest);
        let belly = ellipse((q - vec2(-0.3, tall * 0.78)).turned(-0.5), 0.4, crest * 0.75);
        back.min(belly)
    };
    canvas.shape(area, |p| fins(local(p)) * size, |p, _| rays(local(p), vec2(0.2, 0.0)));
    let body = |q: Vec2| {
        let oval = ellipse(q, 1.0, tall * (1.0 - 0.18 * q.x.max(-1.0)));
        blend(oval, ellipse(q - vec2(-0.8, 0.0), 0.34, 0.16), 0.3)
    };
    let bands = rng.int(0, 4);
    let gap = rng.range(0.5, 0.75);
    let shift = rng.range(-0.2, 0.2);
    canvas.shape(
        area,
        |p| body(local(p)) * size,
        |p, d| {
            let q = local(p);
            let scaled =
                vec2(q.x * 8.0 + if (q.y * 9.0).floor() as i32 % 2 == 0 { 0.5 } else { 0.0 }, q.y * 9.0);
            let cell = vec2(scaled.x - scaled.x.floor() - 0.5, scaled.y - scaled.y.floor() - 0.5);
            let seen = saturate(1.6 - pixel / size * 16.0);
            let scale = smooth(0.2, 0.6, cell.length()) * seen;
            let wobble = q.x + 0.12 * q.y * q.y + 0.07 * texture.smooth(q * 3.0) + shift;
            let pattern = match bands {
                0 => smooth(-0.05, 0.25, q.y),
                1 => smooth(0.06, 0.02, (triangle(wobble / gap * 0.8) - 0.5).abs() * 0.4) * 0.9,
                2 => smooth(0.55, 0.65, triangle(wobble / gap)),
                3 => smooth(0.25, 0.4, texture.smooth(q * 4.5)),
                _ => smooth(0.45, 0.6, triangle(q.y * 3.0 + 0.3 * q.x)),
            };
            let outline =
                smooth(0.12, 0.02, (triangle(wobble / gap) - 0.6).abs()) * if bands == 2 { 1.0 } else { 0.0 };
            let base = skin.mix(stripe, pattern).mix(dark, outline * 0.9);
            let head = smooth(0.52, 0.56, q.x + 0.25 * q.y * q.y);
            let gill = bell((q.x + 0.25 * q.y * q.y - 0.52) * 26.0) * smooth(0.5, 0.2, q.y.abs());
            let y = q.y / tall;
            let round = 0.98 - 0.5 * y - 0.3 * y * y + 0.3 * bell((y + 0.45) * 3.0);
            let rim = smooth(-0.12, 0.0, d / size) * 0.22;
            let rough = texture.fractal(q * 6.0, pixel / size * 6.0) * 0.08;
            let mouth = bell(((q - vec2(0.93, 0.1)).y - 0.25 * (q.x - 0.9)) * 45.0) * smooth(0.74, 0.84, q.x);
            base.mix(skin, head * 0.6) * (round + rough - 0.2 * scale * (1.0 - head) - 0.35 * gill - rim)
                + dark * (-0.6 * mouth)
        },
    );
    let fin = vec2(0.22, 0.16);
    canvas.shape(
        area,
        |p| leaf((local(p) - fin).turned(-2.5), 0.52, 0.16) * size,
        |p, d| rays(local(p), fin) * (1.1 - 0.5 * smooth(-0.04, 0.0, d / size)),
    );
    let eye = vec2(0.64, -0.14);
    for (radius, tone, shift) in [
        (0.15, gray(0.97), vec2(0.0, 0.0)),
        (0.095, dark * 0.5, vec2(0.02, 0.0)),
        (0.035, gray(1.0), vec2(0.05, -0.05)),
    ] {
        canvas.shape(area, |p| ((local(p) - eye - shift).length() - radius) * size, |_, _| tone);
    }
}

/// Corals, weeds and sand at the bottom.
fn reef(canvas: &mut Canvas, rng: &mut Rng, water: Rgb) {
    let pixel = canvas.pixel;
    let floor = rng.range(0.78, 0.88);
    let (dune, grain) = (Noise::new(rng), Noise::new(rng));
    let sand = hex(0xc8b890).mix(water, 0.45);
    for layer in 0..2 {
        let near = layer as f32;
        let items = rng.clone().item(layer);
        let base = floor + 0.05 * near;
        canvas.ridge(
            |x| base + 0.03 * dune.line(x * 2.0 + near * 5.0, pixel * 2.0),
            |p, depth| {
                let ripple = grain.rough(vec2(p.x * 9.0, p.y * 26.0), pixel * 26.0, 0.65);
                let caustic = smooth(0.2, 0.0, grain.smooth(p.scaled(9.0, 22.0)).abs()) * 0.22;
                sand * (0.75 + 0.15 * near + 0.9 * depth + 0.2 * ripple + caustic)
            },
        );
        for i in canvas.across(0.1, 0.15) {
            let mut rng = items.item(i);
            let at = vec2((i as f32 + rng.unit()) * 0.1, base + 0.03 + 0.03 * near);
            let fog = 0.5 - 0.35 * near;
            let tone =
                hex(rng.pick(&[0xe86a7a, 0xf09a50, 0xc060b0, 0x60b880, 0xe8c860, 0x7a80d8])).mix(water, fog);
            match rng.int(0, 3) {
                0 => branch(canvas, &mut rng, at, -0.25 * TURN, 0.055 + 0.03 * near, 0.02, tone, 3),
                1 => {
                    for _ in 0..5 {
                        let sway = rng.range(0.0, TURN);
                        let tall = rng.range(0.1, 0.3);
                        let foot = at + vec2(rng.around(0.06), 0.0);
                        let weed = hex(0x4a8a3a).mix(water, fog).vary(&mut rng, 0.2);
                        let point = |t: f32| foot + vec2(0.022 * sin(sway + t * 7.0), -tall * t);
                        for k in 0..10 {
                            let t = k as f32 / 10.0;
                            let wide = 0.02 * (1.05 - t);
                            canvas.stroke(point(t), point(t + 0.1), wide, wide * 0.9, weed * (0.8 + 0.4 * t));
                        }
                    }
                }
                2 => {
                    for _ in 0..24 {
                        let q = rng.disc();
                        let knob = at + q.scaled(0.07, 0.045) - vec2(0.0, 0.02);
                        let size = rng.range(0.01, 0.02);
                        canvas.dab(
                            knob,
                            vec2(size, size),
                            0.0,
                            tone * (0.9 - 0.35 * q.y + rng.around(0.12)),
                            1.0,
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one branch of a recursive drawing")]
fn branch(
    canvas: &mut Canvas,
    rng: &mut Rng,
    at: Vec2,
    along: f32,
    length: f32,
    wide: f32,
    tone: Rgb,
    left: i32,
) {
    let tip = at + direction(along) * length;
    canvas.stroke(at, tip, wide, wide * 0.8, tone * (1.15 - 0.12 * left as f32));
    if left > 0 {
        for side in [-1.0, 1.0] {
            let turn = along + side * rng.range(0.25, 0.65);
            let shorter = length * rng.range(0.7, 0.9);
            branch(canvas, rng, tip, turn, shorter, wide * 0.8, tone, left - 1);
        }
    }
}

/// Glowing jellyfish in the deep.
pub(crate) fn jellyfish(canvas: &mut Canvas, rng: &mut Rng) {
    let tint = hex(rng.pick(&[0xff80c0, 0x80b0ff, 0xffa060, 0xc090ff, 0x70e0e0, 0xff7080]));
    let deep = hex(rng.pick(&[0x081848, 0x0a1030, 0x101a50, 0x06203c]));
    let top = deep * 2.4 + hex(0x102040);
    depths(canvas, rng, top, deep);
    for _ in 0..rng.int(0, 3) {
        let at = vec2(rng.range(0.05, 0.95), rng.range(0.1, 0.75));
        let size = rng.range(0.04, 0.08);
        let tilt = rng.around(0.5);
        jelly(canvas, rng, at, size, tilt, tint * 0.5);
    }
    let at = vec2(0.5 + rng.around(0.12), rng.range(0.28, 0.38));
    let size = rng.range(0.2, 0.26);
    let tilt = rng.around(0.35);
    jelly(canvas, rng, at, size, tilt, tint);
}

fn jelly(canvas: &mut Canvas, rng: &mut Rng, at: Vec2, size: f32, tilt: f32, tint: Rgb) {
    let pixel = canvas.pixel;
    let texture = Noise::new(rng);
    let place = |q: Vec2| at + q.turned(tilt) * size;
    let tentacles = rng.int(9, 15);
    for i in 0..tentacles {
        let start = mix(-0.85, 0.85, i as f32 / (tentacles - 1) as f32);
        let phase = rng.range(0.0, TURN);
        let (length, sway) = (rng.range(1.5, 2.6), rng.range(0.06, 0.18));
        let point = |t: f32| {
            let x = start * (1.0 - 0.35 * t) + sway * sin(phase + t * 6.5) * (0.2 + t);
            place(vec2(x, 0.28 + length * t))
        };
        let steps = 16;
        for k in 0..steps {
            let t = k as f32 / steps as f32;
            let tone = tint.mix(gray(0.9), 0.25) * (0.9 - 0.5 * t);
            canvas.stroke(point(t), point(t + 1.0 / steps as f32), size * 0.03, size * 0.026, tone);
        }
    }
    for i in 0..5 {
        // Frilled arms hang from the middle.
        let start = (i as f32 - 2.0) * 0.16;
        let phase = rng.range(0.0, TURN);
        for k in 0..30 {
            let t = k as f32 / 30.0;
            let x = start * (1.0 + 0.6 * t) + 0.09 * sin(phase + t * 8.0) + rng.around(0.05);
            let tone = tint.mix(gray(1.0), 0.5) * (1.0 - 0.45 * t);
            let frill = vec2(0.1, 0.075) * (size * (1.1 - 0.75 * t));
            canvas.dab(place(vec2(x, 0.2 + 1.35 * t)), frill, rng.range(0.0, TURN), tone, 0.5);
        }
    }
    canvas.glow(Area::around(at, size * 2.4), |p| tint * (0.28 * bell((p - at).length() / size * 0.85)));
    let bell_shape = |q: Vec2| {
        let dome = ellipse(q - vec2(0.0, 0.25), 1.0, 0.92);
        let scallop = 0.05 * triangle(q.x * 5.0 / (1.0 + 0.3 * q.x.abs()));
        dome.max(q.y - 0.3 - scallop)
    };
    canvas.layer(Area::around(at, size * 1.2), |p| {
        let q = (p - at).turned(-tilt) * (1.0 / size);
        let d = bell_shape(q) * size;
        let inside = saturate(0.5 - d / pixel);
        let rim = smooth(-0.3, 0.0, d / size);
        let ribs = triangle(crate::math::angle(q - vec2(0.0, 1.1)) * 5.5);
        let clover = bell(((q - vec2(0.0, -0.05)).scaled(1.0, 1.5).length() - 0.3) * 7.0);
        let mottle = texture.fractal(q * 3.5, pixel / size * 3.5);
        let glow = 0.4 + 0.5 * rim + 0.16 * ribs + 0.45 * clover + 0.16 * mottle - 0.1 * q.y;
        let shine = 0.4 * bell((q - vec2(-0.35, -0.3)).length() * 3.0);
        (tint * glow + gray(0.28 * rim + shine + 0.2 * clover), inside * (0.55 + 0.4 * rim))
    });
}
