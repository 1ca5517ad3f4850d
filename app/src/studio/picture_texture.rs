//! A picture on the GPU for drawing: cut into pieces where it is larger than a texture can be.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, Context, Mesh, Painter, Pos2, Rect, Shape, TextureFilter, TextureHandle,
    TextureOptions, pos2, vec2,
};
use image::RgbImage;

/// The pixels of a picture as they are uploaded: made away from the drawing.
#[derive(Clone)]
pub(crate) struct Pixels(Arc<ColorImage>);

impl Pixels {
    pub(crate) fn new(rgb: &RgbImage) -> Self {
        Self(Arc::new(ColorImage::from_rgb([rgb.width() as usize, rgb.height() as usize], rgb.as_raw())))
    }

    pub(crate) fn image(&self) -> Arc<ColorImage> {
        self.0.clone()
    }
}

/// Magnified pixels are shown as squares from this many points per pixel on; below they are smoothed.
const SQUARES_FROM: f32 = 3.0;

/// A picture that can be drawn.
pub(crate) struct PictureTexture {
    pixels: Pixels,
    pieces: Vec<Piece>,
    squares: bool,
}

struct Piece {
    origin: [usize; 2],
    texture: TextureHandle,
}

impl PictureTexture {
    /// Uploads a picture.
    pub(crate) fn new(ctx: &Context, name: &str, pixels: Pixels) -> Self {
        let mut new = Self { pixels, pieces: Vec::new(), squares: false };
        new.upload(ctx, name);
        new
    }

    fn upload(&mut self, ctx: &Context, name: &str) {
        let side = ctx.input(|input| input.max_texture_side).max(1);
        let filter = if self.squares { TextureFilter::Nearest } else { TextureFilter::Linear };
        let options = TextureOptions { magnification: filter, ..TextureOptions::LINEAR };
        let image = &self.pixels.0;
        let [width, height] = image.size;
        self.pieces.clear();
        if width <= side && height <= side {
            let texture = ctx.load_texture(name, image.clone(), options);
            self.pieces.push(Piece { origin: [0, 0], texture });
            return;
        }
        for y in (0..height).step_by(side) {
            for x in (0..width).step_by(side) {
                let piece = image.region_by_pixels([x, y], [side.min(width - x), side.min(height - y)]);
                let texture = ctx.load_texture(name, piece, options);
                self.pieces.push(Piece { origin: [x, y], texture });
            }
        }
    }

    /// Size in pixels.
    pub(crate) fn size(&self) -> egui::Vec2 {
        let [width, height] = self.pixels.0.size;
        vec2(width as f32, height as f32)
    }

    /// Draws the whole picture into `place`, showing pixels as squares when they are large on the screen.
    pub(crate) fn paint(&mut self, painter: &Painter, place: Rect) {
        let scale = place.width() / self.size().x.max(1.0);
        let squares = scale * painter.ctx().pixels_per_point() >= SQUARES_FROM;
        if squares != self.squares {
            self.squares = squares;
            self.upload(painter.ctx(), "picture");
        }
        for piece in &self.pieces {
            let corner = place.min + vec2(piece.origin[0] as f32, piece.origin[1] as f32) * scale;
            let rect = Rect::from_min_size(corner, piece.texture.size_vec2() * scale);
            if rect.intersects(painter.clip_rect()) {
                let mut mesh = Mesh::with_texture(piece.texture.id());
                mesh.add_rect_with_uv(rect, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
                painter.add(Shape::mesh(mesh));
            }
        }
    }
}
