//! Where the text at an input comes from.
//!
//! A path may stand in the graph as a constant, be given by whoever calls the model, be the path of
//! an asset, or be computed. The text is followed backwards through operators that pass texts on,
//! through variables that are assigned in the graph, and through the arguments of functions to
//! wherever they are called.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use formats::tensorflow::{AttrValue, Concrete, Node, ObjectKind, Text};
use vocabulary::Span;

use super::reach::{Body, Program, base};

/// Nodes that are followed for one text.
const STEPS: usize = 4_000;
/// Nodes that are followed for all texts of a graph.
const ALL_STEPS: usize = 1_000_000;
/// Nodes that a text may pass through.
const LONGEST: usize = 200;
/// Texts that are kept of one origin.
const TEXTS: usize = 64;

/// Where a text comes from; several where several may arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// Constants of the graph.
    pub(super) texts: Vec<Constant>,
    /// A file that belongs to the model.
    pub(super) asset: bool,
    /// Whoever calls the model.
    pub(super) caller: bool,
    /// Something that is not followed: numbers made into text, a variable of the checkpoint.
    pub(super) computed: bool,
}

/// A text of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constant {
    pub(super) text: String,
    /// Whether it arrives as it is, not joined with or made from others.
    pub(super) exact: bool,
    /// Where all of it stands.
    pub(super) span: Option<Span>,
}

impl Origin {
    pub(super) fn of_texts(texts: &[Text]) -> Self {
        let computed = texts.len() > TEXTS;
        let texts = texts.iter().take(TEXTS).map(|text| Constant {
            text: text.text.raw().to_owned(),
            exact: true,
            span: Some(text.span),
        });
        Self { texts: texts.collect(), computed, ..Self::default() }
    }

    pub(super) fn computed() -> Self {
        Self { computed: true, ..Self::default() }
    }

    fn caller() -> Self {
        Self { caller: true, ..Self::default() }
    }

    fn asset() -> Self {
        Self { asset: true, ..Self::default() }
    }

    pub(super) fn join(&mut self, other: Self) {
        for text in other.texts {
            if self.texts.contains(&text) {
                continue;
            }
            // More than are kept: what is not named here must not be taken for nothing.
            if self.texts.len() >= TEXTS {
                self.computed = true;
                break;
            }
            self.texts.push(text);
        }
        self.asset |= other.asset;
        self.caller |= other.caller;
        self.computed |= other.computed;
    }

    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Follows texts.
pub(super) struct Tracer<'a> {
    program: &'a Program<'a>,
    /// Tensors that are given the path of an asset.
    assets: BTreeSet<&'a str>,
    /// The tensor that is given the path of the checkpoint.
    filename: Option<&'a str>,
    /// Nodes that assign a variable, by the variable.
    assigned: BTreeMap<&'a str, Vec<usize>>,
    /// What the object graph binds to the last arguments of a function.
    bound: BTreeMap<&'a str, Vec<&'a Concrete>>,
    /// Nodes that may still be followed.
    left: Cell<usize>,
}

/// One text that is followed.
struct Trail {
    steps: usize,
    seen: BTreeSet<(Body, usize)>,
    seen_args: BTreeSet<(Body, usize)>,
    fed: Fed,
}

/// Which paths a loader gives the graph in place of its constants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fed {
    /// Those of its assets.
    pub(super) assets: bool,
    /// That of the checkpoint.
    pub(super) checkpoint: bool,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(program: &'a Program<'a>) -> Self {
        let graph = program.graph;
        let mut assigned = BTreeMap::<&str, Vec<usize>>::new();
        for (n, node) in graph.nodes.iter().enumerate() {
            if node.op.raw().starts_with("Assign")
                && let Some(variable) = node.inputs.first()
            {
                assigned.entry(base(variable.raw())).or_default().push(n);
            }
        }
        let mut bound = BTreeMap::<&str, Vec<&Concrete>>::new();
        for concrete in &graph.concrete {
            bound.entry(concrete.name.raw()).or_default().push(concrete);
        }
        Self {
            program,
            assets: graph.assets.iter().map(|asset| base(asset.tensor.raw())).collect(),
            filename: graph.saver.as_ref().map(|saver| base(saver.filename.raw())),
            assigned,
            bound,
            left: Cell::new(ALL_STEPS),
        }
    }

    /// Takes a number of steps from those that are left; false where there are none.
    fn step(&self, count: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(count));
        self.left.get() > 0
    }

    /// Where the text at an input of a node comes from.
    pub(super) fn input(&self, body: Body, node: &Node, number: usize, fed: Fed) -> Origin {
        let mut trail =
            Trail { steps: STEPS, seen: BTreeSet::new(), seen_args: BTreeSet::new(), fed };
        let mut data = node.inputs.iter().filter(|input| !input.raw().starts_with('^'));
        match data.nth(number) {
            Some(input) => {
                let mut origin = self.tensor(body, input.raw(), &mut trail);
                // Nothing that is followed holds a text, and yet one arrives.
                origin.computed |= origin.is_nothing();
                origin
            }
            None => Origin::computed(),
        }
    }

    /// What is put into the queue at an input of a node.
    pub(super) fn queue(&self, body: Body, node: &Node, number: usize, fed: Fed) -> Origin {
        let mut data = node.inputs.iter().filter(|input| !input.raw().starts_with('^'));
        let Some(queue) = data.nth(number).map(|input| base(input.raw())) else {
            return Origin::computed();
        };
        let mut origin = Origin::default();
        let nodes = self.program.body(body);
        if !self.step(nodes.len()) {
            return Origin::computed();
        }
        for node in nodes {
            let puts = node.op.raw().starts_with("QueueEnqueue")
                && node.inputs.first().is_some_and(|input| base(input.raw()) == queue);
            if puts {
                origin.computed |= node.inputs.len() > 16;
                for number in 1..node.inputs.len().min(16) {
                    origin.join(self.input(body, node, number, fed));
                }
            }
        }
        if origin.is_nothing() { Origin::computed() } else { origin }
    }

    fn tensor(&self, body: Body, tensor: &str, trail: &mut Trail) -> Origin {
        let name = base(tensor);
        if let Some(n) = self.program.find(body, name) {
            return self.node(body, n, trail);
        }
        match self.program.argument(body, name) {
            Some(arg) => self.argument(body, arg, trail),
            None => Origin::computed(),
        }
    }

    fn node(&self, body: Body, n: usize, trail: &mut Trail) -> Origin {
        trail.steps = trail.steps.saturating_sub(1);
        if trail.steps == 0 || trail.seen.len() > LONGEST || !self.step(1) {
            return Origin::computed();
        }
        // A loop adds nothing that the way around it did not.
        if !trail.seen.insert((body, n)) {
            return Origin::default();
        }
        let Some(node) = self.program.node(body, n) else { return Origin::computed() };
        let origin = self.through(body, node, trail);
        trail.seen.remove(&(body, n));
        origin
    }

    fn through(&self, body: Body, node: &Node, trail: &mut Trail) -> Origin {
        let (name, op) = (node.name.raw(), node.op.raw());
        let is_asset = body == 0 && self.assets.contains(name);
        if body == 0 && trail.fed.checkpoint && self.filename == Some(name) {
            return Origin::caller();
        }
        match op {
            "Const" | "HostConst" if is_asset && trail.fed.assets => Origin::asset(),
            "Const" | "HostConst" => constant(node),
            "Placeholder" | "PlaceholderV2" | "_Arg" if is_asset => Origin::asset(),
            "Placeholder" | "PlaceholderV2" | "_Arg" => Origin::caller(),
            "PlaceholderWithDefault" => {
                let mut origin = self.all(body, node, trail);
                origin.caller = true;
                origin
            }
            "VarHandleOp" | "Variable" | "VariableV2" => self.variable(body, node, trail),
            "StringJoin" => self.joined(body, node, trail),
            "ShardedFilename" | "ShardedFilespec" | "ReadVariableOp" | "Reshape" | "Squeeze"
            | "ExpandDims" | "EnsureShape" | "Substr" | "Tile" | "BroadcastTo" | "Gather"
            | "GatherV2" | "GatherNd" | "Slice" | "StridedSlice" | "Unpack" => {
                self.first(body, node, trail)
            }
            "Identity"
            | "IdentityN"
            | "StopGradient"
            | "Snapshot"
            | "Pack"
            | "Concat"
            | "ConcatV2"
            | "Merge"
            | "RefMerge"
            | "Switch"
            | "RefSwitch"
            | "RefIdentity"
            | "Select"
            | "SelectV2"
            | "Split"
            | "Enter"
            | "RefEnter"
            | "Exit"
            | "NextIteration"
            | "LoopCond"
            | "PreventGradient"
            | "DatasetToSingleElement"
            | "RandomShuffle"
            | "OneShotIterator" => self.all(body, node, trail),
            // What a data set gives is what was put into it.
            _ if op.ends_with("Dataset") || op.contains("DatasetV") => self.all(body, node, trail),
            "IteratorGetNext" | "IteratorGetNextSync" => self.all(body, node, trail),
            _ => {
                let mut origin = self.all(body, node, trail);
                for text in &mut origin.texts {
                    text.exact = false;
                    text.span = None;
                }
                origin.computed = true;
                origin
            }
        }
    }

    fn first(&self, body: Body, node: &Node, trail: &mut Trail) -> Origin {
        match node.inputs.first() {
            Some(input) => self.tensor(body, input.raw(), trail),
            None => Origin::computed(),
        }
    }

    /// Of everything that a node takes.
    fn all(&self, body: Body, node: &Node, trail: &mut Trail) -> Origin {
        let mut origin = Origin::default();
        for input in node.inputs.iter().filter(|input| !input.raw().starts_with('^')) {
            origin.join(self.tensor(body, input.raw(), trail));
        }
        origin
    }

    fn variable(&self, body: Body, node: &Node, trail: &mut Trail) -> Origin {
        let mut origin = Origin::default();
        let name = node.name.raw();
        let assigned = if body == 0 { self.assigned.get(name) } else { None };
        origin.computed = assigned.is_some_and(|assigned| assigned.len() > 64);
        for n in assigned.into_iter().flatten().take(64) {
            if let Some(value) = self.program.node(0, *n).and_then(|node| node.inputs.get(1)) {
                origin.join(self.tensor(0, value.raw(), trail));
            }
        }
        if origin.is_nothing() { Origin::computed() } else { origin }
    }

    /// The parts in a row: the first text of each, and `…` for what is not known. What stands in
    /// front decides where a path leads, so whatever follows a part that the caller gives does not.
    fn joined(&self, body: Body, node: &Node, trail: &mut Trail) -> Origin {
        let mut text = String::new();
        let mut origin = Origin::default();
        let mut parts = node.inputs.iter().filter(|input| !input.raw().starts_with('^'));
        let separator = node.attrs.iter().find_map(|attr| match &attr.value {
            AttrValue::Texts(texts) if attr.name.raw() == "separator" => {
                texts.first().map(|text| text.text.raw())
            }
            _ => None,
        });
        let mut is_first = true;
        for part in parts.by_ref().take(256) {
            let part = self.tensor(body, part.raw(), trail);
            let fixed = part.texts.first().map(|constant| constant.text.as_str());
            if is_first && fixed.is_none_or(str::is_empty) && !part.is_nothing() {
                if fixed.is_none() {
                    return part;
                }
                // The empty text in front of what decides.
                origin.join(Origin { texts: Vec::new(), ..part });
                continue;
            }
            if is_first {
                origin.caller |= part.caller;
                origin.computed |= part.computed || node.inputs.len() > 256;
            }
            if !is_first {
                text.push_str(separator.unwrap_or_default());
            }
            is_first = false;
            text.push_str(fixed.unwrap_or("…"));
            if part.texts.len() > 1 {
                text.push('…');
            }
        }
        if text.is_empty() {
            return if origin.is_nothing() { Origin::computed() } else { origin };
        }
        origin.texts.push(Constant { text, exact: false, span: None });
        origin
    }

    /// The argument of a function: what it is given wherever the function is called.
    fn argument(&self, body: Body, arg: usize, trail: &mut Trail) -> Origin {
        trail.steps = trail.steps.saturating_sub(1);
        if trail.steps == 0 || trail.seen_args.len() > LONGEST || !self.step(1) {
            return Origin::computed();
        }
        if !trail.seen_args.insert((body, arg)) {
            return Origin::default();
        }
        let origin = self.given(body, arg, trail);
        trail.seen_args.remove(&(body, arg));
        origin
    }

    fn given(&self, body: Body, arg: usize, trail: &mut Trail) -> Origin {
        let mut origin = self.bound(body, arg, trail);
        let calls = self.program.calls.get(&body).map_or(&[][..], Vec::as_slice);
        for (caller, n) in calls.iter().take(64) {
            let Some(node) = self.program.node(*caller, *n) else { continue };
            let op = node.op.raw();
            let skipped = match op {
                "If" | "StatelessIf" | "_If" | "Case" | "StatelessCase" | "RemoteCall" => 1,
                _ => 0,
            };
            let direct = skipped == 1
                || op.ends_with("PartitionedCall")
                || matches!(op, "While" | "StatelessWhile" | "_While")
                || !self.program.function(op).is_empty();
            if direct {
                let mut data = node.inputs.iter().filter(|input| !input.raw().starts_with('^'));
                if let Some(input) = data.nth(arg.saturating_add(skipped)) {
                    origin.join(self.tensor(*caller, input.raw(), trail));
                }
            } else {
                origin.join(self.all(*caller, node, trail));
            }
        }
        origin.caller |= origin.is_nothing();
        origin.computed |= calls.len() > 64;
        origin
    }

    /// What the object graph binds to the last arguments of a function.
    fn bound(&self, body: Body, arg: usize, trail: &mut Trail) -> Origin {
        let graph = self.program.graph;
        let Some(function) = body.checked_sub(1).and_then(|n| graph.functions.get(n)) else {
            return Origin::default();
        };
        let mut origin = Origin::default();
        let concretes = self.bound.get(function.name.raw()).into_iter().flatten();
        for (n, concrete) in concretes.enumerate() {
            if n > 64 {
                origin.computed = true;
                break;
            }
            let first = function.args.len().saturating_sub(concrete.bound.len());
            let Some(bound) = arg.checked_sub(first).and_then(|n| concrete.bound.get(n)) else {
                continue;
            };
            let object = usize::try_from(*bound).ok().and_then(|n| graph.objects.get(n));
            match object.map(|object| &object.kind) {
                Some(ObjectKind::Asset(_)) => origin.asset = true,
                Some(ObjectKind::Constant(name)) => {
                    origin.join(self.tensor(0, name.raw(), trail));
                }
                Some(ObjectKind::Variable) => origin.computed = true,
                _ => {}
            }
        }
        origin
    }
}

/// The texts of a constant; nothing where it holds numbers.
fn constant(node: &Node) -> Origin {
    let mut origin = Origin::default();
    let mut numbers = false;
    for attr in node.attrs.iter().filter(|attr| attr.name.raw() == "value") {
        match &attr.value {
            AttrValue::Tensor(texts, whole) => {
                origin.join(Origin::of_texts(texts));
                origin.computed |= !whole;
            }
            AttrValue::Placeholder(_) => origin.computed = true,
            AttrValue::Numbers | AttrValue::Texts(_) | AttrValue::Functions(_) => numbers = true,
        }
    }
    if origin.is_nothing() && !numbers { Origin::computed() } else { origin }
}
