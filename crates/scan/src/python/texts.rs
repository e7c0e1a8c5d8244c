//! Methods of texts, of containers and of file names.

use std::rc::Rc;

use ruff_text_size::Ranged;

use super::calls::Args;
use super::external::each;
use super::machine::Machine;
use super::value::{
    HOLE, LENGTH, OWN_FOLDER, Origin, Set, Value, items_of, merge, ordered, sequence, unknown,
};
use super::{Kind, decode};

/// The folder that holds a file, where the text tells it.
pub(super) fn folder_of(path: &str) -> Option<String> {
    if path == OWN_FOLDER {
        return Some(path.to_owned());
    }
    let (folder, name) = path.rsplit_once('/')?;
    (path.starts_with(OWN_FOLDER) || !name.contains(HOLE)).then(|| folder.to_owned())
}

impl Machine<'_> {
    pub(super) fn container_method(
        &mut self,
        owner: &Value,
        name: &str,
        args: &Args,
        node: &impl Ranged,
    ) -> Set {
        match (name, owner) {
            ("get" | "__getitem__" | "pop" | "setdefault", Value::Map(_)) => {
                let keys = if args.at(0).is_empty() { unknown() } else { args.at(0).to_vec() };
                let mut values = self.item(std::slice::from_ref(owner), &keys, node);
                merge(&mut values, args.at(1));
                values
            }
            ("values", Value::Map(pairs)) => {
                let mut all = Set::new();
                for (_, values) in pairs.iter() {
                    merge(&mut all, values);
                }
                vec![sequence(vec![all])]
            }
            ("items", Value::Map(pairs)) => {
                let rows = pairs
                    .iter()
                    .map(|(key, values)| {
                        let key = key.clone().map_or_else(unknown, |key| vec![key]);
                        vec![sequence(vec![key, values.clone()])]
                    })
                    .collect();
                vec![sequence(rows)]
            }
            ("keys" | "copy" | "__iter__", _) => vec![owner.clone()],
            ("pop" | "popleft" | "__getitem__", Value::Seq(items)) => match args.at(0) {
                [] => items.last().cloned().unwrap_or_else(unknown),
                keys => {
                    let keys = keys.to_vec();
                    self.item(std::slice::from_ref(owner), &keys, node)
                }
            },
            ("__next__", _) => items_of(owner),
            _ => {
                self.handed_on(args);
                unknown()
            }
        }
    }

    /// Methods of text and bytes.
    pub(super) fn text_method(
        &mut self,
        owner: &Value,
        name: &str,
        args: &Args,
        node: &impl Ranged,
    ) -> Set {
        let origin = owner.origin().with(args.origin());
        let first = args.at(0);
        let text = match owner {
            Value::Str(text, _) => text.to_string(),
            Value::Bytes(bytes, _) => {
                return match name {
                    "decode" => {
                        let codec = args
                            .get(0, "encoding")
                            .first()
                            .and_then(|codec| codec.whole().map(str::to_owned));
                        let codec = codec.unwrap_or_else(|| "utf-8".to_owned());
                        each(std::slice::from_ref(owner), |value| decode::by_codec(&codec, value))
                    }
                    "hex" => {
                        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                        vec![super::value::made(text, origin)]
                    }
                    "join" => {
                        let mut joined: Option<Value> =
                            Some(Value::Bytes(Rc::from(Vec::new()), origin));
                        for (n, item) in
                            first.first().and_then(ordered).unwrap_or_default().iter().enumerate()
                        {
                            let held = joined.take();
                            let held = if n > 0 {
                                held.and_then(|held| super::value::concat(&held, owner))
                            } else {
                                held
                            };
                            joined = held.and_then(|held| match item.as_slice() {
                                [one] => super::value::concat(&held, one),
                                _ => None,
                            });
                        }
                        vec![joined.unwrap_or(Value::Opaque(origin))]
                    }
                    "translate" | "replace" => vec![Value::Opaque(origin.with(Origin::DECODED))],
                    _ => vec![Value::Opaque(origin)],
                };
            }
            _ => return unknown(),
        };
        if text.len() > LENGTH {
            return vec![Value::Opaque(origin)];
        }
        let word = |n: usize| match args.at(n) {
            [one] => one.whole().map(str::to_owned),
            _ => None,
        };
        let made = |text: String| vec![super::value::made(text, origin)];
        match name {
            "join" => {
                let Some(items) = first.first().and_then(ordered) else {
                    return vec![Value::Opaque(origin)];
                };
                let mut out = String::new();
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push_str(&text);
                    }
                    match item.as_slice() {
                        [one] if one.rough().is_some() => {
                            out.push_str(&one.rough().unwrap_or_default());
                        }
                        _ => out.push(HOLE),
                    }
                    if out.len() > LENGTH {
                        return vec![Value::Opaque(origin)];
                    }
                }
                made(out)
            }
            "lower" | "casefold" => made(text.to_lowercase()),
            "upper" => made(text.to_uppercase()),
            "swapcase" if text.is_ascii() => made(
                text.chars()
                    .map(|c| {
                        if c.is_ascii_uppercase() {
                            c.to_ascii_lowercase()
                        } else {
                            c.to_ascii_uppercase()
                        }
                    })
                    .collect(),
            ),
            "title" | "capitalize" | "expandtabs" | "zfill" | "center" | "ljust" | "rjust" => {
                vec![Value::Opaque(origin)]
            }
            "strip" | "lstrip" | "rstrip" => {
                let set: Option<Vec<char>> = word(0).map(|set| set.chars().collect());
                if set.is_none() && !first.is_empty() {
                    return vec![Value::Opaque(origin)];
                }
                let off = |c: char| match &set {
                    Some(set) => set.contains(&c),
                    None => c.is_whitespace() || ('\x1c'..='\x1f').contains(&c),
                };
                let kept = match name {
                    "strip" => text.trim_matches(off),
                    "lstrip" => text.trim_start_matches(off),
                    _ => text.trim_end_matches(off),
                };
                made(kept.to_owned())
            }
            "removeprefix" | "removesuffix" if word(0).is_none() => vec![Value::Opaque(origin)],
            "removeprefix" => made(
                word(0)
                    .and_then(|start| text.strip_prefix(start.as_str()).map(str::to_owned))
                    .unwrap_or(text),
            ),
            "removesuffix" => made(
                word(0)
                    .and_then(|end| text.strip_suffix(end.as_str()).map(str::to_owned))
                    .unwrap_or(text),
            ),
            "replace" => match (word(0), word(1)) {
                (Some(old), Some(new))
                    if !old.is_empty()
                        && args.positional.len() == 2
                        && args.named.is_empty()
                        && text.len().saturating_mul(new.len().saturating_add(1)) < LENGTH =>
                {
                    made(text.replace(old.as_str(), &new))
                }
                _ => vec![Value::Opaque(origin)],
            },
            // A hole may hold what it is split at.
            "split" | "rsplit" | "splitlines" if text.contains(HOLE) => {
                vec![Value::Opaque(origin)]
            }
            "split" | "rsplit" | "splitlines" => {
                if args.positional.len() > 1 || !args.named.is_empty() {
                    return vec![Value::Opaque(origin)];
                }
                let parts: Vec<&str> = match word(0) {
                    Some(by) if !by.is_empty() => text.split(by.as_str()).collect(),
                    _ if first.is_empty() && name == "splitlines" => text.lines().collect(),
                    _ if first.is_empty() => text.split_whitespace().collect(),
                    _ => return vec![Value::Opaque(origin)],
                };
                if parts.len() > super::value::ITEMS {
                    return vec![Value::Opaque(origin)];
                }
                vec![sequence(parts.iter().map(|part| made((*part).to_owned())).collect())]
            }
            // Decoders pass over what is none of their letters, and a hole is none.
            "encode" if text.contains(HOLE) => vec![Value::Opaque(origin)],
            "encode" => {
                match word(0).unwrap_or_else(|| "utf-8".to_owned()).to_ascii_lowercase().as_str() {
                    "rot13" | "rot_13" => {
                        each(std::slice::from_ref(owner), |value| decode::by_codec("rot13", value))
                    }
                    "utf-8" | "utf8" | "utf_8" => {
                        vec![super::value::made_bytes(text.into_bytes(), origin)]
                    }
                    "ascii" | "latin-1" | "latin1" | "latin_1" if text.is_ascii() => {
                        vec![super::value::made_bytes(text.into_bytes(), origin)]
                    }
                    _ => vec![Value::Opaque(origin)],
                }
            }
            "format" => {
                let given: Set = args.all().cloned().collect();
                self.goes_through(&given, node);
                // Attributes of what is given can be read by a format: `{0.__globals__}`.
                if text.contains("__") && text.contains('{') {
                    let because = "a format reads attributes of what it is given".to_owned();
                    if ["__globals__", "__builtins__", "__subclasses__", "__class__"]
                        .iter()
                        .any(|door| text.contains(door))
                    {
                        self.act(Kind::Indirect, "str.format", node, Some(because));
                    }
                }
                let mut out = String::new();
                let mut next = 0usize;
                let mut rest = text.as_str();
                while let Some(open) = rest.find('{') {
                    out.push_str(rest.get(..open).unwrap_or(""));
                    let after = rest.get(open.saturating_add(1)..).unwrap_or("");
                    if let Some(more) = after.strip_prefix('{') {
                        out.push('{');
                        rest = more;
                        continue;
                    }
                    let Some(close) = after.find('}') else { break };
                    let field = after.get(..close).unwrap_or("");
                    let values: &[Value] = match field.parse::<usize>() {
                        Ok(n) => args.at(n),
                        Err(_) if field.is_empty() => {
                            next = next.saturating_add(1);
                            args.at(next.saturating_sub(1))
                        }
                        Err(_) => args.named(field).map_or(&[], Vec::as_slice),
                    };
                    match values {
                        [one] if one.rough().is_some() => {
                            out.push_str(&one.rough().unwrap_or_default());
                        }
                        _ => out.push(HOLE),
                    }
                    rest = after.get(close.saturating_add(1)..).unwrap_or("");
                    if out.len() > LENGTH {
                        return vec![Value::Opaque(origin)];
                    }
                }
                out.push_str(&rest.replace("}}", "}"));
                made(out)
            }
            "__add__" => match first {
                [one] => super::value::concat(owner, one).map_or_else(unknown, |value| vec![value]),
                _ => unknown(),
            },
            _ => vec![Value::Opaque(origin)],
        }
    }

    /// Methods of `pathlib.Path`.
    pub(super) fn file_method(
        &mut self,
        owner: &Value,
        name: &str,
        args: &Args,
        node: &impl Ranged,
    ) -> Set {
        let Value::File(text) = owner else { return unknown() };
        match name {
            "joinpath" => {
                let mut joined = text.to_string();
                for part in &args.positional {
                    joined.push('/');
                    match part.as_slice() {
                        [one] if one.rough().is_some() => {
                            joined.push_str(&one.rough().unwrap_or_default());
                        }
                        _ => joined.push(HOLE),
                    }
                }
                vec![super::value::made_file(joined)]
            }
            "expanduser" | "resolve" | "absolute" | "with_suffix" => vec![owner.clone()],
            "with_name" | "with_stem" => {
                let folder = folder_of(text).unwrap_or_else(|| HOLE.to_string());
                let name = match args.at(0) {
                    [one] => one.rough().map(std::borrow::Cow::into_owned),
                    _ => None,
                };
                let name = name.unwrap_or_else(|| HOLE.to_string());
                vec![super::value::made_file(format!("{folder}/{name}"))]
            }
            "as_posix" | "__str__" | "__fspath__" => {
                vec![Value::Str(Rc::clone(text), Origin::NONE)]
            }
            "open" => {
                let files = vec![owner.clone()];
                self.open(&files, args.get(0, "mode"), node)
            }
            "read_text" | "read_bytes" => {
                self.touched(owner, "pathlib.Path.read_text", false, node);
                vec![Value::Opaque(Origin::FILE)]
            }
            "write_text" | "write_bytes" | "touch" | "symlink_to" | "hardlink_to" | "chmod" => {
                self.touched(owner, "pathlib.Path.write_text", true, node);
                unknown()
            }
            "unlink" | "rmdir" | "rename" | "replace" => {
                self.removed("pathlib.Path.unlink", std::slice::from_ref(owner), node);
                unknown()
            }
            "iterdir" | "glob" | "rglob" | "walk" => {
                self.touched(owner, "pathlib.Path.iterdir", false, node);
                self.searched(std::slice::from_ref(owner), "pathlib.Path.iterdir", node);
                vec![super::value::made_file(format!("{text}/{HOLE}"))]
            }
            _ => unknown(),
        }
    }
}
