//! The model card: the YAML before `README.md`, and what its sections say.
//!
//! Source: <https://huggingface.co/docs/hub/model-cards>,
//! <https://github.com/huggingface/hub-docs/blob/main/modelcard.md>.

use artifact::Blob;
use formats::json::{Node, Value};
use formats::yaml;
use vocabulary::Untrusted;

use super::{Bom, Claim, Field, LIST, Metric, Origin, Tier, Use, licence};
use crate::statement::DigestSet;

/// Bytes of a card that are read.
const MAX: usize = 4 << 20;
/// Characters of a section that are kept.
const SECTION: usize = 1500;

/// Fields of a card that are one text or a list of texts.
const TEXTS: &[(&str, Field)] = &[
    ("model_name", Field::Name),
    ("pipeline_tag", Field::Task),
    ("library_name", Field::Library),
    ("language", Field::Language),
    ("base_model_relation", Field::Relation),
];

/// What goes in and comes out, by the task: the kinds that the Hub defines for its tasks.
///
/// Source: <https://huggingface.co/docs/hub/models-tasks>.
const MODALITIES: &[(&str, &str, &str)] = &[
    ("audio-classification", "audio", "label"),
    ("automatic-speech-recognition", "audio", "text"),
    ("depth-estimation", "image", "image"),
    ("feature-extraction", "text", "vector"),
    ("fill-mask", "text", "text"),
    ("image-classification", "image", "label"),
    ("image-feature-extraction", "image", "vector"),
    ("image-segmentation", "image", "mask"),
    ("image-text-to-text", "image, text", "text"),
    ("image-to-image", "image", "image"),
    ("image-to-text", "image", "text"),
    ("object-detection", "image", "boxes"),
    ("question-answering", "text", "text"),
    ("sentence-similarity", "text", "vector"),
    ("summarization", "text", "text"),
    ("tabular-classification", "table", "label"),
    ("tabular-regression", "table", "number"),
    ("text-classification", "text", "label"),
    ("text-generation", "text", "text"),
    ("text-ranking", "text", "number"),
    ("text-to-audio", "text", "audio"),
    ("text-to-image", "text", "image"),
    ("text-to-speech", "text", "audio"),
    ("text-to-video", "text", "video"),
    ("token-classification", "text", "labels"),
    ("translation", "text", "text"),
    ("zero-shot-classification", "text", "label"),
];

pub(super) fn read(blob: &Blob, path: &str, bom: &mut Bom) {
    let text = String::from_utf8_lossy(&blob.bytes_at(0, MAX)).into_owned();
    let (head, body) = split(&text);
    if let Some(head) = head {
        let yaml = yaml::read(&Blob::from_vec(head.as_bytes().to_vec()));
        if let Some(root) = yaml.documents.first() {
            front(root, path, bom);
        }
        for odd in yaml.oddities.iter().take(8) {
            let because = format!("its front matter: {}", odd.detail);
            bom.unread.push((path.into(), because));
        }
    }
    sections(body, path, bom);
}

/// The YAML between the first two lines of dashes, and what follows.
fn split(text: &str) -> (Option<&str>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else {
        return (None, text);
    };
    let mut at = 0usize;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let body = rest.get(at.saturating_add(line.len())..).unwrap_or_default();
            return (rest.get(..at), body);
        }
        at = at.saturating_add(line.len());
    }
    (Some(rest), "")
}

/// One text or a list of texts.
fn texts(node: Option<&Node>) -> Vec<Untrusted> {
    let one = |node: &Node| match &node.value {
        Value::String(text) | Value::Number(text) => Some(text.clone()),
        _ => None,
    };
    match node {
        Some(node) if !node.items().is_empty() => {
            node.items().iter().filter_map(one).take(LIST).collect()
        }
        Some(node) => one(node).into_iter().collect(),
        None => Vec::new(),
    }
}

fn front(root: &Node, path: &str, bom: &mut Bom) {
    let declared = |text: &Untrusted| Claim::new(text.clone(), Tier::Declared, path);
    for (name, field) in TEXTS {
        for text in texts(root.get(name)) {
            bom.say(*field, declared(&text));
        }
    }
    if let Some(task) = texts(root.get("pipeline_tag")).first()
        && let Some((_, input, output)) = MODALITIES.iter().find(|(name, ..)| *name == task.raw())
    {
        bom.say(Field::Input, Claim::new(*input, Tier::Declared, path));
        bom.say(Field::Output, Claim::new(*output, Tier::Declared, path));
    }
    licences(root, path, bom);
    for text in texts(root.get("datasets")) {
        bom.datasets.push((Use::Training, origin(&text, path)));
    }
    for text in texts(root.get("base_model")) {
        bom.parents.push(origin(&text, path));
    }
    let emissions = root.get("co2_eq_emissions");
    if let Some(grams) = emissions.and_then(|node| node.get("emissions").or(Some(node)))
        && let Value::Number(grams) = &grams.value
    {
        let text = format!("{} g CO2eq", grams.raw());
        bom.say(Field::Energy, Claim::new(text, Tier::Declared, path));
    }
    for model in root.get("model-index").map(Node::items).unwrap_or_default() {
        for result in model.get("results").map(Node::items).unwrap_or_default() {
            results(result, path, bom);
        }
    }
}

fn origin(name: &Untrusted, path: &str) -> Origin {
    let claim = Claim::new(name.clone(), Tier::Declared, path);
    Origin { claim, digest: DigestSet::new(), uri: None }
}

fn licences(root: &Node, path: &str, bom: &mut Bom) {
    let link = texts(root.get("license_link")).into_iter().next();
    let name = texts(root.get("license_name")).into_iter().next();
    for text in texts(root.get("license")) {
        // `other` says that the name follows.
        let text = if text.raw() == "other" { name.clone().unwrap_or(text) } else { text };
        bom.licences.push(licence::named(&text, link.clone(), path));
    }
}

fn results(result: &Node, path: &str, bom: &mut Bom) {
    let dataset = result.get("dataset");
    let name = dataset.and_then(|set| set.get("name").or_else(|| set.get("type")));
    let slice = texts(name).into_iter().next();
    for metric in result.get("metrics").map(Node::items).unwrap_or_default() {
        let kind = metric.get("type").or_else(|| metric.get("name"));
        let (Some(name), Some(value)) =
            (texts(kind).into_iter().next(), texts(metric.get("value")).into_iter().next())
        else {
            continue;
        };
        if bom.metrics.len() < LIST {
            let claim = Claim::new(value, Tier::Declared, path);
            bom.metrics.push(Metric { name, claim, slice: slice.clone() });
        }
    }
    let known = |(_, origin): &(Use, Origin)| Some(&origin.claim.value) == slice.as_ref();
    if let Some(slice) = slice.clone().filter(|_| !bom.datasets.iter().any(known)) {
        bom.datasets.push((Use::Evaluation, origin(&slice, path)));
    }
}

/// What the headings of a card promise.
fn field_of(heading: &str) -> Option<Field> {
    let heading = heading.to_lowercase();
    let has = |word: &str| heading.contains(word);
    if has("limitation") {
        Some(Field::Limitation)
    } else if has("bias") || has("risk") || has("ethical") {
        Some(Field::Risk)
    } else if has("out-of-scope") || has("out of scope") {
        Some(Field::Limitation)
    } else if has("intended use") || has("direct use") || has("downstream use") {
        Some(Field::Intended)
    } else {
        None
    }
}

/// Takes the sections of the body that a bill asks for.
fn sections(body: &str, path: &str, bom: &mut Bom) {
    let mut open: Option<Field> = None;
    let mut text = String::new();
    let mut fenced = false;
    let take = |field: Option<Field>, text: &mut String, bom: &mut Bom| {
        let said = std::mem::take(text);
        if let Some(field) = field.filter(|_| !is_empty(&said)) {
            let said: String = said.trim().chars().take(SECTION).collect();
            bom.say(field, Claim::new(said, Tier::Declared, path));
        }
    };
    for line in body.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if !fenced && heading.len() < line.len() && heading.starts_with(' ') {
            take(open, &mut text, bom);
            open = field_of(heading);
        } else if open.is_some() && text.len() < 4 * SECTION {
            text.push_str(line);
            text.push('\n');
        }
    }
    take(open, &mut text, bom);
}

/// Whether a section is what the template of the Hub leaves in it.
fn is_empty(section: &str) -> bool {
    let mut comment = false;
    for line in section.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let begins = line.starts_with("<!--");
        comment |= begins;
        let inside = comment;
        if line.ends_with("-->") {
            comment = false;
        }
        if !inside && !line.to_lowercase().contains("more information needed") {
            return false;
        }
    }
    true
}
