//! Reads who is trusted from TOML: a file of its own, or the same tables in a policy.
//!
//! ```toml
//! [[signer]]
//! name = "ci"
//! key = "keys/ci.pub"          # a file beside this one, or the PEM itself
//! may = ["train", "quantize"]  # nothing here: anything
//! from = "2026-01-01T00:00:00Z"
//! until = "2027-01-01T00:00:00Z"
//! pipeline = true
//!
//! [[signer]]
//! name = "qa"
//! certificate-roots = "keys/root.pem"
//! identities = ["email:qa@example.org"]
//! may = ["evaluation"]
//!
//! [[signer]]
//! name = "release"
//! issuer = "https://token.actions.githubusercontent.com"
//! identities = ["https://github.com/org/model/.github/workflows/release.yml@refs/heads/main"]
//! trust-root = "trusted_root.json"   # nothing here: the public instance of Sigstore
//! ```

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use vocabulary::escape;

use crate::Error;
use crate::certificates::{Authority, SubjectName};
use crate::keyless::{Expected, Root};
use crate::keys::PublicKey;
use crate::trust::{Identity, Keyless, Signer, Trust};

/// A `[[signer]]` as it is written.
pub use vocabulary::SignerTerms;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    signer: Vec<SignerTerms>,
}

/// Reads a trust file; `what` is its name in errors. `file` reads the text of
/// a file of keys, certificates or revocations that it names.
pub fn parse(
    what: &str,
    text: &str,
    file: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<Trust, Error> {
    let terms: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            let before = text.as_bytes().get(..span.start).unwrap_or_default();
            format!("line {}: ", before.split(|byte| *byte == b'\n').count())
        });
        let said = error.message().trim().replace('\n', "; ");
        Error::malformed(what, format!("{}{}", line.unwrap_or_default(), escape(&said)))
    })?;
    trust(what, &terms.signer, file)
}

/// Trusts these signers.
pub fn trust(
    what: &str,
    terms: &[SignerTerms],
    file: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<Trust, Error> {
    let mut trust = Trust::default();
    for one in terms {
        let name = escape(&one.name);
        let wrong = |because: String| Error::malformed(what, format!("signer `{name}`: {because}"));
        if one.name.trim().is_empty() {
            return Err(wrong("its `name` is empty".to_owned()));
        }
        if trust.signers.iter().any(|signer: &Signer| signer.name == one.name) {
            return Err(wrong("the name stands twice".to_owned()));
        }
        let identity = match (&one.key, &one.certificate_roots, &one.issuer) {
            (Some(public), None, None) => {
                let pem = pem(public, file)?;
                Identity::Key(PublicKey::from_pem(&format!("the key of signer {name}"), &pem)?)
            }
            (None, Some(roots), None) if !one.identities.is_empty() => {
                Identity::Certificate(authority(one, roots, file)?)
            }
            (None, None, Some(issuer)) if !one.identities.is_empty() => {
                Identity::Keyless(keyless(one, issuer, file)?)
            }
            (None, Some(_), None) => {
                return Err(wrong("`certificate-roots` needs `identities`".to_owned()));
            }
            (None, None, Some(_)) => return Err(wrong("`issuer` needs `identities`".to_owned())),
            _ => {
                let because = "it needs one of `key`, `certificate-roots` and `issuer`";
                return Err(wrong(because.to_owned()));
            }
        };
        let time = |field: &str, text: &Option<String>| {
            text.as_ref()
                .map(|text| text.parse::<Timestamp>())
                .transpose()
                .map_err(|_| wrong(format!("`{field}` is no time such as `2026-11-21T10:00:00Z`")))
        };
        trust.signers.push(Signer {
            name: one.name.clone(),
            identity,
            may: one.may.clone(),
            from: time("from", &one.from)?,
            until: time("until", &one.until)?,
            pipeline: one.pipeline,
        });
    }
    Ok(trust)
}

/// PEM as it is given, or from the file that is named.
fn pem(given: &str, file: &mut dyn FnMut(&str) -> Result<String, Error>) -> Result<String, Error> {
    if given.contains("-----BEGIN") { Ok(given.to_owned()) } else { file(given) }
}

fn authority(
    terms: &SignerTerms,
    roots: &str,
    file: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<Authority, Error> {
    let what = format!("the roots of signer {}", escape(&terms.name));
    let names = terms.identities.iter().map(|name| SubjectName::parse(name)).collect();
    let mut authority = Authority::new(&what, &pem(roots, file)?, names)?;
    if let Some(root) = instance(terms, file)? {
        authority = authority.with_timestamps(Arc::new(root));
    }
    for list in &terms.revocations {
        authority = authority.with_revocations(&what, pem(list, file)?.as_bytes())?;
    }
    Ok(authority)
}

fn keyless(
    terms: &SignerTerms,
    issuer: &str,
    file: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<Keyless, Error> {
    let root = instance(terms, file)?.map_or_else(Root::public_good, Ok)?;
    let expected = terms
        .identities
        .iter()
        .map(|identity| Expected { identity: identity.clone(), issuer: issuer.to_owned() });
    Ok(Keyless { expected: expected.collect(), root: Arc::new(root) })
}

/// The instance of Sigstore that is named.
fn instance(
    terms: &SignerTerms,
    file: &mut dyn FnMut(&str) -> Result<String, Error>,
) -> Result<Option<Root>, Error> {
    let Some(given) = &terms.trust_root else { return Ok(None) };
    let what = format!("the trust root of signer {}", escape(&terms.name));
    let json = if given.trim_start().starts_with('{') { given.clone() } else { file(given)? };
    Root::parse(&what, &json).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{PrivateKey, Scheme, Sign as _};

    #[test]
    fn reads_signers_and_says_what_is_wrong() {
        let pem = PrivateKey::generate(Scheme::Ed25519).unwrap().public_key().pem();
        let mut keys = |path: &str| {
            assert_eq!(path, "ci.pub");
            Ok(pem.clone())
        };
        let text = "[[signer]]\nname = \"ci\"\nkey = \"ci.pub\"\nmay = [\"train\"]\n\
                    until = \"2027-01-01T00:00:00Z\"\npipeline = true\n";
        let trust = parse("trust.toml", text, &mut keys).unwrap();
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        assert!(trust.signers[0].may_sign("train", now));
        assert!(!trust.signers[0].may_sign("scan", now));
        assert!(!trust.signers[0].may_sign("train", "2027-02-01T00:00:00Z".parse().unwrap()));
        assert!(trust.signers[0].pipeline);
        for (wrong, said) in [
            (format!("{text}{text}"), "the name stands twice"),
            (text.replace("may", "my"), "line 4: unknown field `my`"),
            (text.replace("key = \"ci.pub\"", "issuer = \"https://i\""), "needs `identities`"),
            (text.replace("key = \"ci.pub\"", ""), "it needs one of"),
            (text.replace("2027-01-01T00:00:00Z", "soon"), "`until` is no time"),
        ] {
            let error = parse("trust.toml", &wrong, &mut keys).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
