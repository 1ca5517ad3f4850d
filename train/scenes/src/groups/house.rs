//! Where people live.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, hex};
use crate::groups::flora::{broad_tree, meadow};
use crate::math::{TURN, Vec2, bell, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{polygon, rounded_box, tapered};
use crate::sky::{Hour, Sky};

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
    style.chimney(canvas, rng, vec2(x, foot - high), half, rise);
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

    fn chimney(&self, canvas: &mut Canvas, rng: &mut Rng, eaves: Vec2, half: f32, rise: f32) {
        let pixel = canvas.pixel;
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
    }

    fn cover(&self, canvas: &mut Canvas, rng: &mut Rng, eaves: Vec2, half: f32, rise: f32, gable: bool) {
        let pixel = canvas.pixel;
        let moss = Noise::new(rng);
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
