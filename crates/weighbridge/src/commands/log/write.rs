use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gate::provenance::files::{self, Readers};
use gate::provenance::log::{Checkpoint, Document, Error, Log, Note, Proof, Skey, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::log_key;
use super::{storage, view};
use crate::args::log::{Append, Init, Writer};
use crate::args::{Args, DataFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn init(init: &Init) -> Result<Exit, Failure> {
    let key = log_key(&init.writer, &init.origin)?;
    let state = state(&init.writer, &key)?;
    let log = Log::create(storage(&init.dir)?, key, state)?;
    output::write(&format!("{}\n", log.vkey()), None)?;
    Ok(Exit::Fine)
}

/// A statement that is to be added, and where its receipt goes.
struct Item {
    file: String,
    document: Document,
    receipt: PathBuf,
}

pub(super) fn append(append: &Append, args: &Args) -> Result<Exit, Failure> {
    let items = items(append)?;
    #[cfg(feature = "witness")]
    let asking = super::cosign::Asking::of(&append.ask, args)?;
    #[cfg(not(feature = "witness"))]
    let _ = args;
    let origin = view(&append.dir)?.checkpoint()?.1.origin;
    let key = log_key(&append.writer, &origin)?;
    let state = state(&append.writer, &key)?;
    let mut log = Log::open(storage(&append.dir)?, key, state)?;
    let now = Timestamp::now();
    let entries: Result<Vec<_>, _> = items.iter().map(|item| item.document.entry(now)).collect();
    let entries = entries?;
    let receipts = log.append(&entries)?;
    let alone = Seen { tree: log.view().checkpoint()?, witnesses: Vec::new(), quorum: true };
    #[cfg(feature = "witness")]
    let seen = match asking {
        Some(asking) => match asking.ask(log.view()) {
            Ok(seen) => seen,
            Err(failure) => {
                // The entries stand in the log all the same.
                output::write(&lines(&items, receipts.iter().map(|one| one.index)), None)?;
                return Err(failure);
            }
        },
        None => alone,
    };
    #[cfg(not(feature = "witness"))]
    let seen = alone;
    // The entries stand in the log, whether or not their receipts can be written.
    let text = match append.format {
        DataFormat::Text => lines(&items, receipts.iter().map(|receipt| receipt.index)),
        DataFormat::Json => {
            let rows: Vec<_> = items
                .iter()
                .zip(&receipts)
                .map(|(item, receipt)| row(item, receipt.index))
                .collect();
            super::json(&json!({
                "schema": "weighbridge.dev/log-append/v1",
                "origin": seen.tree.1.origin,
                "size": seen.tree.1.size,
                "entries": rows,
                "witnesses": seen.witnesses,
                "quorum": seen.quorum,
            }))
        }
    };
    output::write(&text, None)?;
    for ((item, entry), receipt) in items.iter().zip(entries).zip(&receipts) {
        let index = receipt.index;
        let proof = log.view().prove_under((&seen.tree.0, &seen.tree.1), index)?;
        let proof = Proof { extra: Some(entry.data), ..proof };
        write_receipt(&item.receipt, &proof, append.force)
            .map_err(|source| Failure::Receipt { index, source })?;
    }
    Ok(if seen.quorum { Exit::Fine } else { Exit::Undecided })
}

/// The tree for which receipts are written, and who saw it.
pub(super) struct Seen {
    pub(super) tree: (Note, Checkpoint),
    /// The names of the policy's witnesses that signed it.
    pub(super) witnesses: Vec<String>,
    /// Whether they are enough; where nobody asked for any, they are.
    pub(super) quorum: bool,
}

fn lines(items: &[Item], indices: impl Iterator<Item = u64>) -> String {
    let mut text = String::new();
    for (item, index) in items.iter().zip(indices) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{index}  {}", item.file);
    }
    text
}

fn row(item: &Item, index: u64) -> Value {
    json!({
        "index": index,
        "file": item.file,
        "receipt": vocabulary::escape(&item.receipt.to_string_lossy()),
    })
}

fn items(append: &Append) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    for file in &append.files {
        let documents = super::read_documents(file)?;
        let several = documents.len() > 1;
        for (number, document) in (1..).zip(documents) {
            let receipt = receipt_path(append, file, several.then_some(number));
            let twice = items.iter().any(|item: &Item| item.receipt == receipt);
            if twice || (receipt.exists() && !append.force) {
                return Err(Failure::ReceiptExists { path: receipt });
            }
            let file = vocabulary::escape(&file.to_string_lossy());
            let file = if several { format!("{file}, statement {number}") } else { file };
            items.push(Item { file, document, receipt });
        }
    }
    Ok(items)
}

/// `release.intoto.jsonl.tlog-proof`, or `release.intoto.jsonl.2.tlog-proof` for the second of
/// several statements.
fn receipt_path(append: &Append, file: &Path, number: Option<u32>) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    if let Some(number) = number {
        name.push(format!(".{number}"));
    }
    name.push(".tlog-proof");
    match &append.receipts {
        Some(folder) => folder.join(name),
        None => file.with_file_name(name),
    }
}

pub(super) fn write_receipt(path: &Path, proof: &Proof, replace: bool) -> Result<(), Error> {
    let text = proof.to_string();
    Ok(files::write_new(path, text.as_bytes(), replace, Readers::Anybody)?)
}

fn state(writer: &Writer, key: &Skey) -> Result<State, Failure> {
    let path = match &writer.state {
        Some(path) => path.clone(),
        None => world::log_state(key.vkey()).ok_or(Failure::NoStateFolder)?,
    };
    Ok(State::new(path))
}
