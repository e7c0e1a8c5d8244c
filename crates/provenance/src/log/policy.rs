//! Whose checkpoints count: the logs, the witnesses, and how many of them are enough.
//!
//! Source: <https://c2sp.org/tlog-policy>.

use std::collections::BTreeMap;

use vocabulary::Untrusted;

use super::Error;
use super::checkpoint::Checkpoint;
use super::note::{Kind, Note, Vkey};

/// The most that a policy may have, in bytes.
pub const MAX_POLICY: u64 = 1 << 20;
/// The most lines that define something.
const MAX_LINES: usize = 4096;

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The logs.
    pub logs: Vec<Vkey>,
    /// The witnesses.
    pub witnesses: Vec<Witness>,
    nodes: Vec<Node>,
    /// The node that must hold; `None` asks for no witness.
    quorum: Option<usize>,
}

/// A witness of a policy.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What the policy calls it.
    pub name: String,
    /// Its key.
    pub key: Vkey,
    /// Where it takes checkpoints.
    pub url: Option<String>,
}

/// What a name of a policy stands for.
#[derive(Clone, Debug)]
enum Node {
    /// The witness at this place of the list.
    Witness(usize),
    /// At least so many of the nodes at these places, which come before.
    Group(usize, Vec<usize>),
}

impl Policy {
    /// A policy that accepts one log and asks for no witness.
    pub fn of_log(key: Vkey) -> Self {
        Self { logs: vec![key], witnesses: Vec::new(), nodes: Vec::new(), quorum: None }
    }

    /// Reads a policy.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::default();
        for (number, line) in (1u32..).zip(bytes.split(|byte| *byte == b'\n')) {
            reader.line(line).map_err(|because| {
                Error::malformed("the log policy", format!("line {number}: {because}"))
            })?;
        }
        let Quorum(quorum) = reader.quorum.ok_or_else(|| {
            Error::malformed(
                "the log policy",
                "it has no `quorum` line; `quorum none` asks for none",
            )
        })?;
        let Reader { logs, witnesses, nodes, .. } = reader;
        Ok(Self { logs, witnesses, nodes, quorum })
    }

    /// Verifies a checkpoint: one of the logs signed it, and enough of the witnesses.
    pub fn verify(&self, note: &Note) -> Result<(Checkpoint, Vec<(String, u64)>), Error> {
        let checkpoint = self.verify_log(note)?;
        let seen = self.witnessed(note)?;
        if !self.is_quorum(&seen) {
            let because = format!(
                "{} of the {} witnesses of the policy signed it, which is no quorum",
                seen.len(),
                self.witnesses.len()
            );
            return Err(Error::malformed("the checkpoint", because));
        }
        let name = |(at, time): (usize, u64)| Some((self.witnesses.get(at)?.name.clone(), time));
        Ok((checkpoint, seen.into_iter().filter_map(name).collect()))
    }

    /// Verifies that one of the logs signed a checkpoint.
    pub fn verify_log(&self, note: &Note) -> Result<Checkpoint, Error> {
        let checkpoint = Checkpoint::parse(&note.text)?;
        let of_origin = |key: &&Vkey| key.name() == checkpoint.origin;
        let keys: Vec<&Vkey> = self.logs.iter().filter(of_origin).collect();
        if note.verified(&keys)?.is_empty() {
            let because = format!(
                "no key of the policy signed it for the origin `{}`",
                vocabulary::escape(&checkpoint.origin)
            );
            return Err(Error::malformed("the checkpoint", because));
        }
        Ok(checkpoint)
    }

    /// The places of the witnesses that signed a note, and when they did.
    pub fn witnessed(&self, note: &Note) -> Result<Vec<(usize, u64)>, Error> {
        let keys: Vec<&Vkey> = self.witnesses.iter().map(|witness| &witness.key).collect();
        let verified = note.verified(&keys)?;
        let place = |key: &Vkey| self.witnesses.iter().position(|witness| witness.key == *key);
        Ok(verified.into_iter().filter_map(|(key, time)| Some((place(key)?, time?))).collect())
    }

    /// What the policy calls the witnesses at these places.
    pub fn names(&self, seen: &[(usize, u64)]) -> Vec<String> {
        let name = |(at, _): &(usize, u64)| Some(self.witnesses.get(*at)?.name.clone());
        seen.iter().filter_map(name).collect()
    }

    /// Where its witnesses take checkpoints.
    pub fn urls(&self) -> Vec<String> {
        self.witnesses.iter().filter_map(|witness| witness.url.clone()).collect()
    }

    /// The least number of witnesses that can be enough.
    pub fn least(&self) -> u32 {
        let Some(quorum) = self.quorum else { return 0 };
        let mut needs: Vec<u32> = Vec::new();
        for node in &self.nodes {
            needs.push(match node {
                Node::Witness(_) => 1,
                Node::Group(least, of) => {
                    let mut of: Vec<u32> =
                        of.iter().filter_map(|at| needs.get(*at).copied()).collect();
                    of.sort_unstable();
                    of.iter().take(*least).fold(0, |sum, each| sum.saturating_add(*each))
                }
            });
        }
        needs.get(quorum).copied().unwrap_or_default()
    }

    /// Whether these witnesses are enough.
    pub fn is_quorum(&self, seen: &[(usize, u64)]) -> bool {
        let Some(quorum) = self.quorum else { return true };
        let mut holds: Vec<bool> = Vec::new();
        for node in &self.nodes {
            // The members of a group stand before it.
            holds.push(match node {
                Node::Witness(witness) => seen.iter().any(|(at, _)| at == witness),
                Node::Group(least, of) => {
                    let held = of.iter().filter(|at| holds.get(**at) == Some(&true));
                    held.count() >= *least
                }
            });
        }
        holds.get(quorum) == Some(&true)
    }
}

/// The node that must hold, where one must.
struct Quorum(Option<usize>);

#[derive(Default)]
struct Reader {
    logs: Vec<Vkey>,
    witnesses: Vec<Witness>,
    nodes: Vec<Node>,
    /// Where the node of a name stands, and whether a group has it already. Names are bytes.
    names: BTreeMap<Vec<u8>, (usize, bool)>,
    quorum: Option<Quorum>,
    lines: usize,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if let Some(byte) = line.iter().find(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return Err(format!("the byte {byte:#04x} is not allowed"));
        }
        let mut items =
            line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty());
        let Some(word) = items.next().filter(|word| !word.starts_with(b"#")) else { return Ok(()) };
        self.lines = self.lines.saturating_add(1);
        if self.lines > MAX_LINES {
            return Err(format!("more than {MAX_LINES} lines"));
        }
        let items: Vec<&[u8]> = items.collect();
        match (word, items.as_slice()) {
            (b"log", [key] | [key, _]) => self.log(key),
            (b"witness", [name, key]) => self.witness(name, key, None),
            (b"witness", [name, key, url]) => self.witness(name, key, Some(url)),
            (b"group", [name, least, members @ ..]) => self.group(name, least, members),
            (b"quorum", [name]) => self.quorum(name),
            (b"log" | b"witness" | b"group" | b"quorum", _) => {
                Err(format!("`{}` has too few or too many words", shown(word)))
            }
            _ => Err(format!("`{}` is none of `log`, `witness`, `group`, `quorum`", shown(word))),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), String> {
        let key = vkey(key)?;
        if key.kind() == Kind::Witness {
            return Err("the key is that of a witness".to_owned());
        }
        if self.logs.iter().any(|log| log.is_same_key(&key)) {
            return Err("the key stands twice".to_owned());
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8], url: Option<&[u8]>) -> Result<(), String> {
        let key = vkey(key)?;
        if key.kind() == Kind::Log {
            return Err("the key is that of a log".to_owned());
        }
        if self.witnesses.iter().any(|witness| witness.key.is_same_key(&key)) {
            return Err("the key stands twice".to_owned());
        }
        self.define(name, Node::Witness(self.witnesses.len()))?;
        let url = url.map(|url| String::from_utf8_lossy(url).into_owned());
        self.witnesses.push(Witness { name: shown(name), key, url });
        Ok(())
    }

    fn group(&mut self, name: &[u8], least: &[u8], members: &[&[u8]]) -> Result<(), String> {
        let least = match least {
            b"all" => members.len(),
            b"any" => 1,
            number => str::from_utf8(number)
                .ok()
                .and_then(super::checkpoint::decimal)
                .and_then(|number| usize::try_from(number).ok())
                .ok_or_else(|| format!("`{}` is no number, `all` or `any`", shown(number)))?,
        };
        if least == 0 || least > members.len() {
            return Err(format!("{least} of {} cannot be", members.len()));
        }
        let of: Result<_, _> = members.iter().map(|member| self.member(member)).collect();
        self.define(name, Node::Group(least, of?))
    }

    fn member(&mut self, name: &[u8]) -> Result<usize, String> {
        match self.names.get_mut(name) {
            Some((_, true)) => Err(format!("`{}` is a member already", shown(name))),
            Some((at, taken)) => {
                *taken = true;
                Ok(*at)
            }
            None => Err(format!("`{}` is not defined before", shown(name))),
        }
    }

    fn define(&mut self, name: &[u8], node: Node) -> Result<(), String> {
        if name == b"none" || self.names.contains_key(name) {
            return Err(format!("the name `{}` is taken", shown(name)));
        }
        self.names.insert(name.to_vec(), (self.nodes.len(), false));
        self.nodes.push(node);
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), String> {
        if self.quorum.is_some() {
            return Err("there is a `quorum` line already".to_owned());
        }
        let node = self.names.get(name).map(|(at, _)| *at);
        if node.is_none() && name != b"none" {
            return Err(format!("`{}` is not defined before", shown(name)));
        }
        self.quorum = Some(Quorum(node));
        Ok(())
    }
}

fn shown(name: &[u8]) -> String {
    Untrusted::from_bytes(name).to_string()
}

fn vkey(text: &[u8]) -> Result<Vkey, String> {
    let text = str::from_utf8(text).map_err(|_| "the key is no text".to_owned())?;
    Vkey::parse(text).map_err(|error| error.to_string())
}
