//! Text to tokens, with the whitespace control of `trim_blocks` and `lstrip_blocks`.

use vocabulary::Span;

use super::strings;

/// A token and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Data(String),
    /// `{{`
    OutputBegin,
    /// `}}`
    OutputEnd,
    /// `{%`
    BlockBegin,
    /// `%}`
    BlockEnd,
    Name(String),
    /// Text, and the name of a character that is not known.
    Text(String, Option<String>),
    Int(Option<i128>),
    Float(f64),
    Op(&'static str),
    /// Something that Jinja2 refuses, and why.
    Bad(String),
    End,
}

/// Operators, the longer first.
const OPERATORS: [&str; 26] = [
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";",
];

#[derive(Clone, Copy, PartialEq)]
enum State {
    Root,
    Output,
    Block,
}

/// Reads tokens one after another.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    state: State,
    /// Brackets that are open in the tag.
    open: Vec<char>,
    /// The tag that was found behind some data.
    pending: Option<Token>,
    /// Whether what comes next begins a line.
    line_start: bool,
}

/// Python's whitespace: Unicode's and four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || is_mark(c)
}

/// Combining marks, which stand in identifiers of many scripts, but not at their beginning.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0xb7 | 0x300..=0x36f | 0x483..=0x487 | 0x591..=0x5bd | 0x64b..=0x669
        | 0x900..=0x903 | 0x93a..=0x93c | 0x93e..=0x94f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff
        | 0x200c..=0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f | 0xe_0100..=0xe_01ef)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // One line end at the very end is not part of a template.
        let end = ["\r\n", "\n", "\r"].iter().find_map(|end| text.strip_suffix(end));
        Self {
            text: end.unwrap_or(text),
            at: 0,
            state: State::Root,
            open: Vec::new(),
            pending: None,
            line_start: true,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize) -> Span {
        Span::new(start as u64, self.at as u64)
    }

    fn skip(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.skip(rest.len().saturating_sub(rest.trim_start_matches(is_space).len()));
    }

    fn skip_newline(&mut self) {
        let rest = self.rest();
        let end = ["\r\n", "\n", "\r"].iter().find(|end| rest.starts_with(**end));
        self.skip(end.map_or(0, |end| end.len()));
    }

    /// The next token.
    pub(super) fn next_token(&mut self) -> Token {
        if let Some(token) = self.pending.take() {
            return token;
        }
        match self.state {
            State::Root => self.root(),
            State::Output | State::Block => self.inside(),
        }
    }

    /// Goes on behind the end of the tag that is open, wherever that may be.
    pub(super) fn leave_tag(&mut self) {
        self.pending = None;
        self.open.clear();
        let end = if self.state == State::Output { "}}" } else { "%}" };
        if self.state == State::Root {
            return;
        }
        let rest = self.rest();
        let ended = rest.find(end);
        let begun = [rest.find("{%"), rest.find("{{")].into_iter().flatten().min();
        match (ended, begun) {
            (Some(at), begun) if begun.is_none_or(|begun| at < begun) => {
                self.skip(at.saturating_add(2));
            }
            (_, Some(at)) => self.skip(at),
            (_, None) => self.at = self.text.len(),
        }
        self.state = State::Root;
        self.line_start = false;
    }

    /// Reads nothing more.
    pub(super) fn stop(&mut self) {
        self.pending = None;
        self.at = self.text.len();
        self.state = State::Root;
    }

    fn root(&mut self) -> Token {
        let start = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return Token { kind: Kind::End, span: self.span(start) };
        }
        let Some(length) = tag_at(rest) else {
            self.at = self.text.len();
            return Token { kind: Kind::Data(normal(rest)), span: self.span(start) };
        };
        let (data, tag) = rest.split_at(length);
        self.skip(length.saturating_add(2));
        let sign = tag.chars().nth(2).filter(|c| matches!(c, '-' | '+'));
        self.skip(sign.map_or(0, char::len_utf8));
        let output = tag.starts_with("{{");
        let data = self.strip(data, sign, !output);
        let data_span = Span::new(start as u64, start.saturating_add(length) as u64);
        let token = self.tag(tag, start.saturating_add(length), output);
        if data.is_empty() {
            return match token {
                Some(token) => token,
                None => self.next_token(),
            };
        }
        self.pending = token;
        Token { kind: Kind::Data(normal(data)), span: data_span }
    }

    /// Whitespace control before a tag.
    fn strip<'d>(&self, data: &'d str, sign: Option<char>, block: bool) -> &'d str {
        if sign == Some('-') {
            return data.trim_end_matches(is_space);
        }
        if sign.is_none() && block {
            let line = data.rfind(['\n', '\r']).map(|at| at.saturating_add(1));
            if line.is_some() || self.line_start {
                let (before, last) = data.split_at(line.unwrap_or_default());
                if last.chars().all(is_space) {
                    return before;
                }
            }
        }
        data
    }

    /// The token of a tag whose beginning was passed; none for a comment.
    fn tag(&mut self, tag: &str, start: usize, output: bool) -> Option<Token> {
        self.line_start = false;
        if output {
            self.state = State::Output;
            return Some(Token { kind: Kind::OutputBegin, span: self.span(start) });
        }
        if tag.starts_with("{#") {
            return self.comment(start);
        }
        if let Some(passed) = raw_begin(self.rest()) {
            self.skip(passed);
            return Some(self.raw(start));
        }
        self.state = State::Block;
        Some(Token { kind: Kind::BlockBegin, span: self.span(start) })
    }

    fn comment(&mut self, start: usize) -> Option<Token> {
        let Some(end) = self.rest().find("#}") else {
            self.at = self.text.len();
            let kind = Kind::Bad("a comment does not end".into());
            return Some(Token { kind, span: self.span(start) });
        };
        let sign = self.rest().get(..end).and_then(|before| before.chars().next_back());
        self.skip(end.saturating_add(2));
        self.after_end(sign);
        None
    }

    /// Whitespace control behind the end of a block, a comment or raw text.
    fn after_end(&mut self, sign: Option<char>) {
        let from = self.at;
        match sign {
            Some('-') => self.skip_spaces(),
            Some('+') => {}
            _ => self.skip_newline(),
        }
        let passed = self.text.get(from..self.at).unwrap_or_default();
        self.line_start = passed.ends_with(['\n', '\r']);
    }

    /// Raw text, up to its end tag.
    fn raw(&mut self, start: usize) -> Token {
        let from = self.at;
        let mut search = from;
        while let Some(found) = self.text.get(search..).and_then(|rest| rest.find("{%")) {
            let tag = search.saturating_add(found);
            let after = self.text.get(tag.saturating_add(2)..).unwrap_or_default();
            if let Some((sign, passed, end_sign)) = raw_end(after) {
                let data = self.text.get(from..tag).unwrap_or_default();
                let data = self.strip(data, sign, true);
                let kind = Kind::Data(normal(data));
                let span = Span::new(from as u64, tag as u64);
                self.at = tag.saturating_add(2).saturating_add(passed);
                self.after_end(end_sign);
                return Token { kind, span };
            }
            search = tag.saturating_add(2);
        }
        self.at = self.text.len();
        Token { kind: Kind::Bad("raw text does not end".into()), span: self.span(start) }
    }

    fn inside(&mut self) -> Token {
        loop {
            let start = self.at;
            let rest = self.rest();
            if self.open.is_empty()
                && let Some(kind) = self.tag_end(rest)
            {
                return Token { kind, span: self.span(start) };
            }
            let Some(first) = rest.chars().next() else {
                return Token { kind: Kind::End, span: self.span(start) };
            };
            if is_space(first) {
                self.skip_spaces();
                continue;
            }
            let kind = self.lexeme(first, rest);
            return Token { kind, span: self.span(start) };
        }
    }

    fn tag_end(&mut self, rest: &str) -> Option<Kind> {
        let output = self.state == State::Output;
        let end = if output { "}}" } else { "%}" };
        let sign = rest.chars().next().filter(|c| *c == '-' || (*c == '+' && !output));
        let after = rest.get(sign.map_or(0, char::len_utf8)..)?;
        if !after.starts_with(end) {
            return None;
        }
        self.skip(sign.map_or(2, |_| 3));
        self.state = State::Root;
        if output {
            if sign.is_some() {
                self.after_end(sign);
            } else {
                self.line_start = false;
            }
            return Some(Kind::OutputEnd);
        }
        self.after_end(sign);
        Some(Kind::BlockEnd)
    }

    fn lexeme(&mut self, first: char, rest: &str) -> Kind {
        if first.is_ascii_digit()
            && let Some((kind, length)) = self.number(rest)
        {
            self.skip(length);
            return kind;
        }
        if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            self.skip(length);
            let word = rest.get(..length).unwrap_or_default();
            if first.is_alphabetic() || first == '_' {
                return Kind::Name(word.to_owned());
            }
            return Kind::Bad("a name begins with no letter".into());
        }
        if first == '"' || first == '\'' {
            return self.string(first, rest);
        }
        let Some(op) = OPERATORS.iter().find(|op| rest.starts_with(**op)) else {
            self.skip(first.len_utf8());
            return Kind::Bad("a character that begins nothing".into());
        };
        self.skip(op.len());
        match *op {
            "(" => self.open.push(')'),
            "[" => self.open.push(']'),
            "{" => self.open.push('}'),
            ")" | "]" | "}" if self.open.pop() != op.chars().next() => {
                return Kind::Bad(format!("`{op}` closes nothing"));
            }
            _ => {}
        }
        Kind::Op(op)
    }

    fn string(&mut self, quote: char, rest: &str) -> Kind {
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = !escaped && *c == quote;
            escaped = !escaped && *c == '\\';
            ends
        });
        let Some((end, _)) = end else {
            // The end of the tag is found by the caller; nothing in between is a token.
            self.skip(1);
            return Kind::Bad("a string does not end".into());
        };
        self.skip(end.saturating_add(1));
        match strings::unescape(rest.get(1..end).unwrap_or_default()) {
            Some((text, unknown)) => Kind::Text(text, unknown),
            None => Kind::Bad("a string holds an escape that is none".into()),
        }
    }

    /// A number and its length, if one begins here.
    fn number(&self, rest: &str) -> Option<(Kind, usize)> {
        let before = self.text.get(..self.at).unwrap_or_default();
        if !before.ends_with('.')
            && let Some(length) = float(rest)
        {
            let text: String = rest.get(..length)?.chars().filter(|c| *c != '_').collect();
            return Some((Kind::Float(text.parse().ok()?), length));
        }
        let (radix, prefix) = match rest.get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("0b") => (2, 2),
            Some("0o") => (8, 2),
            Some("0x") => (16, 2),
            _ => (10, 0),
        };
        let based = rest.get(prefix..).map(|digits| digits_len(digits, radix, prefix > 0));
        if prefix > 0
            && let Some(length) = based.filter(|length| *length > 0)
        {
            let end = prefix.saturating_add(length);
            return Some((whole(rest.get(prefix..end)?, radix), end));
        }
        let length = digits_len(rest, 10, false);
        let digits = rest.get(..length)?;
        if rest.starts_with('0') {
            // `0` and `00`; in `01` the second digit is another number.
            let zeros = rest.find(|c| c != '0' && c != '_').unwrap_or(rest.len()).min(length);
            let zeros = rest.get(..zeros)?.trim_end_matches('_').len();
            return Some((Kind::Int(Some(0)), zeros));
        }
        Some((whole(digits, 10), length))
    }
}

/// Where the next tag begins.
fn tag_at(text: &str) -> Option<usize> {
    let mut from = 0usize;
    while let Some(found) = text.get(from..)?.find('{') {
        let at = from.saturating_add(found);
        if matches!(text.as_bytes().get(at.saturating_add(1)), Some(b'%' | b'{' | b'#')) {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
    None
}

/// How long the rest of `{% raw %}` is; `text` is what follows `{%` and its sign.
fn raw_begin(text: &str) -> Option<usize> {
    let rest = text.trim_start_matches(is_space).strip_prefix("raw")?;
    let rest = rest.trim_start_matches(is_space);
    let rest = match rest.strip_prefix("-%}") {
        Some(rest) => rest.trim_start_matches(is_space),
        None => rest.strip_prefix("%}")?,
    };
    Some(text.len().saturating_sub(rest.len()))
}

/// The sign of `{%`, how long the rest of `{% endraw %}` is, and the sign of `%}`.
fn raw_end(text: &str) -> Option<(Option<char>, usize, Option<char>)> {
    let sign = text.chars().next().filter(|c| matches!(c, '-' | '+'));
    let rest = text.get(sign.map_or(0, char::len_utf8)..)?;
    let rest = rest.trim_start_matches(is_space).strip_prefix("endraw")?;
    let rest = rest.trim_start_matches(is_space);
    let end_sign = rest.chars().next().filter(|c| matches!(c, '-' | '+'));
    let rest = rest.get(end_sign.map_or(0, char::len_utf8)..)?.strip_prefix("%}")?;
    Some((sign, text.len().saturating_sub(rest.len()), end_sign))
}

/// Length of digits with single underscores between them; before the first too where `led`.
fn digits_len(text: &str, radix: u32, led: bool) -> usize {
    let (mut end, mut digit) = (0usize, led);
    for (at, c) in text.char_indices() {
        if c == '_' && digit {
            digit = false;
        } else if c.is_ascii() && c.is_digit(radix) {
            digit = true;
            end = at.saturating_add(1);
        } else {
            break;
        }
    }
    end
}

fn whole(digits: &str, radix: u32) -> Kind {
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    Kind::Int(i128::from_str_radix(&digits, radix).ok())
}

/// Length of a number with a point or an exponent.
fn float(text: &str) -> Option<usize> {
    let mut length = digits_len(text, 10, false);
    let rest = |length: usize| text.get(length..).unwrap_or_default();
    let mut is_float = false;
    if let Some(fraction) = rest(length).strip_prefix('.') {
        let digits = digits_len(fraction, 10, false);
        if digits == 0 {
            return None;
        }
        length = length.saturating_add(digits).saturating_add(1);
        is_float = true;
    }
    if let Some(exponent) = rest(length).strip_prefix(['e', 'E']) {
        let signed = exponent.strip_prefix(['+', '-']);
        let digits = digits_len(signed.unwrap_or(exponent), 10, false);
        if digits > 0 {
            let sign = usize::from(signed.is_some());
            length = length.saturating_add(digits).saturating_add(sign).saturating_add(1);
            is_float = true;
        }
    }
    is_float.then_some(length)
}

/// Text with every line end made `\n`.
fn normal(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into() }
}
