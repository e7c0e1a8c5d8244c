//! pax extended headers: records of `length key=value\n`.

/// What of a pax header matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: bool,
    /// What is wrong with it.
    pub(super) fault: Option<&'static str>,
}

impl Pax {
    /// Adds the records of a header to those that stand; a later record wins.
    pub(super) fn absorb(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && bytes.first() != Some(&0) {
            let Some((key, value, rest)) = record(bytes) else {
                self.fault = Some("a pax record has a wrong length");
                return;
            };
            match key {
                b"path" | b"GNU.sparse.name" => {
                    if value.contains(&0) {
                        self.fault = Some("a pax path has a NUL");
                    }
                    self.path = Some(value.to_vec());
                }
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    self.size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    if self.size.is_none() {
                        self.fault = Some("a pax size is no number");
                    }
                }
                _ => {}
            }
            self.sparse |= key.starts_with(b"GNU.sparse.");
            bytes = rest;
        }
    }

    /// The records of this header over those of a global one.
    pub(super) fn over(self, global: &Self) -> Self {
        Self {
            path: self.path.or_else(|| global.path.clone()),
            link: self.link.or_else(|| global.link.clone()),
            size: self.size.or(global.size),
            sparse: self.sparse || global.sparse,
            fault: self.fault.or(global.fault),
        }
    }
}

/// Takes a record apart.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let digits = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let len: usize = std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()?;
    let body = bytes.get(digits.checked_add(1)?..len)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    let value = body.get(equals.checked_add(1)?..)?;
    Some((body.get(..equals)?, value, bytes.get(len..)?))
}
