use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};

use gate::ledger::{Error, Ledger, Verified};
use vocabulary::escape;

use super::{place, runtime, vkey, with};
use crate::args::DataFormat;
use crate::args::ledger::{Export, Import, Verify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

pub(super) fn verify(args: &Verify) -> Result<Exit, Failure> {
    let vkey = vkey(args.vkey.as_deref())?;
    let place = place(&args.place);
    let verified = runtime()?.block_on(gate::ledger::verify(&place, vkey))?;
    let text = match args.format {
        DataFormat::Text => told(&verified),
        // It holds only what JSON can hold.
        DataFormat::Json => format!("{:#}\n", serde_json::to_value(&verified).unwrap_or_default()),
    };
    output::write(&text, None)?;
    Ok(if verified.holds() { Exit::Fine } else { Exit::Refused })
}

fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn told(verified: &Verified) -> String {
    let mut text = String::new();
    for fault in &verified.faults {
        text.push_str(&format!("{}: {}\n", escape(&fault.what), escape(&fault.because)));
    }
    if verified.more > 0 {
        text.push_str(&format!("and {} more\n", verified.more));
    }
    text.push_str(&format!(
        "{}, {} and {} of tables were computed anew\n",
        counted(verified.entries, "entry", "entries"),
        counted(verified.documents, "document", "documents"),
        counted(verified.rows, "row", "rows")
    ));
    text.push_str(&format!(
        "the log covers {}, root {}, key {}\n",
        counted(verified.published, "entry", "entries"),
        verified.root,
        escape(&verified.vkey)
    ));
    if verified.witnessed > 0 {
        let names: Vec<String> = verified.witnesses.iter().map(|name| escape(name)).collect();
        text.push_str(&format!(
            "witnesses signed the tree of {}: {}\n",
            verified.witnessed,
            names.join(", ")
        ));
    } else if verified.quorum > 0 {
        text.push_str(&format!(
            "`log.policy` asks for {}, and no tree is kept that enough of them signed\n",
            counted(verified.quorum.into(), "witness", "witnesses")
        ));
    }
    if verified.unpublished > 0 {
        text.push_str(&format!(
            "not yet published: {}; whoever opens the ledger next does it\n",
            counted(verified.unpublished, "entry", "entries")
        ));
    }
    if !verified.remembered {
        text.push_str(
            "this machine remembers nothing of the log: an older copy would not be told\n",
        );
    }
    let faults =
        u64::try_from(verified.faults.len()).unwrap_or(u64::MAX).saturating_add(verified.more);
    text.push_str(&match faults {
        0 => "everything fits\n".to_owned(),
        1 => "1 fault\n".to_owned(),
        faults => format!("{faults} faults\n"),
    });
    text
}

#[allow(clippy::disallowed_methods, reason = "the binary writes and reads what its arguments name")]
pub(super) fn export(args: &Export) -> Result<Exit, Failure> {
    let failed =
        |source| Failure::Output { path: args.output.clone().unwrap_or("stdout".into()), source };
    let mut out: Box<dyn std::io::Write + Send> = match &args.output {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(failed)?)),
        None => Box::new(BufWriter::new(std::io::stdout())),
    };
    let done = with(&args.place, |ledger: Ledger| async move {
        let done = ledger.export(&mut out).await?;
        out.flush().map_err(|source| Error::ExportFile { doing: "written", source })?;
        Ok(done)
    })?;
    output::say(&format!(
        "{}, {}, root {}\n",
        counted(done.entries, "entry", "entries"),
        counted(done.documents, "document", "documents"),
        done.root
    ));
    Ok(Exit::Fine)
}

#[allow(clippy::disallowed_methods, reason = "the binary writes and reads what its arguments name")]
pub(super) fn import(args: &Import) -> Result<Exit, Failure> {
    let vkey = vkey(args.vkey.as_deref())?;
    let unread = |source| Failure::Ledger(Error::ExportFile { doing: "read", source });
    let file = BufReader::new(File::open(&args.file).map_err(unread)?);
    let done =
        with(
            &args.place,
            |ledger: Ledger| async move { ledger.import(Box::new(file), vkey).await },
        )?;
    let text = format!(
        "{}, {}; the root {} is that of the checkpoint of {}\n",
        counted(done.entries, "entry", "entries"),
        counted(done.documents, "document", "documents"),
        done.root,
        escape(&done.vkey)
    );
    output::write(&text, None)?;
    Ok(Exit::Fine)
}
