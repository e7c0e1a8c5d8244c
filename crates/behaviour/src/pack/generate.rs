//! From a pack to its cases.

use std::collections::{BTreeMap, BTreeSet};

use super::draw::Draw;
use super::slot::{Row, Slot, like, named, plain};
use super::template::{Values, fill};
use super::{Combine, Line, Pack, Probe, Problem, Side, is_id};
use crate::case::{Arm, Case};
use crate::target::{Call, Decode, Message, Prompt, Role};

/// Cases of one pack, at most.
pub const MAX_CASES: usize = 100_000;
/// Bytes of all prompts of one pack, at most.
pub const MAX_TEXT: usize = 64 << 20;

impl Pack {
    /// The cases, in the order in which they are asked. The same pack and seed give the same.
    pub fn generate(&self, seed: u64) -> Result<Vec<Case>, Problem> {
        if !is_id(&self.id) {
            return Err(Problem::new("the id of a pack has small letters, digits and hyphens"));
        }
        let mut cases = Vec::new();
        let mut text = 0usize;
        let mut ids = BTreeSet::new();
        for probe in &self.probes {
            let name = format!("{}/{}", self.id, probe.id);
            if !is_id(&probe.id) {
                let cause = "the id of a probe has small letters, digits and hyphens";
                return Err(Problem::new(cause).of(&name));
            }
            if !ids.insert(&probe.id) {
                return Err(Problem::new("two probes have this id").of(&name));
            }
            let mut maker = Maker { probe, name: &name, seed, cases: &mut cases, text: &mut text };
            maker.run().map_err(|problem| problem.of(&name))?;
        }
        Ok(cases)
    }
}

struct Maker<'a> {
    probe: &'a Probe,
    name: &'a str,
    seed: u64,
    cases: &'a mut Vec<Case>,
    text: &'a mut usize,
}

/// The values of one slot.
struct Axis<'a> {
    name: &'a str,
    slot: &'a Slot,
    rows: Vec<Row>,
}

impl Maker<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        let probe = self.probe;
        let mut axes = Vec::new();
        for (name, slot) in &probe.slots {
            let of = |problem: Problem| problem.of(&format!("slot `{name}`"));
            let mut draw = Draw::new(self.seed, &[self.name, "slot", name]);
            let rows = slot.rows(&mut draw).map_err(of)?;
            if rows.is_empty() {
                return Err(of(Problem::new("it has no value")));
            }
            axes.push(Axis { name, slot, rows });
        }
        let arms: u128 = if probe.pairs.is_some() { 2 } else { 1 };
        let repeats = probe.repeats.max(1);
        let combinations = count(probe.combine, &axes)?;
        let total = combinations.saturating_mul(arms).saturating_mul(u128::from(repeats));
        if total.saturating_add(self.cases.len() as u128) > MAX_CASES as u128 {
            let cause = format!("it makes {total} cases, and a pack has at most {MAX_CASES}");
            return Err(Problem::new(cause).hint("draw some of them: `combine: {sample: 500}`"));
        }
        let mut clusters = BTreeSet::new();
        for index in indices(probe.combine, &axes, combinations, self.seed, self.name) {
            let values = self.values(&axes, index)?;
            let cluster = cluster(self.name, probe.version, &values);
            // A list that holds a value twice asks nothing new.
            if !clusters.insert(cluster.clone()) {
                continue;
            }
            for repeat in 0..repeats {
                match &probe.pairs {
                    None => self.case(&cluster, Arm::Only, repeat, &values, None)?,
                    Some(pairs) => {
                        self.case(&cluster, Arm::Control, repeat, &values, Some(&pairs.control))?;
                        self.case(
                            &cluster,
                            Arm::Treatment,
                            repeat,
                            &values,
                            Some(&pairs.treatment),
                        )?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The values of one combination; texts that resemble another are drawn last.
    fn values(&self, axes: &[Axis<'_>], index: u128) -> Result<Values, Problem> {
        let mut values = Values::new();
        let mut resembling = Vec::new();
        for (axis, place) in axes.iter().zip(places(self.probe.combine, axes, index)) {
            let row = axis.rows.get(place).cloned().unwrap_or_default();
            if let Slot::Like { slot, .. } = axis.slot {
                resembling.push((axis.name, slot, row));
            } else {
                named(axis.name, &row, &mut values);
            }
        }
        for (name, other, row) in resembling {
            let Some(model) = values.get(other).cloned() else {
                let cause =
                    format!("slot `{name}`: no slot is named `{other}` that it could be like");
                return Err(Problem::new(cause));
            };
            let which = row.get("").map(String::as_str).unwrap_or_default();
            let mut draw = Draw::new(self.seed, &[self.name, "like", name, &model, which]);
            named(name, &plain(like(&model, &mut draw)), &mut values);
        }
        Ok(values)
    }

    fn case(
        &mut self,
        cluster: &str,
        arm: Arm,
        repeat: u32,
        values: &Values,
        side: Option<&Side>,
    ) -> Result<(), Problem> {
        let probe = self.probe;
        let mut slots = values.clone();
        for (name, template) in side.iter().flat_map(|side| &side.set) {
            slots.insert(name.clone(), fill(template, values).map_err(Problem::new)?);
        }
        let expect = side.and_then(|side| side.expect.as_ref()).or(probe.expect.as_ref());
        if let Some(expect) = expect {
            let expect = fill(expect, &slots).map_err(Problem::new)?;
            slots.insert("expect".to_owned(), expect);
        }
        let lines = side.map(|side| &side.prompt).filter(|lines| !lines.is_empty());
        let prompt = prompt(lines.unwrap_or(&probe.prompt), &slots)?;
        let length = match &prompt {
            Prompt::Text(text) => text.len(),
            Prompt::Chat(messages) => messages.iter().map(|message| message.content.len()).sum(),
        };
        let held: usize = slots.values().map(String::len).sum();
        *self.text = self.text.saturating_add(length).saturating_add(held);
        if *self.text > MAX_TEXT {
            let cause = format!("its prompts have more than {} MiB", MAX_TEXT >> 20);
            return Err(Problem::new(cause).hint("draw some of them: `combine: {sample: 500}`"));
        }
        let settings = &probe.decode;
        // Both sides of a pair draw the same numbers: they differ in what is tried alone.
        let mut draw = Draw::new(self.seed, &[cluster, &repeat.to_string()]);
        self.cases.push(Case {
            probe: self.name.to_owned(),
            version: probe.version,
            cluster: cluster.to_owned(),
            arm,
            repeat,
            call: Call {
                prompt,
                decode: Decode {
                    max_tokens: settings.max_tokens,
                    temperature: settings.temperature,
                    top_p: settings.top_p,
                    // Servers take it as a signed number of 32 bits.
                    seed: draw.below(1 << 31),
                    stop: settings.stop.clone(),
                    top_logprobs: settings.top_logprobs,
                },
            },
            slots,
        });
        Ok(())
    }
}

fn prompt(lines: &[Line], slots: &Values) -> Result<Prompt, Problem> {
    let text = |template: &str| fill(template, slots).map_err(Problem::new);
    if let [Line::Text(only)] = lines {
        return Ok(Prompt::Text(text(only)?));
    }
    if lines.is_empty() {
        return Err(Problem::new("it has no prompt"));
    }
    let message = |line: &Line| {
        let role = match line {
            Line::System(_) => Role::System,
            Line::User(_) => Role::User,
            Line::Assistant(_) => Role::Assistant,
            Line::Text(_) => {
                return Err(Problem::new("a `text` stands among messages")
                    .hint("a prompt is one `text` or messages"));
            }
        };
        Ok(Message { role, content: text(line.text())? })
    };
    Ok(Prompt::Chat(lines.iter().map(message).collect::<Result<_, _>>()?))
}

/// The digest of what the prompt is made of: the unit of the statistics.
fn cluster(name: &str, version: u32, values: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [name, &version.to_string()]
        .into_iter()
        .chain(values.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]))
    {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(16).collect()
}

/// How many combinations are asked.
fn count(combine: Combine, axes: &[Axis<'_>]) -> Result<u128, Problem> {
    let all = axes.iter().fold(1u128, |all, axis| all.saturating_mul(axis.rows.len() as u128));
    match combine {
        Combine::Cartesian => Ok(all),
        Combine::Sample(some) => Ok(all.min(u128::from(some))),
        Combine::Zip => {
            let mut lengths = axes.iter().map(|axis| axis.rows.len());
            let first = lengths.next().unwrap_or(1);
            match axes.iter().find(|axis| axis.rows.len() != first) {
                None => Ok(first as u128),
                Some(axis) => Err(Problem::new(format!(
                    "slots are zipped, and `{}` has {} values where another has {first}",
                    axis.name,
                    axis.rows.len()
                ))),
            }
        }
    }
}

/// Which combinations are asked.
fn indices(combine: Combine, axes: &[Axis<'_>], count: u128, seed: u64, name: &str) -> Vec<u128> {
    let all = axes.iter().fold(1u128, |all, axis| all.saturating_mul(axis.rows.len() as u128));
    if !matches!(combine, Combine::Sample(_)) || count == all {
        return (0..count).collect();
    }
    let bound = u64::try_from(all).unwrap_or(u64::MAX);
    let mut draw = Draw::new(seed, &[name, "sample"]);
    let mut drawn = BTreeSet::new();
    let mut order = Vec::new();
    while (order.len() as u128) < count {
        // More than half of them: the ones that are left out are drawn instead.
        if count.saturating_mul(2) > all {
            let mut every: Vec<u128> = (0..all).collect();
            draw.shuffle(&mut every);
            every.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            return every;
        }
        let index = u128::from(draw.below(bound));
        if drawn.insert(index) {
            order.push(index);
        }
    }
    order
}

/// Which value of each slot a combination takes.
fn places(combine: Combine, axes: &[Axis<'_>], index: u128) -> Vec<usize> {
    let mut rest = index;
    let mut places: Vec<usize> = axes
        .iter()
        .rev()
        .map(|axis| {
            let len = axis.rows.len() as u128;
            let place = match combine {
                Combine::Zip => index,
                Combine::Cartesian | Combine::Sample(_) => {
                    rest.checked_rem(len).unwrap_or_default()
                }
            };
            rest = rest.checked_div(len).unwrap_or_default();
            usize::try_from(place).unwrap_or_default()
        })
        .collect();
    places.reverse();
    places
}
