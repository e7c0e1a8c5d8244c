//! Element types: how many bytes, and whether Python objects are among them.

use super::Literal;

/// What a `descr` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Bytes an element; `None` where it is not known.
    pub(super) size: Option<u64>,
    /// Whether it holds Python objects.
    pub(super) objects: bool,
    /// Whether it has fields.
    pub(super) structured: bool,
}

const UNKNOWN: Kind = Kind { size: None, objects: false, structured: false };

/// Judges as `numpy.lib.format.descr_to_dtype` reads it: text, a pair of a type and a shape, or a
/// list of fields.
pub(super) fn judge(descr: &Literal) -> Kind {
    match descr {
        Literal::Text(text) => string(text.raw()),
        Literal::Tuple(pair) => match pair.as_slice() {
            [of, shape] => repeated(judge(of), shape),
            _ => UNKNOWN,
        },
        Literal::List(fields) => {
            let mut all = Kind { size: Some(0), objects: false, structured: true };
            for field in fields {
                let kind = match field {
                    Literal::Tuple(parts) => match parts.as_slice() {
                        [_, of] => judge(of),
                        [_, of, shape] => repeated(judge(of), shape),
                        _ => UNKNOWN,
                    },
                    _ => UNKNOWN,
                };
                all.objects |= kind.objects;
                all.size = all.size.zip(kind.size).and_then(|(sum, size)| sum.checked_add(size));
            }
            all
        }
        _ => UNKNOWN,
    }
}

fn repeated(kind: Kind, shape: &Literal) -> Kind {
    let one = |size: &Literal| match size {
        Literal::Int(size) => u64::try_from(*size).ok(),
        _ => None,
    };
    let count = match shape {
        Literal::Tuple(sizes) | Literal::List(sizes) => {
            sizes.iter().try_fold(1u64, |product, size| product.checked_mul(one(size)?))
        }
        size => one(size),
    };
    let size = kind.size.zip(count).and_then(|(size, count)| size.checked_mul(count));
    Kind { size, ..kind }
}

fn string(text: &str) -> Kind {
    let plain = text.strip_prefix(['<', '>', '|', '=']).unwrap_or(text);
    // `numpy.dtype` takes far more than `numpy.save` writes: `object`, `i4,O`, `(2,)O`. Whatever
    // may mean objects counts as such.
    let objects = plain.starts_with('O')
        || plain.contains("object")
        || text.split(',').any(|part| {
            part.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).starts_with('O')
        });
    if objects {
        return Kind { size: None, objects: true, structured: text.contains(',') };
    }
    let mut letters = plain.chars();
    let kind = letters.next();
    let rest = letters.as_str();
    // Dates carry their unit: `M8[ns]`.
    let (digits, unit) = rest.split_once('[').map_or((rest, None), |(d, u)| (d, Some(u)));
    let size: Option<u64> =
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
    let size = match (kind, size, unit) {
        (Some('b' | 'i' | 'u'), Some(size @ (1 | 2 | 4 | 8)), None)
        | (Some('f'), Some(size @ (2 | 4 | 8 | 12 | 16)), None)
        | (Some('c'), Some(size @ (8 | 16 | 24 | 32)), None)
        | (Some('S' | 'V' | 'a'), Some(size), None)
        | (Some('M' | 'm'), Some(size @ 8), _) => Some(size),
        (Some('U'), Some(size), None) => size.checked_mul(4),
        (Some('?'), None, None) => Some(1),
        _ => None,
    };
    Kind { size, ..UNKNOWN }
}
