use std::collections::HashMap;

use vocabulary::Untrusted;

use super::{Archive, Seen, ZipOddity};
use crate::names::{KEPT, NameTrouble, troubles};

/// Tells what a name is that names in ordinary archives are not. `len` is its length before it was
/// cut.
pub(super) fn judge(archive: &mut Archive, at: u64, name: &[u8], len: usize) {
    let name = name.get(..KEPT).unwrap_or(name);
    let long = (len > KEPT).then_some(NameTrouble::Long);
    for trouble in troubles(name).chain(long) {
        let shown = Untrusted::from_bytes(name).shortened(80);
        archive.odd(ZipOddity::Name(trouble), at, format!("`{shown}` {trouble}"));
    }
}

/// What `zipfile` calls a member: the name up to a NUL.
fn python_name(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Tells names that come twice, and takes from Python's view what a later member hides.
pub(super) fn duplicates(archive: &mut Archive) {
    let mut last: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut exact: HashMap<&[u8], usize> = HashMap::new();
    let mut folded: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut told = Vec::new();
    for (index, member) in archive.members.iter().enumerate() {
        // A name that only a local header has is told as such.
        if member.seen == Seen::Local {
            continue;
        }
        if member.views.python {
            last.insert(python_name(&member.raw_name).to_vec(), index);
        }
        // Two readings of one record are one record.
        let same_record = |other: usize| {
            archive.members.get(other).is_some_and(|other| other.central_at == member.central_at)
        };
        let earlier = exact.insert(&member.raw_name, index);
        let earlier_folded = folded.insert(member.raw_name.to_ascii_lowercase(), index);
        let at = member.central_at.unwrap_or_default();
        if earlier.is_some_and(|other| !same_record(other)) {
            let name = member.name.shortened(80);
            told.push((ZipOddity::DuplicateName, at, format!("`{name}` comes twice")));
        } else if earlier.is_none()
            && let Some(other) = earlier_folded.and_then(|other| archive.members.get(other))
        {
            let (name, other) = (member.name.shortened(80), other.name.shortened(80));
            let detail = format!("`{name}` and `{other}` differ in case alone");
            told.push((ZipOddity::CaseDuplicate, at, detail));
        }
    }
    for (kind, at, detail) in told {
        archive.odd(kind, at, detail);
    }
    for (index, member) in archive.members.iter_mut().enumerate() {
        if member.views.python {
            member.views.python = last.get(python_name(&member.raw_name)) == Some(&index);
        }
    }
}
