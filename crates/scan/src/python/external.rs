//! Calls of what stands outside the file: builtins that are followed, and everything that is judged.

use std::rc::Rc;

use ruff_text_size::Ranged;

use super::calls::Args;
use super::machine::Machine;
use super::value::{Getter, HOLE, Origin, Set, Value, items_of, join, merge, ordered, unknown};
use super::{Kind, decode};

/// Modules under which builtins go by other names.
const BUILTINS: [&str; 4] =
    ["six.moves.builtins.", "future.builtins.", "__builtin__.", "__builtins__."];

impl Machine<'_> {
    /// Calls something by its dotted path.
    pub(super) fn call_path(&mut self, path: &Rc<str>, args: &Args, node: &impl Ranged) -> Set {
        let renamed = BUILTINS.iter().find_map(|start| path.strip_prefix(start));
        let path: Rc<str> = match renamed {
            Some(rest) => Rc::from(format!("builtins.{rest}")),
            None => Rc::clone(path),
        };
        if let Some(name) = path.strip_prefix("builtins.")
            && let Some(values) = self.call_builtin(name, args, node)
        {
            return values;
        }
        if let Some((owner, "__getattribute__" | "__getattr__")) = path.rsplit_once('.')
            && !owner.starts_with("builtins.")
        {
            let mut given = args.clone();
            given.positional.insert(0, vec![Value::path(owner)]);
            return self.get_attribute(&given, node);
        }
        if let Some(values) = self.call_followed(&path, args, node) {
            return values;
        }
        self.external(&path, args, node)
    }

    /// Functions of the library whose result is followed.
    fn call_followed(&mut self, path: &str, args: &Args, node: &impl Ranged) -> Option<Set> {
        let first = args.at(0);
        let method = path.strip_prefix("builtins.").and_then(|rest| rest.split_once('.')).filter(
            |(class, _)| {
                matches!(
                    *class,
                    "str"
                        | "bytes"
                        | "bytearray"
                        | "list"
                        | "dict"
                        | "tuple"
                        | "object"
                        | "type"
                        | "int"
                )
            },
        );
        if let Some((class, name)) = method
            && !name.contains('.')
        {
            let is_own = matches!(
                (class, name),
                ("bytes" | "bytearray", "fromhex")
                    | ("str", "maketrans")
                    | ("dict", "fromkeys")
                    | ("int", "from_bytes")
                    | ("type" | "object", "__subclasses__" | "mro")
            );
            if !is_own && !first.is_empty() {
                let rest = Args {
                    positional: args.positional.iter().skip(1).cloned().collect(),
                    named: args.named.clone(),
                    open: args.open,
                };
                let mut made = Set::new();
                for owner in first {
                    let values = self.call_method(owner, name, &rest, node);
                    merge(&mut made, &values);
                }
                return Some(made);
            }
        }
        Some(match path {
            "importlib.import_module" | "importlib.__import__" | "imp.find_module" => {
                self.import_by_name(first, args.get(1, "package"), true, node)
            }
            "pkgutil.resolve_name"
            | "pydoc.locate"
            | "inspect.getattr_static"
            | "django.utils.module_loading.import_string"
            | "werkzeug.utils.import_string"
            | "hydra.utils.get_method"
            | "hydra.utils.get_class"
            | "hydra.utils.get_object" => {
                if path == "inspect.getattr_static" {
                    return Some(self.get_attribute(args, node));
                }
                let mut made = Set::new();
                for value in first {
                    if let Some(name) = value.whole() {
                        let found = Value::path(&name.replace(':', "."));
                        self.named_by_text(std::slice::from_ref(&found), node);
                        join(&mut made, found);
                    } else {
                        let because = "it looks a name up that is computed".to_owned();
                        self.act(Kind::Indirect, path, node, Some(because));
                        join(&mut made, Value::Opaque(Origin::COMPUTED));
                    }
                }
                made
            }
            "operator.attrgetter" | "_operator.attrgetter" => {
                Self::make_getter(Getter::Attribute, first)
            }
            "operator.methodcaller" | "_operator.methodcaller" => {
                let mut made = Set::new();
                for getter in Self::make_getter(Getter::Method, first) {
                    join(&mut made, getter);
                }
                made
            }
            "operator.itemgetter" | "_operator.itemgetter" => {
                if first.iter().any(|key| matches!(key, Value::Int(_))) {
                    return None;
                }
                Self::make_getter(Getter::Item, first)
            }
            "operator.call" | "_operator.call" => {
                let rest = args.positional.iter().skip(1).cloned().collect::<Vec<_>>();
                let mut made = Set::new();
                for callee in first {
                    let values = self.call_with(callee, rest.clone(), node);
                    merge(&mut made, &values);
                }
                made
            }
            "operator.getitem" | "_operator.getitem" => {
                let (owner, key) = (first.to_vec(), args.at(1).to_vec());
                self.item(&owner, &key, node)
            }
            "operator.concat" | "operator.add" | "_operator.add" | "_operator.concat"
            | "operator.iadd" => {
                let (left, right) = (first.to_vec(), args.at(1).to_vec());
                self.binary(&left, ruff_python_ast::Operator::Add, &right)
            }
            "operator.mod" | "_operator.mod" => {
                let (left, right) = (first.to_vec(), args.at(1).to_vec());
                self.binary(&left, ruff_python_ast::Operator::Mod, &right)
            }
            "functools.partial" | "functools.partialmethod" | "_functools.partial" => {
                // The arguments that it keeps by name are not followed.
                self.fetched(path, args, node);
                let rest: Vec<Set> = args.positional.iter().skip(1).cloned().collect();
                first.iter().map(|callee| partial(callee, &rest)).collect()
            }
            "functools.reduce" | "_functools.reduce" => {
                let items = args.at(1).first().and_then(ordered).unwrap_or_else(|| {
                    // More than one, or nobody would write it.
                    let any: Set = args.at(1).iter().flat_map(items_of).collect();
                    vec![any.clone(), any]
                });
                let mut items = items.into_iter();
                let mut held = match args.positional.get(2) {
                    Some(start) => start.clone(),
                    None => items.next().unwrap_or_else(unknown),
                };
                for item in items.take(256) {
                    let mut next = Set::new();
                    for callee in first {
                        let values = self.call_with(callee, vec![held.clone(), item.clone()], node);
                        merge(&mut next, &values);
                    }
                    held = next;
                }
                held
            }
            "codecs.decode" | "_codecs.decode" | "codecs.encode" | "_codecs.encode" => {
                let codec = args
                    .get(1, "encoding")
                    .first()
                    .and_then(|codec| codec.whole().map(str::to_owned));
                let codec = codec.unwrap_or_else(|| "?".to_owned());
                let decoded = Origin::DECODED.with(args.origin());
                let made = each(first, |value| decode::by_codec(&codec, value));
                made.into_iter()
                    .map(|value| match value {
                        Value::Opaque(_) => Value::Opaque(decoded),
                        value => value,
                    })
                    .collect()
            }
            "os.path.join" | "posixpath.join" | "ntpath.join" => {
                let mut text = String::new();
                for part in &args.positional {
                    if !text.is_empty() && !text.ends_with('/') {
                        text.push('/');
                    }
                    match part.as_slice() {
                        [one] if one.rough().is_some() => {
                            text.push_str(&one.rough().unwrap_or_default());
                        }
                        _ => text.push(HOLE),
                    }
                }
                vec![super::value::made(text, Origin::NONE)]
            }
            "os.path.dirname" | "posixpath.dirname" | "ntpath.dirname" => each(first, |value| {
                let folder = super::texts::folder_of(&value.rough()?)?;
                Some(super::value::made(folder, value.origin()))
            }),
            "inspect.getfile" | "inspect.getsourcefile" | "inspect.getabsfile" => {
                vec![Value::text(super::value::OWN_FILE)]
            }
            // What stands before it is the home folder of whoever runs it.
            "os.path.expanduser" | "posixpath.expanduser" => each(first, |value| {
                let text = value.rough()?;
                let made = match text.strip_prefix('~') {
                    Some(rest) if !rest.starts_with(HOLE) => format!("~{HOLE}{rest}"),
                    _ => text.into_owned(),
                };
                Some(super::value::made(made, value.origin()))
            }),
            "os.path.expandvars" | "os.path.abspath" | "os.path.realpath" | "os.path.normpath"
            | "os.fspath" | "os.fsencode" | "os.fsdecode" | "builtins.format" | "sys.intern"
            | "textwrap.dedent" | "typing.cast" | "copy.copy" | "copy.deepcopy"
            | "inspect.cleandoc" => {
                let given = if path == "typing.cast" { args.at(1) } else { first };
                if given.is_empty() { unknown() } else { given.to_vec() }
            }
            "pathlib.Path"
            | "pathlib.PurePath"
            | "pathlib.PosixPath"
            | "pathlib.WindowsPath"
            | "pathlib.PurePosixPath" => {
                let mut text = String::new();
                for part in &args.positional {
                    if !text.is_empty() {
                        text.push('/');
                    }
                    match part.as_slice() {
                        [one] if one.rough().is_some() => {
                            text.push_str(&one.rough().unwrap_or_default());
                        }
                        _ => text.push(HOLE),
                    }
                }
                vec![super::value::made_file(text)]
            }
            "pathlib.Path.home" | "pathlib.PosixPath.home" => vec![Value::File(Rc::from("~"))],
            "pathlib.Path.cwd" => vec![Value::File(Rc::from("."))],
            "io.open" | "_io.open" | "codecs.open" | "gzip.open" | "bz2.open" | "lzma.open"
            | "io.FileIO" | "io.open_code" => {
                self.open(args.get(0, "file"), args.get(1, "mode"), node)
            }
            "os.getenv"
            | "os.environ.get"
            | "os.environ.pop"
            | "os.environ.__getitem__"
            | "posix.environ.get"
            | "os.getenvb" => {
                let keys = args.get(0, "key").to_vec();
                self.read_environment(&keys, node);
                Self::variable(&keys)
            }
            "os.environ.copy" | "os.environ.items" | "os.environ.values" => {
                self.whole_environment(node);
                unknown()
            }
            "os.environ.keys" | "os.environ.__contains__" => unknown(),
            "os.putenv" | "os.environ.setdefault" | "os.environ.__setitem__" | "os.unsetenv" => {
                let keys = first.to_vec();
                self.steered(&keys, node);
                unknown()
            }
            "os.environ.update" => {
                let mut keys = Set::new();
                for value in first {
                    merge(&mut keys, &items_of(value));
                }
                for (name, _) in &args.named {
                    join(&mut keys, Value::text(name));
                }
                self.steered(&keys, node);
                unknown()
            }
            "sys.modules.get" | "sys.modules.pop" | "sys.modules.__getitem__" => {
                let (owner, key) = (vec![Value::path("sys.modules")], first.to_vec());
                self.item(&owner, &key, node)
            }
            "sys.modules.update"
            | "sys.modules.setdefault"
            | "sys.modules.__setitem__"
            | "sys.meta_path.insert"
            | "sys.meta_path.append"
            | "sys.path_hooks.insert"
            | "sys.path_hooks.append" => {
                let because = "it changes how modules are found".to_owned();
                self.act(Kind::Tamper, path, node, Some(because));
                unknown()
            }
            "sys.path.insert" | "sys.path.append" | "sys.path.extend" => {
                let because = "it adds a folder that modules are looked up in".to_owned();
                // An archive is no folder of the author's own modules, and neither is a fixed one.
                let strange = args.all().any(|value| {
                    value.rough().is_some_and(|text| {
                        let text = text.to_ascii_lowercase();
                        let archive =
                            [".zip", ".whl", ".egg", ".pyz", ".bin", ".pt", ".pth", ".tar"];
                        archive.iter().any(|end| text.ends_with(end)) || text.starts_with('/')
                    })
                });
                let kind = if strange { Kind::Tamper } else { Kind::Background };
                self.act(kind, path, node, Some(because));
                unknown()
            }
            "sys.modules.items" | "sys.modules.values" => {
                let because = "it goes through all loaded modules".to_owned();
                self.act(Kind::Indirect, path, node, Some(because));
                opaque_computed()
            }
            _ => return None,
        })
    }
}

/// One value at a time; what cannot be told becomes unknown.
pub(super) fn each(values: &[Value], act: impl Fn(&Value) -> Option<Value>) -> Set {
    let mut made = Set::new();
    for value in values {
        join(&mut made, act(value).unwrap_or(Value::Opaque(value.origin())));
    }
    if made.is_empty() { unknown() } else { made }
}

fn opaque_computed() -> Set {
    vec![Value::Opaque(Origin::COMPUTED)]
}

/// What `functools.partial` makes: of another one, as Python does, one with the arguments of both. A
/// name that is bound to a partial of itself stays what it is.
fn partial(callee: &Value, rest: &[Set]) -> Value {
    /// Arguments that are kept.
    const ARGUMENTS: usize = 16;
    if let Value::Partial(inner) = callee
        && inner.1.len().saturating_add(rest.len()) <= ARGUMENTS
    {
        let all = inner.1.iter().chain(rest).cloned().collect();
        return Value::Partial(Rc::new((inner.0.clone(), all)));
    }
    Value::Partial(Rc::new((callee.clone(), rest.to_vec())))
}
