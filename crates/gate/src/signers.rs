//! The signers that a policy names, as trust. Whatever the artifact brings along counts nothing here.

use std::path::Path;

use provenance::files::{self, SMALL};
use provenance::trust::Trust;
use provenance::trust_file;
use vocabulary::{Policy, escape};

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
pub(crate) fn read_files(policy: &mut Policy, folder: Option<&Path>) -> Result<(), Fault> {
    for (signer, terms) in policy.signers.iter_mut().enumerate() {
        let slots = terms.key.iter_mut().map(|slot| ("key", slot));
        let slots =
            slots.chain(terms.certificate_roots.iter_mut().map(|slot| ("certificate-roots", slot)));
        let slots = slots.chain(terms.revocations.iter_mut().map(|slot| ("revocations", slot)));
        let slots = slots.chain(terms.trust_root.iter_mut().map(|slot| ("trust-root", slot)));
        for (key, slot) in slots.filter(|(_, slot)| !stands_there(slot)) {
            let fault = |because: String| Fault { signer, key, because };
            let folder = folder.ok_or_else(|| {
                fault(format!(
                    "`{}` is no content, and no file lies beside this policy",
                    escape(slot)
                ))
            })?;
            *slot = files::read_text(&folder.join(&*slot), SMALL).map_err(|error| {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                fault(escape(&format!("{error}: {}", source.unwrap_or_default())))
            })?;
        }
    }
    Ok(())
}

/// Whether it is the content itself and not the name of a file.
fn stands_there(slot: &str) -> bool {
    slot.contains("-----BEGIN") || slot.trim_start().starts_with('{')
}

/// The signers of a policy, whose files were read.
pub(crate) fn trust(policy: &Policy) -> Result<Trust, Fault> {
    let fault = |signer| {
        move |error: provenance::Error| Fault { signer, key: "name", because: error.to_string() }
    };
    let mut no_file =
        |path: &str| Err(provenance::Error::malformed(path, "it was not read with the policy"));
    for (number, one) in policy.signers.iter().enumerate() {
        let alone = std::slice::from_ref(one);
        trust_file::trust("policy", alone, &mut no_file).map_err(fault(number))?;
    }
    let last = policy.signers.len().saturating_sub(1);
    trust_file::trust("policy", &policy.signers, &mut no_file).map_err(fault(last))
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
        for text in [&inline, &beside] {
            let policy = Policy::parse_beside(text, "p", Some(folder.path())).unwrap();
            assert_eq!(super::trust(&policy.terms).unwrap().signers.len(), 1);
        }
        assert!(Policy::parse(&inline, "p").is_ok());
        for wrong in [
            beside.clone(),
            format!("{HEAD}[[signer]]\nname = \"a\"\n"),
            format!("{inline}until = \"soon\"\n"),
            format!("{inline}certificate-roots = \"-----BEGIN\"\n"),
            format!("{inline}{}", inline.replacen(HEAD, "", 1)),
            format!("{HEAD}checks.signature = \"required\"\n"),
            format!("{HEAD}[signature]\nignore = [\"../x\"]\n"),
        ] {
            let error = Policy::parse(&wrong, "p").unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{wrong}");
        }
    }
}
