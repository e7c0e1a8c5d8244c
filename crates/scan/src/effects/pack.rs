//! The text form of a pack: one file a library, read where it lies, without a parsed copy.
//!
//! ```text
//! library numpy                     header, up to the first empty line
//! packages numpy                    top-level packages that the file speaks for
//!
//! m numpy.linalg._linalg            a module; what follows is its names
//! m numpy.oldname = numpy.newname   a module that is another one
//! i math np=numpy                   names bound to modules
//! < functools partial wraps=w *     names taken from a module (`wraps` bound as `w`)
//! f norm a                          a function and its effects (none when left out)
//! c Pool call=x new=- state=u items=- < multiprocessing.pool:Base
//! . close w                         a method of the class above
//! d HANDLER=logging:Logger          a value; after `=` its class, where that is known
//! F a reduce sorted                 functions with the same effects, in one line
//! C Decimal Fraction                classes that are inert in every way, in one line
//! ```
//!
//! `state=` is left out where the class has no `__setstate__`; the other three are left out where
//! they are `-`. A name may end in `*` and then stands for every name with that beginning that is
//! not listed otherwise. Text after ` # ` is a note for the reader of a report.

use memchr::{memchr, memmem, memrchr};

use super::bits::Effects;

/// A pack file, indexed by module.
pub(super) struct Pack {
    /// Sorted by name.
    modules: Vec<(&'static str, Section)>,
}

/// What a pack says of one module.
#[derive(Clone, Copy)]
pub(super) enum Section {
    /// Its lines.
    Body(&'static str),
    /// It is another module.
    Alias(&'static str),
}

/// What a pack says of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Function {
        effects: Effects,
        note: Option<&'static str>,
    },
    Class(ClassEntry),
    /// The name is bound to a module.
    Module(&'static str),
    /// The name is bound to a name of another module.
    Name {
        module: &'static str,
        name: &'static str,
    },
    /// A value; its class, where known, as `module:name`.
    Data {
        class: Option<&'static str>,
    },
}

/// A class line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClassEntry {
    pub(super) call: Effects,
    pub(super) new: Effects,
    pub(super) state: Option<Effects>,
    pub(super) items: Effects,
    /// Space-separated `module:name`, in the order of the class statement; no module for this one.
    pub(super) bases: &'static str,
    pub(super) note: Option<&'static str>,
}

/// A class that only holds what it is given.
const INERT: ClassEntry = ClassEntry {
    call: Effects::NONE,
    new: Effects::NONE,
    state: None,
    items: Effects::NONE,
    bases: "",
    note: None,
};

impl Pack {
    pub(super) fn index(text: &'static str) -> Self {
        const MODULE: &[u8] = b"\nm ";
        let starts =
            memmem::find_iter(text.as_bytes(), MODULE).map(|at| at.saturating_add(MODULE.len()));
        let mut starts = starts.peekable();
        let chunks = std::iter::from_fn(|| {
            let start = starts.next()?;
            let end = starts.peek().map_or(text.len(), |next| next.saturating_sub(MODULE.len()));
            text.get(start..end)
        });
        let mut modules: Vec<_> = chunks
            .map(|chunk| {
                let end = memchr(b'\n', chunk.as_bytes()).unwrap_or(chunk.len());
                let (head, body) = chunk.split_at_checked(end).unwrap_or((chunk, ""));
                let body = body.get(1..).unwrap_or_default();
                // There are thousands, and hardly one is an alias or has a note.
                if memchr(b' ', head.as_bytes()).is_none() {
                    return (head, Section::Body(body));
                }
                let (head, _) = split_note(head);
                head.split_once(" = ").map_or((head, Section::Body(body)), |(name, real)| {
                    (name, Section::Alias(real))
                })
            })
            .collect();
        // They are in order already, but for those that a hand wrote.
        modules.sort_by_key(|(name, _)| *name);
        Self { modules }
    }

    pub(super) fn section(&self, module: &str) -> Option<Section> {
        let at = self.modules.binary_search_by_key(&module, |(name, _)| name).ok()?;
        self.modules.get(at).map(|(_, section)| *section)
    }

    /// Whether the pack has this module or one inside it.
    pub(super) fn has_module(&self, module: &str) -> bool {
        let at = self.modules.partition_point(|(name, _)| *name < module);
        self.modules.get(at..).unwrap_or_default().iter().take(64).any(|(name, _)| {
            name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// The top-level packages that a pack speaks for, from its header.
pub(super) fn packages(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.strip_prefix("packages "))
        .unwrap_or_default()
        .split(' ')
}

/// A line without its note, and the note.
fn split_note(line: &'static str) -> (&'static str, Option<&'static str>) {
    match line.split_once(" # ") {
        Some((head, note)) => (head.trim_end(), Some(note.trim())),
        None => (line, None),
    }
}

/// The lines in which a text stands, in order. Most lines of a body are about another name, and are
/// not split.
fn lines_with(body: &'static str, text: &str) -> impl Iterator<Item = &'static str> {
    let bytes = body.as_bytes();
    let finder = memmem::Finder::new(text);
    let mut from = 0usize;
    std::iter::from_fn(move || {
        let rest = bytes.get(from..)?;
        let at = from.saturating_add(finder.find(rest)?);
        let start = memrchr(b'\n', bytes.get(..at)?).map_or(0, |before| before.saturating_add(1));
        let end = memchr(b'\n', bytes.get(at..)?);
        let end = end.map_or(bytes.len(), |len| at.saturating_add(len));
        from = end.saturating_add(1);
        body.get(start..end).map(|line| line.strip_suffix('\r').unwrap_or(line))
    })
}

/// The entry of exactly this name.
pub(super) fn find(body: &'static str, wanted: &str) -> Option<Entry> {
    if wanted.is_empty() || wanted.contains('\n') {
        return None;
    }
    lines_with(body, wanted).find_map(|line| {
        let (kind, rest) = line.split_at_checked(2)?;
        match kind {
            "f " | "c " => {
                let after = rest.strip_prefix(wanted)?;
                if !(after.is_empty() || after.starts_with(' ')) {
                    return None;
                }
                entry(kind, line)
            }
            "i " => split_note(rest).0.split(' ').find_map(|token| {
                let (name, module) = token.split_once('=').unwrap_or((token, token));
                (name == wanted).then_some(Entry::Module(module))
            }),
            "< " => {
                let (module, names) = split_note(rest).0.split_once(' ')?;
                names.split(' ').find_map(|token| {
                    let (name, bound) = token.split_once('=').unwrap_or((token, token));
                    (bound == wanted && name != "*").then_some(Entry::Name { module, name })
                })
            }
            "d " => split_note(rest).0.split(' ').find_map(|token| {
                let (name, class) =
                    token.split_once('=').map_or((token, None), |(n, c)| (n, Some(c)));
                (name == wanted).then_some(Entry::Data { class })
            }),
            "F " => {
                let (head, note) = split_note(rest);
                let (letters, names) = head.split_once(' ')?;
                let effects = parse(letters);
                names
                    .split(' ')
                    .any(|name| name == wanted)
                    .then_some(Entry::Function { effects, note })
            }
            "C " => {
                let (names, note) = split_note(rest);
                names
                    .split(' ')
                    .any(|name| name == wanted)
                    .then_some(Entry::Class(ClassEntry { note, ..INERT }))
            }
            _ => None,
        }
    })
}

/// The entry of a name that ends in `*` and covers this one.
pub(super) fn find_wildcard(body: &'static str, wanted: &str) -> Option<Entry> {
    lines_with(body, "*").find_map(|line| {
        let (kind, rest) = line.split_at_checked(2)?;
        let name = rest.split(' ').next()?;
        let covers = matches!(kind, "f " | "c ")
            && name.strip_suffix('*').is_some_and(|start| wanted.starts_with(start));
        covers.then(|| entry(kind, line)).flatten()
    })
}

/// The modules from which this one takes every name.
pub(super) fn star_imports(body: &'static str) -> impl Iterator<Item = &'static str> {
    lines_with(body, "*").filter_map(|line| {
        let (module, names) = split_note(line.strip_prefix("< ")?).0.split_once(' ')?;
        names.split(' ').any(|name| name == "*").then_some(module)
    })
}

/// The effects of a class's own method, by the lines after its `c` line.
pub(super) fn method(
    body: &'static str,
    class: &str,
    wanted: &str,
) -> Option<(Effects, Option<&'static str>)> {
    if class.is_empty() || class.contains('\n') {
        return None;
    }
    let line = lines_with(body, class).find(|line| {
        line.strip_prefix("c ")
            .and_then(|rest| rest.strip_prefix(class))
            .is_some_and(|after| after.is_empty() || after.starts_with(' '))
    })?;
    // A line is a part of its body.
    let behind = line.as_ptr().addr().saturating_sub(body.as_ptr().addr());
    let behind = body.get(behind.saturating_add(line.len())..)?;
    let mut lines = behind.lines();
    lines.next();
    lines.take_while(|line| line.starts_with(". ")).find_map(|line| {
        let (head, note) = split_note(line.get(2..)?);
        let (name, letters) = head.split_once(' ').unwrap_or((head, "-"));
        (name == wanted).then(|| (parse(letters), note))
    })
}

/// An unreadable run of letters counts as unresolved: never milder than it was meant.
fn parse(letters: &str) -> Effects {
    letters.parse().unwrap_or(Effects::UNRESOLVED)
}

/// A function or class line.
fn entry(kind: &str, line: &'static str) -> Option<Entry> {
    let (head, note) = split_note(line.get(2..)?);
    if kind == "f " {
        let letters = head.split(' ').nth(1).unwrap_or("-");
        return Some(Entry::Function { effects: parse(letters), note });
    }
    let (head, bases) = head.split_once(" < ").unwrap_or((head, ""));
    let mut class = ClassEntry { bases, note, ..INERT };
    for token in head.split(' ').skip(1) {
        match token.split_once('=') {
            Some(("call", letters)) => class.call = parse(letters),
            Some(("new", letters)) => class.new = parse(letters),
            Some(("state", letters)) => class.state = Some(parse(letters)),
            Some(("items", letters)) => class.items = parse(letters),
            _ => class.call = class.call.union(Effects::UNRESOLVED),
        }
    }
    Some(Entry::Class(class))
}
