//! TensorFlow graphs: `SavedModel` (`saved_model.pb`, `.pbtxt`), `MetaGraphDef` (`.meta`) and
//! `GraphDef` (frozen graphs), binary or as text.
//!
//! A graph is a program. What of it can matter to a judge is kept: every node with its operator,
//! inputs, text attributes, the functions that it calls, and the texts of constant string tensors;
//! the function library; signatures, assets, collections, the saver and the object graph. Numbers
//! are passed over.
//!
//! Where protocol buffers let a later value replace an earlier one, both are kept, and an oddity
//! tells of it: a judge then sees whatever a reader sees. A text file is translated into the wire
//! format by the schema of the messages that are read here, and the translation is read.
//!
//! Source: the `.proto` files of TensorFlow 2.21, `core/framework` and `core/protobuf`.

mod checkpoint;
mod farmhash;
mod fingerprint;
mod graph;
mod likeness;
mod meta;
mod objects;
mod schema;
mod text;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::bounded::Oddities;
use crate::protobuf::{self, Message, Wire};
use crate::{Oddity, Region};

pub use checkpoint::{
    Checkpoint, OddityKind as CheckpointOddityKind, Shard, read as read_checkpoint,
};
pub use farmhash::farm_hash;
pub use fingerprint::{Fingerprint, KerasNode, read_fingerprint, read_keras_metadata};
pub use likeness::{is_index, is_label_map, likeness, text_likeness};

/// Nodes that are kept of one file, those of functions included.
const MAX_NODES: u64 = 1_000_000;
/// Bytes of text that are kept of one file.
const MAX_TEXT: u64 = 192 << 20;
/// Bytes of a text file that are translated.
const MAX_TEXT_FILE: u64 = 256 << 20;

/// What may be wrong with a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// The wire format is broken.
    Wire(protobuf::OddityKind),
    /// A field that stands once stands twice: readers take the last, viewers may show the first.
    Twice,
    /// A field of another wire type than its number has: readers pass over it.
    WrongWireType,
    /// The text format is broken.
    Syntax,
    /// More nodes or texts than are kept: what follows was not looked at.
    NotRetained,
}

/// Which message a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `SavedModel`.
    SavedModel,
    /// `MetaGraphDef`.
    MetaGraph,
    /// `GraphDef`.
    Graph,
}

impl Kind {
    /// The name of the message.
    pub fn name(self) -> &'static str {
        match self {
            Self::SavedModel => "SavedModel",
            Self::MetaGraph => "MetaGraphDef",
            Self::Graph => "GraphDef",
        }
    }
}

/// A file of graphs.
#[derive(Clone, Debug)]
pub struct Model {
    /// Which message it is.
    pub kind: Kind,
    /// Whether it is text; offsets are then those of the translation and mean nothing outside.
    pub is_text: bool,
    /// The graphs with what belongs to them; one where the file is no `SavedModel`.
    pub meta_graphs: Vec<MetaGraph>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
    /// The wire format that was read: the file itself, or the translation of a text.
    pub wire: Blob,
}

/// A graph, its functions, and how it is used.
#[derive(Clone, Debug, Default)]
pub struct MetaGraph {
    /// Tags, as `serve`.
    pub tags: Vec<Untrusted>,
    /// The version of TensorFlow that wrote it.
    pub version: Untrusted,
    /// The nodes of the graph itself.
    pub nodes: Vec<Node>,
    /// The functions of its library.
    pub functions: Vec<Function>,
    /// Functions and the functions that are their gradients.
    pub gradients: Vec<(Untrusted, Untrusted)>,
    /// Signatures.
    pub signatures: Vec<Signature>,
    /// Files that a loader hands to the graph.
    pub assets: Vec<Asset>,
    /// How its variables are saved and restored.
    pub saver: Option<Saver>,
    /// Lists of names under a key.
    pub collections: Vec<Collection>,
    /// The object graph of TensorFlow 2.
    pub objects: Vec<Object>,
    /// Functions of the object graph with the objects that are bound to their last arguments.
    pub concrete: Vec<Concrete>,
}

/// A node: one use of an operator.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub at: u64,
    /// Its name.
    pub name: Untrusted,
    /// Its operator, or the function that it calls.
    pub op: Untrusted,
    /// What it takes, in order: `node`, `node:1`, `node:output:0`, and `^node` for what only has to
    /// run before it.
    pub inputs: Vec<Untrusted>,
    /// Attributes that hold texts or name functions.
    pub attrs: Vec<Attr>,
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attr {
    /// Its name.
    pub name: Untrusted,
    /// What it holds.
    pub value: AttrValue,
}

/// What of an attribute is kept.
#[derive(Clone, Debug)]
pub enum AttrValue {
    /// Texts: one, or a list.
    Texts(Vec<Text>),
    /// Names of functions: one, or a list.
    Functions(Vec<Untrusted>),
    /// A tensor of texts: the first ones, and whether these are all.
    Tensor(Vec<Text>, bool),
    /// What the caller of the function gives under this name.
    Placeholder(Untrusted),
    /// A tensor of numbers.
    Numbers,
}

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its beginning.
    pub text: Untrusted,
    /// All of it, in [`Model::wire`].
    pub span: Span,
}

/// A function of the library.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Where it stands.
    pub at: u64,
    /// Its name.
    pub name: Untrusted,
    /// Names of its arguments.
    pub args: Vec<Untrusted>,
    /// Its body.
    pub nodes: Vec<Node>,
}

/// A signature: what a server runs by its name.
#[derive(Clone, Debug, Default)]
pub struct Signature {
    /// Its name, as `serving_default`.
    pub name: Untrusted,
    /// The tensors that the caller gives, as `node:0`.
    pub inputs: Vec<Untrusted>,
    /// The tensors that are asked for.
    pub outputs: Vec<Untrusted>,
}

/// A file that a loader hands to the graph.
#[derive(Clone, Debug, Default)]
pub struct Asset {
    /// Where that is said.
    pub at: u64,
    /// The tensor that is given the path.
    pub tensor: Untrusted,
    /// The file, relative to the folder `assets`.
    pub file: Untrusted,
}

/// How variables are saved and restored.
#[derive(Clone, Debug, Default)]
pub struct Saver {
    /// The tensor that is given the path.
    pub filename: Untrusted,
    /// The tensor that saving asks for.
    pub save: Untrusted,
    /// The operation that restores; a loader runs it.
    pub restore: Untrusted,
}

/// A list under a key.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The key, as `saved_model_main_op`.
    pub key: Untrusted,
    /// Names of nodes or tensors.
    pub names: Vec<Untrusted>,
}

/// An object of the object graph.
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// Where it stands.
    pub at: u64,
    /// Names under which it holds others, and their indices.
    pub children: Vec<(Untrusted, u64)>,
    /// What it is.
    pub kind: ObjectKind,
    /// The class that is looked up when it is loaded, where one is registered.
    pub registered_name: Untrusted,
    /// Indices of the objects that are functions which save and restore it.
    pub savers: Vec<(u64, u64)>,
}

/// What an object is.
#[derive(Clone, Debug, Default)]
pub enum ObjectKind {
    /// Something that needs no look.
    #[default]
    Other,
    /// An object of a class: its identifier and its metadata (Keras: JSON).
    User(Untrusted, Text),
    /// A file: the index of the asset.
    Asset(u64),
    /// A function: the names of those that it may be.
    Function(Vec<Untrusted>),
    /// A constant: the node that holds it.
    Constant(Untrusted),
    /// A variable.
    Variable,
    /// A resource: a table, an iterator.
    Resource,
}

/// A function of the object graph.
#[derive(Clone, Debug, Default)]
pub struct Concrete {
    /// Its name in the library.
    pub name: Untrusted,
    /// Indices of the objects that are bound to its last arguments.
    pub bound: Vec<u64>,
}

impl Default for Text {
    fn default() -> Self {
        Self { text: Untrusted::default(), span: Span::new(0, 0) }
    }
}

/// Reads a binary file as the message that it is.
pub fn read(blob: &Blob, kind: Kind) -> Model {
    let mut reading = Reading::new(blob);
    let mut model = Model {
        kind,
        is_text: false,
        meta_graphs: Vec::new(),
        oddities: Vec::new(),
        regions: Vec::new(),
        wire: blob.clone(),
    };
    meta::read(&mut reading, &mut model);
    let Reading { wire, oddities, .. } = reading;
    for Oddity { kind, at, detail } in wire.finish() {
        model.oddities.push(Oddity::new(OddityKind::Wire(kind), at, detail));
    }
    model.oddities.append(&mut oddities.finish());
    model
}

/// Reads a text file as the message that it is.
pub fn read_text(blob: &Blob, kind: Kind) -> Model {
    let translation = text::translate(blob, schema::message(kind), MAX_TEXT_FILE);
    let mut model = read(&Blob::from_vec(translation.wire), kind);
    model.is_text = true;
    model.oddities.extend(translation.oddities);
    model.regions = vec![Region::new(0, blob.len().min(MAX_TEXT_FILE), "graph")];
    model
}

/// What reading one file shares.
struct Reading {
    wire: Wire,
    oddities: Oddities<OddityKind>,
    nodes: u64,
    text: u64,
}

impl Reading {
    fn new(blob: &Blob) -> Self {
        Self { wire: Wire::new(blob), oddities: Oddities::default(), nodes: 0, text: 0 }
    }

    /// Takes a node's worth of memory; false where there is none left.
    fn take_node(&mut self, at: u64) -> bool {
        self.nodes = self.nodes.saturating_add(1);
        let enough = self.nodes <= MAX_NODES;
        if !enough {
            self.oddities
                .add(OddityKind::NotRetained, at, || format!("more than {MAX_NODES} nodes"));
        }
        enough
    }

    /// A text of at most `max` bytes.
    fn text(&mut self, span: Span, max: usize) -> Untrusted {
        if self.text > MAX_TEXT {
            self.oddities.add(OddityKind::NotRetained, span.start, || {
                format!("more than {MAX_TEXT} bytes of names and texts")
            });
            return Untrusted::default();
        }
        let text = self.wire.text(span, max);
        self.text = self.text.saturating_add(text.raw().len() as u64);
        text
    }

    /// A text and where it stands.
    fn placed(&mut self, span: Span) -> Text {
        /// Bytes that are kept of it.
        const KEPT: usize = 1024;
        Text { text: self.text(span, KEPT), span }
    }

    /// A name. Longer ones than a graph has are cut, and told.
    fn name(&mut self, span: Span) -> Untrusted {
        /// Bytes that are kept of it.
        const KEPT: usize = 4096;
        if span.len() > KEPT as u64 {
            self.oddities.add(OddityKind::NotRetained, span.start, || {
                format!("a name of {} bytes", span.len())
            });
        }
        self.text(span, KEPT)
    }

    /// Reads the fields of a message; `act` says whether the number is a field that it has, of that
    /// wire type.
    fn fields(
        &mut self,
        mut message: Message,
        what: &'static str,
        mut act: impl FnMut(&mut Self, protobuf::Field) -> Known,
    ) {
        while let Some(field) = self.wire.next(&mut message) {
            match act(self, field) {
                Known::Yes | Known::No => {}
                Known::WrongType => self.oddities.add(OddityKind::WrongWireType, field.at, || {
                    format!("field {} of a {what} has another wire type", field.number)
                }),
            }
        }
    }

    /// Sets what stands once.
    fn once(&mut self, slot: &mut Untrusted, span: Span, at: u64, what: &'static str) {
        let text = self.name(span);
        if !slot.raw().is_empty() && *slot != text {
            let before = slot.shortened(60);
            self.oddities.add(OddityKind::Twice, at, || {
                format!("{what} stands twice: `{before}`, then `{}`", text.shortened(60))
            });
        }
        *slot = text;
    }
}

/// Whether a message has a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
    WrongType,
}

impl Known {
    fn when(bytes: bool) -> Self {
        if bytes { Self::Yes } else { Self::WrongType }
    }
}
