//! `SavedModel` and `MetaGraphDef`: graphs with what belongs to them.

use vocabulary::Untrusted;

use super::{
    Asset, Collection, Kind, Known, MetaGraph, Model, OddityKind, Reading, Saver, Signature, graph,
    objects,
};
use crate::Region;
use crate::protobuf::{Field, Message};

/// Graphs of one file that are read.
const GRAPHS: usize = 1024;

/// Reads the whole file.
pub(super) fn read(reading: &mut Reading, model: &mut Model) {
    let blob = model.wire.clone();
    let mut message = Message::all(&blob);
    let mut regions = Regions::default();
    if model.kind != Kind::SavedModel {
        model.meta_graphs.push(MetaGraph::default());
    }
    while let Some(field) = reading.wire.next(&mut message) {
        let known = match model.kind {
            Kind::SavedModel => part(reading, field, &mut model.meta_graphs),
            Kind::MetaGraph => with_one(model, |graph| meta_part(reading, field, graph)),
            Kind::Graph => with_one(model, |graph| graph::part(reading, field, graph)),
        };
        if known == Known::WrongType {
            let what = model.kind.name();
            reading.oddities.add(OddityKind::WrongWireType, field.at, || {
                format!("field {} of a {what} has another wire type", field.number)
            });
        }
        if known == Known::Yes {
            regions.add(field.at, message.rest().start);
        }
    }
    model.regions = regions.list;
}

/// Explained bytes; what follows on each other is one region.
#[derive(Default)]
struct Regions {
    list: Vec<Region>,
}

impl Regions {
    fn add(&mut self, start: u64, end: u64) {
        match self.list.last_mut() {
            Some(last) if last.span.end == start => last.span.end = end,
            _ => self.list.push(Region::new(start, end, "graph")),
        }
    }
}

fn with_one(model: &mut Model, act: impl FnOnce(&mut MetaGraph) -> Known) -> Known {
    model.meta_graphs.first_mut().map_or(Known::No, act)
}

/// A field of a `SavedModel`.
fn part(reading: &mut Reading, field: Field, out: &mut Vec<MetaGraph>) -> Known {
    match (field.number, field.message()) {
        (1, _) => {
            if field.varint().is_some() {
                Known::Yes
            } else {
                Known::WrongType
            }
        }
        (2, Some(message)) => {
            if out.len() >= GRAPHS {
                reading.oddities.add(OddityKind::NotRetained, field.at, || {
                    format!("more than {GRAPHS} graphs")
                });
                return Known::Yes;
            }
            let mut graph = MetaGraph::default();
            reading.fields(message, "MetaGraphDef", |reading, field| {
                meta_part(reading, field, &mut graph)
            });
            out.push(graph);
            Known::Yes
        }
        (2, None) => Known::WrongType,
        _ => Known::No,
    }
}

/// A field of a `MetaGraphDef`.
fn meta_part(reading: &mut Reading, field: Field, out: &mut MetaGraph) -> Known {
    let Some(message) = field.message() else {
        return if (1..=7).contains(&field.number) { Known::WrongType } else { Known::No };
    };
    match field.number {
        1 => info(reading, message, out),
        2 => graph::read(reading, message, out),
        3 => saver(reading, message, out),
        4 => collection(reading, message, out),
        5 => signature(reading, message, out),
        6 => {
            let asset = asset(reading, message, field.at);
            out.assets.push(asset);
        }
        7 => objects::read(reading, message, out),
        _ => return Known::No,
    }
    Known::Yes
}

/// A `MetaInfoDef`.
fn info(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    reading.fields(message, "MetaInfoDef", |reading, field| {
        match (field.number, field.bytes()) {
            (4, Some(span)) => {
                let tag = reading.name(span);
                if reading.take_node(field.at) {
                    out.tags.push(tag);
                }
            }
            (5, Some(span)) => reading.once(&mut out.version, span, field.at, "the version"),
            (4 | 5, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
}

/// A `SaverDef`.
fn saver(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    let mut saver = out.saver.take().unwrap_or_default();
    let Saver { filename, save, restore } = &mut saver;
    reading.fields(message, "SaverDef", |reading, field| {
        let slot = match field.number {
            1 => &mut *filename,
            2 => &mut *save,
            3 => &mut *restore,
            _ => return Known::No,
        };
        match field.bytes() {
            Some(span) => reading.once(slot, span, field.at, "a name of the saver"),
            None => return Known::WrongType,
        }
        Known::Yes
    });
    out.saver = Some(saver);
}

/// An entry of `collection_def`: lists of names, and assets.
fn collection(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    let mut found = Collection::default();
    let mut assets = Vec::new();
    reading.fields(message, "CollectionDef entry", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                reading.once(&mut found.key, message.rest(), field.at, "the key of a collection");
            }
            (2, Some(message)) => lists(reading, message, &mut found.names, &mut assets),
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    if found.key.raw() == "saved_model_assets" {
        out.assets.append(&mut assets);
    }
    if reading.take_node(0) {
        out.collections.push(found);
    }
}

/// A `CollectionDef`: of its kinds, the names (1), the texts (2), which are names too in old files,
/// and the messages (5) that are assets.
fn lists(
    reading: &mut Reading,
    message: Message,
    names: &mut Vec<Untrusted>,
    assets: &mut Vec<Asset>,
) {
    reading.fields(message, "CollectionDef", |reading, field| {
        let (number, Some(list)) = (field.number, field.message()) else { return Known::No };
        reading.fields(list, "list", |reading, field| {
            let (1, Some(span)) = (field.number, field.bytes()) else { return Known::No };
            match number {
                1 | 2 => {
                    let name = reading.name(span);
                    if reading.take_node(field.at) {
                        names.push(name);
                    }
                }
                5 => any_asset(reading, Message::within(span), assets),
                _ => {}
            }
            Known::Yes
        });
        Known::Yes
    });
}

/// A `google.protobuf.Any` that holds an `AssetFileDef`.
fn any_asset(reading: &mut Reading, message: Message, assets: &mut Vec<Asset>) {
    reading.fields(message, "Any", |reading, field| {
        if let (2, Some(message)) = (field.number, field.message())
            && reading.take_node(field.at)
        {
            let asset = asset(reading, message, field.at);
            if !asset.file.raw().is_empty() {
                assets.push(asset);
            }
        }
        Known::Yes
    });
}

/// An `AssetFileDef`.
fn asset(reading: &mut Reading, message: Message, at: u64) -> Asset {
    let mut asset = Asset { at, ..Asset::default() };
    reading.fields(message, "AssetFileDef", |reading, field| {
        match (field.number, field.bytes()) {
            (1, Some(span)) => {
                let mut name = Untrusted::default();
                tensor_name(reading, Message::within(span), &mut name);
                asset.tensor = name;
            }
            (2, Some(span)) => {
                reading.once(&mut asset.file, span, field.at, "the file of an asset");
            }
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    asset
}

/// The name in a `TensorInfo`.
fn tensor_name(reading: &mut Reading, message: Message, out: &mut Untrusted) {
    reading.fields(message, "TensorInfo", |reading, field| {
        if let (1, Some(span)) = (field.number, field.bytes()) {
            reading.once(out, span, field.at, "the name of a tensor");
        }
        Known::Yes
    });
}

/// An entry of `signature_def`.
fn signature(reading: &mut Reading, message: Message, out: &mut MetaGraph) {
    let mut signature = Signature::default();
    let Signature { name, inputs, outputs } = &mut signature;
    reading.fields(message, "SignatureDef entry", |reading, field| {
        match (field.number, field.message()) {
            (1, Some(message)) => {
                reading.once(name, message.rest(), field.at, "the name of a signature");
            }
            (2, Some(message)) => {
                reading.fields(message, "SignatureDef", |reading, field| {
                    let list = match field.number {
                        1 => &mut *inputs,
                        2 => &mut *outputs,
                        _ => return Known::No,
                    };
                    let Some(entry) = field.message() else { return Known::WrongType };
                    tensors(reading, entry, list);
                    Known::Yes
                });
            }
            (1 | 2, None) => return Known::WrongType,
            _ => return Known::No,
        }
        Known::Yes
    });
    if reading.take_node(0) {
        out.signatures.push(signature);
    }
}

/// The tensors of a map entry whose value is a `TensorInfo`: a dense one has a name, a sparse one
/// three, a composite one as many as it has components.
fn tensors(reading: &mut Reading, entry: Message, out: &mut Vec<Untrusted>) {
    reading.fields(entry, "TensorInfo entry", |reading, field| {
        if let (2, Some(info)) = (field.number, field.message()) {
            info_tensors(reading, info, out, 0);
        }
        Known::Yes
    });
}

fn info_tensors(reading: &mut Reading, info: Message, out: &mut Vec<Untrusted>, depth: u32) {
    reading.fields(info, "TensorInfo", |reading, field| {
        let Some(span) = field.bytes() else { return Known::No };
        let inner = Message::within(span);
        match field.number {
            1 => {
                let name = reading.name(span);
                if reading.take_node(field.at) {
                    out.push(name);
                }
            }
            4 => reading.fields(inner, "CooSparse", |reading, field| {
                if let (1..=3, Some(span)) = (field.number, field.bytes()) {
                    let name = reading.name(span);
                    out.push(name);
                }
                Known::Yes
            }),
            5 => reading.fields(inner, "CompositeTensor", |reading, field| {
                if let (2, Some(message), true) = (field.number, field.message(), depth < 8) {
                    info_tensors(reading, message, out, depth.saturating_add(1));
                }
                Known::Yes
            }),
            _ => return Known::No,
        }
        Known::Yes
    });
}
