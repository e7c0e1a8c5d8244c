//! Builtin functions whose result is followed.

use std::rc::Rc;

use ruff_text_size::Ranged;

use super::calls::Args;
use super::external::each;
use super::machine::Machine;
use super::value::{
    ITEMS, Origin, Set, Value, items_of, join, mapping, merge, ordered, sequence, unknown,
};
use super::{Edge, decode};

impl Machine<'_> {
    /// Builtins whose result is followed.
    pub(super) fn call_builtin(
        &mut self,
        name: &str,
        args: &Args,
        node: &impl Ranged,
    ) -> Option<Set> {
        let first = args.at(0);
        Some(match name {
            "getattr" => self.get_attribute(args, node),
            "setattr" | "delattr" => {
                self.set_by_name(args, node);
                unknown()
            }
            "hasattr" | "isinstance" | "issubclass" | "callable" | "id" | "len" | "print"
            | "hash" | "input" | "object" | "Exception" | "ValueError" => unknown(),
            "vars" | "globals" | "locals" => {
                if first.is_empty() {
                    // In a function, its own names and no others.
                    let own = name != "globals" && self.here > super::MAIN;
                    return Some(if own {
                        vec![self.local_names()]
                    } else {
                        vec![Value::Namespace(Rc::from(""))]
                    });
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
                if args.positional.len().saturating_add(args.named.len()) > 2 {
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
                Value::Str(text, origin) => {
                    Some(super::value::made_bytes(text.as_bytes().to_vec(), *origin))
                }
                Value::Seq(items) => {
                    let bytes: Option<Vec<u8>> = items
                        .iter()
                        .map(|item| match item.as_slice() {
                            [Value::Int(n)] => u8::try_from(*n).ok(),
                            _ => None,
                        })
                        .collect();
                    bytes.map(|bytes| super::value::made_bytes(bytes, Origin::NONE))
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
                            if let Some(mut texts) = texts {
                                texts.sort();
                                let items = texts.iter().map(|text| vec![Value::text(text)]);
                                join(&mut made, sequence(items.collect()));
                            } else {
                                let items = items.into_iter().flatten().collect();
                                join(&mut made, sequence(vec![items]));
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
                            self.whole_environment(node);
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
                for value in first {
                    if let (Value::Function(at) | Value::Bound(at), "property") = (value, name)
                        && let Some(body) = self.bodies.get_mut(*at)
                    {
                        body.is_property = true;
                    }
                }
                let mut made = first.to_vec();
                if made.is_empty() {
                    made = unknown();
                }
                made
            }
            "open" => self.open(args.get(0, "file"), args.get(1, "mode"), node),
            _ => return None,
        })
    }
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
