//! Filters, methods and operators of Jinja and Python on values that are known.

use super::value::{MAX_TEXT, Taint, Value, What};

/// `value | filter(args)` or `value.method(args)`; `None` where it is not followed.
pub(super) fn apply(name: &str, value: &Value, args: &[Value]) -> Option<Value> {
    if let What::Text(text) = &value.what
        && let Some(folded) = of_text(name, text, args)
    {
        return Some(folded);
    }
    let items = items(value);
    match name {
        "join" => {
            let (between, items) = match (&value.what, args) {
                // `', '.join(items)`
                (What::Text(between), [Value { what: What::List(items), .. }]) => {
                    (between.to_string(), items.to_vec())
                }
                (_, []) => (String::new(), items?),
                (_, [between, ..]) => (between.as_text()?.to_owned(), items?),
            };
            let parts: Option<Vec<String>> = items.iter().map(shown).collect();
            Some(Value::text(parts?.join(&between)))
        }
        "first" => items?.into_iter().next(),
        "last" => items?.into_iter().next_back(),
        "reverse" | "reversed" => {
            let reversed: Vec<Value> = items?.into_iter().rev().collect();
            if value.as_text().is_some() {
                let parts: Option<Vec<String>> = reversed.iter().map(shown).collect();
                return Some(Value::text(parts?.concat()));
            }
            Some(Value::list(reversed))
        }
        "list" | "keys" | "sort" | "unique" => Some(Value::list(items?)),
        "batch" => {
            let size = usize::try_from(args.first()?.as_int()?).ok()?.max(1);
            let items = items?;
            Some(Value::list(items.chunks(size).map(|part| Value::list(part.to_vec())).collect()))
        }
        "length" | "count" => Some(Value::int(i128::from(value.count()?))),
        "default" | "d" if value.truth() == Some(true) => Some(value.clone()),
        "string" | "safe" | "escape" | "e" | "trim" | "lower" | "upper" => {
            let text = shown(value)?;
            of_text(name, &text, args).or_else(|| Some(Value::text(text)))
        }
        "int" => match &value.what {
            What::Int(_) => Some(value.clone()),
            What::Text(text) => Some(Value::int(text.trim().parse().unwrap_or_default())),
            _ => None,
        },
        "values" => match &value.what {
            What::Map(pairs) => Some(Value::list(pairs.iter().map(|(_, v)| v.clone()).collect())),
            _ => None,
        },
        "items" | "dictsort" => match &value.what {
            What::Map(pairs) => {
                let mut pairs = pairs.to_vec();
                if name == "dictsort" {
                    pairs.sort_by_cached_key(|(key, _)| shown(key).map(|key| key.to_lowercase()));
                }
                let pairs = pairs.iter().map(|(k, v)| Value::list(vec![k.clone(), v.clone()]));
                Some(Value::list(pairs.collect()))
            }
            _ => None,
        },
        "get" => match &value.what {
            What::Map(_) => index(value, args.first()?).or_else(|| args.get(1).cloned()),
            _ => None,
        },
        _ => None,
    }
}

fn of_text(name: &str, text: &str, args: &[Value]) -> Option<Value> {
    let arg = |at: usize| args.get(at).and_then(Value::as_text);
    let changed = match name {
        "lower" | "casefold" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "capitalize" => {
            let mut chars = text.chars();
            let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            first + &chars.as_str().to_lowercase()
        }
        "swapcase" => {
            text.chars().map(|c| if c.is_uppercase() { lower(c) } else { upper(c) }).collect()
        }
        "title" => {
            let mut before = false;
            let mut out = String::new();
            for c in text.chars() {
                out.push(if before { lower(c) } else { upper(c) });
                before = c.is_alphabetic();
            }
            out
        }
        "trim" | "strip" => match arg(0) {
            Some(chars) => text.trim_matches(|c| chars.contains(c)).to_owned(),
            None => text.trim().to_owned(),
        },
        "lstrip" => match arg(0) {
            Some(chars) => text.trim_start_matches(|c| chars.contains(c)).to_owned(),
            None => text.trim_start().to_owned(),
        },
        "rstrip" => match arg(0) {
            Some(chars) => text.trim_end_matches(|c| chars.contains(c)).to_owned(),
            None => text.trim_end().to_owned(),
        },
        "removeprefix" => text.strip_prefix(arg(0)?).unwrap_or(text).to_owned(),
        "removesuffix" => text.strip_suffix(arg(0)?).unwrap_or(text).to_owned(),
        "replace" => {
            let (from, to) = (arg(0)?, arg(1)?);
            let least = text.len().checked_div(from.len().max(1)).unwrap_or_default();
            if least.saturating_mul(to.len()) > MAX_TEXT {
                let many = (least as u64).saturating_mul(to.len() as u64);
                return Some(Value::new(What::Many(many)));
            }
            text.replace(from, to)
        }
        "string" | "safe" | "escape" | "e" | "forceescape" | "indent" | "wordwrap" => {
            text.to_owned()
        }
        "split" | "rsplit" => {
            let parts: Vec<Value> = match arg(0) {
                Some(between) if !between.is_empty() => {
                    text.split(between).map(Value::text).collect()
                }
                _ => text.split_whitespace().map(Value::text).collect(),
            };
            return Some(Value::list(parts));
        }
        "format" => {
            return if text.contains('%') && !text.contains('{') {
                percent(text, args)
            } else {
                braces(text, args)
            };
        }
        _ => return None,
    };
    Some(Value::text(changed))
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn upper(c: char) -> char {
    c.to_uppercase().next().unwrap_or(c)
}

/// The items that a loop over it would go through.
pub(super) fn items(value: &Value) -> Option<Vec<Value>> {
    match &value.what {
        What::Text(text) => Some(text.chars().map(|c| Value::text(c.to_string())).collect()),
        What::List(items) => Some(items.to_vec()),
        What::Map(pairs) => Some(pairs.iter().map(|(key, _)| key.clone()).collect()),
        _ => None,
    }
}

/// As `str()` writes it.
pub(super) fn shown(value: &Value) -> Option<String> {
    Some(match &value.what {
        What::Text(text) => text.to_string(),
        What::None => "None".into(),
        What::Bool(value) => if *value { "True" } else { "False" }.into(),
        What::Int(value) => value.to_string(),
        What::Float(value) => value.to_string(),
        What::List(_) | What::Map(_) if value.is_known() => {
            let mut all = items(value)?;
            if let What::Map(pairs) = &value.what {
                all.extend(pairs.iter().map(|(_, value)| value.clone()));
            }
            let parts: Option<Vec<String>> = all.iter().map(shown).collect();
            parts?.join(", ")
        }
        _ => return None,
    })
}

/// `value[index]`.
pub(super) fn index(value: &Value, index: &Value) -> Option<Value> {
    match &value.what {
        What::Map(pairs) => {
            let key = shown(index)?;
            pairs
                .iter()
                .rev()
                .find(|(k, _)| shown(k).is_some_and(|k| k == key))
                .map(|(_, v)| v.clone())
        }
        What::Text(_) | What::List(_) => {
            let items = items(value)?;
            let at = index.as_int()?;
            let at = if at < 0 { at.checked_add(i128::try_from(items.len()).ok()?)? } else { at };
            items.into_iter().nth(usize::try_from(at).ok()?)
        }
        _ => None,
    }
}

/// `value[start:stop:step]`.
pub(super) fn slice(value: &Value, parts: [Option<i128>; 3]) -> Option<Value> {
    let items = items(value)?;
    let len = i128::try_from(items.len()).ok()?;
    let step = parts[2].unwrap_or(1);
    if step == 0 || matches!(value.what, What::Map(_)) {
        return None;
    }
    let place = |part: i128, low: i128, high: i128| {
        let part = if part < 0 { part.saturating_add(len) } else { part };
        part.clamp(low, high)
    };
    let (low, high) = if step > 0 { (0, len) } else { (-1, len.saturating_sub(1)) };
    let mut at = parts[0].map_or(if step > 0 { low } else { high }, |part| place(part, low, high));
    let stop = parts[1].map_or(if step > 0 { high } else { low }, |part| place(part, low, high));
    let mut out = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned());
        at = at.saturating_add(step);
    }
    if value.as_text().is_some() {
        let parts: Option<Vec<String>> = out.iter().map(shown).collect();
        return Some(Value::text(parts?.concat()));
    }
    Some(Value::list(out))
}

/// `text % args`: `%s`, `%d`, `%c`, `%x` and widths.
pub(super) fn percent(text: &str, args: &[Value]) -> Option<Value> {
    let mut out = String::new();
    let mut args = args.iter();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut width = 0u64;
        loop {
            match chars.next()? {
                '%' => out.push('%'),
                's' | 'r' | 'd' | 'i' | 'a' => out.push_str(&shown(args.next()?)?),
                'c' => out.push_str(&character(args.next()?)?),
                'x' => {
                    out.push_str(&format!("{:x}", args.next()?.as_int()?));
                }
                digit if digit.is_ascii_digit() => {
                    let digit = u64::from(digit.to_digit(10)?);
                    width = width.saturating_mul(10).saturating_add(digit);
                    continue;
                }
                '-' | '+' | ' ' | '.' | '#' => continue,
                _ => return None,
            }
            break;
        }
        if width > MAX_TEXT as u64 {
            return Some(Value::new(What::Many(width)));
        }
    }
    Some(Value::text(out))
}

/// `text.format(args)` with plain positions and the types `s`, `d` and `c`.
fn braces(text: &str, args: &[Value]) -> Option<Value> {
    let mut out = String::new();
    let mut next = 0usize;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        if after.starts_with("{{") || after.starts_with("}}") {
            out.push_str(after.get(..1)?);
            rest = after.get(2..)?;
            continue;
        }
        let (field, behind) = after.strip_prefix('{')?.split_once('}')?;
        rest = behind;
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let name = name.split_once('!').map_or(name, |(name, _)| name);
        let at = if name.is_empty() {
            next = next.saturating_add(1);
            next.saturating_sub(1)
        } else {
            name.parse().ok()?
        };
        let arg = args.get(at)?;
        let digits: String = spec.chars().filter(char::is_ascii_digit).collect();
        if digits.parse::<u64>().is_ok_and(|width| width > MAX_TEXT as u64) {
            return Some(Value::new(What::Many(digits.parse().ok()?)));
        }
        if spec.ends_with('c') {
            out.push_str(&character(arg)?);
        } else {
            out.push_str(&shown(arg)?);
        }
    }
    out.push_str(rest);
    Some(Value::text(out))
}

fn character(value: &Value) -> Option<String> {
    match &value.what {
        What::Int(code) => Some(char::from_u32(u32::try_from(*code).ok()?)?.to_string()),
        What::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

/// `left + right` and its like, where both are known.
pub(super) fn arithmetic(op: formats::jinja::Binary, left: &Value, right: &Value) -> Option<Value> {
    use formats::jinja::Binary;
    let both = left.taint.with(right.taint);
    let folded = match (op, &left.what, &right.what) {
        (Binary::Add, What::Text(a), What::Text(b)) => Value::text(format!("{a}{b}")),
        (Binary::Add, What::List(a), What::List(b)) => {
            Value::list(a.iter().chain(b.iter()).cloned().collect())
        }
        (Binary::Mod, What::Text(text), What::List(args)) => percent(text, args)?,
        (Binary::Mod, What::Text(text), _) => percent(text, std::slice::from_ref(right))?,
        (Binary::Mul, What::Text(_) | What::List(_) | What::Many(_), _)
            if right.as_int().is_some() =>
        {
            repeat(left, right.as_int()?)?
        }
        (Binary::Mul, _, What::Text(_) | What::List(_) | What::Many(_)) => {
            repeat(right, left.as_int()?)?
        }
        (Binary::Add, What::Many(a), _) if right.count().is_some() => {
            Value::new(What::Many(a.saturating_add(right.count()?)))
        }
        (Binary::Add, _, What::Many(b)) if left.count().is_some() => {
            Value::new(What::Many(b.saturating_add(left.count()?)))
        }
        _ => {
            let (a, b) = (left.as_int()?, right.as_int()?);
            Value::int(match op {
                Binary::Add => a.checked_add(b)?,
                Binary::Sub => a.checked_sub(b)?,
                Binary::Mul => a.checked_mul(b)?,
                Binary::FloorDiv => a.checked_div_euclid(b)?,
                Binary::Mod => a.checked_rem_euclid(b)?,
                Binary::Pow => a.saturating_pow(u32::try_from(b).ok()?),
                Binary::Or | Binary::And | Binary::Div => return None,
            })
        }
    };
    Some(folded.tainted(both))
}

fn repeat(value: &Value, times: i128) -> Option<Value> {
    let count = value.count()?;
    let times = u64::try_from(times.max(0)).unwrap_or(u64::MAX);
    let total = count.saturating_mul(times);
    if let What::Text(text) = &value.what
        && total <= 4096
    {
        return Some(Value::text(text.repeat(usize::try_from(times).ok()?)));
    }
    Some(Value::new(What::Many(total)).tainted(value.taint.without(Taint::NONE)))
}
