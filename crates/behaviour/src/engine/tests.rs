use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::case::Arm;
use crate::journal::Journal;
use crate::target::{
    Ability, Call, Capabilities, Decode, Failure, Finish, Identity, Kind, Prompt, Target, Token,
    Usage,
};

fn case(probe: &str, cluster: usize, arm: Arm, repeat: u32) -> Case {
    let decode = Decode {
        max_tokens: 10,
        temperature: 0.0,
        top_p: 1.0,
        seed: repeat.into(),
        stop: Vec::new(),
        top_logprobs: 0,
    };
    let prompt = Prompt::Text(format!("{probe} {cluster} {arm:?}"));
    Case {
        probe: probe.to_owned(),
        version: 1,
        cluster: format!("{cluster}"),
        arm,
        repeat,
        call: Call { prompt, decode },
        slots: [].into(),
    }
}

/// Two probes: one of pairs, one of three repeats.
fn cases(clusters: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for cluster in 0..clusters {
        for arm in [Arm::Control, Arm::Treatment] {
            cases.push(case("pairs", cluster, arm, 0));
        }
    }
    for cluster in 0..clusters {
        cases.extend((0..3).map(|repeat| case("repeats", cluster, Arm::Only, repeat)));
    }
    cases
}

type Answer = Box<dyn Fn(&Call, u64) -> Result<Reply, Failure> + Send + Sync>;

/// Answers by a function of the call and how often the prompt was asked before.
struct Model {
    identity: Identity,
    capabilities: Capabilities,
    answer: Answer,
    asked: Mutex<HashMap<String, u64>>,
    at_once: AtomicU64,
    most_at_once: AtomicU64,
}

impl Model {
    fn new(answer: impl Fn(&Call, u64) -> Result<Reply, Failure> + Send + Sync + 'static) -> Self {
        Self {
            identity: Identity {
                kind: Kind::Local,
                name: "m".to_owned(),
                fingerprint: String::new(),
            },
            capabilities: Capabilities {
                can: BTreeSet::from([Ability::Completion]),
                top_logprobs: 0,
                concurrency: 64,
            },
            answer: Box::new(answer),
            asked: Mutex::default(),
            at_once: AtomicU64::new(0),
            most_at_once: AtomicU64::new(0),
        }
    }

    fn echoing() -> Self {
        Self::new(|call, _| Ok(echo(call)))
    }

    fn asked(&self) -> u64 {
        self.asked.lock().unwrap().values().sum()
    }
}

fn text(call: &Call) -> String {
    let Prompt::Text(text) = &call.prompt else { unreachable!("these tests ask texts") };
    format!("{text} {}", call.decode.seed)
}

fn echo(call: &Call) -> Reply {
    let usage = Some(Usage { prompt: 10, completion: 5 });
    Reply { text: text(call), finish: Finish::Stop, tokens: vec![], usage, served_by: None }
}

impl Target for Model {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let before = {
            let mut asked = self.asked.lock().unwrap();
            let count = asked.entry(text(call)).or_default();
            *count += 1;
            *count - 1
        };
        let answer = (self.answer)(call, before);
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    fn score(&self, _: &Prompt, _: &str) -> Result<Vec<Token>, Failure> {
        Err(Failure::Unable("scores"))
    }
}

fn quick() -> Options {
    let ms = Duration::from_millis;
    let patience = Patience { pause: ms(1), longest: ms(4), busy: ms(200), ..Patience::default() };
    Options { patience, ..Options::default() }
}

static GO_ON: AtomicBool = AtomicBool::new(false);

fn hooks<'a>() -> Hooks<'a> {
    Hooks { watch: &Unwatched, decided: None, stop: &GO_ON }
}

/// What came of each case, in a line each.
fn lines(run: &Run<'_>) -> Vec<String> {
    let line = |attempt: &Attempt<'_>| match attempt.outcome() {
        Ok(reply) => reply.text.clone(),
        Err(missing) => format!("- {}", missing.because()),
    };
    run.attempts.iter().map(line).collect()
}

fn journal(model: &Model) -> Journal {
    Journal::in_memory(model.identity.clone())
}

#[test]
fn every_case_has_its_own_reply_whatever_the_threads() {
    let cases = cases(20);
    let mut all = Vec::new();
    for concurrency in [1, 2, 7, 32] {
        let model = Model::new(|call, _| {
            std::thread::sleep(Duration::from_micros(call.decode.seed * 300));
            Ok(echo(call))
        });
        let journal = journal(&model);
        let run =
            run(&cases, &model, &journal, &Options { concurrency, ..quick() }, hooks()).unwrap();
        for (attempt, case) in run.attempts.iter().zip(&cases) {
            assert_eq!(attempt.reply().unwrap().text, text(&case.call));
        }
        assert_eq!((run.asked, model.asked()), (100, 100));
        assert!(model.most_at_once.load(Ordering::SeqCst) <= concurrency.into());
        all.push((lines(&run), run.spent));
    }
    assert!(all.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn what_the_journal_holds_is_not_asked() {
    let cases = cases(10);
    let model = Model::echoing();
    let journal = journal(&model);
    let first = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    let second = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    assert_eq!((first.asked, second.asked, model.asked()), (50, 0, 50));
    assert_eq!((lines(&first), first.spent), (lines(&second), second.spent));
    let more = super::tests::cases(12);
    let third = run(&more, &model, &journal, &quick(), hooks()).unwrap();
    assert_eq!(third.asked, 10, "only what is new");
}

#[test]
fn two_cases_with_one_id_are_one_attempt() {
    let one = case("p", 1, Arm::Only, 0);
    let cases = vec![one.clone(), one.clone(), Case { cluster: "other".to_owned(), ..one }];
    let model = Model::echoing();
    let run = run(&cases, &model, &journal(&model), &quick(), hooks()).unwrap();
    assert_eq!((run.asked, run.spent.calls), (1, 1));
    assert!(run.attempts.iter().all(|attempt| attempt.reply().is_some()));
}

#[test]
fn a_budget_of_calls_gives_probes_the_same_share_of_whole_clusters() {
    let cases = cases(20);
    let model = Model::echoing();
    let journal = journal(&model);
    let budget = Budget { calls: Some(23), ..Budget::default() };
    let options = Options { budget, ..quick() };
    let first = run(&cases, &model, &journal, &options, hooks()).unwrap();
    // Four turns of 2 + 3, and a pair; the three repeats no longer fit.
    assert_eq!((first.asked, first.spent.calls), (22, 22));
    let answered: Vec<&str> = first
        .attempts
        .iter()
        .filter(|attempt| attempt.reply().is_some())
        .map(|attempt| attempt.case.probe.as_str())
        .collect();
    assert_eq!(answered.iter().filter(|probe| **probe == "pairs").count(), 10);
    assert_eq!(answered.iter().filter(|probe| **probe == "repeats").count(), 12);
    assert!(lines(&first).contains(&"- `--max-calls` is spent".to_owned()));
    let again = run(&cases, &model, &journal, &options, hooks()).unwrap();
    assert_eq!((again.asked, lines(&again)), (0, lines(&first)), "the same once more");
    let all = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    assert_eq!((all.asked, all.spent.calls), (78, 100), "and on with more");
}

/// What is asked depends on what replies took, not on which came first; and is never overdrawn.
#[test]
fn budgets_of_tokens_and_cost_do_not_depend_on_threads() {
    let cases = cases(20);
    let price = Price { prompt: 1.0, completion: 10.0 };
    for budget in [
        Budget { tokens: Some(400), ..Budget::default() },
        Budget { cost: Some(0.001_5), price, ..Budget::default() },
    ] {
        let mut all = Vec::new();
        for concurrency in [1, 3, 16] {
            let model = Model::echoing();
            let journal = journal(&model);
            let options = Options { concurrency, budget: budget.clone(), ..quick() };
            let first = run(&cases, &model, &journal, &options, hooks()).unwrap();
            let again = run(&cases, &model, &journal, &options, hooks()).unwrap();
            assert_eq!((again.asked, lines(&again)), (0, lines(&first)));
            let Spent { prompt, completion, .. } = first.spent;
            assert!(budget.tokens.is_none_or(|most| prompt + completion <= most));
            assert!(budget.cost.is_none_or(|most| first.spent.cost(&price) <= most));
            assert!(first.spent.calls > 15, "{:?}", first.spent);
            all.push(lines(&first));
        }
        assert!(all.windows(2).all(|two| two[0] == two[1]));
    }
}

#[test]
fn usage_that_cannot_be_true_counts_as_the_most() {
    let call = cases(1).remove(0).call;
    let most = Spent::most(&call);
    let took = |usage: Option<Usage>, text: &str| {
        Spent::by(&call, &Reply { usage, text: text.to_owned(), ..echo(&call) })
    };
    let usage = |prompt, completion| Some(Usage { prompt, completion });
    let told = took(usage(8, 3), "abc");
    assert_eq!((told.prompt, told.completion, told.doubted), (8, 3, 0));
    for lie in
        [usage(0, 3), usage(8, 11), usage(8, u64::MAX), usage(u64::MAX, 3), usage(8, 0), None]
    {
        let told = took(lie, "abc");
        assert_eq!((told.prompt, told.completion, told.doubted), (most.prompt, 10, 1), "{lie:?}");
    }
    assert_eq!(took(usage(8, 0), "").doubted, 0, "nothing takes nothing");
}

#[test]
fn a_budget_of_time_ends_a_run() {
    let cases = cases(50);
    let model = Model::new(|call, _| {
        std::thread::sleep(Duration::from_millis(5));
        Ok(echo(call))
    });
    let budget = Budget { time: Some(Duration::from_millis(60)), ..Budget::default() };
    let run =
        run(&cases, &model, &journal(&model), &Options { budget, ..quick() }, hooks()).unwrap();
    assert!(run.asked > 0 && run.asked < 250, "{}", run.asked);
    assert!(lines(&run).contains(&"- `--max-time` is spent".to_owned()));
}

#[test]
fn a_target_that_is_busy_for_a_while_loses_nothing() {
    let cases = cases(10);
    let count = AtomicU64::new(0);
    let model = Model::new(move |call, _| match count.fetch_add(1, Ordering::SeqCst) {
        5..=30 => Err(Failure::Busy(Some(Duration::from_millis(2)))),
        _ => Ok(echo(call)),
    });
    let run = run(&cases, &model, &journal(&model), &quick(), hooks()).unwrap();
    assert!(run.attempts.iter().all(|attempt| attempt.reply().is_some()), "{:?}", lines(&run));
    assert_eq!(run.spent.calls, 50, "a call that is made again is one");
}

#[test]
fn what_fails_is_told_and_asked_again_next_time() {
    let cases = cases(10);
    let model = Model::new(|call, before| match text(call).as_str() {
        "pairs 3 Control 0" if before < 4 => Err(Failure::Lost("it hung up".to_owned())),
        "pairs 4 Control 0" if before < 2 => Err(Failure::Garbled("a page came".to_owned())),
        "pairs 5 Control 0" => Err(Failure::Rejected("too long".to_owned())),
        "pairs 6 Control 0" => Err(Failure::Unable("chats")),
        "pairs 7 Control 0" if before < 3 => Err(Failure::Lost("once more".to_owned())),
        "pairs 8 Control 0" if before == 0 => panic!("on purpose"),
        _ => Ok(echo(call)),
    });
    let journal = journal(&model);
    let first = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    let missing: Vec<String> =
        lines(&first).into_iter().filter(|line| line.starts_with('-')).collect();
    assert_eq!(missing, ["- it hung up", "- a page came", "- too long", "- chats"]);
    let second = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    assert_eq!(second.asked, 3, "what was rejected was its answer");
    let missing: Vec<String> =
        lines(&second).into_iter().filter(|line| line.starts_with('-')).collect();
    assert_eq!(missing, ["- too long", "- chats"]);
}

#[test]
fn a_dead_target_is_left_alone() {
    let cases = cases(100);
    let count = AtomicU64::new(0);
    let model = Model::new(move |call, _| match count.fetch_add(1, Ordering::SeqCst) {
        0..40 => Ok(echo(call)),
        _ => Err(Failure::Lost("connection refused".to_owned())),
    });
    let journal = journal(&model);
    let run = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    assert_eq!(run.spent.calls, 40);
    assert!(run.asked < 100, "{}", run.asked);
    let told = lines(&run);
    assert!(told.contains(&"- the target had stopped answering".to_owned()));
    assert!(told.contains(&"- connection refused".to_owned()));
    let alive = Model::echoing();
    let rest = super::run(&cases, &alive, &journal, &quick(), hooks()).unwrap();
    assert_eq!((rest.asked, rest.spent.calls), (460, 500), "nothing lost, nothing twice");
}

/// Stops a run at its thirtieth reply.
struct After<'a>(&'a AtomicBool, AtomicU64);

impl Watch for After<'_> {
    fn came(&self, _: &Spent) {
        if self.1.fetch_add(1, Ordering::SeqCst) == 30 {
            self.0.store(true, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_stopped_run_goes_on() {
    let cases = cases(100);
    let stop = AtomicBool::new(false);
    let model = Model::echoing();
    let journal = journal(&model);
    let watch = After(&stop, AtomicU64::new(0));
    let first = run(
        &cases,
        &model,
        &journal,
        &quick(),
        Hooks { watch: &watch, decided: None, stop: &stop },
    );
    let first = first.unwrap();
    assert!(first.asked >= 31 && first.asked < 60, "{}", first.asked);
    assert!(lines(&first).contains(&"- the run was stopped".to_owned()));
    let rest = run(&cases, &model, &journal, &quick(), hooks()).unwrap();
    assert_eq!(first.asked + rest.asked, 500);
}

/// What is decided early depends on whole rounds alone.
#[test]
fn a_decided_probe_is_left_off_at_the_same_place_whatever_the_threads() {
    let cases = cases(40);
    let decided = |probe: &str, attempts: &[&Attempt<'_>]| {
        assert!(attempts.iter().all(|attempt| attempt.reply().is_some()));
        probe == "pairs" && attempts.len() >= 30
    };
    let mut all = Vec::new();
    for concurrency in [1, 5, 32] {
        let model = Model::echoing();
        let journal = journal(&model);
        let options = Options { concurrency, look: 10, ..quick() };
        let hooks = Hooks { decided: Some(&decided), ..hooks() };
        let first = run(&cases, &model, &journal, &options, hooks).unwrap();
        assert_eq!(first.asked, 40 + 120);
        let again = run(&cases, &model, &journal, &options, hooks).unwrap();
        assert_eq!((again.asked, lines(&again)), (0, lines(&first)));
        all.push(lines(&first));
    }
    assert!(all[0].contains(&"- its probe was decided without it".to_owned()));
    assert!(all.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_run() {
    let place = tempfile::TempDir::new().unwrap();
    let model = Model::echoing();
    let journal = Journal::open(&place.path().join("j"), &model.identity).unwrap();
    journal.close();
    let cases = cases(50);
    let ended = run(&cases, &model, &journal, &quick(), hooks());
    assert!(ended.is_err());
    assert!(model.asked() < 20, "{}", model.asked());
}

#[test]
fn nothing_to_ask_is_a_run() {
    let model = Model::echoing();
    let run = run(&[], &model, &journal(&model), &quick(), hooks()).unwrap();
    assert_eq!((run.attempts.len(), run.asked), (0, 0));
}
