//! GGUF, versions 1 to 3, either byte order; and the magics of what came before it.
//!
//! Layout: magic, version, number of tensors, number of pairs; the pairs; the tensor infos; padding
//! to `general.alignment` (32 where it is not given); the data. Padding stands only before the
//! data and between tensors, never between pairs and tensor infos. Lengths have 32 bits in
//! version 1 and 64 bits since.
//!
//! Every count and length is checked against what is there before anything is made of it; arrays
//! are passed over with only their first values kept, so a vocabulary costs no memory.

mod ggml;
mod known;
mod layout;
mod pairs;
mod source;
mod texts;
mod value;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use self::source::Source;
use crate::bounded::Oddities;
use crate::{Oddity, Region, Tensor};

pub use ggml::{Legacy, legacy};
pub use texts::each_text;
pub use value::{KvArray, KvText, KvValue, ValueType};

/// Alignment where `general.alignment` does not stand.
pub const DEFAULT_ALIGNMENT: u64 = 32;
/// Pairs and tensors that are kept; of any more it is only said how many.
pub const MAX_KEPT: usize = 1 << 16;
/// Bytes that are kept of a string.
pub const MAX_STRING: usize = 4 << 20;
/// Values that are kept of an array.
pub const MAX_ITEMS: usize = 256;

/// What a GGUF file may hold that the libraries do not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// It does not begin with `GGUF`.
    BadMagic,
    /// A version that is not 1, 2 or 3; it was read as 3.
    UnknownVersion,
    /// The data ends, or a length points past it, before everything that is declared was read.
    Truncated,
    /// More pairs or tensors are declared than the file can hold.
    CountTooLarge,
    /// A value type that does not exist; what follows it cannot be read.
    UnknownValueType,
    /// An array of arrays, which llama.cpp refuses.
    NestedArray,
    /// Arrays in arrays deeper than is read.
    NestedTooDeep,
    /// A boolean that is neither 0 nor 1.
    BadBool,
    /// A key stands twice.
    DuplicateKey,
    /// A key holds NUL: a reader that compares C strings takes it for a shorter key.
    NulInKey,
    /// A key is empty.
    EmptyKey,
    /// A key is longer than 65,535 bytes.
    LongKey,
    /// A key is not printable ASCII.
    KeyNotAscii,
    /// A string is not UTF-8.
    InvalidUtf8,
    /// A well-known key has another type than the specification gives it.
    WrongType,
    /// `general.alignment` is no power of two; 32 is taken.
    BadAlignment,
    /// `general.alignment` is over a mebibyte.
    HugeAlignment,
    /// The tokenizer's arrays have different lengths.
    VocabularyLengths,
    /// `split.*` contradicts itself or the file.
    Split,
    /// A tensor has no name.
    EmptyName,
    /// A tensor's name is longer than the 63 bytes that ggml holds.
    LongName,
    /// A tensor's name holds NUL.
    NulInName,
    /// A tensor's name stands twice.
    DuplicateName,
    /// More than four dimensions.
    TooManyDimensions,
    /// A dimension is zero.
    ZeroDimension,
    /// Dimensions or offset overflow, or are negative where ggml reads them.
    Overflow,
    /// No such element type.
    UnknownDtype,
    /// A row does not fill whole blocks.
    PartialBlock,
    /// A tensor does not begin at a multiple of the alignment.
    Unaligned,
    /// Two tensors share bytes.
    Overlap,
    /// Bytes between two tensors, beyond padding, belong to neither.
    Gap,
    /// A tensor reaches past the end.
    PastEnd,
    /// Bytes before the data that should be zero are not.
    Padding,
    /// Bytes after the last tensor.
    TrailingBytes,
    /// More than is kept.
    NotRetained,
}

/// Order of the bytes in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// A GGUF file.
#[derive(Clone, Debug)]
pub struct Gguf {
    /// 1, 2, 3, or what the file says.
    pub version: u32,
    /// Byte order.
    pub endian: Endian,
    /// How many tensors are declared.
    pub tensor_count: u64,
    /// How many pairs are declared.
    pub kv_count: u64,
    /// The pairs in order, duplicates included, at most [`MAX_KEPT`].
    pub kv: Vec<Kv>,
    /// The alignment that holds.
    pub alignment: u64,
    /// Where the data begins, if the file could be read that far.
    pub data_start: Option<u64>,
    /// The tensors in order, at most [`MAX_KEPT`].
    pub tensors: Vec<TensorInfo>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Kv {
    /// The key.
    pub key: Untrusted,
    /// The key's bytes, at most the first 65,535.
    pub raw_key: Vec<u8>,
    /// The value.
    pub value: KvValue,
    /// Bytes of the pair.
    pub at: Span,
}

impl Kv {
    /// The key as a reader of C strings sees it: up to the first NUL.
    pub fn c_key(&self) -> &[u8] {
        self.raw_key.split(|b| *b == 0).next().unwrap_or_default()
    }
}

/// A tensor and where it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// The tensor; its data is placed in the file. Dimensions stand in ggml's order, the fastest
    /// first, which is the reverse of torch's.
    pub tensor: Tensor,
    /// The element type's number.
    pub type_id: u32,
    /// Offset from the beginning of the data, as declared.
    pub offset: u64,
    /// Bytes of the info.
    pub at: Span,
}

impl Gguf {
    /// The last value of a key (`gguf_find_key` of llama.cpp takes the first; a duplicate is an
    /// oddity).
    pub fn get(&self, key: &str) -> Option<&KvValue> {
        self.kv.iter().rev().find(|kv| kv.raw_key == key.as_bytes()).map(|kv| &kv.value)
    }
}

/// Reads everything up to the data; the data itself is not read.
pub fn read(blob: &Blob) -> Gguf {
    let mut out = Gguf {
        version: 0,
        endian: Endian::Little,
        tensor_count: 0,
        kv_count: 0,
        kv: Vec::new(),
        alignment: DEFAULT_ALIGNMENT,
        data_start: None,
        tensors: Vec::new(),
        oddities: Vec::new(),
        regions: Vec::new(),
    };
    let mut oddities = Oddities::default();
    if fill(blob, &mut out, &mut oddities).is_none() {
        oddities.add(OddityKind::Truncated, blob.len(), || {
            let (kv, tensors) = (out.kv.len(), out.tensors.len());
            let (declared_kv, declared) = (out.kv_count, out.tensor_count);
            format!("{kv} of {declared_kv} pairs and {tensors} of {declared} tensors were read")
        });
    }
    known::check(&out, &mut oddities);
    out.oddities = oddities.finish();
    out
}

/// `None` where it could not be read to the beginning of the data.
fn fill(blob: &Blob, out: &mut Gguf, oddities: &mut Oddities<OddityKind>) -> Option<()> {
    let mut source = Source::new(blob);
    if blob.array_at(0) != Some(*b"GGUF") {
        oddities.add(OddityKind::BadMagic, 0, || "not `GGUF`".into());
    }
    let version: [u8; 4] = blob.array_at(4)?;
    let little = u32::from_le_bytes(version);
    // The writers of llama.cpp swap every number for the other byte order, the version included.
    if little != 0 && little.trailing_zeros() >= 16 {
        out.endian = Endian::Big;
        out.version = u32::from_be_bytes(version);
    } else {
        out.version = little;
    }
    if !(1..=3).contains(&out.version) {
        oddities.add(OddityKind::UnknownVersion, 4, || format!("{}", out.version));
    }
    source.set(out.endian, out.version == 1);
    source.seek(8);
    out.tensor_count = source.length()?;
    out.kv_count = source.length()?;
    let header_end = source.position();
    out.regions.push(Region::new(0, header_end, "header"));
    pairs::read(&mut source, out, oddities)?;
    layout::read_infos(&mut source, out, oddities)?;
    layout::place(blob, source.position(), out, oddities);
    Some(())
}
