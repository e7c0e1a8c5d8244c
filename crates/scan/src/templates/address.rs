//! Addresses of hosts in what a template writes, with and without a scheme.
//!
//! Whoever shows an answer fetches what stands in it as a picture, so that an address into which a
//! message is put carries it away. Which schemes a reader of the answer takes nobody knows, and some
//! readers add one that is missing.

/// Stands for what a message says, which is not known.
pub(super) const SAID: char = '\u{f8f0}';
/// Stands for something else that is not known.
pub(super) const SOMETHING: char = '\u{f8f1}';

/// Characters at which an address ends or begins.
fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')' | '[' | ']' | '`' | '|')
}

/// The first address of a host in a text.
pub(super) fn first(text: &str) -> Option<&str> {
    text.split(ends).map(bare).find(|run| {
        let host = run.split_once("://").map_or(*run, |(_, host)| host);
        // The bare scheme, as an example of how an address begins.
        is_address(run) && host.len() > 4
    })
}

/// The address that a text ends in, where what is written next belongs to it.
pub(super) fn is_open(text: &str) -> Option<&str> {
    let run = bare_begin(text.rsplit(ends).next()?);
    let query = run.contains('?') && run.ends_with('=');
    (is_address(run) || query).then_some(run)
}

/// The host that a text begins with, as the end of a name whose beginning stands before it.
pub(super) fn goes_on(text: &str) -> Option<&str> {
    let run = text.strip_prefix('.')?.split(ends).next()?;
    let host = run.split(['/', '?', '#', ':']).next()?;
    let follows = run.len() > host.len() || host.contains('.');
    (follows && is_host(&format!("a.{host}"))).then_some(run)
}

/// A run without the marks of a sentence around it.
fn bare(run: &str) -> &str {
    bare_begin(run).trim_end_matches(['.', ',', ';', ':', '!', '*', '}'])
}

fn bare_begin(run: &str) -> &str {
    run.trim_start_matches(['.', ',', ';', ':', '!', '*', '{', '='])
}

fn is_address(run: &str) -> bool {
    let lower = run.to_ascii_lowercase();
    if let Some((scheme, _)) = lower.split_once("://") {
        let name = scheme.rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-')));
        return name.into_iter().next().is_some_and(|name| name.len() > 1);
    }
    if let Some(rest) = lower.strip_prefix("//").or_else(|| lower.strip_prefix("\\\\")) {
        return is_host(rest.split(['/', '\\', '?', '#', ':']).next().unwrap_or_default());
    }
    let host = lower.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let behind = lower.get(host.len()..).unwrap_or_default();
    let port =
        behind.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (host.starts_with("www.") || behind.starts_with(['/', '?']) || port) && is_host(host)
}

/// Labels with dots between them, the last of letters, or four numbers.
fn is_host(host: &str) -> bool {
    let host = host.rsplit('@').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | SAID | SOMETHING))
    };
    let number = |label: &&str| label.parse::<u8>().is_ok();
    let named = labels
        .last()
        .is_some_and(|last| last.chars().count() > 1 && last.chars().all(char::is_alphabetic));
    let numbers = labels.len() == 4 && labels.iter().all(number);
    labels.len() > 1 && labels.iter().all(label) && (named || numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_addresses_with_and_without_a_scheme() {
        for text in [
            "see https://example.invalid/x now",
            "![x](evil.invalid/a?d=1)",
            "load //10.1.2.3/a.js",
            "hxxp://evil.invalid/x",
            "at www.evil.invalid",
            "10.1.2.3:8080/x",
            "\\\\host.invalid\\share",
            "gopher://evil.invalid",
            "evil.invalid/a//b",
        ] {
            assert!(first(text).is_some(), "{text}");
        }
        for text in [
            "an address begins with https://",
            "and/or, e.g. / i.e. functions",
            "to=functions.get_weather<|channel|>",
            "namespace functions {\n// Gets the weather.\ntype get = () => any;",
            "1.5/2.0 // a comment",
            "Human: Assistant:",
            "<|start_header_id|>",
            "</tool_call>",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn tells_addresses_that_go_on() {
        for text in ["![x](evil.invalid/a?d=", "//10.1.2.3/", "/log?d=", "hxxp://", "x.invalid/a/"]
        {
            assert!(is_open(text).is_some(), "{text}");
        }
        for text in ["<|im_start|>user\n", "a: ", "", "Is it so? ", "[INST] ", "functions.", "//"] {
            assert_eq!(is_open(text), None, "{text}");
        }
        assert!(goes_on(".evil.invalid/x").is_some());
        assert!(goes_on(".invalid/x").is_some());
        for text in [". And then", ".\n", ".", ".. Next", "</s>", ".End"] {
            assert_eq!(goes_on(text), None, "{text}");
        }
    }
}
