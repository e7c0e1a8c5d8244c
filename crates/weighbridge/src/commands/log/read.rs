use std::fmt::Write as _;
use std::path::Path;

use gate::provenance::files;
use gate::provenance::hex;
use gate::provenance::log::{
    Audit, Checkpoint, Error, Leaf, MAX_PROOF_FILE, Policy, Proof, Proven, Signed, State, View,
    Vkey, leaf_hash,
};
use jiff::Timestamp;
use serde_json::json;
use vocabulary::{Untrusted, escape};

use super::{read_documents, read_policy, view};
use crate::args::DataFormat;
use crate::args::log::{List, Prove, Verify, VerifyProof};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

/// How much of a list is kept before it is printed, in bytes.
const PRINTED_AT_ONCE: usize = 1 << 20;

pub(super) fn prove(prove: &Prove) -> Result<Exit, Failure> {
    let view = view(&prove.dir)?;
    let (_, checkpoint) = view.checkpoint()?;
    let index = match (prove.which.index, &prove.which.statement) {
        (Some(index), _) => index,
        (None, statement) => {
            let digest = statement.as_deref().unwrap_or_default();
            find(&view, &checkpoint, digest)?
                .ok_or_else(|| Failure::NoStatement { digest: digest.to_owned() })?
        }
    };
    let mut proof = view.prove(index)?;
    proof.extra = Some(view.entry(&checkpoint, index)?);
    super::write::write_receipt(&prove.output, &proof, prove.force)?;
    Ok(Exit::Fine)
}

fn find(view: &View, checkpoint: &Checkpoint, digest: &str) -> Result<Option<u64>, Error> {
    for (index, entry) in (0..).zip(view.entries(checkpoint, 0)?) {
        if Leaf::parse(&entry?).is_some_and(|leaf| leaf.statement_sha256 == digest) {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

pub(super) fn verify_proof(args: &VerifyProof) -> Result<Exit, Failure> {
    let policy = read_policy(&args.policy)?;
    let receipt = files::read(&args.receipt, MAX_PROOF_FILE as u64).map_err(Error::from)?;
    let proven = proven(&receipt, &args.entry, &policy)?;
    let text = match (args.format, &proven) {
        (DataFormat::Text, Ok((proven, leaf))) => told(proven, leaf.as_ref()),
        (DataFormat::Text, Err(because)) => format!("not verified: {}\n", escape(because)),
        (DataFormat::Json, Ok((proven, leaf))) => super::json(&json!({
            "schema": "weighbridge.dev/log-receipt/v1",
            "verified": true,
            "origin": proven.checkpoint.origin,
            "index": proven.index,
            "size": proven.checkpoint.size,
            "witnesses": proven.witnesses.iter().map(|(name, time)| {
                json!({ "name": name, "time": at(*time) })
            }).collect::<Vec<_>>(),
            "entry": leaf,
        })),
        (DataFormat::Json, Err(because)) => super::json(&json!({
            "schema": "weighbridge.dev/log-receipt/v1",
            "verified": false,
            "because": because,
        })),
    };
    output::write(&text, None)?;
    Ok(if proven.is_ok() { Exit::Fine } else { Exit::Refused })
}

/// What a receipt proves of a file; inside, why it proves nothing.
fn proven(
    receipt: &[u8],
    file: &Path,
    policy: &Policy,
) -> Result<Result<(Proven, Option<Leaf>), String>, Failure> {
    let proof = match Proof::parse(receipt) {
        Ok(proof) => proof,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let bytes = files::read(file, super::MAX_STATEMENTS).map_err(Error::from)?;
    let whole = proof.verify(&leaf_hash(&bytes), policy);
    // The receipt may be for a statement; then it carries the entry that speaks of it.
    let verified = match (whole, &proof.extra) {
        (Err(error), Some(entry)) => match read_documents(file) {
            Ok(documents) if documents.iter().any(|document| document.is_in(entry)) => {
                proof.verify(&leaf_hash(entry), policy).map(|proven| (proven, Leaf::parse(entry)))
            }
            Ok(_) => {
                return Ok(Err("its entry speaks of something else than this file".to_owned()));
            }
            Err(_) => Err(error),
        },
        (whole, _) => whole.map(|proven| (proven, Leaf::parse(&bytes))),
    };
    Ok(verified.map_err(|error| error.to_string()))
}

fn told(proven: &Proven, leaf: Option<&Leaf>) -> String {
    let checkpoint = &proven.checkpoint;
    let mut text = format!(
        "verified: entry {} of `{}`, in a tree of {}\n",
        proven.index,
        escape(&checkpoint.origin),
        checkpoint.size
    );
    // Writing to a string cannot fail, here and below.
    if let Some(leaf) = leaf {
        let _ = writeln!(text, "statement: {}", summary(leaf));
    }
    for (name, time) in &proven.witnesses {
        let _ = writeln!(text, "witness: `{}` at {}", escape(name), at(*time));
    }
    text
}

fn at(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|time| Timestamp::from_second(time).ok());
    time.map_or_else(|| format!("second {seconds}"), |time| time.to_string())
}

fn summary(leaf: &Leaf) -> String {
    format!(
        "{}  {}  {}  {}",
        escape(&leaf.time),
        escape(&leaf.predicate_type),
        escape(&leaf.statement_sha256),
        escape(&leaf.subjects.join(" "))
    )
}

pub(super) fn verify(args: &Verify) -> Result<Exit, Failure> {
    let view = view(&args.dir)?;
    let keys = match (&args.trust.vkey, &args.trust.policy) {
        (Some(vkey), _) => vec![Vkey::parse(vkey)?],
        (None, Some(policy)) => read_policy(policy)?.logs,
        (None, None) => Vec::new(),
    };
    let keys: Vec<&Vkey> = keys.iter().collect();
    let before = remembered(args, &keys)?;
    let audit = view.verify(&keys, before.as_ref())?;
    let text = match args.format {
        DataFormat::Text => audit_text(&audit, before.as_ref()),
        DataFormat::Json => audit_json(&audit, before.as_ref()),
    };
    output::write(&text, None)?;
    Ok(match (&audit.signed, audit.holds()) {
        (_, true) => Exit::Fine,
        (Signed::Unverified, false) if audit.faults.is_empty() => Exit::Undecided,
        _ => Exit::Refused,
    })
}

/// The newest checkpoint that the keys signed and that this machine remembers.
fn remembered(args: &Verify, keys: &[&Vkey]) -> Result<Option<Checkpoint>, Error> {
    let mut newest: Option<Checkpoint> = None;
    for key in keys {
        let path = args.state.clone().or_else(|| world::log_state(key));
        let Some(path) = path else { continue };
        if let Some(known) = State::new(path).read(key)?
            && newest.as_ref().is_none_or(|newest| newest.size < known.size)
        {
            newest = Some(known);
        }
    }
    Ok(newest)
}

fn audit_text(audit: &Audit, before: Option<&Checkpoint>) -> String {
    let checkpoint = &audit.checkpoint;
    let mut text = String::new();
    for fault in &audit.faults {
        let _ = writeln!(text, "broken: `{}`: {}", escape(&fault.what), escape(&fault.because));
    }
    if audit.more > 0 {
        let _ = writeln!(text, "broken: {} more", audit.more);
    }
    let _ = writeln!(
        text,
        "log: `{}`, {} entries of {} read, {} documents, {} earlier checkpoints",
        escape(&checkpoint.origin),
        audit.entries,
        checkpoint.size,
        audit.documents,
        audit.history
    );
    let _ = match &audit.signed {
        Signed::By(key) => writeln!(text, "signed: by `{key}`"),
        Signed::ByNobody => writeln!(text, "signed: by none of the keys that were given"),
        Signed::Unverified => {
            writeln!(text, "signed: not verified, because no key was given (`--vkey`, `--policy`)")
        }
    };
    let _ = match before {
        Some(before) => writeln!(text, "remembered: a tree of {}", before.size),
        // What is remembered counts by its signature as well.
        None if matches!(audit.signed, Signed::Unverified) => writeln!(
            text,
            "remembered: not looked at, because no key was given; an older copy would not be noticed"
        ),
        None => writeln!(text, "remembered: nothing, so an older copy would not be noticed"),
    };
    if audit.pending > 0 {
        let _ =
            writeln!(text, "pending: {} entries, which the next writer publishes", audit.pending);
    }
    text
}

fn audit_json(audit: &Audit, before: Option<&Checkpoint>) -> String {
    let signed = match &audit.signed {
        Signed::By(key) => json!(key),
        Signed::ByNobody => json!(false),
        Signed::Unverified => json!(null),
    };
    super::json(&json!({
        "schema": "weighbridge.dev/log-audit/v1",
        "holds": audit.holds(),
        "origin": audit.checkpoint.origin,
        "size": audit.checkpoint.size,
        "root": hex::encode(&audit.checkpoint.root),
        "signed_by": signed,
        "entries": audit.entries,
        "documents": audit.documents,
        "checkpoints": audit.history,
        "remembered": before.map(|before| before.size),
        "pending": audit.pending,
        "broken": audit.faults.iter().map(|fault| {
            json!({ "what": fault.what, "because": fault.because })
        }).collect::<Vec<_>>(),
        "more_broken": audit.more,
    }))
}

pub(super) fn list(list: &List) -> Result<Exit, Failure> {
    let view = view(&list.dir)?;
    let (_, checkpoint) = view.checkpoint()?;
    let mut text = String::new();
    for (index, entry) in (list.first..).zip(view.entries(&checkpoint, list.first)?) {
        let entry = entry?;
        let leaf = Leaf::parse(&entry);
        let _ = match (list.format, leaf) {
            (DataFormat::Json, leaf) => {
                let hash = hex::encode(&leaf_hash(&entry));
                let row = json!({ "index": index, "leaf_hash": hash, "entry": leaf });
                writeln!(text, "{row}")
            }
            (DataFormat::Text, Some(leaf)) => writeln!(text, "{index}  {}", summary(&leaf)),
            (DataFormat::Text, None) => {
                let shown = Untrusted::from_bytes(&entry).shortened(120);
                writeln!(text, "{index}  {} bytes: `{shown}`", entry.len())
            }
        };
        if text.len() > PRINTED_AT_ONCE {
            output::write(&std::mem::take(&mut text), None)?;
        }
    }
    output::write(&text, None)?;
    Ok(Exit::Fine)
}
