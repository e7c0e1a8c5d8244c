use vocabulary::Place;

use super::rule;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "index-unsafe-path", High, "the index of the checkpoint leads out of the folder",
    threats: [T3, T4],
    cwe: ["CWE-22"],
    atlas: ["AML.T0010"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Index(index, _) = content else { return };
    let mut told: Vec<&str> = Vec::new();
    for (tensor, shard) in &index.weight_map {
        let name = shard.raw();
        let leads_out = super::leaves_its_folder(name) || name.contains("://");
        if leads_out && !told.contains(&name) && told.len() < 100 {
            told.push(name);
            let message = format!("`{tensor}` is said to be in `{shard}`, outside of the folder");
            sink.say(&RULE, place, message);
        }
    }
}
