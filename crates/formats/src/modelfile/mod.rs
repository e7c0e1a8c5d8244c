//! Ollama's `Modelfile`: instructions, one a line, whose text may go on over lines between quotes.

use vocabulary::Untrusted;

/// Instructions that are kept.
pub const MAX_KEPT: usize = 10_000;

const COMMANDS: [&str; 8] =
    ["adapter", "from", "license", "message", "parameter", "requires", "system", "template"];

/// A `Modelfile`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Modelfile {
    /// Its instructions, in order.
    pub instructions: Vec<Instruction>,
    /// Byte offsets of lines that are no instruction.
    pub strange: Vec<u64>,
    /// Whether more instructions stand in it than are kept, or text that does not end.
    pub incomplete: bool,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its name in lower case: `from`, `template`, `system`, `message`, `adapter`, …
    pub command: &'static str,
    /// Its text, without the quotes around it.
    pub text: Untrusted,
    /// Byte offset of the text.
    pub at: u64,
}

/// Whether a text is one: a line says what the model is made from, another is an instruction that no
/// other file of lines has.
pub fn is(text: &str) -> bool {
    let mut words = text.lines().filter_map(|line| line.trim_start().split_whitespace().next());
    let mut from = false;
    let mut other = false;
    for word in words.by_ref().take(2000) {
        let word = word.to_ascii_lowercase();
        from |= word == "from";
        other |=
            matches!(word.as_str(), "template" | "system" | "parameter" | "adapter" | "message");
        // What builds containers begins alike.
        if matches!(word.as_str(), "run" | "copy" | "entrypoint" | "workdir") {
            return false;
        }
    }
    from && other
        && text.trim_start().chars().next().is_some_and(|c| c == '#' || c.is_ascii_alphabetic())
}

/// Reads one.
pub fn read(text: &str) -> Modelfile {
    let mut out = Modelfile::default();
    let mut at = 0usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line_end = rest.find(['\n', '\r']).map_or(rest.len(), |end| end.saturating_add(1));
        let line = rest.get(..line_end).unwrap_or_default();
        let bare = line.trim_start();
        let start = at.saturating_add(line.len().saturating_sub(bare.len()));
        at = at.saturating_add(line_end);
        if bare.trim().is_empty() || bare.starts_with('#') {
            continue;
        }
        let word = bare.split_whitespace().next().unwrap_or_default();
        let command = COMMANDS.iter().find(|command| word.eq_ignore_ascii_case(command));
        let Some(command) = command else {
            if out.strange.len() < MAX_KEPT {
                out.strange.push(start as u64);
            }
            continue;
        };
        // The text may begin lines further down.
        let mut from = behind_spaces(text, start.saturating_add(word.len()));
        // Where quotes open behind `MESSAGE role`, they are of its text.
        let mut role = "";
        if *command == "message" || *command == "parameter" {
            let args = text.get(from..).unwrap_or_default();
            role = args.split_whitespace().next().unwrap_or_default();
            from = behind_spaces(text, from.saturating_add(role.len()));
        }
        let rest = text.get(from..).unwrap_or_default();
        let quote = ["\"\"\"", "\""].into_iter().find(|quote| rest.starts_with(quote));
        let value = if let Some(quote) = quote {
            let inner = rest.get(quote.len()..).unwrap_or_default();
            let end = closing(inner, quote);
            out.incomplete |= end.is_none();
            let value = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
            let past =
                from.saturating_add(quote.len().saturating_mul(2)).saturating_add(value.len());
            from = from.saturating_add(quote.len());
            at = at.max(past.min(text.len()));
            value
        } else {
            let value = rest.split(['\n', '\r']).next().unwrap_or_default();
            at = at.max(from.saturating_add(value.len()));
            value.trim_end()
        };
        if out.instructions.len() >= MAX_KEPT {
            out.incomplete = true;
            break;
        }
        let value = if role.is_empty() { value.to_owned() } else { format!("{role} {value}") };
        out.instructions.push(Instruction { command, text: value.into(), at: from as u64 });
    }
    out
}

/// Where the text goes on behind spaces and ends of lines.
fn behind_spaces(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at.saturating_add(rest.len().saturating_sub(rest.trim_start().len()))
}

/// Where the quotes close: the first that end a line do, and those before stand in the text.
fn closing(inner: &str, quote: &str) -> Option<usize> {
    inner.match_indices(quote).map(|(at, _)| at).find(|at| {
        let behind = inner.get(at.saturating_add(quote.len())..).unwrap_or_default();
        let behind = behind.trim_start_matches([' ', '\t']);
        behind.is_empty() || behind.starts_with(['\n', '\r'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness;

    const SAMPLE: &str = "# made from\nFROM ./model.gguf\nPARAMETER stop \"<|im_end|>\"\n\
        TEMPLATE \"\"\"{{ if .System }}\n{{ .System }}{{ end }}\"\"\"\nsystem You are x.\n\
        MESSAGE user \"\"\"a\nb\"\"\"\nADAPTER ../a.gguf\nnonsense\n";

    #[test]
    fn reads_instructions() {
        assert!(is(SAMPLE));
        assert!(!is("FROM python:3.11\nRUN pip install x\nSYSTEM x\n"));
        assert!(!is("from: me\nto: you\n"));
        let file = read(SAMPLE);
        let told: Vec<(&str, &str)> =
            file.instructions.iter().map(|one| (one.command, one.text.raw())).collect();
        assert_eq!(
            told,
            [
                ("from", "./model.gguf"),
                ("parameter", "stop <|im_end|>"),
                ("template", "{{ if .System }}\n{{ .System }}{{ end }}"),
                ("system", "You are x."),
                ("message", "user a\nb"),
                ("adapter", "../a.gguf"),
            ]
        );
        assert_eq!(file.strange.len(), 1);
        assert!(!file.incomplete);
        assert!(read("FROM x\nSYSTEM \"\"\"a").incomplete);
    }

    #[test]
    fn ends_text_where_ollama_does() {
        let told = |text: &str| {
            let file = read(text);
            file.instructions.iter().map(|one| one.text.raw().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told("SYSTEM \"a\" b \"\nFROM c"), ["a\" b ", "c"]);
        assert_eq!(told("SYSTEM \"\"\"a\"\"\" b\n\"\"\" \nFROM c"), ["a\"\"\" b\n", "c"]);
        assert_eq!(told("SYSTEM\n\n\n a\nFROM c"), ["a", "c"]);
        assert_eq!(told("# x\rSYSTEM a\rFROM c"), ["a", "c"]);
        assert_eq!(told("PARAMETER stop \"x\"\r\nMESSAGE user a"), ["stop x", "user a"]);
    }

    #[test]
    fn survives_any_text() {
        harness::survive(SAMPLE.as_bytes(), |blob| {
            read(&String::from_utf8_lossy(&blob.bytes_at(0, 1 << 16)));
        });
    }
}
