//! Keys that sign and verify, in the forms in which they lie on disk.

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer, Curve25519SeedBin, PublicKeyX509Der};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
    VerificationAlgorithm,
};
use pkcs8::der::Decode as _;
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};

use crate::{Error, hex};

/// Signs.
pub trait Sign {
    /// The key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;
    /// Signs a message. ECDSA gives the ASN.1 DER form.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

impl<T: Sign + ?Sized> Sign for &T {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        (**self).sign(message)
    }
}

impl<T: Sign + ?Sized> Sign for Box<T> {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        (**self).sign(message)
    }
}

/// A signature scheme: curve and hash belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA, NIST P-256, SHA-256.
    EcdsaP256,
    /// ECDSA, NIST P-384, SHA-384.
    EcdsaP384,
    /// ECDSA, NIST P-521, SHA-512.
    EcdsaP521,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// `id-ecPublicKey` (RFC 5480).
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// What OWASP recommends for PBKDF2 with HMAC-SHA-256 (2023).
const PBKDF2_ROUNDS: u32 = 600_000;

impl Scheme {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::EcdsaP521 => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// The digest that ECDSA of this scheme signs; `None` for Ed25519, which signs the message.
    pub fn digest(self, message: &[u8]) -> Option<Vec<u8>> {
        use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
        let algorithm = match self {
            Self::EcdsaP256 => &SHA256,
            Self::EcdsaP384 => &SHA384,
            Self::EcdsaP521 => &SHA512,
            Self::Ed25519 => return None,
        };
        Some(digest(algorithm, message).as_ref().to_vec())
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP384 => &signature::ECDSA_P384_SHA384_ASN1,
            Self::EcdsaP521 => &signature::ECDSA_P521_SHA512_ASN1,
            Self::Ed25519 => &signature::ED25519,
        }
    }

    fn ecdsa(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::EcdsaP256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::EcdsaP384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            Self::EcdsaP521 => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            Self::Ed25519 => None,
        }
    }
}

/// A key that verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    scheme: Scheme,
    /// `SubjectPublicKeyInfo`, DER.
    der: Vec<u8>,
    /// The point or the raw key within it.
    raw: Vec<u8>,
}

impl PublicKey {
    /// Reads PEM (`BEGIN PUBLIC KEY`).
    pub fn from_pem(what: &str, pem: &str) -> Result<Self, Error> {
        let (label, der) = pem_of(what, pem)?;
        if label != "PUBLIC KEY" {
            let because = format!("it holds a `{label}`; a `PUBLIC KEY` is needed");
            return Err(Error::malformed(what, because));
        }
        Self::from_der(what, der.as_bytes())
    }

    /// Reads a `SubjectPublicKeyInfo` in DER.
    pub fn from_der(what: &str, der: &[u8]) -> Result<Self, Error> {
        let wrong = |because: &dyn ToString| Error::malformed(what, because.to_string());
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|error| wrong(&error))?;
        let scheme = if info.algorithm.oid == ED25519 {
            Some(Scheme::Ed25519)
        } else if info.algorithm.oid == EC {
            match info.algorithm.parameters_oid().ok() {
                Some(P256) => Some(Scheme::EcdsaP256),
                Some(P384) => Some(Scheme::EcdsaP384),
                Some(P521) => Some(Scheme::EcdsaP521),
                _ => None,
            }
        } else {
            None
        };
        let scheme = scheme.ok_or_else(|| {
            wrong(&"its algorithm is none of ECDSA P-256, P-384, P-521 and Ed25519")
        })?;
        let raw = info.subject_public_key.as_bytes().unwrap_or_default().to_vec();
        Ok(Self { scheme, der: der.to_vec(), raw })
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032).
    pub fn from_ed25519(raw: [u8; 32]) -> Self {
        // SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING } of RFC 8410.
        let mut der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".to_vec();
        der.extend_from_slice(&raw);
        Self { scheme: Scheme::Ed25519, der, raw: raw.to_vec() }
    }

    /// Its scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `SubjectPublicKeyInfo` in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key itself: 32 bytes for Ed25519, an uncompressed point for ECDSA.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// `SubjectPublicKeyInfo` in PEM, 64 columns, with a line feed at its end: the form over which
    /// `hint` is computed.
    pub fn pem(&self) -> String {
        pkcs8::der::pem::encode_string("PUBLIC KEY", LineEnding::LF, &self.der).unwrap_or_default()
    }

    /// SHA-256 of the PEM form, hex: `publicKey.hint` of Model Signing.
    pub fn hint(&self) -> String {
        hex::encode(sha256(self.pem().as_bytes()).as_ref())
    }

    /// SHA-256 of the DER form, hex: how messages and `keyid` name a key.
    pub fn fingerprint(&self) -> String {
        hex::encode(sha256(&self.der).as_ref())
    }

    /// Whether a signature over this message is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.scheme.verification(), &self.raw)
            .verify(message, signature)
            .is_ok()
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> aws_lc_rs::digest::Digest {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes)
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A key that signs, in memory.
pub struct PrivateKey {
    public: PublicKey,
    pair: Pair,
    /// PKCS#8, DER; wiped when it is dropped.
    document: SecretDocument,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

#[allow(clippy::needless_pass_by_value, reason = "texts and errors are both handed over")]
fn unusable(because: impl ToString) -> Error {
    Error::Key { because: because.to_string() }
}

/// 32 bytes that nobody can guess.
pub fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| unusable("the system gave no randomness"))?;
    Ok(bytes)
}

impl PrivateKey {
    /// A new key from the system's randomness.
    pub fn generate(scheme: Scheme) -> Result<Self, Error> {
        let failed = |_| unusable("the system gave no randomness");
        let der = match scheme.ecdsa() {
            Some(algorithm) => {
                let pair = EcdsaKeyPair::generate(algorithm).map_err(failed)?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            None => Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map_err(failed)?
                .as_ref()
                .to_vec(),
        };
        Self::from_pkcs8(&der)
    }

    /// Reads PEM: `PRIVATE KEY` and `ENCRYPTED PRIVATE KEY` (PKCS#8), or `EC PRIVATE KEY` (SEC 1).
    /// `password` is asked for where the key is encrypted.
    pub fn from_pem(
        what: &str,
        pem: &str,
        password: impl FnOnce() -> Option<String>,
    ) -> Result<Self, Error> {
        // OpenSSL writes the curve's parameters before a SEC 1 key.
        let begin = pem.find("-----BEGIN EC PRIVATE KEY-----");
        let pem = begin.and_then(|at| pem.get(at..)).unwrap_or(pem);
        let (label, document) = pem_of(what, pem)?;
        match label.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8(document.as_bytes()),
            "ENCRYPTED PRIVATE KEY" => {
                let info = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
                    .map_err(|error| Error::malformed(what, error))?;
                let password =
                    password().ok_or_else(|| unusable("it is encrypted; give its password"))?;
                let open = info
                    .decrypt(password.as_bytes())
                    .map_err(|_| unusable("its password is another, or it is damaged"))?;
                Self::from_pkcs8(open.as_bytes())
            }
            "EC PRIVATE KEY" => Self::from_sec1(document.as_bytes()),
            other => {
                let because = format!("it holds a `{other}`; a private key in PKCS#8 is needed");
                Err(Error::malformed(what, because))
            }
        }
    }

    /// Reads PKCS#8 in DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        for scheme in [Scheme::EcdsaP256, Scheme::EcdsaP384, Scheme::EcdsaP521] {
            let Some(algorithm) = scheme.ecdsa() else { continue };
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(algorithm, der) {
                return Self::ecdsa(pair);
            }
        }
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| {
            unusable("it is no key for ECDSA P-256, P-384, P-521 or Ed25519 in PKCS#8")
        })?;
        let spki: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| unusable("its public half cannot be written"))?;
        let public = PublicKey::from_der("the key", spki.as_ref())?;
        let document = SecretDocument::try_from(der).map_err(unusable)?;
        Ok(Self { public, pair: Pair::Ed25519(pair), document })
    }

    /// An Ed25519 key from its seed (RFC 8032).
    pub fn from_ed25519_seed(seed: &[u8; 32]) -> Result<Self, Error> {
        // PKCS#8 version 1 of RFC 8410.
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend_from_slice(seed);
        Self::from_pkcs8(&der)
    }

    /// The seed of an Ed25519 key; `None` for a key of another kind.
    pub fn ed25519_seed(&self) -> Option<[u8; 32]> {
        let Pair::Ed25519(pair) = &self.pair else { return None };
        let seed: Curve25519SeedBin<'static> = pair.seed().ok()?.as_be_bytes().ok()?;
        seed.as_ref().try_into().ok()
    }

    fn from_sec1(der: &[u8]) -> Result<Self, Error> {
        for scheme in [Scheme::EcdsaP256, Scheme::EcdsaP384, Scheme::EcdsaP521] {
            let Some(algorithm) = scheme.ecdsa() else { continue };
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(algorithm, der) {
                return Self::ecdsa(pair);
            }
        }
        Err(unusable("its curve is none of P-256, P-384 and P-521"))
    }

    fn ecdsa(pair: EcdsaKeyPair) -> Result<Self, Error> {
        let spki: PublicKeyX509Der<'_> = pair
            .public_key()
            .as_der()
            .map_err(|_| unusable("its public half cannot be written"))?;
        let public = PublicKey::from_der("the key", spki.as_ref())?;
        let der = pair.to_pkcs8v1().map_err(|_| unusable("it cannot be written as PKCS#8"))?;
        let document = SecretDocument::try_from(der.as_ref()).map_err(unusable)?;
        Ok(Self { public, pair: Pair::Ecdsa(pair), document })
    }

    /// PKCS#8 in PEM.
    pub fn pem(&self) -> Result<String, Error> {
        let pem = self.document.to_pem("PRIVATE KEY", LineEnding::LF).map_err(unusable)?;
        Ok(pem.to_string())
    }

    /// PKCS#8 in PEM, encrypted with a password: AES-256-CBC under a key of PBKDF2 with
    /// HMAC-SHA-256, which OpenSSL reads as well.
    pub fn encrypted_pem(&self, password: &str) -> Result<String, Error> {
        if password.is_empty() {
            return Err(unusable("its password is empty"));
        }
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        let random = SystemRandom::new();
        for bytes in [&mut salt, &mut iv] {
            random.fill(bytes).map_err(|_| unusable("the system gave no randomness"))?;
        }
        let parameters =
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(PBKDF2_ROUNDS, &salt, iv)
                .map_err(unusable)?;
        let info = PrivateKeyInfoRef::try_from(self.document.as_bytes()).map_err(unusable)?;
        let encrypted =
            info.encrypt_with_params(parameters, password.as_bytes()).map_err(unusable)?;
        let pem = encrypted.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(unusable)?;
        Ok(pem.to_string())
    }
}

impl Sign for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::Signing { because: "the key refused".into() }),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// The label and content of the first PEM block.
fn pem_of(what: &str, pem: &str) -> Result<(String, SecretDocument), Error> {
    let (label, document) = SecretDocument::from_pem(pem)
        .map_err(|error| Error::malformed(what, format!("no PEM: {error}")))?;
    Ok((label.to_owned(), document))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Scheme; 4] =
        [Scheme::EcdsaP256, Scheme::EcdsaP384, Scheme::EcdsaP521, Scheme::Ed25519];

    #[test]
    fn what_a_key_signs_its_public_half_verifies_and_no_other() {
        for scheme in ALL {
            let key = PrivateKey::generate(scheme).unwrap();
            let other = PrivateKey::generate(scheme).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(key.public_key().verifies(b"message", &signature));
            assert!(!key.public_key().verifies(b"Message", &signature));
            assert!(!other.public_key().verifies(b"message", &signature));
            assert_eq!(key.public_key().scheme(), scheme);
            let again = PrivateKey::from_pem("key", &key.pem().unwrap(), || None).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            let public = PublicKey::from_pem("key", &key.public_key().pem()).unwrap();
            assert_eq!(&public, key.public_key());
            assert!(public.pem().lines().all(|line| line.len() <= 64));
        }
    }

    #[test]
    fn an_ed25519_key_is_its_seed() {
        // RFC 8032, section 7.1, test 1.
        let hex = |text| hex::decode(text).unwrap().try_into().unwrap();
        let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        let raw = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let key = PrivateKey::from_ed25519_seed(&seed).unwrap();
        assert_eq!(key.public_key(), &PublicKey::from_ed25519(raw));
        assert_eq!(key.ed25519_seed(), Some(seed));
        let again = PrivateKey::from_pem("key", &key.pem().unwrap(), || None).unwrap();
        assert_eq!(again.ed25519_seed(), Some(seed));
        assert_eq!(PrivateKey::generate(Scheme::EcdsaP256).unwrap().ed25519_seed(), None);
    }

    #[test]
    fn says_what_is_wrong_with_a_key() {
        let public = PrivateKey::generate(Scheme::EcdsaP256).unwrap().public_key().pem();
        let said = PrivateKey::from_pem("k.pem", &public, || None).unwrap_err().to_string();
        assert!(said.contains("a private key in PKCS#8 is needed"), "{said}");
        assert!(PrivateKey::from_pem("k.pem", "", || None).is_err());
        assert!(PublicKey::from_pem("k.pem", "-----BEGIN").is_err());
    }
}
