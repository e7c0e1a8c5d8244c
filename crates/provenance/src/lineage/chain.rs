//! Joins attestations by digest.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use rayon::prelude::*;
use vocabulary::{Untrusted, escape};

use super::collect::{Collection, Place, Unread};
use super::facts::{Facts, Input, What};
use super::parts::{self, Uncovered};
use super::requirements::{Answer, Requirement};
use super::signed::{Refused, Seen, Why, look};
use crate::attest::{Identity, Role, Step};
use crate::statement::{DIR_HASH, DigestSet};
use crate::trust::{Authentic, Trust};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The artifact.
    pub artifact: &'a Identity,
    /// Who may say what.
    pub trust: &'a Trust,
    /// When.
    pub at: Timestamp,
    /// Which steps have to be there.
    pub requirements: &'a [Requirement],
    /// Files and folders that are at hand, by the name that statements call them.
    pub at_hand: &'a BTreeMap<String, Identity>,
}

/// An artifact of the chain.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is called.
    pub name: String,
    /// Its identity.
    pub digest: DigestSet,
    /// The claims that speak of it, by their index.
    pub claims: Vec<usize>,
    /// SLSA build level of what is known of how it was made, as far as it goes here: 0, 1 or 2.
    pub level: u8,
    /// Whether it was reached through verified edges alone.
    pub sound: bool,
}

/// An attestation with its place in the chain.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Where it stands.
    pub place: Place,
    /// What it says.
    pub facts: Option<Facts>,
    /// Who signed it, or why it does not count.
    pub signed: Result<Authentic, Refused>,
    /// The place of the same claim that was read before this one.
    pub duplicate_of: Option<Place>,
    /// Whether it speaks of something in the chain.
    pub related: bool,
    /// Files of the artifact that it speaks of without them: it leaves them out by name.
    pub without: Vec<Untrusted>,
}

/// An input of something in the chain.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What was made: index of a node.
    pub child: usize,
    /// The claim that names the input.
    pub claim: usize,
    /// The input as it is named there.
    pub input: Input,
    /// The node that it is, or that it was taken for.
    pub parent: Option<usize>,
    /// How it stands.
    pub state: State,
    /// Why, in a sentence; empty where there is nothing to say.
    pub said: String,
    /// Whether the file at hand was read again and is the same.
    pub at_hand: bool,
    /// Whether it is no input: the artifact itself, and what it was taken for.
    pub taken_for: bool,
}

macro_rules! states {
    ($($(#[doc = $doc:literal])+ $state:ident = $name:literal, $sound:literal;)+) => {
        /// How an edge stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum State {
            $($(#[doc = $doc])+ $state,)+
        }

        impl State {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$state,)+];

            /// Its name in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$state => $name,)+
                }
            }

            /// Whether nothing is wrong with it.
            pub fn is_sound(self) -> bool {
                match self {
                    $(Self::$state => $sound,)+
                }
            }
        }
    };
}

states! {
    /// A verified statement tells how the input was made.
    Joined = "joined", true;
    /// It came from elsewhere, as the `acquire` step says; the chain begins here.
    Origin = "origin", true;
    /// A tool, code or configuration, named by digest.
    Pinned = "pinned", true;
    /// No statement tells how it was made.
    Missing = "missing", false;
    /// Statements tell it, and none of them is signed by somebody who may.
    Unverified = "unverified", false;
    /// The same bytes under other names.
    Transplanted = "transplanted", false;
    /// The same name with other bytes.
    Differs = "digest-differs", false;
    /// It leads back to where it came from.
    Cyclic = "cyclic", false;
    /// Verified statements tell different things of how it was made.
    Contradicting = "contradicting", false;
    /// It is named without any digest.
    Undigested = "undigested", false;
    /// It is named only by a digest that does not bind the names of files.
    Unbound = "unbound", false;
    /// The command that made it failed.
    Failed = "failed-run", false;
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of thing.
    pub kind: ProblemKind,
    /// What is wrong, in a sentence fit to print.
    pub said: String,
    /// The edge that it is about, by its index.
    pub edge: Option<usize>,
}

/// Kinds of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// An edge.
    Edge(State),
    /// The signature of the statement that an edge needs.
    Signature(Why),
    /// A required step is not there.
    StepMissing,
    /// A required step is too old, or does not tell its time.
    Stale,
    /// A time lies ahead of now.
    FromTheFuture,
    /// A test or decision about the artifact failed.
    FailedResult,
    /// An input changed while the command ran.
    InputChanged,
    /// A file at hand has no place in the chain.
    NotInChain,
}

impl ProblemKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edge(state) => state.name(),
            Self::Signature(why) => why.name(),
            Self::StepMissing => "step-missing",
            Self::Stale => "stale",
            Self::FromTheFuture => "from-the-future",
            Self::FailedResult => "failed-result",
            Self::InputChanged => "input-changed",
            Self::NotInChain => "not-in-chain",
        }
    }
}

/// What is to be held of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every edge holds and every requirement is met.
    Verified,
    /// Something is wrong.
    Refused,
    /// No statement speaks of the artifact.
    Undecided,
}

impl Verdict {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
        }
    }
}

/// A chain.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The artifacts; the first is the one that was asked about.
    pub nodes: Vec<Node>,
    /// What went into them, in the order in which they were met from the artifact on.
    pub edges: Vec<Edge>,
    /// Every attestation that was read.
    pub claims: Vec<Claim>,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The required steps.
    pub answers: Vec<Answer>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// What stands in the artifact and no statement covers.
    pub uncovered: Vec<Uncovered>,
    /// What is to be held of it.
    pub verdict: Verdict,
    /// The moment that it was asked for.
    pub at: Timestamp,
}

/// Joins what was collected into the chain of an artifact and verifies it.
pub fn trace(collection: Collection, question: &Question<'_>) -> Lineage {
    let seen: Vec<Seen> = collection
        .records
        .par_iter()
        .map(|record| look(record, question.trust, question.at))
        .collect();
    let mut claims = Vec::with_capacity(seen.len());
    let mut before: HashMap<(Vec<u8>, String), Place> = HashMap::new();
    for (record, seen) in collection.records.into_iter().zip(seen) {
        let payload = record.envelope().map(|envelope| envelope.payload.clone());
        let signer = match &seen.signed {
            Ok(authentic) => authentic.signer.clone(),
            Err(refused) => format!("\n{}", refused.why.name()),
        };
        let mut duplicate_of = None;
        if let Some(payload) = payload {
            match before.entry((payload, signer)) {
                std::collections::hash_map::Entry::Occupied(first) => {
                    duplicate_of = Some(first.get().clone());
                }
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(record.place.clone());
                }
            }
        }
        let Seen { facts, signed } = seen;
        claims.push(Claim {
            place: record.place,
            facts,
            signed,
            duplicate_of,
            related: false,
            without: Vec::new(),
        });
    }
    let mut index = Index::of(&claims);
    parts::join(question.artifact, &mut claims, &mut index.dir_hash);
    let mut walk = Walk {
        question,
        claims: &claims,
        index: &index,
        lineage: Lineage {
            nodes: Vec::new(),
            edges: Vec::new(),
            claims: Vec::new(),
            problems: Vec::new(),
            answers: Vec::new(),
            unread: collection.unread,
            uncovered: parts::uncovered(question.artifact),
            verdict: Verdict::Undecided,
            at: question.at,
        },
        known: HashMap::new(),
        queue: VecDeque::new(),
        met: BTreeSet::new(),
    };
    walk.all();
    let mut lineage = walk.lineage;
    lineage.claims = claims;
    for node in &lineage.nodes {
        for claim in &node.claims {
            if let Some(claim) = lineage.claims.get_mut(*claim) {
                claim.related = true;
            }
        }
    }
    lineage.mark_cycles();
    lineage.mark_sound();
    lineage.judge(question);
    lineage
}

/// Claims by what they speak of. Duplicates are not in it.
#[derive(Default)]
struct Index {
    dir_hash: HashMap<String, Vec<usize>>,
    sha256: HashMap<String, Vec<(usize, usize)>>,
    name: HashMap<String, Vec<(usize, usize)>>,
}

impl Index {
    fn of(claims: &[Claim]) -> Self {
        let mut index = Self::default();
        for (number, claim) in claims.iter().enumerate() {
            let Some(facts) = &claim.facts else { continue };
            if claim.duplicate_of.is_some() {
                continue;
            }
            for (at, subject) in facts.subjects.iter().enumerate() {
                if let Some(hash) = subject.digest.get(DIR_HASH) {
                    let list = index.dir_hash.entry(hash.clone()).or_default();
                    if list.last() != Some(&number) {
                        list.push(number);
                    }
                }
                if let Some(hash) = subject.digest.get("sha256") {
                    index.sha256.entry(hash.clone()).or_default().push((number, at));
                }
                index.name.entry(subject.name.clone()).or_default().push((number, at));
            }
        }
        index
    }
}

struct Walk<'a> {
    question: &'a Question<'a>,
    claims: &'a [Claim],
    index: &'a Index,
    lineage: Lineage,
    /// Nodes by `dirHash`.
    known: HashMap<String, usize>,
    queue: VecDeque<usize>,
    /// Names of files at hand that were met.
    met: BTreeSet<String>,
}

/// An input, or the artifact itself, and what was found for it.
struct Found {
    state: State,
    said: String,
    parent: Option<(String, DigestSet)>,
    why: Option<Why>,
}

impl Found {
    fn new(state: State, said: impl Into<String>) -> Self {
        Self { state, said: said.into(), parent: None, why: None }
    }
}

impl Walk<'_> {
    fn all(&mut self) {
        let artifact = self.question.artifact;
        let root = self.node(&artifact.name, &artifact.digest);
        let hash = artifact.digest.get(DIR_HASH).cloned().unwrap_or_default();
        let named = self.index.dir_hash.get(&hash).cloned().unwrap_or_default();
        let input = Input {
            name: artifact.name.clone(),
            digest: artifact.digest.clone(),
            ..Input::default()
        };
        let found = self.find(&input, None);
        if named.is_empty() && found.state == State::Missing {
            // Nobody speaks of it, and of nothing that looks like it.
            self.known_at_hand();
            return;
        }
        if !found.state.is_sound() {
            let edge = match &found.parent {
                Some((name, digest)) if digest.get(DIR_HASH) != Some(&hash) => {
                    // The chain of what it was taken for is told as well.
                    let (name, digest) = (name.clone(), digest.clone());
                    let parent = self.node(&name, &digest);
                    let claim = self.claims_of(&digest).first().copied().unwrap_or_default();
                    let number = self.edge(root, claim, input, Some(parent), &found);
                    if let Some(edge) = self.lineage.edges.get_mut(number) {
                        edge.taken_for = true;
                    }
                    Some(number)
                }
                _ => None,
            };
            let about = format!("`{}`", escape(&artifact.name));
            self.problem(&found, &about, edge);
        }
        while let Some(node) = self.queue.pop_front() {
            self.expand(node);
        }
        self.known_at_hand();
    }

    fn known_at_hand(&mut self) {
        let question = self.question;
        for name in question.at_hand.keys().filter(|name| !self.met.contains(*name)) {
            let said = format!("nothing in the chain is called `{}`", escape(name));
            let kind = ProblemKind::NotInChain;
            self.lineage.problems.push(Problem { kind, said, edge: None });
        }
    }

    fn claims_of(&self, digest: &DigestSet) -> Vec<usize> {
        let hash = digest.get(DIR_HASH);
        hash.and_then(|hash| self.index.dir_hash.get(hash)).cloned().unwrap_or_default()
    }

    /// The node of an artifact; a new one is looked into later.
    fn node(&mut self, name: &str, digest: &DigestSet) -> usize {
        let key = match digest.get(DIR_HASH) {
            Some(hash) => hash.clone(),
            None => format!("{name}\n{digest:?}"),
        };
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let number = self.lineage.nodes.len();
        let claims = self.claims_of(digest);
        let level = self.level(&claims);
        self.lineage.nodes.push(Node {
            name: name.to_owned(),
            digest: digest.clone(),
            claims,
            level,
            sound: false,
        });
        self.known.insert(key, number);
        self.queue.push_back(number);
        number
    }

    fn level(&self, claims: &[usize]) -> u8 {
        let builds = claims.iter().filter_map(|claim| self.claims.get(*claim));
        let levels = builds.map(|claim| match (&claim.signed, &claim.facts) {
            (Ok(authentic), Some(facts)) if facts.what.is_build() => {
                let named = facts.builder.as_ref().is_some_and(|builder| !builder.is_empty());
                if authentic.pipeline && named { 2 } else { 1 }
            }
            _ => 0,
        });
        levels.max().unwrap_or(0)
    }

    fn expand(&mut self, node: usize) {
        let Some(claims) = self.lineage.nodes.get(node).map(|node| node.claims.clone()) else {
            return;
        };
        let all = self.claims;
        let builds: Vec<usize> = claims
            .iter()
            .copied()
            .filter(|claim| {
                let facts = all.get(*claim).and_then(|claim| claim.facts.as_ref());
                facts.is_some_and(|facts| facts.what.is_build())
            })
            .collect();
        let verified: Vec<usize> = builds
            .iter()
            .copied()
            .filter(|claim| all.get(*claim).is_some_and(|claim| claim.signed.is_ok()))
            .collect();
        // What nobody who is trusted says is followed only where nobody else says anything, so that
        // the rest can be seen; the edge to it is not sound.
        let followed = if verified.is_empty() { builds } else { verified };
        for number in followed {
            let Some((claim, facts)) =
                all.get(number).and_then(|claim| claim.facts.as_ref().map(|facts| (claim, facts)))
            else {
                continue;
            };
            for changed in &facts.changed {
                let said = format!(
                    "`{}` changed while the command of `{}` ran ({})",
                    escape(changed),
                    facts.what,
                    claim.place
                );
                let kind = ProblemKind::InputChanged;
                self.lineage.problems.push(Problem { kind, said, edge: None });
            }
            for input in &facts.inputs {
                self.follow(node, number, facts, input);
            }
        }
    }

    fn follow(&mut self, child: usize, claim: usize, facts: &Facts, input: &Input) {
        let mut found = self.find(input, Some((child, facts)));
        let at_hand = self.rehash(input, &mut found);
        let parent = found.parent.clone().map(|(name, digest)| self.node(&name, &digest));
        let sound = found.state.is_sound();
        let edge = self.edge(child, claim, input.clone(), parent, &found);
        if let Some(edge) = self.lineage.edges.get_mut(edge) {
            edge.at_hand = at_hand;
        }
        if !sound {
            let of = self.lineage.nodes.get(child).map_or("", |node| node.name.as_str());
            let about = format!(
                "`{}`, an input of `{}` ({})",
                escape(input.label()),
                escape(of),
                facts.what
            );
            self.problem(&found, &about, Some(edge));
        }
    }

    fn edge(
        &mut self,
        child: usize,
        claim: usize,
        input: Input,
        parent: Option<usize>,
        found: &Found,
    ) -> usize {
        let number = self.lineage.edges.len();
        let said = found.said.clone();
        let edge = Edge {
            child,
            claim,
            input,
            parent,
            state: found.state,
            said,
            at_hand: false,
            taken_for: false,
        };
        self.lineage.edges.push(edge);
        number
    }

    fn problem(&mut self, found: &Found, about: &str, edge: Option<usize>) {
        let kind = match found.why {
            Some(why) => ProblemKind::Signature(why),
            None => ProblemKind::Edge(found.state),
        };
        let said = format!("{about}: {}", found.said);
        self.lineage.problems.push(Problem { kind, said, edge });
    }

    /// Compares an input with the file of its name that is at hand.
    fn rehash(&mut self, input: &Input, found: &mut Found) -> bool {
        let Some(is) = self.question.at_hand.get(&input.name) else { return false };
        if self.met.insert(input.name.clone()) {
            self.lineage.uncovered.extend(parts::uncovered(is));
        }
        let told = is.digest.keys().filter_map(|algorithm| {
            input.digest.get(algorithm).map(|said| (algorithm, is.is(algorithm, said)))
        });
        let mut compared = false;
        for (algorithm, same) in told {
            compared = true;
            if !same {
                let said = format!("the one at hand has another `{algorithm}`");
                *found = Found { parent: found.parent.take(), ..Found::new(State::Differs, said) };
                return false;
            }
        }
        compared
    }

    /// Looks for what tells how an input was made. `by` is the node and the statement that name it;
    /// none where the artifact itself is looked for.
    fn find(&self, input: &Input, by: Option<(usize, &Facts)>) -> Found {
        let acquired = by.is_some_and(|(_, facts)| facts.what == What::Step(Step::Acquire));
        let worked_with = input.role.is_some_and(|role| !role.has_history());
        if let Some((child, _)) = by
            && let Some(hash) = input.dir_hash()
            && self
                .lineage
                .nodes
                .get(child)
                .and_then(|node| node.digest.get(DIR_HASH).cloned())
                .is_some_and(|of| of == hash)
        {
            return if acquired {
                Found::new(State::Origin, origin(input))
            } else {
                Found::new(State::Cyclic, "it is named as its own input")
            };
        }
        let claims = self.claims_of(&input.digest);
        if !claims.is_empty() {
            return self.of_claims(input, &claims, worked_with);
        }
        if acquired && input.uri.is_some() {
            return Found::new(State::Origin, origin(input));
        }
        if input.digest.is_empty() {
            return Found::new(State::Undigested, "it is named without a digest");
        }
        if worked_with {
            return Found::new(State::Pinned, "");
        }
        self.near(input)
    }

    /// Something with the same digest or name, where nothing has the same `dirHash`.
    fn near(&self, input: &Input) -> Found {
        let place = |number: usize| {
            self.claims.get(number).map_or_else(String::new, |claim| claim.place.to_string())
        };
        let subject = |(number, at): (usize, usize)| {
            let facts = self.claims.get(number).and_then(|claim| claim.facts.as_ref());
            facts.and_then(|facts| facts.subjects.get(at)).cloned()
        };
        let twin = input.digest.get("sha256").and_then(|sha| self.index.sha256.get(sha));
        let twin = twin.and_then(|list| list.iter().copied().find(|one| subject(*one).is_some()));
        if let Some(one) = twin
            && let Some(twin) = subject(one)
        {
            let bound = input.dir_hash().is_some() && twin.digest.contains_key(DIR_HASH);
            let mut found = if bound {
                let said = format!(
                    "the same bytes were stated under other names, as `{}` ({})",
                    escape(&twin.name),
                    place(one.0)
                );
                Found::new(State::Transplanted, said)
            } else {
                let said = format!(
                    "only `sha256` joins it to `{}` ({}), which does not bind the names of files",
                    escape(&twin.name),
                    place(one.0)
                );
                Found::new(State::Unbound, said)
            };
            found.parent = Some((twin.name, twin.digest));
            return found;
        }
        // Of several with the name, the one that a verified statement made.
        let named = self.index.name.get(&input.name).filter(|_| !input.name.is_empty());
        let mut named: Vec<(usize, usize)> = named.cloned().unwrap_or_default();
        named.retain(|(number, _)| {
            let facts = self.claims.get(*number).and_then(|claim| claim.facts.as_ref());
            facts.is_some_and(|facts| facts.what.is_build())
        });
        named.sort_by_key(|(number, _)| {
            self.claims.get(*number).is_none_or(|claim| claim.signed.is_err())
        });
        if let Some(one) = named.first().copied()
            && let Some(twin) = subject(one)
        {
            let digest = |set: &DigestSet| {
                let hash = set.get(DIR_HASH).or_else(|| set.values().next());
                hash.map_or("none", String::as_str).chars().take(12).collect::<String>()
            };
            let said = format!(
                "its digest is {}…, and that of the `{}` that was stated is {}… ({})",
                digest(&input.digest),
                escape(&twin.name),
                digest(&twin.digest),
                place(one.0)
            );
            let mut found = Found::new(State::Differs, said);
            found.parent = Some((twin.name, twin.digest));
            return found;
        }
        Found::new(State::Missing, "no statement tells how it was made")
    }

    /// Judges the claims that speak of exactly this.
    fn of_claims(&self, input: &Input, claims: &[usize], worked_with: bool) -> Found {
        let all = || {
            let claims = claims.iter().filter_map(|number| self.claims.get(*number));
            claims.filter_map(|claim| claim.facts.as_ref().map(|facts| (claim, facts)))
        };
        let builds = || all().filter(|(_, facts)| facts.what.is_build());
        let name = builds().chain(all()).find_map(|(_, facts)| {
            let hash = input.dir_hash();
            let mut subjects = facts.subjects.iter();
            let subject = subjects.find(|one| one.digest.get(DIR_HASH).map(String::as_str) == hash);
            subject.map(|subject| subject.name.clone())
        });
        let parent = Some((name.unwrap_or_else(|| input.name.clone()), input.digest.clone()));
        let found = |state, said: String, why| Found { state, said, parent: parent.clone(), why };
        let verified: Vec<(&Claim, &Facts)> =
            builds().filter(|(claim, _)| claim.signed.is_ok()).collect();
        if verified.is_empty() {
            if worked_with {
                return Found { parent, ..Found::new(State::Pinned, "") };
            }
            let refusal = builds().find_map(|(claim, _)| {
                claim.signed.as_ref().err().map(|refused| (refused, &claim.place))
            });
            return if let Some((refused, place)) = refusal {
                let said = format!("{} ({place})", refused.said);
                found(State::Unverified, said, Some(refused.why))
            } else {
                let said = "statements speak of it, and none tells how it was made";
                found(State::Missing, said.to_owned(), None)
            };
        }
        let ended: Vec<_> = verified.iter().filter(|(_, facts)| facts.failed.is_none()).collect();
        if ended.is_empty() {
            let said = verified.first().map(|(claim, facts)| {
                format!("{} ({})", facts.failed.as_deref().unwrap_or_default(), claim.place)
            });
            return found(State::Failed, said.unwrap_or_default(), None);
        }
        let mut stories = ended
            .iter()
            .filter(|(_, facts)| facts.what != What::Step(Step::Acquire))
            .map(|(claim, facts)| (story(facts), claim));
        if let Some((story, claim)) = stories.next()
            && let Some((_, other)) = stories.find(|(other, _)| *other != story)
        {
            let said = format!(
                "{} and {} tell different things of how it was made",
                claim.place, other.place
            );
            return found(State::Contradicting, said, None);
        }
        found(State::Joined, String::new(), None)
    }
}

fn origin(input: &Input) -> String {
    input.uri.as_ref().map_or_else(String::new, |uri| format!("from `{}`", escape(uri)))
}

/// A step and what went in: role, digests, and the URI where there is no digest.
type Story = (String, BTreeSet<(Option<Role>, DigestSet, Option<String>)>);

/// What a statement tells of how something was made, for comparing two of them.
fn story(facts: &Facts) -> Story {
    let inputs = facts.inputs.iter().map(|input| {
        let uri = input.uri.clone().filter(|_| input.digest.is_empty());
        (input.role, input.digest.clone(), uri)
    });
    (facts.what.to_string(), inputs.collect())
}
