//! Virtual data sets: the other data sets that one is made of.

use artifact::Blob;

use super::source::{Fields, Source as File, to_usize};

/// Bytes of the list of sources that are read.
const MAX_LIST: usize = 64 << 20;
/// Sources that are kept.
const MAX_SOURCES: usize = 1 << 16;

/// One source of a virtual data set.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The file as it is written; `.` is the file itself.
    pub(super) file: Vec<u8>,
    pub(super) dataset: Vec<u8>,
}

/// The sources, and whether all could be read.
pub(super) struct Sources {
    pub(super) sources: Vec<Source>,
    pub(super) whole: bool,
}

pub(super) fn parse(file: &File, block: &Blob) -> Sources {
    let bytes = block.bytes_at(0, MAX_LIST);
    let mut out = Sources { sources: Vec::new(), whole: true };
    out.whole = read(file, &mut Fields::new(&bytes), &mut out.sources).is_some();
    out
}

fn read(file: &File, fields: &mut Fields<'_>, out: &mut Vec<Source>) -> Option<()> {
    let version = fields.u8()?;
    let count = fields.length(file)?;
    let (mut files, mut datasets): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    for _ in 0..count {
        // Since version 1, a name may stand for that of an entry before, or for the file itself.
        let flags = if version == 0 { 0 } else { fields.u8()? };
        let name = if flags & 4 != 0 {
            b".".to_vec()
        } else if flags & 1 != 0 {
            files.get(to_usize(fields.length(file)?))?.clone()
        } else {
            fields.c_string()?.to_vec()
        };
        let dataset = if flags & 2 != 0 {
            datasets.get(to_usize(fields.length(file)?))?.clone()
        } else {
            fields.c_string()?.to_vec()
        };
        selection(fields)?;
        selection(fields)?;
        if out.len() >= MAX_SOURCES {
            return None;
        }
        if version > 0 {
            files.push(name.clone());
            datasets.push(dataset.clone());
        }
        out.push(Source { file: name, dataset });
    }
    Some(())
}

/// Passes over a selection of elements.
fn selection(fields: &mut Fields<'_>) -> Option<()> {
    let kind = fields.u32()?;
    let version = fields.u32()?;
    let counted = |fields: &mut Fields<'_>, width: usize, factor: usize| {
        let rank = to_usize(u64::from(fields.u32()?));
        let count = to_usize(fields.number(width)?);
        fields.skip(rank.checked_mul(count)?.checked_mul(width)?.checked_mul(factor)?)
    };
    match (kind, version) {
        // Nothing, or everything.
        (0 | 3, _) => fields.skip(8),
        (1, 1) => {
            fields.skip(8)?;
            counted(fields, 4, 1)
        }
        (1, 2) => {
            let width = usize::from(fields.u8()?);
            counted(fields, width, 1)
        }
        (2, 1) => {
            fields.skip(8)?;
            counted(fields, 4, 2)
        }
        (2, 2) => {
            fields.skip(5)?;
            let rank = to_usize(u64::from(fields.u32()?));
            fields.skip(rank.checked_mul(32)?)
        }
        (2, 3) => {
            let flags = fields.u8()?;
            let width = usize::from(fields.u8()?);
            if flags & 1 == 0 {
                return counted(fields, width, 2);
            }
            let rank = to_usize(u64::from(fields.u32()?));
            fields.skip(rank.checked_mul(width)?.checked_mul(4)?)
        }
        _ => None,
    }
}
