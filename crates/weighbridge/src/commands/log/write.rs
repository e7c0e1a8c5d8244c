use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gate::provenance::files::{self, Readers};
use gate::provenance::log::{Disk, Document, Error, Kind, Log, Proof, Skey, State, View};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::keys::read_key;
use crate::args::DataFormat;
use crate::args::log::{Append, Init, Writer};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn init(init: &Init) -> Result<Exit, Failure> {
    let key = read_key(&init.writer.key, &init.origin, Kind::Log)?;
    let state = state(&init.writer, &key)?;
    let log = Log::create(Box::new(Disk::new(&init.dir)), key, state)?;
    output::write(&format!("{}\n", log.vkey()), None)?;
    Ok(Exit::Fine)
}

/// A statement that is to be added, and where its receipt goes.
struct Item {
    file: String,
    document: Document,
    receipt: PathBuf,
}

pub(super) fn append(append: &Append) -> Result<Exit, Failure> {
    let items = items(append)?;
    let storage = Disk::new(&append.dir);
    let origin = View::new(Box::new(storage.clone())).checkpoint()?.1.origin;
    let key = read_key(&append.writer.key, &origin, Kind::Log)?;
    let state = state(&append.writer, &key)?;
    let mut log = Log::open(Box::new(storage), key, state)?;
    let now = Timestamp::now();
    let entries: Result<Vec<_>, _> = items.iter().map(|item| item.document.entry(now)).collect();
    let entries = entries?;
    let receipts = log.append(&entries)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for ((item, entry), receipt) in items.iter().zip(entries).zip(receipts) {
        let proof = Proof { extra: Some(entry.data), ..receipt.proof };
        // The entry stands in the log whether or not its receipt can be written.
        let _ = writeln!(text, "{}  {}", receipt.index, item.file);
        rows.push(row(item, receipt.index));
        if let Err(error) = write_receipt(&item.receipt, &proof, append.force) {
            output::write(&text, None)?;
            return Err(Failure::Receipt { index: receipt.index, source: error });
        }
    }
    if append.format == DataFormat::Json {
        let (_, checkpoint) = log.view().checkpoint()?;
        text = super::json(&json!({
            "schema": "weighbridge.dev/log-append/v1",
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "entries": rows,
        }));
    }
    output::write(&text, None)?;
    Ok(Exit::Fine)
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
            if receipt.exists() && !append.force {
                return Err(Failure::ReceiptExists { path: receipt });
            }
            let file = vocabulary::escape(&file.to_string_lossy());
            let file = if several { format!("{file}, line {number}") } else { file };
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
