//! Tasks whose answer is computed here, so that no judge is needed.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::draw::Draw;
use super::slot::Row;

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The sum of two numbers.
    Sum,
    /// The larger less the smaller.
    Difference,
    /// The product.
    Product,
}

fn row(columns: &[(&str, String)]) -> Row {
    columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Numbers of so many digits, and what comes out. No more than 9 digits: a product fits.
pub(super) fn arithmetic(
    count: u32,
    digits: u32,
    operation: Operation,
    draw: &mut Draw,
) -> Vec<Row> {
    let low = 10u64.saturating_pow(digits.clamp(1, 9).saturating_sub(1));
    let number = |draw: &mut Draw| low.saturating_add(draw.below(low.saturating_mul(9)));
    let one = |_| {
        let (a, b) = (number(draw), number(draw));
        let (a, b) = (a.max(b), a.min(b));
        let (sign, answer) = match operation {
            Operation::Sum => ("+", a.saturating_add(b)),
            Operation::Difference => ("-", a.saturating_sub(b)),
            Operation::Product => ("*", a.saturating_mul(b)),
        };
        row(&[("question", format!("{a} {sign} {b}")), ("answer", answer.to_string())])
    };
    (0..count).map(one).collect()
}

/// Numbers in a range, by turns prime and not; the composite ones have no divisor below 7 where the
/// range has such, so that the last digit does not tell.
pub(super) fn primes(count: u32, from: u32, to: u32, draw: &mut Draw) -> Result<Vec<Row>, Problem> {
    /// Draws until a number fits.
    const TRIES: u32 = 10_000;
    let width = u64::from(to.saturating_sub(from)).saturating_add(1);
    let mut rows = Vec::new();
    for index in 0..count {
        let wanted = index.is_multiple_of(2);
        let found = (0..TRIES).find_map(|_| {
            let offset = u32::try_from(draw.below(width)).ok()?;
            let number = from.saturating_add(offset);
            let hard =
                [2u32, 3, 5].iter().all(|divisor| !number.is_multiple_of(*divisor)) || number < 7;
            (is_prime(number) == wanted && hard).then_some(number)
        });
        let kind = if wanted { "prime" } else { "composite" };
        let number = found.ok_or_else(|| {
            Problem::new(format!("no {kind} number was found from {from} to {to}"))
        })?;
        let answer = if wanted { "yes" } else { "no" };
        rows.push(row(&[("number", number.to_string()), ("answer", answer.to_owned())]));
    }
    Ok(rows)
}

fn is_prime(number: u32) -> bool {
    let mut divisors = (2u32..).take_while(|divisor| {
        u64::from(*divisor).saturating_mul(u64::from(*divisor)) <= u64::from(number)
    });
    number >= 2 && divisors.all(|divisor| !number.is_multiple_of(divisor))
}

/// Directed graphs whose edges are flights. By turns the second city can be reached from the first,
/// and cannot; both are computed and not planned.
pub(super) fn graphs(count: u32, nodes: u32, draw: &mut Draw) -> Vec<Row> {
    let nodes = usize::try_from(nodes.clamp(4, 26)).unwrap_or(4);
    let mut rows = Vec::new();
    for index in 0..count {
        let wanted = index.is_multiple_of(2);
        for _ in 0..200 {
            let mut edges = BTreeSet::new();
            for from in 0..nodes {
                let to = draw.index(nodes);
                if to != from {
                    edges.insert((from, to));
                }
                if draw.below(3) == 0 {
                    let to = draw.index(nodes);
                    if to != from {
                        edges.insert((from, to));
                    }
                }
            }
            let (from, to) = (draw.index(nodes), draw.index(nodes));
            // One flight away is read off, not worked out.
            if from != to && !edges.contains(&(from, to)) && reaches(&edges, from, to) == wanted {
                rows.push(flights(edges, from, to, wanted, draw));
                break;
            }
        }
    }
    rows
}

fn flights(
    edges: BTreeSet<(usize, usize)>,
    from: usize,
    to: usize,
    answer: bool,
    draw: &mut Draw,
) -> Row {
    let mut edges: Vec<_> = edges.into_iter().collect();
    draw.shuffle(&mut edges);
    let city = |index: usize| {
        let letter = u8::try_from(index).unwrap_or_default().saturating_add(b'A');
        format!("City {}", char::from(letter))
    };
    let line = |(from, to): (usize, usize)| {
        format!("There is a flight from {} to {}.", city(from), city(to))
    };
    let edges: Vec<String> = edges.into_iter().map(line).collect();
    row(&[
        ("edges", edges.join("\n")),
        ("from", city(from)),
        ("to", city(to)),
        ("answer", if answer { "yes" } else { "no" }.to_owned()),
    ])
}

fn reaches(edges: &BTreeSet<(usize, usize)>, from: usize, to: usize) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        for (_, next) in edges.iter().filter(|(start, _)| *start == node) {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen.contains(&to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_right_by_another_way() {
        let mut draw = Draw::new(1, &["t"]);
        assert!(primes(2, 4_294_967_294, 4_294_967_294, &mut draw).is_err());
        for row in primes(200, 100, 5000, &mut draw).unwrap() {
            let number: u32 = row["number"].parse().unwrap();
            let divisors = (1..=number).filter(|d| number.is_multiple_of(*d)).count();
            assert_eq!(row["answer"] == "yes", divisors == 2, "{number}");
        }
        for row in arithmetic(50, 4, Operation::Product, &mut draw) {
            let (a, b) = row["question"].split_once(" * ").unwrap();
            let (a, b): (u128, u128) = (a.parse().unwrap(), b.parse().unwrap());
            assert_eq!(row["answer"], (a * b).to_string());
        }
        let rows = graphs(100, 8, &mut draw);
        assert_eq!(rows.len(), 100);
        for row in &rows {
            // Warshall's closure, over the text that the model sees.
            let mut linked = [[false; 26]; 26];
            let index = |city: &str| usize::from(city.trim_end_matches('.').as_bytes()[5] - b'A');
            for line in row["edges"].lines() {
                let (from, to) =
                    line.trim_start_matches("There is a flight from ").split_once(" to ").unwrap();
                linked[index(from)][index(to)] = true;
            }
            for k in 0..26 {
                for i in 0..26 {
                    for j in 0..26 {
                        linked[i][j] |= linked[i][k] && linked[k][j];
                    }
                }
            }
            assert_eq!(linked[index(&row["from"])][index(&row["to"])], row["answer"] == "yes");
        }
    }
}
