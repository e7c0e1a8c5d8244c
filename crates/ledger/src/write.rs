//! The ledger, and the one place that writes into it.

use std::path::Path;
#[cfg(feature = "witness")]
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use provenance::keys::sha256;
use provenance::log::{Policy, Vkey};
use provenance::{hex, json};
use sqlx::AnyConnection;
use sqlx::{AnyPool, Connection as _, Row as _};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::connect::{self, Engine};
use crate::error::{Doing as _, Error};
use crate::event::{Act, Entry, Event, stamp};
use crate::place::Place;
use crate::publish::{Publisher, Turns};
use crate::{project, publish, witness};

/// How many connections read at a time.
const READERS: u32 = 8;
/// How many writes are made durable together at most.
const TOGETHER: usize = 256;
/// The longest entry: it has to have room in the log.
pub(crate) const MAX_ENTRY: usize = 65_535;

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
    witnesses: Option<Policy>,
    /// Where this machine remembers what they signed.
    #[cfg(feature = "witness")]
    memory: PathBuf,
}

/// Work within a transaction that others share; it is undone alone where it fails.
type Work =
    Box<dyn for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<(), Error>> + Send>;

enum Order {
    Work {
        work: Work,
        reply: Reply,
    },
    /// Take no more orders; say when all are done.
    Stop(oneshot::Sender<()>),
}

type Reply = oneshot::Sender<Result<(), Error>>;

impl Ledger {
    /// Opens a ledger; an empty place becomes one.
    pub async fn open(place: &Place) -> Result<Self, Error> {
        make_folder(place.data())?;
        let witnesses = witness::policy(place)?;
        let address = place.address();
        let engine = Engine::of(&address);
        let pool = connect::pool(&address, READERS).await?;
        connect::migrate(&pool, engine).await?;
        let (for_log, handle, at) = (pool.clone(), Handle::current(), place.clone());
        let opened = tokio::task::spawn_blocking(move || publish::open(&for_log, &handle, &at));
        let log = opened.await.map_err(|_| Error::Closed)??;
        let vkey = log.vkey().clone();
        let publisher = Arc::new(Publisher::start(pool.clone(), log, Turns::new(place)));
        let (writer, inbox) = mpsc::channel(TOGETHER);
        tokio::spawn(write(pool.clone(), engine, inbox, publisher.clone()));
        publisher.wake();
        let inner = Inner {
            pool,
            engine,
            writer,
            publisher,
            vkey,
            witnesses,
            #[cfg(feature = "witness")]
            memory: witness::memory(place),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// The key that verifies the checkpoints of its log.
    pub fn vkey(&self) -> &Vkey {
        &self.inner.vkey
    }

    /// The witnesses of its log, where the folder names some.
    pub fn witnesses(&self) -> Option<&Policy> {
        self.inner.witnesses.as_ref()
    }

    #[cfg(feature = "witness")]
    pub(crate) fn memory(&self) -> &Path {
        &self.inner.memory
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

    /// Ends the writing: what was ordered before is done, and what is recorded is published; gives the
    /// size of the log. Whoever writes afterwards is told that the ledger is closed.
    pub async fn close(&self) -> Result<u64, Error> {
        let (reply, answer) = oneshot::channel();
        // Where the writer has ended already there is nothing to wait for.
        if self.inner.writer.send(Order::Stop(reply)).await.is_ok() {
            let _ = answer.await;
        }
        let size = self.inner.publisher.stop().await;
        self.inner.pool.close().await;
        size
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
        let order = Order::Work { work, reply };
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

/// Takes orders until nobody can give any more, or until it is told to stop.
async fn write(
    pool: AnyPool,
    engine: Engine,
    mut inbox: mpsc::Receiver<Order>,
    publisher: Arc<Publisher>,
) {
    let mut stopped = Vec::new();
    while let Some(first) = inbox.recv().await {
        let mut works = Vec::new();
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                Order::Work { work, reply } => works.push((work, reply)),
                Order::Stop(reply) => {
                    // What is in the inbox is still done.
                    inbox.close();
                    stopped.push(reply);
                }
            }
            next = if works.len() < TOGETHER { inbox.try_recv().ok() } else { None };
        }
        together(&pool, engine, works).await;
        publisher.wake();
    }
    for reply in stopped {
        let _ = reply.send(());
    }
}

/// One transaction for several works. Each is told its own end where the transaction was made durable;
/// else all of them are told why it was not.
async fn together(pool: &AnyPool, engine: Engine, works: Vec<(Work, Reply)>) {
    let (works, replies): (Vec<Work>, Vec<Reply>) = works.into_iter().unzip();
    match all_of(pool, engine, works).await {
        Ok(ended) => {
            for (reply, ended) in replies.into_iter().zip(ended) {
                let _ = reply.send(ended);
            }
        }
        Err(lost) => {
            for reply in replies {
                let _ = reply.send(Err(lost.told()));
            }
        }
    }
}

/// Why a transaction was not made durable.
struct Lost {
    error: Arc<Error>,
    /// The database was asked to make it durable, and did not answer.
    in_doubt: bool,
}

impl Lost {
    fn told(&self) -> Error {
        let source = self.error.clone();
        if self.in_doubt { Error::InDoubt { source } } else { Error::Lost { source } }
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self { error: Arc::new(error), in_doubt: false }
    }
}

/// Does works one after the other; tells how each ended.
async fn all_of(
    pool: &AnyPool,
    engine: Engine,
    works: Vec<Work>,
) -> Result<Vec<Result<(), Error>>, Lost> {
    let mut connection = pool.acquire().await.doing("write")?;
    let done = one_by_one(&mut connection, engine, works).await;
    if done.is_err() {
        // A disk that is full may have ended the transaction without the driver's knowing: a connection
        // that still counts one could begin no other.
        connection.close_on_drop();
    }
    done
}

async fn one_by_one(
    connection: &mut AnyConnection,
    engine: Engine,
    works: Vec<Work>,
) -> Result<Vec<Result<(), Error>>, Lost> {
    let mut transaction = connection.begin_with(engine.begin()).await.doing("write")?;
    engine.enter(&mut transaction).await?;
    let mut ended = Vec::with_capacity(works.len());
    for work in works {
        let mut alone = transaction.begin().await.doing("write")?;
        let end = work(&mut alone).await;
        let undone = match &end {
            Ok(()) => alone.commit().await,
            Err(_) => alone.rollback().await,
        };
        // Some errors (a full disk) end the whole transaction: then the first of them says why.
        match (undone, end) {
            (Ok(()), end) => ended.push(end),
            (Err(_), Err(error @ Error::Database { .. })) => return Err(error.into()),
            (Err(source), _) => return Err(Error::Database { doing: "write", source }.into()),
        }
    }
    transaction.commit().await.map_err(|source| Lost {
        in_doubt: !matches!(source, sqlx::Error::Database(_)),
        error: Arc::new(Error::Database { doing: "make it durable", source }),
    })?;
    Ok(ended)
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
    let body = String::from_utf8_lossy(&body).into_owned();
    put(connection, number, &entry, body).await?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// Writes an entry and what follows from it.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    number: i64,
    entry: &Entry,
    body: String,
) -> Result<(), Error> {
    project::apply(connection, number, entry).await?;
    sqlx::query("INSERT INTO entry (number, body) VALUES ($1, $2)")
        .bind(number)
        .bind(body)
        .execute(&mut *connection)
        .await
        .doing("write an entry")?;
    Ok(())
}
