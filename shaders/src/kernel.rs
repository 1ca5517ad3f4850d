//! The list of kernels.

use crate::{
    constants::{ATTENTION_HEAD, ATTENTION_POSITIONS},
    entry::{Stages, shader_list},
    params::{
        AdvanceParams, CausalAttentionParams, EmbedParams, GroupNormApplyParams, GroupNormFinishParams,
        GroupNormStatsParams, LinearParams, LinearWeightsParams, LookupFinishParams, LookupParams,
        PeakArithmeticParams, PeakCopyParams, PixelsParams, SampleParams, SoftmaxParams, StructLayout,
        TokenEmbedParams, TransposeParams, WindowParams,
    },
    specialize::{Specialization, SpecializeError},
    storage::Storage,
    variants::{
        ConvTile, LinearKind, LinearTile, LookupScore, LookupTile, MatrixTile, MatrixUnit, NormOutput,
        WeightFormat,
    },
};

/// The workgroup of kernels with one invocation for each element.
const ELEMENTS: Stages = Stages::Compute([64, 1, 1]);

shader_list! {
    /// One kernel. Its file under `wgsl/` says what it computes.
    pub enum Kernel {
        /// Convolution, and matrix products.
        Conv2d(tile: ConvTile) {
            file: "tokenizer/conv2d.wgsl",
            stages: Stages::Compute(tile.workgroup()),
            params: WindowParams,
            with: tile.specialization(),
        }
        /// The same on matrix units, from [`Storage::NativeF16`] only.
        Conv2dMatrix(unit: MatrixUnit, tile: MatrixTile) {
            file: "tokenizer/conv2d_matrix.wgsl",
            stages: Stages::Compute(tile.workgroup(unit)),
            params: WindowParams,
            with: tile.specialization(unit),
        }
        /// Statistics of chunks of pixels, the first step of GroupNorm.
        GroupNormStats {
            file: "tokenizer/group_norm_stats.wgsl",
            stages: ELEMENTS,
            params: GroupNormStatsParams,
        }
        /// Scale and shift of every channel, the second step of GroupNorm.
        GroupNormFinish {
            file: "tokenizer/group_norm_finish.wgsl",
            stages: Stages::Compute([64, 1, 1]),
            params: GroupNormFinishParams,
        }
        /// Scale, shift and swish, the last step of GroupNorm.
        GroupNormApply(output: NormOutput) {
            file: "tokenizer/group_norm_apply.wgsl",
            stages: ELEMENTS,
            params: GroupNormApplyParams,
            with: output.specialization(),
        }
        /// Softmax of every row.
        Softmax {
            file: "tokenizer/softmax.wgsl",
            stages: Stages::Compute([64, 1, 1]),
            params: SoftmaxParams,
        }
        /// A matrix transposed.
        Transpose {
            file: "tokenizer/transpose.wgsl",
            stages: ELEMENTS,
            params: TransposeParams,
        }
        /// The best code of every position, in parts of the codebook.
        Lookup(tile: LookupTile, score: LookupScore) {
            file: "tokenizer/lookup.wgsl",
            stages: Stages::Compute(tile.workgroup()),
            params: LookupParams,
            with: tile.specialization(score),
        }
        /// Merges the parts of a lookup.
        LookupFinish {
            file: "tokenizer/lookup_finish.wgsl",
            stages: ELEMENTS,
            params: LookupFinishParams,
        }
        /// The codebook row of every index.
        Embed {
            file: "tokenizer/embed.wgsl",
            stages: ELEMENTS,
            params: EmbedParams,
        }
        /// 8-bit pixels to the network's range.
        PixelsIn {
            file: "tokenizer/pixels_in.wgsl",
            stages: ELEMENTS,
            params: PixelsParams,
        }
        /// The network's range to 8-bit pixels.
        PixelsOut {
            file: "tokenizer/pixels_out.wgsl",
            stages: ELEMENTS,
            params: PixelsParams,
        }
        /// The linear layers of the transformer.
        Linear(kind: LinearKind, format: WeightFormat, tile: LinearTile) {
            file: "transformer/linear.wgsl",
            stages: Stages::Compute(tile.workgroup()),
            params: LinearParams,
            with: tile.specialization(kind, format),
        }
        /// Transposes and packs the weights of a linear layer.
        LinearWeights(format: WeightFormat) {
            file: "transformer/linear_weights.wgsl",
            stages: ELEMENTS,
            params: LinearWeightsParams,
            with: format.specialization(),
        }
        /// The vector of the token or class at every position.
        TokenEmbed {
            file: "transformer/token_embed.wgsl",
            stages: ELEMENTS,
            params: TokenEmbedParams,
        }
        /// Attention over the cache of keys and values.
        CausalAttention {
            file: "transformer/causal_attention.wgsl",
            stages: Stages::Compute([128, 1, 1]),
            params: CausalAttentionParams,
            with: Specialization {
                constants: [
                    ("POSITIONS", ATTENTION_POSITIONS.into()),
                    ("HEAD4", (ATTENTION_HEAD / 4).into()),
                ].into(),
                ..Specialization::default()
            },
        }
        /// Guides and filters logits, and draws tokens.
        Sample {
            file: "transformer/sample.wgsl",
            stages: Stages::Compute([256, 1, 1]),
            params: SampleParams,
        }
        /// Moves all sequences to a later position.
        Advance {
            file: "transformer/advance.wgsl",
            stages: Stages::Compute([1, 1, 1]),
            params: AdvanceParams,
        }
        /// Measures the adapter's arithmetic.
        PeakArithmetic {
            file: "bench/peak_arithmetic.wgsl",
            stages: ELEMENTS,
            params: PeakArithmeticParams,
        }
        /// Measures the adapter's memory traffic.
        PeakCopy {
            file: "bench/peak_copy.wgsl",
            stages: ELEMENTS,
            params: PeakCopyParams,
        }
    }
}

impl Kernel {
    /// Name of the kernel: that of its file.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name()
    }

    /// Invocations of one workgroup; none for a shader that draws.
    #[must_use]
    pub fn workgroup_size(self) -> Option<[u32; 3]> {
        match self.entry().stages {
            Stages::Compute(size) => Some(size),
            Stages::Draw => None,
        }
    }

    /// The struct of its parameters: the uniform buffer of binding 0.
    #[must_use]
    pub fn params(self) -> &'static StructLayout {
        self.entry().params
    }

    /// Whether the kernel has a variant for this storage.
    #[must_use]
    pub fn takes(self, storage: Storage) -> bool {
        !matches!(self, Self::Conv2dMatrix(..)) || storage == Storage::NativeF16
    }

    /// The WGSL text for one storage, which the kernel [takes](Self::takes).
    ///
    /// # Errors
    /// [`SpecializeError`] names the line: a mistake in the kernel's file, found by the tests.
    pub fn source(self, storage: Storage) -> Result<String, SpecializeError> {
        self.entry().source(storage)
    }
}
