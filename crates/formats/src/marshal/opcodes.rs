//! The instructions of each version, from the tables in `opcodes/`.

use std::sync::OnceLock;

use super::Layout;

macro_rules! versions {
    ($($variant:ident $name:literal $layout:ident),* $(,)?) => {
        /// A version of `CPython` whose instructions are known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Version {
            $(#[doc = concat!("Python ", $name, ".")] $variant),*
        }

        impl Version {
            /// Every one, oldest first.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// As people write it: `3.11`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// How it lays out a code object.
            pub fn layout(self) -> Layout {
                match self { $(Self::$variant => Layout::$layout),* }
            }

            fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(
                        concat!("opcodes/", $name, ".txt")
                    )),*
                }
            }
        }
    };
}

versions![
    V2_7 "2.7" Python2,
    V3_6 "3.6" Python30,
    V3_7 "3.7" Python30,
    V3_8 "3.8" Python38,
    V3_9 "3.9" Python38,
    V3_10 "3.10" Python38,
    V3_11 "3.11" Python311,
    V3_12 "3.12" Python311,
    V3_13 "3.13" Python311,
    V3_14 "3.14" Python311,
];

/// What the argument of an instruction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// It has none.
    None,
    /// A number.
    Number,
    /// The number of a constant.
    Constant,
    /// The number of a name.
    Name,
    /// The number of a local variable.
    Local,
    /// The number of a cell or free variable.
    Cell,
    /// The number of a comparison.
    Compare,
    /// A jump, counted from the next instruction.
    JumpBy,
    /// A jump, counted from the first instruction.
    JumpTo,
}

/// How many values, as `fixed + each * argument`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    fixed: u32,
    each: u32,
}

impl Amount {
    /// The number for an argument.
    pub fn of(self, argument: u32) -> u32 {
        self.fixed.saturating_add(self.each.saturating_mul(argument))
    }
}

/// An instruction of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// Its name.
    pub name: &'static str,
    /// What its argument is.
    pub argument: Argument,
    /// Units of two bytes that follow it and are no instructions.
    pub caches: u8,
    /// How many values it takes from the stack and puts on it; nothing where that depends on more
    /// than a linear function of the argument.
    pub effect: Option<(Amount, Amount)>,
}

struct Table {
    magics: (u32, u32),
    ops: Vec<Option<Op>>,
}

impl Version {
    /// The version whose `.pyc` files begin with this number.
    pub fn of_magic(magic: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|version| {
            let (first, last) = version.table().magics;
            (first..=last).contains(&u32::from(magic))
        })
    }

    /// The instruction of a number.
    pub fn op(self, number: u8) -> Option<&'static Op> {
        self.table().ops.get(usize::from(number))?.as_ref()
    }

    fn table(self) -> &'static Table {
        static TABLES: [OnceLock<Table>; Version::ALL.len()] =
            [const { OnceLock::new() }; Version::ALL.len()];
        static NONE: Table = Table { magics: (1, 0), ops: Vec::new() };
        TABLES.get(self as usize).map_or(&NONE, |table| table.get_or_init(|| parse(self.text())))
    }
}

/// A line that is none is left out; a test holds that there is no such line.
fn parse(text: &'static str) -> Table {
    let mut table = Table { magics: (1, 0), ops: vec![None; 256] };
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&'static str> = line.split(' ').collect();
        if let ["magic", first, last] = *words {
            table.magics = (first.parse().unwrap_or(1), last.parse().unwrap_or(0));
        } else if let Some((number, op)) = parse_op(&words)
            && let Some(slot) = table.ops.get_mut(number)
        {
            *slot = Some(op);
        }
    }
    table
}

fn parse_op(words: &[&'static str]) -> Option<(usize, Op)> {
    let [number, name, argument, caches, pops, pushes] = *words else { return None };
    let argument = match argument {
        "none" => Argument::None,
        "number" => Argument::Number,
        "const" => Argument::Constant,
        "name" => Argument::Name,
        "local" => Argument::Local,
        "free" => Argument::Cell,
        "compare" => Argument::Compare,
        "jrel" => Argument::JumpBy,
        "jabs" => Argument::JumpTo,
        _ => return None,
    };
    let effect = match (pops, pushes) {
        ("by", "name") => None,
        _ => Some((amount(pops)?, amount(pushes)?)),
    };
    Some((number.parse().ok()?, Op { name, argument, caches: caches.parse().ok()?, effect }))
}

/// `2`, `a`, `2a`, `2+a`.
fn amount(text: &str) -> Option<Amount> {
    let (fixed, each) = match text.split_once('+') {
        Some((fixed, each)) => (fixed, each),
        None if text.ends_with('a') => ("0", text),
        None => (text, "0a"),
    };
    let each = match each.strip_suffix('a')? {
        "" => "1",
        each => each,
    };
    Some(Amount { fixed: fixed.parse().ok()?, each: each.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_table_is_read() {
        for version in Version::ALL {
            let rows =
                version.text().lines().filter(|l| !l.starts_with('#') && !l.starts_with('m'));
            let held = version.table().ops.iter().flatten().count();
            assert_eq!(rows.count(), held, "{}", version.name());
            let (first, last) = version.table().magics;
            assert!(first < last);
            for name in ["LOAD_CONST", "LOAD_GLOBAL", "IMPORT_NAME", "STORE_FAST"] {
                let found = version.table().ops.iter().flatten().any(|op| op.name == name);
                assert!(found, "{name} of {}", version.name());
            }
        }
        assert_eq!(Version::of_magic(3495), Some(Version::V3_11));
        assert_eq!(Version::of_magic(62211), Some(Version::V2_7));
        assert_eq!(Version::of_magic(1), None);
    }
}
