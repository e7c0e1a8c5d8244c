//! Licences: what is written, and the SPDX identifier where there is one.

use artifact::Blob;
use vocabulary::Untrusted;

use super::{Claim, Licence, Tier};

/// Identifiers of the SPDX License List that models and data carry, as that list writes them.
///
/// Source: <https://spdx.org/licenses/>.
const IDS: &[&str] = &[
    "0BSD",
    "AFL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSL-1.0",
    "BUSL-1.1",
    "C-UDA-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "CDLA-Sharing-1.0",
    "ECL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "GFDL-1.3-only",
    "GFDL-1.3-or-later",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "LPPL-1.3c",
    "MIT",
    "MIT-0",
    "MPL-1.1",
    "MPL-2.0",
    "MS-PL",
    "NCSA",
    "O-UDA-1.0",
    "ODbL-1.0",
    "ODC-By-1.0",
    "OFL-1.1",
    "OSL-3.0",
    "PDDL-1.0",
    "PostgreSQL",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// What begins the text of a licence, after blanks are joined and case is dropped.
const TEXTS: &[(&str, &str)] = &[
    ("apache license version 2.0", "Apache-2.0"),
    ("mit license", "MIT"),
    ("the mit license", "MIT"),
    ("gnu affero general public license version 3", "AGPL-3.0-only"),
    ("gnu general public license version 3", "GPL-3.0-only"),
    ("gnu general public license version 2", "GPL-2.0-only"),
    ("gnu lesser general public license version 3", "LGPL-3.0-only"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("attribution 4.0 international", "CC-BY-4.0"),
    ("attribution-sharealike 4.0 international", "CC-BY-SA-4.0"),
    ("attribution-noncommercial 4.0 international", "CC-BY-NC-4.0"),
    ("creative commons legal code cc0 1.0 universal", "CC0-1.0"),
    ("this is free and unencumbered software", "Unlicense"),
];

/// The SPDX identifier of what is written, where that is one in any case of letters.
pub(super) fn id(text: &str) -> Option<&'static str> {
    IDS.iter().copied().find(|id| id.eq_ignore_ascii_case(text.trim()))
}

/// A licence that somebody names.
pub(super) fn named(text: &Untrusted, link: Option<Untrusted>, source: &str) -> Licence {
    let claim = Claim::new(text.clone(), Tier::Declared, source);
    Licence { id: id(text.raw()), claim, link }
}

/// Whether a file of this name holds the text of a licence.
pub(super) fn is_text(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    matches!(stem.as_str(), "license" | "licence" | "copying")
}

/// The licence whose text a file begins with. A text that is not known has the file's name: it is
/// there, and nobody guesses what it permits.
pub(super) fn of_text(blob: &Blob, path: &str) -> Licence {
    let head = String::from_utf8_lossy(&blob.bytes_at(0, 4096)).to_lowercase();
    let words: Vec<&str> = head.split_whitespace().take(60).collect();
    let joined = words.join(" ");
    // A `version` that stands after a comma or a date does not end the title.
    let joined = joined.replace("license, version", "license version");
    let known = TEXTS.iter().find(|(title, _)| joined.starts_with(title));
    let link = Some(path.into());
    if let Some((_, id)) = known {
        return Licence { id: Some(id), claim: Claim::new(*id, Tier::Inferred, path), link };
    }
    let claim = Claim::new(format!("text of {path}"), Tier::Declared, path);
    Licence { id: None, claim, link }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_identifiers_and_texts_and_does_not_guess() {
        assert_eq!(id("apache-2.0"), Some("Apache-2.0"));
        assert_eq!(id(" MIT "), Some("MIT"));
        for other in ["llama3.1", "openrail", "gpl-3.0", "other", ""] {
            assert_eq!(id(other), None, "{other}");
        }
        let of = |text: &str| of_text(&Blob::from_vec(text.as_bytes().to_vec()), "LICENSE").id;
        assert_eq!(of("\n   Apache License\n   Version 2.0, January 2004\n"), Some("Apache-2.0"));
        assert_eq!(of("MIT License\n\nCopyright (c) 2026"), Some("MIT"));
        assert_eq!(of("LLAMA 3.1 COMMUNITY LICENSE AGREEMENT"), None);
        assert_eq!(of("Not the MIT License"), None);
        assert!(is_text("LICENSE.txt") && is_text("COPYING") && !is_text("licenses.json"));
    }
}
