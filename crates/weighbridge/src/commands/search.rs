//! `probe search`.

use std::path::Path;
use std::sync::Arc;

use gate::probe::{self, Budget, Goal, Options, ProbeServices, SearchRequest, Searched, Stop};
use gate::render;

use super::probe::{Calling, Whom, asked, beside, other_key, pack, tell};
use crate::args::Args;
use crate::args::search::Search;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::progress::Calls;
use crate::{output, world};

pub(super) fn search(args: &Search, all: &Args) -> Result<Exit, Failure> {
    let request = request(args, all)?;
    let stop = Arc::new(Stop::default());
    let stopped = stop.clone();
    world::at_interrupt(move || stopped.now());
    let calls = Calls::new(all.quiet);
    let services = ProbeServices { watch: &calls, stop: &stop, notes: &tell };
    let searched = probe::search(&request, services);
    calls.finish();
    let report = match searched {
        Err(error) if error.could_not_look() => {
            failure::tell(&gate::Error::from(error).into());
            return Ok(Exit::Undecided);
        }
        searched => searched.map_err(gate::Error::from)?,
    };
    let text = render::searched(args.format.into(), &report, all.detail());
    output::write(&text, args.output.as_deref())?;
    Ok(match report.came() {
        Searched::Found => Exit::Refused,
        Searched::NotFound => Exit::Fine,
        Searched::CouldNotLook => Exit::Undecided,
    })
}

fn request(args: &Search, all: &Args) -> Result<SearchRequest, Failure> {
    let calling = Calling { jobs: args.jobs, rate: args.rate, timeout: args.timeout };
    let own = Whom {
        target: &args.target,
        model: args.model.as_deref(),
        journal: args.journal.as_deref(),
        key_env: Some(&args.key_env),
    };
    let mutator = match &args.mutator {
        Some(mutator) => {
            let journal = beside(mutator, args.journal.as_deref(), "mutator.jsonl");
            let named = args.mutator_key_env.as_deref();
            let whom = Whom {
                target: mutator,
                model: args.mutator_model.as_deref(),
                journal: args.mutator_journal.as_deref().or(journal.as_deref()),
                key_env: other_key(&args.target, mutator, &args.key_env, named),
            };
            Some(asked(&whom, &calling, all)?)
        }
        None => None,
    };
    Ok(SearchRequest {
        target: asked(&own, &calling, all)?,
        mutator,
        goal: goal(&args.goal)?,
        frames: lines(args.frames.as_deref())?,
        requests: lines(args.requests.as_deref())?,
        selection: args.select.into(),
        calls: args.max_calls,
        max_tokens: args.reply_tokens,
        seed: args.seed,
        options: Options {
            concurrency: args.jobs.get(),
            budget: Budget {
                tokens: args.max_tokens,
                cost: args.max_cost,
                price: args.price.unwrap_or_default(),
                ..Budget::default()
            },
            ..Options::default()
        },
    })
}

fn goal(named: &str) -> Result<Goal, Failure> {
    if named == "no-refusal" {
        return Ok(Goal::NoRefusal);
    }
    let parts = named.rsplit_once('#').and_then(|(pack, rest)| {
        let (probe, detector) = rest.split_once('/')?;
        Some((pack, probe, detector))
    });
    let Some((named_pack, probe, detector)) = parts else {
        let because = "it names no detector".to_owned();
        let error = probe::Error::Goal { name: named.to_owned(), because };
        return Err(gate::Error::from(error).into());
    };
    Ok(Goal::Detector {
        pack: pack(Path::new(named_pack))?,
        probe: probe.to_owned(),
        detector: detector.to_owned(),
    })
}

/// The lines of a file that hold something.
#[allow(clippy::disallowed_methods, reason = "the binary reads what its arguments name")]
fn lines(path: Option<&Path>) -> Result<Vec<String>, Failure> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| Failure::Lines { path: path.into(), source })?;
    let lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(Failure::NoLines { path: path.into() });
    }
    Ok(lines)
}
