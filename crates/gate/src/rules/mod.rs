//! The rules that the gate itself looks for: what no part can see alone.

mod exception_expired;
mod exception_unused;
mod format_not_permitted;

use vocabulary::Rule;

use exception_expired::EXCEPTION_EXPIRED;
use exception_unused::EXCEPTION_UNUSED;
use format_not_permitted::FORMAT_NOT_PERMITTED;

pub(crate) use exception_expired::found as exception_expired;
pub(crate) use exception_unused::found as exception_unused;
pub(crate) use format_not_permitted::check as format_not_permitted;

/// The rules of this crate.
pub const OWN: [&Rule; 3] = [&EXCEPTION_EXPIRED, &EXCEPTION_UNUSED, &FORMAT_NOT_PERMITTED];

/// Every rule that a weighing can look for, by name.
pub fn all() -> Vec<&'static Rule> {
    let mut rules = scan::rules();
    rules.extend(OWN);
    rules.sort_by_key(|rule| rule.name);
    rules
}

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.name == name)
}
