//! What people wear on their heads and faces: hair, hats, beards, glasses.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::groups::portrait::Person;
use crate::math::{Vec2, bell, saturate, sin, smooth, vec2};
use crate::rng::Rng;
use crate::shapes::{blend, ellipse, rounded_box};

impl Person {
    /// Color of hair at a point, in strands along `flow`.
    fn strands(&self, p: Vec2, flow: Vec2, shade: f32) -> Rgb {
        let q = self.local(p);
        let across = q.dot(vec2(-flow.y, flow.x));
        let along = q.dot(flow);
        let fibre = self.grain.rough(vec2(across * 13.0, along * 1.6), 0.003 / self.size, 0.62);
        let sheen = bell((q - vec2(self.light.from.x * 0.4, -0.85)).length() * 1.7);
        self.hair * (shade * (0.85 + 0.5 * fibre))
            + (self.hair * 0.9 + gray(0.12)) * (sheen * (0.45 + 0.5 * fibre)).max(0.0)
    }

    pub(super) fn long_hair(&self, canvas: &mut Canvas, curly: bool) {
        let curl = if curly { 0.09 } else { 0.03 };
        canvas.shape(
            self.reach(),
            |p| {
                let q = self.local(p);
                let wave = curl * self.grain.smooth(q * 4.5);
                let crown = ellipse(q - vec2(0.0, -0.25), self.wide + 0.2, 0.98);
                let fall =
                    rounded_box(q - vec2(0.0, 0.62), self.wide + 0.16 + 0.1 * sin(q.y * 2.0), 1.0, 0.4);
                (blend(crown, fall, 0.2) + wave) * self.size
            },
            |p, _| {
                let q = self.local(p);
                self.strands(p, vec2(0.15 * q.x, 1.0).unit(), 0.7)
            },
        );
    }

    pub(super) fn hair_top(&self, canvas: &mut Canvas, rng: &mut Rng, style: i32) {
        let parting = rng.range(-0.5, 0.5);
        let fringe = match style {
            1 => rng.range(-0.72, -0.62),
            2 => rng.range(-0.5, -0.4),
            _ => rng.range(-0.62, -0.45),
        };
        let volume = if style == 1 { 0.06 } else { rng.range(0.1, 0.2) };
        let side_length = if style >= 3 { 0.9 } else { rng.range(0.0, 0.2) };
        let ragged = rng.range(0.02, 0.07);
        canvas.shape(
            self.reach(),
            |p| {
                let q = self.local(p);
                let edge = ragged * self.grain.smooth(vec2(q.x * 8.0, q.y * 3.0));
                let cap = ellipse(
                    q - vec2(0.0, -0.26 - volume * 0.4),
                    self.wide + volume * 0.75,
                    0.84 + volume * 0.6,
                );
                let hairline = fringe + 0.34 * (q.x - parting * 0.4) * (q.x - parting * 0.4) + edge * 1.5;
                let temple = self.wide - 0.13 - 0.07 * smooth(0.1, 0.8, q.y);
                let whole = cap.max((q.y - hairline).min(temple - q.x.abs()));
                whole.max(q.y - side_length + edge * 2.0) * self.size
            },
            |p, d| {
                let q = self.local(p);
                let out = vec2(q.x - parting * 0.6, 0.55 + q.y * 0.5).unit();
                let depth = smooth(0.0, -0.1, d / self.size);
                self.strands(p, out, 0.72 + 0.22 * depth + 0.15 * q.x * self.light.from.x)
            },
        );
    }

    pub(super) fn hat(&self, canvas: &mut Canvas, rng: &mut Rng) {
        let cloth = hex(rng.pick(&[0xa83030, 0x2a4a78, 0x3a6a4a, 0xd8a030, 0x4a4a50, 0xd8c8a0]));
        let band = hex(rng.pick(&[0x2a2420, 0xf0e8d8, 0xd85030]));
        let brimmed = rng.chance(0.5);
        canvas.shape(
            self.reach(),
            |p| {
                let q = self.local(p);
                let crown = ellipse(q - vec2(0.0, -0.5), self.wide + 0.07, 0.78).max(q.y + 0.5);
                let edge = if brimmed {
                    ellipse(q - vec2(0.0, -0.5), self.wide + 0.55, 0.14)
                } else {
                    rounded_box(q - vec2(0.0, -0.56), self.wide + 0.09, 0.14, 0.1)
                };
                crown.min(edge) * self.size
            },
            |p, _| {
                let q = self.local(p);
                let knit = self.grain.rough(q.scaled(18.0, 9.0), 0.004 / self.size * 9.0, 0.6);
                let ribbon = smooth(0.02, -0.02, (q.y + 0.7).abs() - 0.09)
                    * smooth(self.wide + 0.1, self.wide, q.x.abs());
                let round = 0.9 + 0.35 * q.x * self.light.from.x - 0.2 * (q.y + 1.0);
                cloth.mix(band, ribbon) * (round + 0.2 * knit)
            },
        );
        canvas.layer(self.reach(), |p| {
            let q = self.local(p);
            let under =
                bell((q.y + 0.36) * 9.0) * saturate(-self.outline(q) * 20.0) * smooth(-0.42, -0.38, q.y);
            (self.skin * 0.35, 0.5 * under)
        });
    }

    pub(super) fn beard(&self, canvas: &mut Canvas) {
        canvas.layer(self.reach(), |p| {
            let q = self.local(p) - vec2(self.turn * 0.6, 0.0);
            let d = self.outline(self.local(p)) - 0.04;
            let opening = ellipse(q - vec2(0.0, 0.6), 0.3, 0.1);
            let upper = 0.42 - 0.5 * smooth(0.35, 0.8, q.x.abs());
            let edge = 0.04 * self.grain.smooth(q * 10.0);
            let alpha = smooth(0.03, -0.06, d + edge)
                * smooth(-0.02, 0.08, q.y - upper + edge)
                * smooth(0.0, 0.05, opening + edge);
            (self.strands(p, vec2(0.3 * q.x, 1.0).unit(), 0.75), alpha * 0.93)
        });
    }

    pub(super) fn glasses(&self, canvas: &mut Canvas, rng: &mut Rng) {
        let frame = hex(rng.pick(&[0x1a1a1c, 0x6a3a1c, 0xb89030, 0x8a1c24]));
        let radius = rng.range(0.24, 0.28);
        let boxy = rng.chance(0.5);
        for side in [-1.0, 1.0] {
            let at = self.place(side * 0.34 + self.turn * 1.1, -0.06);
            let lens = |p: Vec2| {
                let q = (p - at).turned(-self.tilt);
                let (r, s) = (radius * self.size, self.size);
                if boxy { rounded_box(q, r, r * 0.78, 0.08 * s) } else { q.length() - r }
            };
            canvas.layer(Area::around(at, 0.4 * self.size), |p| {
                let shine = smooth(0.3, 0.8, crate::math::triangle((p.x + p.y) * 5.0));
                (gray(0.95), if lens(p) < 0.0 { 0.05 + 0.12 * shine } else { 0.0 })
            });
            canvas.shape(
                Area::around(at, 0.4 * self.size),
                |p| lens(p).abs() - 0.02 * self.size,
                |_, _| frame,
            );
            let hinge = self.place(side * (0.34 + radius) + self.turn * 1.1, -0.1);
            canvas.stroke(
                hinge,
                self.place(side * self.wide, -0.14),
                0.04 * self.size,
                0.03 * self.size,
                frame,
            );
        }
        let bridge = |x: f32| self.place(x + self.turn * 1.1, -0.1);
        canvas.stroke(
            bridge(-0.34 + radius),
            bridge(0.34 - radius),
            0.04 * self.size,
            0.04 * self.size,
            frame,
        );
    }
}
