//! Which Python names mean what.

use crate::DType;
use crate::pickle::{Global, Heap, Value, View};

/// What a call of a name gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callee {
    /// A tensor that is a view of a storage.
    Rebuild(Rebuild),
    /// `collections.OrderedDict`: its first argument is a list of pairs.
    OrderedDict,
    /// `collections.defaultdict`: its first argument is a class.
    DefaultDict,
    /// A plain value, if its arguments are plain.
    Plain,
    /// A tensor that has no form as a dense array of numbers; why.
    Unsupported(&'static str),
    /// Anything else.
    Other,
}

/// The functions that make a tensor of a storage or of another tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebuild {
    /// `(storage, offset, size, stride, …)`; the index of the argument that is metadata.
    View { dtype: Option<usize>, metadata: Option<usize> },
    /// `(tensor, …)`; the index of the argument that is state.
    Wrapped { state: Option<usize> },
    /// `(function, class, arguments, state)`.
    FromType,
    /// `(tensor, dtype, device, …)`: the tensor, converted.
    Converted,
}

/// What a call of this name gives.
pub(super) fn callee(global: &Global) -> Callee {
    let Some((module, name)) = global.known() else { return Callee::Other };
    match (module, name) {
        ("torch._utils", name) => utils(name),
        ("torch._tensor" | "torch.tensor", "_rebuild_from_type_v2" | "_rebuild_from_type") => {
            Callee::Rebuild(Rebuild::FromType)
        }
        ("collections", "OrderedDict") => Callee::OrderedDict,
        ("collections", "defaultdict") => Callee::DefaultDict,
        ("torch", "Size" | "device")
        | ("_codecs", "encode")
        | ("builtins", "set" | "frozenset" | "complex" | "bytearray" | "slice" | "range") => {
            Callee::Plain
        }
        _ => Callee::Other,
    }
}

fn utils(name: &str) -> Callee {
    match name {
        "_rebuild_tensor" => Callee::Rebuild(Rebuild::View { dtype: None, metadata: None }),
        "_rebuild_tensor_v2" => Callee::Rebuild(Rebuild::View { dtype: None, metadata: Some(6) }),
        "_rebuild_tensor_v3" => {
            Callee::Rebuild(Rebuild::View { dtype: Some(6), metadata: Some(7) })
        }
        "_rebuild_parameter" => Callee::Rebuild(Rebuild::Wrapped { state: None }),
        "_rebuild_parameter_with_state" => Callee::Rebuild(Rebuild::Wrapped { state: Some(3) }),
        "_rebuild_qtensor" => Callee::Unsupported("it is quantized, with scales of its own"),
        "_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor" => {
            Callee::Unsupported("it is sparse")
        }
        "_rebuild_meta_tensor_no_storage" => Callee::Unsupported("it has no data (device `meta`)"),
        "_rebuild_nested_tensor" => Callee::Unsupported("it is nested: its rows differ in shape"),
        "_rebuild_wrapper_subclass" => Callee::Unsupported("its class holds the data elsewhere"),
        "_rebuild_device_tensor_from_cpu_tensor" => Callee::Rebuild(Rebuild::Converted),
        "_rebuild_device_tensor_from_numpy" | "_rebuild_xla_tensor" => {
            Callee::Unsupported("its data is a numpy array")
        }
        _ => Callee::Other,
    }
}

/// Whether a class of this name is a tensor that holds nothing but its numbers.
pub(super) fn is_tensor_class(global: &Global) -> bool {
    let Some((module, name)) = global.known() else { return false };
    match module {
        "torch" | "torch._tensor" | "torch.tensor" => name == "Tensor",
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        _ => false,
    }
}

/// `torch.float16` and the like.
pub(super) fn dtype(heap: &Heap, value: Value) -> Option<DType> {
    let (module, name) = heap.global(value)?.known()?;
    if module == "torch" { DType::from_torch(name) } else { None }
}

/// Whether an import is a constant: a type of elements, or a class of plain values.
pub(super) fn is_constant(global: &Global) -> bool {
    match global.known() {
        Some(("torch", name)) => DType::from_torch(name).is_some(),
        Some(("builtins", name)) => {
            matches!(name, "int" | "float" | "list" | "dict" | "set" | "str" | "bool" | "tuple")
        }
        Some(("collections", name)) => name == "OrderedDict",
        _ => false,
    }
}

/// The element type of a storage's class. As in torch, the name decides; the module has to be one
/// of torch's.
pub(super) fn storage_dtype(heap: &Heap, class: Value) -> Option<DType> {
    let (module, name) = heap.global(class)?.known()?;
    let torch = module == "torch" || module.starts_with("torch.");
    if torch { DType::from_torch_storage(name) } else { None }
}

/// The name of what is called, for a message.
pub(super) fn called(heap: &Heap, callee: Value) -> String {
    match heap.view(callee) {
        View::Global(global) => imported(global),
        // The legacy layout has the class of a module as `('module', class, file, source)`.
        View::PersistentId(id) => match heap.view(id) {
            View::Tuple(items) => match items.shown.get(1).and_then(|class| heap.global(*class)) {
                Some(class) => imported(class),
                None => "a persistent id".into(),
            },
            _ => "a persistent id".into(),
        },
        _ => "something that the pickle computes".into(),
    }
}

/// The name of an import, for a message.
pub(super) fn imported(global: &Global) -> String {
    match global.known() {
        Some((module, name)) => {
            let name = vocabulary::Untrusted::new(format!("{module}.{name}"));
            format!("`{}`", name.shortened(120))
        }
        None => "a name that the pickle computes".into(),
    }
}
