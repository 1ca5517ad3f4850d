//! Files to pixels and back: opening, sizes, the official preprocessing, metrics, and pictures for comparing.
//!
//! A picture on its way to tokens meets [`open()`] (a file becomes 8-bit RGB), [`fit_to_factor`] (its size becomes a
//! multiple of the tokenizer's factor) and [`pixel_to_model`]; on its way back [`model_to_pixel`], [`Crop::apply`], the
//! metrics and [`encode_png`].

mod alpha;
mod color_profile;
mod compare;
mod contain;
mod decoded;
mod fit;
mod format;
mod jpeg;
mod metrics;
mod official;
mod open;
mod png_text;
mod range;
mod size;
mod webp;

pub use compare::{GAP, difference, heat_color, sheet, side_by_side};
pub use decoded::{ImageError, MAX_PIXELS, MAX_SIDE};
pub use fit::{Crop, Fitted, Resize, ResizeError, fit_to_factor};
pub use format::{ENDINGS, has_picture_name};
pub use metrics::{psnr, ssim};
pub use official::{official_preprocess, resize_bilinear, smallest_side_size};
pub use open::{Picture, encode_png, from_rgba, open, open_within};
pub use png_text::{text_of, with_text};
pub use range::{model_to_pixel, pixel_to_model};
pub use size::Size;
