use gate::provenance::log::witness::Client;
use vocabulary::escape;

use super::with;
use crate::args::ledger::Place;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

pub(super) fn cosign(place: &Place) -> Result<Exit, Failure> {
    let asked =
        with(place, |ledger| async move { ledger.ask_witnesses(&Client::default()).await })?;
    let Some(asked) = asked else { return Err(Failure::NoWitnesses { data: place.data.clone() }) };
    for (url, because) in &asked.silent {
        output::say(&format!("witness `{}`: {}\n", escape(url), escape(because)));
    }
    let names: Vec<String> =
        asked.witnesses.iter().map(|name| format!("`{}`", escape(name))).collect();
    let by = if names.is_empty() { "no witness".to_owned() } else { names.join(", ") };
    output::write(&format!("tree of {}: signed by {by}\n", asked.size), None)?;
    Ok(if asked.quorum { Exit::Fine } else { Exit::Undecided })
}
