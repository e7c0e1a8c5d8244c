//! One line of a recipe as words and options.

use crate::Fault;

/// A word: `name`, `"text"`, or with a key: `key=word`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) key: Option<String>,
    pub(crate) value: Vec<u8>,
    pub(crate) quoted: bool,
}

/// The words of a line that no builder has taken yet. What is left at the end is a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    pub(crate) line: usize,
    words: Vec<Word>,
}

/// A named thing: `name [options]: builder arguments`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) options: Args,
    pub(crate) builder: Args,
}

impl Args {
    /// Splits a line into words, up to a comment.
    pub(crate) fn split(text: &str, line: usize) -> Result<Self, Fault> {
        let mut reader = Reader { rest: text, line };
        let mut words = Vec::new();
        while let Some(word) = reader.word(&[])? {
            words.push(word);
        }
        Ok(Self { line, words })
    }

    pub(crate) fn fault(&self, problem: impl Into<String>) -> Fault {
        Fault::new(self.line, problem)
    }

    /// The next word without a key.
    pub(crate) fn next(&mut self) -> Option<Word> {
        let at = self.words.iter().position(|word| word.key.is_none())?;
        Some(self.words.remove(at))
    }

    /// The next word without a key, which must be there.
    pub(crate) fn need(&mut self, what: &str) -> Result<Word, Fault> {
        self.next().ok_or_else(|| self.fault(format!("expected {what}")))
    }

    /// As [`Self::need`], as text.
    pub(crate) fn need_text(&mut self, what: &str) -> Result<String, Fault> {
        let word = self.need(what)?;
        self.text_of(word, what)
    }

    /// As [`Self::need`], as a number.
    pub(crate) fn need_number(&mut self, what: &str) -> Result<u64, Fault> {
        let word = self.need(what)?;
        self.number_of(&word, what)
    }

    /// All remaining words without a key.
    pub(crate) fn rest(&mut self) -> Vec<Word> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// Whether the bare word `name` is there; takes it.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let is = |word: &Word| word.key.is_none() && !word.quoted && word.value == name.as_bytes();
        match self.words.iter().position(is) {
            Some(at) => {
                self.words.remove(at);
                true
            }
            None => false,
        }
    }

    /// The value of `key=`; takes it.
    pub(crate) fn option(&mut self, key: &str) -> Option<Word> {
        let at = self.words.iter().position(|word| word.key.as_deref() == Some(key))?;
        Some(self.words.remove(at))
    }

    /// The value of `key=` as text.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, Fault> {
        self.option(key).map(|word| self.text_of(word, key)).transpose()
    }

    /// The value of `key=` as a number.
    pub(crate) fn number(&mut self, key: &str) -> Result<Option<u64>, Fault> {
        self.option(key).map(|word| self.number_of(&word, key)).transpose()
    }

    /// Fails if a word was not taken.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => {
                let key = word.key.as_ref().map(|key| format!("{key}=")).unwrap_or_default();
                let value = String::from_utf8_lossy(&word.value);
                Err(self.fault(format!("`{key}{value}` means nothing here")))
            }
        }
    }

    fn text_of(&self, word: Word, what: &str) -> Result<String, Fault> {
        String::from_utf8(word.value).map_err(|_| self.fault(format!("{what} is not UTF-8")))
    }

    pub(crate) fn number_of(&self, word: &Word, what: &str) -> Result<u64, Fault> {
        let text = String::from_utf8_lossy(&word.value).into_owned();
        number(&text).ok_or_else(|| self.fault(format!("{what}: `{text}` is not a number")))
    }
}

/// Reads `name [options]: builder arguments`.
pub(crate) fn entry(text: &str, line: usize) -> Result<Entry, Fault> {
    let mut reader = Reader { rest: text, line };
    let name = reader.name()?;
    let mut options = Vec::new();
    reader.rest = reader.rest.trim_start();
    if let Some(rest) = reader.rest.strip_prefix('[') {
        reader.rest = rest;
        while let Some(word) = reader.word(b"]")? {
            options.push(word);
        }
        match reader.rest.strip_prefix(']') {
            Some(rest) => reader.rest = rest.trim_start(),
            None => return Err(Fault::new(line, "`[` without `]`")),
        }
    }
    let Some(rest) = reader.rest.strip_prefix(':') else {
        return Err(Fault::new(line, "expected `name: builder`"));
    };
    let options = Args { line, words: options };
    Ok(Entry { name, options, builder: Args::split(rest, line)? })
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, problem: impl Into<String>) -> Fault {
        Fault::new(self.line, problem)
    }

    /// The name of an entry: quoted, or up to a colon that ends it or a bracket.
    fn name(&mut self) -> Result<Vec<u8>, Fault> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let ends = |at: usize| {
            let rest = &self.rest[at..];
            rest == ":" || rest.starts_with(": ") || rest.starts_with(" [")
        };
        let at = self.rest.char_indices().map(|(at, _)| at).find(|&at| ends(at));
        let Some(at) = at.filter(|&at| at > 0) else {
            return Err(self.fault("expected `name: builder`"));
        };
        let (name, rest) = self.rest.split_at(at);
        self.rest = rest;
        Ok(name.as_bytes().to_vec())
    }

    /// The next word; bare words also end at one of `stops`.
    fn word(&mut self, stops: &[u8]) -> Result<Option<Word>, Fault> {
        self.rest = self.rest.trim_start();
        let Some(&first) = self.rest.as_bytes().first() else { return Ok(None) };
        if first == b'#' {
            self.rest = "";
            return Ok(None);
        }
        if stops.contains(&first) {
            return Ok(None);
        }
        if first == b'"' {
            return Ok(Some(Word { key: None, value: self.quoted()?, quoted: true }));
        }
        let bare = self.bare(stops);
        if let Some((key, value)) = bare.split_once('=')
            && !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            let key = Some(key.to_owned());
            if value.is_empty() || !value.starts_with('"') {
                let value = value.as_bytes().to_vec();
                self.rest = &self.rest[bare.len()..];
                return Ok(Some(Word { key, value, quoted: false }));
            }
            self.rest = &self.rest[bare.len() - value.len()..];
            return Ok(Some(Word { key, value: self.quoted()?, quoted: true }));
        }
        self.rest = &self.rest[bare.len()..];
        Ok(Some(Word { key: None, value: bare.as_bytes().to_vec(), quoted: false }))
    }

    fn bare(&self, stops: &[u8]) -> &'a str {
        let end = |c: char| c.is_whitespace() || u8::try_from(c).is_ok_and(|b| stops.contains(&b));
        // A bracket that a bare word opened belongs to it: `[2,3]` inside options.
        let mut depth = 0_usize;
        let mut length = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            match c {
                '[' => depth += 1,
                ']' if depth > 0 => depth -= 1,
                _ if end(c) => {
                    length = at;
                    break;
                }
                _ => {}
            }
        }
        self.rest.get(..length).unwrap_or_default()
    }

    /// A string in double quotes: `\n \t \r \0 \\ \"`, `\xNN` for a byte, `\u{…}` for a code point
    /// (surrogates too, as Python's `surrogatepass` encodes them).
    fn quoted(&mut self) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(out);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => out.push(b'\n'),
                    Some('t') => out.push(b'\t'),
                    Some('r') => out.push(b'\r'),
                    Some('0') => out.push(0),
                    Some('\\') => out.push(b'\\'),
                    Some('"') => out.push(b'"'),
                    Some('x') => {
                        let hex: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                        let byte = u8::from_str_radix(&hex, 16);
                        out.push(byte.map_err(|_| self.fault("`\\x` needs two hex digits"))?);
                    }
                    Some('u') => {
                        let hex: String = chars
                            .by_ref()
                            .map(|(_, c)| c)
                            .skip_while(|&c| c == '{')
                            .take_while(|&c| c != '}')
                            .collect();
                        let point = u32::from_str_radix(&hex, 16);
                        let point = point.map_err(|_| self.fault("`\\u{…}` needs hex digits"))?;
                        code_point(point, &mut out);
                    }
                    _ => return Err(self.fault("unknown escape in a string")),
                },
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err(self.fault("a string without its closing quote"))
    }
}

/// UTF-8, with surrogates encoded like any other code point of three bytes.
fn code_point(point: u32, out: &mut Vec<u8>) {
    if let Some(c) = char::from_u32(point) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return;
    }
    for (shift, tag) in [(12, 0xe0), (6, 0x80), (0, 0x80)] {
        let [low, ..] = ((point >> shift) & 0x3f | tag).to_le_bytes();
        out.push(low);
    }
}

/// Decimal, or hexadecimal after `0x`, or octal after `0o`; `_` between digits; `k`, `M`, `G` for
/// 1024, 1024², 1024³.
pub(crate) fn number(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    let (digits, unit) = match text.as_bytes().last()? {
        _ if text.starts_with("0x") => (text.as_str(), 1),
        b'k' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text.as_str(), 1),
    };
    let plain = if let Some(hex) = digits.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).ok()?
    } else if let Some(octal) = digits.strip_prefix("0o") {
        u64::from_str_radix(octal, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    plain.checked_mul(unit)
}
