//! How often intervals hold the truth.

use behaviour::stats::bootstrap::{Boot, Sum, robust};
use behaviour::stats::bounded::Bounded;
use behaviour::stats::corrected::{Accuracy, rogan_gladen};
use behaviour::stats::paired::Table;
use behaviour::stats::random::Random;
use behaviour::stats::rank::Ranked;
use behaviour::stats::rate::{Worth, clopper_pearson, clustered, wilson};
use behaviour::stats::special::binomial_at;

use super::world::{normal, percent, pooled, rate, replies, share, slack};

const LEVEL: f64 = 0.95;

/// Coverage of clustered rates: ours, pooled replies, `BCa`, percentiles, robust.
fn of_rates(mean: f64, icc: f64, prompts: usize, runs: u32, draws: u32) -> [f64; 5] {
    let mut random = Random::new(0xc0_7e);
    let mut held = [0_u32; 5];
    for _ in 0..runs {
        let data = replies(mean, icc, prompts, 5, &mut random);
        let sums: Vec<Sum> = data.iter().map(|p| Sum { of: p.hits, count: p.asked }).collect();
        let ours = clustered(&data, LEVEL).interval(LEVEL);
        let theirs = pooled(&data, LEVEL);
        let mut holds =
            [ours.holds(mean), theirs.0 <= mean && mean <= theirs.1, false, false, false];
        if draws > 0 {
            let boot = Boot::draw(&sums, draws, &mut random).unwrap();
            holds[2] = boot.bca(LEVEL).holds(mean);
            holds[3] = boot.percentile(LEVEL).holds(mean);
            holds[4] = robust(&sums, LEVEL).unwrap().1.holds(mean);
        }
        for (count, holds) in held.iter_mut().zip(holds) {
            *count += u32::from(holds);
        }
    }
    held.map(|count| f64::from(count) / f64::from(runs))
}

#[test]
fn the_interval_of_repeated_prompts_holds_its_level_and_pooled_replies_do_not() {
    let runs = 300;
    for (mean, icc, prompts) in [(0.02, 0.5, 60), (0.1, 0.2, 60), (0.3, 0.9, 40), (0.5, 0.5, 20)] {
        let [ours, theirs, ..] = of_rates(mean, icc, prompts, runs, 0);
        assert!(ours >= LEVEL - slack(LEVEL, runs), "{mean} {icc} {prompts}: {ours}");
        assert!(theirs < ours && theirs < 0.93, "{mean} {icc} {prompts}: {theirs}");
    }
}

/// The exact coverage of an interval of a rate.
fn exact(rate: f64, asked: u64, made: impl Fn(u64) -> bool) -> f64 {
    (0..=asked).filter(|hits| made(*hits)).map(|hits| binomial_at(hits, asked, rate)).sum()
}

/// Least and mean coverage over rates, of Clopper-Pearson and of Wilson.
fn once(asked: u64) -> [(f64, f64); 2] {
    let cp: Vec<_> = (0..=asked).map(|hits| clopper_pearson(hits, asked, LEVEL)).collect();
    let w: Vec<_> = (0..=asked).map(|hits| wilson(hits, asked, LEVEL)).collect();
    [cp, w].map(|intervals| {
        let over: Vec<f64> = (1..500)
            .map(|at| f64::from(at) / 1000.0)
            .map(|rate| exact(rate, asked, |hits| intervals[hits as usize].holds(rate)))
            .collect();
        let least = over.iter().copied().fold(1.0, f64::min);
        (least, over.iter().sum::<f64>() / over.len() as f64)
    })
}

#[test]
fn clopper_pearson_never_falls_short() {
    for asked in [5, 20, 60] {
        let [(least, _), (wilson_least, wilson_mean)] = once(asked);
        assert!(least >= LEVEL - 1e-9, "{asked}: {least}");
        assert!(
            wilson_least < LEVEL && wilson_mean > 0.945,
            "{asked}: {wilson_least} {wilson_mean}"
        );
    }
}

/// Least coverage of the difference of pairs over shares of the two kinds of differing pairs, by counting all tables:
/// with the correction and without.
fn of_pairs(pairs: u64) -> [f64; 2] {
    let shares = [0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.3, 0.45];
    let mut least = [1.0_f64; 2];
    for first in shares {
        for second in shares {
            let truth = first - second;
            let either = first + second;
            let mut covered = [0.0; 2];
            for differ in 0..=pairs {
                let outer = binomial_at(differ, pairs, either);
                if outer < 1e-12 {
                    continue;
                }
                for b in 0..=differ {
                    let weight = outer
                        * if either > 0.0 { binomial_at(b, differ, first / either) } else { 1.0 };
                    let table =
                        Table { both: 0, first: b, second: differ - b, neither: pairs - differ };
                    let sides = table.sides(truth);
                    if sides.below > 0.025 && sides.above > 0.025 {
                        covered[0] += weight;
                    }
                    if weight > 1e-9 && table.tango_uncorrected(LEVEL).holds(truth) {
                        covered[1] += weight;
                    }
                }
            }
            for (least, covered) in least.iter_mut().zip(covered) {
                *least = least.min(covered);
            }
        }
    }
    least
}

#[test]
fn corrected_differences_of_pairs_hold_their_level() {
    let [corrected, plain] = of_pairs(30);
    assert!(corrected >= LEVEL - 0.002, "{corrected}");
    assert!(plain < corrected, "{plain}");
}

/// Coverage of the mean of bounded numbers: differences of three repeats.
fn of_bounded(prompts: usize, change: f64, runs: u32) -> f64 {
    let mut random = Random::new(0xb0);
    share(runs, || {
        let values: Vec<f64> = (0..prompts)
            .map(|_| {
                let own = rate(0.2, 0.4, &mut random);
                let with = (own + change).min(1.0);
                let hits = |rate: f64, random: &mut Random| {
                    (0..3).map(|_| f64::from(u8::from(random.happens(rate)))).sum::<f64>() / 3.0
                };
                hits(with, &mut random) - hits(own, &mut random)
            })
            .collect();
        // Rates above 1 are cut, which takes a little from the mean.
        let truth = mean_change(change);
        Bounded::new(&values, -1.0, 1.0).interval(LEVEL).holds(truth)
    })
}

fn mean_change(change: f64) -> f64 {
    if change == 0.0 {
        return 0.0;
    }
    let mut random = Random::new(1);
    let draws = 200_000;
    let sum: f64 = (0..draws)
        .map(|_| {
            let own = rate(0.2, 0.4, &mut random);
            (own + change).min(1.0) - own
        })
        .sum();
    sum / f64::from(draws)
}

#[test]
fn bets_hold_their_level() {
    let runs = 300;
    let covered = of_bounded(60, 0.0, runs);
    assert!(covered >= LEVEL - slack(LEVEL, runs), "{covered}");
}

/// Coverage of the median of skewed numbers, and of `BCa` for their mean.
fn of_skewed(prompts: usize, runs: u32) -> [f64; 2] {
    let mut random = Random::new(0x5e);
    let mut held = [0_u32; 2];
    for _ in 0..runs {
        let values: Vec<f64> = (0..prompts).map(|_| (1.5 * normal(&mut random)).exp()).collect();
        held[0] += u32::from(Ranked::new(&values).interval(LEVEL).holds(1.0));
        let sums: Vec<Sum> = values.iter().map(|value| Sum { of: *value, count: 1.0 }).collect();
        let boot = Boot::draw(&sums, 500, &mut random).unwrap();
        held[1] += u32::from(boot.bca(LEVEL).holds((1.5_f64 * 1.5 / 2.0).exp()));
    }
    held.map(|count| f64::from(count) / f64::from(runs))
}

#[test]
fn medians_of_skewed_numbers_hold_their_level() {
    let runs = 300;
    let [median, mean] = of_skewed(25, runs);
    assert!(median >= LEVEL - slack(LEVEL, runs), "{median}");
    assert!(mean < LEVEL, "the mean of such numbers has no such interval: {mean}");
}

/// Coverage of the rate behind a detector that errs: with its uncertainty, and without.
fn of_corrected(truth: f64, labelled: u64, runs: u32) -> [f64; 2] {
    let mut random = Random::new(0xd7);
    let (se, sp) = (0.96, 0.97);
    let mut held = [0_u32; 2];
    for _ in 0..runs {
        let mut count = |n: u64, p: f64| (0..n).map(|_| u64::from(random.happens(p))).sum::<u64>();
        let accuracy = Accuracy {
            with: labelled,
            called: count(labelled, se),
            without: labelled,
            let_be: count(labelled, sp),
        };
        let apparent = truth * se + (1.0 - truth) * (1.0 - sp);
        let seen = Worth { hits: count(300, apparent) as f64, asked: 300.0 };
        if let Some((_, interval)) = rogan_gladen(seen, &accuracy, LEVEL) {
            held[0] += u32::from(interval.holds(truth));
        }
        // As is done where sensitivity and specificity are taken as known: the ends of the interval, moved.
        let (se, sp) = (accuracy.sensitivity().unwrap(), accuracy.specificity().unwrap());
        let moved = |p: f64| (p + sp - 1.0) / (se + sp - 1.0);
        let interval = clopper_pearson(seen.hits as u64, 300, LEVEL);
        held[1] += u32::from(moved(interval.low) <= truth && truth <= moved(interval.high));
    }
    held.map(|count| f64::from(count) / f64::from(runs))
}

#[test]
fn the_errors_of_a_detector_are_carried_along() {
    let runs = 400;
    let [ours, fixed] = of_corrected(0.3, 60, runs);
    assert!(ours >= LEVEL - slack(LEVEL, runs), "{ours}");
    assert!(fixed < ours, "{fixed}");
}

/// The tables.
#[allow(clippy::print_stdout, reason = "it is the purpose")]
pub(crate) fn print(runs: u32) {
    println!("\n## Rates, five replies to a prompt\n");
    println!(
        "| rate | alike | prompts | ours (Korn-Graubard) | pooled bootstrap (garak) | BCa by prompts | percentiles by prompts | robust, Student |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut least = [1.0_f64; 5];
    for mean in [0.02, 0.1, 0.3, 0.5] {
        for icc in [0.0, 0.2, 0.5, 0.9] {
            for prompts in [20, 60, 200] {
                let told = of_rates(mean, icc, prompts, runs, 600);
                for (least, told) in least.iter_mut().zip(told) {
                    *least = least.min(told);
                }
                let cells: Vec<String> = told.iter().map(|share| percent(*share)).collect();
                println!("| {mean} | {icc} | {prompts} | {} |", cells.join(" | "));
            }
        }
    }
    println!("| least | | | {} |", least.map(percent).join(" | "));

    println!("\n## Rates, each prompt once: exact coverage over the rates 0.001 to 0.499\n");
    println!("| prompts | Clopper-Pearson least | mean | Wilson least | mean |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for asked in [10, 30, 100, 300] {
        let [cp, w] = once(asked);
        println!(
            "| {asked} | {} | {} | {} | {} |",
            percent(cp.0),
            percent(cp.1),
            percent(w.0),
            percent(w.1)
        );
    }

    println!("\n## Differences of pairs: least exact coverage over 64 pairs of shares\n");
    println!("| pairs | Tango, corrected (ours) | Tango |");
    println!("| ---: | ---: | ---: |");
    for pairs in [20, 50, 100, 200] {
        let [corrected, plain] = of_pairs(pairs);
        println!("| {pairs} | {} | {} |", percent(corrected), percent(plain));
    }

    println!("\n## Differences of three repeats: bets\n");
    println!("| prompts | change | coverage |");
    println!("| ---: | ---: | ---: |");
    for prompts in [20, 60, 200] {
        for change in [0.0, 0.3] {
            println!("| {prompts} | {change} | {} |", percent(of_bounded(prompts, change, runs)));
        }
    }

    println!("\n## Skewed numbers (log-normal, sigma 1.5)\n");
    println!("| prompts | median, order statistics (ours) | mean, BCa |");
    println!("| ---: | ---: | ---: |");
    for prompts in [10, 30, 100, 300] {
        let [median, mean] = of_skewed(prompts, runs);
        println!("| {prompts} | {} | {} |", percent(median), percent(mean));
    }

    println!("\n## The rate behind a detector (sensitivity 0.96, specificity 0.97), 300 prompts\n");
    println!(
        "| true rate | labelled replies, each side | ours (Lang-Reiczigel) | taken as known |"
    );
    println!("| ---: | ---: | ---: | ---: |");
    for truth in [0.02, 0.1, 0.3, 0.7, 0.95] {
        for labelled in [50, 200, 1000] {
            let [ours, fixed] = of_corrected(truth, labelled, runs);
            println!("| {truth} | {labelled} | {} | {} |", percent(ours), percent(fixed));
        }
    }
}
