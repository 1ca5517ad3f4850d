//! Parameters on their way to the processor.

use std::sync::Arc;

use ibq_shaders::LookupScore;

use crate::{
    gpu::{GpuError, RunError},
    job::Job,
};

#[cfg(not(target_arch = "wasm32"))]
use crate::ops::PartWords;
use crate::ops::{
    CpuParameters, Executor, LinearRows, LinearShape, LinearWords, ParameterLoader, pending::Pending,
};

use super::CpuExecutor;

/// Something that is done at once.
fn at_once<'a, T: 'a>(done: T) -> Pending<'a, T> {
    Box::pin(async move { done })
}

impl ParameterLoader for CpuParameters {
    fn put_conv<'a>(
        &'a mut self,
        name: &'a str,
        shape: (usize, usize, usize),
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        self.add_conv(name, shape, weight, bias);
        at_once(Ok(()))
    }

    fn put_norm<'a>(
        &'a mut self,
        name: &'a str,
        weight: &'a [f32],
        bias: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        self.add_norm(name, weight, bias);
        at_once(Ok(()))
    }

    fn put_codes<'a>(
        &'a mut self,
        rows: &'a [f32],
        dimension: usize,
        score: LookupScore,
    ) -> Pending<'a, Result<(), GpuError>> {
        self.add_codes(rows, dimension, score);
        at_once(Ok(()))
    }

    fn begin_linear<'a>(
        &'a mut self,
        name: &'a str,
        shape: LinearShape,
        _: u32,
    ) -> Pending<'a, Result<(), GpuError>> {
        at_once(self.add_linear(name, shape))
    }

    fn put_linear_rows<'a>(
        &'a mut self,
        name: &'a str,
        rows: LinearRows,
        values: &'a [f32],
        _: &'a Job,
    ) -> Pending<'a, Result<(), RunError>> {
        self.linear.put_rows(name, rows, values);
        at_once(Ok(()))
    }

    fn put_linear_words<'a>(
        &'a mut self,
        name: &'a str,
        words_of: LinearWords,
        words: &'a [u32],
    ) -> Pending<'a, Result<(), GpuError>> {
        self.linear.put_words(name, words_of, words);
        at_once(Ok(()))
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn take_linear_words<'a>(&'a mut self, name: &'a str) -> Pending<'a, Result<Vec<PartWords>, GpuError>> {
        at_once(Ok(self.take_words(name)))
    }

    fn begin_table<'a>(
        &'a mut self,
        name: &'a str,
        shape: (u32, u32),
        _: u32,
    ) -> Pending<'a, Result<(), GpuError>> {
        at_once(self.add_table(name, shape))
    }

    fn put_table_rows<'a>(
        &'a mut self,
        name: &'a str,
        values: &'a [f32],
    ) -> Pending<'a, Result<(), GpuError>> {
        self.linear.put_table_rows(name, values);
        at_once(Ok(()))
    }

    fn put_vector<'a>(&'a mut self, name: &'a str, values: &'a [f32]) -> Pending<'a, Result<(), GpuError>> {
        self.add_vector(name, values);
        at_once(Ok(()))
    }

    fn largest_binding(&self) -> u64 {
        u64::MAX
    }

    #[cfg_attr(
        target_arch = "wasm32",
        allow(clippy::arc_with_non_send_sync, reason = "a page has one thread, and its models stay on it")
    )]
    fn finish(self: Box<Self>) -> Box<dyn Executor> {
        Box::new(CpuExecutor(Arc::from(self)))
    }
}
