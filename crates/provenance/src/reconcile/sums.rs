//! Lists of digests as GNU coreutils and BSD write them, and as `b3sum` does.
//!
//! Sources: the manual of GNU coreutils, "md5sum invocation" and "cksum output modes";
//! `md5(1)` of FreeBSD.

use super::{Kind, Of, Source};
use crate::manifest::Algorithm;

/// Reads a list. Its paths count from the folder that it lies in, which is `name` without its last
/// part.
pub(super) fn read(name: &str, text: &str) -> Source {
    let mut source = Source::new(name, Kind::Sums);
    let hint = hint(name);
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(algorithm) = hint.filter(|algorithm| algorithm.read(line.trim()).is_some()) {
            // A digest alone, in `model.bin.sha256`.
            let stem = name.rsplit('/').next().and_then(|base| base.rsplit_once('.'));
            let of = stem.map_or(Of::Unnamed, |(stem, _)| Of::path("", stem));
            source.digest(of, None, algorithm, line.trim());
            continue;
        }
        let Some((algorithm, digest, path)) = line_of(line, hint) else {
            source.fault(format!("line {} is no digest and name", number.saturating_add(1)));
            continue;
        };
        let of = if path == "-" { Of::Unnamed } else { Of::path("", &path) };
        source.digest(of, None, algorithm, &digest);
    }
    source
}

/// Whether a file of this name is a list of digests, as publishers call them.
pub(super) fn is_list(base: &str) -> bool {
    const NAMES: [&str; 9] = [
        "sha256sums",
        "sha512sums",
        "sha1sums",
        "md5sums",
        "b3sums",
        "sha256sum",
        "sha512sum",
        "checksums",
        "checksum",
    ];
    const EXTENSIONS: [&str; 7] = ["sha256", "sha512", "sha1", "md5", "b3", "blake3", "sha256sum"];
    let base = base.to_ascii_lowercase();
    let stem = base.strip_suffix(".txt").unwrap_or(&base);
    let extension = base.rsplit_once('.').map(|(_, extension)| extension);
    NAMES.contains(&stem) || extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
}

/// The algorithm that a file name speaks of.
fn hint(name: &str) -> Option<Algorithm> {
    let base = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    [
        ("sha256", Algorithm::Sha256),
        ("sha512", Algorithm::Sha512),
        ("sha1", Algorithm::Sha1),
        ("md5", Algorithm::Md5),
        ("b3", Algorithm::Blake3),
        ("blake3", Algorithm::Blake3),
    ]
    .into_iter()
    .find_map(|(part, algorithm)| base.contains(part).then_some(algorithm))
}

type Line = (Algorithm, String, String);

fn line_of(line: &str, hint: Option<Algorithm>) -> Option<Line> {
    let (escaped, rest) = match line.strip_prefix('\\') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let name = |text: &str| if escaped { unescaped(text) } else { Some(text.to_owned()) };
    if let Some((algorithm, digest, path)) = tagged(rest) {
        return Some((algorithm, digest.to_owned(), name(path)?));
    }
    let end = rest.bytes().position(|byte| !byte.is_ascii_hexdigit())?;
    let (digest, rest) = rest.split_at_checked(end)?;
    let path = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"))?;
    let fits = |algorithm: &Algorithm| algorithm.size().saturating_mul(2) == digest.len();
    let by_length = || match digest.len() {
        64 => Some(Algorithm::Sha256),
        128 => Some(Algorithm::Sha512),
        40 => Some(Algorithm::Sha1),
        32 => Some(Algorithm::Md5),
        _ => None,
    };
    let algorithm = hint.filter(fits).or_else(by_length)?;
    (!path.is_empty()).then_some((algorithm, digest.to_owned(), name(path)?))
}

/// `SHA256 (name) = digest`
fn tagged(line: &str) -> Option<(Algorithm, &str, &str)> {
    let (tag, rest) = line.split_once(" (")?;
    let (path, digest) = rest.rsplit_once(") = ")?;
    let algorithm = match tag {
        "SHA256" => Algorithm::Sha256,
        "SHA512" => Algorithm::Sha512,
        "SHA1" => Algorithm::Sha1,
        "MD5" => Algorithm::Md5,
        "BLAKE3" => Algorithm::Blake3,
        _ => return None,
    };
    (!path.is_empty()).then_some((algorithm, digest, path))
}

/// A name as coreutils escape it: `\\`, `\n` and `\r`.
fn unescaped(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        name.push(match c {
            '\\' => match rest.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(name)
}

/// The line of `sha256sum` for a file.
pub fn line(digest: &str, path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    let mark = if escaped == path { "" } else { "\\" };
    format!("{mark}{digest}  {escaped}\n")
}
