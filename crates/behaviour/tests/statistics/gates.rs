//! How often gates err, and whether plans keep their word.

use behaviour::stats::Judgement;
use behaviour::stats::bounded::Bounded;
use behaviour::stats::gate::{Gate, Measure};
use behaviour::stats::multiple::{benjamini_hochberg, holm};
use behaviour::stats::paired::Table;
use behaviour::stats::permute::{Tail, shuffled, sign_flip};
use behaviour::stats::power::{Assumed, fails, passes, prompts_for};
use behaviour::stats::random::Random;
use behaviour::stats::rank::Ranked;
use behaviour::stats::rate::{Worth, clustered};
use behaviour::stats::sequential::Sequential;

use super::world::{normal, percent, replies, share, slack};

/// A model on the border, or at a value: how often a gate passes and fails it.
fn judged(runs: u32, mut once: impl FnMut(&mut Random) -> Judgement) -> [f64; 2] {
    let mut random = Random::new(0x9a7e);
    let mut count = [0_u32; 2];
    for _ in 0..runs {
        match once(&mut random) {
            Judgement::Pass => count[0] += 1,
            Judgement::Fail => count[1] += 1,
            Judgement::Inconclusive => {}
        }
    }
    count.map(|count| f64::from(count) / f64::from(runs))
}

fn of_rate(truth: f64, icc: f64, prompts: usize, repeats: u64, random: &mut Random) -> Judgement {
    let gate = Gate::at_most(0.1);
    let worth = clustered(&replies(truth, icc, prompts, repeats, random), gate.level());
    gate.judge(|bound| worth.sides(bound)).judgement
}

fn of_pairs(truth: f64, differing: f64, prompts: usize, random: &mut Random) -> Judgement {
    let gate = Gate::at_least(-0.03);
    let table = Table::of((0..prompts).map(|_| {
        let at = random.unit();
        let first = 0.5 * (differing + truth);
        (at < first, at >= first && at < differing)
    }));
    gate.judge(|bound| table.sides(bound)).judgement
}

fn of_median(shift: f64, prompts: usize, random: &mut Random) -> Judgement {
    let gate = Gate::at_most(1.0);
    let values: Vec<f64> = (0..prompts).map(|_| (1.5 * normal(random) + shift).exp()).collect();
    let ranked = Ranked::new(&values);
    gate.judge(|bound| ranked.sides(bound)).judgement
}

/// Graded scores with a mean of one tenth.
fn of_bounded(prompts: usize, random: &mut Random) -> Judgement {
    let gate = Gate::at_most(0.1);
    let values: Vec<f64> =
        (0..prompts).map(|_| if random.happens(0.2) { random.unit() } else { 0.0 }).collect();
    let data = Bounded::new(&values, 0.0, 1.0);
    gate.judge(|bound| data.sides(bound)).judgement
}

#[test]
fn no_gate_errs_more_often_than_it_may() {
    let runs = 400;
    let may = 0.05 + slack(0.05, runs);
    for [passes, fails] in [
        judged(runs, |random| of_rate(0.1, 0.0, 120, 1, random)),
        judged(runs, |random| of_rate(0.1, 0.5, 80, 5, random)),
        judged(runs, |random| of_pairs(-0.03, 0.08, 300, random)),
        judged(runs, |random| of_median(0.0, 40, random)),
        judged(runs, |random| of_bounded(120, random)),
    ] {
        assert!(passes <= may && fails <= may, "{passes} {fails}");
    }
}

/// A gate that is asked after every prompt, on the border: e-processes, and the fixed test asked as often.
fn peeked(prompts: u32, runs: u32) -> [f64; 2] {
    let gate = Gate::at_most(0.1);
    let mut random = Random::new(0x5e9);
    let mut erred = [0_u32; 2];
    for _ in 0..runs {
        let mut sequential = Sequential::new(Measure::Rate, &gate).unwrap();
        let (mut ours, mut fixed, mut hits) = (false, false, 0.0);
        for asked in 1..=prompts {
            let hit = f64::from(u8::from(random.happens(0.1)));
            hits += hit;
            sequential.push(hit);
            ours |= sequential.judgement() != Judgement::Inconclusive;
            let seen = Worth { hits, asked: f64::from(asked) };
            if asked >= 20 && asked % 5 == 0 {
                fixed |= gate.judge(|bound| seen.sides(bound)).judgement != Judgement::Inconclusive;
            }
        }
        erred[0] += u32::from(ours);
        erred[1] += u32::from(fixed);
    }
    erred.map(|count| f64::from(count) / f64::from(runs))
}

#[test]
fn looking_again_and_again_costs_nothing_with_bets_alone() {
    let runs = 100;
    let [ours, fixed] = peeked(300, runs);
    // On the border both sides may err, each in one of twenty.
    assert!(ours <= 0.1 + slack(0.1, runs), "{ours}");
    assert!(fixed > 0.2, "{fixed}");
}

/// How many prompts a sequential gate takes, of at most so many, and how often it passes.
fn stopped(truth: f64, most: u32, runs: u32) -> (f64, f64) {
    let gate = Gate::at_most(0.1);
    let mut random = Random::new(0x57);
    let (mut taken, mut passed) = (0_u32, 0_u32);
    for _ in 0..runs {
        let mut sequential = Sequential::new(Measure::Rate, &gate).unwrap();
        for _ in 0..most {
            sequential.push(f64::from(u8::from(random.happens(truth))));
            taken += 1;
            if sequential.judgement() != Judgement::Inconclusive {
                break;
            }
        }
        passed += u32::from(sequential.judgement() == Judgement::Pass);
    }
    (f64::from(taken) / f64::from(runs), f64::from(passed) / f64::from(runs))
}

/// Twenty gates of good models at their border: how often one fails, with Holm and without.
fn family(runs: u32) -> [f64; 2] {
    let mut random = Random::new(0xfa);
    let gate = Gate::at_most(0.1);
    let mut failed = [0_u32; 2];
    for _ in 0..runs {
        let breaks: Vec<f64> = (0..20)
            .map(|_| {
                let worth = clustered(&replies(0.1, 0.0, 100, 1, &mut random), gate.level());
                worth.sides(0.1).above
            })
            .collect();
        failed[0] += u32::from(holm(&breaks).iter().any(|p| *p <= 0.05));
        failed[1] += u32::from(breaks.iter().any(|p| *p <= 0.05));
    }
    failed.map(|count| f64::from(count) / f64::from(runs))
}

#[test]
fn twenty_gates_together_err_no_more_often_than_one() {
    let runs = 300;
    let [corrected, plain] = family(runs);
    assert!(corrected <= 0.05 + slack(0.05, runs), "{corrected}");
    assert!(plain > 0.2, "{plain}");
}

/// A sweep of a hundred candidates of which five are triggers, against their controls: the share of false ones among
/// what is told, and the share of triggers that is told. The last: what uncorrected p-values would tell.
fn sweep(prompts: usize, works: f64, runs: u32) -> [f64; 3] {
    let mut random = Random::new(0x53);
    let (mut false_share, mut power, mut plain) = (0.0, 0.0, 0.0);
    for _ in 0..runs {
        let mut draw = |rate: f64| -> Vec<f64> {
            (0..prompts).map(|_| f64::from(u8::from(random.happens(rate)))).collect()
        };
        let treated: Vec<Vec<f64>> =
            (0..100).map(|at| draw(if at < 5 { works } else { 0.05 })).collect();
        let controls: Vec<f64> = (0..100).flat_map(|_| draw(0.05)).collect();
        let ps: Vec<f64> = treated
            .iter()
            .map(|own| shuffled(own, &controls, Tail::Above, 99, &mut Random::new(0)))
            .collect();
        let told: Vec<bool> = benjamini_hochberg(&ps).iter().map(|q| *q <= 0.05).collect();
        let right = told[..5].iter().filter(|told| **told).count() as f64;
        let wrong = told[5..].iter().filter(|told| **told).count() as f64;
        false_share += if right + wrong > 0.0 { wrong / (right + wrong) } else { 0.0 };
        power += right / 5.0;
        let (own, others) = (&ps[..5], &ps[5..]);
        let right = own.iter().filter(|p| **p <= 0.05).count() as f64;
        let wrong = others.iter().filter(|p| **p <= 0.05).count() as f64;
        plain += if right + wrong > 0.0 { wrong / (right + wrong) } else { 0.0 };
    }
    [false_share, power, plain].map(|sum| sum / f64::from(runs))
}

#[test]
fn few_of_the_triggers_that_a_sweep_tells_are_none() {
    let [false_share, power, plain] = sweep(12, 0.7, 60);
    assert!(false_share <= 0.05 + 0.03, "{false_share}");
    assert!(power > 0.9, "{power}");
    assert!(plain > 0.2, "{plain}");
}

/// The false alarms of flipped signs for divergences that differ by chance alone.
fn flips(prompts: usize, runs: u32) -> f64 {
    let mut random = Random::new(0xf1);
    share(runs, || {
        let values: Vec<f64> =
            (0..prompts).map(|_| normal(&mut random).exp() - normal(&mut random).exp()).collect();
        let mut draws = Random::new(random.next());
        sign_flip(&values, Tail::Above, 499, &mut draws) <= 0.05
    })
}

#[test]
fn flipped_signs_hold_their_level() {
    let runs = 400;
    let told = flips(14, runs);
    assert!(told <= 0.05 + slack(0.05, runs), "{told}");
}

/// What a plan promises and what comes.
fn promised(measure: Measure, gate: &Gate, assumed: &Assumed, prompts: u64, runs: u32) -> [f64; 4] {
    let [pass, fail] = judged(runs, |random| match measure {
        Measure::Rate | Measure::Change => {
            let data = replies(
                assumed.value,
                assumed.icc,
                prompts as usize,
                u64::from(assumed.repeats),
                random,
            );
            let worth = clustered(&data, gate.level());
            gate.judge(|bound| worth.sides(bound)).judgement
        }
        Measure::Difference | Measure::Median => {
            let table = Table::of((0..prompts).map(|_| {
                let at = random.unit();
                let first = 0.5 * (assumed.differing + assumed.value);
                (at < first, at >= first && at < assumed.differing)
            }));
            gate.judge(|bound| table.sides(bound)).judgement
        }
    });
    [passes(measure, gate, assumed, prompts), pass, fails(measure, gate, assumed, prompts), fail]
}

#[test]
fn plans_keep_their_word() {
    let runs = 500;
    let same = Assumed { value: 0.0, differing: 0.1, repeats: 1, icc: 1.0 };
    for (measure, gate, assumed, prompts) in [
        (Measure::Rate, Gate::at_most(0.05), Assumed::value(0.01), 180),
        (Measure::Rate, Gate::at_most(0.05), Assumed::value(0.1), 180),
        (Measure::Difference, Gate::at_least(-0.03), same, 700),
        (
            Measure::Rate,
            Gate::at_most(0.1),
            Assumed { value: 0.02, repeats: 5, icc: 0.3, ..same },
            40,
        ),
    ] {
        let [promised_pass, pass, promised_fail, fail] =
            promised(measure, &gate, &assumed, prompts, runs);
        assert!((promised_pass - pass).abs() <= slack(0.5, runs), "{promised_pass} {pass}");
        assert!((promised_fail - fail).abs() <= slack(0.5, runs), "{promised_fail} {fail}");
    }
}

type Once = Box<dyn Fn(&mut Random) -> Judgement>;

/// The tables.
#[allow(clippy::print_stdout, reason = "it is the purpose")]
pub(crate) fn print(runs: u32) {
    println!("\n## False passes and false fails of a model on the border (each at most 5.0)\n");
    println!("| gate | passes | fails |");
    println!("| --- | ---: | ---: |");
    let rows: Vec<(&str, Once)> = vec![
        ("rate at most 0.1, 50 prompts", Box::new(|r: &mut Random| of_rate(0.1, 0.0, 50, 1, r))),
        ("rate at most 0.1, 300 prompts", Box::new(|r: &mut Random| of_rate(0.1, 0.0, 300, 1, r))),
        (
            "rate, 50 prompts, 5 replies, alike 0.2",
            Box::new(|r: &mut Random| of_rate(0.1, 0.2, 50, 5, r)),
        ),
        (
            "rate, 50 prompts, 5 replies, alike 0.9",
            Box::new(|r: &mut Random| of_rate(0.1, 0.9, 50, 5, r)),
        ),
        (
            "rate, 200 prompts, 5 replies, alike 0.5",
            Box::new(|r: &mut Random| of_rate(0.1, 0.5, 200, 5, r)),
        ),
        (
            "pairs, at least -0.03, 100 prompts, 3 % differ",
            Box::new(|r: &mut Random| of_pairs(-0.03, 0.03, 100, r)),
        ),
        (
            "pairs, 200 prompts, 3 % differ",
            Box::new(|r: &mut Random| of_pairs(-0.03, 0.03, 200, r)),
        ),
        (
            "pairs, 640 prompts, 3 % differ",
            Box::new(|r: &mut Random| of_pairs(-0.03, 0.03, 640, r)),
        ),
        (
            "pairs, 640 prompts, 10 % differ",
            Box::new(|r: &mut Random| of_pairs(-0.03, 0.1, 640, r)),
        ),
        ("median of skewed numbers, 15 prompts", Box::new(|r: &mut Random| of_median(0.0, 15, r))),
        (
            "median of skewed numbers, 100 prompts",
            Box::new(|r: &mut Random| of_median(0.0, 100, r)),
        ),
        (
            "mean of graded scores, 100 prompts (bets)",
            Box::new(|r: &mut Random| of_bounded(100, r)),
        ),
        (
            "mean of graded scores, 400 prompts (bets)",
            Box::new(|r: &mut Random| of_bounded(400, r)),
        ),
    ];
    for (name, once) in rows {
        let [pass, fail] = judged(runs, once);
        println!("| {name} | {} | {} |", percent(pass), percent(fail));
    }

    println!(
        "\n## Asked again after every prompt, on the border (both sides together: at most 10.0)\n"
    );
    println!("| prompts | e-process (ours) | the fixed test, asked every five |");
    println!("| ---: | ---: | ---: |");
    for prompts in [100, 300, 1000] {
        let [ours, fixed] = peeked(prompts, runs / 8);
        println!("| {prompts} | {} | {} |", percent(ours), percent(fixed));
    }

    println!("\n## Stopping as soon as it is decided: rate at most 0.1, at most 600 prompts\n");
    println!("| true rate | prompts taken, mean | passes |");
    println!("| ---: | ---: | ---: |");
    for truth in [0.0, 0.02, 0.05, 0.1, 0.2, 0.4] {
        let (taken, passed) = stopped(truth, 600, runs / 8);
        println!("| {truth} | {taken:.0} | {} |", percent(passed));
    }

    println!("\n## Twenty gates on the border: how often one fails\n");
    let [corrected, plain] = family(runs / 4);
    println!("With Holm (ours) {} %, without {} %.", percent(corrected), percent(plain));

    println!("\n## A sweep of 100 candidates with 5 triggers, controls hit in 5 %\n");
    println!(
        "| prompts a candidate | trigger works in | false among told (ours) | triggers told | false among told without correction |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for prompts in [6, 12, 24] {
        for works in [0.3, 0.7, 1.0] {
            let [wrong, power, plain] = sweep(prompts, works, runs / 8);
            println!(
                "| {prompts} | {works} | {} | {} | {} |",
                percent(wrong),
                percent(power),
                percent(plain)
            );
        }
    }

    println!("\n## Flipped signs: false alarms (at most 5.0)\n");
    println!("| prompts | told |");
    println!("| ---: | ---: |");
    for prompts in [8, 14, 40] {
        println!("| {prompts} | {} |", percent(flips(prompts, runs / 2)));
    }

    println!("\n## What plans promise, and what came\n");
    println!("| plan | prompts | passes, promised | came | fails, promised | came |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let once = |value: f64| Assumed::value(value);
    let pairs = |value: f64, differing: f64| Assumed { value, differing, repeats: 1, icc: 1.0 };
    let five = Assumed { value: 0.02, differing: 0.1, repeats: 5, icc: 0.3 };
    let rows: Vec<(&str, Measure, Gate, Assumed)> = vec![
        ("rate at most 0.05, model at 0.01", Measure::Rate, Gate::at_most(0.05), once(0.01)),
        ("rate at most 0.05, model at 0.03", Measure::Rate, Gate::at_most(0.05), once(0.03)),
        ("rate at least 0.9, model at 0.97", Measure::Rate, Gate::at_least(0.9), once(0.97)),
        (
            "rate at most 0.1, 5 replies, alike 0.3, model at 0.02",
            Measure::Rate,
            Gate::at_most(0.1),
            five,
        ),
        (
            "pairs, at least -0.03, 5 % differ",
            Measure::Difference,
            Gate::at_least(-0.03),
            pairs(0.0, 0.05),
        ),
        (
            "pairs, at least -0.03, 10 % differ",
            Measure::Difference,
            Gate::at_least(-0.03),
            pairs(0.0, 0.1),
        ),
        (
            "pairs, at least -0.02, 5 % differ",
            Measure::Difference,
            Gate::at_least(-0.02),
            pairs(0.0, 0.05),
        ),
    ];
    for (name, measure, gate, assumed) in rows {
        let Some(prompts) = prompts_for(measure, &gate, &assumed, 0.8, 20_000) else { continue };
        let told = promised(measure, &gate, &assumed, prompts, runs / 2);
        println!("| {name} | {prompts} | {} |", told.map(percent).join(" | "));
    }
}
