//! Where land meets the sea.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::math::{Vec2, bell, direction, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{ellipse, rounded_box};
use crate::sky::{Hour, Sky};
use crate::water::Water;

/// A lighthouse on a rock above the sea, by day or with its beam at dusk.
pub(crate) fn lighthouse(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Dawn, Hour::Dusk, Hour::Overcast, Hour::Night]);
    let horizon = rng.range(0.62, 0.74);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.15, 0.7);
    sky.paint(canvas);
    let dark = matches!(hour, Hour::Night | Hour::Dusk);
    if hour == Hour::Night {
        sky.stars(canvas, rng, 20);
    }
    let pixel = canvas.pixel;
    let mut water = Water::new(horizon, hex(rng.pick(&[0x2a5a70, 0x1f4a66, 0x3a6a70])) * sky.ambient(), rng);
    water.mirror = 0.6;
    water.paint(canvas);
    let x = rng.range(0.33, 0.67);
    let side = rng.sign();
    let top_of_rock = horizon - rng.range(0.02, 0.1);
    let light_side = if sky.sun.x < x { -1.0 } else { 1.0 };
    let tall = rng.range(0.42, 0.52);
    let lamp = vec2(x, top_of_rock - tall * 0.93);
    if dark {
        let beam = direction(rng.range(-0.25, 0.1));
        for sign in [-1.0, 1.0] {
            canvas.glow(Area::new(-9.0, -9.0, 9.0, 9.0), |p| {
                let q = p - lamp;
                let along = q.dot(beam) * sign;
                let across = q.dot(vec2(-beam.y, beam.x)) / (0.012 + 0.16 * along.max(0.0));
                hex(0xfff0b8) * (0.55 * bell(across) * smooth(0.0, 0.05, along) * smooth(1.3, 0.0, along))
            });
        }
    }
    let (crag, grain) = (Noise::new(rng), Noise::new(rng));
    let rock = hex(rng.pick(&[0x6a625a, 0x5a5f66, 0x7a6a58])) * sky.ambient();
    let crest = |u: f32| {
        let away = (u - x) * side;
        let fall = if away > 0.0 { smooth(0.08, 0.42, away) } else { smooth(-0.1, -0.7, away) * 0.7 };
        let rugged = 0.035 * crag.line(u * 5.0, pixel * 5.0) * smooth(0.02, 0.1, away.abs());
        top_of_rock + fall * (horizon + 0.16 - top_of_rock) + rugged
    };
    let tide = |u: f32| horizon + 0.16 + 0.03 * crag.line(u * 7.0, pixel * 7.0);
    let rocks = |p: Vec2| (crest(p.x) - p.y).max(p.y - tide(p.x)) * 0.8;
    canvas.shape(Area::below(top_of_rock - 0.1), rocks, |p, _| {
        let depth = p.y - crest(p.x);
        let q = p.scaled(6.0, 9.0) + vec2(p.y * 4.0 * side, 0.0);
        let block = grain.ridged(q, pixel * 9.0, 0.55);
        let lit = saturate(
            0.5 + (block - grain.ridged(q + vec2(-0.22 * light_side, 0.2), pixel * 9.0, 0.55)) * 1.6,
        );
        let grass = smooth(0.05, 0.0, depth + 0.03 * block) * 0.7;
        let wet = smooth(horizon + 0.02, horizon + 0.1, p.y);
        (rock * mix(0.45, 1.35, lit)).mix(hex(0x5f7a3a) * sky.ambient(), grass) * (1.0 - 0.45 * wet)
    });
    canvas.layer(Area::below(horizon + 0.02), |p| {
        let line = p.y - tide(p.x).max(crest(p.x));
        let froth = smooth(-0.2, 0.5, grain.rough(p * 16.0, pixel * 16.0, 0.7));
        (gray(0.94) * sky.ambient(), bell(line * 30.0) * froth * 0.9)
    });
    tower(canvas, rng, &sky, vec2(x, top_of_rock + 0.01), tall, light_side, dark);
}

fn tower(
    canvas: &mut Canvas,
    rng: &mut Rng,
    sky: &Sky,
    foot: Vec2,
    tall: f32,
    light_side: f32,
    lamp_lit: bool,
) {
    let pixel = canvas.pixel;
    let paint = hex(rng.pick(&[0xc8302a, 0xc8302a, 0x1f3f78, 0x26282c, 0xf0ece0]));
    let white = hex(0xf6f2e8);
    let bands = rng.pick(&[3.0, 4.0, 5.0]);
    let spiral = if rng.chance(0.25) { 1.6 } else { 0.0 };
    let stain = Noise::new(rng);
    let ambient = sky.ambient();
    let (base, neck) = (0.105 * tall / 0.5, 0.062 * tall / 0.5);
    let body = tall * 0.82;
    let cottage = foot + vec2(rng.sign() * 0.15, 0.0);
    if rng.chance(0.7) {
        let (half, high) = (0.075, 0.055);
        let wall = hex(0xeee8dc) * ambient;
        canvas.shape(
            Area::around(cottage, 0.15),
            |p| rounded_box(p - cottage + vec2(0.0, high * 0.5), half, high * 0.5, 0.0),
            |p, _| {
                let q = (p.x - cottage.x) / half;
                let window = smooth(0.16, 0.1, (q.abs() - 0.5).abs())
                    * smooth(0.014, 0.008, (p.y - cottage.y + 0.03).abs());
                let glass = if lamp_lit { hex(0xffc860) } else { hex(0x3a4a58) * ambient };
                (wall * (0.9 + 0.15 * q * light_side)).mix(glass, window)
            },
        );
        let roof = hex(rng.pick(&[0xa8402f, 0x4a4f58, 0x7a3a2a])) * ambient;
        let eaves = cottage.y - high;
        canvas.shape(
            Area::around(cottage, 0.2),
            |p| {
                (p.y - eaves)
                    .max((p.x - cottage.x).abs() - half * 1.15 + (eaves - p.y) * 0.9)
                    .max(eaves - 0.042 - p.y)
            },
            |p, _| roof * (0.9 + 0.2 * triangle(p.y * 70.0) * saturate(1.4 - pixel * 120.0)),
        );
    }
    let half = |up: f32| mix(base, neck, up.clamp(0.0, 1.0));
    canvas.shape(
        Area::new(foot.x - base, foot.y - body, foot.x + base, foot.y),
        |p| {
            let up = (foot.y - p.y) / body;
            ((p.x - foot.x).abs() - half(up)).max(p.y - foot.y).max(foot.y - body - p.y)
        },
        |p, _| {
            let up = (foot.y - p.y) / body;
            let across = (p.x - foot.x) / half(up);
            let wrap = across * (1.0 + 0.3 * across * across);
            let at = up * bands + spiral * 0.3 * wrap + 0.06 * across * across;
            let band = smooth(-0.5, 0.5, (triangle(at) - 0.5) * 0.5 / (pixel * bands / body).max(0.02));
            let window = smooth(0.16, 0.11, across.abs())
                * smooth(0.05, 0.038, (triangle(up * 3.0 + 0.2) - 0.88).abs());
            let dirt = stain.fractal(vec2(across * 2.0, up * 14.0), pixel / body * 14.0);
            let glass = if lamp_lit { hex(0xffd070) } else { hex(0x28323c) };
            let round = 0.72 + 0.34 * (across * light_side) + 0.22 * (1.0 - across * across);
            let skin = white.mix(paint, band) * (1.0 + 0.1 * dirt) * round;
            (skin * ambient).mix(glass, window)
        },
    );
    let deck = vec2(foot.x, foot.y - body);
    let iron = hex(0x2a2c30) * ambient;
    let glass = vec2(deck.x, deck.y - 0.055 * tall / 0.5);
    canvas.shape(
        Area::around(glass, 0.1),
        |p| rounded_box(p - glass, neck * 0.62, 0.05 * tall / 0.5, 0.0),
        |p, _| {
            let across = (p.x - glass.x) / neck;
            let bar = smooth(0.35, 0.1, triangle(across * 2.4) / (pixel * 40.0).max(0.35));
            let shine = if lamp_lit { hex(0xfff4c0) } else { hex(0xc8dce4) * ambient };
            shine.mix(iron, bar * 0.7)
        },
    );
    if lamp_lit {
        canvas.glow(Area::around(glass, 0.35), |p| hex(0xffe9a0) * (0.8 * bell((p - glass).length() * 9.0)));
    }
    canvas.shape(Area::around(deck, 0.2), |p| rounded_box(p - deck, neck * 1.35, 0.012, 0.004), |_, _| iron);
    canvas.stroke(deck + vec2(-neck * 1.3, -0.03), deck + vec2(neck * 1.3, -0.03), 0.005, 0.005, iron);
    let roof = vec2(glass.x, glass.y - 0.05 * tall / 0.5);
    canvas.shape(
        Area::around(roof, 0.15),
        |p| ellipse(p - roof, neck * 0.8, neck * 0.75).max(p.y - roof.y),
        |p, _| (paint * (0.8 + 0.3 * (p.x - roof.x) / neck * light_side)) * ambient,
    );
    canvas.stroke(roof - vec2(0.0, neck * 0.7), roof - vec2(0.0, neck * 1.25), 0.008, 0.004, iron);
}

/// A sandy beach with palms and turquoise water.
pub(crate) fn beach(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn]);
    let horizon = rng.range(0.4, 0.5);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.1, 0.5);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let mut water = Water::new(horizon, hex(rng.pick(&[0x1f9fb0, 0x2ab0b8, 0x1a88b0])) * sky.ambient(), rng);
    water.mirror = 0.3;
    water.paint(canvas);
    let side = rng.sign();
    let (grain, line) = (Noise::new(rng), Noise::new(rng));
    let sand = hex(rng.pick(&[0xecd6a4, 0xf2e2bc, 0xe0c494])) * sky.ambient();
    let reach = rng.range(0.56, 0.68);
    let shore = |x: f32| {
        let t = (x - 0.5) * side;
        reach + 0.16 * t * -0.9 + 0.05 * smooth(0.1, -0.6, t) + 0.018 * line.line(x * 3.0, pixel * 3.0)
    };
    let shallows = hex(0x8fe0d0) * sky.ambient();
    canvas.layer(Area::below(horizon + 0.02), |p| {
        let off = shore(p.x) - p.y;
        (shallows, bell(off * 7.0) * 0.65 * smooth(-0.05, 0.0, off))
    });
    canvas.ridge(shore, |p, depth| {
        let z = 1.0 / (depth + 0.25);
        let wet = smooth(0.06, 0.02, depth + 0.01 * line.line(p.x * 6.0, pixel * 6.0));
        let bumps = grain.rough(vec2((p.x - 0.5) * z * 5.0, z * 9.0), pixel * z * 16.0, 0.65);
        let color = sand * (0.96 + 0.14 * bumps + 0.05 * grain.smooth(p * 5.0));
        color.mix(sand * hex(0x9a8878) * 1.15, wet * 0.8)
    });
    canvas.layer(Area::below(horizon), |p| {
        let swash = 0.012 * line.fractal(vec2(p.x * 5.0, 2.0), pixel * 5.0);
        let lace = smooth(-0.35, 0.35, grain.rough(p.scaled(14.0, 30.0), pixel * 30.0, 0.7));
        let edge = bell((p.y - shore(p.x) - swash) * 70.0);
        let wave =
            0.8 * bell((p.y - shore(p.x) + 0.06 - swash * 2.0) * 80.0) * smooth(horizon, horizon + 0.08, p.y);
        (gray(0.98) * sky.ambient(), saturate(edge + wave * lace) * (0.4 + 0.6 * lace))
    });
    let palms = rng.int(1, 3);
    let light_side = if sky.sun.x < 0.5 { -1.0 } else { 1.0 };
    for i in 0..palms {
        let x = 0.5 + side * (rng.range(0.12, 0.24) + 0.13 * i as f32);
        let foot = vec2(x, rng.range(0.74, 0.86));
        let lean = side * rng.range(-0.5, -0.1);
        palm(canvas, rng, &sky, foot, lean, 0.66 - 0.07 * i as f32, light_side);
    }
    if rng.chance(0.45) {
        let foot = vec2(0.5 - side * rng.range(0.12, 0.28), 0.86);
        parasol(canvas, rng, &sky, foot);
    }
}

fn palm(canvas: &mut Canvas, rng: &mut Rng, sky: &Sky, foot: Vec2, lean: f32, tall: f32, light_side: f32) {
    let ambient = sky.ambient();
    let bark = hex(0x8a6a48) * ambient;
    canvas.shadow(foot + vec2(-light_side * 0.14, 0.02), vec2(0.2, 0.03), 0.4);
    let bend = |t: f32| foot + vec2(lean * t * t * 0.62, -t) * tall;
    let rings = 24;
    for i in 0..rings {
        let (a, b) = (i as f32 / rings as f32, (i as f32 + 1.15) / rings as f32);
        let width = mix(0.042, 0.024, a) * tall / 0.6;
        let tone = bark * if i % 2 == 0 { 1.0 } else { 0.82 };
        canvas.stroke(bend(a), bend(b), width, width * 0.96, tone);
        let shift = vec2(-light_side * width * 0.28, 0.0);
        canvas.stroke(bend(a) + shift, bend(b) + shift, width * 0.4, width * 0.4, tone * 0.75);
    }
    let crown = bend(1.0);
    let fronds = rng.int(9, 13);
    for i in 0..fronds {
        let turn =
            -0.25 * std::f32::consts::TAU + (i as f32 / (fronds - 1) as f32 - 0.5) * 5.0 + rng.around(0.2);
        let length = tall * rng.range(0.36, 0.46);
        let out = direction(turn);
        let green = (hex(rng.pick(&[0x4f8a34, 0x3f7a30, 0x6a9a3c])) * ambient) * rng.range(0.75, 1.15);
        let spine = |t: f32| crown + out * (length * t) + vec2(0.0, length * 0.62 * t * t);
        for k in 0..26 {
            let t = (k as f32 + 1.0) / 26.0;
            let (from, next) = (spine(t), spine(t + 0.04));
            let along = (next - from).unit();
            let leaflet = length * 0.3 * (1.0 - (2.0 * t - 0.9) * (2.0 * t - 0.9) * 0.75).max(0.1);
            for sign in [-1.0, 1.0] {
                let to = from + along.turned(sign * 0.9) * leaflet + vec2(0.0, leaflet * 0.3);
                let tone = if sign * along.x * light_side > 0.0 { green * 1.15 } else { green * 0.8 };
                canvas.stroke(from, to, 0.014 * tall, 0.003 * tall, tone);
            }
            canvas.stroke(from, next, 0.01 * tall, 0.008 * tall, green * 0.9);
        }
    }
    for _ in 0..rng.int(0, 4) {
        let at = crown + vec2(rng.around(0.035), rng.range(0.01, 0.045));
        canvas.dab(at, vec2(0.02, 0.022) * (tall / 0.6), 0.0, hex(0x6a4a2a) * ambient, 1.0);
    }
}

fn parasol(canvas: &mut Canvas, rng: &mut Rng, sky: &Sky, foot: Vec2) {
    let ambient = sky.ambient();
    let colors = [[0xd83a34, 0xf8f4ea], [0x2a78b8, 0xf8f4ea], [0xf0b030, 0xe85a30], [0x2aa090, 0xf8f0d0]];
    let [a, b] = rng.pick(&colors).map(hex);
    let tilt = rng.around(0.3);
    canvas.shadow(foot + vec2(0.05, 0.01), vec2(0.17, 0.03), 0.45);
    let top = foot + vec2(0.0, -0.26).turned(tilt);
    canvas.stroke(foot, top, 0.01, 0.008, hex(0xe8e0d0) * ambient);
    canvas.shape(
        Area::around(top, 0.2),
        |p| {
            let q = (p - top).turned(-tilt);
            ellipse(q, 0.16, 0.1).max(q.y - 0.02 - 0.012 * triangle(q.x * 12.0))
        },
        |p, _| {
            let q = (p - top).turned(-tilt);
            let wide = (1.0 - (q.y / 0.1) * (q.y / 0.1)).max(0.05).sqrt() * 0.16;
            let gore = ((q.x / wide).clamp(-1.0, 1.0) * 3.0 + 10.0).floor();
            let tone: Rgb = if gore as i32 % 2 == 0 { a } else { b };
            tone * ambient * (0.95 - 1.6 * q.y.max(-0.05) - 0.8 * q.x)
        },
    );
    let towel = foot + vec2(rng.sign() * 0.12, 0.03);
    canvas.shape(
        Area::around(towel, 0.12),
        |p| rounded_box(p - towel, 0.09, 0.022, 0.004),
        |p, _| a.mix(b, smooth(0.4, 0.6, triangle(p.x * 22.0))) * ambient,
    );
}
