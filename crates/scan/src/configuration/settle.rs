//! What the references of configurations turn out to be once the files beside them are known.

use std::collections::{BTreeMap, BTreeSet};

use formats::identify::Format;
use vocabulary::{Place, Untrusted};

use super::{Kind, Missing, Reference, Remark, Target};
use crate::rules;
use crate::sink::Sink;
use crate::subject::{Content, EntryPoint};

/// The files that references can be to: path, and what the file is where it was read.
pub(crate) type Files<'a> = BTreeMap<&'a str, Option<&'a [Format]>>;

/// Python files of one folder that become entry points.
const FILES: usize = 10_000;

/// Entry points, each once.
#[derive(Default)]
struct Points {
    list: Vec<EntryPoint>,
    known: BTreeSet<(String, Option<String>)>,
    /// Folders whose files are all in the list.
    folders: BTreeSet<String>,
}

/// Tells of each reference what it is to, and gives the code that is run.
pub(crate) fn settle(
    references: &[Reference],
    files: &Files<'_>,
    sink: &mut Sink,
) -> Vec<EntryPoint> {
    let mut entry_points = Points::default();
    for reference in references {
        match &reference.target {
            Target::Code(object) => {
                code(reference, object.as_ref(), files, sink, &mut entry_points);
            }
            Target::Folder => folder(reference, files, sink, &mut entry_points),
            Target::Pickle => pickle(reference, files, sink),
        }
    }
    entry_points.list
}

fn code(
    reference: &Reference,
    object: Option<&String>,
    files: &Files<'_>,
    sink: &mut Sink,
    entry_points: &mut Points,
) {
    let Reference { named, by, said, .. } = reference;
    let mut found = false;
    for path in &reference.paths {
        if !files.contains_key(path.as_str()) || entry_points.list.len() >= FILES {
            continue;
        }
        found = true;
        let file = Untrusted::new(path.as_str()).shortened(120);
        remark(Kind::OwnCode, format!("`{by}` names `{named}`: it runs `{file}`"), said, sink);
        run(path, object, said, entry_points);
    }
    if found {
        return;
    }
    match reference.missing {
        Missing::Gap => {
            let because = format!("`{by}` names code, `{named}`, that is not here");
            sink.could_not_look(said, because);
        }
        Missing::Unknown => {
            let message =
                format!("`{by}` names `{named}`: no knowledge pack has it, and no file here is it");
            remark(Kind::UnknownCallable, message, said, sink);
        }
        Missing::Nothing => {}
    }
}

/// Whatever stands in a folder of code is imported before what is installed.
fn folder(reference: &Reference, files: &Files<'_>, sink: &mut Sink, entry_points: &mut Points) {
    let Reference { named, by, said, .. } = reference;
    for path in &reference.paths {
        if !entry_points.folders.insert(path.clone()) {
            continue;
        }
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = files.range(inside.as_str()..).map(|(file, _)| *file);
        let mut any = false;
        for file in below.take_while(|file| file.starts_with(&inside)).take(FILES) {
            if file.ends_with(".py") {
                any = true;
                run(file, None, said, entry_points);
            }
        }
        if any {
            let message = format!("`{by}` puts `{named}` on the path that Python imports from");
            remark(Kind::OwnCode, message, said, sink);
        }
    }
}

/// A file that is unpickled is to be one that is looked at as a pickle.
fn pickle(reference: &Reference, files: &Files<'_>, sink: &mut Sink) {
    let Reference { named, said, .. } = reference;
    for path in &reference.paths {
        let Some(kinds) = files.get(path.as_str()) else {
            sink.could_not_look(said, format!("it names `{named}`, which is not here"));
            continue;
        };
        let is_text = |format: &Format| {
            matches!(format, Format::Text | Format::Json | Format::Yaml | Format::Empty)
        };
        if kinds.is_some_and(|kinds| kinds.iter().all(is_text)) {
            let because =
                format!("it has `{named}` unpickled, and that could not be read as a pickle");
            sink.could_not_look(said, because);
        }
    }
}

fn run(path: &str, object: Option<&String>, said: &Place, entry_points: &mut Points) {
    let (file, object) = (path.to_owned(), object.cloned());
    if entry_points.known.insert((file.clone(), object.clone())) {
        entry_points.list.push(EntryPoint { file, object, said: said.clone() });
    }
}

fn remark(kind: Kind, message: String, said: &Place, sink: &mut Sink) {
    let at = said.offset.unwrap_or_default();
    let remark = Remark { kind, at, message, evidence: Vec::new() };
    rules::apply(said, &Content::Configuration(&[remark]), sink);
}
