//! JSON of a given shape. Nothing is fetched: a schema that points elsewhere is no schema here.

use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value;
use vocabulary::Untrusted;

use super::{Score, Seen};
use crate::pack::Problem;

#[derive(Debug, Clone)]
pub(super) struct Shape(Arc<Validator>);

impl Shape {
    pub(super) fn new(schema: &Value) -> Result<Self, Problem> {
        let made = jsonschema::options().build(schema).map_err(|error| {
            Problem::new(format!(
                "it is no JSON Schema: {}",
                vocabulary::escape(&error.to_string())
            ))
        })?;
        Ok(Self(Arc::new(made)))
    }

    /// 1 where the reply is JSON that the schema allows: all of it, or its one fenced block.
    pub(super) fn judge(&self, seen: Seen<'_>) -> Score {
        let text = seen.reply.text.trim();
        let value: Value = match crate::json::parse(within(text).as_bytes()) {
            Ok(value) => value,
            Err(error) => return Score::is(false, format!("it is no JSON: {error}")),
        };
        match self.0.iter_errors(&value).next() {
            None => Score::is(true, "it is as the schema says"),
            Some(error) => {
                let error = Untrusted::new(error.to_string()).shortened(120);
                Score::is(false, format!("it is not as the schema says: {error}"))
            }
        }
    }
}

/// The text of the one fence, where a reply is nothing else.
fn within(text: &str) -> &str {
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.and_then(|inner| inner.split_once('\n')).map_or(text, |(_, inner)| inner)
}
