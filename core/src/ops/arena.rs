//! Sharing memory between tensors that are not alive at the same time.

use super::{Graph, TensorId};

/// A place in memory for every tensor that is the graph's own.
///
/// A slot is one buffer; tensors whose lifetimes do not overlap share it. Slots rather than offsets in one large
/// buffer: a kernel may not read and write one buffer at once, and a buffer has a largest size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arena {
    /// Size of each slot in bytes.
    pub(crate) slots: Vec<u64>,
    /// The slot of each tensor.
    pub(crate) slot_of: Vec<usize>,
}

impl Arena {
    /// Plans a graph: walks through the operations, gives a new tensor the smallest free slot that holds it, or grows
    /// the largest free one, and frees slots after their tensor's last use.
    pub(crate) fn plan(graph: &Graph) -> Self {
        let lifetimes = lifetimes(graph);
        let mut arena = Self { slots: Vec::new(), slot_of: vec![usize::MAX; graph.tensors.len()] };
        let mut free: Vec<usize> = Vec::new();
        let steps = graph.nodes.len();
        let (mut beginning, mut ending) = (vec![Vec::new(); steps], vec![Vec::new(); steps]);
        for (tensor, &(first, last)) in lifetimes.iter().enumerate() {
            if let Some(tensors) = beginning.get_mut(first) {
                tensors.push(tensor);
            }
            if let Some(tensors) = ending.get_mut(last) {
                tensors.push(tensor);
            }
        }
        for (beginning, ending) in beginning.iter().zip(&ending) {
            for &tensor in beginning {
                arena.slot_of[tensor] = arena.take(&mut free, graph.tensors[tensor]);
            }
            free.extend(ending.iter().map(|&tensor| arena.slot_of[tensor]));
        }
        arena
    }

    /// Bytes of all slots: the peak.
    pub(crate) fn bytes(&self) -> u64 {
        self.slots.iter().sum()
    }

    /// The largest slot.
    pub(crate) fn largest(&self) -> u64 {
        self.slots.iter().copied().max().unwrap_or(0)
    }

    fn take(&mut self, free: &mut Vec<usize>, bytes: u64) -> usize {
        let fitting = free.iter().enumerate().filter(|&(_, &slot)| self.slots[slot] >= bytes);
        let best = fitting.min_by_key(|&(_, &slot)| self.slots[slot]).map(|(index, _)| index);
        let largest =
            || free.iter().enumerate().max_by_key(|&(_, &slot)| self.slots[slot]).map(|(index, _)| index);
        if let Some(index) = best.or_else(largest) {
            let slot = free.swap_remove(index);
            self.slots[slot] = self.slots[slot].max(bytes);
            return slot;
        }
        self.slots.push(bytes);
        self.slots.len() - 1
    }
}

/// First and last operation that touches each tensor. One that is unused or not the graph's own has none.
fn lifetimes(graph: &Graph) -> Vec<(usize, usize)> {
    let mut lifetimes = vec![(usize::MAX, usize::MAX); graph.tensors.len()];
    for (step, node) in graph.nodes.iter().enumerate() {
        for TensorId(tensor) in node.op.touches() {
            let (first, last) = &mut lifetimes[tensor];
            if *first == usize::MAX {
                *first = step;
            }
            *last = step;
        }
    }
    for &TensorId(tensor) in &graph.kept {
        lifetimes[tensor] = (0, usize::MAX);
    }
    for (tensor, lifetime) in lifetimes.iter_mut().enumerate() {
        if graph.imported(TensorId(tensor)).is_some() {
            *lifetime = (usize::MAX, usize::MAX);
        }
    }
    lifetimes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gpu::DispatchBuilder,
        ops::{EmitContext, Host, Op},
    };
    use proptest::prelude::*;

    struct Touch(Vec<TensorId>);

    impl Op for Touch {
        fn touches(&self) -> Vec<TensorId> {
            self.0.clone()
        }
        fn label(&self) -> String {
            "touch".to_owned()
        }
        fn emit<'a>(&self, _: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
            Vec::new()
        }
        fn compute(&self, _: &mut Host<'_>) {}
    }

    #[test]
    fn a_chain_needs_two_slots() {
        let mut graph = Graph::new(ibq_shaders::Storage::F32);
        let tensors: Vec<_> = (0..10).map(|_| graph.tensor(100)).collect();
        for pair in tensors.windows(2) {
            graph.push(Touch(pair.to_vec()));
        }
        assert_eq!(Arena::plan(&graph).slots, [100, 100]);
    }

    proptest! {
        #[test]
        fn tensors_alive_together_never_share(steps in prop::collection::vec(prop::collection::vec(0_usize..12, 1..4), 1..30)) {
            let mut graph = Graph::new(ibq_shaders::Storage::F32);
            for size in 0..12 {
                graph.tensor(16 * (size * 7 % 5 + 1));
            }
            graph.keep(TensorId(3));
            for step in steps {
                graph.push(Touch(step.into_iter().map(TensorId).collect()));
            }
            let arena = Arena::plan(&graph);
            let lives = lifetimes(&graph);
            for a in 0..12 {
                if arena.slot_of[a] == usize::MAX {
                    continue;
                }
                prop_assert!(arena.slots[arena.slot_of[a]] >= graph.tensors[a]);
                for b in 0..a {
                    let apart = lives[a].1 < lives[b].0 || lives[b].1 < lives[a].0;
                    prop_assert!(arena.slot_of[a] != arena.slot_of[b] || apart || arena.slot_of[b] == usize::MAX);
                }
            }
        }
    }
}
