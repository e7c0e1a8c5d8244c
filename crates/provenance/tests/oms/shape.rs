//! What specification 1.0 asks of a bundle, word by word: which fields there must be, which there may
//! be, and what stands in them. It shares nothing with the crate's own types.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

type Said = Result<(), String>;

/// Which material verifies it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Key,
    Certificate,
    Keyless,
}

/// Why a bundle has not the form of the specification, where it has not.
pub(crate) fn of_bundle(bundle: &Value, by: By) -> Said {
    let fields = only(bundle, &["mediaType", "verificationMaterial", "dsseEnvelope"], &[])?;
    let media = text(&fields["mediaType"])?;
    ensure(media.starts_with("application/vnd.dev.sigstore.bundle"), "mediaType")?;
    material(&fields["verificationMaterial"], by)?;
    let required = ["payload", "payloadType", "signatures"];
    let envelope = only(&fields["dsseEnvelope"], &required, &[])?;
    ensure(envelope["payloadType"] == "application/vnd.in-toto+json", "payloadType")?;
    let signatures = list(&envelope["signatures"])?;
    ensure(!signatures.is_empty(), "signatures")?;
    for signature in signatures {
        let signature = only(signature, &["sig"], &["keyid"])?;
        base64(&signature["sig"])?;
        let keyid = signature.get("keyid").unwrap_or(&Value::Null);
        ensure(keyid.is_null() || keyid.is_string(), "keyid")?;
    }
    let payload = base64(&envelope["payload"])?;
    let payload = serde_json::from_slice(&payload).map_err(|error| error.to_string())?;
    of_statement(&payload)
}

fn material(material: &Value, by: By) -> Said {
    let names = ["publicKey", "x509CertificateChain", "certificate"];
    let Some(fields) = material.as_object() else { return Err("verificationMaterial".into()) };
    let which = match by {
        By::Key => "publicKey",
        By::Certificate => "x509CertificateChain",
        By::Keyless => "certificate",
    };
    for name in names {
        ensure(fields.contains_key(name) == (name == which), name)?;
    }
    match by {
        By::Key => {
            let hint = text(&fields[which]["hint"])?;
            ensure(hint.len() == 64, "hint")
        }
        By::Certificate => {
            let certificates = list(&fields[which]["certificates"])?;
            ensure(!certificates.is_empty(), "certificates")?;
            certificates.iter().try_for_each(|one| base64(&one["rawBytes"]).map(drop))
        }
        By::Keyless => {
            base64(&fields[which]["rawBytes"])?;
            let entries = list(fields.get("tlogEntries").unwrap_or(&Value::Null))?;
            ensure(!entries.is_empty(), "tlogEntries")?;
            entries.iter().try_for_each(entry)
        }
    }
}

/// Numbers of 64 bits are texts, as in every JSON of a protocol buffer.
fn entry(entry: &Value) -> Said {
    for name in ["logIndex", "integratedTime"] {
        ensure(entry.get(name).is_none_or(Value::is_string), name)?;
    }
    base64(&entry["logId"]["keyId"])?;
    base64(&entry["canonicalizedBody"])?;
    let proof = &entry["inclusionProof"];
    for name in ["logIndex", "treeSize", "rootHash"] {
        text(&proof[name])?;
    }
    list(&proof["hashes"])?.iter().try_for_each(|hash| base64(hash).map(drop))?;
    text(&proof["checkpoint"]["envelope"]).map(drop)
}

fn of_statement(statement: &Value) -> Said {
    let required = ["_type", "subject", "predicateType", "predicate"];
    let fields = only(statement, &required, &[])?;
    ensure(fields["_type"] == "https://in-toto.io/Statement/v1", "_type")?;
    ensure(fields["predicateType"] == "https://model_signing/signature/v1.0", "predicateType")?;
    let [subject] = list(&fields["subject"])? else { return Err("subject".into()) };
    ensure(!text(&subject["name"])?.is_empty(), "name")?;
    let digests = subject["digest"].as_object().ok_or("digest")?;
    ensure(!digests.is_empty(), "digest")?;
    digests.values().try_for_each(hex)?;
    let predicate = only(&fields["predicate"], &["resources", "serialization"], &[])?;
    let required = ["method", "hash_type", "allow_symlinks"];
    let optional = ["shard_size", "ignore_paths"];
    let serialization = only(&predicate["serialization"], &required, &optional)?;
    let hash = text(&serialization["hash_type"])?;
    ensure(["sha256", "blake2b", "blake3"].contains(&hash), "hash_type")?;
    ensure(serialization["allow_symlinks"].is_boolean(), "allow_symlinks")?;
    let shards = text(&serialization["method"])? == "shards";
    ensure(shards || serialization["method"] == "files", "method")?;
    match serialization.get("shard_size") {
        Some(size) => ensure(shards && size.as_u64().is_some_and(|size| size > 0), "shard_size")?,
        None => ensure(!shards, "no shard_size")?,
    }
    for path in serialization.get("ignore_paths").map_or(Ok(&[][..]), list)? {
        ensure(!text(path)?.is_empty(), "ignore_paths")?;
    }
    for resource in list(&predicate["resources"])? {
        let name = text(&resource["name"])?;
        ensure(!name.is_empty() && !name.starts_with('/'), "name")?;
        ensure(resource["algorithm"] == hash, "algorithm")?;
        hex(&resource["digest"])?;
        let ends = name.rsplitn(3, ':').filter(|part| part.parse::<u64>().is_ok()).count();
        ensure(!shards || ends >= 2, "name of a shard")?;
    }
    Ok(())
}

/// The fields of an object that has all of `required`, and beside them `optional` at most.
fn only<'a>(
    value: &'a Value,
    required: &[&str],
    optional: &[&str],
) -> Result<&'a Map<String, Value>, String> {
    let fields = value.as_object().ok_or_else(|| format!("no object: {value}"))?;
    for name in required {
        ensure(fields.contains_key(*name), name)?;
    }
    for name in fields.keys() {
        let known = required.contains(&name.as_str()) || optional.contains(&name.as_str());
        ensure(known, name)?;
    }
    Ok(fields)
}

fn ensure(holds: bool, what: &str) -> Said {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("no text: {value}"))
}

fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("no list: {value}"))
}

fn base64(value: &Value) -> Result<Vec<u8>, String> {
    let bytes = BASE64_STANDARD.decode(text(value)?).map_err(|error| error.to_string())?;
    ensure(!bytes.is_empty(), "empty base64")?;
    Ok(bytes)
}

fn hex(value: &Value) -> Said {
    let text = text(value)?;
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    ensure(!text.is_empty() && text.bytes().all(is_hex), "hex")
}
