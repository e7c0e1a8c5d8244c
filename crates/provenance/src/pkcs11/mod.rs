//! Keys that never leave a hardware module: PKCS#11.
//!
//! The key is chosen by a URI (RFC 7512), which must fit exactly one private key. Its module, a shared
//! library, is loaded because the user names it; nothing of an artifact can name one.

mod uri;

use std::sync::Mutex;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use der::asn1::{BitString, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use pkcs8::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

pub use uri::Uri;

use crate::Error;
use crate::keys::{EC, PublicKey, Sign};

/// A key in a module, ready to sign.
pub struct Key {
    public: PublicKey,
    private: ObjectHandle,
    /// A session belongs to one thread at a time.
    session: Mutex<Session>,
    /// The module stays loaded as long as its session lives.
    _module: Pkcs11,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("public", &self.public).finish_non_exhaustive()
    }
}

fn unusable(doing: &str, error: &cryptoki::error::Error) -> Error {
    Error::Key { because: format!("the module failed {doing}: {error}") }
}

fn no(because: impl Into<String>) -> Error {
    Error::Key { because: because.into() }
}

impl Key {
    /// Opens the key that a URI names. `pin` is the token's PIN; the caller resolves `pin-source`.
    pub fn open(uri: &Uri, pin: &str) -> Result<Self, Error> {
        let path = uri.module.as_deref().ok_or_else(|| {
            no("the URI names no module; add `?module-path=/usr/lib/softhsm/libsofthsm2.so`")
        })?;
        let module = Pkcs11::new(path)
            .map_err(|error| no(format!("the module `{path}` cannot be loaded: {error}")))?;
        module
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(|error| unusable("at its start", &error))?;
        let slot = slot_of(&module, uri)?;
        let session =
            module.open_ro_session(slot).map_err(|error| unusable("to open a session", &error))?;
        session
            .login(UserType::User, Some(&AuthPin::from(pin.to_owned())))
            .map_err(|error| unusable("to log in", &error))?;
        let private = one(&session, uri, ObjectClass::PRIVATE_KEY, "private key")?;
        let public = one(&session, uri, ObjectClass::PUBLIC_KEY, "public key")?;
        let public = read_public(&session, public)?;
        let key = Self { public, private, session: Mutex::new(session), _module: module };
        // The two halves are joined by a label alone: they might not belong together.
        let probe = b"weighbridge: do these halves belong together";
        if key.public.verifies(probe, &key.sign(probe)?) {
            Ok(key)
        } else {
            Err(no("the private key and the public key of that name do not belong together"))
        }
    }
}

fn slot_of(module: &Pkcs11, uri: &Uri) -> Result<Slot, Error> {
    let slots =
        module.get_slots_with_token().map_err(|error| unusable("to list its slots", &error))?;
    let mut fitting = Vec::new();
    for slot in slots {
        let Ok(info) = module.get_token_info(slot) else { continue };
        let fits = |want: &Option<String>, is: &str| {
            want.as_deref().is_none_or(|want| want == is.trim_end())
        };
        if info.token_initialized()
            && uri.slot.is_none_or(|id| id == slot.id())
            && fits(&uri.token, info.label())
            && fits(&uri.serial, info.serial_number())
            && fits(&uri.manufacturer, info.manufacturer_id())
            && fits(&uri.model, info.model())
        {
            fitting.push(slot);
        }
    }
    match fitting.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(no("no token fits the URI")),
        many => {
            Err(no(format!("{} tokens fit the URI; name one by `token` or `serial`", many.len())))
        }
    }
}

fn one(
    session: &Session,
    uri: &Uri,
    class: ObjectClass,
    what: &str,
) -> Result<ObjectHandle, Error> {
    let mut template = vec![Attribute::Class(class), Attribute::KeyType(KeyType::EC)];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.clone().into_bytes())));
    template.extend(uri.id.as_ref().map(|id| Attribute::Id(id.clone())));
    let found =
        session.find_objects(&template).map_err(|error| unusable("to list its keys", &error))?;
    match found.as_slice() {
        [key] => Ok(*key),
        [] => Err(no(format!("the token holds no elliptic-curve {what} that fits the URI"))),
        many => Err(no(format!(
            "{} elliptic-curve {what}s fit the URI; name one by `object` or `id`",
            many.len()
        ))),
    }
}

fn read_public(session: &Session, key: ObjectHandle) -> Result<PublicKey, Error> {
    let values = session
        .get_attributes(key, &[AttributeType::EcParams, AttributeType::EcPoint])
        .map_err(|error| unusable("to read the public key", &error))?;
    let (mut curve, mut point) = (None, None);
    for value in values {
        match value {
            Attribute::EcParams(bytes) => curve = Some(bytes),
            Attribute::EcPoint(bytes) => point = Some(bytes),
            _ => {}
        }
    }
    let (Some(curve), Some(point)) = (curve, point) else {
        return Err(no("the module does not tell the public key"));
    };
    let wrong = |error: der::Error| no(format!("the module's public key is broken: {error}"));
    let curve: ObjectIdentifier = ObjectIdentifier::from_der(&curve).map_err(wrong)?;
    // The point is an OCTET STRING by the standard; some modules give it bare.
    let bare =
        <&OctetStringRef>::from_der(&point).map_or(point.as_slice(), OctetStringRef::as_bytes);
    let info = SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid: EC, parameters: Some(curve) },
        subject_public_key: BitString::from_bytes(bare).map_err(wrong)?,
    };
    PublicKey::from_der("the module's public key", &info.to_der().map_err(wrong)?)
}

/// An ECDSA signature (RFC 3279, `Ecdsa-Sig-Value`).
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl Sign for Key {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |because: String| Error::Signing { because };
        let digest = self
            .public
            .scheme()
            .digest(message)
            .ok_or_else(|| failed("the key is none for ECDSA".into()))?;
        let session = self.session.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let plain = session
            .sign(&Mechanism::Ecdsa, self.private, &digest)
            .map_err(|error| failed(format!("the module: {error}")))?;
        let (r, s) = plain.split_at_checked(plain.len() / 2).unwrap_or_default();
        let wrong = |error: der::Error| failed(format!("the module's answer: {error}"));
        let signature = EcdsaSignature {
            r: UintRef::new(r).map_err(wrong)?,
            s: UintRef::new(s).map_err(wrong)?,
        };
        signature.to_der().map_err(wrong)
    }
}
