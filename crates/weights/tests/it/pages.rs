//! The pages of `tests/pages/`: files of PyTorch and numpy, and what the safetensors package makes
//! of their tensors, byte for byte.

use std::fmt::Write as _;
use std::path::Path;

use artifact::Blob;
use weights::convert::Options;

use crate::sample::{converted, page, sha256};

fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    #[allow(clippy::disallowed_methods, reason = "the pages are part of the test")]
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    assert!(pages.len() > 10);
    pages
}

/// The lines of the `expect` block.
fn expected(markdown: &str) -> impl Iterator<Item = &str> {
    let (_, block) = markdown.split_once("```expect\n").unwrap();
    block.split_once("\n```").unwrap().0.lines()
}

/// The tensors of a safetensors file, as the `expect` block writes them.
fn listed(file: &[u8]) -> Vec<String> {
    let read = formats::safetensors::read(&Blob::from_vec(file.to_vec()));
    assert_eq!(read.oddities, []);
    let line = |entry: &formats::safetensors::TensorEntry| {
        let tensor = &entry.tensor;
        let bytes = &file[usize::try_from(tensor.data.start).unwrap()..]
            [..usize::try_from(tensor.data.len()).unwrap()];
        format!(
            "{} {} {:?} {}",
            sha256(bytes),
            tensor.dtype.unwrap(),
            tensor.shape,
            python_json(tensor.name.raw())
        )
    };
    read.tensors.iter().map(line).collect()
}

/// As `json.dumps` writes text.
fn python_json(text: &str) -> String {
    let mut out = String::new();
    for c in serde_json::to_string(text).unwrap().encode_utf16() {
        match u8::try_from(c) {
            Ok(byte) if byte < 0x80 => out.push(byte.into()),
            _ => write!(out, "\\u{c:04x}").unwrap(),
        }
    }
    out
}

#[test]
fn files_of_the_libraries_convert_to_what_safetensors_writes() {
    for (name, markdown) in pages() {
        let file = converted(page(&markdown), &Options::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines: Vec<&str> = expected(&markdown).collect();
        assert_eq!(listed(&file), lines[1..], "{name}");
        assert_eq!(format!("file {}", sha256(&file)), lines[0], "{name}: the whole file");
    }
}

#[test]
fn what_is_cut_off_or_changed_never_panics_nor_passes_for_whole() {
    for (name, markdown) in pages() {
        let whole = page(&markdown);
        let good = converted(whole.clone(), &Options::default()).unwrap();
        let npy = name.starts_with("npy");
        for cut in (0..whole.len()).rev().step_by(if whole.len() > 3000 { 11 } else { 1 }) {
            let Some(collected) = crate::sample::collect(whole[..cut].to_vec()) else { continue };
            if let Ok(plan) = weights::convert::plan(&collected, &Options::default()) {
                panic!("{name} cut at {cut} still gives {} tensors", plan.tensors());
            }
        }
        // A changed byte may change the data of a format without checksums, but nothing breaks.
        for at in (0..whole.len()).step_by(1 + whole.len() / 500) {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            let Some(collected) = crate::sample::collect(changed) else { continue };
            for tensors_only in [false, true] {
                let options = Options { tensors_only, max_output: Some(1 << 20) };
                let Ok(plan) = weights::convert::plan(&collected, &options) else { continue };
                let mut out = Vec::new();
                plan.write(&mut out).unwrap();
                // Everything in a zip stands under a CRC, except for its own headers.
                let checked = !npy && !name.ends_with("legacy") && !tensors_only;
                assert!(!checked || out == good, "{name}: byte {at}");
            }
        }
    }
}

/// Files of `torch.save` among the harmless samples, and what is said where they are more than
/// tensors.
#[test]
fn harmless_files_convert_or_say_why_not() {
    let folder = forge::harmless_dir().join("torch");
    #[allow(clippy::disallowed_methods, reason = "the pages are part of the test")]
    let mut pages: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut said = String::new();
    for page in pages {
        #[allow(clippy::disallowed_methods, reason = "the pages are part of the test")]
        let markdown = std::fs::read_to_string(&page).unwrap();
        let name = page.file_stem().unwrap().to_str().unwrap();
        for block in forge::blocks(&markdown) {
            for (path, item) in block.recipe().unwrap().build().unwrap() {
                let forge::Item::File(bytes) = item else { continue };
                let Some(collected) = crate::sample::collect(bytes.clone()) else { continue };
                let names: Vec<&str> = collected.arrays.iter().map(|a| a.name.raw()).collect();
                let names = names.join(" ");
                let told = match converted(bytes, &Options::default()) {
                    Ok(_) => names,
                    Err(error) => format!("{}\n  tensors alone: {names}", without_offsets(&error)),
                };
                writeln!(said, "{name}/{path}: {told}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(said);
}

/// An error without what changes when a page is written anew.
fn without_offsets(error: &weights::convert::Error) -> String {
    let text = error.to_string();
    let mut parts = text.split(" (at byte ");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(part.split_once(')').unwrap().1);
    }
    out
}
