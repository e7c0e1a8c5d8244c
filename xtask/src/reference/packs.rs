//! The knowledge packs, from their manifests.

use std::fmt::Write as _;

/// One table of the packs, and the sources of each.
pub(super) fn page() -> String {
    let packs = scan::packs::all();
    let mut text = String::from(
        "What the rules know, as data that is built into the binary. Each pack is a folder of text \
         files with a manifest, `packs/<name>/PACK.toml`. The digest of every pack that was used \
         stands in each report; `weighbridge packs` lists them, `--packs DIR` takes others of the \
         same names from `DIR/<name>`.\n\n\
         | pack | what it tells | date | sources | SHA-256 |\n|---|---|---|---|---|\n",
    );
    for pack in packs {
        let it = &pack.manifest;
        let digest = it.sha256.get(..16).unwrap_or(&it.sha256);
        let (name, count) = (&it.name, it.source.len());
        let _ = writeln!(
            text,
            "| [{name}](#{name}) | {} | {} | {count} | `{digest}…` |",
            it.about.replace('|', "\\|"),
            it.date
        );
    }
    for pack in packs {
        let it = &pack.manifest;
        let size: usize = pack.files.iter().map(|(_, text)| text.len()).sum();
        let _ = write!(
            text,
            "\n## {}\n\n{}.\n\n- date: {}\n- generator: {}\n- SHA-256: `{}`\n- size: {} files, {size} \
             bytes\n- sources:\n",
            it.name,
            it.about,
            it.date,
            it.generator,
            it.sha256,
            pack.files.len()
        );
        for source in &it.source {
            let url = source.url.as_ref().map(|url| format!(", <{url}>")).unwrap_or_default();
            let digest = source.sha256.as_ref().map(|d| format!(", `{d}`")).unwrap_or_default();
            let _ = writeln!(text, "  - {} {}{url}{digest}", source.name, source.version);
        }
    }
    text
}
