//! Signed distances: below zero inside a shape, above outside, in the units of the plane.

use crate::math::{Vec2, mix, saturate, vec2};

/// An ellipse around the origin with these half axes (close to the true distance near its edge).
pub(crate) fn ellipse(p: Vec2, rx: f32, ry: f32) -> f32 {
    let k0 = p.scaled(1.0 / rx, 1.0 / ry).length();
    let k1 = p.scaled(1.0 / (rx * rx), 1.0 / (ry * ry)).length();
    if k1 > 0.0 { k0 * (k0 - 1.0) / k1 } else { -if rx < ry { rx } else { ry } }
}

/// A line from `a` to `b` whose half width goes from `ra` to `rb`.
pub(crate) fn tapered(p: Vec2, a: Vec2, b: Vec2, ra: f32, rb: f32) -> f32 {
    let ab = b - a;
    let t = saturate((p - a).dot(ab) / ab.dot(ab).max(1e-12));
    (p - (a + ab * t)).length() - mix(ra, rb, t)
}

/// A polygon, not crossing itself, of any number of corners.
pub(crate) fn polygon(p: Vec2, corners: &[Vec2]) -> f32 {
    let mut nearest = f32::MAX;
    let mut inside = false;
    let mut previous = corners[corners.len() - 1];
    for &corner in corners {
        let edge = previous - corner;
        let w = p - corner;
        let t = saturate(w.dot(edge) / edge.dot(edge).max(1e-12));
        let offset = w - edge * t;
        nearest = nearest.min(offset.dot(offset));
        let above = p.y >= corner.y;
        let left = edge.x * w.y > edge.y * w.x;
        if (above && p.y < previous.y && left) || (!above && p.y >= previous.y && !left) {
            inside = !inside;
        }
        previous = corner;
    }
    if inside { -nearest.sqrt() } else { nearest.sqrt() }
}

/// A leaf or petal from the origin along +x with this length and half width, pointed at both ends.
pub(crate) fn leaf(p: Vec2, length: f32, half_width: f32) -> f32 {
    // Two circles of radius r whose centers lie at distance d on either side of the middle line.
    let h = 0.5 * length;
    let r = (h * h + half_width * half_width) / (2.0 * half_width);
    let d = r - half_width;
    let (x, y) = ((p.x - h).abs(), p.y.abs());
    if (x - h) * d > y * h { vec2(x - h, y).length() } else { vec2(x, y + d).length() - r }
}

/// The union of two shapes with a fillet of size `k` where they meet.
pub(crate) fn blend(a: f32, b: f32, k: f32) -> f32 {
    let h = saturate(0.5 + 0.5 * (b - a) / k);
    mix(b, a, h) - k * h * (1.0 - h)
}

/// A rectangle around the origin with these half sides and rounded corners.
pub(crate) fn rounded_box(p: Vec2, half_x: f32, half_y: f32, radius: f32) -> f32 {
    let qx = p.x.abs() - half_x + radius;
    let qy = p.y.abs() - half_y + radius;
    let outside = vec2(qx.max(0.0), qy.max(0.0)).length();
    outside + qx.max(qy).min(0.0) - radius
}
