//! Which entries of a folder a signature is about, and what it leaves out.

use std::collections::BTreeMap;

use artifact::tree::{Entry, EntryKind, FileEntry, Tree};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;
use vocabulary::Untrusted;

use super::NEVER_SIGNED;

/// Why something is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A file or folder that Model Signing never signs: `.git`, `.gitattributes`, `.github`,
    /// `.gitignore` at the top.
    NeverSigned,
    /// Left out by the signer.
    LeftOutBySigner,
    /// Left out by whoever signs or verifies now.
    LeftOut,
    /// A file that nobody signed, and that was to be tolerated.
    Unsigned,
    /// The link itself; what it leads to may be covered.
    Link,
    /// A file without bytes, which shards do not list.
    EmptyFile,
    /// A folder without anything in it.
    EmptyFolder,
    /// Mode bits: that files may be run.
    ModeBits,
    /// Names that look the same and are not.
    NamesAlike,
    /// A name with characters that do not print.
    OddName,
}

impl What {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NeverSigned => "never signed by Model Signing",
            Self::LeftOutBySigner => "left out by the signer",
            Self::LeftOut => "left out on request",
            Self::Unsigned => "not signed",
            Self::Link => "a symbolic link",
            Self::EmptyFile => "an empty file, which shards do not list",
            Self::EmptyFolder => "an empty folder",
            Self::ModeBits => "may be run, which no signature covers",
            Self::NamesAlike => "a name that looks like another one",
            Self::OddName => "a name with characters that do not print",
        }
    }
}

/// Something in the model that the signature does not cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// Where; of several files, the first.
    pub path: Untrusted,
    /// Why.
    pub what: What,
    /// How many files.
    pub files: u64,
    /// How many bytes they hold.
    pub bytes: u64,
}

impl Uncovered {
    pub(super) fn new(path: impl Into<Untrusted>, what: What, bytes: u64) -> Self {
        Self { path: path.into(), what, files: 1, bytes }
    }
}

/// What somebody wants left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeaveOut<'a> {
    /// Paths relative to the root; with everything below them.
    pub(super) paths: &'a [String],
    /// The signature's own file, where it lies in the model.
    pub(super) bundle: Option<&'a str>,
}

/// The entries of a model, sorted out.
#[derive(Debug, Default)]
pub(super) struct Scope<'t> {
    /// Regular files by their path.
    pub(super) files: BTreeMap<&'t str, &'t FileEntry>,
    /// Everything else that would have to be covered.
    pub(super) others: Vec<&'t Entry>,
    /// What is left out, the sum of each path.
    pub(super) left_out: Vec<Uncovered>,
}

impl<'t> Scope<'t> {
    pub(super) fn of(tree: &'t Tree, leave_out: LeaveOut<'_>) -> Self {
        let mut scope = Self::default();
        let mut left: BTreeMap<(&str, What), (u64, u64)> = BTreeMap::new();
        for entry in &tree.entries {
            let path = entry.path.raw();
            if !tree.single && leave_out.bundle == Some(path) {
                continue;
            }
            if !tree.single
                && let Some(rule) = leave_out.rule(path)
            {
                let sum = left.entry(rule).or_default();
                let bytes = match &entry.kind {
                    EntryKind::File(file) => file.len,
                    _ => 0,
                };
                *sum = (sum.0.saturating_add(1), sum.1.saturating_add(bytes));
                continue;
            }
            match &entry.kind {
                EntryKind::File(file) if entry.utf8 => {
                    scope.files.insert(path, file);
                }
                _ => scope.others.push(entry),
            }
        }
        scope.left_out = left
            .into_iter()
            .map(|((path, what), (files, bytes))| Uncovered {
                path: path.into(),
                what,
                files,
                bytes,
            })
            .collect();
        scope
    }
}

impl<'a> LeaveOut<'a> {
    fn rule(self, path: &str) -> Option<(&'a str, What)> {
        let default = NEVER_SIGNED.into_iter().find(|rule| is_at_or_below(path, rule));
        let default = default.map(|rule| (rule, What::NeverSigned));
        default.or_else(|| {
            let mut wanted = self.paths.iter().map(String::as_str);
            wanted.find(|rule| is_at_or_below(path, rule)).map(|rule| (rule, What::LeftOut))
        })
    }
}

/// Whether a path is another one or stands below it.
pub(super) fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path as lists of ignored paths hold it: relative, without `.` and doubled or trailing `/`.
/// `None` where it leads out, is empty, or holds a glob character (specification, 6.2.1).
pub(super) fn clean(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['*', '?', '[', '\0']) {
        return None;
    }
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

/// What no signature of this kind covers, and what nobody sees by looking at names.
pub(super) fn beside_content(tree: &Tree, scope: &Scope<'_>) -> Vec<Uncovered> {
    let mut seen = Vec::new();
    for folder in &tree.empty_folders {
        seen.push(Uncovered { path: folder.clone(), what: What::EmptyFolder, files: 0, bytes: 0 });
    }
    let mut runnable = scope.files.iter().filter(|(_, file)| file.mode & 0o7111 != 0);
    if let Some((first, file)) = runnable.next() {
        let more = runnable.map(|(_, file)| file.len);
        let (files, bytes) = more.fold((1u64, file.len), |(files, bytes), len| {
            (files.saturating_add(1), bytes.saturating_add(len))
        });
        seen.push(Uncovered { path: (*first).into(), what: What::ModeBits, files, bytes });
    }
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in scope.files.keys() {
        if !path.is_ascii() {
            alike.entry(path.nfc().collect()).or_default().push(path);
        }
        if path.chars().any(char::is_control) {
            seen.push(Uncovered::new(*path, What::OddName, 0));
        }
    }
    for paths in alike.into_values().filter(|paths| paths.len() > 1) {
        seen.extend(paths.into_iter().map(|path| Uncovered::new(path, What::NamesAlike, 0)));
    }
    seen
}
