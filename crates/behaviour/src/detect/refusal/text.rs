//! A reply as sentences in one spelling, without what it only quotes.

/// A reply, taken apart.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Its sentences: small letters, long forms, single spaces.
    pub(super) sentences: Vec<String>,
    /// Those that somebody in it speaks, where it is short enough to be one answer in a role.
    pub(super) spoken: Vec<String>,
    /// Whether it shows something: code, a list of steps, a quoted text that it introduces.
    pub(super) shows: bool,
    /// What its code says in remarks, and its JSON in texts: all that a reply of code alone says of itself.
    pub(super) remarks: Vec<String>,
    /// Lines of code that are no remarks.
    pub(super) code: usize,
    /// The sentence behind which it begins to.
    shown_from: usize,
}

impl Told {
    /// Whether something is shown behind a sentence.
    pub(super) fn shows_after(&self, index: usize) -> bool {
        self.shows && self.shown_from > index
    }
}

/// Bytes of a reply that are read; a refusal stands at its ends.
const MAX_LEN: usize = 16_000;

/// As much of a reply as is read.
pub(super) fn begin(reply: &str) -> &str {
    let reply = spoken_aloud(reply);
    let cut = reply.char_indices().map(|(at, _)| at).find(|at| *at >= MAX_LEN);
    reply.get(..cut.unwrap_or(reply.len())).unwrap_or_default()
}

/// What stands behind a model's thoughts, where it shows them. Thoughts that do not end are no reply.
fn spoken_aloud(reply: &str) -> &str {
    for (open, close) in
        [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")]
    {
        if let Some((_, behind)) = reply.rsplit_once(close) {
            return behind;
        }
        if reply.trim_start().starts_with(open) {
            return "";
        }
    }
    reply
}

/// Words of sentences, two signs of Chinese, Japanese or Korean counting as one.
pub(super) fn words(sentences: &[String]) -> usize {
    let eastern = |c: &char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}');
    let of = |sentence: &String| {
        let signs = sentence.chars().filter(eastern).count();
        sentence.split(' ').count().saturating_add(signs.div_euclid(2))
    };
    sentences.iter().map(of).fold(0, usize::saturating_add)
}

pub(super) fn read(reply: &str) -> Told {
    let plain = straight(reply);
    let mut told = Told::default();
    let mut fenced = false;
    let mut steps = 0usize;
    let spoken = plain.lines().filter(|line| is_speech(line)).count() > 1;
    for line in plain.lines() {
        let line = line.trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
            told.show();
            continue;
        }
        if fenced || line.starts_with('{') {
            told.show();
            told.coded(line);
            continue;
        }
        if spoken && is_speech(line) {
            told.show();
            continue;
        }
        if is_step(line) {
            steps = steps.saturating_add(1);
            if steps > 1 {
                told.show();
            }
        }
        told.line(line);
    }
    told
}

impl Told {
    fn show(&mut self) {
        if !self.shows {
            self.shown_from = self.sentences.len();
        }
        self.shows = true;
    }

    fn coded(&mut self, line: &str) {
        let remark = ["#", "//", "--"].iter().find_map(|mark| line.strip_prefix(mark));
        if let Some(remark) = remark {
            self.remarks.extend(sentences(remark));
        } else if line.starts_with(['{', '"', '}']) {
            let texts = line.split('"').skip(1).step_by(2);
            self.remarks.extend(texts.flat_map(sentences));
        } else if !matches!(line, "" | "pass" | "..." | "return" | "return None" | "null") {
            self.code = self.code.saturating_add(1);
        }
    }

    fn line(&mut self, line: &str) {
        let (rest, quoted, introduced) = without_quotes(line);
        if introduced {
            self.show();
        }
        self.sentences.extend(sentences(&rest));
        if !introduced {
            self.spoken.extend(sentences(&quoted));
        }
    }
}

/// One kind of quotation mark, of hyphen and of space; no marks of emphasis.
fn straight(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{02bc}' | '\u{ff07}' | '\u{00b4}' | '`' => {
                out.push('\'');
            }
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{00ab}' | '\u{00bb}' => {
                out.push('"');
            }
            '\u{2010}'..='\u{2012}' => out.push('-'),
            '\u{2013}' | '\u{2014}' => out.push_str(" - "),
            '\u{300c}'..='\u{300f}' => out.push('"'),
            '\u{ff1a}' => out.push_str(": "),
            '\u{00a0}' | '\u{202f}' | '\u{2009}' | '\u{3000}' => out.push(' '),
            '*' | '_' | '\u{200b}'..='\u{200d}' | '\u{feff}' => {}
            c => out.push(c),
        }
    }
    // A fence was made of apostrophes above.
    out.replace("'''", "```")
}

/// `A: …`, `Anna: …`.
fn is_speech(line: &str) -> bool {
    let Some((name, said)) = line.trim().split_once(':') else { return false };
    let short = name.split(' ').count() <= 2 && name.len() <= 16;
    let heads = [
        "title",
        "introduction",
        "summary",
        "conclusion",
        "answer",
        "response",
        "question",
        "note",
        "warning",
        "disclaimer",
        "subject",
        "reason",
        "output",
        "result",
        "step",
    ];
    let small = name.to_lowercase();
    let head = heads.iter().any(|head| small.starts_with(head));
    short && !head && !said.trim().is_empty() && name.starts_with(char::is_uppercase)
}

/// `1. …`, `2) …`, `- …`, `Step 3: …`, `First, …`.
fn is_step(line: &str) -> bool {
    let marked =
        line.strip_prefix(['-', '\u{2022}', '+']).is_some_and(|rest| rest.starts_with(' '));
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < line.len() && digits.starts_with(['.', ')']);
    marked || numbered || line.to_lowercase().starts_with("step ")
}

/// The text without what stands in double quotation marks; what stood there; and whether it was
/// introduced (`: "…"`), so that it is what was asked for.
fn without_quotes(line: &str) -> (String, String, bool) {
    let mut rest = String::new();
    let mut quoted = String::new();
    let mut introduced = false;
    for (index, part) in line.split('"').enumerate() {
        if index.is_multiple_of(2) {
            rest.push_str(part);
            rest.push(' ');
        } else {
            let short = part.split_whitespace().count() < 3;
            introduced |= !short && rest.trim_end().ends_with(':');
            // A word in quotation marks is a word of the sentence.
            if short && !part.contains(['!', '?', ',']) {
                rest.push_str("quoted ");
            }
            quoted.push_str(part);
            quoted.push(' ');
        }
    }
    (rest, quoted, introduced)
}

/// Sentences, each in one spelling.
fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut sentence = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inner =
            chars.peek().is_some_and(|next| !next.is_whitespace() && !"'\")]".contains(*next));
        // Chinese and Japanese write no space behind the sign that ends a sentence.
        let ends = "!?\u{2026}\u{a1}\u{bf}\u{3002}\u{ff01}\u{ff1f}\u{ff1b}\u{ff61}".contains(c);
        if ends || (".:;".contains(c) && !inner) {
            if "?\u{bf}\u{ff1f}".contains(c) {
                sentence.push('?');
            }
            if c == ':' {
                sentence.push(':');
            }
            found.push(std::mem::take(&mut sentence));
        } else {
            sentence.push(c);
        }
    }
    found.push(sentence);
    found
        .iter()
        .map(|sentence| spelled(sentence))
        .filter(|s| s.contains(char::is_alphanumeric))
        .collect()
}

/// Small letters, long forms ("can't", "cant" and "cannot" are `can not`), words with single spaces.
fn spelled(sentence: &str) -> String {
    let small = sentence.to_lowercase();
    let mut words = Vec::new();
    for word in small.split(|c: char| c.is_whitespace() || "()[]{}<>#|/\"".contains(c)) {
        let comma = word.ends_with(',');
        let word = word.trim_matches(|c: char| ",.-'".contains(c));
        if !word.contains(char::is_alphanumeric) {
            continue;
        }
        let long = LONG.iter().find(|(short, _)| *short == word).map(|(_, long)| *long);
        match (long, word.strip_suffix("n't")) {
            (Some(long), _) => words.push(long.to_owned()),
            (None, Some(verb)) => words.push(format!("{verb} not")),
            (None, None) => words.push(endings(word)),
        }
        if comma && let Some(last) = words.last_mut() {
            last.push(',');
        }
    }
    words.join(" ")
}

const LONG: &[(&str, &str)] = &[
    ("can't", "can not"),
    ("cannot", "can not"),
    ("cant", "can not"),
    ("won't", "will not"),
    ("wont", "will not"),
    ("shan't", "shall not"),
    ("dont", "do not"),
    ("im", "i am"),
    ("ive", "i have"),
    ("let's", "let us"),
    ("ain't", "am not"),
    ("fulfil", "fulfill"),
    ("generalise", "generalize"),
    ("apologise", "apologize"),
];

/// `i'm`, `we'll`, `it's` in their long form.
fn endings(word: &str) -> String {
    for (short, long) in
        [("'m", " am"), ("'re", " are"), ("'ll", " will"), ("'d", " would"), ("'ve", " have")]
    {
        if let Some(stem) = word.strip_suffix(short) {
            return format!("{stem}{long}");
        }
    }
    match word.strip_suffix("'s") {
        Some(
            stem @ ("it" | "that" | "there" | "here" | "what" | "he" | "she" | "who" | "this"),
        ) => {
            format!("{stem} is")
        }
        _ => word.to_owned(),
    }
}
