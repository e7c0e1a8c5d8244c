//! The transaction log of Weights & Biases (`run-*.wandb`): what a training run wrote down while it
//! ran.
//!
//! Seven bytes begin the file (`:W&B`, `0xBEE1`, a version). Then come blocks of 32 KiB as `LevelDB`
//! writes its log: a record is one piece or several, each with a CRC-32, a length and what piece it
//! is. (The checksum is that of zlib over the kind and the bytes, not masked.) A record is a `Record`
//! of protocol buffers: the run, its configuration, a step of its history, its summary. What a
//! checksum contradicts is read all the same and told.
//!
//! Source: <https://github.com/wandb/wandb>, `core/pkg/leveldb/record.go`,
//! `wandb/proto/wandb_internal.proto`.

mod pieces;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use self::pieces::Pieces;
use crate::bounded::Oddities;
use crate::protobuf::{Message, Value, Wire};
use crate::{Oddity, Region};

/// How such a file begins; a version follows.
pub const MAGIC: &[u8] = b":W&B\xe1\xbe";

/// Numbers that are kept.
pub const MAX_POINTS: usize = 1 << 20;
/// Values of a configuration that are kept.
const MAX_VALUES: usize = 1 << 14;
/// Bytes of a name or a text that are kept.
const TEXT: usize = 1 << 12;

/// Bytes too few to hide anything in.
const SHORT: u64 = 64;
/// Bytes of other things that are kept in all.
const MAX_OPAQUE: usize = 16 << 20;

/// What a log may hold that a writer does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// The file ends inside a piece, or a record has no last piece.
    Truncated,
    /// A checksum is wrong.
    Checksum,
    /// A piece of a kind that the format does not have, or out of turn.
    Piece,
    /// A version other than 0.
    Version,
    /// A record breaks the rules of protocol buffers.
    Wire,
    /// There is more than is kept.
    NotRetained,
}

/// A log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The library that wrote it, as it says.
    pub producer: Untrusted,
    /// The run's identifier.
    pub run: Untrusted,
    /// The name that people gave it.
    pub name: Untrusted,
    /// The project that it belongs to.
    pub project: Untrusted,
    /// How often a run begins in it: more than once where it was resumed.
    pub begins: u64,
    /// Its configuration as it is in the end: names and JSON.
    pub config: Vec<(Untrusted, Untrusted)>,
    /// Numbers of its history, in the order of the file.
    pub points: Vec<Point>,
    /// Values of its history that are no numbers.
    pub others: u64,
    /// The code with which it ended, where it says so.
    pub exit: Option<i64>,
    /// How many records there are.
    pub records: u64,
    /// Parts of records that are something else than what a run says of itself, and where their
    /// records begin. Output is among them where it is no text.
    pub opaque: Vec<(u64, Vec<u8>)>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// A number at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Where its record begins.
    pub at: u64,
    /// The step.
    pub step: i64,
    /// When it was written, seconds since 1970.
    pub wall_time: Option<f64>,
    /// What was measured; names within names are joined by dots.
    pub metric: Untrusted,
    /// The number, as it is: NaN and infinities too.
    pub value: f64,
}

/// Whether a file begins as such a log.
pub fn is_log(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Reads a log. `blob` begins with [`MAGIC`]; where it does not, nothing is read.
pub fn read(blob: &Blob) -> Log {
    let head = blob.bytes_at(0, 7);
    let mut reader = Reader::default();
    if !is_log(&head) {
        return reader.out;
    }
    match head.get(6) {
        Some(0) => {}
        Some(version) => {
            let detail = || format!("version {version}; 0 is read");
            reader.oddities.add(OddityKind::Version, 6, detail);
        }
        None => reader.oddities.add(OddityKind::Truncated, 6, || "no version".into()),
    }
    let mut pieces = Pieces::new(blob);
    while let Some((at, bytes)) = pieces.next(&mut reader.oddities) {
        reader.record(at, bytes);
    }
    let Reader { mut out, oddities, .. } = reader;
    out.regions.push(Region::new(0, pieces.position(), "log"));
    out.oddities = oddities.finish();
    out
}

struct Reader {
    out: Log,
    oddities: Oddities<OddityKind>,
    left: usize,
    opaque_left: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            out: Log::default(),
            oddities: Oddities::default(),
            left: MAX_POINTS,
            opaque_left: MAX_OPAQUE,
        }
    }
}

/// A name and its value, in a configuration or a history.
struct Item {
    name: String,
    value: Untrusted,
    /// The value, where it is a number.
    number: Option<f64>,
}

impl Reader {
    fn record(&mut self, at: u64, bytes: Vec<u8>) {
        self.out.records = self.out.records.saturating_add(1);
        let blob = Blob::from_vec(bytes);
        let mut wire = Wire::new(&blob);
        let mut message = Message::all(&blob);
        while let Some(field) = wire.next(&mut message) {
            let Some(payload) = field.bytes() else { continue };
            match field.number {
                2 => self.history(&mut wire, at, payload),
                5 => self.config(&mut wire, payload),
                17 => self.run(&mut wire, payload),
                18 => self.exit(&mut wire, payload),
                21 => self.header(&mut wire, payload),
                number => self.opaque(number, &mut wire, at, payload),
            }
        }
        for odd in wire.finish() {
            self.oddities.add(OddityKind::Wire, at, || odd.detail.raw().to_owned());
        }
    }

    /// What is no record that is read here: kept to be looked into, where it is not plainly text.
    fn opaque(&mut self, number: u32, wire: &mut Wire, at: u64, payload: Span) {
        if payload.len() <= SHORT {
            return;
        }
        // Summary, files, statistics, telemetry, metrics, environment, output: texts and numbers.
        let plain = matches!(number, 3 | 4 | 6 | 7 | 11 | 12 | 13 | 16 | 19 | 20 | 22..=27 | 200);
        if plain && is_plain(wire, payload, 4) {
            return;
        }
        let bytes = wire.bytes(payload, usize::MAX);
        match self.opaque_left.checked_sub(bytes.len()) {
            Some(left) => {
                self.opaque_left = left;
                self.out.opaque.push((at, bytes));
            }
            None => self.not_kept(at),
        }
    }

    fn header(&mut self, wire: &mut Wire, payload: Span) {
        let mut message = Message::within(payload);
        while let Some(field) = wire.next(&mut message) {
            let (1, Some(mut version)) = (field.number, field.message()) else { continue };
            while let Some(field) = wire.next(&mut version) {
                if let (1, Some(text)) = (field.number, field.bytes()) {
                    self.out.producer = wire.text(text, TEXT);
                }
            }
        }
    }

    fn run(&mut self, wire: &mut Wire, payload: Span) {
        self.out.begins = self.out.begins.saturating_add(1);
        let mut message = Message::within(payload);
        while let Some(field) = wire.next(&mut message) {
            let Some(payload) = field.bytes() else { continue };
            match field.number {
                1 => self.out.run = wire.text(payload, TEXT),
                3 => self.out.project = wire.text(payload, TEXT),
                4 => self.config(wire, payload),
                8 => self.out.name = wire.text(payload, TEXT),
                _ => {}
            }
        }
    }

    fn exit(&mut self, wire: &mut Wire, payload: Span) {
        // A code of 0 is not written.
        let mut code = 0u64;
        let mut message = Message::within(payload);
        while let Some(field) = wire.next(&mut message) {
            if let (1, Value::Varint(value)) = (field.number, field.value) {
                code = value;
            }
        }
        self.out.exit = Some(code.cast_signed());
    }

    fn config(&mut self, wire: &mut Wire, payload: Span) {
        for (number, item) in items(wire, payload) {
            let name = Untrusted::new(item.name);
            // The library's own notes, not the user's.
            if name.raw() == "_wandb" || name.raw().starts_with("_wandb.") {
                continue;
            }
            self.out.config.retain(|(known, _)| *known != name);
            if number != 1 {
                continue;
            }
            if self.out.config.len() < MAX_VALUES {
                self.out.config.push((name, item.value));
            } else {
                self.not_kept(0);
            }
        }
    }

    fn history(&mut self, wire: &mut Wire, at: u64, payload: Span) {
        let mut step = None;
        let mut message = Message::within(payload);
        while let Some(field) = wire.next(&mut message) {
            let (2, Some(mut inner)) = (field.number, field.message()) else { continue };
            step = Some(0);
            while let Some(field) = wire.next(&mut inner) {
                if let (1, Value::Varint(value)) = (field.number, field.value) {
                    step = Some(value.cast_signed());
                }
            }
        }
        let items = items(wire, payload);
        let number = |name: &str| {
            items.iter().find(|(_, item)| item.name == name).and_then(|(_, item)| item.number)
        };
        let wall_time = number("_timestamp");
        #[allow(clippy::cast_possible_truncation, reason = "a cast from a float saturates")]
        let step = step.or_else(|| number("_step").map(|step| step as i64)).unwrap_or(0);
        for (_, item) in items {
            match item.number {
                _ if item.name.starts_with('_') => {}
                Some(value) => {
                    let Some(left) = self.left.checked_sub(1) else {
                        self.not_kept(at);
                        return;
                    };
                    self.left = left;
                    let metric = item.name.into();
                    self.out.points.push(Point { at, step, wall_time, metric, value });
                }
                None => self.out.others = self.out.others.saturating_add(1),
            }
        }
    }

    fn not_kept(&mut self, at: u64) {
        let detail = || "there is more of a kind than is kept".into();
        self.oddities.add(OddityKind::NotRetained, at, detail);
    }
}

/// Whether a message holds numbers, texts and such messages alone.
fn is_plain(wire: &mut Wire, payload: Span, depth: u32) -> bool {
    let Some(deeper) = depth.checked_sub(1) else { return false };
    let mut fields = Vec::new();
    let mut message = Message::within(payload);
    while let Some(field) = wire.next(&mut message) {
        fields.extend(field.bytes());
    }
    message.stopped().is_none()
        && fields.into_iter().all(|span| {
            std::str::from_utf8(&wire.bytes(span, usize::MAX)).is_ok()
                || is_plain(wire, span, deeper)
        })
}

/// The items of a configuration or a history, each with its field's number.
fn items(wire: &mut Wire, payload: Span) -> Vec<(u32, Item)> {
    let mut found = Vec::new();
    let mut message = Message::within(payload);
    while let Some(field) = wire.next(&mut message) {
        if let (1 | 2, Some(span)) = (field.number, field.bytes())
            && found.len() < MAX_VALUES
        {
            found.push((field.number, span));
        }
    }
    // The step of a history has the number of a removed item, and no name.
    let read = found.into_iter().map(|(number, span)| (number, item(wire, span)));
    read.filter(|(_, item)| !item.name.is_empty()).collect()
}

fn item(wire: &mut Wire, span: Span) -> Item {
    let (mut key, mut nested) = (None, Vec::new());
    let (mut value, mut number) = (Untrusted::default(), None);
    let mut message = Message::within(span);
    while let Some(field) = wire.next(&mut message) {
        match (field.number, field.value) {
            (1, Value::Bytes) => key = Some(wire.text(field.payload, TEXT).raw().to_owned()),
            (2, Value::Bytes) if nested.len() < 32 => {
                nested.push(wire.text(field.payload, TEXT).raw().to_owned());
            }
            #[allow(clippy::cast_precision_loss, reason = "a metric is a double")]
            (5, Value::Varint(zigzag)) => {
                let whole = (zigzag >> 1).cast_signed() ^ (zigzag & 1).cast_signed().wrapping_neg();
                (value, number) = (whole.to_string().into(), Some(whole as f64));
            }
            (6, Value::Fixed64(bits)) => {
                let double = f64::from_bits(bits);
                (value, number) = (double.to_string().into(), Some(double));
            }
            (7 | 8 | 16, Value::Bytes) => {
                value = wire.text(field.payload, TEXT);
                let text = value.raw();
                number = (field.number == 16).then(|| text.parse().ok()).flatten();
            }
            _ => {}
        }
    }
    let name = key.filter(|key| !key.is_empty()).unwrap_or_else(|| nested.join("."));
    Item { name, value, number }
}
