//! Tags by which YAML has `PyYAML`, ruamel.yaml and `HyperPyYAML` make Python objects.

use formats::json::Node;
use vocabulary::Untrusted;

use super::callables::{self, Judged};
use super::values::{Leads, leads};
use super::{Kind, Missing, Reader, Target};

/// As a tag stands in full; `!!` is short for the first part.
const PYTHON: &str = "tag:yaml.org,2002:python/";

impl<'a> Reader<'a> {
    pub(super) fn tag(&mut self, node: &'a Node) {
        let Some(tag) = &node.tag else { return };
        let at = node.span.start;
        let written = decoded(tag.raw());
        if let Some(rest) = written.strip_prefix(PYTHON) {
            let (kind, name) = rest.split_once(':').unwrap_or((rest, ""));
            self.named("!!python", kind, name, at);
        } else if let Some((kind, name)) = written.strip_prefix('!').and_then(|t| t.split_once(':'))
        {
            // HyperPyYAML: the form in which models of SpeechBrain are kept.
            match kind {
                "new" | "name" | "apply" | "applyref" | "module" => {
                    self.named("!new", if kind == "name" { "apply" } else { kind }, name, at);
                }
                "include" => self.included(name, at),
                _ => {}
            }
        }
    }

    fn named(&mut self, by: &'static str, kind: &str, name: &str, at: u64) {
        if name.is_empty() {
            return;
        }
        match kind {
            "module" => match callables::of_import(name) {
                Judged::Foreign => {
                    let paths = self.module_paths(name);
                    self.refer(by, name, paths, Target::Code(None), Missing::Unknown, at);
                }
                judged => self.tell(by, name, judged, at, Kind::ActingTag),
            },
            "name" => {
                let judged = self.judge(name, false);
                self.tell(by, name, judged, at, Kind::ActingTag);
            }
            // `object`, `object/new`, `object/apply`, and whatever a loader may add.
            _ => self.callable(by, name, at, Kind::ActingTag),
        }
    }

    fn included(&mut self, path: &str, at: u64) {
        if leads(path) != Leads::Inside {
            let shown = Untrusted::new(path).shortened(120);
            self.remark(
                Kind::UnsafePath,
                at,
                format!("`!include` leads out of the folder: `{shown}`"),
            );
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
        out.push(escaped.unwrap_or(*byte));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}
