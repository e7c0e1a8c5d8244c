//! Names through which a template leaves the data that it is given.

/// Attributes of Python's own objects that lead to code, besides those with two underscores.
const INTERNAL: &[&str] = &[
    "ag_code",
    "ag_frame",
    "co_code",
    "co_consts",
    "cr_code",
    "cr_frame",
    "f_back",
    "f_builtins",
    "f_code",
    "f_globals",
    "f_locals",
    "format_map",
    "func_closure",
    "func_code",
    "func_defaults",
    "func_globals",
    "gi_code",
    "gi_frame",
    "im_class",
    "im_func",
    "im_self",
    "mro",
    "tb_frame",
    "tb_next",
];

/// Functions that no engine gives to a chat template and every exploit looks for.
const FUNCTIONS: &[&str] = &[
    "__import__",
    "breakpoint",
    "compile",
    "delattr",
    "eval",
    "exec",
    "execfile",
    "get_flashed_messages",
    "getattr",
    "globals",
    "import_module",
    "importlib",
    "load_module",
    "locals",
    "open",
    "os",
    "popen",
    "setattr",
    "subprocess",
    "sys",
    "url_for",
    "vars",
];

/// Methods that make text out of something that is no text.
const DECODERS: &[&str] = &[
    "b64decode",
    "decode",
    "encode",
    "from_bytes",
    "fromhex",
    "maketrans",
    "to_bytes",
    "translate",
];

/// What stands between the underscores of internal names.
const STEMS: &[&str] = &[
    "base",
    "bases",
    "builtins",
    "class",
    "code",
    "dict",
    "getattribute",
    "getitem",
    "globals",
    "import",
    "init",
    "mro",
    "reduce",
    "self",
    "subclasses",
];

/// Whether text is what stands between the underscores of an internal name.
pub(super) fn is_stem(text: &str) -> bool {
    STEMS.binary_search(&text.trim_matches('_')).is_ok()
}

/// Whether an attribute of this name leads into Python's internals.
pub(super) fn is_internal(name: &str) -> bool {
    name.contains("__") || INTERNAL.binary_search(&name).is_ok()
}

/// Whether a function of this name is none that a template should know.
pub(super) fn is_dangerous_function(name: &str) -> bool {
    FUNCTIONS.binary_search(&name).is_ok()
}

/// Whether a method computes text in a way that is not followed here.
pub(super) fn is_decoder(name: &str) -> bool {
    DECODERS.binary_search(&name).is_ok()
}

/// A replacement field of a format string that reads an attribute or an item with an internal name.
pub(super) fn format_field(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let after = rest.get(at.saturating_add(1)..)?;
        let end = after.find(['{', '}']).unwrap_or(after.len());
        let field = after.get(..end)?;
        let reaches = field.split(['.', '[', ']', '!', ':']).skip(1).any(is_internal);
        if reaches && field.contains(['.', '[']) {
            return Some(field);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        for list in [INTERNAL, FUNCTIONS, DECODERS, STEMS] {
            assert!(list.is_sorted(), "{list:?}");
        }
    }

    #[test]
    fn sees_attributes_in_format_strings() {
        for text in
            ["{0.__class__}", "{a[__class__]}", "x{{y{0.a.__init__.__globals__!r:>5}", "{.mro}"]
        {
            assert!(format_field(text).is_some(), "{text}");
        }
        for text in
            ["{}", "{0}", "{name.first}", "{{ a.__class__", "__init__ {x}", "{\"a\": {\"b\": 1}}"]
        {
            let field = format_field(text);
            assert!(field.is_none() || text.starts_with("{{"), "{text}: {field:?}");
        }
    }
}
