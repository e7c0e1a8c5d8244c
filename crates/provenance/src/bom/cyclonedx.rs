//! The bill as `CycloneDX` 1.6 (ECMA-424), the machine-learning profile.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.

use serde_json::{Map, Value, json};
use vocabulary::Untrusted;

use super::{Bom, Claim, Field, File, Licence, Options, Origin, ReferenceKind, Use, shown};
use crate::keys::sha256;
use crate::statement::{DIR_HASH, DigestSet};
use crate::{Error, hex, json as written};

/// Writes the bill; the same model, attestations and options give the same bytes.
pub fn write(bom: &Bom, options: &Options) -> Result<String, Error> {
    let mut document = document(bom, options);
    let serial = serial(&written::canonical(&document)?);
    document.insert("serialNumber".to_owned(), format!("urn:uuid:{serial}").into());
    let mut text = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::malformed("the bill", error))?;
    text.push('\n');
    Ok(text)
}

/// A UUID (RFC 9562, version 8) of what is named.
pub(super) fn serial(bytes: &[u8]) -> String {
    let digest = hex::encode(sha256(bytes).as_ref());
    let mut text = String::with_capacity(36);
    for (n, c) in digest.chars().take(32).enumerate() {
        if matches!(n, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(match n {
            12 => '8',
            // The variant: `10` and two bits of the digest.
            16 => match c.to_digit(16).unwrap_or(0) & 3 {
                0 => '8',
                1 => '9',
                2 => 'a',
                _ => 'b',
            },
            _ => c,
        });
    }
    text
}

fn document(bom: &Bom, options: &Options) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("$schema".to_owned(), "http://cyclonedx.org/schema/bom-1.6.schema.json".into());
    map.insert("bomFormat".to_owned(), "CycloneDX".into());
    map.insert("specVersion".to_owned(), "1.6".into());
    map.insert("version".to_owned(), 1.into());
    map.insert("metadata".to_owned(), metadata(bom, options));
    let mut components: Vec<Value> = bom.files.iter().enumerate().map(file).collect();
    components.extend(bom.datasets.iter().enumerate().map(dataset));
    map.insert("components".to_owned(), components.into());
    map.insert("dependencies".to_owned(), dependencies(bom));
    map.insert("compositions".to_owned(), compositions(bom));
    map
}

/// Writes a field where there is something to write.
fn put(map: &mut Map<String, Value>, field: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(field.to_owned(), value.into());
    }
}

fn some(list: Vec<Value>) -> Option<Vec<Value>> {
    (!list.is_empty()).then_some(list)
}

fn property(name: impl Into<String>, value: impl Into<String>) -> Value {
    json!({"name": name.into(), "value": value.into()})
}

fn metadata(bom: &Bom, options: &Options) -> Value {
    let mut tools = vec![tool("application", "weighbridge", env!("CARGO_PKG_VERSION"), None)];
    tools.extend(
        options
            .tools
            .iter()
            .map(|(name, version, digest)| tool("data", name, version, digest.as_deref())),
    );
    let mut map = Map::new();
    put(&mut map, "timestamp", options.at.map(|at| at.to_string()));
    map.insert("tools".to_owned(), json!({"components": tools}));
    map.insert("component".to_owned(), model(bom));
    map.into()
}

fn tool(kind: &str, name: &str, version: &str, digest: Option<&str>) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), kind.into());
    map.insert("name".to_owned(), name.into());
    map.insert("version".to_owned(), version.into());
    put(&mut map, "hashes", digest.map(|digest| json!([sha256_hash(digest)])));
    map.into()
}

fn sha256_hash(digest: &str) -> Value {
    json!({"alg": "SHA-256", "content": digest})
}

/// The digests that the form knows; a digest over a folder is none of a file's bytes.
fn hashes(digest: &DigestSet) -> Option<Vec<Value>> {
    let hex = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let known = digest.get("sha256").filter(|text| hex(text) && !digest.contains_key(DIR_HASH));
    some(known.map(|digest| sha256_hash(digest)).into_iter().collect())
}

fn model(bom: &Bom) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), "machine-learning-model".into());
    map.insert("bom-ref".to_owned(), "model".into());
    map.insert("name".to_owned(), bom.name().into());
    put(&mut map, "version", bom.get(Field::Version).map(Claim::text));
    put(&mut map, "description", bom.get(Field::Description).map(Claim::text));
    let supplier = bom.get(Field::Supplier);
    put(&mut map, "supplier", supplier.map(|claim| json!({"name": claim.text()})));
    if let [file] = bom.files.as_slice()
        && bom.digest.contains_key("sha256")
    {
        map.insert("hashes".to_owned(), json!([sha256_hash(&file.sha256)]));
    }
    put(&mut map, "licenses", some(bom.licences.iter().map(licence).collect()));
    let parents: Vec<Value> = bom.parents.iter().enumerate().map(parent).collect();
    put(&mut map, "pedigree", some(parents).map(|list| json!({"ancestors": list})));
    put(&mut map, "externalReferences", some(references(bom)));
    map.insert("modelCard".to_owned(), card(bom));
    map.insert("properties".to_owned(), properties(bom).into());
    map.into()
}

fn licence(licence: &Licence) -> Value {
    let mut map = Map::new();
    match licence.id {
        Some(id) => map.insert("id".to_owned(), id.into()),
        None => map.insert("name".to_owned(), licence.claim.text().into()),
    };
    map.insert("acknowledgement".to_owned(), "declared".into());
    put(&mut map, "url", licence.link.as_ref().and_then(reference));
    json!({"license": map})
}

/// A text that is a reference (RFC 3987) as it stands. Anything else is left out: a reader would
/// follow it somewhere else than another.
fn reference(text: &Untrusted) -> Option<String> {
    let raw = text.raw();
    let plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '-' | '.' | '_' | '~' | '/' | '+' | '=' | '#' | '?')
    };
    let rest = raw.strip_prefix("https://").unwrap_or(raw);
    let fits = !raw.is_empty() && raw.len() <= 500 && rest.chars().all(plain);
    // What is masked is not the address any more.
    (fits && text.to_string() == raw).then(|| raw.to_owned())
}

fn parent((n, origin): (usize, &Origin)) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), "machine-learning-model".into());
    map.insert("bom-ref".to_owned(), format!("parent:{n}").into());
    map.insert("name".to_owned(), origin.claim.text().into());
    put(&mut map, "hashes", hashes(&origin.digest));
    map.insert("properties".to_owned(), origin_properties(origin).into());
    map.into()
}

fn origin_properties(origin: &Origin) -> Vec<Value> {
    let mut list = tier("name", &origin.claim);
    list.extend(origin.digest.iter().map(|(name, value)| {
        property(
            format!("weighbridge:digest:{}", shown(&name.as_str().into())),
            shown(&value.as_str().into()),
        )
    }));
    list.extend(origin.uri.iter().map(|uri| property("weighbridge:uri", shown(uri))));
    list
}

/// Who says something, and where.
fn tier(name: &str, claim: &Claim) -> Vec<Value> {
    vec![
        property(format!("weighbridge:tier:{name}"), claim.tier.name()),
        property(format!("weighbridge:source:{name}"), shown(&claim.source.as_str().into())),
    ]
}

fn references(bom: &Bom) -> Vec<Value> {
    let mut list = Vec::new();
    for one in &bom.references {
        let kind = match one.kind {
            ReferenceKind::Signature => "digital-signature",
            ReferenceKind::Attestation => "attestation",
            ReferenceKind::Card => "model-card",
        };
        // A path that is no reference is told by its digest alone.
        let url = reference(&one.path).unwrap_or_else(|| format!("urn:sha256:{}", one.sha256));
        let hashes = [sha256_hash(&one.sha256)];
        list.push(json!({"type": kind, "url": url, "comment": one.comment, "hashes": hashes}));
    }
    for one in bom.attestations.iter().filter(|one| one.about) {
        let signer = one.signer.as_ref().map_or_else(
            || format!("not verified: {}", one.because),
            |signer| format!("signed by {}", shown(&signer.as_str().into())),
        );
        let step = shown(&one.step.as_str().into());
        let comment = format!("{step}; {signer}");
        let url = format!("urn:sha256:{}", one.sha256);
        let hashes = [sha256_hash(&one.sha256)];
        list.push(json!({"type": "attestation", "url": url, "comment": comment, "hashes": hashes}));
    }
    list
}

fn card(bom: &Bom) -> Value {
    let text = |field: Field| bom.get(field).map(Claim::text);
    let mut parameters = Map::new();
    put(&mut parameters, "task", text(Field::Task));
    put(&mut parameters, "architectureFamily", text(Field::Family));
    put(&mut parameters, "modelArchitecture", text(Field::Architecture));
    let used = |wanted: Use| {
        let of = bom.datasets.iter().enumerate().filter(move |(_, (used, _))| *used == wanted);
        of.map(|(n, _)| json!({"ref": format!("data:{n}")})).collect::<Vec<_>>()
    };
    put(&mut parameters, "datasets", some(used(Use::Training)));
    let formats = |field: Field| text(field).map(|format| json!([{"format": format}]));
    put(&mut parameters, "inputs", formats(Field::Input));
    put(&mut parameters, "outputs", formats(Field::Output));
    let mut metrics = Vec::new();
    for metric in &bom.metrics {
        let mut map = Map::new();
        map.insert("type".to_owned(), shown(&metric.name).into());
        map.insert("value".to_owned(), metric.claim.text().into());
        put(&mut map, "slice", metric.slice.as_ref().map(shown));
        metrics.push(map.into());
    }
    let texts = |field: Field| -> Vec<Value> {
        bom.all(field).iter().map(|claim| claim.text().into()).collect()
    };
    let mut considerations = Map::new();
    put(&mut considerations, "useCases", some(texts(Field::Intended)));
    put(&mut considerations, "technicalLimitations", some(texts(Field::Limitation)));
    let risks = texts(Field::Risk).into_iter().map(|text| json!({"name": text})).collect();
    put(&mut considerations, "ethicalConsiderations", some(risks));
    let mut map = Map::new();
    let object = |map: Map<String, Value>| (!map.is_empty()).then_some(map);
    put(&mut map, "modelParameters", object(parameters));
    put(&mut map, "quantitativeAnalysis", some(metrics).map(|m| json!({"performanceMetrics": m})));
    put(&mut map, "considerations", object(considerations));
    map.into()
}

/// What the form has no field for, and the tier and source of every field.
fn properties(bom: &Bom) -> Vec<Value> {
    let mut list = Vec::new();
    for (name, value) in &bom.digest {
        list.push(property(format!("weighbridge:{name}"), value.clone()));
    }
    for field in Field::ALL {
        let claims = bom.all(*field);
        let many = claims.len() > 1;
        for (n, claim) in claims.into_iter().enumerate() {
            let name = if many { format!("{}:{n}", field.name()) } else { field.name().to_owned() };
            list.push(property(format!("weighbridge:{name}"), claim.text()));
            list.extend(tier(&name, claim));
        }
    }
    for (n, licence) in bom.licences.iter().enumerate() {
        list.extend(tier(&format!("licence:{n}"), &licence.claim));
    }
    for (n, metric) in bom.metrics.iter().enumerate() {
        list.extend(tier(&format!("metric:{n}"), &metric.claim));
    }
    for (path, because) in bom.uncovered.iter().chain(&bom.unread) {
        let said = format!("{}: {}", shown(path), shown(&because.as_str().into()));
        list.push(property("weighbridge:not-read", said));
    }
    for one in bom.attestations.iter().filter(|one| !one.counts()) {
        let said = format!("{}: {}", one.place, shown(&one.because.as_str().into()));
        list.push(property("weighbridge:attestation-not-used", said));
    }
    list
}

fn file((n, file): (usize, &File)) -> Value {
    json!({
        "type": "file",
        "bom-ref": format!("file:{n}"),
        "name": shown(&file.path),
        "hashes": [
            sha256_hash(&file.sha256),
            {"alg": "BLAKE3", "content": file.blake3},
        ],
        "properties": [property("weighbridge:bytes", file.bytes.to_string())],
    })
}

fn dataset((n, (used, origin)): (usize, &(Use, Origin))) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), "data".into());
    map.insert("bom-ref".to_owned(), format!("data:{n}").into());
    map.insert("name".to_owned(), origin.claim.text().into());
    put(&mut map, "hashes", hashes(&origin.digest));
    map.insert("data".to_owned(), json!([{"type": "dataset", "name": origin.claim.text()}]));
    let mut properties = vec![property("weighbridge:use", used.name())];
    properties.extend(origin_properties(origin));
    map.insert("properties".to_owned(), properties.into());
    map.into()
}

fn dependencies(bom: &Bom) -> Value {
    let files = (0..bom.files.len()).map(|n| format!("file:{n}"));
    let data = (0..bom.datasets.len()).map(|n| format!("data:{n}"));
    let all: Vec<String> = files.chain(data).collect();
    json!([{"ref": "model", "dependsOn": all}])
}

/// What is known to be all there is: the files, where each was read. Of data and parents nobody can
/// know that from here.
fn compositions(bom: &Bom) -> Value {
    let files: Vec<String> = (0..bom.files.len()).map(|n| format!("file:{n}")).collect();
    let whole = if bom.uncovered.is_empty() { "complete" } else { "incomplete" };
    json!([
        {"aggregate": whole, "assemblies": files},
        {"aggregate": "unknown", "dependencies": ["model"]},
    ])
}
