use gate::render::{Detail, Format, Style, render};
use serde_json::Value;

use crate::sample::{self, HOSTILE};

const PLAIN: Style = Style { colour: false, detail: Detail::Usual };

const ALL: [Format; 6] =
    [Format::Text, Format::Json, Format::Sarif, Format::Html, Format::Markdown, Format::Junit];

fn full(format: Format) -> String {
    render(format, &[sample::full()], PLAIN)
}

#[test]
fn text() {
    insta::assert_snapshot!(full(Format::Text));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(full(Format::Markdown));
}

#[test]
fn sarif() {
    insta::assert_snapshot!(full(Format::Sarif));
}

#[test]
fn junit() {
    insta::assert_snapshot!(full(Format::Junit));
}

#[test]
fn the_first_five_lines_tell_verdict_reason_and_what_to_do() {
    let brief =
        render(Format::Text, &[sample::full()], Style { colour: false, detail: Detail::Brief });
    assert!(brief.lines().count() <= 5, "{brief}");
    assert!(full(Format::Text).starts_with(&brief));
    for part in ["refuse: ", "why: ", "do: "] {
        assert!(brief.contains(part), "{part} in {brief}");
    }
}

#[test]
fn nothing_hostile_reaches_the_reader_as_it_is() {
    for format in ALL {
        let text = full(format);
        assert!(!text.contains(HOSTILE), "{format:?}");
        for acts in ['\u{1b}', '\u{202e}'] {
            assert!(!text.contains(acts), "{format:?} holds {acts:?}");
        }
    }
    for (format, tokens) in [
        (Format::Html, &["<script", "<b>"][..]),
        (Format::Markdown, &["<script", "](http", "@all", " #1", "\\n]"]),
        (Format::Junit, &["<script", "]]>"]),
    ] {
        let text = full(format);
        for token in tokens {
            assert!(!text.contains(token), "{format:?} holds {token}");
        }
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for format in ALL {
        assert_eq!(full(format), full(format), "{format:?}");
        if format != Format::Text {
            let other = Style { colour: true, detail: Detail::Full };
            assert_eq!(render(format, &[sample::full()], other), full(format), "{format:?}");
        }
    }
}

#[test]
fn colour_is_only_where_it_is_asked_for() {
    let style = Style { colour: true, detail: Detail::Usual };
    assert!(render(Format::Text, &[sample::full()], style).contains("\u{1b}[31m"));
}

#[test]
fn never_says_safe_or_clean() {
    let folder = tempfile::tempdir().unwrap();
    sample::write(folder.path(), &[("a.txt", "text")]);
    let admitted = sample::weigh(folder.path(), &sample::policy(""));
    assert_eq!(admitted.verdict.word(), "admit");
    for format in ALL {
        let text = render(format, std::slice::from_ref(&admitted), PLAIN).to_lowercase();
        for word in [" safe ", "clean", "\"safe\"", "safe,", "safe."] {
            assert!(!text.contains(word), "{format:?}: {word}");
        }
    }
}

#[test]
fn html_is_one_page_whose_tags_match() {
    let text = full(Format::Html);
    assert!(text.contains("default-src 'none'"));
    assert!(!text.contains("src=") && !text.contains("href=") && !text.contains("url("));
    let mut open: Vec<&str> = Vec::new();
    for tag in text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let name = tag.split_whitespace().next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if ["!DOCTYPE", "meta", "br"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The properties that SARIF 2.1.0 requires, and the rules of GitHub on top of it.
#[test]
fn sarif_has_what_the_standard_requires() {
    let log: Value =
        serde_json::from_str(&render(Format::Sarif, &[sample::full(), sample::full()], PLAIN))
            .unwrap();
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let driver = &run["tool"]["driver"];
        assert!(driver["name"].is_string() && driver["version"].is_string());
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
            assert!(rule["help"]["text"].as_str().is_some_and(|text| !text.is_empty()));
            assert!(rule["help"]["markdown"].is_string());
        }
        for invocation in run["invocations"].as_array().unwrap() {
            assert_eq!(invocation["executionSuccessful"], false);
            for notification in invocation["toolExecutionNotifications"].as_array().unwrap() {
                assert!(notification["message"]["text"].is_string());
            }
        }
        let results = run["results"].as_array().unwrap();
        let mut prints = Vec::new();
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            let message = result["message"]["text"].as_str().unwrap();
            assert!(!message.contains("]("), "a link in `{message}`");
            prints.push(result["partialFingerprints"]["weighbridge/v1"].as_str().unwrap());
            for location in result["locations"].as_array().unwrap() {
                let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b);
                assert!(uri.bytes().all(allowed), "{uri}");
                let region = &location["physicalLocation"]["region"];
                assert!(region.is_null() || region["byteOffset"].is_u64());
            }
        }
        prints.sort_unstable();
        prints.dedup();
        assert_eq!(prints.len(), results.len(), "fingerprints tell findings apart");
        let suppressed: Vec<&Value> =
            results.iter().filter(|result| !result["suppressions"].is_null()).collect();
        assert_eq!(suppressed.len(), 1);
        assert_eq!(suppressed[0]["suppressions"][0]["kind"], "external");
    }
}

#[test]
fn several_reports_are_one_a_line_in_json() {
    let text = render(Format::Json, &[sample::full(), sample::full()], PLAIN);
    assert_eq!(text.lines().count(), 2);
    for line in text.lines() {
        let report: Value = serde_json::from_str(line).unwrap();
        assert_eq!(report["verdict"], "refuse");
    }
}
