//! Renderings of a chain. None adds anything to what the chain says, and none leaves out an edge.

mod dot;
mod html;
mod json;
mod svg;
mod text;

pub use dot::dot;
pub use html::html;
pub use json::json;
pub use svg::svg;
pub use text::text;

use super::chain::{Claim, Edge, Lineage, Node};
use super::facts::Facts;
use crate::attest::TestResult;
use crate::statement::{DIR_HASH, DigestSet};

/// Text fit for HTML and SVG. What comes from an attestation is made fit to print first.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in vocabulary::escape(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The first digits of a digest, for people.
fn short(digest: &DigestSet) -> String {
    let (name, value) = match digest.get_key_value(DIR_HASH).or_else(|| digest.iter().next()) {
        Some((name, value)) => (name.as_str(), value.as_str()),
        None => return "no digest".to_owned(),
    };
    let digits: String = value.chars().take(12).collect();
    format!("{} {}", vocabulary::escape(name), vocabulary::escape(&digits))
}

/// What a claim says of its artifact, in a few words.
fn said(claim: &Claim) -> String {
    let Some(facts) = &claim.facts else { return "no statement".to_owned() };
    let result = facts.result.map(TestResult::word);
    let result = result.map(|word| format!(" {word}")).unwrap_or_default();
    let failed = facts.failed.as_ref().map(|said| format!(" ({said})")).unwrap_or_default();
    format!("{}{result}{failed}{}", facts.what, without(claim))
}

/// What a claim leaves out of the artifact.
fn without(claim: &Claim) -> String {
    match claim.without.as_slice() {
        [] => String::new(),
        [one] => format!(" without `{one}`"),
        [one, more @ ..] => format!(" without `{one}` and {} more", more.len()),
    }
}

/// Who stands behind a claim, or why it does not count.
fn signer(claim: &Claim) -> String {
    match &claim.signed {
        Ok(authentic) => format!("signed by `{}`", vocabulary::escape(&authentic.signer)),
        Err(refused) => format!("does not count: {}: {}", refused.why.name(), refused.said),
    }
}

fn when(facts: Option<&Facts>) -> String {
    let time = facts.and_then(|facts| facts.time);
    time.map(|time| time.to_string()).unwrap_or_default()
}

/// The role of an edge and the name of what it leads to.
fn edge_label(edge: &Edge) -> String {
    if edge.taken_for {
        return format!("taken for `{}`", vocabulary::escape(edge.input.label()));
    }
    let role = edge.input.role.map_or("input", crate::attest::Role::name);
    format!("{role} `{}`", vocabulary::escape(edge.input.label()))
}

fn claims<'a>(lineage: &'a Lineage, node: &'a Node) -> impl Iterator<Item = &'a Claim> {
    node.claims.iter().filter_map(|number| lineage.claims.get(*number))
}

/// What the statement that made an artifact calls it, where that is not what it is called here. A
/// model with a chain of its own may stand in the place of another.
fn stated_as(lineage: &Lineage, node: &Node) -> Option<String> {
    let hash = node.digest.get(DIR_HASH)?;
    let made = claims(lineage, node).filter(|claim| claim.signed.is_ok());
    let made = made.filter_map(|claim| claim.facts.as_ref()).find(|facts| facts.what.is_build())?;
    let subject = made.subjects.iter().find(|one| one.digest.get(DIR_HASH) == Some(hash))?;
    let other = !subject.name.is_empty() && subject.name != node.name;
    other.then(|| vocabulary::escape(&subject.name))
}

/// The claims that speak of nothing in the chain.
fn unrelated(lineage: &Lineage) -> impl Iterator<Item = &Claim> {
    lineage.claims.iter().filter(|claim| !claim.related && claim.duplicate_of.is_none())
}
