use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use artifact::Cursor;
use lz4_flex::frame::FrameDecoder;

use super::decode::ends_early;
use super::{Stage, Step};

/// The place from which the decoder, which owns its source, reads the cursor of the caller.
#[derive(Clone)]
struct Lent(Rc<RefCell<Option<Cursor>>>);

impl Read for Lent {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.borrow_mut().as_mut() {
            Some(cursor) => cursor.read(out),
            None => Ok(0),
        }
    }
}

/// Decodes one LZ4 frame.
pub(super) struct Lz4Stage {
    decoder: FrameDecoder<Lent>,
    lent: Lent,
    /// Bytes of content checksum after the end mark; `None` for the legacy frame, which has no
    /// end mark.
    trailer: Option<u64>,
}

impl Lz4Stage {
    pub(super) fn new(input: &mut Cursor) -> Self {
        let lent = Lent(Rc::new(RefCell::new(None)));
        let head = input.peek_bytes(5);
        let has_checksum = head.get(4).is_some_and(|flags| flags & 4 != 0);
        let trailer = (head.first() == Some(&0x04)).then_some(if has_checksum { 4 } else { 0 });
        Self { decoder: FrameDecoder::new(lent.clone()), lent, trailer }
    }
}

impl Stage for Lz4Stage {
    fn run(&mut self, input: &mut Cursor, out: &mut [u8]) -> io::Result<Step> {
        let blank = input.blob().slice(0, 0).cursor(0);
        *self.lent.0.borrow_mut() = Some(std::mem::replace(input, blank));
        let result = self.decoder.read(out);
        if let Some(cursor) = self.lent.0.borrow_mut().take() {
            *input = cursor;
        }
        let produced = result?;
        if produced > 0 {
            return Ok(Step { produced, done: false });
        }
        // The decoder takes an early end of the input for the end of the frame.
        let ended = self.trailer.is_none_or(|trailer| {
            let mark = input.position().checked_sub(trailer.saturating_add(4));
            mark.and_then(|at| input.blob().array_at::<4>(at)) == Some([0; 4])
        });
        if ended { Ok(Step { produced, done: true }) } else { Err(ends_early()) }
    }
}
