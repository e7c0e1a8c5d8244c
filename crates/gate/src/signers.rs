//! The signers that a policy names, as trust. Whatever the artifact brings along counts nothing here.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use provenance::certificates::{Authority, SubjectName};
use provenance::files::{self, SMALL};
use provenance::keys::PublicKey;
use provenance::trust::{Identity, Signer, Trust};
use vocabulary::{Date, SignerTerms, escape};

/// What is wrong with a signer of a policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Which, counted from 0.
    pub(crate) signer: usize,
    /// At which key.
    pub(crate) key: &'static str,
    /// What, in a sentence.
    pub(crate) because: String,
}

/// Puts the content of the files that a policy names beside itself in the place of their names.
/// Without a folder there is nothing beside it.
pub(crate) fn read_files(signers: &mut [SignerTerms], folder: Option<&Path>) -> Result<(), Fault> {
    for (signer, terms) in signers.iter_mut().enumerate() {
        let slots = terms.key.iter_mut().map(|slot| ("key", slot));
        let slots = slots.chain(terms.root.iter_mut().map(|slot| ("root", slot)));
        let slots = slots.chain(terms.crl.iter_mut().map(|slot| ("crl", slot)));
        for (key, slot) in slots.filter(|(_, slot)| !slot.contains("-----BEGIN")) {
            let fault = |because: String| Fault { signer, key, because };
            let folder = folder.ok_or_else(|| {
                fault(format!("`{}` is no PEM, and no file lies beside this policy", escape(slot)))
            })?;
            *slot = files::read_text(&folder.join(&*slot), SMALL).map_err(|error| {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                fault(escape(&format!("{error}: {}", source.unwrap_or_default())))
            })?;
        }
    }
    Ok(())
}

/// The signers of a policy, whose files were read.
pub(crate) fn trust(signers: &[SignerTerms]) -> Result<Trust, Fault> {
    let signers = signers.iter().enumerate().map(|(signer, terms)| {
        let fault = |(key, because): (&'static str, String)| Fault { signer, key, because };
        one(terms).map_err(fault)
    });
    Ok(Trust { signers: signers.collect::<Result<_, _>>()? })
}

fn one(terms: &SignerTerms) -> Result<Signer, (&'static str, String)> {
    if terms.name.trim().is_empty() {
        return Err(("name", "the signer has no name".to_owned()));
    }
    let from = terms.from.and_then(|date| moment(date, civil::Time::midnight()));
    let until = terms.until.and_then(|date| moment(date, civil::Time::MAX));
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        return Err(("until", "the signer counts until a day before `from`".to_owned()));
    }
    Ok(Signer {
        name: terms.name.clone(),
        identity: identity(terms)?,
        may: terms.may.clone(),
        from,
        until,
        pipeline: terms.pipeline,
    })
}

fn identity(terms: &SignerTerms) -> Result<Identity, (&'static str, String)> {
    let (key, root) = match (&terms.key, &terms.root) {
        (Some(key), None) => (key, None),
        (None, Some(root)) => (root, Some(root)),
        (Some(_), Some(_)) => {
            return Err(("root", "a signer has a `key` or a `root`, not both".to_owned()));
        }
        (None, None) => return Err(("name", "the signer has no `key` and no `root`".to_owned())),
    };
    let Some(root) = root else {
        let key = PublicKey::from_pem("key", key).map_err(|error| ("key", error.to_string()))?;
        let wanted = terms.fingerprint.as_deref();
        if wanted.is_some_and(|wanted| wanted.trim_start_matches("sha256:") != key.fingerprint()) {
            let said = format!("the key has the fingerprint `{}`", key.fingerprint());
            return Err(("fingerprint", said));
        }
        return Ok(Identity::Key(key));
    };
    let names = terms.identity.iter().map(|name| SubjectName::parse(name)).collect();
    let mut authority =
        Authority::new("root", root, names).map_err(|error| ("root", error.to_string()))?;
    for list in &terms.crl {
        let read = authority.with_revocations("crl", list.as_bytes());
        authority = read.map_err(|error| ("crl", error.to_string()))?;
    }
    Ok(Identity::Certificate(authority))
}

/// A moment of a day, UTC.
fn moment(date: Date, time: civil::Time) -> Option<Timestamp> {
    let date: civil::Date = date.to_string().parse().ok()?;
    Some(date.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use provenance::keys::{PrivateKey, Scheme, Sign as _};

    use crate::policy::{Error, Policy};

    const HEAD: &str = "name = \"x\"\nrefuse = \"high\"\nreview = \"low\"\n";

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the test makes its own folder")]
    fn a_key_stands_in_the_policy_or_beside_it() {
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        let public = key.public_key();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("release.pub"), public.pem()).unwrap();
        let inline =
            format!("{HEAD}[[signer]]\nname = \"a\"\nkey = \"\"\"{}\"\"\"\n", public.pem());
        let beside = format!("{HEAD}[[signer]]\nname = \"a\"\nkey = \"release.pub\"\n");
        let pinned = format!("{beside}fingerprint = \"sha256:{}\"\n", public.fingerprint());
        for text in [&inline, &beside, &pinned] {
            let policy = Policy::parse_beside(text, "p", Some(folder.path())).unwrap();
            assert_eq!(super::trust(&policy.terms.signers).unwrap().signers.len(), 1);
        }
        assert!(Policy::parse(&inline, "p").is_ok());
        for wrong in [
            beside.clone(),
            format!("{HEAD}[[signer]]\nname = \"a\"\n"),
            format!("{inline}fingerprint = \"00\"\n"),
            format!("{inline}until = \"2026-01-01\"\nfrom = \"2027-01-01\"\n"),
            format!("{inline}root = \"-----BEGIN\"\n"),
            format!("{HEAD}checks.signature = \"required\"\n"),
            format!("{HEAD}[signature]\nignore = [\"../x\"]\n"),
        ] {
            let error = Policy::parse(&wrong, "p").unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{wrong}");
        }
    }
}
