//! Notes, keys, checkpoints, policies and receipts as their specifications write them.

use super::*;

/// The example of the specification of notes.
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const NOTE: &str = "This is an example message.\n\n\
    \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

#[test]
fn reads_the_example_of_the_specification() {
    let key = Vkey::parse(VKEY).unwrap();
    assert_eq!(
        (key.to_string().as_str(), key.name(), key.kind()),
        (VKEY, "example.com/foo", Kind::Log)
    );
    let note = Note::parse(NOTE.as_bytes()).unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(note.verified(&[&key]).unwrap(), [(&key, None)]);
    // A known key whose signature is wrong makes the note invalid; unknown keys are ignored.
    let changed = NOTE.replace("example message", "Example message");
    let changed = Note::parse(changed.as_bytes()).unwrap();
    assert!(changed.verified(&[&key]).is_err());
    assert_eq!(changed.verified(&[]).unwrap(), []);
    let renamed = NOTE.replace("com/foo", "com/bar");
    let renamed = Note::parse(renamed.as_bytes()).unwrap();
    assert_eq!(renamed.verified(&[&key]).unwrap(), []);
}

#[test]
fn refuses_what_is_no_note() {
    let line = NOTE.lines().last().unwrap();
    let many = format!("x\n\n{}", format!("{line}\n").repeat(129));
    let sixteen = format!("x\n\n{}", format!("{line}\n").repeat(16));
    assert!(Note::parse(sixteen.as_bytes()).is_ok());
    let wrong = [
        String::new(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        format!("text\n\n{line}"),
        format!("te\txt\n\n{line}\n"),
        format!("text\n\n{line}\r\n"),
        format!("text\n\n{}\n", line.replace('\u{2014}', "-")),
        format!("text\n\n{line} \n"),
        "text\n\n\u{2014} name\n".to_owned(),
        "text\n\n\u{2014}  AAAAAAA=\n".to_owned(),
        "text\n\n\u{2014} name AAAAAA==\n".to_owned(),
        "text\n\n\u{2014} na+me AAAAAAA=\n".to_owned(),
        many,
        format!("{}\n\n{line}\n", "x".repeat(MAX_NOTE)),
    ];
    for text in wrong {
        assert!(Note::parse(text.as_bytes()).is_err(), "{}", &text[..text.len().min(80)]);
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
}

#[test]
fn keys_have_the_forms_of_notes() {
    for kind in [Kind::Log, Kind::Witness] {
        let key = PrivateKey::generate(Scheme::Ed25519).unwrap();
        let key = Skey::new("example.org/ünïcode", kind, key).unwrap();
        let again = Skey::parse(&key.text().unwrap()).unwrap();
        assert_eq!(again.vkey(), key.vkey());
        assert_eq!(&Vkey::parse(&key.vkey().to_string()).unwrap(), key.vkey());
    }
    let wrong = [
        "",
        "a+b",
        "example.com/foo+530d903a",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
        "example.com/foo+530d903a+",
        "example .com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ];
    for text in wrong {
        assert!(Vkey::parse(text).is_err(), "{text}");
        let said = Skey::parse(&format!("PRIVATE+KEY+{text}")).unwrap_err().to_string();
        assert!(!said.contains("Aeky"), "{said}");
    }
    let p256 = PrivateKey::generate(Scheme::EcdsaP256).unwrap();
    assert!(Skey::new("a", Kind::Log, p256).unwrap_err().to_string().contains("Ed25519"));
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\n"] {
        let key = PrivateKey::generate(Scheme::Ed25519).unwrap();
        assert!(Skey::new(name, Kind::Log, key).is_err(), "{name}");
    }
}

#[test]
fn checkpoints_have_one_form() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let text = format!("example.com/behind-the-sofa\n20852163\n{root}\n");
    let checkpoint = Checkpoint::parse(&text).unwrap();
    assert_eq!(checkpoint.size, 20_852_163);
    assert_eq!(checkpoint.to_string(), text);
    let extended = format!("{text}more\n");
    assert_eq!(Checkpoint::parse(&extended).unwrap().to_string(), extended);
    for wrong in [
        String::new(),
        format!("\n1\n{root}\n"),
        format!("a\n01\n{root}\n"),
        format!("a\n+1\n{root}\n"),
        format!("a\n-1\n{root}\n"),
        format!("a\n1 \n{root}\n"),
        format!("a\n72057594037927936\n{root}\n"),
        format!("a\n99999999999999999999\n{root}\n"),
        format!("a\n1\n{root}"),
        "a\n1\nAAAA\n".to_owned(),
        format!("a\n1\n{}\n", root.trim_end_matches('=')),
        format!("a\n1\n{root}\n\nx\n"),
        "a\n1\n".to_owned(),
    ] {
        assert!(Checkpoint::parse(&wrong).is_err(), "{wrong:?}");
    }
}

/// A checkpoint that the log and some witnesses signed.
fn cosigned(by: &[&Skey]) -> Note {
    let text = Checkpoint { origin: ORIGIN.into(), size: 0, root: EMPTY, extensions: vec![] };
    let text = text.to_string();
    let mut signatures = vec![key().sign(&text).unwrap()];
    signatures.extend(by.iter().map(|key| key.cosign(&text, 1_700_000_000).unwrap()));
    Note { text, signatures }
}

#[test]
fn a_quorum_is_what_the_policy_says() {
    let keys: Vec<Skey> = ["x1", "x2", "x3", "y1", "y2"]
        .into_iter()
        .zip(20..)
        .map(|(name, seed)| witness(name, seed))
        .collect();
    let mut text = format!("# the example of the specification\nlog {}\n", key().vkey());
    for key in &keys {
        text += &format!(
            " witness\t{} {} https://{}.example/ \n",
            key.vkey().name(),
            key.vkey(),
            key.vkey().name()
        );
    }
    text += "group x 2 x1 x2 x3\ngroup y any y1 y2\ngroup both all x y\n\n";
    let both = policy(&format!("{text}quorum both\n"));
    assert_eq!(both.witnesses[0].url.as_deref(), Some("https://x1.example/"));
    // A witness that stands in a group may be the quorum by itself.
    let one = policy(&format!("{text}quorum y2\n"));
    let none = policy(&format!("{text}quorum none\n"));
    let at = |names: &[usize]| cosigned(&names.iter().map(|at| &keys[*at]).collect::<Vec<_>>());
    for (names, is_both, is_one) in [
        (&[][..], false, false),
        (&[0, 1], false, false),
        (&[0, 3], false, false),
        (&[0, 1, 3], true, false),
        (&[1, 2, 4], true, true),
        (&[4], false, true),
        (&[4, 4], false, true),
        (&[0, 1, 2, 3, 4], true, true),
    ] {
        assert_eq!(both.verify(&at(names)).is_ok(), is_both, "{names:?}");
        assert_eq!(one.verify(&at(names)).is_ok(), is_one, "{names:?}");
        assert!(none.verify(&at(names)).is_ok());
    }
    let (checkpoint, seen) = both.verify(&at(&[0, 1, 3])).unwrap();
    assert_eq!(checkpoint.origin, ORIGIN);
    assert_eq!(seen[2], ("y1".to_owned(), 1_700_000_000));
    // A witness cannot stand in for the log, nor the log for a witness.
    let mut unsigned = at(&[0, 1, 3]);
    unsigned.signatures.remove(0);
    assert!(both.verify(&unsigned).is_err());
    // What a witness signed for another checkpoint, or for another time, does not count.
    let mut moved = at(&[0, 1, 3]);
    moved.signatures[1].bytes[7] ^= 1;
    assert!(both.verify(&moved).is_err());
}

#[test]
fn policies_that_are_none_say_why() {
    let (log, w) = (key().vkey().to_string(), witness("w", 1).vkey().to_string());
    let v = witness("v", 2).vkey().to_string();
    for (text, why) in [
        ("", "no `quorum` line"),
        ("quorum none\nquorum none\n", "already"),
        ("quorum w\n", "not defined before"),
        ("frob\n", "none of"),
        ("log\n", "too few"),
        (&format!("log {w}\nquorum none\n"), "a witness"),
        (&format!("witness w {log}\nquorum none\n"), "a log"),
        (&format!("log {log}\nlog {log}\nquorum none\n"), "twice"),
        (&format!("witness a {w}\nwitness b {w}\nquorum none\n"), "twice"),
        (&format!("witness a {w}\nwitness a {v}\nquorum a\n"), "taken"),
        (&format!("witness none {w}\nquorum none\n"), "taken"),
        (&format!("witness a {w}\ngroup g 2 a\nquorum g\n"), "2 of 1"),
        (&format!("witness a {w}\ngroup g 0 a\nquorum g\n"), "0 of 1"),
        (&format!("witness a {w}\ngroup g 01 a\nquorum g\n"), "no number"),
        (&format!("witness a {w}\ngroup g all\nquorum g\n"), "0 of 0"),
        (&format!("witness a {w}\ngroup g any a a\nquorum g\n"), "a member already"),
        (&format!("witness a {w}\ngroup g any a\ngroup h any a\nquorum g\n"), "a member already"),
        (&format!("witness a {w}\ngroup g any g\nquorum g\n"), "not defined"),
        (&format!("group g any a\nwitness a {w}\nquorum g\n"), "not defined"),
        ("quorum\u{b}none\n", "0x0b"),
        ("quorum none\r\n", "0x0d"),
    ] {
        let said = Policy::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(said.contains(why), "{text}: {said}");
    }
    // Names are bytes, and a name that is no UTF-8 is one.
    let bytes = [b"witness \xe2\x84\xaa ", w.as_bytes(), b"\nquorum \xe2\x84\xaa\n"].concat();
    assert!(Policy::parse(&bytes).is_ok());
    let bytes = [b"witness \xff ", w.as_bytes(), b"\nquorum K\n"].concat();
    assert!(Policy::parse(&bytes).is_err());
}

#[test]
fn a_witness_key_of_a_kind_that_is_not_verified_never_counts() {
    use base64::Engine as _;
    let material = [&[6][..], &[0; 1312]].concat();
    let text = base64::engine::general_purpose::STANDARD.encode(material);
    let policy = format!("log {}\nwitness pq pq+00000000+{text}\nquorum pq\n", key().vkey());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let mut note = cosigned(&[]);
    assert!(policy.verify(&note).is_err());
    note.signatures.push(Signature { name: "pq".into(), id: [0; 4], bytes: vec![0; 2428] });
    assert!(policy.verify(&note).unwrap_err().to_string().contains("no quorum"));
}
