//! The letters of an alphabet as strokes of a pen.

use crate::math::{Vec2, vec2};
use crate::shapes::tapered;

/// Strokes of A to Z on a grid four wide and six high: corners as pairs of digits (column, row from the top); a stroke
/// that begins with `~` is rounded at its corners.
const STROKES: [&[&str]; 26] = [
    &["06 20 46", "14 34"],
    &["00 06", "~00 20 40 43 23 03", "~03 23 43 46 26 06"],
    &["~41 40 20 00 03 06 26 46 45"],
    &["00 06", "~00 20 40 43 46 26 06"],
    &["40 00 06 46", "03 33"],
    &["40 00 06", "03 33"],
    &["~41 40 20 00 03 06 26 46 43", "43 23"],
    &["00 06", "40 46", "03 43"],
    &["20 26", "10 30", "16 36"],
    &["~40 43 46 26 06 04"],
    &["00 06", "40 03 46"],
    &["00 06 46"],
    &["06 00 23 40 46"],
    &["06 00 46 40"],
    &["~20 00 03 06 26 46 43 40 20"],
    &["00 06", "~00 20 40 43 23 03"],
    &["~20 00 03 06 26 46 43 40 20", "34 46"],
    &["00 06", "~00 20 40 43 23 03", "23 46"],
    &["~41 40 20 00 03 23 43 46 26 06 05"],
    &["00 40", "20 26"],
    &["~00 03 06 26 46 43 40"],
    &["00 26 40"],
    &["00 16 22 36 40"],
    &["00 46", "40 06"],
    &["00 23 40", "23 26"],
    &["00 40 06 46"],
];

/// One letter, ready to be drawn: line segments from (0, 0) to (4, 6).
pub(crate) struct Glyph {
    segments: Vec<[Vec2; 2]>,
}

impl Glyph {
    /// The glyph of a capital letter; blank for anything else.
    pub(crate) fn new(letter: u8) -> Glyph {
        let index = usize::from(letter.wrapping_sub(b'A'));
        let strokes = STROKES.get(index).copied().unwrap_or(&[]);
        let mut segments = Vec::new();
        for stroke in strokes {
            let rounded = stroke.starts_with('~');
            let digits: Vec<f32> =
                stroke.bytes().filter(u8::is_ascii_digit).map(|digit| f32::from(digit - b'0')).collect();
            let mut path: Vec<Vec2> = digits.chunks_exact(2).map(|pair| vec2(pair[0], pair[1])).collect();
            if rounded {
                path = cut_corners(&cut_corners(&cut_corners(&path)));
            }
            segments.extend(path.windows(2).map(|pair| [pair[0], pair[1]]));
        }
        Glyph { segments }
    }

    /// How far a point is from the pen's path, in grid units.
    pub(crate) fn distance(&self, p: Vec2) -> f32 {
        self.segments.iter().map(|&[a, b]| tapered(p, a, b, 0.0, 0.0)).fold(1e6, f32::min)
    }
}

/// Replaces each corner by two points on either side of it, after Chaikin; the ends stay.
fn cut_corners(path: &[Vec2]) -> Vec<Vec2> {
    let mut smoother = vec![path[0]];
    for pair in path.windows(2) {
        smoother.push(pair[0] * 0.75 + pair[1] * 0.25);
        smoother.push(pair[0] * 0.25 + pair[1] * 0.75);
    }
    smoother.push(path[path.len() - 1]);
    smoother
}
