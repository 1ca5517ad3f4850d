//! What pictures are made of.

use ibq_core::{
    generator::Recipe,
    transformer::{Condition, Sampling},
};

use super::axes::Axis;

/// What several pictures differ in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Spread {
    /// In their draws.
    #[default]
    Numbers,
    /// In two settings.
    Settings,
}

/// What pictures are made of.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) class: u32,
    /// A second class and its share.
    pub(super) mixed: Option<(u32, f32)>,
    pub(super) seed: u64,
    pub(super) count: u32,
    pub(super) spread: Spread,
    /// What differs down and across a sheet over two settings.
    pub(super) axes: [Axis; 2],
    pub(super) sampling: Sampling,
}

impl Default for Settings {
    fn default() -> Self {
        let axes = [Axis::Guidance, Axis::Temperature];
        let sampling = Sampling::pretty();
        Self { class: 0, mixed: None, seed: 1, count: 4, spread: Spread::Numbers, axes, sampling }
    }
}

impl Settings {
    /// The settings that a picture was made with.
    pub(super) fn of(recipe: &Recipe) -> Self {
        let (class, mixed) = match recipe.condition {
            Condition::Class(class) => (class, None),
            Condition::Mix(class, other, share) => (class, Some((other, share))),
            Condition::None => (0, None),
        };
        let (seed, sampling) = (recipe.seed, recipe.sampling);
        Self { class, mixed, seed, count: 1, sampling, ..Self::default() }
    }

    /// What the pictures are to show.
    pub(super) fn condition(&self) -> Condition {
        match self.mixed {
            Some((other, share)) => Condition::Mix(self.class, other, share),
            None => Condition::Class(self.class),
        }
    }

    /// What can differ on a sheet.
    pub(super) fn possible_axes(&self) -> impl Iterator<Item = Axis> {
        Axis::all(self.mixed.is_some())
    }

    /// What differs down and across a sheet: there is no share of a second class where there is none.
    pub(super) fn axes(&self) -> [Axis; 2] {
        let there = |axis| self.possible_axes().any(|one| one == axis);
        let [down, across] = self.axes;
        let free = |other| if other == Axis::Guidance { Axis::Temperature } else { Axis::Guidance };
        let down = if there(down) { down } else { free(across) };
        [down, if there(across) { across } else { free(down) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_second_class_no_sheet_is_over_its_share() {
        let axes = |axes, mixed| Settings { axes, mixed, ..Settings::default() }.axes();
        let (share, seed) = (Axis::Share, Axis::Seed);
        assert_eq!(axes([share, seed], Some((1, 0.5))), [share, seed]);
        assert_eq!(axes([share, seed], None), [Axis::Guidance, seed]);
        assert_eq!(axes([Axis::Guidance, share], None), [Axis::Guidance, Axis::Temperature]);
    }
}
