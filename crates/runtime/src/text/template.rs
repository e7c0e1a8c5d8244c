//! Chat templates: text of a stranger, run with little fuel and little room.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, ErrorKind, context};
use vocabulary::Untrusted;

use super::python;
pub use super::python::Day;
use crate::error::{Error, Result};

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
        environment.add_template("chat", &self.source).map_err(|error| wrong(&error))?;
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
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_filter("tojson", |value: &Value, kwargs: minijinja::value::Kwargs| {
        python::tojson(value, &kwargs)
    });
    environment.add_function(
        "raise_exception",
        |message: String| -> std::result::Result<Value, _> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        },
    );
    environment.add_function("strftime_now", move |pattern: String| day.format(&pattern));
    // What is captured by a block and never written counts too.
    let written = Arc::new(AtomicUsize::new(0));
    let most = limits.output;
    environment.set_formatter(move |out, state, value| {
        let size = value.as_str().map_or(16, str::len);
        let before = written.fetch_add(size, Ordering::Relaxed);
        if before.saturating_add(size) > most.saturating_mul(4) {
            return Err(minijinja::Error::new(ErrorKind::WriteFailure, "too much text"));
        }
        minijinja::escape_formatter(out, state, value)
    });
    environment
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
