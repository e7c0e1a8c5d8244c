//! Taking a body in: part by part, counted and digested on the way.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use gate::provenance::hex;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload, PutPayloadMut};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::Limits;
use super::store::{Store, failed, is_full};
use crate::Error;
use crate::error::Problem;

/// How much is held in memory before it is written.
const PART: usize = 8 << 20;
/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An object that was written.
pub(crate) struct Received {
    pub(crate) place: String,
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

impl Store {
    /// Takes a body of at most so many bytes in; it is there whole or not at all. `announced` is the
    /// length that the caller told, `claims` are the digests.
    pub(crate) async fn receive(
        &self,
        body: Body,
        (announced, most): (Option<u64>, u64),
        claims: &[String],
        limits: &Limits,
    ) -> Result<Received, Problem> {
        if announced.is_some_and(|announced| announced > most) {
            return Err(too_large(most));
        }
        self.room(announced.unwrap_or_default(), limits)?;
        let _turn = self.receiving.acquire().await.map_err(|_| closed())?;
        let mut writing = Writing::new(self)?;
        match writing.all(body, most, claims, limits).await {
            Ok(received) => Ok(received),
            Err(problem) => {
                writing.abort().await;
                Err(problem)
            }
        }
    }

    /// Writes bytes as a new object; gives its place.
    pub(crate) async fn put(&self, bytes: Vec<u8>) -> Result<String, Error> {
        let place = Self::new_place()?;
        self.objects.put(&place, PutPayload::from(bytes)).await.map_err(failed)?;
        Ok(place.to_string())
    }

    fn room(&self, bytes: u64, limits: &Limits) -> Result<(), Problem> {
        if self.free() < limits.floor.saturating_add(bytes) {
            let detail = "the disk of this server is as full as it may be";
            return Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail));
        }
        Ok(())
    }
}

struct Writing<'a> {
    store: &'a Store,
    place: object_store::path::Path,
    multipart: Option<Box<dyn MultipartUpload>>,
    part: PutPayloadMut,
    digest: Sha256,
    bytes: u64,
}

impl<'a> Writing<'a> {
    fn new(store: &'a Store) -> Result<Self, Problem> {
        let place = Store::new_place().map_err(|_| closed())?;
        let (part, digest) = (PutPayloadMut::new(), Sha256::new());
        Ok(Self { store, place, multipart: None, part, digest, bytes: 0 })
    }

    async fn all(
        &mut self,
        body: Body,
        most: u64,
        claims: &[String],
        limits: &Limits,
    ) -> Result<Received, Problem> {
        let mut stream = body.into_data_stream();
        while let Some(chunk) = timeout(PATIENCE, stream.next()).await.map_err(|_| slow())? {
            let chunk = chunk.map_err(|_| cut())?;
            self.bytes = self.bytes.saturating_add(chunk.len() as u64);
            if self.bytes > most {
                return Err(too_large(most));
            }
            self.add(chunk, limits).await?;
        }
        let sha256 = hex::encode(&std::mem::take(&mut self.digest).finalize());
        if claims.iter().any(|claim| *claim != sha256) {
            let detail = format!("the body has the SHA-256 {sha256}, and its header tells another");
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
        self.finish().await?;
        Ok(Received { place: self.place.to_string(), sha256, bytes: self.bytes })
    }

    async fn add(&mut self, chunk: Bytes, limits: &Limits) -> Result<(), Problem> {
        self.digest.update(&chunk);
        self.part.push(chunk);
        if self.part.content_length() < PART {
            return Ok(());
        }
        self.store.room(0, limits)?;
        if self.multipart.is_none() {
            let begun = self.store.objects.put_multipart(&self.place).await;
            self.multipart = Some(begun.map_err(|error| unwritten(&error))?);
        }
        let part = self.part_so_far();
        if let Some(multipart) = &mut self.multipart {
            multipart.put_part(part).await.map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }

    fn part_so_far(&mut self) -> PutPayload {
        std::mem::replace(&mut self.part, PutPayloadMut::new()).freeze()
    }

    async fn finish(&mut self) -> Result<(), Problem> {
        let last = self.part_so_far();
        let done = match &mut self.multipart {
            None => self.store.objects.put(&self.place, last).await,
            Some(multipart) => {
                if last.content_length() > 0 {
                    multipart.put_part(last).await.map_err(|error| unwritten(&error))?;
                }
                multipart.complete().await
            }
        };
        self.multipart = None;
        done.map(drop).map_err(|error| unwritten(&error))
    }

    async fn abort(&mut self) {
        if let Some(mut multipart) = self.multipart.take() {
            // The sweep finds what stays.
            let _ = multipart.abort().await;
        }
    }
}

fn too_large(most: u64) -> Problem {
    let detail = format!("the body is larger than the {most} bytes that have room");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "nothing came for 30 seconds")
}

fn cut() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "the body ended early")
}

fn closed() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server takes nothing in")
}

fn unwritten(error: &object_store::Error) -> Problem {
    if is_full(error) {
        let detail = "the disk of this server is full; nothing was kept";
        return Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail);
    }
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the store of uploads does not answer")
}
