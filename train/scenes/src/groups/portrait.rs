//! People.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::lighting::{Light, Vec3};
use crate::math::{Vec2, bell, mix, saturate, smooth, vec2};
use crate::noise::Noise;
use crate::rng::Rng;
use crate::shapes::{blend, ellipse, leaf, tapered};

/// A painted portrait, from the front.
pub(crate) fn face(canvas: &mut Canvas, rng: &mut Rng) {
    backdrop(canvas, rng);
    let skin = hex(rng.pick(&[0xf4cfb0, 0xe8b890, 0xd49a6c, 0xb07848, 0x8a5a38, 0x6a4028, 0xf0c0a0]))
        .vary(rng, 0.05);
    let hair =
        hex(rng.pick(&[0x1c1512, 0x3a2416, 0x6a4020, 0xa87038, 0xd8b060, 0x9a3a1c, 0x8a8a8c, 0x2a1c18]));
    let person = Person {
        at: vec2(0.5 + rng.around(0.05), rng.range(0.46, 0.5)),
        size: rng.range(0.27, 0.3),
        tilt: rng.around(0.14),
        turn: rng.around(0.09),
        wide: rng.range(0.76, 0.86),
        jaw: rng.range(-0.06, 0.16),
        skin,
        hair,
        light: Light::from_side(rng.sign() * rng.range(0.35, 0.85)),
        grain: Noise::new(rng),
    };
    let style = rng.int(0, 5);
    if style >= 3 {
        person.long_hair(canvas, style == 4);
    }
    person.shoulders(canvas, rng);
    person.head(canvas);
    person.features(canvas, rng);
    if style != 5 {
        person.hair_top(canvas, rng, style);
    } else {
        person.hat(canvas, rng);
    }
    if style < 2 && rng.chance(0.35) {
        person.beard(canvas);
    }
    if rng.chance(0.25) {
        person.glasses(canvas, rng);
    }
}

fn backdrop(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let wall =
        hex(rng.pick(&[0x6a8a9a, 0xb8a488, 0x8a6a78, 0x5a7a60, 0xd0c8b8, 0x4a5470, 0xc88a68, 0x98a8b0]));
    let cloud = Noise::new(rng);
    let glow = vec2(rng.range(0.1, 0.9), rng.range(0.1, 0.6));
    canvas.paint(|p| {
        let strokes = cloud.rough(p.scaled(4.0, 6.0), pixel * 6.0, 0.6);
        wall * (0.72 + 0.45 * bell((p - glow).length() * 1.5) + 0.12 * strokes)
    });
    for _ in 0..rng.int(0, 10) {
        let at = vec2(rng.range(-0.1, 1.1), rng.range(-0.1, 0.9));
        let size = rng.range(0.04, 0.12);
        let tone = wall.vary(rng, 0.6);
        canvas.soft_shape(Area::around(at, size), 0.04, |p| (p - at).length() - size, |_, _| tone);
    }
    canvas.blur(0.01);
}

/// A head of about `size` around `at`; in its own coordinates the chin is near y = 1, the crown near y = −1.
pub(super) struct Person {
    pub(super) at: Vec2,
    pub(super) size: f32,
    pub(super) tilt: f32,
    /// How far the features have moved sideways: the head turned a little.
    pub(super) turn: f32,
    pub(super) wide: f32,
    pub(super) jaw: f32,
    pub(super) skin: Rgb,
    pub(super) hair: Rgb,
    pub(super) light: Light,
    pub(super) grain: Noise,
}

impl Person {
    pub(super) fn local(&self, p: Vec2) -> Vec2 {
        ((p - self.at) * (1.0 / self.size)).turned(-self.tilt)
    }

    pub(super) fn place(&self, x: f32, y: f32) -> Vec2 {
        self.at + vec2(x, y).turned(self.tilt) * self.size
    }

    pub(super) fn reach(&self) -> Area {
        Area::around(self.at, self.size * 2.0)
    }

    pub(super) fn outline(&self, q: Vec2) -> f32 {
        let skull = ellipse(q - vec2(0.0, -0.2), self.wide, 0.86);
        let chin = ellipse(q - vec2(0.0, 0.42), self.wide * (0.62 + self.jaw), 0.58);
        blend(skull, chin, 0.35)
    }

    fn shoulders(&self, canvas: &mut Canvas, rng: &mut Rng) {
        let pixel = canvas.pixel;
        let cloth =
            hex(rng.pick(&[0x2a4a78, 0xa83a3a, 0x3a6a50, 0xe0d8c8, 0x38383e, 0xc88a30, 0x6a4a78, 0x5a9aa8]));
        let neck = self.place(0.0, 1.15);
        canvas.shape(
            self.reach(),
            |p| tapered(p, self.place(0.0, 0.7), neck + vec2(0.0, 0.15), 0.4 * self.size, 0.44 * self.size),
            |p, _| {
                let q = self.local(p);
                let shade = mix(0.5, 0.86, smooth(0.85, 1.5, q.y)) + 0.2 * q.x * self.light.from.x;
                self.skin * shade
            },
        );
        let knit = self.grain;
        let collar = rng.range(0.0, 0.3);
        let stripes = rng.chance(0.3);
        canvas.shape(
            Area::below(neck.y - 0.1),
            |p| {
                let x = (p.x - neck.x) / self.size;
                let slope =
                    1.28 + 0.42 * smooth(0.35, 1.7, x.abs()) - collar * bell(x.abs() * 2.6 - 1.4) * 0.4;
                let scoop = 0.3 * smooth(0.52, 0.0, x.abs());
                ((slope + scoop) * self.size + self.at.y - p.y).max((x.abs() - 1.75) * self.size)
            },
            |p, d| {
                let x = (p.x - neck.x) / self.size;
                let folds = knit.fractal(vec2(x * 2.0 + p.y * 3.0, p.y * 2.0), pixel * 9.0);
                let weave = knit.rough(p * 34.0, pixel * 34.0, 0.75) * 0.08;
                let band = if stripes { smooth(0.45, 0.55, crate::math::triangle(p.y * 9.0)) } else { 0.0 };
                let hem = smooth(-0.03, -0.02, d) * 0.2;
                cloth.mix(gray(0.92), 0.75 * band)
                    * (0.9 + 0.3 * x * self.light.from.x + 0.22 * folds + weave - hem)
            },
        );
    }

    fn head(&self, canvas: &mut Canvas) {
        let pixel = canvas.pixel;
        for side in [-1.0, 1.0] {
            let ear = self.place(side * (self.wide + 0.02) - self.turn * 0.5, 0.02);
            canvas.shape(
                Area::around(ear, self.size * 0.4),
                |p| ellipse((p - ear).turned(-self.tilt - side * 0.15), 0.13 * self.size, 0.22 * self.size),
                |_, d| {
                    self.skin
                        * (0.82 + 0.25 * side * self.light.from.x
                            - 0.35 * smooth(-0.05, -0.09, d / self.size))
                },
            );
        }
        canvas.shape(
            self.reach(),
            |p| self.outline(self.local(p)) * self.size,
            |p, _| {
                let q = self.local(p);
                let f = q - vec2(self.turn, 0.0);
                let round = vec2(q.x / self.wide * 0.92, (q.y - 0.1) * 0.78);
                // Planes of the face: nose, brow, cheeks, lips and chin stand out; the eyes lie deep.
                let nose = bell(f.x * 5.0) * smooth(-0.35, 0.25, f.y) * smooth(0.36, 0.26, f.y);
                let sockets = bell((f.x.abs() - 0.34) * 4.6) * bell((f.y + 0.1) * 5.0);
                let cheeks = bell((vec2(f.x.abs() - 0.45, f.y - 0.27)).length() * 3.4);
                let chin = bell((f - vec2(0.0, 0.82)).length() * 4.2);
                let nx = round.x - 0.95 * nose * f.x.signum() * smooth(0.02, 0.16, f.x.abs())
                    + 0.1 * cheeks * f.x.signum();
                let ny = round.y - 0.25 * cheeks - 0.1 * chin;
                let normal = Vec3::unit(
                    nx.clamp(-1.0, 1.0),
                    ny.clamp(-1.0, 1.0),
                    (1.0 - round.dot(round)).max(0.04).sqrt(),
                );
                let pores = self.grain.rough(q * 14.0, pixel / self.size * 14.0, 0.7) * 0.035;
                let flush = hex(0xd0402a) * (0.1 * cheeks + 0.07 * nose);
                let under = 0.35 * bell((f - vec2(0.0, 0.4)).scaled(4.5, 14.0).length());
                let lit = self.light.matt(self.skin * (1.0 + pores), normal) * 1.08;
                let shade = 1.0 - 0.32 * sockets - under - 0.3 * smooth(0.75, 1.05, q.y);
                lit * shade
                    + flush * self.skin.r
                    + gray(0.13 * self.light.gloss(normal, 14.0) * (0.6 + 0.8 * nose))
            },
        );
    }

    fn features(&self, canvas: &mut Canvas, rng: &mut Rng) {
        let iris = hex(rng.pick(&[0x4a2c18, 0x5a7a9a, 0x4a6a40, 0x3a2214, 0x7a6038, 0x2a1810]));
        let look = vec2(rng.around(0.03), rng.around(0.015));
        let open = rng.range(0.085, 0.12);
        let brow = rng.range(-0.06, 0.05);
        let lash = self.hair * 0.35;
        for side in [-1.0, 1.0] {
            let center = vec2(side * 0.34 + self.turn * 1.1, -0.08);
            let almond =
                |p: Vec2| leaf((self.local(p) - center).turned(side * -0.05) + vec2(0.2, 0.0), 0.4, open);
            let near = Area::around(self.place(center.x, center.y), self.size * 0.3);
            canvas.shape(near, |p| (almond(p) - 0.035) * self.size, |_, _| self.skin * 0.62);
            canvas.shape(
                near,
                |p| almond(p) * self.size,
                |p, _| gray(0.93 - 0.5 * saturate(0.03 - self.local(p).y + center.y)),
            );
            for (radius, shift, tone) in [
                (0.115, vec2(0.0, 0.0), iris * 0.6),
                (0.098, vec2(0.0, 0.01), iris * 1.35),
                (0.052, vec2(0.0, 0.0), gray(0.03)),
                (0.03, vec2(-0.03 + 0.06 * self.light.from.x.signum().max(0.0), -0.04), gray(0.98)),
            ] {
                canvas.shape(
                    near,
                    |p| almond(p).max((self.local(p) - center - look - shift).length() - radius) * self.size,
                    |_, _| tone,
                );
            }
            for k in 0..10 {
                let t = k as f32 / 10.0;
                let lid = |t: f32| {
                    let x = mix(-0.21, 0.21, t);
                    self.place(center.x + x, center.y - open * (1.0 - (x / 0.21) * (x / 0.21)) * 1.02 - 0.01)
                };
                canvas.stroke(lid(t), lid(t + 0.1), 0.04 * self.size, 0.04 * self.size, lash);
                let arch = |t: f32| {
                    let x = mix(-0.24, 0.26, t);
                    self.place(
                        center.x + side * x,
                        center.y - 0.25 - 0.07 * bell((t - 0.6) * 2.2) - brow * (t - 0.5),
                    )
                };
                let wide = mix(0.075, 0.03, t) * self.size;
                canvas.stroke(arch(t), arch(t + 0.1), wide, wide * 0.95, self.hair * 0.75);
            }
            let nostril = self.place(side * 0.09 + self.turn * 1.4, 0.345);
            canvas.dab(nostril, vec2(0.042, 0.022) * self.size, self.tilt, self.skin * 0.4, 0.9);
        }
        self.mouth(canvas, rng);
    }

    fn mouth(&self, canvas: &mut Canvas, rng: &mut Rng) {
        let smile = rng.range(-0.02, 0.1);
        let half = rng.range(0.24, 0.32);
        let lips = self.skin.mix(hex(rng.pick(&[0xb0443c, 0xc0504c, 0xa03038, 0xb86a58])), 0.65);
        let center = vec2(self.turn * 1.2, 0.6);
        let line = |x: f32| center.y + smile * (0.5 - (x / half) * (x / half));
        let full = rng.range(0.06, 0.095);
        let teeth = smile > 0.045 && rng.chance(0.6);
        let near = Area::around(self.place(center.x, center.y), self.size * 0.5);
        canvas.shape(
            near,
            |p| {
                let q = self.local(p);
                let x = q.x - center.x;
                let t = saturate(1.0 - (x / half) * (x / half));
                let bow = 1.0 - 0.3 * bell(x * 14.0);
                let y = q.y - line(x);
                ((y.abs() - full * t * if y < 0.0 { 0.8 * bow } else { 1.1 }).max(x.abs() - half)) * self.size
            },
            |p, _| {
                let q = self.local(p);
                let y = (q.y - line(q.x - center.x)) / full;
                let shine = 0.22 * bell((y - 0.5) * 4.0) * bell((q.x - center.x) * 6.0);
                lips * (0.92 + 0.12 * y) + gray(shine)
            },
        );
        for k in 0..16 {
            let at = |k: i32| {
                let x = mix(-half, half, k as f32 / 16.0);
                self.place(center.x + x, line(x))
            };
            let t = 1.0 - (k as f32 / 8.0 - 1.0).abs();
            let wide = (0.022 + 0.014 * t) * self.size;
            canvas.stroke(at(k), at(k + 1), wide, wide, lips * 0.35);
        }
        if teeth {
            canvas.shape(
                near,
                |p| {
                    let q = self.local(p);
                    let x = q.x - center.x;
                    let t = saturate(1.0 - (x / half) * (x / half) * 1.5);
                    ((q.y - line(x)).abs() - 0.045 * t).max(x.abs() - half * 0.8) * self.size
                },
                |p, _| {
                    let x = self.local(p).x - center.x;
                    let gap = smooth(0.12, 0.0, crate::math::triangle(x * 16.0 + 0.5)) * 0.12;
                    gray(0.95 - gap - 1.2 * x * x)
                },
            );
        }
    }
}
