use super::*;

fn effects(module: &str, name: &str) -> String {
    match lookup(module, name).known {
        Known::Function { effects, .. } => effects.to_string(),
        Known::Class { call, .. } => call.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_name_of_the_reviewed_layer_has_its_effects() {
    assert_eq!(effects("builtins", "eval"), "x");
    assert_eq!(effects("builtins", "eval.__call__"), "x");
    assert_eq!(effects("builtins", "getattr"), "g");
    assert_eq!(effects("builtins", "dict"), "-");
    assert_eq!(effects("operator", "methodcaller"), "a");
    assert_eq!(effects("nt", "anything"), "rwx".parse::<Effects>().unwrap().to_string());
}

#[test]
fn an_unknown_name_says_what_is_not_known() {
    assert_eq!(lookup("nowhere", "x").known, Known::Unknown(Why::NoSuchLibrary));
    assert_eq!(lookup("importlib.nowhere", "x").known, Known::Unknown(Why::NoSuchModule));
    assert_eq!(lookup("operator", "x").known, Known::Unknown(Why::NoSuchName));
    assert_eq!(lookup("", "").known, Known::Unknown(Why::NoSuchLibrary));
}

#[test]
fn letters_are_read_as_they_are_written() {
    for text in ["-", "a", "gm", "agmxrwnlu?"] {
        assert_eq!(text.parse::<Effects>().unwrap().to_string(), text);
    }
    assert!("".parse::<Effects>().is_err());
    assert!("xyz".parse::<Effects>().is_err());
    assert_eq!("x?".parse::<Effects>().unwrap().names(), ["executes", "unresolved"]);
    assert_eq!(Effects::NONE.names(), ["inert"]);
}
