//! Text that a `__setstate__` executes.
//!
//! The distributions of `scipy.stats` carry the source of three small functions that parse their
//! arguments, and execute it when they are unpickled. The library wrote that text from a template;
//! text that fits the template is inert, any other is code.

use formats::pickle::{Heap, Value, View};

/// Whether the state of a `scipy.stats` distribution holds no text to execute but that of the
/// library's own template.
pub(super) fn is_argument_parser(heap: &Heap, class: &str, state: Value) -> bool {
    if !class.starts_with("scipy.stats.") {
        return false;
    }
    let View::Dict(pairs) = heap.view(state) else { return false };
    if pairs.shown.len() as u64 != pairs.total {
        return false;
    }
    let mut seen = false;
    for (key, value) in pairs.shown {
        if heap.text(*key, 64).is_some_and(|key| key == "_parse_arg_template") {
            match heap.text(*value, 8192) {
                Some(text) if fits(&text) => seen = true,
                _ => return false,
            }
        }
    }
    seen
}

/// Whether text is three functions that only return their arguments.
fn fits(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        let body = if let Some(rest) = line.strip_prefix("def ") {
            let names = ["_parse_args(", "_parse_args_rvs(", "_parse_args_stats("];
            names.iter().find_map(|name| rest.strip_prefix(name)?.strip_suffix("):"))
        } else if let Some(rest) = line.strip_prefix("return self._argcheck_rvs(") {
            rest.strip_suffix(')')
        } else if let Some(rest) = line.strip_prefix("return ") {
            Some(rest)
        } else {
            return line.is_empty();
        };
        // Names, numbers, commas and the parentheses of a tuple: nothing that is called.
        body.is_some_and(|body| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_ ,=.()'".contains(c);
            let called = body.as_bytes().windows(2).any(|pair| {
                matches!(pair, [before, b'('] if before.is_ascii_alphanumeric() || matches!(before, b'_' | b')' | b'\''))
            });
            let spaced = body.contains("in ") || body.contains("if ") || body.contains(" (");
            body.chars().all(plain) && !called && !spaced
        })
    })
}

#[cfg(test)]
mod tests {
    use super::fits;

    const NORMAL: &str = "
def _parse_args(self, a, loc=0, scale=1):
    return (a,), loc, scale

def _parse_args_rvs(self, a, loc=0, scale=1, size=None):
    return self._argcheck_rvs(a, loc, scale, size=size)

def _parse_args_stats(self, a, loc=0, scale=1, moments='mv'):
    return (a,), loc, scale, moments
";

    #[test]
    fn knows_the_template_of_the_library() {
        assert!(fits(NORMAL));
        assert!(fits(&NORMAL.replace("(a,)", "()").replace(" a,", "")));
    }

    #[test]
    fn takes_anything_else_for_code() {
        for text in [
            "import os",
            "def _parse_args(self, a=print('x')):\n    return a",
            "def _parse_args(self, a=print ('x')):\n    return a",
            "def _parse_args(self):\n    return __import__('os').system('true')",
            "def other(self):\n    return 1",
            "def _parse_args(self): print(1)\n",
            "return [x for x in y]",
            "@f\ndef _parse_args(self):",
        ] {
            assert!(!fits(text), "{text}");
        }
    }
}
