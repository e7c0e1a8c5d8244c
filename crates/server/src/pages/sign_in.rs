//! The page for whoever is not signed in.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::html;

use super::frame::{Frame, lone};
use super::parts::form;
use super::visit;

/// The form. `csrf` binds it to the browser, `next` is where the person wanted to go, and `wrong` says
/// what was wrong with what they showed before.
pub(crate) fn sign_in(
    headers: &HeaderMap,
    status: StatusCode,
    (csrf, next, wrong): (&str, &str, &str),
    provider: Option<&str>,
) -> Response {
    let frame =
        Frame { theme: visit::theme(headers), title: "Sign in".to_owned(), ..Frame::default() };
    let failed = !wrong.is_empty();
    let main = html! {
        h1 { "Sign in" }
        p.lead { "The record of models: what was weighed, what runs, and who answers for it." }
        (form::post("/sign-in", csrf, &html! {
            input type="hidden" name="next" value=(next);
            div.field {
                label for="token" { "Token" }
                input id="token" type="password" name="token" required autofocus autocomplete="off"
                    spellcheck="false" aria-describedby="token-help" aria-invalid=[failed.then_some("true")];
                @if failed { p.wrong role="alert" { (wrong) } }
                p.help id="token-help" {
                    "The first start of the server prints one; whoever administers it makes others."
                }
            }
            (form::button("Sign in"))
        }))
        @if let Some(provider) = provider {
            p { "Or " a href=(provider) { "sign in with the identity provider" } "." }
        }
    };
    visit::html(status, &lone(&frame, &main))
}
