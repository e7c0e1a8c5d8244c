use std::fmt::Write;

use artifact::Blob;

use super::{
    Args, Binary, Body, Compare, Const, Expr, ExprKind, MAX_DEPTH, Macro, OddityKind, Stmt,
    StmtKind, read,
};
use crate::{harness, json};

/// Made by `vectors.py` with Jinja2 itself.
const VECTORS: &str = include_str!("vectors.json");

fn each<'a>(items: impl IntoIterator<Item = &'a Expr>) -> String {
    items.into_iter().fold(String::new(), |out, item| out + " " + &tree(item))
}

fn body(body: &Body) -> String {
    body.iter().fold(String::new(), |out, stmt| out + " " + &statement(stmt))
}

fn quoted(text: &str) -> String {
    serde_like(text)
}

/// As `json.dumps(…, ensure_ascii=False)` writes text.
fn serde_like(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            c => out.push(c),
        }
    }
    out + "\""
}

fn constant(value: &Const) -> String {
    match value {
        Const::None => "none".into(),
        Const::Bool(value) => value.to_string(),
        Const::Int(Some(value)) => value.to_string(),
        Const::Int(None) => "big".into(),
        Const::Float(value) => {
            let text = format!("{value:.6e}");
            let (mantissa, exponent) = text.split_once('e').unwrap();
            let exponent: i32 = exponent.parse().unwrap();
            format!(
                "float {mantissa}e{}{:02}",
                if exponent < 0 { '-' } else { '+' },
                exponent.abs()
            )
        }
        Const::Text(text) => quoted(text.raw()),
    }
}

fn args(args: &Args) -> String {
    let mut out = each(&args.plain);
    for (name, value) in &args.named {
        write!(out, " {}={}", name.raw(), tree(value)).unwrap();
    }
    if let Some(rest) = &args.rest {
        write!(out, " *{}", tree(rest)).unwrap();
    }
    if let Some(rest) = &args.named_rest {
        write!(out, " **{}", tree(rest)).unwrap();
    }
    out
}

fn optional(expr: Option<&Expr>) -> String {
    expr.map_or_else(|| "_".to_owned(), tree)
}

fn tree(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Const(value) => constant(value),
        ExprKind::Name(name) => name.raw().to_owned(),
        ExprKind::Attribute(name, attribute) => format!("(ns {} {})", name.raw(), attribute.raw()),
        ExprKind::Tuple(items) => format!("(tuple{})", each(items)),
        ExprKind::List(items) => format!("(list{})", each(items)),
        ExprKind::Concat(items) => format!("(~{})", each(items)),
        ExprKind::Dict(pairs) => {
            let pairs = pairs.iter().flat_map(|(key, value)| [key, value]);
            format!("(dict{})", each(pairs))
        }
        ExprKind::Getattr(one, name) => format!("(. {} {})", tree(one), name.raw()),
        ExprKind::Getitem(one, index) => format!("([] {} {})", tree(one), tree(index)),
        ExprKind::Slice(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| optional(part.as_deref())).collect();
            format!("(slice {})", parts.join(" "))
        }
        ExprKind::Call(one, arguments) => format!("(call {}{})", tree(one), args(arguments)),
        ExprKind::Filter(one, name, arguments) => {
            format!("(| {} {}{})", optional(one.as_deref()), name.raw(), args(arguments))
        }
        ExprKind::Test(one, name, arguments) => {
            format!("(is {} {}{})", tree(one), name.raw(), args(arguments))
        }
        ExprKind::Not(one) => format!("(not {})", tree(one)),
        ExprKind::Neg(one) => format!("(neg {})", tree(one)),
        ExprKind::Pos(one) => format!("(pos {})", tree(one)),
        ExprKind::Binary(binary, left, right) => {
            let sign = match binary {
                Binary::Or => "or",
                Binary::And => "and",
                Binary::Add => "+",
                Binary::Sub => "-",
                Binary::Mul => "*",
                Binary::Div => "/",
                Binary::FloorDiv => "//",
                Binary::Mod => "%",
                Binary::Pow => "**",
            };
            format!("({sign} {} {})", tree(left), tree(right))
        }
        ExprKind::Compare(one, others) => {
            let mut out = format!("(cmp {}", tree(one));
            for (compare, other) in others {
                let name = match compare {
                    Compare::Eq => "eq",
                    Compare::Ne => "ne",
                    Compare::Lt => "lt",
                    Compare::LtEq => "lteq",
                    Compare::Gt => "gt",
                    Compare::GtEq => "gteq",
                    Compare::In => "in",
                    Compare::NotIn => "notin",
                };
                write!(out, " {name} {}", tree(other)).unwrap();
            }
            out + ")"
        }
        ExprKind::Cond { test, then, otherwise } => {
            format!("(cond {} {} {})", tree(test), tree(then), optional(otherwise.as_deref()))
        }
        ExprKind::Missing => "?".into(),
    }
}

fn macro_of(it: &Macro) -> String {
    let params: Vec<String> = it
        .params
        .iter()
        .map(|param| match &param.default {
            Some(value) => format!("{}={}", param.name.raw(), tree(value)),
            None => param.name.raw().to_owned(),
        })
        .collect();
    format!("(macro {} ({}){})", it.name.raw(), params.join(" "), body(&it.body))
}

fn statement(stmt: &Stmt) -> String {
    match &stmt.kind {
        StmtKind::Data(text) => format!("(data {})", quoted(text.raw())),
        StmtKind::Output(expr) => tree(expr),
        StmtKind::For { target, over, filter, recursive, body: inner, otherwise } => format!(
            "(for {} {} {}{} ({} ) ({} ))",
            tree(target),
            tree(over),
            optional(filter.as_ref()),
            if *recursive { " recursive" } else { "" },
            body(inner),
            body(otherwise)
        ),
        StmtKind::If { branches, otherwise } => {
            let branches: String = branches
                .iter()
                .map(|(test, inner)| format!(" ({}{})", tree(test), body(inner)))
                .collect();
            format!("(if{branches} ({} ))", body(otherwise))
        }
        StmtKind::Set { target, value } => format!("(set {} {})", tree(target), tree(value)),
        StmtKind::SetBlock { target, filter, body: inner } => {
            format!("(set {} {}:{})", tree(target), optional(filter.as_ref()), body(inner))
        }
        StmtKind::Macro(it) => macro_of(it),
        StmtKind::Call { call, caller } => {
            format!("(callblock {} {})", tree(call), macro_of(caller))
        }
        StmtKind::Filter { filter, body: inner } => {
            format!("(filter {}{})", tree(filter), body(inner))
        }
        StmtKind::With { names, body: inner } => {
            let names = names.iter().flat_map(|(name, value)| [name, value]);
            format!("(with ({} ){})", each(names), body(inner))
        }
        StmtKind::Autoescape { option, body: inner } => {
            format!("(autoescape {}{})", tree(option), body(inner))
        }
        StmtKind::Block { name, body: inner } => format!("(block {}{})", name.raw(), body(inner)),
        StmtKind::Generation(inner) => format!("(generation{})", body(inner)),
        StmtKind::Trans { bodies, .. } => {
            format!("(trans{})", bodies.iter().map(body).collect::<String>())
        }
        StmtKind::Import(import) => {
            let ends = if import.tag == "from" { "," } else { "" };
            let names: String =
                import.names.iter().map(|name| format!(" {}{ends}", name.raw())).collect();
            format!("({} {}{names})", import.tag, tree(&import.template))
        }
        StmtKind::Do(expr) => format!("(do {})", tree(expr)),
        StmtKind::Break => "(break)".into(),
        StmtKind::Continue => "(continue)".into(),
    }
}

/// The vectors of a file: templates with the normal form of their tree.
fn vectors(text: &str) -> Vec<(String, Option<String>)> {
    let tree = json::read(&Blob::from_vec(text.as_bytes().to_vec()));
    let pairs = tree.root().unwrap().items().iter();
    pairs
        .map(|pair| {
            let [source, expected] = pair.items() else { panic!("no pair") };
            let expected = expected.as_str().map(|text| text.raw().to_owned());
            (source.as_str().unwrap().raw().to_owned(), expected)
        })
        .collect()
}

fn compare(vectors: &[(String, Option<String>)]) {
    let mut wrong = Vec::new();
    for (source, expected) in vectors {
        let template = read(source);
        let refused = template.has(OddityKind::Syntax);
        let shown = body(&template.body);
        let shown = shown.trim_start();
        match expected {
            Some(expected) if refused || shown != expected => {
                let odd = &template.oddities;
                wrong.push(format!("{source:?}\n  is    {shown}\n  wants {expected}\n  {odd:?}"));
            }
            None if !refused => wrong.push(format!("{source:?}\n  is    {shown}\n  wants a fault")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn reads_what_jinja2_reads() {
    let vectors = vectors(VECTORS);
    assert!(vectors.len() > 500);
    assert!(vectors.iter().filter(|(_, expected)| expected.is_none()).count() > 140);
    compare(&vectors);
}

/// `WEIGHBRIDGE_JINJA_VECTORS` names a file that `vectors.py FOLDER` wrote.
#[test]
#[allow(clippy::disallowed_methods, reason = "vectors of templates that are not kept here")]
fn reads_other_templates_as_jinja2_does() {
    if let Ok(path) = std::env::var("WEIGHBRIDGE_JINJA_VECTORS") {
        compare(&vectors(&std::fs::read_to_string(path).unwrap()));
    }
}

#[test]
fn goes_on_behind_a_fault() {
    for source in [
        "{{ ( }}{{ x.__class__ }}",
        "{% nothing %}{{ x.__class__ }}",
        "{% for a b %}{{ x.__class__ }}{% endfor %}",
        "{{ 'a }}{{ x.__class__ }}",
        "{{ a b }}{% if c %}{{ x.__class__ }}",
        "{% if a %}{% endfor %}{% endif %}{{ x.__class__ }}",
        "{{ $ }} {{ x.__class__ }}",
    ] {
        let template = read(source);
        assert!(template.has(OddityKind::Syntax), "{source}");
        let shown = body(&template.body);
        assert!(shown.contains("(. x __class__)"), "{source}: {shown}");
    }
}

#[test]
fn bounds_what_it_keeps() {
    let many = usize::from(MAX_DEPTH) * 100;
    for (open, middle, close) in [
        ("(", "a", ")"),
        ("[", "a", "]"),
        ("-", "a", ""),
        ("not ", "a", ""),
        ("a if ", "b", ""),
        ("a+", "a", ""),
        ("a.b(", "a", ")"),
    ] {
        let source = format!("{{{{ {}{middle}{} }}}}", open.repeat(many), close.repeat(many));
        assert!(read(&source).has(OddityKind::Deep), "{open}");
    }
    let source = format!("{{{{ a{} }}}}", ".b".repeat(many));
    assert!(read(&source).has(OddityKind::Deep));
    let source = "{% if a %}".repeat(many);
    assert!(read(&source).has(OddityKind::Deep));
    let source = "{{ ( }}".repeat(100_000);
    assert!(read(&source).has(OddityKind::NotRetained));
    let source = "{{ 1 }}".repeat(500_000);
    assert!(!read(&source).has(OddityKind::Syntax));
    assert!(read(&"x".repeat(super::MAX_LEN + 1)).has(OddityKind::NotRetained));
}

#[test]
fn survives_any_text() {
    let sample = "{%- for m in a['b'][1:] if x recursive -%}\r\n {{- '\\x41\\u00e9\\n' ~ m|f(1,k=2) -}}
        {# c #}{% raw %}{{{% endraw %}{% macro q(a, b=1.5) %}{% if a is not none %}é{% elif b %}{% else %}{% endif %}
        {% endmacro %}{% call(z) q(*a, **b) %}{% endcall %}{% set n.s = {'a': 0x1F, 'b': [1,]} %}{% endfor %}";
    harness::survive(sample.as_bytes(), |blob| {
        let bytes = blob.bytes_at(0, 1 << 20);
        read(&String::from_utf8_lossy(&bytes));
    });
}

#[test]
fn places_what_it_reads() {
    let source = "ab{{ x.y + 'é' }}c";
    let template = read(source);
    let StmtKind::Output(expr) = &template.body[1].kind else { panic!("no output") };
    let at = |start: u64, end: u64| {
        &source[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()]
    };
    assert_eq!(at(expr.span.start, expr.span.end), "x.y + 'é'");
    let span = template.body[1].span;
    assert_eq!(at(span.start, span.end), "{{ x.y + 'é' }}");
}
