//! The walk over the object.

use std::collections::{HashMap, HashSet};

use vocabulary::{Untrusted, escape};

use super::names::{self, Callee};
use super::plain::Plain;
use super::rebuild::{self, Extent, Made};
use super::storages::{Reference, Storages};
use super::{Checkpoint, KEPT, Left, LeftKind, TensorView, TorchOddity};
use crate::bounded::Oddities;
use crate::pickle::{Bounds, Call, Heap, Value, View};

/// Members of containers that are visited. A container that stands in many places is visited in
/// each of them.
const VISITS: usize = 1 << 21;
/// Containers in containers.
const DEPTH: usize = 100;
/// Bytes of names that are kept: as many as the header of a safetensors file may have.
const NAMES: usize = 100_000_000;
/// Bytes of a single key.
const KEY: usize = 64 << 10;

/// How a plain value is shown.
const SHOWN: Bounds = Bounds { depth: 2, width: 4, literal: 60, length: 160 };

/// A member of a container that is walked.
struct Entry {
    segment: Segment,
    value: Value,
}

/// What a member adds to the name.
#[derive(Clone)]
enum Segment {
    /// This.
    Name(String),
    /// It has a key that is no name: how to show it, and why.
    Bad(String, &'static str),
    /// Nothing: `_modules`, `_parameters` and `_buffers` of a module, as in `state_dict()`.
    Nothing,
}

/// A container on the way from the root.
struct Frame {
    node: Value,
    entries: std::vec::IntoIter<Entry>,
    /// How long the name was here.
    base: usize,
    /// Whether there is a name: it may be empty.
    named: bool,
    /// Why no name can be made below.
    bad: Option<&'static str>,
}

/// What makes two keys of a dict the same.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Text(Vec<u8>),
    Number(i64),
    Other(Value),
}

pub(super) struct Walk<'a, 'b> {
    heap: &'a Heap,
    storages: &'a mut Storages<'b>,
    out: &'a mut Checkpoint,
    oddities: &'a mut Oddities<TorchOddity>,
    plain: Plain<'a>,
    /// The containers between the root and here.
    above: HashSet<Value>,
    frames: Vec<Frame>,
    path: String,
    named: bool,
    visits: usize,
    names: usize,
    kept: [usize; 4],
}

impl<'a, 'b> Walk<'a, 'b> {
    pub(super) fn new(
        heap: &'a Heap,
        storages: &'a mut Storages<'b>,
        out: &'a mut Checkpoint,
        oddities: &'a mut Oddities<TorchOddity>,
    ) -> Self {
        Self {
            heap,
            storages,
            out,
            oddities,
            plain: Plain::new(heap),
            above: HashSet::new(),
            frames: Vec::new(),
            path: String::new(),
            named: false,
            visits: 0,
            names: 0,
            kept: [0; 4],
        }
    }

    /// Visits everything below the object.
    pub(super) fn run(mut self, root: Value) {
        self.visit(root, None);
        while let Some(frame) = self.frames.last_mut() {
            self.path.truncate(frame.base);
            let Some(entry) = frame.entries.next() else {
                let node = frame.node;
                self.above.remove(&node);
                self.frames.pop();
                continue;
            };
            let mut bad = frame.bad;
            self.named = frame.named;
            let segment = match &entry.segment {
                Segment::Name(name) => Some(name),
                Segment::Bad(shown, why) => {
                    bad = bad.or(Some(why));
                    Some(shown)
                }
                Segment::Nothing => None,
            };
            if let Some(segment) = segment {
                if self.named {
                    self.path.push('.');
                }
                self.path.push_str(segment);
                self.named = true;
            }
            self.visit(entry.value, bad);
            if self.out.incomplete.is_some() {
                break;
            }
        }
        self.name_twice();
    }

    fn visit(&mut self, value: Value, bad: Option<&'static str>) {
        if self.plain.holds(value) {
            let shown = self.show(value);
            self.leave(LeftKind::Plain, shown, None);
            return;
        }
        match self.heap.view(value) {
            View::Tuple(items) | View::List(items) => {
                let entries = self.numbered(items.shown);
                self.enter(value, entries, bad);
            }
            View::Dict(pairs) => {
                let entries = self.keyed(pairs.shown, false);
                self.enter(value, entries, bad);
            }
            View::Set(items) | View::FrozenSet(items) => {
                let words = "a set: what it holds has no order".to_owned();
                self.leave(LeftKind::Object, words, None);
                let entries = self.numbered(items.shown);
                self.enter(value, entries, bad);
            }
            View::Call(call) => self.call(value, call, bad),
            View::Global(global) => {
                let words = format!("the import of {}", names::imported(global));
                self.leave(LeftKind::Object, words, Some(global.at));
            }
            View::PersistentId(id) => {
                let (kind, words) = if Reference::read(self.heap, id).is_ok() {
                    (LeftKind::Unsupported, "a storage that no tensor is a view of".to_owned())
                } else {
                    let shown = self.heap.show(id, SHOWN);
                    (LeftKind::Object, format!("persistent_load({shown})"))
                };
                self.leave(kind, words, None);
            }
            View::Buffer => {
                self.leave(LeftKind::Object, "an out-of-band buffer".to_owned(), None);
            }
            _ => {
                let words = "a value that no unpickler has here".to_owned();
                self.leave(LeftKind::Broken, words, None);
            }
        }
    }

    fn call(&mut self, value: Value, call: &Call, bad: Option<&'static str>) {
        let callee = self.heap.global(call.callee).map_or(Callee::Other, names::callee);
        match callee {
            Callee::Rebuild(kind) => match rebuild::rebuild(self.heap, call, kind) {
                Ok(made) => self.tensor(made, bad),
                Err((kind, why)) => self.leave(kind, why, Some(call.at)),
            },
            Callee::Unsupported(why) => {
                self.leave(LeftKind::Unsupported, why.to_owned(), Some(call.at));
            }
            Callee::OrderedDict if call.items.is_empty() && call.left_out == 0 => {
                let mut pairs = self.first_pairs(call);
                pairs.extend(&call.pairs);
                let entries = self.keyed(&pairs, false);
                self.attributes(call);
                self.enter(value, entries, bad);
            }
            Callee::DefaultDict if call.items.is_empty() && call.left_out == 0 => {
                let entries = self.keyed(&call.pairs, false);
                self.attributes(call);
                self.enter(value, entries, bad);
            }
            _ => {
                let name = names::called(self.heap, call.callee);
                self.leave(LeftKind::Object, format!("a call of {name}"), Some(call.at));
                let entries = self.object(call);
                self.enter(value, entries, bad);
            }
        }
    }

    /// The pairs in the argument of an `OrderedDict`, as Python 2 writes it.
    fn first_pairs(&self, call: &Call) -> Vec<(Value, Value)> {
        let View::Tuple(args) = self.heap.view(call.args) else { return Vec::new() };
        let Some(View::List(list)) = args.shown.first().map(|value| self.heap.view(*value)) else {
            return Vec::new();
        };
        let pair = |value: &Value| match self.heap.view(*value) {
            View::Tuple(items) | View::List(items) => match items.shown {
                [key, value] => Some((*key, *value)),
                _ => None,
            },
            _ => None,
        };
        list.shown.iter().filter_map(pair).collect()
    }

    /// Attributes of a dict, such as `_metadata` of a state dict.
    fn attributes(&mut self, call: &Call) {
        let states = call.states.clone();
        for state in states {
            match self.heap.view(state) {
                View::Dict(pairs) => {
                    self.count(pairs.shown.len());
                    let length = self.path.len();
                    for entry in self.keyed(pairs.shown, false) {
                        self.path.truncate(length);
                        if let Segment::Name(name) | Segment::Bad(name, _) = &entry.segment {
                            if self.named {
                                self.path.push('.');
                            }
                            self.path.push_str(name);
                        }
                        self.attribute(entry.value, call.at);
                    }
                    self.path.truncate(length);
                }
                _ => self.attribute(state, call.at),
            }
        }
    }

    fn attribute(&mut self, value: Value, at: u64) {
        if self.plain.holds(value) {
            let shown = format!("an attribute: {}", self.show(value));
            self.leave(LeftKind::Plain, shown, None);
        } else {
            let words = "an attribute that is more than plain values".to_owned();
            self.leave(LeftKind::Object, words, Some(at));
        }
    }

    /// What an object of some class is made of.
    fn object(&mut self, call: &Call) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut hold = |name: &str, value: Value| {
            entries.push(Entry { segment: Segment::Name(name.to_owned()), value });
        };
        if !self.plain.holds(call.args) {
            hold("<arguments>", call.args);
        }
        if let Some(kwargs) = call.kwargs {
            hold("<keywords>", kwargs);
        }
        for state in &call.states {
            match self.heap.view(*state) {
                View::Dict(pairs) => {
                    let pairs = self.keyed(pairs.shown, true);
                    entries.extend(pairs);
                }
                _ => entries
                    .push(Entry { segment: Segment::Name("<state>".to_owned()), value: *state }),
            }
        }
        let pairs = self.keyed(&call.pairs, false);
        entries.extend(pairs);
        entries.extend(self.numbered(&call.items));
        entries
    }

    fn numbered(&self, items: &[Value]) -> Vec<Entry> {
        let name = |(index, value): (usize, &Value)| Entry {
            segment: Segment::Name(index.to_string()),
            value: *value,
        };
        // No more than are visited anyway.
        let room = VISITS.saturating_sub(self.visits).saturating_add(1);
        items.iter().take(room).enumerate().map(name).collect()
    }

    /// The entries of a dict: the first key and the last value, where Python takes keys for equal.
    fn keyed(&mut self, pairs: &[(Value, Value)], module: bool) -> Vec<Entry> {
        let room = VISITS.saturating_sub(self.visits).saturating_add(1);
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<Key, usize> = HashMap::new();
        for (key, value) in pairs.iter().take(room) {
            let (id, segment) = self.key(*key, module);
            let index = *seen.entry(id).or_insert(entries.len());
            match entries.get_mut(index) {
                Some(entry) => {
                    entry.value = *value;
                    let path = escape(&self.path);
                    self.oddities.add(TorchOddity::DuplicateKey, 0, || {
                        let name = match segment {
                            Segment::Name(name) | Segment::Bad(name, _) => {
                                Untrusted::new(name).shortened(120)
                            }
                            Segment::Nothing => String::new(),
                        };
                        format!("key `{name}` of the dict at `{path}`")
                    });
                }
                None => entries.push(Entry { segment, value: *value }),
            }
        }
        entries
    }

    fn key(&self, key: Value, module: bool) -> (Key, Segment) {
        let bad = |why| Segment::Bad(self.heap.show(key, SHOWN), why);
        match self.heap.view(key) {
            View::Text(_) => {
                let bytes = self.heap.bytes(key, KEY.saturating_add(1)).unwrap_or_default();
                let segment = match std::str::from_utf8(&bytes) {
                    _ if bytes.len() > KEY => bad("a key is too long"),
                    Err(_) => bad("a key is no Unicode text"),
                    Ok("_modules" | "_parameters" | "_buffers") if module => Segment::Nothing,
                    Ok(text) => Segment::Name(text.to_owned()),
                };
                let id = if bytes.len() > KEY { Key::Other(key) } else { Key::Text(bytes) };
                (id, segment)
            }
            View::Int(number) => (Key::Number(number), Segment::Name(number.to_string())),
            View::Bool(it) => (Key::Number(it.into()), bad("a key is neither text nor a number")),
            View::Float(it) => {
                #[allow(clippy::cast_possible_truncation, reason = "compared with what it was")]
                let whole = it as i64;
                #[allow(clippy::cast_precision_loss, reason = "compared with what it was")]
                let same = (whole as f64 - it).abs() < f64::EPSILON;
                let id = if same { Key::Number(whole) } else { Key::Other(key) };
                (id, bad("a key is neither text nor a number"))
            }
            _ => (Key::Other(key), bad("a key is neither text nor a number")),
        }
    }

    fn enter(&mut self, node: Value, entries: Vec<Entry>, bad: Option<&'static str>) {
        if entries.is_empty() {
            return;
        }
        if self.frames.len() >= DEPTH {
            self.out.stop(format!("the object is nested deeper than {DEPTH} containers"));
            return;
        }
        if !self.count(entries.len()) {
            return;
        }
        if !self.above.insert(node) {
            let words = "a container that holds itself".to_owned();
            self.leave(LeftKind::Object, words, None);
            return;
        }
        let base = self.path.len();
        self.frames.push(Frame {
            node,
            entries: entries.into_iter(),
            base,
            named: self.named,
            bad,
        });
    }

    /// Counts members that are visited; whether there may be so many.
    fn count(&mut self, members: usize) -> bool {
        self.visits = self.visits.saturating_add(members);
        if self.visits > VISITS {
            self.out
                .stop(format!("the object has more than {VISITS} members, shared ones counted"));
        }
        self.visits <= VISITS
    }

    fn tensor(&mut self, made: Made, bad: Option<&'static str>) {
        let at = Some(made.at);
        for (kind, words) in made.with {
            self.leave(kind, words, at);
        }
        if !made.aside.iter().all(|value| self.plain.holds(*value)) {
            let words = "hooks of a tensor that are more than plain values".to_owned();
            self.leave(LeftKind::Object, words, at);
        }
        for state in made.state {
            let empty = match self.heap.view(state) {
                View::Dict(pairs) => pairs.total == 0,
                View::None => true,
                _ => false,
            };
            if !empty {
                self.attribute(state, made.at);
            }
        }
        if let Some(why) = bad {
            self.leave(LeftKind::Unsupported, format!("a tensor without a name: {why}"), at);
            return;
        }
        let name = if self.named { self.path.as_str() } else { "tensor" };
        let view = TensorView {
            name: Untrusted::new(name),
            dtype: made.dtype,
            shape: made.shape,
            stride: made.stride,
            offset: made.offset,
            storage: self.storages.find(&made.reference, self.oddities),
            at: made.at,
        };
        match self.contradiction(&view) {
            Some(why) => self.leave(LeftKind::Broken, why, at),
            None if self.spend(view.name.raw().len()) => self.out.tensors.push(view),
            None => {}
        }
    }

    /// Why a view cannot be one of its storage.
    fn contradiction(&self, view: &TensorView) -> Option<String> {
        let storage = self.storages.list.get(view.storage)?;
        let key = storage.key.shortened(60);
        if let Some(fault) = &storage.fault {
            return Some(format!("its storage `{key}` cannot be had: {fault}"));
        }
        let Some(extent) = Extent::of(view) else {
            return Some("its size overflows 64 bits".to_owned());
        };
        let there = storage.data.len();
        (extent.bytes.end > there && extent.count > 0).then(|| {
            format!(
                "it reaches to byte {} of its storage `{key}`, which has {there}",
                extent.bytes.end
            )
        })
    }

    fn spend(&mut self, bytes: usize) -> bool {
        self.names = self.names.saturating_add(bytes);
        if self.names > NAMES {
            self.out.stop(format!("the names of the tensors take more than {NAMES} bytes"));
        }
        self.names <= NAMES
    }

    /// A plain value for a person; nothing where nobody would see it.
    fn show(&self, value: Value) -> String {
        let full = self.kept.first().is_some_and(|kept| *kept >= KEPT);
        if full { String::new() } else { self.heap.show(value, SHOWN) }
    }

    fn leave(&mut self, kind: LeftKind, what: String, at: Option<u64>) {
        let kept = match kind {
            LeftKind::Plain => self.kept.first_mut(),
            LeftKind::Object => self.kept.get_mut(1),
            LeftKind::Unsupported => self.kept.get_mut(2),
            LeftKind::Broken => self.kept.get_mut(3),
        };
        let Some(kept) = kept else { return };
        *kept = kept.saturating_add(1);
        if *kept > KEPT {
            self.out.left_out = self.out.left_out.saturating_add(1);
            return;
        }
        // Enough to find it by; a path may be as long as the file.
        let path = Untrusted::new(self.path.chars().take(1000).collect::<String>());
        self.out.left.push(Left { path, kind, what, at });
    }

    /// Notes names that several tensors have.
    fn name_twice(&mut self) {
        let mut names: Vec<(&str, u64)> =
            self.out.tensors.iter().map(|view| (view.name.raw(), view.at)).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [(first, _), (second, at)] = pair
                && first == second
            {
                let detail = || format!("`{}`", Untrusted::new(*first).shortened(120));
                self.oddities.add(TorchOddity::DuplicateName, *at, detail);
            }
        }
    }
}
