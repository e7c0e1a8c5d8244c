//! The calls that make tensors of storages.

use vocabulary::Span;

use super::names::{self, Callee, Rebuild};
use super::storages::{Reference, size};
use super::{LeftKind, TensorView};
use crate::DType;
use crate::pickle::{Call, Heap, Value, View};

/// A tensor in a parameter in a class, no deeper than this.
const DEEPEST: usize = 8;
/// More than any of the functions takes.
const ARGUMENTS: usize = 16;
/// Most dimensions of a tensor.
const DIMENSIONS: usize = 64;

/// Bytes of an element in a storage; `None` where elements share scales or bytes. PyTorch counts
/// pairs of 4-bit floats as elements.
pub fn element_size(dtype: DType) -> Option<u64> {
    match (dtype, dtype.block()) {
        (DType::F4, _) => Some(1),
        (_, (1, bytes)) => Some(bytes),
        _ => None,
    }
}

/// How far a tensor reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many elements it has.
    pub count: u64,
    /// Bytes of its storage from its first element to its last. Empty where it has none.
    pub bytes: Span,
}

impl Extent {
    /// The extent of a view; `None` where a number overflows.
    pub fn of(view: &TensorView) -> Option<Self> {
        let width = element_size(view.dtype)?;
        let count = view.shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n));
        // A dimension of zero makes any product zero, also one that overflows before.
        let count = if view.shape.contains(&0) { 0 } else { count? };
        let start = view.offset.checked_mul(width)?;
        if count == 0 {
            return Some(Self { count, bytes: Span::new(start, start) });
        }
        let mut last = view.offset;
        for (n, stride) in view.shape.iter().zip(&view.stride) {
            last = last.checked_add(n.checked_sub(1)?.checked_mul(*stride)?)?;
        }
        let end = last.checked_add(1)?.checked_mul(width)?;
        count.checked_mul(width)?;
        Some(Self { count, bytes: Span::new(start, end) })
    }
}

/// What a call turned out to be.
pub(super) struct Made {
    pub(super) reference: Reference,
    pub(super) dtype: DType,
    pub(super) shape: Vec<u64>,
    pub(super) stride: Vec<u64>,
    pub(super) offset: u64,
    pub(super) at: u64,
    /// What is with the tensor that is more than its numbers: kind and words.
    pub(super) with: Vec<(LeftKind, String)>,
    /// Attributes of the tensor.
    pub(super) state: Vec<Value>,
    /// Arguments that have to be plain, such as hooks.
    pub(super) aside: Vec<Value>,
}

type Fault = (LeftKind, String);

fn broken(what: impl Into<String>) -> Fault {
    (LeftKind::Broken, what.into())
}

fn unsupported(what: impl Into<String>) -> Fault {
    (LeftKind::Unsupported, what.into())
}

/// What a call of a rebuilding function gives.
pub(super) fn rebuild(heap: &Heap, call: &Call, kind: Rebuild) -> Result<Made, Fault> {
    let mut made = inner(heap, call.args, call.at, kind, 0)?;
    check_untouched(call)?;
    made.at = call.at;
    Ok(made)
}

/// Whether nothing was done to what a call gave.
fn check_untouched(call: &Call) -> Result<(), Fault> {
    let touched = !(call.states.is_empty() && call.items.is_empty() && call.pairs.is_empty());
    if touched || call.left_out > 0 || call.kwargs.is_some() {
        return Err(unsupported("it is written to after it was made"));
    }
    Ok(())
}

fn inner(heap: &Heap, args: Value, at: u64, kind: Rebuild, depth: usize) -> Result<Made, Fault> {
    if depth > DEEPEST {
        return Err(unsupported("it is wrapped too often"));
    }
    let View::Tuple(args) = heap.view(args) else {
        return Err(broken("the call that makes it has no arguments"));
    };
    let args = args.shown;
    if args.len() > ARGUMENTS {
        return Err(broken("the call that makes it has too many arguments"));
    }
    match kind {
        Rebuild::View { dtype, metadata } => view(heap, args, at, dtype, metadata),
        Rebuild::Wrapped { state } => {
            let [data, rest @ ..] = args else { return Err(broken("it wraps no tensor")) };
            let mut made = tensor(heap, *data, depth)?;
            let state = state.and_then(|index| args.get(index));
            made.state.extend(state);
            made.aside.extend(rest.iter().filter(|value| Some(*value) != state));
            Ok(made)
        }
        Rebuild::Converted => {
            let [data, to, rest @ ..] = args else { return Err(broken("it wraps no tensor")) };
            let mut made = tensor(heap, *data, depth)?;
            if names::dtype(heap, *to) != Some(made.dtype) {
                return Err(unsupported("it is converted to another type when it is loaded"));
            }
            made.aside.extend(rest);
            Ok(made)
        }
        Rebuild::FromType => {
            let [function, class, args, rest @ ..] = args else {
                return Err(broken("it wraps no tensor"));
            };
            let mut made = match heap.global(*function).map(names::callee) {
                Some(Callee::Rebuild(kind)) => {
                    inner(heap, *args, at, kind, depth.saturating_add(1))?
                }
                Some(Callee::Unsupported(why)) => return Err(unsupported(why)),
                _ => {
                    let name = names::called(heap, *function);
                    return Err((LeftKind::Object, format!("a tensor made by {name}")));
                }
            };
            match heap.global(*class) {
                Some(global) if names::is_tensor_class(global) => {}
                Some(global) => made.with.push((
                    LeftKind::Object,
                    format!("the class of the tensor, {}", names::imported(global)),
                )),
                None => {
                    let words = "the class of the tensor, which the pickle computes".to_owned();
                    made.with.push((LeftKind::Object, words));
                }
            }
            made.state.extend(rest);
            Ok(made)
        }
    }
}

/// A tensor that another call wraps.
fn tensor(heap: &Heap, value: Value, depth: usize) -> Result<Made, Fault> {
    let Some(call) = heap.call(value) else { return Err(broken("what it wraps is no tensor")) };
    match heap.global(call.callee).map(names::callee) {
        Some(Callee::Rebuild(kind)) => {
            check_untouched(call)?;
            inner(heap, call.args, call.at, kind, depth.saturating_add(1))
        }
        Some(Callee::Unsupported(why)) => Err(unsupported(why)),
        _ => {
            let name = names::called(heap, call.callee);
            Err((LeftKind::Object, format!("what it wraps is made by {name}")))
        }
    }
}

fn view(
    heap: &Heap,
    args: &[Value],
    at: u64,
    dtype: Option<usize>,
    metadata: Option<usize>,
) -> Result<Made, Fault> {
    let [storage, offset, shape, stride, rest @ ..] = args else {
        return Err(broken("the call that makes it lacks arguments"));
    };
    let reference = match heap.view(*storage) {
        View::PersistentId(id) => Reference::read(heap, id).map_err(broken)?,
        View::Call(call) => {
            let name = names::called(heap, call.callee);
            return Err(unsupported(format!("its storage is made by a call of {name}")));
        }
        _ => return Err(broken("what it is a view of is no storage")),
    };
    let dtype = match dtype {
        None => reference.dtype,
        Some(index) => {
            let given = args.get(index).copied();
            given.and_then(|value| names::dtype(heap, value)).ok_or_else(|| {
                let name = given.and_then(|value| heap.global(value)).map(names::imported);
                let name = name.unwrap_or_else(|| "no import".into());
                unsupported(format!("its element type ({name}) is none that is known"))
            })?
        }
    };
    if element_size(dtype).is_none() {
        return Err(unsupported(format!("its elements are `{dtype}`, with scales of their own")));
    }
    let metadata = metadata.and_then(|index| args.get(index)).copied();
    match metadata.map(|value| heap.view(value)) {
        None | Some(View::None) => {}
        Some(View::Dict(pairs)) => {
            let set = |value: &Value| !matches!(heap.view(*value), View::Bool(false));
            if pairs.total > pairs.shown.len() as u64 || pairs.shown.iter().any(|(_, v)| set(v)) {
                return Err(unsupported("it is a conjugated or negated view"));
            }
        }
        Some(_) => return Err(broken("its metadata is no dict")),
    }
    let offset = size(heap, *offset).ok_or_else(|| broken("its offset is no size"))?;
    let shape = sizes(heap, *shape).ok_or_else(|| broken("its shape is no tuple of sizes"))?;
    let stride = sizes(heap, *stride).ok_or_else(|| broken("its strides are no tuple of sizes"))?;
    if shape.len() != stride.len() {
        let (n, m) = (shape.len(), stride.len());
        return Err(broken(format!("it has {n} dimensions and {m} strides")));
    }
    let aside = rest.iter().copied();
    let skipped = [metadata];
    Ok(Made {
        reference,
        dtype,
        shape,
        stride,
        offset,
        at,
        with: Vec::new(),
        state: Vec::new(),
        aside: aside.filter(|value| !skipped.contains(&Some(*value))).collect(),
    })
}

/// A tuple or list of sizes, or a `torch.Size` of one.
fn sizes(heap: &Heap, value: Value) -> Option<Vec<u64>> {
    let items = match heap.view(value) {
        View::Tuple(items) | View::List(items) => items,
        View::Call(call) if heap.global(call.callee)?.known()? == ("torch", "Size") => {
            let View::Tuple(args) = heap.view(call.args) else { return None };
            let [inner] = args.shown else { return None };
            match heap.view(*inner) {
                View::Tuple(items) | View::List(items) => items,
                _ => return None,
            }
        }
        _ => return None,
    };
    if items.shown.len() > DIMENSIONS || items.total > items.shown.len() as u64 {
        return None;
    }
    items.shown.iter().map(|value| size(heap, *value)).collect()
}
