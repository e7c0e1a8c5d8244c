//! TensorFlow graphs, judged as programs.
//!
//! The knowledge pack `tensorflow-ops` says what each operator does. An operator that does more than
//! compute is judged by when it runs ([`reach`]) and by where the file or address comes from that it
//! acts on ([`origin`]): what a loader gives it is what every saved model has, what stands in the
//! graph is what its author chose.

mod operators;
mod origin;
mod reach;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use formats::tensorflow::{AttrValue, Kind, MetaGraph, Model, Node};
use vocabulary::{Span, Untrusted};

use operators::{Effect, Operator, Source};
use origin::{Fed, Origin, Tracer};
use reach::{Body, Program, When};

/// Deeds of one file that are kept.
const DEEDS: usize = 2_000;

/// Which rule speaks of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Code outside of the graph runs, or the process ends.
    Code,
    /// A file is read or written that the graph names.
    File,
    /// A connection.
    Network,
    /// A file that whoever calls the model names.
    CallerFile,
    /// Nobody knows what the operator does.
    Unknown,
    /// Something of the first three that nothing runs by itself.
    Idle,
}

/// Something that a graph does beyond computing.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) class: Class,
    /// Where the node stands; nothing in a text file.
    pub(crate) at: Option<u64>,
    pub(crate) operator: Untrusted,
    pub(crate) node: Untrusted,
    /// The function that the node is in, where it is in one.
    pub(crate) function: Option<Untrusted>,
    /// What is done, to what, and when.
    pub(crate) message: String,
}

/// What an operator may do, wherever it stands; nothing for one that only computes.
pub(crate) fn class_of_operator(name: &str) -> Option<Class> {
    let effect = match operators::lookup(name) {
        None => return Some(Class::Unknown),
        Some(Operator::Computes(_)) => return None,
        Some(Operator::Acts(effect, _)) => *effect,
    };
    Some(match effect {
        Effect::Python
        | Effect::Process
        | Effect::Graph
        | Effect::Compiled
        | Effect::Native
        | Effect::Stops => Class::Code,
        Effect::Network => Class::Network,
        Effect::Reads
        | Effect::Dataset
        | Effect::Table
        | Effect::Lists
        | Effect::Writes
        | Effect::Restores
        | Effect::Saves
        | Effect::Prints
        | Effect::Debugs => Class::File,
    })
}

/// What a file of graphs does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) deeds: Vec<Deed>,
    /// Whether there were more than are kept.
    pub(crate) more: bool,
    /// Graphs that stand in texts of this one: where they stand in [`Model::wire`].
    pub(crate) nested: Vec<Span>,
    /// How often each operator is used.
    pub(crate) operators: BTreeMap<String, u64>,
    /// Libraries other than TensorFlow whose operators it uses.
    pub(crate) libraries: BTreeMap<&'static str, u64>,
}

/// Judges every graph of a file.
pub(crate) fn judge(model: &Model) -> Judgement {
    let mut out = Judgement::default();
    for graph in &model.meta_graphs {
        let program = Program::new(graph, model.kind);
        let tracer = Tracer::new(&program);
        let judge = Judge { model, graph, program: &program, tracer: &tracer };
        for body in 0..=graph.functions.len() {
            for (n, node) in program.body(body).iter().enumerate() {
                judge.node(body, n, node, &mut out);
            }
        }
        judge.assets(&mut out);
    }
    out
}

struct Judge<'a> {
    model: &'a Model,
    graph: &'a MetaGraph,
    program: &'a Program<'a>,
    tracer: &'a Tracer<'a>,
}

/// What is said of an operator: the rule, and the words between the operator and the time.
type Said = (Class, String);

impl Judge<'_> {
    fn node(&self, body: Body, n: usize, node: &Node, out: &mut Judgement) {
        /// Operators that are counted by name.
        const NAMES: usize = 10_000;
        let op = node.op.raw();
        if let Some(count) = out.operators.get_mut(op) {
            *count = count.saturating_add(1);
        } else if out.operators.len() < NAMES {
            out.operators.insert(op.to_owned(), 1);
        }
        let when = self.program.when(body, n);
        let said = match operators::lookup(op) {
            Some(Operator::Computes(library)) => {
                if *library != "tensorflow-cpu" {
                    let count = out.libraries.entry(library).or_default();
                    *count = count.saturating_add(1);
                }
                return;
            }
            Some(Operator::Acts(effect, sources)) => {
                self.acts(*effect, sources, body, node, when, out)
            }
            None if !self.program.function(op).is_empty() => return,
            None => {
                let text = "is an operator of no known library: what it does is in native code \
                            that has to be loaded for it";
                Some((Class::Unknown, text.to_owned()))
            }
        };
        let Some((class, text)) = said else { return };
        let message = match class {
            Class::Unknown => format!("`{}` {text}", node.op.shortened(60)),
            _ => format!("`{}` {text}, {}", node.op.shortened(60), when.words()),
        };
        let function = body.checked_sub(1).and_then(|n| self.graph.functions.get(n));
        out.push(Deed {
            class,
            at: (!self.model.is_text).then_some(node.at),
            operator: node.op.clone(),
            node: node.name.clone(),
            function: function.map(|function| function.name.clone()),
            message,
        });
    }

    fn acts(
        &self,
        effect: Effect,
        sources: &[Source],
        body: Body,
        node: &Node,
        when: When,
        out: &mut Judgement,
    ) -> Option<Said> {
        let origin = self.origin(sources, body, node, when);
        let said = match effect {
            Effect::Reads | Effect::Dataset => self.read("reads", &origin, when)?,
            Effect::Lists => self.read("lists the files of", &origin, when)?,
            Effect::Table => self.read("reads words from", &origin, when)?,
            Effect::Writes => {
                // The cache of a data set that has no name is in memory.
                let memory = origin.texts.iter().all(|constant| constant.text.is_empty());
                if memory && !origin.texts.is_empty() && !origin.caller && !origin.computed {
                    return None;
                }
                file("writes", &origin, when, false)?
            }
            Effect::Restores => self.checkpoint("reads the checkpoint", &origin, when, false)?,
            Effect::Saves => self.checkpoint("writes the checkpoint", &origin, when, true)?,
            Effect::Prints => prints(&origin)?,
            Effect::Debugs => debugs(&origin)?,
            Effect::Network => {
                let what = shown(&origin);
                (Class::Network, format!("opens a connection or port{}", told("named", &what)))
            }
            Effect::Python => {
                let what = shown(&origin);
                let text = "calls a function of the Python that runs the model";
                (Class::Code, format!("{text}{}", told("by its token", &what)))
            }
            Effect::Process => (Class::Code, "starts another program".to_owned()),
            Effect::Graph => {
                out.nested.extend(origin.texts.iter().filter_map(|constant| constant.span));
                let text = "runs a graph that is hidden in a text";
                (Class::Code, text.to_owned())
            }
            Effect::Compiled => self.compiled(node)?,
            Effect::Native => {
                let what = shown(&origin);
                let text = "calls native code that is not part of TensorFlow";
                return Some((Class::Unknown, format!("{text}{}", told("named", &what))));
            }
            Effect::Stops => (Class::Code, "ends the process".to_owned()),
        };
        let idle = when.is_never() || (effect == Effect::Python && self.is_training(when));
        Some(if idle { (Class::Idle, said.1) } else { said })
    }

    /// Whether the file says of no node whether it is run, because it is the graph of a training:
    /// that names the files that it read, and its functions in Python.
    fn is_training(&self, when: When) -> bool {
        self.model.kind == Kind::MetaGraph && when == When::RUN
    }

    /// A file that is opened for reading.
    fn read(&self, does: &str, origin: &Origin, when: When) -> Option<Said> {
        let (class, text) = file(does, origin, when, true)?;
        let idle = self.is_training(when) && class != Class::Network;
        Some((if idle { Class::Idle } else { class }, text))
    }

    fn origin(&self, sources: &[Source], body: Body, node: &Node, when: When) -> Origin {
        // A loader gives the paths of assets to what it runs, and that of the checkpoint to what
        // restores; what a caller runs is given neither.
        let fed = Fed {
            assets: !when.has(When::CALLED),
            checkpoint: self.model.kind != Kind::SavedModel || !when.is_unfed(),
        };
        let mut origin = Origin::default();
        for source in sources {
            origin.join(match source {
                Source::Input(number) => self.tracer.input(body, node, *number, fed),
                Source::Queue(number) => self.tracer.queue(body, node, *number, fed),
                Source::Attr(name) => attribute(node, name),
            });
        }
        origin
    }

    /// A checkpoint: what a loader gives the path of is what every saved model has.
    fn checkpoint(&self, does: &str, origin: &Origin, when: When, writes: bool) -> Option<Said> {
        let paths: Vec<&str> = origin.texts.iter().map(|constant| constant.text.as_str()).collect();
        let leads = |text: &&&str| {
            text.contains("://") || text.starts_with('.') || crate::rules::leaves_its_folder(text)
        };
        let runs = when.is_used() && self.model.kind == Kind::SavedModel;
        if !writes && !runs {
            // It reads tensors of a checkpoint, where somebody runs it by its name.
            return None;
        }
        let named = paths.iter().find(leads).or(paths.first().filter(|_| runs && !origin.caller));
        if let Some(path) = named {
            let class = if is_remote(path) { Class::Network } else { Class::File };
            return Some((class, format!("{does} `{}`", short(path))));
        }
        if origin.computed || (runs && origin.asset) {
            return Some((Class::File, format!("{does} at a path that the graph computes")));
        }
        // Who may call the model is not who may save it.
        let served = writes && origin.caller && self.is_served(when);
        served.then(|| (Class::CallerFile, format!("{does} wherever the caller says")))
    }

    fn is_served(&self, when: When) -> bool {
        self.model.kind == Kind::SavedModel && when.has(When::CALLED)
    }

    /// `StableHLO`: a program of arithmetic, but for calls by name.
    fn compiled(&self, node: &Node) -> Option<Said> {
        const CALLBACKS: [&[u8]; 2] = [b"python_cpu_callback", b"python_gpu_callback"];
        for attr in node.attrs.iter().filter(|attr| attr.name.raw() == "module") {
            let AttrValue::Texts(texts) = &attr.value else {
                let text = "is a compiled program that stands elsewhere".to_owned();
                return Some((Class::Unknown, text));
            };
            for text in texts {
                let blob = self.model.wire.slice(text.span.start, text.span.len());
                if CALLBACKS.iter().any(|needle| contains(&blob, needle)) {
                    let text = "is a compiled program that calls back into Python";
                    return Some((Class::Code, text.to_owned()));
                }
            }
        }
        None
    }

    /// Assets that lie elsewhere.
    fn assets(&self, out: &mut Judgement) {
        for asset in &self.graph.assets {
            let file = asset.file.raw();
            if crate::rules::leaves_its_folder(file) || file.contains("://") {
                let class = if is_remote(file) { Class::Network } else { Class::File };
                out.push(Deed {
                    class,
                    at: (!self.model.is_text).then_some(asset.at),
                    operator: Untrusted::default(),
                    node: asset.tensor.clone(),
                    function: None,
                    message: format!(
                        "the asset `{}` lies outside of the model's folder, on loading",
                        asset.file.shortened(120)
                    ),
                });
            }
        }
    }
}

impl Judgement {
    fn push(&mut self, deed: Deed) {
        if self.deeds.len() < DEEDS {
            self.deeds.push(deed);
        } else {
            self.more = true;
        }
    }
}

/// A file that is opened.
fn file(does: &str, origin: &Origin, when: When, assets: bool) -> Option<Said> {
    let named: Vec<&str> = origin
        .texts
        .iter()
        .map(|constant| constant.text.as_str())
        .filter(|text| !harmless_name(text))
        .collect();
    if named.is_empty() && !origin.computed && !origin.caller && (assets || !origin.asset) {
        return None;
    }
    if let Some(remote) = named.iter().find(|text| is_remote(text)) {
        let text = format!("{does} `{}` on another machine", short(remote));
        return Some((Class::Network, text));
    }
    let what = shown(origin);
    if !what.is_empty() {
        return Some((Class::File, format!("{does} {what}")));
    }
    if origin.caller {
        let text = format!("{does} whatever file the caller of the model names");
        return Some((Class::CallerFile, text));
    }
    if !assets && origin.asset {
        return Some((Class::File, format!("{does} a file of the model itself")));
    }
    let never = if when.is_never() { "" } else { ", and not the caller" };
    Some((Class::File, format!("{does} a file whose path the graph computes{never}")))
}

/// The texts of an attribute.
fn attribute(node: &Node, name: &str) -> Origin {
    let mut origin = Origin::default();
    for attr in node.attrs.iter().filter(|attr| attr.name.raw() == name) {
        match &attr.value {
            AttrValue::Texts(texts) => origin.join(Origin::of_texts(texts)),
            AttrValue::Placeholder(_) => origin.computed = true,
            AttrValue::Tensor(..) | AttrValue::Functions(_) | AttrValue::Numbers => {}
        }
    }
    origin
}

/// `PrintV2`: the streams that are no files.
fn prints(origin: &Origin) -> Option<Said> {
    if origin.computed {
        let text = "appends to whatever its function is called with".to_owned();
        return Some((Class::File, text));
    }
    let file = origin.texts.iter().find(|constant| {
        !matches!(
            constant.text.as_str(),
            "" | "stdout" | "stderr" | "log(info)" | "log(warning)" | "log(error)"
        )
    })?;
    Some((Class::File, format!("appends to the file `{}`", short(&file.text))))
}

/// The debugging operators: where tensors are sent. `Copy` has `OPERATOR;URL;…`.
fn debugs(origin: &Origin) -> Option<Said> {
    if origin.computed {
        let text = "sends tensors to whatever its function is called with".to_owned();
        return Some((Class::Network, text));
    }
    let urls: Vec<&str> = origin
        .texts
        .iter()
        .flat_map(|constant| constant.text.split(';'))
        .filter(|part| part.contains("://") && !part.starts_with("memcbk://"))
        .collect();
    let first = urls.iter().find(|url| !url.starts_with("file://")).or(urls.first())?;
    Some(if first.starts_with("file://") {
        (Class::File, format!("writes tensors to `{}`", short(first)))
    } else {
        (Class::Network, format!("sends tensors to `{}`", short(first)))
    })
}

/// Names that stand for no file: nothing, descriptors that are linked in or given.
fn harmless_name(text: &str) -> bool {
    text.is_empty() || text.starts_with("local://") || text.starts_with("bytes://")
}

/// Whether a path leads to another machine.
fn is_remote(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| !matches!(scheme, "file" | "ram"))
        || text.starts_with("\\\\")
        || text.starts_with("//")
}

/// The constants of an origin for a message.
fn shown(origin: &Origin) -> String {
    let texts: Vec<String> = origin
        .texts
        .iter()
        .filter(|constant| !harmless_name(&constant.text))
        .map(|constant| {
            let made = if constant.exact { "" } else { "what is made of " };
            format!("{made}`{}`", short(&constant.text))
        })
        .collect();
    let more = texts.len().saturating_sub(3);
    let shown = texts.into_iter().take(3).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn short(text: &str) -> String {
    Untrusted::new(text).shortened(120)
}

fn told(how: &str, what: &str) -> String {
    if what.is_empty() { String::new() } else { format!(" {how} {what}") }
}

/// Whether bytes stand in a blob.
fn contains(blob: &artifact::Blob, needle: &[u8]) -> bool {
    const CHUNK: usize = 1 << 20;
    let mut at = 0u64;
    while at < blob.len() {
        let bytes = blob.bytes_at(at, CHUNK.saturating_add(needle.len()));
        if bytes.windows(needle.len()).any(|window| window == needle) {
            return true;
        }
        at = at.saturating_add(CHUNK as u64);
    }
    false
}
