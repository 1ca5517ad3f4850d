//! The few classes and functions of Python and PyTorch that are known, and the references to storages.

use super::{Object, ObjectId, PickleError, Storage, Tensor, Value, heap::Heap};
use crate::formats::{Dtype, safetensors::LONGEST_NAME};

/// The result of calling `callee` with a tuple of arguments.
pub(super) fn call<'a>(
    heap: &mut Heap<'a>,
    callee: Value<'a>,
    arguments: Value<'a>,
) -> Result<Value<'a>, PickleError> {
    let Some(&Object::Global { module, name }) = heap.get(callee) else {
        return heap.add(Object::Opaque);
    };
    let Some(Object::Tuple(arguments)) = heap.get(arguments) else {
        return heap.add(Object::Opaque);
    };
    let first = arguments.first().copied();
    match (module, name) {
        ("collections", "OrderedDict" | "Counter") => {
            let pairs = first.map_or(Ok(Vec::new()), |items| dict_of(heap, items))?;
            heap.add(Object::Dict(pairs))
        }
        ("collections", "defaultdict") | ("builtins" | "__builtin__", "dict") => {
            heap.add(Object::Dict(Vec::new()))
        }
        // A size is a tuple of numbers and comes as one.
        ("torch", "Size") => Ok(first.unwrap_or(Value::Opaque)),
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => {
            let tensor = tensor(heap, arguments, name.ends_with("v3"));
            heap.add(tensor.map_or(Object::Opaque, Object::Tensor))
        }
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Ok(first.unwrap_or(Value::Opaque))
        }
        _ => heap.add(Object::Opaque),
    }
}

/// What a persistent reference stands for: in PyTorch's pickles, a storage.
pub(super) fn persistent<'a>(heap: &mut Heap<'a>, id: Value<'a>) -> Result<Value<'a>, PickleError> {
    let storage = storage(heap, id);
    // A pickle can use one long text as the key of a million storages; each key is hashed and compared later.
    if let Some(storage) = storage.filter(|storage| storage.key.len() > LONGEST_NAME) {
        return Err(PickleError::LongKey(storage.key.len()));
    }
    heap.add(storage.map_or(Object::Opaque, Object::Storage))
}

/// `("storage", class, key, device, elements)`; a sixth item other than None would be a view into another storage,
/// which PyTorch has not written since 0.4.
fn storage<'a>(heap: &Heap<'a>, id: Value<'a>) -> Option<Storage<'a>> {
    let Object::Tuple(items) = heap.get(id)? else { return None };
    let [Value::Text("storage"), class, Value::Text(key), _, Value::Int(elements), rest @ ..] = &items[..]
    else {
        return None;
    };
    let elements = u64::try_from(*elements).ok()?;
    let Object::Global { module, name } = heap.get(*class)? else { return None };
    if !matches!(*module, "torch" | "torch.cuda" | "torch.storage") || !matches!(rest, [] | [Value::None]) {
        return None;
    }
    if *name == "UntypedStorage" {
        return Some(Storage { dtype: None, key, bytes: elements });
    }
    let dtype = Dtype::from_storage_class(name)?;
    Some(Storage { dtype: Some(dtype), key, bytes: elements.checked_mul(dtype.size())? })
}

/// `(storage, offset, shape, strides, …)`; the third version names the element type as its seventh argument.
fn tensor<'a>(heap: &Heap<'a>, arguments: &[Value<'a>], names_dtype: bool) -> Option<Tensor> {
    let [Value::Object(storage), Value::Int(offset), Value::Object(shape), Value::Object(strides), rest @ ..] =
        arguments
    else {
        return None;
    };
    let Object::Storage(Storage { dtype, .. }) = heap.get(Value::Object(*storage))? else { return None };
    let dtype = if names_dtype { named_dtype(heap, *rest.get(2)?)? } else { (*dtype)? };
    let offset = u64::try_from(*offset).ok()?;
    let [storage, shape, strides]: [ObjectId; 3] = [*storage, *shape, *strides];
    Some(Tensor { storage, dtype, offset, shape, strides })
}

fn named_dtype<'a>(heap: &Heap<'a>, value: Value<'a>) -> Option<Dtype> {
    match heap.get(value)? {
        Object::Global { module: "torch", name } => Dtype::from_torch(name),
        _ => None,
    }
}

/// The dictionary that a list of pairs makes. Copied values are charged, since a list can be used many times.
fn dict_of<'a>(heap: &mut Heap<'a>, items: Value<'a>) -> Result<Vec<(Value<'a>, Value<'a>)>, PickleError> {
    let pairs = match heap.get(items) {
        Some(Object::List(items) | Object::Tuple(items)) => {
            let pair = |item: &Value<'a>| match heap.get(*item)? {
                Object::Tuple(pair) | Object::List(pair) => Some((*pair.first()?, *pair.get(1)?)),
                _ => None,
            };
            let len = items.len();
            let pairs: Vec<_> = items.iter().filter_map(pair).collect();
            (pairs, len)
        }
        Some(Object::Dict(pairs)) => (pairs.clone(), pairs.len()),
        _ => return Ok(Vec::new()),
    };
    heap.charge(pairs.1)?;
    Ok(pairs.0)
}
