//! Whether a call is meant for this server, and how slowly its body may come.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};

use crate::app::{App, Options};
use crate::error::Problem;

/// Answers calls that name this server alone. A page of another host whose name was made to lead here
/// (DNS rebinding) still names that host.
pub(crate) async fn of_this_server(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    match named(request.headers(), request.uri()) {
        Some(host) if is_ours(&app.options, &host) => next.run(request).await,
        Some(_) => {
            let because = "the call names another host; `--public-url` tells under which name this \
                           server is reached";
            Problem::new(StatusCode::MISDIRECTED_REQUEST, because).into_response()
        }
        None => Problem::new(StatusCode::BAD_REQUEST, "a call has one `Host`").into_response(),
    }
}

/// The host that a call names, without its port.
fn named(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?.to_ascii_lowercase();
    let another =
        uri.authority().is_some_and(|of_uri| !of_uri.as_str().eq_ignore_ascii_case(&host));
    if hosts.next().is_some() || another {
        return None;
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host.as_str(), ""),
    };
    port.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.to_owned())
}

fn is_ours(options: &Options, host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // Over TLS the certificate tells browsers whose server it is; a number is no name.
    options.tls.is_some()
        || host == "localhost"
        || bare.parse::<IpAddr>().is_ok()
        || options.public_host().is_some_and(|ours| ours == host)
}

/// Gives a body up that makes a long pause.
pub(crate) async fn bounded(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let pause = app.options.bounds.pause;
    let request = request.map(|body| patient(body, pause));
    next.run(request).await
}

fn patient(body: Body, pause: Duration) -> Body {
    let parts = stream::unfold(Some(body.into_data_stream()), move |state| async move {
        let mut data = state?;
        match tokio::time::timeout(pause, data.next()).await {
            Ok(Some(Ok(part))) => Some((Ok(part), Some(data))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => {
                let slow = std::io::Error::other("the body makes a long pause");
                Some((Err(axum::Error::new(slow)), None))
            }
        }
    });
    Body::from_stream(parts)
}

#[cfg(test)]
mod tests {
    use super::named;
    use axum::http::{HeaderMap, HeaderValue, Uri, header::HOST};

    #[test]
    fn tells_the_host_that_a_call_names() {
        let host = |host: &'static str, uri: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            named(&headers, &Uri::from_static(uri))
        };
        assert_eq!(host("Models.example:8420", "/").as_deref(), Some("models.example"));
        assert_eq!(host("[::1]:8420", "/").as_deref(), Some("[::1]"));
        assert_eq!(host("[::1]", "/").as_deref(), Some("[::1]"));
        assert_eq!(host("a.example", "http://b.example/").as_deref(), None);
        assert_eq!(host("a.example:x", "/").as_deref(), None);
    }
}
