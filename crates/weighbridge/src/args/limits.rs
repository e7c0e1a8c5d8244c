//! Limits on the command line.

use gate::Limits;

/// `bytes-out=32G`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitArg {
    name: String,
    value: u64,
}

const LIMITS: [&str; 6] = ["bytes-out", "ratio", "depth", "entries", "files", "seconds"];

impl LimitArg {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as `bytes-out=32G`")?;
        if !LIMITS.contains(&name) {
            return Err(format!("the limits are {}", LIMITS.join(", ")));
        }
        let digits = value.trim_end_matches(['k', 'K', 'M', 'G', 'T']);
        let unit: u64 = match &value[digits.len()..] {
            "" => 1,
            "k" | "K" => 1 << 10,
            "M" => 1 << 20,
            "G" => 1 << 30,
            "T" => 1 << 40,
            _ => return Err("one of the units K, M, G, T".to_owned()),
        };
        let number: u64 = digits.parse().map_err(|_| format!("`{value}` is no count"))?;
        let value = number.checked_mul(unit).ok_or("that is more than 64 bits hold")?;
        if name == "depth" && u32::try_from(value).is_err() {
            return Err("that is deeper than 32 bits hold".to_owned());
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

/// The limits of a policy with those of the command line in their place.
pub(crate) fn limits(args: &[LimitArg], mut limits: Limits) -> Limits {
    for LimitArg { name, value } in args {
        match name.as_str() {
            "bytes-out" => limits.bytes_out = *value,
            "ratio" => limits.ratio = *value,
            "depth" => limits.depth = u32::try_from(*value).unwrap_or(u32::MAX),
            "entries" => limits.entries = *value,
            "files" => limits.files = *value,
            _ => limits.seconds = *value,
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_limits() {
        let read = |text| LimitArg::parse(text).map(|limit| limit.value);
        assert_eq!(read("bytes-out=32G"), Ok(32 << 30));
        assert_eq!(read("seconds=5"), Ok(5));
        for wrong in [
            "bytes-out",
            "bytes=1",
            "ratio=",
            "ratio=-1",
            "ratio=1KK",
            "ratio=x",
            "files=99999999999T",
            "depth=8G",
        ] {
            assert!(LimitArg::parse(wrong).is_err(), "{wrong}");
        }
        let changed = limits(&[LimitArg::parse("depth=3").unwrap()], Limits::default());
        assert_eq!(changed, Limits { depth: 3, ..Limits::default() });
    }

    /// Each name on the command line is a key of the policy and the other way round.
    #[test]
    fn knows_every_limit() {
        let limits = serde_json::to_value(Limits::default()).unwrap();
        let keys: Vec<&String> = limits.as_object().unwrap().keys().collect();
        assert_eq!(keys, LIMITS.iter().collect::<Vec<_>>());
    }
}
