use std::collections::BTreeSet;

use behaviour::case::Case;
use behaviour::pack::{self, Pack, Problem, lint};
use behaviour::report::{PackUsed, Question, questions};

use super::Error;

/// Where a pack comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackSource {
    /// A shipped one.
    Shipped(String),
    /// A text, and what it is called in messages.
    Text {
        /// What it is called.
        label: String,
        /// The pack.
        text: String,
    },
}

/// The names of the shipped packs.
pub fn builtin() -> impl Iterator<Item = &'static str> {
    pack::BUILTIN.iter().map(|(name, _)| *name)
}

/// Packs, and what they ask.
pub(super) struct Loaded {
    pub(super) packs: Vec<Pack>,
    pub(super) used: Vec<PackUsed>,
    pub(super) questions: Vec<Question>,
    pub(super) cases: Vec<Case>,
}

pub(super) fn load(sources: &[PackSource], seed: u64) -> Result<Loaded, Error> {
    let (mut packs, mut used, mut cases) = (Vec::new(), Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for source in sources {
        let (name, text) = text(source)?;
        let wrong = |source| Error::Pack { name: name.to_owned(), source };
        let pack = Pack::read(text).map_err(wrong)?;
        if let PackSource::Text { .. } = source {
            believable(text).map_err(wrong)?;
        }
        cases.extend(pack.generate(seed).map_err(wrong)?);
        if !known.insert(pack.id.clone()) {
            return Err(Error::TwoPacks { name: pack.id });
        }
        used.push(PackUsed {
            id: pack.id.clone(),
            version: pack.version,
            title: pack.title.clone(),
            licence: pack.licence.clone(),
            digest: sha256(text),
        });
        packs.push(pack);
    }
    let questions = questions(&packs);
    for question in &questions {
        if let Some(because) = question.gate.and_then(|gate| gate.wrong(question.measure)) {
            let source = Problem::new(format!("the gate of `{}`: {because}", question.probe));
            return Err(Error::Pack { name: "the packs".to_owned(), source });
        }
    }
    Ok(Loaded { packs, used, questions, cases })
}

/// Whether a run of a pack can be believed; of shipped ones a test knows it.
fn believable(text: &str) -> Result<(), Problem> {
    match lint(text).into_iter().find(|note| note.wrong) {
        Some(pack::Note { probe: Some(probe), says, .. }) => {
            Err(Problem::new(format!("`{probe}`: {says}")))
        }
        Some(note) => Err(Problem::new(note.says)),
        None => Ok(()),
    }
}

/// The name and the text of a pack.
pub(super) fn text(source: &PackSource) -> Result<(&str, &str), Error> {
    match source {
        PackSource::Shipped(name) => {
            let found = pack::BUILTIN.iter().find(|(id, _)| id == name);
            let (name, text) = found.ok_or_else(|| Error::NoPack { name: name.clone() })?;
            Ok((name, text))
        }
        PackSource::Text { label, text } => Ok((label, text)),
    }
}

fn sha256(text: &str) -> String {
    provenance::hex::encode(provenance::keys::sha256(text.as_bytes()).as_ref())
}
