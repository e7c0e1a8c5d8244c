use std::path::{Path, PathBuf};

use gate::probe::evaluation;
use gate::provenance::attest::{
    Commitment, Identity, Material, Spec, Step, from_report, identity, parse, statement,
};
use gate::provenance::samples::Samples;
use gate::provenance::signatory::Signatory;
use gate::provenance::statement::{Statement, Subject};
use gate::provenance::{Error, files, json};

use super::signing::signatory;
use crate::args::attest::{Attest, One, Other, Output, Said};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

/// The most that a step file or a report may have, in bytes.
const MAX_TEXT: u64 = 256 << 20;

pub(super) fn attest(args: &Attest) -> Result<Exit, Failure> {
    match (&args.other, args.one.step) {
        (Some(Other::Commit { seed, check }), _) => commit(seed, check.as_deref()),
        (Some(Other::Wrap(wrap)), _) => super::wrap::wrap(wrap),
        (None, Some(step)) => attest_step(step, &args.one),
        // The table of arguments does not let it come to this.
        (None, None) => Ok(Exit::Error),
    }
}

fn commit(seed: &str, check: Option<&[String]>) -> Result<Exit, Failure> {
    if let Some([salt, digest]) = check {
        let made = Commitment { salt: salt.clone(), digest: digest.clone() };
        let opens = made.opens(seed);
        let word = if opens { "it is the seed" } else { "it is not the seed" };
        output::write(&format!("{word}\n"), None)?;
        return Ok(if opens { Exit::Fine } else { Exit::Refused });
    }
    let made = Commitment::new(seed)?;
    let text = format!("seed-commitment: {}\nsalt: {}\n", made.digest, made.salt);
    output::write(&text, None)?;
    output::say("publish the commitment before the run; keep seed and salt\n");
    Ok(Exit::Fine)
}

fn attest_step(step: Step, args: &One) -> Result<Exit, Failure> {
    let by = signatory(&args.signatory)?;
    if args.journal.is_some() || args.from_report.is_some() {
        alone(args)?;
    }
    let judged = args.journal.as_deref().map(|journal| judged(step, journal, args)).transpose()?;
    let identities: Vec<Identity> = match &judged {
        Some((is, _)) => vec![is.clone()],
        None => args.models.iter().map(|model| told(model)).collect::<Result<_, _>>()?,
    };
    let mut spec = match &args.from {
        Some(path) => {
            let text = files::read_text(path, MAX_TEXT)?;
            parse(&path.display().to_string(), &text)?
        }
        None => Spec::default(),
    };
    if let Some(said) = spec.step.filter(|said| *said != step) {
        let because = format!("it is of the step `{}`, not `{}`", said.name(), step.name());
        return Err(Error::malformed("the step file", because).into());
    }
    if let (Some(path), Some(first)) = (&args.from_report, identities.first()) {
        let bytes = files::read(path, MAX_TEXT)?;
        let what = path.display().to_string();
        let from = from_report(&what, &bytes, step, first)?.spec;
        // A step file adds what a report does not tell; what it tells stands.
        spec = Spec {
            result: from.result,
            passed: from.passed,
            warned: from.warned,
            failed: from.failed,
            policy: from.policy.or(spec.policy),
            finished: from.finished.or(spec.finished),
            configuration: [from.configuration, spec.configuration].concat(),
            ..spec
        };
    }
    if let Some((_, from)) = judged {
        spec = Spec {
            result: from.result,
            passed: from.passed,
            warned: from.warned,
            failed: from.failed,
            metrics: from.metrics,
            configuration: [from.configuration, spec.configuration].concat(),
            ..spec
        };
    }
    add(&mut spec, &args.said);
    for path in &args.records {
        let recorded = gate::records(path)?;
        spec.byproducts.extend(recorded.byproducts);
        for (path, because) in recorded.unread {
            output::say(&format!("could not look: {path}: {because}\n"));
        }
    }
    for (path, is) in args.models.iter().zip(&identities) {
        spec.byproducts.extend(samples(step, path, is)?);
    }
    let subjects: Vec<Subject> = identities.iter().map(Identity::subject).collect();
    let made = statement(step, &spec, &subjects, None, world::now(), &mut told_error)?;
    deliver(&made, &by, &args.output)?;
    Ok(Exit::Fine)
}

/// A report or a journal speaks of one model, and tells the result by itself.
fn alone(args: &One) -> Result<(), Failure> {
    let told = |because: &str| Err(Error::malformed("the statement", because).into());
    if args.models.len() > 1 {
        return told("a report or a journal is of one model, and several are named");
    }
    let said = &args.said;
    if said.result.is_some() || !said.passed.is_empty() {
        return told("its result and what passed are told by the report or journal");
    }
    if args.journal.is_some() && !said.configuration.is_empty() {
        return told("its configuration is told by the journal");
    }
    Ok(())
}

/// What the journal of a run of probes tells, and of which model.
fn judged(step: Step, journal: &Path, args: &One) -> Result<(Identity, Spec), Failure> {
    if step != Step::Evaluation {
        let because = format!("a journal tells nothing of `{}`", step.name());
        return Err(Error::malformed("the journal", because).into());
    }
    let model = args.models.first().map_or(Path::new("."), PathBuf::as_path);
    let packs = super::probe::packs(&args.packs)?;
    let (is, spec) = evaluation(journal, model, &packs, args.seed).map_err(gate::Error::from)?;
    tell(&is);
    Ok((is, spec))
}

/// The identity of a file or folder; what its digests leave open is said.
fn told(path: &Path) -> Result<Identity, Failure> {
    told_error(path).map_err(Failure::from)
}

fn told_error(path: &Path) -> Result<Identity, Error> {
    let is = identity(path)?;
    tell(&is);
    Ok(is)
}

fn tell(is: &Identity) {
    for path in &is.signatures {
        output::say(&format!("`{path}` holds signatures, which the statement does not cover\n"));
    }
    for one in &is.left_open {
        output::say(&format!("{one}\n"));
    }
}

/// The samples of a data set, where the step makes one.
pub(super) fn samples(step: Step, path: &Path, is: &Identity) -> Result<Option<Material>, Failure> {
    if !matches!(step, Step::Acquire | Step::Dataset | Step::Filter) {
        return Ok(None);
    }
    Ok(Samples::of(path, Some(is))?.material(&is.name))
}

/// What flags say, on top of a step file.
pub(super) fn add(spec: &mut Spec, said: &Said) {
    fn over<T: Clone>(into: &mut Option<T>, from: Option<&T>) {
        if let Some(from) = from {
            *into = Some(from.clone());
        }
    }
    over(&mut spec.name, said.name.as_ref());
    over(&mut spec.builder, said.builder.as_ref());
    over(&mut spec.invocation, said.invocation.as_ref());
    over(&mut spec.started, said.started.as_ref());
    over(&mut spec.finished, said.finished.as_ref());
    over(&mut spec.seed_commitment, said.seed_commitment.as_ref());
    over(&mut spec.data_order, said.data_order.as_ref());
    over(&mut spec.result, said.result.as_ref());
    over(&mut spec.url, said.url.as_ref());
    over(&mut spec.policy, said.policy.as_ref());
    over(&mut spec.resource, said.resource.as_ref());
    over(&mut spec.purl, said.purl.as_ref());
    over(&mut spec.package_id, said.package_id.as_ref());
    over(&mut spec.place, said.place.as_ref());
    over(&mut spec.owner, said.owner.as_ref());
    over(&mut spec.expected, said.expected.as_ref());
    spec.inputs.extend(said.inputs.iter().cloned());
    spec.parameters.extend(said.parameters.iter().cloned());
    spec.checkpoints.extend(said.checkpoints.iter().cloned());
    spec.byproducts.extend(said.byproducts.iter().cloned());
    spec.passed.extend(said.passed.iter().cloned());
    spec.warned.extend(said.warned.iter().cloned());
    spec.failed.extend(said.failed.iter().cloned());
    spec.configuration.extend(said.configuration.iter().cloned());
    spec.metrics.extend(said.metrics.iter().cloned());
    spec.attestations.extend(said.attestations.iter().cloned());
}

/// Signs a statement and writes it as one line: an envelope, or a bundle where there is more to it
/// than a key.
pub(super) fn deliver(
    statement: &Statement,
    by: &Signatory<'_>,
    to: &Output,
) -> Result<(), Failure> {
    write(by.attestation(&json::canonical(statement)?)?, to)
}

/// Writes a line.
pub(super) fn write(mut line: Vec<u8>, to: &Output) -> Result<(), Failure> {
    line.push(b'\n');
    match &to.output {
        Some(path) if to.append => files::append(path, &line)?,
        Some(path) => files::write_new(path, &line, false, files::Readers::Anybody)?,
        None => output::write(&String::from_utf8_lossy(&line), None)?,
    }
    Ok(())
}
