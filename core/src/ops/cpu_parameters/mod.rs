//! The parameters of a model on the processor, laid out as its operations read them.

mod linear_weights;

use std::collections::HashMap;

use ibq_cpu::Panels;
use ibq_shaders::LookupScore;

use crate::{device::Processor, gpu::GpuError, picture::pixel_to_model};

use crate::ops::LinearShape;
#[cfg(not(target_arch = "wasm32"))]
use crate::ops::PartWords;

use linear_weights::CpuLinearParameters;

/// All parameters of one model.
#[derive(Debug)]
pub(crate) struct CpuParameters {
    pub(in crate::ops) processor: Processor,
    /// Floats of linear layers and tables are stored in 16 bits.
    halves: bool,
    convs: HashMap<String, (Panels, Vec<f32>)>,
    norms: HashMap<String, (Vec<f32>, Vec<f32>)>,
    pub(crate) codebook: CpuCodebook,
    pub(crate) linear: CpuLinearParameters,
    /// The network's value of each 8-bit value.
    pub(crate) pixel_table: [f32; 256],
    /// Bytes that were counted.
    pub(crate) bytes: u64,
}

/// All codes.
#[derive(Debug, Default)]
pub(crate) struct CpuCodebook {
    pub(crate) vectors: Panels,
    /// `-|c|² / 2` of every code, where codes are compared by distance.
    pub(crate) bias: Option<Vec<f32>>,
}

impl CpuParameters {
    /// No parameters yet. With `halves`, floats of linear layers and tables are stored in 16 bits.
    pub(crate) fn empty(processor: &Processor, halves: bool) -> Self {
        Self {
            processor: processor.clone(),
            halves,
            convs: HashMap::new(),
            norms: HashMap::new(),
            codebook: CpuCodebook::default(),
            linear: CpuLinearParameters::default(),
            pixel_table: std::array::from_fn(|value| pixel_to_model(value as u8)),
            bytes: 0,
        }
    }

    /// Weights and bias of a convolution that was put in. That it was is a matter of this program, not of a file.
    pub(crate) fn conv(&self, name: &str) -> (&Panels, &[f32]) {
        let (weights, bias) = &self.convs[name];
        (weights, bias)
    }

    pub(crate) fn norm(&self, name: &str) -> (&[f32], &[f32]) {
        let (weight, bias) = &self.norms[name];
        (weight, bias)
    }

    /// Puts a convolution in; `weight` as in PyTorch: [out, in, side, side].
    pub(crate) fn add_conv(
        &mut self,
        name: &str,
        (cout, cin, side): (usize, usize, usize),
        weight: &[f32],
        bias: &[f32],
    ) {
        let panels = Panels::of_conv(self.processor.cpu(), weight, cout, cin, side);
        self.count(panels.bytes() + 4 * bias.len() as u64);
        self.convs.insert(name.to_owned(), (panels, bias.to_vec()));
    }

    /// Puts a GroupNorm in.
    pub(crate) fn add_norm(&mut self, name: &str, weight: &[f32], bias: &[f32]) {
        self.count(4 * (weight.len() + bias.len()) as u64);
        self.norms.insert(name.to_owned(), (weight.to_vec(), bias.to_vec()));
    }

    /// Adds the next codes, `rows` × `dimension` values, which will be compared by `score`.
    pub(crate) fn add_codes(&mut self, rows: &[f32], dimension: usize, score: LookupScore) {
        let codes = rows.len() / dimension;
        let before = self.codebook.vectors.bytes();
        if self.codebook.vectors.outputs() == 0 {
            self.codebook.vectors = Panels::of_rows(self.processor.cpu(), rows, codes, dimension);
        } else {
            self.codebook.vectors.append_rows(rows);
        }
        self.count(self.codebook.vectors.bytes() - before);
        if score == LookupScore::Distance {
            let half_norm = |row: &[f32]| {
                let sum: f64 = row.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
                (-sum / 2.0) as f32
            };
            let bias = self.codebook.bias.get_or_insert_default();
            bias.extend(rows.chunks_exact(dimension).map(half_norm));
            self.count(4 * codes as u64);
        }
    }

    /// Makes room for a linear layer.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub(crate) fn add_linear(&mut self, name: &str, shape: LinearShape) -> Result<(), GpuError> {
        let cpu = self.processor.cpu().clone();
        let made = self.linear.begin_linear(&cpu, name, shape, self.halves);
        let bytes = made.map_err(|_| no_memory(name, shape.host_bytes(&cpu, self.halves)))?;
        self.count(bytes);
        Ok(())
    }

    /// Makes room for a table of (rows, columns).
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`].
    pub(crate) fn add_table(&mut self, name: &str, shape: (u32, u32)) -> Result<(), GpuError> {
        let bytes = u64::from(shape.0) * u64::from(shape.1) * if self.halves { 2 } else { 4 };
        let made = self.linear.begin_table(name, shape, self.halves);
        let bytes = made.map_err(|_| no_memory(name, bytes))?;
        self.count(bytes);
        Ok(())
    }

    /// Puts a vector of 32-bit floats in.
    pub(crate) fn add_vector(&mut self, name: &str, values: &[f32]) {
        let bytes = self.linear.put_vector(name, values);
        self.count(bytes);
    }

    /// Takes a layer with quantized weights out again: the words of each of its parts.
    #[cfg(not(target_arch = "wasm32"))]
    pub(in crate::ops) fn take_words(&mut self, name: &str) -> Vec<PartWords> {
        let bytes = self.linear.linear(name).bytes();
        let words = self.linear.take_words(name);
        self.bytes -= bytes;
        self.processor.memory_counter().subtract(bytes);
        words
    }

    fn count(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.processor.memory_counter().add(bytes);
    }
}

fn no_memory(what: &str, bytes: u64) -> GpuError {
    GpuError::OutOfMemory { what: what.to_owned(), bytes }
}

impl Drop for CpuParameters {
    fn drop(&mut self) {
        self.processor.memory_counter().subtract(self.bytes);
    }
}
