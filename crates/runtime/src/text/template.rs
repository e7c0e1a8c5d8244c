//! Chat templates: text of a stranger, run with little fuel and little room.

use std::io;

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, context};
use vocabulary::Untrusted;

use super::guard::{self, Weigher};
use super::python;
pub use super::python::Day;
use crate::error::{Error, Result};

type Outcome<T> = std::result::Result<T, minijinja::Error>;

/// What rendering may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateLimits {
    /// Instructions.
    pub fuel: u64,
    /// Bytes of output, captured blocks included.
    pub output: usize,
}

/// A chat template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    source: String,
    /// Names of special tokens that templates ask for, with their texts.
    tokens: Vec<(String, String)>,
}

impl Template {
    pub(crate) fn new(source: String, tokens: Vec<(String, String)>) -> Self {
        Self { source, tokens }
    }

    /// Renders a chat.
    pub(crate) fn render(
        &self,
        messages: &[(&str, &str)],
        add_generation_prompt: bool,
        day: Day,
        limits: TemplateLimits,
    ) -> Result<String> {
        let mut environment = environment(day, limits);
        let source = guard::rewrite(&self.source);
        let source = source.map_err(|why| Error::Template(format!("it cannot be run: {why}")))?;
        environment.add_template("chat", &source).map_err(|error| wrong(&error))?;
        let template = environment.get_template("chat").map_err(|error| wrong(&error))?;
        let messages = messages
            .iter()
            .map(|(role, content)| context! { role => *role, content => *content })
            .collect::<Vec<_>>();
        let tokens = self.tokens.iter().map(|(name, text)| (name.as_str(), Value::from(text)));
        let given = [
            ("messages", Value::from(messages)),
            ("add_generation_prompt", Value::from(add_generation_prompt)),
            // They stand there as nothing, so that a template may ask whether they do.
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let context = tokens.chain(given).collect::<Value>();
        let mut output = Bounded { text: Vec::new(), room: limits.output };
        let rendered = template.render_captured_to(context, &mut output);
        rendered.map_err(|error| wrong(&error))?;
        String::from_utf8(output.text).map_err(|_| Error::Template("it wrote no text".to_owned()))
    }
}

fn environment(day: Day, limits: TemplateLimits) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(limits.fuel));
    environment.set_recursion_limit(64);
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_function("raise_exception", |message: String| -> Outcome<Value> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_function("strftime_now", move |pattern: String| day.format(&pattern));
    let weigher = Weigher::new(limits.output);
    weighed(&mut environment, &weigher);
    bounded(&mut environment, &weigher);
    // What is captured by a block and never written counts too.
    environment.set_formatter(move |out, _, value| {
        if let Some(text) = value.as_str() {
            weigher.spend(text.len())?;
            return Ok(out.write_str(text)?);
        }
        if value.is_undefined() {
            return Ok(());
        }
        Ok(out.write_str(&weigher.written(value)?)?)
    });
    environment
}

/// What rewritten templates call.
fn weighed(environment: &mut Environment<'_>, weigher: &Weigher) {
    let own = weigher.clone();
    environment.add_function(guard::HELD, move |value: Value| own.held(value));
    let own = weigher.clone();
    environment.add_function(guard::SEEN, move |value: Value| own.seen(value));
    let own = weigher.clone();
    environment.add_function(guard::KEPT, move |value: Value| own.kept(value));
    let own = weigher.clone();
    environment.add_function(guard::TEXT, move |value: Value| own.text(value));
    let own = weigher.clone();
    environment.add_function(guard::EACH, move |value: Value, size: usize| own.each(value, size));
}

/// Filters and methods whose results are weighed before they are made; those are gone that no template
/// of a chat needs and that make much of little.
fn bounded(environment: &mut Environment<'_>, weigher: &Weigher) {
    for name in ["batch", "slice", "format", "pprint", "zip", "chain", "groupby"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    let own = weigher.clone();
    environment.add_filter("tojson", move |value: &Value, kwargs: Kwargs| {
        own.seen(value.clone())?;
        python::tojson(value, &kwargs, own.most())
    });
    let own = weigher.clone();
    environment.add_filter("string", move |value: Value| own.text(value));
    let own = weigher.clone();
    environment.add_filter("replace", move |text: String, from: String, to: String| {
        own.replace(&text, &from, &to)
    });
    let own = weigher.clone();
    let join = move |items: Value, between: Option<String>, kwargs: Kwargs| {
        let between = between.or(kwargs.get("d")?).unwrap_or_default();
        let attribute: Option<String> = kwargs.get("attribute")?;
        kwargs.assert_all_used()?;
        let Some(attribute) = attribute else { return own.join(&items, &between) };
        let items = items.try_iter()?.map(|item| item.get_attr(&attribute));
        let items = items.collect::<Outcome<Vec<_>>>()?;
        own.join(&Value::from(items), &between)
    };
    environment.add_filter("join", join);
    let own = weigher.clone();
    let indent = move |text: String, width: Option<usize>, kwargs: Kwargs| {
        let width = width.or(kwargs.get("width")?).unwrap_or(4);
        let first: Option<bool> = kwargs.get("first")?;
        let blank: Option<bool> = kwargs.get("blank")?;
        kwargs.assert_all_used()?;
        own.indent(&text, width, first.unwrap_or(false), blank.unwrap_or(false))
    };
    environment.add_filter("indent", indent);
    let own = weigher.clone();
    environment.set_unknown_method_callback(move |state, value, method, args| {
        match (method, value.as_str(), args) {
            ("replace", Some(text), [from, to]) => {
                let (from, to) = (from.as_str(), to.as_str());
                let wrong = || minijinja::Error::from(ErrorKind::InvalidOperation);
                let (from, to) = (from.ok_or_else(wrong)?, to.ok_or_else(wrong)?);
                own.replace(text, from, to).map(Value::from)
            }
            ("join", Some(text), [items]) => own.join(items, text).map(Value::from),
            ("replace" | "join" | "format", ..) => {
                Err(minijinja::Error::from(ErrorKind::UnknownMethod))
            }
            _ => minijinja_contrib::pycompat::unknown_method_callback(state, value, method, args),
        }
    });
}

fn wrong(error: &minijinja::Error) -> Error {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "it computes longer than is allowed".to_owned(),
        ErrorKind::WriteFailure => "it writes more than is allowed".to_owned(),
        _ => Untrusted::new(error.to_string()).shortened(300),
    };
    Error::Template(what)
}

/// Output with an end.
struct Bounded {
    text: Vec<u8>,
    room: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.room {
            return Err(io::Error::other("no room"));
        }
        self.room = self.room.saturating_sub(bytes.len());
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
