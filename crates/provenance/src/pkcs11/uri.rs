//! PKCS#11 URIs (RFC 7512): which token, which key, which module.

use std::fmt;

use crate::Error;

/// Where a key lies.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Uri {
    /// `token`: the token's label.
    pub token: Option<String>,
    /// `serial`: the token's serial number.
    pub serial: Option<String>,
    /// `manufacturer`: the token's manufacturer.
    pub manufacturer: Option<String>,
    /// `model`: the token's model.
    pub model: Option<String>,
    /// `slot-id`.
    pub slot: Option<u64>,
    /// `object`: the key's label.
    pub object: Option<String>,
    /// `id`: the key's identifier.
    pub id: Option<Vec<u8>>,
    /// `module-path`: the library.
    pub module: Option<String>,
    /// `pin-value`.
    pub pin: Option<String>,
    /// `pin-source`: a path, with or without `file:`.
    pub pin_source: Option<String>,
}

impl fmt::Debug for Uri {
    /// Leaves the PIN out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uri")
            .field("token", &self.token)
            .field("object", &self.object)
            .field("id", &self.id)
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

impl Uri {
    /// Reads a URI. An attribute that is not known may narrow the choice of a key, so it is an error.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |because: String| Error::malformed("the PKCS#11 URI", because);
        let rest = text
            .strip_prefix("pkcs11:")
            .ok_or_else(|| wrong("it does not begin with `pkcs11:`".into()))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        let parts = path.split(';').map(|part| (part, false));
        for (part, in_query) in parts.chain(query.split('&').map(|part| (part, true))) {
            if part.is_empty() {
                continue;
            }
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| wrong(format!("`{}` has no value", vocabulary::escape(part))))?;
            let bytes = percent(value)
                .ok_or_else(|| wrong(format!("the value of `{name}` is not percent-encoded")))?;
            uri.set(name, in_query, bytes).map_err(wrong)?;
        }
        Ok(uri)
    }

    fn set(&mut self, name: &str, in_query: bool, bytes: Vec<u8>) -> Result<(), String> {
        if (name, in_query) == ("id", false) {
            return put(&mut self.id, bytes, name);
        }
        let text = String::from_utf8(bytes).map_err(|_| format!("`{name}` is not UTF-8"))?;
        let slot = match (name, in_query) {
            ("token", false) => &mut self.token,
            ("serial", false) => &mut self.serial,
            ("manufacturer", false) => &mut self.manufacturer,
            ("model", false) => &mut self.model,
            ("object", false) => &mut self.object,
            ("module-path", true) => &mut self.module,
            ("pin-value", true) => &mut self.pin,
            ("pin-source", true) => &mut self.pin_source,
            ("slot-id", false) => {
                let id = text.parse().map_err(|_| "`slot-id` is no number".to_owned())?;
                return put(&mut self.slot, id, name);
            }
            // The private key is what signs; anything else cannot be meant.
            ("type", false) if text == "private" => return Ok(()),
            _ => return Err(format!("`{}` is not supported", vocabulary::escape(name))),
        };
        put(slot, text, name)
    }
}

fn put<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("`{name}` stands twice")),
    }
}

/// Decodes `%41`; a `+` stands for itself.
fn percent(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (char::from(rest.next()?), char::from(rest.next()?));
            let value = high.to_digit(16)?.checked_mul(16)?.checked_add(low.to_digit(16)?)?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_rfc_shows() {
        let uri = Uri::parse(
            "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;object=my-key;id=%69%95;type=private\
             ?module-path=/usr/lib/libsofthsm2.so&pin-source=file:/etc/token_pin",
        )
        .unwrap();
        assert_eq!(uri.token.as_deref(), Some("The Software PKCS#11 Softtoken"));
        assert_eq!(uri.object.as_deref(), Some("my-key"));
        assert_eq!(uri.id.as_deref(), Some(&[0x69, 0x95][..]));
        assert_eq!(uri.module.as_deref(), Some("/usr/lib/libsofthsm2.so"));
        assert_eq!(uri.pin_source.as_deref(), Some("file:/etc/token_pin"));
    }

    #[test]
    fn refuses_what_it_would_have_to_ignore() {
        for wrong in [
            "token=a",
            "pkcs11:token",
            "pkcs11:token=a;token=b",
            "pkcs11:library-version=3",
            "pkcs11:type=public",
            "pkcs11:token=%4",
            "pkcs11:token=%zz",
            "pkcs11:token=%ff",
            "pkcs11:slot-id=x",
            "pkcs11:module-path=/lib/x.so",
        ] {
            assert!(Uri::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn does_not_show_the_pin() {
        let uri = Uri::parse("pkcs11:token=a?pin-value=1234").unwrap();
        assert!(!format!("{uri:?}").contains("1234"));
    }
}
