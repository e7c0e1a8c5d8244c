//! What templates that were written for Python expect of their surroundings.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// How deep values are written.
const DEPTH: usize = 64;

/// `tojson` as transformers has it: like `json.dumps` without escapes for other alphabets.
pub(super) fn tojson(value: &Value, kwargs: &Kwargs, most: usize) -> Result<Value, Error> {
    let indent: Option<usize> = kwargs.get("indent").unwrap_or(None);
    let ascii: Option<bool> = kwargs.get("ensure_ascii").unwrap_or(None);
    let sorted: Option<bool> = kwargs.get("sort_keys").unwrap_or(None);
    let separators: Option<Vec<String>> = kwargs.get("separators").unwrap_or(None);
    kwargs.assert_all_used()?;
    let mut writer = Writer {
        out: String::new(),
        indent: indent.map(|indent| indent.min(16)),
        ascii: ascii.unwrap_or(false),
        sorted: sorted.unwrap_or(false),
        item: ", ".to_owned(),
        key: ": ".to_owned(),
        most,
    };
    if writer.indent.is_some() {
        ",".clone_into(&mut writer.item);
    }
    if let Some([item, key]) = separators.as_deref() {
        (writer.item, writer.key) = (item.clone(), key.clone());
    }
    writer.value(value, 0)?;
    Ok(Value::from_safe_string(writer.out))
}

struct Writer {
    out: String,
    indent: Option<usize>,
    ascii: bool,
    sorted: bool,
    item: String,
    key: String,
    /// Bytes that are written at most.
    most: usize,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if self.out.len() > self.most {
            return Err(Error::new(ErrorKind::WriteFailure, "too much text"));
        }
        if depth > DEPTH {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                "a value is too deep for `tojson`",
            ));
        }
        match value.kind() {
            ValueKind::Undefined => {
                return Err(Error::new(ErrorKind::UndefinedError, "`tojson` of nothing"));
            }
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::String => self.text(value.as_str().unwrap_or_default()),
            ValueKind::Number => self.out.push_str(&value.to_string()),
            ValueKind::Map => self.map(value, depth)?,
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth)?,
            other => {
                let problem = format!("`tojson` of a value of type {other}");
                return Err(Error::new(ErrorKind::InvalidOperation, problem));
            }
        }
        Ok(())
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('[');
        let mut any = false;
        for item in value.try_iter()? {
            self.before(any, depth);
            any = true;
            self.value(&item, depth.saturating_add(1))?;
        }
        self.after(any, depth);
        self.out.push(']');
        Ok(())
    }

    fn map(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('{');
        let mut any = false;
        let mut keys = value.try_iter()?.collect::<Vec<_>>();
        if self.sorted {
            keys.sort();
        }
        for key in keys {
            self.before(any, depth);
            any = true;
            match key.as_str() {
                Some(text) => self.text(text),
                None => self.text(&key.to_string()),
            }
            let between = self.key.clone();
            self.out.push_str(&between);
            self.value(&value.get_item(&key)?, depth.saturating_add(1))?;
        }
        self.after(any, depth);
        self.out.push('}');
        Ok(())
    }

    fn before(&mut self, any: bool, depth: usize) {
        if any {
            let item = self.item.clone();
            self.out.push_str(&item);
        }
        if let Some(indent) = self.indent {
            self.line(indent, depth.saturating_add(1));
        }
    }

    fn after(&mut self, any: bool, depth: usize) {
        if let Some(indent) = self.indent.filter(|_| any) {
            self.line(indent, depth);
        }
    }

    fn line(&mut self, indent: usize, depth: usize) {
        self.out.push('\n');
        self.out.push_str(&" ".repeat(indent.saturating_mul(depth)));
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                c if u32::from(c) < 0x20 || self.ascii && !c.is_ascii() => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        self.out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

/// A day, for `strftime_now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day, from 1.
    pub day: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Day {
    /// The day as `strftime` writes it; the time of day is midnight.
    pub(super) fn format(self, pattern: &str) -> Result<String, Error> {
        let month = MONTHS.get(usize::from(self.month.saturating_sub(1))).copied();
        let name = DAYS.get(self.weekday()).copied();
        let (Some(month), Some(name)) = (month, name) else {
            return Err(Error::new(ErrorKind::InvalidOperation, "there is no such day"));
        };
        let mut out = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let (bare, code) = match chars.next() {
                Some('-') => (true, chars.next()),
                other => (false, other),
            };
            let number = |n: u8| if bare { n.to_string() } else { format!("{n:02}") };
            match code {
                Some('Y') => out.push_str(&self.year.to_string()),
                Some('y') => out.push_str(&format!("{:02}", self.year.rem_euclid(100))),
                Some('m') => out.push_str(&number(self.month)),
                Some('d') => out.push_str(&number(self.day)),
                Some('B') => out.push_str(month),
                Some('b') => out.push_str(month.get(..3).unwrap_or(month)),
                Some('A') => out.push_str(name),
                Some('a') => out.push_str(name.get(..3).unwrap_or(name)),
                Some('H' | 'M' | 'S') => out.push_str(&number(0)),
                Some('%') => out.push('%'),
                other => {
                    let problem = format!("`strftime_now` with `%{}`", other.unwrap_or(' '));
                    return Err(Error::new(ErrorKind::InvalidOperation, problem));
                }
            }
        }
        Ok(out)
    }

    /// Days since Sunday, by Sakamoto's method.
    fn weekday(self) -> usize {
        const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let shift = SHIFT.get(usize::from(self.month.saturating_sub(1))).copied().unwrap_or(0);
        let year = u32::from(self.year).saturating_sub(u32::from(self.month < 3));
        let sum = year
            .saturating_add(year.div_euclid(4))
            .saturating_sub(year.div_euclid(100))
            .saturating_add(year.div_euclid(400))
            .saturating_add(shift)
            .saturating_add(u32::from(self.day));
        usize::try_from(sum.rem_euclid(7)).unwrap_or(0)
    }
}
