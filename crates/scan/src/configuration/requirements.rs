//! Files that say which packages to install, and where from.

use vocabulary::Untrusted;

use super::{Kind, Reading, Remark};

/// Hosts that packages are ordinarily fetched from: the index, and the indexes that vendors of
/// hardware and frameworks keep for their builds.
const INDEXES: &[&str] = &[
    "aiinfra.pkgs.visualstudio.com",
    "conda.anaconda.org",
    "data.pyg.org",
    "download.openmmlab.com",
    "download.pytorch.org",
    "files.pythonhosted.org",
    "pypi.nvidia.com",
    "pypi.ngc.nvidia.com",
    "pypi.org",
    "pypi.python.org",
    "pytorch-geometric.com",
    "repo.anaconda.com",
    "storage.googleapis.com",
    "wheels.vllm.ai",
    "flashinfer.ai",
    "abetlen.github.io",
];

/// Forges on which the projects keep their code.
const FORGES: &[&str] = &[
    "bitbucket.org",
    "codeberg.org",
    "github.com",
    "gitlab.com",
    "huggingface.co",
    "raw.githubusercontent.com",
];

/// Keys of TOML, INI and YAML whose value packages are fetched from.
const SOURCES: &[&str] =
    &["channels", "find-links", "find_links", "git", "source", "sources", "url"];

/// Characters that end a line to Python.
const ENDS: &[char] =
    &['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
/// Lines of a file that are looked at.
const LINES: usize = 20_000;
/// Bytes of a line that goes on over several.
const LONGEST: usize = 64 << 10;

/// Whether installers read a file of this name.
pub(crate) fn is_one(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let text = [".txt", ".in", ".pip", ".req"].iter().any(|end| base.ends_with(end));
    let listed = base.contains("require")
        || base.contains("constraints")
        || name.to_ascii_lowercase().contains("requirements/");
    (text && listed)
        || matches!(
            base.as_str(),
            "pipfile" | "pip.conf" | "pip.ini" | "pyproject.toml" | "setup.cfg" | "uv.toml"
        )
        || ((base.ends_with(".yaml") || base.ends_with(".yml"))
            && ["conda", "environment", "python_env", "env."]
                .iter()
                .any(|word| base.starts_with(word)))
}

/// What the lines of such a file say of where packages come from.
pub(crate) fn read(name: &str, text: &str) -> Reading {
    let ends = [".txt", ".in", ".pip", ".req", ".yaml", ".yml"];
    // Paths stand in TOML and INI for other reasons.
    let lists = ends.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let mut out = Reading::default();
    let mut at = 0u64;
    let mut start = 0u64;
    let mut held = String::new();
    for line in text.split_inclusive(ENDS).take(LINES) {
        let end = at.saturating_add(line.len() as u64);
        let bare = line.trim_end_matches(ENDS);
        if held.is_empty() {
            start = at;
        }
        at = end;
        // A backslash at the end of a line goes on with the next.
        match bare.strip_suffix('\\') {
            Some(part) if held.len() < LONGEST => held.push_str(part),
            _ => {
                held.push_str(bare);
                judge(&held, start, lists, &mut out);
                held.clear();
            }
        }
    }
    if !held.is_empty() {
        judge(&held, start, lists, &mut out);
    }
    out
}

/// A line as an installer takes it apart.
struct Line<'a> {
    text: &'a str,
    /// The first word, without the dash and quotes of a list of YAML.
    first: &'a str,
    /// The item itself, without dashes.
    item: &'a str,
}

fn judge(line: &str, at: u64, lists: bool, out: &mut Reading) {
    let line = line.trim().trim_start_matches('\u{feff}');
    if line.starts_with(['#', ';']) {
        return;
    }
    // `#egg=` is no comment: one begins after a space.
    let text = line.split_once(" #").map_or(line, |(before, _)| before.trim_end());
    let plain = text.strip_prefix("- ").map_or(text, str::trim_start);
    let plain = plain.trim_matches(['"', '\'', ',']);
    let first = plain.split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
    let item = plain.trim_start_matches(['-', ' ']);
    let line = Line { text: plain, first, item };
    if let Some(other) = included(plain).filter(|other| lists && !is_one(other)) {
        let shown = Untrusted::new(other).shortened(120);
        out.gaps
            .push(format!("it lists more packages in `{shown}`, which is not read as such a list"));
    }
    if let Some((kind, what)) = source(&line, lists) {
        let message = format!("{what}: `{}`", Untrusted::new(text).shortened(160));
        out.remarks.push(Remark { kind, at, message, evidence: Vec::new() });
    }
}

fn source(line: &Line<'_>, lists: bool) -> Option<(Kind, &'static str)> {
    // pip takes any beginning of an option for it that is the beginning of no other.
    let option =
        |full: &str, least: &str| full.starts_with(line.first) && line.first.starts_with(least);
    if option("--trusted-host", "--t") || line.item.starts_with("trusted-host") {
        return Some((Kind::ForeignSource, "it waives the check of a host's certificate"));
    }
    if line.first == "backend-path" {
        return Some((Kind::DirectSource, "a build runs code of this folder"));
    }
    let found: Vec<&str> = addresses(line.text);
    if found.is_empty() {
        if !lists {
            return None;
        }
        let word = line.text.split_whitespace().next().unwrap_or_default();
        let folder = ["./", "../", "/"].iter().any(|start| word.starts_with(start));
        if option("--find-links", "--f") || line.first == "-f" {
            return Some((Kind::DirectSource, "packages are installed from a folder"));
        }
        let index = option("--index-url", "--i") || option("--extra-index-url", "--ex");
        if index || line.first.starts_with("-i") {
            return Some((Kind::ForeignSource, "packages come from another index"));
        }
        if option("--editable", "--e") || line.first == "-e" {
            return Some((Kind::DirectSource, "a package is installed from a folder"));
        }
        let local = is_package(word) || folder && !line.first.starts_with('-');
        return local.then_some((Kind::DirectSource, "a package is installed from a file"));
    }
    // Homepages and the like stand in the same files; only what is fetched counts.
    let key = line.item.split(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).next();
    let names_source = line.first.starts_with('-')
        || line.text.contains(" @ ")
        || key.is_some_and(|key| SOURCES.contains(&key) || key.contains("index"));
    let mut direct = false;
    for address in found {
        let bare = line.text.starts_with(address) || address.contains('+') || is_package(address);
        if !bare && !names_source {
            continue;
        }
        let Some(host) = host(address) else { continue };
        let scheme = address.split("://").next().unwrap_or_default().to_ascii_lowercase();
        let plain = !matches!(
            scheme.as_str(),
            "https" | "git+https" | "git+ssh" | "ssh" | "hg+https" | "svn+https" | "bzr+https"
        );
        let (index, forge) = (INDEXES.contains(&host.as_str()), FORGES.contains(&host.as_str()));
        if plain || !(index || forge) {
            return Some((Kind::ForeignSource, "packages come from elsewhere than the index"));
        }
        direct |= forge;
    }
    direct.then_some((Kind::DirectSource, "a package comes from a repository"))
}

/// The file that a line has pip read as well.
fn included(text: &str) -> Option<&str> {
    let full = |text| ["--requirement", "--constraint"].iter().any(|name| name.starts_with(text));
    let path = match text.split_once(['=', ' ', '\t']) {
        Some((word, path)) if word.len() > 3 && full(word) => path,
        _ => text.strip_prefix("-r").or_else(|| text.strip_prefix("-c"))?,
    };
    Some(path.trim_matches(['"', '\'', ' ', '\t', '=']))
}

/// Whether a path or address ends as packages do.
fn is_package(path: &str) -> bool {
    let path = path.split(['#', '?']).next().unwrap_or(path).to_ascii_lowercase();
    [".whl", ".tar.gz", ".zip"].iter().any(|end| path.ends_with(end))
}

/// The addresses in a line, with the scheme in full.
fn addresses(line: &str) -> Vec<&str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ']' | '}' | '<' | '>');
    line.split(ends)
        .filter_map(|word| {
            let scheme = word.find("://")?;
            let before = word.get(..scheme)?;
            let start = before
                .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
                .map_or(0, |at| at.saturating_add(1));
            word.get(start..)
        })
        .collect()
}

/// The host of an address, in lower case, without user and port.
fn host(address: &str) -> Option<String> {
    let rest = address.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        read("requirements.txt", text).remarks.iter().map(|remark| remark.kind).collect()
    }

    #[test]
    fn tells_where_packages_come_from() {
        use Kind::{DirectSource as Direct, ForeignSource as Foreign};
        for (line, wanted) in [
            ("torch==2.1.0", None),
            ("torch>=2  # see https://example.invalid/x", None),
            ("# --index-url http://example.invalid", None),
            ("--index-url https://pypi.org/simple", None),
            ("--extra-index-url https://download.pytorch.org/whl/cu121", None),
            ("-f https://download.pytorch.org/whl/torch_stable.html", None),
            ("--index-url https://example.invalid/simple", Some(Foreign)),
            ("--index-url=https://example.invalid/simple", Some(Foreign)),
            ("--extra-index-url http://pypi.org/simple", Some(Foreign)),
            ("--extra-index-url https://pypi.org@example.invalid/simple", Some(Foreign)),
            ("-i https://example.invalid/simple", Some(Foreign)),
            ("--find-links ./wheels", Some(Direct)),
            ("--extra-ind https://example.invalid/x", Some(Foreign)),
            ("--index-url \\\n  https://example.invalid/x", Some(Foreign)),
            ("-r https://example.invalid/requirements.txt", Some(Foreign)),
            ("-c constraints.txt", None),
            ("-r requirements/base.txt", None),
            ("torch # x\r--index-url https://example.invalid/x", Some(Foreign)),
            ("torch # x\u{2028}--index-url https://example.invalid/x", Some(Foreign)),
            ("--extra-index-url http:\"\"//example.invalid/x", Some(Foreign)),
            ("-ihttps://example.invalid/x", Some(Foreign)),
            ("torch --config-settings=a=b", None),
            ("--trusted-host example.invalid", Some(Foreign)),
            ("git+https://github.com/huggingface/transformers.git@v4.57.1", Some(Direct)),
            ("transformers @ git+https://github.com/huggingface/transformers", Some(Direct)),
            ("git+https://example.invalid/x.git", Some(Foreign)),
            ("git+http://github.com/x/y", Some(Foreign)),
            ("x @ https://example.invalid/x-1.0-py3-none-any.whl", Some(Foreign)),
            ("https://example.invalid/x-1.0.tar.gz", Some(Foreign)),
            ("./x-1.0-py3-none-any.whl", Some(Direct)),
            ("-e .", Some(Direct)),
            ("  - --extra-index-url https://example.invalid/x", Some(Foreign)),
            ("  - git+https://github.com/a/b", Some(Direct)),
            ("  - mlflow==3.1", None),
            ("url = \"https://example.invalid/simple\"", Some(Foreign)),
            ("url = \"https://pypi.org/simple\"", None),
            ("urls = {homepage = \"https://example.invalid\"}", None),
            ("index = {url = \"https://example.invalid/simple\"}", Some(Foreign)),
            ("homepage = \"https://example.invalid\"", None),
            ("dependencies = [\"x @ git+https://example.invalid/x\"]", Some(Foreign)),
        ] {
            assert_eq!(kinds(line), wanted.into_iter().collect::<Vec<_>>(), "{line}");
        }
    }

    #[test]
    fn tells_of_lists_under_other_names() {
        for line in
            ["-r deps.txt", "-rdeps.txt", "--req=deps.txt", "-c \\\n x", "--constraint a.in"]
        {
            assert_eq!(read("requirements.txt", line).gaps.len(), 1, "{line}");
        }
        for line in ["-r requirements-dev.txt", "-c ../constraints.txt", "-e .", "torch"] {
            assert!(read("requirements.txt", line).gaps.is_empty(), "{line}");
        }
    }

    #[test]
    fn knows_the_files_by_name() {
        for name in [
            "requirements.txt",
            "a/requirements-dev.txt",
            "Requirements.TXT",
            "conda.yaml",
            "pyproject.toml",
            "requirements/base.txt",
        ] {
            assert!(is_one(name), "{name}");
        }
        assert!(!is_one("vocab.txt") && !is_one("config.yaml"));
    }
}
