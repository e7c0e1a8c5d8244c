//! Which nodes run, and when.

use std::collections::BTreeMap;

use formats::tensorflow::{AttrValue, Kind, MetaGraph, Node, ObjectKind};

/// When something runs, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct When(u8);

impl When {
    /// On loading, before anybody calls the model.
    pub(super) const LOADED: Self = Self(1);
    /// On loading, with the path of the checkpoint given by the loader.
    pub(super) const RESTORED: Self = Self(2);
    /// When the model is called.
    pub(super) const CALLED: Self = Self(4);
    /// When it is saved again.
    pub(super) const SAVED: Self = Self(8);
    /// When somebody runs the node: the file says of none whether it is run.
    pub(super) const RUN: Self = Self(16);

    pub(super) fn is_never(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it runs in a way that a loader does not give the path of the checkpoint for.
    pub(super) fn is_unfed(self) -> bool {
        self.has(Self(1 | 4 | 16))
    }

    /// Whether it runs when the model is loaded or called.
    pub(super) fn is_used(self) -> bool {
        self.has(Self(1 | 2 | 4))
    }

    fn add(&mut self, other: Self) -> bool {
        let before = self.0;
        self.0 |= other.0;
        self.0 != before
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        if self.has(Self(1 | 2)) {
            "on loading"
        } else if self.has(Self::CALLED) {
            "when the model is called"
        } else if self.has(Self::SAVED) {
            "when the model is saved again"
        } else if self.has(Self::RUN) {
            "when that part of the graph is run"
        } else {
            "only if somebody runs it by its name"
        }
    }
}

/// A list of nodes: the graph itself (0), or a function (its index and one).
pub(super) type Body = usize;

/// A graph with indices over it.
pub(super) struct Program<'a> {
    pub(super) graph: &'a MetaGraph,
    /// Nodes by name, a map a body.
    names: Vec<BTreeMap<&'a str, usize>>,
    /// Arguments by name, a map a body.
    arguments: Vec<BTreeMap<&'a str, usize>>,
    /// The gradients of functions, by the function.
    gradients: BTreeMap<&'a str, Vec<&'a str>>,
    /// Functions by name: their bodies. A name that stands twice has both.
    functions: BTreeMap<&'a str, Vec<Body>>,
    /// Where each function is called: the body and the node.
    pub(super) calls: BTreeMap<Body, Vec<(Body, usize)>>,
    /// When each node of the graph itself runs.
    nodes: Vec<When>,
    /// When each body runs; of the graph itself nothing.
    bodies: Vec<When>,
}

/// The name of the node in the name of a tensor, as `node:0`, `node:output:0` or `^node`.
pub(super) fn base(tensor: &str) -> &str {
    let tensor = tensor.strip_prefix('^').unwrap_or(tensor);
    tensor.split(':').next().unwrap_or_default()
}

impl<'a> Program<'a> {
    pub(super) fn new(graph: &'a MetaGraph, kind: Kind) -> Self {
        let bodies = std::iter::once(&graph.nodes).chain(graph.functions.iter().map(|f| &f.nodes));
        let names = bodies
            .map(|nodes| nodes.iter().enumerate().map(|(n, node)| (node.name.raw(), n)).collect());
        let mut functions = BTreeMap::<&str, Vec<Body>>::new();
        for (n, function) in graph.functions.iter().enumerate() {
            // TensorFlow takes no second one that differs; more than a few are judged as never run.
            let bodies = functions.entry(function.name.raw()).or_default();
            if bodies.len() < 8 {
                bodies.push(n.saturating_add(1));
            }
        }
        let arguments = std::iter::once(BTreeMap::new()).chain(
            graph
                .functions
                .iter()
                .map(|f| f.args.iter().enumerate().map(|(n, name)| (name.raw(), n)).collect()),
        );
        let mut gradients = BTreeMap::<&str, Vec<&str>>::new();
        for (of, gradient) in &graph.gradients {
            gradients.entry(of.raw()).or_default().push(gradient.raw());
        }
        let mut program = Self {
            graph,
            names: names.collect(),
            arguments: arguments.collect(),
            gradients,
            functions,
            calls: BTreeMap::new(),
            nodes: vec![When::default(); graph.nodes.len()],
            bodies: vec![When::default(); graph.functions.len().saturating_add(1)],
        };
        program.index_calls();
        program.enter(kind);
        program
    }

    /// The nodes of a body.
    pub(super) fn body(&self, body: Body) -> &'a [Node] {
        match body.checked_sub(1) {
            None => &self.graph.nodes,
            Some(n) => self.graph.functions.get(n).map_or(&[], |function| &function.nodes),
        }
    }

    pub(super) fn node(&self, body: Body, node: usize) -> Option<&'a Node> {
        self.body(body).get(node)
    }

    pub(super) fn find(&self, body: Body, name: &str) -> Option<usize> {
        self.names.get(body)?.get(name).copied()
    }

    /// The number of an argument of a body.
    pub(super) fn argument(&self, body: Body, name: &str) -> Option<usize> {
        self.arguments.get(body)?.get(name).copied()
    }

    /// The bodies of the functions of a name.
    pub(super) fn function(&self, name: &str) -> &[Body] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// When a node runs.
    pub(super) fn when(&self, body: Body, node: usize) -> When {
        let of = if body == 0 { self.nodes.get(node) } else { self.bodies.get(body) };
        of.copied().unwrap_or_default()
    }

    /// The functions that a node calls.
    fn called(&self, node: &Node) -> Vec<Body> {
        let mut called = self.function(node.op.raw()).to_vec();
        for attr in &node.attrs {
            if let AttrValue::Functions(names) = &attr.value {
                called.extend(names.iter().flat_map(|name| self.function(name.raw())));
            }
        }
        called
    }

    fn index_calls(&mut self) {
        for body in 0..self.bodies.len() {
            for (n, node) in self.body(body).iter().enumerate() {
                for callee in self.called(node) {
                    self.calls.entry(callee).or_default().push((body, n));
                }
            }
        }
    }

    /// Follows what runs from everywhere that a loader or caller begins.
    fn enter(&mut self, kind: Kind) {
        let graph = self.graph;
        let mut entered = false;
        let begin = |program: &mut Self, tensor: &str, when: When| {
            if let Some(node) = program.find(0, base(tensor)) {
                program.run_node(node, when);
                return true;
            }
            false
        };
        if let Some(saver) = &graph.saver {
            begin(self, saver.restore.raw(), When::RESTORED);
            begin(self, saver.save.raw(), When::SAVED);
        }
        for collection in &graph.collections {
            let when = match collection.key.raw() {
                "saved_model_main_op" | "legacy_init_op" => When::LOADED,
                "saved_model_train_op" => When::CALLED,
                _ => continue,
            };
            for name in &collection.names {
                entered |= begin(self, name.raw(), when);
            }
        }
        for signature in &graph.signatures {
            let init = signature.name.raw() == "__saved_model_init_op";
            let when = if init { When::LOADED } else { When::CALLED };
            for output in &signature.outputs {
                entered |= begin(self, output.raw(), when);
            }
        }
        entered |= self.enter_objects();
        if kind != Kind::SavedModel || !entered {
            for node in 0..graph.nodes.len() {
                if self.nodes.get(node).is_some_and(|when| when.is_never()) {
                    self.run_node(node, When::RUN);
                }
            }
        }
    }

    /// What Python calls by the names of the object graph.
    fn enter_objects(&mut self) -> bool {
        let mut entered = false;
        let objects = &self.graph.objects;
        let functions = |index: u64| {
            let object = usize::try_from(index).ok().and_then(|index| objects.get(index));
            match object.map(|object| &object.kind) {
                Some(ObjectKind::Function(names)) => names.as_slice(),
                _ => &[],
            }
        };
        let mut begin = Vec::new();
        for object in objects {
            for (name, child) in &object.children {
                let loaded = matches!(
                    name.raw(),
                    "_initialize" | "_create_resource" | "_initializer" | "initializer"
                );
                if loaded {
                    begin.extend(functions(*child).iter().map(|name| (name, When::LOADED)));
                }
            }
            for (save, restore) in &object.savers {
                begin.extend(functions(*save).iter().map(|name| (name, When::SAVED)));
                begin.extend(functions(*restore).iter().map(|name| (name, When::RESTORED)));
            }
            if let ObjectKind::Function(names) = &object.kind {
                begin.extend(names.iter().map(|name| (name, When::CALLED)));
            }
        }
        for (name, when) in begin {
            for body in self.function(name.raw()).to_vec() {
                entered = true;
                self.run_body(body, when);
            }
        }
        entered
    }

    /// A node of the graph itself runs, and with it all that it takes.
    fn run_node(&mut self, node: usize, when: When) {
        let mut open = vec![node];
        while let Some(n) = open.pop() {
            let Some(held) = self.nodes.get_mut(n) else { continue };
            if !held.add(when) {
                continue;
            }
            let Some(node) = self.node(0, n) else { continue };
            for callee in self.called(node) {
                self.run_body(callee, when);
            }
            open.extend(node.inputs.iter().filter_map(|input| self.find(0, base(input.raw()))));
        }
    }

    /// A function runs, and with it all that it calls.
    fn run_body(&mut self, body: Body, when: When) {
        let mut open = vec![body];
        while let Some(body) = open.pop() {
            let Some(held) = self.bodies.get_mut(body) else { continue };
            if body == 0 || !held.add(when) {
                continue;
            }
            for node in self.body(body) {
                open.extend(self.called(node));
            }
            let function = body.checked_sub(1).and_then(|n| self.graph.functions.get(n));
            let gradients = function.and_then(|f| self.gradients.get(f.name.raw()));
            for gradient in gradients.into_iter().flatten() {
                open.extend(self.function(gradient));
            }
        }
    }
}
