//! `samples`: a line of a data set is shown to be in it, without the set.

use crate::program::Place;

#[test]
fn a_sample_is_proven_against_a_signed_statement() {
    let place = Place::new();
    for key in ["k.pem", "other.pem"] {
        assert_eq!(place.run(&["keygen", "-o", key]).code, Some(0));
    }
    place.write("raw/a.jsonl", "{\"t\":1}\n{\"t\":2}\n{\"t\":3}");
    let wrap = ["attest", "wrap", "--step", "filter", "--input", "dataset=raw", "--output", "data"];
    let made = ["--key", "k.pem", "-o", "c.jsonl", "--", "cp", "-r", "raw", "data"];
    assert_eq!(place.run(&[&wrap[..], &made].concat()).code, Some(0));
    place.write("there.json", "{\"t\":3}\n");
    place.write("absent.json", "{\"t\":4}\n");
    place.write("two.json", "{\"t\":1}\n{\"t\":2}\n");
    let prove = |sample: &str, to: &str| {
        place.run(&["samples", "prove", "data", "--sample", sample, "-o", to]).code
    };
    assert_eq!(prove("there.json", "proof.json"), Some(0));
    assert_eq!(prove("absent.json", "no.json"), Some(1));
    assert_eq!(prove("two.json", "no.json"), Some(3));
    let verify = |sample: &str, key: &str| {
        let args = ["samples", "verify", "proof.json", "--sample", sample, "--key", key];
        let ended = place.run(&[&args[..], &["--attestations", "c.jsonl"]].concat());
        (ended.code, ended.stdout)
    };
    std::fs::remove_dir_all(place.at("data")).unwrap();
    let (code, said) = verify("there.json", "k.pub");
    assert!(code == Some(0) && said.contains("sample 2 of 3"), "{said}");
    assert_eq!(verify("absent.json", "k.pub").0, Some(1));
    assert_eq!(verify("there.json", "other.pub").0, Some(1));
    let text = std::fs::read_to_string(place.at("proof.json")).unwrap();
    place.write("proof.json", &text.replace("\"count\":3", "\"count\":4"));
    assert_eq!(verify("there.json", "k.pub").0, Some(1));
}
