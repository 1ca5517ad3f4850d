//! The patches under a convolution's kernel as columns of a matrix, tile by tile.

use std::ops::Range;

use burn::backend::flex::FlexTensor;

use crate::operations::autodiff::tensor;

/// Columns of a tile: with a few hundred values each they stay in the second-level cache.
const TILE_COLUMNS: usize = 512;

/// Sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) batch: usize,
    pub(super) cin: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) cout: usize,
    pub(super) side: usize,
    pub(super) stride: usize,
    pub(super) before: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
}

impl Geometry {
    pub(super) fn new(x: [usize; 4], kernel: [usize; 4], stride: usize, border: [usize; 2]) -> Self {
        let [batch, cin, height, width] = x;
        let [cout, _, side, _] = kernel;
        let out = |size: usize| (size + border[0] + border[1] - side) / stride + 1;
        let (out_height, out_width) = (out(height), out(width));
        Self { batch, cin, height, width, cout, side, stride, before: border[0], out_height, out_width }
    }

    /// Positions of an output map.
    pub(super) fn positions(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Values of one patch.
    pub(super) fn patch(&self) -> usize {
        self.cin * self.side * self.side
    }

    /// Bands of output rows, one tile each.
    pub(super) fn bands(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = (TILE_COLUMNS / self.out_width).clamp(1, self.out_height);
        let height = self.out_height;
        (0..height).step_by(rows).map(move |start| start..(start + rows).min(height))
    }

    /// Output columns whose input column `x · stride + offset - before` lies within the picture.
    fn inside(&self, offset: usize) -> Range<usize> {
        let first = self.before.saturating_sub(offset).div_ceil(self.stride);
        let last =
            (self.width + self.before).saturating_sub(offset).div_ceil(self.stride).min(self.out_width);
        first.min(last)..last
    }

    /// Calls `visit` with every run of patch values: their place among the columns, and the first input index of the
    /// run, or none where the run lies in the border.
    fn runs(&self, band: &Range<usize>, mut visit: impl FnMut(usize, Option<usize>, Range<usize>)) {
        let mut place = 0;
        for channel in 0..self.cin {
            for ky in 0..self.side {
                for kx in 0..self.side {
                    let inside = self.inside(kx);
                    for row in band.clone() {
                        let y =
                            (row * self.stride + ky).checked_sub(self.before).filter(|y| *y < self.height);
                        let first = inside.start * self.stride + kx;
                        let start = y.map(|y| (channel * self.height + y) * self.width + first - self.before);
                        visit(place, start.filter(|_| !inside.is_empty()), inside.clone());
                        place += self.out_width;
                    }
                }
            }
        }
    }

    /// Adds columns `[patch, count]` back to where their values came from.
    pub(super) fn scatter(&self, columns: &[f32], band: &Range<usize>, picture: &mut [f32]) {
        self.runs(band, |place, start, inside| {
            let Some(start) = start else { return };
            let run = &columns[place + inside.start..place + inside.end];
            let targets = picture[start..].iter_mut().step_by(self.stride);
            targets.zip(run).for_each(|(target, value)| *target += value);
        });
    }
}

/// The columns of one tile, kept for the next one.
#[derive(Default)]
pub(super) struct Columns(Option<FlexTensor>);

impl Columns {
    /// The patches under a band of output rows as a matrix `[1, patch, count]`.
    pub(super) fn gather(&mut self, geometry: &Geometry, picture: &[f32], band: &Range<usize>) -> FlexTensor {
        let shape = [1, geometry.patch(), band.len() * geometry.out_width];
        let kept = self.0.take().filter(|kept| kept.layout().shape().as_slice() == shape.as_slice());
        let mut kept = kept.unwrap_or_else(|| tensor(vec![0.0; shape.iter().product()], shape));
        let columns: &mut [f32] = kept.storage_mut();
        geometry.runs(band, |place, start, inside| {
            let row = &mut columns[place..place + geometry.out_width];
            let Some(start) = start else { return row.fill(0.0) };
            row[..inside.start].fill(0.0);
            row[inside.end..].fill(0.0);
            let run = &mut row[inside];
            if geometry.stride == 1 {
                run.copy_from_slice(&picture[start..start + run.len()]);
            } else {
                let source = picture[start..].iter().step_by(geometry.stride);
                run.iter_mut().zip(source).for_each(|(target, value)| *target = *value);
            }
        });
        self.0 = Some(kept.clone());
        kept
    }
}
