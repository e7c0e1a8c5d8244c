use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum_server::tls_rustls::RustlsConfig;
use gate::Date;
use gate::ledger::{self, Act, Ledger, Place, Role};
use gate::provenance::{hex, keys};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

use crate::auth::{self, Begun, Guard, Oidc, Strangers};
use crate::metrics::Metrics;
use crate::serving::{self, Bounds, Rates, Renderers, Tls};
use crate::worker::{Work, Workers};
use crate::{Error, pages, routes, witness};

/// What the server is told by whoever starts it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where its record lies.
    pub place: Place,
    /// Folders of this machine whose models may be weighed by their path.
    pub models: Vec<PathBuf>,
    /// A token that may do everything as long as the environment gives it.
    pub admin_token: Option<String>,
    /// How jobs are done.
    pub work: Work,
    /// Under which address people reach it, where that is not where it listens: `https://…`.
    pub public_url: Option<String>,
    /// Through whom people sign in, beside tokens.
    pub oidc: Option<Oidc>,
    /// How long sessions of browsers last.
    pub sessions: Sessions,
    /// What one caller may ask of it.
    pub bounds: Bounds,
    /// Its certificate.
    pub tls: Option<Tls>,
    /// Whether it may listen elsewhere than on this machine without TLS.
    pub insecure_http: bool,
    /// Proxies that are believed who called (`X-Forwarded-For`).
    pub proxies: Vec<IpAddr>,
}

impl Options {
    /// What counts where nothing is told.
    pub fn new(listen: SocketAddr, place: Place) -> Self {
        Self {
            listen,
            place,
            models: Vec::new(),
            admin_token: None,
            public_url: None,
            oidc: None,
            sessions: Sessions::default(),
            bounds: Bounds::default(),
            tls: None,
            insecure_http: false,
            proxies: Vec::new(),
            work: Work::default(),
        }
    }

    /// Whether browsers reach it over TLS.
    pub(crate) fn secure(&self) -> bool {
        let https = self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
        https || self.tls.is_some()
    }

    /// The name under which people reach it.
    pub(crate) fn public_host(&self) -> Option<String> {
        let url = self.public_url.as_deref()?.parse::<Uri>().ok()?;
        url.host().map(str::to_ascii_lowercase)
    }
}

/// How long sessions of browsers last.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    /// The longest without a call.
    pub idle: SignedDuration,
    /// The longest of all.
    pub longest: SignedDuration,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { idle: SignedDuration::from_hours(1), longest: SignedDuration::from_hours(12) }
    }
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
    pub(crate) strangers: Strangers,
    pub(crate) rates: Rates,
    pub(crate) metrics: Metrics,
    pub(crate) begun: Begun,
    pub(crate) renderers: Renderers,
}

/// A server that listens and answers nothing yet.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<RustlsConfig>,
}

impl Server {
    /// Opens the record and the address.
    pub async fn bind(options: Options, world: World) -> Result<Self, Error> {
        let address = options.listen;
        serving::may_listen(address, options.tls.is_some(), options.insecure_http)?;
        options.oidc.as_ref().map_or(Ok(()), Oidc::check)?;
        let certificate = serving::load(options.tls.clone()).await?;
        let ledger = Ledger::open(&options.place).await?;
        let Options { place, models, work, .. } = options.clone();
        let workers = Arc::new(Workers::new(ledger.clone(), &place, models, work, world)?);
        let metrics = Metrics::new().map_err(|source| Error::Metrics { source })?;
        let begun = Begun::default();
        let (strangers, rates) = (Strangers::default(), Rates::new(&options.bounds));
        let app = Arc::new(App {
            ledger,
            workers,
            options,
            world,
            strangers,
            rates,
            metrics,
            begun,
            renderers: Renderers::default(),
        });
        first_admin(&app).await?;
        let listener =
            TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
        let address = listener.local_addr().unwrap_or(address);
        Ok(Self { app, listener, address, certificate })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The record that it keeps.
    pub fn ledger(&self) -> &Ledger {
        &self.app.ledger
    }

    /// Answers until it is told to stop.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
        let Self { app, listener, address, certificate } = self;
        let scheme = if app.options.tls.is_some() { "https" } else { "http" };
        (app.world.say)(&format!("listening on {scheme}://{address}"));
        let (stopped, stopping) = watch::channel(false);
        let work = tokio::spawn(app.workers.clone().run(stopping));
        let stop = async move {
            stop.await;
            let _ = stopped.send(true);
        };
        let minutes = tokio::spawn(every_minute(app.clone()));
        let witnesses = tokio::spawn(witness::rounds(app.clone()));
        let router = router(app.clone());
        let served = serving::run(&app, listener, router, certificate, stop).await;
        // What runs is finished or given back.
        let _ = work.await;
        minutes.abort();
        witnesses.abort();
        auth::tell(&app).await;
        // What is recorded is published before the end.
        let closed = app.ledger.close().await;
        served.and(closed.map(|_| ()).map_err(Error::from))
    }
}

/// Runs the server until it is told to stop.
pub async fn serve(
    options: Options,
    world: World,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    Server::bind(options, world).await?.run(stop).await
}

/// Somebody has to be able to make the first token: one is made and printed, once, where no token
/// may do everything and the environment gives none.
async fn first_admin(app: &App) -> Result<(), Error> {
    // Another token may stand in the environment by now, and roles may follow from other claims.
    for credential in [auth::ENVIRONMENT, auth::PROVIDER] {
        app.ledger.end_sessions_of(credential).await?;
    }
    let now = (app.world.now)();
    if app.options.admin_token.is_some() || app.ledger.has_admin(now).await? {
        return Ok(());
    }
    let act = Act::new("first start", now);
    let made = app.ledger.make_token(act, "admin", Role::Admin, None).await?;
    (app.world.say)(&format!("admin token (shown once): {}", made.text));
    Ok(())
}

/// An identifier that nobody has.
pub(crate) fn new_id() -> Result<String, ledger::Error> {
    let random = keys::random().map_err(ledger::Error::from)?;
    Ok(hex::encode(&random).chars().take(32).collect())
}

async fn every_minute(app: Arc<App>) {
    let mut minute = tokio::time::interval(Duration::from_mins(1));
    loop {
        minute.tick().await;
        auth::tell(&app).await;
        app.rates.forget();
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    let (router, gates) = routes::build(routes::table());
    let guard = Guard { app: app.clone(), gates: Arc::new(gates) };
    // The last is the first that a call meets.
    router
        .layer(DefaultBodyLimit::max(app.options.bounds.body))
        .layer(from_fn_with_state(guard, auth::guard))
        .layer(from_fn_with_state(app.clone(), serving::bounded))
        .layer(from_fn_with_state(app.clone(), serving::of_this_server))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(pages::as_page))
        .layer(from_fn_with_state(app.clone(), serving::for_browsers))
        .with_state(app)
}
