//! Which files of a folder are signatures of it.
//!
//! A file cannot hold the digest of a whole that it is a part of, so what `sign` and `attest` write
//! into a folder is left out of its digests, and told. A file is left out where its name and its whole
//! content are those of signatures; whatever else is written into it makes it a file like any other.

use artifact::Blob;
use artifact::tree::{EntryKind, FileEntry, Tree};
use serde_json::Value;
use vocabulary::Untrusted;

use crate::dsse::IN_TOTO;
use crate::json;
use crate::keys::sha256;
use crate::lineage::{Collection, Form};
use crate::statement::Statement;

/// How the names of files end that hold signatures and attestations.
const ENDINGS: [&str; 4] = [".intoto.jsonl", ".sig", ".sigstore", ".sigstore.json"];
/// The most that such a file may have, in bytes.
const MAX: u64 = 256 << 20;

/// The files of a folder that have the name of a signature.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    /// Those that are signatures.
    pub(super) are: Vec<Untrusted>,
    /// Those that are none, in sentences that say why.
    pub(super) are_not: Vec<String>,
}

/// The files of a folder that hold signed statements and nothing else, by the SHA-256 with which each
/// was read: what statements about the folder leave out.
pub fn signatures_in(tree: &Tree, digest: impl Fn(&str) -> Option<[u8; 32]>) -> Vec<Untrusted> {
    look(tree, digest).are
}

/// Looks at every file of a folder that has the name of a signature.
pub(super) fn look(tree: &Tree, digest: impl Fn(&str) -> Option<[u8; 32]>) -> Signatures {
    let mut seen = Signatures::default();
    if tree.single {
        return seen;
    }
    for entry in &tree.entries {
        let EntryKind::File(file) = &entry.kind else { continue };
        if !ENDINGS.iter().any(|ending| entry.path.raw().ends_with(ending)) {
            continue;
        }
        match read(tree, file, digest(entry.path.raw())) {
            Ok(()) => seen.are.push(entry.path.clone()),
            Err(because) => seen.are_not.push(format!(
                "`{}` has the name of a signature and counts as a file like any other: {because}",
                entry.path
            )),
        }
    }
    seen
}

/// Whether a file holds signed statements and nothing else. `digest` is that of the bytes that were
/// digested with the folder.
fn read(tree: &Tree, file: &FileEntry, digest: Option<[u8; 32]>) -> Result<(), String> {
    if file.len > MAX {
        return Err("it is longer than is read".to_owned());
    }
    let open = tree.open(file, false).map_err(|error| error.to_string())?;
    let blob = Blob::new(std::sync::Arc::new(open));
    let bytes = blob.bytes_at(0, usize::try_from(file.len).unwrap_or(0));
    if digest.is_none_or(|digest| sha256(&bytes).as_ref() != digest) {
        return Err("it was changed while it was read".to_owned());
    }
    signed_statements(&bytes)
}

fn signed_statements(bytes: &[u8]) -> Result<(), String> {
    let mut all = Collection::default();
    all.add("", bytes);
    if let Some(unread) = all.unread.first() {
        return Err(format!("line {}: {}", unread.place.line, vocabulary::escape(&unread.because)));
    }
    if all.records.is_empty() {
        return Err("it is empty".to_owned());
    }
    let whole = all.records.len() == 1;
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mut next = 1usize;
    for record in &all.records {
        let line = record.place.line;
        let wrong = |because: &str| format!("line {line}: {because}");
        let text = lines.nth(line.saturating_sub(next)).unwrap_or_default();
        next = line.saturating_add(1);
        let text = if whole { bytes } else { text };
        let Some(envelope) = record.envelope().filter(|it| !it.signatures.is_empty()) else {
            return Err(wrong("nobody signed it"));
        };
        let statement = Statement::parse("the statement", &envelope.payload);
        if envelope.payload_type != IN_TOTO || statement.is_err() {
            return Err(wrong("what is signed is no in-toto statement"));
        }
        if !is_plain(text, matches!(record.form, Form::Bundle(_))) {
            return Err(wrong("its envelope holds more than a signature has"));
        }
    }
    Ok(())
}

/// Whether an envelope has no fields beside its own: readers leave others aside, and something else
/// might not.
fn is_plain(text: &[u8], bundle: bool) -> bool {
    let Ok(value) = json::parse("the line", text) else { return false };
    let envelope = if bundle { value.get("dsseEnvelope") } else { Some(&value) };
    let only = |value: &Value, names: &[&str]| {
        let fields = value.as_object();
        fields.is_some_and(|it| it.keys().all(|name| names.contains(&name.as_str())))
    };
    envelope.is_some_and(|envelope| {
        let signatures = envelope.get("signatures").and_then(Value::as_array);
        only(envelope, &["payload", "payloadType", "signatures"])
            && signatures.is_some_and(|all| all.iter().all(|one| only(one, &["sig", "keyid"])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Bundle;
    use crate::dsse::Envelope;
    use crate::keys::{PrivateKey, Scheme};
    use crate::statement::Subject;

    #[test]
    fn only_signed_statements_are_left_out() {
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        let digest = [("sha256".to_owned(), "ab".repeat(32))].into();
        let subject = Subject { name: "m".to_owned(), digest, ..Subject::default() };
        let said = json::canonical(&Statement::new(vec![subject], "x", Value::Null)).unwrap();
        let envelope = Envelope::sign(IN_TOTO, said.clone(), &key).unwrap();
        let line = serde_json::to_string(&envelope).unwrap();
        let bundle = serde_json::to_string(&Bundle::with_key("h".into(), envelope)).unwrap();
        let pretty: Value = serde_json::from_str(&bundle).unwrap();
        let pretty = serde_json::to_string_pretty(&pretty).unwrap();
        let bare = String::from_utf8(said).unwrap();
        let other = serde_json::to_string(&Envelope::sign("text", vec![1], &key).unwrap()).unwrap();
        for held in [&line, &bundle, &pretty, &format!("{line}\n\n{bundle}\n")] {
            assert_eq!(signed_statements(held.as_bytes()), Ok(()), "{held}");
        }
        let with = |from: &str, more: &str| from.replacen('{', &format!("{{{more},"), 1);
        for not in [
            String::new(),
            bare.clone(),
            format!("{line}\n{bare}"),
            format!("{line}\n{other}"),
            format!("{line}\n{{\"auto_map\":1}}"),
            format!("{line}\nimport os"),
            with(&line, "\"text\":\"a row of data\""),
            format!("{line}\n{}", with(&line, "\"text\":\"a row of data\"")),
            bundle.replace("\"payload\":", "\"text\":\"x\",\"payload\":"),
            bundle.replace("\"sig\":", "\"text\":\"x\",\"sig\":"),
            with(&bundle, "\"text\":\"x\""),
            line.replace("\"signatures\":[{", "\"signatures\":[],\"x\":[{"),
        ] {
            assert!(signed_statements(not.as_bytes()).is_err(), "{not}");
        }
        for cut in 0..line.len() {
            assert!(signed_statements(&line.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }
}
