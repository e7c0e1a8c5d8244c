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
//! ```

use jiff::Timestamp;
use serde::Deserialize;
use vocabulary::escape;

use crate::Error;
use crate::certificates::{Authority, SubjectName};
use crate::keys::PublicKey;
use crate::trust::{Identity, Signer, Trust};

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
        let identity = match (&one.key, &one.certificate_roots) {
            (Some(public), None) => {
                let pem = pem(public, file)?;
                Identity::Key(PublicKey::from_pem(&format!("the key of signer {name}"), &pem)?)
            }
            (None, Some(roots)) if !one.identities.is_empty() => {
                Identity::Certificate(authority(one, roots, file)?)
            }
            (None, Some(_)) => {
                return Err(wrong("`certificate-roots` needs `identities`".to_owned()));
            }
            _ => return Err(wrong("it needs either `key` or `certificate-roots`".to_owned())),
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
    for list in &terms.revocations {
        authority = authority.with_revocations(&what, pem(list, file)?.as_bytes())?;
    }
    Ok(authority)
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
            (text.replace("2027-01-01T00:00:00Z", "soon"), "`until` is no time"),
        ] {
            let error = parse("trust.toml", &wrong, &mut keys).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
