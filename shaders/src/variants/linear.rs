//! The variants of the transformer's linear layers.

use serde::{Deserialize, Serialize};

use crate::specialize::Specialization;

/// What a linear layer of the transformer does with its inputs and its sums; `linear.wgsl` says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinearKind {
    /// Class vectors to the vectors of adaptive layer norm: SILU, BIAS.
    Condition,
    /// Queries, keys and values: MODULATE, QKV.
    Qkv,
    /// Back to the width of the network: RESIDUAL.
    Residual,
    /// The wide half of the feed-forward layer: MODULATE, GATE.
    Gate,
    /// Logits: MODULATE.
    Head,
}

impl LinearKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Condition, Self::Qkv, Self::Residual, Self::Gate, Self::Head];
}

/// How the weights of linear layers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WeightFormat {
    /// As [`Storage`](crate::Storage) says.
    Float,
    /// 8 bits, with scales for groups of 128 inputs.
    Int8,
    /// 4 bits, with scales for groups of 64 inputs.
    Int4,
}

impl WeightFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Float, Self::Int8, Self::Int4];

    /// Inputs that share one scale, counted in vec4.
    #[must_use]
    pub const fn group4(self) -> u32 {
        match self {
            Self::Float => 1,
            Self::Int8 => 32,
            Self::Int4 => 16,
        }
    }

    pub(crate) fn specialization(self) -> Specialization {
        let (int8, int4) = (self == Self::Int8, self == Self::Int4);
        Specialization {
            flags: [("QUANTIZED", int8 || int4), ("INT8", int8), ("INT4", int4)].into(),
            constants: [("GROUP4", self.group4().into())].into(),
            ..Specialization::default()
        }
    }
}

/// Tile shapes of [`Kernel::Linear`](crate::Kernel::Linear).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinearTile {
    /// 64 outputs instead of 32: where there are so many outputs that a GPU is busy all the same. A layer must always
    /// take the same, or its sums are rounded in another way.
    pub wide: bool,
    /// 8 rows instead of 2.
    pub tall: bool,
    /// Without workgroup memory: for software adapters.
    pub software: bool,
}

impl LinearTile {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self { wide: false, tall: false, software: false },
        Self { wide: false, tall: true, software: false },
        Self { wide: true, tall: false, software: false },
        Self { wide: true, tall: true, software: false },
        Self { wide: false, tall: false, software: true },
        Self { wide: false, tall: true, software: true },
    ];

    /// Outputs of one workgroup, counted in vec4.
    #[must_use]
    pub const fn outputs4(self) -> u32 {
        match self {
            Self { software: true, .. } => 64,
            Self { wide: true, .. } => 16,
            Self { .. } => 8,
        }
    }

    /// Rows of one workgroup.
    #[must_use]
    pub const fn rows(self) -> u32 {
        if self.tall { 8 } else { 2 }
    }

    pub(crate) const fn workgroup(self) -> [u32; 3] {
        let wx = self.outputs4();
        [wx, if self.software { 1 } else { 256 / wx }, 1]
    }

    /// What a layer of one kind, with weights in one format, is specialized with.
    pub(crate) fn specialization(self, kind: LinearKind, format: WeightFormat) -> Specialization {
        let mut specialization = format.specialization();
        specialization.flags.extend([
            ("SHARED", !self.software),
            ("MODULATE", matches!(kind, LinearKind::Qkv | LinearKind::Gate | LinearKind::Head)),
            ("SILU", kind == LinearKind::Condition),
            ("BIAS", kind == LinearKind::Condition),
            ("QKV", kind == LinearKind::Qkv),
            ("RESIDUAL", kind == LinearKind::Residual),
            ("GATE", kind == LinearKind::Gate),
        ]);
        let ([wx, wk, _], rt) = (self.workgroup(), self.rows());
        let constants = [("WX", wx), ("WK", wk), ("RT", rt), ("PAIRS", rt / 2)];
        specialization.constants.extend(constants.map(|(name, value)| (name, value.into())));
        specialization
    }
}
