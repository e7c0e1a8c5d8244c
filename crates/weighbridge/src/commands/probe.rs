//! `probe`.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gate::probe::{
    self, Address, Asked, Budget, Judgement, Key, Options, PackSource, Patience, ProbeRequest,
    ProbeServices, Probed, Settings, Source, Stop,
};
use gate::render;
use vocabulary::escape;

use super::recording;
use crate::args::Args;
use crate::args::probe::{Probe, ProbeCommand, ProbeFormatArg};
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::progress::Calls;
use crate::{output, world};

pub(super) fn probe(args: &Probe, all: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Some(ProbeCommand::Lint { files }) => return lint(files),
        Some(ProbeCommand::Import { file, form, id, licence, output }) => {
            return import(file, (*form).into(), id, licence.as_deref(), output.as_deref());
        }
        Some(ProbeCommand::Search(search)) => return super::search::search(search, all),
        None => {}
    }
    let request = request(args, all)?;
    if args.plan {
        let planned = probe::plan(&request).map_err(gate::Error::from)?;
        output::write(&render::planned(args.format.into(), &planned), args.output.as_deref())?;
        return Ok(Exit::Fine);
    }
    let stop = Arc::new(Stop::default());
    let stopped = stop.clone();
    world::at_interrupt(move || stopped.now());
    let calls = Calls::new(all.quiet);
    let services = ProbeServices { watch: &calls, stop: &stop, notes: &tell };
    let probed = probe::probe(&request, services);
    calls.finish();
    let probed = match probed {
        Err(error) if error.could_not_look() => {
            failure::tell(&gate::Error::from(error).into());
            return Ok(Exit::Undecided);
        }
        probed => probed.map_err(gate::Error::from)?,
    };
    if !all.quiet && args.format == ProbeFormatArg::Text {
        output::say(&took(&probed));
    }
    recording::run(&args.recording, &request)?;
    let text = render::probed(args.format.into(), &probed, all.detail());
    output::write(&text, args.output.as_deref())?;
    Ok(match probed.judgement() {
        Judgement::Pass => Exit::Fine,
        Judgement::Fail => Exit::Refused,
        Judgement::Inconclusive => Exit::Undecided,
    })
}

pub(super) fn tell(note: &str) {
    output::say(&format!("note: {}\n", escape(note)));
}

/// What stands beside the report, since it is another the second time.
fn took(probed: &Probed) -> String {
    let spent = &probed.spent;
    let doubted = match spent.doubted {
        0 => String::new(),
        some => format!(", {some} of them without a usage that can be true"),
    };
    format!(
        "{} calls made; {} replies of {} and {} tokens{doubted}\n",
        probed.asked, spent.calls, spent.prompt, spent.completion
    )
}

fn request(args: &Probe, all: &Args) -> Result<ProbeRequest, Failure> {
    let target = args.target.as_deref().unwrap_or_default();
    let calling = Calling { jobs: args.jobs, rate: args.rate, timeout: args.timeout };
    let own = Whom {
        target,
        model: args.model.as_deref(),
        journal: args.journal.as_deref(),
        key_env: Some(&args.key_env),
    };
    let against = match &args.against {
        Some(original) => {
            let whom = Whom {
                target: original,
                model: args.against_model.as_deref(),
                journal: args.against_journal.as_deref(),
                key_env: other_key(
                    target,
                    original,
                    &args.key_env,
                    args.against_key_env.as_deref(),
                ),
            };
            Some(asked(&whom, &calling, all)?)
        }
        None => None,
    };
    let judge = match &args.judge {
        Some(judge) => {
            let beside = beside(judge, args.journal.as_deref(), "judge.jsonl");
            let whom = Whom {
                target: judge,
                model: args.judge_model.as_deref(),
                journal: args.judge_journal.as_deref().or(beside.as_deref()),
                key_env: other_key(target, judge, &args.key_env, args.judge_key_env.as_deref()),
            };
            Some(asked(&whom, &calling, all)?)
        }
        None => None,
    };
    Ok(ProbeRequest {
        target: asked(&own, &calling, all)?,
        against,
        judge,
        stop_early: args.stop_early,
        margin: args.margin,
        packs: packs(&args.packs)?,
        seed: args.seed,
        options: Options {
            concurrency: args.jobs.get(),
            budget: Budget {
                calls: args.max_calls,
                tokens: args.max_tokens,
                cost: args.max_cost,
                price: args.price.unwrap_or_default(),
                time: args.max_time.map(Duration::from_secs),
            },
            ..Options::default()
        },
    })
}

/// The journal of a model that helps, beside that of the target. What was recorded needs none.
pub(super) fn beside(helper: &str, journal: Option<&Path>, ending: &str) -> Option<PathBuf> {
    let recorded = !helper.contains("://") && helper.ends_with(".jsonl");
    journal.filter(|_| !recorded).map(|path| path.with_extension(ending))
}

/// The variable of another server's key: a key is for one server, and for no other unless its variable is named.
pub(super) fn other_key<'a>(
    target: &str,
    other: &str,
    own: &'a str,
    named: Option<&'a str>,
) -> Option<&'a str> {
    let same = named.is_none() && origin(other) == origin(target);
    if same { Some(own) } else { named }
}

/// A target as the command line names it.
pub(super) struct Whom<'a> {
    pub(super) target: &'a str,
    pub(super) model: Option<&'a str>,
    pub(super) journal: Option<&'a Path>,
    pub(super) key_env: Option<&'a str>,
}

/// How servers are called.
pub(super) struct Calling {
    pub(super) jobs: NonZeroU32,
    pub(super) rate: Option<f64>,
    pub(super) timeout: u64,
}

pub(super) fn asked(whom: &Whom<'_>, calling: &Calling, all: &Args) -> Result<Asked, Failure> {
    let source = if whom.target.contains("://") {
        if all.offline {
            return Err(Failure::ServerOffline);
        }
        let address: Address = whom.target.parse().map_err(|source| Failure::Address {
            // It may hold a password.
            scheme: whom.target.split("://").next().unwrap_or_default().to_owned(),
            source,
        })?;
        let settings = Settings {
            address,
            key: key(whom.key_env)?,
            timeout: Duration::from_secs(calling.timeout),
            patience: Patience::default(),
            rate: calling.rate,
            concurrency: calling.jobs,
        };
        Source::Endpoint(Box::new(settings), whom.model.map(str::to_owned))
    } else {
        Source::Path(PathBuf::from(whom.target))
    };
    Ok(Asked { source, journal: whom.journal.map(Path::to_owned) })
}

/// The key in a variable of the environment; nothing where there is none.
fn key(name: Option<&str>) -> Result<Option<Key>, Failure> {
    let Some(name) = name else { return Ok(None) };
    match world::variable(name).filter(|key| !key.trim().is_empty()) {
        Some(key) => match Key::new(&key) {
            Some(key) => Ok(Some(key)),
            None => Err(Failure::Key { variable: name.to_owned() }),
        },
        None => Ok(None),
    }
}

/// Scheme, host and port of an address.
fn origin(target: &str) -> Option<String> {
    let (scheme, rest) = target.split_once("://")?;
    let host = rest.split('/').next()?;
    Some(format!("{scheme}://{host}").to_ascii_lowercase())
}

pub(super) fn packs(named: &[PathBuf]) -> Result<Vec<PackSource>, Failure> {
    if named.is_empty() {
        let shipped = probe::builtin().map(|name| PackSource::Shipped(name.to_owned()));
        return Ok(shipped.collect());
    }
    named.iter().map(|path| pack(path)).collect()
}

pub(super) fn pack(path: &Path) -> Result<PackSource, Failure> {
    let is_name = |name: &&str| !name.contains(['/', '.']);
    match path.to_str().filter(is_name) {
        Some(name) => Ok(PackSource::Shipped(name.to_owned())),
        None => {
            Ok(PackSource::Text { label: path.to_string_lossy().into_owned(), text: text(path)? })
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the binary reads what its arguments name")]
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::ProbePack { path: path.into(), source })
}

fn lint(files: &[PathBuf]) -> Result<Exit, Failure> {
    let mut out = String::new();
    let mut exit = Exit::Fine;
    for path in files {
        for note in probe::lint(&text(path)?) {
            let path = escape(&path.to_string_lossy());
            let probe = note.probe.map(|probe| format!("{}: ", escape(&probe)));
            let word = if note.wrong { "wrong" } else { "better" };
            let says = escape(&note.says);
            out.push_str(&format!("{path}: {}{word}: {says}\n", probe.unwrap_or_default()));
            if note.wrong {
                exit = Exit::Refused;
            }
        }
    }
    output::write(&out, None)?;
    Ok(exit)
}

fn import(
    path: &Path,
    form: probe::Form,
    id: &str,
    licence: Option<&str>,
    to: Option<&Path>,
) -> Result<Exit, Failure> {
    let name = path.to_string_lossy();
    let made =
        probe::import_pack(&name, form, id, licence, &text(path)?).map_err(gate::Error::from)?;
    output::write(&format!("{}\n", made.text), to)?;
    let licence = escape(&made.licence);
    tell(&format!("{} prompts, licence `{licence}`", made.taken));
    if made.licence == probe::NO_LICENCE {
        tell("nobody stated a licence; say it with `--licence` if you know it");
    }
    for (why, count) in &made.left {
        tell(&format!("left out: {why} ({count})"));
    }
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key is for one server.
    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("http://A:1/v1"), origin("http://a:1/v2"));
        for other in ["https://a:1/v1", "http://a:2/v1", "http://b:1/v1", "http://a:1.evil/v1", "a"]
        {
            assert_ne!(origin("http://a:1/v1"), origin(other), "{other}");
        }
    }
}
