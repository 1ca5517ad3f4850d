//! 2-D convolution.
//!
//! On the processor a convolution is a matrix product, tile by tile: the patches under a band of output rows become the
//! columns of a matrix that stays in the cache, and the kernel, as a matrix, multiplies it. The gradient of the kernel is
//! a product with the same columns. The gradient of the input is, at stride 1, itself a convolution of the output's
//! gradient with the turned kernel; at larger strides it is added back column by column.

use burn::{
    backend::{
        Autodiff, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        flex::FlexTensor,
        ops::FloatTensorOps,
    },
    tensor::{DType, FloatDType, Shape, Tensor, TensorData, module, ops::ConvOptions},
};
use rayon::prelude::*;

/// Columns of a tile: with a few hundred values each they stay in the second-level cache.
const TILE_COLUMNS: usize = 512;

/// Convolves `x` `[B, Cin, H, W]` with `kernel` `[Cout, Cin, k, k]` and adds `bias` `[Cout]`, after a border of zeros:
/// `border[0]` rows and columns before, `border[1]` after. A kernel of 16 bits multiplies in 16 bits; the result has 32.
#[must_use]
pub fn conv2d(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Tensor<1>,
    stride: usize,
    border: [usize; 2],
) -> Tensor<4> {
    if kernel.dtype() == DType::F16 {
        let y = general(x.cast(FloatDType::F16), kernel, None, stride, border).cast(FloatDType::F32);
        let [channels] = bias.dims();
        return y + bias.reshape([1, channels, 1, 1]);
    }
    let geometry = Geometry::new(x.dims(), kernel.dims(), stride, border);
    if x.is_autodiff() || kernel.is_autodiff() {
        let (x, kernel, bias) = (x.autodiff(), kernel.autodiff(), bias.autodiff());
        if let (Ok(x), Ok(kernel), Ok(bias)) = (
            x.clone().try_into_primitive::<Autodiff<Flex>>(),
            kernel.clone().try_into_primitive::<Autodiff<Flex>>(),
            bias.clone().try_into_primitive::<Autodiff<Flex>>(),
        ) {
            let nodes = [x.node(), kernel.node(), bias.node()];
            let (x, kernel, bias) = (x.into_primitive(), kernel.into_primitive(), bias.into_primitive());
            let y = geometry.convolve(&x, &kernel, Some(&bias));
            return Tensor::from_primitive::<Autodiff<Flex>>(
                match ConvGradient.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
                    OpsKind::Tracked(prepared) => prepared.finish((x, kernel, geometry), y),
                    OpsKind::UnTracked(prepared) => prepared.finish(y),
                },
            );
        }
        return general(x, kernel, Some(bias), stride, border);
    }
    if let (Ok(x), Ok(kernel), Ok(bias)) = (
        x.clone().try_into_primitive::<Flex>(),
        kernel.clone().try_into_primitive::<Flex>(),
        bias.clone().try_into_primitive::<Flex>(),
    ) {
        return Tensor::from_primitive::<Flex>(geometry.convolve(&x, &kernel, Some(&bias)));
    }
    general(x, kernel, Some(bias), stride, border)
}

/// The same through burn's own operations.
fn general(
    x: Tensor<4>,
    kernel: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    border: [usize; 2],
) -> Tensor<4> {
    let [before, after] = border;
    if before == after {
        let options = ConvOptions::new([stride; 2], [before; 2], [1; 2], 1);
        return module::conv2d(x, kernel, bias, options);
    }
    let padded = x.pad([(before, after), (before, after)], 0.0);
    module::conv2d(padded, kernel, bias, ConvOptions::new([stride; 2], [0; 2], [1; 2], 1))
}

/// Backward pass of the convolution on the processor.
#[derive(Debug)]
struct ConvGradient;

impl Backward<Flex, 3> for ConvGradient {
    type State = (FlexTensor, FlexTensor, Geometry);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let [x_node, kernel_node, bias_node] = ops.parents;
        let d_y = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let (x, kernel, geometry) = ops.state;
        if let Some(node) = x_node {
            gradients.register::<Flex>(node.id, geometry.input_gradient(&kernel, &d_y));
        }
        if let Some(node) = kernel_node {
            gradients.register::<Flex>(node.id, geometry.kernel_gradient(&x, &d_y));
        }
        if let Some(node) = bias_node {
            gradients.register::<Flex>(node.id, geometry.bias_gradient(&d_y));
        }
    }
}

/// Sizes of one convolution.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    batch: usize,
    cin: usize,
    height: usize,
    width: usize,
    cout: usize,
    side: usize,
    stride: usize,
    before: usize,
    out_height: usize,
    out_width: usize,
}

impl Geometry {
    fn new(x: [usize; 4], kernel: [usize; 4], stride: usize, border: [usize; 2]) -> Self {
        let [batch, cin, height, width] = x;
        let [cout, _, side, _] = kernel;
        let out = |size: usize| (size + border[0] + border[1] - side) / stride + 1;
        let (out_height, out_width) = (out(height), out(width));
        Self { batch, cin, height, width, cout, side, stride, before: border[0], out_height, out_width }
    }

    /// Positions of an output map.
    fn positions(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Values of one patch.
    fn patch(&self) -> usize {
        self.cin * self.side * self.side
    }

    /// Bands of output rows, one tile each.
    fn bands(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let rows = (TILE_COLUMNS / self.out_width).clamp(1, self.out_height);
        let height = self.out_height;
        (0..height).step_by(rows).map(move |start| start..(start + rows).min(height))
    }

    /// `y = K · patches(x) + bias`, `[B, Cout, H', W']`.
    fn convolve(&self, x: &FlexTensor, kernel: &FlexTensor, bias: Option<&FlexTensor>) -> FlexTensor {
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
    fn input_gradient(&self, kernel: &FlexTensor, d_y: &FlexTensor) -> FlexTensor {
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
    fn kernel_gradient(&self, x: &FlexTensor, d_y: &FlexTensor) -> FlexTensor {
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
    fn bias_gradient(&self, d_y: &FlexTensor) -> FlexTensor {
        let mut sum = vec![0.0f32; self.cout];
        for (index, map) in values(d_y).chunks_exact(self.positions()).enumerate() {
            sum[index % self.cout] += sum_of(map);
        }
        tensor(sum, [self.cout])
    }

    /// Output columns whose input column `x · stride + offset - before` lies within the picture.
    fn inside(&self, offset: usize) -> std::ops::Range<usize> {
        let first = self.before.saturating_sub(offset).div_ceil(self.stride);
        let last =
            (self.width + self.before).saturating_sub(offset).div_ceil(self.stride).min(self.out_width);
        first.min(last)..last
    }

    /// Calls `visit` with every run of patch values: their place among the columns, and the first input index of the
    /// run, or none where the run lies in the border.
    fn runs(
        &self,
        band: &std::ops::Range<usize>,
        mut visit: impl FnMut(usize, Option<usize>, std::ops::Range<usize>),
    ) {
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
    fn scatter(&self, columns: &[f32], band: &std::ops::Range<usize>, picture: &mut [f32]) {
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
struct Columns(Option<FlexTensor>);

impl Columns {
    /// The patches under a band of output rows as a matrix `[1, patch, count]`.
    fn gather(&mut self, geometry: &Geometry, picture: &[f32], band: &std::ops::Range<usize>) -> FlexTensor {
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

/// `[Cout, Cin, k, k]` to `[Cin, Cout, k, k]` with every kernel turned by half a circle.
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

fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or(&[])
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    /// Output and the three gradients.
    fn with_gradients(
        conv: impl Fn(Tensor<4>, Tensor<4>, Tensor<1>) -> Tensor<4>,
        x: &Tensor<4>,
        kernel: &Tensor<4>,
        bias: &Tensor<1>,
    ) -> [Tensor<1>; 4] {
        let (x, kernel) = (x.clone().autodiff().require_grad(), kernel.clone().autodiff().require_grad());
        let bias = bias.clone().autodiff().require_grad();
        let y = conv(x.clone(), kernel.clone(), bias.clone());
        let mixed = (y.clone() * y.clone().sin()).sum();
        let gradients = mixed.backward();
        let flat = |t: Option<Tensor<4>>| t.unwrap().flatten(0, 3);
        [
            y.inner().flatten(0, 3),
            flat(x.grad(&gradients)),
            flat(kernel.grad(&gradients)),
            bias.grad(&gradients).unwrap(),
        ]
    }

    #[test]
    fn the_fast_form_equals_the_general_one_with_all_gradients() {
        let device = Device::flex();
        device.seed(3);
        let random = |shape| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        for (shape, cout, side, stride, border) in [
            ([2, 3, 9, 7], 5, 3, 1, [1, 1]),
            ([1, 4, 8, 8], 3, 1, 1, [0, 0]),
            ([3, 2, 10, 6], 4, 3, 2, [0, 1]),
            ([1, 3, 40, 40], 2, 4, 2, [1, 1]),
            ([2, 3, 5, 33], 2, 4, 1, [1, 1]),
        ] {
            let (x, kernel) = (random(shape), random([cout, shape[1], side, side]));
            let bias = Tensor::random([cout], Distribution::Normal(0.0, 1.0), &device);
            let fast = with_gradients(|x, k, b| conv2d(x, k, b, stride, border), &x, &kernel, &bias);
            let slow = with_gradients(|x, k, b| general(x, k, Some(b), stride, border), &x, &kernel, &bias);
            for (fast, slow) in fast.into_iter().zip(slow) {
                let scale = slow.clone().abs().max().into_scalar::<f32>();
                let error = (fast - slow).abs().max().into_scalar::<f32>();
                assert!(error < 1e-5 * scale.max(1.0), "{shape:?} {side} {stride}: {error} of {scale}");
            }
        }
    }
}
