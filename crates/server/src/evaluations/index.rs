//! What is shown of a journal: every case with its prompt, its reply and its score, so that a page of them is found
//! and read without reading the journal again.
//!
//! Three files. `said` holds a line of JSON a case; `words` holds the same text in small letters, as it is searched;
//! `rows` holds 32 bytes a case: where its parts lie in the others, its probe, and what came of it. A search reads
//! `words` from front to back, a piece at a time. A fourth, `head`, is written last: without it there is no index.

#![allow(
    clippy::disallowed_methods,
    reason = "what is shown of journals is written and read here, in the server's own folder"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gate::probe::Transcript;
use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Error;
use crate::uploads::make_folder;

/// The form of an index. What has another is made again.
const FORM: u32 = 1;
/// Bytes of a row.
const ROW: usize = 32;
/// Bytes of `words` that are read at a time; a case that has more is read alone.
const PIECE: u64 = 1 << 20;
/// The most bytes of a prompt or a reply that are kept to be shown; the journal holds all.
const MOST: usize = 1 << 20;
/// The most bytes of a case that are searched.
const SEARCHED: usize = 1 << 18;

/// A case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) probe: String,
    pub(crate) cluster: String,
    pub(crate) arm: String,
    pub(crate) repeat: u32,
    pub(crate) prompt: String,
    #[serde(flatten)]
    pub(crate) reply: Reply,
    /// What the original replied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) original: Option<Reply>,
}

/// A reply, and what its detector says of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reply {
    pub(crate) reply: String,
    pub(crate) score: Option<f64>,
    pub(crate) because: String,
}

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// A score of one half or more.
    High,
    /// A lower one.
    Low,
    /// A reply that its detector could not judge.
    Unjudged,
    /// No reply.
    Missing,
    /// The score is another than the original's.
    Differs,
}

impl Only {
    pub(crate) const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::High, "high", "score of 0.5 or more"),
        (Self::Low, "low", "lower score"),
        (Self::Unjudged, "unjudged", "not judged"),
        (Self::Missing, "missing", "no reply"),
        (Self::Differs, "differs", "other score than the original"),
    ];

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name, _)| *name == word).map(|(only, ..)| *only)
    }

    fn bit(self) -> u32 {
        match self {
            Self::High => 1,
            Self::Low => 2,
            Self::Unjudged => 4,
            Self::Missing => 8,
            Self::Differs => 16,
        }
    }
}

fn kept(text: &str) -> String {
    if text.len() <= MOST {
        return text.to_owned();
    }
    let cut = (0..=MOST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}\n[{} bytes in all; the journal holds them]", &text[..cut], text.len())
}

fn reply_of(one: &Transcript) -> Reply {
    Reply { reply: kept(one.reply.raw()), score: one.score, because: kept(one.because.raw()) }
}

fn came(one: &Reply) -> Only {
    match one.score {
        Some(score) if score >= 0.5 => Only::High,
        Some(_) => Only::Low,
        None if one.reply.is_empty() => Only::Missing,
        None => Only::Unjudged,
    }
}

/// The head of an index.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    form: u32,
    /// SHA-256 of the document that was made of the journal with it.
    document: String,
    probes: Vec<String>,
}

/// Writes an index. It stands in its place whole or not at all.
pub(super) struct Writer {
    folder: PathBuf,
    made: TempDir,
    said: Part,
    words: Part,
    rows: Part,
    probes: Vec<String>,
    numbers: HashMap<String, u32>,
    trouble: Option<io::Error>,
}

/// A file that is written from front to back.
struct Part {
    file: BufWriter<File>,
    at: u64,
}

impl Part {
    fn new(path: PathBuf) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(File::create(path)?), at: 0 })
    }

    /// Adds bytes; tells where they lie.
    fn add(&mut self, bytes: &[u8]) -> io::Result<(u64, u32)> {
        let at = self.at;
        self.file.write_all(bytes)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok((at, u32::try_from(bytes.len()).map_err(io::Error::other)?))
    }
}

impl Writer {
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        let wrong = |source| Error::Folder { path: folder.into(), source };
        let above = folder.parent().unwrap_or(folder);
        make_folder(above)?;
        let made = TempDir::new_in(above).map_err(wrong)?;
        let part = |name: &str| Part::new(made.path().join(name)).map_err(wrong);
        let (said, words, rows) = (part("said")?, part("words")?, part("rows")?);
        let (probes, numbers) = (Vec::new(), HashMap::new());
        Ok(Self { folder: folder.into(), said, words, rows, probes, numbers, made, trouble: None })
    }

    /// Adds a case. What goes wrong is told at the end.
    pub(super) fn add(&mut self, one: &Transcript, original: Option<&Transcript>) {
        if self.trouble.is_none() {
            self.trouble = self.try_add(one, original).err();
        }
    }

    fn try_add(&mut self, one: &Transcript, original: Option<&Transcript>) -> io::Result<()> {
        let line = Line {
            probe: one.probe.clone(),
            cluster: one.cluster.clone(),
            arm: serde_json::to_value(one.arm)?.as_str().unwrap_or_default().to_owned(),
            repeat: one.repeat,
            prompt: kept(one.prompt.raw()),
            reply: reply_of(one),
            original: original.map(reply_of),
        };
        let mut flags = came(&line.reply).bit();
        if line.original.as_ref().is_some_and(|original| original.score != line.reply.score) {
            flags |= Only::Differs.bit();
        }
        let probe = self.number(&line.probe)?;
        let said = self.said.add(&serde_json::to_vec(&line)?)?;
        let words = self.words.add(&words(&line))?;
        let mut row = Vec::with_capacity(ROW);
        for (at, length) in [said, words] {
            row.extend_from_slice(&at.to_le_bytes());
            row.extend_from_slice(&length.to_le_bytes());
        }
        row.extend_from_slice(&probe.to_le_bytes());
        row.extend_from_slice(&flags.to_le_bytes());
        self.rows.add(&row).map(drop)
    }

    fn number(&mut self, probe: &str) -> io::Result<u32> {
        if let Some(number) = self.numbers.get(probe) {
            return Ok(*number);
        }
        let number = u32::try_from(self.probes.len()).map_err(io::Error::other)?;
        self.probes.push(probe.to_owned());
        self.numbers.insert(probe.to_owned(), number);
        Ok(number)
    }

    /// Puts the index in its place.
    pub(super) fn end(mut self, document: &str) -> Result<(), Error> {
        let wrong = |source| Error::Folder { path: self.folder.clone(), source };
        if let Some(trouble) = self.trouble.take() {
            return Err(wrong(trouble));
        }
        for part in [&mut self.said, &mut self.words, &mut self.rows] {
            part.file.flush().map_err(wrong)?;
        }
        let head = Head { form: FORM, document: document.to_owned(), probes: self.probes };
        let head = serde_json::to_vec(&head).map_err(io::Error::from).map_err(wrong)?;
        std::fs::write(self.made.path().join("head"), head).map_err(wrong)?;
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::rename(self.made.keep(), &self.folder).map_err(wrong)
    }
}

/// What is searched of a case.
fn words(line: &Line) -> Vec<u8> {
    let original = line.original.as_ref();
    let texts = [&line.prompt, &line.reply.reply, &line.reply.because, &line.cluster]
        .into_iter()
        .chain(original.map(|original| &original.reply));
    let mut words = Vec::new();
    for text in texts {
        let room = SEARCHED.saturating_sub(words.len());
        let lower = text.to_lowercase();
        words.extend(lower.as_bytes().iter().take(room));
        // No word of UTF-8 holds it: what is found lies within one text.
        words.push(0xff);
    }
    words
}

/// Deletes what is shown of an evaluation that was not recorded.
pub(super) fn remove(folder: &Path) {
    // Where this fails it is a folder that nothing names, and the sweep finds it.
    let _ = std::fs::remove_dir_all(folder);
}

/// What is looked for among the cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    /// Words that all have to be there, in whatever letters.
    pub(crate) words: Vec<String>,
    /// Of a probe.
    pub(crate) probe: Option<String>,
    /// With what came of it.
    pub(crate) only: Option<Only>,
}

impl Sought {
    /// Whether every case fits.
    fn is_all(&self) -> bool {
        self.words.is_empty() && self.probe.is_none() && self.only.is_none()
    }

    /// The words of a text.
    pub(crate) fn words(text: &str) -> Vec<String> {
        text.split_whitespace().take(16).map(str::to_lowercase).collect()
    }
}

/// A part of what was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// How many there are in all.
    pub(crate) total: u64,
    /// Cases, with their numbers.
    pub(crate) lines: Vec<(u64, Line)>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    said: (u64, u32),
    words: (u64, u32),
    probe: u32,
    flags: u32,
}

/// An index that is read.
#[derive(Debug)]
pub(crate) struct Index {
    folder: PathBuf,
    /// SHA-256 of the document that was made of the journal with it.
    pub(crate) document: String,
    /// The probes, in their order.
    pub(crate) probes: Vec<String>,
    /// The rows, as they are written.
    rows: Vec<u8>,
}

impl Index {
    /// Opens an index; `None` where there is none of this form.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, Error> {
        let Ok(head) = std::fs::read(folder.join("head")) else { return Ok(None) };
        let Ok(head) = serde_json::from_slice::<Head>(&head) else { return Ok(None) };
        if head.form != FORM {
            return Ok(None);
        }
        let wrong = |source| Error::Folder { path: folder.into(), source };
        let rows = std::fs::read(folder.join("rows")).map_err(wrong)?;
        Ok(Some(Self { folder: folder.into(), document: head.document, probes: head.probes, rows }))
    }

    fn rows(&self) -> impl ExactSizeIterator<Item = &[u8; ROW]> {
        self.rows.as_chunks::<ROW>().0.iter()
    }

    /// How many cases there are.
    pub(crate) fn len(&self) -> u64 {
        self.rows().len() as u64
    }

    /// Cases that fit, in their order.
    pub(crate) fn find(&self, sought: &Sought, skip: u64, take: usize) -> Result<Found, Error> {
        let wrong = |source| Error::Folder { path: self.folder.clone(), source };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let (numbers, total): (Vec<usize>, usize) = if sought.is_all() {
            let all = self.rows().len();
            ((0..all).skip(skip).take(take).collect(), all)
        } else {
            let fitting = self.fitting(sought).map_err(wrong)?;
            (fitting.iter().skip(skip).take(take).copied().collect(), fitting.len())
        };
        let total = total as u64;
        let lines = numbers.into_iter();
        let lines = lines.map(|number| Ok((number as u64, self.line(number)?)));
        Ok(Found { total, lines: lines.collect::<io::Result<_>>().map_err(wrong)? })
    }

    /// One case.
    pub(crate) fn one(&self, number: u64) -> Result<Option<Line>, Error> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if number >= self.rows().len() {
            return Ok(None);
        }
        let wrong = |source| Error::Folder { path: self.folder.clone(), source };
        self.line(number).map(Some).map_err(wrong)
    }

    fn line(&self, number: usize) -> io::Result<Line> {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let Row { said: (at, length), .. } = row(self.rows().nth(number).ok_or_else(gone)?);
        let mut bytes = vec![0; length as usize];
        File::open(self.folder.join("said"))?.read_exact_at(&mut bytes, at)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    fn fitting(&self, sought: &Sought) -> io::Result<Vec<usize>> {
        let probe = match &sought.probe {
            None => None,
            Some(name) => match self.probes.iter().position(|probe| probe == name) {
                None => return Ok(Vec::new()),
                Some(at) => u32::try_from(at).ok(),
            },
        };
        let may = |row: &Row| {
            probe.is_none_or(|probe| row.probe == probe)
                && sought.only.is_none_or(|only| row.flags & only.bit() != 0)
        };
        let rows = self.rows().map(row).enumerate().filter(|(_, row)| may(row));
        if sought.words.is_empty() {
            return Ok(rows.map(|(number, _)| number).collect());
        }
        self.with_words(rows, &sought.words)
    }

    /// Of some cases those that hold all words.
    fn with_words(
        &self,
        rows: impl Iterator<Item = (usize, Row)>,
        words: &[String],
    ) -> io::Result<Vec<usize>> {
        let finders: Vec<Finder<'_>> = words.iter().map(|word| Finder::new(word)).collect();
        let file = File::open(self.folder.join("words"))?;
        let end = file.metadata()?.len();
        let mut found = Vec::new();
        let (mut piece, mut begin) = (Vec::new(), 0_u64);
        for (number, row) in rows {
            let (at, length) = row.words;
            let behind = at.saturating_add(u64::from(length));
            if at < begin || behind > begin.saturating_add(piece.len() as u64) {
                let size = PIECE.max(u64::from(length)).min(end.saturating_sub(at));
                piece.resize(usize::try_from(size).map_err(io::Error::other)?, 0);
                file.read_exact_at(&mut piece, at)?;
                begin = at;
            }
            let from = usize::try_from(at.saturating_sub(begin)).map_err(io::Error::other)?;
            let text = piece.get(from..from.saturating_add(length as usize)).unwrap_or_default();
            if finders.iter().all(|finder| finder.find(text).is_some()) {
                found.push(number);
            }
        }
        Ok(found)
    }
}

fn row(bytes: &[u8; ROW]) -> Row {
    let long = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| bytes[at + n]));
    let short = |at: usize| u32::from_le_bytes(std::array::from_fn(|n| bytes[at + n]));
    Row {
        said: (long(0), short(8)),
        words: (long(12), short(20)),
        probe: short(24),
        flags: short(28),
    }
}

#[cfg(test)]
mod tests;
