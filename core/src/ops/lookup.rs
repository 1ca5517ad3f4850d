//! The codebook: the code of every latent vector, and the vector of every code.

use ibq_shaders::{
    Kernel, LookupScore, LookupTile,
    params::{EmbedParams, LookupFinishParams, LookupParams, Top2},
};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Graph, Host, Map, Op, TensorId, bands::bands, graph::label};

/// Bytes of one part's top 2 for one position.
const TOP2_BYTES: u64 = size_of::<Top2>() as u64;
/// Bytes of all partial results, at most.
const PARTIAL_BYTES: u64 = 64 << 20;

/// `index = argmax_k score(z, C[k])` for every position of `z`, the lowest index on an exact tie, and the margin to the
/// runner-up: best minus second-best score. The scores are never stored.
///
/// The score is the one that the codes were [put in](super::Parameters::put_codes) for: the dot product `z · c`, or
/// `z · c - |c|² / 2`, which is largest where `|z - c|²` is smallest; a margin is then half the difference of the squared
/// distances. Sums are f32 in every storage.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Lookup {
    z: Map,
    /// Parts that each shard's codes are cut into: one workgroup each.
    parts: u32,
    shards: u32,
    /// Codes of all shards, if the last one is full.
    codes: u64,
    partials: TensorId,
    /// u32 per position; [`NO_INDEX`](ibq_shaders::NO_INDEX) where no score was a number.
    pub(crate) indices: TensorId,
    /// f32 per position.
    pub(crate) margins: TensorId,
}

impl Lookup {
    /// Plans a lookup of `z` in `shards` shards of `shard_codes` codes, and adds its tensors to the graph.
    pub(crate) fn new(graph: &mut Graph, z: Map, shards: u32, shard_codes: u32) -> Self {
        let positions = z.rows() * u64::from(z.w);
        let most = (PARTIAL_BYTES / TOP2_BYTES / positions.max(1) / u64::from(shards)).clamp(1, 64);
        let parts = (shard_codes.div_ceil(4 * 16 * 8)).clamp(1, most as u32);
        Self {
            z,
            parts,
            shards,
            codes: u64::from(shards) * u64::from(shard_codes),
            partials: graph.tensor(positions * u64::from(parts * shards) * TOP2_BYTES),
            indices: graph.tensor(positions * 4),
            margins: graph.tensor(positions * 4),
        }
    }
}

impl Op for Lookup {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.z.tensor, self.partials, self.indices, self.margins]
    }

    fn label(&self) -> String {
        format!("lookup {}×{}", self.codes, self.z.c)
    }

    fn flops(&self) -> f64 {
        let positions = (self.z.rows() * u64::from(self.z.w)) as f64;
        2.0 * positions * self.codes as f64 * f64::from(self.z.c)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let mut indices = host.take(self.indices);
        let mut margins = host.take(self.margins);
        let positions = (self.z.rows() * u64::from(self.z.w)) as usize;
        let codes = &host.parameters.codebook;
        let found = bytemuck::cast_slice_mut(&mut indices[..positions]);
        let (z, bias) = (host.map(&self.z), codes.bias.as_deref());
        ibq_cpu::lookup(host.cpu, z, &codes.vectors, bias, found, &mut margins[..positions]);
        host.put(self.indices, indices);
        host.put(self.margins, margins);
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let positions = self.z.rows() * u64::from(self.z.w);
        let tile = if context.gpu.info().is_software() { LookupTile::Software } else { LookupTile::Gpu };
        let (z, z_shift) = context.bind_map(&self.z);
        let codebook = &context.parameters.codebook;
        let parts = self.parts * self.shards;
        let mut dispatches = Vec::new();
        for (shard_index, shard) in codebook.shards.iter().enumerate() {
            let flops = 2.0 * f64::from(self.z.c) * f64::from(shard.codes);
            let score = if shard.bias.is_some() { LookupScore::Distance } else { LookupScore::DotProduct };
            let mut bindings = vec![z, Bound::whole(&shard.buffer), context.bind_tensor(self.partials)];
            bindings.extend(shard.bias.as_ref().map(Bound::whole));
            let most =
                ((context.most_flops() / flops) as u64).max(1).next_multiple_of(u64::from(tile.positions()));
            let part4 = shard.codes.div_ceil(4).div_ceil(self.parts);
            for (first, end) in bands(positions, most.min(65_535 * u64::from(tile.positions()))) {
                dispatches.push(DispatchBuilder {
                    kernel: Kernel::Lookup(tile, score),
                    storage: context.storage,
                    params: LookupParams {
                        positions: positions as u32,
                        first_position: first as u32,
                        d4: self.z.c4(),
                        codes4: shard.codes.div_ceil(4),
                        codes: shard.codes,
                        first_code: shard.first,
                        part4,
                        parts,
                        first_part: shard_index as u32 * self.parts,
                        z_shift,
                    }
                    .into(),
                    bindings: bindings.clone(),
                    extent: Extent::Workgroups([
                        (end - first).div_ceil(u64::from(tile.positions())) as u32,
                        self.parts,
                        1,
                    ]),
                    label: label(format!("lookup {}×{}", codebook.codes, self.z.c)),
                    flops: flops * (end - first) as f64,
                    bytes: shard.buffer.bytes as f64,
                });
            }
        }
        dispatches.push(DispatchBuilder {
            kernel: Kernel::LookupFinish,
            storage: context.storage,
            params: LookupFinishParams { positions: positions as u32, parts }.into(),
            bindings: vec![
                context.bind_tensor(self.partials),
                context.bind_tensor(self.indices),
                context.bind_tensor(self.margins),
            ],
            extent: Extent::Elements(positions),
            label: label("lookup_finish".to_owned()),
            flops: 0.0,
            bytes: (positions * u64::from(parts) * TOP2_BYTES) as f64,
        });
        dispatches
    }
}

/// `z[p] = C[index[p]]`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Embed {
    pub(crate) indices: TensorId,
    pub(crate) z: Map,
}

impl Op for Embed {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.indices, self.z.tensor]
    }

    fn label(&self) -> String {
        format!("embed {}", self.z.c)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let positions = (self.z.rows() * u64::from(self.z.w)) as usize;
        host.with_output(&self.z, |host, values| {
            let indices: &[u32] = bytemuck::cast_slice(&host.tensor(self.indices)[..positions]);
            ibq_cpu::embed(host.cpu, indices, &host.parameters.codebook.vectors, values);
        });
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let positions = self.z.rows() * u64::from(self.z.w);
        let (z, z_shift) = context.bind_map(&self.z);
        let dispatch = |shard: &'a super::Shard| DispatchBuilder {
            kernel: Kernel::Embed,
            storage: context.storage,
            params: EmbedParams {
                positions: positions as u32,
                d4: self.z.c4(),
                codes4: shard.codes.div_ceil(4),
                codes: shard.codes,
                first_code: shard.first,
                z_shift,
            }
            .into(),
            bindings: vec![context.bind_tensor(self.indices), Bound::whole(&shard.buffer), z],
            extent: Extent::Elements(positions * u64::from(self.z.c4())),
            label: label(self.label()),
            flops: 0.0,
            bytes: 2.0 * z.bytes as f64,
        };
        context.parameters.codebook.shards.iter().map(dispatch).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::Job,
        ops::testing::{Bench, everywhere, noise, rounded},
    };
    use proptest::prelude::*;

    /// Looks `z` up among `codes` (both rows of `d` values), cut into shards of `shard` codes.
    fn run(
        bench: &mut Bench,
        score: LookupScore,
        (z, codes, d): (&[f32], &[f32], usize),
        shard: usize,
    ) -> (Vec<u32>, Vec<f32>, Vec<f32>) {
        let gpu = bench.gpu;
        let map = bench.input((1, (z.len() / d) as u32, 1, d as u32), z);
        let mut shards = 0;
        for rows in codes.chunks(shard * d) {
            pollster::block_on(bench.parameters.put_codes(gpu, rows, d, score)).unwrap();
            shards += 1;
        }
        let lookup = Lookup::new(&mut bench.graph, map, shards, shard.min(codes.len() / d) as u32);
        let (indices, margins) = (lookup.indices, lookup.margins);
        bench.graph.push(lookup);
        let embedded = bench.output((1, map.h, 1, map.c));
        bench.graph.push(Embed { indices, z: embedded });
        bench.graph.keep(indices);
        bench.graph.keep(margins);
        pollster::block_on(async {
            let program = bench.compile().await;
            gpu.run(&program.dispatches, false, &Job::new(), |_| {}).await.unwrap();
            let bytes = (z.len() / d * 4) as u64;
            let read = |tensor| gpu.read(program.buffer(tensor), bytes);
            let indices =
                read(indices).await.unwrap().as_chunks().0.iter().map(|&w| u32::from_le_bytes(w)).collect();
            let margins =
                read(margins).await.unwrap().as_chunks().0.iter().map(|&w| f32::from_le_bytes(w)).collect();
            (indices, margins, program.map_values(&embedded).await.unwrap())
        })
    }

    /// The score of every code, in f64.
    fn scores(score: LookupScore, z: &[f32], codes: &[f32], d: usize) -> Vec<f64> {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        let of = |code: &[f32]| -> f64 {
            let product: f64 = dot(code, z);
            match score {
                LookupScore::DotProduct => product,
                LookupScore::Distance => product - dot(code, code) / 2.0,
            }
        };
        codes.chunks_exact(d).map(of).collect()
    }

    fn check(positions: usize, count: usize, d: usize, shard: usize, seed: u32) {
        for (gpu, storage) in everywhere() {
            for score in LookupScore::ALL {
                let z = rounded(&noise(positions * d, seed), storage);
                let codes = rounded(&noise(count * d, seed + 1), storage);
                let mut bench = Bench::new(gpu, storage);
                let (indices, margins, embedded) = run(&mut bench, score, (&z, &codes, d), shard);
                for (position, z) in z.chunks_exact(d).enumerate() {
                    let scores = scores(score, z, &codes, d);
                    let index = indices[position] as usize;
                    let mut order = scores.clone();
                    order.sort_by(|a, b| b.total_cmp(a));
                    let tolerance = 2e-5 * (d as f64).sqrt();
                    assert!(
                        order[0] - scores[index] <= tolerance,
                        "{score:?} {positions} {count} {d}: {index}"
                    );
                    if let Some(second) = order.get(1) {
                        let margin = f64::from(margins[position]);
                        assert!((margin - (order[0] - second)).abs() <= tolerance, "margin {margin}");
                    }
                    assert_eq!(&embedded[position * d..][..d], &codes[index * d..][..d]);
                }
            }
        }
    }

    #[test]
    fn the_lowest_index_wins_an_exact_tie() {
        for (gpu, storage) in everywhere() {
            for score in LookupScore::ALL {
                let (d, count) = (16, 700);
                let mut codes = rounded(&noise(count * d, 9), storage);
                let row: Vec<f32> = codes[3 * d..4 * d].to_vec();
                for twin in [5, 63, 64, 300, 699] {
                    codes[twin * d..][..d].copy_from_slice(&row);
                }
                // A dot product grows with the latent; a distance is 0 at the code itself.
                let scale = if score == LookupScore::DotProduct { 4.0 } else { 1.0 };
                let mut z: Vec<f32> = row.iter().map(|v| scale * v).collect();
                z.extend(vec![0.0; d]);
                let mut bench = Bench::new(gpu, storage);
                let (indices, margins, _) = run(&mut bench, score, (&z, &codes, d), 256);
                assert_eq!((indices[0], margins[0]), (3, 0.0), "{score:?}");
                if score == LookupScore::DotProduct {
                    assert_eq!((indices[1], margins[1]), (0, 0.0));
                }
            }
        }
    }

    #[test]
    fn codes_at_the_same_distance_are_an_exact_tie() {
        for (gpu, storage) in everywhere() {
            // Whole numbers: sums are exact. The first three codes lie at a distance of 5 from z, the last at 1.
            let z = [1.0, 2.0, 0.0, 0.0];
            let near = [1.0, 2.0, 1.0, 0.0];
            let codes: Vec<f32> =
                [[4.0, 6.0, 0.0, 0.0], [-3.0, 2.0, 3.0, 0.0], [1.0, 2.0, 3.0, 4.0], near, near].concat();
            for (count, found) in [(3, (0, 0.0)), (4, (3, 12.0)), (5, (3, 0.0))] {
                let mut bench = Bench::new(gpu, storage);
                let (indices, margins, _) =
                    run(&mut bench, LookupScore::Distance, (&z, &codes[..4 * count], 4), 4);
                // The margin is half the difference of the squared distances.
                assert_eq!((indices[0], margins[0]), found, "{count} codes");
            }
        }
    }

    #[test]
    fn the_nearest_code_is_not_the_one_with_the_largest_product() {
        let (gpu, storage) = everywhere().next().unwrap();
        let (z, codes) = ([1.0, 1.0], [1.0, 1.0, 9.0, 9.0]);
        for (score, index) in [(LookupScore::DotProduct, 1), (LookupScore::Distance, 0)] {
            let mut bench = Bench::new(gpu, storage);
            assert_eq!(run(&mut bench, score, (&z, &codes, 2), 4).0, [index]);
        }
    }

    #[test]
    fn what_is_not_a_number_finds_nothing() {
        let (gpu, storage) = everywhere().next().unwrap();
        for score in LookupScore::ALL {
            let mut bench = Bench::new(gpu, storage);
            let (indices, ..) = run(&mut bench, score, (&[f32::NAN; 4], &noise(40, 1), 4), 1000);
            assert_eq!(indices, [ibq_shaders::NO_INDEX]);
        }
    }

    #[test]
    fn a_large_codebook_in_shards() {
        check(9, 5000, 24, 1024, 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10))]
        #[test]
        fn any_shape(positions in 1_usize..40, count in 1_usize..600, d in 1_usize..40, shard in 1_usize..200, seed in 0_u32..1000) {
            check(positions, count, d, shard * 4, seed);
        }
    }
}
