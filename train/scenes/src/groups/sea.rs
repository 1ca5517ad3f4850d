//! By the sea.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::math::{Vec2, bell, mix, sin, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{polygon, tapered};
use crate::sky::{Hour, Sky};
use crate::water::Water;

/// The sun going down over the open sea, its path of light on the water, perhaps birds.
pub(crate) fn sunset(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.48, 0.66);
    let hour = rng.pick(&[Hour::Dusk, Hour::Dusk, Hour::Golden]);
    let mut sky = Sky::new(hour, horizon, rng);
    if hour == Hour::Dusk {
        let [high, low] = rng.pick(&[
            [0x2b2f66, 0xff8a4a],
            [0x4a2a5a, 0xf05a4a],
            [0x1f3f6a, 0xffb060],
            [0x5a2f50, 0xff7a6a],
        ]);
        (sky.zenith, sky.low) = (hex(high).vary(rng, 0.1), hex(low).vary(rng, 0.06));
    } else {
        sky.low = sky.low.mix(hex(0xf8a050), 0.5);
    }
    sky.sun = vec2(rng.range(0.22, 0.78), horizon - rng.range(0.0, 0.16));
    sky.disc = rng.range(0.06, 0.11);
    sky.light = hex(rng.pick(&[0xffe08a, 0xffc060, 0xfff0b0, 0xff9a50]));
    sky.glow = if hour == Hour::Dusk { rng.range(0.5, 0.9) } else { rng.range(0.25, 0.45) };
    sky.cover = rng.range(0.25, 0.6);
    sky.paint(canvas);
    let coast = Noise::new(rng);
    if rng.chance(0.5) {
        let side = rng.range(0.02, 0.09);
        let land = sky.low.mix(hex(0x241a33), 0.75);
        let pixel = canvas.pixel;
        canvas.ridge(|x| horizon + 0.05 - side * 1.3 - side * coast.line(x * 3.0, pixel * 3.0), |_, _| land);
    }
    let mut water = Water::new(horizon, hex(0x1c2344).vary(rng, 0.2), rng);
    water.glitter_x = sky.sun.x;
    water.glitter = sky.light * 0.8;
    water.mirror = 0.8;
    water.paint(canvas);
    for _ in 0..rng.int(0, 6) {
        let at = vec2(rng.range(0.05, 0.95), horizon - rng.range(0.15, 0.4));
        gull(canvas, at, rng.range(0.012, 0.03), rng.around(0.3), hex(0x1a1626));
    }
}

/// A bird far away: two bent wings.
fn gull(canvas: &mut Canvas, at: Vec2, size: f32, tilt: f32, color: Rgb) {
    for side in [-1.0, 1.0] {
        let elbow = at + vec2(side * 0.55, -0.4 + side * tilt) * size;
        let tip = at + vec2(side * 1.2, -0.15 + side * tilt) * size;
        canvas.stroke(at, elbow, size * 0.22, size * 0.2, color);
        canvas.stroke(elbow, tip, size * 0.2, size * 0.04, color);
    }
}

/// A sailing boat on choppy water under a daylight sky.
pub(crate) fn sailboat(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.5, 0.66);
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast]);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.15, 0.65);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let coast = Noise::new(rng);
    if rng.chance(0.6) {
        let tall = rng.range(0.02, 0.07);
        let land = sky.haze(hex(rng.pick(&[0x4a6a58, 0x5a6a7a, 0x6a7a5a])) * sky.ambient(), 0.45);
        canvas.ridge(|x| horizon + 0.02 - tall - tall * coast.line(x * 2.5, pixel * 2.5), |_, _| land);
    }
    let scale = rng.range(0.28, 0.42);
    let at = vec2(rng.range(0.32, 0.68), horizon + rng.range(0.04, 0.16));
    let lean = rng.around(0.16);
    let wind = rng.sign();
    let hull = hex(rng.pick(&[0xf2efe8, 0x9c2f2a, 0x24406a, 0x6b4326, 0x2f2f33, 0x2a6a5a]));
    let sail = hex(rng.pick(&[0xfaf6ea, 0xfaf6ea, 0xf4e2c0, 0xd8412f, 0xe8a030, 0x2f6fa8]));
    let jib = if rng.chance(0.6) { sail } else { hex(rng.pick(&[0xfaf6ea, 0xd8412f, 0x2f6fa8])) };
    let boat = |canvas: &mut Canvas| {
        let to_local = |p: Vec2| (p - at).turned(-lean).scaled(wind / scale, 1.0 / scale);
        let ambient = sky.ambient();
        let cloth = |p: Vec2, base: Rgb| {
            let q = to_local(p);
            let fold = 0.5 + 0.5 * sin(q.x * 9.0 + q.y * 2.0);
            let seam = smooth(0.02, 0.0, ((q.y * 7.0) - (q.y * 7.0).floor() - 0.5).abs() - 0.46) * 0.08;
            base * ambient * (0.82 + 0.24 * fold * bell(q.x * 2.0) - seam)
        };
        let reach = Area::around(at + vec2(0.0, -0.5 * scale), scale * 1.1);
        canvas.shape(
            reach,
            |p| tapered(to_local(p), vec2(0.0, 0.0), vec2(0.0, -1.32), 0.014, 0.009) * scale,
            |_, _| hex(0x4a3526) * ambient,
        );
        let main =
            [vec2(0.03, -1.25), vec2(0.2, -0.8), vec2(0.42, -0.4), vec2(0.5, -0.14), vec2(0.03, -0.12)];
        canvas.shape(reach, |p| polygon(to_local(p), &main) * scale, |p, _| cloth(p, sail));
        let fore = [vec2(-0.03, -1.1), vec2(-0.03, -0.2), vec2(-0.5, -0.1), vec2(-0.3, -0.5)];
        canvas.shape(reach, |p| polygon(to_local(p), &fore) * scale, |p, _| cloth(p, jib) * 0.95);
        let body = [
            vec2(-0.62, -0.1),
            vec2(-0.3, -0.055),
            vec2(0.5, -0.08),
            vec2(0.42, 0.1),
            vec2(0.2, 0.14),
            vec2(-0.35, 0.13),
        ];
        canvas.shape(
            reach,
            |p| polygon(to_local(p), &body) * scale,
            |p, _| {
                let q = to_local(p);
                let stripe = smooth(0.02, 0.0, (q.y + 0.02).abs() - 0.015);
                let round = 1.05 - 2.2 * (q.y + 0.1).max(0.0);
                (hull * round).mix(gray(0.95), stripe * 0.6) * ambient
            },
        );
    };
    boat(canvas);
    let bodies = [0x1f5a78, 0x2a6f86, 0x1d4a6a, 0x2f7a80];
    let mut water = Water::new(horizon, hex(rng.pick(&bodies)) * sky.ambient(), rng);
    water.mirror = 0.55;
    water.glitter_x = sky.sun.x;
    water.glitter = sky.light * rng.range(0.0, 0.35);
    water.paint(canvas);
    // The boat floats below the horizon: its mirror image is laid on the water, then the boat again.
    let noise = Noise::new(rng);
    let keel = at.y + 0.1 * scale;
    canvas.adjust(
        Area::new(at.x - 0.7 * scale, keel - 0.02, at.x + 0.7 * scale, keel + 0.75 * scale),
        |p, below| {
            let down = p.y - keel + 0.02;
            let wobble = noise.fractal(vec2(p.x * 6.0, p.y * 34.0), pixel * 30.0);
            let x = p.x - at.x + wobble * (0.02 + 0.12 * down);
            let wide = scale * mix(0.5, 0.12, (down / (0.75 * scale)).min(1.0));
            let tone = if down < 0.12 * scale { hull } else { sail };
            let alpha = smooth(wide, wide * 0.5, x.abs())
                * smooth(0.75 * scale, 0.0, down)
                * smooth(-0.02, 0.02, down);
            below.mix(tone * sky.ambient() * 0.8, alpha * (0.42 + 0.4 * wobble).clamp(0.0, 0.8))
        },
    );
    boat(canvas);
    canvas.layer(Area::new(at.x - scale, keel - 0.05, at.x + scale, keel + 0.05), |p| {
        let line = keel + 0.02 * noise.fractal(vec2(p.x * 14.0, 3.0), pixel * 14.0);
        let foam = bell((p.y - line) / 0.014) * smooth(0.75 * scale, 0.4 * scale, (p.x - at.x).abs());
        (gray(0.93) * sky.ambient(), foam * 0.8)
    });
}
