//! Writing: in print, in chalk, in neon and on painted signs.

use crate::canvas::{Area, Canvas};
use crate::color::{Rgb, gray, hex};
use crate::groups::glyphs::Glyph;
use crate::math::{Vec2, bell, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;

const WORDS: [&str; 40] = [
    "AIR", "ART", "BIRD", "BLUE", "BOOK", "CODE", "CUP", "DAWN", "DREAM", "EARTH", "FIRE", "FISH", "FOX",
    "GLOW", "GREEN", "HELLO", "HOME", "ICE", "JAZZ", "JOY", "KIND", "LEAF", "LIGHT", "MOON", "MUSIC",
    "NIGHT", "OCEAN", "OPEN", "PAPER", "QUIZ", "RIVER", "SKY", "STAR", "SUN", "TEA", "TREE", "VIEW", "WAVE",
    "WOOD", "YES",
];

/// Letters that were laid out: where each stands, and how large a unit of its grid is.
struct Line {
    letters: Vec<(Glyph, Vec2)>,
    unit: f32,
    slant: f32,
}

impl Line {
    /// A word centered at a point, its letters `tall` high but no wider together than `wide`.
    fn centered(word: &str, at: Vec2, tall: f32, wide: f32, slant: f32) -> Line {
        let columns = word.len() as f32 * 5.7 - 1.7;
        let unit = (tall / 6.0).min(wide / columns);
        let start = at - vec2(0.5 * columns * unit, 3.0 * unit);
        let letters = word
            .bytes()
            .enumerate()
            .map(|(i, letter)| (Glyph::new(letter), start + vec2(i as f32 * 5.7 * unit, 0.0)))
            .collect();
        Line { letters, unit, slant }
    }

    /// Calls `draw` for each letter with the part of the plane near it and its distance function, in units.
    fn each(&self, reach: f32, mut draw: impl FnMut(Area, &dyn Fn(Vec2) -> f32)) {
        for (glyph, corner) in &self.letters {
            let center = *corner + vec2(2.0, 3.0) * self.unit;
            let area = Area::around(center, 3.0 * self.unit * (1.0 + self.slant.abs()) + reach);
            draw(area, &|p| {
                let q = p - *corner;
                let upright = vec2(q.x + self.slant * (q.y - 3.0 * self.unit), q.y);
                glyph.distance(upright * (1.0 / self.unit)) * self.unit
            });
        }
    }
}

/// Words in large letters, in one of several materials.
pub(crate) fn text(canvas: &mut Canvas, rng: &mut Rng) {
    let count = rng.int(1, 3);
    let words: Vec<&str> = (0..count).map(|_| rng.pick(&WORDS)).collect();
    let slant = if rng.chance(0.3) { rng.range(0.1, 0.3) } else { 0.0 };
    let spacing = mix(0.4, 0.27, (count - 1) as f32 * 0.5);
    let tall = spacing * rng.range(0.62, 0.74);
    let middle = vec2(0.5 + rng.around(0.03), 0.5 + rng.around(0.04));
    let lines: Vec<Line> = words
        .iter()
        .enumerate()
        .map(|(i, word)| {
            let y = middle.y + (i as f32 - 0.5 * (count - 1) as f32) * spacing;
            Line::centered(word, vec2(middle.x, y), tall, 0.82, slant)
        })
        .collect();
    let weight = rng.range(0.42, 0.62);
    match rng.int(0, 3) {
        0 => printed(canvas, rng, &lines[0], weight),
        1 => chalk(canvas, rng, &lines, weight),
        2 => neon(canvas, rng, &lines),
        _ => painted(canvas, rng, &lines, weight),
    }
}

/// A printed page: a headline over lines of small text.
fn printed(canvas: &mut Canvas, rng: &mut Rng, headline: &Line, weight: f32) {
    let pixel = canvas.pixel;
    let paper = hex(rng.pick(&[0xf4ecd8, 0xf8f6f0, 0xe8dcc0, 0xeceef0]));
    let ink = hex(rng.pick(&[0x201c1a, 0x1c2440, 0x481c1c, 0x2a2a2a]));
    let fibre = Noise::new(rng);
    let crease = vec2(rng.range(0.3, 0.7), rng.range(0.3, 0.7));
    let side = rng.sign();
    canvas.paint(|p| {
        let rough =
            fibre.rough(p * 22.0, pixel * 22.0, 0.75) * 0.035 + fibre.fractal(p * 2.0, pixel * 2.0) * 0.05;
        let fold = 0.05 * smooth(0.0, 0.03, (p.x - crease.x).abs()) * (p.x - crease.x).signum()
            + 0.035 * (p.y - crease.y).signum()
            - 0.12 * bell((p.x - crease.x) * 90.0)
            - 0.1 * bell((p.y - crease.y) * 90.0);
        paper * (0.93 + rough + fold + 0.14 * (p.x - 0.5) * side)
    });
    let shift =
        vec2(0.0, 0.26 - headline.letters.first().map_or(0.5, |(_, corner)| corner.y + 3.0 * headline.unit));
    headline.each(0.01, |area, distance| {
        let moved = Area { min: area.min + shift, max: area.max + shift };
        let half = weight * headline.unit;
        canvas.shape(
            moved,
            |p| distance(p - shift) - half,
            |p, _| ink * (1.0 + 0.5 * fibre.rough(p * 30.0, pixel * 30.0, 0.7).max(0.0)),
        );
    });
    let rule = hex(rng.pick(&[0xb03028, 0x201c1a, 0x28508a]));
    canvas.stroke(vec2(0.08, 0.42), vec2(0.92, 0.42), 0.006, 0.006, rule);
    let columns = rng.int(1, 2);
    let size = rng.range(0.024, 0.032);
    for column in 0..columns {
        let wide = 0.84 / columns as f32 - 0.02 * (columns - 1) as f32;
        let left = 0.08 + column as f32 * (wide + 0.04);
        let mut y = 0.47;
        while y < 0.96 {
            let mut x = left;
            let last = if rng.chance(0.15) { left + wide * rng.range(0.3, 0.8) } else { left + wide };
            while x < last - size * 2.0 {
                let word = rng.pick(&WORDS);
                let long = word.len() as f32 * 5.7 * size / 6.0;
                if x + long > last + size {
                    break;
                }
                let line = Line::centered(word, vec2(x + 0.5 * long, y + 0.5 * size), size, long, 0.0);
                line.each(0.01, |area, distance| {
                    let half = 0.5 * line.unit;
                    let least = half.max(0.5 * pixel);
                    canvas.layer(area, |p| {
                        (ink, saturate(0.5 - (distance(p) - least) / pixel) * half / least * 0.9)
                    });
                });
                x += long + size * 0.5;
            }
            y += size * 1.75;
        }
    }
}

/// Chalk on a board.
fn chalk(canvas: &mut Canvas, rng: &mut Rng, lines: &[Line], weight: f32) {
    let pixel = canvas.pixel;
    let board = hex(rng.pick(&[0x24402f, 0x2a3036, 0x1f3848, 0x30302c]));
    let (smear, grain) = (Noise::new(rng), Noise::new(rng));
    let turn = rng.range(-0.6, 0.6);
    canvas.paint(|p| {
        let q = p.turned(turn);
        let wiped = smear.rough(q.scaled(2.0, 9.0), pixel * 9.0, 0.6);
        board * (1.0 + 0.1 * grain.rough(p * 20.0, pixel * 20.0, 0.7)) + gray(0.09 * saturate(wiped + 0.35))
    });
    for line in lines {
        let tone = hex(rng.pick(&[0xf8f8f2, 0xf8f8f2, 0xf8e890, 0xf8b0b8, 0xa8dcf0, 0xb8f0b0]));
        line.each(0.02, |area, distance| {
            let half = weight * line.unit * 0.9;
            canvas.layer(area, |p| {
                let d = distance(p) + 0.006 * grain.fractal(p * 30.0, pixel * 30.0);
                let cover = saturate(0.5 - (d - half) / pixel.max(0.006));
                let crumbs = saturate(0.8 + 0.9 * grain.rough(p * 46.0, pixel * 46.0, 0.8));
                (tone, cover * crumbs * 0.95)
            });
            canvas.layer(area, |p| (tone, 0.1 * bell((distance(p) - half).max(0.0) * 40.0)));
        });
    }
    let (low, tone) = (rng.range(0.86, 0.92), hex(rng.pick(&[0xf8f8f2, 0xf8e890, 0xa8dcf0])));
    canvas.layer(Area::below(low - 0.05), |p| {
        let wave = low + 0.012 * smear.smooth(vec2(p.x * 7.0, 1.0));
        let dust = saturate(0.75 + grain.rough(p * 46.0, pixel * 46.0, 0.8));
        (tone, bell((p.y - wave) * 120.0) * dust * smooth(0.45, 0.35, (p.x - 0.5).abs()) * 0.9)
    });
}

/// Neon tubes on a dark wall.
fn neon(canvas: &mut Canvas, rng: &mut Rng, lines: &[Line]) {
    let pixel = canvas.pixel;
    let wall = hex(rng.pick(&[0x1c1a28, 0x241820, 0x142028, 0x201c1c]));
    let plaster = Noise::new(rng);
    let panels = rng.range(3.0, 6.0);
    let tubes = [0xff3a70, 0x40c8ff, 0xffb030, 0x60ff90, 0xc060ff, 0xff5040];
    let colors: Vec<Rgb> = lines.iter().map(|_| hex(rng.pick(&tubes))).collect();
    let shine = |p: Vec2, reach: f32| {
        lines.iter().zip(&colors).fold(gray(0.0), |sum, (line, &color)| {
            let (first, last) = (&line.letters[0], &line.letters[line.letters.len() - 1]);
            let x = (first.1.x - p.x).max(p.x - last.1.x - 4.0 * line.unit).max(0.0);
            let y = (p.y - first.1.y - 3.0 * line.unit).abs() - 2.0 * line.unit;
            sum + color * bell(vec2(x, y.max(0.0)).length() * reach)
        })
    };
    canvas.paint(|p| {
        let rough = plaster.rough(p * 8.0, pixel * 8.0, 0.7);
        let seam = smooth(0.05, 0.0, triangle(p.y * panels)) * 0.5;
        let base = wall * (0.9 + 0.3 * rough - seam);
        base + shine(p, 5.0) * (0.22 * (1.0 + 0.6 * rough - seam))
    });
    for (line, &color) in lines.iter().zip(&colors) {
        let half = 0.3 * line.unit;
        line.each(0.09, |area, distance| {
            canvas.glow(area, |p| {
                let d = (distance(p) - half).max(0.0);
                color * (0.75 * bell(d / (line.unit * 0.8)) + 0.22 * bell(d / (line.unit * 2.0)))
            });
        });
        line.each(0.02, |area, distance| {
            canvas.shape(
                area,
                |p| distance(p) - half,
                |_, d| color.mix(gray(1.15), smooth(0.0, -half, d) * 0.85 + 0.1),
            );
        });
    }
}

/// Thick painted letters with a shadow on a colored sign.
fn painted(canvas: &mut Canvas, rng: &mut Rng, lines: &[Line], weight: f32) {
    let pixel = canvas.pixel;
    let palettes: [[u32; 3]; 7] = [
        [0xc83028, 0xf8f0d8, 0x581410],
        [0x205890, 0xf8d848, 0x0c2848],
        [0xf0c030, 0x28303c, 0xa87810],
        [0x2a7058, 0xf8f4e8, 0x103828],
        [0xf4ead0, 0xd84830, 0xb8a888],
        [0x50b0c0, 0xfff8e8, 0x206878],
        [0x6a3a78, 0xf8b848, 0x2c1438],
    ];
    let [board, letter, deep] = rng.pick(&palettes).map(hex);
    let grain = Noise::new(rng);
    let planks = rng.range(3.0, 6.0);
    let rays = rng.chance(0.35);
    canvas.paint(|p| {
        let wood = grain.fractal(vec2(p.x * 3.0 + (p.y * planks).floor() * 5.0, p.y * 40.0), pixel * 40.0);
        let gap = smooth(0.05, 0.01, triangle(p.y * planks)) * 0.35;
        let beam = smooth(0.4, 0.6, triangle(crate::math::angle(p - vec2(0.5, 0.5)) * 2.546_479));
        let tone = if rays { board.mix(letter, 0.18 * beam) } else { board };
        tone * (0.95 + 0.13 * wood - if rays { 0.0 } else { gap } + 0.1 * grain.fractal(p * 2.0, pixel * 2.0))
    });
    let inset = rng.range(0.035, 0.06);
    canvas.layer(Area::new(0.0, 0.0, 1.0, 1.0), |p| {
        let d = crate::shapes::rounded_box(p - vec2(0.5, 0.5), 0.5 - inset, 0.5 - inset, 0.05).abs() - 0.007;
        (letter, saturate(0.5 - d / pixel) * 0.9)
    });
    let steps = 7;
    for line in lines {
        let half = (weight + 0.12) * line.unit;
        for k in (0..=steps).rev() {
            let away = vec2(0.75, 0.75) * (line.unit * k as f32 / steps as f32);
            line.each(0.02, |area, distance| {
                let moved = Area { min: area.min + away, max: area.max + away };
                let tone = if k == 0 { letter } else { deep };
                canvas.shape(
                    moved,
                    |p| distance(p - away) - half,
                    |p, d| {
                        if k > 0 {
                            return tone;
                        }
                        let bevel = smooth(-0.35 * half, 0.0, d) * 0.14;
                        let worn = smooth(0.55, 0.8, grain.rough(p * 12.0, pixel * 12.0, 0.7)) * 0.5;
                        (tone * (1.02 - bevel)).mix(board, worn)
                    },
                );
            });
        }
    }
}
