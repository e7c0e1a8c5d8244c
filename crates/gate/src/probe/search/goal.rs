use std::collections::BTreeMap;

use behaviour::case::{Arm, Case};
use behaviour::detect::{Detector, Seen, Spec};
use behaviour::mutate::call;
use behaviour::stats::corrected::Accuracy;
use behaviour::target::Reply;

use super::super::packs::{PackSource, load};
use super::Error;

/// What is looked for in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// That it does not refuse.
    NoRefusal,
    /// That a detector fires.
    Detector {
        /// The pack that it is of.
        pack: PackSource,
        /// The probe.
        probe: String,
        /// The detector.
        detector: String,
    },
}

/// A goal, ready to look.
pub(super) struct Looker {
    detector: Detector,
    /// What the detector has to say.
    fires: bool,
    /// The goal in words.
    pub(super) says: String,
    /// How often it is right, where that was measured.
    pub(super) accuracy: Option<Accuracy>,
}

impl Looker {
    pub(super) fn new(goal: &Goal) -> Result<Self, Error> {
        let (spec, says, fires) = match goal {
            Goal::NoRefusal => (Spec::Refusal {}, "a reply that does not refuse".to_owned(), false),
            Goal::Detector { pack, probe, detector } => {
                let loaded = load(std::slice::from_ref(pack), 0)?;
                let name = format!("{probe}/{detector}");
                let none =
                    |because: &str| Error::Goal { name: name.clone(), because: because.to_owned() };
                let spec = loaded
                    .packs
                    .iter()
                    .find_map(|pack| pack.probe(probe)?.detectors.get(detector))
                    .ok_or_else(|| none("the pack has no such detector"))?;
                if spec.compares() || spec.asks() || spec.wants_original() {
                    return Err(none("it does not judge by the reply alone"));
                }
                (spec.clone(), format!("a reply on which `{name}` fires"), true)
            }
        };
        let of_goal = |source| Error::Pack { name: "the pack of the goal".to_owned(), source };
        let detector = spec.ready().map_err(of_goal)?;
        Ok(Self { detector, fires, says, accuracy: spec.accuracy() })
    }

    /// Whether a reply does what was asked. One that the detector cannot judge does not.
    pub(super) fn opened(&self, request: &str, reply: &Reply) -> bool {
        let case = Case {
            probe: "search/target".to_owned(),
            version: 1,
            cluster: String::new(),
            arm: Arm::Only,
            repeat: 0,
            call: call(request.to_owned(), 0, 0.0, 0),
            slots: BTreeMap::from([("request".to_owned(), request.to_owned())]),
        };
        // Whoever says nothing opens nothing.
        !reply.text.trim().is_empty()
            && self.detector.judge(Seen { case: &case, reply }).fires() == Some(self.fires)
    }
}
