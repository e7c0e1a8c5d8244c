//! How often somebody may call.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Bounds, household};
use crate::error::Problem;

/// So many seconds' worth of calls may come at once.
const BURST: u32 = 10;

/// A credential and whose it is: all whom an identity provider signs in share one credential.
type Caller = (String, String);

/// Counts calls: of each caller, and of each address that shows no credential that counts.
#[derive(Debug)]
pub(crate) struct Rates {
    callers: DefaultKeyedRateLimiter<Caller>,
    strangers: DefaultKeyedRateLimiter<Option<IpAddr>>,
    clock: DefaultClock,
}

impl Rates {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let second = Quota::per_second(number(bounds.credential));
        let second = second.allow_burst(number(bounds.credential.saturating_mul(BURST)));
        Self {
            callers: RateLimiter::keyed(second),
            strangers: RateLimiter::keyed(Quota::per_minute(number(bounds.stranger))),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a call; an answer where it is one too many.
    pub(crate) fn count(&self, who: Option<Caller>, address: Option<IpAddr>) -> Option<Response> {
        let told = match who {
            Some(caller) => self.callers.check_key(&caller),
            None => self.strangers.check_key(&address.map(household)),
        };
        let wait = told.err()?.wait_time_from(self.clock.now());
        let seconds = wait.as_secs().saturating_add(1);
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many calls; wait a little");
        let mut answer = problem.into_response();
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        Some(answer)
    }

    /// Forgets those who have not called for a while.
    pub(crate) fn forget(&self) {
        self.callers.retain_recent();
        self.strangers.retain_recent();
    }
}

#[cfg(test)]
mod tests {
    use super::{BURST, Bounds, Rates};

    #[test]
    fn whoever_calls_too_often_keeps_nobody_else_out() {
        let rates = Rates::new(&Bounds { credential: 1, ..Bounds::default() });
        let call = |credential: &str, principal: &str| {
            rates.count(Some((credential.to_owned(), principal.to_owned())), None).is_none()
        };
        let taken = (0..10 * BURST).filter(|_| call("oidc", "ana")).count();
        assert!(taken < 2 * BURST as usize, "{taken}");
        assert!(!call("oidc", "ana"));
        assert!(call("oidc", "ben"), "another person whom the provider signed in");
        assert!(call("t1", "ana"), "another credential of hers");
    }
}
