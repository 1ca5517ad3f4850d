//! What the list says of one kernel, and its text.

use crate::{
    constants,
    params::StructLayout,
    specialize::{Constant, Specialization, SpecializeError, specialize},
    storage::Storage,
};

/// How a shader is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stages {
    /// By the compute entry point `main`, in workgroups of this many invocations.
    Compute([u32; 3]),
    /// By the entry points `vertex` and `fragment`.
    Draw,
}

/// A line of the list.
pub(crate) struct Entry {
    /// Path under `wgsl/`.
    pub(crate) file: &'static str,
    /// The file.
    pub(crate) text: &'static str,
    pub(crate) stages: Stages,
    /// The struct of the uniform buffer of binding 0.
    pub(crate) params: &'static StructLayout,
    /// What this variant is specialized with.
    pub(crate) specialization: Specialization,
}

/// The modules under `wgsl/shared/`: names, and files.
pub(crate) const MODULES: [(&str, &str); 9] = [
    ("constants", include_str!("../wgsl/shared/constants.wgsl")),
    ("invocation", include_str!("../wgsl/shared/invocation.wgsl")),
    ("philox", include_str!("../wgsl/shared/philox.wgsl")),
    ("quantized", include_str!("../wgsl/shared/quantized.wgsl")),
    ("reduce", include_str!("../wgsl/shared/reduce.wgsl")),
    ("state", include_str!("../wgsl/shared/state.wgsl")),
    ("storage", include_str!("../wgsl/shared/storage.wgsl")),
    ("top2", include_str!("../wgsl/shared/top2.wgsl")),
    ("window", include_str!("../wgsl/shared/window.wgsl")),
];

impl Entry {
    /// Name of the file without folder and ending.
    pub(crate) fn name(&self) -> &'static str {
        let name = self.file.rsplit_once('/').map_or(self.file, |(_, name)| name);
        name.strip_suffix(".wgsl").unwrap_or(name)
    }

    /// The WGSL text for one storage.
    ///
    /// # Errors
    /// [`SpecializeError`] names the line.
    pub(crate) fn source(&self, storage: Storage) -> Result<String, SpecializeError> {
        let mut with = self.specialization.clone();
        with.modules = MODULES.into();
        with.flags.insert("F16", storage != Storage::F32);
        with.flags.insert("NATIVE_F16", storage == Storage::NativeF16);
        with.constants.extend(constants::SHARED);
        if let Stages::Compute(workgroup) = self.stages {
            with.constants.insert("THREADS", Constant::U32(workgroup.iter().product()));
        }
        specialize(self.text, &with)
    }
}

/// Declares an enum of shaders from a list with one item for each: its variants, file, stages, parameters and, where its
/// text depends on the variant, what it is specialized with.
macro_rules! shader_list {
    (
        $(#[$about:meta])*
        $visibility:vis enum $List:ident {$(
            $(#[$shader_about:meta])*
            $Shader:ident $(($($variant:ident: $Variant:ty),+))? {
                file: $file:literal,
                stages: $stages:expr,
                params: $Params:ty,
                $(with: $with:expr,)?
            }
        )+}
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $List {$(
            $(#[$shader_about])*
            #[doc = ""]
            #[doc = concat!("File: `", $file, "`")]
            $Shader $(($($Variant),+))?,
        )+}

        impl $List {
            /// Every shader with all its variants.
            #[must_use]
            $visibility fn all() -> Vec<Self> {
                let mut all = Vec::new();
                $($crate::entry::shader_list!(
                    @each all, Self::$Shader $(($($variant),+))? $(, $($variant: $Variant),+)?
                );)+
                all
            }

            pub(crate) fn entry(self) -> $crate::entry::Entry {
                match self {$(
                    Self::$Shader $(($($variant),+))? => $crate::entry::Entry {
                        file: $file,
                        text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/wgsl/", $file)),
                        stages: $stages,
                        params: <$Params as $crate::params::HostShareable>::LAYOUT,
                        specialization: $crate::entry::shader_list!(@or_default $($with)?),
                    },
                )+}
            }
        }
    };
    (@each $all:ident, $shader:expr) => { $all.extend([$shader]) };
    (@each $all:ident, $shader:expr, $variant:ident: $Variant:ty $(, $($rest:tt)+)?) => {
        for $variant in <$Variant>::ALL {
            $crate::entry::shader_list!(@each $all, $shader $(, $($rest)+)?);
        }
    };
    (@or_default) => { $crate::specialize::Specialization::default() };
    (@or_default $with:expr) => { $with };
}
pub(crate) use shader_list;
