//! 8-bit pixels to the network's range and back.

use ibq_shaders::{Kernel, params::PixelsParams};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Host, Map, Op, TensorId, bands::bands, graph::label};

/// `x = v / 127.5 - 1` of packed 8-bit pixels (red in the lowest byte of each u32).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PixelsIn {
    pub(crate) pixels: TensorId,
    pub(crate) x: Map,
}

/// `v = floor((clamp(y, -1, 1) + 1) / 2 · 255)`, packed in the same way.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PixelsOut {
    pub(crate) y: Map,
    pub(crate) pixels: TensorId,
}

/// Pixels of one dispatch, at most, so that the map's part fits a binding.
fn most(context: &EmitContext<'_>) -> u64 {
    context.largest_binding() / context.bytes4()
}

impl Op for PixelsIn {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.pixels, self.x.tensor]
    }

    fn label(&self) -> String {
        "pixels_in".to_owned()
    }

    fn compute(&self, host: &mut Host<'_>) {
        let pixels = (self.x.rows() * u64::from(self.x.w)) as usize;
        host.with_output(&self.x, |host, values| {
            let packed: &[u32] = bytemuck::cast_slice(&host.tensor(self.pixels)[..pixels]);
            ibq_cpu::pixels_in(host.cpu, packed, &host.parameters.pixel_table, values);
        });
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        bands(self.x.len4(), most(context))
            .map(|(first, end)| {
                let (x, map_shift) = context.bind_range(&self.x, first, end);
                DispatchBuilder {
                    kernel: Kernel::PixelsIn,
                    storage: context.storage,
                    params: PixelsParams {
                        first_pixel: first as u32,
                        pixels: (end - first) as u32,
                        map_shift,
                    }
                    .into(),
                    bindings: vec![
                        context.bind_tensor(self.pixels),
                        Bound::whole(&context.parameters.pixel_table),
                        x,
                    ],
                    extent: Extent::Elements(end - first),
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

    fn label(&self) -> String {
        "pixels_out".to_owned()
    }

    fn compute(&self, host: &mut Host<'_>) {
        let mut packed = host.take(self.pixels);
        let pixels = (self.y.rows() * u64::from(self.y.w)) as usize;
        let out = bytemuck::cast_slice_mut(&mut packed[..pixels]);
        ibq_cpu::pixels_out(host.cpu, host.map(&self.y), out);
        host.put(self.pixels, packed);
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        bands(self.y.len4(), most(context))
            .map(|(first, end)| {
                let (y, map_shift) = context.bind_range(&self.y, first, end);
                DispatchBuilder {
                    kernel: Kernel::PixelsOut,
                    storage: context.storage,
                    params: PixelsParams {
                        first_pixel: first as u32,
                        pixels: (end - first) as u32,
                        map_shift,
                    }
                    .into(),
                    bindings: vec![y, context.bind_tensor(self.pixels)],
                    extent: Extent::Elements(end - first),
                    label: label("pixels_out".to_owned()),
                    flops: 0.0,
                    bytes: y.bytes as f64,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::Job,
        ops::testing::{Bench, everywhere, noise},
        picture::{model_to_pixel, pixel_to_model},
    };
    use ibq_shaders::Storage;

    #[test]
    fn bytes_become_exactly_the_official_values() {
        for (gpu, storage) in everywhere().filter(|(_, storage)| *storage == Storage::F32) {
            let mut bench = Bench::new(gpu, storage);
            let x = bench.output((1, 16, 16, 3));
            let pixels = bench.graph.tensor(256 * 4);
            bench.graph.keep(pixels);
            bench.graph.push(PixelsIn { pixels, x });
            let bytes: Vec<u8> =
                (0..=255).flat_map(|v: u8| [v, v.wrapping_add(1), v.wrapping_mul(7), 255]).collect();
            let values = pollster::block_on(async {
                let program = bench.compile().await;
                gpu.write(program.buffer(pixels), 0, &bytes);
                gpu.run(&program.dispatches, false, &Job::new(), |_| {}).await.unwrap();
                program.map_values(&x).await.unwrap()
            });
            let expected: Vec<f32> =
                bytes.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]].map(pixel_to_model)).collect();
            assert_eq!(values, expected);
        }
    }

    #[test]
    fn values_become_exactly_the_official_bytes() {
        for (gpu, storage) in everywhere().filter(|(_, storage)| *storage == Storage::F32) {
            let mut values: Vec<f32> = noise(64 * 3, 4).iter().map(|v| v * 1.5).collect();
            values.extend((0..64).flat_map(|v| [v, 2 * v, 3 * v].map(|v: u8| pixel_to_model(v))));
            let mut bench = Bench::new(gpu, storage);
            let y = bench.input((1, 8, 16, 3), &values);
            let pixels = bench.graph.tensor(128 * 4);
            bench.graph.keep(pixels);
            bench.graph.push(PixelsOut { y, pixels });
            let bytes = pollster::block_on(async {
                let program = bench.compile().await;
                gpu.run(&program.dispatches, false, &Job::new(), |_| {}).await.unwrap();
                gpu.read(program.buffer(pixels), 128 * 4).await.unwrap()
            });
            let expected: Vec<u8> = values
                .chunks_exact(3)
                .flat_map(|p| [model_to_pixel(p[0]), model_to_pixel(p[1]), model_to_pixel(p[2]), 255])
                .collect();
            assert_eq!(bytes, expected);
        }
    }
}
