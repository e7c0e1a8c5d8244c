//! YAML into the types of a pack: the tree of `formats::yaml`, with its limits, handed to serde.

use artifact::Blob;
use formats::json::{Limits, Node, Value as Node_};
use formats::yaml::{self, OddityKind};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use vocabulary::escape;

use super::Problem;

/// Bytes of a pack, at most.
pub const MAX_LEN: usize = 4 << 20;
/// What is kept of a document.
const LIMITS: Limits = Limits { depth: 32, nodes: 400_000, string: 1 << 20, text: 8 << 20 };

/// Reads one document into a type. What the type does not know, keys that stand twice, tags and
/// references to lists and mappings are problems.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let (root, value) = document(text)?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!(", at `{}`", escape(&path)) };
        let cause = escape(&error.inner().to_string()).replace("\\n", " ");
        Problem::new(format!("{cause}{place}")).on(line(text, locate(&root, &path)))
    })
}

/// Reads one document as it is, for what others wrote.
pub(crate) fn value(text: &str) -> Result<Value, Problem> {
    document(text).map(|(_, value)| value)
}

fn document(text: &str) -> Result<(Node, Value), Problem> {
    if text.len() > MAX_LEN {
        let cause = format!("it has {} bytes, and a pack has at most {MAX_LEN}", text.len());
        return Err(Problem::new(cause).hint("make several packs of it"));
    }
    let read = yaml::read_within(&Blob::from_vec(text.as_bytes().to_vec()), LIMITS);
    if let Some(odd) = read.oddities.first() {
        let cause = match odd.kind {
            OddityKind::Empty => "there is nothing in it".to_owned(),
            OddityKind::Syntax => format!("it is no YAML from here on: {}", odd.detail),
            OddityKind::Encoding => "it is no Unicode text".to_owned(),
            OddityKind::DuplicateKey => format!("a key stands twice: {}", odd.detail),
            OddityKind::Deep => format!("it nests deeper than {} levels", LIMITS.depth),
            OddityKind::NotRetained => "it holds more than is read".to_owned(),
        };
        return Err(Problem::new(cause).on(line(text, odd.at)));
    }
    let mut documents = read.documents.into_iter();
    let (Some(root), None) = (documents.next(), documents.next()) else {
        return Err(Problem::new("it holds more than one document"));
    };
    let value = plain(&root, &read.scalars).map_err(|(at, cause)| {
        Problem::new(cause).on(line(text, at)).hint("write the values out")
    })?;
    Ok((root, value))
}

type Scalars = std::collections::BTreeMap<u64, vocabulary::Untrusted>;

/// The tree as JSON. Recursion is bounded by the depth that was read.
fn plain(node: &Node, scalars: &Scalars) -> Result<Value, (u64, String)> {
    let at = node.span.start;
    if let Some(tag) = node.tag.as_ref().filter(|tag| tag.raw() != "tag:yaml.org,2002:str") {
        return Err((at, format!("a tag `{tag}` has no meaning here")));
    }
    Ok(match &node.value {
        Node_::Null => Value::Null,
        Node_::Bool(value) => Value::Bool(*value),
        Node_::Number(written) => number(written.raw()),
        Node_::String(text) => Value::String(text.raw().to_owned()),
        Node_::Array(items) => {
            Value::Array(items.iter().map(|item| plain(item, scalars)).collect::<Result<_, _>>()?)
        }
        Node_::Object(members) => {
            let mut map = Map::new();
            for member in members {
                let Some(key) = key(&member.key) else {
                    return Err((member.key.span.start, "a key is no text".to_owned()));
                };
                map.insert(key, plain(&member.value, scalars)?);
            }
            Value::Object(map)
        }
        Node_::Alias(anchor) => match scalars.get(anchor) {
            Some(text) => Value::String(text.raw().to_owned()),
            None => return Err((at, "a reference (`*name`) to a list or mapping".to_owned())),
        },
        Node_::Junk(_) | Node_::Omitted => {
            return Err((at, "a value that was not read".to_owned()));
        }
    })
}

fn key(node: &Node) -> Option<String> {
    match &node.value {
        Node_::String(text) | Node_::Number(text) => Some(text.raw().to_owned()),
        Node_::Bool(value) => Some(value.to_string()),
        Node_::Null
        | Node_::Array(_)
        | Node_::Object(_)
        | Node_::Alias(_)
        | Node_::Junk(_)
        | Node_::Omitted => None,
    }
}

/// A number where JSON has one; what it writes otherwise (`007`, `.inf`) stays the text that it is.
fn number(written: &str) -> Value {
    serde_json::from_str(written)
        .ok()
        .filter(Value::is_number)
        .unwrap_or_else(|| Value::String(written.to_owned()))
}

/// The byte of the deepest part of a path like `probes[2].slots.year` that there is.
fn locate(root: &Node, path: &str) -> u64 {
    let mut node = root;
    let mut at = root.span.start;
    for part in path.split(['.', '[']) {
        let found = match part.strip_suffix(']').and_then(|index| index.parse::<usize>().ok()) {
            Some(index) => node.items().get(index).map(|item| (item.span.start, item)),
            None => node
                .members()
                .iter()
                .find(|member| key(&member.key).is_some_and(|key| key == part))
                .map(|member| (member.key.span.start, &member.value)),
        };
        let Some((start, inner)) = found else { break };
        (at, node) = (start, inner);
    }
    at
}

/// The line of a byte, from 1.
fn line(text: &str, at: u64) -> u64 {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let before = text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
    (before as u64).saturating_add(1)
}
