//! The chain as data.

use serde_json::{Map, Value, json};

use crate::lineage::chain::{Claim, Lineage};
use crate::statement::DigestSet;

/// The version of the form.
pub(super) const SCHEMA: &str = "weighbridge.lineage/1";

/// Writes the chain as data; text from attestations is escaped.
pub fn json(lineage: &Lineage) -> Value {
    let nodes = lineage.nodes.iter().map(|node| {
        json!({
            "name": escaped(&node.name),
            "digest": digests(&node.digest),
            "statedAs": super::stated_as(lineage, node),
            "claims": node.claims,
            "slsaBuildLevel": node.level,
            "verified": node.sound,
        })
    });
    let edges = lineage.edges.iter().map(|edge| {
        json!({
            "child": edge.child,
            "claim": edge.claim,
            "parent": edge.parent,
            "role": edge.input.role.map(crate::attest::Role::name),
            "name": escaped(&edge.input.name),
            "uri": edge.input.uri.as_deref().map(escaped),
            "digest": digests(&edge.input.digest),
            "state": edge.state.name(),
            "because": edge.said,
            "readAgain": edge.at_hand,
            "takenFor": edge.taken_for,
        })
    });
    let problems = lineage.problems.iter().map(
        |problem| json!({"kind": problem.kind.name(), "said": problem.said, "edge": problem.edge}),
    );
    let answers = lineage.answers.iter().map(
        |answer| json!({"step": answer.step.name(), "metBy": answer.met_by, "said": answer.said}),
    );
    let unread = lineage.unread.iter().map(|unread| {
        json!({
            "file": escaped(&unread.place.file),
            "line": unread.place.line,
            "because": escaped(&unread.because),
        })
    });
    let uncovered = lineage.uncovered.iter().map(|one| {
        let path = one.path.as_ref().map(ToString::to_string);
        json!({"of": escaped(&one.of), "path": path, "because": one.said})
    });
    json!({
        "schema": SCHEMA,
        "verdict": lineage.verdict.word(),
        "at": lineage.at.to_string(),
        "artifacts": nodes.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "claims": lineage.claims.iter().map(claim).collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
        "required": answers.collect::<Vec<_>>(),
        "unread": unread.collect::<Vec<_>>(),
        "uncovered": uncovered.collect::<Vec<_>>(),
    })
}

fn escaped(text: &str) -> String {
    vocabulary::escape(text)
}

fn digests(digest: &DigestSet) -> Value {
    let one = |(name, value): (&String, &String)| (escaped(name), Value::from(escaped(value)));
    Value::Object(digest.iter().map(one).collect::<Map<_, _>>())
}

fn claim(claim: &Claim) -> Value {
    let facts = claim.facts.as_ref();
    let (signer, refused) = match &claim.signed {
        Ok(authentic) => (Some(escaped(&authentic.signer)), None),
        Err(refused) => (None, Some(json!({"kind": refused.why.name(), "said": refused.said}))),
    };
    json!({
        "file": escaped(&claim.place.file),
        "line": claim.place.line,
        "says": facts.map(|facts| facts.what.to_string()),
        "result": facts.and_then(|facts| facts.result).map(crate::attest::TestResult::word),
        "failed": facts.and_then(|facts| facts.failed.clone()),
        "time": facts.and_then(|facts| facts.time).map(|time| time.to_string()),
        "builder": facts.and_then(|facts| facts.builder.as_deref()).map(escaped),
        "signer": signer,
        "refused": refused,
        "duplicateOf": claim.duplicate_of.as_ref().map(ToString::to_string),
        "related": claim.related,
        "without": claim.without.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
