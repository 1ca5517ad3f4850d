//! The few classes and functions of Python and PyTorch that are known, and the references to storages.

use super::{Form, Object, ObjectId, PickleError, Storage, Tensor, Value, heap::Heap};
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
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Ok(first.unwrap_or(Value::Opaque))
        }
        // A tensor with Python attributes: the function that rebuilds it, its class, the arguments, the attributes.
        ("torch._tensor" | "torch.tensor", "_rebuild_from_type_v2" | "_rebuild_from_type") => {
            let inner = match arguments[..] {
                [function, _, arguments, ..] => rebuilt_by(heap, function, arguments),
                _ => None,
            };
            Ok(match inner {
                Some(Rebuilt::Object(object)) => heap.add(object)?,
                Some(Rebuilt::Value(value)) => value,
                None => heap.add(Object::Unreadable(Form::Function { module, name }))?,
            })
        }
        _ => {
            let object = rebuild(heap, module, name, arguments).unwrap_or(Object::Opaque);
            heap.add(object)
        }
    }
}

/// What a function of PyTorch gives.
enum Rebuilt<'a> {
    Object(Object<'a>),
    Value(Value<'a>),
}

/// What a function that rebuilds tensors gives for a tuple of arguments.
fn rebuilt_by<'a>(heap: &Heap<'a>, function: Value<'a>, arguments: Value<'a>) -> Option<Rebuilt<'a>> {
    let (&Object::Global { module, name }, Object::Tuple(arguments)) =
        (heap.get(function)?, heap.get(arguments)?)
    else {
        return None;
    };
    if module == "torch._utils" && name.starts_with("_rebuild_parameter") {
        return arguments.first().copied().map(Rebuilt::Value);
    }
    rebuild(heap, module, name, arguments).map(Rebuilt::Object)
}

/// The tensor that a function rebuilds, also where it cannot be read; none for functions that rebuild no tensor.
fn rebuild<'a>(
    heap: &Heap<'a>,
    module: &'a str,
    name: &'a str,
    arguments: &[Value<'a>],
) -> Option<Object<'a>> {
    let form = Form::Function { module, name };
    match (module, name) {
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => {
            let tensor = tensor(heap, arguments, name.ends_with("v3"));
            Some(tensor.map_or_else(|form| form.map_or(Object::Opaque, Object::Unreadable), Object::Tensor))
        }
        ("torch._utils" | "torch._tensor", _) if name.starts_with("_rebuild") => {
            Some(Object::Unreadable(form))
        }
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
            Some(Object::Unreadable(form))
        }
        _ => None,
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
        return Some(Storage { dtype: None, class: name, key, bytes: elements });
    }
    let dtype = Dtype::from_storage_class(name);
    // The size of an unknown element is not known either: at least a byte.
    let bytes = elements.checked_mul(dtype.map_or(1, Dtype::size))?;
    Some(Storage { dtype, class: name, key, bytes })
}

/// `(storage, offset, shape, strides, …)`; the third version names the element type as its seventh argument. What is no
/// tensor gives no form.
fn tensor<'a>(
    heap: &Heap<'a>,
    arguments: &[Value<'a>],
    names_dtype: bool,
) -> Result<Tensor, Option<Form<'a>>> {
    let [Value::Object(storage), Value::Int(offset), Value::Object(shape), Value::Object(strides), rest @ ..] =
        arguments
    else {
        return Err(None);
    };
    let Some(Object::Storage(Storage { dtype, class, .. })) = heap.get(Value::Object(*storage)) else {
        return Err(None);
    };
    let dtype = if names_dtype {
        let Some(&Object::Global { module: "torch", name }) = rest.get(2).and_then(|value| heap.get(*value))
        else {
            return Err(None);
        };
        Dtype::from_torch(name).ok_or(Some(Form::Elements(name)))?
    } else {
        dtype.ok_or(Some(Form::Elements(class)))?
    };
    let offset = u64::try_from(*offset).map_err(|_| None)?;
    let [storage, shape, strides]: [ObjectId; 3] = [*storage, *shape, *strides];
    Ok(Tensor { storage, dtype, offset, shape, strides })
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
