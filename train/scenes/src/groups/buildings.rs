//! What people build.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, hex};
use crate::groups::flora::{broad_tree, meadow};
use crate::math::{TURN, Vec2, bell, direction, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{polygon, rounded_box, tapered};
use crate::sky::{Hour, Sky};
use crate::water::Water;

/// A cottage with a garden, seen from the front or over a corner.
pub(crate) fn house(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast, Hour::Dusk]);
    let horizon = rng.range(0.66, 0.72);
    let sky = Sky::new(hour, horizon, rng);
    sky.paint(canvas);
    let light = sky.ambient();
    let lit_inside = hour == Hour::Dusk;
    let green = hex(rng.pick(&[0x5f8a30, 0x74903a, 0x4f7a38])) * light;
    meadow(canvas, rng, &sky, horizon, green);
    let x = 0.5 + rng.around(0.08);
    let half = rng.range(0.22, 0.28);
    let foot = horizon + rng.range(0.08, 0.13);
    let high = rng.range(0.22, 0.28);
    let rise = rng.range(0.18, 0.26);
    let sun_side = if sky.sun.x < x { -1.0 } else { 1.0 };
    let leaves = [hex(0x24481c) * light, hex(0x3f7a2c) * light, hex(0x7aa848) * light];
    for side in [-1.0, 1.0] {
        if rng.chance(0.75) {
            let at = vec2(x + side * rng.range(0.34, 0.44), foot - rng.range(0.02, 0.06));
            let tall = rng.range(0.36, 0.56);
            canvas.shadow(at, vec2(0.3 * tall, 0.015), 0.4);
            broad_tree(canvas, rng, at, tall, sun_side, leaves, hex(0x4a3828) * light);
        }
    }
    canvas.shadow(vec2(x - sun_side * 0.08, foot + 0.01), vec2(half * 1.35, 0.045), 0.5);
    let style = House {
        wall: hex(rng.pick(&[0xf0e8d8, 0xe8d098, 0xd8a890, 0xa8c0c8, 0xb84a38, 0xf4f4f0, 0xc8c0a0])),
        roof: hex(rng.pick(&[0xa8402c, 0x7a3a2a, 0x4a4f5a, 0x6a4a38, 0x8a5a3a, 0x3a5a5a])),
        trim: hex(rng.pick(&[0xfaf6ee, 0x5a3a28, 0x2f5a48, 0x3a4a6a])),
        boards: rng.chance(0.5),
        light,
        lit_inside,
        sun_side,
    };
    let gable = rng.chance(0.5);
    style.walls(canvas, rng, vec2(x, foot), half, high, if gable { rise } else { 0.0 });
    style.cover(canvas, rng, vec2(x, foot - high), half, rise, gable);
    let columns: &[f32] = if half > 0.25 { &[-0.66, 0.66, 0.22] } else { &[-0.62, 0.62] };
    let door = if columns.len() == 3 { -0.22 } else { 0.0 };
    for &c in columns {
        style.window(canvas, vec2(x + c * half, foot - high * 0.56), vec2(half * 0.19, high * 0.22));
    }
    if gable {
        style.window(canvas, vec2(x, foot - high - rise * 0.28), vec2(half * 0.17, rise * 0.2));
    }
    style.door(canvas, rng, vec2(x + door * half, foot), vec2(half * 0.17, high * 0.62));
    let petals = [hex(0xe04a5a), hex(0xf0d040), hex(0xf4f0f8), hex(0xa060c0), hex(0xf08030)];
    for _ in 0..130 {
        // A hedge with flowers along the wall.
        let u = rng.range(-1.05, 1.05);
        if (u - door).abs() > 0.24 {
            let at = vec2(x + u * half, foot + rng.range(-0.03, 0.018));
            let size = rng.range(0.008, 0.017);
            let tone = if rng.chance(0.2) { rng.pick(&petals) * light } else { green.vary(rng, 0.5) * 0.9 };
            canvas.dab(at, vec2(size, size * 0.75), rng.range(0.0, TURN), tone, 0.95);
        }
    }
    let pebbles = Noise::new(rng);
    let pixel = canvas.pixel;
    canvas.layer(Area::below(foot), |p| {
        let down = p.y - foot;
        let wide = half * 0.15 + down * 0.5;
        let middle = x + door * half + 0.25 * down * sun_side;
        let alpha = smooth(wide, wide * 0.8, (p.x - middle).abs() + 0.02 * pebbles.smooth(p * 20.0));
        let stone =
            hex(0xc8b8a0) * light * (0.9 + 0.3 * pebbles.rough(p.scaled(26.0, 50.0), pixel * 50.0, 0.7));
        (stone, alpha * smooth(0.0, 0.01, down))
    });
}

/// How one house is made.
struct House {
    wall: Rgb,
    roof: Rgb,
    trim: Rgb,
    boards: bool,
    light: Rgb,
    lit_inside: bool,
    sun_side: f32,
}

impl House {
    fn walls(&self, canvas: &mut Canvas, rng: &mut Rng, foot: Vec2, half: f32, high: f32, gable: f32) {
        let pixel = canvas.pixel;
        let stain = Noise::new(rng);
        let corners = [
            foot + vec2(-half, 0.0),
            foot + vec2(-half, -high),
            foot + vec2(0.0, -high - gable),
            foot + vec2(half, -high),
            foot + vec2(half, 0.0),
        ];
        canvas.shape(
            Area::around(foot - vec2(0.0, 0.2), 0.5),
            |p| polygon(p, &corners),
            |p, _| {
                let across = (p.x - foot.x) / half;
                let dirt = stain.rough(p * 12.0, pixel * 12.0, 0.6);
                let board = if self.boards {
                    smooth(0.25, 0.0, triangle(p.y * 34.0)) * 0.22 * saturate(1.6 - pixel * 70.0)
                } else {
                    0.0
                };
                let under_eaves =
                    smooth(0.05, 0.0, p.y - foot.y + high).min(1.0) * if gable > 0.0 { 0.0 } else { 0.35 };
                let shade = 0.93 + 0.12 * across * self.sun_side + 0.08 * dirt - board - under_eaves;
                self.wall * self.light * shade
            },
        );
    }

    fn cover(&self, canvas: &mut Canvas, rng: &mut Rng, eaves: Vec2, half: f32, rise: f32, gable: bool) {
        let pixel = canvas.pixel;
        let moss = Noise::new(rng);
        let stack = eaves + vec2(half * rng.range(0.3, 0.6) * rng.sign(), -rise * 0.8);
        let brick = hex(0x9a5a44) * self.light;
        canvas.shape(
            Area::around(stack, 0.2),
            |p| {
                rounded_box(p - stack, 0.032, 0.09, 0.0).min(rounded_box(
                    p - stack + vec2(0.0, 0.085),
                    0.04,
                    0.012,
                    0.0,
                ))
            },
            |p, _| {
                brick
                    * (0.9
                        + 0.2 * triangle(p.y * 60.0) * saturate(1.5 - pixel * 100.0)
                        + 3.0 * (p.x - stack.x) * self.sun_side)
            },
        );
        let tiles = |p: Vec2, shade: f32| {
            let rows = 22.0;
            let row = ((p.y - eaves.y) * rows / rise * 0.45).floor();
            let v = (p.y - eaves.y) * rows / rise * 0.45 - row;
            let seen = saturate(1.6 - pixel * 66.0);
            let tile = moss.cell(((p.x - eaves.x) * 34.0 + row * 0.5).floor() as i32, row as i32) - 0.5;
            let wear = moss.fractal(p * 7.0, pixel * 7.0);
            self.roof * self.light * (shade + (0.25 * tile + 0.3 * (v - 0.6)) * seen + 0.16 * wear)
        };
        if gable {
            for side in [-1.0, 1.0] {
                let a = eaves + vec2(0.0, -rise - 0.012);
                let b = eaves + vec2(side * (half + 0.035), 0.03);
                let shade = if side == self.sun_side { 1.15 } else { 0.75 };
                canvas.shape(
                    Area::around(eaves, 0.5),
                    |p| tapered(p, a, b, 0.02, 0.02),
                    |p, _| tiles(p, shade),
                );
            }
            return;
        }
        let corners = [
            eaves + vec2(-half - 0.045, 0.012),
            eaves + vec2(-half * 0.78, -rise),
            eaves + vec2(half * 0.78, -rise),
            eaves + vec2(half + 0.045, 0.012),
        ];
        canvas.shape(
            Area::around(eaves, 0.5),
            |p| polygon(p, &corners),
            |p, _| tiles(p, 0.95 - 0.5 * (p.y - eaves.y) + 0.15 * (p.x - eaves.x) / half * self.sun_side),
        );
    }

    fn window(&self, canvas: &mut Canvas, at: Vec2, half: Vec2) {
        let frame = self.trim * self.light;
        canvas.shape(
            Area::around(at, 0.15),
            |p| rounded_box(p - at, half.x * 1.22, half.y * 1.18, 0.0),
            |_, _| frame,
        );
        canvas.shape(
            Area::around(at, 0.15),
            |p| {
                let q = p - at;
                let pane = vec2((q.x.abs() - half.x * 0.5).abs(), (q.y.abs() - half.y * 0.5).abs());
                rounded_box(pane, half.x * 0.42, half.y * 0.43, 0.0)
            },
            |p, _| {
                let q = p - at;
                let shine = smooth(0.2, 0.5, triangle((q.x + q.y) / half.x * 0.3 + 0.3));
                let day = hex(0x2f3f4c).mix(hex(0xb8d0dc), 0.5 * shine) * self.light;
                if self.lit_inside { hex(0xffc868) * (1.0 - 0.25 * q.length() / half.y) } else { day }
            },
        );
        canvas.stroke(
            at + vec2(-half.x * 1.4, half.y * 1.25),
            at + vec2(half.x * 1.4, half.y * 1.25),
            0.014,
            0.014,
            frame * 0.85,
        );
        if self.lit_inside {
            canvas.glow(Area::around(at, 0.2), |p| hex(0xffb860) * (0.25 * bell((p - at).length() * 13.0)));
        }
    }

    fn door(&self, canvas: &mut Canvas, rng: &mut Rng, foot: Vec2, size: Vec2) {
        let color = hex(rng.pick(&[0x8a2f28, 0x2f5a48, 0x3a4f78, 0x6a4428, 0xd0a040])) * self.light;
        let middle = foot - vec2(0.0, size.y * 0.5);
        let frame = self.trim * self.light * 0.95;
        canvas.shape(
            Area::around(middle, 0.2),
            |p| rounded_box(p - middle, size.x * 1.2, size.y * 0.56, 0.006),
            |_, _| frame,
        );
        canvas.shape(
            Area::around(middle, 0.2),
            |p| rounded_box(p - middle, size.x, size.y * 0.5, 0.0),
            |p, _| {
                let q = (p - middle).scaled(1.0 / size.x, 2.0 / size.y);
                let panel = smooth(0.12, 0.0, (q.x.abs() - 0.55).abs().min((q.y.abs() - 0.45).abs()));
                color * (0.95 - 0.18 * panel - 0.1 * q.y)
            },
        );
        let knob = middle + vec2(size.x * 0.72, 0.0);
        canvas.dab(knob, vec2(0.006, 0.006), 0.0, hex(0xf0d890) * self.light, 1.0);
    }
}

/// A city by the water at night or dusk, its windows alight.
pub(crate) fn skyline(canvas: &mut Canvas, rng: &mut Rng) {
    let shore = rng.range(0.7, 0.82);
    let hour = rng.pick(&[Hour::Night, Hour::Dusk, Hour::Night, Hour::Dawn]);
    let mut sky = Sky::new(hour, shore + 0.03, rng);
    if hour == Hour::Night {
        sky.low = sky.low.mix(hex(rng.pick(&[0x8a5a6a, 0x4a5a8a, 0x9a6a4a])), 0.6);
    }
    sky.paint(canvas);
    let lamps = if hour == Hour::Dawn { 0.4 } else { 1.0 };
    let windows = Noise::new(rng);
    for layer in 0..3 {
        let near = layer as f32 / 2.0;
        let spacing = mix(0.08, 0.135, near);
        let city = rng.clone().item(layer);
        let tone = sky.low.mix(hex(0x0c101c), mix(0.42, 0.86, near));
        let peak = 0.5 + (city.clone().unit() - 0.5) * 0.6;
        for i in canvas.across(spacing, 0.1) {
            let mut rng = city.item(i);
            let x = (i as f32 + rng.range(-0.25, 0.25)) * spacing;
            let centre = bell((x - peak) * 1.8);
            let tall = mix(0.14, mix(0.58, 0.4, near), centre * rng.range(0.4, 1.0)) * rng.range(0.8, 1.1);
            let half = spacing * rng.range(0.34, 0.54);
            tower(
                canvas,
                &mut rng,
                windows,
                vec2(x, shore),
                vec2(half, tall),
                tone,
                lamps * mix(0.55, 1.0, near),
            );
        }
    }
    let mut water = Water::new(shore, hex(0x0a1020), rng);
    water.mirror = 0.95;
    water.waves = rng.range(0.2, 0.5);
    water.paint(canvas);
}

fn tower(canvas: &mut Canvas, rng: &mut Rng, windows: Noise, foot: Vec2, size: Vec2, tone: Rgb, lamps: f32) {
    let pixel = canvas.pixel;
    let tone = tone.vary(rng, 0.2);
    let top = rng.int(0, 4);
    let warm = hex(rng.pick(&[0xffd890, 0xffe8c0, 0xffc060, 0xc8e0ff]));
    let (column, row) = (rng.range(0.02, 0.03), rng.range(0.022, 0.034));
    let lit = rng.range(0.25, 0.7);
    let id = rng.int(0, 10_000);
    let sharp = saturate(1.5 - pixel / column * 1.2);
    canvas.shape(
        Area::new(foot.x - size.x, foot.y - size.y * 1.2, foot.x + size.x, foot.y + 0.02),
        |p| {
            let up = foot.y - p.y;
            let across = (p.x - foot.x).abs();
            let body = (across - size.x).max(up - size.y);
            let body = match top {
                1 => (across - size.x).max(up - size.y + (p.x - foot.x) * 0.5),
                2 => body.min((across - size.x * 0.6).max(up - size.y * 1.09)),
                3 => body.min((across - size.x * 0.85 + (up - size.y) * 0.9).max(up - size.y - 0.06)),
                _ => body,
            };
            body.max(-up - 0.02)
        },
        |p, _| {
            let up = foot.y - p.y;
            let (c, r) = ((p.x - foot.x) / column, up / row);
            let on = windows.cell(c.floor() as i32 + id, r.floor() as i32);
            let bright = if on < lit { 0.45 + 1.3 * on } else { 0.06 };
            let inside = smooth(0.2, 0.4, triangle(c))
                * smooth(0.2, 0.45, triangle(r))
                * smooth(size.y, size.y - 0.02, up);
            let average = 0.47 * (lit * (0.45 + 0.65 * lit) + 0.06 * (1.0 - lit));
            let blurred = mix(average, inside * bright, sharp);
            let shade = 0.85 + 0.35 * (p.x - foot.x) / size.x + 0.3 * bell(up * 6.0);
            (tone * shade).mix(warm, saturate(blurred * lamps))
        },
    );
    if top == 4 || top == 2 {
        let tip = vec2(foot.x, foot.y - size.y);
        canvas.stroke(tip, tip - vec2(0.0, size.y * 0.2), 0.006, 0.002, tone);
        if lamps > 0.7 {
            canvas.dab(tip - vec2(0.0, size.y * 0.2), vec2(0.004, 0.004), 0.0, hex(0xff4030), 1.0);
        }
    }
}

/// A windmill in the fields.
pub(crate) fn windmill(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast, Hour::Dusk]);
    let horizon = rng.range(0.7, 0.78);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.2, 0.7);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient();
    let green = hex(rng.pick(&[0x5f8a30, 0x8a9a3a, 0xb89a48, 0x4f7a38])) * light;
    meadow(canvas, rng, &sky, horizon, green);
    let tall = rng.range(0.44, 0.54);
    let foot = vec2(rng.range(0.4, 0.6), horizon + rng.range(0.05, 0.1));
    let sun_side = if sky.sun.x < foot.x { -1.0 } else { 1.0 };
    canvas.shadow(foot + vec2(-sun_side * 0.1, 0.01), vec2(0.22, 0.035), 0.45);
    let wall = hex(rng.pick(&[0xf0e8dc, 0x9a5a40, 0x6a5a4a, 0xd8c8a8, 0x4f5a4a]));
    let cap = hex(rng.pick(&[0x5a3a2a, 0x3a3f48, 0x7a3a30, 0x2f4a3a]));
    let grain = Noise::new(rng);
    let (base, neck) = (tall * 0.235, tall * 0.125);
    let half = |up: f32| mix(base, neck, saturate(up / tall));
    canvas.shape(
        Area::new(foot.x - base, foot.y - tall, foot.x + base, foot.y),
        |p| {
            let up = foot.y - p.y;
            ((p.x - foot.x).abs() - half(up)).max(-up).max(up - tall)
        },
        |p, _| {
            let up = foot.y - p.y;
            let across = (p.x - foot.x) / half(up);
            let course = 0.12 * smooth(0.3, 0.0, triangle(up * 30.0)) * saturate(1.6 - pixel * 60.0);
            let rough = grain.rough(p * 16.0, pixel * 16.0, 0.6);
            let round =
                0.75 + 0.3 * across * sun_side + 0.25 * (1.0 - across * across) + 0.12 * rough - course;
            let door = smooth(
                0.01,
                -0.01,
                rounded_box(p - foot + vec2(0.0, tall * 0.1), tall * 0.05, tall * 0.11, 0.03),
            );
            let at = vec2(p.x - foot.x, up - tall * 0.55);
            let window = smooth(0.006, -0.006, rounded_box(at, tall * 0.032, tall * 0.045, 0.01));
            let color = (wall * round).mix(hex(0x4a3020) * (0.9 + 0.3 * rough), door);
            color.mix(hex(0x28323a), window) * light
        },
    );
    if rng.chance(0.6) {
        let deck = foot - vec2(0.0, tall * 0.36);
        let wood = hex(0x6a5038) * light;
        canvas.stroke(deck - vec2(base * 1.15, 0.0), deck + vec2(base * 1.15, 0.0), 0.016, 0.016, wood);
        canvas.stroke(
            deck - vec2(base * 1.15, 0.03),
            deck + vec2(base * 1.15, -0.03),
            0.007,
            0.007,
            wood * 1.2,
        );
        for i in -4..=4 {
            let post = deck + vec2(i as f32 * base * 0.28, 0.0);
            canvas.stroke(post, post - vec2(0.0, 0.03), 0.005, 0.005, wood * 1.2);
        }
    }
    let hub = foot - vec2(0.0, tall * 1.03);
    canvas.shape(
        Area::around(hub, tall * 0.3),
        |p| {
            let q = p - hub;
            (q.scaled(1.0, 1.15).length() - neck * 1.18).max(q.y - tall * 0.035)
        },
        |p, _| cap * light * (0.95 + 0.35 * (p.x - hub.x) / neck * sun_side - 0.8 * (p.y - hub.y)),
    );
    let turn = rng.range(0.0, TURN);
    let reach = tall * rng.range(0.62, 0.72);
    let cloth = hex(rng.pick(&[0xf4ecd8, 0xe8e0d0, 0xc84a38, 0xf8f4e8])) * light;
    let wood = hex(0x4a3626) * light;
    for k in 0..4 {
        let along = direction(turn + TURN * 0.25 * k as f32);
        let across = vec2(-along.y, along.x);
        let area = Area::around(hub, reach * 1.2);
        canvas.shape(
            area,
            |p| {
                let q = vec2((p - hub).dot(along), (p - hub).dot(across));
                rounded_box(q - vec2(reach * 0.6, tall * 0.07), reach * 0.39, tall * 0.058, 0.004)
            },
            |p, _| {
                let q = vec2((p - hub).dot(along), (p - hub).dot(across)) * (1.0 / tall);
                let lattice = smooth(0.3, 0.05, triangle(q.x * 15.0)).max(smooth(
                    0.3,
                    0.05,
                    triangle(q.y * 17.0 + 0.2),
                ));
                let seen = saturate(1.5 - pixel * 30.0 / tall);
                cloth.mix(wood, 0.3 + (lattice - 0.3) * seen * 0.8) * (1.0 - 0.15 * along.x * sun_side)
            },
        );
        canvas.stroke(hub, hub + along * reach, 0.02 * tall / 0.5, 0.012 * tall / 0.5, wood);
    }
    canvas.dab(hub, vec2(0.024, 0.024) * (tall / 0.5), 0.0, wood * 1.25, 1.0);
}

/// A castle with towers on a hill.
pub(crate) fn castle(canvas: &mut Canvas, rng: &mut Rng) {
    let hour = rng.pick(&[Hour::Day, Hour::Golden, Hour::Dawn, Hour::Overcast, Hour::Dusk]);
    let horizon = rng.range(0.72, 0.8);
    let mut sky = Sky::new(hour, horizon, rng);
    sky.cover = rng.range(0.15, 0.6);
    sky.paint(canvas);
    let pixel = canvas.pixel;
    let light = sky.ambient();
    let hills = Noise::new(rng);
    let far = sky.haze(hex(0x4a6a58) * light, 0.5);
    canvas.ridge(|x| horizon - 0.06 - 0.08 * hills.line(x * 1.7, pixel * 1.7), |_, _| far);
    let x = 0.5 + rng.around(0.1);
    let ground = rng.range(0.66, 0.72);
    let style = Castle {
        stone: hex(rng.pick(&[0xb8aa94, 0x9a948c, 0xc8b494, 0x8a8a92, 0xd8d0c4])) * light,
        roof: hex(rng.pick(&[0x8a3028, 0x3a4f78, 0x4a4a54, 0x2f5a5a])) * light,
        flag: hex(rng.pick(&[0xd83030, 0xf0c030, 0x3060c0])) * light,
        grain: Noise::new(rng),
        sun_side: if sky.sun.x < x { -1.0 } else { 1.0 },
        lit: hour == Hour::Dusk,
    };
    let pointed = rng.chance(0.7);
    style.tower(canvas, vec2(x - 0.07, ground), vec2(0.055, 0.42), pointed);
    style.tower(canvas, vec2(x + 0.1, ground), vec2(0.045, rng.range(0.3, 0.38)), pointed);
    style.tower(canvas, vec2(x, ground), vec2(0.14, 0.25), false);
    style.tower(canvas, vec2(x, ground + 0.02), vec2(0.29, 0.15), false);
    for side in [-1.0, 1.0] {
        let tall = rng.range(0.24, 0.32);
        style.tower(canvas, vec2(x + side * 0.28, ground + 0.03), vec2(0.062, tall), pointed);
    }
    style.tower(canvas, vec2(x, ground + 0.03), vec2(0.075, 0.19), false);
    style.gate(canvas, vec2(x, ground + 0.03));
    let green = hex(rng.pick(&[0x4f7a30, 0x6a8a3a, 0x5a7040])) * light;
    let grass = Noise::new(rng);
    let crest = |u: f32| {
        ground + 0.02 + 0.34 * smooth(0.24, 0.75, (u - x).abs()) + 0.018 * grass.line(u * 4.0, pixel * 4.0)
    };
    canvas.ridge(crest, |p, depth| {
        let blades = grass.rough(p.scaled(18.0, 26.0), pixel * 26.0, 0.7);
        let path = smooth(
            0.03 + depth * 0.12,
            0.02 + depth * 0.08,
            (p.x - x - 0.35 * depth * (depth * 14.0 + 1.0).min(2.0)).abs(),
        );
        (green * (0.85 + 0.35 * blades + 0.35 * depth)).mix(hex(0xc8b48c) * light, path * 0.85)
    });
    let shrubs = rng.clone();
    for i in canvas.across(0.028, 0.05) {
        let mut rng = shrubs.item(i);
        for _ in 0..7 {
            let u = (i as f32 + rng.unit()) * 0.028;
            let clump = grass.smooth(vec2(u * 4.0, 7.0));
            if clump > 0.0 && (u - x).abs() > 0.1 {
                let at = vec2(u, crest(u) + rng.range(-0.025, 0.045 + 0.2 * clump));
                let size = rng.range(0.01, 0.022);
                canvas.dab(
                    at,
                    vec2(size, size * 0.8),
                    0.0,
                    green.vary(&mut rng, 0.4) * rng.range(0.4, 0.95),
                    0.95,
                );
            }
        }
    }
}

struct Castle {
    stone: Rgb,
    roof: Rgb,
    flag: Rgb,
    grain: Noise,
    sun_side: f32,
    lit: bool,
}

impl Castle {
    /// A round tower or a stretch of wall with battlements, perhaps under a pointed roof.
    fn tower(&self, canvas: &mut Canvas, foot: Vec2, size: Vec2, pointed: bool) {
        let pixel = canvas.pixel;
        let tooth = 0.024;
        canvas.shape(
            Area::new(foot.x - size.x * 1.2, foot.y - size.y - 0.03, foot.x + size.x * 1.2, foot.y + 0.05),
            |p| {
                let up = foot.y - p.y;
                let across = (p.x - foot.x).abs();
                let crown = (across - size.x - 0.008).max((up - size.y + 0.02).abs() - 0.02);
                let teeth = (crown.max(across - size.x - 0.008)).min(
                    ((triangle((p.x - foot.x) / (2.0 * tooth) + 0.5) - 0.5) * -tooth)
                        .max((up - size.y - 0.01).abs() - 0.014)
                        .max(across - size.x - 0.008),
                );
                (across - size.x).max(up - size.y).max(-up - 0.05).min(teeth)
            },
            |p, _| {
                let up = foot.y - p.y;
                let across = (p.x - foot.x) / size.x;
                let row = (up * 42.0).floor();
                let block = self.grain.cell((p.x * 30.0 + row * 0.5).floor() as i32, row as i32) - 0.5;
                let rough = self.grain.rough(p * 14.0, pixel * 14.0, 0.65);
                let slit = vec2(
                    (triangle(across * if size.x > 0.1 { 2.0 } else { 0.5 } + 0.5) - 1.0) * size.x,
                    up - size.y * 0.62,
                );
                let window = smooth(
                    0.5,
                    -0.5,
                    (slit.x.abs() * 0.6 - 0.007).max(slit.y.abs() - 0.02) / pixel.max(0.004),
                );
                let round = if size.x < 0.1 { 0.72 + 0.3 * (1.0 - across * across) } else { 0.9 };
                let under = bell((up - size.y + 0.045) * 60.0) * 0.25;
                let shade = round
                    + 0.22 * across * self.sun_side
                    + 0.16 * rough
                    + 0.16 * block * saturate(1.6 - pixel * 60.0)
                    - under;
                let hole = if self.lit { hex(0xffc860) } else { self.stone * 0.22 };
                (self.stone * shade).mix(hole, window)
            },
        );
        if pointed {
            let eaves = foot - vec2(0.0, size.y + 0.012);
            let rise = size.x * 2.4;
            canvas.shape(
                Area::around(eaves, rise),
                |p| {
                    let up = eaves.y - p.y;
                    (((p.x - eaves.x).abs() - size.x * 1.25 * (1.0 - up / rise)) * 0.9).max(-up)
                },
                |p, _| {
                    let up = eaves.y - p.y;
                    let across = (p.x - eaves.x) / (size.x * 1.3);
                    let slates = 0.14 * (triangle(up * 34.0) - 0.5) * saturate(1.5 - pixel * 70.0);
                    self.roof * (0.95 + 0.5 * across * self.sun_side + slates)
                },
            );
            let tip = eaves - vec2(0.0, rise);
            canvas.stroke(tip, tip - vec2(0.0, 0.06), 0.005, 0.004, self.stone * 0.4);
            let cloth = [tip - vec2(0.0, 0.06), tip + vec2(0.05, -0.046), tip - vec2(0.0, 0.032)];
            canvas.shape(Area::around(tip, 0.08), |p| polygon(p, &cloth), |_, _| self.flag);
        }
    }

    fn gate(&self, canvas: &mut Canvas, foot: Vec2) {
        let arch = foot - vec2(0.0, 0.06);
        let dark = self.stone * 0.16;
        let distance = |p: Vec2| {
            ((p - arch).length() - 0.04).min(rounded_box(p - arch - vec2(0.0, 0.04), 0.04, 0.04, 0.0))
        };
        canvas.shape(Area::around(arch, 0.1), |p| distance(p) - 0.012, |_, _| self.stone * 0.7);
        canvas.shape(Area::around(arch, 0.1), distance, |p, _| {
            let bars = smooth(0.3, 0.1, triangle(p.x * 60.0)).max(smooth(0.3, 0.1, triangle(p.y * 60.0)));
            dark + self.stone * (0.14 * bars)
        });
    }
}
