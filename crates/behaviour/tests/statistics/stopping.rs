//! Runs that stop as soon as they are decided, by the very journal, engine and report of the program.

use behaviour::case::{Arm, Case};
use behaviour::engine::{Attempt, replay};
use behaviour::journal::{Id, Journal};
use behaviour::pack::Pack;
use behaviour::report::{
    About, Answer, Answered, Beside, RunReport, Stopping, TargetReport, questions, report, score,
};
use behaviour::stats::Judgement;
use behaviour::stats::random::Random;
use behaviour::target::{Finish, Identity, Kind, Reply};

use super::world::{percent, rate, slack};

/// What is asked, and how a made-up model answers.
#[derive(Clone, Copy)]
struct World {
    name: &'static str,
    /// The measure and the gate, as a pack writes them.
    asks: &'static str,
    pairs: bool,
    prompts: u32,
    repeats: u32,
    /// How often the treatment is a hit, how often the control, and how alike replies to one prompt are.
    hits: f64,
    control: f64,
    icc: f64,
}

const WORLDS: &[World] = &[
    World { name: "rate at most 0.1, on the border", ..RATE },
    World { name: "rate at most 0.1, model at 0.02", hits: 0.02, ..RATE },
    World { name: "rate at most 0.1, model at 0.2", hits: 0.2, ..RATE },
    World {
        name: "rate at most 0.1, 3 replies, alike 0.5, on the border",
        repeats: 3,
        icc: 0.5,
        prompts: 300,
        ..RATE
    },
    World {
        name: "difference at most 0.05, on the border",
        asks: "measure: difference}\n    gate: {at-most: 0.05",
        pairs: true,
        hits: 0.1,
        control: 0.05,
        ..RATE
    },
    World {
        name: "difference at most 0.2, no difference",
        asks: "measure: difference}\n    gate: {at-most: 0.2",
        pairs: true,
        hits: 0.05,
        control: 0.05,
        ..RATE
    },
];

const RATE: World = World {
    name: "",
    asks: "measure: rate}\n    gate: {at-most: 0.1",
    pairs: false,
    prompts: 600,
    repeats: 1,
    hits: 0.1,
    control: 0.0,
    icc: 0.0,
};

/// What a run came to: as it stops, and where it judges those that went to their end by the fixed test.
struct Came {
    ours: Judgement,
    mixed: Judgement,
    asked: u64,
}

struct Asked {
    packs: [Pack; 1],
    cases: Vec<Case>,
    target: Identity,
}

impl Asked {
    fn of(world: &World) -> Self {
        let World { asks, prompts, repeats, .. } = world;
        let pairs = if world.pairs {
            "    pairs: {control: {set: {mark: plain}}, treatment: {set: {mark: marked}}}\n"
        } else {
            ""
        };
        let mark = if world.pairs { "{mark} " } else { "" };
        let text = format!(
            "schema: weighbridge.probes/1\nid: p\nversion: 1\ntitle: t\nlicence: Apache-2.0\nprobes:\n\
             \x20 - id: q\n    version: 1\n    hypothesis: h\n    repeats: {repeats}\n\
             \x20   decode: {{temperature: 1.0}}\n\
             \x20   slots: {{n: {{numbers: {{from: 1, to: {prompts}}}}}}}\n\
             \x20   prompt: [{{user: \"{mark}{{n}}\"}}]\n{pairs}\
             \x20   detectors: {{bad: {{regex: {{pattern: BAD}}}}}}\n\
             \x20   metric: {{detector: bad, {asks}}}\n"
        );
        let pack = Pack::read(&text).unwrap();
        let cases = pack.generate(0).unwrap();
        let target =
            Identity { kind: Kind::Local, name: "m".to_owned(), fingerprint: String::new() };
        Self { packs: [pack], cases, target }
    }

    fn journal(&self, world: &World, random: &mut Random) -> Journal {
        let journal = Journal::in_memory(self.target.clone());
        journal.stop_early(25.try_into().unwrap()).unwrap();
        let (mut cluster, mut hits) = ("", 0.0);
        for case in &self.cases {
            if cluster != case.cluster {
                cluster = &case.cluster;
                hits = rate(world.hits, world.icc, random);
            }
            let share = if case.arm == Arm::Control { world.control } else { hits };
            let text = if random.happens(share) { "BAD" } else { "fine" }.to_owned();
            let reply =
                Reply { text, finish: Finish::Stop, tokens: vec![], usage: None, served_by: None };
            journal.record(Id::of(&self.target, case), case, Ok(reply)).unwrap();
        }
        journal
    }

    fn report(&self, answers: &[Answered<'_>], stops_early: Option<u32>) -> RunReport {
        let about = About {
            target: TargetReport {
                kind: Kind::Local,
                name: "m".into(),
                fingerprint: "f".into(),
                capabilities: None,
            },
            packs: Vec::new(),
            seed: 0,
            journal: None,
            stops_early,
            run: None,
        };
        let scored = score(&self.packs, answers, Beside::default()).unwrap();
        report(about, &questions(&self.packs), &scored)
    }

    fn run(&self, world: &World, random: &mut Random) -> Came {
        let journal = self.journal(world, random);
        let stopping = Stopping::new(&self.packs, &questions(&self.packs));
        let decided = |probe: &str, attempts: &[&Attempt<'_>]| {
            let answers: Vec<_> = attempts.iter().map(|attempt| attempt.answer()).collect();
            stopping.decided(probe, &answers)
        };
        let attempts = replay(&self.cases, &journal, Some(&decided));
        let answers: Vec<_> = attempts.iter().map(Attempt::answer).collect();
        let ours = self.report(&answers, Some(25));
        let to_the_end = answers.iter().all(|one| one.answer != Answer::Decided);
        let mixed = if to_the_end { self.report(&answers, None).judgement } else { ours.judgement };
        let asked = ours.probes[0].decided_after.unwrap_or(world.prompts.into());
        Came { ours: ours.judgement.unwrap(), mixed: mixed.unwrap(), asked }
    }
}

/// Passes and fails as it stops, the same with the fixed test at the end, and the prompts that were asked.
fn told(world: &World, runs: u32) -> [f64; 5] {
    let asked = Asked::of(world);
    let mut random = Random::new(0x5709);
    let mut told = [0.0; 5];
    for _ in 0..runs {
        let came = asked.run(world, &mut random);
        for (at, holds) in [
            came.ours == Judgement::Pass,
            came.ours == Judgement::Fail,
            came.mixed == Judgement::Pass,
            came.mixed == Judgement::Fail,
        ]
        .into_iter()
        .enumerate()
        {
            told[at] += f64::from(u8::from(holds));
        }
        told[4] += came.asked as f64;
    }
    told.map(|sum| sum / f64::from(runs))
}

#[test]
fn a_run_that_stops_early_errs_no_more_often_than_it_may() {
    let runs = 40;
    for world in WORLDS.iter().filter(|world| world.name.contains("border")) {
        let small = World { prompts: 150, ..*world };
        let [pass, fail, ..] = told(&small, runs);
        let most = 0.05 + slack(0.05, runs);
        assert!(pass <= most && fail <= most, "{}: {pass} {fail}", world.name);
    }
    let [pass, _, _, _, asked] = told(&World { prompts: 300, ..WORLDS[1] }, 10);
    assert!(pass > 0.8 && asked < 150.0, "{pass} {asked}");
}

/// The table alone.
#[test]
#[ignore = "it prints a table, in minutes; the test above holds a small form of it"]
fn table() {
    print(1_000);
}

/// The table.
#[allow(clippy::print_stdout, reason = "it is the purpose")]
pub(crate) fn print(runs: u32) {
    println!("\n## Runs that stop as soon as they are decided (`--stop-early`)\n");
    println!(
        "| gate | prompts | asked, mean | passes | fails | passes with the fixed test at the end | fails |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for world in WORLDS {
        let [pass, fail, mixed_pass, mixed_fail, asked] = told(world, runs);
        println!(
            "| {} | {} | {asked:.0} | {} |",
            world.name,
            world.prompts,
            [pass, fail, mixed_pass, mixed_fail].map(percent).join(" | ")
        );
    }
}
