//! Whose words rendering leaves out.
//!
//! A template is gone through once more, with a conversation of four messages whose roles are known
//! and whose texts are not. Words that are written on none of the ways that rendering may take are
//! left out, and where no exception says so nobody notices.

use formats::jinja::Body;

use super::evaluate::Evaluator;
use super::notes::{Kind, Notes};
use super::syntax;
use super::value::{Taint, Value, What};

/// The roles of the conversation, what marks their words, and whose words these are.
const ROLES: [(&str, Taint, &str); 3] = [
    ("system", Taint::BY_SYSTEM, "a system message says"),
    ("user", Taint::BY_USER, "a user says"),
    ("assistant", Taint::BY_MODEL, "the model said before"),
];
const CONVERSATION: [usize; 4] = [0, 1, 2, 1];

/// Notes whose words are left out; of the system's only where they are expected. False where the
/// template is too large for it.
pub(super) fn dropped(body: &Body, without_system: bool, notes: &mut Notes) -> bool {
    if !syntax::uses(body, &["messages"]) {
        return true;
    }
    let messages = CONVERSATION.iter().filter_map(|role| ROLES.get(*role));
    let messages = Value::list(messages.map(|(role, taint, _)| message(role, *taint)).collect());
    let mut evaluator = Evaluator::of_conversation(&messages);
    evaluator.body(body);
    let Some(trial) = evaluator.trial.filter(|_| evaluator.whole) else { return false };
    // Nothing of it is written: it is a template of something else.
    if trial.raised || trial.written == Taint::NONE {
        return true;
    }
    for (_, taint, whose) in ROLES {
        let expected = !without_system || taint != Taint::BY_SYSTEM;
        if expected && !trial.written.has(taint) {
            let message = format!("what {whose} is left out, and no exception says so");
            notes.add(Kind::DroppedMessage, 0, message);
        }
    }
    true
}

fn message(role: &str, speaker: Taint) -> Value {
    let content = Value::unknown(Taint::CONTENT.with(Taint::MESSAGES).with(speaker));
    let role = Value::text(role).tainted(Taint::ROLE);
    let pairs = [(Value::text("role"), role), (Value::text("content"), content)];
    Value::new(What::Map(pairs.into())).tainted(Taint::MESSAGES.with(speaker))
}
