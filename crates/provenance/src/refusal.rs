//! Why something is not verified: one reason each, never one for all.

use serde::Serialize;
use vocabulary::{Untrusted, escape};

/// A reason that something is not verified, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Which.
    pub reason: Reason,
    /// The file or entry that it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Untrusted>,
    /// What was seen, fit to print.
    pub said: String,
}

impl Refusal {
    /// A reason about the whole. What is said becomes fit to print.
    pub fn new(reason: Reason, said: impl AsRef<str>) -> Self {
        Self { reason, path: None, said: escape(said.as_ref()) }
    }

    /// A reason about one file or entry.
    pub fn at(reason: Reason, path: impl Into<Untrusted>, said: impl AsRef<str>) -> Self {
        Self { path: Some(path.into()), ..Self::new(reason, said) }
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// Why something is not verified.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

reasons! {
    /// The bundle is not of its form.
    BundleMalformed = "bundle-malformed",
    /// The envelope does not hold exactly one signature.
    SignatureCount = "signature-count",
    /// The bundle names no key and no certificate, or more than one kind of them.
    MaterialUnclear = "material-unclear",
    /// Nobody in the trust is known in the way in which the bundle was signed.
    MaterialUnfit = "material-unfit",
    /// The signature is of a key that the trust does not hold.
    KeyUnknown = "key-unknown",
    /// The signature does not hold over these bytes.
    SignatureInvalid = "signature-invalid",
    /// Model Signing does not know this kind of key.
    SchemeNotAllowed = "scheme-not-allowed",
    /// The signer is trusted, but not for this.
    SignerNotPermitted = "signer-not-permitted",
    /// The signer is trusted, but not at this time.
    SignerNotNow = "signer-not-now",
    /// A certificate cannot be read.
    CertificateMalformed = "certificate-malformed",
    /// The certificates lead to no root that is trusted.
    CertificateChain = "certificate-chain",
    /// A certificate has expired.
    CertificateExpired = "certificate-expired",
    /// A certificate is not valid yet.
    CertificateNotYetValid = "certificate-not-yet-valid",
    /// The certificate is not for signing code.
    CertificateUsage = "certificate-usage",
    /// The certificate is of somebody else.
    CertificateIdentity = "certificate-identity",
    /// A certificate was revoked.
    CertificateRevoked = "certificate-revoked",
    /// Whether a certificate was revoked cannot be told.
    RevocationUnknown = "revocation-unknown",
    /// The certificate, the log entry or the signature of a keyless bundle does not hold.
    Keyless = "keyless",
    /// A timestamp does not hold.
    Timestamp = "timestamp",
    /// The payload is no in-toto statement.
    PayloadType = "payload-type",
    /// The statement is not of its form.
    StatementMalformed = "statement-malformed",
    /// The statement is not of the version that is known.
    StatementType = "statement-type",
    /// The statement is no model signature of version 1.0.
    PredicateType = "predicate-type",
    /// The statement does not have exactly one subject with one root digest.
    SubjectUnclear = "subject-unclear",
    /// The files are listed, but their digest is not the subject's.
    RootDiffers = "root-differs",
    /// A file is listed twice.
    NameTwice = "name-twice",
    /// A name that leads out of the folder or can be written in another way.
    NameNotCanonical = "name-not-canonical",
    /// A digest is not of its algorithm.
    DigestMalformed = "digest-malformed",
    /// The parts of a file do not cover it from its first byte to its last.
    ShardsIncomplete = "shards-incomplete",
    /// A path that the signer left out, and the verifier did not.
    SignerIgnores = "signer-ignores",
    /// A file is not what was signed.
    FileDiffers = "file-differs",
    /// A file that was signed is not there.
    FileMissing = "file-missing",
    /// A file that nobody signed.
    FileUnsigned = "file-unsigned",
    /// A symbolic link or a special file stands where a file was signed, or where nothing was.
    NoRegularFile = "no-regular-file",
    /// Something is not covered, and everything was to be.
    NotCovered = "not-covered",
    /// A file could not be read.
    Unreadable = "unreadable",
}

impl Reason {
    /// Whether it leaves open what is the case, rather than saying that something is wrong.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unreadable | Self::RevocationUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_of_its_own_and_a_meaning() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        for reason in Reason::ALL {
            let json = serde_json::to_value(reason).unwrap();
            assert_eq!(json, reason.name());
            assert!(reason.meaning().ends_with('.'), "{}", reason.meaning());
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
