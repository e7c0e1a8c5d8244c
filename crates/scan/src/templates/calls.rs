//! Attributes, calls, filters and tests.

use std::collections::BTreeMap;

use formats::jinja::{Args, Compare};
use vocabulary::Untrusted;

use super::evaluate::Evaluator;
use super::notes::Kind;
use super::value::{Taint, Value, What};
use super::{access, fold, names};

/// Widths and counts that no prompt needs.
const WIDE: i128 = 4 << 20;
/// Numbers that `range` may count to; Jinja's sandbox allows 100,000.
const RANGE: i128 = 1_000_000;

impl<'a> Evaluator<'a> {
    // ---- names that lead out ----

    pub(super) fn check_name(&mut self, name: &str, at: u64) {
        if access::is_internal(name) {
            let shown = Untrusted::new(name).shortened(60);
            self.notes.add(Kind::Escape, at, format!("it reaches for `{shown}`"));
        }
    }

    pub(super) fn check_function(&mut self, name: &str, at: u64) {
        if access::is_dangerous_function(name) || access::is_internal(name) {
            self.notes.add(
                Kind::Escape,
                at,
                format!("it uses `{}`", Untrusted::new(name).shortened(60)),
            );
        }
    }

    fn check_format(&mut self, value: &Value, at: u64) {
        for value in value.each() {
            let parts = match &value.what {
                What::Parts(parts) => parts.to_vec(),
                _ => vec![value.clone()],
            };
            for part in &parts {
                if let Some(field) = part.as_text().and_then(access::format_field) {
                    let shown = Untrusted::new(field).shortened(60);
                    let message = format!("a format string reads `{{{shown}}}`");
                    self.notes.add(Kind::Escape, at, message);
                }
            }
        }
    }

    // ---- attributes and items ----

    /// `value.name`
    pub(super) fn attribute(&mut self, value: &Value, name: &str, at: u64) -> Value {
        self.check_name(name, at);
        self.check_format(value, at);
        let mut found: Option<Value> = None;
        for one in value.each() {
            let held = match &one.what {
                What::Namespace(number) => {
                    self.in_namespace(*number, name).unwrap_or_else(|| Value::unknown(Taint::NONE))
                }
                What::Map(pairs) if !names::is_method(name) => {
                    let key = Value::text(name);
                    let known = fold::index(one, &key);
                    known.unwrap_or_else(|| {
                        let taint = pairs.iter().fold(one.taint, |t, (_, v)| t.with(v.taint));
                        // What a message does not have nobody said.
                        Value::unknown(taint.without(taint.speakers()))
                    })
                }
                What::Method(base, function) if &**function == "loop" && is_none(base) => {
                    if name == "cycle" {
                        names::function("cycler")
                    } else {
                        let known = self.in_round(name);
                        known.unwrap_or_else(|| Value::unknown(names::of_loop(name)))
                    }
                }
                What::Method(base, function) if &**function == "around" && is_none(base) => {
                    Value::unknown(names::of_go(name))
                }
                _ => {
                    let taint = names::key(one.taint, name);
                    if names::is_method(name) {
                        let method = What::Method(one.clone().into(), name.into());
                        Value { taint, ..Value::new(method) }
                    } else {
                        Value::unknown(taint)
                    }
                }
            };
            let held = held.under(one.under);
            found = Some(match found {
                Some(before) => before.or(held),
                None => held,
            });
        }
        found.unwrap_or_else(|| Value::unknown(Taint::NONE))
    }

    /// `value[index]`
    pub(super) fn item(&mut self, value: &Value, index: &Value, at: u64) -> Value {
        let mut found: Option<Value> = None;
        for key in index.each() {
            let held = match (&key.what, fold::index(value, key)) {
                (_, Some(known)) => known,
                (What::Text(name), None) => {
                    let name = name.clone();
                    self.attribute(value, &name, at)
                }
                (What::Int(_), None) => unknown_item(value),
                _ => {
                    if key.taint.has(Taint::DUNDER) || names_internals(key) {
                        let message =
                            "an item or attribute is named by text that is put together with `__`";
                        self.notes.add(Kind::Escape, at, message);
                    }
                    if let What::Map(pairs) = &value.what {
                        // A table of answers: any of them, by what the key is.
                        let told = self.probe(key, value, at).told(true);
                        let answers = pairs.iter().map(|(_, answer)| answer.clone().under(told));
                        return answers
                            .reduce(Value::or)
                            .unwrap_or_else(|| Value::unknown(value.taint));
                    }
                    if let What::List(items) = &value.what {
                        let told = key.told(true);
                        let any =
                            items.iter().map(|item| item.clone().under(told)).reduce(Value::or);
                        return any.unwrap_or_else(|| Value::unknown(value.taint));
                    }
                    let counted = key.taint.has(Taint::COUNT) || key.taint == Taint::NONE;
                    let mut held = unknown_item(value);
                    if value.taint.has(Taint::MESSAGES) && !counted {
                        held = held.tainted(Taint::CONTENT);
                    }
                    held
                }
            };
            found = Some(match found {
                Some(before) => before.or(held),
                None => held,
            });
        }
        found.unwrap_or_else(|| Value::unknown(value.taint))
    }

    // ---- calls ----

    /// The values of arguments: by position, by name.
    fn args(&mut self, args: &'a Args) -> (Vec<Value>, Vec<(String, Value)>) {
        let mut plain: Vec<Value> = args.plain.iter().map(|arg| self.eval(arg)).collect();
        let mut named: Vec<(String, Value)> = Vec::new();
        for (name, value) in &args.named {
            named.push((name.raw().to_owned(), self.eval(value)));
        }
        if let Some(rest) = &args.rest {
            let rest = self.eval(rest);
            match fold::items(&rest) {
                Some(items) => plain.extend(items),
                None => plain.push(Value::unknown(rest.taint)),
            }
        }
        if let Some(rest) = &args.named_rest {
            let rest = self.eval(rest);
            if let What::Map(pairs) = &rest.what {
                let pairs = pairs.iter().filter_map(|(k, v)| Some((fold::shown(k)?, v.clone())));
                named.extend(pairs);
            }
        }
        (plain, named)
    }

    pub(super) fn call(&mut self, callee: &Value, args: &'a Args, at: u64) -> Value {
        let (plain, named) = self.args(args);
        let mut found: Option<Value> = None;
        for one in callee.each() {
            let value = match &one.what {
                What::Macro(number) => self.call_macro(*number, &plain, &named),
                What::Method(base, name) if is_none(base) => {
                    self.function(name, &plain, named.clone(), at)
                }
                What::Method(base, name) => self.method(base, name, &plain, at),
                _ => {
                    let taint = plain.iter().fold(one.taint, |taint, arg| taint.with(arg.taint));
                    Value::unknown(taint)
                }
            };
            let value = value.under(one.under);
            found = Some(match found {
                Some(before) => before.or(value),
                None => value,
            });
        }
        found.unwrap_or_else(|| Value::unknown(callee.taint))
    }

    fn function(
        &mut self,
        name: &str,
        plain: &[Value],
        named: Vec<(String, Value)>,
        at: u64,
    ) -> Value {
        match name {
            "range" => {
                let numbers: Option<Vec<i128>> = plain.iter().map(Value::as_int).collect();
                let Some(numbers) = numbers else { return Value::unknown(Taint::COUNT) };
                let count = range_len(&numbers).unwrap_or_default();
                if count > RANGE {
                    self.notes.add(Kind::Resource, at, format!("`range` counts {count} numbers"));
                }
                if let [.., last] = numbers.as_slice()
                    && count <= 64
                {
                    let (start, step) = match numbers.as_slice() {
                        [start, _] => (*start, 1),
                        [start, _, ..] => (*start, *last),
                        [] | [_] => (0, 1),
                    };
                    let item = |at: i128| Value::int(start.saturating_add(at.saturating_mul(step)));
                    return Value::list((0..count).map(item).collect());
                }
                Value::new(What::Many(u64::try_from(count).unwrap_or(u64::MAX)))
            }
            "dict" => {
                let pairs = named.into_iter().map(|(name, value)| (Value::text(name), value));
                Value::new(What::Map(pairs.collect()))
            }
            "namespace" => {
                for (name, _) in &named {
                    self.check_name(name, at);
                }
                self.namespace(named.into_iter().collect::<BTreeMap<_, _>>())
            }
            "strftime_now" => Value::unknown(Taint::DATE),
            "raise_exception" => {
                self.raise();
                Value::unknown(Taint::NONE)
            }
            "cycler" | "joiner" => {
                // One after the other they are a text.
                let all = self.joined(plain.to_vec(), at);
                if all.as_text().is_some() {
                    self.emit(&all, at);
                }
                let any = plain.iter().cloned().reduce(Value::or);
                any.unwrap_or_else(|| Value::text(", "))
            }
            "lipsum" => {
                let mut numbers = plain.iter().chain(named.iter().map(|(_, value)| value));
                if numbers.any(|value| value.as_int().is_some_and(|count| count > 1000)) {
                    self.notes.add(Kind::Resource, at, "`lipsum` writes thousands of paragraphs");
                }
                Value::unknown(Taint::NONE)
            }
            _ => {
                let taint = plain.iter().fold(Taint::NONE, |taint, arg| taint.with(arg.taint));
                Value::unknown(taint)
            }
        }
    }

    fn method(&mut self, base: &Value, name: &str, plain: &[Value], at: u64) -> Value {
        self.check_decoder(name, at);
        self.check_width(name, plain, at);
        let all = plain.iter().fold(base.taint, |taint, arg| taint.with(arg.taint));
        let known = base.is_known() && plain.iter().all(Value::is_known);
        if known && let Some(folded) = fold::apply(name, base, plain) {
            return folded.tainted(all.without(Taint::COMPUTED)).under(base.under);
        }
        match name {
            "get" => {
                let Some(key) = plain.first() else { return Value::unknown(base.taint) };
                let held = self.item(base, key, at);
                match plain.get(1) {
                    Some(other) => held.or(other.clone()),
                    None => held,
                }
            }
            "startswith" | "endswith" | "find" | "index" | "rfind" | "rindex" | "count" => {
                plain.first().map_or(Value::unknown(all), |needle| self.probe(base, needle, at))
            }
            "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => {
                let told = plain.first().map(|needle| self.probe(base, needle, at));
                let told = told.map_or(Taint::NONE, |told| told.taint);
                Value::unknown(base.taint.with(told).with(Taint::COMPUTED))
            }
            "replace" | "removeprefix" | "removesuffix" => {
                let told = plain.first().map(|needle| self.probe(base, needle, at));
                let told = told.map_or(Taint::NONE, |told| told.taint);
                match plain.get(1) {
                    // What stands in for it is written where it stood.
                    Some(with) if with.as_text().is_some_and(|with| !with.trim().is_empty()) => {
                        self.joined(vec![base.clone(), with.clone().under(told.as_condition())], at)
                    }
                    _ => same_kind(base, told),
                }
            }
            "items" | "values" if base.taint.has(Taint::MESSAGES) => {
                // The values of a message are what it says.
                Value::unknown(base.taint.with(Taint::CONTENT).with(Taint::COMPUTED))
            }
            "strip" | "lstrip" | "rstrip" | "lower" | "upper" | "title" | "capitalize"
            | "casefold" | "swapcase" | "copy" => same_kind(base, Taint::NONE),
            "append" | "extend" | "insert" | "update" => {
                // Where a list may be changed its items are written later on.
                for value in plain {
                    self.emit(value, at);
                }
                Value::unknown(Taint::NONE)
            }
            "join" => {
                let mut parts = vec![base.clone()];
                parts.extend(plain.iter().flat_map(|arg| match fold::items(arg) {
                    Some(items) => items,
                    None => vec![arg.clone()],
                }));
                self.joined(parts, at)
            }
            "format" => {
                let mut parts = vec![base.clone()];
                parts.extend(plain.iter().cloned());
                self.joined(parts, at)
            }
            _ if matches!(base.what, What::Text(_) | What::Parts(_)) => {
                base.clone().tainted(all.with(Taint::COMPUTED))
            }
            _ => Value::unknown(all),
        }
    }

    fn check_decoder(&mut self, name: &str, at: u64) {
        if access::is_decoder(name) {
            let message = format!("`{name}` makes text that cannot be followed");
            self.notes.add(Kind::AddedText, at, message);
        }
    }

    fn check_width(&mut self, name: &str, args: &[Value], at: u64) {
        const WIDTHS: &[&str] = &[
            "batch",
            "center",
            "expandtabs",
            "indent",
            "ljust",
            "rjust",
            "slice",
            "tojson",
            "wordwrap",
            "zfill",
        ];
        let wide = args.iter().any(|arg| arg.as_int().is_some_and(|width| width > WIDE));
        if wide && WIDTHS.contains(&name) {
            self.notes.add(
                Kind::Resource,
                at,
                format!("`{name}` fills text to millions of characters"),
            );
        }
    }

    // ---- filters ----

    pub(super) fn filter(&mut self, value: &Value, name: &str, args: &'a Args, at: u64) -> Value {
        let (plain, named) = self.args(args);
        let by_name = |wanted: &str| named.iter().find(|(name, _)| name == wanted).map(|(_, v)| v);
        self.check_format(value, at);
        self.check_decoder(name, at);
        let numbers: Vec<Value> =
            plain.iter().chain(named.iter().map(|(_, value)| value)).cloned().collect();
        self.check_width(name, &numbers, at);
        let all = numbers.iter().fold(value.taint, |taint, arg| taint.with(arg.taint));
        match name {
            "attr" => return self.attribute_filter(value, plain.first(), at),
            "map" | "groupby" | "sum" | "sort" | "unique" | "min" | "max" => {
                if let Some(held) = self.mapped(value, name, &plain, by_name("attribute"), at) {
                    return held;
                }
            }
            "selectattr" | "rejectattr" => {
                return self.selected(value, &plain, at);
            }
            "select" | "reject" => {
                if let [_, needle, ..] = plain.as_slice() {
                    let told = self.probe(value, needle, at).taint;
                    let told = told.with(self.probe(needle, value, at).taint);
                    return kept(value, told);
                }
                return kept(value, Taint::NONE);
            }
            _ => {}
        }
        let known = value.is_known() && plain.iter().all(Value::is_known);
        if known && let Some(folded) = fold::apply(name, value, &plain) {
            return folded.tainted(all.without(Taint::COMPUTED)).under(value.under);
        }
        match name {
            "length" | "count" | "wordcount" => Value::unknown(value.taint.with(Taint::COUNT)),
            "random" => {
                let one = fold::items(value).and_then(|items| items.into_iter().reduce(Value::or));
                let one = one.unwrap_or_else(|| Value::unknown(value.taint));
                one.tainted(Taint::ON_CHANCE).under(Taint::ON_CHANCE)
            }
            "items" | "values" if value.taint.has(Taint::MESSAGES) => {
                Value::unknown(value.taint.with(Taint::CONTENT).with(Taint::COMPUTED))
            }
            "default" | "d" => match plain.first().or(by_name("default_value")) {
                Some(other) => value.clone().or(other.clone()),
                None => value.clone(),
            },
            "replace" => self.method(value, "replace", &plain, at),
            "format" => {
                let mut parts = vec![value.clone()];
                parts.extend(numbers);
                self.joined(parts, at)
            }
            "join" => {
                let between = plain.first().cloned();
                let mut parts = fold::items(value).unwrap_or_else(|| vec![value.clone()]);
                parts.extend(between);
                self.joined(parts, at)
            }
            "tojson" | "string" | "safe" | "escape" | "e" | "forceescape" | "trim" | "upper"
            | "lower" | "title" | "capitalize" | "indent" | "wordwrap" | "center" | "urlize"
            | "striptags" => {
                let mut kept = same_kind(value, Taint::NONE);
                // All of a message as text holds what it says.
                if matches!(name, "tojson" | "string")
                    && kept.taint.has(Taint::MESSAGES.with(Taint::PART))
                {
                    kept = kept.tainted(Taint::CONTENT);
                }
                kept
            }
            "list" | "first" | "last" | "reverse" | "batch" | "slice" | "items" | "dictsort" => {
                match &value.what {
                    What::List(_) | What::OneOf(_) | What::Parts(_) => value.clone(),
                    _ => Value::unknown(value.taint),
                }
            }
            // Whatever a filter makes of text that is known, it is told as the text.
            _ if matches!(value.what, What::Text(_) | What::Parts(_)) => {
                value.clone().tainted(all.with(Taint::COMPUTED))
            }
            _ => Value::unknown(all),
        }
    }

    fn attribute_filter(&mut self, value: &Value, name: Option<&Value>, at: u64) -> Value {
        let Some(name) = name else { return Value::unknown(value.taint) };
        let mut found: Option<Value> = None;
        for one in name.each() {
            let held = if let Some(name) = one.as_text() {
                self.attribute(value, name, at)
            } else {
                self.notes.add(Kind::Escape, at, "`attr` takes a name that is computed");
                Value::unknown(value.taint)
            };
            found = Some(match found {
                Some(before) => before.or(held),
                None => held,
            });
        }
        found.unwrap_or_else(|| Value::unknown(value.taint))
    }

    /// Filters that apply an attribute or another filter to each item.
    fn mapped(
        &mut self,
        value: &Value,
        name: &str,
        plain: &[Value],
        attribute: Option<&Value>,
        at: u64,
    ) -> Option<Value> {
        let path = match (name, attribute, plain) {
            (_, Some(path), _) | ("groupby", None, [path, ..]) => path,
            ("map", None, [filter, args @ ..]) => {
                let filter = filter.as_text()?;
                if filter == "attr" {
                    let item = Value::unknown(value.taint);
                    return Some(self.attribute_filter(&item, args.first(), at));
                }
                self.check_decoder(filter, at);
                let items = fold::items(value)?;
                let mapped: Option<Vec<Value>> =
                    items.iter().map(|item| fold::apply(filter, item, args)).collect();
                return mapped.map(Value::list);
            }
            _ => return None,
        };
        let Some(text) = path.as_text() else {
            self.notes.add(
                Kind::Escape,
                at,
                format!("`{name}` takes an attribute that is computed"),
            );
            return None;
        };
        let mut held = Value::unknown(value.taint);
        for part in text.split('.') {
            held = self.attribute(&held, part, at);
        }
        let Some(items) = fold::items(value) else { return Some(Value::unknown(held.taint)) };
        let of_item = |item: &Value| {
            text.split('.').try_fold(item.clone(), |held, part| {
                let key = part.parse().map_or_else(|_| Value::text(part), Value::int);
                fold::index(&held, &key)
            })
        };
        let mapped: Vec<Value> = items.iter().filter_map(of_item).collect();
        Some(if name == "map" { Value::list(mapped) } else { kept(value, held.taint) })
    }

    /// `selectattr` and `rejectattr`: `attribute`, test, value.
    fn selected(&mut self, value: &Value, plain: &[Value], at: u64) -> Value {
        let Some(path) = plain.first() else { return Value::unknown(value.taint) };
        let Some(text) = path.as_text() else {
            self.notes.add(Kind::Escape, at, "a filter takes an attribute that is computed");
            return Value::unknown(value.taint);
        };
        let mut held = Value::unknown(value.taint);
        for part in text.split('.') {
            held = self.attribute(&held, part, at);
        }
        let held = Value::unknown(held.taint);
        let told = plain.get(2).map(|needle| self.probe(&held, needle, at));
        let told = told.map_or(Taint::NONE, |told| told.taint);
        kept(value, told)
    }

    // ---- tests ----

    pub(super) fn test(&mut self, value: &Value, name: &str, args: &'a Args, at: u64) -> Value {
        self.answer(value, name, args, at).tainted(Taint::ANSWER)
    }

    fn answer(&mut self, value: &Value, name: &str, args: &'a Args, at: u64) -> Value {
        let (plain, _) = self.args(args);
        let compare = match name {
            "eq" | "equalto" | "==" | "sameas" => Some(Compare::Eq),
            "ne" | "!=" => Some(Compare::Ne),
            "in" => Some(Compare::In),
            "lt" | "lessthan" | "<" => Some(Compare::Lt),
            "le" | "<=" => Some(Compare::LtEq),
            "gt" | "greaterthan" | ">" => Some(Compare::Gt),
            "ge" | ">=" => Some(Compare::GtEq),
            _ => None,
        };
        if let (Some(compare), Some(other)) = (compare, plain.first()) {
            return self.probe_compare(compare, value, other, at);
        }
        match (name, &value.what) {
            ("defined", What::Unknown | What::OneOf(_) | What::Method(..) | What::Parts(_)) => {
                // `tools` is handed over, set or not.
                let set = value.taint.has(Taint::SETTING) && !value.taint.has(Taint::TOOLS);
                let system = value.taint.has(Taint::CONTENT);
                let on = if set { Taint::ON_SETTING } else { Taint::NONE };
                Value::unknown(if system { on.with(Taint::ON_SYSTEM) } else { on })
            }
            ("none" | "None", What::None) => Value::bool(true),
            ("none" | "None" | "undefined" | "false", _) => {
                // Only what every engine hands over is none where nobody set it.
                let passed = value
                    .each()
                    .iter()
                    .all(|one| !one.taint.has(Taint::SETTING) || one.taint.has(Taint::TOOLS));
                let told = value.told(true).negated();
                Value::unknown(if passed || name == "undefined" {
                    told
                } else {
                    told.without(Taint::OFF_SETTING)
                })
            }
            ("divisibleby", _) if value.taint.has(Taint::COUNT) => {
                let few = plain.first().and_then(Value::as_int).is_some_and(|by| by > 2);
                Value::unknown(if few { Taint::ON_COUNT } else { Taint::NONE })
            }
            _ => {
                let needles = plain.iter().map(|needle| self.probe(value, needle, at));
                let told = needles.fold(Taint::NONE, |told, value| told.with(value.taint));
                Value::unknown(told)
            }
        }
    }
}

/// Whether text of unknown and known parts has a part that Python's internals are called by.
fn names_internals(key: &Value) -> bool {
    let What::Parts(parts) = &key.what else { return false };
    parts.iter().filter_map(Value::as_text).any(access::is_stem)
}

/// An item of something unknown.
fn unknown_item(value: &Value) -> Value {
    let mut taint = value.taint;
    for one in value.each() {
        if let What::List(items) = &one.what {
            taint = items.iter().fold(taint, |taint, item| taint.with(item.taint));
        }
    }
    Value::unknown(taint).under(value.under)
}

/// Items of which some may be left out: those that are known are told as if all were there, unless
/// a message decides which.
fn kept(value: &Value, told: Taint) -> Value {
    if told == Taint::NONE && fold::items(value).is_some() {
        return value.clone();
    }
    Value::unknown(value.taint.with(told))
}

fn is_none(value: &Value) -> bool {
    matches!(value.what, What::None)
}

/// A value that was changed only in its form.
fn same_kind(value: &Value, told: Taint) -> Value {
    match &value.what {
        What::Parts(_) | What::OneOf(_) | What::Text(_) | What::List(_) | What::Map(_) => {
            value.clone().tainted(told)
        }
        _ => Value::unknown(value.taint.with(told)).under(value.under),
    }
}

fn range_len(numbers: &[i128]) -> Option<i128> {
    let (start, stop, step) = match numbers {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [start, stop, step] => (*start, *stop, *step),
        _ => return None,
    };
    let reach = if step > 0 { stop.checked_sub(start)? } else { start.checked_sub(stop)? };
    let each = step.checked_abs()?;
    Some(reach.max(0).checked_add(each.checked_sub(1)?)?.checked_div(each)?.max(0))
}
