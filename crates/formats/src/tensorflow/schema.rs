//! The messages that are read here, for translating their text form: one line a message, each field
//! as `name=number:type`.
//!
//! Types: `i` a varint (whole numbers, enumerations, truth values), `s` texts and bytes, `f` a
//! float, and everything that begins with a capital letter is a message. Fields that are not read
//! have no place here; the translation passes over them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Kind;

const MESSAGES: &str = "\
SavedModel saved_model_schema_version=1:i meta_graphs=2:MetaGraphDef
MetaGraphDef meta_info_def=1:MetaInfoDef graph_def=2:GraphDef saver_def=3:SaverDef collection_def=4:CollectionEntry signature_def=5:SignatureEntry asset_file_def=6:AssetFileDef object_graph_def=7:SavedObjectGraph
MetaInfoDef meta_graph_version=1:s tags=4:s tensorflow_version=5:s
SaverDef filename_tensor_name=1:s save_tensor_name=2:s restore_op_name=3:s
CollectionEntry key=1:s value=2:CollectionDef
CollectionDef node_list=1:Names bytes_list=2:Names any_list=5:AnyList
Names value=1:s
AnyList value=1:Any
Any type_url=1:s value=2:s
SignatureEntry key=1:s value=2:SignatureDef
SignatureDef inputs=1:InfoEntry outputs=2:InfoEntry method_name=3:s
InfoEntry key=1:s value=2:TensorInfo
TensorInfo name=1:s coo_sparse=4:CooSparse composite_tensor=5:CompositeTensor dtype=2:i
CooSparse values_tensor_name=1:s indices_tensor_name=2:s dense_shape_tensor_name=3:s
CompositeTensor components=2:TensorInfo
AssetFileDef tensor_info=1:TensorInfo filename=2:s
GraphDef node=1:NodeDef version=3:i library=2:FunctionDefLibrary
FunctionDefLibrary function=1:FunctionDef gradient=2:GradientDef
GradientDef function_name=1:s gradient_func=2:s
FunctionDef signature=1:OpDef node_def=3:NodeDef
OpDef name=1:s input_arg=2:ArgDef
ArgDef name=1:s
NodeDef name=1:s op=2:s input=3:s device=4:s attr=5:AttrEntry
AttrEntry key=1:s value=2:AttrValue
AttrValue s=2:s tensor=8:TensorProto list=1:ListValue func=10:NameAttrList placeholder=9:s type=6:i
ListValue s=2:s tensor=8:TensorProto func=9:NameAttrList
NameAttrList name=1:s attr=2:AttrEntry
TensorProto dtype=1:i tensor_shape=2:TensorShapeProto tensor_content=4:s string_val=8:s
TensorShapeProto dim=2:Dim
Dim size=1:i
SavedObjectGraph nodes=1:SavedObject concrete_functions=2:ConcreteEntry
SavedObject children=1:ObjectReference user_object=4:SavedUserObject asset=5:SavedAsset function=6:SavedFunction variable=7:Empty bare_concrete_function=8:BareFunction constant=9:SavedConstant resource=10:Empty saveable_objects=11:SaveableEntry registered_name=13:s
ObjectReference node_id=1:i local_name=2:s
SavedUserObject identifier=1:s metadata=3:s
SavedAsset asset_file_def_index=1:i
SavedFunction concrete_functions=1:s
BareFunction concrete_function_name=1:s
SavedConstant operation=1:s
SaveableEntry key=1:s value=2:SaveableObject
SaveableObject save_function=2:i restore_function=3:i
ConcreteEntry key=1:s value=2:SavedConcreteFunction
SavedConcreteFunction bound_inputs=2:i
Empty
";

/// A message of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(&'static str);

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// A varint.
    Number,
    /// Texts and bytes.
    Text,
    /// A message.
    Message(Shape),
}

/// The message that a file of this kind is.
pub(super) fn message(kind: Kind) -> Shape {
    Shape(match kind {
        Kind::SavedModel => "SavedModel",
        Kind::MetaGraph => "MetaGraphDef",
        Kind::Graph => "GraphDef",
    })
}

/// The message of this name, of TensorFlow's own.
pub(super) fn named(name: &str) -> Option<Shape> {
    table().get_key_value(name).map(|(message, _)| Shape(message))
}

/// The fields of a message: name, number and type.
type Fields = Vec<(&'static str, u32, Type)>;

fn table() -> &'static HashMap<&'static str, Fields> {
    static TABLE: OnceLock<HashMap<&'static str, Fields>> = OnceLock::new();
    TABLE.get_or_init(|| {
        MESSAGES
            .lines()
            .map(|line| {
                let (message, fields) = line.split_once(' ').unwrap_or((line, ""));
                (message, fields.split(' ').filter_map(field).collect())
            })
            .collect()
    })
}

fn field(line: &'static str) -> Option<(&'static str, u32, Type)> {
    let (name, rest) = line.split_once('=')?;
    let (number, kind) = rest.split_once(':')?;
    let kind = match kind {
        "i" => Type::Number,
        "s" => Type::Text,
        message => Type::Message(Shape(message)),
    };
    Some((name, number.parse().ok()?, kind))
}

impl Shape {
    /// The number and type of a field.
    pub(super) fn field(self, name: &str) -> Option<(u32, Type)> {
        let found = table().get(self.0)?.iter().find(|(held, ..)| *held == name)?;
        Some((found.1, found.2))
    }

    /// Whether it is a `google.protobuf.Any`.
    pub(super) fn is_any(self) -> bool {
        self.0 == "Any"
    }
}

/// The number of an enumeration's value. Of the data types, only texts differ in what is read.
pub(super) fn enumeration(name: &str) -> u64 {
    match name {
        "DT_STRING" => 7,
        "true" | "True" | "t" => 1,
        _ => 0,
    }
}
