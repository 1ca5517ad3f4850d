//! Which part of a picture is seen, and how large: shared by all pictures of the viewer.

use egui::{Pos2, Rect, Vec2};

/// Largest magnification, in points per pixel.
const CLOSEST: f32 = 64.0;

/// The shared view of pictures of one size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Zoom {
    /// Scale and center; nothing while the whole picture is fitted into the view.
    free: Option<Free>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Free {
    /// Points per pixel.
    scale: f32,
    /// The pixel in the middle of the view.
    center: Vec2,
}

impl Zoom {
    /// Points per pixel.
    pub(crate) fn scale(&self, view: Rect, picture: Vec2) -> f32 {
        self.free.map_or_else(|| fitting(view, picture), |free| free.scale)
    }

    /// Whether the whole picture is fitted into the view.
    pub(crate) fn fits(&self) -> bool {
        self.free.is_none()
    }

    /// Where the whole picture lies on the screen; it may reach beyond the view.
    pub(crate) fn place(&self, view: Rect, picture: Vec2) -> Rect {
        let scale = self.scale(view, picture);
        let center = self.free.map_or(picture / 2.0, |free| free.center);
        Rect::from_min_size(view.center() - center * scale, picture * scale)
    }

    /// The pixel under a place on the screen; it may lie beyond the picture.
    pub(crate) fn pixel(&self, view: Rect, picture: Vec2, at: Pos2) -> Vec2 {
        (at - self.place(view, picture).min) / self.scale(view, picture)
    }

    /// Magnifies by a factor; the pixel under `at` stays there.
    pub(crate) fn zoom(&mut self, view: Rect, picture: Vec2, factor: f32, at: Pos2) {
        let fit = fitting(view, picture);
        let under = self.pixel(view, picture, at);
        let scale = (self.scale(view, picture) * factor).clamp(fit.min(1.0), CLOSEST);
        if scale <= fit * 1.001 && fit <= 1.0 && factor < 1.0 {
            self.free = None;
            return;
        }
        let center = under - (at - view.center()) / scale;
        self.set(view, picture, Free { scale, center });
    }

    /// Shows the picture at a scale of points per pixel.
    pub(crate) fn set_scale(&mut self, view: Rect, picture: Vec2, scale: f32) {
        let factor = scale / self.scale(view, picture);
        self.zoom(view, picture, factor, view.center());
    }

    /// Moves the picture by a distance on the screen.
    pub(crate) fn pan(&mut self, view: Rect, picture: Vec2, by: Vec2) {
        let scale = self.scale(view, picture);
        let center = self.free.map_or(picture / 2.0, |free| free.center) - by / scale;
        self.set(view, picture, Free { scale, center });
    }

    /// Fits the whole picture into the view again.
    pub(crate) fn fit(&mut self) {
        self.free = None;
    }

    /// Keeps the picture from leaving the view.
    fn set(&mut self, view: Rect, picture: Vec2, mut free: Free) {
        for axis in 0..2 {
            let seen = view.size()[axis] / free.scale;
            let half = (seen / 2.0).min(picture[axis] / 2.0);
            free.center[axis] = free.center[axis].clamp(half, (picture[axis] - half).max(half));
        }
        self.free = Some(free);
    }
}

/// The scale at which the whole picture is seen. Small pictures are enlarged, but not without limit.
fn fitting(view: Rect, picture: Vec2) -> f32 {
    let margin = Vec2::splat(16.0);
    let room = (view.size() - margin).max(Vec2::splat(1.0));
    let size = picture.max(Vec2::splat(1.0));
    (room.x / size.x).min(room.y / size.y).clamp(1e-3, 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};

    const VIEW: Rect = Rect { min: pos2(100.0, 50.0), max: pos2(500.0, 350.0) };

    #[test]
    fn a_picture_is_first_seen_whole_and_centered() {
        let zoom = Zoom::default();
        let place = zoom.place(VIEW, vec2(1000.0, 500.0));
        assert!(VIEW.contains_rect(place));
        assert_eq!(place.center(), VIEW.center());
        assert!((place.width() / place.height() - 2.0).abs() < 1e-4);
    }

    #[test]
    fn the_pixel_under_the_pointer_stays_there() {
        let (mut zoom, picture, at) = (Zoom::default(), vec2(1000.0, 800.0), pos2(300.0, 180.0));
        let before = zoom.pixel(VIEW, picture, at);
        zoom.zoom(VIEW, picture, 8.0, at);
        let after = zoom.pixel(VIEW, picture, at);
        assert!((before - after).length() < 1e-2, "{before:?} {after:?}");
        assert!(!zoom.fits());
    }

    #[test]
    fn the_picture_cannot_be_pushed_out_of_the_view() {
        let (mut zoom, picture) = (Zoom::default(), vec2(1000.0, 800.0));
        zoom.zoom(VIEW, picture, 10.0, VIEW.center());
        zoom.pan(VIEW, picture, vec2(1e6, -1e6));
        let place = zoom.place(VIEW, picture);
        assert!((place.left() - VIEW.left()).abs() < 0.5 && (place.bottom() - VIEW.bottom()).abs() < 0.5);
    }

    #[test]
    fn zooming_out_ends_at_the_whole_picture_and_in_at_a_limit() {
        let (mut zoom, picture) = (Zoom::default(), vec2(1000.0, 800.0));
        zoom.zoom(VIEW, picture, 1e9, VIEW.center());
        assert_eq!(zoom.scale(VIEW, picture), CLOSEST);
        zoom.zoom(VIEW, picture, 1e-9, VIEW.center());
        assert!(zoom.fits());
        zoom.set_scale(VIEW, picture, 1.0);
        assert!((zoom.scale(VIEW, picture) - 1.0).abs() < 1e-5);
    }
}
