//! What a search found, for people at a terminal.

use std::fmt::Write as _;

use behaviour::mutate::Ended;
use vocabulary::escape;

use super::{Detail, plural};
use crate::probe::{Frame, SearchReport, Searched};

/// How many characters of a text are told before it is cut.
const LONG: usize = 300;

// Writing to a string cannot fail, here and below.

/// What a search found.
pub(super) fn report(report: &SearchReport, detail: Detail) -> String {
    let long = if detail == Detail::Full { usize::MAX } else { LONG };
    let mut out = String::new();
    let opened = report.requests.iter().filter(|request| request.opened.is_some()).count();
    let plainly = report.requests.iter().filter(|request| request.plainly).count();
    let (all, name) = (report.requests.len(), report.target.name.shortened(LONG));
    let head = match report.came() {
        Searched::Found if opened == 0 => {
            format!("found: {plainly} of {all} requests are answered as they stand")
        }
        Searched::Found => format!("found: {opened} of {all} requests are opened by a frame"),
        Searched::NotFound => format!("not found, which is not absence: {all} requests"),
        Searched::CouldNotLook => format!("could-not-look: {} calls brought no reply", report.lost),
    };
    let _ = writeln!(out, "{head}: {name} ({})", report.target.fingerprint.shortened(LONG));
    let _ = writeln!(out, "  looked for: {}", escape(&report.goal));
    if let Some(accuracy) = &report.accuracy {
        let _ = writeln!(
            out,
            "  the detector sees {} of {} labelled replies for what they are: read those that it took",
            accuracy.called.saturating_add(accuracy.let_be),
            accuracy.with.saturating_add(accuracy.without)
        );
    }
    if plainly > 0 {
        let _ = writeln!(
            out,
            "  {plainly} requests are answered as they stand: no frame was looked for"
        );
    }
    let _ = writeln!(
        out,
        "  {} of {} call{}, {} without a reply; {}",
        report.calls,
        report.permitted,
        plural(report.permitted),
        report.lost,
        ended(report)
    );
    for request in &report.requests {
        let Some(lifted) = &request.opened else { continue };
        let _ = writeln!(out, "  {}", request.request.shortened(long));
        let _ =
            writeln!(out, "    after {} calls: {}", lifted.calls, lifted.prompt.shortened(long));
        let _ = writeln!(out, "    it says: {}", lifted.reply.shortened(long));
        let _ = writeln!(out, "    made: {}", line(&report.frames, lifted.frame));
    }
    if let Some(mutator) = &report.mutator {
        let _ = writeln!(out, "  frames changed by {}", mutator.name.shortened(LONG));
    }
    let _ = writeln!(out, "  selection {}, seed {}", report.selection, report.seed);
    for (journal, of) in [(&report.journal, "journal"), (&report.mutator_journal, "mutator's")] {
        if let Some(journal) = journal {
            let _ = writeln!(out, "  {of}: {} attempts, root {}", journal.attempts, journal.root);
        }
    }
    out
}

fn ended(report: &SearchReport) -> String {
    match (report.ended, &report.halted) {
        (_, Some(because)) => escape(because),
        (Ended::AllOpened, None) => "no request is left to look for".to_owned(),
        (Ended::Calls, None) => "all calls are made that may be".to_owned(),
        (Ended::NothingNew, None) => "no change brings a new frame".to_owned(),
        (Ended::Halted, None) => "the search was stopped".to_owned(),
    }
}

/// How a frame was made, from one that was given on.
fn line(frames: &[Frame], last: usize) -> String {
    let mut words = Vec::new();
    let mut at = Some(last);
    while let Some(frame) = at.and_then(|at| frames.iter().find(|frame| frame.frame == at)) {
        match frame.change {
            Some(change) => words.push(format!("{change:?}").to_lowercase()),
            None => words.push(format!("frame {}", frame.frame)),
        }
        // A frame is made of one that was there before.
        at = frame.parent.filter(|parent| *parent < frame.frame);
    }
    words.reverse();
    words.join(", ")
}
