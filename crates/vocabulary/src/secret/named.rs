//! Credentials that nothing but what stands before them tells: a name, or the place in an address.

use super::body::{self, base64};
use super::{Candidate, Worth};

/// The longest value that is looked at.
const LONGEST: usize = 600;

/// A name, what may stand in the value, how long it is, and what that makes it.
pub(super) struct Name {
    /// In lower case.
    pub(super) text: &'static [u8],
    kind: &'static str,
    run: fn(&[u8]) -> usize,
    least: usize,
    worth: Worth,
    check: fn(&[u8]) -> bool,
}

/// How an entry of a `.netrc` begins.
const MACHINE: &[u8] = b"machine ";

pub(super) const NAMES: &[Name] = &[
    Name {
        text: b"aws_secret_access_key",
        kind: "secret access key of AWS",
        run: base64,
        least: 40,
        worth: Worth::Usable,
        check: |value| value.len() == 40 && mixed_case(value),
    },
    Name {
        text: b"secretaccesskey",
        kind: "secret access key of AWS",
        run: base64,
        least: 40,
        worth: Worth::Usable,
        check: |value| value.len() == 40 && mixed_case(value),
    },
    Name {
        text: b"accountkey",
        kind: "account key of Azure storage",
        run: base64,
        least: 88,
        worth: Worth::Usable,
        check: |value| body::decode(value, 100).len() == 64,
    },
    Name {
        text: b"sharedaccesskey",
        kind: "shared access key of Azure",
        run: base64,
        least: 43,
        worth: Worth::Usable,
        check: |value| body::decode(value, 100).len() >= 32,
    },
    // Told by `in_netrc`; here only for how it begins.
    named(MACHINE),
    named(b"client_secret"),
    named(b"api_key"),
    named(b"apikey"),
    named(b"api-key"),
    named(b"access_token"),
    named(b"auth_token"),
    named(b"password"),
    named(b"passwd"),
    named(b"secret_key"),
];

/// A value that its name alone makes a secret.
const fn named(name: &'static [u8]) -> Name {
    Name {
        text: name,
        kind: "value that its name calls a secret",
        run: value,
        least: 12,
        worth: Worth::Possible,
        check: |value| mixed_case(value) && value.iter().any(u8::is_ascii_digit),
    }
}

fn mixed_case(value: &[u8]) -> bool {
    body::is_mixed(value)
        && value.iter().any(u8::is_ascii_lowercase)
        && value.iter().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// What a value without quotes may consist of.
fn value(text: &[u8]) -> usize {
    let end = text.iter().position(|byte| {
        !byte.is_ascii_graphic()
            || matches!(
                byte,
                b'"' | b'\'' | b'`' | b',' | b';' | b')' | b'(' | b'}' | b'{' | b'\\' | b'<' | b'$'
            )
    });
    end.unwrap_or(text.len())
}

pub(super) fn candidate(text: &[u8], rest: &[u8], at: usize) -> Option<Candidate> {
    if rest.starts_with(b"://") {
        return in_address(rest, at);
    }
    if rest.get(..MACHINE.len()).is_some_and(|head| head.eq_ignore_ascii_case(MACHINE)) {
        return in_netrc(rest, at);
    }
    let first = rest.first()?.to_ascii_lowercase();
    let name = NAMES.iter().filter(|name| name.text.first() == Some(&first)).find(|name| {
        rest.get(..name.text.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.text))
    })?;
    let mut from = name.text.len();
    let mut parted = false;
    // Quotes, blanks and one sign between the name and its value.
    for byte in rest.get(from..)?.iter().take(8) {
        match byte {
            b'=' | b':' if !parted => parted = true,
            b'"' | b'\'' | b' ' | b'\\' | b'>' | b'=' => {}
            _ => break,
        }
        from = from.checked_add(1)?;
    }
    if !parted {
        return None;
    }
    let body = rest.get(from..rest.len().min(from.saturating_add(LONGEST)))?;
    let run = (name.run)(body);
    let found = body.get(..run)?;
    if run < name.least || run >= LONGEST {
        return None;
    }
    let fits = (name.check)(found) && !body::is_placeholder(found);
    let start = at.checked_add(from)?;
    // A token with a prefix of its own is told by that.
    let end = start.checked_add(run)?;
    let known = super::kinds::of(text.get(start..end)?).is_some();
    (fits && !known).then_some(Candidate {
        kind: name.kind,
        worth: Some(name.worth),
        start,
        body: start,
        end,
    })
}

/// `://user:password@host`.
fn in_address(rest: &[u8], at: usize) -> Option<Candidate> {
    let authority = rest.get(3..)?;
    let end = authority.iter().take(256).position(|byte| {
        !byte.is_ascii_graphic()
            || matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'\\' | b'?' | b'#')
    });
    let authority = authority.get(..end.unwrap_or(authority.len().min(256)))?;
    let host = authority.iter().rposition(|byte| *byte == b'@')?;
    let user = authority.iter().position(|byte| *byte == b':').filter(|user| *user < host)?;
    let password = authority.get(user.checked_add(1)?..host)?;
    let fits = password.len() >= 8
        && body::is_mixed(password)
        && !matches!(password.first(), Some(b'$' | b'{' | b'%'))
        && !body::is_placeholder(password)
        && !password.eq_ignore_ascii_case(b"password");
    let start = at.checked_add(4)?.checked_add(user)?;
    let end = start.checked_add(password.len())?;
    fits.then_some(Candidate {
        kind: "password in an address",
        worth: Some(Worth::Possible),
        start,
        body: start,
        end,
    })
}

/// `machine host login user password …`, on one line or several.
fn in_netrc(rest: &[u8], at: usize) -> Option<Candidate> {
    /// Words of one entry: `machine`, `login`, `account`, `password`, each with a value.
    const WORDS: usize = 8;
    let rest = rest.get(..rest.len().min(LONGEST))?;
    let mut words = Vec::new();
    let mut from = 0usize;
    for word in rest.split(u8::is_ascii_whitespace) {
        if !word.is_empty() && words.len() < WORDS {
            words.push((from, word));
        }
        from = from.saturating_add(word.len()).saturating_add(1);
    }
    let has = |key: &[u8]| words.iter().any(|(_, word)| *word == key);
    let key = words.iter().position(|(_, word)| *word == b"password")?;
    let (start, password) = words.get(key.checked_add(1)?)?;
    let fits = key > 1
        && has(b"login")
        && password.len() >= 8
        && body::is_mixed(password)
        && !matches!(password.first(), Some(b'$' | b'{' | b'%' | b'<' | b'['))
        && !body::is_placeholder(password);
    let start = at.checked_add(*start)?;
    let end = start.checked_add(password.len())?;
    fits.then_some(Candidate {
        kind: "password of a `.netrc`",
        worth: Some(Worth::Usable),
        start,
        body: start,
        end,
    })
}
