//! Endpoints that do as they should, and those that do not.

#![allow(clippy::disallowed_methods, reason = "these tests serve and write")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::match_bool,
    clippy::print_stderr,
    clippy::single_match_else,
    clippy::type_complexity,
    reason = "servers that misbehave are written out by cases, with small numbers"
)]

mod hostile;
#[cfg(feature = "runtime")]
mod local;
mod looks;
mod recorded;
mod server;

use std::num::NonZeroU32;
use std::time::Duration;

use behaviour::case::{Arm, Case};
use behaviour::engine::Patience;
use behaviour::target::endpoint::{Key, Settings};
use behaviour::target::{Call, Decode, Message, Prompt, Role};

/// Patience for tests.
fn patience() -> Patience {
    let ms = Duration::from_millis;
    Patience { pause: ms(5), longest: ms(40), busy: ms(3000), ..Patience::default() }
}

fn settings(url: &str) -> Settings {
    Settings {
        address: url.parse().unwrap(),
        key: Key::new("sk-very-secret-key"),
        timeout: Duration::from_millis(1500),
        patience: patience(),
        rate: None,
        concurrency: NonZeroU32::new(3).unwrap(),
    }
}

fn decode() -> Decode {
    Decode {
        max_tokens: 32,
        temperature: 0.0,
        top_p: 1.0,
        seed: 5,
        stop: Vec::new(),
        top_logprobs: 0,
    }
}

fn chat(text: &str) -> Call {
    let message = Message { role: Role::User, content: text.to_owned() };
    Call { prompt: Prompt::Chat(vec![message]), decode: decode() }
}

fn cases(count: usize) -> Vec<Case> {
    let case = |number| Case {
        probe: "test/echo".to_owned(),
        version: 1,
        cluster: format!("c{number:04}"),
        arm: Arm::Only,
        repeat: 0,
        call: chat(&format!("prompt {number}")),
        slots: [].into(),
    };
    (0..count).map(case).collect()
}
