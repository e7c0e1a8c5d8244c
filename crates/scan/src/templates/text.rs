//! What stands in the text of a template.

use super::value::Turn;

/// Where in a text somebody's turn begins: the byte behind the header, and whose turn it is.
pub(super) fn headers(text: &str) -> Vec<(usize, Turn)> {
    let mut found = Vec::new();
    let mut from = 0usize;
    for word in words(text) {
        let Some(at) = text.get(from..).and_then(|rest| rest.find(word)) else { continue };
        let start = from.saturating_add(at);
        let end = start.saturating_add(word.len());
        from = end;
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or_default();
        if word == "INST" {
            let turn = if before.ends_with("[/") { Turn::Assistant } else { Turn::User };
            if after.starts_with(']') {
                found.push((end.saturating_add(1), turn));
            }
            continue;
        }
        let Some(turn) = Turn::of(word) else { continue };
        let opened = before.ends_with(['<', '|', '[', '｜', '>', '@'])
            && !before.ends_with("</")
            // `<tool>` is the title of a list as often as the beginning of a turn.
            && (turn != Turn::Tool || !before.ends_with('<'));
        let titled = before.ends_with("### ") || before.ends_with("## ");
        let line = before.is_empty() || before.ends_with(['\n', '>']);
        let begins = opened || titled || (line && after.trim_start().starts_with(':'));
        if begins {
            found.push((end, turn));
        }
    }
    found
}

/// A text in the parts that belong to one turn each.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut from = 0usize;
    let ends = headers(text).into_iter().map(|(end, _)| end).chain([text.len()]);
    ends.map(move |end| {
        let part = text.get(from..end).unwrap_or_default();
        from = end;
        part
    })
}

/// Runs of letters, digits and `_`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Text without its control tokens: `<…>`, `[…]` and their like, where no space stands in them.
pub(super) fn without_tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '[']) {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let close = if tag.starts_with('<') { '>' } else { ']' };
        let end = tag.char_indices().take(64).find(|(_, c)| *c == close).map(|(at, _)| at);
        let token = end.and_then(|end| tag.get(..end));
        if let Some(token) =
            token.filter(|token| !token.contains([' ', '\n', '"', '/']) || token.starts_with("</"))
        {
            out.push(' ');
            rest = tag.get(token.len().saturating_add(1)..).unwrap_or_default();
        } else {
            out.push_str(tag.get(..1).unwrap_or_default());
            rest = tag.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// The control tokens of a text: `<…>` and `[…]` without spaces.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '[']) {
        let tag = rest.get(at..).unwrap_or_default();
        let close = if tag.starts_with('<') { '>' } else { ']' };
        let inner = tag.get(1..).unwrap_or_default();
        let end = inner.char_indices().take(48).find(|(_, c)| {
            *c == close || matches!(c, '<' | '[' | ' ' | '\n' | '"' | '\'' | '{' | ',')
        });
        match end {
            Some((end, c)) if c == close && end > 0 => {
                let length = end.saturating_add(2);
                found.push(tag.get(..length).unwrap_or_default());
                rest = tag.get(length..).unwrap_or_default();
            }
            _ => rest = inner,
        }
    }
    found
}

/// Sentences of prose: words of a language, four or more (in scripts without spaces: eight
/// characters), normalized so that spacing, case and marks do not count.
pub(super) fn sentences(text: &str) -> Vec<String> {
    let text = without_tokens(text);
    let mut found = Vec::new();
    for part in text.split(|c| {
        matches!(c, '.' | '!' | '?' | '\n' | ':' | ';' | '。' | '！' | '？' | '"' | '{' | '}')
    }) {
        let normal = normalized(part);
        if is_prose(&normal) {
            found.push(normal);
        }
    }
    found
}

/// Lower case, only letters and digits, one space between words.
pub(super) fn normalized(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '_'))) {
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word.to_lowercase());
    }
    out
}

fn is_prose(normal: &str) -> bool {
    let wide = normal.chars().filter(|c| is_unspaced(*c)).count();
    // Six words behind each other with `_` between them are no name.
    let strung = |word: &str| word.split('_').filter(is_spelled).count() >= 6;
    normal.split(' ').filter(is_spelled).count() >= 4 || wide >= 8 || normal.split(' ').any(strung)
}

/// Whether a word is one of a language: two letters or more, of which a few may be misspelt as
/// digits, as filters on words are got around.
fn is_spelled(word: &&str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let begins = word.starts_with(char::is_alphabetic);
    letters > 1
        && letters > digits.saturating_mul(2)
        && (begins || digits == 0)
        && word.chars().all(|c| c.is_alphabetic() || c.is_ascii_digit() || c == '\'')
}

/// Letters of scripts that write no spaces.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff
        | 0x3400..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// How many words of a language a text has besides its tokens.
pub(super) fn word_count(text: &str) -> usize {
    let text = without_tokens(text);
    let spaced = words(&text).filter(is_spelled).count();
    let wide = text.chars().filter(|c| is_unspaced(*c)).count();
    spaced.saturating_add(wide.checked_div(3).unwrap_or_default())
}

/// How many letters a text has besides its tokens.
pub(super) fn letters(text: &str) -> usize {
    without_tokens(text).chars().filter(|c| c.is_alphabetic()).count()
}

/// Whether a text is words and marks of a language, and no syntax of calls.
pub(super) fn is_plain(text: &str) -> bool {
    !without_tokens(text).contains(['<', '>', '{', '}', '[', ']', '=', '"', '|', '｜', '_', '\\'])
}

/// Whether a text that is looked for in messages is a control marker, and no word of a language.
pub(super) fn is_marker(text: &str) -> bool {
    let bare = without_tokens(text);
    let bare = bare.trim();
    if let Some(switch) = bare.strip_prefix('/') {
        return switch.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            && switch.contains("think");
    }
    let run = |keep: fn(char) -> bool| {
        bare.split(|c: char| !keep(c)).map(|run| run.chars().count()).max().unwrap_or_default()
    };
    run(char::is_alphabetic) < 2 && run(|c| c.is_ascii_digit()) < 2
}

/// A run that looks like base64 or hex, long enough to hold a sentence.
pub(super) fn blob(text: &str) -> Option<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-')))
        .find(|run| {
            let count = |keep: fn(&u8) -> bool| run.bytes().filter(keep).count();
            let digits = count(u8::is_ascii_digit);
            let hex = run.len() >= 48 && run.bytes().all(|b| b.is_ascii_hexdigit()) && digits > 4;
            let mixed = run.len() >= 40
                && digits > 1
                && count(u8::is_ascii_uppercase) > 4
                && count(u8::is_ascii_lowercase) > 4
                && count(|b| matches!(b, b'_' | b'-' | b'/')) < 4;
            hex || mixed
        })
}

/// A character that nobody sees: what it is called, and where it stands.
pub(super) fn hidden(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut before = '\0';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = chars.peek().map_or('\0', |(_, c)| *c);
        let name = match u32::from(c) {
            0xe_0000..=0xe_007f => Some("a tag character"),
            0x202a..=0x202e | 0x2066..=0x2069 => Some("a bidirectional control"),
            0x200b | 0x2060..=0x2064 => Some("a zero-width character"),
            0xfeff if at > 0 => Some("a zero-width character"),
            // Joiners belong to emoji and to several scripts; between Latin letters they hide.
            0x200c | 0x200d if before.is_ascii() || after.is_ascii() => Some("a zero-width joiner"),
            0xe_0100..=0xe_01ef => Some("a variation selector"),
            // One selector behind a sign is how emoji are written; several carry data.
            0xfe00..=0xfe0f
                if before.is_ascii_alphanumeric()
                    || matches!(u32::from(before), 0xfe00..=0xfe0f | 0xe_0100..=0xe_01ef) =>
            {
                Some("a variation selector")
            }
            0x180e | 0x115f | 0x1160 | 0x3164 | 0xffa0 => Some("a filler that shows nothing"),
            0xfff9..=0xfffb => Some("an annotation control"),
            _ => None,
        };
        found.extend(name.map(|name| (at, name)));
        before = c;
    }
    found
}

/// What tag characters spell.
pub(super) fn tagged(text: &str) -> String {
    text.chars()
        .filter_map(|c| u32::from(c).checked_sub(0xe_0000))
        .filter(|code| (0x20..0x7f).contains(code))
        .filter_map(char::from_u32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whose_turn_begins() {
        let turns =
            |text: &str| headers(text).into_iter().map(|(_, turn)| turn).collect::<Vec<_>>();
        assert_eq!(
            turns("<|im_start|>system\nx<|im_end|>\n<|im_start|>user\n"),
            [Turn::System, Turn::User]
        );
        assert_eq!(turns("[INST] x [/INST]"), [Turn::User, Turn::Assistant]);
        assert_eq!(turns("### Instruction:\nx\n### Response:\n"), [Turn::User, Turn::Assistant]);
        assert_eq!(turns("<|user|>\nx<|end|>\n<|assistant|>"), [Turn::User, Turn::Assistant]);
        assert_eq!(turns("<start_of_turn>model\n"), [Turn::Assistant]);
        assert_eq!(turns("help the user with the model </assistant>"), []);
    }

    #[test]
    fn tells_markers_from_words() {
        for marker in ["</think>", "<think>", "\n", "", "/no_think", "[IMG]", "&", "<|channel|>"] {
            assert!(is_marker(marker), "{marker}");
        }
        for word in ["login", "<form action", "2027", "please", "模型", "/etc/passwd", "[x] login"]
        {
            assert!(!is_marker(word), "{word}");
        }
    }

    #[test]
    fn sees_what_nobody_sees() {
        for text in ["a\u{200b}b", "\u{e0061}", "a\u{202e}b", "a\u{fe01}", "a\u{200d}b"] {
            assert_eq!(hidden(text).len(), 1, "{text:?}");
        }
        for text in ["\u{feff}x", "❤\u{fe0f}", "👩\u{200d}💻", "می\u{200c}خواهم", "｜▁"]
        {
            assert_eq!(hidden(text), [], "{text:?}");
        }
    }

    #[test]
    fn finds_sentences_and_blobs() {
        assert_eq!(
            sentences("<|im_start|>system\nYou are  a Helpful assistant."),
            ["you are a helpful assistant"]
        );
        assert_eq!(sentences("{'name': x} user"), Vec::<String>::new());
        assert!(blob("X19pbXBvcnRfXygnb3MnKS5zeXN0ZW0oJ2VjaG8gcHduZWQnKQ==").is_some());
        assert_eq!(
            blob("<|start_of_role|>an_ordinary_but_rather_long_name_of_something_else"),
            None
        );
    }
}
