//! Calls of what stands outside the file: builtins that are followed, and everything that is judged.

use std::rc::Rc;

use ruff_text_size::Ranged;

use super::calls::Args;
use super::known::{Says, is_secret, is_sensitive, is_steering};
use super::machine::Machine;
use super::value::{
    Getter, HOLE, ITEMS, Origin, Set, Value, items_of, join, mapping, merge, ordered, sequence,
    unknown,
};
use super::{Edge, Kind, Target, decode, shell};

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

    /// Builtins whose result is followed.
    fn call_builtin(&mut self, name: &str, args: &Args, node: &impl Ranged) -> Option<Set> {
        let first = args.at(0);
        Some(match name {
            "getattr" => self.get_attribute(args, node),
            "setattr" | "delattr" => {
                self.set_by_name(args, node);
                unknown()
            }
            "hasattr" | "isinstance" | "issubclass" | "callable" | "id" | "len" | "print"
            | "hash" => unknown(),
            "vars" | "globals" | "locals" => {
                if first.is_empty() {
                    return Some(vec![Value::Namespace(Rc::from(""))]);
                }
                first
                    .iter()
                    .map(|value| match value {
                        Value::Path(path) => Value::Namespace(Rc::clone(path)),
                        Value::Own => Value::Namespace(Rc::from("")),
                        other => Value::Opaque(other.origin()),
                    })
                    .collect()
            }
            "__import__" => {
                self.import_by_name(first, &[], !args.get(3, "fromlist").is_empty(), node)
            }
            "eval" | "exec" => {
                let given = args.get(0, "source").to_vec();
                self.run_text(&format!("builtins.{name}"), &given, node)
            }
            "compile" => {
                let mut made = Set::new();
                for value in args.get(0, "source") {
                    join(
                        &mut made,
                        match value {
                            Value::Str(text, origin) => Value::Code(Rc::clone(text), *origin),
                            Value::Bytes(bytes, origin) => {
                                Value::Code(Rc::from(String::from_utf8_lossy(bytes)), *origin)
                            }
                            other => Value::Made(Rc::from("builtins.compile"), other.origin()),
                        },
                    );
                }
                if made.is_empty() { unknown() } else { made }
            }
            "chr" => each(first, |value| match value {
                Value::Int(n) => {
                    let c = u32::try_from(*n).ok().and_then(char::from_u32)?;
                    Some(Value::text(&c.to_string()))
                }
                _ => None,
            }),
            "ord" => each(first, |value| {
                let text = value.rough()?;
                let mut chars = text.chars();
                let c = chars.next().filter(|_| chars.next().is_none())?;
                Some(Value::Int(i64::from(u32::from(c))))
            }),
            "int" => {
                let base = match args.get(1, "base").first() {
                    Some(Value::Int(base)) => {
                        u32::try_from(*base).ok().filter(|base| (2..=36).contains(base))
                    }
                    _ => Some(10),
                };
                each(first, |value| match value {
                    Value::Int(n) => Some(Value::Int(*n)),
                    value => {
                        let text = value.rough()?;
                        let text = text.trim().replace('_', "");
                        let bare = text.trim_start_matches("0x").trim_start_matches("0b");
                        i64::from_str_radix(bare, base?).ok().map(Value::Int)
                    }
                })
            }
            "str" | "repr" | "ascii" => {
                if args.positional.len() + args.named.len() > 2 {
                    return Some(each(first, |_| None));
                }
                if let Some(codec) = args
                    .get(1, "encoding")
                    .first()
                    .and_then(|codec| codec.whole().map(str::to_owned))
                {
                    return Some(each(first, |value| decode::by_codec(&codec, value)));
                }
                each(first, |value| match value {
                    Value::Str(..) if name == "str" => Some(value.clone()),
                    Value::Int(_) | Value::File(_) => value.rough().map(|text| Value::text(&text)),
                    _ => None,
                })
            }
            "bytes" | "bytearray" => each(first, |value| match value {
                Value::Bytes(..) => Some(value.clone()),
                Value::Str(text, origin) => Some(Value::Bytes(Rc::from(text.as_bytes()), *origin)),
                Value::Seq(items) => {
                    let bytes: Option<Vec<u8>> = items
                        .iter()
                        .map(|item| match item.as_slice() {
                            [Value::Int(n)] => u8::try_from(*n).ok(),
                            _ => None,
                        })
                        .collect();
                    bytes.map(|bytes| Value::Bytes(Rc::from(bytes), Origin::NONE))
                }
                _ => None,
            }),
            "list" | "tuple" | "set" | "frozenset" | "sorted" | "iter" | "enumerate" => {
                let as_is = args.positional.len() == 1 && args.named.is_empty();
                if first.is_empty() {
                    return Some(vec![sequence(Vec::new())]);
                }
                if let Some(key) = args.named("key").cloned() {
                    for callee in key {
                        let items = first.iter().flat_map(items_of).collect();
                        self.call_with(&callee, vec![items], node);
                    }
                }
                let mut made = Set::new();
                for value in first {
                    if let Value::Instance(at) = value {
                        self.calls(Edge::Class(*at));
                    }
                    if let Value::Namespace(_) = value {
                        join(&mut made, value.clone());
                        continue;
                    }
                    match (name, ordered(value).filter(|_| as_is)) {
                        ("set" | "frozenset", Some(items)) => {
                            join(&mut made, sequence(vec![items.into_iter().flatten().collect()]));
                        }
                        ("sorted", Some(items)) => {
                            let texts: Option<Vec<String>> = items
                                .iter()
                                .map(|item| match item.as_slice() {
                                    [one] => one.whole().map(str::to_owned),
                                    _ => None,
                                })
                                .collect();
                            match texts {
                                Some(mut texts) => {
                                    texts.sort();
                                    let items = texts.iter().map(|text| vec![Value::text(text)]);
                                    join(&mut made, sequence(items.collect()));
                                }
                                None => {
                                    let items = items.into_iter().flatten().collect();
                                    join(&mut made, sequence(vec![items]));
                                }
                            }
                        }
                        ("enumerate", Some(items)) => {
                            let pairs = items
                                .into_iter()
                                .zip(0i64..)
                                .map(|(item, n)| vec![sequence(vec![vec![Value::Int(n)], item])])
                                .collect();
                            join(&mut made, sequence(pairs));
                        }
                        (_, Some(items)) => {
                            join(&mut made, sequence(items));
                        }
                        _ => {
                            join(&mut made, sequence(vec![items_of(value)]));
                        }
                    }
                }
                made
            }
            "next" | "anext" => {
                let mut made = Set::new();
                for value in first {
                    merge(&mut made, &items_of(value));
                    if let Value::Instance(at) = value {
                        self.calls(Edge::Class(*at));
                    }
                }
                merge(&mut made, args.at(1));
                made
            }
            "reversed" => each(first, |value| {
                let mut items = ordered(value)?;
                items.reverse();
                Some(sequence(items))
            }),
            "range" => {
                let number = |n: usize| match args.at(n) {
                    [Value::Int(n)] => Some(*n),
                    _ => None,
                };
                let (low, high, step) = match args.positional.len() {
                    1 => (Some(0), number(0), Some(1)),
                    2 => (number(0), number(1), Some(1)),
                    _ => (number(0), number(1), number(2)),
                };
                match (low, high, step) {
                    (Some(low), Some(high), Some(step)) if step != 0 => {
                        let mut items = Vec::new();
                        let mut at = low;
                        while items.len() <= 512
                            && ((step > 0 && at < high) || (step < 0 && at > high))
                        {
                            items.push(vec![Value::Int(at)]);
                            at = at.saturating_add(step);
                        }
                        if items.len() > 512 {
                            return Some(unknown());
                        }
                        vec![sequence(items)]
                    }
                    _ => unknown(),
                }
            }
            "dict" => {
                let mut pairs: Vec<(Option<Value>, Set)> = args
                    .named
                    .iter()
                    .map(|(name, set)| (Some(Value::text(name)), set.clone()))
                    .collect();
                let mut made = Set::new();
                for value in first {
                    match value {
                        Value::Map(more) => pairs.extend(more.iter().cloned()),
                        Value::Namespace(_) => {
                            join(&mut made, value.clone());
                        }
                        Value::Path(path) if path.as_ref() == "os.environ" => {
                            self.whole_environment(node)
                        }
                        Value::Seq(items) => {
                            for item in items.iter().flatten() {
                                if let Some([key, values]) = ordered(item).as_deref() {
                                    let key = match key.as_slice() {
                                        [key @ (Value::Str(..) | Value::Int(_))] => {
                                            Some(key.clone())
                                        }
                                        _ => None,
                                    };
                                    pairs.push((key, values.clone()));
                                }
                            }
                        }
                        other => pairs.push((None, vec![Value::Opaque(other.origin())])),
                    }
                }
                join(&mut made, mapping(pairs));
                made
            }
            "zip" => {
                let columns: Option<Vec<Vec<Set>>> =
                    args.positional.iter().map(|set| set.first().and_then(ordered)).collect();
                match columns {
                    Some(columns) if !columns.is_empty() => {
                        let rows = columns.iter().map(Vec::len).min().unwrap_or(0);
                        let rows = (0..rows)
                            .map(|n| {
                                let row = columns
                                    .iter()
                                    .filter_map(|column| column.get(n).cloned())
                                    .collect();
                                vec![sequence(row)]
                            })
                            .collect();
                        vec![sequence(rows)]
                    }
                    _ => {
                        let row = args
                            .positional
                            .iter()
                            .map(|set| set.iter().flat_map(items_of).collect())
                            .collect();
                        vec![sequence(vec![vec![sequence(row)]])]
                    }
                }
            }
            "map" | "filter" => {
                let callees = args.at(0).to_vec();
                let lists: Vec<Vec<Set>> = args
                    .positional
                    .iter()
                    .skip(1)
                    .map(|set| match set.as_slice() {
                        [value] => ordered(value).unwrap_or_else(|| vec![items_of(value)]),
                        set => vec![set.iter().flat_map(items_of).collect()],
                    })
                    .collect();
                let rows = lists.iter().map(Vec::len).min().unwrap_or(0).min(ITEMS);
                let mut made = Vec::new();
                for n in 0..rows {
                    let row: Vec<Set> =
                        lists.iter().filter_map(|list| list.get(n).cloned()).collect();
                    let mut values = Set::new();
                    for callee in &callees {
                        let more = self.call_with(callee, row.clone(), node);
                        merge(&mut values, &more);
                    }
                    if name == "filter" {
                        values = row.first().cloned().unwrap_or_default();
                    }
                    made.push(values);
                }
                if name == "filter" {
                    // Which of them stay is not told.
                    let mut all: Set = made.into_iter().flatten().collect();
                    join(&mut all, Value::Opaque(Origin::NONE));
                    made = vec![all];
                }
                vec![sequence(made)]
            }
            "type" => {
                if args.positional.len() >= 3 {
                    // A class made of a dictionary.
                    for value in args.at(1).iter().chain(args.at(2)) {
                        for inner in ordered(value).unwrap_or_default().iter().flatten() {
                            if let Some(edge) = super::machine::edge(inner) {
                                self.calls(edge);
                            }
                        }
                        if let Value::Map(pairs) = value {
                            let edges: Vec<Edge> = pairs
                                .iter()
                                .flat_map(|(_, set)| set.iter().filter_map(super::machine::edge))
                                .collect();
                            for edge in edges {
                                self.calls(edge);
                            }
                        }
                    }
                    return Some(vec![Value::Made(Rc::from("builtins.type"), Origin::NONE)]);
                }
                first.iter().map(type_of).collect()
            }
            "super" => {
                let class = self
                    .scopes
                    .get(self.scope)
                    .and(self.bodies.get(self.here))
                    .and_then(|body| body.class);
                match class {
                    Some(class) => vec![Value::Instance(class)],
                    None => unknown(),
                }
            }
            "property" | "staticmethod" | "classmethod" => {
                let mut made = first.to_vec();
                if made.is_empty() {
                    made = unknown();
                }
                made
            }
            "open" => self.open(args.get(0, "file"), args.get(1, "mode"), node),
            "input" | "object" | "Exception" | "ValueError" => unknown(),
            _ => return None,
        })
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
                for owner in first.to_vec() {
                    let values = self.call_method(&owner, name, &rest, node);
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
                    match value.whole() {
                        Some(name) => {
                            let found = Value::path(&name.replace(':', "."));
                            self.named_by_text(std::slice::from_ref(&found), node);
                            join(&mut made, found);
                        }
                        None => {
                            let because = "it looks a name up that is computed".to_owned();
                            self.act(Kind::Indirect, path, node, Some(because));
                            join(&mut made, Value::Opaque(Origin::COMPUTED));
                        }
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
                for callee in first.to_vec() {
                    let values = self.call_with(&callee, rest.clone(), node);
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
                let rest: Vec<Set> = args.positional.iter().skip(1).cloned().collect();
                first
                    .iter()
                    .map(|callee| Value::Partial(Rc::new((callee.clone(), rest.clone()))))
                    .collect()
            }
            "functools.reduce" | "_functools.reduce" => {
                let items = args
                    .at(1)
                    .first()
                    .and_then(ordered)
                    .unwrap_or_else(|| vec![args.at(1).iter().flat_map(items_of).collect()]);
                let mut items = items.into_iter();
                let mut held = match args.positional.get(2) {
                    Some(start) => start.clone(),
                    None => items.next().unwrap_or_else(unknown),
                };
                for item in items.take(256) {
                    let mut next = Set::new();
                    for callee in first.to_vec() {
                        let values =
                            self.call_with(&callee, vec![held.clone(), item.clone()], node);
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
                            text.push_str(&one.rough().unwrap_or_default())
                        }
                        _ => text.push(HOLE),
                    }
                }
                vec![Value::Str(Rc::from(text), Origin::NONE)]
            }
            "os.path.expanduser" | "os.path.expandvars" | "os.path.abspath"
            | "os.path.realpath" | "os.path.normpath" | "os.fspath" | "os.fsencode"
            | "os.fsdecode" | "builtins.format" | "sys.intern" | "textwrap.dedent"
            | "typing.cast" | "copy.copy" | "copy.deepcopy" | "inspect.cleandoc" => {
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
                            text.push_str(&one.rough().unwrap_or_default())
                        }
                        _ => text.push(HOLE),
                    }
                }
                vec![Value::File(Rc::from(text))]
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
                unknown()
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

    /// `getattr(owner, name[, default])`.
    pub(super) fn get_attribute(&mut self, args: &Args, node: &impl Ranged) -> Set {
        let mut result = Set::new();
        let (owners, names) = (args.at(0).to_vec(), args.at(1).to_vec());
        for name in &names {
            let Some(known) = name.whole().map(str::to_owned) else {
                for owner in &owners {
                    self.computed_attribute(owner, node);
                    let origin = match owner {
                        Value::Path(path) if self.is_risky(path) => Origin::COMPUTED,
                        Value::Opaque(origin) if origin.has(Origin::COMPUTED) => Origin::COMPUTED,
                        other => other.origin(),
                    };
                    join(&mut result, Value::Opaque(origin));
                }
                continue;
            };
            let values = self.attribute_of(&owners, &known, node);
            if owners.iter().any(|owner| matches!(owner, Value::Path(_))) {
                self.named_by_text(&values, node);
            } else if owners.iter().all(|owner| {
                matches!(owner, Value::Opaque(_) | Value::Method(..) | Value::Made(..))
            }) {
                self.harmful_method(&known, node);
            }
            merge(&mut result, &values);
        }
        merge(&mut result, args.at(2));
        if result.is_empty() {
            result = unknown();
        }
        result
    }

    /// An attribute whose name is computed.
    fn computed_attribute(&mut self, owner: &Value, node: &impl Ranged) {
        match owner {
            Value::Path(path) if self.is_risky(path) => {
                let because = format!("it takes a name of `{path}` that is computed");
                self.act(Kind::Indirect, path, node, Some(because));
            }
            Value::Opaque(origin) if origin.has(Origin::COMPUTED) => {
                let because =
                    "it takes a computed name of something found by a computed name".to_owned();
                self.act(Kind::Indirect, "getattr", node, Some(because));
            }
            Value::Class(at) | Value::Instance(at) => self.calls(Edge::Class(*at)),
            _ => {}
        }
    }

    fn set_by_name(&mut self, args: &Args, node: &impl Ranged) {
        let (owners, values) = (args.at(0).to_vec(), args.at(2).to_vec());
        for name in args.at(1).to_vec() {
            if let Some(name) = name.whole() {
                self.store_attribute(&owners, name, &values, node);
                continue;
            }
            for owner in &owners {
                if let Value::Path(path) = owner
                    && self.is_risky(path)
                {
                    let because = format!("it sets a name of `{path}` that is computed");
                    self.act(Kind::Tamper, path, node, Some(because));
                }
            }
        }
    }

    /// Imports what a text names.
    fn import_by_name(
        &mut self,
        names: &[Value],
        package: &[Value],
        whole: bool,
        node: &impl Ranged,
    ) -> Set {
        let mut result = Set::new();
        for name in names {
            let Some(text) = name.whole() else {
                // A module of a library that is named.
                let inside = |text: &str| {
                    text.split_once('.').is_some_and(|(top, _)| {
                        !top.is_empty() && !top.contains(HOLE) && !super::known::is_standard(top)
                    })
                };
                let foreign = name.rough().is_some_and(|text| {
                    let package = package.iter().find_map(Value::whole).unwrap_or("");
                    inside(&text)
                        || (text.starts_with('.')
                            && inside(&format!("{package}."))
                            && package != "__weighbridge__")
                });
                if foreign {
                    join(&mut result, Value::Opaque(Origin::NONE));
                    continue;
                }
                let because = "it imports a module whose name is computed".to_owned();
                self.act(Kind::Indirect, "importlib.import_module", node, Some(because));
                join(&mut result, Value::Opaque(Origin::COMPUTED));
                continue;
            };
            if text == "__weighbridge__" {
                join(&mut result, Value::Own);
                continue;
            }
            let package =
                package.iter().find_map(Value::whole).filter(|name| *name != "__weighbridge__");
            if let (Some(package), true) = (package, text.starts_with('.')) {
                join(&mut result, Value::path(&format!("{package}{text}")));
                continue;
            }
            let dots = text.chars().take_while(|c| *c == '.').count();
            if dots > 0 {
                let level = u32::try_from(dots).unwrap_or(u32::MAX);
                let module = text.trim_start_matches('.').to_owned();
                self.imports(Target { level, module: module.clone(), name: String::new() });
                join(&mut result, Value::Sibling(level, Rc::from(module), Rc::from("")));
                continue;
            }
            let text = text.to_owned();
            self.imported(&text);
            let bound = if whole { text.as_str() } else { text.split('.').next().unwrap_or(&text) };
            join(&mut result, Value::path(bound));
        }
        if names.is_empty() {
            result = unknown();
        }
        result
    }

    /// Opens a file.
    pub(super) fn open(&mut self, files: &[Value], modes: &[Value], node: &impl Ranged) -> Set {
        let writes = modes
            .iter()
            .any(|mode| mode.rough().is_some_and(|mode| mode.contains(['w', 'a', 'x', '+'])));
        let mut origin = Origin::FILE;
        for file in files {
            origin = origin.with(file.origin());
            self.touched(file, "open", writes, node);
        }
        vec![Value::Made(Rc::from("io.TextIOWrapper"), origin)]
    }

    /// Reaches for a file by its name.
    pub(super) fn touched(&mut self, file: &Value, path: &str, writes: bool, node: &impl Ranged) {
        let Some(text) = file.rough().map(std::borrow::Cow::into_owned) else {
            if writes && self.here == super::BODY {
                let because = "it writes a file".to_owned();
                self.act(Kind::Write, path, node, Some(because));
            }
            return;
        };
        if let Some(what) = is_sensitive(&text) {
            let because = format!("`{}` holds {what}", text.replace(HOLE, "…"));
            self.act(Kind::SensitiveRead, path, node, Some(because));
        } else if writes {
            let own_choice =
                !text.starts_with(HOLE) && (text.starts_with(['/', '~']) || text.contains(":\\"));
            if own_choice || self.here == super::BODY {
                let because = format!("it writes `{}`", text.replace(HOLE, "…"));
                self.act(Kind::Write, path, node, Some(because));
            }
        }
    }

    /// Reads variables of the environment.
    pub(super) fn read_environment(&mut self, keys: &[Value], node: &impl Ranged) {
        for key in keys {
            if let Some(name) = key.rough().map(std::borrow::Cow::into_owned)
                && is_secret(&name)
            {
                let because = format!("it reads `{name}`");
                self.act(Kind::Environment, "os.environ", node, Some(because));
            }
        }
    }

    /// Takes the whole environment.
    pub(super) fn whole_environment(&mut self, node: &impl Ranged) {
        let because = "it takes the whole environment".to_owned();
        self.act(Kind::Environment, "os.environ", node, Some(because));
    }

    /// Sets variables of the environment.
    pub(super) fn steered(&mut self, keys: &[Value], node: &impl Ranged) {
        for key in keys {
            if let Some(name) = key.rough().map(std::borrow::Cow::into_owned)
                && is_steering(&name)
            {
                let because = format!("`{name}` changes what later processes load or trust");
                self.act(Kind::Tamper, "os.environ", node, Some(because));
            }
        }
    }

    /// `module.name = values` in a module of somebody else.
    pub(super) fn patched(
        &mut self,
        module: &str,
        name: &str,
        values: &[Value],
        node: &impl Ranged,
    ) {
        let callable = values.iter().any(|value| {
            matches!(
                value,
                Value::Function(_)
                    | Value::Bound(_)
                    | Value::Class(_)
                    | Value::Partial(_)
                    | Value::Path(_)
                    | Value::Sibling(..)
            )
        });
        let given = Args { positional: vec![values.to_vec()], ..Args::default() };
        self.handed_on(&given);
        let path = format!("{module}.{name}");
        let always = matches!(module, "builtins" | "__builtins__")
            || matches!(
                path.as_str(),
                "sys.meta_path" | "sys.path_hooks" | "sys.modules" | "sys.excepthook"
            );
        if always || callable {
            let because = format!("it replaces `{path}` for everybody");
            self.act(Kind::Tamper, &path, node, Some(because));
        }
    }

    /// A change of something that belongs to the process.
    pub(super) fn tampered(&mut self, owner: &[Value], node: &impl Ranged, because: &str) {
        for value in owner {
            let Value::Path(path) = value else { continue };
            let kind = match path.as_ref() {
                "sys.path" => Kind::Background,
                "sys.modules" | "sys.meta_path" | "sys.path_hooks" | "builtins" => Kind::Tamper,
                _ => continue,
            };
            let path = Rc::clone(path);
            self.act(kind, &path, node, Some(because.to_owned()));
        }
    }

    /// A metaclass of a library.
    pub(super) fn judge_metaclass(&mut self, path: &str, node: &impl Ranged) {
        if let (Some(Says::Does(kind)), real) = self.names.says(path) {
            self.act(kind, &real, node, Some("a class statement calls it".to_owned()));
        }
    }

    /// A decorator of a library that hands back what it is given.
    pub(super) fn external_decorator(
        &mut self,
        path: &str,
        _args: &Args,
        _node: &impl Ranged,
    ) -> Set {
        let _ = self.names.says(path);
        Set::new()
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

fn type_of(value: &Value) -> Value {
    match value {
        Value::Instance(at) => Value::Class(*at),
        Value::Class(_) => Value::path("builtins.type"),
        Value::Str(..) => Value::path("builtins.str"),
        Value::Bytes(..) => Value::path("builtins.bytes"),
        Value::Function(_) => Value::path("types.FunctionType"),
        Value::Code(..) => Value::path("types.CodeType"),
        Value::Method(owner, name)
            if name.as_ref() == "__code__" && matches!(**owner, Value::Function(_)) =>
        {
            Value::path("types.CodeType")
        }
        Value::Made(path, _) => Value::Path(Rc::clone(path)),
        Value::Path(path) if super::known::is_touchy(path) => Value::path("types.ModuleType"),
        other => Value::Opaque(other.origin()),
    }
}

/// Kinds of calls whose command line is looked at.
pub(super) fn hostile_command(args: &Args) -> Option<&'static str> {
    let mut line = String::new();
    for value in args.all().take(32) {
        let parts: Vec<Value> = match value {
            Value::Seq(items) => {
                items.iter().take(64).flat_map(|set| set.iter().take(1).cloned()).collect()
            }
            other => vec![other.clone()],
        };
        for part in parts {
            if let Some(text) = part.rough() {
                line.push_str(&text);
                line.push(' ');
            }
        }
        if line.len() > 1 << 16 {
            break;
        }
    }
    shell::judge_line(&line)
}

/// Whether a command line has an installer run.
pub(super) fn installs(args: &Args) -> bool {
    let mut words = Vec::new();
    for value in args.all().take(8) {
        match value {
            Value::Seq(items) => {
                words.extend(items.iter().take(16).flat_map(|set| {
                    set.first().and_then(|one| one.rough().map(|text| text.into_owned()))
                }));
            }
            other => words.extend(other.rough().map(|text| text.into_owned())),
        }
    }
    let line = words.join(" ");
    [
        "pip install",
        "pip3 install",
        "conda install",
        "uv pip",
        "apt install",
        "apt-get install",
        "npm install",
        "easy_install",
    ]
    .iter()
    .any(|start| line.contains(start))
}
