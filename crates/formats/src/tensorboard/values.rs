//! The values of a summary: scalars, hyper-parameters, and what is neither.

use vocabulary::{Span, Untrusted};

use super::{MAX_OTHERS, Moment, Reader, Scalar, TEXT};
use crate::protobuf::{Message, Value};

/// Bytes of a tensor that is a scalar.
const SCALAR: usize = 8;

/// A value of a summary, field by field.
#[derive(Default)]
struct Parts {
    tag: Untrusted,
    simple: Option<f64>,
    tensor: Option<Tensor>,
    plugin: Untrusted,
    content: Option<Span>,
}

/// What is known of a tensor.
#[derive(Default)]
struct Tensor {
    /// `DataType` of TensorFlow.
    dtype: u64,
    /// Its numbers, as bytes, where there are few.
    raw: Vec<u8>,
    /// Its only number, where one of the typed lists has one.
    number: Option<f64>,
    /// How many elements its shape has, where it has one.
    elements: u64,
}

impl Tensor {
    /// Its number, where it has exactly one.
    fn scalar(&self) -> Option<f64> {
        if self.elements > 1 {
            return None;
        }
        let raw = self.raw.as_slice();
        match (self.dtype, raw.len()) {
            (1, 4) => raw.try_into().ok().map(|b| f64::from(f32::from_le_bytes(b))),
            (2, 8) => raw.try_into().ok().map(f64::from_le_bytes),
            (3, 4) => raw.try_into().ok().map(|b| f64::from(i32::from_le_bytes(b))),
            #[allow(clippy::cast_precision_loss, reason = "a metric is a double")]
            (9, 8) => raw.try_into().ok().map(|b| i64::from_le_bytes(b) as f64),
            (1 | 2 | 3 | 9, 0) => self.number,
            _ => None,
        }
    }
}

impl Reader {
    pub(super) fn value(&mut self, moment: Moment, span: Span) {
        let parts = self.parts(span);
        if let Some(content) = parts.content {
            if parts.plugin.raw() == "hparams" {
                self.hyper_parameters(content);
                return;
            }
            self.opaque(content);
        }
        let number = parts.simple.or_else(|| parts.tensor.as_ref().and_then(Tensor::scalar));
        if let Some(value) = number {
            let Some(left) = self.left.checked_sub(1) else {
                self.not_kept(moment.at);
                return;
            };
            self.left = left;
            let Moment { at, step, wall_time } = moment;
            self.out.scalars.push(Scalar { at, step, wall_time, tag: parts.tag, value });
            return;
        }
        self.other(parts.plugin);
    }

    fn other(&mut self, plugin: Untrusted) {
        if let Some((_, count)) = self.out.others.iter_mut().find(|(name, _)| *name == plugin) {
            *count = count.saturating_add(1);
        } else if self.out.others.len() < 64 {
            self.out.others.push((plugin, 1));
        }
    }

    fn parts(&mut self, span: Span) -> Parts {
        let mut parts = Parts::default();
        let (mut tensor, mut metadata) = (None, None);
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Bytes) => parts.tag = self.wire.text(field.payload, TEXT),
                (2, Value::Fixed32(bits)) => parts.simple = Some(f64::from(f32::from_bits(bits))),
                (8, Value::Bytes) => tensor = Some(field.payload),
                (9, Value::Bytes) => metadata = Some(field.payload),
                // A histogram is numbers, a node's name is short.
                (5, Value::Bytes) => {}
                (_, Value::Bytes | Value::Group) => self.opaque(field.payload),
                _ => {}
            }
        }
        parts.tensor = tensor.map(|span| self.tensor(span));
        if let Some(span) = metadata {
            (parts.plugin, parts.content) = self.plugin(span);
        }
        parts
    }

    fn tensor(&mut self, span: Span) -> Tensor {
        let mut tensor = Tensor { elements: 1, ..Tensor::default() };
        let (mut packed, mut shape) = (None, None);
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.value) {
                (1, Value::Varint(dtype)) => tensor.dtype = dtype,
                (2, Value::Bytes) => shape = Some(field.payload),
                (4, Value::Bytes) if field.payload.len() <= SCALAR as u64 => {
                    tensor.raw = self.wire.bytes(field.payload, SCALAR);
                }
                (5 | 6, Value::Bytes) => packed = Some(field.payload),
                (5, Value::Fixed32(bits)) => tensor.number = Some(f64::from(f32::from_bits(bits))),
                (6, Value::Fixed64(bits)) => tensor.number = Some(f64::from_bits(bits)),
                #[allow(clippy::cast_precision_loss, reason = "a metric is a double")]
                (7 | 10, Value::Varint(value)) => tensor.number = Some(value.cast_signed() as f64),
                // Numbers, or the bytes of many.
                (4..=7 | 9..=13 | 16 | 17, Value::Bytes) => {}
                (_, Value::Bytes | Value::Group) => self.opaque(field.payload),
                _ => {}
            }
        }
        if let Some(payload) = packed.filter(|_| tensor.raw.is_empty()) {
            // Packed floats and doubles are their bytes in a row.
            tensor.raw = self.wire.bytes(payload, SCALAR.saturating_add(1));
        }
        if let Some(span) = shape {
            tensor.elements = self.elements(span);
        }
        tensor
    }

    fn elements(&mut self, span: Span) -> u64 {
        let mut elements = 1u64;
        let mut sizes = Vec::new();
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            if let (2, Some(dim)) = (field.number, field.message())
                && sizes.len() < 16
            {
                sizes.push(dim);
            }
        }
        for mut dim in sizes {
            while let Some(field) = self.wire.next(&mut dim) {
                if let (1, Value::Varint(size)) = (field.number, field.value) {
                    elements = elements.saturating_mul(size);
                }
            }
        }
        elements
    }

    /// The plugin that shows a value, and what it keeps for itself.
    fn plugin(&mut self, span: Span) -> (Untrusted, Option<Span>) {
        let (mut name, mut content) = (Untrusted::default(), None);
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            let (1, Some(mut plugin)) = (field.number, field.message()) else { continue };
            while let Some(field) = self.wire.next(&mut plugin) {
                match (field.number, field.value) {
                    (1, Value::Bytes) => name = self.wire.text(field.payload, TEXT),
                    (2, Value::Bytes) => content = Some(field.payload),
                    _ => {}
                }
            }
        }
        (name, content)
    }

    /// `HParamsPluginData`, of which the start of a session holds the values.
    fn hyper_parameters(&mut self, content: Span) {
        for start in self.inner(content, 3) {
            for entry in self.inner(start, 1) {
                let (mut name, mut value) = (Untrusted::default(), None);
                let mut message = Message::within(entry);
                while let Some(field) = self.wire.next(&mut message) {
                    match (field.number, field.value) {
                        (1, Value::Bytes) => name = self.wire.text(field.payload, TEXT),
                        (2, Value::Bytes) => value = Some(field.payload),
                        _ => {}
                    }
                }
                let value = value.map(|span| self.plain(span)).unwrap_or_default();
                if self.out.hyper_parameters.len() < MAX_OTHERS {
                    self.out.hyper_parameters.push((name, value));
                }
            }
        }
    }

    /// The messages of one number in a message.
    fn inner(&mut self, span: Span, number: u32) -> Vec<Span> {
        let mut found = Vec::new();
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            if let Some(payload) = field.bytes().filter(|_| field.number == number)
                && found.len() < MAX_OTHERS
            {
                found.push(payload);
            }
        }
        found
    }

    /// A `google.protobuf.Value`, where it is a number, a text or a truth.
    fn plain(&mut self, span: Span) -> Untrusted {
        let mut text = Untrusted::default();
        let mut message = Message::within(span);
        while let Some(field) = self.wire.next(&mut message) {
            match (field.number, field.value) {
                (2, Value::Fixed64(bits)) => text = f64::from_bits(bits).to_string().into(),
                (3, Value::Bytes) => text = self.wire.text(field.payload, TEXT),
                (4, Value::Varint(value)) => text = (value != 0).to_string().into(),
                _ => {}
            }
        }
        text
    }
}
