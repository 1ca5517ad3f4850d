//! A restricted pickle interpreter: it builds tensors, dictionaries, lists and scalars, and never runs anything.
//!
//! A pickle is a program for a small stack machine. Where Python would call a class or function by name, only the few
//! that rebuild tensors are known here (`torch.rs`); everything else becomes an opaque object, so that callbacks, loops
//! and optimizers in a training checkpoint do no harm and cost nothing. Memory and work are bounded.

mod heap;
mod machine;
mod reader;
mod torch;

pub(super) use machine::unpickle;

use crate::formats::{Dtype, safetensors::LONGEST_NAME};

/// Longest pickle that is read, in bytes. Those of the official checkpoints have about 2 MB.
pub(super) const LONGEST: u64 = 32 << 20;
/// Index of an object that was built.
pub(super) type ObjectId = usize;

/// A value on the machine's stack. Text points into the pickle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    /// Something that was built; objects may hold each other in circles.
    Object(ObjectId),
    /// Something that is of no interest: floats, bytes, numbers beyond 64 bits.
    Opaque,
}

/// Something that was built.
#[derive(Debug)]
pub(super) enum Object<'a> {
    List(Vec<Value<'a>>),
    Tuple(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// A class or function by its name.
    Global {
        module: &'a str,
        name: &'a str,
    },
    Storage(Storage<'a>),
    Tensor(Tensor),
    /// A tensor whose form or element type is not known here.
    Unreadable(Form<'a>),
    /// An instance of a class that is not known here.
    Opaque,
}

/// The form of a tensor that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form<'a> {
    /// It would be rebuilt by this function.
    Function { module: &'a str, name: &'a str },
    /// Its elements have this type.
    Elements(&'a str),
}

/// The memory behind tensors: a run of bytes elsewhere in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Storage<'a> {
    /// Element type; none for untyped storages, whose tensors say it.
    pub(super) dtype: Option<Dtype>,
    /// Its class in PyTorch, which names the element type.
    pub(super) class: &'a str,
    /// Its name in the file.
    pub(super) key: &'a str,
    /// Its size in bytes.
    pub(super) bytes: u64,
}

/// A tensor; shape and strides are tuples that are looked at only when the tensor is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) storage: ObjectId,
    pub(super) dtype: Dtype,
    pub(super) offset: u64,
    pub(super) shape: ObjectId,
    pub(super) strides: ObjectId,
}

/// What a pickle holds.
#[derive(Debug)]
pub(super) struct Unpickled<'a> {
    pub(super) root: Value<'a>,
    pub(super) objects: Vec<Object<'a>>,
    /// Bytes of input that were used.
    pub(super) used: usize,
}

impl std::fmt::Display for Form<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match *self {
            Self::Elements(name) => {
                return write!(
                    formatter,
                    "has elements of type `{name}`, which is not read; convert it first"
                );
            }
            Self::Function { name, .. } => match name {
                "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => "a sparse tensor",
                "_rebuild_qtensor" => "a quantized tensor",
                "_rebuild_nested_tensor" => "a nested tensor",
                "_rebuild_meta_tensor_no_storage" => "a tensor without values (device `meta`)",
                "_rebuild_wrapper_subclass" => "a wrapped or distributed tensor",
                "_reconstruct" | "_rebuild_device_tensor_from_numpy" => "a NumPy array",
                _ => "",
            },
        };
        match *self {
            Self::Function { module, name } if what.is_empty() => {
                write!(formatter, "is stored as `{module}.{name}`")?;
            }
            _ => write!(formatter, "is stored as {what}")?,
        }
        formatter.write_str(", which is not read; save a plain tensor of its values")
    }
}

impl<'a> Unpickled<'a> {
    /// The object behind a value.
    pub(super) fn object(&self, value: Value<'a>) -> Option<&Object<'a>> {
        match value {
            Value::Object(id) => self.objects.get(id),
            _ => None,
        }
    }

    /// The pairs of a dictionary.
    pub(super) fn dict(&self, value: Value<'a>) -> Option<&[(Value<'a>, Value<'a>)]> {
        match self.object(value) {
            Some(Object::Dict(pairs)) => Some(pairs),
            _ => None,
        }
    }

    /// What a dictionary holds under a text; of several, the last, as in Python.
    pub(super) fn lookup(&self, dict: Value<'a>, key: &str) -> Option<Value<'a>> {
        let pairs = self.dict(dict)?;
        pairs.iter().rev().find(|pair| pair.0 == Value::Text(key)).map(|pair| pair.1)
    }

    /// A tuple or list of whole numbers that are not negative.
    pub(super) fn sizes(&self, id: ObjectId) -> Option<Vec<u64>> {
        let (Object::Tuple(items) | Object::List(items)) = self.objects.get(id)? else { return None };
        let size = |item: &Value<'_>| match item {
            Value::Int(size) => u64::try_from(*size).ok(),
            _ => None,
        };
        if items.len() > 64 { None } else { items.iter().map(size).collect() }
    }
}

/// Why a pickle cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PickleError {
    #[error("pickle: ends too early")]
    Truncated,
    #[error("pickle: {1} at byte {0}")]
    Malformed(usize, &'static str),
    #[error("pickle: builds too many objects")]
    TooMany,
    #[error("pickle: the key of a storage has {0} bytes, at most {LONGEST_NAME} are read")]
    LongKey(usize),
}
