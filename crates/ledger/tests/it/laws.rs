//! Waivers against a model that says the rules in a few lines.

use std::collections::BTreeSet;

use ledger::{Event, Ledger, Vote, WaiverState};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::world::{World, act, on_both, waiver, weigh};

/// Somebody does something on a day.
#[derive(Clone, Debug)]
enum Step {
    Ask { approvers: u8, days: i64 },
    Vote { approve: bool },
    End,
}

/// One waiver, as the rules say.
#[derive(Default)]
struct Simple {
    requester: Option<String>,
    approvers: usize,
    expires: i64,
    yes: BTreeSet<String>,
    rejected: bool,
    ended: bool,
}

impl Simple {
    /// Whether the step is allowed; it is done then.
    fn step(&mut self, who: &str, day: i64, step: &Step) -> bool {
        let decided = self.rejected || self.ended || self.granted();
        match step {
            Step::Ask { approvers, days } => {
                let allowed = self.requester.is_none()
                    && (1..=2).contains(approvers)
                    && (0..=90).contains(days);
                if allowed {
                    self.requester = Some(who.to_owned());
                    self.approvers = usize::from(*approvers);
                    self.expires = day + days;
                }
                allowed
            }
            Step::Vote { approve } => {
                let other = self.requester.as_ref().is_some_and(|requester| requester != who);
                let allowed = other && !decided && day <= self.expires;
                if allowed && *approve {
                    self.yes.insert(who.to_owned());
                } else if allowed {
                    self.rejected = true;
                }
                allowed
            }
            Step::End => {
                let allowed = self.requester.is_some() && !self.rejected && !self.ended;
                self.ended |= allowed;
                allowed
            }
        }
    }

    fn granted(&self) -> bool {
        self.requester.is_some() && self.yes.len() >= self.approvers
    }

    fn stands(&self, day: i64) -> bool {
        self.granted() && !self.rejected && !self.ended && day <= self.expires
    }
}

fn steps() -> impl Strategy<Value = Vec<(usize, i64, Step)>> {
    let step = prop_oneof![
        2 => (0u8..4, -3i64..95).prop_map(|(approvers, days)| Step::Ask { approvers, days }),
        6 => any::<bool>().prop_map(|no| Step::Vote { approve: !no }),
        3 => Just(Step::Vote { approve: true }),
        1 => Just(Step::End),
    ];
    prop::collection::vec((0usize..4, 0i64..12, step), 1..14)
}

const PEOPLE: [&str; 4] = ["ana", "Ana ", "ben", "cy"];

fn date(day: i64) -> String {
    let first = jiff::civil::date(2027, 1, 15);
    first.checked_add(jiff::Span::new().days(day)).unwrap().to_string()
}

async fn one(
    ledger: &Ledger,
    artifact: &str,
    name: &str,
    begin: i64,
    steps: &[(usize, i64, Step)],
) -> i64 {
    let mut simple = Simple::default();
    let mut day = begin;
    for (who, later, step) in steps {
        day += later;
        let who = PEOPLE[*who];
        let event = match step {
            Step::Ask { approvers, days } => waiver(name, artifact, &date(day + days), *approvers),
            Step::Vote { approve } => Event::WaiverVote {
                waiver: name.into(),
                vote: if *approve { Vote::Approve } else { Vote::Reject },
                comment: String::new(),
            },
            Step::End => Event::WaiverEnd { waiver: name.into(), reason: "over".into() },
        };
        let done = ledger.record(act(who, day * 86_400), event).await;
        let allowed = simple.step(who.trim().to_lowercase().as_str(), day, step);
        assert_eq!(done.is_ok(), allowed, "{step:?} by {who} on {day}: {done:?}\n{steps:?}");
        for then in [day, simple.expires, simple.expires + 1] {
            let stands = ledger.waivers_that_stand(artifact, &[], &date(then)).await.unwrap();
            let stands = stands.iter().any(|one| one.waiver == name);
            assert_eq!(stands, simple.stands(then), "{steps:?}");
        }
    }
    if let Some(told) = ledger.waiver(name, &date(day)).await.unwrap() {
        let stands = told.state == WaiverState::Granted;
        assert_eq!(stands, simple.stands(day), "{told:?}");
    }
    day
}

on_both! {
    async fn a_waiver_stands_only_as_the_rules_say(world: &World) {
        let ledger = world.open().await;
        let artifact = weigh(&ledger, "ana", 0, "org/a", "refuse").await;
        let mut runner = TestRunner::new(Config::default());
        let mut day = 0;
        for number in 0..60 {
            let steps = steps().new_tree(&mut runner).unwrap().current();
            day = one(&ledger, &artifact, &format!("v{number}"), day, &steps).await;
        }
        ledger.close().await.unwrap();
        assert!(ledger::verify(&world.place, None).await.unwrap().holds());
    }
}
