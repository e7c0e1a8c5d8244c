//! Files that hold the data of a model beside them: they are looked for, and what is known of them
//! only through the model is told.

use std::collections::{BTreeMap, BTreeSet};

use artifact::tree::{EntryKind, Tree};
use vocabulary::Place;

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

/// Looks for the data of every model, and explains the files that are nothing but data.
pub(crate) fn explain(tree: &Tree, looked: &mut [Looked], sink: &mut Sink) {
    if looked.iter().all(|one| one.external.is_empty()) {
        return;
    }
    let entries: BTreeMap<&str, &EntryKind> =
        tree.entries.iter().map(|entry| (entry.path.raw(), &entry.kind)).collect();
    let mut data: BTreeSet<String> = BTreeSet::new();
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
                    data.insert(real);
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
        if !loaded && data.contains(one.path.raw()) {
            one.sink.is_data_of_a_model();
        }
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
