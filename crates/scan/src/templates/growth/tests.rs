use formats::jinja;

use super::{Growth, Notes, growth};

/// Whether it grows beyond measure, and whether it was gone through to its end.
fn judged(source: &str) -> (bool, bool) {
    let template = jinja::read(source);
    let mut notes = Notes::default();
    let whole = growth(&template.body, &mut notes);
    (!notes.held.is_empty(), whole)
}

/// In a folder of templates that `WEIGHBRIDGE_GROWTH` names: how each is judged, by how many steps.
#[test]
#[allow(clippy::disallowed_methods, reason = "templates that are not kept here")]
fn other_templates() {
    let Ok(folder) = std::env::var("WEIGHBRIDGE_GROWTH") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let template = jinja::read(&source);
        let growth = Growth::through(&template.body);
        let told = match (growth.found, growth.whole) {
            (Some(at), _) => format!("told {at}"),
            (None, false) => "gap".to_owned(),
            (None, true) => "calm".to_owned(),
        };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        println!("GROWTH {name} {} {told}", growth.steps);
    }
    let _ = judged("");
}
