//! Surfaces and patterns that fill the picture.

use crate::canvas::Canvas;
use crate::color::{Rgb, gray, hex};
use crate::math::{bell, mix, saturate, smooth, triangle, vec2};
use crate::noise::Noise;
use crate::rng::Rng;

/// A brick wall in raking light.
pub(crate) fn bricks(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let tone =
        hex(rng.pick(&[0xa0492f, 0x8a3a2a, 0xb8653f, 0x7a4038, 0xc08560, 0xd0b890, 0x8a8488, 0xd8d4cc]));
    let mortar = hex(rng.pick(&[0xc8c0b0, 0xa8a098, 0xd8d0c4, 0x807870]));
    let rows = rng.range(6.0, 9.5);
    let turn = rng.around(0.07);
    let (surface, shade) = (Noise::new(rng), Noise::new(rng));
    let spread = rng.range(0.15, 0.4);
    let slant = vec2(rng.range(-1.0, 1.0), rng.range(-1.0, 0.2));
    let shift = vec2(rng.range(0.0, 7.0), rng.range(0.0, 7.0));
    canvas.paint(|p| {
        let warp = surface.smooth(p * 3.0) * 0.004;
        let q = (p - vec2(0.5, 0.5)).turned(turn) * rows + shift + vec2(warp, warp) * rows;
        let row = q.y.floor();
        let x = q.x * 0.46 + 0.5 * (row * 0.5 - (row * 0.5).floor()) * 2.0;
        let column = x.floor();
        let (u, v) = ((x - column - 0.5) / 0.46, q.y - row - 0.5);
        let rough = surface.rough(p * 24.0, pixel * 24.0, 0.65);
        let inside = (1.0 / 0.92 - u.abs()).min(0.5 - v.abs()) - 0.065 + 0.02 * rough;
        let face = smooth(-0.5, 0.5, inside / (pixel * rows).max(0.03));
        let id = surface.cell(column as i32, row as i32);
        let hue = surface.cell(column as i32, row as i32 + 1000);
        let brick =
            (tone * (1.0 + spread * (id - 0.5) * 2.0)).mix(hex(0x5a3a48), saturate(hue * 2.2 - 1.4) * 0.6);
        let bevel = bell(inside * 11.0) * (0.35 * (u * 0.3 - v) - 0.05);
        let joint = mortar * (0.82 + 0.2 * rough - 0.25 * smooth(0.15, -0.35, v));
        let color = joint.mix(brick * (1.0 + 0.28 * rough + bevel), face);
        let light = 0.95 + 0.25 * (p - vec2(0.5, 0.5)).dot(slant) + 0.2 * shade.fractal(p * 1.3, pixel * 1.3);
        color * light
    });
}

/// Tartan cloth, woven, with soft folds.
pub(crate) fn tartan(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let palettes: [[u32; 4]; 6] = [
        [0xa01f24, 0x1f4030, 0x1a2450, 0xf0d860],
        [0x1f4a38, 0x1a2848, 0x101418, 0xe8e8e0],
        [0x2a4a80, 0x101a30, 0x6a1f2a, 0xf4f0e0],
        [0xd8b878, 0x1a1a1a, 0xa8242a, 0xf8f4e8],
        [0x5a2a6a, 0x1f3a2a, 0x2a2a5a, 0xe8d8f0],
        [0xc86a28, 0x3a2a1f, 0x7a1f1a, 0xf4e4b8],
    ];
    let palette = rng.pick(&palettes).map(hex);
    let size = rng.range(2.2, 3.8);
    let turn = rng.pick(&[0.0, 0.0, 0.785, 0.785, 0.4]) + rng.around(0.1);
    let mut stripes: Vec<(f32, f32, Rgb)> = Vec::new();
    let mut at = 0.0;
    // Broad bands of the two ground colors in turn, most of them with fine lines in between.
    for band in 0..rng.int(3, 5) {
        let width = rng.range(0.12, 0.3);
        stripes.push((at, at + width, palette[(band % 2) as usize]));
        at += width;
        for _ in 0..if band == 0 { 1 } else { rng.int(0, 2) } {
            let width = rng.pick(&[0.03, 0.05]);
            stripes.push((at, at + width, palette[rng.int(2, 3) as usize]));
            stripes.push((at + width, at + 2.0 * width, palette[(band % 2) as usize]));
            at += 2.0 * width;
        }
    }
    let period = at;
    let (fold, fuzz) = (Noise::new(rng), Noise::new(rng));
    let shift = vec2(rng.unit(), rng.unit()) * 5.0;
    let depth = rng.range(0.1, 0.4);
    let stripe = |t: f32, edge: f32| -> Rgb {
        let t = (t / period - (t / period).floor()) * period;
        let mut color = stripes[stripes.len() - 1].2;
        for &(from, to, tone) in &stripes {
            let alpha = saturate((t - from) / edge + 0.5) * saturate((to - t) / edge + 0.5);
            color = color.mix(tone, alpha);
        }
        color
    };
    canvas.paint(|p| {
        let bulge = fold.fractal(p * 1.6, pixel * 1.6);
        let q = (p - vec2(0.5, 0.5) + vec2(bulge, -bulge) * 0.035).turned(turn) * size + shift;
        let edge = (pixel * size).max(0.01);
        let (warp, weft) = (stripe(q.x, edge), stripe(q.y, edge));
        let threads = 26.0;
        let twill = triangle((q.x + q.y) * threads);
        let seen = saturate(1.5 - pixel * size * threads * 2.5);
        let over = mix(0.5, smooth(0.4, 0.6, twill), seen);
        let thread = (triangle(q.x * threads * 2.0) - 0.5) * 0.12 * seen
            + fuzz.rough(p * 40.0, pixel * 40.0, 0.8) * 0.07;
        let light = 1.0 + depth * (bulge - fold.fractal((p + vec2(0.05, 0.04)) * 1.6, pixel * 1.6)) * 2.2;
        (warp.mix(weft, over) * (1.0 + thread) + gray(0.02)) * light
    });
}

/// A stained-glass window: irregular panes in lead, lit from behind.
pub(crate) fn stained_glass(canvas: &mut Canvas, rng: &mut Rng) {
    let pixel = canvas.pixel;
    let palettes: [[u32; 5]; 6] = [
        [0x2a4fa8, 0x3f8ad0, 0xd8a030, 0xb83040, 0xf0dca0],
        [0x1f6a5a, 0x58a878, 0xe8c858, 0x2a4a88, 0xd8e8d0],
        [0xa82838, 0xe07830, 0xf0c850, 0x503078, 0xf8e8c8],
        [0x5a3890, 0x9868c8, 0x3878b8, 0xe89ab0, 0xf0e0f0],
        [0x184878, 0x28889a, 0x78c8c8, 0xe8b048, 0xe8f0e0],
        [0x783028, 0xc86838, 0x88903a, 0xe8b860, 0x3a5068],
    ];
    let palette = rng.pick(&palettes).map(hex);
    let size = rng.range(4.5, 6.5);
    let (panes, glass) = (Noise::new(rng), Noise::new(rng));
    let sun = vec2(rng.range(0.1, 0.9), rng.range(0.0, 0.7));
    let lead = rng.range(0.03, 0.055);
    canvas.paint(|p| {
        let bend = vec2(panes.smooth(p * 2.0), panes.smooth(p * 2.0 + vec2(9.0, 4.0))) * 0.25;
        let cell = panes.cells(p * size + bend);
        let which = cell.id * 5.0;
        let light = which - which.floor();
        let base = palette[(which as usize).min(4)] * mix(0.7, 1.2, light);
        let ripple = glass.rough(p * 9.0 + cell.offset, pixel * 9.0, 0.6);
        let streak = glass.fractal(vec2(p.x * 4.0 + p.y * 9.0, cell.id * 40.0), pixel * 9.0);
        let behind = 0.72 + 0.5 * bell((p - sun).length() * 1.6) + 0.16 * ripple + 0.14 * streak;
        let color = base * behind + gray(0.16 * bell((p - sun).length() * 3.0));
        let edge = (pixel * size).max(0.015);
        let inside = smooth(-0.5, 0.5, (cell.border - lead) / edge);
        let round = bell((cell.border / lead - 0.35) * 2.0) * 0.16;
        (gray(0.07 + round)).mix(color, inside)
    });
}
