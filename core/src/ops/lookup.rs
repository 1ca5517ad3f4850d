//! The codebook: the code of every latent vector, and the vector of every code.

use ibq_shaders::{Kernel, LookupTile};

use crate::gpu::{Bound, DispatchBuilder, fold};

use super::{Graph, Map, Op, Place, TensorId, graph::label, group_norm::bands};

/// Bytes of one part's result for one position.
const FOUND_BYTES: u64 = 16;
/// Bytes of all partial results, at most.
const PARTIAL_BYTES: u64 = 64 << 20;

/// `index = argmax_k z · C[k]` for every position of `z`, the lowest index on an exact tie, and the margin to the
/// runner-up. The products are never stored.
pub(crate) struct Lookup {
    z: Map,
    /// Parts that each shard's codes are cut into: one workgroup each.
    parts: u32,
    shards: u32,
    partials: TensorId,
    /// u32 per position; `u32::MAX` where no product was a number.
    pub(crate) indices: TensorId,
    /// f32 per position.
    pub(crate) margins: TensorId,
}

impl Lookup {
    /// Plans a lookup of `z` in `shards` shards of `shard_codes` codes, and adds its tensors to the graph.
    pub(crate) fn new(graph: &mut Graph, z: Map, shards: u32, shard_codes: u32) -> Self {
        let positions = z.rows() * u64::from(z.w);
        let most = (PARTIAL_BYTES / FOUND_BYTES / positions.max(1) / u64::from(shards)).clamp(1, 64);
        let parts = (shard_codes.div_ceil(4 * 16 * 8)).clamp(1, most as u32);
        Self {
            z,
            parts,
            shards,
            partials: graph.tensor(positions * u64::from(parts * shards) * FOUND_BYTES),
            indices: graph.tensor(positions * 4),
            margins: graph.tensor(positions * 4),
        }
    }
}

impl Op for Lookup {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.z.tensor, self.partials, self.indices, self.margins]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let positions = self.z.rows() * u64::from(self.z.w);
        let tile = if place.gpu.info().software { LookupTile::Software } else { LookupTile::Gpu };
        let (z, z_shift) = place.all(&self.z);
        let codebook = &place.parameters.codebook;
        let parts = self.parts * self.shards;
        let mut dispatches = Vec::new();
        for (shard_index, shard) in codebook.shards.iter().enumerate() {
            let flops = 2.0 * f64::from(self.z.c) * f64::from(shard.codes);
            let most =
                ((place.most_flops() / flops) as u64).max(1).next_multiple_of(u64::from(tile.positions()));
            let range4 = shard.codes.div_ceil(4).div_ceil(self.parts);
            for (first, end) in bands(positions, most.min(65_535 * u64::from(tile.positions()))) {
                dispatches.push(DispatchBuilder {
                    kernel: Kernel::Lookup(tile),
                    storage: place.storage,
                    params: vec![
                        positions as u32,
                        first as u32,
                        self.z.c4(),
                        shard.codes.div_ceil(4),
                        shard.codes,
                        shard.first,
                        range4,
                        parts,
                        shard_index as u32 * self.parts,
                        z_shift,
                    ],
                    bindings: vec![z, Bound::whole(&shard.buffer), place.whole(self.partials)],
                    workgroups: [(end - first).div_ceil(u64::from(tile.positions())) as u32, self.parts, 1],
                    label: label(format!("lookup {}×{}", codebook.codes, self.z.c)),
                    flops: flops * (end - first) as f64,
                    bytes: shard.buffer.bytes as f64,
                });
            }
        }
        let (groups_x, groups_y) = fold(positions.div_ceil(64));
        dispatches.push(DispatchBuilder {
            kernel: Kernel::LookupFinish,
            storage: place.storage,
            params: vec![positions as u32, parts],
            bindings: vec![place.whole(self.partials), place.whole(self.indices), place.whole(self.margins)],
            workgroups: [groups_x, groups_y, 1],
            label: label("lookup_finish".to_owned()),
            flops: 0.0,
            bytes: (positions * u64::from(parts) * FOUND_BYTES) as f64,
        });
        dispatches
    }
}

/// `z[p] = C[index[p]]`.
pub(crate) struct Embed {
    pub(crate) indices: TensorId,
    pub(crate) z: Map,
}

impl Op for Embed {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.indices, self.z.tensor]
    }

    fn emit<'a>(&self, place: &'a Place<'a>) -> Vec<DispatchBuilder<'a>> {
        let positions = self.z.rows() * u64::from(self.z.w);
        let (z, z_shift) = place.all(&self.z);
        let (groups_x, groups_y) = fold((positions * u64::from(self.z.c4())).div_ceil(64));
        let dispatch = |shard: &'a super::Shard| DispatchBuilder {
            kernel: Kernel::Embed,
            storage: place.storage,
            params: vec![
                positions as u32,
                self.z.c4(),
                shard.codes.div_ceil(4),
                shard.codes,
                shard.first,
                z_shift,
            ],
            bindings: vec![place.whole(self.indices), Bound::whole(&shard.buffer), z],
            workgroups: [groups_x, groups_y, 1],
            label: label(format!("embed {}", self.z.c)),
            flops: 0.0,
            bytes: 2.0 * z.bytes as f64,
        };
        place.parameters.codebook.shards.iter().map(dispatch).collect()
    }
}
