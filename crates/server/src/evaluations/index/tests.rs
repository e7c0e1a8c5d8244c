use gate::probe::Arm;

use super::*;

fn transcript(at: usize, reply: &str, score: Option<f64>) -> Transcript {
    Transcript {
        probe: format!("pack/{}", ["one", "two", "three"][at % 3]),
        cluster: format!("cluster-{at}"),
        arm: if at.is_multiple_of(2) { Arm::Control } else { Arm::Treatment },
        repeat: 0,
        prompt: format!("user: number {at}, \u{1b}[31m").into(),
        reply: reply.into(),
        score,
        because: "it holds `a word`".into(),
    }
}

/// What each case says, as a plain search through all of them would know it.
fn cases() -> Vec<(Transcript, Option<Transcript>)> {
    let words = ["Straße und ÜBER", "<script>", "", "plain", "two  words"];
    let mut cases: Vec<_> = (0..400)
        .map(|at| {
            let reply = words[at % words.len()];
            let score = [Some(1.0), Some(0.0), None][at % 3];
            let original = (at % 4 == 0).then(|| transcript(at, "of the original", Some(1.0)));
            (transcript(at, reply, score), original)
        })
        .collect();
    // Larger than a piece, and than what is kept.
    cases.push((transcript(400, &format!("{}end", "ü".repeat(MOST)), Some(0.5)), None));
    cases.push((transcript(401, "behind it", Some(0.5)), None));
    cases
}

fn made(folder: &Path, cases: &[(Transcript, Option<Transcript>)]) -> Index {
    let mut writer = Writer::new(folder).unwrap();
    for (one, original) in cases {
        writer.add(one, original.as_ref());
    }
    writer.end("digest").unwrap();
    Index::open(folder).unwrap().unwrap()
}

#[test]
fn finds_what_a_plain_search_finds() {
    let folder = tempfile::tempdir().unwrap();
    let cases = cases();
    let index = made(&folder.path().join("index"), &cases);
    assert_eq!(index.len(), cases.len() as u64);
    for text in [
        "",
        "straße",
        "STRASSE",
        "über und",
        "words two",
        "original",
        "number 7",
        "cluster-7",
        "behind",
    ] {
        let wanted = Sought::words(text);
        let fits = |(one, original): &&(Transcript, Option<Transcript>)| {
            let all = [one.prompt.raw(), one.reply.raw(), one.because.raw(), &one.cluster]
                .into_iter()
                .chain(original.as_ref().map(|original| original.reply.raw()));
            let all = all.collect::<Vec<_>>().join("\n").to_lowercase();
            wanted.iter().all(|word| all.contains(word.as_str()))
        };
        let plain: Vec<&str> =
            cases.iter().filter(fits).map(|(one, _)| one.cluster.as_str()).collect();
        let sought = Sought { words: wanted.clone(), ..Sought::default() };
        let found = index.find(&sought, 0, usize::MAX).unwrap();
        let clusters: Vec<&str> =
            found.lines.iter().map(|(_, line)| line.cluster.as_str()).collect();
        assert_eq!((clusters, found.total), (plain.clone(), plain.len() as u64), "{text}");
        let some = index.find(&sought, 3, 2).unwrap();
        let part: Vec<&str> = plain.iter().skip(3).take(2).copied().collect();
        let clusters: Vec<&str> =
            some.lines.iter().map(|(_, line)| line.cluster.as_str()).collect();
        assert_eq!((clusters, some.total), (part, plain.len() as u64), "{text}");
    }
}

#[test]
fn tells_cases_apart_by_what_came_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let index = made(&folder.path().join("index"), &cases());
    let count = |only, probe: Option<&str>| {
        let sought =
            Sought { only: Some(only), probe: probe.map(str::to_owned), ..Sought::default() };
        index.find(&sought, 0, 1).unwrap().total
    };
    let each = [Only::High, Only::Low, Only::Unjudged, Only::Missing].map(|only| count(only, None));
    assert_eq!(each.iter().sum::<u64>(), index.len(), "each case is one of them");
    assert!(each.iter().all(|count| *count > 0), "{each:?}");
    // Of every fourth case there is an original, and it has the score 1: every third case has it as well.
    assert_eq!(count(Only::Differs, None), 66);
    assert_eq!(count(Only::High, Some("pack/none")), 0);
    let probes: u64 = ["pack/one", "pack/two", "pack/three"]
        .iter()
        .map(|probe| count(Only::Low, Some(probe)))
        .sum();
    assert_eq!(probes, each[1]);
}

#[test]
fn a_case_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let index = made(&folder.path().join("index"), &cases());
    let line = index.one(4).unwrap().unwrap();
    assert_eq!(
        (line.reply.text.as_str(), line.original.unwrap().text.as_str()),
        ("two  words", "of the original")
    );
    assert!(line.prompt.contains('\u{1b}'), "it is made fit to be shown where it is shown");
    let long = index.one(400).unwrap().unwrap().reply.text;
    assert!(long.len() < MOST + 100 && long.contains("bytes in all"), "{}", long.len());
    assert!(index.one(402).unwrap().is_none() && index.one(u64::MAX).unwrap().is_none());
}

/// What was interrupted, or is of another form, is none: it is made again.
#[test]
fn without_its_head_there_is_no_index() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("index");
    assert!(Index::open(&place).unwrap().is_none());
    made(&place, &cases());
    std::fs::write(place.join("head"), "{\"form\":0,\"document\":\"\",\"probes\":[]}").unwrap();
    assert!(Index::open(&place).unwrap().is_none());
    std::fs::remove_file(place.join("head")).unwrap();
    assert!(Index::open(&place).unwrap().is_none());
    // Another takes its place.
    assert_eq!(made(&place, &cases()[..3]).len(), 3);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing stays beside it");
}
