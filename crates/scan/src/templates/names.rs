//! What the variables of a chat template stand for.

use super::value::{Taint, Value, What};

/// Variables that hold the conversation.
const MESSAGES: &[&str] = &[
    "chat",
    "conversation",
    "conversations",
    "dialog",
    "history",
    "message",
    "messages",
    "msgs",
    "turns",
];
/// Variables that hold what somebody wrote.
const TEXTS: &[&str] = &[
    "input",
    "instruction",
    "prompt",
    "query",
    "question",
    "system_prompt",
    "user_input",
    "user_message",
    "user_prompt",
];
/// Variables that engines hand over whether or not they hold something.
const HANDED_OVER: &[&str] = &["documents", "tools"];
/// Functions that an engine gives to a template.
const FUNCTIONS: &[&str] = &[
    "cycler",
    "dict",
    "joiner",
    "lipsum",
    "namespace",
    "raise_exception",
    "range",
    "strftime_now",
];
/// Functions and variables that tell the date.
const DATES: &[&str] = &["current_date", "date", "datetime", "now", "time", "timestamp", "today"];

/// Keys whose value is text that somebody wrote.
const CONTENT_KEYS: &[&str] = &[
    "content",
    "message",
    "prompt",
    "reasoning",
    "reasoning_content",
    "text",
    "thinking",
    "thought",
    "value",
];
/// Keys whose value tells who wrote a message.
const ROLE_KEYS: &[&str] = &["author", "from", "role", "speaker"];

pub(super) fn variable(name: &str) -> Value {
    let is = |list: &[&str]| list.contains(&name);
    if is(FUNCTIONS) {
        return function(name);
    }
    let taint = if is(MESSAGES) {
        Taint::MESSAGES
    } else if is(TEXTS) {
        Taint::CONTENT
    } else if is(HANDED_OVER) {
        Taint::SETTING.with(Taint::TOOLS)
    } else if is(DATES) {
        Taint::DATE
    } else if name == "add_generation_prompt" || name.ends_with("_token") {
        Taint::NONE
    } else {
        Taint::SETTING
    };
    Value::unknown(taint)
}

/// A function by its name.
pub(super) fn function(name: &str) -> Value {
    Value::new(What::Method(Value::new(What::None).into(), name.into()))
}

/// What a key of something unknown holds.
pub(super) fn key(taint: Taint, key: &str) -> Taint {
    let lower = key.to_ascii_lowercase();
    let key = lower.as_str();
    let kept = taint.without(Taint::CONTENT.with(Taint::PART).with(Taint::ROLE));
    if taint.has(Taint::MESSAGES.with(Taint::PART).with(Taint::CONTENT)) {
        let kept = kept.without(Taint::COMPUTED);
        if CONTENT_KEYS.contains(&key) {
            return kept.with(Taint::MESSAGES).with(Taint::CONTENT);
        }
        if ROLE_KEYS.contains(&key) {
            return kept.with(Taint::ROLE);
        }
        return match key {
            "name" | "recipient" => kept.without(Taint::MESSAGES).with(Taint::NAME),
            "type" | "id" | "tool_call_id" => kept.without(Taint::MESSAGES),
            _ => kept.with(Taint::MESSAGES),
        };
    }
    if taint.has(Taint::TOOLS) && key == "name" {
        return taint.with(Taint::NAME);
    }
    taint
}

/// What an attribute of `loop` holds.
pub(super) fn of_loop(key: &str) -> Taint {
    match key {
        "index" | "index0" | "revindex" | "revindex0" | "length" | "depth" | "depth0" => {
            Taint::COUNT
        }
        "previtem" | "nextitem" | "cycle" => Taint::MESSAGES,
        _ => Taint::NONE,
    }
}

/// What Ollama gives to a template under a name.
pub(super) fn of_go(name: &str) -> Taint {
    match name {
        "Messages" => Taint::MESSAGES,
        "System" | "Prompt" | "Response" | "Suffix" => Taint::CONTENT,
        "First" | "Last" => Taint::NONE,
        _ => Taint::SETTING.with(Taint::TOOLS),
    }
}

/// Methods of text and of mappings.
pub(super) fn is_method(name: &str) -> bool {
    const METHODS: &[&str] = &[
        "append",
        "capitalize",
        "casefold",
        "center",
        "copy",
        "count",
        "endswith",
        "expandtabs",
        "extend",
        "find",
        "format",
        "get",
        "index",
        "insert",
        "isalnum",
        "isalpha",
        "isdigit",
        "islower",
        "isspace",
        "isupper",
        "items",
        "join",
        "keys",
        "ljust",
        "lower",
        "lstrip",
        "partition",
        "pop",
        "removeprefix",
        "removesuffix",
        "replace",
        "reverse",
        "rfind",
        "rindex",
        "rjust",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "update",
        "upper",
        "values",
        "zfill",
    ];
    METHODS.contains(&name) || super::access::is_decoder(name)
}
