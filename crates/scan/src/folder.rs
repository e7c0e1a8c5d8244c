//! What only the files of a folder together can tell.

use std::collections::{BTreeMap, BTreeSet};

use artifact::tree::{EntryKind, Tree};
use vocabulary::Place;

use crate::Looked;
use crate::rules;
use crate::sink::Sink;
use crate::subject::{Content, Siblings};

pub(crate) fn check(tree: &Tree, looked: &[Looked], sink: &mut Sink) {
    hub_cache(tree, looked, sink);
    indexes(tree, looked, sink);
    parts(tree, looked, sink);
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
