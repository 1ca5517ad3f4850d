//! Classes of official YAML files.

/// Whether `class` is one of these, or one of these in another package: `mine.taming.models.vqgan.VQModel`.
pub(super) fn is_one_of(class: &str, classes: &[&str]) -> bool {
    let ends =
        |known: &&str| class.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    classes.iter().any(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_may_lie_in_another_package_but_has_its_whole_name() {
        let classes = ["taming.models.vqgan.VQModel"];
        assert!(is_one_of("taming.models.vqgan.VQModel", &classes));
        assert!(is_one_of("mine.taming.models.vqgan.VQModel", &classes));
        assert!(!is_one_of("nottaming.models.vqgan.VQModel", &classes));
        assert!(!is_one_of("models.vqgan.VQModel", &classes));
        assert!(!is_one_of("taming.models.lfqgan.VQModel", &classes));
    }
}
