//! Moving all sequences forward.

use ibq_shaders::{Kernel, Storage, params::AdvanceParams};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Host, Op, TensorId};

/// Adds to the position of all sequences, so that the same graph computes token after token.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Advance {
    /// The position.
    pub(crate) state: TensorId,
    pub(crate) step: u32,
}

impl Op for Advance {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.state]
    }

    fn label(&self) -> String {
        "advance".to_owned()
    }

    fn compute(&self, host: &mut Host<'_>) {
        let mut state = host.take(self.state);
        state[0] = f32::from_bits(state[0].to_bits() + self.step);
        host.put(self.state, state);
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        vec![DispatchBuilder {
            kernel: Kernel::Advance,
            storage: Storage::F32,
            params: AdvanceParams { step: self.step }.into(),
            bindings: vec![Bound::whole(context.buffer(self.state))],
            extent: Extent::Workgroups([1, 1, 1]),
            label: "advance".into(),
            flops: 0.0,
            bytes: 0.0,
        }]
    }
}
