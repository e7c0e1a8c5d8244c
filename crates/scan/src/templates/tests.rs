use super::{Judged, Kind, Known, judge};

fn kinds(source: &str) -> Vec<Kind> {
    let mut kinds: Vec<Kind> =
        judge(source, Known::Chat).notes.iter().map(|note| note.kind).collect();
    kinds.dedup();
    kinds
}

fn told(judged: &Judged) -> String {
    judged
        .notes
        .iter()
        .map(|note| format!("\n  @{} {:?}: {}", note.at, note.kind, note.message))
        .collect()
}

/// `WEIGHBRIDGE_TEMPLATES` names a folder of templates: what is said of each is printed, and with
/// `WEIGHBRIDGE_TEXTS` the file of known texts is written from them.
#[test]
#[allow(clippy::disallowed_methods, reason = "templates that are not kept here")]
fn other_templates() {
    use std::collections::BTreeSet;
    let Ok(folder) = std::env::var("WEIGHBRIDGE_TEMPLATES") else { return };
    let mut texts = BTreeSet::new();
    let (mut all, mut calm) = (0, 0);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        let judged = judge(&source, Known::Chat);
        all += 1;
        let quiet = judged.gaps.is_empty() && judged.notes.iter().all(|n| n.kind == Kind::Unlisted);
        calm += usize::from(quiet);
        let family = judged.family.map_or("-", |(name, _)| name);
        println!(
            "{} [{family}] {}{:?}{}",
            path.file_name().unwrap().display(),
            if quiet { "calm " } else { "ALARM " },
            judged.gaps,
            told(&judged)
        );
        let tree = formats::jinja::read(&source);
        super::syntax::each_text(&tree.body, &mut |text, _| {
            texts.extend(super::text::sentences(text));
            texts.extend(super::text::address(text).map(super::text::normalized));
        });
        let mut evaluator = super::Evaluator::new();
        evaluator.body(&tree.body);
        for emission in &evaluator.notes.emissions {
            texts.extend(super::text::sentences(&emission.text));
            texts.extend(super::text::address(&emission.text).map(super::text::normalized));
            if super::text::is_plain(&emission.text) && super::text::word_count(&emission.text) > 0
            {
                texts.insert(super::text::normalized(&emission.text));
            }
        }
    }
    println!("{calm} of {all} are calm");
    if let Ok(path) = std::env::var("WEIGHBRIDGE_TEXTS") {
        let lines: BTreeSet<String> =
            texts.iter().map(|text| format!("text {}\n", super::family::digest(text))).collect();
        let head = "# Knowledge pack `chat-templates`: the sentences that published templates write, as the first eight\n# bytes of their SHA-256, lower case and without punctuation. Made by the test `other_templates` of\n# crates/scan/src/templates from the templates that PACK.toml names as sources.\n";
        std::fs::write(path, head.to_owned() + &lines.into_iter().collect::<String>()).unwrap();
    }
}
