//! What stands in place of content that is stored elsewhere.

use vocabulary::Untrusted;

/// Why the content is not here, where a text is a pointer of Git LFS or of Xet.
pub(crate) fn because(text: &str) -> Option<String> {
    let value = |key: &str| {
        text.lines().find_map(|line| {
            let rest = line.trim().strip_prefix(key)?;
            rest.starts_with([' ', '=']).then(|| rest.trim_matches([' ', '=', '\'', '"']))
        })
    };
    let shown =
        |key: &str| value(key).map_or("not told".into(), |v| Untrusted::new(v).shortened(90));
    let lfs =
        ["version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/"];
    if lfs.iter().any(|begin| text.starts_with(begin)) {
        return Some(format!(
            "it is a Git LFS pointer: the content it stands for ({} bytes, {}) is not here",
            shown("size"),
            shown("oid"),
        ));
    }
    if text.trim_start_matches(['#', ' ']).starts_with("xet version") {
        return Some(format!(
            "it is a Xet pointer: the content it stands for ({} bytes, {}) is not here",
            shown("filesize"),
            shown("hash"),
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_missing() {
        let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 42\n";
        assert!(because(lfs).unwrap().contains("(42 bytes, sha256:ab12)"));
        let xet = "# xet version 0\nfilesize = 10\nhash = 'cd34'\n";
        assert!(because(xet).unwrap().contains("(10 bytes, cd34)"));
        assert_eq!(because("version 1\n"), None);
    }
}
