//! From the bytes of a file to the text that Python would parse.

use std::fmt;

use artifact::Blob;

/// Bytes of source text that are read; a longer file is not judged.
pub(crate) const LONGEST: u64 = 8 << 20;

/// Source text, and what is odd about how it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// The text, without a byte order mark.
    pub(crate) text: String,
    /// What makes Python read something else than what stands there, or refuse the file.
    pub(crate) odd: Vec<Odd>,
    /// Bytes before the text.
    pub(crate) skipped: u64,
}

/// What is odd about how source text is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// The declared codec changes what ASCII means, or is none that is known.
    Codec(String),
    /// A NUL stands in it.
    Nul,
    /// It is not UTF-8 and declares nothing else.
    NotUtf8,
    /// It is UTF-16, which Python does not read.
    Utf16,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Codec(name) => {
                write!(f, "it declares the codec `{name}`: Python runs other text than is seen")
            }
            Self::Nul => f.write_str("it holds a NUL: versions of Python take it differently"),
            Self::NotUtf8 => f.write_str("it is not UTF-8 and declares no codec"),
            Self::Utf16 => f.write_str("it is UTF-16, which Python does not read as source"),
        }
    }
}

/// Reads a file of up to [`LONGEST`] bytes; `None` where it is longer.
pub(crate) fn read(blob: &Blob) -> Option<Source> {
    if blob.len() > LONGEST {
        return None;
    }
    let bytes = blob.bytes_at(0, usize::try_from(LONGEST).unwrap_or(usize::MAX));
    Some(decode(&bytes))
}

/// Decodes as PEP 263 says.
pub(crate) fn decode(bytes: &[u8]) -> Source {
    let mut source = Source::default();
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        source.odd.push(Odd::Utf16);
        source.text = formats::text::decode(&Blob::from_vec(bytes.to_vec()), bytes.len());
        return source;
    }
    let body = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            source.skipped = 3;
            rest
        }
        _ => bytes,
    };
    let declared = cookie(body);
    source.text = match declared.as_deref().map(reads_as) {
        None | Some(Reads::Utf8) => {
            let text = String::from_utf8_lossy(body);
            if matches!(text, std::borrow::Cow::Owned(_)) {
                source.odd.push(Odd::NotUtf8);
            }
            text.into_owned()
        }
        Some(Reads::OneByte) => body.iter().map(|byte| char::from(*byte)).collect(),
        Some(Reads::TwoBytes) => two_bytes(body),
        Some(Reads::Odd) => {
            source.odd.push(Odd::Codec(declared.unwrap_or_default()));
            String::from_utf8_lossy(body).into_owned()
        }
    };
    if source.text.contains('\0') {
        source.odd.push(Odd::Nul);
        source.text = source.text.replace('\0', " ");
    }
    source
}

enum Reads {
    Utf8,
    /// ASCII as ASCII, each other byte a character.
    OneByte,
    /// ASCII as ASCII, and pairs that begin with a high byte.
    TwoBytes,
    /// Anything else.
    Odd,
}

/// How a codec of Python reads bytes.
fn reads_as(name: &str) -> Reads {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let one = ["ascii", "us-ascii", "646", "latin-1", "latin1", "l1", "latin", "koi8-r", "koi8-u"];
    let two = [
        "gbk",
        "gb2312",
        "gb18030",
        "cp936",
        "936",
        "ms936",
        "big5",
        "big5-tw",
        "big5hkscs",
        "cp950",
        "euc-jp",
        "eucjp",
        "euc-kr",
        "euckr",
        "cp949",
        "uhc",
        "shift-jis",
        "shiftjis",
        "sjis",
        "cp932",
        "ms932",
        "mskanji",
        "johab",
    ];
    if name == "utf-8"
        || name == "utf8"
        || name == "u8"
        || name.starts_with("utf-8-")
        || name == "cp65001"
    {
        Reads::Utf8
    } else if one.contains(&name.as_str())
        || name.starts_with("iso-8859-")
        || name.starts_with("iso8859-")
        || name.starts_with("latin-")
        || (name.starts_with("cp125") && name.len() == 6)
        || name.starts_with("windows-125")
        || matches!(name.as_str(), "cp437" | "cp850" | "cp852" | "cp866" | "mac-roman" | "iso8859")
    {
        Reads::OneByte
    } else if two.contains(&name.as_str()) {
        Reads::TwoBytes
    } else {
        Reads::Odd
    }
}

fn two_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        if *byte < 0x80 {
            text.push(char::from(*byte));
        } else {
            // Half-width katakana and four-byte characters are taken for pairs as well: all that
            // matters is that no second byte counts as syntax.
            rest.next();
            text.push('\u{fffd}');
        }
    }
    text
}

/// The codec that one of the first two lines names, as Python's own expression finds it:
/// `^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)`.
fn cookie(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes;
    for _ in 0..2 {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let (line, after) = rest.split_at_checked(end)?;
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | 0x0c);
        let Some(start) = line.iter().position(|byte| !blank(byte)) else { continue };
        let line = line.get(start..)?;
        if line.first() != Some(&b'#') {
            return None;
        }
        let line = String::from_utf8_lossy(line);
        for (at, _) in line.match_indices("coding") {
            let rest = line.get(at.saturating_add(6)..)?;
            let Some(rest) = rest.strip_prefix([':', '=']) else { continue };
            let name: String = rest
                .trim_start_matches([' ', '\t'])
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .collect();
            if !name.is_empty() {
                return Some(name);
            }
        }
    }
    None
}
