//! The picture while it is painted: layers over layers, in coordinates that do not know the resolution.
//!
//! A scene is composed for the square 0..1 in both directions, x to the right and y downwards. A square picture shows
//! all or most of it, a longer one more of the same scene beyond.

use crate::color::Rgb;
use crate::math::{Vec2, saturate, vec2};
use crate::shapes;
use std::ops::Range;

/// A part of the plane: what lies outside need not be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) min: Vec2,
    pub(crate) max: Vec2,
}

impl Area {
    /// The square of this half side around a point.
    pub(crate) fn around(center: Vec2, reach: f32) -> Area {
        Area { min: center - vec2(reach, reach), max: center + vec2(reach, reach) }
    }

    /// The rectangle between two corners.
    pub(crate) fn new(left: f32, top: f32, right: f32, bottom: f32) -> Area {
        Area { min: vec2(left, top), max: vec2(right, bottom) }
    }

    /// Everything below a height.
    pub(crate) fn below(top: f32) -> Area {
        Area { min: vec2(-1e9, top), max: vec2(1e9, 1e9) }
    }
}

/// The picture while it is painted.
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    /// The side of a pixel in units.
    pub(crate) pixel: f32,
    left: f32,
    top: f32,
    pub(crate) pixels: Vec<Rgb>,
}

impl Canvas {
    /// A black canvas of at least one pixel that looks at a square of this side around `middle`.
    pub(crate) fn new(width: usize, height: usize, middle: Vec2, side: f32) -> Canvas {
        let pixel = side / width.min(height) as f32;
        Canvas {
            width,
            height,
            pixel,
            left: middle.x - 0.5 * width as f32 * pixel,
            top: middle.y - 0.5 * height as f32 * pixel,
            pixels: vec![crate::color::gray(0.0); width * height],
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// What the picture shows.
    pub(crate) fn view(&self) -> Area {
        let size = vec2(self.width as f32, self.height as f32) * self.pixel;
        Area::new(self.left, self.top, self.left + size.x, self.top + size.y)
    }

    /// The middle of what the picture shows.
    pub(crate) fn middle(&self) -> Vec2 {
        let view = self.view();
        (view.min + view.max) * 0.5
    }

    /// The whole numbers i for which `i * spacing` is in view from left to right, and a margin beyond.
    pub(crate) fn across(&self, spacing: f32, margin: f32) -> Range<i32> {
        let view = self.view();
        ((view.min.x - margin) / spacing).floor() as i32..((view.max.x + margin) / spacing).ceil() as i32 + 1
    }

    /// The middle of a pixel.
    pub(crate) fn point(&self, x: usize, y: usize) -> Vec2 {
        vec2(self.left + (x as f32 + 0.5) * self.pixel, self.top + (y as f32 + 0.5) * self.pixel)
    }

    fn window(&self, area: Area) -> (Range<usize>, Range<usize>) {
        let range = |low: f32, high: f32, start: f32, count: usize| {
            let first = ((low - start) / self.pixel - 1.0).floor().max(0.0) as usize;
            let last = ((high - start) / self.pixel + 1.0).ceil().clamp(0.0, count as f32) as usize;
            first..last.max(first)
        };
        (
            range(area.min.x, area.max.x, self.left, self.width),
            range(area.min.y, area.max.y, self.top, self.height),
        )
    }

    /// Paints every pixel.
    pub(crate) fn paint(&mut self, color: impl Fn(Vec2) -> Rgb) {
        for y in 0..self.height {
            for x in 0..self.width {
                self.pixels[y * self.width + x] = color(self.point(x, y));
            }
        }
    }

    /// Replaces every pixel in an area by a function of it and its place.
    pub(crate) fn adjust(&mut self, area: Area, change: impl Fn(Vec2, Rgb) -> Rgb) {
        let (columns, rows) = self.window(area);
        for y in rows {
            for x in columns.clone() {
                let i = y * self.width + x;
                self.pixels[i] = change(self.point(x, y), self.pixels[i]);
            }
        }
    }

    /// Lays a color over the picture with an opacity (0 to 1) that varies.
    pub(crate) fn layer(&mut self, area: Area, ink: impl Fn(Vec2) -> (Rgb, f32)) {
        self.adjust(area, |p, below| {
            let (color, alpha) = ink(p);
            if alpha > 0.0 { below.mix(color, alpha) } else { below }
        });
    }

    /// Adds light.
    pub(crate) fn glow(&mut self, area: Area, light: impl Fn(Vec2) -> Rgb) {
        self.adjust(area, |p, below| below + light(p));
    }

    /// Fills a shape, given by its signed distance, with a sharp, anti-aliased edge.
    pub(crate) fn shape(
        &mut self,
        area: Area,
        distance: impl Fn(Vec2) -> f32,
        color: impl Fn(Vec2, f32) -> Rgb,
    ) {
        self.soft_shape(area, 0.0, distance, color);
    }

    /// Fills a shape whose edge is `blur` units wide, as of things out of focus. `color` is given the distance too.
    pub(crate) fn soft_shape(
        &mut self,
        area: Area,
        blur: f32,
        distance: impl Fn(Vec2) -> f32,
        color: impl Fn(Vec2, f32) -> Rgb,
    ) {
        let edge = self.pixel + blur;
        let area = Area { min: area.min - vec2(blur, blur), max: area.max + vec2(blur, blur) };
        self.adjust(area, |p, below| {
            let d = distance(p);
            if d >= 0.5 * edge {
                return below;
            }
            let mut alpha = saturate(0.5 - d / edge);
            if blur > 0.0 {
                alpha = alpha * alpha * (3.0 - 2.0 * alpha);
            }
            below.mix(color(p, d), alpha)
        });
    }

    /// Lays down one elliptic touch of the brush. Touches smaller than a pixel tint it by the part they cover.
    pub(crate) fn dab(&mut self, center: Vec2, half_axes: Vec2, angle: f32, color: Rgb, alpha: f32) {
        let least = 0.6 * self.pixel;
        let (rx, ry) = (half_axes.x.max(least), half_axes.y.max(least));
        let alpha = alpha * (half_axes.x / rx) * (half_axes.y / ry);
        let edge = self.pixel;
        let along = crate::math::direction(angle);
        self.adjust(Area::around(center, rx.max(ry)), |p, below| {
            let q = p - center;
            let d = shapes::ellipse(vec2(q.dot(along), q.y * along.x - q.x * along.y), rx, ry);
            below.mix(color, alpha * saturate(0.5 - d / edge))
        });
    }

    /// Draws a straight stroke whose width goes from `wide` to `narrow`. Strokes thinner than a pixel are paler.
    pub(crate) fn stroke(&mut self, from: Vec2, to: Vec2, wide: f32, narrow: f32, color: Rgb) {
        let least = 0.9 * self.pixel;
        let (a, b) = (wide.max(least), narrow.max(least));
        let alpha = ((wide + narrow) / (a + b)).min(1.0);
        let edge = self.pixel;
        let reach = 0.5 * a.max(b);
        let area = Area::new(
            from.x.min(to.x) - reach,
            from.y.min(to.y) - reach,
            from.x.max(to.x) + reach,
            from.y.max(to.y) + reach,
        );
        self.adjust(area, |p, below| {
            let d = shapes::tapered(p, from, to, 0.5 * a, 0.5 * b);
            below.mix(color, alpha * saturate(0.5 - d / edge))
        });
    }

    /// Darkens with a soft elliptic shadow.
    pub(crate) fn shadow(&mut self, center: Vec2, half_axes: Vec2, strength: f32) {
        let area = Area { min: center - half_axes * 1.6, max: center + half_axes * 1.6 };
        self.adjust(area, |p, below| {
            let q = (p - center).scaled(1.0 / half_axes.x, 1.0 / half_axes.y);
            below * (1.0 - strength * crate::math::smooth(1.6, 0.3, q.length()))
        });
    }

    /// Fills everything below a crest line, `crest(x)` being its height; `color` is given the depth below it.
    pub(crate) fn ridge(&mut self, crest: impl Fn(f32) -> f32, color: impl Fn(Vec2, f32) -> Rgb) {
        let heights: Vec<f32> = (0..=self.width).map(|x| crest(self.point(x, 0).x)).collect();
        for x in 0..self.width {
            let slope = (heights[x + 1] - heights[x]) / self.pixel;
            let edge = self.pixel * (1.0 + slope * slope).sqrt().min(4.0);
            for y in 0..self.height {
                let p = self.point(x, y);
                let depth = p.y - heights[x];
                let alpha = saturate(0.5 + depth / edge);
                if alpha > 0.0 {
                    let i = y * self.width + x;
                    self.pixels[i] = self.pixels[i].mix(color(p, depth.max(0.0)), alpha);
                }
            }
        }
    }

    /// The color at a point, interpolated; beyond the border, that of the border.
    pub(crate) fn sample(&self, p: Vec2) -> Rgb {
        let x = ((p.x - self.left) / self.pixel - 0.5).clamp(0.0, (self.width - 1) as f32);
        let y = ((p.y - self.top) / self.pixel - 0.5).clamp(0.0, (self.height - 1) as f32);
        let (ix, iy) = (x as usize, y as usize);
        let (jx, jy) = ((ix + 1).min(self.width - 1), (iy + 1).min(self.height - 1));
        let (tx, ty) = (x - ix as f32, y - iy as f32);
        let at = |x: usize, y: usize| self.pixels[y * self.width + x];
        at(ix, iy).mix(at(jx, iy), tx).mix(at(ix, jy).mix(at(jx, jy), tx), ty)
    }

    /// Paints an area with what `color` makes of the picture as it was before, for reflections and refractions.
    pub(crate) fn rework(&mut self, area: Area, color: impl Fn(&Canvas, Vec2) -> Rgb) {
        let before = Canvas { pixels: self.pixels.clone(), ..*self };
        let (columns, rows) = self.window(area);
        for y in rows {
            for x in columns.clone() {
                let p = self.point(x, y);
                if p.y >= area.min.y {
                    self.pixels[y * self.width + x] = color(&before, p);
                }
            }
        }
    }

    /// Blurs the whole picture, as a lens does with what is out of focus; `radius` in units.
    pub(crate) fn blur(&mut self, radius: f32) {
        let radius = (radius / self.pixel).min(1e4);
        let mut line = Vec::new();
        for _ in 0..2 {
            for y in 0..self.height {
                blur_line(&mut self.pixels[y * self.width..], self.width, 1, radius, &mut line);
            }
            for x in 0..self.width {
                blur_line(&mut self.pixels[x..], self.height, self.width, radius, &mut line);
            }
        }
    }
}

/// Averages each of `count` colors, `stride` apart, with its neighbors up to `radius` away.
fn blur_line(pixels: &mut [Rgb], count: usize, stride: usize, radius: f32, line: &mut Vec<Rgb>) {
    line.clear();
    line.extend((0..count).map(|i| pixels[i * stride]));
    let whole = radius as isize;
    let part = radius - whole as f32;
    let at = |i: isize| line[i.clamp(0, count as isize - 1) as usize];
    let mut sum = (-whole..=whole).fold(crate::color::gray(0.0), |sum, i| sum + at(i));
    for i in 0..count {
        let here = i as isize;
        let ends = (at(here - whole - 1) + at(here + whole + 1)) * part;
        pixels[i * stride] = (sum + ends) * (1.0 / (2.0 * radius + 1.0));
        sum = sum + at(here + whole + 1) + at(here - whole) * -1.0;
    }
}
