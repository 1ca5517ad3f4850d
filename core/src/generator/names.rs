//! What the classes of a generator are called.

use crate::{classes::Classes, transformer::Condition};

/// The names of a generator's classes, where they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassNames(Option<Classes>);

impl ClassNames {
    /// The names of a model with `count` classes: its own, else those of ImageNet if it has as many.
    #[must_use]
    pub fn of_model(own: &[String], count: u32) -> Self {
        Self(Classes::of_model(own, count))
    }

    /// The classes, where they have names.
    #[must_use]
    pub fn classes(&self) -> Option<&Classes> {
        self.0.as_ref()
    }

    /// The usual name of a class, where it has one.
    #[must_use]
    pub fn get(&self, class: u32) -> Option<&str> {
        self.0.as_ref()?.name(class)
    }

    /// The usual name of a class, or "class 7".
    #[must_use]
    pub fn label(&self, class: u32) -> String {
        self.get(class).map_or_else(|| format!("class {class}"), str::to_owned)
    }

    /// What a picture shows, in words: "castle", "castle with 50 % strawberry", "no class".
    #[must_use]
    pub fn describe(&self, condition: Condition) -> String {
        match condition {
            Condition::Class(class) => self.label(class),
            Condition::Mix(one, other, share) => {
                format!("{}{}{}", self.label(one), mixed_with(share), self.label(other))
            }
            Condition::None => "no class".to_owned(),
        }
    }

    /// The names of the class, or of both classes of a mix; empty where one of them has none.
    #[must_use]
    pub fn of_condition(&self, condition: Condition) -> Vec<String> {
        let name = |class: u32| self.get(class).map(str::to_owned);
        let names = match condition {
            Condition::Class(class) => name(class).map(|name| vec![name]),
            Condition::Mix(one, other, _) => name(one).zip(name(other)).map(|(one, other)| vec![one, other]),
            Condition::None => None,
        };
        names.unwrap_or_default()
    }
}

/// What stands between the two classes of a mix with this share of the second: " with 50 % ".
pub(super) fn mixed_with(share: f32) -> String {
    format!(" with {} % ", (share * 100.0).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ClassNames {
        ClassNames::of_model(&["lighthouse".to_owned(), "castle, fortress".to_owned()], 2)
    }

    #[test]
    fn conditions_are_described_by_the_usual_names() {
        for (condition, text) in [
            (Condition::Class(1), "castle"),
            (Condition::Class(7), "class 7"),
            (Condition::Mix(1, 0, 0.333), "castle with 33 % lighthouse"),
            (Condition::None, "no class"),
        ] {
            assert_eq!(names().describe(condition), text);
        }
        assert_eq!(ClassNames::of_model(&[], 2).describe(Condition::Class(1)), "class 1");
    }

    #[test]
    fn a_mix_has_both_names_or_none() {
        assert_eq!(names().of_condition(Condition::Class(1)), ["castle"]);
        assert_eq!(names().of_condition(Condition::Mix(1, 0, 0.5)), ["castle", "lighthouse"]);
        for condition in [Condition::Mix(1, 2, 0.5), Condition::Class(2), Condition::None] {
            assert_eq!(names().of_condition(condition), [""; 0]);
        }
        assert_eq!(ClassNames::of_model(&[], 2).of_condition(Condition::Class(1)), [""; 0]);
    }
}
