//! Signing in through an identity provider: `OpenID` Connect, authorization code with PKCE.
//!
//! What a sign-in began with (state, nonce, verifier) is kept in memory under a cookie of the browser
//! that began it, for some minutes, and taken out by the first that comes back: neither another browser
//! nor a second call can use it. Only signatures by public keys of the provider count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{HOST, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::ledger::{Holder, Role};
use gate::provenance::hex;
use gate::provenance::keys::{random, sha256};
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use rustls::crypto::aws_lc_rs;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::{PROVIDER, cookies, sign_in};
use crate::Error;
use crate::app::App;
use crate::error::{Cause, Problem};
use crate::extract::{Query, name};

/// How long somebody may take at the provider.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// How many may be there at a time.
const AT_ONCE: usize = 1000;
/// How long the provider may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The most that an answer of it may have, in bytes.
const MAX_ANSWER: u64 = 1 << 20;
/// Where the provider sends browsers back to.
const BACK: &str = "/sign-in/oidc/back";

/// An identity provider, and what its words mean here.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Its address, `https://…`.
    pub issuer: String,
    /// Under which name it knows this server.
    pub client: String,
    /// What this server shows it, where it wants to see something.
    pub secret: Option<String>,
    /// The claim that names the principal.
    pub principal: String,
    /// The claim that roles follow from.
    pub claim: String,
    /// Which value of the claim gives which role.
    pub roles: Vec<(String, Role)>,
}

impl Oidc {
    /// Whether sign-ins can go through it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |because: &str| Err(Error::Oidc { because: because.to_owned() });
        if !self.issuer.starts_with("https://") && !self.is_on_this_machine() {
            return wrong("the issuer has to begin with `https://`");
        }
        if self.roles.is_empty() {
            return wrong("no value of the claim gives a role");
        }
        Ok(())
    }

    fn is_on_this_machine(&self) -> bool {
        let host = self.issuer.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        let host = host.unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The greatest role that the claims give.
    fn role(&self, claims: &Value) -> Option<Role> {
        let values: Vec<&str> = match &claims[&self.claim] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let given = self.roles.iter().filter(|(value, _)| values.contains(&value.as_str()));
        given.map(|(_, role)| *role).max()
    }

    /// The name under which what they do is recorded.
    fn principal(&self, claims: &Value) -> Option<String> {
        let unverified = self.principal == "email" && claims["email_verified"] != true;
        let named = claims[&self.principal].as_str().filter(|_| !unverified)?;
        name("the principal", named).ok()?;
        Some(named.to_owned())
    }
}

/// Sign-ins that have begun, by the digest of their cookie.
#[derive(Debug, Default)]
pub(crate) struct Begun(Mutex<HashMap<String, One>>);

#[derive(Debug)]
struct One {
    state: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    back: String,
    next: String,
    until: Timestamp,
}

impl Begun {
    fn put(&self, cookie: &str, one: One, now: Timestamp) -> bool {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, other| other.until > now);
        let room = begun.len() < AT_ONCE;
        if room {
            begun.insert(digest(cookie), one);
        }
        room
    }

    fn take(&self, cookie: &str, now: Timestamp) -> Option<One> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.remove(&digest(cookie)).filter(|one| one.until > now)
    }
}

fn digest(cookie: &str) -> String {
    hex::encode(sha256(cookie.as_bytes()).as_ref())
}

#[derive(Debug, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// Sends a browser to the provider.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let back = back(&app, &headers);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let asked = back.clone();
    let told = tokio::task::spawn_blocking(move || -> Result<_, Why> {
        let client = CoreClient::from_provider_metadata(
            discover(&oidc)?,
            ClientId::new(oidc.client.clone()),
            None,
        )
        .set_redirect_uri(RedirectUrl::new(asked).map_err(why)?);
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["email", "profile"].map(|scope| Scope::new(scope.to_owned()));
        Ok(request.add_scopes(scopes).set_pkce_challenge(challenge).url())
    })
    .await;
    let (url, state, nonce) = answered(told)?;
    let cookie = hex::encode(&random().map_err(gate::ledger::Error::from)?);
    let now = (app.world.now)();
    let until = now.saturating_add(PATIENCE).unwrap_or(now);
    let state = state.secret().clone();
    if !app.begun.put(&cookie, One { state, nonce, verifier, back, next, until }, now) {
        let because = "too many sign-ins have begun; wait a little";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, because));
    }
    let set = AppendHeaders([(SET_COOKIE, cookies::set_oidc(&app, &cookie))]);
    Ok((set, Redirect::to(url.as_str())).into_response())
}

#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// Takes a browser back from the provider.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Told { code, state }): Query<Told>,
) -> Result<Response, Problem> {
    let oidc = provider(&app)?;
    let refused = |because: &str| Problem::new(StatusCode::FORBIDDEN, because);
    let one = cookies::oidc(&app, &headers)
        .and_then(|cookie| app.begun.take(&cookie, (app.world.now)()))
        .filter(|one| bool::from(one.state.as_bytes().ct_eq(state.as_bytes())))
        .ok_or_else(|| refused("this browser has begun no such sign-in; begin anew"))?;
    if code.is_empty() {
        return Err(refused("the identity provider did not let you in"));
    }
    let (for_claims, next) = (oidc.clone(), one.next.clone());
    let told = tokio::task::spawn_blocking(move || claims(&for_claims, code, one)).await;
    let claims = answered(told)?;
    let principal = oidc.principal(&claims);
    let principal = principal.ok_or_else(|| refused("the identity provider gave no name"))?;
    let role = oidc.role(&claims).ok_or_else(|| refused("the identity provider gave no role"))?;
    let holder = Holder { principal, role, credential: PROVIDER.to_owned() };
    let mut answer = sign_in::begin(&app, &headers, holder, &next).await?;
    if let Ok(gone) = HeaderValue::from_str(&cookies::set_oidc(&app, "")) {
        answer.headers_mut().append(SET_COOKIE, gone);
    }
    Ok(answer)
}

/// Why a sign-in failed, for the log of the server.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Why(String);

fn why(error: impl std::error::Error) -> Why {
    Why(Cause::of(&error).0)
}

fn answered<T>(told: Result<Result<T, Why>, tokio::task::JoinError>) -> Result<T, Problem> {
    let refused = |error: &dyn std::error::Error| {
        Problem::caused(StatusCode::FORBIDDEN, "signing in did not succeed; begin anew", error)
    };
    told.map_err(|error| refused(&error))?.map_err(|error| refused(&error))
}

fn provider(app: &App) -> Result<Oidc, Problem> {
    app.options.oidc.clone().ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "this server knows no identity provider")
    })
}

/// Where this server is reached: the host of the call was held against our own names before.
fn back(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.options.public_url {
        return format!("{}{BACK}", url.trim_end_matches('/'));
    }
    let scheme = if app.options.secure() { "https" } else { "http" };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{scheme}://{host}{BACK}")
}

/// The claims of the token that a code is worth, once everything about it is verified.
fn claims(oidc: &Oidc, code: String, one: One) -> Result<Value, Why> {
    let client = CoreClient::from_provider_metadata(
        discover(oidc)?,
        ClientId::new(oidc.client.clone()),
        oidc.secret.clone().map(ClientSecret::new),
    )
    .set_redirect_uri(RedirectUrl::new(one.back).map_err(why)?);
    let tokens = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(why)?
        .set_pkce_verifier(one.verifier)
        .request(&http(oidc))
        .map_err(why)?;
    let token = tokens.id_token().ok_or_else(|| Why("there is no ID token".to_owned()))?;
    // Issuer, audience, times, nonce, and a signature by a key that the provider publishes. A secret
    // that two share signs nothing, and neither does nobody (`none`).
    let verifier = client.id_token_verifier().set_allowed_algs([
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        CoreJwsSigningAlgorithm::RsaSsaPssSha512,
        CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        CoreJwsSigningAlgorithm::EdDsa,
    ]);
    token.claims(&verifier, &one.nonce).map_err(why)?;
    // Verified: what stands in it is read once more, whole.
    let text = token.to_string();
    let payload = text.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(why)?;
    serde_json::from_slice(&bytes).map_err(why)
}

fn discover(oidc: &Oidc) -> Result<CoreProviderMetadata, Why> {
    let issuer = IssuerUrl::new(oidc.issuer.clone()).map_err(why)?;
    CoreProviderMetadata::discover(&issuer, &http(oidc)).map_err(why)
}

/// Speaks to the provider, and to nobody that it names by a redirect.
fn http(oidc: &Oidc) -> impl Fn(HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        .build();
    let agent: Agent = Agent::config_builder()
        .tls_config(tls)
        .https_only(!oidc.is_on_this_machine())
        .timeout_global(Some(ANSWER))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("weighbridge")
        .build()
        .new_agent();
    move |request| {
        let mut answer = agent.run(request)?;
        let bytes = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?;
        let (head, _) = answer.into_parts();
        Ok(HttpResponse::from_parts(head, bytes))
    }
}
