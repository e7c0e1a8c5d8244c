//! What Prometheus wants to know. Labels are words of ours: routes as the table writes them, never text
//! that a caller or an artifact wrote.

use std::time::Duration;

use axum::http::StatusCode;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// The counters of the server.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: IntCounterVec,
    seconds: Histogram,
    entries: IntGauge,
    logged: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let calls = Opts::new("weighbridge_http_calls_total", "Calls that were answered.");
        let calls = IntCounterVec::new(calls, &["method", "route", "status"])?;
        let seconds = HistogramOpts::new("weighbridge_http_call_seconds", "How long answers took.");
        let seconds = Histogram::with_opts(seconds)?;
        let entries = IntGauge::new("weighbridge_entries", "Entries of the record.")?;
        let logged = IntGauge::new("weighbridge_entries_logged", "Entries under a checkpoint.")?;
        let registry = Registry::new();
        registry.register(Box::new(calls.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(entries.clone()))?;
        registry.register(Box::new(logged.clone()))?;
        Ok(Self { registry, calls, seconds, entries, logged })
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, method: &str, route: &str, status: StatusCode, took: Duration) {
        self.calls.with_label_values(&[method, route, status.as_str()]).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// How many entries there are, and how many of them the log covers.
    pub(crate) fn record(&self, entries: u64, logged: u64) {
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.logged.set(i64::try_from(logged).unwrap_or(i64::MAX));
    }

    /// All of it, in Prometheus' text form.
    pub(crate) fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
