//! Which certificates count.

use jiff::Timestamp;
use provenance::certificates::{Authority, SubjectName, chain_of_pem, check};
use provenance::keys::{PrivateKey, Scheme};
use provenance::oms::{self, Options, Verdict};
use provenance::refusal::Reason;
use provenance::signatory::Signatory;
use provenance::trust::{Identity, Signer, Trust};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SanType, SerialNumber,
    date_time_ymd,
};

use crate::place::{Certified, Leaf, Place, WHO, now, reasons};

fn told(certified: &Certified, authority: &Authority, at: Timestamp) -> Vec<Reason> {
    let chain = chain_of_pem("chain", &certified.chain).unwrap();
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    match check(&chain, authority, at) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(|refusal| refusal.reason).collect(),
    }
}

#[test]
fn the_identity_is_mandatory_and_exact() {
    let email = || SanType::Rfc822Name(WHO.try_into().unwrap());
    let dns = || SanType::DnsName("signer.example.com".try_into().unwrap());
    let uri = || SanType::URI("spiffe://example.com/release".try_into().unwrap());
    let certified = Leaf { names: vec![email(), dns(), uri()], ..Leaf::default() }.certified();
    assert!(Authority::new("root", &certified.root, Vec::new()).is_err());
    let told = |name: &str| {
        let names = vec![SubjectName::parse(name)];
        told(&certified, &Authority::new("root", &certified.root, names).unwrap(), now())
    };
    for right in
        [WHO, "signer.example.com", "spiffe://example.com/release", "email:release@example.com"]
    {
        assert_eq!(told(right), [], "{right}");
    }
    for wrong in [
        "Release@example.com",
        "release@example.co",
        "dns:release@example.com",
        "*.example.com",
        "example.com",
        "signer.example.com.",
        "uri:spiffe://example.com/release/",
        "uri:spiffe://example.com/*",
    ] {
        assert_eq!(told(wrong), [Reason::CertificateIdentity], "{wrong}");
    }
}

#[test]
fn the_chain_leads_to_a_root_that_is_named() {
    let certified = Leaf::default().certified();
    let other = Leaf::default().certified();
    assert_eq!(told(&certified, &other.authority(), now()), [Reason::CertificateChain]);
    // Without the authority between, it leads nowhere.
    let chain = chain_of_pem("chain", &certified.chain).unwrap();
    let refused = check(&[&chain[0]], &certified.authority(), now()).unwrap_err();
    assert_eq!(refused[0].reason, Reason::CertificateChain);
    // An authority is no signer, and nothing is none.
    assert!(check(&[&chain[1]], &certified.authority(), now()).is_err());
    assert!(check(&[], &certified.authority(), now()).is_err());
    let many: Vec<&[u8]> = vec![&chain[1]; 1000];
    let refused = check(&many, &certified.authority(), now()).unwrap_err();
    assert_eq!(refused[0].reason, Reason::CertificateMalformed);
    // Root and signer are held against the moment that is asked for.
    let at = |text: &str| told(&certified, &certified.authority(), text.parse().unwrap());
    assert_eq!(at("2021-01-01T00:00:00Z"), []);
    assert_eq!(at("2019-01-01T00:00:00Z"), [Reason::CertificateNotYetValid]);
    assert_eq!(at("2041-01-01T00:00:00Z"), [Reason::CertificateExpired]);
    assert_eq!(at("2046-01-01T00:00:00Z"), [Reason::CertificateExpired]);
    assert_eq!(at("2001-01-01T00:00:00Z"), [Reason::CertificateNotYetValid]);
    assert_eq!(at("1901-01-01T00:00:00Z"), [Reason::CertificateNotYetValid]);
}

#[test]
fn every_reason_is_told() {
    let other = SanType::Rfc822Name("other@example.com".try_into().unwrap());
    let leaf = Leaf { from: 2016, until: 2017, names: vec![other], ..Leaf::default() };
    let certified = leaf.certified();
    let told = told(&certified, &certified.authority(), now());
    assert_eq!(told, [Reason::CertificateIdentity, Reason::CertificateExpired]);
}

/// A list of the authority between, that names these and is to be renewed in this year.
fn list(certified: &Certified, revoked: &[&SerialNumber], renewed: i32) -> Vec<u8> {
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(renewed, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: (*serial).clone(),
                revocation_time: date_time_ymd(2024, 1, 1),
                reason_code: None,
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&certified.issuer).unwrap().pem().unwrap().into_bytes()
}

#[test]
fn revocation_lists_have_to_know() {
    let certified = Leaf::default().certified();
    let another = SerialNumber::from(7);
    let with = |lists: &[Vec<u8>]| {
        let mut authority = certified.authority();
        for list in lists {
            authority = authority.with_revocations("list", list).unwrap();
        }
        told(&certified, &authority, now())
    };
    let fresh = 2030;
    let stale = 2025;
    assert_eq!(with(&[list(&certified, &[], fresh)]), []);
    assert_eq!(with(&[list(&certified, &[&another], fresh)]), []);
    let revoked = [Reason::CertificateRevoked];
    assert_eq!(with(&[list(&certified, &[&another, &certified.serial], fresh)]), revoked);
    assert_eq!(with(&[list(&certified, &[&certified.serial], stale)]), revoked);
    let unknown = [Reason::RevocationUnknown];
    assert_eq!(with(&[list(&certified, &[], stale)]), unknown);
    // A list of somebody else says nothing, whatever it says.
    let stranger = Leaf::default().certified();
    assert_eq!(with(&[list(&stranger, &[], fresh)]), unknown);
    assert_eq!(with(&[list(&stranger, &[&certified.serial], fresh)]), unknown);
    assert!(certified.authority().with_revocations("list", b"no list").is_err());
    assert!(certified.authority().with_revocations("list", certified.root.as_bytes()).is_err());

    // What cannot be told is no refusal, and no verification either.
    let place = Place::with(&[("model.bin", b"good")]);
    certified.sign(&place, "model.sig");
    let stale = list(&certified, &[], stale);
    let authority = certified.authority().with_revocations("list", &stale).unwrap();
    let trust = Trust::only(Signer::new("authority", Identity::Certificate(authority)));
    let seen = place.verify_by(&trust, &place.model(), "model.sig", &Options::default());
    assert_eq!((seen.verdict(), reasons(&seen)), (Verdict::Undecided, unknown.to_vec()));
    // Without a list, it is said that nobody looked.
    let seen =
        place.verify_by(&certified.trust(), &place.model(), "model.sig", &Options::default());
    assert_eq!(seen.verdict(), Verdict::Verified);
    assert!(seen.left_open[0].contains("revoked"), "{:?}", seen.left_open);
}

#[test]
fn a_certificate_of_another_key_signs_nothing() {
    let place = Place::with(&[("model.bin", b"good")]);
    let tree = artifact::tree::open(&place.model(), 9).unwrap();
    let prepared = oms::prepare(&oms::Request {
        tree: &tree,
        name: "model",
        method: oms::Method::Files,
        hash: oms::Hash::Sha256,
        leave_out: &[],
        bundle_at: None,
        form: oms::Form::Specification,
    })
    .unwrap();
    let chain = chain_of_pem("chain", &Leaf::default().certified().chain).unwrap();
    let said = Signatory::certified(&place.key, &chain[..]).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("of another key"), "{said}");
    assert!(Signatory::certified(&place.key, Vec::new()).is_err());
    let ed25519 = PrivateKey::generate(Scheme::Ed25519).unwrap();
    let said = oms::sign(&prepared, &Signatory::key(&ed25519)).unwrap_err().to_string();
    assert!(said.contains("knows ECDSA"), "{said}");
}

#[test]
fn damaged_certificates_never_count_and_never_panic() {
    let certified = Leaf::default().certified();
    let authority = certified.authority();
    let chain = chain_of_pem("chain", &certified.chain).unwrap();
    for at in 0..chain[0].len() {
        for flip in [1, 0x80, 0xff] {
            let mut leaf = chain[0].clone();
            leaf[at] ^= flip;
            assert!(check(&[&leaf, &chain[1]], &authority, now()).is_err(), "byte {at}");
        }
        assert!(check(&[&chain[0][..at], &chain[1]], &authority, now()).is_err());
    }
}
