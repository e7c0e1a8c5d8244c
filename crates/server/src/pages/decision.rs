//! A decision: how the checks ended, by which line of the policy the verdict came about, who approved,
//! and which waivers stand or are asked for.

use axum::extract::Path;
use axum::response::Response;
use gate::ledger::{Page, Standing, Waiver, WaiverFilter, Weighing};
use gate::rules;
use jiff::Timestamp;
use maud::{Markup, html};

use super::decisions::waiver;
use super::deployments::deploy_form;
use super::failed::Failed;
use super::frame::{Room, Who};
use super::pager::{address, place_of};
use super::parts::{facts, form, markdown, text, words};
use super::report::{Finding, Report, evidence};
use super::visit::{Shown, Visit};
use crate::api::forms;

/// More findings than this are told on the page of findings.
const MOST: usize = 200;
/// The most days for which the record takes a waiver.
const LONGEST: i64 = 90;

/// What the page tells.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) weighing: Weighing,
    pub(super) report: Option<Report>,
    pub(super) standing: Standing,
    pub(super) waivers: Vec<Waiver>,
    pub(super) now: Timestamp,
    /// The day that a form suggests for a waiver's end, and the last that it allows.
    pub(super) until: String,
    pub(super) latest: String,
}

pub(super) async fn show(visit: Visit, Path(weighing): Path<String>) -> Response {
    let made = decision(&visit, &weighing).await;
    visit.show(made)
}

async fn decision(visit: &Visit, name: &str) -> Result<Shown, Failed> {
    let ledger = visit.ledger();
    let weighing = ledger.weighing(name).await?;
    let weighing = weighing.ok_or_else(|| Failed::Missing("weighing", name.to_owned()))?;
    let document = ledger.document(&weighing.report).await?;
    let report = document.as_deref().and_then(Report::read);
    let mut waivers = Vec::new();
    let page = Page { skip: 0, take: 100 };
    let files = report.iter().flat_map(|report| &report.findings).filter_map(|finding| {
        sha256_of(report.as_ref(), &finding.place.file).map(|hex| format!("sha256:{hex}"))
    });
    let mut of: Vec<String> = std::iter::once(weighing.artifact.clone()).chain(files).collect();
    of.sort_unstable();
    of.dedup();
    for artifact in of.into_iter().take(50) {
        let filter = WaiverFilter { artifact: Some(artifact), ..WaiverFilter::default() };
        waivers.extend(ledger.waivers(&filter, &visit.today(), page).await?.rows);
    }
    let decision = Decision {
        standing: ledger.standing(&weighing.artifact).await?,
        weighing,
        report,
        waivers,
        now: visit.now,
        until: visit.in_days(30),
        latest: visit.in_days(LONGEST),
    };
    let model = decision.weighing.model.clone();
    let title = format!("Decision on {}", text::plain(&model));
    let shown = Shown::new(Room::Production, &title, markup(&decision, &visit.who))
        .here("Decision")
        .below("Models", "/")
        .below(&model, &place_of(&model));
    Ok(shown)
}

fn sha256_of<'a>(report: Option<&'a Report>, file: &str) -> Option<&'a str> {
    let files = &report?.artifact.contents;
    files.iter().find(|one| one.path == file)?.digests.get("sha256").map(String::as_str)
}

pub(super) fn markup(decision: &Decision, who: &Who) -> Markup {
    let weighing = &decision.weighing;
    html! {
        div.title { h1 { (text::said(&weighing.model)) } (words::verdict(&weighing.verdict)) }
        p.lead {
            @if !weighing.version.is_empty() { "Version " (text::said(&weighing.version)) ", " }
            "weighed " (facts::day(&weighing.at, decision.now)) " for " (text::said(&weighing.actor))
            " by the policy " (text::said(&weighing.policy)) "."
        }
        div.columns {
            div {
                @match &decision.report {
                    Some(report) => (body(decision, report, who)),
                    None => div.note.warn { p { "The report is not kept here, or is of a form that this version does not read. Its digest stands in the record." } },
                }
            }
            aside { (aside(decision, who)) }
        }
    }
}

fn body(decision: &Decision, report: &Report, who: &Who) -> Markup {
    html! {
        h2 { "Why" }
        @if report.reasons.is_empty() {
            p { "No finding counts, and no required check left a gap." }
        } @else { ul { @for reason in &report.reasons { li { (text::sentence(reason)) } } } }
        @if !report.advice.is_empty() {
            h2 { "What to do" }
            ul { @for advice in &report.advice { li { (advised(advice)) } } }
        }
        (trace(report))
        (checks(report))
        (findings(decision, report, who))
    }
}

fn advised(advice: &str) -> Markup {
    match advice.split_once('\n') {
        None => text::sentence(advice),
        Some((first, rest)) => html! {
            (text::sentence(first))
            pre tabindex="0" { @for line in rest.lines() { (vocabulary::escape(line)) "\n" } }
        },
    }
}

/// By which line of the policy the verdict came about.
fn trace(report: &Report) -> Markup {
    let policy = &report.policy;
    let count = |severity: &str| report.counting().filter(|one| one.severity == severity).count();
    let all = ["critical", "high", "medium", "low"];
    let place = |word: &str| all.iter().position(|one| *one == word).unwrap_or(all.len());
    let did = |severity: &str| match () {
        () if place(severity) <= place(&policy.refuse) => "refuses",
        () if place(severity) <= place(&policy.review) => "asks a person",
        () => "is told",
    };
    let shipped = gate::policy::text(&policy.name).is_ok();
    html! {
        h2 id="trace" { "How the policy decided" }
        p {
            "Policy " @if shipped { a href={ "/policies/" (text::query(&policy.name)) } { (text::said(&policy.name)) } }
            @else { (text::said(&policy.name)) }
            ", SHA-256 " (facts::digest_to_copy(&policy.digest)) "."
        }
        table.cards {
            thead { tr { th scope="col" { "a finding of" } th scope="col" { "by the policy" }
                th scope="col" { "counted here" } th scope="col" { "led to" } } }
            tbody { @for severity in all {
                @let n = count(severity);
                tr {
                    td.fixed data-label="a finding of" { (words::severity(severity)) }
                    td data-label="by the policy" { (did(severity)) }
                    td data-label="counted here" { (n) }
                    td data-label="led to" {
                        @if n == 0 { span.soft { "–" } } @else { (led(did(severity))) }
                    }
                }
            } }
        }
        @if !policy.exceptions_used.is_empty() {
            h3 { "Exceptions that were used" }
            table.cards {
                thead { tr { th scope="col" { "rule" } th scope="col" { "of" } th scope="col" { "reason" }
                    th scope="col" { "owner" } th scope="col" { "until" } } }
                tbody { @for one in &policy.exceptions_used { tr {
                    th scope="row" { code { (text::said(&one.rule)) } }
                    td data-label="of" { div { @if let Some(file) = &one.file { (text::mono(file)) }
                        @if let Some(sha256) = &one.sha256 { span.sub { (facts::digest(sha256)) } }
                        @if one.file.is_none() && one.sha256.is_none() { "every file" } } }
                    td data-label="reason" { (text::whole(&one.reason)) }
                    td data-label="owner" { (text::said(&one.owner)) }
                    td data-label="until" { (text::said(&one.expires)) }
                } } }
            }
        }
    }
}

fn led(did: &str) -> Markup {
    match did {
        "refuses" => words::verdict("refuse"),
        "asks a person" => words::verdict("undecided"),
        _ => html! { span.soft { "nothing" } },
    }
}

fn checks(report: &Report) -> Markup {
    html! {
        h2 id="checks" { "Checks" }
        table.cards {
            thead { tr { th scope="col" { "check" } th scope="col" { "ended in" } th scope="col" { "what it looked at" } } }
            tbody { @for check in &report.checks { tr {
                th scope="row" { code { (text::said(&check.name)) } }
                td.fixed data-label="ended in" { (words::outcome(&check.outcome, check.is_partial())) }
                td data-label="looked at" { div {
                    (text::whole(&check.told()))
                    @if let Some(seen) = &check.coverage { @if !seen.gaps.is_empty() { details {
                        summary { (facts::count(seen.gaps.len() as u64, "gap")) }
                        ul { @for gap in seen.gaps.iter().take(MOST) {
                            li { (text::mono(&gap.place.words())) ": " (text::said(&gap.because)) } } }
                    } } }
                } }
            } } }
        }
    }
}

fn findings(decision: &Decision, report: &Report, who: &Who) -> Markup {
    html! {
        h2 id="findings" { "Findings" }
        @if report.findings.is_empty() { p { "No rule found anything in what was looked at." } }
        @for (n, one) in report.findings.iter().take(MOST).enumerate() {
            (finding(n, one, report, decision, who))
        }
        @if report.findings.len() > MOST {
            p { a href=(address("/findings", &[("model", &decision.weighing.model)])) {
                "All " (facts::number(report.findings.len() as u64)) " findings" } }
        }
    }
}

fn finding(n: usize, one: &Finding, report: &Report, decision: &Decision, who: &Who) -> Markup {
    let rule = rules::find(&one.rule);
    let sha256 = sha256_of(Some(report), &one.place.file);
    let maps: Vec<String> = one
        .maps_to
        .iter()
        .map(|(list, ids)| match list.as_str() {
            "cwe" => ids.join(", "),
            list => format!("{} {}", list.to_uppercase(), ids.join(", ")),
        })
        .collect();
    html! {
        article.finding id={ "finding-" (n) } {
            header {
                (words::severity(&one.severity))
                a href={ "/rules/" (text::query(&one.rule)) } { code { (text::said(&one.rule)) } }
                @if one.excepted.is_some() { (words::mark("excepted")) }
                a.small.soft href={ "#finding-" (n) } { span.hidden { "finding " } "#" (n + 1) }
            }
            p { (text::sentence(&one.message)) }
            p.place { (text::whole(&one.place.words())) }
            @if !one.evidence.is_empty() || sha256.is_some() || !maps.is_empty() { dl.facts {
                @for (name, value) in &one.evidence {
                    dt { (text::said(name)) } dd.mono { (text::whole(&evidence(value))) }
                }
                @if let Some(sha256) = sha256 {
                    dt { "file" } dd { (facts::digest_to_copy(&format!("sha256:{sha256}"))) " "
                        a href=(address("/blast", &[("file", sha256)])) { "where it runs" } }
                }
                @if !maps.is_empty() { dt { "known as" } dd { (text::said(&maps.join("; "))) } }
            } }
            @if let Some(todo) = rule.and_then(|rule| markdown::section(rule.page, "What to do")) {
                details { summary { "what to do" } p { (todo) } }
            }
            @if who.may_submit && one.excepted.is_none() && one.severity != "info" {
                (ask(n, sha256, decision, who))
            }
        }
    }
}

/// The form that asks for a waiver of a finding.
fn ask(n: usize, sha256: Option<&str>, decision: &Decision, who: &Who) -> Markup {
    let id = |name: &str| format!("{name}-{n}");
    let action = format!("/weighings/{}/waivers", text::query(&decision.weighing.weighing));
    html! {
        details {
            summary { "ask for a waiver" }
            (form::post(&action, &who.csrf, &html! {
                input type="hidden" name="finding" value=(n);
                div.field {
                    label for=(id("reason")) { "Why it is acceptable" }
                    textarea id=(id("reason")) name="reason" rows="3" maxlength="4000" required
                        aria-describedby=(id("help")) {}
                    p.help id=(id("help")) {
                        "It covers this rule in "
                        @if sha256.is_some() { "exactly this content of the file." } @else { "this artifact." }
                        " Whoever asks cannot approve it."
                    }
                }
                div.field {
                    label for=(id("expires")) { "Last day" }
                    input id=(id("expires")) type="date" name="expires" value=(decision.until) max=(decision.latest) required;
                }
                fieldset {
                    legend { "How many others have to approve" }
                    label.choice { input type="radio" name="approvers" value="1" checked; "one" }
                    label.choice { input type="radio" name="approvers" value="2"; "two" }
                }
                (form::button("Ask for a waiver"))
            }))
        }
    }
}

fn aside(decision: &Decision, who: &Who) -> Markup {
    let weighing = &decision.weighing;
    html! {
        h2 { "Approvals" }
        (approvals(decision, who))
        @if who.may_submit { (deploy_form(weighing, who)) }
        @if !decision.waivers.is_empty() {
            h2 { "Waivers" }
            @for one in &decision.waivers { (waiver(one, decision.now, who)) }
        }
        h2 { "In the record" }
        dl.facts {
            dt { "entry" } dd { a href={ "/record/" (weighing.number) } { (facts::number(weighing.number)) } }
            dt { "artifact" } dd { (facts::digest_to_copy(&weighing.artifact)) }
            dt { "report" } dd { (facts::digest_to_copy(&format!("sha256:{}", weighing.report)))
            }
            dt { "whole, as" } dd { @for (n, (format, word)) in forms().enumerate() {
                @if n > 0 { ", " }
                a href={ "/api/v1/weighings/" (text::query(&weighing.weighing)) "/report?format=" (format) } { (word) } } }
            dt { "source" } dd { (text::mono(&weighing.source)) }
        }
        p { a href={ "/record/" (weighing.number) "/proof" } download { "Proof that the log holds it" } }
        p.small.soft { "The page of the entry tells the command that verifies it offline." }
    }
}

fn approvals(decision: &Decision, who: &Who) -> Markup {
    let standing = &decision.standing;
    let votes = standing.approved.iter().chain(&standing.rejected);
    let action = format!("/weighings/{}/vote", text::query(&decision.weighing.weighing));
    html! {
        @if standing.approved.is_empty() && standing.rejected.is_empty() {
            p.soft { "Nobody has approved or rejected this artifact." }
        }
        ul.timeline { @for vote in votes { li {
            (words::request(&vote.vote)) " by " (text::said(&vote.approver))
            span.when { (facts::day(&vote.at, decision.now)) }
            @if !vote.comment.is_empty() { div { (text::whole(&vote.comment)) } }
        } } }
        @if who.may_approve && who.principal == decision.weighing.actor {
            p.small.soft { "You asked for this weighing: somebody else has to approve it." }
        } @else if who.may_approve {
            (form::post(&action, &who.csrf, &html! {
                (form::lines("comment", "Your decision on this artifact", "It is recorded with your name. Of each person the last word counts.", false))
                div.buttons {
                    button.go type="submit" name="vote" value="approve" { "Approve" }
                    button.go.second type="submit" name="vote" value="reject" { "Reject" }
                }
            }))
        }
    }
}
