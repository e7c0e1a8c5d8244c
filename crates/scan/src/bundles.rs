//! The parts of a TensorFlow checkpoint together: an index, the files of numbers that it speaks of,
//! and the fingerprint that speaks of the index.

use std::collections::BTreeMap;

use vocabulary::Place;

use crate::sink::Sink;
use crate::subject::Content;
use crate::{Looked, rules};

/// What a file, or a member of an archive, is to a TensorFlow checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    /// Which.
    pub(crate) place: Place,
    /// Its length in bytes.
    pub(crate) len: u64,
    /// What it is.
    pub(crate) part: BundlePart,
}

/// A part of a checkpoint.
#[derive(Clone, Debug)]
pub(crate) enum BundlePart {
    /// An index: how many files of data there are, where the last tensor of each ends, and its
    /// hash, as `fingerprint.pb` holds it.
    Index { shards: u64, ends: BTreeMap<u64, u64>, hash: Option<u64> },
    /// `fingerprint.pb`: the hash of the index that belongs to it.
    Fingerprint(u64),
    /// It has the name of a file of data, and no magic speaks against that.
    Data,
}

impl Bundle {
    /// Its path, members included.
    pub(crate) fn path(&self) -> String {
        let mut path = self.place.file.raw().to_owned();
        for member in &self.place.member {
            path.push('!');
            path.push_str(member.raw());
        }
        path
    }
}

/// Tells what the parts of a checkpoint within one file say, where the file is all there is.
pub(crate) fn alone(bundles: &[Bundle], sink: &mut Sink) {
    let claims = Claims::of(bundles.iter());
    for bundle in bundles {
        claims.judge(bundle, sink);
    }
}

/// Tells what the parts of a checkpoint in a folder say.
pub(crate) fn explain(looked: &mut [Looked]) {
    let claims = Claims::of(looked.iter().flat_map(|one| &one.bundles));
    for one in looked.iter_mut() {
        for bundle in &one.bundles {
            claims.judge(bundle, &mut one.sink);
        }
    }
}

/// What indexes and fingerprints say of the files beside them.
#[derive(Default)]
struct Claims {
    /// The end of the last tensor, by the path of the file of data.
    ends: BTreeMap<String, u64>,
    /// The hash that is promised, by the path of the index.
    hashes: BTreeMap<String, u64>,
}

impl Claims {
    fn of<'a>(bundles: impl Iterator<Item = &'a Bundle>) -> Self {
        let mut claims = Self::default();
        for bundle in bundles {
            let path = bundle.path();
            match &bundle.part {
                BundlePart::Index { shards, ends, .. } => {
                    let Some(prefix) = path.strip_suffix(".index") else { continue };
                    for (shard, end) in ends {
                        let file = format!("{prefix}.data-{shard:05}-of-{shards:05}");
                        claims.ends.insert(file, *end);
                    }
                }
                BundlePart::Fingerprint(hash) => {
                    let Some(folder) = path.strip_suffix("fingerprint.pb") else { continue };
                    claims.hashes.insert(format!("{folder}variables/variables.index"), *hash);
                }
                BundlePart::Data => {}
            }
        }
        claims
    }

    /// Of a file of data: raw numbers, where the index beside it says so.
    fn judge(&self, bundle: &Bundle, sink: &mut Sink) {
        let path = bundle.path();
        match &bundle.part {
            BundlePart::Index { hash, .. } => {
                if let (Some(promised), Some(actual)) = (self.hashes.get(&path), hash) {
                    let content = Content::Fingerprint(*promised, *actual);
                    rules::apply(&bundle.place, &content, sink);
                }
            }
            BundlePart::Fingerprint(_) => {}
            BundlePart::Data => {
                if let Some(end) = self.ends.get(&path) {
                    let content = Content::CheckpointData { len: bundle.len, end: *end };
                    rules::apply(&bundle.place, &content, sink);
                } else {
                    sink.not_data("unknown");
                    let because = "it has the name of a TensorFlow checkpoint's numbers, and no \
                                   index beside it speaks of it";
                    sink.could_not_look(&bundle.place, because);
                }
            }
        }
    }
}
