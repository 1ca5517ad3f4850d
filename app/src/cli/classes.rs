//! Classes that a command line names.

use ibq_core::{classes::Unresolved, generator::OpenedGenerator};

use super::{failure::Failure, session::Session};

/// The number of a class that was named on the command line.
pub(crate) fn resolve_class(
    word: &str,
    generator: &OpenedGenerator,
    session: &Session,
) -> Result<u32, Failure> {
    let (word, name) = (word.trim(), generator.name());
    let count = generator.config().class_num;
    let last = count - 1;
    if let Ok(number) = word.parse::<u32>() {
        return if number < count {
            Ok(number)
        } else {
            Err(Failure::Usage(format!("there is no class {number}: {name} has 0 to {last}")))
        };
    }
    let Some(classes) = generator.classes() else {
        let reason = format!("{name} carries no names of classes: use numbers, 0 to {last}");
        return Err(Failure::Usage(reason));
    };
    match classes.resolve(word) {
        Ok(found) => {
            if !found.matched.eq_ignore_ascii_case(word) {
                session.note(word, format_args!("taken as class {}, {}", found.class.id, found.class.name()));
            }
            Ok(found.class.id)
        }
        Err(error @ Unresolved::Ambiguous { .. }) => Err(Failure::Usage(error.to_string())),
        Err(Unresolved::Unknown { text }) => {
            Err(Failure::Usage(format!("{name} has no class `{text}`, nor one that is nearly named so")))
        }
    }
}
