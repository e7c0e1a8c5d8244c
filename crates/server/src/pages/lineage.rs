//! Where an artifact came from and where it went, as one picture: what statements tell of its inputs,
//! the artifact, and the deployments that are meant to serve it.

use std::collections::{BTreeMap, HashMap};

use gate::Policy;
use gate::ledger::Deployment;
use gate::provenance::attest::Identity;
use gate::provenance::lineage::{Collection, Lineage, Question, trace};
use gate::provenance::trust::Trust;
use jiff::Timestamp;

use super::pager::address;
use super::parts::graph::{Edge, Graph, Look, Node};

/// The artifact, and what is known of it.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) artifact: &'a str,
    /// What statements name it by where signatures lie in it; else nothing.
    pub(super) without_signatures: Option<&'a str>,
    pub(super) label: &'a str,
    pub(super) source: &'a str,
    pub(super) policy: &'a str,
    pub(super) statements: &'a [(String, Vec<u8>)],
    pub(super) deployments: &'a [Deployment],
}

/// The picture.
pub(super) fn graph(known: &Known<'_>, now: Timestamp) -> Graph {
    let mut graph = Graph::default();
    let chain = chain(known, now);
    let this = match &chain {
        Some(chain) if !chain.nodes.is_empty() => statements(&mut graph, chain),
        _ => {
            graph.nodes.push(Node::default());
            0
        }
    };
    let note = match &chain {
        Some(chain) => format!("by the statements: {}", chain.verdict.word()),
        None => "no statement about it is recorded".to_owned(),
    };
    if let Some(node) = graph.nodes.get_mut(this) {
        *node = Node {
            kind: "this artifact".to_owned(),
            name: known.label.to_owned(),
            digest: known.artifact.to_owned(),
            look: Look::This,
            note,
            href: String::new(),
        };
    }
    if !known.source.is_empty() {
        let kind = "source, as the request said".to_owned();
        let note = "told by whoever asked for the weighing, not verified".to_owned();
        let name = known.source.to_owned();
        let from = add(&mut graph, Node { kind, name, note, look: Look::Given, ..Node::default() });
        graph.edges.push(Edge { from, to: this, label: "taken from".into(), sound: false });
    }
    for one in known.deployments {
        let look = if one.differs { Look::Alarm } else { Look::Usual };
        let note = match (one.seen_at.is_empty(), one.differs) {
            (true, _) => "nobody looked at what it serves",
            (false, true) => "serves something else",
            (false, false) => "serves what it is meant to",
        };
        let to = add(
            &mut graph,
            Node {
                kind: format!("deployment: {}", one.environment),
                name: one.place.clone(),
                digest: one.artifact.clone(),
                href: address("/record", &[("model", &one.model), ("kind", "deployment")]),
                look,
                note: note.to_owned(),
            },
        );
        graph.edges.push(Edge { from: this, to, label: "serves".into(), sound: !one.differs });
    }
    graph
}

fn add(graph: &mut Graph, node: Node) -> usize {
    graph.nodes.push(node);
    graph.nodes.len() - 1
}

/// What the recorded statements say, held against the signers of the policy.
fn chain(known: &Known<'_>, now: Timestamp) -> Option<Lineage> {
    if known.statements.is_empty() {
        return None;
    }
    let mut collection = Collection::default();
    for (name, bytes) in known.statements {
        collection.add(name, bytes);
    }
    let (scheme, value) = known.artifact.split_once(':')?;
    let digest = BTreeMap::from([(scheme.to_owned(), value.to_owned())]);
    let mut artifact = Identity::named(known.label, digest);
    if let Some(without) = known.without_signatures {
        let named = BTreeMap::from([(scheme.to_owned(), without.to_owned())]);
        artifact.with_signatures = Some(std::mem::replace(&mut artifact.digest, named));
    }
    let trust =
        Policy::shipped(known.policy).map_or_else(|_| Trust::default(), |policy| policy.trust());
    let question = Question {
        artifact: &artifact,
        trust: &trust,
        at: now,
        requirements: &[],
        at_hand: &BTreeMap::new(),
    };
    Some(trace(collection, &question))
}

/// Adds what a chain tells; gives the place of the artifact.
fn statements(graph: &mut Graph, chain: &Lineage) -> usize {
    for node in &chain.nodes {
        let name = node.digest.iter().next().map(|(a, b)| format!("{a}:{b}")).unwrap_or_default();
        let look = if node.sound { Look::Usual } else { Look::Broken };
        let note =
            if node.sound { "a verified statement tells how it was made" } else { "not verified" };
        add(
            graph,
            Node {
                kind: "model or data".to_owned(),
                name: node.name.clone(),
                digest: name,
                note: note.to_owned(),
                look,
                ..Node::default()
            },
        );
    }
    let mut ends: HashMap<String, usize> = HashMap::new();
    for edge in &chain.edges {
        let role = edge.input.role.map_or("input", gate::provenance::attest::Role::name);
        let from = edge.parent.unwrap_or_else(|| {
            let digest = edge.input.digest.iter().next();
            let digest = digest.map(|(a, b)| format!("{a}:{b}")).unwrap_or_default();
            let key = format!("{} {digest}", edge.input.label());
            *ends.entry(key).or_insert_with(|| {
                let look = if edge.state.is_sound() { Look::Usual } else { Look::Broken };
                let name = edge.input.label().to_owned();
                let note = match edge.said.as_str() {
                    "" => edge.state.name().to_owned(),
                    said => format!("{}: {said}", edge.state.name()),
                };
                add(
                    graph,
                    Node { kind: role.to_owned(), name, digest, note, look, ..Node::default() },
                )
            })
        });
        let label = role.to_owned();
        graph.edges.push(Edge { from, to: edge.child, label, sound: edge.state.is_sound() });
    }
    0
}

#[cfg(test)]
mod tests {
    use gate::provenance::attest::PROVENANCE;
    use gate::provenance::dsse::{Envelope, IN_TOTO};
    use gate::provenance::json;
    use gate::provenance::keys::{PrivateKey, Scheme};
    use gate::provenance::statement::{Statement, Subject};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_folder_with_its_signature_inside_joins_what_is_said_of_it() {
        let (whole, without) = ("aa".repeat(32), "bb".repeat(32));
        let digest = [("dirHash".to_owned(), without.clone())].into();
        let subject = Subject { name: "model".to_owned(), digest, ..Subject::default() };
        let made = json!({
            "buildDefinition": {
                "buildType": "https://example.com/train",
                "externalParameters": {},
                "resolvedDependencies": [{ "name": "data", "digest": { "sha256": "cc".repeat(32) } }],
            },
            "runDetails": { "builder": { "id": "https://example.com/ci" } },
        });
        let said = json::canonical(&Statement::new(vec![subject], PROVENANCE, made)).unwrap();
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        let envelope = Envelope::sign(IN_TOTO, said, &key).unwrap();
        let statements = [("s".to_owned(), serde_json::to_vec(&envelope).unwrap())];
        let artifact = format!("dirHash:{whole}");
        let edges = |without_signatures| {
            let known = Known {
                artifact: &artifact,
                without_signatures,
                label: "another",
                source: "",
                policy: "standard",
                statements: &statements,
                deployments: &[],
            };
            graph(&known, Timestamp::UNIX_EPOCH).edges.len()
        };
        assert_eq!((edges(Some(&without)), edges(None)), (1, 0));
    }
}
