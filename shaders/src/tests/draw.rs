//! The list can hold shaders that draw; they are checked like kernels.

use std::collections::BTreeSet;

use super::{Variant, structs, validation};
use crate::{
    Stages, Storage,
    entry::{Entry, shader_list},
    params::{HostShareable, PeakArithmeticParams},
};

shader_list! {
    /// A list with a shader that draws.
    enum Drawing {
        /// A triangle.
        Triangle {
            file: "../src/tests/draw.wgsl",
            stages: Stages::Draw,
            params: PeakArithmeticParams,
        }
    }
}

#[test]
fn a_shader_that_draws_is_checked_like_a_kernel() {
    for triangle in Drawing::all() {
        let variant = Variant::new("triangle", triangle.entry(), Storage::F32);
        assert_eq!(variant.entry.name(), "draw");
        assert_eq!(validation::check(&variant), Ok(()));
        assert_eq!(structs::check(&variant, &mut BTreeSet::new()), Ok(()));
    }
}

#[test]
fn other_entry_points_than_those_of_the_list_are_reported() {
    let text = "@fragment\nfn fragment() -> @location(0) vec4<f32> {\nreturn vec4(1.0);\n}";
    for stages in [Stages::Draw, Stages::Compute([1, 1, 1])] {
        let params = PeakArithmeticParams::LAYOUT;
        let entry = Entry { file: "probe.wgsl", text, stages, params, specialization: Default::default() };
        let problem = validation::check(&Variant::new("probe", entry, Storage::F32)).unwrap_err();
        assert!(problem.contains("entry points"), "{problem}");
    }
}
