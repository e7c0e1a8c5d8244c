//! The report of a weighing, in the form that a caller wants.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use gate::render::{self, Detail, Format, Style};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::Problem;
use crate::extract::{Named, Query};

/// A form: how the query calls it, what `Accept` does, how its files end, and what people call it.
type Entry = (&'static str, &'static str, &'static str, &'static str, Format);

const FORMS: [Entry; 5] = [
    ("json", "application/json", "json", "JSON", Format::Json),
    ("sarif", "application/sarif+json", "sarif", "SARIF", Format::Sarif),
    ("html", "text/html", "html", "HTML", Format::Html),
    ("markdown", "text/markdown", "md", "Markdown", Format::Markdown),
    ("text", "text/plain", "txt", "text", Format::Text),
];

/// The forms of a report: how a query calls each, and what people do.
pub(crate) fn forms() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMS.iter().map(|(name, _, _, word, _)| (*name, *word))
}

/// Which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `json`, `sarif`, `html`, `markdown` or `text`; without it `Accept` tells.
    #[serde(default)]
    format: String,
}

/// A form of a report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    kind: &'static str,
    ending: &'static str,
    format: Format,
}

impl Form {
    /// The form that a call asks for.
    pub(super) fn asked(headers: &HeaderMap, format: &str) -> Result<Self, Problem> {
        let found = if format.is_empty() {
            let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
            accepted(&accept.collect::<Vec<_>>().join(","))
        } else {
            FORMS.iter().find(|(name, ..)| *name == format)
        };
        let (_, kind, ending, _, format) = *found.ok_or_else(|| {
            let kinds: Vec<_> = FORMS.iter().map(|(_, kind, ..)| *kind).collect();
            let because = format!("a report is told as {}", kinds.join(", "));
            Problem::new(StatusCode::NOT_ACCEPTABLE, because)
        })?;
        Ok(Self { kind, ending, format })
    }

    /// The answer to a call: what has to be rendered waits for a place.
    pub(super) async fn answer_of(
        self,
        app: &App,
        weighing: String,
        report: Vec<u8>,
    ) -> Result<Response, Problem> {
        if self.format == Format::Json {
            return self.answer(&weighing, report);
        }
        let told = app.renderers.render(move || self.answer(&weighing, report)).await;
        told.unwrap_or_else(|| Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "")))
    }

    /// A report in this form. HTML is a file to be kept and no page of this server, whose policy would
    /// take its style from it.
    fn answer(self, weighing: &str, report: Vec<u8>) -> Result<Response, Problem> {
        let told = match self.format {
            Format::Json => report,
            format => {
                let read = std::str::from_utf8(&report).ok().and_then(render::read);
                let read = read.ok_or_else(|| {
                    let because =
                        "the report is of another version; it is kept as application/json";
                    Problem::new(StatusCode::NOT_ACCEPTABLE, because)
                })?;
                let style = Style { colour: false, detail: Detail::Usual };
                render::render(format, &[read], style).into_bytes()
            }
        };
        let charset = if self.kind.starts_with("text/") { "; charset=utf-8" } else { "" };
        let headers = [(CONTENT_TYPE, format!("{}{charset}", self.kind)), (VARY, "Accept".into())];
        let mut answer = (headers, told).into_response();
        if self.format == Format::Html {
            let plain = weighing.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            let named = format!("attachment; filename=\"report-{plain}.{}\"", self.ending);
            let named = named.parse().map_err(|_| Problem::not_found("weighing", weighing))?;
            answer.headers_mut().insert(CONTENT_DISPOSITION, named);
        }
        Ok(answer)
    }
}

/// The form that `Accept` likes best; of several the first, JSON where it takes anything.
fn accepted(accept: &str) -> Option<&'static Entry> {
    if accept.trim().is_empty() {
        return FORMS.first();
    }
    let mut best = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.filter_map(|part| part.strip_prefix("q=")).next_back();
        let weight: f32 = weight.map_or(Ok(1.0), str::parse).unwrap_or_default();
        let fits = |kind: &str| {
            range == "*/*"
                || range == kind
                || range.strip_suffix('*').is_some_and(|family| {
                    family.ends_with('/') && family.len() > 1 && kind.starts_with(family)
                })
        };
        let Some(form) = FORMS.iter().find(|(_, kind, ..)| fits(kind)) else { continue };
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, form));
        }
    }
    best.map(|(_, form)| form)
}

/// The report of a weighing. As JSON it is byte for byte what
/// `weighbridge weigh --format json --reproducible` of the same source writes; the other forms are those
/// of the command. A report that another version wrote may be there as JSON alone.
#[utoipa::path(get, path = "/api/v1/weighings/{weighing}/report", tag = "weighings",
    params(("weighing" = String, Path, description = "its identifier"), Wanted),
    responses((status = 200, description = "the report", content(
        (Object = "application/json"), (Object = "application/sarif+json"), (String = "text/html"),
        (String = "text/markdown"), (String = "text/plain"))),
        (status = 406, description = "it is not told in this form")))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(Wanted { format }): Query<Wanted>,
    Named(weighing): Named,
) -> Result<Response, Problem> {
    let form = Form::asked(&headers, &format)?;
    let report = app.ledger.report(&weighing).await?;
    let report = report.ok_or_else(|| Problem::not_found("report of a weighing", &weighing))?;
    form.answer_of(&app, weighing, report).await
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn the_form_is_that_which_accept_likes_best() {
        for (accept, name) in [
            ("", "json"),
            ("*/*", "json"),
            ("application/*", "json"),
            ("text/*", "html"),
            ("text/html, */*", "html"),
            ("text/html;q=0.5, application/sarif+json", "sarif"),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
            ("image/png, text/markdown;q=0.1", "markdown"),
            ("TEXT/PLAIN", "text"),
        ] {
            assert_eq!(accepted(accept).map(|(name, ..)| *name), Some(name), "{accept}");
        }
        for accept in ["image/png", "application/json;q=0", "text/html;q=x", "*", "/*"] {
            assert!(accepted(accept).is_none(), "{accept}");
        }
    }
}
