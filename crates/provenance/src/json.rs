//! JSON as signed documents need it: read strictly, written in one way.
//!
//! Two readers that take a name which stands twice differently would verify one document and act on
//! another. So nothing signed is read here that has a name twice, or anything behind its end.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Number, Value};

use crate::Error;

/// Reads a document; `what` is its name in the error.
pub fn parse(what: &str, bytes: &[u8]) -> Result<Value, Error> {
    if formats::json::is_too_dense(bytes) {
        return Err(Error::malformed(what, "it holds more values than are read"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader).map_err(|error| Error::malformed(what, error))?;
    reader.end().map_err(|error| Error::malformed(what, error))?;
    Ok(value)
}

/// Reads a document into a type.
pub fn parse_as<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Error> {
    let value = parse(what, bytes)?;
    serde_json::from_value(value).map_err(|error| Error::malformed(what, error))
}

/// Writes a document canonically (RFC 8785, JCS): the same value is the same bytes.
pub fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    serde_json_canonicalizer::to_vec(value)
        .map_err(|error| Error::malformed("a document that is to be written", error))
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            let said = vocabulary::escape(&name);
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom(format!("`{said}` stands twice")));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_refused_at_any_depth() {
        for wrong in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"a":1}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let said = parse("test", wrong.as_bytes()).unwrap_err().to_string();
            assert!(said.contains("`a` stands twice"), "{said}");
        }
        assert!(parse("test", br#"{"a":1} x"#).is_err());
        assert!(parse("test", "[".repeat(100_000).as_bytes()).is_err());
        assert!(parse("test", b"\xff").is_err());
        let said = parse("test", "[0,".repeat(3 << 20).as_bytes()).unwrap_err().to_string();
        assert!(said.contains("more values"), "{said}");
    }

    #[test]
    fn writes_canonically() {
        let value = parse("test", br#" {"b": [1.0, 2, -3, true, null], "a": "\u00e9"} "#).unwrap();
        let written = canonical(&value).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), r#"{"a":"é","b":[1,2,-3,true,null]}"#);
    }
}
