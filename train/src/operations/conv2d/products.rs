//! A convolution and its gradients as matrix products.
//!
//! The patches under a band of output rows become the columns of a matrix that stays in the cache, and the kernel, as a
//! matrix, multiplies it. The gradient of the kernel is a product with the same columns. The gradient of the input is, at
//! stride 1, itself a convolution of the output's gradient with the kernel rotated by 180°; at larger strides it is added
//! back column by column.

use burn::{
    backend::{Flex, flex::FlexTensor, ops::FloatTensorOps},
    tensor::Shape,
};
use rayon::prelude::*;

use super::patches::{Columns, Geometry};
use crate::operations::autodiff::{tensor, values};

impl Geometry {
    /// `y = K · patches(x) + bias`, `[B, Cout, H', W']`.
    pub(super) fn convolve(
        &self,
        x: &FlexTensor,
        kernel: &FlexTensor,
        bias: Option<&FlexTensor>,
    ) -> FlexTensor {
        let x = x.to_contiguous();
        let kernel = kernel.to_contiguous().reshape(Shape::new([1, self.cout, self.patch()]));
        let bias = bias.map(FlexTensor::to_contiguous);
        let bias: Option<&[f32]> = bias.as_ref().and_then(FlexTensor::as_slice);
        let pictures = values(&x);
        let positions = self.positions();
        let mut y = vec![0.0f32; self.batch * self.cout * positions];
        y.par_chunks_mut(self.cout * positions)
            .zip(pictures.par_chunks(self.cin * self.height * self.width))
            .for_each(|(y, picture)| {
                let mut columns = Columns::default();
                for band in self.bands() {
                    let start = band.start * self.out_width;
                    let product = Flex::float_matmul(kernel.clone(), columns.gather(self, picture, &band));
                    let count = band.len() * self.out_width;
                    for (channel, row) in values(&product).chunks_exact(count).enumerate() {
                        let shift = bias.map_or(0.0, |bias| bias[channel]);
                        let target = &mut y[channel * positions + start..][..count];
                        target.iter_mut().zip(row).for_each(|(y, value)| *y = value + shift);
                    }
                }
            });
        tensor(y, [self.batch, self.cout, self.out_height, self.out_width])
    }

    /// Gradient of the input, `[B, Cin, H, W]`.
    pub(super) fn input_gradient(&self, kernel: &FlexTensor, d_y: &FlexTensor) -> FlexTensor {
        let kernel = kernel.to_contiguous();
        if self.stride == 1 {
            let turned = turn(values(&kernel), self.cout, self.cin, self.side);
            let turned = tensor(turned, [self.cin, self.cout, self.side, self.side]);
            let back = Self {
                cin: self.cout,
                cout: self.cin,
                height: self.out_height,
                width: self.out_width,
                out_height: self.height,
                out_width: self.width,
                before: self.side - 1 - self.before,
                ..*self
            };
            return back.convolve(d_y, &turned, None);
        }
        let transposed = kernel.reshape(Shape::new([1, self.cout, self.patch()])).transpose(1, 2);
        let positions = self.positions();
        let d_y = d_y.reshape(Shape::new([self.batch, self.cout, positions]));
        let plane = self.cin * self.height * self.width;
        let mut d_x = vec![0.0f32; self.batch * plane];
        d_x.par_chunks_mut(plane).enumerate().for_each(|(index, d_x)| {
            let d_y = d_y.narrow(0, index, 1);
            for band in self.bands() {
                let tile = d_y.narrow(2, band.start * self.out_width, band.len() * self.out_width);
                self.scatter(values(&Flex::float_matmul(transposed.clone(), tile)), &band, d_x);
            }
        });
        tensor(d_x, [self.batch, self.cin, self.height, self.width])
    }

    /// Gradient of the kernel, `[Cout, Cin, k, k]`, summed over pictures in their order.
    pub(super) fn kernel_gradient(&self, x: &FlexTensor, d_y: &FlexTensor) -> FlexTensor {
        let x = x.to_contiguous();
        let d_y = d_y.reshape(Shape::new([self.batch, self.cout, self.positions()]));
        // The matrix is made transposed, [patch, Cout]: the product then runs along the patches as they lie in memory.
        let of_picture = |(index, picture): (usize, &[f32])| {
            let d_y = d_y.narrow(0, index, 1);
            let mut columns = Columns::default();
            let mut sum = vec![0.0f32; self.patch() * self.cout];
            for band in self.bands() {
                let tile = d_y.narrow(2, band.start * self.out_width, band.len() * self.out_width);
                let patches = columns.gather(self, picture, &band);
                add(&mut sum, values(&Flex::float_matmul(patches, tile.transpose(1, 2))));
            }
            sum
        };
        let plane = self.cin * self.height * self.width;
        let parts: Vec<Vec<f32>> = values(&x).par_chunks(plane).enumerate().map(of_picture).collect();
        let mut sum = vec![0.0f32; self.patch() * self.cout];
        parts.iter().for_each(|part| add(&mut sum, part));
        let sum = tensor(sum, [self.patch(), self.cout]).transpose(0, 1).to_contiguous();
        sum.reshape(Shape::new([self.cout, self.cin, self.side, self.side]))
    }

    /// Gradient of the bias, `[Cout]`.
    pub(super) fn bias_gradient(&self, d_y: &FlexTensor) -> FlexTensor {
        let mut sum = vec![0.0f32; self.cout];
        for (index, map) in values(d_y).chunks_exact(self.positions()).enumerate() {
            sum[index % self.cout] += sum_of(map);
        }
        tensor(sum, [self.cout])
    }
}

/// `[Cout, Cin, k, k]` to `[Cin, Cout, k, k]` with every kernel rotated by 180°.
fn turn(kernel: &[f32], cout: usize, cin: usize, side: usize) -> Vec<f32> {
    let area = side * side;
    let mut turned = vec![0.0; kernel.len()];
    for (index, square) in kernel.chunks_exact(area).enumerate() {
        let (out, input) = (index / cin, index % cin);
        let target = &mut turned[(input * cout + out) * area..][..area];
        target.iter_mut().zip(square.iter().rev()).for_each(|(target, value)| *target = *value);
    }
    turned
}

/// Sum in several lanes, which the compiler can add side by side.
fn sum_of(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let chunks = values.chunks_exact(16);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().sum::<f32>() + rest
}

fn add(sum: &mut [f32], part: &[f32]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
}
