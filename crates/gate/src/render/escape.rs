//! What each form would act on, made harmless. Writing to a string cannot fail, so no result of it
//! is looked at.

use std::fmt::Write as _;

/// For HTML text and for attributes in double quotes.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// For XML 1.0 text and attributes: as HTML, and without the characters that XML cannot hold.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in html(text).chars() {
        match c {
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// For Markdown as GitHub reads it, in running text and in table cells: nothing becomes markup, a
/// link, an image, a mention or a reference.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '@' | '#' | '|' | '~' | ':'
            | '!' | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    // GitHub links what begins so, without any markup.
    out.replace("www.", "www&#46;").replace("WWW.", "WWW&#46;")
}

/// Markdown of our own sentences, in which backticks mean code and everything else is text.
pub(super) fn markdown_sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return markdown(text);
    }
    let mut out = String::with_capacity(text.len());
    for (n, part) in parts.iter().enumerate() {
        if n % 2 == 0 {
            out.push_str(&markdown(part));
        } else {
            let _ = write!(out, "<code>{}</code>", markdown(part));
        }
    }
    out
}

/// HTML of our own sentences, in which backticks mean code.
pub(super) fn html_sentence(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html(text);
    }
    let mut out = String::with_capacity(text.len());
    for (n, part) in parts.iter().enumerate() {
        if n % 2 == 0 {
            out.push_str(&html(part));
        } else {
            let _ = write!(out, "<code>{}</code>", html(part));
        }
    }
    out
}

/// A relative URI reference of a path (RFC 3986): everything but unreserved characters and `/` is
/// percent-encoded, so that no part of it reads as a scheme, a query or a fragment.
pub(super) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    // Two slashes in front would read as a host.
    if out.starts_with('/') { format!(".{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_nothing_to_act_on() {
        let hostile = "<img src=x onerror='a()'> @all #1 | [x](https://e.test) `c` www.e.test\n- x";
        let shown = markdown(hostile);
        for token in ["<", ">", "@", "|", "[", "://", "`", "www.", "\n"] {
            assert!(!shown.contains(token), "{token} in {shown}");
        }
        assert_eq!(html("<a b=\"c\">&'"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
        assert_eq!(xml("a\u{1}\n\u{ffff}"), "a\u{fffd}&#10;\u{fffd}");
        assert_eq!(html_sentence("see `<b>`"), "see <code>&lt;b&gt;</code>");
        assert_eq!(html_sentence("one ` alone"), "one ` alone");
    }

    #[test]
    fn writes_relative_uris() {
        assert_eq!(uri("a b/ü#?.pt"), "a%20b/%C3%BC%23%3F.pt");
        assert_eq!(uri("c:/x"), "c%3A/x");
        assert_eq!(uri("//host/x"), ".//host/x");
    }
}
