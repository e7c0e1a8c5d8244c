//! ONNX: a `ModelProto` of `onnx.proto`, walked in a stream.
//!
//! What is kept is bounded and never follows a declared count: operators as counts, tensors by
//! name, type, shape and place, external data by file. The values themselves stay where they are;
//! a model of 2 GB is read in the memory of one buffer, and its weights are not read at all.
//!
//! A message that stands twice where the schema has it once is merged by every library, so each is
//! walked; of a number or text that stands twice the last counts. No writer does either, and both
//! are odd. What the schema does not have is passed over by the libraries and explained by nobody:
//! it is left out of the regions.
//!
//! Sources: `onnx/onnx.proto` and `docs/ExternalData.md` of <https://github.com/onnx/onnx>, up to
//! version 14 of the intermediate representation.

mod external;
mod kinds;
mod likeness;
mod tensor;
mod walk;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use crate::{Oddity, Region, protobuf};

pub use external::{ExternalFile, IN_MEMORY};
pub use likeness::is_onnx;
pub use tensor::{DataType, Role, TensorEntry};

/// The highest version of the intermediate representation that is known here.
pub const IR_VERSION: u64 = 14;
/// Operators that are told apart.
pub const MAX_OPERATORS: usize = 4096;
/// Functions that are kept.
pub const MAX_FUNCTIONS: usize = 65_536;
/// Tensors that are kept.
pub const MAX_TENSORS: usize = 100_000;
/// Files with external data that are told apart.
pub const MAX_EXTERNAL: usize = 65_536;
/// Pairs of metadata, and pieces of binary text, that are kept of each.
pub const MAX_PROPERTIES: usize = 1024;
/// Inputs and outputs that are kept.
pub const MAX_VALUES: usize = 1024;
/// The key of a [`Property`] that is the description of the model.
pub const DOC_STRING: &str = "doc_string";
/// Graphs in graphs. The libraries stop at 100 messages in each other, which is fewer.
pub const MAX_DEPTH: usize = 40;
/// Bytes of a name that are kept.
const NAME: usize = 1024;
/// Bytes of other texts that are kept.
const TEXT: usize = 4096;
/// Ranges that the schema does not explain; those beyond are explained by nobody as one range.
const MAX_UNEXPLAINED: usize = 1000;

/// What is odd about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// The wire format itself.
    Wire(protobuf::OddityKind),
    /// A field that the schema has once stands twice.
    DuplicateField,
    /// No graph.
    NoGraph,
    /// No version of the intermediate representation, or one that cannot be.
    IrVersion,
    /// No set of operators, which every version of the format since the third has.
    NoOperatorSet,
    /// Graphs nest deeper than [`MAX_DEPTH`]; what is below was not read.
    TooDeep,
    /// Two initializers of a graph have one name.
    DuplicateTensor,
    /// Two functions have one name.
    DuplicateFunction,
    /// A key stands twice in the metadata of the model.
    DuplicateMetadata,
    /// A dimension of a tensor is negative.
    NegativeDimension,
    /// The dimensions of a tensor multiply to more than 64 bits.
    Overflow,
    /// The data of a tensor is more or less than its shape takes.
    WrongSize,
    /// A tensor has values in two places.
    TwoValues,
    /// A tensor has elements and no values.
    NoValues,
    /// A tensor has no element type, or values of another type.
    WrongType,
    /// An element type that is not known here: its size cannot be checked.
    UnknownType,
    /// Text as raw bytes, which the schema forbids.
    RawText,
    /// A key of external data stands twice.
    ExternalDuplicateKey,
    /// A key of external data that the format does not have.
    ExternalUnknownKey,
    /// An offset or length of external data that is no number, negative or too large.
    ExternalNumber,
    /// A tensor is said to be external, and no file is named.
    ExternalNoFile,
    /// A place of data that is neither inside nor outside.
    DataLocation,
    /// A name or path is longer than what is kept.
    LongName,
    /// More of something than is kept.
    NotRetained,
}

/// A pair of the model's metadata, or a text beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its key; [`DOC_STRING`] for the description of the model.
    pub key: Untrusted,
    /// Its value, as much as is kept.
    pub value: Untrusted,
    /// Where the value stands.
    pub span: Span,
}

/// An operator and how often it is used, subgraphs and functions included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Its domain; empty for that of ONNX itself (`ai.onnx` is taken for that).
    pub domain: Untrusted,
    /// Its name.
    pub name: Untrusted,
    /// How many nodes use it.
    pub count: u64,
    /// Offset of the first of them.
    pub at: u64,
    /// Text attributes of the first nodes, by name.
    pub attributes: Vec<(Untrusted, Untrusted)>,
}

/// A function that the model defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its domain; empty for that of ONNX itself.
    pub domain: Untrusted,
    /// Its name.
    pub name: Untrusted,
    /// Which of the functions of that name.
    pub overload: Untrusted,
    /// Its offset.
    pub at: u64,
}

/// An input or output of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueInfo {
    /// Its name.
    pub name: Untrusted,
    /// Its type, as `F32 [batch, 3, 224, 224]`.
    pub kind: Untrusted,
}

/// A model.
#[derive(Clone, Debug, Default)]
pub struct Onnx {
    /// Version of the intermediate representation.
    pub ir_version: Option<u64>,
    /// Versions of the operator sets, by domain.
    pub opsets: Vec<(Untrusted, u64)>,
    /// What wrote it, and its version.
    pub producer: (Untrusted, Untrusted),
    /// The namespace of the model.
    pub domain: Untrusted,
    /// Version of the model.
    pub model_version: Option<u64>,
    /// Name of the graph.
    pub graph_name: Untrusted,
    /// Metadata of the model, in order, duplicates included, and its description.
    pub properties: Vec<Property>,
    /// Inputs of the graph.
    pub inputs: Vec<ValueInfo>,
    /// Outputs of the graph.
    pub outputs: Vec<ValueInfo>,
    /// Operators in the order of their first use.
    pub operators: Vec<Operator>,
    /// Functions that the model defines.
    pub functions: Vec<Function>,
    /// Nodes, those of subgraphs and functions included.
    pub nodes: u64,
    /// Graphs, the outermost one included.
    pub graphs: u64,
    /// The first tensors: initializers and those in attributes.
    pub tensors: Vec<TensorEntry>,
    /// How many tensors there are, kept or not.
    pub tensor_count: u64,
    /// The files beside the model that hold its data.
    pub external: Vec<ExternalFile>,
    /// Texts of attributes, tensors and inner metadata that hold something else than text.
    pub binaries: Vec<Span>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

impl Onnx {
    /// The value of a key of the metadata as the libraries have it: the last one.
    pub fn property(&self, key: &str) -> Option<&Property> {
        self.properties.iter().rev().find(|property| property.key.raw() == key)
    }
}

/// Reads a model; the values of its tensors are not read.
pub fn read(blob: &Blob) -> Onnx {
    walk::read(blob)
}
