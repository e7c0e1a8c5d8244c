//! From a name in a pickle to the object it really is.

use std::cell::RefCell;
use std::rc::Rc;

use super::bits::Effects;
use super::library;
use super::pack::{self, ClassEntry, Entry, Pack, Section};

/// How many aliases, base classes and attributes one lookup follows. A name in a pickle may be
/// arbitrarily long; no real one comes near.
const STEPS: u32 = 256;
/// Answers that a thread keeps, a power of two, and the longest name among them, in bytes.
const SLOTS: usize = 4096;
const LONGEST_KEPT: usize = 256;

/// How many packages above a module are looked at for a rename.
const DEPTH: usize = 16;

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<'a> {
    /// A function, a method, or anything else that is only called.
    Function {
        /// What calling it does.
        effects: Effects,
        /// Why the reviewed layer says so. It starts with `special` for the helpers of `copyreg`
        /// that make an instance of the class given as argument.
        note: Option<&'a str>,
    },
    /// A class.
    Class {
        /// What calling it does: `__new__`, `__init__`, and a metaclass's `__call__`.
        call: Effects,
        /// What making an instance without `__init__` does, as `NEWOBJ` does.
        new: Effects,
        /// What `BUILD` does where the class, or one it inherits from, takes the state itself
        /// (`__setstate__`, `__setattr__` or `__getattr__`); `None` for the plain update of the
        /// instance's dictionary.
        state: Option<Effects>,
        /// What adding items does: `append`, `extend`, `add`, `__setitem__`.
        items: Effects,
        /// Why the reviewed layer says so.
        note: Option<&'a str>,
    },
    /// A module, by its real name.
    Module(String),
    /// A value that is neither function, class nor module.
    Data,
    /// Not in any pack.
    Unknown(Why),
}

/// Why a name is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// No pack speaks for the top-level package.
    NoSuchLibrary,
    /// The library's pack has no such module.
    NoSuchModule,
    /// The module has no such name.
    NoSuchName,
}

/// The answer of [`lookup`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What is known of the object that the name stands for.
    pub known: Known<'static>,
    /// The real place of that object, `module.name`, after every alias.
    pub path: String,
    /// The places passed on the way, first to last, without the one asked for and `path`.
    pub through: Vec<String>,
}

/// Looks up a module and a qualified name, following module aliases, re-exports, class members
/// and attribute chains: (`tempfile`, `_os.system`) is `posix.system`, through `os` and
/// `os.system`. Names of Python 2 are to be translated by the caller.
pub fn lookup(module: &str, qualname: &str) -> Resolved {
    (*shared(module, qualname)).clone()
}

/// The same, without a copy.
pub fn shared(module: &str, qualname: &str) -> Rc<Resolved> {
    thread_local! {
        // A folder names the same things in every file. The packs do not change in a process.
        static KEPT: RefCell<Vec<Option<Kept>>> = const { RefCell::new(Vec::new()) };
    }
    if module.len().saturating_add(qualname.len()) > LONGEST_KEPT {
        return Rc::new(resolve(module, qualname));
    }
    let at = slot(module, qualname);
    let held = KEPT.with_borrow(|kept| {
        let held = kept.get(at)?.as_ref()?;
        (held.module == module && held.qualname == qualname).then(|| Rc::clone(&held.resolved))
    });
    held.unwrap_or_else(|| {
        let resolved = Rc::new(resolve(module, qualname));
        let (module, qualname) = (module.to_owned(), qualname.to_owned());
        let answer = Kept { module, qualname, resolved: Rc::clone(&resolved) };
        KEPT.with_borrow_mut(|kept| {
            kept.resize_with(SLOTS, || None);
            if let Some(slot) = kept.get_mut(at) {
                *slot = Some(answer);
            }
        });
        resolved
    })
}

/// An answer that is kept until another one wants its slot.
struct Kept {
    module: String,
    qualname: String,
    resolved: Rc<Resolved>,
}

/// Where the answer about a name is kept. Whoever makes names meet in one slot makes them be
/// looked up again, and no more.
fn slot(module: &str, qualname: &str) -> usize {
    let mut sum = module.len() as u64;
    for bytes in [module.as_bytes(), qualname.as_bytes()] {
        let (words, rest) = bytes.as_chunks::<8>();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        for word in words.chain(rest.iter().copied().map(u64::from)) {
            sum = (sum.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    usize::try_from(sum >> 32).map_or(0, |sum| sum & SLOTS.wrapping_sub(1))
}

fn resolve(module: &str, qualname: &str) -> Resolved {
    let mut walk = Walk { steps: STEPS, through: Vec::new() };
    let place = walk.follow(module, qualname);
    let path = place.path();
    let asked = format!("{module}.{qualname}");
    let mut through = walk.through;
    through.retain(|step| *step != path && *step != asked);
    through.dedup();
    Resolved { known: place.known(), path, through }
}

/// An object on the way.
enum Place {
    Module(String),
    Function {
        module: String,
        name: String,
        effects: Effects,
        note: Option<&'static str>,
    },
    Class {
        module: String,
        name: String,
        entry: ClassEntry,
    },
    /// A value, and its class where that is known.
    Data {
        module: String,
        name: String,
        class: Option<&'static str>,
    },
    Unknown {
        module: String,
        name: String,
        why: Why,
    },
}

impl Place {
    fn path(&self) -> String {
        match self {
            Self::Module(module) => module.clone(),
            Self::Function { module, name, .. }
            | Self::Class { module, name, .. }
            | Self::Data { module, name, .. }
            | Self::Unknown { module, name, .. } => format!("{module}.{name}"),
        }
    }

    fn known(self) -> Known<'static> {
        match self {
            Self::Module(module) => Known::Module(module),
            Self::Function { effects, note, .. } => Known::Function { effects, note },
            Self::Class { entry, .. } => Known::Class {
                call: entry.call,
                new: entry.new,
                state: entry.state,
                items: entry.items,
                note: entry.note,
            },
            Self::Data { .. } => Known::Data,
            Self::Unknown { why, .. } => Known::Unknown(why),
        }
    }
}

/// One lookup: what is left of its steps, and where it has been.
struct Walk {
    steps: u32,
    through: Vec<String>,
}

impl Walk {
    /// Takes one step, or says that there are none left.
    fn step(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    fn follow(&mut self, module: &str, qualname: &str) -> Place {
        let mut place = Place::Module(self.real_module(module));
        for name in qualname.split('.') {
            if !self.step() {
                return unknown(module, qualname, Why::NoSuchName);
            }
            // The place asked for is no waypoint.
            if !matches!(&place, Place::Module(real) if real == module) {
                self.through.push(place.path());
            }
            place = self.attribute(place, name);
        }
        place
    }

    /// The module's own name, after `m a = b` lines about it or a package that it is in.
    fn real_module(&mut self, module: &str) -> String {
        let mut real = module.to_owned();
        while let Some(next) = renamed(&real) {
            if !self.step() {
                break;
            }
            real = next;
        }
        real
    }

    fn attribute(&mut self, place: Place, name: &str) -> Place {
        match place {
            Place::Module(module) => self
                .in_module(&module, name, true)
                .unwrap_or_else(|| unknown(&module, name, why(&module))),
            Place::Class { module, name: class, entry } => self
                .in_class(&module, &class, entry, name)
                .unwrap_or_else(|| unknown(&module, &format!("{class}.{name}"), Why::NoSuchName)),
            // `f.__call__` is `f`.
            Place::Function { .. } if name == "__call__" => place,
            Place::Data { module, name: value, class: Some(class) } => {
                let found = class.split_once(':').and_then(|(home, class)| {
                    match self.follow(home, class) {
                        Place::Class { module, name: class, entry } => {
                            self.in_class(&module, &class, entry, name)
                        }
                        _ => None,
                    }
                });
                found.unwrap_or_else(|| {
                    unknown(&module, &format!("{value}.{name}"), Why::NoSuchName)
                })
            }
            Place::Function { module, name: owner, .. }
            | Place::Data { module, name: owner, .. }
            | Place::Unknown { module, name: owner, .. } => {
                unknown(&module, &format!("{owner}.{name}"), Why::NoSuchName)
            }
        }
    }

    /// A name of a module. `wild` also takes the lines that end in `*`.
    fn in_module(&mut self, module: &str, name: &str, wild: bool) -> Option<Place> {
        if !self.step() {
            return None;
        }
        let bodies = bodies(module);
        let [reviewed, generated] = bodies;
        if let Some(entry) = reviewed.and_then(|body| pack::find(body, name)) {
            return Some(self.entered(module, name, entry));
        }
        let found = generated.and_then(|body| pack::find(body, name));
        // What is bound to something of another module is what that module says.
        if let Some(entry @ (Entry::Module(_) | Entry::Name { .. })) = found {
            return Some(self.entered(module, name, entry));
        }
        if name == "__builtins__" {
            return Some(Place::Module("builtins".to_owned()));
        }
        let inside = format!("{module}.{name}");
        if found.is_none()
            && packs(&inside).into_iter().flatten().any(|pack| pack.has_module(&inside))
        {
            return Some(Place::Module(self.real_module(&inside)));
        }
        let covering = |body: Option<&'static str>| {
            body.filter(|_| wild).and_then(|body| pack::find_wildcard(body, name))
        };
        if let Some(entry) = covering(reviewed).or(found) {
            return Some(self.entered(module, name, entry));
        }
        for source in bodies.iter().flatten().flat_map(|body| pack::star_imports(body)) {
            let real = self.real_module(source);
            if let Some(place) = self.in_module(&real, name, false) {
                return Some(place);
            }
        }
        let entry = covering(generated)?;
        Some(self.entered(module, name, entry))
    }

    /// What an entry stands for.
    fn entered(&mut self, module: &str, name: &str, entry: Entry) -> Place {
        let (module, name) = (module.to_owned(), name.to_owned());
        match entry {
            Entry::Function { effects, note } => Place::Function { module, name, effects, note },
            Entry::Class(mut entry) => {
                // A reviewed line need not repeat the bases that the generated one lists.
                if entry.bases.is_empty()
                    && let [_, Some(body)] = bodies(&module)
                    && let Some(Entry::Class(generated)) = pack::find(body, &name)
                {
                    entry.bases = generated.bases;
                }
                Place::Class { module, name, entry }
            }
            Entry::Data { class } => Place::Data { module, name, class },
            Entry::Module(target) => {
                self.through.push(format!("{module}.{name}"));
                Place::Module(self.real_module(target))
            }
            Entry::Name { module: target, name: wanted } => {
                self.through.push(format!("{module}.{name}"));
                self.follow(target, wanted)
            }
        }
    }

    /// An attribute of a class: its own, a nested class, or one that it inherits.
    fn in_class(
        &mut self,
        module: &str,
        class: &str,
        entry: ClassEntry,
        name: &str,
    ) -> Option<Place> {
        if !self.step() {
            return None;
        }
        let qualified = format!("{class}.{name}");
        // The class's own line tells of these.
        let told = match name {
            "__init__" => Some(entry.call),
            "__new__" => Some(entry.new),
            "__setstate__" => entry.state,
            _ => None,
        };
        if let Some(effects) = told {
            let (module, note) = (module.to_owned(), entry.note);
            return Some(Place::Function { module, name: qualified, effects, note });
        }
        for body in bodies(module).into_iter().flatten() {
            if let Some((effects, note)) = pack::method(body, class, name) {
                let module = module.to_owned();
                return Some(Place::Function { module, name: qualified, effects, note });
            }
            if let Some(nested) = pack::find(body, &qualified) {
                return Some(self.entered(module, &qualified, nested));
            }
        }
        for base in entry.bases.split(' ').filter(|base| !base.is_empty()) {
            let (home, base) = base.split_once(':')?;
            let home = if home.is_empty() { module } else { home };
            let waypoints = self.through.len();
            let place = self.follow(home, base);
            self.through.truncate(waypoints);
            // A base that is not known may define the name in any way.
            let Place::Class { module, name: class, entry } = place else { return None };
            if let Some(found) = self.in_class(&module, &class, entry, name) {
                return Some(found);
            }
        }
        if entry.bases.is_empty() && (module, class) != ("builtins", "object") {
            return match self.in_module("builtins", "object", false)? {
                Place::Class { entry, .. } => self.in_class("builtins", "object", entry, name),
                _ => None,
            };
        }
        None
    }
}

fn unknown(module: &str, name: &str, why: Why) -> Place {
    Place::Unknown { module: module.to_owned(), name: name.to_owned(), why }
}

/// The packs that may speak of a module, the one that wins first.
fn packs(module: &str) -> [Option<&'static Pack>; 2] {
    [Some(library::reviewed()), library::generated(module)]
}

/// The lines about a module, the ones that win first.
fn bodies(module: &str) -> [Option<&'static str>; 2] {
    packs(module).map(|pack| match pack?.section(module)? {
        Section::Body(body) => Some(body),
        Section::Alias(_) => None,
    })
}

/// The name that a `m a = b` line gives this module, by the longest beginning that has one.
fn renamed(module: &str) -> Option<String> {
    let ends = module.match_indices('.').map(|(at, _)| at).take(DEPTH);
    let mut starts: Vec<&str> = ends.filter_map(|at| module.get(..at)).collect();
    starts.push(module);
    starts.into_iter().rev().find_map(|start| {
        let target =
            packs(start).into_iter().flatten().find_map(|pack| match pack.section(start)? {
                Section::Alias(target) => Some(target),
                Section::Body(_) => None,
            })?;
        Some(format!("{target}{}", module.get(start.len()..)?))
    })
}

/// Why a name of this module is not known.
fn why(module: &str) -> Why {
    let top = module.split('.').next().unwrap_or(module);
    let has = |name: &str| packs(name).into_iter().flatten().any(|pack| pack.has_module(name));
    if has(module) {
        Why::NoSuchName
    } else if has(top) {
        Why::NoSuchModule
    } else {
        Why::NoSuchLibrary
    }
}

/// What the reviewed layer says of a function by its real path, where it has a line of its own
/// for it.
pub(crate) fn reviewed(path: &str) -> Option<Effects> {
    for (at, _) in path.match_indices('.').take(DEPTH) {
        let (module, name) = (path.get(..at)?, path.get(at.saturating_add(1)..)?);
        let Some(Section::Body(body)) = library::reviewed().section(module) else { continue };
        match pack::find(body, name) {
            Some(Entry::Function { effects, .. }) => return Some(effects),
            Some(Entry::Class(entry)) => return Some(entry.call),
            _ => {}
        }
    }
    None
}
