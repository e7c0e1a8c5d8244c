//! What only the files of a folder together can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use artifact::tree::{Entry, EntryKind, FileEntry, Tree};
use artifact::{Blob, ReadAt};
use formats::identify;
use vocabulary::Place;

use crate::configuration::{Kind, Remark, settle};
use crate::python::beside::Beside;
use crate::python::{self, FileRole, Module, reach, source};
use crate::rules;
use crate::sink::Sink;
use crate::subject::{Content, EntryPoint, Program, Siblings};
use crate::{Looked, walk};

pub(crate) fn check(tree: &Tree, looked: &mut [Looked], sink: &mut Sink) {
    references(tree, looked, sink);
    weights(looked, sink);
    let looked = &*looked;
    hub_cache(tree, looked, sink);
    indexes(tree, looked, sink);
    parts(tree, looked, sink);
    second_names(tree, looked, sink);
    code(tree, looked, sink);
}

/// Joins the Python of all files: what runs on import, what entry points lead to.
fn code(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    let mut beside = Beside::default();
    for (key, name) in looked.iter().flat_map(|one| &one.settings) {
        beside.settings.entry(key.clone()).or_insert_with(|| name.clone());
    }
    let mut more: Vec<Module> = Vec::new();
    let read: BTreeMap<&str, &Looked> = looked.iter().map(|one| (one.path.raw(), one)).collect();
    let named: BTreeSet<&str> =
        looked.iter().flat_map(|one| &one.entry_points).map(|entry| entry.file.as_str()).collect();
    for entry in &tree.entries {
        let path = entry.path.raw();
        beside.paths.insert(path.to_owned());
        let first = match &entry.kind {
            EntryKind::File(file) => file.same_as.and_then(|n| tree.entries.get(n)),
            EntryKind::Alias { target } => {
                tree.entries.iter().find(|other| other.path.raw() == target.raw())
            }
            _ => continue,
        };
        // A second name, and a name that only an entry point takes for Python.
        let second = first.is_some() && walk::is_python(path);
        let strange = named.contains(path) && !walk::is_python(path);
        if !second && !strange {
            continue;
        }
        let place = Place::file(entry.path.clone());
        let held = first.and_then(|first| read.get(first.path.raw()));
        let module = held.and_then(|one| one.python.iter().find(|m| m.place.member.is_empty()));
        if let Some(module) = module {
            more.push(Module { place, ..module.clone() });
            continue;
        }
        let ((_, Some(EntryKind::File(file))) | (EntryKind::File(file), None)) =
            (&entry.kind, first.map(|first| &first.kind))
        else {
            continue;
        };
        match tree.open(file, false) {
            Err(trouble) => sink.could_not_look(&place, trouble.to_string()),
            Ok(opened) => {
                let blob = Blob::new(Arc::new(opened) as Arc<dyn ReadAt>);
                match source::read(&blob) {
                    Some(text) => more.push(python::read(&place, &text, FileRole::Source)),
                    None => sink.could_not_look(&place, "it is Python source of more than 8 MiB"),
                }
            }
        }
    }
    let modules: Vec<&Module> = looked.iter().flat_map(|one| &one.python).chain(&more).collect();
    let entry_points: Vec<&EntryPoint> = looked.iter().flat_map(|one| &one.entry_points).collect();
    conclude(&modules, &entry_points, &beside, sink);
}

/// The same for the Python of one file alone.
pub(crate) fn python(modules: &[Module], entry_points: &[EntryPoint], sink: &mut Sink) {
    let modules: Vec<&Module> = modules.iter().collect();
    let entry_points: Vec<&EntryPoint> = entry_points.iter().collect();
    conclude(&modules, &entry_points, &Beside::default(), sink);
}

fn conclude(modules: &[&Module], entry_points: &[&EntryPoint], beside: &Beside, sink: &mut Sink) {
    for conclusion in reach::conclude(modules, entry_points, beside) {
        let place = conclusion.module.place.clone();
        // What Python does not run need not be read to its end.
        if let Some(because) = conclusion.gap() {
            sink.could_not_look(&place, because);
        }
        rules::apply(&place, &Content::Python(&conclusion), sink);
    }
}

/// A file that stands in the folder under several names was looked at under the first. What a name
/// promises is told for each of the others as well.
fn second_names(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    let read: BTreeMap<&str, &Looked> = looked.iter().map(|one| (one.path.raw(), one)).collect();
    for entry in &tree.entries {
        let first = match &entry.kind {
            EntryKind::File(file) => {
                file.same_as.and_then(|n| tree.entries.get(n)).map(|first| first.path.raw())
            }
            EntryKind::Alias { target } => Some(target.raw()),
            _ => None,
        };
        let Some(one) = first.and_then(|first| read.get(first)) else { continue };
        let place = Place::file(entry.path.clone());
        if let Some(because) = walk::source_code(entry.path.raw()) {
            sink.could_not_look(&place, because);
        }
        if let Some(what) = walk::script_by_name(entry.path.raw()) {
            let program = Program::script(what);
            rules::apply(&place, &Content::Program(&program), sink);
        }
        if let Some(extension) = walk::extension(entry.path.raw())
            && let Some(contradiction) = identify::contradiction(&extension, &one.kinds)
        {
            let content =
                Content::Contradiction { extension: &extension, contradiction: &contradiction };
            rules::apply(&place, &content, sink);
        }
    }
}

/// A loader that is given one part of a split GGUF (`m-00001-of-00003.gguf`) opens the others.
fn parts(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    /// Parts that are looked for.
    const MOST: u64 = 10_000;
    let paths: BTreeSet<&str> = tree.entries.iter().map(|entry| entry.path.raw()).collect();
    for one in looked {
        let Some(count) = one.parts else { continue };
        let place = Place::file(one.path.clone());
        let numbered = one.path.raw().strip_suffix(".gguf").and_then(|stem| {
            let (rest, total) = stem.rsplit_once("-of-")?;
            let (prefix, number) = rest.rsplit_once('-')?;
            (number.len() == 5 && total.parse() == Ok(count)).then_some((prefix, total))
        });
        let Some((prefix, total)) = numbered else {
            let because = format!("it says that it is one of {count} parts, and its name does not");
            sink.could_not_look(&place, because);
            continue;
        };
        let missing = (1..=count.min(MOST))
            .filter(|n| !paths.contains(format!("{prefix}-{n:05}-of-{total}.gguf").as_str()))
            .count();
        if missing > 0 || count > MOST {
            let because = format!("it is one of {count} parts, and {missing} of them are not here");
            sink.could_not_look(&place, because);
        }
    }
}

/// The SHA-256 that the name of a blob of a Hugging Face cache promises. It is compared whether or
/// not digests are asked for.
pub(crate) fn promised_digest(file: &FileEntry) -> Option<&str> {
    let named = file.blob_name.as_deref()?;
    (named.len() == 64 && named.bytes().all(|b| b.is_ascii_hexdigit())).then_some(named)
}

/// Blobs of a Hugging Face cache are named by the SHA-256 of their content where they are large.
fn hub_cache(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    let digests: BTreeMap<&str, &str> = looked
        .iter()
        .filter_map(|one| Some((one.path.raw(), one.digests.as_ref()?.sha256.as_str())))
        .collect();
    for entry in &tree.entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        let Some(named) = promised_digest(file) else { continue };
        if let Some(actual) = digests.get(entry.path.raw())
            && !actual.eq_ignore_ascii_case(named)
        {
            let content = Content::CacheMismatch { named, actual };
            rules::apply(&Place::file(entry.path.clone()), &content, sink);
        }
    }
}

fn indexes(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    if looked.iter().all(|one| one.index.is_none()) {
        return;
    }
    let read: BTreeMap<&str, &Looked> = looked.iter().map(|one| (one.path.raw(), one)).collect();
    let entries: BTreeMap<&str, &Entry> =
        tree.entries.iter().map(|entry| (entry.path.raw(), entry)).collect();
    for one in looked {
        let Some(index) = &one.index else { continue };
        let folder = folder_of(one.path.raw());
        let mut siblings = Siblings::default();
        for shard in index.shards() {
            let shard = shard.raw();
            let path = match folder {
                "" => shard.to_owned(),
                folder => format!("{folder}/{shard}"),
            };
            let Some(entry) = entries.get(path.as_str()) else { continue };
            let Some(real) = real_name(tree, entry) else { continue };
            let tensors = read.get(real).and_then(|one| one.tensors.clone());
            siblings.tensors.insert(shard.to_owned(), tensors);
        }
        let content = Content::Index(index, &siblings);
        rules::apply(&Place::file(one.path.clone()), &content, sink);
    }
}

/// The name under which a file was looked at; none for what is no file.
fn real_name<'a>(tree: &'a Tree, entry: &'a Entry) -> Option<&'a str> {
    match &entry.kind {
        EntryKind::File(file) => {
            let first = file.same_as.and_then(|n| tree.entries.get(n));
            Some(first.unwrap_or(entry).path.raw())
        }
        EntryKind::Alias { target } => Some(target.raw()),
        _ => None,
    }
}

/// Resolves what configurations name: code becomes entry points of the files that name it.
fn references(tree: &Tree, looked: &mut [Looked], sink: &mut Sink) {
    if looked.iter().all(|one| one.references.is_empty()) {
        return;
    }
    let kinds: BTreeMap<String, Vec<identify::Format>> =
        looked.iter().map(|one| (one.path.raw().to_owned(), one.kinds.clone())).collect();
    let mut files = settle::Files::new();
    for entry in &tree.entries {
        let Some(real) = real_name(tree, entry) else { continue };
        files.insert(entry.path.raw(), kinds.get(real).map(Vec::as_slice));
    }
    for one in looked {
        let points = settle::settle(&one.references, &files, sink);
        one.entry_points.extend(points);
    }
}

/// Compares `config.json` with the tensors of the safetensors files beside it.
fn weights(looked: &[Looked], sink: &mut Sink) {
    for one in looked {
        let Some(model) = &one.model else { continue };
        let folder = folder_of(one.path.raw());
        let shards: Vec<&Looked> = looked
            .iter()
            .filter(|other| folder_of(other.path.raw()) == folder)
            .filter(|other| is_model(other.path.raw()) && other.tensors.is_some())
            .collect();
        // A model in parts that are not all here is told as such.
        let whole = shards.iter().all(|shard| {
            let of = shard.path.raw().rsplit_once("-of-").map(|(_, rest)| rest);
            let count =
                of.and_then(|rest| rest.strip_suffix(".safetensors")?.parse::<usize>().ok());
            count.is_none_or(|count| count == shards.len())
        });
        if shards.is_empty() || !whole {
            continue;
        }
        let names = shards.iter().flat_map(|shard| shard.tensors.iter().flatten());
        let mut embeddings = BTreeMap::new();
        for shard in &shards {
            embeddings.extend(shard.embeddings.clone());
        }
        let place = Place::file(one.path.clone());
        for message in model.contradictions(names.map(String::as_str), &embeddings) {
            let kind = Kind::OtherWeights;
            let remark = Remark { kind, at: model.at(), message, evidence: Vec::new() };
            rules::apply(&place, &Content::Configuration(&[remark]), sink);
        }
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a file is named as transformers names the weights of a model, or a part of them.
fn is_model(path: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path);
    base == "model.safetensors" || (base.starts_with("model-") && base.ends_with(".safetensors"))
}
