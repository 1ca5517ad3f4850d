//! Instruction sets: one source for all, compiled once for each, chosen when the program runs.

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What every processor of this architecture has: SSE2, NEON, or simd128 where the module is compiled with it.
    Baseline,
    /// AVX2 with fused multiply-add: 8 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512: 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// What a computation must know about the instructions that it is compiled for.
pub trait Target {
    /// Whether `a · b + c` is one instruction. Elsewhere [`f32::mul_add`] would call a slow function.
    const FUSED: bool;
    /// The register tile of products.
    const TILE: Tile;

    /// `a · b + c`, rounded once where the instruction set can.
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        if Self::FUSED { a.mul_add(b, c) } else { a * b + c }
    }
}

/// Register tiles: pixels × channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tile {
    /// 16 registers of 4 lanes.
    P4C8,
    /// 16 registers of 8 lanes, or 32 of 4.
    P6C16,
    /// 32 registers of 16 lanes.
    P12C32,
}

impl Tile {
    /// Its channels.
    const fn width(self) -> usize {
        match self {
            Self::P4C8 => 8,
            Self::P6C16 => 16,
            Self::P12C32 => 32,
        }
    }
}

/// SSE2, NEON, simd128.
#[derive(Debug)]
pub struct Baseline;

impl Target for Baseline {
    const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
    const TILE: Tile = if cfg!(target_arch = "aarch64") { Tile::P6C16 } else { Tile::P4C8 };
}

/// AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
pub struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Target for Avx2 {
    const FUSED: bool = true;
    const TILE: Tile = Tile::P6C16;
}

/// AVX-512.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
pub struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Target for Avx512 {
    const FUSED: bool = true;
    const TILE: Tile = Tile::P12C32;
}

/// A computation that is compiled for every instruction set. `run` and all it calls must be `#[inline(always)]`, because
/// only what is inlined into `Isa::run` is compiled with the instructions.
pub trait Compute {
    /// What it returns.
    type Output;
    /// Does it.
    fn run<T: Target>(self) -> Self::Output;
}

impl Isa {
    /// The sets that this processor has, the best one last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "other architectures have one set")]
        let mut sets = vec![Self::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                sets.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    sets.push(Self::Avx512);
                }
            }
        }
        sets
    }

    /// The best set that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Baseline)
    }

    /// Name for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline if cfg!(target_arch = "x86_64") => "SSE2",
            Self::Baseline if cfg!(target_arch = "aarch64") => "NEON",
            Self::Baseline if cfg!(target_feature = "simd128") => "simd128",
            Self::Baseline => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
        }
    }

    /// Channels of the register tile.
    pub(crate) fn tile_width(self) -> usize {
        match self {
            Self::Baseline => Baseline::TILE.width(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::TILE.width(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::TILE.width(),
        }
    }

    /// Runs a computation with these instructions. `self` must come from [`Isa::available`] or [`Isa::best`], which is
    /// checked in [`crate::Cpu::new`].
    #[inline]
    pub(crate) fn run<C: Compute>(self, computation: C) -> C::Output {
        match self {
            Self::Baseline => computation.run::<Baseline>(),
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code, reason = "the processor has the instructions: `Cpu::new` has checked it")]
            // SAFETY: `Cpu::new` accepts only sets of `Isa::available`, which asked the processor.
            Self::Avx2 => unsafe { run_avx2(computation) },
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code, reason = "the processor has the instructions: `Cpu::new` has checked it")]
            // SAFETY: as above.
            Self::Avx512 => unsafe { run_avx512(computation) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<C: Compute>(computation: C) -> C::Output {
    computation.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<C: Compute>(computation: C) -> C::Output {
    computation.run::<Avx512>()
}
