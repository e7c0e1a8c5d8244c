//! Checks that a policy may name and that no version has yet.

use vocabulary::{CheckName, CheckResult, Coverage, Outcome, Policy, Requirement};

/// Each with what it will look at. Whoever adds the check takes it from here.
pub const PLANNED: [(&str, &str); 10] = [
    ("training-data", "what the model was trained on, record by record"),
    ("comparison", "the weights against those of the model that it was made from"),
    ("quantization", "a quantized copy against its original"),
    ("watch", "what is loaded, again and again, against what was admitted"),
    ("vault", "whether the weights are sealed where they lie"),
    ("grants", "who may open the weights, why and until when"),
    ("swap", "what an endpoint serves, against what was admitted"),
    ("gateway", "who asks the model how much, and for what"),
    ("admission", "whether anything is loaded that was not admitted"),
    ("sources", "whether the model comes from a place that is approved"),
];

/// Why such a check did not look.
pub const NO_CHECK: &str = "no check in this version";

/// Whether a check is one of them.
pub fn is_planned(check: &str) -> bool {
    PLANNED.iter().any(|(name, _)| *name == check)
}

/// The results of those that a policy asks for.
pub(super) fn results(policy: &Policy) -> impl Iterator<Item = CheckResult> {
    let asked = |name: &&str| {
        let check = CheckName::from(*name);
        policy.checks.get(&check).is_some_and(|requirement| *requirement != Requirement::Off)
    };
    PLANNED.iter().map(|(name, _)| *name).filter(asked).map(|name| CheckResult {
        check: name.into(),
        outcome: Outcome::CouldNotLook {
            because: NO_CHECK.to_owned(),
            coverage: Coverage::default(),
        },
    })
}
