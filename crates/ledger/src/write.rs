//! The ledger, and the one place that writes into it.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use provenance::keys::sha256;
use provenance::log::Vkey;
use provenance::{hex, json};
use sqlx::AnyConnection;
use sqlx::{AnyPool, Connection as _, Row as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::connect::{self, Engine};
use crate::error::{Doing as _, Error};
use crate::event::{Act, Entry, Event, stamp};
use crate::place::Place;
use crate::publish::Publisher;
use crate::{project, publish};

/// How many connections read at a time.
const READERS: u32 = 8;
/// How many writes are made durable together at most.
const TOGETHER: usize = 256;
/// The longest entry: it has to have room in the log.
const MAX_ENTRY: usize = 65_535;

/// The record. It may be cloned: all clones are one.
#[derive(Clone, Debug)]
pub struct Ledger {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: AnyPool,
    engine: Engine,
    writer: mpsc::Sender<Order>,
    publisher: Arc<Publisher>,
    vkey: Vkey,
}

/// Work within a transaction that others share; it is undone alone where it fails.
type Work =
    Box<dyn for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<(), Error>> + Send>;

struct Order {
    work: Work,
    reply: oneshot::Sender<Result<(), Error>>,
}

impl Ledger {
    /// Opens a ledger; an empty place becomes one.
    pub async fn open(place: &Place) -> Result<Self, Error> {
        make_folder(place.data())?;
        let address = place.address();
        let engine = Engine::of(&address);
        let pool = connect::pool(&address, READERS).await?;
        connect::migrate(&pool, engine).await?;
        let (for_log, handle, at) = (pool.clone(), Handle::current(), place.clone());
        let opened = tokio::task::spawn_blocking(move || publish::open(&for_log, &handle, &at));
        let log = opened.await.map_err(|_| Error::Closed)??;
        let vkey = log.vkey().clone();
        let publisher = Arc::new(Publisher::start(pool.clone(), log));
        let (writer, inbox) = mpsc::channel(TOGETHER);
        tokio::spawn(write(pool.clone(), engine, inbox, publisher.clone()));
        publisher.wake();
        Ok(Self { inner: Arc::new(Inner { pool, engine, writer, publisher, vkey }) })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// The key that verifies the checkpoints of its log.
    pub fn vkey(&self) -> &Vkey {
        &self.inner.vkey
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.inner.pool
    }

    /// Records an event; gives its number. It is durable when this returns, and published in the log
    /// a moment later.
    pub async fn record(&self, act: Act, event: Event) -> Result<u64, Error> {
        self.record_with(act, event, Vec::new()).await
    }

    /// Records an event with the documents that it names.
    pub async fn record_with(
        &self,
        act: Act,
        event: Event,
        documents: Vec<Vec<u8>>,
    ) -> Result<u64, Error> {
        self.transact(move |connection| {
            Box::pin(async move {
                keep(connection, &documents).await?;
                append(connection, &act, event).await
            })
        })
        .await
    }

    /// Publishes in the log whatever is recorded; gives the size of the log.
    pub async fn publish(&self) -> Result<u64, Error> {
        self.inner.publisher.settle().await
    }

    /// Does work in a transaction. Several are made durable together; one that fails is undone
    /// alone.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, Error>>
        + Send
        + 'static,
    ) -> Result<T, Error> {
        let (give, given) = oneshot::channel();
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            Box::pin(async move {
                let value = work(connection).await?;
                // Whoever asked may have gone away.
                let _ = give.send(value);
                Ok(())
            })
        });
        let order = Order { work, reply };
        self.inner.writer.send(order).await.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)??;
        given.await.map_err(|_| Error::Closed)
    }
}

#[allow(clippy::disallowed_methods, reason = "the folder of the ledger belongs to it")]
fn make_folder(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| Error::Folder { path: path.into(), source })
}

/// Takes orders until nobody can give any more.
async fn write(
    pool: AnyPool,
    engine: Engine,
    mut inbox: mpsc::Receiver<Order>,
    publisher: Arc<Publisher>,
) {
    while let Some(first) = inbox.recv().await {
        let mut orders = vec![first];
        while orders.len() < TOGETHER
            && let Ok(order) = inbox.try_recv()
        {
            orders.push(order);
        }
        together(&pool, engine, orders).await;
        publisher.wake();
    }
}

/// One transaction for several orders.
async fn together(pool: &AnyPool, engine: Engine, orders: Vec<Order>) {
    let (works, replies): (Vec<Work>, Vec<_>) =
        orders.into_iter().map(|order| (order.work, order.reply)).unzip();
    let done = async {
        let mut ends = Vec::with_capacity(works.len());
        let mut connection = pool.acquire().await.doing("write")?;
        let mut transaction = connection.begin_with(engine.begin()).await.doing("write")?;
        engine.enter(&mut transaction).await?;
        for work in works {
            let mut alone = transaction.begin().await.doing("write")?;
            let ended = work(&mut alone).await;
            match &ended {
                Ok(()) => alone.commit().await.doing("write")?,
                // A database that undid everything has nothing left to undo.
                Err(_) if alone.rollback().await.is_err() => return ended.map(|()| ends),
                Err(_) => {}
            }
            ends.push(ended);
        }
        transaction.commit().await.doing("write")?;
        Ok(ends)
    }
    .await;
    let mut ends = match done {
        Ok(ends) => ends.into_iter(),
        Err(error) => {
            let because = told(&error);
            for reply in replies {
                let _ = reply.send(Err(Error::Lost { because: because.clone() }));
            }
            return;
        }
    };
    for reply in replies {
        let _ = reply.send(ends.next().unwrap_or(Err(Error::Closed)));
    }
}

/// An error with its causes.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Keeps documents under their SHA-256.
pub(crate) async fn keep(
    connection: &mut AnyConnection,
    documents: &[Vec<u8>],
) -> Result<(), Error> {
    for document in documents {
        sqlx::query(
            "INSERT INTO document (sha256, bytes) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING",
        )
        .bind(hex::encode(sha256(document).as_ref()))
        .bind(document.as_slice())
        .execute(&mut *connection)
        .await
        .doing("keep a document")?;
    }
    Ok(())
}

/// Adds an entry and everything that follows from it; gives its number.
pub(crate) async fn append(
    connection: &mut AnyConnection,
    act: &Act,
    event: Event,
) -> Result<u64, Error> {
    let last = sqlx::query("SELECT number, body FROM entry ORDER BY number DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await
        .doing("read the last entry")?;
    let (number, before) = match last {
        None => (0, String::new()),
        Some(row) => {
            let number: i64 = row.try_get(0).doing("read the last entry")?;
            let body: String = row.try_get(1).doing("read the last entry")?;
            let entry: Entry = json::parse_as("the last entry", body.as_bytes())?;
            (number.saturating_add(1), entry.at)
        }
    };
    let clock = stamp(act.at);
    let behind = clock < before;
    let entry = Entry {
        v: 1,
        at: if behind { before } else { clock.clone() },
        clock: behind.then_some(clock),
        by: act.actor.clone(),
        event,
    };
    let body = json::canonical(&entry)?;
    if body.len() > MAX_ENTRY {
        return Err(Error::TooLong { bytes: body.len(), most: MAX_ENTRY });
    }
    project::apply(connection, number, &entry).await?;
    sqlx::query("INSERT INTO entry (number, body) VALUES ($1, $2)")
        .bind(number)
        .bind(String::from_utf8_lossy(&body).into_owned())
        .execute(&mut *connection)
        .await
        .doing("write an entry")?;
    Ok(u64::try_from(number).unwrap_or_default())
}
