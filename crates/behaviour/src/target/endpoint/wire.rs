//! The words of the protocol.
//!
//! Source: <https://platform.openai.com/docs/api-reference>; the log-probabilities of `completions`
//! come in its old form (lists) from vLLM and llama-cpp-python and in that of `chat/completions` from
//! llama.cpp's own server, so both are read.

use serde_json::{Map, Value, json};

use super::Found;
use crate::target::{Ability, Call, Decode, Failure, Finish, Prompt, Reply, Token, Usage};

/// A log-probability may be this much over 0 by rounding.
const ROUNDING: f64 = 1e-3;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoAnswer(pub(super) String);

/// Has vLLM tell the ids of tokens; others tell them anyway or leave it alone.
pub(super) const IDS: &str = "return_token_ids";

type Read<T> = Result<T, NoAnswer>;

impl From<NoAnswer> for Failure {
    fn from(NoAnswer(what): NoAnswer) -> Self {
        Self::Garbled(what)
    }
}

fn garbled<T>(what: impl Into<String>) -> Read<T> {
    Err(NoAnswer(what.into()))
}

/// The body of a call.
pub(super) fn request(model: &str, call: &Call, found: &Found) -> Value {
    let Decode { max_tokens, temperature, top_p, seed, stop, top_logprobs } = &call.decode;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("model", model.into());
    let top = (*top_logprobs).min(found.capabilities.top_logprobs);
    match &call.prompt {
        Prompt::Chat(messages) => {
            put("messages", json!(messages));
            if top > 0 {
                put("logprobs", true.into());
                put("top_logprobs", top.into());
            }
        }
        Prompt::Text(text) => {
            put("prompt", text.as_str().into());
            if top > 0 {
                put("logprobs", top.into());
            }
        }
    }
    let limit = if found.new_limit { "max_completion_tokens" } else { "max_tokens" };
    put(limit, (*max_tokens).into());
    put("temperature", json!(temperature));
    put("top_p", json!(top_p));
    if found.takes_seed {
        // Servers keep it in 32 bits, some with a sign.
        put("seed", (seed & 0x7fff_ffff).into());
    }
    if !stop.is_empty() {
        put("stop", json!(stop));
    }
    if top > 0 && found.capabilities.can.contains(&Ability::TokenIds) {
        put(IDS, true.into());
    }
    put("stream", false.into());
    Value::Object(body)
}

/// A call that has the server tell how probable a given text is.
pub(super) fn echo(model: &str, text: &str, found: &Found) -> Value {
    let limit = if found.new_limit { "max_completion_tokens" } else { "max_tokens" };
    json!({
        "model": model, "prompt": text, limit: 1, "temperature": 0,
        "echo": true, "logprobs": 1, "stream": false,
    })
}

/// The names in an answer to `models`.
pub(super) fn models(answer: &Value) -> Read<Vec<String>> {
    let list = answer.get("data").and_then(Value::as_array);
    let names = list.and_then(|list| {
        list.iter().map(|model| Some(model.get("id")?.as_str()?.to_owned())).collect()
    });
    names.map_or_else(|| garbled("its list of models is none"), Ok)
}

/// A reply to such a prompt.
pub(super) fn reply(answer: &Value, prompt: &Prompt) -> Read<Reply> {
    match prompt {
        Prompt::Chat(_) => chat(answer),
        Prompt::Text(_) => completion(answer),
    }
}

/// A reply of `chat/completions`.
fn chat(answer: &Value) -> Read<Reply> {
    let choice = choice(answer)?;
    let finish = finish(choice)?;
    let Some(message) = choice.get("message").and_then(Value::as_object) else {
        return garbled("the reply has no `message`");
    };
    let content = message.get("content");
    let refusal = message.get("refusal").and_then(Value::as_str);
    let text = match (content, refusal) {
        (Some(Value::String(text)), _) => text,
        // A refusal has a place of its own in newer servers.
        (None | Some(Value::Null), Some(refusal)) => refusal,
        // It was all thought, or held back, or calls a tool.
        (Some(Value::Null), None) if finish != Finish::Stop => "",
        _ => return garbled("the `content` of the reply is no text"),
    };
    whole(answer, choice, text, finish)
}

/// A reply of `completions`.
fn completion(answer: &Value) -> Read<Reply> {
    let choice = choice(answer)?;
    let Some(text) = choice.get("text").and_then(Value::as_str) else {
        return garbled("the reply has no `text`");
    };
    whole(answer, choice, text, finish(choice)?)
}

fn choice(answer: &Value) -> Read<&Value> {
    if !answer.is_object() {
        return garbled("the answer is no object");
    }
    if let Some(said) = answer.pointer("/error/message").and_then(Value::as_str) {
        let said: String = said.chars().take(200).collect();
        return garbled(format!("an error came as an answer: {said}"));
    }
    match answer.get("choices").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one]) => Ok(one),
        Some(list) => garbled(format!("{} replies came, and one was asked for", list.len())),
        None => garbled("the answer has no `choices`"),
    }
}

fn finish(choice: &Value) -> Read<Finish> {
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop" | "eos") => Ok(Finish::Stop),
        Some("length") => Ok(Finish::Length),
        Some("content_filter") => Ok(Finish::Filter),
        Some(other) => Ok(Finish::Other(other.chars().take(100).collect())),
        None => garbled("the reply has no `finish_reason`"),
    }
}

fn whole(answer: &Value, choice: &Value, text: &str, finish: Finish) -> Read<Reply> {
    let mut tokens = match choice.get("logprobs") {
        None | Some(Value::Null) => Vec::new(),
        Some(told) => tokens(told)?,
    };
    if let Some(ids) = choice.get("token_ids").and_then(Value::as_array)
        && ids.len() == tokens.len()
    {
        for (token, id) in tokens.iter_mut().zip(ids) {
            token.id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        }
    }
    let usage = match answer.get("usage") {
        None | Some(Value::Null) => None,
        Some(told) => Some(usage(told)?),
    };
    Ok(Reply { text: text.to_owned(), finish, tokens, usage, served_by: served_by(answer) })
}

fn served_by(answer: &Value) -> Option<String> {
    let text =
        |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let model: String = text("model")?.chars().take(300).collect();
    Some(match text("system_fingerprint") {
        Some(print) => format!("{model} {}", print.chars().take(100).collect::<String>()),
        None => model,
    })
}

fn usage(told: &Value) -> Read<Usage> {
    let number = |name: &str| told.get(name).and_then(Value::as_u64);
    match (number("prompt_tokens"), number("completion_tokens")) {
        (Some(prompt), Some(completion)) => Ok(Usage { prompt, completion }),
        // What it took is for an embedding alone, or left out where nothing was made.
        (Some(prompt), None) if told.get("completion_tokens").is_none_or(Value::is_null) => {
            Ok(Usage { prompt, completion: 0 })
        }
        _ => garbled("its `usage` holds no counts of tokens"),
    }
}

fn tokens(told: &Value) -> Read<Vec<Token>> {
    match (told.get("content"), told.get("tokens")) {
        (Some(Value::Array(list)), _) => list.iter().map(token).collect(),
        (_, Some(Value::Array(list))) => lists(told, list),
        (None | Some(Value::Null), None | Some(Value::Null)) => Ok(Vec::new()),
        _ => garbled("its `logprobs` are no list"),
    }
}

/// One of `content`: a token with its alternatives.
fn token(told: &Value) -> Read<Token> {
    let Some(text) = told.get("token").and_then(Value::as_str) else {
        return garbled("a token has no text");
    };
    let top = match told.get("top_logprobs") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(alternative).collect::<Read<_>>()?,
        Some(_) => return garbled("the alternatives of a token are no list"),
    };
    let id = told.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
    Ok(Token { text: text.to_owned(), id, logprob: logprob(told.get("logprob"))?, top })
}

fn alternative(told: &Value) -> Read<(String, f64)> {
    match told.get("token").and_then(Value::as_str) {
        Some(text) => Ok((text.to_owned(), logprob(told.get("logprob"))?)),
        None => garbled("an alternative has no text"),
    }
}

/// The old form: lists of the same length.
fn lists(told: &Value, tokens: &[Value]) -> Read<Vec<Token>> {
    let list = |name: &str| told.get(name).and_then(Value::as_array).map(Vec::as_slice);
    let Some(probable) = list("token_logprobs").filter(|list| list.len() == tokens.len()) else {
        return garbled("there is not a log-probability for each token");
    };
    let top = list("top_logprobs").unwrap_or_default();
    if !top.is_empty() && top.len() != tokens.len() {
        return garbled("there are not alternatives for each token");
    }
    let top = top.iter().map(Some).chain(std::iter::repeat(None));
    let mut read = Vec::with_capacity(tokens.len());
    for ((text, probable), top) in tokens.iter().zip(probable).zip(top) {
        let Some(text) = text.as_str() else { return garbled("a token has no text") };
        let top = match top {
            Some(Value::Object(top)) => ranked(top)?,
            None | Some(Value::Null) => Vec::new(),
            Some(_) => return garbled("the alternatives of a token are no map"),
        };
        // The first token of a text follows nothing.
        let logprob = match probable {
            Value::Null if read.is_empty() => 0.0,
            told => logprob(Some(told))?,
        };
        read.push(Token { text: text.to_owned(), id: None, logprob, top });
    }
    Ok(read)
}

/// The most probable first; those of one probability by their text.
fn ranked(top: &Map<String, Value>) -> Read<Vec<(String, f64)>> {
    let each = top.iter().map(|(text, told)| Ok((text.clone(), logprob(Some(told))?)));
    let mut top: Vec<(String, f64)> = each.collect::<Read<_>>()?;
    top.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(top)
}

fn logprob(told: Option<&Value>) -> Read<f64> {
    match told.and_then(Value::as_f64) {
        Some(number) if number.is_finite() && number <= ROUNDING => Ok(number.min(0.0)),
        Some(number) => garbled(format!("{number} is the logarithm of no probability")),
        None => garbled("a log-probability is no number"),
    }
}

/// The tokens of the continuation in an answer that echoes the prompt. The text is told apart by the
/// texts of its tokens; a token that reaches over the border is told with the continuation.
pub(super) fn echoed(answer: &Value, prompt: &str, continuation: &str) -> Read<Vec<Token>> {
    let reply = completion(answer)?;
    let end = prompt.len().saturating_add(continuation.len());
    if !reply.text.as_bytes().starts_with(prompt.as_bytes()) {
        return garbled("it did not echo the text");
    }
    // Servers that put a token before every text tell it or not: counted from the end of the echo.
    let mut at = 0usize;
    let mut told = Vec::new();
    for token in reply.tokens {
        let begins = at;
        let special = begins == 0 && !prompt.starts_with(&token.text);
        if !special {
            at = at.saturating_add(token.text.len());
        }
        if at > prompt.len() && begins < end {
            told.push(token);
        }
    }
    if told.is_empty() || at < end {
        return garbled("it did not tell the tokens of the text");
    }
    Ok(told)
}
