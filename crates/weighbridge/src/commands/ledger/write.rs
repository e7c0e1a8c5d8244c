use gate::ledger::{Act, Event, Vote};
use gate::provenance::{hex, keys};

use super::with;
use crate::args::ledger::{Approve, Decide, Deploy, Observe, Owner, Waive, Who};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{output, world};

pub(super) fn owner(args: &Owner) -> Result<Exit, Failure> {
    let Owner { who, model, name: owner } = args;
    record(who, Event::Owner { model: model.clone(), owner: owner.clone() }, None)
}

pub(super) fn approve(args: &Approve) -> Result<Exit, Failure> {
    let Approve { who, artifact, reject, comment } = args;
    let (artifact, comment) = (artifact.clone(), comment.clone());
    record(who, Event::Approval { artifact, vote: vote(*reject), comment }, None)
}

pub(super) fn waive(args: &Waive) -> Result<Exit, Failure> {
    let waiver = named(args.id.as_ref())?;
    let event = Event::Waiver {
        waiver: waiver.clone(),
        rule: args.rule.clone(),
        file: args.file.clone(),
        artifact: args.artifact.clone(),
        reason: args.reason.clone(),
        expires: args.expires.clone(),
        approvers: args.approvers,
    };
    record(&args.who, event, Some(&waiver))
}

pub(super) fn decide(args: &Decide) -> Result<Exit, Failure> {
    let (waiver, comment) = (args.waiver.clone(), args.comment.clone());
    let event = if args.end {
        Event::WaiverEnd { waiver, reason: comment }
    } else {
        Event::WaiverVote { waiver, vote: vote(args.reject), comment }
    };
    record(&args.who, event, None)
}

pub(super) fn deploy(args: &Deploy) -> Result<Exit, Failure> {
    let deployment = named(args.id.as_ref())?;
    let event = Event::Deployment {
        deployment: deployment.clone(),
        model: args.model.clone(),
        artifact: args.artifact.clone(),
        environment: args.environment.clone(),
        place: args.place.clone(),
    };
    record(&args.who, event, Some(&deployment))
}

pub(super) fn observe(args: &Observe) -> Result<Exit, Failure> {
    let (deployment, detail) = (args.deployment.clone(), args.detail.clone());
    let event = if args.ended {
        Event::DeploymentEnd { deployment, reason: detail }
    } else {
        let (artifact, method) = (args.artifact.clone(), args.method.clone());
        Event::Observation { deployment, artifact, method, detail }
    };
    record(&args.who, event, None)
}

fn vote(reject: bool) -> Vote {
    if reject { Vote::Reject } else { Vote::Approve }
}

/// An identifier that nothing else has.
pub(crate) fn new_id() -> Result<String, Failure> {
    let random = keys::random()?;
    Ok(hex::encode(random.get(..12).unwrap_or(&random)))
}

fn named(given: Option<&String>) -> Result<String, Failure> {
    given.map_or_else(new_id, |id| Ok(id.clone()))
}

/// Records an event, and tells the number of its entry, or the name of what it made.
fn record(who: &Who, event: Event, made: Option<&str>) -> Result<Exit, Failure> {
    let act = Act::new(&who.name, world::now());
    let number = with(&who.place, |ledger| async move { ledger.record(act, event).await })?;
    let text = made.map_or_else(
        || format!("entry {number}\n"),
        |made| format!("{}\n", vocabulary::escape(made)),
    );
    output::write(&text, None)?;
    Ok(Exit::Fine)
}
