//! The queue: what waits to be weighed, what runs, and what did not succeed.

use axum::extract::{Path, Query};
use axum::response::Response;
use gate::ledger::{Job, JobState, Queue};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::failed::Failed;
use super::frame::{Room, Who};
use super::pager::{address, links, place_of, rows};
use super::parts::{facts, form, text, words};
use super::visit::{Shown, Visit};
use crate::worker::{ask_again, may_ask_again, may_cancel};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    state: String,
    page: Option<u32>,
}

const STATES: [(&str, Option<JobState>); 6] = [
    ("All", None),
    ("Waiting", Some(JobState::Waiting)),
    ("Running", Some(JobState::Running)),
    ("Done", Some(JobState::Done)),
    ("Failed", Some(JobState::Failed)),
    ("Taken back", Some(JobState::Cancelled)),
];

pub(super) async fn show(visit: Visit, Query(asked): Query<Asked>) -> Response {
    let made = list(&visit, &asked).await;
    visit.show(made)
}

async fn list(visit: &Visit, asked: &Asked) -> Result<Shown, Failed> {
    let word = |state: Option<JobState>| state.map_or("", JobState::word);
    let state = STATES.iter().find_map(|(_, state)| state.filter(|one| one.word() == asked.state));
    let queue = visit.ledger().queue().await?;
    let jobs = visit.ledger().jobs(state, rows(asked.page)).await?;
    let main = html! {
        h1 { "Jobs" }
        p.lead { "A weighing is asked for and waits here until a worker takes it. What a worker that died had is taken by another." }
        nav aria-label="Jobs by how they stand" { ul.tabs { @for (name, one) in STATES {
            li { a href=(address("/jobs", &[("state", word(one))])) aria-current=[(one == state).then_some("page")] {
                (name) " " span.soft { (facts::number(count(&queue, one))) } } }
        } } }
        @if jobs.is_empty() { div.empty { p { "None." } } } @else {
            table.cards {
                thead { tr { th.name scope="col" { "what" } th scope="col" { "state" } th.text scope="col" { "reads" }
                    th scope="col" { "asked" } th scope="col" { "ended" } th scope="col" { span.hidden { "change it" } } } }
                tbody { @for job in &jobs { (row(job, visit.now, &visit.who)) } }
            }
        }
        (links("/jobs", &[("state", word(state))], asked.page, count(&queue, state)))
    };
    Ok(Shown::new(Room::Jobs, "Jobs", main))
}

fn count(queue: &Queue, state: Option<JobState>) -> u64 {
    let Queue { waiting, running, done, failed, cancelled } = *queue;
    match state {
        None => {
            [waiting, running, done, failed, cancelled].into_iter().fold(0, u64::saturating_add)
        }
        Some(JobState::Waiting) => waiting,
        Some(JobState::Running) => running,
        Some(JobState::Done) => done,
        Some(JobState::Failed) => failed,
        Some(JobState::Cancelled) => cancelled,
    }
}

fn row(job: &Job, now: Timestamp, who: &Who) -> Markup {
    let request: Value = serde_json::from_str(&job.request).unwrap_or_default();
    let asked = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let (model, version) = (asked("model"), asked("version"));
    let id = text::query(&job.job);
    let caller = (who.principal.as_str(), who.may_administer);
    let change = |way: &str, word: &str| {
        let path = format!("/jobs/{id}/{way}");
        form::post(
            &path,
            &who.csrf,
            &html! {
                button.plain type="submit" aria-label={ (word) " the job of " (text::plain(&model)) } { (word) }
            },
        )
    };
    html! { tr id={ "job-" (id) } {
        th scope="row" {
            @if model.is_empty() { "re-check of a deployment" }
            @else { a href=(place_of(&model)) data-row { (text::said(&model)) } }
            @if !version.is_empty() { span.sub { "version " (text::said(&version)) } }
        }
        td data-label="state" { div {
            (words::job(job.state))
            @if !job.result.is_empty() { span.sub { (text::whole(&job.result)) } }
            @if job.state == JobState::Done && !model.is_empty() {
                span.sub { a href={ "/weighings/" (id) } { "the decision" } } }
        } }
        td data-label="reads" { (text::mono(&job.source)) }
        td data-label="asked" { div { span.nowrap { (facts::moment(&job.at, now)) } span.sub { "by " (text::said(&job.actor)) } } }
        td data-label="ended" { div {
            @if job.ended.is_empty() { span.soft { "not yet" } } @else { span.nowrap { (facts::moment(&job.ended, now)) } }
            @if job.attempts > 1 { span.sub { "begun " (facts::count(job.attempts, "time")) } }
        } }
        td.fixed data-label="" {
            @if who.may_submit && job.state == JobState::Waiting && may_cancel(job, caller) { (change("cancel", "take back")) }
            @if who.may_submit && matches!(job.state, JobState::Failed | JobState::Cancelled) && may_ask_again(job, caller) {
                (change("again", "ask again")) }
        }
    } }
}

pub(super) async fn cancel(visit: Visit, Path(job): Path<String>) -> Response {
    let done = async {
        let found = one(&visit, &job).await?;
        if !may_cancel(&found, (&visit.who.principal, visit.who.may_administer)) {
            return Err(Failed::Forbidden("somebody else asked for the job".into()));
        }
        visit.ledger().cancel(visit.act(), &job).await?;
        Ok("/jobs".to_owned())
    };
    visit.go(done.await)
}

pub(super) async fn again(visit: Visit, Path(job): Path<String>) -> Response {
    let done = async {
        let found = one(&visit, &job).await?;
        if !may_ask_again(&found, (&visit.who.principal, visit.who.may_administer)) {
            return Err(Failed::Forbidden(
                "only whoever may ask for such a job may ask for it again".into(),
            ));
        }
        ask_again(visit.ledger(), visit.act(), &found, &crate::app::new_id()?).await?;
        visit.wake();
        Ok("/jobs".to_owned())
    };
    visit.go(done.await)
}

async fn one(visit: &Visit, job: &str) -> Result<Job, Failed> {
    let found = visit.ledger().job(job).await?;
    found.ok_or_else(|| Failed::Missing("job", job.to_owned()))
}
