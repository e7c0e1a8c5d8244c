//! Paths and addresses in configurations.

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// Into the folder.
    Inside,
    /// Out of the folder, upwards.
    Up,
    /// To a place of its own on the machine.
    Absolute,
    /// To another machine.
    Remote,
}

/// Where a path leads that is joined to the folder of its file, on any platform.
pub(super) fn leads(path: &str) -> Leads {
    let path = path.trim();
    if let Some((scheme, _)) = path.split_once("://")
        && !scheme.is_empty()
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    {
        return if scheme.eq_ignore_ascii_case("file") { Leads::Absolute } else { Leads::Remote };
    }
    let slashed = path.replace('\\', "/");
    if slashed.starts_with("//") {
        return Leads::Remote;
    }
    let drive = matches!(slashed.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if slashed.starts_with(['/', '~']) || drive {
        return Leads::Absolute;
    }
    // How deep the path stands after each part: below zero it left the folder.
    let mut depth = 0i64;
    for part in slashed.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
        if depth < 0 {
            return Leads::Up;
        }
    }
    Leads::Inside
}

/// A path inside a folder without `.` and `..` parts.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let slashed = path.replace('\\', "/");
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in slashed.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_where_a_path_leads() {
        for (path, wanted) in [
            ("model.pkl", Leads::Inside),
            ("a/../b", Leads::Inside),
            ("./x", Leads::Inside),
            ("..", Leads::Up),
            ("a/../../b", Leads::Up),
            ("..\\b", Leads::Up),
            ("/etc/x", Leads::Absolute),
            ("~/x", Leads::Absolute),
            ("C:\\x", Leads::Absolute),
            ("file:///x", Leads::Absolute),
            ("s3://bucket/x", Leads::Remote),
            ("https://h/x", Leads::Remote),
            ("\\\\host\\share", Leads::Remote),
        ] {
            assert_eq!(leads(path), wanted, "{path}");
        }
        assert_eq!(joined("a/b/", "./c/../d.py"), "a/b/d.py");
        assert_eq!(joined("", "d.py"), "d.py");
    }
}
