use artifact::Blob;
use formats::encoded;

use crate::effects::Effects;

/// How an act counts, mild to severe. Each class is one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// Gives bytes of the file to a native parser of a known library.
    ParsesNatively,
    /// Cannot be told to be inert: an unknown class, or one whose code could not be followed.
    Unknown,
    /// Loads bytes that cannot be seen.
    Unpickles,
    /// Calls or reaches something that is computed while loading.
    Indirect,
    /// Reads, writes or deletes files, or changes the state of the process.
    Files,
    /// Opens a network connection.
    Network,
    /// Changes modules, classes or functions of the loading process.
    Tampers,
    /// Loads native code or touches raw memory.
    Native,
    /// Runs code or starts processes.
    Executes,
}

/// The class of calling something with these effects; `None` where the effects are only such that
/// the arguments decide.
pub(crate) fn of_call(effects: Effects) -> Option<Class> {
    if effects.contains(Effects::EXECUTES) {
        Some(Class::Executes)
    } else if effects.contains(Effects::NATIVE) {
        Some(Class::Native)
    } else if effects.contains(Effects::NETWORK) {
        Some(Class::Network)
    } else if effects.contains(Effects::WRITES) || effects.contains(Effects::READS) {
        Some(Class::Files)
    } else {
        None
    }
}

/// The class of holding a reference to something with these effects without calling it. Ordinary
/// models refer to functions that read files; they have no reason to refer to these.
///
/// Where the code could not be followed to its end, the effects are a worst case over calls that
/// may never happen; that is no reason to accuse a file that only names it.
pub(crate) fn of_reference(effects: Effects) -> Option<Class> {
    if effects.contains(Effects::UNRESOLVED) {
        None
    } else if effects.contains(Effects::EXECUTES) {
        Some(Class::Executes)
    } else if effects.contains(Effects::NATIVE) {
        Some(Class::Native)
    } else if effects.contains(Effects::NETWORK) {
        Some(Class::Network)
    } else {
        None
    }
}

/// Characters of a text that is decoded whole.
const DECODED: u64 = 8 << 20;

/// How base64 and hexadecimal digits of the beginnings of [`worth_a_look`] begin, in lower case.
const STARTS: [[u8; 2]; 21] = [
    *b"ga", *b"ue", *b"h4", *b"/t", *b"_t", *b"n3", *b"kl", *b"bc", *b"ql", *b"f0", *b"k0", *b"80",
    *b"50", *b"1f", *b"fd", *b"37", *b"28", *b"04", *b"42", *b"7f", *b"93",
];

/// The bytes that a text inside a pickle stands for, where they begin like something that could be
/// loaded in turn.
pub(crate) fn worth_decoding(text: &Blob) -> Option<Blob> {
    let head = text.bytes_at(0, 32);
    // What [`worth_a_look`] knows, by its first two characters: most texts end here.
    let mut letters = head.iter().filter(|b| !b.is_ascii_whitespace()).map(u8::to_ascii_lowercase);
    if !STARTS.contains(&[letters.next()?, letters.next()?]) {
        return None;
    }
    // As many characters as stand for whole bytes, so that a part decodes as the whole does.
    let start = encoded::decode(std::str::from_utf8(&head).ok()?)?;
    if !worth_a_look(&start) || text.len() > DECODED {
        return None;
    }
    let whole = text.bytes_at(0, usize::try_from(text.len()).ok()?);
    Some(Blob::from_vec(encoded::decode(std::str::from_utf8(&whole).ok()?)?))
}

/// Whether bytes inside a pickle begin like something that could be loaded in turn.
pub(crate) fn worth_a_look(head: &[u8]) -> bool {
    matches!(
        head,
        [0x80, 0x02..=0x05, b'c' | b'}' | b']' | b'(' | b'X' | 0x95 | b'K' | b'J' | 0x8c, ..]
            | [b'P', b'K', 3, 4, ..]
            | [0x1f, 0x8b, 8, ..]
            | [0xfd, b'7', b'z', b'X', b'Z', ..]
            | [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..]
            | [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [0x04, 0x22, 0x4d, 0x18, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', ..]
            | [0x7f, b'E', b'L', b'F', ..]
            | [b'M', b'Z', ..]
            | [0xcf, 0xfa, 0xed, 0xfe, ..]
            | [b'#', b'!', b'/' | b' ', ..]
            | [0x93, b'N', b'U', b'M', b'P', b'Y', ..]
    )
}
