use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::chain::{Lineage, ProblemKind, Question, State, Verdict, trace};
use super::collect::Collection;
use super::render;
use super::requirements::Requirement;
use super::signed::Why;
use crate::attest::{self, Identity, Material, Role, Run, Spec, Step, TestResult, statement};
use crate::dsse::{Envelope, IN_TOTO};
use crate::json as documents;
use crate::keys::{PrivateKey, Scheme, Sign as _, sha256};
use crate::statement::{DIR_HASH, Statement, Subject};
use crate::trust::{Identity as Known, Signer, Trust};
use crate::{Error, hex};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// The digest of something made up.
fn digest(of: &str) -> String {
    hex::encode(sha256(of.as_bytes()).as_ref())
}

fn subject(name: &str, content: &str) -> Subject {
    let digest = [
        (DIR_HASH.to_owned(), digest(&format!("{name} {content}"))),
        ("sha256".to_owned(), digest(content)),
    ];
    Subject { name: name.to_owned(), digest: digest.into(), ..Subject::default() }
}

fn artifact(name: &str, content: &str) -> Identity {
    let subject = subject(name, content);
    Identity {
        name: subject.name,
        digest: subject.digest,
        files: 1,
        bytes: 1,
        ..Identity::default()
    }
}

fn input(role: Role, name: &str, content: &str) -> Material {
    let subject = subject(name, content);
    let digest = subject.digest;
    Material { role: Some(role), name: Some(subject.name), digest, ..Material::default() }
}

struct World {
    ci: PrivateKey,
    qa: PrivateKey,
    trust: Trust,
    lines: Vec<Vec<u8>>,
}

fn no_files(_: &std::path::Path) -> Result<Identity, Error> {
    Err(Error::malformed("the test", "no files"))
}

impl World {
    fn new() -> Self {
        let ci = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        let qa = PrivateKey::generate(Scheme::Ed25519).unwrap();
        let signer = |name: &str, key: &PrivateKey, may: &[&str], pipeline| Signer {
            name: name.to_owned(),
            identity: Known::Key(key.public_key().clone()),
            may: may.iter().map(ToString::to_string).collect(),
            from: None,
            until: None,
            pipeline,
        };
        let builds = ["acquire", "dataset", "filter", "train", "fine-tune", "quantize"];
        let signers = vec![
            signer("ci", &ci, &builds, true),
            signer("qa", &qa, &["evaluation", "gate"], false),
        ];
        Self { ci, qa, trust: Trust { signers }, lines: Vec::new() }
    }

    fn sign(&mut self, statement: &Statement, with_qa: bool) {
        let key = if with_qa { &self.qa } else { &self.ci };
        let payload = documents::canonical(statement).unwrap();
        let envelope = Envelope::sign(IN_TOTO, payload, key).unwrap();
        self.lines.push(serde_json::to_vec(&envelope).unwrap());
    }

    fn made(step: Step, of: Subject, inputs: Vec<Material>) -> Statement {
        let builder = Some("https://ci.example.org".to_owned());
        let spec = Spec { builder, inputs, ..Spec::default() };
        statement(step, &spec, &[of], None, now(), &mut no_files).unwrap()
    }

    fn build(&mut self, step: Step, of: Subject, inputs: Vec<Material>) -> &mut Self {
        self.sign(&Self::made(step, of, inputs), false);
        self
    }

    fn result(&mut self, step: Step, of: Subject, result: TestResult, at: &str) -> &mut Self {
        let spec = Spec {
            builder: (step == Step::Gate).then(|| "https://qa.example.org".to_owned()),
            result: Some(result),
            finished: Some(at.parse().unwrap()),
            ..Spec::default()
        };
        let made = statement(step, &spec, &[of], None, now(), &mut no_files).unwrap();
        self.sign(&made, true);
        self
    }

    /// raw -> data -> base -> model, with an evaluation.
    fn chain() -> Self {
        let mut world = Self::new();
        let source = Material {
            role: Some(Role::Source),
            uri: Some("https://example.org/raw".to_owned()),
            ..Material::default()
        };
        world
            .build(Step::Acquire, subject("raw", "r"), vec![source])
            .build(Step::Filter, subject("data", "d"), vec![input(Role::Dataset, "raw", "r")])
            .build(Step::Train, subject("base", "b"), vec![input(Role::Dataset, "data", "d")])
            .build(
                Step::Quantize,
                subject("model", "m"),
                vec![input(Role::BaseModel, "base", "b"), input(Role::Tool, "tool", "t")],
            )
            .result(
                Step::Evaluation,
                subject("model", "m"),
                TestResult::Passed,
                "2026-11-20T00:00:00Z",
            );
        world
    }

    fn text(&self) -> Vec<u8> {
        self.lines.join(&b'\n')
    }

    fn ask(&self, of: &Identity, required: &[&str]) -> Lineage {
        self.ask_with(of, required, &BTreeMap::new())
    }

    fn ask_with(
        &self,
        of: &Identity,
        required: &[&str],
        at_hand: &BTreeMap<String, Identity>,
    ) -> Lineage {
        let mut collection = Collection::default();
        collection.add("a.jsonl", &self.text());
        let requirements: Vec<Requirement> =
            required.iter().map(|text| Requirement::parse(text).unwrap()).collect();
        let chain = trace(
            collection,
            &Question {
                artifact: of,
                trust: &self.trust,
                at: now(),
                requirements: &requirements,
                at_hand,
            },
        );
        every_rendering_is_whole(&chain);
        chain
    }

    fn model(&self, required: &[&str]) -> Lineage {
        self.ask(&artifact("model", "m"), required)
    }
}

/// No rendering leaves out an edge, and none panics.
fn every_rendering_is_whole(chain: &Lineage) {
    let json = render::json(chain);
    assert_eq!(json["edges"].as_array().unwrap().len(), chain.edges.len());
    assert_eq!(json["claims"].as_array().unwrap().len(), chain.claims.len());
    let text = render::text(chain, true);
    let edges = text.lines().filter(|line| line.contains("├─ ") || line.contains("└─ ")).count();
    assert_eq!(edges, chain.edges.len(), "{text}");
    let svg = render::svg(chain);
    assert_eq!(svg.matches("<g class=\"edge").count(), chain.edges.len());
    assert!(render::html(chain).contains(&svg[svg.find("<svg").unwrap()..]));
    assert_eq!(render::dot(chain).matches(" -> ").count(), chain.edges.len());
}

fn kinds(chain: &Lineage) -> Vec<&'static str> {
    chain.problems.iter().map(|problem| problem.kind.name()).collect()
}

#[test]
fn statements_of_others_speak_of_the_folder_as_it_lies_there() {
    let world = World::chain();
    let signatures = vec!["model.sig".into()];
    let bare = artifact("model", "without its signatures");
    let folder = Identity {
        with_signatures: Some(artifact("model", "m").digest),
        signatures,
        ..bare.clone()
    };
    assert_eq!(world.ask(&bare, &[]).verdict, Verdict::Refused);
    let chain = world.ask(&folder, &["train", "evaluation"]);
    assert_eq!(chain.verdict, Verdict::Verified, "{}", render::text(&chain, true));
    assert!(render::text(&chain, true).contains("`model.sig` holds signatures"));
    let at_hand = [("base".to_owned(), folder)].into();
    let differs = world.ask_with(&artifact("model", "m"), &[], &at_hand);
    assert_eq!(kinds(&differs), ["digest-differs"]);
}

#[test]
fn a_whole_chain_is_verified() {
    use State::{Joined, Origin, Pinned};
    let chain = World::chain().model(&["train", "acquire", "evaluation:30"]);
    assert_eq!(chain.verdict, Verdict::Verified, "{}", render::text(&chain, true));
    let states: Vec<State> = chain.edges.iter().map(|edge| edge.state).collect();
    assert_eq!(states, [Joined, Pinned, Joined, Joined, Origin]);
    assert!(chain.nodes.iter().filter(|node| node.sound).all(|node| node.level == 2));
}

#[test]
fn what_nobody_speaks_of_is_undecided_and_required_it_is_refused() {
    let world = World::chain();
    let other = artifact("other", "o");
    assert_eq!(world.ask(&other, &[]).verdict, Verdict::Undecided);
    let chain = world.ask(&other, &["train"]);
    assert_eq!(chain.verdict, Verdict::Refused);
    assert_eq!(kinds(&chain), ["step-missing"]);
}

#[test]
fn names_every_edge_that_does_not_hold() {
    // One change of the chain, and what has to be named for it.
    type Change = fn(&mut World);
    let cases: [(&str, Change, &[&str]); 12] = [
        ("missing", |world| drop(world.lines.remove(1)), &["missing"]),
        (
            "unsigned",
            |world| {
                let mut envelope: Envelope = serde_json::from_slice(&world.lines[1]).unwrap();
                envelope.signatures.clear();
                world.lines[1] = serde_json::to_vec(&envelope).unwrap();
            },
            &["unsigned"],
        ),
        (
            "bare",
            |world| {
                let envelope: Envelope = serde_json::from_slice(&world.lines[1]).unwrap();
                world.lines[1] = envelope.payload;
            },
            &["unsigned"],
        ),
        (
            "by a stranger",
            |world| {
                let data = subject("data", "d");
                world.lines[1].clear();
                world.ci = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
                world.build(Step::Filter, data, vec![input(Role::Dataset, "raw", "r")]);
            },
            &["unknown-signer"],
        ),
        (
            "changed",
            |world| {
                let mut envelope: Envelope = serde_json::from_slice(&world.lines[1]).unwrap();
                envelope.payload.push(b' ');
                world.lines[1] = serde_json::to_vec(&envelope).unwrap();
            },
            &["signature-invalid"],
        ),
        (
            "by somebody who may not",
            |world| {
                let made = World::made(Step::Filter, subject("data", "d"), vec![]);
                world.lines[1].clear();
                world.sign(&made, true);
            },
            &["not-allowed"],
        ),
        (
            "too late",
            |world| {
                world.trust.signers[0].until = Some("2026-01-01T00:00:00Z".parse().unwrap());
            },
            &["signer-not-now"; 4],
        ),
        (
            "too early",
            |world| {
                world.trust.signers[0].from = Some("2027-01-01T00:00:00Z".parse().unwrap());
            },
            &["signer-not-now"; 4],
        ),
        (
            "other bytes",
            |world| {
                world.lines[1].clear();
                world.build(
                    Step::Filter,
                    subject("data", "x"),
                    vec![input(Role::Dataset, "raw", "r")],
                );
            },
            &["digest-differs"],
        ),
        (
            "other names",
            |world| {
                world.lines[1].clear();
                world.build(
                    Step::Filter,
                    subject("moved", "d"),
                    vec![input(Role::Dataset, "raw", "r")],
                );
            },
            &["transplanted"],
        ),
        (
            "two stories",
            |world| {
                world.build(
                    Step::Dataset,
                    subject("data", "d"),
                    vec![input(Role::Dataset, "raw", "r")],
                );
            },
            &["contradicting"],
        ),
        (
            "a circle",
            |world| {
                world.lines[0].clear();
                world.build(
                    Step::Filter,
                    subject("raw", "r"),
                    vec![input(Role::Dataset, "base", "b")],
                );
            },
            &["cyclic"],
        ),
    ];
    for (what, change, want) in cases {
        let mut world = World::chain();
        change(&mut world);
        let chain = world.model(&[]);
        assert_eq!(kinds(&chain), want, "{what}\n{}", render::text(&chain, true));
        assert_eq!(chain.verdict, Verdict::Refused, "{what}");
        // What lies behind a broken edge meets no requirement.
        let behind = world.model(&["acquire"]);
        assert!(kinds(&behind).contains(&"step-missing") || what == "a circle", "{what}");
    }
}

#[test]
fn a_swapped_artifact_names_what_it_was_taken_for() {
    let world = World::chain();
    let swapped = world.ask(&artifact("model", "evil"), &[]);
    assert_eq!(kinds(&swapped), ["digest-differs"]);
    let renamed = world.ask(&artifact("other", "m"), &[]);
    assert_eq!(kinds(&renamed), ["transplanted"]);
    assert!(renamed.edges.len() > 4, "the rest of the chain is told");
    assert!(renamed.nodes.iter().all(|node| !node.sound));
}

#[test]
fn a_statement_that_names_itself_as_its_parent_is_no_chain() {
    let mut world = World::new();
    world.build(Step::Train, subject("model", "m"), vec![input(Role::BaseModel, "model", "m")]);
    assert_eq!(kinds(&world.model(&[])), ["cyclic"]);
}

#[test]
fn only_digests_that_bind_names_join() {
    let mut world = World::chain();
    let mut weak = input(Role::Dataset, "data", "d");
    weak.digest.remove(DIR_HASH);
    world.lines[2].clear();
    world.build(Step::Train, subject("base", "b"), vec![weak]);
    assert_eq!(kinds(&world.model(&[])), ["unbound"]);
    let mut none = input(Role::Dataset, "data", "d");
    none.digest.clear();
    none.uri = Some("https://example.org/data".to_owned());
    world.lines[5].clear();
    world.build(Step::Train, subject("base", "b"), vec![none]);
    assert_eq!(kinds(&world.model(&[])), ["undigested"]);
}

#[test]
fn a_failed_run_and_a_changed_input_are_told() {
    for (run, want) in [
        (Run { code: Some(1), ..Run::default() }, "failed-run"),
        (Run { signal: Some(9), ..Run::default() }, "failed-run"),
        (
            Run { code: Some(0), changed: vec![subject("data", "x")], ..Run::default() },
            "input-changed",
        ),
    ] {
        let mut world = World::chain();
        world.lines[2].clear();
        let spec = Spec {
            builder: Some("https://ci.example.org".to_owned()),
            inputs: vec![input(Role::Dataset, "data", "d")],
            ..Spec::default()
        };
        let of = [subject("base", "b")];
        let made = statement(Step::Train, &spec, &of, Some(&run), now(), &mut no_files).unwrap();
        world.sign(&made, false);
        assert_eq!(kinds(&world.model(&[])), [want]);
    }
}

#[test]
fn the_newest_result_counts_and_a_failed_one_refuses() {
    let model = || subject("model", "m");
    let mut world = World::chain();
    world.result(Step::Evaluation, model(), TestResult::Failed, "2026-11-20T10:00:00Z");
    assert_eq!(kinds(&world.model(&["evaluation"])), ["failed-result"]);
    world.result(Step::Evaluation, model(), TestResult::Passed, "2026-11-20T11:00:00Z");
    assert_eq!(world.model(&["evaluation"]).verdict, Verdict::Verified);
    world.result(Step::Gate, model(), TestResult::Failed, "2026-11-20T11:00:00Z");
    assert_eq!(kinds(&world.model(&["gate"])), ["failed-result", "step-missing"]);
}

#[test]
fn required_steps_have_an_age() {
    let world = World::chain();
    assert_eq!(kinds(&world.model(&["evaluation:1"])), ["stale"]);
    assert_eq!(world.model(&["evaluation:2"]).verdict, Verdict::Verified);
    assert_eq!(kinds(&world.model(&["release"])), ["step-missing"]);
    let mut world = World::chain();
    let ahead = "2026-11-22T00:00:00Z";
    world.lines[4].clear();
    world.result(Step::Evaluation, subject("model", "m"), TestResult::Passed, ahead);
    assert_eq!(kinds(&world.model(&["evaluation"])), ["from-the-future"]);
    assert!(Requirement::parse("tain").is_err());
    assert!(Requirement::parse("train:soon").is_err());
}

#[test]
fn what_is_at_hand_is_compared() {
    let world = World::chain();
    let model = artifact("model", "m");
    let with = |name: &str, is: Identity| BTreeMap::from([(name.to_owned(), is)]);
    let same = world.ask_with(&model, &[], &with("data", artifact("data", "d")));
    assert_eq!(same.verdict, Verdict::Verified);
    assert_eq!(same.edges.iter().filter(|edge| edge.at_hand).count(), 1);
    let other = world.ask_with(&model, &[], &with("data", artifact("data", "x")));
    assert_eq!(kinds(&other), ["digest-differs"]);
    let nothing = world.ask_with(&model, &[], &with("dta", artifact("data", "d")));
    assert_eq!(kinds(&nothing), ["not-in-chain"]);
}

#[test]
fn what_a_stranger_adds_breaks_nothing_and_is_told() {
    let mut world = World::chain();
    let own = std::mem::replace(&mut world.ci, PrivateKey::generate(Scheme::Ed25519).unwrap());
    world.build(Step::Train, subject("model", "m"), vec![input(Role::Dataset, "evil", "e")]);
    world.ci = own;
    world.lines.push(world.lines[0].clone());
    world.lines.push(b"{\"half\":".to_vec());
    let chain = world.model(&[]);
    assert_eq!(chain.verdict, Verdict::Verified);
    let text = render::text(&chain, true);
    for told in ["does not count: unknown-signer", "the same as a.jsonl:1", "cannot be read"] {
        assert!(text.contains(told), "{told}\n{text}");
    }
}

#[test]
fn statements_that_are_not_of_their_form_do_not_count() {
    let good = World::made(Step::Train, subject("model", "m"), vec![]);
    let mut twins = good.clone();
    twins.subject.push(subject("model", "other"));
    let mut upper = good.clone();
    upper.subject[0].digest.insert(DIR_HASH.to_owned(), "AB".repeat(32));
    let mut none = good.clone();
    none.subject.clear();
    let mut number = good.clone();
    number.predicate["buildDefinition"]["resolvedDependencies"] =
        json!([{"name": "x", "digest": {"sha256": 7}}]);
    let mut result = good.clone();
    result.predicate_type = attest::VERIFICATION_SUMMARY.to_owned();
    result.predicate = Value::Null;
    for statement in [twins, upper, none, number, result] {
        let mut world = World::new();
        world.sign(&statement, false);
        let chain = world.model(&[]);
        assert_ne!(chain.verdict, Verdict::Verified);
        let refused = chain.claims[0].signed.as_ref().unwrap_err();
        assert_eq!(refused.why, Why::Malformed, "{statement:?}");
    }
    let mut world = World::new();
    world.sign(&good, false);
    let mut envelope: Envelope = serde_json::from_slice(&world.lines[0]).unwrap();
    envelope.signatures.push(envelope.signatures[0].clone());
    world.lines[0] = serde_json::to_vec(&envelope).unwrap();
    assert_eq!(kinds(&world.model(&[])), ["malformed"]);
}

#[test]
fn deep_and_wide_graphs_are_walked_without_recursion() {
    let mut world = World::new();
    let count = if cfg!(debug_assertions) { 3_000 } else { 100_000 };
    // Unsigned: the walk is what is tested here, and signing would take most of the time.
    let mut lines = Vec::new();
    for number in 0..count {
        let of = subject(&format!("m{number}"), "x");
        let from = input(Role::BaseModel, &format!("m{}", number + 1), "x");
        let made = World::made(Step::FineTune, of, vec![from]);
        lines.push(documents::canonical(&made).unwrap());
    }
    world.lines = lines;
    let chain = world.ask(&artifact("m0", "x"), &[]);
    assert_eq!(chain.edges.len(), count);
    assert_eq!(chain.verdict, Verdict::Refused);
    let mut wide = World::new();
    let inputs =
        (0..count).map(|number| input(Role::Dataset, &format!("d{number}"), "x")).collect();
    wide.build(Step::Train, subject("model", "m"), inputs);
    let chain = wide.model(&[]);
    assert_eq!(chain.edges.len(), count);
    assert!(chain.problems.iter().all(|one| one.kind == ProblemKind::Edge(State::Missing)));
}

#[test]
fn hostile_names_act_on_nothing() {
    let evil = "</title><script>alert(1)</script>\"'\u{1b}[2J\u{202e}";
    let mut world = World::new();
    world.build(Step::Train, subject(evil, "m"), vec![input(Role::Dataset, evil, "d")]);
    let chain = world.ask(&artifact(evil, "m"), &[]);
    for page in [render::html(&chain), render::svg(&chain)] {
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains(['\u{1b}', '\u{202e}']));
    }
    for page in [render::text(&chain, true), render::dot(&chain)] {
        assert!(!page.contains(['\u{1b}', '\u{202e}']));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// Whatever a byte is changed to, nothing counts but what was signed.
    #[test]
    fn a_changed_byte_makes_nothing_count_that_was_not_signed(
        line in 0usize..5, at in 0usize..1 << 20, byte: u8, cut: bool
    ) {
        static WORLD: std::sync::LazyLock<World> = std::sync::LazyLock::new(World::chain);
        let payload = |line: &Vec<u8>| {
            serde_json::from_slice::<Envelope>(line).map(|envelope| envelope.payload).ok()
        };
        let signed: Vec<_> = WORLD.lines.iter().map(payload).collect();
        let mut lines = WORLD.lines.clone();
        let at = at % lines[line].len();
        if cut {
            lines[line].truncate(at);
        } else {
            lines[line][at] = byte;
        }
        let mut collection = Collection::default();
        collection.add("a.jsonl", &lines.join(&b'\n'));
        let read: Vec<_> = collection
            .records
            .iter()
            .map(|record| record.envelope().map(|envelope| envelope.payload.clone()))
            .collect();
        let chain = trace(collection, &Question {
            artifact: &artifact("model", "m"),
            trust: &WORLD.trust,
            at: now(),
            requirements: &[],
            at_hand: &BTreeMap::new(),
        });
        every_rendering_is_whole(&chain);
        for (claim, payload) in chain.claims.iter().zip(read) {
            assert!(claim.signed.is_err() || signed.contains(&payload));
        }
    }

    /// Any bytes are read, joined and rendered without an end that is none.
    #[test]
    fn any_bytes_are_no_chain(bytes: Vec<u8>) {
        let mut collection = Collection::default();
        collection.add("a.jsonl", &bytes);
        let chain = trace(collection, &Question {
            artifact: &artifact("model", "m"),
            trust: &Trust::default(),
            at: now(),
            requirements: &[],
            at_hand: &BTreeMap::new(),
        });
        every_rendering_is_whole(&chain);
        assert_eq!(chain.verdict, Verdict::Undecided);
    }
}

#[test]
fn a_hundred_thousand_statements_about_one_thing_are_walked_once() {
    let count = if cfg!(debug_assertions) { 2_000 } else { 100_000 };
    let mut world = World::chain();
    let own = std::mem::take(&mut world.lines);
    let made =
        World::made(Step::Train, subject("model", "m"), vec![input(Role::Dataset, "x", "x")]);
    let bare = documents::canonical(&made).unwrap();
    world.lines = (0..count).map(|_| bare.clone()).chain(own).collect();
    let chain = world.model(&[]);
    assert_eq!(chain.verdict, Verdict::Verified);
    assert_eq!(chain.edges.len(), 5);
}

/// Also tells how long it takes; `--release -- --nocapture` shows what counts.
#[test]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "it tells a time, it holds none"
)]
fn a_chain_of_a_thousand_steps_holds() {
    let mut world = World::new();
    for number in 0..1_000 {
        let of = subject(&format!("m{number}"), "x");
        let from = input(Role::BaseModel, &format!("m{}", number + 1), "x");
        world.build(Step::FineTune, of, vec![from]);
    }
    let source = Material { uri: Some("https://example.org".to_owned()), ..Material::default() };
    world.build(Step::Acquire, subject("m1000", "x"), vec![source]);
    let text = world.text();
    for _ in 0..2 {
        let start = std::time::Instant::now();
        let mut collection = Collection::default();
        collection.add("a.jsonl", &text);
        let chain = trace(
            collection,
            &Question {
                artifact: &artifact("m0", "x"),
                trust: &world.trust,
                at: now(),
                requirements: &[],
                at_hand: &BTreeMap::new(),
            },
        );
        let took = start.elapsed();
        assert_eq!(chain.verdict, Verdict::Verified);
        assert_eq!(chain.nodes.len(), 1_001);
        eprintln!("{} artifacts: {took:?}", chain.nodes.len());
    }
}
