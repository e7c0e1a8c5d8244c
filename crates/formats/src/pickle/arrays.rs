//! Raw arrays that joblib writes between the opcodes.
//!
//! `joblib.dump` pickles a `NumpyArrayWrapper` in place of every array and writes the elements
//! right behind the `BUILD` that sets its state. `joblib.load` reads them there.
//! Source: joblib 1.6 `numpy_pickle.py`; numpy 2.4 `descriptor.c` (`arraydescr_reduce`).

use vocabulary::Span;

use super::heap::Heap;
use super::machine::{Flow, Machine};
use super::oddity::PickleOddity;
use super::value::{Call, Global, How, Value, View};
use super::{Ended, Retain};

/// The type of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dtype {
    /// `<`, `>`, `|` or `=`.
    pub order: char,
    /// numpy's letter: `f`, `i`, `u`, `b`, `c`, `S`, `U`, `V`, `M`, `m`, `O`.
    pub kind: char,
    /// Bytes of one element.
    pub itemsize: u64,
    /// Whether elements are, or hold, Python objects.
    pub has_objects: bool,
}

impl std::fmt::Display for Dtype {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = if self.kind == 'U' { self.itemsize / 4 } else { self.itemsize };
        write!(f, "{}{}{size}", self.order, self.kind)
    }
}

/// A raw array between the opcodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineArray {
    /// Offset of the `BUILD` that it follows.
    pub at: u64,
    /// Its elements, or the pickle of its objects; cut to what there is.
    pub span: Span,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Whether the first index runs fastest.
    pub fortran: bool,
    /// What the pickle of its objects gives.
    pub objects: Option<Value>,
}

/// Arrays that [`Retain::Bounded`] keeps.
const KEPT: usize = 1 << 16;

/// More dimensions than numpy allows (64).
const DIMENSIONS: usize = 64;

/// More states than a wrapper has: joblib sets one.
const STATES: usize = 4;

/// More attributes than a wrapper has: joblib sets six.
const ATTRIBUTES: u64 = 64;

/// What a wrapper's state says.
struct Wrapper {
    dtype: Dtype,
    shape: Vec<u64>,
    fortran: bool,
    aligned: bool,
}

impl Machine<'_> {
    /// Passes over the array that follows a `BUILD` on `target`, if it is a wrapper.
    pub(super) fn array_after(&mut self, target: Value) -> Flow {
        if !self.heap.call(target).is_some_and(|call| is_wrapper(&self.heap, call)) {
            return Flow::Go;
        }
        let Some(wrapper) = read_wrapper(&self.heap, target) else {
            return Flow::End(Ended::Exhausted(format!(
                "an inline array of unknown size follows offset {}",
                self.at
            )));
        };
        let here = self.cursor.position();
        // joblib reads the file itself, behind what the current frame has buffered.
        let inside = here < self.context.frame_end;
        if inside {
            self.odd(PickleOddity::ArrayInsideFrame, || {
                "joblib takes the array from behind the frame".into()
            });
            let from = self.context.detour.unwrap_or(self.context.frame_end);
            self.cursor.seek(from);
        }
        let (at, opcode) = (self.at, self.opcode);
        let flow = self.pass_array(wrapper);
        (self.at, self.opcode) = (at, opcode);
        if inside {
            self.context.detour = Some(self.cursor.position());
            self.cursor.seek(here);
        }
        flow
    }

    fn pass_array(&mut self, wrapper: Wrapper) -> Flow {
        let at = self.at;
        let Wrapper { dtype, shape, fortran, aligned } = wrapper;
        let mut start = self.cursor.position();
        let (mut enough, mut objects) = (true, None);
        if dtype.has_objects {
            match self.nested() {
                Flow::Stop(value) => objects = Some(value),
                flow => return flow,
            }
        } else {
            if aligned {
                let Some(padding) = self.cursor.byte() else { return Flow::End(Ended::Truncated) };
                self.cursor.skip(padding.into());
                start = self.cursor.position();
            }
            let size = shape.iter().try_fold(dtype.itemsize, |size, n| size.checked_mul(*n));
            enough = self.cursor.skip(size.unwrap_or(u64::MAX));
        }
        let span = Span::new(start, self.cursor.position());
        let index = u32::try_from(self.stream.arrays.len()).unwrap_or(u32::MAX);
        self.stream.array_count = self.stream.array_count.saturating_add(1);
        let kept = self.options.retain == Retain::Full || self.stream.arrays.len() < KEPT;
        if kept {
            let weight = size_of::<InlineArray>().saturating_add(size_of_val(shape.as_slice()));
            self.heap.weight = self.heap.weight.saturating_add(weight);
            self.stream.arrays.push(InlineArray { at, span, dtype, shape, fortran, objects });
        }
        // The array takes the wrapper's place, but not in the memo.
        self.context.stack.pop();
        self.push(match objects {
            Some(value) => value,
            None if kept => Value::array(index),
            None => Value::FORGOTTEN_OBJECT,
        });
        if enough { Flow::Go } else { Flow::End(Ended::Truncated) }
    }

    /// Interprets the pickle that starts here as an unpickler of its own would.
    fn nested(&mut self) -> Flow {
        self.outer = Some(std::mem::take(&mut self.context));
        let flow = self.run();
        self.context = self.outer.take().unwrap_or_default();
        flow
    }
}

fn is_wrapper(heap: &Heap, call: &Call) -> bool {
    let class = match call.how {
        How::Reduce => match heap.view(call.args) {
            View::Tuple(items) => items.shown.first().copied(),
            _ => None,
        },
        _ => Some(call.callee),
    };
    let known = class.and_then(|class| heap.global(class)).and_then(Global::known);
    known.is_some_and(|(module, name)| {
        let path = format!("{module}.{name}");
        path == "joblib.numpy_pickle.NumpyArrayWrapper"
            || path.ends_with(".joblib.numpy_pickle.NumpyArrayWrapper")
    })
}

fn read_wrapper(heap: &Heap, wrapper: Value) -> Option<Wrapper> {
    let states = &heap.call(wrapper)?.states;
    if states.len() > STATES {
        return None;
    }
    let attribute = |name: &str| states.iter().rev().find_map(|state| entry(heap, *state, name));
    let View::Tuple(items) = heap.view(attribute("shape")?) else { return None };
    if items.total > DIMENSIONS as u64 {
        return None;
    }
    let shape: Option<Vec<u64>> =
        items.shown.iter().map(|n| u64::try_from(heap.int(*n)?).ok()).collect();
    let order = attribute("order").and_then(|order| heap.text(order, 2));
    let alignment = attribute("numpy_array_alignment_bytes").map(|value| heap.view(value));
    Some(Wrapper {
        dtype: dtype(heap, attribute("dtype")?)?,
        shape: shape?,
        fortran: order.as_deref() == Some("F"),
        aligned: !matches!(alignment, None | Some(View::None)),
    })
}

/// The last value that a state sets for an attribute.
fn entry(heap: &Heap, state: Value, name: &str) -> Option<Value> {
    match heap.view(state) {
        View::Dict(pairs) if pairs.total <= ATTRIBUTES => pairs
            .shown
            .iter()
            .rev()
            .find(|(key, _)| heap.text(*key, 64).is_some_and(|key| key == name))
            .map(|(_, value)| *value),
        // Instance attributes, and what is set with `setattr` after them.
        View::Tuple(items) if items.total == 2 => items
            .shown
            .iter()
            .rev()
            .filter(|state| matches!(heap.view(**state), View::Dict(_)))
            .find_map(|state| entry(heap, *state, name)),
        _ => None,
    }
}

/// What a call of `numpy.dtype` and the state after it describe.
pub fn dtype(heap: &Heap, value: Value) -> Option<Dtype> {
    let call = heap.call(value)?;
    let (module, name) = heap.global(call.callee)?.known()?;
    if name != "dtype" || !(module == "numpy" || module.starts_with("numpy.")) {
        return None;
    }
    let View::Tuple(args) = heap.view(call.args) else { return None };
    let mut found = parse_dtype(&heap.text(*args.shown.first()?, 32)?)?;
    // (version, byte order, subarray, names, fields, item size, alignment, flags)
    if let Some(state) = call.states.last()
        && let View::Tuple(state) = heap.view(*state)
    {
        let order = state.shown.get(1).and_then(|order| heap.text(*order, 1));
        if let Some(order @ ('<' | '>' | '|' | '=')) = order.and_then(|order| order.chars().next())
        {
            found.order = order;
        }
        let size = state.shown.get(5).and_then(|size| heap.int(*size));
        if let ('V' | 'S' | 'U', Some(size)) = (found.kind, size)
            && let Ok(size) = u64::try_from(size)
        {
            found.itemsize = size;
        }
        // NPY_ITEM_HASOBJECT
        let flags = state.shown.get(7).and_then(|flags| heap.int(*flags)).unwrap_or(0);
        found.has_objects |= flags & 1 == 1;
    }
    Some(found)
}

/// A type string, as `numpy.dtype` takes it: `f8`, `<U5`, `float64`, `?`.
fn parse_dtype(text: &str) -> Option<Dtype> {
    let (order, rest) = match text.chars().next()? {
        order @ ('<' | '>' | '|' | '=') => (order, text.get(1..)?),
        _ => ('=', text),
    };
    let kind = rest.chars().next()?;
    let digits = rest.get(kind.len_utf8()..)?;
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let (kind, itemsize) = if all_digits {
        let size: u64 = digits.parse().ok()?;
        match kind {
            'b' | 'i' | 'u' | 'f' | 'c' | 'V' | 'S' | 'M' | 'm' | 'O' => (kind, size),
            'a' => ('S', size),
            'U' => ('U', size.checked_mul(4)?),
            _ => return None,
        }
    } else {
        match rest {
            "?" | "bool" => ('b', 1),
            "b" | "int8" => ('i', 1),
            "B" | "uint8" => ('u', 1),
            "h" | "int16" => ('i', 2),
            "H" | "uint16" => ('u', 2),
            "i" | "int32" => ('i', 4),
            "I" | "uint32" => ('u', 4),
            "q" | "int64" => ('i', 8),
            "Q" | "uint64" => ('u', 8),
            "e" | "float16" => ('f', 2),
            "f" | "float32" => ('f', 4),
            "d" | "float64" => ('f', 8),
            "F" | "complex64" => ('c', 8),
            "D" | "complex128" => ('c', 16),
            "O" | "object" => ('O', 8),
            "M" => ('M', 8),
            "m" => ('m', 8),
            _ => return None,
        }
    };
    Some(Dtype { order, kind, itemsize, has_objects: kind == 'O' })
}
