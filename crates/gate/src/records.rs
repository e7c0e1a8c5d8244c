use std::path::Path;

use artifact::tree;
use provenance::attest::Material;
use provenance::records;
use serde_json::Value;
use vocabulary::{Limits, Untrusted};

use crate::Error;

/// What training records say.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// As by-products of a training step.
    pub byproducts: Vec<Material>,
    /// What looks like a record and could not be read, with the reason.
    pub unread: Vec<(Untrusted, String)>,
}

/// Reads the training records of a file or folder; that there is none is an error.
pub fn records(source: &Path) -> Result<Recorded, Error> {
    let tree = tree::open(source, Limits::default().files)?;
    let found = records::read(&tree);
    if found.records.is_empty() && found.unread.is_empty() {
        return Err(Error::NoRecord { path: source.into() });
    }
    let written = records::byproducts(&found.records);
    let byproducts = written.into_iter().map(material).collect();
    Ok(Recorded { byproducts, unread: found.unread })
}

fn material(mut descriptor: Value) -> Material {
    let mut take = |field: &str| descriptor.get_mut(field).map(Value::take);
    let name = take("name").and_then(|name| name.as_str().map(ToOwned::to_owned));
    let digest = take("digest").and_then(|digest| serde_json::from_value(digest).ok());
    let annotations = match take("annotations") {
        Some(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let digest = digest.unwrap_or_default();
    Material { name, digest, annotations, ..Material::default() }
}
