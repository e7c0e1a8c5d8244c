//! A folder with a model, keys and certificates, and the two verifiers.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provenance::bundle::Bundle;
use provenance::certificates::{Authority, SubjectName};
use provenance::dsse::{Envelope, IN_TOTO};
use provenance::keys::{PrivateKey, Scheme, Sign as _};
use provenance::oms::{self, Form, Hash, Method, Options, Uncovered, Verification, What};
use provenance::refusal::Reason;
use provenance::signatory::Signatory;
use provenance::trust::{Identity, Signer, Trust};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};

pub(crate) const WHO: &str = "release@example.com";

/// A model in a folder of its own, beside keys and signatures.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) key: PrivateKey,
}

#[allow(clippy::disallowed_methods, reason = "tests make their own folders")]
impl Place {
    /// A model with these files.
    pub(crate) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.pem().unwrap()).unwrap();
        std::fs::write(folder.path().join("key.pub"), key.public_key().pem()).unwrap();
        std::fs::create_dir(folder.path().join("model")).unwrap();
        let place = Self { folder, key };
        for (name, bytes) in files {
            place.put(name, bytes);
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.path("model")
    }

    /// Writes a file of the model.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.model().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.model().join(name)).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.model().join(from), self.model().join(to)).unwrap();
    }

    pub(crate) fn link(&self, to: &str, name: &str) {
        symlink(to, self.model().join(name)).unwrap();
    }

    pub(crate) fn folder(&self, name: &str) {
        std::fs::create_dir_all(self.model().join(name)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Signs with ours.
    pub(crate) fn sign(
        &self,
        source: &Path,
        signature: &str,
        method: Method,
        hash: Hash,
        form: Form,
    ) {
        let tree = artifact::tree::open(source, 999).unwrap();
        let prepared = oms::prepare(&oms::Request {
            tree: &tree,
            name: "model",
            method,
            hash,
            leave_out: &[],
            bundle_at: None,
            form,
        })
        .unwrap();
        let bundle = oms::sign(&prepared, &Signatory::key(&self.key)).unwrap();
        self.write(signature, &provenance::json::canonical(&bundle).unwrap());
    }

    /// Signs a statement that no writer writes.
    pub(crate) fn sign_payload(&self, payload: &str, signature: &str) {
        let envelope = Envelope::sign(IN_TOTO, payload.as_bytes().to_vec(), &self.key).unwrap();
        let bundle = Bundle::with_key(self.key.public_key().hint(), envelope);
        self.write(signature, &serde_json::to_vec(&bundle).unwrap());
    }

    /// What a signature's statement says, unverified.
    pub(crate) fn payload(&self, signature: &str) -> serde_json::Value {
        let bundle = Bundle::parse(signature, &self.read(signature)).unwrap();
        serde_json::from_slice(&bundle.dsse_envelope.payload).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::only(Signer::new("key", Identity::Key(self.key.public_key().clone())))
    }

    /// Verifies with ours, by the key.
    pub(crate) fn verify(&self, source: &Path, signature: &str, options: &Options) -> Verification {
        self.verify_by(&self.trust(), source, signature, options)
    }

    pub(crate) fn verify_by(
        &self,
        trust: &Trust,
        source: &Path,
        signature: &str,
        options: &Options,
    ) -> Verification {
        let tree = artifact::tree::open(source, 999).unwrap();
        oms::verify(&tree, &self.read(signature), trust, now(), options)
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// The reasons that were told, each once.
pub(crate) fn reasons(seen: &Verification) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = seen.refusals.iter().map(|refusal| refusal.reason).collect();
    reasons.dedup();
    reasons
}

/// Path and kind of what is not covered.
pub(crate) fn uncovered(seen: &Verification) -> Vec<(&str, What)> {
    seen.uncovered.iter().map(|Uncovered { path, what, .. }| (path.raw(), *what)).collect()
}

/// A root, an authority between, and a signer; what is special about the signer is told.
pub(crate) struct Certified {
    pub(crate) root: String,
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) serial: rcgen::SerialNumber,
}

pub(crate) struct Leaf {
    pub(crate) from: i32,
    pub(crate) until: i32,
    pub(crate) purpose: ExtendedKeyUsagePurpose,
    pub(crate) names: Vec<SanType>,
    pub(crate) curve: &'static rcgen::SignatureAlgorithm,
}

impl Default for Leaf {
    fn default() -> Self {
        Self {
            from: 2020,
            until: 2040,
            purpose: ExtendedKeyUsagePurpose::CodeSigning,
            names: vec![SanType::Rfc822Name(WHO.try_into().unwrap())],
            curve: &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = rcgen::date_time_ymd(2015, 1, 1);
    params.not_after = rcgen::date_time_ymd(2045, 1, 1);
    params
}

impl Leaf {
    pub(crate) fn certified(self) -> Certified {
        let root_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let root_params = authority("root");
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);
        let between_key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let between_params = authority("between");
        let between = between_params.signed_by(&between_key, &root_issuer).unwrap();
        let issuer = Issuer::new(between_params, between_key);
        let key = KeyPair::generate_for(self.curve).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "signer");
        params.subject_alt_names = self.names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![self.purpose];
        params.use_authority_key_identifier_extension = true;
        params.not_before = rcgen::date_time_ymd(self.from, 1, 1);
        params.not_after = rcgen::date_time_ymd(self.until, 1, 1);
        let serial = rcgen::SerialNumber::from(4242);
        params.serial_number = Some(serial.clone());
        let leaf = params.signed_by(&key, &issuer).unwrap();
        Certified {
            root: root.pem(),
            chain: format!("{}{}", leaf.pem(), between.pem()),
            key: key.serialize_pem(),
            issuer,
            serial,
        }
    }
}

impl Certified {
    /// Writes `c.key`, `c.pem` (the leaf), `c.chain` (those after it) and `c.root`.
    pub(crate) fn write_to(&self, place: &Place) {
        place.write("c.key", self.key.as_bytes());
        let end = "-----END CERTIFICATE-----\n";
        let cut = self.chain.replace('\r', "").find(end).unwrap() + end.len();
        let chain = self.chain.replace('\r', "");
        place.write("c.pem", &chain.as_bytes()[..cut]);
        place.write("c.chain", &chain.as_bytes()[cut..]);
        place.write("c.root", self.root.as_bytes());
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::new("root", &self.root, vec![SubjectName::parse(WHO)]).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::only(Signer::new("authority", Identity::Certificate(self.authority())))
    }

    /// Signs with ours.
    pub(crate) fn sign(&self, place: &Place, signature: &str) {
        let tree = artifact::tree::open(&place.model(), 999).unwrap();
        let prepared = oms::prepare(&oms::Request {
            tree: &tree,
            name: "model",
            method: Method::Files,
            hash: Hash::Sha256,
            leave_out: &[],
            bundle_at: None,
            form: Form::Specification,
        })
        .unwrap();
        let key = PrivateKey::from_pem("c.key", &self.key, || None).unwrap();
        let chain = provenance::certificates::chain_of_pem("c", &self.chain).unwrap();
        let signer = Signatory::certified(key, chain).unwrap();
        let bundle = oms::sign(&prepared, &signer).unwrap();
        place.write(signature, &provenance::json::canonical(&bundle).unwrap());
    }
}
