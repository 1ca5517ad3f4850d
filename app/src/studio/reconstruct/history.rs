//! The tokens being edited, with undo and redo.

use ibq_core::tokens::TokenGrid;

/// One token that was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    position: u32,
    from: u32,
    to: u32,
}

/// Changes that are kept for undoing; older ones can no longer be undone.
const DEPTH: usize = 256;

/// A grid of tokens and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct History {
    original: Vec<u32>,
    grid: TokenGrid,
    done: Vec<Vec<Change>>,
    undone: Vec<Vec<Change>>,
    /// The last entry of `done` is a stroke that goes on.
    stroke: bool,
}

impl History {
    pub(crate) fn new(grid: TokenGrid) -> Self {
        Self { original: grid.tokens.clone(), grid, done: Vec::new(), undone: Vec::new(), stroke: false }
    }

    /// The tokens as they are now.
    pub(crate) fn grid(&self) -> &TokenGrid {
        &self.grid
    }

    /// The token at a position in raster order.
    pub(crate) fn get(&self, position: u32) -> Option<u32> {
        self.grid.tokens.get(position as usize).copied()
    }

    /// The token at a position before any edit.
    pub(crate) fn original(&self, position: u32) -> Option<u32> {
        self.original.get(position as usize).copied()
    }

    /// Whether any token differs from the original.
    pub(crate) fn is_edited(&self) -> bool {
        self.grid.tokens != self.original
    }

    pub(crate) fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    pub(crate) fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// Sets tokens as one step that can be undone. Returns whether anything changed.
    pub(crate) fn set(&mut self, tokens: impl IntoIterator<Item = (u32, u32)>) -> bool {
        self.end_stroke();
        let changes = self.write(tokens);
        if changes.is_empty() {
            return false;
        }
        self.remember(changes);
        true
    }

    /// Sets tokens as part of a stroke: all of it is undone at once.
    pub(crate) fn paint(&mut self, tokens: impl IntoIterator<Item = (u32, u32)>) -> bool {
        let changes = self.write(tokens);
        if changes.is_empty() {
            return false;
        }
        match self.done.last_mut() {
            Some(stroke) if self.stroke => stroke.extend(changes),
            _ => self.remember(changes),
        }
        self.stroke = true;
        true
    }

    /// The pointer was lifted.
    pub(crate) fn end_stroke(&mut self) {
        self.stroke = false;
    }

    /// Takes the last step back.
    pub(crate) fn undo(&mut self) -> bool {
        self.end_stroke();
        let Some(changes) = self.done.pop() else { return false };
        for change in changes.iter().rev() {
            self.grid.tokens[change.position as usize] = change.from;
        }
        self.undone.push(changes);
        true
    }

    /// Takes the last step again that was taken back.
    pub(crate) fn redo(&mut self) -> bool {
        self.end_stroke();
        let Some(changes) = self.undone.pop() else { return false };
        for change in &changes {
            self.grid.tokens[change.position as usize] = change.to;
        }
        self.done.push(changes);
        true
    }

    /// Puts all tokens back, as a step that can be undone.
    pub(crate) fn reset(&mut self) -> bool {
        let original = self.original.clone();
        self.set((0_u32..).zip(original))
    }

    /// Exchanges the tokens of some positions at random; `seed` names the order.
    pub(crate) fn shuffle(&mut self, positions: &[u32], seed: u64) -> bool {
        let mut tokens: Vec<u32> = positions.iter().filter_map(|&position| self.get(position)).collect();
        if tokens.len() != positions.len() {
            return false;
        }
        let mut random = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
        for last in (1..tokens.len()).rev() {
            // xorshift: even enough for a shuffle that is looked at.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            tokens.swap(last, (random % (last as u64 + 1)) as usize);
        }
        self.set(positions.iter().copied().zip(tokens))
    }

    fn write(&mut self, tokens: impl IntoIterator<Item = (u32, u32)>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (position, to) in tokens {
            if let Some(token) = self.grid.tokens.get_mut(position as usize)
                && *token != to
            {
                changes.push(Change { position, from: *token, to });
                *token = to;
            }
        }
        changes
    }

    fn remember(&mut self, changes: Vec<Change>) {
        self.undone.clear();
        if self.done.len() == DEPTH {
            self.done.remove(0);
        }
        self.done.push(changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn history() -> History {
        History::new(TokenGrid { rows: 2, cols: 3, tokens: vec![0, 1, 2, 3, 4, 5] })
    }

    #[test]
    fn a_stroke_is_one_step() {
        let mut history = history();
        assert!(history.paint([(0, 9)]) && history.paint([(1, 9), (0, 8)]));
        history.end_stroke();
        assert!(history.set([(5, 7)]));
        assert_eq!(history.grid().tokens, [8, 9, 2, 3, 4, 7]);
        assert!(history.undo() && history.undo() && !history.undo());
        assert!(!history.is_edited());
        assert!(history.redo() && history.redo() && !history.redo());
        assert_eq!(history.grid().tokens, [8, 9, 2, 3, 4, 7]);
    }

    #[test]
    fn what_changes_nothing_is_no_step() {
        let mut history = history();
        assert!(!history.set([(2, 2)]) && !history.set([(99, 1)]) && !history.reset());
        assert!(!history.can_undo());
    }

    #[test]
    fn a_shuffle_keeps_the_tokens_and_touches_only_its_positions() {
        let mut history = History::new(TokenGrid { rows: 8, cols: 8, tokens: (0..64).collect() });
        let region: Vec<u32> = (10..30).collect();
        assert!(history.shuffle(&region, 1));
        let mut inside: Vec<u32> = history.grid().tokens[10..30].to_vec();
        assert_ne!(inside, region);
        inside.sort_unstable();
        assert_eq!(inside, region);
        assert!(history.grid().tokens[..10].iter().copied().eq(0..10));
        assert!(history.undo() && !history.is_edited());
    }

    proptest! {
        #[test]
        fn undoing_everything_leads_back(edits in proptest::collection::vec((0_u32..6, 0_u32..9, any::<bool>()), 0..40)) {
            let mut history = history();
            for (position, code, stroke) in edits {
                if stroke { history.paint([(position, code)]) } else { history.set([(position, code)]) };
            }
            let last = history.grid().clone();
            let mut steps = 0;
            while history.undo() { steps += 1; }
            prop_assert!(!history.is_edited());
            for _ in 0..steps { prop_assert!(history.redo()); }
            prop_assert_eq!(history.grid(), &last);
        }
    }
}
