//! Manifests of OCI images and artifacts.
//!
//! A layer's digest is that of the layer as it is stored. Where that is the file itself (`.raw`, or a
//! file that ORAS pushed), it can be held against the file; a tar cannot be made again from the files
//! that came out of it, byte for byte.
//!
//! Sources: the image manifest of the OCI image specification 1.1; the `ModelPack` specification,
//! `docs/spec.md`; `KitOps`, `pkg/lib/constants`.

use serde_json::Value;

use super::{Kind, Of, Says, Source};
use crate::manifest::Algorithm;

const FILEPATH: &str = "org.cncf.model.filepath";
const TITLE: &str = "org.opencontainers.image.title";

const TAR: &str = "the digest is of a tar, which cannot be made again from its files";
const UNNAMED: &str = "the manifest does not say which file it is";
const CONFIG: &str = "the configuration of an image is not among the files of the model";

/// Reads an image manifest; none where the value is something else.
pub(super) fn read(name: &str, value: &Value) -> Option<Source> {
    let layers = value.get("layers")?.as_array()?;
    value.get("schemaVersion")?;
    let mut source = Source::new(name, Kind::Oci);
    if let Some(config) = value.get("config") {
        let digest = config.get("digest").and_then(Value::as_str).unwrap_or_default();
        let what = format!("configuration {digest}");
        source.claim(Of::Unnamed, None, Says::Unchecked { what, because: CONFIG });
    }
    for layer in layers {
        layer_of(&mut source, layer);
    }
    Some(source)
}

fn layer_of(source: &mut Source, layer: &Value) {
    let text = |key: &str| layer.get(key).and_then(Value::as_str).unwrap_or_default();
    let (media, digest) = (text("mediaType"), text("digest"));
    let annotation = |key: &str| layer.get("annotations")?.get(key)?.as_str();
    let path = annotation(FILEPATH).or_else(|| annotation(TITLE));
    let of = path.map_or(Of::Unnamed, |path| Of::path("", path));
    let what = || format!("layer {digest}");
    let unpacked = annotation("io.deis.oras.content.unpack") == Some("true");
    // ORAS pushes single files under the media type of a tar and says nothing of unpacking; the
    // title is then a file's name.
    let oras = media == "application/vnd.oci.image.layer.v1.tar" && annotation(TITLE).is_some();
    if unpacked || (media.contains("tar") && !oras) || media.contains('+') && media.contains("zip")
    {
        source.claim(of, None, Says::Unchecked { what: what(), because: TAR });
        return;
    }
    if path.is_none() {
        source.claim(of, None, Says::Unchecked { what: what(), because: UNNAMED });
        return;
    }
    let bytes = layer.get("size").and_then(Value::as_u64);
    match digest.split_once(':') {
        Some(("sha256", hex)) => source.digest(of, bytes, Algorithm::Sha256, hex),
        Some(("sha512", hex)) => source.digest(of, bytes, Algorithm::Sha512, hex),
        _ => source.fault(format!("the digest `{digest}` of a layer is of no known algorithm")),
    }
}
