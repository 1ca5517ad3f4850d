//! Running one operation on a real device, in every storage and on every tile, for comparing with plain code.

use std::sync::OnceLock;

use ibq_shaders::Storage;

use crate::{
    device::{Device, Processor},
    gpu::{AdapterChoice, Gpu, GpuOptions, Tier},
    job::Job,
    ops::{GpuProgram, Graph, Map, Parameters},
};

/// Devices of every tier that the software adapter has; the portable one has only the limits that every browser has.
pub(crate) fn devices() -> &'static [Gpu] {
    static DEVICES: OnceLock<Vec<Gpu>> = OnceLock::new();
    DEVICES.get_or_init(|| {
        let open = |tier, default_limits| {
            let options = GpuOptions { adapter: AdapterChoice::Software, tier: Some(tier), default_limits };
            pollster::block_on(Gpu::open(&options)).expect("a software adapter")
        };
        let mut devices = vec![open(Tier::Portable, true), open(Tier::Fast, false)];
        devices.extend(Some(open(Tier::Matrix, false)).filter(|gpu| gpu.info().matrix.is_some()));
        devices
    })
}

/// These devices, and the processor.
pub(crate) fn executors() -> &'static [Device] {
    static EXECUTORS: OnceLock<Vec<Device>> = OnceLock::new();
    EXECUTORS.get_or_init(|| {
        let gpus = devices().iter().map(Device::from);
        gpus.chain([Processor::open(2).into()]).collect()
    })
}

/// Every device with every storage that it offers.
pub(super) fn everywhere() -> impl Iterator<Item = (&'static Gpu, Storage)> {
    devices().iter().flat_map(|gpu| {
        let f16 = gpu.storage(crate::gpu::Precision::F16);
        [(gpu, Storage::F32), (gpu, f16)]
    })
}

/// Largest error that rounding to a storage explains, relative to the size of the numbers that go in.
pub(super) fn tolerance(storage: Storage) -> f64 {
    if storage == Storage::F32 { 2e-5 } else { 4e-3 }
}

/// Values between -1 and 1 that depend on nothing but the seed.
pub(crate) fn noise(count: usize, seed: u32) -> Vec<f32> {
    noise_from(count, u64::from(seed))
}

/// The same with a seed of 64 bits.
pub(crate) fn noise_from(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Rounds to what the storage can hold, so that a comparison only sees what the operation did.
pub(super) fn rounded(values: &[f32], storage: Storage) -> Vec<f32> {
    match storage {
        Storage::F32 => values.to_vec(),
        _ => values.iter().map(|&value| half::f16::from_f32(value).to_f32()).collect(),
    }
}

/// A graph with its parameters on one device.
pub(super) struct Bench {
    pub(super) gpu: &'static Gpu,
    pub(super) graph: Graph,
    pub(super) parameters: Parameters,
    storage: Storage,
    inputs: Vec<(Map, Vec<f32>)>,
}

impl Bench {
    pub(super) fn new(gpu: &'static Gpu, storage: Storage) -> Self {
        let parameters = pollster::block_on(Parameters::empty(gpu, storage)).expect("memory");
        Self { gpu, graph: Graph::new(storage), parameters, storage, inputs: Vec::new() }
    }

    /// A map that holds these values (NHWC, unpadded) when the graph runs.
    pub(super) fn input(&mut self, (items, h, w, c): (u32, u32, u32, u32), values: &[f32]) -> Map {
        let map = self.graph.map(items, h, w, c);
        self.graph.keep(map.tensor);
        self.inputs.push((map, values.to_vec()));
        map
    }

    /// A map to be read after the run, filled with NaN before: what is not written shows.
    pub(super) fn output(&mut self, shape: (u32, u32, u32, u32)) -> Map {
        let (items, h, w, c) = shape;
        let count = items as usize * h as usize * w as usize * c as usize;
        self.input(shape, &vec![f32::NAN; count])
    }

    /// Runs the graph and reads one map.
    pub(super) fn run(&self, out: &Map) -> Vec<f32> {
        pollster::block_on(async {
            let program = self.compile().await;
            self.gpu.run(&program.dispatches, false, &Job::new(), |_| {}).await.expect("a run");
            program.map_values(out).await.expect("values")
        })
    }

    /// The program with its inputs written.
    pub(super) async fn compile(&self) -> GpuProgram {
        let program = GpuProgram::compile(self.gpu, &self.graph, &self.parameters, self.storage)
            .await
            .expect("a program");
        for (map, values) in &self.inputs {
            program.put_map(map, values);
        }
        program
    }
}

/// Panics where two lists differ by more than `tolerance` relative to `scale`.
pub(super) fn assert_close(ours: &[f32], plain: &[f64], scale: f64, tolerance: f64, what: &str) {
    assert_eq!(ours.len(), plain.len(), "{what}");
    for (index, (&ours, &plain)) in ours.iter().zip(plain).enumerate() {
        let error = (f64::from(ours) - plain).abs();
        // Not `>`: a NaN must fail.
        assert!(error <= tolerance * scale, "{what}: value {index} is {ours}, not {plain}");
    }
}
