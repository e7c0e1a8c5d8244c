//! Reads a model and the attestations about it into a bill.

use std::sync::Arc;

use artifact::Blob;
use artifact::tree::{EntryKind, FileEntry, Tree};
use serde_json::Value;
use vocabulary::Untrusted;

use super::weights::Count;
use super::{
    Attested, Bom, Claim, Field, File, LIST, Metric, Origin, Reference, ReferenceKind, Tier, Use,
    card, config, licence, weights,
};
use crate::attest::{Identity, identity_of};
use crate::bundle::Bundle;
use crate::manifest::{Algorithm, Manifest};
use crate::statement::{DIR_HASH, DigestSet};
use crate::{hex, records};

/// Bytes of a signature file that are read.
const MAX_SIGNATURE: usize = 64 << 20;

/// Gathers everything that is known of a model. `label` is what its file or folder is called.
pub fn gather(tree: &Tree, label: &str, attested: Vec<Attested>) -> Bom {
    gather_from(tree, label, attested, Manifest::of(tree))
}

/// The same, of files that were digested before, by SHA-256 and BLAKE3.
pub fn gather_from(tree: &Tree, label: &str, attested: Vec<Attested>, manifest: Manifest) -> Bom {
    let mut bom = Bom { label: label.into(), ..Bom::default() };
    let identity = identity_of(tree, manifest.clone(), label.to_owned()).ok();
    if let Some(hash) = identity.as_ref().and_then(|it| it.digest.get(DIR_HASH)) {
        bom.digest.insert(DIR_HASH.to_owned(), hash.clone());
    }
    // A link inside the folder is digested as what it leads to.
    let uncovered = manifest.uncovered.into_iter().filter(|left| left.alias.is_none());
    bom.uncovered = uncovered.map(|left| (left.path, left.because)).collect();
    for file in manifest.files {
        let digest = |algorithm| file.digests.get(algorithm).map(hex::encode).unwrap_or_default();
        let (sha256, blake3) = (digest(Algorithm::Sha256), digest(Algorithm::Blake3));
        if tree.single {
            bom.digest.insert("sha256".to_owned(), sha256.clone());
        }
        bom.files.push(File { path: file.path, bytes: file.bytes, sha256, blake3 });
    }
    let mut count = Count::default();
    for entry in &tree.entries {
        if let EntryKind::File(file) = &entry.kind {
            look(tree, file, &entry.path, &mut count, &mut bom);
        }
    }
    count.tell(&mut bom);
    training(tree, &mut bom);
    bom.attestations = attested;
    attestations(identity.as_ref(), tree.single, &mut bom);
    best(&mut bom);
    bom
}

fn look(tree: &Tree, file: &FileEntry, path: &Untrusted, count: &mut Count, bom: &mut Bom) {
    let raw = path.raw();
    let name = raw.rsplit('/').next().unwrap_or(raw);
    let at_root = !raw.contains('/');
    let blob = match tree.open(file, false) {
        Ok(source) => Blob::new(Arc::new(source)),
        // The manifest tells that it cannot be read.
        Err(_) => return,
    };
    if at_root && name.eq_ignore_ascii_case("readme.md") {
        card::read(&blob, raw, bom);
        refer(bom, ReferenceKind::Card, path, "the model card");
    } else if at_root && config::is_config(name) {
        config::read(&blob, name, raw, bom);
    } else if at_root && licence::is_text(name) {
        let licence = licence::of_text(&blob, raw);
        bom.licences.push(licence);
    } else if at_root && is_signature(name) {
        let read = Bundle::parse(name, &blob.bytes_at(0, MAX_SIGNATURE));
        if read.is_ok() {
            let said = "a Sigstore bundle; whether it holds was not asked here";
            refer(bom, ReferenceKind::Signature, path, said);
        }
    } else if let Some(kind) = weights::kind(name, &blob) {
        weights::read(kind, &blob, raw, count, bom);
    }
    if let Some(trouble) = blob.trouble() {
        bom.unread.push((path.clone(), trouble.to_string()));
    }
}

fn is_signature(name: &str) -> bool {
    [".sig", ".sigstore", ".sigstore.json"].iter().any(|end| name.ends_with(end))
}

fn refer(bom: &mut Bom, kind: ReferenceKind, path: &Untrusted, comment: &str) {
    let file = bom.files.iter().find(|file| file.path == *path);
    if let Some(sha256) = file.map(|file| file.sha256.clone()) {
        let comment = comment.to_owned();
        bom.references.push(Reference { kind, path: path.clone(), sha256, comment });
    }
}

/// What the trainer wrote down beside the model.
fn training(tree: &Tree, bom: &mut Bom) {
    let found = records::read(tree);
    bom.unread.extend(found.unread);
    for record in &found.records {
        let source = record.path.to_string();
        let both = |(name, value): &(Untrusted, Untrusted)| {
            Claim::new(format!("{}={}", name.raw(), value.raw()), Tier::Declared, &source)
        };
        for pair in &record.hyper_parameters {
            bom.say(Field::Hyper, both(pair));
        }
        for pair in &record.totals {
            bom.say(Field::Training, both(pair));
        }
        for series in records::series(record) {
            let name = series.metric.raw();
            let measured = ["eval", "val", "test"].iter().any(|word| name.starts_with(word));
            let told = ["runtime", "per_second"].iter().any(|word| name.contains(word));
            if measured && !told && bom.metrics.len() < LIST {
                let value = match &series.last {
                    Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                let claim = Claim::new(value, Tier::Declared, &source);
                bom.metrics.push(Metric { name: series.metric.clone(), claim, slice: None });
            }
        }
    }
}

/// Takes what attestations say that count.
fn attestations(identity: Option<&Identity>, single: bool, bom: &mut Bom) {
    let mut all = std::mem::take(&mut bom.attestations);
    for attested in &mut all {
        attested.bind(identity, single);
    }
    for attested in &all {
        let Some(statement) = attested.statement.as_ref().filter(|_| attested.counts()) else {
            continue;
        };
        let predicate = &statement.predicate;
        if predicate.get("buildDefinition").is_some() {
            build(attested, predicate, bom);
        } else {
            result(attested, predicate, bom);
        }
    }
    bom.attestations = all;
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str)
}

/// How the model was made.
fn build(attested: &Attested, predicate: &Value, bom: &mut Bom) {
    let mut has_parent = false;
    for input in list(predicate, "/buildDefinition/resolvedDependencies").iter().take(LIST) {
        let role = input.pointer("/annotations/weighbridge_role").and_then(Value::as_str);
        let name = text(input, "name").or_else(|| text(input, "uri"));
        let name = name.filter(|name| !name.is_empty()).unwrap_or("without a name");
        let claim = Claim::new(name, Tier::Verified, &attested.place);
        let digest: DigestSet = input
            .get("digest")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        let origin = Origin { claim, digest, uri: text(input, "uri").map(Untrusted::from) };
        match role {
            Some("base-model" | "adapter") => {
                has_parent = true;
                bom.parents.push(origin);
            }
            Some("dataset") => bom.datasets.push((Use::Training, origin)),
            Some("calibration") => bom.datasets.push((Use::Calibration, origin)),
            Some(role @ ("code" | "container" | "lockfile" | "tool")) => {
                let said = format!("{role}: {}", origin.claim.value.raw());
                bom.say(Field::Dependency, Claim::new(said, Tier::Verified, &attested.place));
            }
            _ => {}
        }
    }
    let relation = match attested.step.as_str() {
        "train" if !has_parent => "none",
        step => step,
    };
    bom.say(Field::Relation, Claim::new(relation, Tier::Verified, &attested.place));
    let parameters = predicate.pointer("/buildDefinition/externalParameters/parameters");
    for (name, value) in parameters.and_then(Value::as_object).into_iter().flatten().take(LIST) {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let said = format!("{name}={value}");
        bom.say(Field::Hyper, Claim::new(said, Tier::Verified, &attested.place));
    }
}

/// What was looked for or measured, and how it ended.
fn result(attested: &Attested, predicate: &Value, bom: &mut Bom) {
    let ended = text(predicate, "result").or_else(|| text(predicate, "verificationResult"));
    if let Some(ended) = ended {
        let said = format!("{}: {ended}", attested.step);
        bom.say(Field::Assessment, Claim::new(said, Tier::Verified, &attested.place));
    }
    for metric in list(predicate, "/weighbridge_metrics").iter().take(LIST) {
        if let (Some(name), Some(value)) = (text(metric, "name"), metric.get("value")) {
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let claim = Claim::new(value, Tier::Verified, &attested.place);
            bom.metrics.push(Metric { name: name.into(), claim, slice: None });
        }
    }
}

/// Of an origin that is named more than once, what is best attested stays.
fn best(bom: &mut Bom) {
    bom.datasets.sort_by_key(|(used, origin)| (*used, std::cmp::Reverse(origin.claim.tier)));
    let mut seen: Vec<(Use, Untrusted)> = Vec::new();
    bom.datasets.retain(|(used, origin)| keep(&mut seen, (*used, origin.claim.value.clone())));
    bom.datasets.truncate(LIST);
    bom.parents.sort_by_key(|origin| std::cmp::Reverse(origin.claim.tier));
    let mut seen: Vec<Untrusted> = Vec::new();
    bom.parents.retain(|origin| keep(&mut seen, origin.claim.value.clone()));
    bom.parents.truncate(LIST);
    let mut seen: Vec<String> = Vec::new();
    bom.licences.retain(|licence| {
        let name = licence.id.map_or_else(|| licence.claim.value.raw().to_owned(), str::to_owned);
        keep(&mut seen, name)
    });
    bom.licences.truncate(LIST);
}

fn keep<T: PartialEq>(seen: &mut Vec<T>, one: T) -> bool {
    let new = !seen.contains(&one);
    if new && seen.len() < LIST {
        seen.push(one);
    }
    new
}
