/// As many values take some 200 MB as a tree of `serde_json`.
const MOST: usize = 2 << 20;
/// In longer documents, so many bytes for each value: fewer than statements, listings and reports have.
const BYTES: usize = 16;

/// Whether a text holds more values than a tree of them should be built of: whoever makes one with a
/// library that knows no bound asks here first. It holds no memory, and whatever it counts too few of
/// stands behind a mistake that ends such a library's reading.
pub fn is_too_dense(text: &[u8]) -> bool {
    let most = text.len().checked_div(BYTES).unwrap_or_default().max(MOST);
    // A value takes two bytes, with the comma.
    if text.len().checked_div(2).unwrap_or_default() < most {
        return false;
    }
    let (mut values, mut quoted, mut escaped) = (1usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' | b'[' | b'{' if !quoted => values = values.saturating_add(1),
            _ => {}
        }
        if values > most {
            return true;
        }
    }
    false
}
