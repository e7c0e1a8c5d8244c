//! Scripts of a shell, and command lines in other code: what only an attack writes.
//!
//! No loader of models runs a script. So only what is hostile for sure counts, and it is told by
//! words, not by a parser: a script that hides its words has not been judged.

/// A line of a script that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its byte offset.
    pub(crate) at: u64,
    /// Its number, from one.
    pub(crate) number: u32,
    /// The line, shortened.
    pub(crate) shown: String,
    /// What it does.
    pub(crate) because: &'static str,
}

/// Extensions of scripts of a shell.
const EXTENSIONS: [&str; 5] = ["sh", "bash", "zsh", "ksh", "fish"];
/// The same for the shells of Windows.
const OF_WINDOWS: [&str; 4] = ["bat", "cmd", "ps1", "psm1"];

/// Whether files of that extension are scripts of a shell.
pub(crate) fn is_script(extension: &str) -> bool {
    EXTENSIONS.contains(&extension)
}

/// Whether files of that extension are scripts of a shell of Windows.
pub(crate) fn is_of_windows(extension: &str) -> bool {
    OF_WINDOWS.contains(&extension)
}

/// Whether a file of that name holds command lines among other things: a recipe of a build, a job of
/// a server, a task of an editor, the beginnings of a shell.
pub(crate) fn holds_commands(path: &str) -> bool {
    const NAMES: [&str; 22] = [
        ".bash_profile",
        ".bashrc",
        ".envrc",
        ".gitconfig",
        ".gitlab-ci.yml",
        ".profile",
        ".zshrc",
        "azure-pipelines.yml",
        "cog.yaml",
        "containerfile",
        "devcontainer.json",
        "docker-compose.yaml",
        "docker-compose.yml",
        "dockerfile",
        "gnumakefile",
        "jenkinsfile",
        "justfile",
        "makefile",
        "package.json",
        "taskfile.yml",
        "tasks.json",
        "vagrantfile",
    ];
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    NAMES.contains(&name)
        || name.starts_with("dockerfile.")
        || [".mk", ".dockerfile", ".cmake"].iter().any(|end| name.ends_with(end))
        || path.contains(".github/workflows/")
        || path.contains(".git/hooks/")
}

/// What a script has done so far that a later line may build upon.
#[derive(Default)]
struct Known {
    /// Variables whose text is known.
    variables: Vec<(String, String)>,
    /// Files that it has downloaded.
    fetched: Vec<String>,
}

impl Known {
    /// The line with its variables filled in.
    fn fill(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (name, text) in &self.variables {
            if line.contains('$') && line.len() < 1 << 16 {
                line = line.replace(&format!("${{{name}}}"), text);
                line = line.replace(&format!("${name}"), text);
            }
        }
        line
    }

    /// Remembers what a line sets and downloads.
    fn learn(&mut self, line: &str) {
        /// Variables and files that are kept of one script.
        const KEPT: usize = 64;
        let words: Vec<&str> =
            line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|')).collect();
        for word in &words {
            let Some((name, text)) = word.split_once('=') else { continue };
            let named = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let plain = !text.contains(['$', '`', '(']);
            if named && plain && !name.is_empty() && self.variables.len() < KEPT {
                let text = text.trim_matches(['"', '\'']).to_owned();
                self.variables.push((name.to_owned(), text));
                // The longer name first: `$ab` is not `$a` and a `b`.
                self.variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
            }
        }
        if !fetches(&line.to_ascii_lowercase()) {
            return;
        }
        let mut target = false;
        for word in words.iter().filter(|word| !word.is_empty()) {
            let name = word.trim_start_matches('>').trim_matches(['"', '\'']);
            if (target || (word.starts_with('>') && !name.is_empty())) && self.fetched.len() < KEPT
            {
                self.fetched.push(name.trim_start_matches("./").to_owned());
            }
            target = matches!(*word, ">" | ">>" | "-o" | "-O" | "--output" | "-OutFile");
        }
        self.fetched.retain(|name| name.len() > 1 && !name.starts_with("/dev/"));
    }

    /// Whether a line runs a file that was downloaded before.
    fn runs(&self, line: &str) -> bool {
        line.split([';', '&', '|']).any(|command| {
            let mut words = command.split_whitespace().filter(|word| {
                !matches!(base(word), "sudo" | "exec" | "nohup" | "source" | ".")
                    && !word.starts_with('-')
            });
            let Some(first) = words.next() else { return false };
            let file = if is_interpreter(base(first)) { words.next().unwrap_or("") } else { first };
            let file = file.trim_matches(['"', '\'']).trim_start_matches("./");
            self.fetched.iter().any(|name| name == file)
        })
    }
}

/// The lines of a script that count.
pub(crate) fn judge(text: &str) -> Vec<Line> {
    /// Lines that are told of.
    const LINES: usize = 50;
    let mut found = Vec::new();
    let mut known = Known::default();
    let mut held = String::new();
    let (mut at, mut begin) = (0u64, 0u64);
    let (mut number, mut first) = (0u32, 1u32);
    for raw in text.split_inclusive('\n') {
        number = number.saturating_add(1);
        if held.is_empty() {
            begin = at;
            first = number;
        }
        at = at.saturating_add(raw.len() as u64);
        let line = raw.trim_end();
        // A backslash, a caret or a backtick at the end goes on in the next line.
        if let Some(rest) = line.strip_suffix(['\\', '^', '`'])
            && held.len() < 1 << 16
        {
            held.push_str(rest);
            held.push(' ');
            continue;
        }
        held.push_str(line);
        let whole = std::mem::take(&mut held);
        let code = whole.trim_start();
        let comment = (code.starts_with('#') && !code.starts_with("#!"))
            || code.starts_with("::")
            || code.starts_with("REM ");
        if comment {
            continue;
        }
        known.learn(code);
        let filled = known.fill(code);
        let because = judge_line(&filled)
            .or_else(|| known.runs(&filled).then_some("it downloads a program and runs it"));
        known.learn(&filled);
        if let Some(because) = because {
            let shown: String = code.chars().take(120).collect();
            found.push(Line { at: begin, number: first, shown, because });
        }
        if found.len() >= LINES {
            break;
        }
    }
    found
}

/// What a command line does that only an attack does.
pub(crate) fn judge_line(line: &str) -> Option<&'static str> {
    /// Characters of a line that are looked at.
    const LENGTH: usize = 1 << 16;
    if line.is_empty() {
        return None;
    }
    let lower: String = line.chars().take(LENGTH).collect::<String>().to_ascii_lowercase();
    // Quotes in the middle of words and `${IFS}` are read as the shell reads them.
    let plain: String =
        lower.replace("${ifs}", " ").replace("$ifs", " ").replace(['\'', '"', '\\', '^'], "");
    if plain.contains("/dev/tcp/") || plain.contains("/dev/udp/") {
        return Some("it opens a connection through the shell and hands it on");
    }
    let words: Vec<&str> = plain
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '`'))
        .filter(|word| !word.is_empty())
        .collect();
    let has = |name: &str| words.iter().any(|word| base(word) == name);
    if ["nc", "ncat", "netcat"].iter().any(|name| has(name))
        && words.iter().any(|word| {
            matches!(*word, "-e" | "-c" | "--exec" | "--sh-exec")
                || (word.starts_with('-') && !word.starts_with("--") && word.ends_with('e'))
        })
    {
        return Some("it hands a shell to another machine");
    }
    if has("mkfifo") && (has("nc") || has("ncat") || has("netcat") || has("openssl")) {
        return Some("it hands a shell to another machine");
    }
    if has("socat") && plain.contains("exec:") {
        return Some("it hands a shell to another machine");
    }
    // `… | sh`
    let parts: Vec<&str> = plain.split('|').collect();
    for (n, part) in parts.iter().enumerate().skip(1) {
        let part = part.split(';').next().unwrap_or(part);
        let command = part
            .split_whitespace()
            .find(|word| {
                !matches!(*word, "sudo" | "env" | "nohup" | "exec" | "command" | "&")
                    && !word.contains('=')
                    && !word.starts_with('-')
            })
            .unwrap_or("");
        if !is_interpreter(base(command)) {
            continue;
        }
        // `| python -c "…"` and `| python script.py` read data, not code.
        let given = part.split_whitespace().skip_while(|word| base(word) != base(command)).nth(1);
        let reads_code = given.is_none_or(|word| {
            matches!(word, "-" | "-s" | "-x" | "-e" | "--" | "/dev/stdin")
                || word.starts_with(['>', '2', '&', ';', ')'])
        });
        if !reads_code {
            continue;
        }
        let before = parts.get(..n).unwrap_or_default().join("|");
        if fetches(&before) || before.contains("http://") || before.contains("https://") {
            return Some("it downloads a script and runs it");
        }
        if decodes(&before) {
            return Some("it decodes a script and runs it");
        }
    }
    // `sh -c "$(curl …)"`, `eval $(…)`, `source <(…)`, `iex (…)`.
    let runs = ["eval", "source", "iex", "invoke-expression", "."].iter().any(|name| has(name))
        || words.iter().any(|word| is_interpreter(base(word)));
    let substituted = ["$(", "<(", "`", "iex", "invoke-expression", "iex("]
        .iter()
        .any(|open| plain.contains(open));
    if runs && substituted {
        let inner = plain
            .find("$(")
            .or_else(|| plain.find("<("))
            .or_else(|| plain.find('`'))
            .or_else(|| plain.find("iex"))
            .or_else(|| plain.find("invoke-expression"));
        let after = inner.and_then(|at| plain.get(at..)).unwrap_or(&plain);
        let before = inner.and_then(|at| plain.get(..at)).unwrap_or("");
        let starts = before.split_whitespace().any(|word| {
            is_interpreter(base(word)) || matches!(base(word), "eval" | "source" | "." | "iex")
        }) || after.starts_with("iex")
            || after.starts_with("invoke-expression");
        if starts && fetches(after) {
            return Some("it downloads a script and runs it");
        }
        let escaped = after.contains("printf") && lower.contains("\\x");
        if starts && (decodes(after) || escaped) {
            return Some("it decodes a script and runs it");
        }
    }
    // `python -c "exec(urlopen(…).read())"`
    let inline = words.windows(2).any(
        |two| matches!(two, [one, flag] if is_interpreter(base(one)) && matches!(*flag, "-c" | "-e" | "-r")),
    );
    let executes = ["exec", "eval", "loads", "system"].iter().any(|name| plain.contains(name));
    if inline && executes && (fetches(&plain) || decodes(&plain)) {
        return Some("it runs code that it has downloaded or decoded");
    }
    if words.windows(2).any(|two| matches!(two, ["crontab", "-"])) {
        return Some("it schedules jobs of its own");
    }
    let secret = super::known::is_sensitive(&plain).is_some() || plain.contains("/.ssh");
    if secret && ["curl", "wget", "nc", "ncat", "netcat"].iter().any(|name| has(name)) {
        return Some("it sends secrets to another machine");
    }
    if plain.contains("authorized_keys") && plain.contains('>') {
        return Some("it lets somebody else log in");
    }
    if (has("iex") || has("invoke-expression")) && (fetches(&plain) || decodes(&plain)) {
        return Some("it downloads a script and runs it");
    }
    if has("powershell") || has("powershell.exe") || has("pwsh") {
        let encoded = words.iter().any(|word| {
            word.len() >= 3 && "-encodedcommand".starts_with(word)
                || matches!(*word, "-ec" | "-e" | "-en")
        });
        if encoded {
            return Some("it runs a command that is encoded");
        }
    }
    if (has("certutil") || has("certutil.exe"))
        && (plain.contains("-urlcache") || plain.contains("-decode"))
    {
        return Some("it downloads or decodes a program by a tool of the system");
    }
    if has("bitsadmin") && plain.contains("/transfer") {
        return Some("it downloads a program by a tool of the system");
    }
    if (has("mshta") || has("regsvr32") || has("rundll32"))
        && (plain.contains("http") || plain.contains("javascript:"))
    {
        return Some("it runs a script from another machine");
    }
    // Downloads a file and makes it a program in the same line.
    if fetches(&plain)
        && (plain.contains("chmod +x")
            || plain.contains("chmod 7")
            || plain.contains("chmod a+x")
            || plain.contains("chmod u+x"))
    {
        return Some("it downloads a program and runs it");
    }
    if has("rm") && plain.contains('-') && plain.contains("--no-preserve-root") {
        return Some("it deletes everything");
    }
    if has("rm") && words.windows(3).any(|three| matches!(three, [rm, flags, what] if base(rm) == "rm" && flags.starts_with('-') && flags.contains('r') && flags.contains('f') && matches!(*what, "/" | "/*" | "~" | "~/" | "$home" | "$home/"))) {
        return Some("it deletes everything");
    }
    None
}

/// Whether a line gets something from another machine.
fn fetches(text: &str) -> bool {
    let mut words = text.split(|c: char| {
        c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '`' | '$' | '<')
    });
    words.any(|word| {
        matches!(
            base(word),
            "curl"
                | "wget"
                | "fetch"
                | "aria2c"
                | "iwr"
                | "invoke-webrequest"
                | "irm"
                | "invoke-restmethod"
        )
    }) || text.contains("downloadstring")
        || text.contains("downloaddata")
        || text.contains("urlopen")
        || text.contains("urlretrieve")
        || text.contains("requests.get")
}

/// Whether a line, without its quotes, decodes something.
fn decodes(text: &str) -> bool {
    (text.contains("base64")
        && (text.contains(" -d") || text.contains("--decode") || text.contains(" -di")))
        || text.contains("xxd -r")
        || text.contains("openssl enc -d")
        || text.contains("openssl base64 -d")
        || text.contains("gunzip")
        || text.contains("b64decode")
        || text.contains("frombase64string")
}

/// A command without the folder that it stands in.
fn base(word: &str) -> &str {
    let word = word.rsplit(['/', '\u{5c}']).next().unwrap_or(word);
    let word = word.trim_end_matches(['}', ']', ',']);
    word.strip_suffix(".exe").unwrap_or(word)
}

fn is_interpreter(name: &str) -> bool {
    matches!(
        name,
        "sh" | "bash"
            | "zsh"
            | "dash"
            | "ksh"
            | "ash"
            | "fish"
            | "perl"
            | "ruby"
            | "node"
            | "php"
            | "pwsh"
            | "powershell"
            | "busybox"
    ) || name.starts_with("python")
}
