use std::collections::{BTreeMap, BTreeSet};

use vocabulary::{Place, Untrusted};

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "index-mismatch", Medium, "the index of the checkpoint does not agree with its shards",
    threats: [T4, T8],
    cwe: ["CWE-345"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.3"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Index(index, siblings) = content else { return };
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    let mut absent = 0u64;
    let mut first: Option<(&Untrusted, &Untrusted)> = None;
    let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (tensor, shard) in &index.weight_map {
        match siblings.tensors.get(shard.raw()) {
            None if super::leaves_its_folder(shard.raw()) => {}
            None => {
                missing.insert(shard.raw());
            }
            Some(None) => {}
            Some(Some(names)) => {
                let names = sets
                    .entry(shard.raw())
                    .or_insert_with(|| names.iter().map(String::as_str).collect());
                if !names.contains(tensor.raw()) {
                    absent = absent.saturating_add(1);
                    first.get_or_insert((tensor, shard));
                }
            }
        }
    }
    if let Some(name) = missing.first() {
        let name = Untrusted::new(*name);
        let message = match missing.len() {
            1 => format!("the shard `{name}` is not there"),
            n => format!("{n} shards are not there, `{name}` first"),
        };
        sink.say(&RULE, place, message);
    }
    if let Some((tensor, shard)) = first {
        let message = format!("`{shard}` does not hold `{tensor}` ({absent} tensors in all)");
        sink.say(&RULE, place, message);
    }
    for (shard, names) in &sets {
        let named = index.weight_map.iter().filter(|(_, s)| s.raw() == *shard).count();
        let shard = Untrusted::new(*shard);
        if named < names.len() {
            let extra = names.len().saturating_sub(named);
            let message = format!("`{shard}` holds {extra} tensors that the index does not name");
            sink.say(&RULE, place, message);
        }
    }
}
