//! Files that hold the data of a model beside them: they are looked for, and what is known of them
//! only through the model is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::Blob;
use artifact::tree::{EntryKind, Tree};
use vocabulary::{Place, Span};

use crate::sink::Sink;
use crate::subject::{Content, DataFile};
use crate::{Looked, rules, walk};

/// Extensions of files that some loader opens on their own. A model that calls such a file its data
/// does not make it that.
const LOADED: &[&str] = &[
    "bc",
    "caffemodel",
    "cpb",
    "dlc",
    "engine",
    "hef",
    "mlir",
    "mlmodel",
    "mlmodelc",
    "mlpackage",
    "om",
    "onnx",
    "ort",
    "pb",
    "pbtxt",
    "pdiparams",
    "pdmodel",
    "plan",
    "pte",
    "rda",
    "rdata",
    "rds",
    "rknn",
    "ser",
    "tflite",
    "trt",
    "uff",
    "vmfb",
    "xml",
    "xmodel",
];

/// Ranges of a file that no model explains and that are listed.
const RANGES: usize = 1000;

/// Looks for the data of every model, and explains the files that are nothing but data.
pub(crate) fn explain(tree: &Tree, looked: &mut [Looked], sink: &mut Sink) {
    if looked.iter().all(|one| one.external.is_empty()) {
        return;
    }
    let entries: BTreeMap<&str, &EntryKind> =
        tree.entries.iter().map(|entry| (entry.path.raw(), &entry.kind)).collect();
    let mut data: BTreeMap<String, Data> = BTreeMap::new();
    for one in looked.iter() {
        let place = Place::file(one.path.clone());
        let mut missing = 0u64;
        let mut first = None;
        for file in &one.external {
            let Some(path) = join(one.path.raw(), file.location.raw()) else { continue };
            match find(tree, &entries, &path) {
                Some((Found::File(len), real)) => {
                    let content = Content::OnnxData(file, DataFile::File(len));
                    rules::apply(&place, &content, sink);
                    let held = data.entry(real).or_default();
                    held.spans.extend(&file.spans);
                    held.unsure |= !file.all_spans;
                }
                Some((Found::LinkOutside, _)) => {
                    let content = Content::OnnxData(file, DataFile::LinkOutside);
                    rules::apply(&place, &content, sink);
                }
                None => {
                    missing = missing.saturating_add(1);
                    first.get_or_insert(&file.location);
                }
            }
        }
        if let Some(first) = first {
            let because = match missing {
                1 => format!("its weights are in `{first}`, which is not here"),
                n => format!("its weights are in {n} files that are not here, `{first}` first"),
            };
            sink.could_not_look(&place, because);
        }
    }
    for one in looked.iter_mut().filter(|one| one.kinds.is_empty()) {
        let loaded = walk::extension(one.path.raw())
            .is_some_and(|extension| LOADED.binary_search(&extension.as_str()).is_ok());
        if let Some(held) = data.get(one.path.raw()).filter(|_| !loaded) {
            one.sink.is_data_of_a_model();
            left_over(tree, one, held);
        }
    }
}

/// What models say of a file that holds their data.
#[derive(Default)]
struct Data {
    /// The ranges that are tensors.
    spans: Vec<Span>,
    /// Whether there are more than were kept.
    unsure: bool,
}

/// Tells what of a file of data is no tensor: padding is zeros.
fn left_over(tree: &Tree, one: &mut Looked, data: &Data) {
    let place = Place::file(one.path.clone());
    if data.unsure {
        let because = "more tensors are in it than their places are kept";
        one.sink.could_not_look(&place, because);
        return;
    }
    let left = Span::uncovered(&data.spans, one.bytes);
    if left.is_empty() {
        return;
    }
    let entry = tree.entries.iter().find(|entry| entry.path == one.path);
    let Some(EntryKind::File(file)) = entry.map(|entry| &entry.kind) else { return };
    let blob = match tree.open(file, false) {
        Ok(source) => Blob::new(Arc::new(source)),
        Err(trouble) => {
            one.sink.could_not_look(&place, trouble.to_string());
            return;
        }
    };
    for span in left {
        let zero = walk::is_zero(&blob.slice(span.start, span.len()));
        rules::apply(&place, &Content::Unexplained { span, zero }, &mut one.sink);
        if !zero && one.sink.unexplained.len() < RANGES {
            one.sink.unexplained.push(span);
        }
    }
    if let Some(trouble) = blob.trouble() {
        one.sink.could_not_look(&place, trouble.to_string());
    }
}

enum Found {
    File(u64),
    LinkOutside,
}

/// What stands at a path, and the path under which it was looked at.
fn find(tree: &Tree, entries: &BTreeMap<&str, &EntryKind>, path: &str) -> Option<(Found, String)> {
    match entries.get(path)? {
        EntryKind::File(file) => {
            let first = file.same_as.and_then(|n| tree.entries.get(n));
            let real = first.map_or(path, |first| first.path.raw());
            Some((Found::File(file.len), real.to_owned()))
        }
        EntryKind::Alias { target } => match entries.get(target.raw())? {
            EntryKind::File(file) => Some((Found::File(file.len), target.raw().to_owned())),
            _ => None,
        },
        EntryKind::LinkOutside { .. } => Some((Found::LinkOutside, path.to_owned())),
        EntryKind::LinkBroken { .. } | EntryKind::Special { .. } | EntryKind::Unreadable { .. } => {
            None
        }
    }
}

/// A location, counted from the folder of the model; `None` where it leads out of the artifact,
/// which a rule tells.
fn join(model: &str, location: &str) -> Option<String> {
    if rules::leaves_its_folder(location) {
        return None;
    }
    let mut parts: Vec<&str> = model.split('/').collect();
    parts.pop();
    parts.extend(location.split('/').filter(|part| !matches!(*part, "" | ".")));
    Some(parts.join("/"))
}
