//! The escapes of string literals, as Python's `unicode-escape` resolves them.

/// A literal without its quotes: its text, and the name of a character that is not known here.
/// `None` where Python refuses it.
pub(super) fn unescape(raw: &str) -> Option<(String, Option<String>)> {
    let mut out = String::with_capacity(raw.len());
    let mut unknown = None;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let c = match c {
            // Line ends are made one kind before escapes are resolved.
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
                continue;
            }
            '\\' => chars.next()?,
            c => {
                out.push(c);
                continue;
            }
        };
        let mut digits = |least: usize, most: usize, radix: u32, first: Option<char>| {
            let mut text = String::from_iter(first);
            while text.len() < most
                && let Some(digit) = chars.next_if(|c| c.is_digit(radix))
            {
                text.push(digit);
            }
            if text.len() < least {
                return None;
            }
            let code = u32::from_str_radix(&text, radix).ok()?;
            // Half of a surrogate pair is a character to Python.
            (code <= 0x10_ffff).then(|| char::from_u32(code).unwrap_or('\u{fffd}'))
        };
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
            }
            '\n' => {}
            '\\' | '\'' | '"' => out.push(c),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\x0b'),
            '0'..='7' => out.push(digits(1, 3, 8, Some(c))?),
            'x' => out.push(digits(2, 2, 16, None)?),
            'u' => out.push(digits(4, 4, 16, None)?),
            'U' => out.push(digits(8, 8, 16, None)?),
            'N' => {
                chars.next_if_eq(&'{')?;
                let mut name = String::new();
                loop {
                    match chars.next()? {
                        '}' => break,
                        c => name.push(c),
                    }
                }
                if let Some(c) = named(&name.to_ascii_uppercase()) {
                    out.push(c);
                } else {
                    out.push('\u{fffd}');
                    unknown = Some(name);
                }
            }
            c => {
                out.push('\\');
                out.push(c);
            }
        }
    }
    Some((out, unknown))
}

/// A character by its Unicode name: those that names and paths are spelled with.
fn named(name: &str) -> Option<char> {
    const SIGNS: &[(&str, char)] = &[
        ("LOW LINE", '_'),
        ("FULL STOP", '.'),
        ("SPACE", ' '),
        ("SOLIDUS", '/'),
        ("HYPHEN-MINUS", '-'),
        ("COLON", ':'),
        ("LEFT PARENTHESIS", '('),
        ("RIGHT PARENTHESIS", ')'),
        ("LEFT CURLY BRACKET", '{'),
        ("RIGHT CURLY BRACKET", '}'),
        ("PERCENT SIGN", '%'),
    ];
    const DIGITS: [&str; 10] =
        ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"];
    if let Some((_, c)) = SIGNS.iter().find(|(known, _)| *known == name) {
        return Some(*c);
    }
    if let Some(digit) = name.strip_prefix("DIGIT ") {
        let at = DIGITS.iter().position(|known| *known == digit)?;
        return char::from_digit(u32::try_from(at).ok()?, 10);
    }
    let letter = |rest: &str| {
        let mut chars = rest.chars();
        let c = chars.next()?;
        (chars.next().is_none() && c.is_ascii_uppercase()).then_some(c)
    };
    if let Some(rest) = name.strip_prefix("LATIN SMALL LETTER ") {
        return letter(rest).map(|c| c.to_ascii_lowercase());
    }
    letter(name.strip_prefix("LATIN CAPITAL LETTER ")?)
}
