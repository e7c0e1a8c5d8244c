//! One request, one answer, all of it bounded.

#![allow(clippy::disallowed_methods, reason = "the rate of calls needs a clock")]

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use serde_json::Value;
use ureq::http::{HeaderMap, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::Settings;
use super::secret::{self, Key};
use super::wire::NoAnswer;
use crate::target::Failure;

/// The most that an answer may have, in bytes.
const MAX_ANSWER: u64 = 32 << 20;
/// The most that is kept of what a server says of an error, in characters.
const MAX_SAID: usize = 300;
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(15);

/// The address of a server, up to `/v1`: what `/chat/completions` is put behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// Why an address is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is no URL.
    #[error("it is no URL of the form `http://host:port/v1`")]
    NoUrl,
    /// It has a user, a query or a fragment.
    #[error("an address has no user, query or fragment; a key is taken from the environment")]
    More,
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let uri: Uri = text.parse().map_err(|_| BadAddress::NoUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(BadAddress::NoUrl);
        };
        if !matches!(scheme, "http" | "https") || authority.host().is_empty() {
            return Err(BadAddress::NoUrl);
        }
        if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
            return Err(BadAddress::More);
        }
        let path = uri.path().trim_end_matches('/');
        Ok(Self(format!("{scheme}://{}{path}", authority.as_str().to_ascii_lowercase())))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// The server said no, or not now.
    Status { status: u16, later: Option<Duration>, text: String },
    /// It said nothing, or not all of it.
    Lost(String),
    /// It said what is no answer.
    Garbled(String),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Status { status: 429 | 503, later, .. } => Self::Busy(later),
            // Of this call. What is wrong with all calls (the key, the model) may be put right.
            Trouble::Status { status: 400 | 413 | 422, text, .. } => Self::Rejected(text),
            Trouble::Status { text, .. } | Trouble::Lost(text) => Self::Lost(text),
            Trouble::Garbled(text) => Self::Garbled(text),
        }
    }
}

impl From<NoAnswer> for Trouble {
    fn from(NoAnswer(text): NoAnswer) -> Self {
        Self::Garbled(text)
    }
}

#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    address: Address,
    key: Option<Key>,
    /// The time between two calls, and when the next may be made.
    rate: Option<(Duration, Mutex<Instant>)>,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::WebPki)
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .build();
        let connections = usize::try_from(settings.concurrency.get()).unwrap_or(usize::MAX);
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(settings.timeout))
            .timeout_connect(Some(CONNECT.min(settings.timeout)))
            .max_idle_connections(connections)
            .max_idle_connections_per_host(connections)
            // The key is for whom it was given, and for nobody that they name.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("weighbridge")
            .build();
        let between = settings.rate.filter(|rate| *rate > 0.0).map(|rate| {
            let between = Duration::try_from_secs_f64(rate.recip()).unwrap_or(Duration::MAX);
            (between, Mutex::new(Instant::now()))
        });
        Self {
            agent: config.new_agent(),
            address: settings.address.clone(),
            key: settings.key.clone(),
            rate: between,
        }
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Trouble> {
        self.turn();
        let mut request = self.agent.get(format!("{}/{path}", self.address));
        if let Some(key) = &self.key {
            request = request.header("authorization", key.bearer());
        }
        self.answer(request.call())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        self.turn();
        let mut request = self.agent.post(format!("{}/{path}", self.address));
        request = request.header("accept", "application/json").content_type("application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", key.bearer());
        }
        self.answer(request.send(body.to_string()))
    }

    /// Waits until the rate permits a call.
    fn turn(&self) {
        let Some((between, next)) = &self.rate else { return };
        let now = Instant::now();
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = (*next).max(now);
        *next = mine.checked_add(*between).unwrap_or(mine);
        drop(next);
        thread::sleep(mine.saturating_duration_since(now));
    }

    fn answer(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Value, Trouble> {
        let lost = |error: ureq::Error| Trouble::Lost(self.told(&error.to_string()));
        let mut answer = answer.map_err(lost)?;
        let status = answer.status().as_u16();
        let later = retry_after(answer.headers());
        let read = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        if status != 200 {
            return Err(self.refused(status, later, &read.unwrap_or_default()));
        }
        let body = read.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(_) => {
                Trouble::Garbled(format!("the answer has more than {MAX_ANSWER} bytes"))
            }
            error => lost(error),
        })?;
        let mut answer = json(&body)?;
        if let Some(key) = &self.key {
            key.take_from(&mut answer);
        }
        Ok(answer)
    }

    fn refused(&self, status: u16, later: Option<Duration>, body: &[u8]) -> Trouble {
        let said = said(&secret::without(self.key.as_ref(), &String::from_utf8_lossy(body)));
        let text = if said.is_empty() {
            format!("it answered {status}")
        } else {
            self.told(&format!("it answered {status}: {said}"))
        };
        Trouble::Status { status, later, text }
    }

    /// What was said, without the key and not at any length.
    fn told(&self, text: &str) -> String {
        secret::without(self.key.as_ref(), text).chars().take(MAX_SAID).collect()
    }
}

/// What came, where it is JSON.
pub(super) fn json(body: &[u8]) -> Result<Value, Trouble> {
    crate::json::parse(body).map_err(|error| Trouble::Garbled(no_json(body, &error)))
}

/// Seconds; a date is left alone, since it needs the server's clock to be ours.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What an error says: the message of the protocol, or the first line. The key was taken out of it.
fn said(body: &str) -> String {
    let message = crate::json::parse::<Value>(body.as_bytes()).ok().and_then(|value| {
        let places = ["/error/message", "/message", "/error", "/detail"];
        places.iter().find_map(|place| value.pointer(place)?.as_str().map(str::to_owned))
    });
    message.unwrap_or_else(|| {
        let text = body.get(..body.floor_char_boundary(4096)).unwrap_or_default();
        text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    })
}

fn no_json(body: &[u8], error: &serde_json::Error) -> String {
    let start = body.trim_ascii_start();
    if start.starts_with(b"<") {
        "a page came in place of JSON".to_owned()
    } else if start.starts_with(b"data:") || start.starts_with(b"event:") {
        "a stream of events came, and one answer was asked for".to_owned()
    } else if error.is_eof() {
        "the JSON ends before its end".to_owned()
    } else {
        format!("no JSON came: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        let address = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        for text in ["http://Host:8000/v1", "http://host:8000/v1/", "HTTP://host:8000/v1//"] {
            assert_eq!(address(text).as_deref(), Ok("http://host:8000/v1"), "{text}");
        }
        for text in ["host:8000/v1", "ftp://host/v1", "http://", "http:///v1", "/v1", ""] {
            assert_eq!(address(text), Err(BadAddress::NoUrl), "{text}");
        }
        for text in ["http://user:key@host/v1", "http://host/v1?key=1", "http://host/v1#a"] {
            assert_eq!(address(text), Err(BadAddress::More), "{text}");
        }
    }

    #[test]
    fn tells_what_came_in_place_of_json() {
        let read = |body: &[u8]| no_json(body, &serde_json::from_slice::<Value>(body).unwrap_err());
        assert!(read(b" <!DOCTYPE html>").contains("a page"));
        assert!(read(b"data: {}\n\n").contains("a stream"));
        assert!(read(b"{\"choices\": [").contains("ends before"));
        assert!(read(b"{\"logprob\": NaN}").contains("no JSON"));
    }
}
