//! `ledger`: the record, without a server.

mod carry;
#[cfg(feature = "witness")]
mod cosign;
mod show;
mod write;

use std::future::Future;

use gate::ledger::{Error, Ledger, Place};
use gate::provenance::log::Vkey;
use tokio::runtime::Runtime;

use crate::args::ledger::{self as args, LedgerCommand};
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) use write::new_id;

pub(super) fn ledger(args: &args::Ledger) -> Result<Exit, Failure> {
    match &args.command {
        LedgerCommand::Show(args) => show::show(args),
        LedgerCommand::Owner(args) => write::owner(args),
        LedgerCommand::Approve(args) => write::approve(args),
        LedgerCommand::Waive(args) => write::waive(args),
        LedgerCommand::Decide(args) => write::decide(args),
        LedgerCommand::Deploy(args) => write::deploy(args),
        LedgerCommand::Observe(args) => write::observe(args),
        #[cfg(feature = "witness")]
        LedgerCommand::Cosign(args) => cosign::cosign(args),
        LedgerCommand::Verify(args) => carry::verify(args),
        LedgerCommand::Export(args) => carry::export(args),
        LedgerCommand::Import(args) => carry::import(args),
    }
}

fn place(args: &args::Place) -> Place {
    Place { database: args.database.clone(), ..Place::folder(&args.data) }
}

pub(super) fn runtime() -> Result<Runtime, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|source| Failure::Runtime { source })
}

/// Opens a ledger, does something with it, and closes it: what was recorded is published then.
fn with<T, F: Future<Output = Result<T, Error>>>(
    place: &args::Place,
    work: impl FnOnce(Ledger) -> F,
) -> Result<T, Failure> {
    let place = self::place(place);
    let done = runtime()?.block_on(async {
        let ledger = Ledger::open(&place).await?;
        let done = work(ledger.clone()).await?;
        ledger.close().await?;
        Ok::<_, Error>(done)
    });
    Ok(done?)
}

fn vkey(text: Option<&str>) -> Result<Option<Vkey>, Failure> {
    Ok(text.map(Vkey::parse).transpose()?)
}
