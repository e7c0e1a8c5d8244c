//! Tokens of the languages with braces, and what calls and assignments they make.

use super::Built;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or keyword.
    Name(String),
    /// A text, and the expressions that are put into it.
    Text(String, Vec<String>),
    /// A number, as it is written.
    Number(String),
    /// Any other sign; `==`, `=>` and the like are one.
    Sign(String),
}

#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) line: usize,
}

impl Placed {
    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Sign(own) if own == sign)
    }

    pub(super) fn name(&self) -> Option<&str> {
        match &self.token {
            Token::Name(name) => Some(name),
            Token::Text(..) | Token::Number(_) | Token::Sign(_) => None,
        }
    }
}

/// Reads tokens; comments are left out, and a text that nobody closes ends with its line.
pub(super) fn read(text: &str) -> Vec<Placed> {
    let mut chars = text.chars().peekable();
    let mut line = 1usize;
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        let begun = line;
        let next = chars.peek().copied();
        let token = match (c, next) {
            ('\n', _) => {
                line = line.saturating_add(1);
                continue;
            }
            ('/', Some('/')) => {
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
                continue;
            }
            ('/', Some('*')) => {
                let mut before = ' ';
                for c in chars.by_ref().skip(1) {
                    line = line.saturating_add(usize::from(c == '\n'));
                    if before == '*' && c == '/' {
                        break;
                    }
                    before = c;
                }
                continue;
            }
            ('"' | '\'', _) => Token::Text(quoted(&mut chars, c), Vec::new()),
            ('`', _) => {
                let (text, mixed) = template(&mut chars, &mut line);
                Token::Text(text, mixed)
            }
            (c, _) if c.is_whitespace() => continue,
            (c, _) if c.is_alphabetic() || c == '_' || c == '$' => {
                let mut name = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || *c == '$')
                {
                    name.push(c);
                }
                Token::Name(name)
            }
            (c, _) if c.is_ascii_digit() => {
                let mut number = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '.') {
                    number.push(c);
                }
                Token::Number(number)
            }
            (c, Some(n @ ('=' | '>' | '+' | '-' | '&' | '|')))
                if "=!<>+-*&|".contains(c) && (n == '=' || n == '>' || n == c) =>
            {
                chars.next();
                Token::Sign(format!("{c}{n}"))
            }
            (c, _) => Token::Sign(c.to_string()),
        };
        tokens.push(Placed { token, line: begun });
    }
    tokens
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn quoted(chars: &mut Chars<'_>, mark: char) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        match c {
            '\\' => {
                text.push('\\');
                text.extend(chars.next());
            }
            c if c == mark => break,
            c => text.push(c),
        }
    }
    text
}

/// A template of JavaScript: its fixed parts, and the expressions that are put in.
fn template(chars: &mut Chars<'_>, line: &mut usize) -> (String, Vec<String>) {
    let mut text = String::new();
    let (mut mixed, mut depth) = (Vec::<String>::new(), 0usize);
    while let Some(c) = chars.next() {
        *line = line.saturating_add(usize::from(c == '\n'));
        match c {
            '\\' if depth == 0 => text.extend(chars.next()),
            '`' if depth == 0 => break,
            '$' if depth == 0 && chars.peek() == Some(&'{') => {
                chars.next();
                depth = 1;
                mixed.push(String::new());
                text.push(' ');
                continue;
            }
            '{' if depth > 0 => depth = depth.saturating_add(1),
            '}' if depth > 0 => depth = depth.saturating_sub(1),
            c if depth == 0 => text.push(c),
            _ => {}
        }
        if depth > 0
            && let Some(inner) = mixed.last_mut()
        {
            inner.push(c);
        }
    }
    (text, mixed)
}

/// A call: `a.b(…)`.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The dotted name; `?` for what has none.
    pub(super) path: String,
    /// The tokens of each argument.
    pub(super) arguments: Vec<&'a [Placed]>,
    pub(super) line: usize,
}

/// How deep calls are read within calls, and how many tokens of one expression: what they cost
/// together is bounded by their product.
const DEEPEST: usize = 64;
const LONGEST: usize = 1_000;
/// Assignments and calls of a snippet that are read.
const MOST: usize = 1_000;

/// Every call, the outer ones first.
pub(super) fn calls(tokens: &[Placed]) -> Vec<Call<'_>> {
    let mut found = Vec::new();
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is(")") {
            depth = depth.saturating_sub(1);
        } else if token.is("(") {
            depth = depth.saturating_add(1);
        }
        if depth > DEEPEST || found.len() >= MOST {
            continue;
        }
        if !token.is("(") {
            continue;
        }
        let before = tokens.get(..at).unwrap_or_default();
        let path = path_before(before);
        if path.is_empty()
            || ["if", "for", "while", "switch", "return", "catch", "function", "sizeof"]
                .contains(&path.as_str())
        {
            continue;
        }
        let behind = at.saturating_add(1);
        let inner = tokens.get(behind..closing(tokens, behind)).unwrap_or_default();
        found.push(Call { path, arguments: split(inner), line: token.line });
    }
    found
}

fn path_before(tokens: &[Placed]) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = tokens;
    while let Some((last, before)) = rest.split_last() {
        let Some(name) = last.name() else {
            if !parts.is_empty() {
                parts.push("?");
            }
            break;
        };
        parts.push(name);
        match before.split_last() {
            Some((dot, before)) if dot.is(".") || dot.is("->") => rest = before,
            _ => break,
        }
    }
    parts.reverse();
    parts.join(".")
}

/// Where the bracket that is open before a token closes.
fn closing(tokens: &[Placed], from: usize) -> usize {
    let mut depth = 1usize;
    for (at, token) in tokens.iter().enumerate().skip(from).take(LONGEST) {
        if ["(", "[", "{"].iter().any(|sign| token.is(sign)) {
            depth = depth.saturating_add(1);
        } else if [")", "]", "}"].iter().any(|sign| token.is(sign)) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len().min(from.saturating_add(LONGEST))
}

/// At the commas that stand in no bracket.
fn split(tokens: &[Placed]) -> Vec<&[Placed]> {
    at_signs(tokens, ",").into_iter().filter(|part| !part.is_empty()).collect()
}

fn at_signs<'a>(tokens: &'a [Placed], sign: &str) -> Vec<&'a [Placed]> {
    let mut parts = Vec::new();
    let (mut depth, mut begin) = (0usize, 0usize);
    for (at, token) in tokens.iter().enumerate() {
        if ["(", "[", "{"].iter().any(|sign| token.is(sign)) {
            depth = depth.saturating_add(1);
        } else if [")", "]", "}"].iter().any(|sign| token.is(sign)) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is(sign) {
            parts.push(tokens.get(begin..at).unwrap_or_default());
            begin = at.saturating_add(1);
        }
    }
    parts.push(tokens.get(begin..).unwrap_or_default());
    parts
}

/// What names stand for.
pub(super) type Names = std::collections::BTreeMap<String, Built>;

/// What an expression is.
pub(super) fn built(tokens: &[Placed], names: &Names) -> Built {
    let parts = at_signs(tokens, "+");
    let mut whole: Option<Built> = None;
    for part in parts {
        let one = single(part, names);
        whole = Some(match whole {
            Some(before) => before.then(one),
            None => one,
        });
    }
    whole.unwrap_or(Built::Other)
}

fn single(tokens: &[Placed], names: &Names) -> Built {
    match tokens {
        [Placed { token: Token::Text(text, put), .. }] if !put.is_empty() => {
            let harmless = |put: &String| {
                matches!(names.get(put.trim()), Some(Built::Harmless | Built::Fixed(_)))
            };
            if put.iter().all(harmless) {
                Built::Fixed(text.clone())
            } else {
                Built::Mixed(text.clone())
            }
        }
        [Placed { token: Token::Number(_), .. }] => Built::Harmless,
        [one] if one.name().is_some() => {
            one.name().and_then(|name| names.get(name).cloned()).unwrap_or(Built::Other)
        }
        _ if !tokens.is_empty()
            && tokens
                .iter()
                .all(|one| matches!(&one.token, Token::Text(_, put) if put.is_empty())) =>
        {
            // C puts texts that follow each other together.
            let texts = tokens.iter().filter_map(|one| match &one.token {
                Token::Text(text, _) => Some(text.as_str()),
                Token::Name(_) | Token::Number(_) | Token::Sign(_) => None,
            });
            Built::Fixed(texts.collect())
        }
        // `TABLE[key]`: what a constant table holds.
        [table, open, .., close]
            if open.is("[")
                && close.is("]")
                && table.name().is_some_and(|name| !name.contains(|c: char| c.is_lowercase())) =>
        {
            Built::Harmless
        }
        // `ids.map(() => '?').join(',')`: as many marks as there are values.
        [.., arrow, mark, close, dot, join, open, _, last]
            if arrow.is("=>")
                && matches!(&mark.token, Token::Text(_, put) if put.is_empty())
                && close.is(")")
                && dot.is(".")
                && join.name() == Some("join")
                && open.is("(")
                && last.is(")") =>
        {
            Built::Harmless
        }
        [callee, open, ..] if open.is("(") => match callee.name() {
            Some(
                "Number" | "parseInt" | "parseFloat" | "encodeURIComponent" | "escapeshellarg",
            ) => Built::Harmless,
            _ => Built::Other,
        },
        _ => Built::Other,
    }
}

/// Every `name = …` (and `name += …`), in order, with its line.
pub(super) fn assignments(tokens: &[Placed]) -> Vec<(String, bool, &[Placed], usize)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let adds = token.is("+=");
        if (!token.is("=") && !adds) || found.len() >= MOST {
            continue;
        }
        let before = tokens.get(..at).unwrap_or_default();
        let name = match before {
            // `char text[] = …`, `char text[64] = …`
            [.., name, open, close] if open.is("[") && close.is("]") => name.name(),
            [.., name, open, _, close] if open.is("[") && close.is("]") => name.name(),
            [.., name] => name.name(),
            [] => None,
        };
        let Some(name) = name else {
            continue;
        };
        let behind = at.saturating_add(1);
        let value = tokens.get(behind..end(tokens, behind)).unwrap_or_default();
        found.push((name.to_owned(), adds, value, token.line));
    }
    found
}

/// Where an expression ends: at `;`, at a bracket or comma that is not its own, or with a line that
/// nothing carries on.
fn end(tokens: &[Placed], from: usize) -> usize {
    let mut depth = 0usize;
    let mut before: Option<&Placed> = None;
    for (at, token) in tokens.iter().enumerate().skip(from).take(LONGEST) {
        if let Some(before) = before
            && depth == 0
            && token.line > before.line
            && !matches!(&token.token, Token::Sign(_))
            && !matches!(&before.token, Token::Sign(sign) if sign != ")" && sign != "]" && sign != "}")
            && !(matches!(token.token, Token::Text(..)) && matches!(before.token, Token::Text(..)))
        {
            return at;
        }
        if ["(", "[", "{"].iter().any(|sign| token.is(sign)) {
            depth = depth.saturating_add(1);
        } else if [")", "]", "}"].iter().any(|sign| token.is(sign)) {
            if depth == 0 {
                return at;
            }
            depth = depth.saturating_sub(1);
        } else if depth == 0 && (token.is(";") || token.is(",")) {
            return at;
        }
        before = Some(token);
    }
    tokens.len().min(from.saturating_add(LONGEST))
}

/// The names of a snippet, after every assignment of it.
pub(super) fn names(tokens: &[Placed]) -> Names {
    let mut names = Names::new();
    for (name, adds, value, _) in assignments(tokens) {
        let made = built(value, &names);
        let made =
            if adds { names.get(&name).cloned().unwrap_or(Built::Other).then(made) } else { made };
        names.insert(name, made);
    }
    names
}
