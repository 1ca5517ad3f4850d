//! What a pickle has built so far, and the bounds on it.

use super::{Object, PickleError, Value};

/// Most objects that a pickle may build.
const MOST_OBJECTS: usize = 1 << 20;
/// Most values that a pickle may push or copy.
const MOST_VALUES: usize = 1 << 22;

/// The objects of a pickle.
#[derive(Debug, Default)]
pub(super) struct Heap<'a> {
    objects: Vec<Object<'a>>,
    /// Values pushed or copied so far.
    values: usize,
}

impl<'a> Heap<'a> {
    /// Counts values that take memory.
    pub(super) fn charge(&mut self, values: usize) -> Result<(), PickleError> {
        self.values = self.values.saturating_add(values);
        if self.values > MOST_VALUES { Err(PickleError::TooMany) } else { Ok(()) }
    }

    /// Adds an object.
    pub(super) fn add(&mut self, object: Object<'a>) -> Result<Value<'a>, PickleError> {
        if self.objects.len() == MOST_OBJECTS {
            return Err(PickleError::TooMany);
        }
        self.objects.push(object);
        Ok(Value::Object(self.objects.len() - 1))
    }

    /// The object behind a value.
    pub(super) fn get(&self, value: Value<'a>) -> Option<&Object<'a>> {
        match value {
            Value::Object(id) => self.objects.get(id),
            _ => None,
        }
    }

    /// The object behind a value, to be changed.
    pub(super) fn get_mut(&mut self, value: Value<'a>) -> Option<&mut Object<'a>> {
        match value {
            Value::Object(id) => self.objects.get_mut(id),
            _ => None,
        }
    }

    /// All objects.
    pub(super) fn into_objects(self) -> Vec<Object<'a>> {
        self.objects
    }
}
