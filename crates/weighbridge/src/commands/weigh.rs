use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gate::provenance::manifest::Cache;
use gate::provenance::reconcile::Source;
use gate::render::{Style, render};
use gate::{Clock, Policy, Request, Services};

use super::digest::{cache, identities, save};
use super::read_policy;
use super::recording::Keeper;
use crate::args::{self, Args, Common, Scan, Weigh};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::output;
use crate::progress::Bar;
use crate::world::{self, SystemClock};

pub(super) fn weigh(args: &Weigh, all: &Args) -> Result<Exit, Failure> {
    let cache = cache(&args.identity).map(Arc::new);
    let how = How {
        digests: !args.no_digest,
        identities: identities(&args.identity)?,
        bundle: args.bundle.clone(),
        attestations: args.attestations.clone(),
        probed: args.probed.clone(),
        cache: cache.clone(),
    };
    let policy = policy(&args.policy)?;
    let keeper = Keeper::open(&args.recording)?;
    let end = each(&args.common, &policy, &how, keeper.as_ref(), all)?;
    save(cache.as_deref())?;
    if let Some(keeper) = keeper {
        keeper.close()?;
    }
    Ok(end)
}

/// `scan` is a weighing by the policy of that name.
pub(super) fn scan(args: &Scan, all: &Args) -> Result<Exit, Failure> {
    each(
        &args.common,
        &Policy::shipped("scan")?,
        &How { digests: args.digest, ..How::default() },
        None,
        all,
    )
}

/// A shipped policy by its name; anything that looks like a path is a file.
pub(super) fn policy(named: &str) -> Result<Policy, Failure> {
    let path = Path::new(named);
    let is_path = path.components().count() > 1 || path.extension().is_some();
    if !is_path {
        return Ok(Policy::shipped(named)?);
    }
    Ok(Policy::parse_beside(&read_policy(path)?, named, path.parent())?)
}

/// What a weighing is asked for beside the policy.
#[derive(Default)]
struct How {
    digests: bool,
    identities: Vec<Source>,
    cache: Option<Arc<Cache>>,
    bundle: Option<PathBuf>,
    attestations: Vec<PathBuf>,
    probed: Vec<PathBuf>,
}

fn each(
    common: &Common,
    policy: &Policy,
    how: &How,
    keeper: Option<&Keeper>,
    all: &Args,
) -> Result<Exit, Failure> {
    let clock = SystemClock::start();
    let mut reports = Vec::with_capacity(common.sources.len());
    let mut end = Exit::Fine;
    for source in &common.sources {
        let request = Request {
            bundle: how.bundle.clone(),
            attestations: how.attestations.clone(),
            probed: how.probed.iter().cloned().map(Into::into).collect(),
            digests: how.digests,
            identities: how.identities.clone(),
            cache: how.cache.clone(),
            jobs: common.jobs.map(usize::from),
            limits: Some(args::limits(&common.limits, policy.terms.limits)),
            ..Request::new(source)
        };
        let bar = Bar::new(all.quiet);
        let services = Services {
            today: world::today(),
            now: world::now(),
            clock: (!common.reproducible).then_some(&clock as &dyn Clock),
            progress: &bar,
        };
        let weighed = match keeper {
            None => gate::weigh(&request, policy, &services).map_err(Failure::from),
            Some(keeper) => keeper.weigh(&request, policy, &services),
        };
        bar.finish();
        match weighed {
            Ok(report) => {
                end = end.and(report.verdict.into());
                reports.push(report);
            }
            Err(error) => {
                // The others are weighed all the same.
                failure::tell(&error);
                end = Exit::Error;
            }
        }
    }
    if reports.is_empty() {
        return Ok(end);
    }
    let colour = common.output.is_none() && wants_colour();
    let text = render(common.format.into(), &reports, Style { colour, detail: all.detail() });
    output::write(&text, common.output.as_deref())?;
    Ok(end)
}

/// Colour is for terminals, and not where `NO_COLOR` (no-color.org) is set.
#[allow(clippy::disallowed_methods, reason = "the environment belongs to the binary")]
fn wants_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    std::io::stdout().is_terminal() && !refused && !dumb
}
