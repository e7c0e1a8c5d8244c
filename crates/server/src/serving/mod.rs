//! The connections: who may open one, how long it may take, and what every answer says to browsers.

mod admit;
mod connections;
mod headers;
mod rate;
mod renderers;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;

use crate::Error;
use crate::app::App;

pub(crate) use admit::{bounded, of_this_server};
use connections::AtMost;
pub(crate) use headers::for_browsers;
pub(crate) use rate::Rates;
pub(crate) use renderers::Renderers;
pub(crate) use tls::load;

/// The longest head of a call, in bytes: its first line and its headers.
const MAX_HEAD: usize = 32 * 1024;
/// How many headers a call may have.
const MAX_HEADERS: usize = 64;

/// What one caller may ask of the server.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at a time.
    pub connections: usize,
    /// Connections of one address at a time; a proxy of ours may have all.
    pub address: usize,
    /// The longest body, in bytes; uploads have bounds of their own.
    pub body: usize,
    /// How long the head of a call may take, and how long a connection may be idle.
    pub head: Duration,
    /// The longest pause within a body.
    pub pause: Duration,
    /// The longest that a call may take; uploads have no end.
    pub call: Duration,
    /// How many calls a second one credential may make, over some time.
    pub credential: u32,
    /// How many calls a minute an address may make without a credential that counts.
    pub stranger: u32,
    /// How long calls that are being answered have when the server is told to stop.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            address: 256,
            body: 8 << 20,
            head: Duration::from_secs(10),
            pause: Duration::from_secs(20),
            call: Duration::from_mins(2),
            credential: 500,
            stranger: 120,
            grace: Duration::from_secs(30),
        }
    }
}

/// The certificate and the private key, PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate, and those that lead to a root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Whether it may listen there: without TLS whoever listens in on the network reads every token.
pub(crate) fn may_listen(address: SocketAddr, tls: bool, insecure: bool) -> Result<(), Error> {
    if tls || insecure || address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::Insecure { address })
}

/// Answers until it is told to stop, then finishes what it has begun.
pub(crate) async fn run(
    app: &Arc<App>,
    listener: TcpListener,
    router: Router,
    certificate: Option<RustlsConfig>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let bounds = app.options.bounds;
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopping.graceful_shutdown(Some(bounds.grace));
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::Server::<SocketAddr>::from_listener(listener).handle(handle);
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    let at_most = AtMost::new(&bounds, &app.options.proxies);
    let certificate = app.options.tls.clone().zip(certificate);
    let reload = tokio::spawn(tls::reload(app.clone(), certificate.clone()));
    let served = match certificate {
        // Only what stands behind the acceptor counts: without it a connection that says nothing
        // is waited for without end.
        None => server.acceptor(at_most).http1_only().serve(service).await,
        Some((_, config)) => {
            let acceptor = RustlsAcceptor::new(config).acceptor(at_most);
            server.acceptor(acceptor).http1_only().serve(service).await
        }
    };
    reload.abort();
    served.map_err(|source| Error::Stopped { source })
}

/// Under what the calls of an address are counted: a household of IPv6 has many.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}
