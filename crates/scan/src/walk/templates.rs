//! Chat templates, wherever they stand: found by their tags, and by the key or name that has a loader
//! take them for a template.

use std::collections::BTreeMap;

use artifact::Blob;
use formats::json::{self, Event, Limits, Parser};
use formats::{gguf, text};
use vocabulary::Place;

use super::{Node, Walker, extension};
use crate::rules;
use crate::subject::Content;
use crate::templates::{self, Judged, Known};

/// Bytes of a text file that are looked at for a template.
const MAX_FILE: u64 = formats::jinja::MAX_LEN as u64;
/// Extensions that template files have.
const EXTENSIONS: &[&str] = &["j2", "jinja", "jinja2", "template", "tmpl", "tpl"];
/// Those of them that only templates of Jinja have.
const JINJA: &[&str] = &["j2", "jinja", "jinja2"];
/// Files in which tokenizers keep their special tokens.
const TOKENS: &[&str] = &["special_tokens_map.json", "tokenizer_config.json"];
/// Texts in arrays of one GGUF file that are judged as templates: a vocabulary has some hundreds with
/// two braces in a row.
const TEXTS: usize = 10_000;
/// The key of the vocabulary of a GGUF file.
const TOKENS_OF_GGUF: &str = "tokenizer.ggml.tokens";
/// Characters of a key that are shown.
const KEY: usize = 80;

/// Whether loaders take the value of this key for a chat template.
fn is_template_key(key: &str) -> bool {
    key.to_ascii_lowercase().contains("chat_template")
}

/// Whether the value of this key is a special token: templates are given all of them.
fn is_token_key(key: &str) -> bool {
    key.ends_with("_token") || key.ends_with("special_tokens")
}

impl Walker {
    /// Judges a text, and tells of it at a place.
    fn template(&mut self, place: &Place, text: &str, known: Known) {
        let judged = templates::judge(text, known);
        self.tell_template(place, &judged);
    }

    pub(super) fn tell_template(&mut self, place: &Place, judged: &Judged) {
        rules::apply(place, &Content::Template(judged), &mut self.sink);
        for gap in &judged.gaps {
            self.sink.could_not_look(place, gap.clone());
        }
        if !judged.chat {
            return;
        }
        let label =
            place.member.last().map_or_else(String::new, |name| format!("{}: ", name.raw()));
        self.note(|part| {
            let (family, layout) = judged.family.unwrap_or(("none that is known", ""));
            part.fact(format!("{label}nearest family"), family);
            if !layout.is_empty() {
                part.fact(format!("{label}layout of the family"), layout);
            }
            for line in &judged.differs {
                part.fact(format!("{label}differs"), line.as_str());
            }
        });
    }

    /// Judges the strings of a JSON file that hold tags, or that a loader takes for templates.
    pub(super) fn templates_of_json(&mut self, node: &Node, blob: &Blob) {
        let base = node.name.rsplit(['/', '\\']).next().unwrap_or(&node.name);
        let tokens = TOKENS.contains(&base);
        if !tokens && !may_hold_tags(blob) {
            return;
        }
        let limits = Limits { string: 2 * formats::jinja::MAX_LEN, ..Limits::default() };
        let mut parser = Parser::new(blob, 0, limits);
        // The key of each container that is open, and of the value that comes next.
        let mut path: Vec<String> = Vec::new();
        let mut key = String::new();
        while let Some((event, _)) = parser.next_event() {
            match event {
                Event::ObjectStart | Event::ArrayStart => {
                    path.push(std::mem::take(&mut key));
                }
                Event::ObjectEnd | Event::ArrayEnd => {
                    path.pop();
                    key.clear();
                }
                Event::Key(name) => name.text.raw().clone_into(&mut key),
                Event::String(string) => {
                    let named = path.iter().chain([&key]).any(|key| is_template_key(key));
                    let place = node.place.member(label(&path, &key));
                    if tokens && path.iter().chain([&key]).any(|key| is_token_key(key)) {
                        let judged = templates::judge_token(string.text.raw());
                        self.tell_template(&place, &judged);
                    }
                    key.clear();
                    self.template_value(&place, string.text.raw(), string.cut, named);
                }
                Event::Number(_) | Event::Bool(_) | Event::Null | Event::Junk(_) => key.clear(),
            }
        }
    }

    fn template_value(&mut self, place: &Place, text: &str, cut: bool, named: bool) {
        if templates::is_go(text) {
            self.tell_template(place, &templates::judge_go(text));
        }
        if templates::has_tags(text) && (!templates::is_go(text) || text.contains("{%")) {
            let known = if named { Known::Chat } else { Known::Perhaps };
            self.template(place, text, known);
        }
        if cut && (named || templates::has_tags(text)) {
            self.sink.could_not_look(place, "the template is longer than is read");
        }
    }

    /// Judges the strings of a YAML file that hold tags.
    pub(super) fn templates_of_tree(&mut self, node: &Node, roots: &[json::Node]) {
        for root in roots {
            self.template_node(node, root, &mut Vec::new());
        }
    }

    fn template_node(&mut self, node: &Node, value: &json::Node, path: &mut Vec<String>) {
        if let Some(text) = value.as_str() {
            let named = path.iter().any(|key| is_template_key(key));
            let place = node.place.member(path.join("."));
            self.template_value(&place, text.raw(), false, named);
        }
        for item in value.items() {
            self.template_node(node, item, path);
        }
        for member in value.members() {
            let key = member.key.as_str().map_or_else(String::new, |key| short(key.raw()));
            path.push(key);
            self.template_node(node, &member.value, path);
            path.pop();
        }
    }

    /// Judges a text file, where it is a template by its name or by its content.
    pub(super) fn template_file(&mut self, node: &Node) {
        let base = node.name.rsplit(['/', '\\']).next().unwrap_or(&node.name);
        let named = is_template_key(&node.name);
        let by_name =
            named || extension(&node.name).is_some_and(|e| EXTENSIONS.contains(&e.as_str()));
        let too_long = node.blob.len() > MAX_FILE;
        let modelfile = base.to_ascii_lowercase().contains("modelfile");
        if too_long && !by_name && !modelfile {
            return;
        }
        let length = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
        let text = text::decode(&node.blob, length);
        if too_long {
            self.sink.could_not_look(&node.place, "the template is longer than is read");
        }
        if formats::modelfile::is(&text) || modelfile {
            self.modelfile(node, &text);
            // What a loader of templates finds by its name is one, whatever it begins with.
            if !named && extension(&node.name).is_none_or(|e| !JINJA.contains(&e.as_str())) {
                return;
            }
        }
        // Ollama names what it stores by digest, and nobody reads that.
        let stored = base.starts_with("sha256-") && templates::is_go(&text);
        let document = !by_name && !stored && is_document(&text);
        if super::source_code(&node.name).is_some() || document {
            return;
        }
        if templates::is_go(&text) {
            self.tell_template(&node.place, &templates::judge_go(&text));
        }
        // A comment may look like the other language.
        let jinja = !templates::is_go(&text) || text.contains("{%");
        if jinja && (by_name || templates::has_tags(&text)) {
            let talks = by_name && text.contains("messages");
            let known = if named || talks { Known::Chat } else { Known::Perhaps };
            self.template(&node.place, &text, known);
        }
    }

    /// Judges the templates in the pairs of a GGUF file, by every name that a reader may find them,
    /// and the tokens that begin or end a conversation.
    pub(super) fn templates_of_gguf(&mut self, node: &Node, file: &gguf::Gguf) {
        let special = special_tokens(file);
        let mut judged = 0usize;
        for kv in &file.kv {
            let named = is_template_key(kv.key.raw());
            let place = node.place.member(short(kv.key.raw()));
            match &kv.value {
                gguf::KvValue::Text(text) => {
                    self.template_value(&place, text.text.raw(), text.cut, named);
                }
                gguf::KvValue::Array(array) => {
                    let tokens = kv.c_key() == TOKENS_OF_GGUF.as_bytes();
                    gguf::each_text(&node.blob, file, array, &mut |n, bytes, cut| {
                        let text = String::from_utf8_lossy(bytes);
                        for key in special.get(&n).filter(|_| tokens).into_iter().flatten() {
                            let judged = templates::judge_token(&text);
                            self.tell_template(&node.place.member(short(key)), &judged);
                        }
                        if named || templates::has_tags(&text) {
                            judged = judged.saturating_add(1);
                            if judged <= TEXTS {
                                self.template_value(&place, &text, cut, named);
                            }
                        }
                    });
                }
                _ => {}
            }
        }
        if judged > TEXTS {
            let because = "more texts of its arrays may be templates than are judged";
            self.sink.could_not_look(&node.place, because);
        }
    }
}

/// The numbers of the tokens that begin or end a conversation, with the keys that say so.
fn special_tokens(file: &gguf::Gguf) -> BTreeMap<u64, Vec<&str>> {
    let mut found: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for kv in file.kv.iter().filter(|kv| kv.key.raw().ends_with("_token_id")) {
        if let Some(number) = kv.value.as_u64() {
            found.entry(number).or_default().push(kv.key.raw());
        }
    }
    found
}

/// The path of a value, as far as it is shown.
fn label(path: &[String], key: &str) -> String {
    let keys = path.iter().map(String::as_str).chain([key]).filter(|key| !key.is_empty());
    let keys: Vec<String> = keys.map(short).collect();
    keys.join(".")
}

fn short(key: &str) -> String {
    key.chars().take(KEY).collect()
}

/// Whether a text is written for people, and shows templates at most as examples.
fn is_document(text: &str) -> bool {
    let head = text.trim_start();
    text.contains("```")
        || head.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("<html"))
        || head.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("<!doctype"))
        || text.lines().take(3).any(|line| line.starts_with("# ") || line.starts_with("===="))
}

/// Whether the bytes of a JSON file hold two braces in a row, written out or as escapes.
fn may_hold_tags(blob: &Blob) -> bool {
    const WINDOW: usize = 1 << 20;
    const MARKS: [&[u8]; 5] = [b"{{", b"{%", b"\\u007b", b"\\u007B", b"chat_template"];
    let most = MARKS.iter().map(|mark| mark.len()).max().unwrap_or_default();
    let mut at = 0u64;
    loop {
        let bytes = blob.bytes_at(at, WINDOW);
        if MARKS.iter().any(|mark| memchr::memmem::find(&bytes, mark).is_some()) {
            return true;
        }
        let step = bytes.len().saturating_sub(most);
        if step == 0 || bytes.len() < WINDOW {
            return false;
        }
        at = at.saturating_add(step as u64);
    }
}
