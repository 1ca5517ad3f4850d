//! Scenes: pictures that the project makes itself, to train and to test on.
//!
//! Each class is a small painter. From a seed it chooses viewpoint, light, palette, weather, texture and clutter, and
//! paints the scene in layers on a canvas, in coordinates that do not know the resolution: the same seed gives the
//! same scene at 64 × 64 and at 512 × 512, with the detail that each can show.
//!
//! The same class, seed and size give the same bytes on every platform: random choices use integers only (`rng`),
//! and all else is made of operations whose results IEEE 754 fixes (`math`).
//!
//! ```
//! use ibq_scenes::{Class, render};
//! let picture = render(Class::Sunset, 7, 64, 64);
//! assert_eq!(picture.rgb.len(), 64 * 64 * 3);
//! ```

mod canvas;
mod class;
mod color;
mod finish;
mod groups;
mod lighting;
mod math;
mod noise;
mod rng;
mod shapes;
mod sky;
mod terrain;
mod water;

pub use class::Class;

/// Seeds below this number are for training; those from it on are held out, for tests and for samples.
pub const FIRST_HELD_OUT_SEED: u64 = 1 << 40;

/// A picture: eight bits for each of red, green and blue (sRGB).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row from the top left: `3 · width · height` bytes.
    pub rgb: Vec<u8>,
}

/// Draws the scene of a class that belongs to a seed.
///
/// The shorter side shows the square for which the scene is composed, or most of it; a longer side shows more of its
/// surroundings. While it is drawn a
/// picture takes about 30 bytes per pixel. A width or height of zero gives an empty picture.
pub fn render(class: Class, seed: u64, width: u32, height: u32) -> Picture {
    if width == 0 || height == 0 {
        return Picture { width, height, rgb: Vec::new() };
    }
    let mut rng = rng::Rng::new(class.name(), seed);
    let mut camera = rng.item(0);
    // Most pictures show all of the scene; some step closer, to one side or another.
    let closer = camera.unit();
    let side = 1.0 - 0.2 * closer * closer;
    let middle = math::vec2(0.5, 0.5) + camera.disc() * (0.5 - 0.5 * side);
    let mut canvas = canvas::Canvas::new(width as usize, height as usize, middle, side);
    class.paint(&mut canvas, &mut rng);
    Picture { width, height, rgb: finish::develop(&canvas, &mut camera) }
}
