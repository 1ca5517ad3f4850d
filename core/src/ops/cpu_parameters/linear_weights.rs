//! The weights of linear layers and tables on the processor.

use std::collections::{HashMap, TryReserveError};

use ibq_cpu::{Cpu, LinearWeights, Table};
use ibq_shaders::WeightFormat;

#[cfg(not(target_arch = "wasm32"))]
use crate::ops::PartWords;
use crate::ops::{LinearPart, LinearRows, LinearShape, LinearWords};

/// Linear layers, tables and vectors by name.
#[derive(Debug, Default)]
pub(crate) struct CpuLinearParameters {
    linears: HashMap<String, (LinearWeights, LinearShape)>,
    tables: HashMap<String, Table>,
    vectors: HashMap<String, Vec<f32>>,
}

/// How the processor stores weights of a format; floats as 16-bit ones where that is wanted.
pub(in crate::ops) fn host_format(format: WeightFormat, halves: bool) -> ibq_cpu::WeightFormat {
    match format {
        WeightFormat::Float if halves => ibq_cpu::WeightFormat::F16,
        WeightFormat::Float => ibq_cpu::WeightFormat::F32,
        WeightFormat::Int8 => ibq_cpu::WeightFormat::Int8,
        WeightFormat::Int4 => ibq_cpu::WeightFormat::Int4,
    }
}

impl LinearShape {
    /// Outputs of all matrices.
    fn outputs(&self) -> usize {
        self.rows as usize * self.matrices as usize
    }

    /// Bytes on the processor.
    pub(crate) fn host_bytes(&self, cpu: &Cpu, halves: bool) -> u64 {
        let format = host_format(self.format, halves);
        LinearWeights::bytes_of(cpu, format, self.inputs as usize, self.outputs())
    }
}

impl CpuLinearParameters {
    /// A layer that was put in. That it was is a matter of this program, not of a file.
    pub(crate) fn linear(&self, name: &str) -> &LinearWeights {
        &self.linears[name].0
    }

    pub(crate) fn table(&self, name: &str) -> &Table {
        &self.tables[name]
    }

    pub(crate) fn vector(&self, name: &str) -> &[f32] {
        &self.vectors[name]
    }

    /// Room for a layer; returns its bytes.
    pub(in crate::ops) fn begin_linear(
        &mut self,
        cpu: &Cpu,
        name: &str,
        shape: LinearShape,
        halves: bool,
    ) -> Result<u64, TryReserveError> {
        let format = host_format(shape.format, halves);
        let weights = LinearWeights::zeros(cpu, format, shape.inputs as usize, shape.outputs())?;
        let bytes = weights.bytes();
        self.linears.insert(name.to_owned(), (weights, shape));
        Ok(bytes)
    }

    /// Puts rows of one matrix of a layer in: rounded or quantized.
    pub(crate) fn put_rows(&mut self, name: &str, rows: LinearRows, values: &[f32]) {
        let Some((weights, shape)) = self.linears.get_mut(name) else { return };
        let LinearRows { matrix, first } = rows;
        let (first, matrix, matrices) = (first as usize, matrix as usize, shape.matrices as usize);
        // Four rows of each matrix in turn.
        weights.put_rows(values, |row| {
            let row = first + row;
            (row / 4 * matrices + matrix) * 4 + row % 4
        });
    }

    /// Puts words of some outputs in, from row `row` of the part on.
    pub(crate) fn put_words(&mut self, name: &str, words_of: LinearWords, words: &[u32]) {
        let LinearWords { part, outputs, row } = words_of;
        let Some((weights, _)) = self.linears.get_mut(name) else { return };
        let outputs = outputs.start as usize..outputs.end as usize;
        match part {
            LinearPart::Levels => weights.put_levels(4 * row as usize, outputs, words),
            LinearPart::Scales => weights.put_scales(row as usize, outputs, words),
        }
    }

    /// Takes a layer out again: the words of each of its parts.
    #[cfg(not(target_arch = "wasm32"))]
    pub(in crate::ops) fn take_words(&mut self, name: &str) -> Vec<PartWords> {
        let Some((weights, _)) = self.linears.remove(name) else { return Vec::new() };
        vec![(LinearPart::Levels, weights.levels()), (LinearPart::Scales, weights.scale_words())]
    }

    /// Room for a table; returns its bytes.
    pub(in crate::ops) fn begin_table(
        &mut self,
        name: &str,
        (rows, columns): (u32, u32),
        halves: bool,
    ) -> Result<u64, TryReserveError> {
        let table = Table::with_capacity(rows as usize, columns as usize, halves)?;
        self.tables.insert(name.to_owned(), table);
        Ok(u64::from(rows) * u64::from(columns) * if halves { 2 } else { 4 })
    }

    /// Puts the next rows of a table in.
    pub(crate) fn put_table_rows(&mut self, name: &str, values: &[f32]) {
        if let Some(table) = self.tables.get_mut(name) {
            table.append_rows(values);
        }
    }

    /// Puts a vector in; returns its bytes.
    pub(in crate::ops) fn put_vector(&mut self, name: &str, values: &[f32]) -> u64 {
        self.vectors.insert(name.to_owned(), values.to_vec());
        4 * values.len() as u64
    }
}
