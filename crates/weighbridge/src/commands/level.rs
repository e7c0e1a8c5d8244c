//! `level`.

use std::path::Path;
use std::sync::Arc;

use gate::{Clock, Policy, Request, Services, render};

use super::digest::{cache, identities, save};
use super::{read_policy, recording, weigh};
use crate::args::{self, Args, Level};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::progress::Bar;
use crate::world::{self, SystemClock};

pub(super) fn level(args: &Level, all: &Args) -> Result<Exit, Failure> {
    let clock = SystemClock::start();
    let cache = cache(&args.identity).map(Arc::new);
    let ours = ours(args)?;
    let limits = ours.as_ref().map(|ours| ours.terms.limits).unwrap_or_default();
    let mut request = Request {
        bundle: args.bundle.clone(),
        attestations: args.attestations.clone(),
        probed: args.probed.iter().cloned().map(Into::into).collect(),
        identities: identities(&args.identity)?,
        cache: cache.clone(),
        jobs: args.jobs.map(usize::from),
        limits: Some(args::limits(&args.limits, limits)),
        ..Request::new(&args.model)
    };
    let bar = Bar::new(all.quiet);
    let services = Services {
        today: world::today(),
        now: world::now(),
        clock: (!args.reproducible).then_some(&clock as &dyn Clock),
        progress: &bar,
    };
    // Kept journals lie there until the level is told.
    let (known, _journals) = recording::known(args, &request, &services)?;
    request.record = known.record;
    request.probed.extend(known.probed);
    let standing = gate::level::standing(&request, ours.as_ref(), args.asked, &services);
    bar.finish();
    let standing = standing?;
    let (format, detail) = (args.format.into(), all.detail());
    let text = if args.aisvs {
        render::aisvs(format, &standing.aisvs(), detail)
    } else {
        render::standing(format, &standing, detail)
    };
    output::write(&text, args.output.as_deref())?;
    save(cache.as_deref())?;
    Ok(standing.verdict.into())
}

/// The policy that names signers and exceptions, or the file of signers alone.
fn ours(args: &Level) -> Result<Option<Policy>, Failure> {
    let Some(path) = &args.trust else {
        return args.policy.as_deref().map(weigh::policy).transpose();
    };
    let label = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let policy = Policy::of_signers(&read_policy(path)?, &label, folder);
    Ok(Some(policy.map_err(gate::Error::from)?))
}
