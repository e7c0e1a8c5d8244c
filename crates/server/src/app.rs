use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use gate::Date;
use gate::ledger::{Ledger, Place};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::worker::{Work, Workers};
use crate::{Error, api, auth};

/// What the server is told by whoever starts it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where its record lies.
    pub place: Place,
    /// Folders of this machine whose models may be weighed by their path.
    pub models: Vec<PathBuf>,
    /// The token of the first administrator, in place of one that is made and printed.
    pub admin_token: Option<String>,
    /// How jobs are done.
    pub work: Work,
}

/// What the server takes from the world.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// This moment.
    pub now: fn() -> Timestamp,
    /// Today, UTC.
    pub today: fn() -> Date,
    /// Tells the person who started it something, one line.
    pub say: fn(&str),
}

/// What every part of the server shares.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) ledger: Ledger,
    pub(crate) workers: Arc<Workers>,
    pub(crate) options: Options,
    pub(crate) world: World,
    pub(crate) admin: String,
}

/// Runs the server until it is told to stop.
pub async fn serve(
    options: Options,
    world: World,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let ledger = Ledger::open(&options.place).await?;
    let admin = match &options.admin_token {
        Some(token) => token.clone(),
        None => {
            let token = auth::new_secret()?;
            (world.say)(&format!("admin token (shown once): {token}"));
            token
        }
    };
    let address = options.listen;
    let Options { place, models, work, .. } = options.clone();
    let workers = Arc::new(Workers::new(ledger.clone(), &place, models, work, world)?);
    let app = Arc::new(App { ledger, workers: workers.clone(), options, world, admin });
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })?;
    let listens = listener.local_addr().unwrap_or(address);
    (world.say)(&format!("listening on http://{listens}"));
    let (stopped, stopping) = watch::channel(false);
    let work = tokio::spawn(workers.run(stopping));
    let stop = async move {
        stop.await;
        let _ = stopped.send(true);
    };
    let served = axum::serve(listener, router(app.clone())).with_graceful_shutdown(stop).await;
    // What runs is finished or given back.
    let _ = work.await;
    served.map_err(|source| Error::Stopped { source })
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new().merge(api::router()).with_state(app)
}
