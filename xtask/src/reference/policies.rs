//! The shipped policies, from their files.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use toml::Value;

use crate::repo::Repo;

/// One section for each `policies/<name>.toml` of the tree.
pub(super) fn page(repo: &Repo) -> Result<String> {
    let mut text = String::new();
    for (path, source) in repo.texts(".toml") {
        if path.rsplit('/').nth(1) != Some("policies") || path.contains("/tests/") {
            continue;
        }
        let policy: toml::Table = source.parse().with_context(|| format!("`{path}`"))?;
        let told = |key: &str| policy.get(key).and_then(Value::as_str).unwrap_or_default();
        let _ = write!(text, "\n## {}\n\n{}\n\n", told("name"), told("description"));
        match told("extends") {
            "" => {
                let (refuse, review) = (told("refuse"), told("review"));
                let _ = writeln!(text, "- refuses findings of severity `{refuse}` and above");
                let _ = writeln!(text, "- leaves to a person findings of `{review}` and above");
            }
            base => {
                let _ = writeln!(
                    text,
                    "- asks for everything that [{base}](#{base}) asks for, and more"
                );
            }
        }
        if let Some(formats) = policy.get("formats").and_then(Value::as_array)
            && !formats.is_empty()
        {
            let formats: Vec<_> = formats.iter().filter_map(Value::as_str).collect();
            let _ = writeln!(text, "- formats that may be loaded: {}", formats.join(", "));
        }
        let _ = write!(text, "\n```toml\n{}\n```\n", source.trim());
    }
    if text.is_empty() {
        return Ok(text);
    }
    let intro = "The policies that are built into the binary. `--policy NAME` takes one of them, \
                 `--policy FILE` one of your own.\n";
    Ok(format!("{intro}{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_a_policy_asks_for() -> Result<()> {
        let source = "name = \"strict\"\ndescription = \"data alone\"\nrefuse = \"medium\"\n\
                      review = \"low\"\nformats = [\"safetensors\", \"gguf\"]\n";
        let page = page(&Repo::of(&[("packs/policies/strict.toml", source)]))?;
        for part in ["## strict", "data alone", "`medium`", "safetensors, gguf", "```toml"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        Ok(())
    }

    #[test]
    fn other_toml_files_are_no_policies() -> Result<()> {
        let files = [("Cargo.toml", "x = 1"), ("crates/gate/tests/policies/a.toml", "x = 1")];
        assert_eq!(page(&Repo::of(&files))?, "");
        Ok(())
    }
}
