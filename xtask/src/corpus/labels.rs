//! `labels.csv`: which paths of a folder are hostile, which are harmless, and why.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

/// The file with the labels, in the folder that it speaks of.
pub(super) const FILE: &str = "labels.csv";

/// One path and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Labelled {
    /// A file or a folder, from the folder that holds the labels.
    pub(super) path: String,
    /// What it is.
    pub(super) label: Label,
    /// What a hostile one tries, what a harmless one is.
    pub(super) technique: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Label {
    #[serde(alias = "malicious")]
    Hostile,
    #[serde(alias = "benign")]
    Harmless,
}

/// The labels of a folder, in the order of the file.
pub(super) fn read(folder: &Path) -> Result<Vec<Labelled>> {
    let file = folder.join(FILE);
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "cannot read `{}`\nhint: its first line is `path,label,technique`; a label is \
             `hostile` or `harmless`",
            file.display()
        )
    })?;
    let mut rows = Vec::new();
    for row in csv::Reader::from_reader(text.as_bytes()).deserialize() {
        let row: Labelled = row.with_context(|| format!("`{}`", file.display()))?;
        let inside = Path::new(&row.path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || !folder.join(&row.path).exists() {
            bail!("`{}` names `{}`, which is not in the folder", file.display(), row.path);
        }
        rows.push(row);
    }
    if rows.is_empty() {
        bail!("`{}` labels nothing", file.display());
    }
    Ok(rows)
}

/// Writes the labels of a folder.
pub(super) fn write(folder: &Path, rows: &[Labelled]) -> Result<()> {
    let mut writer = csv::Writer::from_path(folder.join(FILE))?;
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(writer.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_the_other_words() {
        let folder =
            std::env::temp_dir().join(format!("weighbridge-labels-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("a, b.pkl"), "").expect("a file");
        let row = Labelled {
            path: "a, b.pkl".to_owned(),
            label: Label::Hostile,
            technique: "says \"x\"".to_owned(),
        };
        write(&folder, std::slice::from_ref(&row)).expect("labels are written");
        assert_eq!(read(&folder).expect("labels are read"), std::slice::from_ref(&row));
        let text = "path,label,technique\n\"a, b.pkl\",malicious,\"says \"\"x\"\"\"\n";
        fs::write(folder.join(FILE), text).expect("labels");
        assert_eq!(read(&folder).expect("labels are read"), [row]);
        for wrong in ["../a", "/etc/passwd", "missing"] {
            fs::write(folder.join(FILE), format!("path,label,technique\n{wrong},benign,x\n"))
                .expect("labels");
            assert!(read(&folder).is_err(), "{wrong}");
        }
        fs::remove_dir_all(&folder).expect("the folder is removed");
    }
}
