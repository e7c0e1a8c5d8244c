//! Words that carry a state. A shape and a word say it; the colour repeats it.

use gate::ledger::JobState;
use maud::{Markup, html};

fn badge(class: &str, glyph: &str, word: &str) -> Markup {
    html! { span class={ "badge " (class) } { span.glyph aria-hidden="true" { (glyph) } (word) } }
}

/// A verdict. It is not red: red is for what is served and was not approved.
pub(crate) fn verdict(word: &str) -> Markup {
    match word {
        "admit" => badge("admit", "●", "admit"),
        "refuse" => badge("refuse", "■", "refuse"),
        "undecided" => badge("undecided", "◆", "undecided"),
        _ => badge("none", "○", "not weighed"),
    }
}

/// What the gates of a run of probes say.
pub(crate) fn judgement(word: &str) -> Markup {
    match word {
        "pass" => badge("good", "●", "pass"),
        "fail" => badge("refuse", "■", "fail"),
        "inconclusive" => badge("undecided", "◆", "inconclusive"),
        _ => badge("none", "○", "no gate"),
    }
}

/// A severity.
pub(crate) fn severity(word: &str) -> Markup {
    match word {
        "critical" => badge("critical", "▲", "critical"),
        "high" => badge("high", "▲", "high"),
        "medium" => badge("medium", "△", "medium"),
        "low" => badge("low", "▽", "low"),
        _ => badge("info", "·", "info"),
    }
}

/// How a check ended.
pub(crate) fn outcome(word: &str, part: bool) -> Markup {
    match word {
        "clear" if part => badge("warn", "◐", "looked at a part"),
        "clear" => badge("good", "○", "clear"),
        "found" if part => badge("high", "◐", "found, looked at a part"),
        "found" => badge("high", "●", "found"),
        "could-not-look" => badge("warn", "✕", "could not look"),
        "not-applicable" => badge("none", "–", "not applicable"),
        _ => badge("none", "?", "not told"),
    }
}

/// What is known of a threat.
pub(crate) fn state(word: &str) -> Markup {
    match word {
        "found" => badge("high", "●", "found"),
        "looked-clear" => badge("good", "○", "looked, saw nothing"),
        "partly-looked" => badge("warn", "◐", "looked at a part"),
        "cannot-be-known" => badge("none", "?", "cannot be known"),
        _ => badge("none", "–", "nobody looked"),
    }
}

/// The state of a request: a waiver, an approval.
pub(crate) fn request(word: &str) -> Markup {
    match word {
        "granted" | "approve" => {
            badge("good", "●", if word == "approve" { "approved" } else { "granted" })
        }
        "rejected" | "reject" => badge("refuse", "■", "rejected"),
        "asked" => badge("undecided", "◆", "waits for approval"),
        "expired" => badge("none", "○", "expired"),
        _ => badge("none", "○", "ended"),
    }
}

/// Where a job stands.
pub(crate) fn job(state: JobState) -> Markup {
    match state {
        JobState::Waiting => badge("undecided", "◆", "waiting"),
        JobState::Running => badge("", "◐", "running"),
        JobState::Done => badge("good", "●", "done"),
        JobState::Failed => badge("refuse", "■", "failed"),
        JobState::Cancelled => badge("none", "○", "taken back"),
    }
}

/// The one thing that is red.
pub(crate) fn alarm(words: &str) -> Markup {
    badge("alarm", "⚠", words)
}

/// Anything else, without a judgement.
pub(crate) fn mark(words: &str) -> Markup {
    badge("", "·", words)
}

/// Something that ought to be there and is not.
pub(crate) fn missing(words: &str) -> Markup {
    badge("none", "○", words)
}
