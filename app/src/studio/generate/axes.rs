//! A sheet of pictures over two settings: which settings, and their values.

use ibq_core::transformer::{Condition, PictureRequest};

/// Pictures down and across.
pub(crate) const STEPS: usize = 4;

const SCALES: [f32; STEPS] = [1.0, 2.0, 4.0, 8.0];
const TEMPERATURES: [f32; STEPS] = [0.5, 0.8, 1.0, 1.2];
const TOP_P: [f32; STEPS] = [0.5, 0.8, 0.95, 1.0];
/// 0 is all.
const TOP_K: [u32; STEPS] = [10, 100, 1000, 0];
const SHARES: [f32; STEPS] = [0.0, 0.33, 0.67, 1.0];

/// A setting that is varied down or across a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    Guidance,
    Temperature,
    TopP,
    TopK,
    Seed,
    /// The chosen class, the favorites, and those that follow in the list.
    Class,
    /// Of the second class.
    Share,
}

/// What distinguishes a picture of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// "CFG 2 · T 0.5".
    pub(crate) text: String,
    /// The values alone, "2 · 0.5", for where there is no room.
    pub(crate) values: String,
}

/// The classes that a sheet may show.
pub(crate) struct SheetClasses<'a> {
    /// How many there are.
    pub(crate) count: u32,
    /// Those that are shown first.
    pub(crate) favorites: &'a [u32],
    /// What they are called.
    pub(crate) name: &'a dyn Fn(u32) -> String,
}

impl Axis {
    /// All; that of the second class only where one is mixed in.
    pub(crate) fn all(mixed: bool) -> impl Iterator<Item = Self> {
        let always =
            [Self::Guidance, Self::Temperature, Self::TopP, Self::TopK, Self::Seed, Self::Class].into_iter();
        always.chain(mixed.then_some(Self::Share))
    }

    /// For choosing.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Guidance => "Guidance",
            Self::Temperature => "Temperature",
            Self::TopP => "Top-p",
            Self::TopK => "Top-k",
            Self::Seed => "Seed",
            Self::Class => "Class",
            Self::Share => "Mixed share",
        }
    }

    /// Its values, in words.
    pub(crate) fn values(self) -> &'static str {
        match self {
            Self::Guidance => "guidance 1 to 8",
            Self::Temperature => "temperature 0.5 to 1.2",
            Self::TopP => "top-p 0.5 to 1",
            Self::TopK => "top-k 10 to all",
            Self::Seed => "four seeds",
            Self::Class => "four classes (this one, favorites, the next)",
            Self::Share => "0 to 100 % of the second class",
        }
    }

    /// Gives a request this axis's value of a step, and tells the value, and what stands before it in a label.
    fn apply(
        self,
        step: usize,
        request: &mut PictureRequest,
        classes: &SheetClasses<'_>,
    ) -> (&'static str, String) {
        let sampling = &mut request.sampling;
        match self {
            Self::Guidance => {
                sampling.cfg_scale = SCALES[step];
                ("CFG ", SCALES[step].to_string())
            }
            Self::Temperature => {
                sampling.temperature = TEMPERATURES[step];
                ("T ", TEMPERATURES[step].to_string())
            }
            Self::TopP => {
                sampling.top_p = TOP_P[step];
                ("p ", TOP_P[step].to_string())
            }
            Self::TopK => {
                sampling.top_k = TOP_K[step];
                ("k ", if TOP_K[step] == 0 { "all".to_owned() } else { TOP_K[step].to_string() })
            }
            Self::Seed => {
                request.seed = request.seed.wrapping_add(step as u64);
                ("seed ", request.seed.to_string())
            }
            Self::Class => {
                let class = |first| nth_class(first, step, classes);
                let (condition, class) = match request.condition {
                    Condition::Mix(first, other, share) => {
                        (Condition::Mix(class(first), other, share), class(first))
                    }
                    Condition::Class(first) => (Condition::Class(class(first)), class(first)),
                    Condition::None => (Condition::Class(class(0)), class(0)),
                };
                request.condition = condition;
                ("", (classes.name)(class))
            }
            Self::Share => {
                if let Condition::Mix(_, _, share) = &mut request.condition {
                    *share = SHARES[step];
                }
                ("", format!("{} %", (SHARES[step] * 100.0).round()))
            }
        }
    }
}

/// The class of a step: the chosen one, then the favorites, then those after the chosen one.
fn nth_class(chosen: u32, step: usize, classes: &SheetClasses<'_>) -> u32 {
    let count = classes.count.max(1);
    let following = (1..count).map(|offset| (chosen + offset) % count);
    let mut order = vec![chosen];
    for class in classes.favorites.iter().copied().chain(following) {
        if order.len() > step {
            break;
        }
        if !order.contains(&class) {
            order.push(class);
        }
    }
    order.get(step).copied().unwrap_or(chosen)
}

/// The pictures of a sheet in raster order, each with its label. All else is the same.
pub(super) fn sheet(
    [down, across]: [Axis; 2],
    request: &PictureRequest,
    classes: &SheetClasses<'_>,
) -> Vec<(PictureRequest, Option<Label>)> {
    let mut all = Vec::with_capacity(STEPS * STEPS);
    for row in 0..STEPS {
        for column in 0..STEPS {
            let mut request = request.clone();
            let labels =
                [(down, row), (across, column)].map(|(axis, step)| axis.apply(step, &mut request, classes));
            let text = labels.each_ref().map(|(name, value)| format!("{name}{value}")).join(" · ");
            let values = labels.map(|(_, value)| value).join(" · ");
            all.push((request, Some(Label { text, values })));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use ibq_core::transformer::Sampling;

    fn classes(name: &dyn Fn(u32) -> String) -> SheetClasses<'_> {
        SheetClasses { count: 10, favorites: &[7, 9], name }
    }

    fn request(seed: u64) -> PictureRequest {
        let (condition, sampling) = (Condition::Mix(0, 3, 0.5), Sampling::pretty());
        PictureRequest { condition, sampling, seed, number: 0, fixed: Vec::new() }
    }

    #[test]
    fn a_sheet_differs_in_its_two_settings_and_nothing_else() {
        let (name, plain) = (|class: u32| format!("class {class}"), request(1));
        for down in Axis::all(true) {
            for across in Axis::all(true).filter(|&across| across != down) {
                let all = sheet([down, across], &plain, &classes(&name));
                assert_eq!(all.len(), 16);
                for (index, (request, label)) in all.iter().enumerate() {
                    assert!(request.sampling.validate().is_ok());
                    let same = |other: usize| all[other].0 == *request;
                    assert!((0..16).all(|other| other == index || !same(other)), "{label:?} is there twice");
                    let mut back = request.clone();
                    // What every axis changes, undone.
                    for axis in [down, across] {
                        match axis {
                            Axis::Guidance => back.sampling.cfg_scale = plain.sampling.cfg_scale,
                            Axis::Temperature => back.sampling.temperature = plain.sampling.temperature,
                            Axis::TopP => back.sampling.top_p = plain.sampling.top_p,
                            Axis::TopK => back.sampling.top_k = plain.sampling.top_k,
                            Axis::Seed => back.seed = plain.seed,
                            Axis::Class | Axis::Share => back.condition = plain.condition,
                        }
                    }
                    assert_eq!(back, plain);
                }
            }
        }
        let sheet = sheet([Axis::Guidance, Axis::Temperature], &plain, &classes(&name));
        assert_eq!(sheet[6].1.as_ref().unwrap().text, "CFG 2 · T 1");
    }

    #[test]
    fn labels_are_shortened_to_their_values() {
        let name = |_| "tabby cat".to_owned();
        let plain = request(12);
        let label = |axes, index: usize| sheet(axes, &plain, &classes(&name))[index].1.clone().unwrap();
        for (axes, index, text, values) in [
            ([Axis::Guidance, Axis::Temperature], 4, "CFG 2 · T 0.5", "2 · 0.5"),
            ([Axis::Class, Axis::Seed], 0, "tabby cat · seed 12", "tabby cat · 12"),
            ([Axis::Share, Axis::TopK], 7, "33 % · k all", "33 % · all"),
        ] {
            assert_eq!(label(axes, index), Label { text: text.to_owned(), values: values.to_owned() });
        }
    }

    #[test]
    fn classes_are_the_chosen_one_the_favorites_and_the_next() {
        let name = |class: u32| class.to_string();
        let of = |chosen| [0, 1, 2, 3].map(|step| nth_class(chosen, step, &classes(&name)));
        assert_eq!(of(2), [2, 7, 9, 3]);
        assert_eq!(of(9), [9, 7, 0, 1]);
    }
}
