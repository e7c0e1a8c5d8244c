//! Tags by which YAML has `PyYAML` and ruamel.yaml make Python objects.

use formats::json::Node;
use vocabulary::Untrusted;

use super::callables::{self, Judged};
use super::{Kind, Reader};

/// As a tag stands in full; `!!` is short for the first part.
const PYTHON: &str = "tag:yaml.org,2002:python/";

impl<'a> Reader<'a> {
    pub(super) fn tag(&mut self, node: &'a Node) {
        let Some(tag) = &node.tag else { return };
        let at = node.span.start;
        let written = decoded(tag.raw());
        let Some(rest) = written.strip_prefix(PYTHON) else { return };
        let (kind, name) = rest.split_once(':').unwrap_or((rest, ""));
        if name.is_empty() {
            return;
        }
        let judged = match kind {
            "module" => match callables::of_import(name) {
                Judged::Foreign => Judged::Unknown("no knowledge pack has this module"),
                judged => judged,
            },
            "name" => match self.judge(name, false) {
                Judged::Foreign => Judged::Unknown("no knowledge pack has this library"),
                judged => judged,
            },
            // `object`, `object/new`, `object/apply`, and whatever a loader may add.
            _ => match self.judge(name, true) {
                Judged::Foreign => Judged::Unknown("no knowledge pack has this library"),
                judged => judged,
            },
        };
        let shown = Untrusted::new(format!("!!python/{rest}")).shortened(120);
        match judged {
            Judged::Calm | Judged::Foreign => {}
            Judged::Acts { path, because, effects } => {
                let evidence = vec![("callable", path), ("effects", effects.join(", "))];
                self.remark_with(Kind::ActingTag, at, format!("`{shown}`: {because}"), evidence);
            }
            Judged::Unknown(because) => {
                self.remark(Kind::UnknownCallable, at, format!("`{shown}`: {because}"));
            }
        }
    }
}

/// A tag with its `%`-escapes decoded, as `PyYAML` does.
fn decoded(tag: &str) -> String {
    let mut out = Vec::with_capacity(tag.len());
    let mut rest = tag.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| *byte == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
