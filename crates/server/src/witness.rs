//! Has the witnesses of the ledger's log sign what was published since they signed last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gate::provenance::log::witness::Client;
use vocabulary::escape;

use crate::app::App;

/// How often is looked whether there is something to sign.
const EVERY: Duration = Duration::from_secs(10);

/// Asks for as long as the server runs. Who does not sign is told once for each reason.
pub(crate) async fn rounds(app: Arc<App>) {
    let client = Client::default();
    let mut signed = None;
    let mut told = BTreeMap::new();
    let mut look = tokio::time::interval(EVERY);
    loop {
        look.tick().await;
        let size = app.ledger.size().await.ok();
        if size.is_none() || size == signed {
            continue;
        }
        let silent = match app.ledger.ask_witnesses(&client).await {
            Ok(Some(asked)) => {
                signed = asked.quorum.then_some(asked.size);
                asked.silent
            }
            Ok(None) => return,
            Err(error) => vec![("the ledger".to_owned(), error.to_string())],
        };
        for (who, because) in &silent {
            if told.get(who) != Some(because) {
                (app.world.say)(&format!("witness {}: {}", escape(who), escape(because)));
            }
        }
        told = silent.into_iter().collect();
    }
}
