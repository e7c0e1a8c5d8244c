use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Answer, MAX_REQUEST, Witness};
use crate::log::Error;

/// Connections at one time; others wait.
const CONNECTIONS: usize = 256;
/// How long a request may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);
/// How long a connection may last.
const CONNECTION: Duration = Duration::from_mins(5);

/// The time in seconds since 1970.
pub type Clock = fn() -> u64;

/// Answers requests until the process ends. `told` gets what goes wrong on this machine.
pub fn serve(
    listener: TcpListener,
    witness: Witness,
    clock: Clock,
    told: fn(&Error),
) -> std::io::Result<Infallible> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    listener.set_nonblocking(true)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let witness = Arc::new(witness);
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let permit = room.clone().acquire_owned().await;
            let Ok((stream, _)) = listener.accept().await else {
                // The system has no more file handles; some are given back soon.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let witness = witness.clone();
            tokio::spawn(async move {
                let answer = service_fn(move |request| {
                    let witness = witness.clone();
                    async move { Ok::<_, Infallible>(answer(witness, request, clock, told).await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(ARRIVAL)
                    .max_buf_size(64 << 10)
                    .serve_connection(TokioIo::new(stream), answer);
                // A client that breaks off, or dawdles, harms nobody but itself.
                let _ = timeout(CONNECTION, connection).await;
                drop(permit);
            });
        }
    })
}

async fn answer(
    witness: Arc<Witness>,
    request: Request<Incoming>,
    clock: Clock,
    told: fn(&Error),
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let newest = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
    let adds = path == "/add-checkpoint";
    let answered = match (request.method(), adds, newest) {
        (&Method::POST, true, _) => match body(request.into_body()).await {
            Ok(body) => blocking(move || witness.add_checkpoint(&body, clock())).await,
            Err(refused) => Ok(refused),
        },
        (&Method::GET, _, Some(hash)) => {
            let hash = hash.to_owned();
            blocking(move || witness.checkpoint(&hash)).await
        }
        (_, true, _) | (_, _, Some(_)) => Ok(Answer::new(405, "another method is needed\n")),
        (_, false, None) => Ok(Answer::new(404, "there is nothing here\n")),
    };
    let answer = answered.unwrap_or_else(|error| {
        told(&error);
        Answer::new(500, "this witness cannot answer\n")
    });
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}

async fn body(body: Incoming) -> Result<Bytes, Answer> {
    let too_long = || Answer::new(413, "the request is too long, or was broken off\n");
    if body.size_hint().lower() > MAX_REQUEST as u64 {
        return Err(too_long());
    }
    match timeout(ARRIVAL, Limited::new(body, MAX_REQUEST).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(too_long()),
        Err(_) => Err(Answer::new(408, "the request took too long\n")),
    }
}

/// Runs what waits for the disk beside the connections.
async fn blocking(
    work: impl FnOnce() -> Result<Answer, Error> + Send + 'static,
) -> Result<Answer, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Ok(Answer::new(500, "this witness cannot answer\n")))
}
