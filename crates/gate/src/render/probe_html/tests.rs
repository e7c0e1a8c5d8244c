use behaviour::case::Arm;
use behaviour::report::{
    About, Came, Question, Scored, TargetReport, against, report, transcripts,
};
use behaviour::stats::{Gate, Measure};
use behaviour::target::{Call, Decode, Kind, Message, Prompt, Role};

use super::*;

const HOSTILE: &str =
    "</pre></script><script>alert(1)</script><img src=x onerror=alert(1)> \u{1b}[31m\u{202e}evil";

fn case(at: usize) -> behaviour::case::Case {
    let decode = Decode {
        max_tokens: 9,
        temperature: 0.0,
        top_p: 1.0,
        seed: 0,
        stop: vec![],
        top_logprobs: 0,
    };
    let messages = vec![Message { role: Role::User, content: format!("{HOSTILE} {at}") }];
    behaviour::case::Case {
        probe: "p/a".to_owned(),
        version: 1,
        cluster: format!("c{at}"),
        arm: Arm::Only,
        repeat: 0,
        call: Call { prompt: Prompt::Chat(messages), decode },
        slots: [("word".to_owned(), if at < 10 { HOSTILE.to_owned() } else { "other".to_owned() })]
            .into(),
    }
}

fn page() -> String {
    let cases: Vec<_> = (0..60).map(case).collect();
    let scored: Vec<Scored<'_>> = cases
        .iter()
        .enumerate()
        .map(|(at, case)| Scored {
            case,
            came: if at == 59 {
                Came::Failed(HOSTILE.to_owned())
            } else {
                Came::Score(Some(f64::from(u8::from(at < 10))))
            },
            reply: Some(HOSTILE),
            model: None,
            because: HOSTILE.to_owned(),
        })
        .collect();
    let question = Question {
        probe: "p/a".to_owned(),
        version: 1,
        hypothesis: HOSTILE.to_owned(),
        measure: Measure::Rate,
        gate: Some(Gate::at_most(0.05)),
        power: None,
        by: Some("word".to_owned()),
        each: false,
        accuracy: None,
        judge: None,
        wants_original: false,
    };
    let target = TargetReport {
        kind: Kind::Endpoint,
        name: HOSTILE.into(),
        fingerprint: HOSTILE.into(),
        capabilities: None,
    };
    let questions = [question];
    let about = About {
        target: target.clone(),
        packs: Vec::new(),
        seed: 7,
        journal: None,
        stops_early: None,
        run: None,
    };
    let mut told = report(about, &questions, &scored);
    told.against = Some(against(target, 0.02, &questions, &scored, &scored, 7));
    let said = transcripts(&scored);
    let both = said.iter().map(|one| (one, Some(one)));
    render(&told, Some(Judgement::Fail), both, said.len())
}

#[test]
fn what_a_model_says_acts_on_nothing() {
    let page = page();
    assert_eq!(page.matches("<script>").count(), 1, "our own alone");
    assert!(!page.contains("<img") && !page.contains('\u{1b}') && !page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;"));
    let hash = STANDARD.encode(sha256(SCRIPT.as_bytes()));
    assert!(page.contains(&format!("script-src 'sha256-{hash}'")));
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing is fetched");
}

#[test]
fn it_shows_intervals_findings_gaps_and_replies() {
    let page = page();
    for part in [
        "<svg",
        "class=\"bound\"",
        "Could not look",
        "Against the original",
        "id=\"search\"",
        "value of",
        "the original: ",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("class=\"said\"").count(), 60);
    // Tags that are opened are closed.
    for tag in ["article", "table", "tbody", "svg", "details", "pre", "dl", "ol", "li", "figure"] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}
