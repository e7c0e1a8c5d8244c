use provenance::refusal::{Reason, Refusal};
use vocabulary::{Finding, MapsTo, Place, Rule, Severity, Threat, Untrusted};

use super::signature_unknown_signer::SIGNATURE_UNKNOWN_SIGNER;
use super::signed_files_differ::SIGNED_FILES_DIFFER;

pub(crate) static SIGNATURE_INVALID: Rule = Rule {
    name: "signature-invalid",
    summary: "the signature does not hold, or what it signs does not hold together",
    severity: Severity::Critical,
    threats: &[Threat::T4],
    maps_to: MapsTo { cwe: &["CWE-347"], atlas: &["AML.T0010"], aisvs: &["6.1.1"] },
    page: include_str!("signature-invalid.md"),
};

/// The finding of a reason that speaks against a signature.
pub(crate) fn found(place: Place, bundle: &Untrusted, refusal: &Refusal) -> Finding {
    rule_of(refusal.reason)
        .found(place, refusal.said.clone())
        .with("reason", refusal.reason.name())
        .with("signature", bundle.to_string())
}

/// Which rule a reason belongs to.
fn rule_of(reason: Reason) -> &'static Rule {
    match reason {
        Reason::BundleMalformed
        | Reason::SignatureCount
        | Reason::MaterialUnclear
        | Reason::SignatureInvalid
        | Reason::SchemeNotAllowed
        | Reason::PayloadType
        | Reason::StatementMalformed
        | Reason::StatementType
        | Reason::PredicateType
        | Reason::SubjectUnclear
        | Reason::RootDiffers
        | Reason::NameTwice
        | Reason::NameNotCanonical
        | Reason::DigestMalformed
        | Reason::ShardsIncomplete => &SIGNATURE_INVALID,
        Reason::MaterialUnfit
        | Reason::KeyUnknown
        | Reason::SignerNotPermitted
        | Reason::SignerNotNow
        | Reason::CertificateMalformed
        | Reason::CertificateChain
        | Reason::CertificateExpired
        | Reason::CertificateNotYetValid
        | Reason::CertificateUsage
        | Reason::CertificateIdentity
        | Reason::CertificateRevoked
        | Reason::Keyless
        | Reason::Timestamp
        | Reason::RevocationUnknown => &SIGNATURE_UNKNOWN_SIGNER,
        Reason::SignerIgnores
        | Reason::FileDiffers
        | Reason::FileMissing
        | Reason::FileUnsigned
        | Reason::NoRegularFile
        | Reason::NotCovered
        | Reason::Unreadable => &SIGNED_FILES_DIFFER,
    }
}
