//! The paths that files of an upload may have.

/// The longest path, and the longest part of one, in bytes.
const LONGEST: usize = 1024;
const LONGEST_PART: usize = 255;
/// Folders within folders.
const DEEPEST: usize = 32;

/// A path as it was given, where it may be one; otherwise why not. What is refused here is what would
/// be another path, or none, on some machine that the files are written to.
pub(crate) fn checked(path: &str) -> Result<&str, &'static str> {
    if path.is_empty() {
        return Err("it is empty");
    }
    if path.len() > LONGEST {
        return Err("it is longer than 1024 bytes");
    }
    if path.chars().any(char::is_control) {
        return Err("it holds a control character");
    }
    if path.contains('\\') {
        return Err("it holds a backslash; folders end in `/`");
    }
    if path.starts_with('/') {
        return Err("it is absolute");
    }
    if path.split('/').count() > DEEPEST {
        return Err("it is deeper than 32 folders");
    }
    for part in path.split('/') {
        match part {
            "" => return Err("a part of it is empty"),
            "." | ".." => return Err("it holds `.` or `..`"),
            part if part.len() > LONGEST_PART => return Err("a part is longer than 255 bytes"),
            part if is_drive(part) => return Err("it names a drive"),
            _ => {}
        }
    }
    Ok(path)
}

/// `C:` and what follows.
fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic()) && chars.next() == Some(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_name_and_leads_nowhere() {
        let long = "a".repeat(256);
        let longer = "a/".repeat(600);
        let deep = ["a"; 40].join("/");
        for path in [
            "",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "/etc/passwd",
            "//a",
            "a//b",
            "a/",
            "a\\b",
            "..\\a",
            "\\\\host\\share",
            "C:/a",
            "c:a",
            "a/D:b",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "\u{85}",
            &long,
            &longer,
            &deep,
        ] {
            assert!(checked(path).is_err(), "{path:?}");
        }
        for path in [
            "a",
            "a.b",
            "...",
            "..a",
            "a..",
            "a/b/c.safetensors",
            "ä/ö",
            "a b",
            "~",
            "-rf",
            "a%2e",
            "con",
            "<script>",
            "\u{202e}txt",
            ":a",
            "12:a",
        ] {
            assert_eq!(checked(path), Ok(path));
        }
    }
}
