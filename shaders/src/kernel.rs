//! The list of kernels and their variants.

use std::collections::BTreeMap;

use crate::{
    linear::{self, LinearKind, LinearTile, WeightFormat},
    matrix::{self, MatrixTile, MatrixUnit},
    specialize::{Specialization, SpecializeError, specialize},
};

/// How feature maps and weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// 32-bit floats.
    F32,
    /// 16-bit floats, packed in pairs: needs nothing beyond the floor of WebGPU.
    PackedF16,
    /// 16-bit floats as the shader's own type (feature `shader-f16`).
    NativeF16,
}

impl Storage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::PackedF16, Self::NativeF16];

    /// Bytes of four stored values, the unit in which all maps are addressed.
    #[must_use]
    pub fn bytes_of_four(self) -> u64 {
        match self {
            Self::F32 => 16,
            Self::PackedF16 | Self::NativeF16 => 8,
        }
    }
}

/// Tile shapes of [`Kernel::Conv2d`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvTile {
    /// For adapters that are programs on a CPU: registers only.
    Software,
    /// 32 pixels × 32 channels through workgroup memory: small maps, where larger tiles would leave a GPU idle.
    Small,
    /// 128 pixels × 128 channels through workgroup memory.
    Large,
}

impl ConvTile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Software, Self::Small, Self::Large];

    /// WX, WY, TM, TN, KS as `conv2d.wgsl` names them.
    const fn shape(self) -> [u32; 5] {
        match self {
            // SwiftShader, the software adapter of browsers, does not get done compiling what is best for lavapipe.
            Self::Software => [8, 1, if cfg!(target_arch = "wasm32") { 8 } else { 16 }, 1, 1],
            Self::Small => [8, 8, 4, 1, 4],
            Self::Large => [16, 16, 8, 2, 2],
        }
    }

    /// Output pixels of one workgroup.
    #[must_use]
    pub const fn pixels(self) -> u32 {
        let [_, wy, tm, ..] = self.shape();
        wy * tm
    }

    /// Output channels of one workgroup, in fours.
    #[must_use]
    pub const fn channels4(self) -> u32 {
        let [wx, _, _, tn, _] = self.shape();
        wx * tn
    }
}

/// Tile shapes of [`Kernel::Lookup`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupTile {
    /// For adapters that are programs on a CPU.
    Software,
    /// For GPUs.
    Gpu,
}

impl LookupTile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Software, Self::Gpu];

    /// WX, WY, TM as `lookup.wgsl` names them.
    const fn shape(self) -> [u32; 3] {
        match self {
            Self::Software => [8_u32, 1, 8],
            Self::Gpu => [16, 4, 8],
        }
    }

    /// Positions of one workgroup.
    #[must_use]
    pub const fn positions(self) -> u32 {
        let [_, wy, tm] = self.shape();
        wy * tm
    }
}

/// Most positions that [`Kernel::CausalAttention`] can look at.
pub const ATTENTION_POSITIONS: u32 = 2560;
/// Largest head of [`Kernel::CausalAttention`].
pub const ATTENTION_HEAD: u32 = 128;

/// One kernel. Its file under `wgsl/` says what it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// `tokenizer/conv2d.wgsl`: convolution, and matrix products.
    Conv2d(ConvTile),
    /// `tokenizer/conv2d_matrix.wgsl`: the same on matrix units, from [`Storage::NativeF16`] only.
    Conv2dMatrix(MatrixUnit, MatrixTile),
    /// `tokenizer/group_norm_stats.wgsl`
    GroupNormStats,
    /// `tokenizer/group_norm_finish.wgsl`
    GroupNormFinish,
    /// `tokenizer/group_norm_apply.wgsl`
    GroupNormApply {
        /// Whether the result replaces the input.
        in_place: bool,
    },
    /// `tokenizer/softmax.wgsl`
    Softmax,
    /// `tokenizer/transpose.wgsl`
    Transpose,
    /// `tokenizer/lookup.wgsl`
    Lookup(LookupTile),
    /// `tokenizer/lookup_finish.wgsl`
    LookupFinish,
    /// `tokenizer/embed.wgsl`
    Embed,
    /// `tokenizer/pixels_in.wgsl`
    PixelsIn,
    /// `tokenizer/pixels_out.wgsl`
    PixelsOut,
    /// `transformer/linear.wgsl`: the linear layers of the transformer.
    Linear(LinearKind, WeightFormat, LinearTile),
    /// `transformer/linear_weights.wgsl`
    LinearWeights(WeightFormat),
    /// `transformer/token_embed.wgsl`
    TokenEmbed,
    /// `transformer/causal_attention.wgsl`
    CausalAttention,
    /// `transformer/sample.wgsl`
    Sample,
    /// `transformer/advance.wgsl`
    Advance,
    /// `bench/peak_arithmetic.wgsl`: only for measuring the adapter.
    PeakArithmetic,
    /// `bench/peak_copy.wgsl`: only for measuring the adapter.
    PeakCopy,
}

impl Kernel {
    /// Every kernel with every tile.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::GroupNormStats,
            Self::GroupNormFinish,
            Self::GroupNormApply { in_place: false },
            Self::GroupNormApply { in_place: true },
            Self::Softmax,
            Self::Transpose,
            Self::LookupFinish,
            Self::Embed,
            Self::PixelsIn,
            Self::PixelsOut,
            Self::TokenEmbed,
            Self::CausalAttention,
            Self::Sample,
            Self::Advance,
            Self::PeakArithmetic,
            Self::PeakCopy,
        ];
        for format in WeightFormat::ALL {
            all.push(Self::LinearWeights(format));
            for kind in LinearKind::ALL {
                all.extend(LinearTile::ALL.map(|tile| Self::Linear(kind, format, tile)));
            }
        }
        all.extend(ConvTile::ALL.map(Self::Conv2d));
        for unit in MatrixUnit::KNOWN {
            all.extend(MatrixTile::ALL.map(|tile| Self::Conv2dMatrix(unit, tile)));
        }
        all.extend(LookupTile::ALL.map(Self::Lookup));
        all
    }

    /// Name of the kernel: that of its file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Conv2d(_) => "conv2d",
            Self::Conv2dMatrix(..) => "conv2d_matrix",
            Self::GroupNormStats => "group_norm_stats",
            Self::GroupNormFinish => "group_norm_finish",
            Self::GroupNormApply { .. } => "group_norm_apply",
            Self::Softmax => "softmax",
            Self::Transpose => "transpose",
            Self::Lookup(_) => "lookup",
            Self::LookupFinish => "lookup_finish",
            Self::Embed => "embed",
            Self::PixelsIn => "pixels_in",
            Self::PixelsOut => "pixels_out",
            Self::Linear(..) => "linear",
            Self::LinearWeights(_) => "linear_weights",
            Self::TokenEmbed => "token_embed",
            Self::CausalAttention => "causal_attention",
            Self::Sample => "sample",
            Self::Advance => "advance",
            Self::PeakArithmetic => "peak_arithmetic",
            Self::PeakCopy => "peak_copy",
        }
    }

    /// Whether the kernel has a form for this storage.
    #[must_use]
    pub fn takes(self, storage: Storage) -> bool {
        !matches!(self, Self::Conv2dMatrix(..)) || storage == Storage::NativeF16
    }

    /// The WGSL text for one storage, which the kernel [takes](Self::takes).
    ///
    /// # Errors
    /// [`SpecializeError`] names the line: a mistake in the kernel's file, found by the tests.
    pub fn source(self, storage: Storage) -> Result<String, SpecializeError> {
        let mut flags =
            BTreeMap::from([("F16", storage != Storage::F32), ("NATIVE_F16", storage == Storage::NativeF16)]);
        let mut constants = BTreeMap::new();
        match self {
            Self::Conv2d(tile) => {
                let [wx, wy, tm, tn, ks] = tile.shape();
                let a_loads = wy * tm * ks / (wx * wy);
                constants.extend([("WX", wx), ("WY", wy), ("TM", tm), ("TN", tn), ("KS", ks)]);
                constants.insert("A_LOADS", a_loads);
                flags.insert("SHARED", tile != ConvTile::Software);
            }
            Self::Conv2dMatrix(unit, tile) => matrix::variant(unit, tile, &mut flags, &mut constants),
            Self::Lookup(tile) => {
                let [wx, wy, tm] = tile.shape();
                constants.extend([("WX", wx), ("WY", wy), ("TM", tm)]);
            }
            Self::GroupNormApply { in_place } => {
                flags.insert("IN_PLACE", in_place);
            }
            Self::Linear(kind, format, tile) => {
                linear::variant(kind, format, tile, &mut flags, &mut constants);
            }
            Self::LinearWeights(format) => flags.extend(format.flags()),
            Self::CausalAttention => {
                constants.extend([("POSITIONS", ATTENTION_POSITIONS), ("HEAD4", ATTENTION_HEAD / 4)]);
            }
            _ => {}
        }
        let imports = [
            ("storage", include_str!("../wgsl/shared/storage.wgsl")),
            ("top2", include_str!("../wgsl/shared/top2.wgsl")),
            ("philox", include_str!("../wgsl/shared/philox.wgsl")),
            ("quantized", include_str!("../wgsl/shared/quantized.wgsl")),
            ("window", include_str!("../wgsl/shared/window.wgsl")),
            ("reduce", include_str!("../wgsl/shared/reduce.wgsl")),
        ];
        specialize(self.text(), &Specialization { flags, constants, imports: imports.into() })
    }

    fn text(self) -> &'static str {
        match self {
            Self::Conv2d(_) => include_str!("../wgsl/tokenizer/conv2d.wgsl"),
            Self::Conv2dMatrix(..) => include_str!("../wgsl/tokenizer/conv2d_matrix.wgsl"),
            Self::GroupNormStats => include_str!("../wgsl/tokenizer/group_norm_stats.wgsl"),
            Self::GroupNormFinish => include_str!("../wgsl/tokenizer/group_norm_finish.wgsl"),
            Self::GroupNormApply { .. } => include_str!("../wgsl/tokenizer/group_norm_apply.wgsl"),
            Self::Softmax => include_str!("../wgsl/tokenizer/softmax.wgsl"),
            Self::Transpose => include_str!("../wgsl/tokenizer/transpose.wgsl"),
            Self::Lookup(_) => include_str!("../wgsl/tokenizer/lookup.wgsl"),
            Self::LookupFinish => include_str!("../wgsl/tokenizer/lookup_finish.wgsl"),
            Self::Embed => include_str!("../wgsl/tokenizer/embed.wgsl"),
            Self::PixelsIn => include_str!("../wgsl/tokenizer/pixels_in.wgsl"),
            Self::PixelsOut => include_str!("../wgsl/tokenizer/pixels_out.wgsl"),
            Self::Linear(..) => include_str!("../wgsl/transformer/linear.wgsl"),
            Self::LinearWeights(_) => include_str!("../wgsl/transformer/linear_weights.wgsl"),
            Self::TokenEmbed => include_str!("../wgsl/transformer/token_embed.wgsl"),
            Self::CausalAttention => include_str!("../wgsl/transformer/causal_attention.wgsl"),
            Self::Sample => include_str!("../wgsl/transformer/sample.wgsl"),
            Self::Advance => include_str!("../wgsl/transformer/advance.wgsl"),
            Self::PeakArithmetic => include_str!("../wgsl/bench/peak_arithmetic.wgsl"),
            Self::PeakCopy => include_str!("../wgsl/bench/peak_copy.wgsl"),
        }
    }
}
