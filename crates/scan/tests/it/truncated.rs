//! What real libraries wrote, cut short: it is never clear.

use std::fs;
use std::path::Path;

use vocabulary::{Limits, Outcome, Severity};

/// Files up to this length are cut at every byte.
const SMALL: usize = 2 << 10;
/// Lengths that are tried of a larger file.
const CUTS: usize = 24;

/// A page whose file may be whole before its end: after a pickle that stops another may stand.
const EXEMPT: &str = "several-pickles-in-one-file.md";

/// A beginning of a text is a text, a tape ends in blocks of zeros, and GGUF in padding. A picture
/// or a recording is loaded by no loader of models, whole or not, and the log of a training run ends
/// where the run ended. They are cut all the same: nothing may panic.
fn may_end_anywhere(name: &str, bytes: &[u8]) -> bool {
    let media: [&[u8]; 4] = [b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF"];
    media.iter().any(|magic| bytes.starts_with(magic))
        || std::str::from_utf8(bytes).is_ok()
        || bytes.get(257..262) == Some(b"ustar")
        || bytes.starts_with(b"GGUF")
        || bytes.starts_with(b":W&B")
        || name.contains(".tfevents.")
}

#[test]
fn no_beginning_of_a_model_is_clear() {
    let mut faults = Vec::new();
    let mut cuts = 0;
    super::harmless::visit(&forge::harmless_dir(), &mut |page, text| {
        for block in forge::blocks(text) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let recipe = block.recipe().expect("a recipe");
            forge::write_to(&recipe, folder.path()).expect("the sample is written");
            for (name, bytes) in files(folder.path()) {
                let exempt = may_end_anywhere(&name, &bytes) || page.ends_with(EXEMPT);
                for len in lens(bytes.len(), exempt) {
                    cuts += 1;
                    let cut = bytes[..len].to_vec();
                    let may_be_clear = exempt || is_whole(&name, &cut);
                    let outcome = scan::scan_bytes(&name, cut, Limits::default());
                    if is_clear(&outcome) && !may_be_clear {
                        faults.push(format!(
                            "{page}: `{name}` of {} bytes cut to {len}",
                            bytes.len()
                        ));
                    }
                }
            }
        }
    });
    assert!(cuts > 100_000, "only {cuts} cuts");
    assert!(faults.is_empty(), "{} of {cuts}:\n{}", faults.len(), faults.join("\n"));
}

/// Whether a beginning is a file of its own: three letters are a text, and whole fields of a protocol
/// buffer are a whole message, of which nothing says how many there are.
fn is_whole(name: &str, cut: &[u8]) -> bool {
    fn varint(bytes: &[u8], at: &mut usize) -> Option<usize> {
        let mut value = 0;
        for shift in (0..28).step_by(7) {
            let byte = usize::from(*bytes.get(*at)?);
            *at += 1;
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
    fn fields(bytes: &[u8]) -> Option<()> {
        let mut at = 0;
        while at < bytes.len() {
            match varint(bytes, &mut at)? & 7 {
                0 => drop(varint(bytes, &mut at)?),
                2 => at += varint(bytes, &mut at)?,
                _ => return None,
            }
        }
        (at == bytes.len()).then_some(())
    }
    let of_fields = [".onnx", ".pb"].iter().any(|end| name.ends_with(end));
    std::str::from_utf8(cut).is_ok() || of_fields && fields(cut).is_some()
}

/// Where a file is cut.
fn lens(whole: usize, exempt: bool) -> Vec<usize> {
    if whole <= SMALL && !exempt {
        return (3..whole).collect();
    }
    let mut lens: Vec<usize> = (1..CUTS).map(|n| whole * n / CUTS).collect();
    lens.extend([whole - 2, whole - 1]);
    lens.retain(|len| *len > 2);
    lens
}

fn is_clear(outcome: &Outcome) -> bool {
    outcome.worst() <= Some(Severity::Low) && !outcome.is_incomplete()
}

/// Files of a folder that are longer than a few bytes, with their names.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a file");
        if bytes.len() > 8 {
            found.push((name, bytes));
        }
    }
    found
}
