//! Text that somebody else wrote: a name, a path, a comment, a message.
//!
//! Whatever it holds, it cannot act: `vocabulary` makes control characters and the marks that reorder
//! text visible and masks credentials, maud escapes what HTML would act on, and `<bdi>` keeps its
//! direction to itself.

use maud::{Markup, html};
use vocabulary::{Untrusted, escape};

/// How much of a text stands in a line, and how much in a title.
const LINE: usize = 110;
const TITLE: usize = 1200;

/// A text within a line, cut where it is very long.
pub(crate) fn said(text: &str) -> Markup {
    if text.chars().count() <= LINE {
        return html! { bdi { (escape(text)) } };
    }
    let text = Untrusted::from(text);
    html! { bdi title=(text.shortened(TITLE)) { (text.shortened(LINE)) } }
}

/// A text in a monospaced line: a path, an address.
pub(crate) fn mono(text: &str) -> Markup {
    html! { span.mono { (said(text)) } }
}

/// The whole of a text; where it is very long, behind its beginning.
pub(crate) fn whole(text: &str) -> Markup {
    if text.chars().count() <= 4 * LINE {
        return html! { bdi { (escape(text)) } };
    }
    let cut = Untrusted::from(text).shortened(LINE);
    html! {
        details { summary { bdi { (cut) } } bdi { (escape(text)) } }
    }
}

/// What attributes, titles and crumbs show of a text.
pub(crate) fn plain(text: &str) -> String {
    Untrusted::from(text).shortened(LINE)
}

/// A sentence of ours, in which backticks mean code. Names within it were made fit to print by whoever
/// wrote the sentence; they are once more.
pub(crate) fn sentence(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return whole(text);
    }
    html! {
        @for (n, part) in parts.iter().enumerate() {
            @if n % 2 == 0 { (escape(part)) } @else { code { (said(part)) } }
        }
    }
}

/// A sentence of ours in a list: the same, and not long.
pub(crate) fn short_sentence(text: &str) -> Markup {
    if text.chars().count() > 2 * LINE { said(text) } else { sentence(text) }
}

/// The value of a query: everything but unreserved characters is percent-encoded.
pub(crate) fn query(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_acts() {
        let hostile = "<script>x</script>\"onmouseover=a\u{202e}\u{1b}[2J\0";
        for shown in [said(hostile), whole(hostile), sentence(hostile), mono(hostile)] {
            let shown = shown.into_string();
            for token in ["<script", "\"on", "\u{202e}", "\u{1b}", "\0"] {
                assert!(!shown.contains(token), "{token:?} in {shown}");
            }
        }
        let long = said(&"<b>".repeat(4000)).into_string();
        assert!(long.len() < 12_000 && !long.contains("<b>"), "{}", long.len());
    }

    #[test]
    fn queries_hold_anything() {
        assert_eq!(query("a b/../ü&=#"), "a%20b%2F..%2F%C3%BC%26%3D%23");
    }

    #[test]
    fn backticks_are_code() {
        assert_eq!(sentence("see `<b>`").into_string(), "see <code><bdi>&lt;b&gt;</bdi></code>");
    }
}
