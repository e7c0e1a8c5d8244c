//! What runs here: versions, knowledge packs, the key and the checkpoint of the log.

use axum::response::Response;
use gate::ledger::Engine;
use maud::{Markup, html};

use super::failed::Failed;
use super::frame::Room;
use super::parts::{facts, text};
use super::visit::{Shown, Visit};

pub(super) async fn show(visit: Visit) -> Response {
    let made = about(&visit).await;
    visit.show(made)
}

async fn about(visit: &Visit) -> Result<Shown, Failed> {
    let ledger = visit.ledger();
    let size = ledger.size().await?;
    let checkpoint = ledger.checkpoint().await?;
    let engine = match ledger.engine() {
        Engine::Sqlite => "SQLite, one file",
        Engine::Postgres => "PostgreSQL",
    };
    let witnesses = match (ledger.witnesses(), ledger.witnessed().await?) {
        (None, _) => None,
        (Some(_), Some((size, names))) => {
            Some(format!("{} signed the tree of {}", names.join(", "), facts::entries(size)))
        }
        (Some(_), None) => Some("not enough of them have signed".to_owned()),
    };
    let log = (ledger.vkey().to_string(), checkpoint, witnesses);
    let main = markup(size, &log, engine);
    Ok(Shown::new(Room::About, "About this server", main))
}

fn markup(
    size: u64,
    (vkey, checkpoint, witnesses): &(String, String, Option<String>),
    engine: &str,
) -> Markup {
    html! {
        h1 { "About this server" }
        p.lead { "What to keep outside this machine, so that the record can be held against it later: the key of the log, and a checkpoint from time to time." }
        dl.facts {
            dt { "version" } dd { (env!("CARGO_PKG_VERSION")) }
            dt { "record" } dd { (facts::entries(size)) " in " (engine) }
            dt { "key of the log" } dd { span.digest.whole data-copy=(vkey) data-copy-name="the key" { (vkey) } }
            @if let Some(witnesses) = witnesses { dt { "witnesses" } dd { (text::said(witnesses)) } }
        }
        h2 { "Newest checkpoint" }
        pre tabindex="0" { (checkpoint) }
        p.small.soft { "An entry becomes part of a checkpoint a moment after it is recorded." }
        h2 { "Verify all of it" }
        p { "On the machine of the record: every entry is held against the log, and everything that follows from the entries is computed anew." }
        pre tabindex="0" { "weighbridge ledger verify --data DIR" }
        h2 { "Knowledge packs" }
        p { "Rules judge by these, and by nothing else of this machine. Each report names their digests." }
        table.cards {
            thead { tr { th scope="col" { "pack" } th scope="col" { "SHA-256" } } }
            tbody { @for (name, digest) in gate::packs::digests() { tr {
                th scope="row" { code { (name) } }
                td data-label="SHA-256" { (facts::digest_to_copy(&digest)) }
            } } }
        }
    }
}
