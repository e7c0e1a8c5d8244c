use axum::extract::{Path, Query};
use axum::response::Response;
use gate::ledger::Evaluation;
use gate::render::run;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::failed::Failed;
use super::super::frame::Room;
use super::super::pager::{address, links, rows};
use super::super::parts::{facts, form, text};
use super::super::visit::{Shown, Visit};
use super::{found, place_of, ready, why};
use crate::evaluations::{Found, Index, Line, Only, Reply, Sought};

/// Characters of a prompt and of a reply in the list; all of it stands on a page of its own.
const SHOWN: usize = 1200;

#[derive(Debug, Default, Deserialize)]
pub(in crate::pages) struct Asked {
    #[serde(default)]
    search: String,
    #[serde(default)]
    probe: String,
    #[serde(default)]
    only: String,
    page: Option<u32>,
}

pub(in crate::pages) async fn show(
    visit: Visit,
    Path(evaluation): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let made = list(&visit, &evaluation, asked).await;
    visit.show(made)
}

/// What a page shows, or why there is nothing to show.
type Had<T> = Result<T, String>;

async fn list(visit: &Visit, evaluation: &str, asked: Asked) -> Result<Shown, Failed> {
    let of = found(visit, evaluation).await?;
    let sought = Sought {
        words: Sought::words(&asked.search),
        probe: (!asked.probe.is_empty()).then(|| asked.probe.clone()),
        only: Only::named(&asked.only),
    };
    let page = rows(asked.page);
    let (skip, take) = (u64::from(page.skip), page.take as usize);
    let had = looked(visit, &of, move |index| {
        let found = index.find(&sought, skip, take)?;
        Ok((index, found))
    });
    let main = match had.await? {
        Ok((index, found)) => markup(&of, &index, &found, &asked),
        Err(because) => gone(&because),
    };
    Ok(placed(&of, "Replies", main))
}

fn placed(of: &Evaluation, title: &str, main: Markup) -> Shown {
    let run = format!("Run of {}", of.packs);
    Shown::new(Room::Behaviour, title, main)
        .below("Behaviour", "/behaviour")
        .below(&run, &place_of(&of.evaluation))
}

/// Looks into what is shown of a run: on a thread that may wait for the disk.
async fn looked<T: Send + 'static>(
    visit: &Visit,
    of: &Evaluation,
    look: impl FnOnce(Index) -> Result<T, crate::Error> + Send + 'static,
) -> Result<Had<T>, Failed> {
    let index = match visit.desk().index(of).await {
        Ok(index) => index,
        Err(error) => return why(error).map(Err),
    };
    let looked = tokio::task::spawn_blocking(move || look(index)).await;
    let cannot = || Err("what is kept of the journal cannot be read".to_owned());
    Ok(looked.ok().and_then(Result::ok).map_or_else(cannot, Ok))
}

fn gone(because: &str) -> Markup {
    html! {
        h1 { "Replies" }
        div.note.warn { p { "The replies cannot be shown: " (text::sentence(because)) ". What was judged is recorded all the same." } }
    }
}

fn markup(of: &Evaluation, index: &Index, found: &Found, asked: &Asked) -> Markup {
    let place = format!("{}/replies", place_of(&of.evaluation));
    let any = || std::iter::once(("", "any".to_owned()));
    let probes: Vec<(&str, String)> = any()
        .chain(index.probes.iter().map(|probe| (probe.as_str(), text::plain(probe))))
        .collect();
    let only: Vec<(&str, String)> = any()
        .chain(Only::ALL.iter().map(|(_, word, told)| (*word, (*told).to_owned())))
        .filter(|(word, _)| !of.original.is_empty() || *word != "differs")
        .collect();
    let query = [("search", asked.search.as_str()), ("probe", &asked.probe), ("only", &asked.only)];
    html! {
        h1 { "What was asked and said" }
        p.lead {
            (facts::count(index.len(), "case")) " of " (text::said(&of.packs)) " on " (text::said(&of.model)) ". "
            "All of it is text of packs and of the model: nothing here speaks for this server."
        }
        @if index.document != of.document {
            div.note.warn { p { "These were judged again by another version: its scores may differ from the recorded report." } }
        }
        form.filters method="get" action=(place) hx-get=(place) hx-target="#list" hx-select="#list"
            hx-swap="outerHTML" hx-push-url="true" hx-trigger="change, input changed delay:300ms, submit" {
            (form::filter("search", "Words in prompt and reply", &asked.search))
            (form::select("probe", "Probe", &asked.probe, &probes))
            (form::select("only", "What came of it", &asked.only, &only))
            div.buttons { button.go.second type="submit" { "Search" } a href=(place) { "Clear" } }
        }
        div id="list" {
            h2.hidden { "Cases" }
            p.small.soft role="status" { (facts::count(found.total, "case")) }
            @if found.lines.is_empty() { div.empty { p { "No case fits." } } }
            @for (number, line) in &found.lines { (article(&place, *number, line)) }
            (links(&place, &query, asked.page, found.total))
        }
    }
}

/// How a reply was scored.
fn scored(reply: &Reply) -> Markup {
    html! {
        @match reply.score {
            Some(score) => { "score " (run::number(score)) },
            None if reply.text.is_empty() => "no reply",
            None => "not judged",
        }
        @if !reply.because.is_empty() { span.soft { ", " (text::said(&reply.because)) } }
    }
}

fn article(place: &str, number: u64, line: &Line) -> Markup {
    html! {
        article.finding.case id={ "case-" (number) } {
            header {
                a href={ (place) "/" (number) } data-row { "Case " (facts::number(number + 1)) }
                code { (text::said(&line.probe)) }
                @if line.arm != "only" { span { (line.arm) } }
                span { (scored(&line.reply)) }
            }
            (texts(line, SHOWN))
        }
    }
}

/// The prompt, and the reply beside that of the original.
fn texts(line: &Line, most: usize) -> Markup {
    let two = line.original.is_some();
    html! {
        div.said.two[two] {
            div.prompt { h3 { "Prompt" } (cut(&line.prompt, most)) }
            div { h3 { @if two { "The copy's reply" } @else { "Reply" } }
                @if two { p.small { (scored(&line.reply)) } }
                (cut(&line.reply.text, most)) }
            @if let Some(original) = &line.original {
                div { h3 { "The original's reply" } p.small { (scored(original)) } (cut(&original.text, most)) }
            }
        }
    }
}

fn cut(text: &str, most: usize) -> Markup {
    let mut ends = text.char_indices().skip(most);
    let (shown, more) = match ends.next() {
        Some((end, _)) => (&text[..end], true),
        None => (text, false),
    };
    html! {
        @if text.is_empty() { p.soft { "none" } }
        @else { pre tabindex="0" { (ready(run::lines(shown))) @if more { "…" } } }
        @if more { p.small.soft { (facts::number(text.chars().count() as u64)) " characters in all" } }
    }
}

pub(in crate::pages) async fn one(
    visit: Visit,
    Path((evaluation, number)): Path<(String, u64)>,
) -> Response {
    let made = case(&visit, &evaluation, number).await;
    visit.show(made)
}

async fn case(visit: &Visit, evaluation: &str, number: u64) -> Result<Shown, Failed> {
    let of = found(visit, evaluation).await?;
    let had = looked(visit, &of, move |index| Ok((index.one(number)?, index.len())));
    let title = format!("Case {}", number.saturating_add(1));
    let main = match had.await? {
        Ok((Some(line), all)) => whole(&of, number, &line, all),
        Ok((None, _)) => return Err(Failed::Missing("case of this run", number.to_string())),
        Err(because) => gone(&because),
    };
    let replies = format!("{}/replies", place_of(&of.evaluation));
    Ok(placed(&of, &title, main).below("Replies", &replies))
}

fn whole(of: &Evaluation, number: u64, line: &Line, all: u64) -> Markup {
    let place = format!("{}/replies", place_of(&of.evaluation));
    html! {
        h1 { "Case " (facts::number(number + 1)) }
        p.lead {
            code { (text::said(&line.probe)) } @if line.arm != "only" { ", " (line.arm) } ": " (scored(&line.reply))
        }
        dl.facts {
            dt { "prompt" } dd { (text::mono(&line.cluster)) }
            dt { "probe" } dd { a href=(address(&place, &[("probe", &line.probe)])) { "every case of it" } }
            dt { "repeat" } dd { (facts::number(u64::from(line.repeat) + 1)) }
        }
        (texts(line, usize::MAX))
        nav.pager aria-label="Neighbouring cases" {
            @if number > 0 { a href={ (place) "/" (number - 1) } rel="prev" { "← Previous" } }
            span { "Case " (facts::number(number + 1)) " of " (facts::number(all)) }
            @if number + 1 < all { a href={ (place) "/" (number + 1) } rel="next" { "Next →" } }
        }
    }
}
