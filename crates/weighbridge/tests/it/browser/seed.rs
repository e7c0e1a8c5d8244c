//! A record as a team would have it after some weeks, and beside it everything that an attacker could
//! write into one.

use std::path::{Path, PathBuf};

use ::behaviour::case::Case;
use ::behaviour::target::Kind;
use gate::ledger::{Act, Ended, Event, Ledger, Place, Role, Task, Vote, Weighed};
use gate::provenance::hex;
use gate::provenance::keys::sha256;
use gate::render::{Detail, Format, Style, render};
use gate::{Policy, Quiet, Request, Services};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::runs::{self, Probe, Run};

/// What the browser is told of the record.
pub(super) struct Plan {
    pub(super) json: Value,
    pub(super) reader: String,
}

/// Text that acts wherever it is not made fit to print.
const HOSTILE: &str = "<script>window.ran=1</script><img src=\"http://planted.test/x\" onerror=\"window.ran=2\">\
    \"onmouseover=\"window.ran=3\" 'onfocus='window.ran=4' autofocus </title></textarea></style><!-- {{7*7}} \
    javascript:window.ran=5 \u{202e}gnp.exe\u{202c} \u{2066}x \u{1b}[31mred\u{1b}[0m \u{0}\u{200b}\u{7} `<b>` \
    [a](javascript:alert)";

/// One word that is too long for any line, and then the rest.
fn long(length: usize) -> String {
    format!("{}{HOSTILE}", "W".repeat(length))
}

struct Seed {
    data: PathBuf,
    ledger: Ledger,
    at: Timestamp,
    /// How far two entries are apart.
    step: SignedDuration,
    count: u32,
}

impl Seed {
    async fn begin(data: &Path) -> Self {
        let ledger = Ledger::open(&Place::folder(data)).await.unwrap();
        let at = Timestamp::now() - SignedDuration::from_hours(24 * 20);
        Self { data: data.to_owned(), ledger, at, step: SignedDuration::from_mins(217), count: 0 }
    }

    async fn end(mut self, json: Value) -> Plan {
        let act = self.act("admin");
        let made = self.ledger.make_token(act, "rosa", Role::Reader, None).await.unwrap();
        self.ledger.publish().await.unwrap();
        Plan { json, reader: made.text }
    }

    fn act(&mut self, by: &str) -> Act {
        self.at += self.step;
        Act::new(by, self.at)
    }

    async fn told(&mut self, by: &str, event: Event) -> u64 {
        let act = self.act(by);
        self.ledger.record(act, event).await.unwrap()
    }

    async fn weighed(
        &mut self,
        by: &str,
        model: &str,
        version: &str,
        source: &str,
        report: &Value,
    ) -> String {
        self.count += 1;
        let weighing = format!("w{:031}", self.count);
        let text = report.to_string();
        let artifact =
            format!("dirHash:{}", report["artifact"]["digests"]["dirHash"].as_str().unwrap());
        let event = Event::Weighing(Weighed {
            weighing: weighing.clone(),
            model: model.to_owned(),
            version: version.to_owned(),
            source: source.to_owned(),
            artifact,
            verdict: report["verdict"].as_str().unwrap().to_owned(),
            report: hex::encode(sha256(text.as_bytes()).as_ref()),
        });
        let act = self.act(by);
        self.ledger.record_with(act, event, vec![text.into_bytes()]).await.unwrap();
        weighing
    }
}

/// Hands a run of probes of a report's files in.
async fn run(
    seed: &mut Seed,
    by: &str,
    (report, name, kind): (&Value, &str, Kind),
    pack: &str,
    answers: &dyn Fn(&Case) -> Option<String>,
    original: Option<String>,
) -> String {
    let act = seed.act(by);
    let (data, ledger) = (&*seed.data, &seed.ledger);
    runs::hand_in(Run { data, ledger, act, report, pack, kind, name, original, answers }).await
}

/// The report of an example, weighed in truth.
fn example(name: &str) -> Value {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let request = Request { label: format!("models/{name}"), ..Request::new(source) };
    let services = Services {
        today: "2026-11-21".parse().unwrap(),
        now: "2026-11-21T08:00:00Z".parse().unwrap(),
        clock: None,
        progress: &Quiet,
    };
    let report = gate::weigh(&request, &Policy::shipped("standard").unwrap(), &services).unwrap();
    let style = Style { colour: false, detail: Detail::Usual };
    serde_json::from_str(&render(Format::Json, &[report], style)).unwrap()
}

/// Another version of a report: its own digests, and further files as a model has them.
fn version(report: &Value, label: &str) -> Value {
    let mut report = report.clone();
    let digest = |text: &str| hex::encode(sha256(text.as_bytes()).as_ref());
    report["artifact"]["label"] = json!(label);
    report["artifact"]["digests"]["dirHash"] = json!(digest(label));
    if let Some(contents) = report["artifact"]["contents"].as_array_mut() {
        for n in 1..=3_u64 {
            let path = format!("model-0000{n}-of-00003.safetensors");
            contents.push(json!({
                "path": path, "bytes": 4_950_000_000_u64 - n * 1_234_567, "formats": ["safetensors"],
                "digests": {
                    "sha256": digest(&format!("{label} {path}")),
                    "blake3": digest(&format!("blake3 {label} {path}")),
                },
            }));
        }
    }
    report["artifact"]["files"] = json!(5);
    report["artifact"]["bytes"] = json!(14_842_594_000_u64);
    report
}

/// A report in which every text is hostile.
fn hostile(report: &Value, text: &str) -> Value {
    fn everywhere(value: &mut Value, text: &str) {
        match value {
            Value::String(old) => *old = format!("{old} {text}"),
            Value::Array(list) => list.iter_mut().for_each(|one| everywhere(one, text)),
            Value::Object(map) => {
                for (name, one) in map.iter_mut() {
                    let kept =
                        ["verdict", "severity", "outcome", "threat", "state", "check", "digests"];
                    if !kept.contains(&name.as_str()) {
                        everywhere(one, text);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut report = version(report, text);
    everywhere(&mut report, text);
    report["findings"][0]["evidence"][text] = json!([text, text]);
    report
}

/// Makes the record of a team in a folder.
pub(super) fn team(data: &Path) -> Plan {
    block_on(async {
        let mut seed = Seed::begin(data).await;
        let (admit, refuse, open) = (example("admit"), example("refuse"), example("undecided"));
        let plan = of_a_team(&mut seed, &admit, &refuse, &open).await;
        seed.end(plan).await
    })
}

/// Makes a record in which every text is hostile.
pub(super) fn planted(data: &Path) -> Plan {
    block_on(async {
        let mut seed = Seed::begin(data).await;
        let plan = of_an_attacker(&mut seed, &example("refuse")).await;
        seed.end(plan).await
    })
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let made = runtime.block_on(work);
    // The ledger's own threads end with the program.
    std::mem::forget(runtime);
    made
}

const PRODUCTION: [(&str, &str, &str, &str); 5] = [
    ("acme/support-assistant-7b", "2026.11", "ana@acme.example", "eu-west · vllm-support"),
    ("acme/search-embedder", "3.2.0", "bo@acme.example", "eu-west · embed-gpu"),
    ("acme/fraud-ranker", "41", "chen@acme.example", "on-prem · ranker-01"),
    ("acme/doc-layout", "1.4", "dara@acme.example", "us-east · doc-batch"),
    ("acme/translate-mini", "0.9", "bo@acme.example", "edge · 212 devices"),
];

async fn of_a_team(seed: &mut Seed, admit: &Value, refuse: &Value, open: &Value) -> Value {
    let mut last = 0;
    for (n, (model, label, owner, place)) in PRODUCTION.iter().enumerate() {
        let report = version(if n == 3 { open } else { admit }, &format!("{model}/{label}"));
        let old = version(if n == 0 { refuse } else { admit }, &format!("{model}/before"));
        let source = format!("hf://{model}@9f2c1e{n}");
        seed.told("admin", Event::Owner { model: (*model).into(), owner: (*owner).into() }).await;
        seed.weighed("ci-pipeline", model, "before", &source, &old).await;
        seed.weighed("ci-pipeline", model, label, &source, &report).await;
        let artifact =
            format!("dirHash:{}", report["artifact"]["digests"]["dirHash"].as_str().unwrap());
        let approval = |comment: &str| Event::Approval {
            artifact: artifact.clone(),
            vote: Vote::Approve,
            comment: comment.to_owned(),
        };
        seed.told("mika", approval("looked at the findings and at the training record")).await;
        let deployment = format!("d{n}");
        seed.told(
            "ci-pipeline",
            Event::Deployment {
                deployment: deployment.clone(),
                model: (*model).into(),
                artifact: artifact.clone(),
                environment: if n == 4 { "edge" } else { "production" }.into(),
                place: (*place).into(),
            },
        )
        .await;
        if n == 3 {
            continue;
        }
        let seen = if n == 2 { "dirHash:5c1d0e7a".to_owned() + &"3b".repeat(28) } else { artifact };
        last = seed
            .told(
                "watcher",
                Event::Observation {
                    deployment,
                    artifact: seen,
                    method: "re-hash".into(),
                    detail: String::new(),
                },
            )
            .await;
    }
    let mut weighing = String::new();
    for (model, report) in [
        ("research/tiny-chat", refuse),
        ("research/summarizer-lora", open),
        ("vendor/ocr-large", refuse),
        ("vendor/ocr-small", admit),
    ] {
        let report = version(report, &format!("{model}/1"));
        let by = "eve";
        weighing = if model == "research/tiny-chat" {
            seed.weighed(by, model, "1", "hf://research/tiny-chat@main", &report).await
        } else {
            seed.weighed(by, model, "1", "s3://models/incoming", &report).await;
            weighing
        };
    }
    let pack = runs::pack("assistants", "", &runs::TEAM, 10, 12);
    let (model, label, ..) = PRODUCTION[0];
    let (now, old) =
        (version(admit, &format!("{model}/{label}")), version(refuse, &format!("{model}/before")));
    let original = run(
        seed,
        "ci-pipeline",
        (&old, "support-assistant-7b", Kind::Local),
        &pack,
        &runs::better,
        None,
    )
    .await;
    let copy = (&now, "support-assistant-7b-q4", Kind::Local);
    let copy = run(seed, "ci-pipeline", copy, &pack, &runs::answers, Some(original.clone())).await;
    let calm = runs::pack("calm", "", &runs::TEAM[..1], 10, 12);
    run(
        seed,
        "eve",
        (&now, "http://vllm.acme.example/v1", Kind::Endpoint),
        &calm,
        &runs::better,
        None,
    )
    .await;
    let file = refuse["artifact"]["contents"][1]["digests"]["sha256"].as_str().unwrap().to_owned();
    waivers(seed, &file).await;
    jobs(seed, "ci-pipeline", "acme/support-assistant-7b", "/srv/models/support-assistant-7b")
        .await;
    json!({
        "model": "acme/support-assistant-7b", "alarm": "acme/fraud-ranker", "weighing": weighing,
        "file": file, "entry": last, "run": copy, "original": original,
    })
}

async fn waivers(seed: &mut Seed, file: &str) {
    for (n, (rule, expires, approvers)) in [
        ("pickle-code-execution", ends(45), 2),
        ("pickle-unknown-callable", ends(9), 1),
        ("archive-member-hidden", ends(-3), 1),
    ]
    .into_iter()
    .enumerate()
    {
        let waiver = format!("waiver-{n}");
        seed.told(
            "eve",
            Event::Waiver {
                waiver: waiver.clone(),
                rule: rule.into(),
                file: "pytorch_model.bin".into(),
                artifact: format!("sha256:{file}"),
                reason:
                    "our own layer class, reviewed in change 1234; the next release is safetensors"
                        .into(),
                expires,
                approvers,
            },
        )
        .await;
        if n > 0 {
            let vote = Event::WaiverVote {
                waiver,
                vote: Vote::Approve,
                comment: "agreed until then".into(),
            };
            seed.told("mika", vote).await;
        }
    }
}

/// A job in every state.
async fn jobs(seed: &mut Seed, by: &str, model: &str, source: &str) {
    let request = json!({ "model": model, "version": "2026.12", "policy": "standard" }).to_string();
    let hour = std::time::Duration::from_hours(1);
    for (n, what) in ["failed", "done", "running", "cancelled", "waiting"].into_iter().enumerate() {
        let (job, act) = (format!("job-{}-{n}", model.len()), seed.act(by));
        let kind = if n == 1 { "recheck" } else { "weighing" };
        let request = if n == 1 { "{}".to_owned() } else { request.clone() };
        let task = Task { kind: kind.to_owned(), request, source: source.to_owned() };
        seed.ledger.submit(act, &job, task).await.unwrap();
        let worker = "worker-1";
        if n < 3 {
            // What waited before is taken before.
            while seed.ledger.take(worker, hour).await.unwrap().unwrap().job != job {}
        }
        let act = seed.act("worker");
        let ended = match what {
            "failed" => Ended::Failed { because: format!("the source is not there: {source}") },
            "done" => Ended::Done { events: Vec::new(), documents: Vec::new() },
            "cancelled" => {
                seed.ledger.cancel(act, &job).await.unwrap();
                continue;
            }
            _ => continue,
        };
        assert!(seed.ledger.end(act, &job, worker, ended).await.unwrap());
    }
}

/// A day so many days from now.
fn ends(days: i64) -> String {
    let then = Timestamp::now() + SignedDuration::from_hours(24 * days);
    then.strftime("%Y-%m-%d").to_string()
}

/// Everything that is text, hostile.
async fn of_an_attacker(seed: &mut Seed, report: &Value) -> Value {
    let mut plan = Value::Null;
    // Names end after 512 bytes; everything else may be long.
    for (name, text) in [(HOSTILE.to_owned(), HOSTILE.to_owned()), (long(100), long(10_000))] {
        let model = format!("planted/{name}");
        let report = hostile(report, &text);
        let weighing = seed.weighed(&name, &model, &text, &text, &report).await;
        let artifact =
            format!("dirHash:{}", report["artifact"]["digests"]["dirHash"].as_str().unwrap());
        let id = format!("planted-{}", text.len());
        // Packs take control characters of texts as they are, but for those that YAML has none for.
        let planted =
            Probe { id: "a", hypothesis: &text, measure: "difference", gate: "at-most: 0.1" };
        let pack = runs::pack("planted", &text, &[planted], 6, 3);
        let says = |case: &Case| {
            let marked = case.arm == ::behaviour::case::Arm::Treatment;
            Some(format!("{} {text}\n{text}", if marked { "BAD" } else { "good" }))
        };
        let of = (&report, &*text, Kind::Endpoint);
        let first = run(seed, &name, of, &pack, &says, None).await;
        let ran = run(
            seed,
            &name,
            of,
            &pack,
            &|case| says(case).map(|said| said.replace("BAD", "")),
            Some(first),
        )
        .await;
        jobs(seed, &name, &model, &text).await;
        let waiver = format!("w {HOSTILE} {}", text.len());
        for (by, event) in [
            ("admin", Event::Owner { model: model.clone(), owner: name.clone() }),
            (
                "mika",
                Event::Approval {
                    artifact: artifact.clone(),
                    vote: Vote::Approve,
                    comment: text.clone(),
                },
            ),
            (
                HOSTILE,
                Event::Deployment {
                    deployment: id.clone(),
                    model: model.clone(),
                    artifact: artifact.clone(),
                    environment: name.clone(),
                    place: text.clone(),
                },
            ),
            (
                "watcher",
                Event::Observation {
                    deployment: id.clone(),
                    artifact: artifact.clone(),
                    method: text.clone(),
                    detail: text.clone(),
                },
            ),
            (
                HOSTILE,
                Event::Waiver {
                    waiver: waiver.clone(),
                    rule: name.clone(),
                    file: text.clone(),
                    artifact: artifact.clone(),
                    reason: text.clone(),
                    expires: ends(50),
                    approvers: 2,
                },
            ),
            ("mika", Event::WaiverVote { waiver, vote: Vote::Approve, comment: text.clone() }),
            (
                "mika",
                Event::Access {
                    method: "GET".into(),
                    path: text.chars().take(1024).collect(),
                    status: 404,
                    credential: HOSTILE.into(),
                    address: HOSTILE.into(),
                },
            ),
        ] {
            seed.told(by, event).await;
        }
        plan = json!({"model": model, "weighing": weighing, "entry": seed.count, "run": ran});
    }
    plan
}

const RULES: [(&str, &str); 5] = [
    ("pickle-code-execution", "critical"),
    ("pickle-unknown-callable", "medium"),
    ("archive-member-hidden", "high"),
    ("pickle-file-access", "high"),
    ("template-escapes-sandbox", "low"),
];

/// Makes a record of many models in a folder, each with a hundred findings, every fifth in production.
/// Of the last a run of probes with 100,000 replies. Gives a model, a weighing of it and the run.
pub(super) fn many(data: &Path, models: usize) -> (String, String, String) {
    block_on(async {
        let mut seed = Seed::begin(data).await;
        let refuse = example("refuse");
        seed.step = SignedDuration::from_secs(60);
        let mut last = (String::new(), String::new());
        let mut newest = Value::Null;
        let small = runs::pack("small", "", &runs::TEAM[..2], 3, 4);
        for n in 0..models {
            let model = format!("team-{}/model-{n:04}", n % 20);
            let mut report = version(&refuse, &model);
            let finding = refuse["findings"][0].clone();
            let findings = (0..100).map(|at| {
                let mut finding = finding.clone();
                let (rule, severity) = RULES[at % RULES.len()];
                finding["rule"] = json!(rule);
                finding["severity"] = json!(severity);
                finding["place"]["offset"] = json!(at);
                finding
            });
            report["findings"] = findings.collect();
            let owner = Event::Owner { model: model.clone(), owner: format!("owner-{}", n % 7) };
            seed.told("admin", owner).await;
            let weighing = seed.weighed("ci", &model, "1", "s3://models", &report).await;
            if n % 5 == 0 {
                let digest = report["artifact"]["digests"]["dirHash"].as_str().unwrap();
                let artifact = format!("dirHash:{digest}");
                let (environment, place) = ("production".into(), "cluster".into());
                let deployment = format!("d{n}");
                let event = Event::Deployment {
                    deployment,
                    model: model.clone(),
                    artifact,
                    environment,
                    place,
                };
                seed.told("ci", event).await;
            }
            let of = (&report, &*model, Kind::Local);
            run(&mut seed, "ci", of, &small, &runs::answers, None).await;
            last = (model, weighing);
            newest = report;
        }
        // What a model answers is some hundred bytes long, as its prompts are.
        let wide = runs::pack(
            "wide",
            "of some length, as they are written in truth",
            &runs::TEAM[..4],
            100,
            250,
        );
        let begun = std::time::Instant::now();
        let ran =
            run(&mut seed, "ci", (&newest, "wide", Kind::Local), &wide, &runs::answers, None).await;
        println!(
            "100,000 cases: asked of nobody, journalled, judged, recorded in {:?}",
            begun.elapsed()
        );
        seed.ledger.publish().await.unwrap();
        (last.0, last.1, ran)
    })
}
