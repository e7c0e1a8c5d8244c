//! The recipe language itself: what it makes, and how it complains.

use forge::{Fault, Item, parse};

fn bytes(recipe: &str) -> Vec<u8> {
    parse(recipe).and_then(|recipe| recipe.bytes()).expect("a recipe of one file")
}

fn fault(recipe: &str) -> String {
    let built = parse(recipe).and_then(|recipe| recipe.build());
    built.expect_err("a faulty recipe").to_string()
}

#[test]
fn the_readme_builds_and_names_every_opcode() {
    let readme = include_str!("../../README.md");
    let blocks = forge::blocks(readme);
    assert_eq!(blocks.len(), 1);
    let made = blocks[0].recipe().and_then(|recipe| recipe.build()).expect("it builds");
    let paths: Vec<&str> = made.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["pytorch_model.bin", "config.json"]);
    assert_eq!(made[1].1, Item::File(br#"{"model_type": "tiny"}"#.to_vec()));
}

#[test]
fn words_escapes_and_comments() {
    let recipe = "
# a comment
\"odd: name\": text a \"b c\" \"\\x00\\xff\\n\\\"\" \"\\u{e9}\\u{d800}\" # the end
";
    let made = parse(recipe).and_then(|recipe| recipe.build()).expect("it builds");
    let wanted = b"ab c\x00\xff\n\"\xc3\xa9\xed\xa0\x80".to_vec();
    assert_eq!(made, [("odd: name".to_owned(), Item::File(wanted))]);
}

#[test]
fn lines_keep_comments_blank_lines_and_indentation() {
    let made = bytes("a.py: lines\n  # top\n  def f():\n\n      return 1\n");
    assert_eq!(made, b"# top\ndef f():\n\n    return 1\n");
}

#[test]
fn plain_bytes() {
    assert_eq!(bytes("a: hex 00 ff\n  0102\n"), [0, 255, 1, 2]);
    assert_eq!(bytes("a: base64\n  aGVs\n  bG8=\n"), b"hello");
    assert_eq!(bytes("a: zeros 0x3"), [0; 3]);
    assert_eq!(bytes("a: repeat 2 0x41"), b"AA");
    assert_eq!(bytes("a: repeat 2 \"ab\""), b"abab");
    assert_eq!(bytes("a: repeat 2\n  text a\n  text b"), b"abab");
    assert_eq!(bytes("a: truncate 2\n  text abc"), b"ab");
    let padded = bytes("a: concat\n  text x\n  pad-to 3\n  text y\n  align 8\n  empty\n");
    assert_eq!(padded, b"x\0\0y\0\0\0\0");
    assert_eq!(bytes("a: zeros 2k").len(), 2048);
}

#[test]
fn paths_links_and_folders() {
    let made = parse("a/b: text x\nl: symlink ../../etc\nempty: folder\n")
        .and_then(|recipe| recipe.build())
        .expect("it builds");
    assert_eq!(made[1].1, Item::Symlink("../../etc".to_owned()));
    assert_eq!(made[2].1, Item::Folder);
}

#[test]
fn faults_name_the_line() {
    for (recipe, wanted) in [
        ("", "line 1: the recipe makes nothing"),
        ("a: nothing", "line 1: no builder is named `nothing`"),
        ("a", "line 1: expected `name: builder`"),
        ("a:", "line 1: expected a builder"),
        ("a: zeros many", "line 1: a number of bytes: `many` is not a number"),
        ("a: zeros 5G", "line 1: 5368709120 bytes are too many for a recipe"),
        ("a: zeros 1 2", "line 1: `2` means nothing here"),
        ("a: zip coment=x", "line 1: `coment=x` means nothing here"),
        ("a: zeros 1\n  text x", "line 2: nothing can stand under the line above"),
        ("a: text \"x", "line 1: a string without its closing quote"),
        ("a: pickle\n  PROTO 2\n  REDUCED\n", "line 3: no opcode is named `REDUCED`"),
        ("a: pickle\n  BININT1\n", "line 2: expected a number"),
        ("../a: empty", "line 1: path: absolute, or with an empty, `.` or `..` part"),
        ("/a: empty", "line 1: path: absolute, or with an empty, `.` or `..` part"),
        ("a: empty\na: empty", "line 2: `a` is made twice"),
        ("a: zip\n\tb: empty", "line 2: indented with a tab: use spaces"),
        ("a: concat\n  zeros 4\n  pad-to 2", "line 3: already at offset 4, past 2"),
        (
            "a: torch-legacy\n  b: empty",
            "line 2: `b` is none of `magic`, `protocol`, `sys-info`, `object`, `keys`, `storages`",
        ),
        ("a: concat\n  symlink b", "line 2: `symlink` makes no bytes: only a path can be one"),
    ] {
        assert_eq!(fault(recipe), wanted, "{recipe}");
    }
}

#[test]
fn blocks_know_their_heading_and_line() {
    let markdown = "# Title\n\n## Fires on\n```forge\na: empty\n```\n```rust\n# no heading\n```\n## Stays quiet on\n````forge\nb: bad\n````\n";
    let blocks = forge::blocks(markdown);
    let shown: Vec<_> = blocks.iter().map(|b| (b.heading.as_str(), b.line)).collect();
    assert_eq!(shown, [("Fires on", 5), ("Stays quiet on", 12)]);
    let fault = blocks[1].recipe().and_then(|recipe| recipe.build());
    let wanted = Fault { line: 12, problem: "no builder is named `bad`".to_owned() };
    assert_eq!(fault, Err(wanted));
}
