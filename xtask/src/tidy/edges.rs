//! Who may depend on whom: the layers of ARCHITECTURE.md, held against `cargo metadata`.

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::repo::Repo;
use crate::shell;

/// From the ground up. A crate may depend on crates of layers below its own, never on its
/// neighbours. The name of a crate is its folder.
const LAYERS: &[(&str, &[&str])] = &[
    ("words", &["vocabulary"]),
    ("door", &["artifact"]),
    ("readers", &["formats", "runtime"]),
    (
        "parts",
        &["scan", "provenance", "weights", "behaviour", "dataset", "vault", "gateway", "ledger"],
    ),
    ("path", &["gate"]),
    ("faces", &["weighbridge", "server"]),
];

/// Crates that builds and tests use and nothing that ships: they may see everything, and are seen
/// by tests alone.
const TOOLS: &[&str] = &["forge", "xtask"];

/// What a face may depend on: it has no decisions of its own, so it needs the path and the words.
const FACES_SEE: &[&str] = &["path", "words"];

/// Edges that stand although the layers forbid them: from, to, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("ledger", "provenance", "the ledger writes its entries into provenance's log"),
    ("weighbridge", "server", "the binary starts the server"),
    ("runtime", "formats", "a checkpoint's header has one reader"),
];

/// Lints that a crate which reads hostile bytes denies outside its tests.
const DENIED: &[&str] = &[
    "clippy::indexing_slicing",
    "clippy::arithmetic_side_effects",
    "clippy::cast_possible_truncation",
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::panic",
];

/// Layers whose crates read hostile bytes.
const HOSTILE: &[&str] = &["door", "readers", "parts"];

#[derive(Debug)]
struct Edge {
    from: String,
    to: String,
    /// Only for tests and examples.
    dev: bool,
}

pub(super) fn check(_: &Repo) -> Result<Vec<String>> {
    let (crates, edges) = graph()?;
    Ok(judge(&crates, &edges, EXCEPTIONS))
}

/// The crates of the workspace by folder, and the edges between them.
fn graph() -> Result<(Vec<String>, Vec<Edge>)> {
    let manifest = shell::root().join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .context("cannot read the workspace")?;
    let mut crates = Vec::new();
    let mut edges = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|p| p.file_name()).unwrap_or_default();
        crates.push(folder.to_owned());
        for dependency in &package.dependencies {
            if let Some(to) = dependency.path.as_ref().and_then(|p| p.file_name()) {
                edges.push(Edge {
                    from: folder.to_owned(),
                    to: to.to_owned(),
                    dev: dependency.kind == DependencyKind::Development,
                });
            }
        }
    }
    Ok((crates, edges))
}

fn layer(name: &str) -> Option<(usize, &'static str)> {
    let mut layers = LAYERS.iter().enumerate();
    layers.find_map(|(height, (layer, crates))| crates.contains(&name).then_some((height, *layer)))
}

fn judge(crates: &[String], edges: &[Edge], exceptions: &[(&str, &str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    for name in crates {
        if layer(name).is_none() && !TOOLS.contains(&name.as_str()) {
            problems.push(format!("crates/{name}: in no layer; add it to `LAYERS`"));
        }
    }
    for Edge { from, to, dev } in edges {
        if TOOLS.contains(&from.as_str()) {
            continue;
        }
        if exceptions.iter().any(|(f, t, _)| f == from && t == to) {
            continue;
        }
        let allowed = if TOOLS.contains(&to.as_str()) {
            *dev
        } else {
            match (layer(from), layer(to)) {
                (Some((_, "faces")), Some((_, below))) if !dev => FACES_SEE.contains(&below),
                (Some((above, _)), Some((below, _))) => below < above,
                _ => continue,
            }
        };
        if !allowed {
            problems.push(format!("crates/{from}/Cargo.toml: `{from}` must not depend on `{to}`"));
        }
    }
    for (from, to, _) in exceptions {
        if !edges.iter().any(|edge| edge.from == *from && edge.to == *to) {
            problems.push(format!("xtask/src/tidy/edges.rs: no edge `{from}` to `{to}` is left"));
        }
    }
    problems
}

pub(super) fn lints(repo: &Repo) -> Result<Vec<String>> {
    let (crates, _) = graph()?;
    let reads = |name: &&String| layer(name).is_some_and(|(_, layer)| HOSTILE.contains(&layer));
    Ok(crates.iter().filter(reads).flat_map(|name| denies(repo, name)).collect())
}

fn denies(repo: &Repo, name: &str) -> Vec<String> {
    let path = format!("crates/{name}/src/lib.rs");
    let text = repo.text(&path).unwrap_or_default();
    // An attribute of the crate: what stands before its first item.
    let attributes = text.split("\nmod ").next().unwrap_or_default();
    let denied = attributes.split_once("deny(").map(|(_, list)| list).unwrap_or_default();
    let denied = denied.split(')').next().unwrap_or_default();
    let missing = DENIED.iter().filter(|lint| !denied.contains(*lint));
    missing
        .map(|lint| format!("{path}: it reads hostile bytes and does not deny `{lint}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_one(from: &str, to: &str, dev: bool, exceptions: &[(&str, &str, &str)]) -> usize {
        let edge = Edge { from: from.into(), to: to.into(), dev };
        judge(&[], &[edge], exceptions).len()
    }

    #[test]
    fn edges_go_down() {
        assert_eq!(judge_one("scan", "formats", false, &[]), 0);
        assert_eq!(judge_one("gate", "scan", false, &[]), 0);
        assert_eq!(judge_one("weights", "artifact", false, &[]), 0);
        assert_eq!(judge_one("formats", "scan", false, &[]), 1);
        assert_eq!(judge_one("scan", "weights", false, &[]), 1);
        assert_eq!(judge_one("vocabulary", "artifact", false, &[]), 1);
    }

    #[test]
    fn a_face_sees_the_path_and_the_words() {
        assert_eq!(judge_one("weighbridge", "gate", false, &[]), 0);
        assert_eq!(judge_one("weighbridge", "vocabulary", false, &[]), 0);
        assert_eq!(judge_one("weighbridge", "scan", false, &[]), 1);
    }

    #[test]
    fn only_tests_see_the_forge() {
        assert_eq!(judge_one("scan", "forge", true, &[]), 0);
        assert_eq!(judge_one("scan", "forge", false, &[]), 1);
        assert_eq!(judge_one("forge", "formats", false, &[]), 0);
    }

    #[test]
    fn an_exception_that_matches_nothing_is_told() {
        let exception = [("weighbridge", "scan", "because")];
        assert_eq!(judge_one("weighbridge", "scan", false, &exception), 0);
        assert_eq!(judge_one("weighbridge", "gate", false, &exception), 1);
    }

    #[test]
    fn a_crate_outside_the_layers_is_told() {
        assert_eq!(judge(&["helpers".to_owned()], &[], &[]).len(), 1);
    }

    #[test]
    fn a_missing_deny_is_told() {
        let repo = Repo::of(&[(
            "crates/formats/src/lib.rs",
            "#![deny(clippy::indexing_slicing, clippy::panic)]\nmod x;\n// clippy::unwrap_used\n",
        )]);
        assert_eq!(denies(&repo, "formats").len(), 4);
    }
}
