//! What filters and methods make of sizes.

use formats::jinja::{Args, Expr, ExprKind};

use super::Growth;
use super::calls::Given;
use super::value::{Kind, ORDINARY, SMALL, Size, Spaces, Value, length, real};

/// Replacements by literal texts one after the other that are taken together.
const CHAIN: usize = 16;
/// Places of a mark that something is put in place of.
const MARKS: f64 = 8.0;

/// Methods of texts, lists and mappings: no namespace holds something else under their names.
pub(super) fn is_known(method: &str) -> bool {
    super::super::names::is_method(method)
}

/// What is put in place of what, one after the other.
type Chain<'a> = Vec<(&'a str, &'a str)>;

impl<'a> Growth<'a> {
    /// Filters without an operand, as blocks have them.
    pub(super) fn filters(&mut self, filter: &'a Expr, value: Value) -> Value {
        match &filter.kind {
            ExprKind::Filter(inner, name, args) => {
                let value = inner.as_ref().map_or(value, |inner| self.filters(inner, value));
                self.filtered(value, None, name.raw(), args)
            }
            _ => value,
        }
    }

    /// What a filter or a method makes of a value.
    pub(super) fn filtered(
        &mut self,
        value: Value,
        operand: Option<&'a Expr>,
        name: &'a str,
        args: &'a Args,
    ) -> Value {
        let operand = operand.and_then(Expr::as_text).map(|text| text.raw());
        let given = Given { operand, ..self.args(args) };
        self.apply(value, name, &given)
    }

    /// Single characters that are replaced by literal texts, one after the other: each character that
    /// was there before becomes at most so many.
    pub(super) fn escaped(&mut self, expr: &'a Expr) -> Option<Value> {
        let mut chain: Chain<'a> = Vec::new();
        let mut inner = expr;
        while let Some((operand, old, new)) = replacement(inner).filter(|_| chain.len() < CHAIN) {
            chain.push((old, new));
            inner = operand;
        }
        if chain.is_empty() {
            return None;
        }
        chain.reverse();
        let value = self.value(inner);
        let size = self.as_text(value);
        let most = chain.iter().map(|(old, _)| *old).chain([" "]).map(|start| {
            let text = chain.iter().fold(start.to_owned(), |text, (old, new)| {
                if text.len() > 1 << 16 { text } else { text.replace(old, new) }
            });
            length(&text) / length(start)
        });
        let most = most.fold(1.0, f64::max);
        let size = if value.given.is_some() || most > 1.0 { size * most } else { size };
        Some(Value { size, kind: Kind::Text, spaces: Spaces::None, ..value })
    }

    /// The largest number among arguments, where it tells how wide something becomes.
    pub(super) fn widest(&mut self, exprs: impl Iterator<Item = &'a Expr>) -> f64 {
        let mut widest: f64 = 1.0;
        for expr in exprs {
            let value = self.value(expr);
            if value.kind == Kind::Number {
                widest = widest.max(value.count);
            }
        }
        widest
    }

    /// A text that is filled in: each place of it with as much as all arguments together.
    pub(super) fn filled(
        &mut self,
        value: Value,
        format: Option<&str>,
        args: Size,
        widest: f64,
    ) -> Size {
        let size = self.as_text(value);
        let wide = format.is_none_or(|format| format.contains('*') || format.contains(":{"));
        let places = match format {
            Some(format) => real(format.matches(['%', '{']).count()),
            None if value.given.is_some() => MARKS,
            None => size.chars / 2.0,
        };
        let more = if wide { widest } else { 0.0 };
        // One place takes one argument, but the same may stand in each of them.
        let named = format.is_none_or(|format| format.contains("%(") || format.contains('{'));
        let times = if named { places } else { 1.0 };
        size + args * times + Size::of(more * places)
    }

    pub(super) fn apply(&mut self, value: Value, name: &str, given: &Given<'a>) -> Value {
        let size = self.resolved(value);
        let first = given.plain.first().copied().unwrap_or_default();
        let all = self.sum(given);
        let number =
            |at: usize, name: &str| {
                given
                    .at(at, name)
                    .map(|value| if value.kind == Kind::Number { value.count } else { ORDINARY })
            };
        match name {
            "length" | "count" | "wordcount" | "find" | "index" | "rfind" | "rindex" => {
                Value::number(value.length().unwrap_or(ORDINARY))
            }
            "startswith" | "endswith" | "bool" | "isdigit" | "isalpha" | "isspace" => {
                Value::number(1.0)
            }
            "int" | "float" | "abs" | "round" => match value.kind {
                Kind::Number => value,
                Kind::Text if value.given.is_none() => {
                    Value::number(10f64.powf(size.chars.min(300.0)))
                }
                _ => Value::number(ORDINARY),
            },
            "default" | "d" => {
                let other = given.at(0, "default_value");
                other.map_or(value, |other| {
                    self.share(value);
                    value.or(other)
                })
            }
            "attr" | "get" => self.looked_up(value, given),
            "first" | "last" | "random" | "min" | "max" | "pop" | "next" => {
                Value { size: value.size, ..value.item(1.0) }
            }
            "trim" | "strip" | "lstrip" | "rstrip" | "lower" | "upper" | "title" | "capitalize"
            | "casefold" | "swapcase" | "safe" | "striptags" | "removeprefix" | "removesuffix"
            | "truncate" => {
                let more = if name == "truncate" { all } else { Size::default() };
                Value { size: size + more, spaces: Spaces::None, ..value }
            }
            "string" => Value { kind: Kind::Text, ..Value::text(self.as_text(value)) },
            "list" | "unique" | "sort" | "reverse" | "select" | "reject" | "selectattr"
            | "rejectattr" | "dictsort" | "items" | "values" | "keys" | "copy" => {
                listed(value, 5.0)
            }
            "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => listed(value, 2.0),
            "batch" | "slice" => {
                let list = listed(value, 8.0);
                let fill = given.at(1, "fill_with").map_or(Size::default(), |it| self.resolved(it));
                let width = number(0, "linecount").or(number(0, "slices")).unwrap_or(1.0);
                let more = fill * width;
                Value { size: list.size * 2.0 + more, count: list.count + width, ..list }
            }
            "groupby" | "sum" => Value {
                size: size * 2.0 + all,
                kind: if name == "sum" { Kind::Any } else { Kind::Items },
                ..value
            },
            "map" => self.mapped(value, given),
            "join" => self.joined(value, given),
            "replace" => self.replaced(value, given),
            "translate" => Value::text(size.each(Size::of(1.0) + all)),
            "fromkeys" => {
                let value = given.plain.get(1).copied().unwrap_or_default();
                let keys = first.length().unwrap_or(ORDINARY).max(1.0);
                let one = self.resolved(value) + Size::of(2.0);
                Value::items(self.resolved(first) * 2.0 + one * keys, keys)
            }
            "format" | "format_map" => {
                let numbers = given.all().filter(|value| value.kind == Kind::Number);
                let widest = numbers.map(|value| value.count).fold(1.0, f64::max);
                Value::text(self.filled(value, given.operand, all, widest))
            }
            "tojson" => {
                let indent = number(0, "indent").unwrap_or(0.0);
                let apart = given.at(0, "separators").filter(|it| it.kind != Kind::Number);
                let apart = apart.map_or(Size::default(), |it| it.size);
                let long = if apart.chars > SMALL { size.each(apart) } else { Size::default() };
                Value::text(size * (2.0 + indent / 8.0) + long)
            }
            _ => self.widened(value, name, given, all),
        }
    }

    /// Filters that make text wider, and all others.
    fn widened(&mut self, value: Value, name: &str, given: &Given<'a>, all: Size) -> Value {
        let size = self.as_text(value);
        let number = |at: usize, name: &str, usual: f64| {
            let value = given.at(at, name).filter(|value| value.kind == Kind::Number);
            value.map_or(usual, |value: Value| value.count)
        };
        let words = |at: usize, name: &str| {
            let value = given.at(at, name).filter(|value| value.kind != Kind::Number);
            value.map_or(Size::default(), |value| value.size)
        };
        // Of each character so many, where what a recursion writes is not made more again and again.
        let wider = |times: f64| Size { chars: size.chars * times, again: size.again };
        let size = match name {
            "indent" => {
                let width = words(0, "width");
                wider(1.0 + number(0, "width", 4.0) / 4.0) + size.each(width)
            }
            "wordwrap" => {
                let width = number(0, "width", 79.0).max(1.0);
                wider(1.0 + 1.0 / width) + size.each(words(3, "wrapstring")) * (1.0 / width)
            }
            "center" | "ljust" | "rjust" | "zfill" => {
                size + all + Size::of(number(0, "width", ORDINARY))
            }
            "expandtabs" => wider(number(0, "tabsize", 8.0).max(1.0)),
            "escape" | "e" | "forceescape" | "xmlattr" => wider(5.0) + all,
            "urlencode" => wider(3.0),
            "urlize" => size * 8.0 + size.each(all) * 0.2,
            "pprint" | "encode" => size * 4.0,
            "hex" => size.each(Size::of(2.0) + all),
            "to_bytes" => Size::of(number(0, "length", 1.0)),
            _ => {
                let spaces = given.all().fold(value.spaces, |all, it| all.with(it.spaces));
                let size = value.size + given.all().map(|it| it.size).sum::<Size>();
                return Value { spaces, ..Value::any(size) };
            }
        };
        Value::text(size)
    }

    /// `attr` and `get`.
    fn looked_up(&mut self, value: Value, given: &Given<'a>) -> Value {
        let found = match given.exprs.first().and_then(|name| name.as_text()) {
            Some(name) => self.attribute(value, name.raw()),
            None => self.unknown_key(value, given.plain.first().copied().unwrap_or_default()),
        };
        given.plain.get(1).map_or(found, |other| found.or(*other))
    }

    /// An attribute of each item, or another filter for each of them.
    fn mapped(&mut self, value: Value, given: &Given<'a>) -> Value {
        let count = value.length().unwrap_or(ORDINARY);
        let many = |it: Value| Value { kind: Kind::Items, count, ..it };
        let Some(filter) = given.plain.first() else {
            // Of each the attribute.
            let size = self.resolved(value);
            return many(Value { size, given: None, ..value.item(1.0) });
        };
        let Some(name) = given.exprs.first().and_then(|name| name.as_text()) else {
            let size = self.resolved(value);
            return many(Value::text(size.each(Size::of(2.0) + filter.size)));
        };
        let rest = Given {
            plain: given.plain.iter().skip(1).copied().collect(),
            named: given.named.clone(),
            rest: given.rest,
            operand: None,
            exprs: given.exprs.get(1..).unwrap_or_default(),
        };
        let one = Value { kind: Kind::Text, ..value };
        let made = self.apply(one, name.raw(), &rest);
        let size = if made.kind == Kind::Number { Size::of(count * SMALL) } else { made.size };
        Value { size, given: None, ..many(made) }
    }

    /// `join` as a filter, and as a method of what stands between.
    fn joined(&mut self, value: Value, given: &Given<'a>) -> Value {
        let size = self.resolved(value);
        let other = given.at(0, "d").unwrap_or_else(|| Value::nothing(Kind::Text));
        let between = self.resolved(other);
        let items = |it: Value, size: Size| match it.kind {
            Kind::Items => it.count,
            _ => size.chars,
        };
        if given.plain.is_empty() && given.named.is_empty() {
            return Value::text(size);
        }
        let one = size + between * items(value, size);
        let method = between + size * items(other, between);
        // Where a list stands it is the list.
        let made = match (value.kind, other.kind) {
            (Kind::Items, _) | (Kind::Any, Kind::Text | Kind::Number) => one,
            (Kind::Text, Kind::Items) => method,
            _ => one.max(method),
        };
        Value::text(made)
    }

    fn replaced(&mut self, value: Value, given: &Given<'a>) -> Value {
        let size = self.as_text(value);
        let old = given.text(0).map_or(0.0, length);
        let written = given.text(1).is_some();
        let new = given.at(1, "new").map_or(Size::default(), |new| self.resolved(new));
        let mut places = size.chars / old.max(1.0);
        if !written && old >= 2.0 {
            // A mark that something is put in place of.
            places = places.min(MARKS + size.chars / 1000.0);
        }
        if let Some(count) = given.at(2, "count").filter(|count| count.kind == Kind::Number) {
            places = places.min(count.count);
        }
        let size = if written && new.chars <= old { size } else { size + new * places };
        let again = size.again.max(value.size.again);
        Value::text(Size { again, ..size })
    }
}

/// A list of what a value holds; of a text its characters, each of which becomes so many as text.
fn listed(value: Value, each: f64) -> Value {
    if value.given.is_some() {
        return value;
    }
    if value.kind == Kind::Text {
        return Value { spaces: value.spaces, ..Value::items(value.size * each, value.size.chars) };
    }
    let count = value.length().unwrap_or(ORDINARY);
    Value { kind: if value.kind == Kind::Any { Kind::Any } else { Kind::Items }, count, ..value }
}

/// What a replacement of one character by a literal text works on, and both.
fn replacement(expr: &Expr) -> Option<(&Expr, &str, &str)> {
    let (operand, args) = match &expr.kind {
        ExprKind::Filter(Some(operand), name, args) if name.raw() == "replace" => (operand, args),
        ExprKind::Call(callee, args) => match &callee.kind {
            ExprKind::Getattr(operand, name) if name.raw() == "replace" => (operand, args),
            _ => return None,
        },
        _ => return None,
    };
    let [old, new] = args.plain.as_slice() else { return None };
    if !args.named.is_empty() || args.rest.is_some() || args.named_rest.is_some() {
        return None;
    }
    let (old, new) = (old.as_text()?.raw(), new.as_text()?.raw());
    (old.chars().count() == 1).then_some((operand.as_ref(), old, new))
}
