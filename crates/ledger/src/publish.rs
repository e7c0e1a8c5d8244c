//! Entries become leaves of the transparency log: a thread of its own, because the log waits for its
//! storage.
//!
//! The database is the first to know an entry; entry *n* then becomes leaf *n*. Whatever stops in
//! between is caught up with by whoever opens the ledger next, and two who publish at once give the
//! same log: a leaf is added only at the place that is its own.

use std::thread;
use std::time::Duration;

use provenance::files::{self, Readers};
use provenance::keys::{PrivateKey, Scheme};
use provenance::log::{Entry, Kind, Log, Skey, State};
use sqlx::{AnyPool, Row as _};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Doing as _, Error};
use crate::place::Place;
use crate::storage::Rows;

/// How many entries are published at a time.
const BATCH: i64 = 1000;
/// How long entries wait for others, so that a checkpoint covers many.
const WAIT: Duration = Duration::from_millis(250);
/// The most that the file of a key has, in bytes.
const MAX_KEY: u64 = 4096;
/// What the log of a ledger is called where its key is made here.
const NAME: &str = "weighbridge.local/ledger";

type Reply = oneshot::Sender<Result<u64, Error>>;

/// The thread that publishes.
#[derive(Debug)]
pub(crate) struct Publisher {
    orders: mpsc::Sender<Option<Reply>>,
}

impl Publisher {
    pub(crate) fn start(pool: AnyPool, log: Log) -> Self {
        let (orders, mut inbox) = mpsc::channel::<Option<Reply>>(1024);
        thread::spawn(move || {
            let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
            let mut log = log;
            while let Some(first) = runtime.block_on(inbox.recv()) {
                let mut waiting: Vec<Reply> = first.into_iter().collect();
                if waiting.is_empty() {
                    // Somebody wrote and does not wait: others may write in a moment.
                    runtime.block_on(async {
                        let somebody_waits = async {
                            while let Some(order) = inbox.recv().await {
                                if let Some(reply) = order {
                                    waiting.push(reply);
                                    break;
                                }
                            }
                        };
                        let _ = tokio::time::timeout(WAIT, somebody_waits).await;
                    });
                }
                let published = publish(&pool, runtime.handle(), &mut log);
                answer(waiting, published);
            }
        });
        Self { orders }
    }

    /// There is something to publish.
    pub(crate) fn wake(&self) {
        // A full channel holds orders already.
        let _ = self.orders.try_send(None);
    }

    /// Publishes everything that is written; gives the size of the log.
    pub(crate) async fn settle(&self) -> Result<u64, Error> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Some(reply)).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

fn answer(waiting: Vec<Reply>, published: Result<u64, Error>) {
    let because = match published {
        Ok(size) => {
            for reply in waiting {
                let _ = reply.send(Ok(size));
            }
            return;
        }
        Err(because) => because,
    };
    let said = because.to_string();
    let mut waiting = waiting.into_iter();
    if let Some(first) = waiting.next() {
        let _ = first.send(Err(because));
    }
    for reply in waiting {
        let _ = reply.send(Err(Error::damaged(said.clone())));
    }
}

/// Opens the log over a ledger; the first who opens it makes its key and begins it.
pub(crate) fn open(pool: &AnyPool, runtime: &Handle, place: &Place) -> Result<Log, Error> {
    let rows = || Box::new(Rows::new(pool.clone(), runtime.clone(), "the ledger".to_owned()));
    let path = place.key();
    let key = || -> Result<Skey, Error> { Ok(Skey::parse(&files::read_text(&path, MAX_KEY)?)?) };
    if files::vacant(&path, false).is_ok() {
        let made = Skey::new(NAME, Kind::Log, PrivateKey::generate(Scheme::Ed25519)?)?;
        let text = format!("{}\n", made.text()?);
        files::write_new(&path, text.as_bytes(), false, Readers::Owner)?;
    }
    let state = || State::new(place.state());
    match Log::open(rows(), key()?, state()) {
        Err(provenance::log::Error::NoLog { .. }) => {
            match Log::create(rows(), key()?, state()) {
                // Another was faster.
                Err(provenance::log::Error::Exists { .. }) => {
                    Ok(Log::open(rows(), key()?, state())?)
                }
                made => Ok(made?),
            }
        }
        opened => Ok(opened?),
    }
}

/// Adds what is not yet in the log; gives its size.
fn publish(pool: &AnyPool, runtime: &Handle, log: &mut Log) -> Result<u64, Error> {
    loop {
        let size = log.size()?;
        let from = i64::try_from(size).unwrap_or(i64::MAX);
        let bodies = runtime.block_on(bodies(pool, from))?;
        if bodies.is_empty() {
            return Ok(size);
        }
        let entries: Vec<Entry> =
            bodies.into_iter().map(|body| Entry::new(body.into_bytes())).collect();
        log.append_at(size, &entries)?;
    }
}

async fn bodies(pool: &AnyPool, from: i64) -> Result<Vec<String>, Error> {
    let mut connection = pool.acquire().await.doing("read entries")?;
    let rows =
        sqlx::query("SELECT number, body FROM entry WHERE number >= $1 ORDER BY number LIMIT $2")
            .bind(from)
            .bind(BATCH)
            .fetch_all(&mut *connection)
            .await;
    // A connection that is dropped goes back by a task, and nobody drives the tasks of this thread
    // while it publishes: under load every connection would wait for that.
    connection.return_to_pool().await;
    let rows = rows.doing("read entries")?;
    let mut bodies = Vec::with_capacity(rows.len());
    for (expected, row) in (from..).zip(rows) {
        let number: i64 = row.try_get(0).doing("read entries")?;
        if number != expected {
            return Err(Error::damaged(format!("entry {expected} is missing")));
        }
        bodies.push(row.try_get(1).doing("read entries")?);
    }
    Ok(bodies)
}
