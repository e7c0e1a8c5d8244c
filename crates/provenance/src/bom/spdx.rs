//! The bill as SPDX 3.0.1, JSON-LD: the AI and data set profiles' classes.
//!
//! The document says that it conforms to the profiles `core`, `software` and `simpleLicensing`. It
//! uses the classes of the profiles `ai` and `dataset` and does not claim to conform to them: those ask
//! for a supplier, a place to download from, a version and a time of release, which nobody can read
//! from a model.
//!
//! Source: <https://spdx.github.io/spdx-spec/v3.0.1/>.

use serde_json::{Map, Value, json};

use super::{Bom, Claim, Field, File, Licence, Options, Origin, Use, cyclonedx, shown};
use crate::statement::DigestSet;
use crate::{Error, json as written};

/// The context that gives the names their meaning.
const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// Nobody says.
const NO_LICENCE: &str = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense";

/// Writes the bill; the same model, attestations and options give the same bytes. SPDX asks for a
/// time, so there has to be one in the options.
pub fn write(bom: &Bom, options: &Options) -> Result<String, Error> {
    let Some(at) = options.at else {
        let because = "SPDX asks for the time at which it was made; `--at` tells it";
        return Err(Error::malformed("the bill", because));
    };
    // The identity of the content names the elements.
    let seed = json!([bom.digest, at.to_string(), cyclonedx::write(bom, options)?]);
    let base = format!("urn:uuid:{}", cyclonedx::serial(&written::canonical(&seed)?));
    let mut graph = Graph { base, elements: Vec::new(), relations: 0, notes: 0 };
    graph.fill(bom, options);
    let created = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let document = graph.finish(bom, &created);
    let mut text = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::malformed("the bill", error))?;
    text.push('\n');
    Ok(text)
}

struct Graph {
    base: String,
    elements: Vec<Map<String, Value>>,
    relations: usize,
    notes: usize,
}

fn put(map: &mut Map<String, Value>, field: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(field.to_owned(), value.into());
    }
}

fn some(list: Vec<Value>) -> Option<Vec<Value>> {
    (!list.is_empty()).then_some(list)
}

/// Digests that SPDX has an algorithm for.
fn hashes(digest: &DigestSet) -> Option<Vec<Value>> {
    let known = |name: &str| matches!(name, "sha256" | "sha384" | "sha512" | "blake3" | "sha1");
    // A digest over a folder is told in a note: it is of no file's bytes.
    let single = !digest.contains_key(crate::statement::DIR_HASH) || digest.len() == 1;
    let of = |(name, value): (&String, &String)| {
        let hex = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        (single && known(name) && hex).then(|| hash(name, value))
    };
    some(digest.iter().filter_map(of).collect())
}

fn hash(algorithm: &str, value: &str) -> Value {
    json!({"type": "Hash", "algorithm": algorithm, "hashValue": value})
}

fn entry(key: impl Into<String>, value: impl Into<String>) -> Value {
    json!({"type": "DictionaryEntry", "key": key.into(), "value": value.into()})
}

impl Graph {
    fn id(&self, name: &str) -> String {
        format!("{}#{name}", self.base)
    }

    /// Adds an element and gives its identifier.
    fn add(&mut self, kind: &str, name: &str, mut rest: Map<String, Value>) -> String {
        let id = self.id(name);
        let mut map = Map::new();
        map.insert("type".to_owned(), kind.into());
        map.insert("spdxId".to_owned(), id.clone().into());
        map.insert("creationInfo".to_owned(), "_:creation".into());
        map.append(&mut rest);
        self.elements.push(map);
        id
    }

    fn relate(&mut self, from: &str, kind: &str, to: &[String]) {
        if to.is_empty() {
            return;
        }
        let name = format!("relationship-{}", self.relations);
        self.relations = self.relations.saturating_add(1);
        let mut map = Map::new();
        map.insert("from".to_owned(), from.into());
        map.insert("relationshipType".to_owned(), kind.into());
        map.insert("to".to_owned(), to.into());
        self.add("Relationship", &name, map);
    }

    /// Who says something, and where: SPDX has no field for it.
    fn note(&mut self, subject: &str, text: String) {
        let name = format!("annotation-{}", self.notes);
        self.notes = self.notes.saturating_add(1);
        let mut map = Map::new();
        map.insert("annotationType".to_owned(), "other".into());
        map.insert("subject".to_owned(), subject.into());
        map.insert("statement".to_owned(), text.into());
        self.add("Annotation", &name, map);
    }

    fn tier(&mut self, subject: &str, name: &str, claim: &Claim) {
        let source = shown(&claim.source.as_str().into());
        self.note(
            subject,
            format!("weighbridge:tier:{name}={}; source={source}", claim.tier.name()),
        );
    }

    fn fill(&mut self, bom: &Bom, options: &Options) {
        let mut agent = Map::new();
        agent
            .insert("name".to_owned(), format!("weighbridge {}", env!("CARGO_PKG_VERSION")).into());
        self.add("SoftwareAgent", "agent", agent);
        for (n, (name, version, digest)) in options.tools.iter().enumerate() {
            let mut tool = Map::new();
            tool.insert("name".to_owned(), format!("{name} {version}").into());
            let digest = digest.as_ref().map(|digest| json!([hash("sha256", digest)]));
            put(&mut tool, "verifiedUsing", digest);
            self.add("Tool", &format!("tool-{n}"), tool);
        }
        let model = self.model(bom);
        let files: Vec<String> = bom.files.iter().enumerate().map(|one| self.file(one)).collect();
        self.relate(&model, "contains", &files);
        for (used, kind) in [
            (Use::Training, "trainedOn"),
            (Use::Evaluation, "testedOn"),
            (Use::Calibration, "dependsOn"),
        ] {
            let of = bom.datasets.iter().enumerate().filter(|(_, (known, _))| *known == used);
            let ids: Vec<String> = of.map(|(n, (_, origin))| self.dataset(n, origin)).collect();
            self.relate(&model, kind, &ids);
        }
        let parents: Vec<String> =
            bom.parents.iter().enumerate().map(|one| self.parent(one)).collect();
        self.relate(&model, "descendantOf", &parents);
        self.licences(&model, &bom.licences);
        self.notes_of(&model, bom);
        let mut sbom = Map::new();
        sbom.insert("rootElement".to_owned(), json!([model]));
        let all: Vec<Value> =
            self.elements.iter().filter_map(|e| e.get("spdxId").cloned()).collect();
        sbom.insert("element".to_owned(), all.into());
        sbom.insert("software_sbomType".to_owned(), json!(["analyzed"]));
        self.add("software_Sbom", "sbom", sbom);
    }

    fn model(&mut self, bom: &Bom) -> String {
        let text = |field: Field| bom.get(field).map(Claim::text);
        let texts = |field: Field| -> Vec<Value> {
            bom.all(field).iter().map(|claim| claim.text().into()).collect()
        };
        let joined = |field: Field| {
            let all: Vec<String> = bom.all(field).iter().map(|claim| claim.text()).collect();
            (!all.is_empty()).then(|| all.join("\n"))
        };
        let mut map = Map::new();
        map.insert("name".to_owned(), bom.name().into());
        put(&mut map, "description", text(Field::Description));
        map.insert("software_primaryPurpose".to_owned(), "model".into());
        put(&mut map, "software_packageVersion", text(Field::Version));
        put(&mut map, "verifiedUsing", hashes(&bom.digest));
        put(&mut map, "ai_domain", some(texts(Field::Task)));
        let mut kinds = texts(Field::Family);
        kinds.extend(texts(Field::Architecture));
        put(&mut map, "ai_typeOfModel", some(kinds));
        put(&mut map, "ai_informationAboutTraining", joined(Field::Training));
        put(&mut map, "ai_informationAboutApplication", joined(Field::Intended));
        put(&mut map, "ai_limitation", joined(Field::Limitation));
        let hyper = bom.all(Field::Hyper).into_iter().map(|claim| {
            let text = claim.text();
            let (key, value) = text.split_once('=').unwrap_or((&text, ""));
            entry(key, value)
        });
        put(&mut map, "ai_hyperparameter", some(hyper.collect()));
        let metrics = bom.metrics.iter().map(|metric| {
            let on = metric.slice.as_ref().map(|on| format!(" on {}", shown(on)));
            let name = format!("{}{}", shown(&metric.name), on.unwrap_or_default());
            entry(name, metric.claim.text())
        });
        put(&mut map, "ai_metric", some(metrics.collect()));
        self.add("ai_AIPackage", "model", map)
    }

    fn file(&mut self, (n, file): (usize, &File)) -> String {
        let mut map = Map::new();
        map.insert("name".to_owned(), shown(&file.path).into());
        let hashes = [hash("sha256", &file.sha256), hash("blake3", &file.blake3)];
        map.insert("verifiedUsing".to_owned(), json!(hashes));
        self.add("software_File", &format!("file-{n}"), map)
    }

    fn dataset(&mut self, n: usize, origin: &Origin) -> String {
        let mut map = Map::new();
        map.insert("name".to_owned(), origin.claim.text().into());
        map.insert("software_primaryPurpose".to_owned(), "data".into());
        map.insert("dataset_datasetType".to_owned(), json!(["noAssertion"]));
        put(&mut map, "verifiedUsing", hashes(&origin.digest));
        let id = self.add("dataset_DatasetPackage", &format!("data-{n}"), map);
        self.origin(&id, origin);
        id
    }

    fn parent(&mut self, (n, origin): (usize, &Origin)) -> String {
        let mut map = Map::new();
        map.insert("name".to_owned(), origin.claim.text().into());
        map.insert("software_primaryPurpose".to_owned(), "model".into());
        put(&mut map, "verifiedUsing", hashes(&origin.digest));
        let id = self.add("ai_AIPackage", &format!("parent-{n}"), map);
        self.origin(&id, origin);
        id
    }

    fn origin(&mut self, id: &str, origin: &Origin) {
        self.tier(id, "name", &origin.claim);
        for (name, value) in &origin.digest {
            let (name, value) = (shown(&name.as_str().into()), shown(&value.as_str().into()));
            self.note(id, format!("weighbridge:digest:{name}={value}"));
        }
    }

    /// One relation for what is declared, as SPDX asks; several licences are one expression.
    fn licences(&mut self, model: &str, licences: &[Licence]) {
        let mut ids = Vec::new();
        for (n, licence) in licences.iter().enumerate() {
            let mut map = Map::new();
            let name = format!("licence-{n}");
            let id = if let Some(known) = licence.id {
                map.insert("simplelicensing_licenseExpression".to_owned(), known.into());
                self.add("simplelicensing_LicenseExpression", &name, map)
            } else {
                map.insert("simplelicensing_licenseText".to_owned(), licence.claim.text().into());
                self.add("simplelicensing_SimpleLicensingText", &name, map)
            };
            self.tier(&id, "licence", &licence.claim);
            ids.push(id);
        }
        if ids.is_empty() {
            ids.push(NO_LICENCE.to_owned());
        }
        self.relate(model, "hasDeclaredLicense", &ids);
        self.relate(model, "hasConcludedLicense", &[NO_LICENCE.to_owned()]);
    }

    fn notes_of(&mut self, model: &str, bom: &Bom) {
        for (name, value) in &bom.digest {
            self.note(model, format!("weighbridge:{name}={value}"));
        }
        for field in Field::ALL {
            for claim in bom.all(*field) {
                let (name, source) = (field.name(), shown(&claim.source.as_str().into()));
                let said = format!(
                    "weighbridge:{name}={}; tier={}; source={source}",
                    claim.text(),
                    claim.tier.name()
                );
                self.note(model, said);
            }
        }
        for (n, metric) in bom.metrics.iter().enumerate() {
            self.tier(model, &format!("metric:{n}"), &metric.claim);
        }
        for (path, because) in bom.uncovered.iter().chain(&bom.unread) {
            let because = shown(&because.as_str().into());
            self.note(model, format!("weighbridge:not-read={}: {because}", shown(path)));
        }
        for one in &bom.attestations {
            let said = match &one.signer {
                Some(signer) if one.about => {
                    format!(
                        "{}; signed by {}",
                        shown(&one.step.as_str().into()),
                        shown(&signer.as_str().into())
                    )
                }
                _ => format!("not used: {}", shown(&one.because.as_str().into())),
            };
            self.note(model, format!("weighbridge:attestation=sha256:{}; {said}", one.sha256));
        }
    }

    fn finish(self, bom: &Bom, created: &str) -> Value {
        let mut creation = Map::new();
        creation.insert("type".to_owned(), "CreationInfo".into());
        creation.insert("@id".to_owned(), "_:creation".into());
        creation.insert("specVersion".to_owned(), "3.0.1".into());
        creation.insert("created".to_owned(), created.into());
        creation.insert("createdBy".to_owned(), json!([self.id("agent")]));
        let tool = |element: &&Map<String, Value>| element.get("type") == Some(&"Tool".into());
        let tools: Vec<Value> = self
            .elements
            .iter()
            .filter(tool)
            .filter_map(|element| element.get("spdxId").cloned())
            .collect();
        put(&mut creation, "createdUsing", some(tools));
        let ids: Vec<Value> =
            self.elements.iter().filter_map(|element| element.get("spdxId").cloned()).collect();
        let document = json!({
            "type": "SpdxDocument",
            "spdxId": self.id("document"),
            "creationInfo": "_:creation",
            "name": format!("bill of materials of {}", bom.name()),
            "profileConformance": ["core", "software", "simpleLicensing"],
            "rootElement": [self.id("sbom")],
            "element": ids,
        });
        let mut graph = vec![Value::Object(creation), document];
        graph.extend(self.elements.into_iter().map(Value::Object));
        json!({"@context": CONTEXT, "@graph": graph})
    }
}
