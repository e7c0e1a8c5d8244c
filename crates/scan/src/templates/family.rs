//! The knowledge pack `chat-templates`: what is known of published families.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use artifact::Hasher;

use super::text;
use crate::packs;

/// The pack.
const PACK: &str = "chat-templates";
/// Files of the pack that are no families.
const OTHERS: [&str; 3] = ["common.txt", "conceal.txt", "texts.txt"];

/// The files of families, by name.
fn family_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    packs::files(PACK).iter().copied().filter(|(name, _)| !OTHERS.contains(name))
}

/// A family of templates.
pub(crate) struct Family {
    /// What people call it.
    pub(crate) name: &'static str,
    /// How turns are laid out.
    pub(crate) layout: &'static str,
    /// Whether published templates of it have no turn for a system message.
    pub(super) system_may_be_left_out: bool,
    tokens: BTreeSet<&'static str>,
}

/// The line of a family whose published templates have no turn for a system message.
const NO_SYSTEM: &str = "system may be left out";

/// The values of a key in files of the pack.
fn values(key: &str) -> BTreeSet<String> {
    packs::files(PACK)
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        .map(str::to_owned)
        .collect()
}

fn families() -> &'static [Family] {
    static FAMILIES: OnceLock<Vec<Family>> = OnceLock::new();
    FAMILIES.get_or_init(|| {
        let value = |text: &'static str, key: &str| {
            let mut found = text.lines().filter_map(|line| line.strip_prefix(key));
            found.next().unwrap_or_default()
        };
        let family = |(_, text): (&str, &'static str)| Family {
            name: value(text, "family "),
            layout: value(text, "layout "),
            system_may_be_left_out: text.lines().any(|line| line == NO_SYSTEM),
            tokens: text.lines().filter_map(|line| line.strip_prefix("token ")).collect(),
        };
        family_files().map(family).collect()
    })
}

/// The family whose tokens fit best, and the tokens that it does not have.
pub(crate) fn nearest(tokens: &BTreeSet<String>) -> Option<(&'static Family, Vec<String>)> {
    let score = |family: &Family| {
        let shared = tokens.iter().filter(|token| family.tokens.contains(token.as_str())).count();
        let strange = tokens.len().saturating_sub(shared);
        let missing = family.tokens.len().saturating_sub(shared);
        // A token that the family lacks says more than one that a template does not use.
        (shared > 0).then(|| {
            let points = shared.saturating_mul(6);
            i64::try_from(points)
                .unwrap_or(i64::MAX)
                .saturating_sub(i64::try_from(strange.saturating_mul(3)).unwrap_or(i64::MAX))
                .saturating_sub(i64::try_from(missing).unwrap_or(i64::MAX))
        })
    };
    let best = families().iter().filter_map(|family| Some((score(family)?, family)));
    let (_, family) =
        best.max_by_key(|(score, family)| (*score, std::cmp::Reverse(family.name)))?;
    let strange = tokens.iter().filter(|token| !family.tokens.contains(token.as_str()));
    Some((family, strange.cloned().collect()))
}

/// The tokens of families that a text holds: those in brackets, and the words of older families.
pub(super) fn tokens_of(text: &str, found: &mut BTreeSet<String>) {
    found.extend(text::tokens(text).into_iter().map(str::to_owned));
    for family in families() {
        for token in &family.tokens {
            if !token.starts_with(['<', '[']) && text.contains(token) {
                found.insert((*token).to_owned());
            }
        }
    }
}

fn set(cell: &'static OnceLock<BTreeSet<String>>, key: &str) -> &'static BTreeSet<String> {
    cell.get_or_init(|| values(key))
}

/// Whether published templates look for this in messages.
pub(super) fn is_known_needle(text: &str) -> bool {
    static NEEDLES: OnceLock<BTreeSet<String>> = OnceLock::new();
    set(&NEEDLES, "needle").contains(&text.trim().to_lowercase())
}

/// Whether the parts of a message's content have this key or type.
pub(super) fn is_part_key(text: &str) -> bool {
    static PARTS: OnceLock<BTreeSet<String>> = OnceLock::new();
    set(&PARTS, "part").contains(text)
}

/// Whether published templates treat a tool or speaker of this name apart.
pub(super) fn is_known_name(text: &str) -> bool {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    set(&NAMES, "name").contains(text)
}

/// Whether a published template writes this sentence, which is normalized.
pub(super) fn is_known_text(normal: &str) -> bool {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    set(&KNOWN, "text").contains(&digest(normal))
}

/// A phrase that hides an instruction, if the text, which is normalized, holds one.
pub(super) fn concealing(normal: &str) -> Option<&'static str> {
    let phrases = packs::text(PACK, "conceal.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    phrases.into_iter().find(|phrase| normal.contains(phrase))
}

/// What stands in the pack for a sentence: eight bytes of its SHA-256.
pub(super) fn digest(normal: &str) -> String {
    let mut hasher = Hasher::default();
    hasher.update(normal.as_bytes());
    hasher.finish().sha256.chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pack_is_in_form() {
        let keys =
            ["family ", "models ", "layout ", "default ", "token ", "needle ", "name ", NO_SYSTEM];
        assert!(family_files().count() >= 15);
        for (name, text) in family_files() {
            for line in text.lines() {
                let known = line.starts_with("# ") || keys.iter().any(|key| line.starts_with(key));
                assert!(known, "{name}: {line}");
            }
            for key in ["family ", "layout ", "token "] {
                assert!(text.lines().any(|line| line.starts_with(key)), "{name} has no {key}");
            }
        }
    }

    #[test]
    fn finds_the_nearest_family() {
        for (tokens, name) in [
            (&["<|im_start|>", "<|im_end|>"][..], "ChatML"),
            (
                &["<|im_start|>", "<|im_end|>", "<tools>", "<tool_call>", "</think>"],
                "Qwen 2, 2.5, 3, QwQ",
            ),
            (&["<start_of_turn>", "<end_of_turn>"], "Gemma 1 to 3"),
            (&["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], "Llama 3, 3.1, 3.2, 3.3"),
            (&["[INST]", "[/INST]", "<<SYS>>"], "Llama 2"),
            (&["<|user|>", "<|assistant|>", "<|end|>"], "Phi 3, 3.5, Zephyr-like"),
        ] {
            let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
            let (family, _) = nearest(&tokens).expect("a family");
            assert_eq!(family.name, name);
        }
        assert!(nearest(&BTreeSet::from(["<|nobody|>".to_owned()])).is_none());
    }
}
