//! What a dotted name of a library does when source code calls it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::Kind;
use crate::effects::{self, Effects, Known};
use crate::packs;

/// What the pack says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Does(Kind),
    Decodes,
    Calm,
}

struct Index {
    exact: BTreeMap<&'static str, Says>,
    below: BTreeMap<&'static str, Says>,
    touchy: Vec<&'static str>,
    standard: Vec<&'static str>,
    /// Libraries that are known, by the name that is imported.
    libraries: BTreeSet<&'static str>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index {
            exact: BTreeMap::new(),
            below: BTreeMap::new(),
            touchy: Vec::new(),
            standard: Vec::new(),
            libraries: BTreeSet::new(),
        };
        for line in
            packs::text("python-code", "acts.txt").lines().filter(|line| !line.starts_with('#'))
        {
            let mut words = line.split_whitespace();
            let says = match words.next() {
                Some("process") => Says::Does(Kind::Process),
                Some("exec") => Says::Does(Kind::Exec),
                Some("install") => Says::Does(Kind::Install),
                Some("network") => Says::Does(Kind::Network),
                Some("native") => Says::Does(Kind::Native),
                Some("unpickle") => Says::Does(Kind::Unpickle),
                Some("delete") => Says::Does(Kind::Delete),
                Some("write") => Says::Does(Kind::Write),
                Some("read") => Says::Does(Kind::SensitiveRead),
                Some("tamper") => Says::Does(Kind::Tamper),
                Some("indirect") => Says::Does(Kind::Indirect),
                Some("fetch") => Says::Does(Kind::Fetch),
                Some("environment") => Says::Does(Kind::Environment),
                Some("background") => Says::Does(Kind::Background),
                Some("decode") => Says::Decodes,
                Some("calm") => Says::Calm,
                Some("touchy") => {
                    index.touchy.extend(words);
                    continue;
                }
                Some("library") => {
                    index.libraries.extend(words);
                    continue;
                }
                Some("standard") => {
                    index.standard.extend(words);
                    continue;
                }
                _ => continue,
            };
            for name in words {
                index.libraries.extend(name.split(['.', '*']).next());
                match name.strip_suffix('*') {
                    Some(start) => index.below.insert(start, says),
                    None => index.exact.insert(name, says),
                };
            }
        }
        index.touchy.sort_unstable();
        index.standard.sort_unstable();
        index
    })
}

/// Whether it is a module whose attributes are not to be chosen by computed names.
pub(super) fn is_touchy(path: &str) -> bool {
    index().touchy.binary_search(&path).is_ok()
}

/// Whether the name is one of the standard library.
pub(super) fn is_standard(path: &str) -> bool {
    let top = path.split('.').next().unwrap_or(path);
    index().standard.binary_search(&top).is_ok()
}

/// Whether a module is of a library that somebody has looked at.
pub(super) fn is_known_library(module: &str) -> bool {
    let top = module.split('.').next().unwrap_or(module);
    is_standard(top)
        || index().libraries.contains(top)
        || !matches!(effects::lookup(top, "").known, Known::Unknown(_))
}

fn listed(path: &str) -> Option<Says> {
    let index = index();
    if let Some(says) = index.exact.get(path) {
        return Some(*says);
    }
    // The longest beginning: names and starts alike are few, and paths short.
    let mut end = path.len();
    while end > 0 {
        if let Some(says) = path.get(..end).and_then(|start| index.below.get(start)) {
            return Some(*says);
        }
        end = end.saturating_sub(1);
    }
    None
}

/// The answers so far: the same names come again and again.
#[derive(Default)]
pub(super) struct Names {
    told: BTreeMap<String, (Option<Says>, String)>,
}

impl Names {
    /// What the object of that dotted name does, and its real name.
    pub(super) fn says(&mut self, path: &str) -> (Option<Says>, String) {
        /// No real name is longer.
        const LONGEST: usize = 400;
        if path.len() > LONGEST {
            return (None, path.chars().take(80).collect());
        }
        if let Some(told) = self.told.get(path) {
            return told.clone();
        }
        let answer = answer(path);
        self.told.insert(path.to_owned(), answer.clone());
        answer
    }
}

/// What calling the object of that dotted name does that is not calm, and its real name.
pub(super) fn does(path: &str) -> Option<(Kind, String)> {
    match answer(path) {
        (Some(Says::Does(kind)), real) if real.contains('.') => Some((kind, real)),
        _ => None,
    }
}

fn answer(path: &str) -> (Option<Says>, String) {
    if let Some(says) = index().exact.get(path) {
        return (Some(*says), path.to_owned());
    }
    let Some((module, name)) = path.split_once('.') else {
        return (listed(path), path.to_owned());
    };
    let resolved = effects::lookup(module, name);
    let real = resolved.path;
    let moved = real != path && !real.starts_with(path);
    if moved
        && let Some(says) = listed(&real)
        && says != Says::Calm
    {
        return (Some(says), real);
    }
    if let Some(says) = listed(path) {
        // `torch.utils.data.os.system`: what hangs in a calm library need not be of it.
        let foreign = if says == Says::Calm { through_a_stranger(path) } else { None };
        return foreign.unwrap_or_else(|| (Some(says), path.to_owned()));
    }
    if matches!(resolved.known, Known::Unknown(_)) {
        return through_a_stranger(path).unwrap_or((None, path.to_owned()));
    }
    let effects = match resolved.known {
        Known::Function { effects, .. } => effects,
        Known::Class { call, .. } => call,
        Known::Module(_) | Known::Data | Known::Unknown(_) => Effects::NONE,
    };
    // A worst case that could not be followed to its end says nothing about a call in source code,
    // and of the large libraries most functions reach everything.
    let judged = is_standard(&real)
        || !effects::has_generated(&real)
        || effects::reviewed(&real).is_some_and(|own| own == effects);
    if !judged || effects.contains(Effects::UNRESOLVED) {
        return (None, real);
    }
    let kind = if effects.contains(Effects::EXECUTES) {
        Some(Kind::Exec)
    } else if effects.contains(Effects::NATIVE) {
        Some(Kind::Native)
    } else if effects.contains(Effects::NETWORK) {
        Some(Kind::Network)
    } else if effects.contains(Effects::UNPICKLES) {
        Some(Kind::Unpickle)
    } else {
        None
    };
    (kind.map(Says::Does), real)
}

/// `library.module.os.system`: a module of the standard library that hangs somewhere in a library
/// that no pack knows.
fn through_a_stranger(path: &str) -> Option<(Option<Says>, String)> {
    for (at, _) in path.match_indices('.') {
        let rest = path.get(at.saturating_add(1)..)?;
        let rest = rest.strip_prefix('_').filter(|rest| is_touchy_start(rest)).unwrap_or(rest);
        if is_touchy_start(rest) && rest.contains('.') {
            let (says, real) = answer(rest);
            if matches!(says, Some(Says::Does(_))) {
                return Some((says, real));
            }
        }
    }
    None
}

fn is_touchy_start(path: &str) -> bool {
    is_touchy(path.split('.').next().unwrap_or(path))
}

/// What is known of files by the way that leads to them.
pub(super) fn is_sensitive(path: &str) -> Option<&'static str> {
    const WAYS: [(&str, &str); 34] = [
        (".ssh/", "SSH keys"),
        ("id_rsa", "SSH keys"),
        ("id_ed25519", "SSH keys"),
        ("authorized_keys", "SSH keys"),
        (".aws/", "cloud credentials"),
        (".config/gcloud", "cloud credentials"),
        (".azure/", "cloud credentials"),
        (".kube/config", "cluster credentials"),
        (".docker/config.json", "registry credentials"),
        (".netrc", "passwords"),
        (".git-credentials", "passwords"),
        (".pgpass", "passwords"),
        (".pypirc", "passwords"),
        (".npmrc", "passwords"),
        (".gnupg", "private keys"),
        ("/etc/shadow", "passwords"),
        ("/etc/passwd", "accounts"),
        ("/etc/sudoers", "accounts"),
        ("/etc/cron", "scheduled jobs"),
        ("/etc/ld.so.preload", "the loader's libraries"),
        ("/etc/profile", "what shells run at their start"),
        (".bashrc", "what shells run at their start"),
        (".zshrc", "what shells run at their start"),
        (".bash_profile", "what shells run at their start"),
        (".bash_history", "what was typed in a shell"),
        ("/environ", "the environment"),
        ("/proc/self/mem", "memory"),
        ("/var/run/secrets", "cluster credentials"),
        ("/var/run/docker.sock", "the container engine"),
        ("huggingface/token", "a Hugging Face token"),
        ("Login Data", "saved passwords of a browser"),
        ("logins.json", "saved passwords of a browser"),
        ("wallet.dat", "a wallet"),
        ("crontab", "scheduled jobs"),
    ];
    let path = path.replace('\\', "/");
    let ends = [(".ssh", "SSH keys"), (".aws", "cloud credentials"), (".gnupg", "private keys")];
    WAYS.iter()
        .find(|(way, _)| path.contains(way))
        .map(|(_, what)| *what)
        .or_else(|| ends.iter().find(|(way, _)| path.ends_with(way)).map(|(_, what)| *what))
}

/// Whether a variable of the environment holds a secret, by its name.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let parts = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "APIKEY"];
    let exact = ["AWS_ACCESS_KEY_ID", "SSH_AUTH_SOCK"];
    (parts.iter().any(|part| name.contains(part)) && !name.contains("TOKENIZER"))
        || name.ends_with("_KEY")
        || exact.contains(&name.as_str())
}

/// Whether setting a variable of the environment changes what later processes load or trust.
pub(super) fn is_steering(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("LD_")
        || name.starts_with("DYLD_")
        || matches!(
            name.as_str(),
            "PATH"
                | "PYTHONPATH"
                | "PYTHONHOME"
                | "PYTHONSTARTUP"
                | "PYTHONINSPECT"
                | "PYTHONBREAKPOINT"
                | "HTTP_PROXY"
                | "HTTPS_PROXY"
                | "ALL_PROXY"
                | "HF_ENDPOINT"
                | "HF_HUB_ENDPOINT"
                | "TRUST_REMOTE_CODE"
                | "PIP_INDEX_URL"
                | "PIP_EXTRA_INDEX_URL"
                | "REQUESTS_CA_BUNDLE"
                | "SSL_CERT_FILE"
                | "CURL_CA_BUNDLE"
                | "PYTHONHTTPSVERIFY"
                | "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
                | "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
        )
}
