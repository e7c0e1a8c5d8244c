//! Every call becomes an entry of the record, before its answer leaves.
//!
//! Calls without a credential that counts could be made by anybody, as often as they like: the first
//! of an address in a minute is recorded as it was, the others of that minute are counted and told in
//! one entry. Addresses beyond a number are counted together.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use gate::ledger::{Act, Error, Event};

use crate::app::App;

/// How many addresses of strangers are told apart in a minute.
const ADDRESSES: usize = 64;
/// The longest path that is recorded, in characters.
const MAX_PATH: usize = 1024;
/// Under what the calls of strangers stand.
const STRANGER: &str = "-";
const OTHERS: &str = "others";

/// A call, as it is recorded.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) address: Option<IpAddr>,
}

/// How often strangers called in this minute, by their address.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<BTreeMap<String, u64>>);

impl Strangers {
    /// Counts a call; tells whether it is the first of its address.
    fn is_first(&self, address: &str) -> bool {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = calls.contains_key(address) || calls.len() < ADDRESSES;
        let count = calls.entry(if known { address } else { OTHERS }.to_owned()).or_insert(0);
        *count = count.saturating_add(1);
        *count == 1
    }

    /// What was counted, and begins anew.
    fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Records a call of somebody (principal, credential) or of a stranger.
pub(super) async fn record(
    app: &App,
    call: Call,
    who: Option<(String, String)>,
    status: StatusCode,
) -> Result<(), Error> {
    let address = call.address.map(|address| address.to_string()).unwrap_or_default();
    let (principal, credential) = match who {
        Some(who) => who,
        None if app.strangers.is_first(&address) => (STRANGER.to_owned(), String::new()),
        None => return Ok(()),
    };
    let event = Event::Access {
        method: call.method.chars().take(16).collect(),
        path: call.path.chars().take(MAX_PATH).collect(),
        status: status.as_u16(),
        credential,
        address,
    };
    app.ledger.record(Act::new(principal, (app.world.now)()), event).await.map(|_| ())
}

/// Records what was counted of strangers.
pub(crate) async fn tell(app: &App) {
    for (address, count) in app.strangers.take() {
        let further = count.saturating_sub(1);
        if further == 0 {
            continue;
        }
        let event = Event::Access {
            method: "*".to_owned(),
            path: format!("{further} further calls without a valid credential"),
            status: StatusCode::UNAUTHORIZED.as_u16(),
            credential: String::new(),
            address,
        };
        let act = Act::new(STRANGER, (app.world.now)());
        if let Err(error) = app.ledger.record(act, event).await {
            (app.world.say)(&format!("calls of strangers are not recorded: {error}"));
        }
    }
}
