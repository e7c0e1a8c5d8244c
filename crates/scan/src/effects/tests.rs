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
fn a_function_that_everybody_knows_has_exactly_its_effects() {
    for (module, name, wanted) in [
        ("cProfile", "run", "x"),
        ("profile", "run", "x"),
        ("torch._dynamo.guards", "GuardBuilder.get", "x"),
        ("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression", "x"),
        ("ctypes", "CDLL", "l"),
        ("ctypes", "cdll.LoadLibrary", "l"),
        ("ctypes", "string_at", "l"),
        ("ctypes", "memmove", "l"),
        ("ctypes", "c_int", "-"),
        ("ctypes", "_os.system", "x"),
        ("numpy.ctypeslib", "load_library", "l"),
        ("torch", "ops.load_library", "l"),
        ("torch", "classes.load_library", "l"),
        ("importlib.machinery", "ExtensionFileLoader", "-"),
        ("importlib.machinery", "ExtensionFileLoader.load_module", "xl"),
        ("importlib.machinery", "SourceFileLoader.load_module", "x"),
        ("imp", "load_source", "x"),
        ("imp", "load_dynamic", "xl"),
        ("shutil", "rmtree", "rw"),
        ("shutil", "copyfile", "rw"),
        ("zipfile", "ZipFile", "rw"),
        ("tarfile", "open", "rw"),
        ("sqlite3", "connect", "rw"),
        ("logging", "FileHandler", "rw"),
        ("tempfile", "mkdtemp", "rw"),
        ("glob", "glob", "r"),
        ("os.path", "exists", "r"),
        ("os", "getenv", "r"),
        ("os.path", "join", "-"),
        ("urllib.request", "urlopen", "n"),
        ("urllib.request", "urlretrieve", "rwn"),
        ("smtplib", "SMTP", "n"),
        ("ftplib", "FTP", "n"),
        ("requests", "get", "n"),
        ("site", "addsitedir", "xw"),
        ("functools", "update_wrapper", "g"),
    ] {
        assert_eq!(effects(module, name), wanted, "{module}.{name}");
    }
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

/// The effects that count against a name that should be dangerous: anything but inert.
fn is_inert(known: &Known<'_>) -> bool {
    match known {
        Known::Function { effects, .. } => effects.is_inert(),
        Known::Class { call, .. } => call.is_inert(),
        Known::Module(_) | Known::Data => true,
        Known::Unknown(_) => false,
    }
}

#[test]
fn what_does_harm_is_never_inert() {
    let mut wrong = Vec::new();
    for line in include_str!("dangerous-names.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (module, name) = (fields.next().unwrap(), fields.next().unwrap());
        let resolved = lookup(module, name);
        if is_inert(&resolved.known) {
            wrong.push(format!("{module} {name}: {resolved:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the arguments decide, and so not the name.
const JUDGED: Effects = Effects::CALLS.union(Effects::ATTRIBUTE);

#[test]
fn what_harmless_files_use_is_known_and_inert_or_judged_by_its_arguments() {
    let mut wrong = Vec::new();
    for line in include_str!("harmless-names.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [library, _, module, name, uses, rest @ ..] = fields.as_slice() else {
            panic!("not five fields: {line}")
        };
        let resolved = lookup(module, name);
        let allowed: Effects =
            rest.first().map_or(Effects::NONE, |letters| letters.parse().unwrap());
        for used in uses.split(',') {
            let effects = match (&resolved.known, used) {
                (Known::Unknown(_), _) => Effects::UNRESOLVED,
                (Known::Module(_) | Known::Data, _) | (_, "ref") => Effects::NONE,
                (Known::Function { effects, .. }, _) => *effects,
                (Known::Class { call, .. }, "call") => *call,
                (Known::Class { new, .. }, "new") => *new,
                (Known::Class { state, .. }, "state") => state.unwrap_or_default(),
                _ => panic!("no such use: {used}"),
            };
            if !effects.without(JUDGED).without(allowed).is_inert() {
                wrong
                    .push(format!("{library} {module}.{name} {used}: {effects} {}", resolved.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}
