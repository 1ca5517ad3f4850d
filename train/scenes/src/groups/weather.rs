//! Landscapes that something is happening to.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::groups::land::conifer;
use crate::math::{Vec2, bell, mix, pow, saturate, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::sky::{Hour, Sky};

/// A misty forest of tall trunks, with shafts of light.
pub(crate) fn forest(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let mist = hex(rng.pick(&[0xd8e0c0, 0xe8dcae, 0xc4d8d0, 0xdcd4c0])).vary(rng, 0.08);
    let green = hex(rng.pick(&[0x4f7a2c, 0x3f6a38, 0x6a8030, 0x86702c]));
    let bark = hex(rng.pick(&[0x3f2f24, 0x4a3a30, 0x302a28]));
    let glade = vec2(rng.range(0.3, 0.7), rng.range(0.3, 0.45));
    let (haze, ground, furrow) = (Noise::new(rng), Noise::new(rng), Noise::new(rng));
    canvas.paint(|p| {
        let light = bell((p - glade).length() * 1.7);
        let leaves = haze.rough(p * 7.0, pixel * 7.0, 0.65);
        (green * 0.75).mix(mist * 1.12, saturate(0.2 + 0.85 * light))
            * (1.0 + 0.22 * leaves * (1.0 - 0.5 * light))
    });
    for layer in 0..4 {
        let near = layer as f32 / 3.0;
        let fog = mix(0.72, 0.0, near);
        let floor = mix(0.6, 0.82, near);
        let trees = rng.clone().item(layer);
        let spacing = mix(0.055, 0.24, near);
        canvas.ridge(
            |x| floor + 0.03 * ground.line(x * 2.0 + near * 9.0, pixel * 2.0),
            |p, depth| {
                let z = 1.0 / (depth + 0.15);
                let litter = ground.rough(vec2((p.x - 0.5) * z * 3.0, z * 5.0), pixel * z * 10.0, 0.7);
                let patch = bell((p.x - glade.x) * 2.5) * bell((p.y - 0.75) * 4.0);
                let tone = green * (0.55 + 0.35 * litter) + hex(0x4a3010) * 0.25 + mist * (patch * 0.35);
                tone.mix(mist, fog * (0.95 - 1.2 * depth).max(0.0))
            },
        );
        for i in canvas.across(spacing, 0.1) {
            let mut rng = trees.item(i);
            let x = (i as f32 + rng.range(0.1, 0.9)) * spacing;
            if layer > 1 && (x - glade.x).abs() < 0.11 {
                continue;
            }
            let half = mix(0.008, 0.042, near) * rng.range(0.7, 1.25);
            let foot = floor + 0.03 * ground.line(x * 2.0 + near * 9.0, 0.1) + mix(0.01, 0.06, near);
            let lean = rng.around(0.06);
            let lit = if glade.x > x { 1.0 } else { -1.0 };
            canvas.shape(
                Area::new(x - half * 2.0 - 0.1, -9.0, x + half * 2.0 + 0.1, foot),
                |p| {
                    let up = foot - p.y;
                    let flare = half * (1.0 + 0.8 * bell(up * 16.0) - 0.25 * up);
                    ((p.x - x - lean * up).abs() - flare - 0.1 * half * furrow.smooth(p * 18.0)).max(-up)
                },
                |p, _| {
                    let across = (p.x - x - lean * (foot - p.y)) / half;
                    let ridges = furrow.rough(vec2(p.x / half * 1.6, p.y * 7.0), pixel / half * 1.6, 0.6);
                    let moss = smooth(0.3, -0.2, foot - p.y + 0.1 * ridges) * 0.5;
                    let tone = bark.mix(green * 0.7, moss) * (0.8 + 0.45 * ridges + 0.4 * across * lit);
                    (tone + mist * (0.35 * smooth(0.55, 1.0, across * lit))).mix(mist, fog)
                },
            );
        }
        // Branches with leaves hang into each layer from above and from the undergrowth.
        for i in canvas.across(0.03, 0.1) {
            let mut rng = trees.item(i + 10_000);
            for _ in 0..5 {
                let high = rng.chance(0.7);
                let x = (i as f32 + rng.unit()) * 0.03;
                let depth = rng.unit();
                let y = if high {
                    depth * depth * mix(0.5, 0.24, near) - 0.02
                } else {
                    floor + rng.around(0.035)
                };
                let size = mix(0.008, 0.022, near) * rng.range(0.6, 1.3);
                let tone = green.vary(&mut rng, 0.5) * mix(1.1, 0.75, near)
                    + mist * (0.25 * bell((x - glade.x) * 3.0));
                canvas.dab(
                    vec2(x, y),
                    vec2(size, size * 0.6),
                    rng.range(0.0, 6.0),
                    tone.mix(mist, fog),
                    0.85,
                );
            }
        }
    }
    let shafts = rng.int(2, 5);
    let source = glade - vec2(rng.range(-0.3, 0.3), 0.9);
    for _ in 0..shafts {
        let aim = vec2(glade.x + rng.around(0.3), 0.8) - source;
        let wide = rng.range(0.015, 0.05);
        let along = aim.unit();
        canvas.glow(Area::new(-9.0, -9.0, 9.0, 9.0), |p| {
            let q = p - source;
            let across = q.dot(vec2(-along.y, along.x)) / (wide * (0.4 + q.dot(along)));
            mist * (0.24 * bell(across) * smooth(0.95, 0.5, p.y))
        });
    }
}

/// A volcano throwing out lava under a cloud of ash.
pub(crate) fn volcano(canvas: &mut Canvas, rng: &mut Rng) {
    let horizon = rng.range(0.72, 0.8);
    let hour = rng.pick(&[Hour::Night, Hour::Dusk, Hour::Overcast, Hour::Night]);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.low = sky.low.mix(hex(0x7a3a34), 0.4);
    sky.cover = rng.range(0.1, 0.4);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let peak = vec2(rng.range(0.38, 0.62), rng.range(0.36, 0.46));
    let (plume, slope, lava) = (Noise::new(rng), Noise::new(rng), Noise::new(rng));
    let drift = rng.around(0.7);
    let fire = hex(rng.pick(&[0xff7a20, 0xff9a30, 0xff5a1a]));
    canvas.layer(Area::new(-9.0, -9.0, 9.0, peak.y + 0.1), |p| {
        let up = peak.y - p.y + 0.05;
        let wide = 0.05 + 0.5 * up.max(0.0);
        let middle = peak.x + drift * up * up;
        let billow = plume.fractal(p * 4.5 + vec2(0.0, up * 2.0), pixel * 4.5);
        let body = smooth(1.15, 0.5, ((p.x - middle) / wide).abs() - 0.55 * billow) * smooth(-0.02, 0.06, up);
        let shifted = plume.fractal((p + vec2(0.02, 0.035)) * 4.5 + vec2(0.0, up * 2.0), pixel * 4.5);
        let relief = 0.5 + 0.9 * (billow - shifted);
        let ash = gray(0.12).mix(gray(0.46), saturate(relief)).mix(sky.low, 0.15);
        (ash + fire * (bell(up * 4.5) * (0.35 + 0.4 * relief).max(0.0)), body)
    });
    canvas.glow(Area::around(peak, 0.6), |p| fire * (0.75 * bell((p - peak).length() * 5.0)));
    for _ in 0..rng.int(70, 140) {
        // Glowing stones fly on parabolas.
        let speed = vec2(rng.around(0.32), -rng.range(0.25, 0.75));
        let t = rng.range(0.1, 1.0);
        let place = |t: f32| peak + speed * (t * 0.6) + vec2(0.0, 0.42 * t * t);
        let hot = hex(0xffe080).mix(fire, t);
        canvas.stroke(place(t), place(t - 0.05), rng.range(0.004, 0.011), 0.002, hot * 1.1);
    }
    let fountain = Noise::new(rng);
    canvas.glow(Area::around(peak, 0.3), |p| {
        let up = peak.y - p.y;
        let jet = bell((p.x - peak.x) / (0.02 + 0.16 * up.max(0.0)))
            * smooth(0.26, 0.0, up)
            * smooth(-0.04, 0.0, up);
        let flames = saturate(0.55 + 0.8 * fountain.fractal(p.scaled(20.0, 9.0), pixel * 20.0));
        hex(0xffd060).mix(fire, saturate(up * 5.0)) * (1.3 * jet * flames)
    });
    let steep = rng.range(0.55, 0.8);
    let crater = rng.range(0.035, 0.06);
    let crest = |x: f32| {
        let away = ((x - peak.x).abs() - crater).max(0.0);
        peak.y
            + steep * 1.6 * away / (0.6 + away)
            + 0.02 * slope.line(x * 8.0, pixel * 8.0) * smooth(0.0, 0.1, away)
            + 0.012 * bell((x - peak.x) / crater * 1.5)
    };
    let rock = sky.haze(hex(0x2c2628), 0.12);
    canvas.ridge(crest, |p, depth| {
        let q = vec2((p.x - peak.x) / (0.25 + p.y - peak.y), p.y * 1.4);
        let gully = slope.ridged(q.scaled(5.0, 3.0), pixel * 12.0, 0.55);
        let side = saturate(
            0.5 + (gully - slope.ridged(q.scaled(5.0, 3.0) + vec2(0.12, 0.05), pixel * 12.0, 0.55)) * 1.5,
        );
        let stone = rock * mix(0.5, 1.7, side) + fire * (0.22 * bell((p - peak).length() * 4.0) * side);
        let stream = lava.smooth(vec2(q.x * 2.3 + 0.25 * lava.smooth(p * 6.0), p.y * 0.7));
        let crack = (stream.abs() - 0.02).max(0.0) * (2.5 + 9.0 * (p.y - peak.y));
        let flow =
            bell(crack * 5.0) * smooth(0.5, 0.1, p.y - peak.y - 0.06) * smooth(0.32, 0.15, (q.x).abs() * 0.5);
        let hot = fire.mix(hex(0xffe890), saturate(flow * 1.3 - 0.3) * (0.6 + 0.4 * gully));
        let rim = bell(depth * 30.0) * bell((p.x - peak.x) / crater);
        stone.mix(hot, saturate(flow * 1.2)) + fire * (0.16 * bell(crack * 1.5) + 0.9 * rim)
    });
    let near = Noise::new(rng);
    let dark = rock * 0.45;
    canvas.ridge(
        |x| horizon + 0.06 + 0.06 * near.line(x * 2.2, pixel * 2.2),
        |p, _| dark * (1.0 + 0.4 * near.rough(p * 16.0, pixel * 16.0, 0.7)),
    );
    let woods = rng.clone();
    for i in canvas.across(0.05, 0.06) {
        let mut rng = woods.item(i);
        if rng.chance(0.6) {
            let x = (i as f32 + rng.unit()) * 0.05;
            let tall = rng.range(0.05, 0.14);
            let y = horizon + 0.08 + 0.06 * near.line(x * 2.2, 0.02);
            conifer(canvas, vec2(x, y), tall, dark * 0.6, 0.0, &mut rng);
        }
    }
}

/// A waterfall between wooded cliffs, with its pool and mist.
pub(crate) fn waterfall(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let mut sky = Sky::new(rng.pick(&[Hour::Day, Hour::Dawn, Hour::Overcast]), 0.4, rng);
    sky.cover = 0.4;
    sky.paint(canvas);
    let light = sky.ambient();
    let rock = hex(rng.pick(&[0x5a5652, 0x6a5a4a, 0x4a5054, 0x70665c])) * light;
    let green = hex(rng.pick(&[0x3f6a2c, 0x55782f, 0x2f5a34])) * light;
    let (cliff, flow, edge) = (Noise::new(rng), Noise::new(rng), Noise::new(rng));
    let x = rng.range(0.38, 0.62);
    let lip = rng.range(0.16, 0.3);
    let pool = rng.range(0.72, 0.82);
    let half = rng.range(0.07, 0.15);
    let brink = |u: f32| {
        lip - 0.14 * smooth(half, half + 0.25, (u - x).abs()) + 0.02 * edge.line(u * 6.0, pixel * 6.0)
    };
    canvas.ridge(brink, |p, depth| {
        let q = p.scaled(7.0, 4.0);
        let face = cliff.ridged(q, pixel * 7.0, 0.7);
        let lit = saturate(0.5 + (face - cliff.ridged(q + vec2(0.2, 0.16), pixel * 7.0, 0.7)) * 1.5);
        let strata = 0.12 * cliff.line(p.y * 16.0 + 2.0 * cliff.smooth(p * 2.0), pixel * 16.0);
        let moss =
            smooth(0.0, 0.5, cliff.fractal(p * 4.0 + vec2(3.0, 8.0), pixel * 4.0) - depth * 0.5 + 0.15);
        let stone = rock * (mix(0.4, 1.4, lit) + strata);
        stone.mix(green * mix(0.5, 1.25, lit), moss * 0.85) * (1.0 - 0.4 * bell((p.x - x) / (half * 1.5)))
    });
    leaves(canvas, rng, green, |rng| {
        let side = rng.sign();
        let u = x + side * (half + 0.04 + rng.unit() * rng.unit() * 0.6);
        vec2(u, lip - 0.13 * smooth(half, half + 0.25, (u - x).abs()) + rng.around(0.06))
    });
    let spread = rng.range(0.0, 0.35);
    canvas.layer(Area::new(x - 0.4, lip - 0.03, x + 0.4, pool + 0.04), |p| {
        let down = saturate((p.y - lip) / (pool - lip));
        let wide = half * (1.0 + spread * down) + 0.025 * edge.fractal(vec2(3.0, p.y * 5.0), pixel * 5.0);
        let across = (p.x - x) / wide;
        let fall = pow(down, 0.6);
        let strands = flow.rough(vec2(across * wide * 38.0, fall * 3.4), pixel * 24.0, 0.62);
        let body = smooth(1.08, 0.75, across.abs() + 0.3 * strands) * smooth(lip - 0.012, lip + 0.012, p.y);
        let color = (hex(0x8fb4c8) * light).mix(hex(0xffffff), saturate(0.55 + 0.6 * strands + 0.2 * down));
        (color, body * saturate(0.88 + 0.4 * strands))
    });
    let deep = hex(rng.pick(&[0x2a6a70, 0x2f5a60, 0x1f5a66])) * light;
    canvas.rework(Area::below(pool), |before, p| {
        let down = p.y - pool;
        let z = 0.2 / (down + 0.05);
        let wave = flow.rough(vec2((p.x - x) * z * 6.0, z * 5.0), pixel * z * 22.0, 0.6);
        let mirror = before.sample(vec2(p.x + 0.02 * wave, pool - down * 1.5 + 0.05 * wave));
        let foam = bell((p.x - x) / (half * 2.0 + down)) * smooth(0.26, 0.0, down + 0.07 * wave);
        deep.mix(mirror, 0.42 + 0.15 * wave).mix(gray(0.97), saturate(foam))
    });
    for _ in 0..rng.int(5, 12) {
        // Boulders in the pool.
        let at = vec2(x + rng.sign() * rng.range(0.1, 0.55), pool + rng.range(0.0, 0.2));
        let size = rng.range(0.02, 0.065) * (1.0 + 3.0 * (at.y - pool));
        canvas.shadow(at + vec2(0.0, size * 0.6), vec2(size * 1.2, size * 0.4), 0.5);
        canvas.shape(
            Area::around(at, size * 1.3),
            |p| {
                ((p - at).scaled(1.0, 1.5).length()
                    - size
                    - 0.25 * size * cliff.smooth((p - at) * (2.0 / size) + at * 40.0))
                    * 0.7
            },
            |p, _| {
                let q = (p - at) * (1.0 / size);
                let grain = cliff.rough(p * 20.0, pixel * 20.0, 0.6);
                rock.mix(green, saturate(-q.y - 0.1) * 0.7) * (0.85 - 0.55 * q.y - 0.2 * q.x + 0.35 * grain)
            },
        );
    }
    canvas.layer(Area::around(vec2(x, pool), 0.5), |p| {
        let cloud = 0.6 + 0.7 * flow.fractal(p * 5.0, pixel * 5.0);
        let near = bell((p - vec2(x, pool - 0.02)).scaled(1.0 / (half * 2.2), 9.0).length());
        (gray(0.96) * light.mix(gray(1.0), 0.5), saturate(near * cloud) * 0.8)
    });
    leaves(canvas, rng, green * 0.65, |rng| {
        let side = rng.sign();
        vec2(0.5 + side * (0.56 - rng.unit() * rng.unit() * 0.22), rng.range(0.5, 1.05))
    });
}

/// Foliage where `place` says.
fn leaves(canvas: &mut Canvas, rng: &mut Rng, green: Rgb, place: impl Fn(&mut Rng) -> Vec2) {
    for _ in 0..420 {
        let at = place(rng);
        let size = rng.range(0.008, 0.02);
        let tone = green.vary(rng, 0.4) * rng.range(0.5, 1.5);
        let turn = rng.range(0.0, 6.0);
        canvas.dab(at, vec2(size, size * 0.55), turn, tone, 0.9);
    }
}
