//! Entries become leaves of the transparency log: a thread of its own, because the log waits for its
//! storage.
//!
//! The database is the first to know an entry; entry *n* then becomes leaf *n*. Whatever stops in
//! between is caught up with by whoever opens the ledger next, and two who publish at once give the
//! same log: a leaf is added only at the place that is its own.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use provenance::files::{self, Readers};
use provenance::keys::{PrivateKey, Scheme};
use provenance::log::{Checkpoint, Entry, Kind, Log, Skey, State};
use sqlx::{AnyPool, Row as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Doing as _, Error};
use crate::place::Place;
use crate::rows::{self, statement};
use crate::storage::Rows;

/// How many entries are published at a time.
const BATCH: i64 = 1000;
/// How long entries wait for others, so that a checkpoint covers many.
const WAIT: Duration = Duration::from_millis(250);
/// How long it is before publishing is tried again that did not succeed.
const AGAIN: Duration = Duration::from_secs(2);
/// How long it is before something is tried again that another process disturbed, how often it is, and
/// how often a turn is asked for.
const PAUSE: Duration = Duration::from_millis(10);
const TRIES: u32 = 20;
const PATIENCE: u32 = 1000;
/// The most that the file of a key has, in bytes.
pub(crate) const MAX_KEY: u64 = 4096;
/// What the log of a ledger is called where its key is made here.
const NAME: &str = "weighbridge.local/ledger";

type Reply = oneshot::Sender<Result<u64, Error>>;

/// The thread that publishes.
#[derive(Debug)]
pub(crate) struct Publisher {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    /// There is something to publish.
    Wake,
    /// Publish everything, and say so.
    Settle(Reply),
    /// The same, and end.
    Stop(Reply),
}

impl Publisher {
    pub(crate) fn start(pool: AnyPool, log: Log, turns: Turns) -> Self {
        let (orders, inbox) = mpsc::channel(1024);
        // The connections of the pool belong to the runtime that they were made on: one of a thread
        // of its own would take them with it when it ends.
        let runtime = Handle::current();
        thread::spawn(move || run(&pool, &runtime, (log, turns), inbox));
        Self { orders }
    }

    /// There is something to publish.
    pub(crate) fn wake(&self) {
        // A full channel holds orders already.
        let _ = self.orders.try_send(Order::Wake);
    }

    /// Publishes everything that is written; gives the size of the log.
    pub(crate) async fn settle(&self) -> Result<u64, Error> {
        self.ask(Order::Settle).await
    }

    /// The same, and ends.
    pub(crate) async fn stop(&self) -> Result<u64, Error> {
        self.ask(Order::Stop).await
    }

    async fn ask(&self, order: impl FnOnce(Reply) -> Order) -> Result<u64, Error> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

fn run(
    pool: &AnyPool,
    runtime: &Handle,
    (mut log, turns): (Log, Turns),
    mut inbox: mpsc::Receiver<Order>,
) {
    let mut again = false;
    let mut ends = false;
    while !ends {
        let first = runtime.block_on(async {
            if again {
                // What could not be published is tried again, whether or not somebody writes.
                tokio::time::timeout(AGAIN, inbox.recv()).await.unwrap_or(Some(Order::Wake))
            } else {
                inbox.recv().await
            }
        });
        let Some(mut order) = first else { return };
        if matches!(order, Order::Wake) {
            // Nobody waits, and others may write in a moment.
            order = runtime.block_on(somebody_waits(&mut inbox)).unwrap_or(order);
        }
        let published = turns.of(|| publish(pool, runtime, &mut log));
        again = published.is_err();
        match order {
            Order::Wake => {}
            Order::Settle(reply) => answer(reply, published),
            Order::Stop(reply) => {
                ends = true;
                answer(reply, published);
            }
        }
    }
}

/// Waits for a moment for somebody who wants to know.
async fn somebody_waits(inbox: &mut mpsc::Receiver<Order>) -> Option<Order> {
    let somebody = async {
        loop {
            match inbox.recv().await {
                Some(Order::Wake) => {}
                order => return order,
            }
        }
    };
    tokio::time::timeout(WAIT, somebody).await.ok().flatten()
}

fn answer(reply: Reply, published: Result<u64, Error>) {
    // Whoever asked may have gone away.
    let _ = reply.send(published);
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
    let log = Turns::new(place).of(|| match Log::open(rows(), key()?, state()) {
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
    })?;
    // The checkpoint first: others may write and publish while we look.
    let (_, checkpoint) = log.view().checkpoint()?;
    let end = runtime.block_on(end(pool))?;
    fits(&log, &checkpoint, end)?;
    Ok(log)
}

/// Processes of one machine that share a folder take turns with the log: they share what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct Turns(PathBuf);

impl Turns {
    pub(crate) fn new(place: &Place) -> Self {
        Self(place.data().join("log.turn"))
    }

    /// Does something in a turn of its own. One who holds a turn and is stuck is not waited for for
    /// ever; then a log that seems to have shrunk is read again.
    fn of<T>(&self, mut work: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        let _turn = self.wait();
        for _ in 0..TRIES {
            match work() {
                Err(Error::Log(provenance::log::Error::Smaller { .. })) => thread::sleep(PAUSE),
                other => return other,
            }
        }
        work()
    }

    #[allow(clippy::disallowed_methods, reason = "the folder of the ledger belongs to it")]
    fn wait(&self) -> Option<File> {
        let file = File::options().create(true).append(true).open(&self.0).ok()?;
        for _ in 0..PATIENCE {
            match file.try_lock() {
                Ok(()) => return Some(file),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(_)) => return None,
            }
        }
        None
    }
}

/// The last entry.
async fn end(pool: &AnyPool) -> Result<Option<(u64, String)>, Error> {
    let sql = "SELECT number, body FROM entry ORDER BY number DESC LIMIT 1";
    let row = statement(sql, []).fetch_optional(pool).await.doing("read the last entry")?;
    row.map(|row| Ok((rows::number(&row, 0)?, rows::text(&row, 1)?))).transpose()
}

/// Whether the entries reach to the end of the log, which only ever follows them.
fn fits(log: &Log, checkpoint: &Checkpoint, end: Option<(u64, String)>) -> Result<(), Error> {
    let count = end.as_ref().map_or(0, |(number, _)| number.saturating_add(1));
    if checkpoint.size > count {
        let size = checkpoint.size;
        return Err(Error::damaged(format!("{count} entries are there; {size} were published")));
    }
    match end {
        Some((number, body))
            if checkpoint.size == count
                && log.view().entry(checkpoint, number)? != body.as_bytes() =>
        {
            Err(Error::damaged(format!("entry {number} is not what was published")))
        }
        _ => Ok(()),
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
