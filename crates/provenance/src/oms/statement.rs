//! What a statement of Model Signing says, read strictly.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Number;

use super::{Hash, Method, PREDICATE_TYPE, dir_hash, hashing, root};
use crate::hex;
use crate::refusal::{Reason, Refusal};
use crate::statement::{DIR_HASH, DigestSet, TYPE};

/// Everything that a statement says, once it is known to hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What the signer called the model. It binds nothing.
    pub name: String,
    /// The root digest, hex. It binds no names.
    pub root: String,
    /// `dirHash` of the files, hex, where the statement carries it and it is theirs.
    pub dir_hash: Option<String>,
    /// How files became entries.
    pub method: Method,
    /// The algorithm of their digests.
    pub hash: Hash,
    /// Whether the signer followed symbolic links.
    pub allow_symlinks: bool,
    /// What the signer left out.
    pub ignore_paths: Vec<String>,
    /// The files by their path.
    pub files: BTreeMap<String, Resource>,
    /// What could not be checked, as sentences.
    pub left_open: Vec<String>,
}

/// A file that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its length, where the statement tells it: in shards.
    pub bytes: Option<u64>,
    /// The digests of its parts in their order; one of a whole file.
    pub digests: Vec<Vec<u8>>,
}

/// The name under which the reference implementation signs a single file.
pub(super) const UNNAMED: &str = ".";

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "_type", default)]
    kind: String,
    #[serde(rename = "predicateType", default)]
    predicate_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(rename = "_type")]
    _kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    _predicate_type: String,
    predicate: Predicate,
}

/// Further fields of a subject and of a resource are those of in-toto; nothing here relies on them.
#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    name: String,
    #[serde(deserialize_with = "each_once")]
    digest: DigestSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    resources: Vec<Entry>,
    serialization: Serialization,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    digest: String,
    algorithm: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Serialization {
    method: String,
    hash_type: Hash,
    #[serde(default)]
    shard_size: Option<Number>,
    allow_symlinks: bool,
    #[serde(default)]
    ignore_paths: Vec<String>,
}

/// A map in which no name stands twice.
fn each_once<'de, D: Deserializer<'de>>(from: D) -> Result<DigestSet, D::Error> {
    struct EachOnce;
    impl<'de> Visitor<'de> for EachOnce {
        type Value = DigestSet;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("digests by their algorithm")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<DigestSet, A::Error> {
            let mut set = DigestSet::new();
            while let Some((name, digest)) = entries.next_entry::<String, String>()? {
                let said = vocabulary::escape(&name);
                if set.insert(name, digest).is_some() {
                    return Err(A::Error::custom(format!("`{said}` stands twice")));
                }
            }
            Ok(set)
        }
    }
    from.deserialize_map(EachOnce)
}

impl Signed {
    /// Reads the payload of an envelope whose signature holds. Every reason that speaks against it
    /// is told.
    pub fn read(payload: &[u8]) -> Result<Self, Vec<Refusal>> {
        let malformed = |error: serde_json::Error| {
            vec![Refusal::new(Reason::StatementMalformed, error.to_string())]
        };
        let head: Head = serde_json::from_slice(payload).map_err(malformed)?;
        let mut refusals = Vec::new();
        if head.kind != TYPE {
            let said = format!("its `_type` is `{}`", head.kind);
            refusals.push(Refusal::new(Reason::StatementType, said));
        }
        if head.predicate_type != PREDICATE_TYPE {
            let old = head.predicate_type == "https://model_signing/Digests/v0.1";
            let more = if old { ", of the version 0.2, which is not read any more" } else { "" };
            let said = format!("its `predicateType` is `{}`{more}", head.predicate_type);
            refusals.push(Refusal::new(Reason::PredicateType, said));
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let Whole { subject, predicate, .. } =
            serde_json::from_slice(payload).map_err(malformed)?;
        Self::check(subject, predicate)
    }

    /// The `dirHash` of the files that it lists, hex, where they were digested whole with SHA-256
    /// and under their names.
    pub fn files_hash(&self) -> Option<String> {
        let bound = self.method == Method::Files && self.hash == Hash::Sha256;
        let unnamed = self.files.contains_key(UNNAMED);
        (bound && !unnamed).then(|| files_hash(&self.files)).flatten()
    }

    fn check(subject: Vec<Subject>, predicate: Predicate) -> Result<Self, Vec<Refusal>> {
        let Predicate { resources, serialization } = predicate;
        let hash = serialization.hash_type;
        let mut refusals = Vec::new();
        let method = match method(&serialization) {
            Ok(method) => method,
            Err(refusal) => return Err(vec![refusal]),
        };
        if resources.is_empty() {
            refusals.push(Refusal::new(Reason::StatementMalformed, "it lists no file"));
        }
        let subject = match <[Subject; 1]>::try_from(subject) {
            Ok([subject]) => Some(subject),
            Err(several) => {
                let said = format!("it has {} subjects, not one", several.len());
                refusals.push(Refusal::new(Reason::SubjectUnclear, said));
                None
            }
        };
        let digests = digests(&resources, hash, method, &mut refusals);
        let files = match method {
            Method::Files => whole_files(&resources, &digests, &mut refusals),
            Method::Shards(size) => sharded_files(&resources, &digests, size, &mut refusals),
        };
        let mut left_open = Vec::new();
        let mut name = String::new();
        let mut dir = None;
        let mut signed_root = String::new();
        if let Some(subject) = subject {
            name = subject.name;
            match subject.digest.get("sha256") {
                Some(listed) if is_root(listed, &resources, &digests) => {
                    signed_root.clone_from(listed);
                }
                Some(listed) => {
                    let said = format!("the subject is `{listed}`, which is not that of the list");
                    refusals.push(Refusal::new(Reason::RootDiffers, said));
                }
                None => {
                    let said = "its subject has no `sha256`";
                    refusals.push(Refusal::new(Reason::SubjectUnclear, said));
                }
            }
            match subject.digest.get(DIR_HASH) {
                None => {}
                Some(_) if method != Method::Files || hash != Hash::Sha256 => left_open.push(
                    format!("`{DIR_HASH}` of the subject: it needs the SHA-256 of whole files"),
                ),
                Some(listed) => {
                    if files_hash(&files).as_deref() == Some(listed) {
                        dir = Some(listed.clone());
                    } else {
                        let said = format!("`{DIR_HASH}` of the subject is not that of the list");
                        refusals.push(Refusal::new(Reason::RootDiffers, said));
                    }
                }
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Self {
            name,
            root: signed_root,
            dir_hash: dir,
            method,
            hash,
            allow_symlinks: serialization.allow_symlinks,
            ignore_paths: serialization.ignore_paths,
            files,
            left_open,
        })
    }
}

fn files_hash(files: &BTreeMap<String, Resource>) -> Option<String> {
    let pairs = files.iter();
    dir_hash(
        pairs.filter_map(|(name, file)| Some((name.as_str(), file.digests.first()?.as_slice()))),
    )
}

fn method(serialization: &Serialization) -> Result<Method, Refusal> {
    let malformed = |said: &str| Refusal::new(Reason::StatementMalformed, said);
    match (serialization.method.as_str(), &serialization.shard_size) {
        ("files", None) => Ok(Method::Files),
        ("files", Some(_)) => Err(malformed("whole files come with a `shard_size`")),
        ("shards", Some(size)) => whole_number(size)
            .filter(|size| *size > 0)
            .map(Method::Shards)
            .ok_or_else(|| malformed("its `shard_size` is no count of bytes")),
        ("shards", None) => Err(malformed("shards come without a `shard_size`")),
        (other, _) => Err(malformed(&format!("its method is `{other}`"))),
    }
}

/// The reference implementation writes `4` as `4.0`.
fn whole_number(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        // Beyond 2^53 a float does not tell one number from the next.
        let whole = float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float);
        whole.then(|| format!("{float:.0}").parse().ok()).flatten()
    })
}

/// The digests of the entries; an empty one where it cannot be read.
fn digests(
    resources: &[Entry],
    hash: Hash,
    method: Method,
    refusals: &mut Vec<Refusal>,
) -> Vec<Vec<u8>> {
    let sharded = match method {
        Method::Files => None,
        Method::Shards(size) => Some(format!("{hash}-sharded-{size}")),
    };
    let read = |entry: &Entry| {
        if entry.algorithm != hash.name() && Some(&entry.algorithm) != sharded.as_ref() {
            return Err(format!("its algorithm is `{}`, not `{hash}`", entry.algorithm));
        }
        hex::decode(&entry.digest)
            .filter(|digest| digest.len() == hash.bytes())
            .ok_or_else(|| format!("its digest is not {} bytes in lower-case hex", hash.bytes()))
    };
    resources
        .iter()
        .map(|entry| {
            read(entry).unwrap_or_else(|said| {
                let name = entry.name.as_str();
                refusals.push(Refusal::at(Reason::DigestMalformed, name, said));
                Vec::new()
            })
        })
        .collect()
}

/// Whether a root digest is that of the list, in the order in which it stands or in that of the
/// specification.
fn is_root(listed: &str, resources: &[Entry], digests: &[Vec<u8>]) -> bool {
    if root(digests.iter().map(Vec::as_slice)) == listed {
        return true;
    }
    let mut sorted: Vec<(&str, &[u8])> = resources
        .iter()
        .map(|entry| entry.name.as_str())
        .zip(digests.iter().map(Vec::as_slice))
        .collect();
    sorted.sort_by_key(|(name, _)| *name);
    root(sorted.into_iter().map(|(_, digest)| digest)) == listed
}

/// Whether a name can be written in this way alone and stays in the folder.
fn is_canonical(name: &str) -> bool {
    !name.contains('\0') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn not_canonical(name: &str) -> Refusal {
    let said = "it can be written in another way, or leads out of the folder";
    Refusal::at(Reason::NameNotCanonical, name, said)
}

fn whole_files(
    resources: &[Entry],
    digests: &[Vec<u8>],
    refusals: &mut Vec<Refusal>,
) -> BTreeMap<String, Resource> {
    let mut files = BTreeMap::new();
    for (entry, digest) in resources.iter().zip(digests) {
        let name = entry.name.as_str();
        if !(is_canonical(name) || name == UNNAMED && resources.len() == 1) {
            refusals.push(not_canonical(name));
        }
        let file = Resource { bytes: None, digests: vec![digest.clone()] };
        if files.insert(name.to_owned(), file).is_some() {
            refusals.push(Refusal::at(Reason::NameTwice, name, "it is listed twice"));
        }
    }
    files
}

fn sharded_files(
    resources: &[Entry],
    digests: &[Vec<u8>],
    size: u64,
    refusals: &mut Vec<Refusal>,
) -> BTreeMap<String, Resource> {
    let mut parts: BTreeMap<&str, BTreeMap<(u64, u64), &[u8]>> = BTreeMap::new();
    for (entry, digest) in resources.iter().zip(digests) {
        let Some((name, start, end)) = part(&entry.name) else {
            let said = "it does not end with `:start:end`";
            refusals.push(Refusal::at(Reason::ShardsIncomplete, entry.name.as_str(), said));
            continue;
        };
        if parts.entry(name).or_default().insert((start, end), digest).is_some() {
            let said = "it is listed twice";
            refusals.push(Refusal::at(Reason::NameTwice, entry.name.as_str(), said));
        }
    }
    let only = parts.len() == 1;
    let mut files = BTreeMap::new();
    for (name, parts) in parts {
        if !(is_canonical(name) || name == UNNAMED && only) {
            refusals.push(not_canonical(name));
        }
        let bytes = parts.keys().next_back().map_or(0, |(_, end)| *end);
        // Where the parts do not fit, they are as many as the statement lists, never more.
        let fits = bytes.div_ceil(size) == parts.len() as u64
            && hashing::parts(Method::Shards(size), bytes).iter().eq(parts.keys());
        if !fits {
            let said = format!("its parts are not each {size} bytes up to its end");
            refusals.push(Refusal::at(Reason::ShardsIncomplete, name, said));
        }
        let digests = parts.into_values().map(<[u8]>::to_vec).collect();
        files.insert(name.to_owned(), Resource { bytes: Some(bytes), digests });
    }
    files
}

/// `path:start:end`; the path itself may hold colons.
fn part(name: &str) -> Option<(&str, u64, u64)> {
    let number = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        plain.then(|| text.parse().ok()).flatten()
    };
    let (rest, end) = name.rsplit_once(':')?;
    let (path, start) = rest.rsplit_once(':')?;
    Some((path, number(start)?, number(end)?))
}
