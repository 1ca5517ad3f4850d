//! 8-bit pixels to the network's range and back.

use ibq_shaders::Kernel;

use crate::gpu::{Bound, DispatchBuilder, fold};

use super::{Map, Op, Place, TensorId, graph::label, group_norm::bands};

/// `x = v / 127.5 - 1` of packed 8-bit pixels (red in the lowest byte of each u32).
pub(crate) struct PixelsIn {
    pub(crate) pixels: TensorId,
    pub(crate) x: Map,
}

/// `v = floor((clamp(y, -1, 1) + 1) / 2 · 255)`, packed in the same way.
pub(crate) struct PixelsOut {
    pub(crate) y: Map,
    pub(crate) pixels: TensorId,
}

/// Pixels of one dispatch, at most, so that the map's part fits a binding.
fn most(place: &Place<'_>) -> u64 {
    place.largest_binding() / place.bytes4()
}

impl Op for PixelsIn {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.pixels, self.x.tensor]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        bands(self.x.len4(), most(place))
            .map(|(first, end)| {
                let (x, shift) = place.part(&self.x, first, end);
                let (groups_x, groups_y) = fold((end - first).div_ceil(64));
                DispatchBuilder {
                    kernel: Kernel::PixelsIn,
                    storage: place.storage,
                    params: vec![(end - first) as u32, first as u32, shift],
                    bindings: vec![place.whole(self.pixels), Bound::whole(&place.parameters.pixel_table), x],
                    workgroups: [groups_x, groups_y, 1],
                    label: label("pixels_in".to_owned()),
                    flops: 0.0,
                    bytes: x.bytes as f64,
                }
            })
            .collect()
    }
}

impl Op for PixelsOut {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.pixels, self.y.tensor]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        bands(self.y.len4(), most(place))
            .map(|(first, end)| {
                let (y, shift) = place.part(&self.y, first, end);
                let (groups_x, groups_y) = fold((end - first).div_ceil(64));
                DispatchBuilder {
                    kernel: Kernel::PixelsOut,
                    storage: place.storage,
                    params: vec![(end - first) as u32, first as u32, shift],
                    bindings: vec![y, place.whole(self.pixels)],
                    workgroups: [groups_x, groups_y, 1],
                    label: label("pixels_out".to_owned()),
                    flops: 0.0,
                    bytes: y.bytes as f64,
                }
            })
            .collect()
    }
}
