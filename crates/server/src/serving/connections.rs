//! At most so many connections, and of one address fewer: one more is closed at once, before it costs
//! anything.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::{Bounds, household};

/// How many connections each address has.
type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Lets connections in while there is room.
#[derive(Clone, Debug)]
pub(super) struct AtMost {
    all: Arc<Semaphore>,
    each: Counts,
    most_each: usize,
    /// Behind which many stand.
    proxies: Arc<[IpAddr]>,
}

impl AtMost {
    pub(super) fn new(bounds: &Bounds, proxies: &[IpAddr]) -> Self {
        let (all, each) = (Arc::new(Semaphore::new(bounds.connections)), Arc::default());
        Self { all, each, most_each: bounds.address, proxies: proxies.into() }
    }

    fn room(&self, stream: &TcpStream) -> Option<Room> {
        let all = self.all.clone().try_acquire_owned().ok()?;
        let address = stream.peer_addr().ok()?.ip().to_canonical();
        if self.proxies.contains(&address) {
            return Some(Room { _all: all, each: None });
        }
        let address = household(address);
        let mut counts = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= self.most_each {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Room { _all: all, each: Some((address, self.each.clone())) })
    }
}

/// The room of a connection.
#[derive(Debug)]
struct Room {
    _all: OwnedSemaphorePermit,
    each: Option<(IpAddr, Counts)>,
}

impl Drop for Room {
    fn drop(&mut self) {
        let Some((address, counts)) = &self.each else { return };
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(address);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for AtMost {
    type Stream = TcpStream;
    type Service = Held<S>;
    type Future = Ready<io::Result<(TcpStream, Held<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Where it cannot be set, small answers are slower.
        let _ = stream.set_nodelay(true);
        ready(match self.room(&stream) {
            Some(room) => Ok((stream, Held { service, _room: Arc::new(room) })),
            None => Err(io::Error::other("too many connections")),
        })
    }
}

/// The service of one connection, which keeps its room until it is gone.
#[derive(Clone, Debug)]
pub(super) struct Held<S> {
    service: S,
    _room: Arc<Room>,
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
