use super::OddityKind as K;
use super::*;
use crate::harness;

fn parse(text: &str) -> Yaml {
    read(&Blob::from_vec(text.as_bytes().to_vec()))
}

#[test]
fn reads_documents_with_places() {
    let text = "größe: 1\nb: [x, ~, 0x1f, 'true', yes]\n--- \n- a: true\n";
    let out = parse(text);
    assert_eq!(out.oddities, []);
    assert_eq!(out.documents.len(), 2);
    let root = &out.documents[0];
    assert_eq!(root.get("größe").unwrap().as_u64(), Some(1));
    let b = root.get("b").unwrap();
    assert_eq!(b.items()[1].value, Value::Null);
    assert_eq!(b.items()[2].value, Value::Number("0x1f".into()));
    assert_eq!(b.items()[3].as_str().unwrap().raw(), "true");
    assert_eq!(b.items()[4].as_str().unwrap().raw(), "yes");
    let at = b.items()[0].span;
    assert_eq!(&text[usize::try_from(at.start).unwrap()..usize::try_from(at.end).unwrap()], "x");
    assert_eq!(out.documents[1].items()[0].get("a").unwrap().as_bool(), Some(true));
}

#[test]
fn keeps_tags_and_never_expands() {
    let out =
        parse("a: !!python/object/apply:os.system ['true']\n? !!python/name:os.system x\n: 1\n");
    let root = &out.documents[0];
    let tag = root.get("a").unwrap().tag.as_ref().unwrap();
    assert_eq!(tag.raw(), "tag:yaml.org,2002:python/object/apply:os.system");
    let key = root.members()[1].key.tag.as_ref().unwrap();
    assert_eq!(key.raw(), "tag:yaml.org,2002:python/name:os.system");

    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for n in 1..60 {
        bomb.push_str(&format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
    }
    let out = parse(&bomb);
    assert_eq!((out.anchors, out.aliases), (60, 118));
    assert_eq!(out.documents[0].members().len(), 60);
    assert!(out.expanded > 1 << 59);
    assert!(matches!(out.documents[0].get("a9").unwrap().items()[0].value, Value::Alias(_)));
}

#[test]
fn keeps_what_the_aliases_of_scalars_stand_for() {
    let out = parse("a: &x os.system\nb: *x\nc: [&y [1, 2], *y]\n");
    let alias = &out.documents[0].get("b").unwrap().value;
    let Value::Alias(anchor) = alias else { panic!("{alias:?}") };
    assert_eq!(out.scalars[anchor].raw(), "os.system");
    // The mapping, its three keys, a, b, and the list with two lists of two numbers.
    assert_eq!(out.expanded, 1 + 3 + 2 + 1 + 2 * 3);
}

#[test]
fn names_every_fault() {
    let kinds = |text: &str| parse(text).oddities.iter().map(|o| o.kind).collect::<Vec<_>>();
    assert_eq!(kinds(""), [K::Empty]);
    assert_eq!(kinds("a: 1\na: 2\n"), [K::DuplicateKey]);
    assert_eq!(kinds("a: 1\nb: [\n"), [K::Syntax]);
    let out = read(&Blob::from_vec(b"a: \xff\nb: 1\n".to_vec()));
    assert_eq!(out.oddities[0].kind, K::Encoding);
    assert_eq!(out.documents[0].get("b").unwrap().as_u64(), Some(1));
    // What stood before an error is there.
    let out = parse("a: {b: 1, c: [2\n");
    assert_eq!(out.documents[0].get("a").unwrap().get("b").unwrap().as_u64(), Some(1));
    let deep: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(kinds(&deep).contains(&K::Deep));
    assert!(kinds(&"[".repeat(10_000)).contains(&K::Syntax));
}

#[test]
fn survives_anything() {
    let sample =
        "%YAML 1.2\n---\na: &x !!str \"q\\u00e9\"\nb: {c: *x, ? d : [1, -2]}\ne: |\n  é\n...\n";
    harness::survive(sample.as_bytes(), |blob| {
        read(blob);
    });
}
