//! What a training run wrote down while it ran: events of `TensorBoard`, the log of Weights & Biases.
//! Numbers by name and step; whatever else stands in them is looked into.

use std::collections::BTreeMap;

use artifact::Blob;
use formats::{Oddity, Region, tensorboard, wandb};
use vocabulary::Untrusted;

use super::{Node, Role, Walker};
use crate::inspect::Part;

/// Pictures, sounds, graphs and texts of one file that are looked into.
const LOOKED_INTO: usize = 256;

impl Walker {
    pub(super) fn tensorboard(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let events = tensorboard::read(&node.blob);
        regions.extend(events.regions.iter().copied());
        self.secrets(node, 0, node.blob.len());
        self.note(|part| {
            part.fact("version", events.version.clone());
            part.fact("records", events.records.to_string());
            for (name, value) in &events.hyper_parameters {
                part.fact(format!("hyper-parameter {}", name.raw()), value.clone());
            }
            let scalars = events.scalars.iter().map(|s| (&s.tag, s.step, s.value));
            series(part, scalars);
            for (step, path) in &events.checkpoints {
                part.fact(format!("checkpoint at step {step}"), path.clone());
            }
            part.odd(&events.oddities);
        });
        self.not_all(node, tensorboard::OddityKind::NotRetained, &events.oddities);
        let inside = events.opaque.iter().map(|span| {
            let name = format!("bytes {}..{}", span.start, span.end);
            (name, node.blob.slice(span.start, span.len()))
        });
        self.inside(node, inside);
    }

    pub(super) fn wandb(&mut self, node: &Node, regions: &mut Vec<Region>) {
        let log = wandb::read(&node.blob);
        regions.extend(log.regions.iter().copied());
        self.secrets(node, 0, node.blob.len());
        self.note(|part| {
            part.fact("producer", log.producer.clone());
            part.fact("run", log.run.clone());
            part.fact("name", log.name.clone());
            part.fact("project", log.project.clone());
            part.fact("records", log.records.to_string());
            for (name, value) in &log.config {
                part.fact(format!("hyper-parameter {}", name.raw()), value.clone());
            }
            series(part, log.points.iter().map(|p| (&p.metric, p.step, p.value)));
            if let Some(code) = log.exit {
                part.fact("exit code", code.to_string());
            }
            part.odd(&log.oddities);
        });
        self.not_all(node, wandb::OddityKind::NotRetained, &log.oddities);
        let inside = log.opaque.into_iter();
        let inside = inside.map(|(at, bytes)| (format!("record at {at}"), Blob::from_vec(bytes)));
        self.inside(node, inside);
    }

    fn not_all<K: Copy + PartialEq>(&mut self, node: &Node, kind: K, oddities: &[Oddity<K>]) {
        if let Some(odd) = oddities.iter().find(|odd| odd.kind == kind) {
            self.sink.could_not_look(&node.place.at(odd.at), odd.detail.to_string());
        }
    }

    fn inside(&mut self, node: &Node, parts: impl Iterator<Item = (String, Blob)>) {
        for (n, (name, blob)) in parts.enumerate() {
            if n >= LOOKED_INTO {
                let because = "it holds more pictures, graphs and texts than are looked into";
                self.sink.could_not_look(&node.place, because);
                return;
            }
            self.look(&Self::child(node, &name, blob, Role::Leftover));
        }
    }
}

/// Each metric in a line: how many values, which steps, the last value.
fn series<'a>(part: &mut Part, points: impl Iterator<Item = (&'a Untrusted, i64, f64)>) {
    let mut all: BTreeMap<&Untrusted, (u64, i64, i64, f64)> = BTreeMap::new();
    for (name, step, value) in points {
        let seen = all.entry(name).or_insert((0, step, step, value));
        *seen = (seen.0.saturating_add(1), seen.1.min(step), seen.2.max(step), value);
    }
    for (name, (count, first, last, value)) in all {
        let text = format!("{count} values, steps {first} to {last}, the last is {value}");
        part.fact(format!("metric {}", name.raw()), text);
    }
}
