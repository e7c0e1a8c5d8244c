//! What only the files of a folder together can tell.

use std::collections::{BTreeMap, BTreeSet};

use artifact::tree::{EntryKind, Tree};
use formats::identify;
use vocabulary::Place;

use crate::rules;
use crate::sink::Sink;
use crate::subject::{Content, Siblings};
use crate::walk::{Bundle, BundlePart};
use crate::{Looked, walk};

pub(crate) fn check(tree: &Tree, looked: &mut [Looked], sink: &mut Sink) {
    bundles(looked);
    hub_cache(tree, looked, sink);
    indexes(tree, looked, sink);
    parts(tree, looked, sink);
    second_names(tree, looked, sink);
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

/// Blobs of a Hugging Face cache are named by the SHA-256 of their content where they are large.
fn hub_cache(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    let digests: BTreeMap<&str, &str> = looked
        .iter()
        .filter_map(|one| Some((one.path.raw(), one.digests.as_ref()?.sha256.as_str())))
        .collect();
    for entry in &tree.entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        let Some(named) = &file.blob_name else { continue };
        if named.len() != 64 || !named.bytes().all(|b| b.is_ascii_hexdigit()) {
            continue;
        }
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
    for one in looked {
        let Some(index) = &one.index else { continue };
        let folder = one.path.raw().rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut siblings = Siblings::default();
        for entry in &tree.entries {
            let path = entry.path.raw();
            let relative = match folder {
                "" => Some(path),
                folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            let Some(relative) = relative else { continue };
            let real = match &entry.kind {
                EntryKind::File(file) => match file.same_as.and_then(|n| tree.entries.get(n)) {
                    Some(first) => first.path.raw(),
                    None => path,
                },
                EntryKind::Alias { target } => target.raw(),
                _ => continue,
            };
            let tensors = read.get(real).and_then(|one| one.tensors.clone());
            siblings.tensors.insert(relative.to_owned(), tensors);
        }
        let content = Content::Index(index, &siblings);
        rules::apply(&Place::file(one.path.clone()), &content, sink);
    }
}

/// Tells what the parts of a checkpoint within one file say, where the file is all there is.
pub(crate) fn alone(bundles: &[Bundle], sink: &mut Sink) {
    let claims = Claims::of(bundles.iter());
    for bundle in bundles {
        claims.judge(bundle, sink);
    }
}

/// Tells what the parts of a checkpoint in a folder say.
fn bundles(looked: &mut [Looked]) {
    let claims = Claims::of(looked.iter().flat_map(|one| &one.bundles));
    for one in looked.iter_mut() {
        for bundle in &one.bundles {
            claims.judge(bundle, &mut one.sink);
        }
    }
}

/// What indexes and fingerprints say of the files beside them.
#[derive(Default)]
struct Claims {
    /// The end of the last tensor, by the path of the file of data.
    ends: BTreeMap<String, u64>,
    /// The hash that is promised, by the path of the index.
    hashes: BTreeMap<String, u64>,
}

impl Claims {
    fn of<'a>(bundles: impl Iterator<Item = &'a Bundle>) -> Self {
        let mut claims = Self::default();
        for bundle in bundles {
            let path = bundle.path();
            match &bundle.part {
                BundlePart::Index { shards, ends, .. } => {
                    let Some(prefix) = path.strip_suffix(".index") else { continue };
                    for (shard, end) in ends {
                        let file = format!("{prefix}.data-{shard:05}-of-{shards:05}");
                        claims.ends.insert(file, *end);
                    }
                }
                BundlePart::Fingerprint(hash) => {
                    let Some(folder) = path.strip_suffix("fingerprint.pb") else { continue };
                    claims.hashes.insert(format!("{folder}variables/variables.index"), *hash);
                }
                BundlePart::Data => {}
            }
        }
        claims
    }

    /// Of a file of data: raw numbers, where the index beside it says so.
    fn judge(&self, bundle: &Bundle, sink: &mut Sink) {
        let path = bundle.path();
        match &bundle.part {
            BundlePart::Index { hash, .. } => {
                if let (Some(promised), Some(actual)) = (self.hashes.get(&path), hash) {
                    let content = Content::Fingerprint(*promised, *actual);
                    rules::apply(&bundle.place, &content, sink);
                }
            }
            BundlePart::Fingerprint(_) => {}
            BundlePart::Data => match self.ends.get(&path) {
                Some(end) => {
                    let content = Content::CheckpointData { len: bundle.len, end: *end };
                    rules::apply(&bundle.place, &content, sink);
                }
                None => {
                    sink.not_data("unknown");
                    let because = "it has the name of a TensorFlow checkpoint's numbers, and no \
                                   index beside it speaks of it";
                    sink.could_not_look(&bundle.place, because);
                }
            },
        }
    }
}
