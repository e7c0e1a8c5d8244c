//! `TensorBoard` event files: what a training run wrote down while it ran.
//!
//! A file is a series of records. Each is a length (`u64`, little endian), the masked CRC-32C of the
//! length, the bytes, and their masked CRC-32C. The bytes are an `Event` of protocol buffers: a step, a
//! time, and a summary of values by tag. A scalar is a `simple_value` (version 1) or a tensor with one
//! element (version 2). Both checksums are compared; what one of them contradicts is read all the same
//! and told. Of a record whose length is broken the end is not known, so reading ends there.
//!
//! Source: <https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto>,
//! `summary.proto`, `lib/io/record_writer.cc`;
//! <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/plugins/hparams/plugin_data.proto>.

mod crc;
mod values;

#[cfg(test)]
mod tests;

use artifact::Blob;
use vocabulary::{Span, Untrusted};

use self::crc::{Crc, masked};
use crate::bounded::Oddities;
use crate::protobuf::{Message, Value, Wire};
use crate::{Oddity, Region};

/// Scalars that are kept.
pub const MAX_SCALARS: usize = 1 << 20;
/// Hyper-parameters, checkpoints and other things that are kept, of each kind.
const MAX_OTHERS: usize = 1 << 14;
/// Bytes of a tag or of another text that are kept.
const TEXT: usize = 1 << 10;
/// Bytes that are too few to hide anything in.
const SHORT: u64 = 64;
/// Length and its checksum.
const HEAD: u64 = 12;

/// What an event file may hold that a writer does not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OddityKind {
    /// The file ends inside a record.
    Truncated,
    /// The checksum of a length is wrong. Nothing behind it is read.
    LengthChecksum,
    /// The checksum of a record is wrong.
    Checksum,
    /// An event breaks the rules of protocol buffers.
    Wire,
    /// There is more than is kept.
    NotRetained,
}

/// A file of events.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// What the first event says of the form: `brain.Event:2`.
    pub version: Untrusted,
    /// How many records there are.
    pub records: u64,
    /// Scalars in the order of the file.
    pub scalars: Vec<Scalar>,
    /// Hyper-parameters of the `hparams` plugin, by name.
    pub hyper_parameters: Vec<(Untrusted, Untrusted)>,
    /// Steps at which a session says that it wrote a checkpoint, and where to.
    pub checkpoints: Vec<(i64, Untrusted)>,
    /// Steps at which a session says that it started.
    pub starts: Vec<i64>,
    /// Other values by the plugin that shows them, and how many there are of each.
    pub others: Vec<(Untrusted, u64)>,
    /// Payloads of more than 64 bytes that are something else than numbers: pictures, sounds,
    /// graphs, texts, and fields that the format does not have.
    pub opaque: Vec<Span>,
    /// What is odd.
    pub oddities: Vec<Oddity<OddityKind>>,
    /// What was explained.
    pub regions: Vec<Region>,
}

/// A number at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// Where its record begins.
    pub at: u64,
    /// The step of the event.
    pub step: i64,
    /// When the event was written, seconds since 1970.
    pub wall_time: f64,
    /// What was measured.
    pub tag: Untrusted,
    /// The number, as it is: NaN and infinities too.
    pub value: f64,
}

/// Whether a file begins with a record whose length has its checksum and which says that it is an
/// event file.
pub fn is_events(blob: &Blob) -> bool {
    let head = blob.bytes_at(0, 64);
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    let Some((sum, event)) = rest.split_first_chunk::<4>() else { return false };
    masked(length) == u32::from_le_bytes(*sum)
        && event.windows(12).any(|window| window == b"brain.Event:")
}

/// Reads a file of events.
pub fn read(blob: &Blob) -> Events {
    let mut reader = Reader {
        wire: Wire::new(blob),
        out: Events::default(),
        oddities: Oddities::default(),
        left: MAX_SCALARS,
    };
    let mut at = 0;
    while at < blob.len() {
        match reader.record(blob, at) {
            Some(next) => at = next,
            None => break,
        }
    }
    let Reader { wire, mut out, mut oddities, .. } = reader;
    for odd in wire.finish() {
        oddities.add(OddityKind::Wire, odd.at, || odd.detail.raw().to_owned());
    }
    if at > 0 {
        out.regions.push(Region::new(0, at.min(blob.len()), "events"));
    }
    out.oddities = oddities.finish();
    out
}

struct Reader {
    wire: Wire,
    out: Events,
    oddities: Oddities<OddityKind>,
    left: usize,
}

/// What an event says of everything in it.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    at: u64,
    step: i64,
    wall_time: f64,
}

impl Reader {
    /// Reads the record at `at`; where the next one begins.
    fn record(&mut self, blob: &Blob, at: u64) -> Option<u64> {
        let (length, sum) = (blob.array_at::<8>(at), blob.array_at::<4>(at.saturating_add(8)));
        let (Some(length), Some(sum)) = (length, sum) else {
            self.oddities.add(OddityKind::Truncated, at, || "it ends inside a length".into());
            return None;
        };
        if masked(&length) != u32::from_le_bytes(sum) {
            let detail = || "the length has another checksum; nothing behind it was read".into();
            self.oddities.add(OddityKind::LengthChecksum, at, detail);
            return None;
        }
        let start = at.saturating_add(HEAD);
        let end = start.saturating_add(u64::from_le_bytes(length));
        let whole = end <= blob.len();
        let span = Span::new(start, end.min(blob.len()));
        match blob.array_at::<4>(end) {
            Some(sum) if whole => {
                if checksum(blob, span) != u32::from_le_bytes(sum) {
                    let detail = || "the record has another checksum".into();
                    self.oddities.add(OddityKind::Checksum, at, detail);
                }
            }
            _ => {
                self.oddities.add(OddityKind::Truncated, at, || "it ends inside a record".into());
            }
        }
        self.out.records = self.out.records.saturating_add(1);
        self.event(at, span);
        whole.then(|| end.saturating_add(4))
    }

    fn event(&mut self, at: u64, span: Span) {
        let mut moment = Moment { at, ..Moment::default() };
        let mut parts = Vec::new();
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Fixed64(bits)) => moment.wall_time = f64::from_bits(bits),
                (2, Value::Varint(step)) => moment.step = step.cast_signed(),
                (3, Value::Bytes) if self.out.version.raw().is_empty() => {
                    self.out.version = self.wire.text(field.payload, TEXT);
                }
                (5 | 7, Value::Bytes) => parts.push((field.number, field.payload)),
                (_, Value::Bytes | Value::Group) => self.opaque(field.payload),
                _ => {}
            }
        }
        for (number, payload) in parts {
            match number {
                5 => self.summary(moment, payload),
                _ => self.session(moment, payload),
            }
        }
    }

    fn summary(&mut self, moment: Moment, payload: Span) {
        let mut message = Message::within(payload);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Bytes) => self.value(moment, field.payload),
                (_, Value::Bytes | Value::Group) => self.opaque(field.payload),
                _ => {}
            }
        }
    }

    fn session(&mut self, moment: Moment, payload: Span) {
        let mut status = 0;
        let mut path = Untrusted::default();
        let mut message = Message::within(payload);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Varint(value)) => status = value,
                (2, Value::Bytes) => path = self.wire.text(field.payload, TEXT),
                (_, Value::Bytes | Value::Group) => self.opaque(field.payload),
                _ => {}
            }
        }
        match status {
            1 if self.out.starts.len() < MAX_OTHERS => self.out.starts.push(moment.step),
            3 if self.out.checkpoints.len() < MAX_OTHERS => {
                self.out.checkpoints.push((moment.step, path));
            }
            _ => {}
        }
    }

    fn opaque(&mut self, payload: Span) {
        if payload.len() <= SHORT {
            return;
        }
        if self.out.opaque.len() < MAX_OTHERS {
            self.out.opaque.push(payload);
        } else {
            self.not_kept(payload.start);
        }
    }

    fn not_kept(&mut self, at: u64) {
        let detail = || "there is more of a kind than is kept".into();
        self.oddities.add(OddityKind::NotRetained, at, detail);
    }
}

fn checksum(blob: &Blob, span: Span) -> u32 {
    let mut crc = Crc::default();
    let mut at = span.start;
    while at < span.end {
        let want = usize::try_from(span.end.saturating_sub(at)).unwrap_or(usize::MAX);
        let bytes = blob.bytes_at(at, want.min(64 << 10));
        if bytes.is_empty() {
            break;
        }
        crc.update(&bytes);
        at = at.saturating_add(bytes.len() as u64);
    }
    crc.masked()
}
