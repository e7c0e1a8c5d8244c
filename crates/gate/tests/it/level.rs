//! Integrity levels of a model on disk: all the evidence that this version can look at, and each
//! piece of it taken away or spoilt in turn.

use std::path::{Path, PathBuf};

use ::behaviour::target::Kind;
use gate::level::{HIGHEST, Standing, requirements};
use gate::probe::{PackSource, evaluation};
use gate::provenance::attest::{self, Material, Role, Spec, Step, identity, statement};
use gate::provenance::dsse::{Envelope, IN_TOTO};
use gate::provenance::keys::{PrivateKey, Scheme, Sign as _};
use gate::provenance::oms::{Form, Hash, Method};
use gate::provenance::signatory::Signatory;
use gate::provenance::statement::Subject;
use gate::render::{self, Detail, LevelFormat};
use gate::signing::{self, Signing};
use gate::{Policy, Quiet, Request, Services, Verdict};
use serde_json::Value;
use tempfile::TempDir;
use vocabulary::{Approval, Deployment, Exception, Logged, Record, Waiver};

use crate::behaviour;
use crate::sample::{self, date, write};

const CARD: &str = "---\nlicense: mit\npipeline_tag: text-classification\ndatasets: [guests]\n\
    model-index:\n- name: guests\n  results:\n  - task: {type: text-classification}\n    dataset: \
    {name: guests, type: guests}\n    metrics:\n    - {type: accuracy, value: 0.9}\n---\n# Guests\n\n\
    ## Intended uses\n\nTo sort the letters of guests.\n\n## Limitations\n\nEnglish alone.\n";

/// A file of one tensor that names its author and version.
pub(crate) fn safetensors() -> Vec<u8> {
    let mut header = String::from(
        "{\"__metadata__\":{\"modelspec.author\":\"guests team\",\"modelspec.version\":\"1.2\"},\
         \"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
    );
    while header.len() % 8 != 0 {
        header.push(' ');
    }
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend([1, 2, 3, 4]);
    bytes
}

/// A signed model with a chain of statements.
struct World {
    folder: TempDir,
    key: PrivateKey,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "the test builds what it weighs")]
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
        let world = Self { folder, key };
        let config = "{\"model_type\": \"guests\", \"architectures\": [\"Guests\"]}";
        write(&world.at("model"), &[("README.md", CARD), ("config.json", config)]);
        write(&world.at("raw"), &[("guests.txt", "a letter\n")]);
        std::fs::write(world.at("model/model.safetensors"), safetensors()).unwrap();
        world.sign(&world.key);
        world.trained();
        world
    }

    fn trained(&self) {
        let raw = self.input(Role::Dataset, "raw");
        let trained = self.made(Step::Train, "model", vec![raw]);
        self.attest(&[self.acquired(), trained, self.evaluated()]);
    }

    /// A statement of the probes that the level asks for.
    fn evaluated(&self) -> String {
        let run = tempfile::tempdir().unwrap();
        let (journal, model) = (run.path().join("run.jsonl"), self.at("model"));
        behaviour::journal(&journal, &behaviour::files(&model), Kind::Local, &behaviour::calm);
        let packs: Vec<PackSource> = Policy::shipped("level-2")
            .unwrap()
            .terms
            .behaviour
            .packs
            .into_iter()
            .map(PackSource::Shipped)
            .collect();
        let (_, spec) = evaluation(&journal, &model, &packs, behaviour::SEED).unwrap();
        self.stated(&self.key, Step::Evaluation, "model", &spec)
    }

    /// A format that no level permits, in a file that runs nothing: the pickle of `None`.
    #[allow(clippy::disallowed_methods, reason = "the test changes its own folder")]
    fn add_pickle(&self) {
        std::fs::write(self.at("model/labels.pkl"), b"\x80\x04N.").unwrap();
        self.sign(&self.key);
        self.trained();
    }

    fn acquired(&self) -> String {
        let source = Material {
            role: Some(Role::Source),
            uri: Some("https://data.example.org/guests".to_owned()),
            ..Material::default()
        };
        self.made(Step::Acquire, "raw", vec![source])
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sign(&self, key: &PrivateKey) {
        let request = Signing {
            source: &self.at("model"),
            target: &self.at("model.sig"),
            force: true,
            method: Method::Files,
            hash: Hash::Sha256,
            leave_out: &[],
            form: Form::Specification,
        };
        signing::sign(&request, &Signatory::key(key)).unwrap();
    }

    fn input(&self, role: Role, name: &str) -> Material {
        let digest = identity(&self.at(name)).unwrap().digest;
        Material { role: Some(role), name: Some(name.to_owned()), digest, ..Material::default() }
    }

    fn made(&self, step: Step, of: &str, inputs: Vec<Material>) -> String {
        self.made_by(&self.key, step, of, inputs)
    }

    fn made_by(&self, key: &PrivateKey, step: Step, of: &str, inputs: Vec<Material>) -> String {
        let builder = Some("https://ci.example.org".to_owned());
        self.stated(key, step, of, &Spec { builder, inputs, ..Spec::default() })
    }

    fn stated(&self, key: &PrivateKey, step: Step, of: &str, spec: &Spec) -> String {
        let subject: Subject = identity(&self.at(of)).unwrap().subject();
        let now = "2027-06-01T00:00:00Z".parse().unwrap();
        let made = statement(step, spec, &[subject], None, now, &mut identity_of).unwrap();
        let payload = gate::provenance::json::canonical(&made).unwrap();
        let envelope = Envelope::sign(IN_TOTO, payload, key).unwrap();
        serde_json::to_string(&envelope).unwrap()
    }

    fn attest(&self, lines: &[String]) {
        write(self.folder.path(), &[("model.intoto.jsonl", &(lines.join("\n") + "\n"))]);
    }

    fn policy(&self, more: &str) -> Policy {
        let pem = self.key.public_key().pem();
        let signer = format!("[[signer]]\nname = \"release\"\nkey = \"\"\"{pem}\"\"\"\n");
        Policy::parse(&format!("name = \"ours\"\nextends = \"level-2\"\n{more}{signer}"), "ours")
            .unwrap()
    }

    fn record(&self) -> Record {
        let digests = sample::weigh(&self.at("model"), &sample::policy("")).artifact.digests;
        let approval =
            |who: &str| Approval { who: who.to_owned(), at: "2027-06-02T00:00:00Z".to_owned() };
        Record {
            digests,
            recorded_at: Some("2027-06-01T00:00:00Z".to_owned()),
            owner: Some("the guests team".to_owned()),
            requester: Some("anna".to_owned()),
            approvals: vec![approval("ben"), approval("carla")],
            waivers: Vec::new(),
            log: Some(Logged {
                origin: "log.example.org".to_owned(),
                entry: 6,
                size: 7,
                witnesses: vec!["w1".to_owned(), "w2".to_owned()],
                quorum: 2,
            }),
            deployments: vec![Deployment {
                place: "https://models.example.org".to_owned(),
                at: "2027-06-03T00:00:00Z".to_owned(),
            }],
        }
    }

    fn standing(&self, policy: Option<&Policy>, record: Option<Record>, asked: u8) -> Standing {
        standing(&self.at("model"), policy, record, asked)
    }
}

fn identity_of(path: &Path) -> Result<attest::Identity, gate::provenance::Error> {
    identity(path)
}

fn standing(source: &Path, policy: Option<&Policy>, record: Option<Record>, asked: u8) -> Standing {
    let services =
        Services { today: date("2027-06-30"), now: sample::now(), clock: None, progress: &Quiet };
    let request = Request { record, ..sample::request(source) };
    gate::level::standing(&request, policy, asked, &services).unwrap()
}

/// What is not met, by name.
fn unmet(standing: &Standing) -> Vec<&'static str> {
    let lines = standing.levels.iter().flat_map(|level| &level.requirements);
    lines.filter(|line| !line.met).map(|line| line.requirement).collect()
}

fn because<'a>(standing: &'a Standing, requirement: &str) -> &'a str {
    let mut lines = standing.levels.iter().flat_map(|level| &level.requirements);
    &lines.find(|line| line.requirement == requirement).unwrap().because
}

/// The requirements whose check comes with a later version.
fn planned() -> Vec<&'static str> {
    let planned = requirements().iter().filter(|one| gate::checks::is_planned(&one.check));
    planned.map(|one| one.name.as_str()).collect()
}

#[test]
fn all_that_this_version_can_look_at_is_met_by_a_model_that_has_it() {
    let world = World::new();
    let standing = world.standing(Some(&world.policy("")), Some(world.record()), 2);
    assert_eq!(unmet(&standing), planned(), "{standing:#?}");
    for name in planned() {
        assert_eq!(because(&standing, name), "no check in this version");
    }
    assert_eq!((standing.stands, standing.verdict), (2, Verdict::Admit));
    assert!(standing.levels.iter().all(|level| level.against.is_empty()), "{standing:#?}");
    let record = standing.evidence.record.as_ref().unwrap();
    assert_eq!(record.approvers, ["ben".into(), "carla".into()]);
    // The same by the policy of the level itself.
    let services =
        Services { today: date("2027-06-30"), now: sample::now(), clock: None, progress: &Quiet };
    let request = Request { record: Some(world.record()), ..sample::request(&world.at("model")) };
    let report = gate::weigh(&request, &world.policy(""), &services).unwrap();
    assert_eq!((report.verdict, report.reasons), (Verdict::Admit, Vec::new()));
    let level_1 = Policy::shipped("level-1").unwrap();
    let report = gate::weigh(&request, &level_1, &services).unwrap();
    assert_eq!((report.verdict, report.reasons), (Verdict::Admit, Vec::new()));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test changes its own folder")]
fn each_piece_of_evidence_that_is_missing_is_named_and_raises_no_level() {
    type Spoil = fn(&World, &mut Option<Record>);
    fn record(record: &mut Option<Record>) -> &mut Record {
        record.as_mut().unwrap()
    }
    let cases: [(&str, &[&str], u8, Spoil); 17] = [
        ("no ledger", &["recorded", "owned", "approved", "witnessed"], 0, |_, record| {
            *record = None;
        }),
        ("another's", &["recorded", "owned", "approved", "witnessed"], 0, |_, of| {
            record(of).digests.insert("dirHash".to_owned(), "0".repeat(64));
        }),
        ("no digests", &["recorded", "owned", "approved", "witnessed"], 0, |_, of| {
            record(of).digests.clear();
        }),
        ("no time", &["recorded"], 0, |_, of| record(of).recorded_at = None),
        ("no owner", &["owned"], 1, |_, of| record(of).owner = Some(" ".to_owned())),
        ("one approver", &["approved"], 2, |_, of| {
            record(of).approvals.pop();
        }),
        ("the requester", &["approved"], 2, |_, of| {
            record(of).requester = Some("Ben ".to_owned());
        }),
        ("nobody asked", &["approved"], 2, |_, of| record(of).requester = None),
        ("no log", &["witnessed"], 2, |_, of| record(of).log = None),
        ("not covered", &["witnessed"], 2, |_, of| record(of).log.as_mut().unwrap().size = 6),
        ("one witness twice", &["witnessed"], 2, |_, of| {
            record(of).log.as_mut().unwrap().witnesses = vec!["w1".to_owned(); 2];
        }),
        ("no quorum", &["witnessed"], 2, |_, of| record(of).log.as_mut().unwrap().quorum = 0),
        ("no signature", &["signed"], 1, |world, _| {
            std::fs::remove_file(world.at("model.sig")).unwrap();
        }),
        (
            "no statements",
            &["bill-of-materials", "origin", "behaves", "whole-lineage"],
            1,
            |world, _| {
                std::fs::remove_file(world.at("model.intoto.jsonl")).unwrap();
            },
        ),
        ("one step alone", &["whole-lineage"], 2, |world, _| {
            let raw = world.input(Role::Dataset, "raw");
            world.attest(&[world.made(Step::Train, "model", vec![raw]), world.evaluated()]);
        }),
        ("no evaluation", &["behaves"], 1, |world, _| {
            let raw = world.input(Role::Dataset, "raw");
            world.attest(&[world.acquired(), world.made(Step::Train, "model", vec![raw])]);
        }),
        (
            "the step before alone",
            &["bill-of-materials", "origin", "behaves", "whole-lineage"],
            1,
            |world, _| {
                world.attest(&[world.acquired()]);
            },
        ),
    ];
    let world = World::new();
    let whole = world.standing(Some(&world.policy("")), Some(world.record()), HIGHEST);
    for (what, want, stands, spoil) in cases {
        let world = World::new();
        let mut record = Some(world.record());
        spoil(&world, &mut record);
        let standing = world.standing(Some(&world.policy("")), record, HIGHEST);
        let missing: Vec<_> =
            unmet(&standing).into_iter().filter(|name| !planned().contains(name)).collect();
        assert_eq!(missing, want, "{what}: {standing:#?}");
        assert_eq!(standing.stands, stands, "{what}");
        assert!(standing.stands <= whole.stands && standing.verdict >= whole.verdict, "{what}");
        let (less, all) = (standing.aisvs().counts, whole.aisvs().counts);
        assert!(less.shown <= all.shown, "{what}");
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the test changes its own folder")]
fn what_is_found_refuses_and_is_told() {
    type Spoil = fn(&World);
    let cases: [(&str, &[&str], Verdict, Spoil); 5] = [
        ("a pickle", &["format-of-data", "scanned"], Verdict::Refuse, |world| {
            // A pickle that calls `os.system`.
            std::fs::write(world.at("model/a.pkl"), b"cos\nsystem\n(S'true'\ntR.").unwrap();
        }),
        ("an unknown file", &["format-of-data", "scanned"], Verdict::Refuse, |world| {
            std::fs::write(world.at("model/a.bin"), [0xa7, 1, 2, 3, 0xff, 0xfe]).unwrap();
        }),
        ("a link that leads out", &["complete", "digested", "signed"], Verdict::Refuse, |world| {
            std::os::unix::fs::symlink("/etc/hostname", world.at("model/b.txt")).unwrap();
        }),
        ("a changed file", &["signed"], Verdict::Refuse, |world| {
            write(&world.at("model"), &[("config.json", "{\"model_type\": \"others\"}")]);
        }),
        ("another's key", &["signed", "origin"], Verdict::Refuse, |world| {
            let other = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
            world.sign(&other);
            let raw = world.input(Role::Dataset, "raw");
            world.attest(&[world.made_by(&other, Step::Train, "model", vec![raw])]);
        }),
    ];
    for (what, want, verdict, spoil) in cases {
        let world = World::new();
        spoil(&world);
        let standing = world.standing(Some(&world.policy("")), Some(world.record()), 2);
        let missing = unmet(&standing);
        assert!(want.iter().all(|name| missing.contains(name)), "{what}: {missing:?}");
        assert_eq!((standing.stands, standing.verdict), (0, verdict), "{what}: {standing:#?}");
    }
}

#[test]
fn an_exception_is_told_and_a_waiver_needs_its_approvers() {
    let world = World::new();
    let before = world.record().digests;
    world.add_pickle();
    let exception = Exception {
        rule: "format-not-permitted".to_owned(),
        file: Some("labels.pkl".to_owned()),
        sha256: None,
        reason: "read by our own loader".to_owned(),
        owner: "anna".to_owned(),
        expires: date("2027-12-31"),
    };
    let stands = |policy: Option<&Policy>, record: Record| {
        let standing = world.standing(policy, Some(record), 1);
        (standing.stands, standing.evidence.exceptions_used.len())
    };
    assert_eq!(stands(None, world.record()), (0, 0));
    let text = "[[exceptions]]\nrule = \"format-not-permitted\"\nfile = \"labels.pkl\"\nreason = \
                \"r\"\nowner = \"o\"\nexpires = \"2027-12-31\"\n";
    assert_eq!(stands(Some(&world.policy(text)), world.record()), (2, 1));
    let with = |requester: Option<&str>, approvers: &[&str]| Record {
        waivers: vec![Waiver {
            exception: exception.clone(),
            requester: requester.map(ToOwned::to_owned),
            approvals: approvers
                .iter()
                .map(|who| Approval { who: (*who).to_owned(), at: String::new() })
                .collect(),
        }],
        ..world.record()
    };
    assert_eq!(stands(None, with(Some("anna"), &["ben"])), (1, 1));
    for (requester, approvers) in
        [(Some("anna"), &["anna"][..]), (Some("anna"), &[]), (None, &["ben"])]
    {
        assert_eq!(stands(None, with(requester, approvers)), (0, 0), "{requester:?} {approvers:?}");
    }
    // The waivers of another artifact: what the folder was before the pickle came.
    let others = Record { digests: before, ..with(Some("anna"), &["ben"]) };
    assert_eq!(stands(None, others), (0, 0));
}

/// The name of a folder and the words of a ledger are text of strangers.
fn hostile() -> (World, Standing) {
    let world = World::new();
    let mut record = world.record();
    record.owner = Some(sample::HOSTILE.to_owned());
    record.requester = Some("anna".to_owned());
    sample::HOSTILE.clone_into(&mut record.approvals[0].who);
    sample::HOSTILE.clone_into(&mut record.deployments[0].place);
    record.waivers.push(Waiver {
        exception: Exception {
            rule: "format-not-permitted".to_owned(),
            file: None,
            sha256: None,
            reason: sample::HOSTILE.to_owned(),
            owner: sample::HOSTILE.to_owned(),
            expires: date("2027-12-31"),
        },
        requester: Some("anna".to_owned()),
        approvals: vec![Approval { who: "ben".to_owned(), at: String::new() }],
    });
    world.add_pickle();
    record.digests = world.record().digests;
    let services =
        Services { today: date("2027-06-30"), now: sample::now(), clock: None, progress: &Quiet };
    let request = Request {
        record: Some(record),
        label: sample::HOSTILE.to_owned(),
        ..sample::request(&world.at("model"))
    };
    let standing = gate::level::standing(&request, Some(&world.policy("")), 1, &services).unwrap();
    (world, standing)
}

#[test]
fn what_strangers_wrote_acts_on_nothing() {
    let (_world, standing) = hostile();
    assert_eq!(standing.evidence.exceptions_used.len(), 1);
    for format in [LevelFormat::Text, LevelFormat::Json, LevelFormat::Html] {
        for text in [
            render::standing(format, &standing, Detail::Full),
            render::aisvs(format, &standing.aisvs(), Detail::Full),
        ] {
            for acts in ["\u{1b}", "\u{202e}"] {
                assert!(!text.contains(acts), "{format:?}: {text}");
            }
            if format == LevelFormat::Html {
                assert!(!text.contains("<script") && text.contains("&lt;script"), "{text}");
            }
        }
    }
}

const LEVEL: &str = include_str!("../../../../docs/reference/level.schema.json");
const AISVS: &str = include_str!("../../../../docs/reference/aisvs.schema.json");

fn errors(schema: &str, report: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(report).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

/// The schemas are as strict as the types: a key that they do not know is an error.
#[test]
fn what_is_told_of_levels_follows_its_schemas() {
    let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let (_world, mut hostile) = hostile();
    hostile.run = Some(vocabulary::Run { started: "2027-01-31T10:00:00Z".into(), milliseconds: 1 });
    let empty = tempfile::tempdir().unwrap();
    for (standing, is_full) in [(&hostile, true), (&standing(empty.path(), None, None, 4), false)] {
        let level = read(render::standing(LevelFormat::Json, standing, Detail::Usual));
        let aisvs = read(render::aisvs(LevelFormat::Json, &standing.aisvs(), Detail::Usual));
        for (schema, report) in [(LEVEL, level), (AISVS, aisvs)] {
            assert_eq!(errors(schema, &report), Vec::<String>::new());
            if is_full {
                assert_strict(schema, &report, &report, "");
            }
        }
    }
}

/// A new key anywhere in `part`, which stands at `path`, is an error; maps by name are open.
fn assert_strict(schema: &str, whole: &Value, part: &Value, path: &str) {
    let open = ["/packs", "/digests", "/evidence"];
    match part {
        Value::Object(fields) => {
            let is_open = open.iter().any(|open| path.ends_with(open)) && path != "/evidence";
            if !is_open {
                let mut grown = whole.clone();
                grown.pointer_mut(path).unwrap()["grown"] = Value::Bool(true);
                assert!(!errors(schema, &grown).is_empty(), "a new key under `{path}`");
            }
            for (key, value) in fields {
                assert_strict(schema, whole, value, &format!("{path}/{key}"));
            }
        }
        Value::Array(items) => {
            // The others are alike.
            for (n, item) in items.iter().enumerate().take(3) {
                assert_strict(schema, whole, item, &format!("{path}/{n}"));
            }
        }
        _ => {}
    }
}
