//! Which files of a folder are signatures of it.
//!
//! A file cannot hold the digest of a whole that it is a part of, so what `sign` and `attest` write
//! into a folder is left out of its digests, and told. A file is left out where its name and its whole
//! content are those of signatures; whatever else is written into it makes it a file like any other.

use artifact::Blob;
use artifact::tree::{EntryKind, FileEntry, Tree};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use vocabulary::{Untrusted, escape};

use crate::dsse::IN_TOTO;
use crate::json;
use crate::keys::sha256;
use crate::lineage::{Form, attestations};
use crate::statement::Statement;

/// How the names of files end that hold signatures and attestations.
const ENDINGS: [&str; 4] = [".intoto.jsonl", ".sig", ".sigstore", ".sigstore.json"];
/// The most that such a file may have, in bytes: it is read a second time, and held in memory.
const MAX: u64 = 16 << 20;

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
    // A text of anything else, however long, is left at its first field.
    for head in serde_json::Deserializer::from_slice(bytes).into_iter::<Head>() {
        head.map_err(|error| format!("it holds something else: {}", escape(&error.to_string())))?;
    }
    let mut empty = true;
    for (line, text, form) in attestations(bytes) {
        form.and_then(|form| is_signed_statement(text, form))
            .map_err(|because| format!("line {line}: {}", escape(&because)))?;
        empty = false;
    }
    if empty { Err("it is empty".to_owned()) } else { Ok(()) }
}

/// The fields of the document that is a signature, which were all read over and of which nothing is kept.
struct Head;

/// Those that an envelope and a bundle have; either has one of the first two.
const FIELDS: [&str; 6] =
    ["payload", "dsseEnvelope", "payloadType", "signatures", "mediaType", "verificationMaterial"];

impl<'de> Deserialize<'de> for Head {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Head;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a DSSE envelope or a Sigstore bundle")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Head, A::Error> {
                let mut holds_something = false;
                while let Some(name) = fields.next_key::<String>()? {
                    let known = FIELDS.iter().position(|field| *field == name);
                    let known = known.ok_or_else(|| {
                        let name = Untrusted::new(name).shortened(40);
                        A::Error::custom(format!("no signature has a field `{name}`"))
                    })?;
                    holds_something |= known < 2;
                    fields.next_value::<IgnoredAny>()?;
                }
                let nothing = || A::Error::custom("it has neither `payload` nor `dsseEnvelope`");
                holds_something.then_some(Head).ok_or_else(nothing)
            }
        }
        from.deserialize_map(Fields)
    }
}

/// Whether a document is a statement that somebody signed, and nothing else.
fn is_signed_statement(text: &[u8], form: Form) -> Result<(), String> {
    let bundle = matches!(form, Form::Bundle(_));
    let envelope = match form {
        Form::Envelope(envelope) => Some(envelope),
        Form::Bundle(bundle) => Some(bundle.dsse_envelope),
        Form::Bare(_) => None,
    };
    let signed = envelope.filter(|envelope| !envelope.signatures.is_empty());
    let envelope = signed.ok_or("nobody signed it")?;
    let statement = Statement::parse("the statement", &envelope.payload);
    if envelope.payload_type != IN_TOTO || statement.is_err() {
        return Err("what is signed is no in-toto statement".to_owned());
    }
    if !is_plain(text, bundle) {
        return Err("its envelope holds more than a signature has".to_owned());
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
        for not in ["[0,0,0]", "{\"auto_map\":{}}", "{\"payloadType\":\"x\"}", "0", "{\"payload\""]
        {
            let said = signed_statements(format!("{line}\n{not}").as_bytes()).unwrap_err();
            assert!(said.starts_with("it holds something else: "), "{said}");
        }
        for cut in 0..line.len() {
            assert!(signed_statements(&line.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    /// Whoever weighs does not choose these files: what they cost is bounded before they are parsed.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "the test makes its own folder")]
    fn what_has_the_name_of_a_signature_costs_little() {
        let many = format!("{{\"payload\":[{}0]}}", "0,".repeat(6 << 20));
        let said = signed_statements(many.as_bytes()).unwrap_err();
        assert!(said.contains("more values"), "{said}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.bin"), "a").unwrap();
        let long = std::fs::File::create(folder.path().join("b.sig")).unwrap();
        long.set_len(MAX + 1).unwrap();
        let tree = artifact::tree::open(folder.path(), 10).unwrap();
        let seen = look(&tree, |_| None);
        assert!(seen.are_not[0].ends_with("it is longer than is read"), "{:?}", seen.are_not);
    }
}
