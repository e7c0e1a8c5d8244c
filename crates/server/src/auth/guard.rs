//! What stands in front of every route.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use gate::ledger::Holder;
use tokio::time::Instant;
use vocabulary::escape;

use super::audit::{self, Call};
use super::{Caller, cookies, csrf, identify, no_credential, sign_in};
use crate::app::App;
use crate::error::{Cause, Problem};
use crate::routes::{Gates, Needs};

/// The most that a form has, in bytes.
const MAX_FORM: usize = 65_536;

/// Under which calls may take as long as they need, and where they may that send such a body.
const UPLOADS: &str = "/api/v1/uploads/";
const BODIES: [&str; 2] = ["/api/v1/weighings", "/api/v1/evaluations"];
const BYTES: &str = "application/octet-stream";

/// The guard, and what it holds calls against.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) app: Arc<App>,
    pub(crate) gates: Arc<Gates>,
}

/// An answer's note of who has just signed in.
#[derive(Clone, Debug)]
pub(super) struct SignedIn(pub(super) Holder);

/// Answers a call and counts the answer.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = guard.needs(&request).and(request.extensions().get::<MatchedPath>().cloned());
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let method = if route == "none" { Method::GET } else { request.method().clone() };
    let metrics = guard.app.metrics.clone();
    let answer = answer(guard, request, next).await;
    metrics.answered(method.as_str(), route, answer.status(), begun.elapsed());
    answer
}

/// Finds the caller, holds the call against the table, answers it and has it recorded.
async fn answer(guard: Guard, mut request: Request, next: Next) -> Response {
    let app = &guard.app;
    let call = Call {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        address: address(&request, &app.options.proxies),
    };
    let needs = guard.needs(&request);
    // Where there is no such route, nobody's code runs: the router says what is wrong with it.
    let asked = needs.unwrap_or(Needs::OPEN);
    let (caller, refused) = match identify(app, request.headers()).await {
        Ok(caller) => (caller, None),
        Err(problem) => (None, Some(problem)),
    };
    if asked != Needs::NOTHING {
        let who = caller.as_ref();
        let who = who.map(|caller| (caller.credential.clone(), caller.principal.clone()));
        if let Some(answer) = app.rates.count(who, call.address) {
            // What is refused for being too much is not written down: that would be too much as well.
            return answer;
        }
    }
    // Whatever a call is, a form of it does not come for as long as it takes.
    let until = Instant::now().checked_add(app.options.bounds.call);
    let longest = until.filter(|_| !is_upload(&request));
    let admitted = in_time(until, admit(app, asked, caller.as_ref(), refused, &mut request)).await;
    let answer = match admitted.flatten() {
        Ok(()) if needs.is_none() && request.extensions().get::<MatchedPath>().is_some() => {
            StatusCode::METHOD_NOT_ALLOWED.into_response()
        }
        Ok(()) => {
            if let Some(caller) = &caller {
                request.extensions_mut().insert(caller.clone());
            }
            in_time(longest, next.run(request)).await.unwrap_or_else(|late| late)
        }
        Err(answer) => answer,
    };
    if let Some(Cause(cause)) = answer.extensions().get() {
        let (method, path) = (escape(&call.method), escape(&call.path));
        (app.world.say)(&format!("error: {method} {path}: {}", escape(cause)));
    }
    if !asked.recorded {
        return answer;
    }
    let signed_in = answer.extensions().get::<SignedIn>();
    let who = match signed_in {
        Some(SignedIn(holder)) => Some((holder.principal.clone(), holder.credential.clone())),
        None => caller.map(|caller| (caller.principal, caller.credential)),
    };
    match audit::record(app, call, who, answer.status()).await {
        Ok(()) => answer,
        Err(error) => Problem::from(error).into_response(),
    }
}

/// What comes of a part of a call; the answer that it took too long.
async fn in_time<T>(until: Option<Instant>, part: impl Future<Output = T>) -> Result<T, Response> {
    let Some(until) = until else { return Ok(part.await) };
    tokio::time::timeout_at(until, part).await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "the call took too long").into_response()
    })
}

impl Guard {
    /// What a call needs; `None` where the table does not know it.
    fn needs(&self, request: &Request) -> Option<Needs> {
        let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
        let method = match request.method() {
            &Method::HEAD => Method::GET,
            other => other.clone(),
        };
        self.gates.get(&(method, path)).copied()
    }
}

/// Whether the call may go on; otherwise the answer.
async fn admit(
    app: &App,
    needs: Needs,
    caller: Option<&Caller>,
    refused: Option<Problem>,
    request: &mut Request,
) -> Result<(), Response> {
    if let Some(role) = needs.role {
        let Some(caller) = caller else {
            if refused.is_none() && wants_page(request) {
                let to = sign_in::address(request.uri());
                return Err(Redirect::to(&to).into_response());
            }
            return Err(refused.unwrap_or_else(no_credential).into_response());
        };
        if caller.role < role {
            let because = format!("this takes the role `{}`", role.word());
            return Err(Problem::new(StatusCode::FORBIDDEN, because).into_response());
        }
    }
    if matches!(request.method(), &Method::GET | &Method::HEAD) {
        return Ok(());
    }
    let expected = match caller {
        // What everybody may send has a cookie of its own, with a session or without.
        _ if needs.role.is_none() && is_form(request.headers()) => {
            csrf::token(&cookies::form(app, request.headers()).unwrap_or_default())
        }
        Some(Caller { csrf: Some(expected), .. }) => expected.clone(),
        // A browser does not send a token on its own.
        Some(Caller { csrf: None, .. }) | None => return Ok(()),
    };
    let form = if is_form(request.headers()) { form(request).await? } else { Bytes::new() };
    csrf::check(request.headers(), &expected, &form).map_err(IntoResponse::into_response)
}

/// The body of a form; the request keeps it.
async fn form(request: &mut Request) -> Result<Bytes, Response> {
    let body = std::mem::take(request.body_mut());
    let bytes = to_bytes(body, MAX_FORM).await.map_err(|_| {
        let because = format!("a form has at most {MAX_FORM} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, because).into_response()
    })?;
    *request.body_mut() = Body::from(bytes.clone());
    Ok(bytes)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
}

/// Whether bytes are sent for as long as it takes.
fn is_upload(request: &Request) -> bool {
    let bytes = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == BYTES);
    let path = request.uri().path();
    path.starts_with(UPLOADS) || bytes && BODIES.contains(&path)
}

/// Whether a person looks at the answer.
fn wants_page(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && !request.uri().path().starts_with("/api/")
        && accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Where the call came from. What a proxy of ours says counts: the last address that is not a proxy's own.
/// Whoever comes by no proxy may say what they like.
fn address(request: &Request, proxies: &[IpAddr]) -> Option<IpAddr> {
    let ConnectInfo(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    let peer = peer.ip().to_canonical();
    Some(forwarded(peer, request.headers(), proxies))
}

fn forwarded(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let mut from = peer;
    let said = headers.get_all("x-forwarded-for").iter();
    let said: Vec<&str> =
        said.flat_map(|value| value.to_str().unwrap_or("-").split(',')).map(str::trim).collect();
    for hop in said.into_iter().rev() {
        if !proxies.contains(&from) {
            break;
        }
        let alone = hop.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|at| at.ip()));
        // What cannot be read tells nothing of what stands before it.
        let Ok(before) = alone else { break };
        from = before.to_canonical();
    }
    from
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderMap, HeaderValue};

    use super::forwarded;

    #[test]
    fn only_a_proxy_of_ours_tells_where_a_call_came_from() {
        let from = |peer: &str, said: &[&'static str], proxies: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append("x-forwarded-for", HeaderValue::from_static(value));
            }
            let proxies: Vec<IpAddr> = proxies.iter().map(|text| text.parse().unwrap()).collect();
            forwarded(peer.parse().unwrap(), &headers, &proxies).to_string()
        };
        assert_eq!(from("9.9.9.9", &["1.1.1.1"], &[]), "9.9.9.9");
        assert_eq!(from("9.9.9.9", &["1.1.1.1"], &["8.8.8.8"]), "9.9.9.9");
        assert_eq!(from("9.9.9.9", &[], &["9.9.9.9"]), "9.9.9.9");
        assert_eq!(from("9.9.9.9", &["1.1.1.1"], &["9.9.9.9"]), "1.1.1.1");
        // What the caller wrote stands before what the proxy saw.
        assert_eq!(from("9.9.9.9", &["6.6.6.6, 1.1.1.1"], &["9.9.9.9"]), "1.1.1.1");
        assert_eq!(from("9.9.9.9", &["6.6.6.6", "1.1.1.1"], &["9.9.9.9"]), "1.1.1.1");
        assert_eq!(from("9.9.9.9", &["1.1.1.1, 8.8.8.8"], &["9.9.9.9", "8.8.8.8"]), "1.1.1.1");
        assert_eq!(from("9.9.9.9", &["1.1.1.1, nobody"], &["9.9.9.9"]), "9.9.9.9");
        assert_eq!(from("9.9.9.9", &["1.1.1.1:4000"], &["9.9.9.9"]), "1.1.1.1");
        assert_eq!(from("::1", &["[2001:db8::1]:4000"], &["::1"]), "2001:db8::1");
        assert_eq!(from("::1", &["::ffff:1.1.1.1"], &["::1"]), "1.1.1.1");
    }
}
