//! `probe lint` and `probe import`.

use crate::program::Place;

#[test]
fn a_file_of_another_tool_becomes_a_pack_that_lint_takes() {
    let place = Place::new();
    place.write("prompts.txt", "How are you?\n\nWhat is {this}?\n");
    let import =
        ["probe", "import", "--form", "garak", "prompts.txt", "--id", "theirs", "-o", "p.yaml"];
    let ended = place.run(&import);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("2 prompts, licence `LicenseRef-not-stated`"), "{ended:?}");
    let lint = place.run(&["probe", "lint", "p.yaml"]);
    assert_eq!(lint.code, Some(0), "{lint:?}");
    assert!(lint.stdout.contains("p.yaml: prompts: better: there is no gate"), "{lint:?}");

    place.write(
        "bad.yaml",
        &std::fs::read_to_string(place.at("p.yaml")).unwrap().replace("item.prompt", "x"),
    );
    let lint = place.run(&["probe", "lint", "bad.yaml"]);
    assert_eq!(lint.code, Some(1), "{lint:?}");
    assert!(lint.stdout.contains("wrong: no slot is named `x`"), "{lint:?}");

    let none = place.run(&["probe", "import", "--form", "pairs", "prompts.txt"]);
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(none.stderr.contains("cannot import `prompts.txt`"), "{none:?}");
}
