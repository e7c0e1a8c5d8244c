//! JSON of others, of so many values that memory is enough.

use serde::de::{DeserializeOwned, Error as _};

/// Reads a document.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    if formats::json::is_too_dense(text) {
        return Err(serde_json::Error::custom("it holds more values than are read"));
    }
    serde_json::from_slice(text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn what_would_take_much_memory_is_not_read() {
        let many = format!("[{}0]", "0,".repeat(4 << 20));
        let said = super::parse::<Value>(many.as_bytes()).unwrap_err();
        assert!(said.to_string().contains("more values"), "{said}");
        assert!(super::parse::<Value>(b"[0,0]").is_ok());
    }
}
