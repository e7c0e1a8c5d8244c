//! The packs that are built in.

use super::{Pack, Problem};

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// Name and text of each.
        pub const BUILTIN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../packs/probes/", $name, ".yaml")))),*];
    };
}

shipped!(
    "data-leakage",
    "dates-and-places",
    "fairness",
    "hallucination",
    "hidden-characters",
    "insecure-code",
    "invariance",
    "jailbreaks",
    "passwords",
    "personas",
    "says-and-does",
    "triggers",
);

/// A pack that is built in.
pub fn builtin(name: &str) -> Option<Result<Pack, Problem>> {
    BUILTIN.iter().find(|(id, _)| *id == name).map(|(_, text)| Pack::read(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::case::{Arm, Case};
    use crate::detect::Seen;
    use crate::pack::{Example, Probe, lint};
    use crate::target::{Finish, Reply};

    fn reply(text: &str) -> Reply {
        let (text, finish) = (text.to_owned(), Finish::Stop);
        Reply { text, finish, tokens: Vec::new(), usage: None, served_by: None }
    }

    fn score(probe: &Probe, example: &Example, cases: &[Case]) -> Option<bool> {
        let detector = probe.detectors[&example.detector].ready().unwrap();
        let with = |case: &Case| {
            let mut case = case.clone();
            case.slots.extend(example.slots.clone());
            case
        };
        let first = |arm| cases.iter().find(|case| case.arm == arm).map(with);
        let treatment = first(Arm::Treatment).or(first(Arm::Only)).unwrap();
        let shown = reply(&example.reply);
        let seen = Seen { case: &treatment, reply: &shown };
        match (&example.control, first(Arm::Control)) {
            (Some(control), Some(case)) => {
                let control = reply(control);
                detector.compare(Seen { case: &case, reply: &control }, seen).fires()
            }
            _ => detector.judge(seen).fires(),
        }
    }

    #[test]
    fn what_the_pages_of_the_packs_show_is_what_happens() {
        let mut ids = BTreeSet::new();
        let mut problems = Vec::new();
        for (name, text) in BUILTIN {
            // A probe without a gate measures, and is meant to.
            let notes = lint(text).into_iter().filter(|note| !note.says.contains("no gate"));
            problems.extend(notes.map(|note| format!("{name}: {note:?}")));
            let pack = builtin(name).unwrap().unwrap();
            assert_eq!((pack.id.as_str(), pack.licence.as_str()), (*name, "Apache-2.0"));
            let cases = pack.generate(1).unwrap();
            assert_eq!(cases, pack.generate(1).unwrap());
            for probe in &pack.probes {
                let full = format!("{name}/{}", probe.id);
                assert!(ids.insert(full.clone()));
                let mine: Vec<Case> =
                    cases.iter().filter(|case| case.probe == full).cloned().collect();
                assert!(!mine.is_empty(), "{full}");
                for example in &probe.examples {
                    let fires = score(probe, example, &mine);
                    if fires != Some(example.fires) {
                        problems.push(format!("{full}: {fires:?} on {}", example.reply));
                    }
                }
            }
        }
        assert_eq!(problems, [""; 0]);
    }
}
