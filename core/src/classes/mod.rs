//! Names of classes: the thousand of ImageNet, or those that a model brings along, and finding a class by what people type.

mod search;

use std::sync::OnceLock;

pub use search::{Found, Unresolved};

/// Line n is class n: WordNet id, tab, names.
const IMAGENET: &str = include_str!("imagenet.txt");

/// One class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its number, as models count.
    pub id: u32,
    /// Its WordNet id ("n01440764"), where it has one.
    pub wnid: Option<String>,
    /// Its names, the usual one first; at least one.
    pub names: Vec<String>,
}

/// The classes of a model, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes(Vec<Class>);

impl Class {
    /// The usual name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

impl Classes {
    /// The classes of ImageNet-1k, sorted by their WordNet ids as all its models have them: 0 is "tench".
    #[must_use]
    pub fn imagenet() -> &'static Self {
        static LIST: OnceLock<Classes> = OnceLock::new();
        LIST.get_or_init(|| {
            let lines = IMAGENET.lines().filter_map(|line| line.split_once('\t'));
            Self(lines.enumerate().map(|(id, (wnid, names))| class(id, Some(wnid), names)).collect())
        })
    }

    /// Classes with these names, in the order of their numbers. A name may list others after commas ("tabby, tabby cat").
    #[must_use]
    pub fn named(names: &[String]) -> Self {
        Self(names.iter().enumerate().map(|(id, names)| class(id, None, names)).collect())
    }

    /// The classes of a model with `count` of them: those that it brings along, else those of ImageNet if it has as many;
    /// none where nobody knows their names.
    #[must_use]
    pub fn of_model(own: &[String], count: u32) -> Option<Self> {
        if !own.is_empty() {
            return Some(Self::named(&own[..own.len().min(count as usize)]));
        }
        let imagenet = Self::imagenet();
        (imagenet.0.len() == count as usize).then(|| imagenet.clone())
    }

    /// All classes in order.
    #[must_use]
    pub fn all(&self) -> &[Class] {
        &self.0
    }

    /// The class of this number.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&Class> {
        self.0.get(id as usize)
    }

    /// The usual name of a class.
    #[must_use]
    pub fn name(&self, id: u32) -> Option<&str> {
        self.get(id).map(Class::name)
    }
}

fn class(id: usize, wnid: Option<&str>, names: &str) -> Class {
    let names = names.split(", ").map(|name| name.trim().to_owned()).collect();
    Class { id: id as u32, wnid: wnid.map(str::to_owned), names }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_list_is_imagenet_in_its_order() {
        let classes = Classes::imagenet();
        assert_eq!(classes.all().len(), 1000);
        for (id, wnid, name) in [
            (0, "n01440764", "tench"),
            (1, "n01443537", "goldfish"),
            (7, "n01514668", "cock"),
            (88, "n01818515", "macaw"),
            (134, "n02012849", "crane (bird)"),
            (207, "n02099601", "golden retriever"),
            (281, "n02123045", "tabby"),
            (388, "n02510455", "giant panda"),
            (437, "n02814860", "beacon"),
            (517, "n03126707", "crane (machine)"),
            (620, "n03642806", "laptop"),
            (746, "n04019541", "puck"),
            (812, "n04266014", "space shuttle"),
            (933, "n07697313", "cheeseburger"),
            (980, "n09472597", "volcano"),
            (999, "n15075141", "toilet tissue"),
        ] {
            let class = classes.get(id).unwrap();
            assert_eq!((class.wnid.as_deref(), class.name()), (Some(wnid), name));
        }
        let sorted = classes.all().windows(2).all(|pair| pair[0].wnid < pair[1].wnid);
        assert!(sorted, "not in the order of WordNet ids");
    }

    #[test]
    fn every_class_has_a_name_of_its_own() {
        let classes = Classes::imagenet().all();
        let names: HashSet<&str> = classes.iter().map(Class::name).collect();
        assert_eq!(names.len(), 1000);
        assert!(classes.iter().flat_map(|class| &class.names).all(|name| !name.is_empty()));
    }

    #[test]
    fn a_model_has_its_own_names_or_those_of_imagenet() {
        let own = ["sea".to_owned(), "owl, night bird".to_owned(), "one too many".to_owned()];
        let classes = Classes::of_model(&own, 2).unwrap();
        assert_eq!((classes.all().len(), classes.name(1), classes.name(2)), (2, Some("owl"), None));
        assert_eq!(Classes::of_model(&[], 1000).unwrap().name(0), Some("tench"));
        assert_eq!(Classes::of_model(&[], 10), None);
    }
}
