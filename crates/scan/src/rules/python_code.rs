use std::collections::BTreeSet;

use vocabulary::Place;

use super::rule;
use crate::python::FileRole;
use crate::python::reach::Level;
use crate::sink::Sink;
use crate::subject::Content;

rule!(
    "python-code", Info, "The artifact holds Python source",
    threats: [T3, T4],
    cwe: ["CWE-829"],
    atlas: ["AML.T0010", "AML.T0011"],
    aisvs: ["6.1.1"],
);

pub(crate) fn check(place: &Place, content: &Content<'_>, sink: &mut Sink) {
    let Content::Python(conclusion) = content else { return };
    let module = conclusion.module;
    if module.functions.iter().all(|function| function.name.is_empty() && function.acts.is_empty())
        && module.exports.is_empty()
        && module.broken.is_none()
        && conclusion.runs.is_none()
    {
        return; // nothing stands in it
    }
    let what = match module.role {
        FileRole::Source => "Python source",
        FileRole::Notebook => "a notebook",
        FileRole::SitePath => "a `.pth` file with code",
    };
    let runs = match (&conclusion.runs, module.role) {
        (Some(way), _) => format!("it is imported: {way}"),
        (None, FileRole::Notebook) => "somebody runs it by hand, and no loader does".to_owned(),
        (None, _) => "nothing that was looked at imports it".to_owned(),
    };
    let mut message = format!("{what}: {runs}");
    if let Some((error, line)) = &module.broken {
        message.push_str(&format!("; line {line} does not parse: {error}"));
    }
    let aside: BTreeSet<&str> = conclusion
        .acts
        .iter()
        .filter(|reached| reached.level == Level::AsideMild)
        .map(|reached| reached.act.kind.words())
        .chain(conclusion.minor.iter().copied())
        .collect();
    let mut finding = RULE.found(place.clone(), message);
    if !aside.is_empty() {
        let aside: Vec<String> = aside.into_iter().map(str::to_owned).collect();
        finding = finding.with("where-it-is-run", aside);
    }
    sink.found(finding);
}
