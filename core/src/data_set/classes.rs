//! Labels as they are written beside pictures become classes.

/// Most classes: their numbers are stored in 16 bits, and one more stands for "no class".
pub(super) const MAX_CLASSES: usize = 65_535;

/// Names of the classes, and the class of every picture. Labels that are all whole numbers are the classes' numbers, and their
/// names; other labels are names, and the classes are in their order.
///
/// # Errors
/// The number of classes, when there are too many.
pub(super) fn classes_of(labels: &[Option<String>]) -> Result<(Vec<String>, Vec<Option<u16>>), usize> {
    let number = |label: &String| label.parse::<usize>().ok();
    let numbers: Option<Vec<usize>> = labels.iter().flatten().map(number).collect();
    let names: Vec<String> = match numbers {
        Some(numbers) => {
            let count = numbers.iter().max().map_or(0, |most| most.saturating_add(1));
            if count > MAX_CLASSES {
                return Err(count);
            }
            (0..count).map(|class| class.to_string()).collect()
        }
        None => {
            let mut names: Vec<String> = labels.iter().flatten().cloned().collect();
            names.sort();
            names.dedup();
            names
        }
    };
    if names.len() > MAX_CLASSES {
        return Err(names.len());
    }
    let numbered = labels.iter().flatten().all(|label| number(label).is_some());
    let class = |label: &String| {
        let class = if numbered { number(label) } else { names.binary_search(label).ok() };
        class.map(|class| class as u16)
    };
    let classes = labels.iter().map(|label| label.as_ref().and_then(class)).collect();
    Ok((names, classes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(labels: &[&str]) -> Vec<Option<String>> {
        labels.iter().map(|label| (!label.is_empty()).then(|| (*label).to_owned())).collect()
    }

    #[test]
    fn numbers_are_kept_and_names_are_sorted() {
        let (names, classes) = classes_of(&labels(&["2", "", "0"])).unwrap();
        assert_eq!(
            (names, classes),
            (vec!["0".into(), "1".into(), "2".into()], vec![Some(2), None, Some(0)])
        );
        let (names, classes) = classes_of(&labels(&["tree", "10", "cat", "tree"])).unwrap();
        assert_eq!(names, ["10", "cat", "tree"]);
        assert_eq!(classes, [Some(2), Some(0), Some(1), Some(2)]);
        assert_eq!(classes_of(&labels(&["", ""])).unwrap(), (vec![], vec![None, None]));
    }

    #[test]
    fn a_huge_number_makes_no_huge_list() {
        assert_eq!(classes_of(&labels(&["65535"])), Err(65_536));
        assert_eq!(classes_of(&labels(&["18446744073709551615"])), Err(usize::MAX));
    }
}
