//! Intervals above each other on one axis, with the bound of each gate.
//!
//! A row is text and a drawing: the text says everything, so that whoever cannot see the drawing misses nothing.
//! Places in a drawing are shares of its width, so that it fits any width and its shapes and letters keep their size.

use std::fmt::Write as _;

use behaviour::report::RunReport;
use behaviour::stats::{Estimate, Gate, Judgement, Measure};

use super::super::escape::html as esc;
use super::{badge, bounds, interval, named, number, state};

const LEGEND: &str = "<p class=\"legend\">A line is the interval, the shape on it the estimate: ● pass, ■ fail, ◆ inconclusive, \
                      ○ no gate. A dashed line is the bound of a gate.</p>\n";

/// A row of a plot.
struct Row<'a> {
    /// Where its row of the table is.
    anchor: String,
    name: &'a str,
    estimate: &'a Estimate,
    gate: Option<&'a Gate>,
    judgement: Option<Judgement>,
}

/// A plot for each measure that the probes of a run have.
pub fn plots(report: &RunReport) -> String {
    let mut out = String::new();
    for measure in [Measure::Rate, Measure::Difference, Measure::Change, Measure::Median] {
        let probes = report.probes.iter().enumerate();
        let rows: Vec<Row<'_>> = probes
            .filter(|(_, probe)| probe.measure == measure)
            .filter_map(|(at, probe)| {
                Some(Row {
                    anchor: format!("probe-{at}"),
                    name: &probe.probe,
                    estimate: probe.estimate.as_ref()?,
                    gate: probe.gate.as_ref(),
                    judgement: probe.judgement,
                })
            })
            .collect();
        if !rows.is_empty() {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(out, "<h3>{}</h3>", heading(measure));
            plot(heading(measure), &rows, measure.range(), &mut out);
        }
    }
    with_legend(out)
}

/// What the shapes mean, once below all plots; nothing below none.
fn with_legend(plots: String) -> String {
    if plots.is_empty() { plots } else { plots + LEGEND }
}

/// What a copy differs by from its original, a row a probe.
pub fn differences(report: &RunReport) -> String {
    let probes = report.against.iter().flat_map(|against| &against.probes).enumerate();
    let rows: Vec<Row<'_>> = probes
        .filter_map(|(at, one)| {
            Some(Row {
                anchor: format!("against-{at}"),
                name: &one.probe,
                estimate: one.difference.as_ref()?,
                gate: one.gate.as_ref(),
                judgement: one.judgement,
            })
        })
        .collect();
    let mut out = String::new();
    if !rows.is_empty() {
        let range = (f64::NEG_INFINITY, f64::INFINITY);
        plot("The copy less the original", &rows, range, &mut out);
    }
    with_legend(out)
}

const fn heading(measure: Measure) -> &'static str {
    match measure {
        Measure::Rate => "Shares of replies",
        Measure::Difference => "What the treatment changes",
        Measure::Change => "Shares of pairs that change sides",
        Measure::Median => "Middle values",
    }
}

/// What is drawn between 0 and 100 percent.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(rows: &[Row<'_>], range: (f64, f64)) -> Self {
        let all = rows.iter().flat_map(|row| {
            let bounds = row.gate.map(|gate| [gate.at_most, gate.at_least]).unwrap_or_default();
            [row.estimate.low, row.estimate.high].into_iter().chain(bounds.into_iter().flatten())
        });
        let all = all.filter(|at| at.is_finite());
        let (low, high) =
            all.fold((0.0_f64, 0.05_f64), |(low, high), at| (low.min(at), high.max(at)));
        Self { low: (low * 1.05).max(range.0), high: (high * 1.05).min(range.1) }
    }

    /// Where a value lies, in percent of the width. Room stays on either side for half a shape.
    fn place(self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        2.0 + 96.0 * share
    }
}

fn plot(label: &str, rows: &[Row<'_>], range: (f64, f64), out: &mut String) {
    let axis = Axis::of(rows, range);
    let _ = writeln!(out, "<figure class=\"forest\"><ol aria-label=\"{}\">", esc(label));
    for row in rows {
        line(row, axis, out);
    }
    out.push_str("</ol>\n");
    ticks(axis, out);
    out.push_str("</figure>\n");
}

fn line(row: &Row<'_>, axis: Axis, out: &mut String) {
    let (class, ..) = state(row.judgement);
    let gate = bounds(row.gate);
    let gate = if gate.is_empty() { gate } else { format!("; {gate}") };
    let _ = writeln!(
        out,
        "<li class=\"{class}\"><p><a href=\"#{}\"><code>{}</code></a> {} <span class=\"value\">{} ({}){}</span></p>",
        row.anchor,
        named(row.name),
        badge(row.judgement),
        number(row.estimate.value),
        interval(row.estimate),
        esc(&gate),
    );
    let (from, to) = (axis.place(row.estimate.low), axis.place(row.estimate.high));
    out.push_str("<svg width=\"100%\" height=\"20\" aria-hidden=\"true\" focusable=\"false\">");
    let zero = axis.place(0.0);
    let _ = write!(
        out,
        "<line class=\"axis\" x1=\"{zero:.2}%\" x2=\"{zero:.2}%\" y1=\"0\" y2=\"20\"/>\
         <line class=\"range\" x1=\"{from:.2}%\" x2=\"{to:.2}%\" y1=\"10\" y2=\"10\"/>"
    );
    for bound in row.gate.into_iter().flat_map(|gate| [gate.at_most, gate.at_least]).flatten() {
        let at = axis.place(bound);
        let _ = write!(
            out,
            "<line class=\"bound\" x1=\"{at:.2}%\" x2=\"{at:.2}%\" y1=\"0\" y2=\"20\"/>"
        );
    }
    let at = axis.place(row.estimate.value);
    let shape = match row.judgement {
        Some(Judgement::Pass) => "<circle r=\"5\"/>",
        Some(Judgement::Fail) => "<rect x=\"-5\" y=\"-5\" width=\"10\" height=\"10\"/>",
        Some(Judgement::Inconclusive) => "<path d=\"M0 -6.5 6.5 0 0 6.5 -6.5 0z\"/>",
        None => "<circle class=\"ring\" r=\"4.5\"/>",
    };
    let _ = writeln!(
        out,
        "<svg class=\"shape\" x=\"{at:.2}%\" y=\"10\" overflow=\"visible\">{shape}</svg></svg></li>"
    );
}

fn ticks(axis: Axis, out: &mut String) {
    out.push_str("<svg class=\"ticks\" width=\"100%\" height=\"20\" aria-hidden=\"true\" focusable=\"false\">");
    let (left, right) = (axis.place(axis.low), axis.place(axis.high));
    let _ = write!(
        out,
        "<line class=\"axis\" x1=\"{left:.2}%\" x2=\"{right:.2}%\" y1=\"1\" y2=\"1\"/>"
    );
    for (at, anchor) in [(axis.low, "start"), (0.0, "middle"), (axis.high, "end")] {
        let inside = at > axis.low && at < axis.high;
        // Numbers that would lie upon each other are left out.
        let place = axis.place(at);
        if anchor == "middle" && !(inside && (12.0..88.0).contains(&place)) {
            continue;
        }
        let _ = write!(
            out,
            "<text x=\"{place:.2}%\" y=\"16\" text-anchor=\"{anchor}\">{}</text>",
            number(at)
        );
    }
    out.push_str("</svg>\n");
}
