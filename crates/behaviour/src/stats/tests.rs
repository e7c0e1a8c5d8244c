//! Held against scipy and statsmodels, and at the edges where there is nothing to go by.

#![allow(clippy::float_cmp, reason = "ends of ranges are exact")]

use serde_json::Value;

use super::bootstrap::{Boot, Sum};
use super::bounded::Bounded;
use super::corrected::{Accuracy, rogan_gladen};
use super::gate::{Gate, Measure, Sides};
use super::multiple::{benjamini_hochberg, holm};
use super::paired::Table;
use super::permute::{Tail, shuffled, sign_flip};
use super::power::{Assumed, detects, fails, passes, prompts_for};
use super::random::Random;
use super::rank::Ranked;
use super::rate::{Tally, Worth, clopper_pearson, clustered, wilson};
use super::sequential::{Bet, Sequential};
use super::special::*;
use super::*;

fn oracle(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("oracle.json")).unwrap();
    all[name].as_array().unwrap_or_else(|| panic!("{name}")).clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

#[track_caller]
fn near(ours: f64, theirs: f64, relative: f64) {
    let off = (ours - theirs).abs();
    assert!(off <= relative * theirs.abs() + 1e-15, "{ours} is not {theirs}");
}

#[test]
fn distributions_are_those_of_scipy() {
    let each = |name: &str, ours: &dyn Fn(&[f64]) -> f64, relative: f64| {
        for row in oracle(name) {
            let row = numbers(&row);
            let (theirs, arguments) = row.split_last().unwrap();
            let made = ours(arguments);
            let off = (made - theirs).abs();
            assert!(
                off <= relative * theirs.abs() + 2e-15,
                "{name} {arguments:?}: {made} is not {theirs}"
            );
        }
    };
    each("ln_gamma", &|x| ln_gamma(x[0]), 1e-13);
    each("beta_cdf", &|x| beta_cdf(x[0], x[1], x[2]), 1e-9);
    each("beta_quantile", &|x| beta_quantile(x[0], x[1], x[2]), 1e-9);
    each("normal_cdf", &|x| normal_cdf(x[0]), 1e-11);
    assert_eq!([f64::NEG_INFINITY, f64::INFINITY].map(normal_cdf), [0.0, 1.0]);
    each("normal_quantile", &|x| normal_quantile(x[0]), 1e-11);
    each("student_quantile", &|x| student_quantile(x[0], x[1]), 1e-8);
    each("student_cdf", &|x| student_cdf(x[0], x[1]), 1e-10);
    each("binomial_cdf", &|x| binomial_cdf(whole(x[0]), whole(x[1]), x[2]), 1e-9);
    each("binomial_at", &|x| binomial_at(whole(x[0]), whole(x[1]), x[2]), 1e-10);
}

#[test]
fn intervals_are_those_of_statsmodels() {
    type Made = fn(u64, u64, f64) -> Interval;
    for (name, made) in [("wilson", wilson as Made), ("clopper_pearson", clopper_pearson as Made)] {
        for row in oracle(name) {
            let row = numbers(&row);
            let ours = made(whole(row[0]), whole(row[1]), row[2]);
            near(ours.low, row[3], 1e-9);
            near(ours.high, row[4], 1e-9);
        }
    }
    for row in oracle("robust") {
        let (sums, counts) = (numbers(&row[0]), numbers(&row[1]));
        let prompts: Vec<Sum> =
            sums.iter().zip(&counts).map(|(of, count)| Sum { of: *of, count: *count }).collect();
        let (value, interval) = bootstrap::robust(&prompts, 0.95).unwrap();
        near(value, number(&row[2]), 1e-9);
        // statsmodels has a further factor of (n - 1) / (n - 1) for one parameter: none.
        near(interval.low, number(&row[3]), 1e-3);
        near(interval.high, number(&row[4]), 1e-3);
    }
    for row in oracle("median") {
        let ranked = Ranked::new(&numbers(&row[0]));
        near(ranked.median().unwrap(), number(&row[1]), 1e-12);
        let interval = ranked.interval(0.95);
        for (ours, theirs) in [(interval.low, &row[2]), (interval.high, &row[3])] {
            match theirs.as_f64() {
                Some(theirs) => near(ours, theirs, 1e-12),
                None => assert!(ours.is_infinite()),
            }
        }
    }
}

#[test]
fn pairs_are_those_of_statsmodels() {
    let table = |row: &[f64]| Table {
        both: whole(row[0]),
        first: whole(row[1]),
        second: whole(row[2]),
        neither: whole(row[3]),
    };
    for row in oracle("mcnemar") {
        let row = numbers(&row);
        let ours = table(&row).mcnemar();
        near(ours.exact, row[4], 1e-9);
        near(ours.mid, row[5], 1e-9);
    }
    for row in oracle("newcombe") {
        let row = numbers(&row);
        let ours = table(&row).newcombe(row[4]);
        near(ours.low, row[5], 1e-9);
        near(ours.high, row[6], 1e-9);
    }
    // The likelihood there is maximised by search, to some six digits.
    for row in oracle("tango") {
        let row = numbers(&row);
        let ours = table(&row).tango_uncorrected(row[4]);
        assert!((ours.low - row[5]).abs() < 2e-6, "{row:?} {ours:?}");
        assert!((ours.high - row[6]).abs() < 2e-6, "{row:?} {ours:?}");
        let corrected = table(&row).tango(row[4]);
        assert!(corrected.low <= ours.low && corrected.high >= ours.high);
    }
}

#[test]
fn many_questions_and_signs_are_those_of_scipy() {
    for (name, made) in
        [("holm", holm as fn(&[f64]) -> Vec<f64>), ("benjamini_hochberg", benjamini_hochberg)]
    {
        for row in oracle(name) {
            for (ours, theirs) in made(&numbers(&row[0])).iter().zip(numbers(&row[1])) {
                near(*ours, theirs, 1e-12);
            }
        }
    }
    for row in oracle("sign_flip") {
        let differences = numbers(&row[0]);
        for (tail, name) in [(Tail::Above, "above"), (Tail::Below, "below"), (Tail::Both, "both")] {
            let ours = sign_flip(&differences, tail, 999, &mut Random::new(1));
            near(ours, number(&row[1][name]), 1e-9);
        }
    }
    for row in oracle("fisher") {
        let row = numbers(&row);
        let group = |hits: f64, all: f64| {
            (0..whole(all)).map(|at| f64::from(u8::from(real(at) < hits))).collect::<Vec<_>>()
        };
        let (own, others) = (group(row[0], row[1]), group(row[2], row[3]));
        for (tail, theirs) in [(Tail::Above, row[4]), (Tail::Below, row[5])] {
            near(shuffled(&own, &others, tail, 99, &mut Random::new(1)), theirs, 1e-9);
        }
    }
    let all = oracle("bootstrap");
    let values = numbers(&all[0]);
    let sums: Vec<Sum> = values.iter().map(|value| Sum { of: *value, count: 1.0 }).collect();
    let drawn = Boot::draw(&sums, 4000, &mut Random::new(5)).unwrap();
    for (ours, theirs) in [(drawn.bca(0.95), &all[1]), (drawn.percentile(0.95), &all[2])] {
        // Two sets of draws differ; the interval is some 0.6 wide.
        assert!((ours.low - number(&theirs[0])).abs() < 0.03, "{ours:?} {theirs}");
        assert!((ours.high - number(&theirs[1])).abs() < 0.03, "{ours:?} {theirs}");
    }
}

#[test]
fn sampled_signs_agree_with_all_of_them() {
    let differences =
        [0.9, -0.2, 0.4, 0.7, -0.1, 0.6, 0.3, -0.5, 0.8, 0.2, 0.1, -0.3, 0.5, 0.4, 0.6, -0.2];
    let all = sign_flip(&differences, Tail::Above, 0, &mut Random::new(1));
    let mut more = differences.to_vec();
    more.push(1e-9);
    let sampled = sign_flip(&more, Tail::Above, 20_000, &mut Random::new(1));
    assert!((all - sampled).abs() < 0.003, "{all} {sampled}");
}

/// Nothing, everything, one prompt, no numbers: documented results, and no panic.
#[test]
fn nothing_says_nothing() {
    let unit = Interval::new(0.0, 1.0);
    assert_eq!(wilson(0, 0, 0.95), unit);
    assert_eq!(clopper_pearson(0, 0, 0.95), unit);
    assert_eq!(clopper_pearson(5, 3, 0.95).high, 1.0);
    assert_eq!(clopper_pearson(0, 10, 0.95).low, 0.0);
    assert_eq!(clopper_pearson(10, 10, 0.95).high, 1.0);
    let nan = Tally { hits: f64::NAN, asked: 1.0 };
    assert_eq!(clustered(&[nan], 0.95).interval(0.95), unit);
    // One prompt, however often it was asked, is worth one.
    assert_eq!(clustered(&[Tally::new(500, 1000)], 0.95).asked, 1.0);
    assert_eq!(clustered(&[Tally::new(0, 5); 20], 0.95), Worth { hits: 0.0, asked: 20.0 });
    assert_eq!(Worth { hits: 0.0, asked: 0.0 }.sides(0.5), Sides::UNKNOWN);

    let none = Bounded::new(&[f64::NAN, f64::INFINITY], -1.0, 1.0);
    assert_eq!((none.mean(), none.interval(0.95)), (None, Interval::new(-1.0, 1.0)));
    assert_eq!(none.sides(0.0), Sides::UNKNOWN);
    let one = Bounded::new(&[7.0], 0.0, 1.0);
    assert_eq!((one.mean(), one.interval(0.95).high), (Some(1.0), 1.0));
    let same = Bounded::new(&[0.0; 50], 0.0, 1.0).interval(0.9);
    assert!(same.low == 0.0 && (0.05..0.15).contains(&same.high), "{same:?}");

    let empty = Table::default();
    assert_eq!(empty.difference(), None);
    assert_eq!(empty.tango(0.95), Interval::new(-1.0, 1.0));
    assert_eq!(empty.newcombe(0.95), Interval::new(-1.0, 1.0));
    assert_eq!(empty.mcnemar().exact, 1.0);
    assert_eq!(empty.sides(0.1), Sides::UNKNOWN);
    for table in [
        Table { both: 5, ..empty },
        Table { neither: 5, ..empty },
        Table { first: 5, ..empty },
        Table { second: 5, ..empty },
    ] {
        let value = table.difference().unwrap();
        for interval in [table.tango(0.95), table.tango_uncorrected(0.95), table.newcombe(0.95)] {
            assert!(interval.holds(value), "{table:?} {interval:?}");
        }
    }

    assert!(Boot::draw(&[], 10, &mut Random::new(0)).is_none());
    let alone = Sum { of: 1.0, count: 2.0 };
    assert!(Boot::draw(&[alone], 10, &mut Random::new(0)).is_none());
    assert!(bootstrap::robust(&[alone], 0.95).is_none());
    let flat = Boot::draw(&[alone; 9], 50, &mut Random::new(0)).unwrap();
    assert_eq!(flat.bca(0.95), Interval::new(0.5, 0.5));

    assert_eq!(Ranked::new(&[f64::NAN]).median(), None);
    assert_eq!(Ranked::new(&[1.0]).interval(0.95).low, f64::NEG_INFINITY);
    assert_eq!(Ranked::new(&[]).sides(1.0), Sides::UNKNOWN);

    for tail in [Tail::Above, Tail::Below, Tail::Both] {
        assert_eq!(sign_flip(&[f64::NAN, 0.0], tail, 9, &mut Random::new(0)), 1.0);
    }
    assert_eq!(holm(&[]), Vec::<f64>::new());
    assert_eq!(holm(&[f64::NAN]), [1.0]);
    assert_eq!(benjamini_hochberg(&[f64::NAN, 0.01]), [1.0, 0.02]);

    let never = Accuracy { with: 0, called: 0, without: 0, let_be: 0 };
    let seen = Worth { hits: 1.0, asked: 9.0 };
    assert_eq!(rogan_gladen(seen, &never, 0.95), None);
    let coin = Accuracy { with: 10, called: 5, without: 10, let_be: 5 };
    assert_eq!(rogan_gladen(seen, &coin, 0.95), None);

    assert_eq!(pilot::alike(&[]), None);
    assert_eq!(pilot::alike(&[Tally::new(1, 1); 4]), None);
    assert_eq!(random::Random::new(3).below(0), 0);
    for wrong in [f64::NAN, 0.0, 1.0, -3.0] {
        assert_eq!(wilson(1, 9, wrong), wilson(1, 9, 0.95));
    }
    for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1.0, 1e300] {
        for y in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300, 1e300] {
            let _ = (ln_gamma(x), beta_cdf(0.5, x, y), normal_cdf(x), normal_quantile(x));
            let _ = (student_cdf(x, y), binomial_at(3, 5, x), student_quantile(0.1, x));
        }
    }
}

#[test]
fn a_gate_judges_both_sides() {
    let gate = Gate::at_most(0.1);
    let judged = |hits, asked| {
        let seen = Worth { hits, asked };
        gate.judge(|bound| seen.sides(bound)).judgement
    };
    assert_eq!(judged(0.0, 40.0), Judgement::Pass);
    assert_eq!(judged(0.0, 10.0), Judgement::Inconclusive);
    assert_eq!(judged(30.0, 100.0), Judgement::Fail);
    assert_eq!(judged(0.0, 0.0), Judgement::Inconclusive);
    // What the judgement says, the interval of the gate's level shows.
    for asked in [5_u32, 29, 60, 200] {
        for hits in 0..=asked {
            let seen = Worth { hits: f64::from(hits), asked: f64::from(asked) };
            let interval = seen.interval(gate.level());
            let shown = if interval.high <= 0.1 {
                Judgement::Pass
            } else if interval.low >= 0.1 {
                Judgement::Fail
            } else {
                Judgement::Inconclusive
            };
            assert_eq!(gate.judge(|bound| seen.sides(bound)).judgement, shown, "{hits} of {asked}");
        }
    }
    let both = Gate { at_least: Some(-0.1), ..Gate::at_most(0.1) };
    let same = Table { both: 200, neither: 200, ..Table::default() };
    assert_eq!(both.judge(|bound| same.sides(bound)).judgement, Judgement::Pass);
    let worse = Table { second: 90, neither: 110, ..Table::default() };
    assert_eq!(both.judge(|bound| worse.sides(bound)).judgement, Judgement::Fail);
    assert_eq!(both.wrong(Measure::Difference), None);
    for (gate, measure) in [
        (Gate::at_most(1.5), Measure::Rate),
        (Gate::at_most(f64::NAN), Measure::Median),
        (Gate { at_most: None, ..both }, Measure::Rate),
        (Gate { at_least: Some(0.2), ..both }, Measure::Difference),
        (Gate { confidence: 1.0, ..both }, Measure::Difference),
        (Gate { at_most: None, at_least: None, ..both }, Measure::Difference),
    ] {
        assert!(gate.wrong(measure).is_some(), "{gate:?}");
    }
}

#[test]
fn watching_and_looking_once_are_one_bet() {
    let values: Vec<f64> = (0..60).map(|at| f64::from(u8::from(at % 5 == 0))).collect();
    let whole = Bounded::new(&values, 0.0, 1.0).sides(0.5);
    let mut bet = Bet::below(0.5, 0.0, 1.0);
    for value in values.iter().copied().chain([f64::NAN]) {
        bet.push(value);
    }
    near(1.0 / bet.capital(), whole.below, 1e-9);
    assert!(bet.p() <= whole.below && bet.seen() == 60);
    let mut gate = Sequential::new(Measure::Rate, &Gate::at_most(0.5)).unwrap();
    assert_eq!(gate.judgement(), Judgement::Inconclusive);
    for value in &values {
        gate.push(*value);
    }
    assert_eq!(gate.judgement(), Judgement::Pass);
    assert!(Sequential::new(Measure::Median, &Gate::at_most(0.5)).is_none());
}

#[test]
fn a_plan_counts_what_the_gate_will_do() {
    let gate = Gate::at_most(0.05);
    let assumed = Assumed::value(0.01);
    let prompts = prompts_for(Measure::Rate, &gate, &assumed, 0.8, 100_000).unwrap();
    assert!((100..220).contains(&prompts), "{prompts}");
    assert!(passes(Measure::Rate, &gate, &assumed, prompts) >= 0.8);
    assert!(passes(Measure::Rate, &gate, &assumed, prompts / 2) < 0.8);
    // On the border it passes no more often than it may.
    let border = passes(Measure::Rate, &gate, &Assumed::value(0.05), prompts);
    assert!(border <= 0.05, "{border}");
    let found = detects(Measure::Rate, &gate, &assumed, 0.8, prompts).unwrap();
    assert!((0.009..0.05).contains(&found), "{found}");
    assert!(fails(Measure::Rate, &gate, &Assumed::value(0.2), prompts) > 0.99);

    // A copy that is as its original, of whose replies a tenth differ, and a margin of three points.
    let margin = Gate::at_least(-0.03);
    let same = Assumed { value: 0.0, differing: 0.1, repeats: 1, icc: 1.0 };
    let prompts = prompts_for(Measure::Difference, &margin, &same, 0.8, 100_000).unwrap();
    assert!((600..900).contains(&prompts), "{prompts}");
    assert!(
        passes(Measure::Difference, &margin, &Assumed { value: -0.03, ..same }, prompts) <= 0.05
    );

    // Repeats of prompts that always answer alike are worth nothing.
    let alike = Assumed { repeats: 5, icc: 1.0, ..assumed };
    assert_eq!(
        passes(Measure::Rate, &gate, &alike, 150).to_bits(),
        passes(Measure::Rate, &gate, &assumed, 150).to_bits()
    );
    // Those of prompts that do not are worth something, where enough prompts have hits.
    let (half, often) = (Gate::at_most(0.5), Assumed::value(0.4));
    let apart = Assumed { repeats: 5, icc: 0.0, ..often };
    assert!(
        passes(Measure::Rate, &half, &apart, 60) > passes(Measure::Rate, &half, &often, 60) + 0.1
    );
    let median = Gate::at_most(0.1);
    assert!(passes(Measure::Median, &median, &Assumed::value(0.1), 30) > 0.9);
    assert_eq!(prompts_for(Measure::Rate, &gate, &Assumed::value(0.05), 0.8, 1000), None);
    assert_eq!(passes(Measure::Rate, &gate, &assumed, 0), 0.0);
    let repeated = Assumed { repeats: 3, icc: 0.2, value: 0.0, differing: 0.1 };
    assert!(passes(Measure::Difference, &Gate::at_least(-0.2), &repeated, 100) > 0.9);
}

#[test]
fn a_pilot_tells_how_alike_repeats_are() {
    // Prompts that always do or never do.
    let sure: Vec<Tally> =
        (0..40).map(|at| Tally::new(if at % 4 == 0 { 5 } else { 0 }, 5)).collect();
    let told = pilot::alike(&sure).unwrap();
    assert!(
        (told.icc - 1.0).abs() < 1e-9 && told.best_repeats(1.0) == 1.0 && told.beta().is_none()
    );
    near(told.design_effect(5.0), 5.0, 1e-9);
    // Prompts of one rate.
    let mut random = Random::new(4);
    let loose: Vec<Tally> = (0..400)
        .map(|_| Tally::new((0..5).map(|_| u64::from(random.happens(0.3))).sum(), 5))
        .collect();
    let told = pilot::alike(&loose).unwrap();
    assert!(told.icc < 0.05, "{told:?}");
    // The beta-binomial in between.
    let mixed: Vec<Tally> = (0..2000)
        .map(|_| {
            // A beta(1, 1) of rates: the correlation is 1/3.
            let rate = random.unit();
            Tally::new((0..4).map(|_| u64::from(random.happens(rate))).sum(), 4)
        })
        .collect();
    let told = pilot::alike(&mixed).unwrap();
    assert!((told.icc - 1.0 / 3.0).abs() < 0.04, "{told:?}");
    let (a, b) = told.beta().unwrap();
    assert!((a - 1.0).abs() < 0.2 && (b - 1.0).abs() < 0.2);
}
