//! At most so many connections: one more is closed at once, before it costs anything.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

/// Lets connections in while there is room.
#[derive(Clone, Debug)]
pub(super) struct AtMost(Arc<Semaphore>);

impl AtMost {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }
}

impl<S> Accept<TcpStream, S> for AtMost {
    type Stream = TcpStream;
    type Service = Held<S>;
    type Future = Ready<io::Result<(TcpStream, Held<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Where it cannot be set, small answers are slower.
        let _ = stream.set_nodelay(true);
        ready(match self.0.clone().try_acquire_owned() {
            Ok(room) => Ok((stream, Held { service, _room: Arc::new(room) })),
            Err(_) => Err(io::Error::other("too many connections")),
        })
    }
}

/// The service of one connection, which keeps its room until it is gone.
#[derive(Clone, Debug)]
pub(super) struct Held<S> {
    service: S,
    _room: Arc<OwnedSemaphorePermit>,
}

impl<R, S: Service<R>> Service<R> for Held<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}
